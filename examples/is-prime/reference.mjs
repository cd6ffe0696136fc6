// By the sieve of Eratosthenes, in pieces: of the numbers up to 2,100,000, and of some ranges further up.
export const params = ["u32"];
export const result = "bool";
/** Of one call. Within the budget of fuel none takes a twentieth of it. */
export const milliseconds = 1000;

const LENGTH = 20000;
const STARTS = [4294967296 - LENGTH, 2147483648 - LENGTH / 2, 4294836225 - LENGTH / 2, 1000000000, 2146000000, 3037000000];

const small = sieve(0, 2100000);
const large = new Map(STARTS.map((start) => [start, sieve(start, LENGTH)]));

export function* inputs(random) {
  for (const n of [0, 1, 2, 3, 4, 9, 25, 49, 65537, 2147483647, 4294967291, 4294967295, 4294836225, 4293001441]) yield [n];
  for (const start of STARTS) for (let i = 0; i < LENGTH; i++) yield [start + i];
  for (let n = 0; n < 300000; n++) yield [n];
  const roots = [...Array(65536).keys()].filter((n) => small[n]);
  for (const root of roots) yield [root * root];
  for (let i = 0; i < 20000; i++) yield [random.pick(roots) * random.pick(roots)];
  for (let i = 0; i < 50000; i++) yield [random.below(2100000)];
}

/** Of each number from `start` on, whether it is prime. */
function sieve(start, length) {
  const prime = new Uint8Array(length).fill(1);
  for (let n = start; n < 2; n++) prime[n - start] = 0;
  for (let step = 2; step * step < start + length; step++) {
    for (let n = Math.max(step * step, Math.ceil(start / step) * step); n < start + length; n += step) prime[n - start] = 0;
  }
  return prime;
}

export function expected(n) {
  if (n < small.length) return small[n] === 1;
  for (const [start, primes] of large) if (n >= start && n - start < LENGTH) return primes[n - start] === 1;
  for (let p = 2; p * p <= n; p++) if (small[p] && n % p === 0) return false;
  return true;
}
