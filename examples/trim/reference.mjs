import { texts } from "../labels/texts.mjs";

export const params = ["string"];
export const result = "string";

export function* inputs(random) {
  for (const text of texts(random)) yield [text];
}

export function expected(text) {
  return text.replace(/^ +/, "").replace(/(?<! ) +$/, "");
}
