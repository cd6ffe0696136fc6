// By writing the number.
export const params = ["u64"];
export const result = "u32";

const MOST = 18446744073709551615n;

export function* inputs(random) {
  for (let n = 0n; n < 120000n; n++) yield [n];
  for (let power = 1n; power <= MOST; power *= 10n) {
    for (let off = -300n; off <= 300n; off++) if (power + off >= 0n) yield [power + off];
    for (let digit = 1n; digit <= 9n; digit++) if (digit * power <= MOST) yield [digit * power];
  }
  for (let bit = 0n; bit < 64n; bit++) for (const off of [-1n, 0n, 1n]) yield [BigInt.asUintN(64, (1n << bit) + off)];
  for (let back = 0n; back < 20000n; back++) yield [MOST - back];
  for (let i = 0; i < 300000; i++) yield [((BigInt(random.bits()) << 32n) | BigInt(random.bits())) >> BigInt(random.below(64))];
}

export function expected(n) {
  return n.toString().length;
}
