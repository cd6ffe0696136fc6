// The floating-point root, corrected: below 2^32 a double holds every square exactly.
export const params = ["u32"];
export const result = "u32";

export function* inputs(random) {
  for (let n = 0; n < 70000; n++) yield [n];
  for (let root = 1; root <= 65535; root++) for (const off of [-1, 0, 1]) yield [root * root + off];
  for (let back = 0; back < 200000; back++) yield [4294967295 - back];
  for (let i = 0; i < 5000; i++) yield [(2147483648 - 2500 + i) >>> 0];
  for (let i = 0; i < 1000000; i++) yield [random.bits()];
}

export function expected(n) {
  let root = Math.floor(Math.sqrt(n));
  while (root * root > n) root--;
  while ((root + 1) * (root + 1) <= n) root++;
  return root;
}
