// From the end: whatever is found last is first.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>", "s32"];
export const result = "option<u32>";

export function* inputs(random) {
  for (const list of lists(random)) {
    yield [list, random.s32()];
    if (list.length > 0) yield [list, random.pick(list)];
  }
  for (let i = 0; i < 30000; i++) yield [random.list(12, () => random.below(5) - 2), random.below(6) - 2];
  for (const at of [0, 1, 254, 255, 256, 257, 999, 4999]) {
    yield [Array.from({ length: 5000 }, (_, i) => (i < at ? 1 : -1)), -1];
    yield [Array.from({ length: 5000 }, (_, i) => (i < at ? 1 : -1)), 0];
  }
}

export function expected(xs, x) {
  let found = null;
  for (let i = xs.length; i > 0; i--) if (xs[i - 1] === x) found = i - 1;
  return found;
}
