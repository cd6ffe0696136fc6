// Writes down what counts, and the same from the end, and compares the two texts.
import { letters } from "../labels/texts.mjs";

export const params = ["string"];
export const result = "bool";

export function* inputs(random) {
  for (const text of short(6)) yield [text];
  for (let code = 0; code < 0x300; code++) for (const other of ["a", "0", "Z", "", "aa"]) yield [String.fromCodePoint(code) + other];
  for (let a = 0; a < 128; a++) for (let b = 0; b < 128; b++) yield [String.fromCharCode(a, b)];
  for (const text of letters(random, 0.5)) {
    yield [text];
    const half = [...text];
    const back = [...half].reverse();
    if (random.below(2) && back.length > 0) back[random.below(back.length)] = random.pick(["x", "X", " ", "0", "é"]);
    yield [[...half, ...back.map((c) => (random.below(2) ? c : /^[a-z]$/.test(c) ? c.toUpperCase() : c))].join("")];
  }
}

function* short(longest) {
  let level = [""];
  for (let length = 0; length <= longest; length++) {
    yield* level;
    level = level.flatMap((text) => ["a", "A", "b", "0", " "].map((letter) => text + letter));
  }
}

export function expected(text) {
  const counts = text.match(/[0-9A-Za-z]/g) ?? [];
  const small = (letter) => (letter >= "A" && letter <= "Z" ? String.fromCharCode(letter.charCodeAt(0) + 32) : letter);
  const forth = counts.map(small).join("");
  return forth === counts.reduceRight((sofar, letter) => sofar + small(letter), "");
}
