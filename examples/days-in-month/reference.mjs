// By JavaScript's own calendar: the days from the first of a month to the first of the next. Its rule repeats after 400 years.
export const params = ["u16", "u8"];
export const result = "option<u8>";

export function* inputs(random) {
  const years = [2023, 2024, 1900, 2000, 0, 1, 4, 100, 400, 65535, 65532, 65500, 65200, 32767, 32768, 40000];
  for (const year of years) for (let month = 0; month < 256; month++) yield [year, month];
  for (let year = 0; year < 65536; year++) yield [year, 2];
  for (let year = 1600; year < 2400; year++) for (let month = 0; month < 16; month++) yield [year, month];
  for (let i = 0; i < 50000; i++) yield [random.below(65536), 1 + random.below(12)];
  for (let i = 0; i < 10000; i++) yield [random.below(65536), random.below(256)];
}

const DAY = 86400000;

export function expected(year, month) {
  if (month < 1 || month > 12) return null;
  const like = 2000 + (year % 400);
  return (Date.UTC(like, month, 1) - Date.UTC(like, month - 1, 1)) / DAY;
}
