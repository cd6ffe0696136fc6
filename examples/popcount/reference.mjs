// By the digits of the number written in base 2.
import { EDGES } from "../labels/random.mjs";

export const params = ["u32"];
export const result = "u32";

export function* inputs(random) {
  for (const n of EDGES) yield [n >>> 0];
  for (let n = 0; n < 200000; n++) yield [n];
  for (let a = 0; a < 32; a++) for (let b = 0; b < 32; b++) for (const off of [-1, 0, 1]) yield [(2 ** a + 2 ** b + off) >>> 0];
  for (let back = 0; back < 100000; back++) yield [4294967295 - back];
  for (let i = 0; i < 500000; i++) yield [random.bits()];
  for (let i = 0; i < 200000; i++) yield [random.bits() & random.bits() & random.bits()].map((n) => n >>> 0);
}

export function expected(n) {
  return n.toString(2).replaceAll("0", "").length;
}
