// In doubles, which hold the sum of two 32-bit numbers exactly.
import { EDGES } from "../labels/random.mjs";

export const params = ["s32", "s32"];
export const result = "s32";

export function* inputs(random) {
  for (const a of EDGES) for (const b of EDGES) yield [a, b];
  for (let a = -100; a <= 100; a++) for (let b = -100; b <= 100; b++) yield [a, b];
  for (let a = -50; a <= 50; a++) for (let off = -50; off <= 50; off++) {
    yield [2147483647 - Math.abs(a), off];
    yield [-2147483648 + Math.abs(a), off];
  }
  for (let i = 0; i < 1000000; i++) yield [random.bits() | 0, random.bits() | 0];
  for (let i = 0; i < 500000; i++) yield [random.s32(), random.s32()];
}

export function expected(a, b) {
  return Math.max(-2147483648, Math.min(2147483647, a + b));
}
