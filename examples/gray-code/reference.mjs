// By reflection: the upper half of each 2^k codes is the lower half from its end, with bit k - 1 set.
import { EDGES } from "../labels/random.mjs";

export const params = ["u32"];
export const result = "u32";

export function* inputs(random) {
  for (const n of EDGES) yield [n >>> 0];
  for (let n = 0; n < 200000; n++) yield [n];
  for (let bit = 0; bit < 32; bit++) for (let off = -100; off <= 100; off++) yield [(2 ** bit + off) >>> 0];
  for (let back = 0; back < 100000; back++) yield [4294967295 - back];
  for (let i = 0; i < 500000; i++) yield [random.bits()];
}

export function expected(n) {
  let code = 0;
  for (let half = 2147483648; half >= 1; half /= 2) {
    if (n < half) continue;
    code += half;
    n = 2 * half - 1 - n;
  }
  return code;
}
