// In unbounded integers.
import { EDGES } from "../labels/random.mjs";

export const params = ["u32", "u32", "u32"];
export const result = "u32";

const MORE = [10, 97, 65537, 2147483648, 4294967291, 4294967294];

export function* inputs(random) {
  const edges = [...EDGES.map((n) => n >>> 0), ...MORE];
  for (const a of edges) for (const b of edges) for (const m of edges) yield [a, b, m];
  for (let a = 0; a < 40; a++) for (let b = 0; b < 40; b++) for (let m = 0; m < 40; m++) yield [a, b, m];
  for (let i = 0; i < 150000; i++) yield [random.u32(), random.u32(), random.u32()];
  for (let i = 0; i < 150000; i++) yield [random.bits(), random.bits(), random.bits()];
  for (let i = 0; i < 50000; i++) yield [random.bits(), random.bits(), random.bits() >>> random.below(32)];
}

export function expected(a, b, m) {
  return m === 0 ? 0 : Number((BigInt(a) * BigInt(b)) % BigInt(m));
}
