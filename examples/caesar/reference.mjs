// One place at a time, by a table from each letter to the next.
import { letters } from "../labels/texts.mjs";

export const params = ["string", "u8"];
export const result = "string";

export function* inputs(random) {
  for (let shift = 0; shift < 256; shift++) yield ["abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ @[`{ é 09", shift];
  for (let code = 0; code < 0x300; code++) for (let shift = 0; shift < 256; shift += 5) yield [String.fromCodePoint(code), shift];
  for (const text of letters(random)) yield [text, random.below(3) === 0 ? random.below(27) : random.below(256)];
}

const ROUND = "abcdefghijklmnopqrstuvwxyza ABCDEFGHIJKLMNOPQRSTUVWXYZA";
const NEXT = new Map([...ROUND].slice(0, -1).map((letter, i) => [letter, ROUND[i + 1]]).filter((pair) => !pair.includes(" ")));

export function expected(text, shift) {
  const times = shift % 26;
  return Array.from(text, (letter) => {
    for (let i = 0; i < times; i++) letter = NEXT.get(letter) ?? letter;
    return letter;
  }).join("");
}
