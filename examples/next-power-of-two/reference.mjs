// By the length of n - 1 written in base 2.
export const params = ["u32"];
export const result = "option<u32>";

export function* inputs(random) {
  for (let n = 0; n < 50000; n++) yield [n];
  for (let bit = 2; bit <= 32; bit++) for (let off = -300; off <= 300; off++) yield [Math.max(0, Math.min(4294967295, 2 ** bit + off))];
  for (let back = 0; back < 10000; back++) yield [4294967295 - back];
  for (let i = 0; i < 50000; i++) yield [random.bits()];
  for (let i = 0; i < 50000; i++) yield [random.bits() >>> random.below(32)];
}

export function expected(n) {
  if (n < 2) return 1;
  const power = Number.parseInt("1" + "0".repeat((n - 1).toString(2).length), 2);
  return power < 4294967296 ? power : null;
}
