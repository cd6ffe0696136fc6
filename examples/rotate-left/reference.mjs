// Reads a window of the list written down twice.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>", "u32"];
export const result = "list<s32>";

export function* inputs(random) {
  for (let length = 0; length <= 40; length++) {
    const list = Array.from({ length }, (_, i) => i);
    for (let n = 0; n <= 100; n++) yield [list, n];
    for (const n of [255, 256, 257, 65535, 65536, 2147483647, 2147483648, 4294967294, 4294967295]) yield [list, n];
  }
  for (const list of lists(random)) yield [list, random.below(4) === 0 ? random.bits() : random.below(2 * list.length + 3)];
  for (let i = 0; i < 20000; i++) yield [random.list(20, () => random.below(100)), random.bits()];
}

export function expected(xs, n) {
  if (xs.length === 0) return [];
  const from = n % xs.length;
  return [...xs, ...xs].slice(from, from + xs.length);
}
