// In unbounded integers: the greater of the distances along the two diagonals, which is the distance along the grid.
import { EDGES } from "../labels/random.mjs";

export const params = ["point", "point"];
export const result = "u64";

export function* inputs(random) {
  const few = [0, 1, -1, 100, 2147483647, -2147483648, -2147483647];
  for (const x of few) for (const y of few) for (const u of few) for (const v of few) yield [{ x, y }, { x: u, y: v }];
  for (let x = -7; x <= 7; x++) for (let y = -7; y <= 7; y++) for (let u = -7; u <= 7; u++) for (let v = -7; v <= 7; v++) {
    yield [{ x, y }, { x: u, y: v }];
  }
  for (const a of EDGES) for (const b of EDGES) yield [{ x: a, y: b }, { x: b, y: a }];
  const point = (number) => ({ x: number(), y: number() });
  for (let i = 0; i < 100000; i++) yield [point(() => random.s32()), point(() => random.s32())];
  for (let i = 0; i < 100000; i++) yield [point(() => random.bits() | 0), point(() => random.bits() | 0)];
}

export function expected(a, b) {
  const [u, v] = [BigInt(a.x) - BigInt(b.x), BigInt(a.y) - BigInt(b.y)];
  return [u + v, u - v, v - u, -u - v].reduce((most, one) => (one > most ? one : most));
}
