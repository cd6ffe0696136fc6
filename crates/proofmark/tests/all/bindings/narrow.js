export function echo(p, s, c, f) { return [{ ...p }, s, c, { bold: f.bold, veryThin: f.veryThin }]; }
export function options(o, oo) { return [o, oo]; }
export const nested = (r) => r.map((one) => (one.tag === "ok" ? { tag: "ok", val: one.val } : one));
export function smallest(xs) { return xs.length === 0 ? null : xs.reduce((a, b) => Math.min(a, b)); }
export function halve(n) {
  if (n % 2 !== 0) throw "odd";
  return n / 2;
}
export function shout(text, mark) { return text + mark; }
export function bytes(xs) { return Array.from(xs); }
export function plus(a, b) { return a + b; }
