// Counts what is less, without a search.
export const params = ["list<s32>", "s32"];
export const result = "u32";

export function* inputs(random) {
  for (let mask = 0; mask < 3 ** 7; mask++) {
    // Each of seven numbers is there not at all, once or twice.
    const list = [-2147483648, -2, -1, 0, 1, 2147483646, 2147483647].flatMap((x, i) => Array(Math.floor(mask / 3 ** i) % 3).fill(x));
    for (const x of [-2147483648, -2147483647, -3, -2, -1, 0, 1, 2, 2147483645, 2147483646, 2147483647]) yield [list, x];
  }
  for (let i = 0; i < 60000; i++) {
    const list = sorted(random.list(30, () => random.s32()));
    yield [list, random.below(2) || list.length === 0 ? random.s32() : random.pick(list)];
  }
  for (let i = 0; i < 40000; i++) yield [sorted(random.list(20, () => random.below(12))), random.below(14) - 1];
  for (let i = 0; i < 300; i++) yield [sorted(random.list(3000, () => random.below(i % 2 ? 500 : 2 ** 31) - 250)), random.below(510) - 255];
  for (const length of [255, 256, 257, 4096, 65536]) for (const x of [0, 100, 254, 255, 256, length - 1, length]) {
    yield [Array.from({ length }, (_, i) => i), x];
    yield [Array(length).fill(100), x];
  }
}

const sorted = (list) => list.sort((a, b) => a - b);

export function expected(xs, x) {
  return xs.reduce((count, y) => count + (y < x ? 1 : 0), 0);
}
