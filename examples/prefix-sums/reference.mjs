// From the end: the total first, and from it each number taken away again.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "list<s64>";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
  for (let i = 0; i < 20000; i++) yield [random.list(12, () => random.pick([2147483647, -2147483648, 2147483646, random.s32()]))];
  for (const x of [2147483647, -2147483648]) for (const length of [2, 3, 100, 5000]) yield [Array(length).fill(x)];
}

export function expected(xs) {
  let sum = 0n;
  for (const x of xs) sum += BigInt(x);
  const sums = [];
  for (let i = xs.length - 1; i >= 0; i--) {
    sums.unshift(sum);
    sum -= BigInt(xs[i]);
  }
  return sums;
}
