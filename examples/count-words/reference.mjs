import { texts } from "../labels/texts.mjs";

export const params = ["string"];
export const result = "u32";

export function* inputs(random) {
  for (const text of texts(random)) yield [text];
}

export function expected(text) {
  return text.split(" ").filter((word) => word !== "").length;
}
