// Runs a candidate's C natively under AddressSanitizer, to find memory errors that its WebAssembly build forgives.
import { spawnSync } from "node:child_process";
import { cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { wave } from "./abi.mjs";

const DRIVER = join(dirname(fileURLToPath(import.meta.url)), "native.c");
const MOST_BYTES = 64 << 20;

/** An argument as the 32-bit numbers that native.c reads: a count and the items for a list or text, else the fields. */
function numbers(type, value) {
  if (type === "string") return ((bytes) => [bytes.length, ...bytes])(new TextEncoder().encode(value));
  if (type.startsWith("list<")) return [value.length, ...value.flatMap((item) => (typeof item === "object" ? Object.values(item) : [item]))];
  return Object.values(value);
}

/**
 * What AddressSanitizer says of candidate `candidate` of the example in `folder` on `inputs`, with the first input that
 * shows it; null where it says nothing or the example has only scalars.
 */
export function memoryError(folder, candidate, reference, inputs) {
  if (!reference.params.some((type) => /^(string|list|rect)/.test(type))) return null;
  const name = folder.split("/").at(-1);
  const stem = name.replaceAll("-", "_");
  const work = mkdtempSync(join(tmpdir(), "native-"));
  try {
    const wit = /wit = """\n(.*?)"""/s.exec(readFileSync(join(folder, "contract.toml"), "utf8"))[1];
    writeFileSync(join(work, "world.wit"), wit);
    run("wit-bindgen", ["c", "world.wit"], work);
    cpSync(join(folder, "candidates", candidate, "candidate.c"), join(work, "candidate.c"));
    const source = readFileSync(join(work, "candidate.c"), "utf8");
    const provenance = JSON.parse(readFileSync(join(folder, "candidates", candidate, "provenance.json"), "utf8"));
    const plain = provenance.prompt !== "prompt-bindings.md";
    const shown = plain ? join(folder, "plain.h") : `${stem}.h`;
    const header = readFileSync(plain ? shown : join(work, shown), "utf8");
    const repeats = [...header.matchAll(/^} (\w+);/gm)].some(([, type]) => new RegExp(`^} *${type};`, "m").test(source));
    const common = ["-std=gnu11", "-O1", "-g", "-w", "-fsanitize=address", "-Wno-error", "-fpermissive", "-I", "."];
    const headers = ["stdint.h", "stdbool.h", "stdlib.h", "string.h", ...(repeats ? [] : [shown])].flatMap((one) => ["-include", one]);
    run("gcc", [...common, ...headers, "-Dmain=candidate_main", "-c", "candidate.c", "-o", "candidate.o"], work);
    run("gcc", [...common, "-include", `${stem}.h`, `-DEXAMPLE_${stem}`, DRIVER, ...(plain ? [join(folder, "glue.c")] : []), "candidate.o", "-o", "driver"], work);
    const pieces = [];
    const all = [];
    let bytes = 0;
    for (const args of inputs) {
      const flat = Int32Array.from(args.flatMap((value, i) => numbers(reference.params[i], value)));
      if ((bytes += flat.byteLength) > MOST_BYTES) break;
      all.push(args);
      pieces.push(Buffer.from(flat.buffer));
    }
    const done = spawnSync(join(work, "driver"), { cwd: work, input: Buffer.concat(pieces), timeout: 120000, maxBuffer: 1 << 26,
      env: { ...process.env, ASAN_OPTIONS: "detect_leaks=0:detect_stack_use_after_return=1:allocator_may_return_null=1" } });
    const report = /ERROR: AddressSanitizer: ([\w-]+)/.exec(done.stderr.toString());
    const at = readFileSync(join(work, "progress")).readUInt32LE(0);
    if (report === null) return done.status === 0 ? null : `natively: ended with ${done.signal ?? done.status} on ${name}(${all[at].map(wave).join(", ")})`.slice(0, 400);
    return `AddressSanitizer: ${report[1]} on ${name}(${all[at].map(wave).join(", ")})`.slice(0, 400);
  } finally {
    rmSync(work, { recursive: true, force: true });
  }
}

function run(command, args, cwd) {
  const done = spawnSync(command, args, { cwd });
  if (done.status !== 0) throw new Error(`${command} failed:\n${done.stderr}`);
}
