// By the places where a byte differs from the one in front of it; stretches lie between them.
import { bytes } from "../labels/lists.mjs";

export const params = ["list<u8>"];
export const result = "list<run>";

export function* inputs(random) {
  for (const list of bytes(random)) yield [list];
  for (let i = 0; i < 20000; i++) yield [random.list(8, () => random.below(4)).flatMap((value) => Array(random.below(5)).fill(value))];
  for (let i = 0; i < 300; i++) yield [random.list(6, () => random.below(256)).flatMap((value) => Array(random.below(700)).fill(value))];
  for (const length of [255, 256, 257, 65535, 65536, 65537]) yield [Array(length).fill(3)];
}

export function expected(xs) {
  const starts = [...xs.keys()].filter((i) => i === 0 || xs[i] !== xs[i - 1]);
  return starts.map((start, i) => ({ value: xs[start], count: (starts[i + 1] ?? xs.length) - start }));
}
