// By what they have in common along each axis, which is less than nothing where they are apart.
export const params = ["rect", "rect"];
export const result = "bool";

export function* inputs(random) {
  const spans = [];
  for (let from = 0; from < 4; from++) for (let to = 0; to < 4; to++) spans.push([from, to]);
  const rects = spans.flatMap(([left, right]) => spans.map(([top, bottom]) => ({ left, top, right, bottom })));
  for (const a of rects) for (const b of rects) yield [a, b];
  const far = [-2147483648, -1, 0, 2147483647];
  const wide = far.flatMap((left) => far.map((right) => ({ left, top: -2147483648, right, bottom: 2147483647 })));
  for (const a of wide) for (const b of wide) yield [a, b];
  const rect = (number) => {
    const [left, right, top, bottom] = [number(), number(), number(), number()];
    if (random.below(8) === 0) return { left, top, right, bottom };
    return { left: Math.min(left, right), top: Math.min(top, bottom), right: Math.max(left, right), bottom: Math.max(top, bottom) };
  };
  for (const number of [() => random.below(9) - 4, () => random.below(200) - 100, () => random.s32(), () => random.bits() | 0]) {
    for (let i = 0; i < 60000; i++) yield [rect(number), rect(number)];
  }
}

const common = (from, to, start, end) => Math.min(to, end) - Math.max(from, start);

export function expected(a, b) {
  if (a.right <= a.left || b.right <= b.left || a.bottom <= a.top || b.bottom <= b.top) return false;
  return common(a.left, a.right, b.left, b.right) > 0 && common(a.top, a.bottom, b.top, b.bottom) > 0;
}
