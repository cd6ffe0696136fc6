import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "u32";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
}

export function expected(xs) {
  return xs.slice(1).reduce((most, x, i) => Math.max(most, Math.abs(x - xs[i])), 0);
}
