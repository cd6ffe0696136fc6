// Labels every compiled candidate of an example `correct` or `wrong` by its reference.mjs, and writes labels.json.
// Usage: node label.mjs EXAMPLE            (gcc in the path; wit-bindgen too, where the example has lists, strings or records)
//        node label.mjs EXAMPLE ARTIFACT   prints the label of one artifact, and writes nothing
//
// What decides is the behaviour of artifact.wasm: a wrong result, a trap, or a call that does not end (or not within the
// `milliseconds` of its reference, where an answer that takes too long is likely). The same source
// is also run natively under AddressSanitizer on the same inputs; that finds accesses out of bounds that WebAssembly's
// one flat memory forgives, and they are noted.
import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { Worker, isMainThread, parentPort, workerData } from "node:worker_threads";
import { caller, wave } from "./abi.mjs";
import { memoryError } from "./native.mjs";
import { Random } from "./random.mjs";

const HERE = fileURLToPath(import.meta.url);
const EXAMPLES = dirname(dirname(HERE));
const SEED = 20240229;
const STALL_MS = 15000;

/** Every input of `reference`, in its order: simple ones first. */
function* inputsOf(reference) {
  yield* reference.inputs(new Random(SEED));
}

const same = (a, b) => a === b || wave(a) === wave(b);
const shown = (type, value) => (type.startsWith("option<") && value !== null ? `some(${wave(value)})` : wave(value));
const callOf = (name, args) => `${name}(${args.map(wave).join(", ")})`;

/** In the worker: calls the candidate on every input; says the first on which it is wrong. */
async function compare({ name, artifact, progress }) {
  const reference = await import(join(EXAMPLES, name, "reference.mjs"));
  const call = caller(new WebAssembly.Module(readFileSync(artifact)), name, reference.params, reference.result);
  const at = new Int32Array(progress);
  let tested = 0;
  let slowest = 0;
  for (const args of inputsOf(reference)) {
    const wanted = reference.expected(...args);
    let got;
    let trap;
    const before = performance.now();
    try {
      got = call(structuredClone(args));
    } catch (error) {
      trap = error.message;
    }
    const took = performance.now() - before;
    slowest = Math.max(slowest, took);
    if (trap === undefined && took > (reference.milliseconds ?? Infinity)) trap = "far beyond the budget";
    if (trap !== undefined || !same(got, wanted)) {
      return { tested: tested + 1, witness: callOf(name, args), expected: shown(reference.result, wanted), got: trap === undefined ? shown(reference.result, got) : `trap: ${trap}` };
    }
    Atomics.store(at, 0, ++tested);
  }
  return { tested, slowest };
}

/** The result of `compare`, or the input that it hangs on. */
function judge(name, artifact) {
  const progress = new SharedArrayBuffer(4);
  const worker = new Worker(HERE, { workerData: { name, artifact, progress } });
  return new Promise((resolve, reject) => {
    let last = -1;
    const watch = setInterval(async () => {
      const now = Atomics.load(new Int32Array(progress), 0);
      if (now !== last) {
        last = now;
        return;
      }
      clearInterval(watch);
      await worker.terminate();
      const reference = await import(join(EXAMPLES, name, "reference.mjs"));
      const args = [...take(inputsOf(reference), now + 1)].at(-1);
      resolve({ tested: now + 1, witness: callOf(name, args), expected: shown(reference.result, reference.expected(...args)), got: `did not end in ${STALL_MS / 1000} seconds` });
    }, STALL_MS);
    worker.once("message", (message) => (clearInterval(watch), resolve(message)));
    worker.once("error", (error) => (clearInterval(watch), reject(error)));
  });
}

function* take(items, count) {
  for (const item of items) {
    if (count-- === 0) return;
    yield item;
  }
}

async function label(name) {
  const reference = await import(join(EXAMPLES, name, "reference.mjs"));
  const folder = join(EXAMPLES, name, "candidates");
  const labels = {};
  // Several candidates may be the same artifact.
  const judged = new Map();
  for (const candidate of readdirSync(folder).sort((a, b) => a - b)) {
    const artifact = join(folder, candidate, "artifact.wasm");
    if (!existsSync(artifact)) continue;
    const bytes = readFileSync(artifact, "base64");
    if (!judged.has(bytes)) judged.set(bytes, await judge(name, artifact));
    const found = judged.get(bytes);
    // Only where there is what links the plain C natively.
    const linked = existsSync(join(EXAMPLES, name, "plain.h"));
    const memory = linked && memoryError(join(EXAMPLES, name), candidate, reference, inputsOf(reference));
    const wrong = found.witness !== undefined;
    labels[candidate] = wrong
      ? { label: "wrong", witness: shorten(found.witness), expected: shorten(found.expected), got: shorten(found.got), note: memory || null }
      : { label: "correct", tested: found.tested, note: memory || null };
    console.log(`${name}/${candidate}: ${JSON.stringify(labels[candidate])}${wrong ? "" : ` slowest ${found.slowest.toFixed(1)} ms`}`);
  }
  writeFileSync(join(EXAMPLES, name, "labels.json"), JSON.stringify(labels, null, 2) + "\n");
}

/** Long values are for machines; `reference.mjs` and the seed find them again. */
function shorten(text) {
  return text.length <= 400 ? text : `${text.slice(0, 160)}… (${text.length} characters) …${text.slice(-40)}`;
}

async function labelOne(name, artifact) {
  const found = await judge(name, artifact);
  if (found.witness !== undefined) console.error(`${shorten(found.witness)} gave ${shorten(found.got)}, not ${shorten(found.expected)}`);
  console.log(found.witness === undefined ? "correct" : "wrong");
}

const [, , name, artifact] = process.argv;
if (isMainThread) await (artifact === undefined ? label(name) : labelOne(name, artifact));
else parentPort.postMessage(await compare(workerData));
