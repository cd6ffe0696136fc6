// By the length of the year: JavaScript's own calendar knows the 400 years from 2000 on, and the rule repeats.
export const params = ["u32"];
export const result = "bool";

export function* inputs(random) {
  for (let year = 0; year < 1000000; year++) yield [year];
  for (let back = 0; back < 100000; back++) yield [4294967295 - back];
  for (let i = 0; i < 2000; i++) yield [(2147483648 - 1000 + i) >>> 0];
  for (let i = 0; i < 1000000; i++) yield [random.bits()];
}

const leap = Array.from({ length: 400 }, (_, year) => new Date(Date.UTC(2000 + year, 1, 29)).getUTCMonth() === 1);

export function expected(year) {
  return leap[year % 400];
}
