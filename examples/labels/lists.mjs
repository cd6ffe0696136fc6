// Lists for the list examples: every short one over a small range, then random and long ones.

export function* lists(random) {
  yield* grow([-1, 0, 1, 2], 6);
  yield* grow([-2147483648, -1, 0, 2147483647], 5);
  for (let i = 0; i < 60000; i++) yield random.list(30, () => random.s32());
  for (let i = 0; i < 20000; i++) yield random.list(60, () => random.below(20) - 10);
  for (let i = 0; i < 200; i++) yield random.list(800, () => (i % 2 ? random.s32() : random.below(50)));
  for (let length = 1; length <= 70; length++) yield Array.from({ length }, (_, i) => i * 3 - 50);
}

/** The same of bytes. */
export function* bytes(random) {
  yield* grow([0, 1, 2, 255], 6);
  yield* grow([7, 15, 16, 128], 5);
  for (let i = 0; i < 60000; i++) yield random.list(30, () => random.pick([0, 1, 9, 10, 127, 128, 255, random.below(256)]));
  for (let i = 0; i < 20000; i++) yield random.list(60, () => random.below(3));
  for (let i = 0; i < 200; i++) yield random.list(3000, () => random.below(i % 2 ? 256 : 2));
  for (let length = 250; length <= 520; length++) yield Array(length).fill(length % 256);
}

function* grow(values, longest) {
  let level = [[]];
  for (let length = 0; length <= longest; length++) {
    yield* level;
    level = level.flatMap((list) => values.map((value) => [...list, value]));
  }
}
