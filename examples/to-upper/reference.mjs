// By splitting at each letter and joining with its capital.
import { letters } from "../labels/texts.mjs";

export const params = ["string"];
export const result = "string";

export function* inputs(random) {
  for (const text of letters(random)) yield [text];
}

const SMALL = [..."abcdefghijklmnopqrstuvwxyz"];
const CAPITAL = [..."ABCDEFGHIJKLMNOPQRSTUVWXYZ"];

export function expected(text) {
  return SMALL.reduce((sofar, letter, i) => sofar.split(letter).join(CAPITAL[i]), text);
}
