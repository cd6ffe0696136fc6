// By the definition, on the written number.
export const params = ["u64"];
export const result = "u32";

const MOST = 18446744073709551615n;

export function* inputs(random) {
  for (let n = 0n; n < 120000n; n++) yield [n];
  for (let power = 1n; power <= MOST; power *= 10n) {
    for (let off = -100n; off <= 100n; off++) if (power + off >= 0n) yield [power + off];
    for (let digit = 1n; digit <= 9n; digit++) if (digit * power <= MOST) yield [digit * power];
  }
  for (let bit = 0n; bit < 64n; bit++) for (let off = -9n; off <= 9n; off++) yield [BigInt.asUintN(64, (1n << bit) + off)];
  for (let back = 0n; back < 20000n; back++) yield [MOST - back];
  for (let i = 0; i < 200000; i++) yield [((BigInt(random.bits()) << 32n) | BigInt(random.bits())) >> BigInt(random.below(64))];
}

export function expected(n) {
  let text = n.toString();
  while (text.length > 1) text = String([...text].reduce((sum, digit) => sum + Number(digit), 0));
  return Number(text);
}
