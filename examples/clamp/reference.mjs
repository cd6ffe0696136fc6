// The middle one of three numbers, by sorting them.
import { EDGES } from "../labels/random.mjs";

export const params = ["s32", "s32", "s32"];
export const result = "s32";

export function* inputs(random) {
  for (const x of EDGES) for (const a of EDGES) for (const b of EDGES) yield [x, a, b];
  for (let x = -20; x <= 20; x++) for (let a = -20; a <= 20; a++) for (let b = -20; b <= 20; b++) yield [x, a, b];
  for (let i = 0; i < 300000; i++) yield [random.s32(), random.s32(), random.s32()];
  for (let i = 0; i < 300000; i++) yield [random.bits() | 0, random.bits() | 0, random.bits() | 0];
}

export function expected(x, a, b) {
  return [x, a, b].sort((one, other) => one - other)[1];
}
