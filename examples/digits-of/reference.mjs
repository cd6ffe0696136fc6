// Through text, where a candidate is likely to divide by ten.
export const params = ["u64"];
export const result = "list<u8>";

const MOST = 2n ** 64n - 1n;

export function* inputs(random) {
  for (let n = 0n; n < 30000n; n++) yield [n];
  for (let power = 1n; power <= MOST; power *= 10n) {
    for (let off = -20n; off <= 20n; off++) for (let times = 1n; times < 10n; times++) yield* fitting(times * power + off);
  }
  for (let power = 1n; power <= MOST + 1n; power *= 2n) for (let off = -20n; off <= 20n; off++) yield* fitting(power + off);
  for (let i = 0; i < 80000; i++) yield [wide(random) >> BigInt(random.below(64))];
  for (let i = 0; i < 20000; i++) yield [wide(random)];
}

function* fitting(n) {
  if (n >= 0n && n <= MOST) yield [n];
}

const wide = (random) => (BigInt(random.bits()) << 32n) | BigInt(random.bits());

export function expected(n) {
  return [...String(n)].map(Number);
}
