// Says whether a call of an example returned what its reference.mjs says: `node answer.mjs EXAMPLE`, on standard input a line for
// each call: the call in WAVE, a tab, and what it returned. On standard output a line for each: `right`, or what is.
import { createInterface } from "node:readline";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { wave } from "./abi.mjs";

const EXAMPLES = dirname(dirname(fileURLToPath(import.meta.url)));
const TOKEN = /\s*("(?:[^"\\]|\\.)*"|'(?:[^'\\]|\\.)*'|-?[\w.-]+|[[\](){},:])/y;
const SHORT = { n: "\n", t: "\t", r: "\r", "\\": "\\", '"': '"', "'": "'" };

/** The tokens of a WAVE text. */
function tokens(text) {
  const found = [];
  TOKEN.lastIndex = 0;
  for (let match; TOKEN.lastIndex < text.length && (match = TOKEN.exec(text)); ) found.push(match[1]);
  return found;
}

const unescaped = (text) =>
  text.replace(/\\(?:u\{([0-9a-fA-F]+)\}|(.))/gs, (_, code, one) => (code ? String.fromCodePoint(parseInt(code, 16)) : SHORT[one]));

/** Takes one value of type `type` off the front of `left`; 64-bit integers are BigInt, as references have them. */
function value(left, type) {
  const first = left.shift();
  if (first === "none") return null;
  if (type.startsWith("option<")) {
    const inner = type.slice(7, -1);
    if (first !== "some") {
      left.unshift(first);
      return value(left, inner);
    }
    left.shift();
    const some = value(left, inner);
    left.shift();
    return some;
  }
  if (first === "true" || first === "false") return first === "true";
  if (first[0] === '"' || first[0] === "'") return unescaped(first.slice(1, -1));
  if (first === "[") {
    const items = [];
    while (left[0] !== "]") {
      items.push(value(left, type.slice(5, -1)));
      if (left[0] === ",") left.shift();
    }
    left.shift();
    return items;
  }
  if (first === "{") {
    const fields = {};
    while (left[0] !== "}") {
      const name = left.shift();
      left.shift();
      fields[name] = value(left, "s32");
      if (left[0] === ",") left.shift();
    }
    left.shift();
    return fields;
  }
  return /64$/.test(type) ? BigInt(first) : Number(first);
}

const reference = await import(join(EXAMPLES, process.argv[2], "reference.mjs"));
for await (const line of createInterface({ input: process.stdin })) {
  const left = tokens(line.slice(line.indexOf("(") + 1));
  const args = reference.params.map((type) => {
    const one = value(left, type);
    left.shift();
    return one;
  });
  const expected = reference.expected(...args);
  const shown = reference.result.startsWith("option<") && expected !== null ? `some(${wave(expected)})` : wave(expected);
  let got;
  try {
    got = wave(value(tokens(line.slice(line.indexOf("\t") + 1)), reference.result));
  } catch {
    // It is no value: the call trapped.
  }
  console.log(got === wave(expected) ? "right" : shown);
}
