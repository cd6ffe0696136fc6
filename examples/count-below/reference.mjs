// By sorting, and where the limit would be put in.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>", "s32"];
export const result = "u32";

export function* inputs(random) {
  for (const list of lists(random)) yield [list, list.length > 0 && random.below(2) ? random.pick(list) : random.s32()];
  for (let i = 0; i < 40000; i++) yield [random.list(20, () => random.below(9) - 4), random.below(11) - 5];
  for (const limit of [-2147483648, 2147483647, 0]) {
    for (let i = 0; i < 5000; i++) yield [random.list(20, () => random.s32()), limit];
  }
}

export function expected(xs, limit) {
  const sorted = Int32Array.from(xs).sort();
  let [from, to] = [0, sorted.length];
  while (from < to) {
    const middle = (from + to) >> 1;
    if (sorted[middle] < limit) from = middle + 1;
    else to = middle;
  }
  return from;
}
