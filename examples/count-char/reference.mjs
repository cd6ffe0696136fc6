// By the texts between the occurrences: there is one more of them.
import { letters } from "../labels/texts.mjs";

export const params = ["string", "char"];
export const result = "u32";

export function* inputs(random) {
  for (const text of letters(random, 0.5)) {
    yield [text, random.pick(LIKELY)];
    const all = [...text];
    if (all.length > 0) yield [text, random.pick(all)];
  }
  for (const one of LIKELY) for (const other of LIKELY) for (const third of LIKELY) yield [one + other + third, one];
  for (let i = 0; i < 40000; i++) yield [random.list(20, () => random.pick(LIKELY)).join(""), random.pick(LIKELY)];
}

const LIKELY = [..."aAzZ0 \0\x7f\x80©é\u00ffĩŠı\u07ff\u0800\u4e00\ufeff\uffff\u{10000}😀😁\u{10ffff}"];

export function expected(text, c) {
  return text.split(c).length - 1;
}
