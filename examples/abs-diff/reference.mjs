// Distances from the least number, in doubles, which hold them exactly.
import { EDGES } from "../labels/random.mjs";

export const params = ["s32", "s32"];
export const result = "u32";

export function* inputs(random) {
  for (const a of EDGES) for (const b of EDGES) yield [a, b];
  for (let a = -150; a <= 150; a++) for (let b = -150; b <= 150; b++) yield [a, b];
  for (let a = 0; a < 100; a++) for (let b = 0; b < 100; b++) {
    yield [2147483647 - a, -2147483648 + b];
    yield [-1073741824 - a, 1073741824 - b];
  }
  for (let i = 0; i < 500000; i++) yield [random.s32(), random.s32()];
  for (let i = 0; i < 500000; i++) yield [random.bits() | 0, random.bits() | 0];
}

export function expected(a, b) {
  const [from, to] = [a, b].map((n) => n + 2147483648);
  return Math.max(from, to) - Math.min(from, to);
}
