// a / gcd * b in unbounded integers.
export const params = ["u32", "u32"];
export const result = "u64";

const edges = [0, 1, 2, 3, 2147483647, 2147483648, 2147483649, 4294967294, 4294967295, 4294967291, 65535, 65536, 65537, 2971215073, 1836311903];

export function* inputs(random) {
  for (let a = 0; a < 200; a++) for (let b = 0; b < 200; b++) yield [a, b];
  for (const a of edges) for (const b of edges) yield [a, b];
  for (let i = 0; i < 300000; i++) yield [random.u32(), random.u32()];
  for (let i = 0; i < 300000; i++) {
    const common = 1 + random.below(65535);
    yield [common * random.below(65536), common * random.below(65536)].map((n) => n >>> 0);
  }
}

export function expected(a, b) {
  if (a === 0 || b === 0) return 0n;
  let [x, y] = [BigInt(a), BigInt(b)];
  while (y !== 0n) [x, y] = [y, x % y];
  return (BigInt(a) / x) * BigInt(b);
}
