// Sorts a copy and compares, where a candidate is likely to look at neighbours.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "bool";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
  for (let i = 0; i < 20000; i++) yield [ascending(random, 30)];
  for (let i = 0; i < 20000; i++) {
    const list = ascending(random, 30);
    if (list.length > 0) list[random.below(list.length)] += random.below(3) - 1;
    yield [list.map((x) => x | 0)];
  }
  for (let i = 0; i < 100; i++) yield [ascending(random, 3000)];
  for (let i = 0; i < 100; i++) yield [[...ascending(random, 3000), -2147483648]];
}

const ascending = (random, most) => Array.from(Int32Array.from(random.list(most, () => random.s32())).sort());

export function expected(xs) {
  return Int32Array.from(xs).sort().every((x, i) => x === xs[i]);
}
