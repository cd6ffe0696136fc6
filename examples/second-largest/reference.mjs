// A set without repetitions, sorted.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "option<s32>";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
  for (let i = 0; i < 20000; i++) yield [random.list(6, () => random.pick([-2147483648, -2147483647, 2147483647, 2147483646, 0, random.s32()]))];
  for (let i = 0; i < 20000; i++) yield [random.list(20, () => random.below(4) - 3)];
}

export function expected(xs) {
  return [...new Set(xs)].sort((a, b) => b - a)[1] ?? null;
}
