export const params = ["rect", "rect"];
export const result = "option<rect>";

export function* inputs(random) {
  const spans = [[0, 1], [0, 2], [0, 3], [1, 2], [1, 3], [2, 3]];
  const rects = spans.flatMap(([left, right]) => spans.map(([top, bottom]) => ({ left, top, right, bottom })));
  for (const a of rects) for (const b of rects) yield [a, b];
  const span = (one) => {
    let [a, b] = [one(), one()];
    while (a === b) b = one();
    return a < b ? [a, b] : [b, a];
  };
  const rect = (one) => {
    const [[left, right], [top, bottom]] = [span(one), span(one)];
    return { left, top, right, bottom };
  };
  for (const one of [() => random.below(12) - 6, () => random.s32(), () => random.bits() | 0]) {
    for (let i = 0; i < 50000; i++) yield [rect(one), rect(one)];
  }
}

// Each axis on its own: the points that both spans cover.
export function expected(a, b) {
  const axis = (low, high) => [Math.max(a[low], b[low]), Math.min(a[high], b[high])];
  const [[left, right], [top, bottom]] = [axis("left", "right"), axis("top", "bottom")];
  return left < right && top < bottom ? { left, top, right, bottom } : null;
}
