// Calls an export of a candidate's core module by the canonical ABI, for the few types that the examples use.
// Values: u8, u16, u32, s32, bool as number or boolean; u64, s64 as BigInt; char and string as string; lists as arrays; records
// as objects.

const word = {
  bool: (n) => n !== 0,
  u8: (n) => n & 255,
  u16: (n) => n & 65535,
  u32: (n) => n >>> 0,
  s32: (n) => n | 0,
  u64: (n) => BigInt.asUintN(64, n),
  s64: (n) => BigInt.asIntN(64, n),
};
const ITEMS = { bool: [1, "Uint8"], u8: [1, "Uint8"], u32: [4, "Uint32"], s32: [4, "Int32"], u64: [8, "BigUint64"], s64: [8, "BigInt64"] };
const RECORDS = {
  interval: { start: "s32", end: "s32" },
  rect: { left: "s32", top: "s32", right: "s32", bottom: "s32" },
  point: { x: "s32", y: "s32" },
  run: { value: "u8", count: "u32" },
};
const strict = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

const roundUp = (at, to) => Math.ceil(at / to) * to;

/** Size and alignment in bytes of one list item of type `type`; of a record, also where its fields are. */
function layout(type) {
  if (!RECORDS[type]) return { size: ITEMS[type][0], align: ITEMS[type][0] };
  let [end, most] = [0, 1];
  const fields = Object.entries(RECORDS[type]).map(([field, of]) => {
    const [bytes] = ITEMS[of];
    const at = roundUp(end, bytes);
    [end, most] = [at + bytes, Math.max(most, bytes)];
    return { field, of, at };
  });
  return { size: roundUp(end, most), align: most, fields };
}

function allocate(exports, size, align) {
  return exports.cabi_realloc(0, 0, align, size) >>> 0;
}

function storeItem(view, at, type, value) {
  if (!RECORDS[type]) view[`set${ITEMS[type][1]}`](at, type === "bool" ? Number(value) : value, true);
  else for (const { field, of, at: offset } of layout(type).fields) storeItem(view, at + offset, of, value[field]);
}

function loadItem(view, at, type) {
  if (!RECORDS[type]) return word[type](view[`get${ITEMS[type][1]}`](at, true));
  return Object.fromEntries(layout(type).fields.map(({ field, of, at: offset }) => [field, loadItem(view, at + offset, of)]));
}

function lower(exports, type, value) {
  if (type === "string") {
    const bytes = new TextEncoder().encode(value);
    const at = allocate(exports, bytes.length, 1);
    new Uint8Array(exports.memory.buffer, at, bytes.length).set(bytes);
    return [at, bytes.length];
  }
  if (type.startsWith("list<")) {
    const item = type.slice(5, -1);
    const { size, align } = layout(item);
    const at = allocate(exports, size * value.length, align);
    const view = new DataView(exports.memory.buffer);
    value.forEach((one, i) => storeItem(view, at + i * size, item, one));
    return [at, value.length];
  }
  if (type === "char") return [value.codePointAt(0)];
  if (RECORDS[type]) return Object.keys(RECORDS[type]).map((field) => value[field]);
  return [value];
}

function lift(exports, type, raw) {
  if (word[type]) return word[type](raw);
  const view = new DataView(exports.memory.buffer);
  const at = raw >>> 0;
  if (type.startsWith("option<")) {
    const flag = view.getUint8(at);
    if (flag > 1) throw new Error("option discriminant out of range");
    const some = type.slice(7, -1);
    return flag ? loadItem(view, at + layout(some).align, some) : null;
  }
  const address = view.getUint32(at, true);
  const length = view.getUint32(at + 4, true);
  if (type === "string") return strict.decode(new Uint8Array(exports.memory.buffer, address, length));
  const item = type.slice(5, -1);
  const { size, align } = layout(item);
  if (address % align !== 0 || address + length * size > view.byteLength) throw new Error("list out of bounds");
  return Array.from({ length }, (_, i) => loadItem(view, address + i * size, item));
}

/** A function that calls `name` of `module` in a fresh instance and returns the lifted result. Throws what the call throws. */
export function caller(module, name, params, result) {
  const pure = params.every((type) => word[type]) && word[result];
  const shared = pure ? new WebAssembly.Instance(module).exports : null;
  return (args) => {
    const exports = shared ?? new WebAssembly.Instance(module).exports;
    const flat = params.flatMap((type, i) => lower(exports, type, args[i]));
    return lift(exports, result, (exports[name] ?? exports[name.replaceAll("-", "_")])(...flat));
  };
}

/** `value` in WAVE. */
export function wave(value) {
  if (value === null) return "none";
  if (typeof value === "string") {
    const escaped = value.replace(/["\\]/g, "\\$&").replace(/\n/g, "\\n").replace(/\t/g, "\\t");
    return `"${escaped.replace(/[\0-\x1f\x7f]/g, (c) => `\\u{${c.charCodeAt(0).toString(16)}}`)}"`;
  }
  if (Array.isArray(value)) return `[${value.map(wave).join(", ")}]`;
  if (typeof value === "object") return `{${Object.entries(value).map(([key, one]) => `${key}: ${wave(one)}`).join(", ")}}`;
  return String(value);
}
