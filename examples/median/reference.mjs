import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "s32";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
}

export function expected(xs) {
  if (xs.length === 0) return 0;
  return [...xs].sort((a, b) => a - b)[Math.floor((xs.length - 1) / 2)];
}
