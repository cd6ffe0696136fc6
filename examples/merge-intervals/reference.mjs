// By sweeping the end points, not by merging neighbours: a point opens or closes, opens first where both meet.
export const params = ["list<interval>"];
export const result = "list<interval>";

export function* inputs(random) {
  const small = [];
  for (let start = 0; start < 4; start++) for (let end = start; end < 4; end++) small.push({ start, end });
  yield [[]];
  for (const a of small) yield [[a]];
  for (const a of small) for (const b of small) yield [[a, b]];
  for (const a of small) for (const b of small) for (const c of small) yield [[a, b, c]];
  for (const a of small) for (const b of small) for (const c of small) for (const d of small) yield [[a, b, c, d]];
  const between = (a, b) => ({ start: Math.min(a, b), end: Math.max(a, b) });
  for (let i = 0; i < 40000; i++) yield [random.list(12, () => between(random.below(40), random.below(40)))];
  for (let i = 0; i < 30000; i++) {
    const width = random.below(12);
    yield [random.list(25, () => ((start) => ({ start, end: start + random.below(width + 1) }))(random.below(200) - 100))];
  }
  for (let i = 0; i < 30000; i++) yield [random.list(8, () => between(random.s32(), random.s32()))];
  for (let i = 0; i < 100; i++) yield [random.list(400, () => ((start) => ({ start, end: start + random.below(9) }))(random.below(2000)))];
}

export function expected(xs) {
  const points = xs.flatMap(({ start, end }) => [[start, 1], [end, -1]]);
  points.sort((a, b) => a[0] - b[0] || b[1] - a[1]);
  const merged = [];
  let open = 0;
  let start = 0;
  for (const [at, change] of points) {
    if (open === 0) start = at;
    open += change;
    if (open === 0) merged.push({ start, end: at });
  }
  return merged;
}
