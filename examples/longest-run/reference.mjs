// As long as a stretch of that length ends somewhere: each round keeps the places whose stretch goes on for one more.
import { lists } from "../labels/lists.mjs";

export const params = ["list<s32>"];
export const result = "u32";

export function* inputs(random) {
  for (const list of lists(random)) yield [list];
  for (let i = 0; i < 30000; i++) yield [random.list(8, () => random.below(3)).flatMap((x) => Array(random.below(6)).fill(x))];
  for (let i = 0; i < 100; i++) yield [random.list(8, () => random.s32()).flatMap((x) => Array(random.below(400)).fill(x))];
  for (const length of [255, 256, 257, 5000]) yield [Array(length).fill(-1)];
}

export function expected(xs) {
  let places = [...xs.keys()];
  let length = 0;
  while (places.length > 0) {
    length++;
    places = places.filter((i) => i + length < xs.length && xs[i + length] === xs[i]);
  }
  return length;
}
