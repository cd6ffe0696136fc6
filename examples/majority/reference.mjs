// By sorting: a number that makes up more than half stands in the middle.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "option<s32>";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
  for (let i = 0; i < 60000; i++) {
    const [often, length] = [random.s32(), random.below(40)];
    const list = Array.from({ length }, () => (random.below(2) ? often : random.s32()));
    yield [list];
  }
  for (let i = 0; i < 20000; i++) yield [random.list(25, () => random.below(3) - 1)];
  for (let length = 1; length < 400; length++) {
    const half = Array.from({ length }, (_, i) => (i % 2 ? i : -9));
    yield [half];
    yield [half.toReversed()];
    yield [half.toSorted((a, b) => a - b)];
    yield [[...half, -9]];
  }
}

export function expected(xs) {
  const sorted = Int32Array.from(xs).sort();
  const middle = sorted[sorted.length >> 1];
  if (middle === undefined) return null;
  const times = sorted.lastIndexOf(middle) - sorted.indexOf(middle) + 1;
  return times > sorted.length / 2 ? middle : null;
}
