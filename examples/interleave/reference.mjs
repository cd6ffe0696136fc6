// Gives each number its place, and sorts by place.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>", "list<s32>"];
export const result = "list<s32>";

export function* inputs(random) {
  const counted = (from, length) => Array.from({ length }, (_, i) => from + i);
  for (let a = 0; a <= 30; a++) for (let b = 0; b <= 30; b++) yield [counted(1, a), counted(-1000, b)];
  for (const list of lists(random)) {
    const at = random.below(list.length + 1);
    yield [list.slice(0, at), list.slice(at)];
    if (random.below(4) === 0) yield [list, random.list(5, () => random.s32())];
  }
  for (let i = 0; i < 200; i++) yield [random.list(1500, () => random.s32()), random.list(1500, () => random.s32())];
}

export function expected(a, b) {
  const placed = [...a.map((x, i) => [i, x]), ...b.map((x, i) => [i + 0.5, x])];
  return placed.sort(([place], [other]) => place - other).map(([, x]) => x);
}
