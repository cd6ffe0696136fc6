// Halves first: even numbers are those whose half is whole, and the sum is twice the sum of the halves.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "s64";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
  for (let x = -300; x <= 300; x++) yield [[x]];
  for (let i = 0; i < 20000; i++) yield [random.list(12, () => random.pick([2147483646, -2147483648, 2147483647, -2147483647, random.s32()]))];
  for (const x of [2147483646, -2147483648]) for (const length of [2, 3, 100, 5000]) yield [Array(length).fill(x)];
}

export function expected(xs) {
  const halves = xs.map((x) => x / 2).filter((half) => Number.isInteger(half));
  return 2n * halves.reduce((sum, half) => sum + BigInt(half), 0n);
}
