import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "list<s32>";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
}

// A set remembers its first insertions in order.
export function expected(xs) {
  return [...new Set(xs)];
}
