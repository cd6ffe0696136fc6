export function numbers(a: bool, b: i8, c: u16, d: u32, e: i64, f: u64, g: f32, h: f64, i: u32): f64 {
  return f64(a) + f64(b) + f64(c) + f64(d) + f64(e) + f64(f) + f64(g) + h + f64(i);
}
export function points(p: Point, q: Point[]): Point[] { q.push(p); return q; }
export function nest(o: Outer): Outer { return o; }
export function nests(os: Outer[]): Outer[] { return os.map<Outer>((o) => o); }
export function only(o: One): One {
  const other = new One();
  other.only = o.only;
  return other;
}
export function paint(c: u32, s: u32): u32 { return c == COLOR_DARK_GREEN ? s | STYLE_VERY_THIN : s; }
export function join(texts: string[], between: u32): string { return texts.join(String.fromCodePoint(between)); }
export function many(a: u8, b: i64, c: string, d: u16[], e: bool, f: f64, g: Point, h: u32, i: u32, j: u32, k: One, l: u8, m: u8, n: u8): i64[] {
  const sum = d.reduce<i64>((sum, value) => sum + value, 0);
  return [a, b, c.length, sum, i64(e), i64(f * 2), i64(g.x * 2), g.y, g.mark, h, i, j, k.only, l, m, n];
}
export function plus(a: u32, b: u32): u32 { return a + b; }
export function isOdd(n: i64): bool { return n % 2 != 0; }
export function nothing(): void {}
