// Texts for the string examples: every short one over a small alphabet, then random ones, then long ones.

export const ALPHABET = [" ", "a", "\t", "\n", "\0", "é", "\u00a0", "😀"];
const MORE = [...ALPHABET, " ", " ", "b", "Z", "0", "-", ",", "\r", "\u000b", "\u000c", "\u3000", "\u0120", "\u2003", "\u{10ffff}", "\ufeff", "\u0000"];

export function* texts(random) {
  let level = [""];
  for (let length = 0; length <= 5; length++) {
    yield* level;
    level = level.flatMap((text) => ALPHABET.map((letter) => text + letter));
  }
  for (let i = 0; i < 60000; i++) {
    const bias = random.below(3);
    yield random.list(40, () => (bias === 0 ? random.pick(MORE) : random.pick([" ", random.pick(MORE)]))).join("");
  }
  for (let i = 0; i < 300; i++) yield random.list(3000, () => random.pick(MORE)).join("");
  for (let length = 31000; length < 34000; length++) yield "x".repeat(length);
  for (let length = 31000; length < 34000; length++) yield "x".repeat(length) + " ".repeat(16);
  for (let length = 63500; length < 66500; length += 7) yield "x ".repeat(length / 2);
}

const NEAR = [..."azAZmM09", "@", "[", "`", "{", "/", ":", " ", "é", "É", "ß", "ı", "İ", "K", "😀", "\0", "\x7f", "\u0161"];

/** Texts of ASCII letters, what is next to them in the code table, and letters beyond. */
export function* letters(random, share = 1) {
  let level = [""];
  for (let length = 0; length <= 3; length++) {
    yield* level;
    level = level.flatMap((text) => NEAR.map((letter) => text + letter));
  }
  for (let code = 0; code < 0x600; code++) yield String.fromCodePoint(code);
  const any = () => String.fromCharCode(random.below(128));
  for (let i = 0; i < 80000 * share; i++) yield random.list(40, () => (random.below(3) === 0 ? random.pick(NEAR) : any())).join("");
  for (let i = 0; i < 300 * share; i++) yield random.list(3000, any).join("");
  for (const length of [255, 256, 257, 1023, 1024, 1025, 4095, 4096, 4097, 65535, 65536, 65537]) yield "aZ".repeat(length).slice(0, length);
}
