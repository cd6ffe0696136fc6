// Through a number: each byte is 256 more than itself, so that it has three hexadecimal digits of which the first goes.
import { bytes } from "../labels/lists.mjs";

export const params = ["list<u8>"];
export const result = "string";

export function* inputs(random) {
  for (let x = 0; x < 256; x++) yield [[x]];
  for (let x = 0; x < 256; x++) for (let y = 0; y < 256; y++) yield [[x, y]];
  for (const list of bytes(random)) yield [list];
}

export function expected(xs) {
  return xs.map((x) => (256 + x).toString(16).slice(1)).join("");
}
