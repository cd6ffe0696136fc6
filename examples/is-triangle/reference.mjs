// By the longest side, in doubles, which hold the sum of the others exactly.
import { EDGES } from "../labels/random.mjs";

export const params = ["u32", "u32", "u32"];
export const result = "bool";

export function* inputs(random) {
  const edges = [...EDGES.map((n) => n >>> 0), 2147483648, 1431655765];
  for (const a of edges) for (const b of edges) for (const c of edges) yield [a, b, c];
  for (let a = 0; a < 45; a++) for (let b = 0; b < 45; b++) for (let c = 0; c < 45; c++) yield [a, b, c];
  for (let i = 0; i < 200000; i++) {
    const [a, b] = [random.bits() >>> random.below(32), random.bits() >>> random.below(32)];
    const third = Math.max(0, Math.min(4294967295, a + b + random.below(5) - 2));
    yield* [[a, b, third], [third, a, b], [b, third, a]];
  }
  for (let i = 0; i < 300000; i++) yield [random.bits(), random.bits(), random.bits()];
  for (let i = 0; i < 200000; i++) yield [random.u32(), random.u32(), random.u32()];
}

export function expected(a, b, c) {
  const longest = Math.max(a, b, c);
  return a + b + c - longest > longest;
}
