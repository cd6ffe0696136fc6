#!/usr/bin/env python3
"""Makes the example artifacts: prompt, ask a model, extract the C, compile to WebAssembly, label.

    make.py prompt [NAME...]   contract.toml -> prompt.md (intent, C signature, public examples; no property)
                               and, where it is there already, prompt-bindings.md
    make.py make   [NAME...]   `proofmark make` asks and builds; its tries become the next candidates, with their provenance
    make.py ask    [NAME...]   prompt.md -> candidates/N/reply.md and provenance.json, for every N not there yet
    make.py build  [NAME...]   reply.md -> candidate.c -> artifact.wasm, or build.txt where the compiler refused
    make.py label  [NAME...]   artifact.wasm -> labels.json, against reference.mjs (see labels/label.mjs)
    make.py table  [NAME...]   prints the table of candidates and labels that README.md holds

Needs Python 3.11, `wit-bindgen` (C) and `zig` (`pip install ziglang`); `ask` an OpenAI-compatible endpoint; `label` node
and gcc. A reply is kept as it came, compiled or not, and none is asked for again. Nothing here is part of Proofmark's
verdicts, and no test runs it.
"""
import argparse
import hashlib
import json
import os
import pathlib
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
import tomllib
import urllib.request

HERE = pathlib.Path(__file__).resolve().parent
RUNTIME = HERE / "runtime"
# One row a candidate: seed and temperature. Candidate N is row N.
SAMPLING = [(11, 0.2), (22, 0.4), (33, 0.6), (44, 0.8), (55, 1.0), (66, 0.2), (77, 0.4), (88, 0.6), (99, 0.8), (110, 1.0),
            (121, 0.2), (132, 0.4), (143, 0.6), (154, 0.8), (165, 1.0)]
# An example's candidates answer, five each and in this order, those of these prompts that it has (see README.md).
PROMPTS = ["prompt-bindings.md", "prompt-qsort.md", "prompt.md"]
EACH = 5
MAX_TOKENS = 640
COMPOUND = re.compile(r"\b(string|list|record|option|result|tuple|variant)\b")
PLAIN_TYPES = {"u32": "uint32_t", "s32": "int32_t", "u64": "uint64_t", "s64": "int64_t", "bool": "bool"}
CACHE_PATH = re.compile(r"\S*/o/[0-9a-f]{32}/")
BLOCK = re.compile(r"^```[a-zA-Z+]*[ \t]*\n(.*?)(?:^```|\Z)", re.MULTILINE | re.DOTALL)

PROMPT = """\
Write one C function, for a freestanding WebAssembly program.

{intent}

Already declared; do not repeat:

```c
{declared}
```

Write exactly this function:

```c
{signature}
```

{notes}Examples{notation}:

{examples}

Keep it short and plain. There is no other library, no main and no printing. Reply with one C code block that holds the
function (and helpers, if it needs any), and nothing else.
"""
NOTES = {
    "bindings": {
        r"list<|string": "`ptr` points at `len` items. The arguments may be read, changed or kept.",
        r"string": "A text is UTF-8 bytes without a terminating zero.",
        r"-> (list<|string)": "Memory that `ret` points to must come from malloc.",
        r"option<": "Return true and fill `ret` when there is a result; return false when there is none.",
    },
    "plain": {
        r"list<|string": "`len` is the number of items; it may be 0.",
        r"string": "A text is UTF-8 bytes without a terminating zero.",
        r"-> (list<|string)": "`out` has room for `len` items. Return how many you put there.",
        r"option<": "Return true and fill `out` when there is a result; return false when there is none.",
    },
}
NOTATION = ', in a notation where lists are [..], records are {field: value} and texts are ".."'
PLAIN_INCLUDES = "#include <stdint.h>\n#include <stdbool.h>\n#include <stddef.h>"
LIBRARY = PLAIN_INCLUDES + "\n#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort\n#include <string.h> // only memcpy, memmove, memset, memcmp, strlen"


def sha256(data):
    return hashlib.sha256(data).hexdigest()


def contract_of(name):
    return tomllib.loads((HERE / name / "contract.toml").read_text())


def is_compound(contract):
    return COMPOUND.search(contract["interface"]["wit"]) is not None


def snake(name):
    return name.replace("-", "_")


def bindings(contract, folder):
    """Runs wit-bindgen into `folder`; the paths of its header, source and component-type object."""
    (folder / "world.wit").write_text(contract["interface"]["wit"])
    subprocess.run(["wit-bindgen", "c", "world.wit"], cwd=folder, check=True, capture_output=True)
    stem = snake(contract["name"])
    return folder / f"{stem}.h", folder / f"{stem}.c", folder / f"{stem}_component_type.o"


def plain_signature(name, contract):
    """The declarations that a candidate may rely on, and the plain C function it has to define."""
    if is_compound(contract):
        _once, *declared, signature = (HERE / name / "plain.h").read_text().strip().split("\n\n")
        return "\n\n".join([LIBRARY, *declared]), signature
    found = re.search(r"export ([a-z-]+): func\((.*?)\) -> (\w+);", contract["interface"]["wit"])
    params = ", ".join(f"{PLAIN_TYPES[kind]} {name}" for name, kind in re.findall(r"([a-z-]+): (\w+)", found[2]))
    return PLAIN_INCLUDES, f"{PLAIN_TYPES[found[3]]} {snake(found[1])}({params});"


def bindings_signature(_name, contract):
    """The same with the types and the function of wit-bindgen's header."""
    with tempfile.TemporaryDirectory() as folder:
        header = bindings(contract, pathlib.Path(folder))[0].read_text()
    types = "\n\n".join(match[0] for match in re.finditer(r"^typedef struct.*?^} \w+;", header, re.MULTILINE | re.DOTALL))
    return LIBRARY + "\n\n" + types, re.search(r"^.*\bexports_\w+\(.*?\);", header, re.MULTILINE)[0]


def prompt(name, _options):
    contract = contract_of(name)
    (HERE / name / "prompt.md").write_text(prompt_text(name, contract, "plain", plain_signature))
    if (HERE / name / "prompt-bindings.md").exists():
        (HERE / name / "prompt-bindings.md").write_text(prompt_text(name, contract, "bindings", bindings_signature))


def prompt_text(name, contract, kind, signature_of):
    declared, signature = signature_of(name, contract)
    wit = contract["interface"]["wit"]
    notes = "".join(note + "\n" for pattern, note in NOTES[kind].items() if re.search(pattern, wit))
    examples = "\n".join(f"    {example['call']} returns {example['returns']}" for example in contract["example"])
    return PROMPT.format(intent=contract["intent"], declared=declared, signature=signature,
                         notes=notes + "\n" if notes else "",
                         notation=NOTATION if is_compound(contract) else "", examples=examples)


def prompts_of(name):
    return [HERE / name / file for file in PROMPTS if (HERE / name / file).exists()]


def prompt_file(name, number):
    return prompts_of(name)[min((number - 1) // EACH, len(prompts_of(name)) - 1)]


def ask(name, options):
    if not options.endpoint or not options.model_file:
        sys.exit("ask needs --endpoint (or PROOFMARK_EXAMPLES_ENDPOINT) and --model-file")
    with open(options.model_file, "rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    most = options.count or EACH * len(prompts_of(name))
    for number, (seed, temperature) in enumerate(SAMPLING[:most], 1):
        text = prompt_file(name, number).read_text()
        folder = HERE / name / "candidates" / str(number)
        if (folder / "reply.md").exists():
            continue
        body = {"messages": [{"role": "user", "content": text}], "seed": seed, "temperature": temperature, "max_tokens": MAX_TOKENS}
        request = urllib.request.Request(options.endpoint.rstrip("/") + "/chat/completions", json.dumps(body).encode(),
                                         {"content-type": "application/json"})
        with urllib.request.urlopen(request, timeout=3600) as response:
            answer = json.load(response)
        folder.mkdir(parents=True)
        (folder / "reply.md").write_bytes(answer["choices"][0]["message"]["content"].encode())
        write_json(folder / "provenance.json", {
            "model": options.model, "file": pathlib.Path(options.model_file).name, "file_sha256": digest,
            "endpoint": "OpenAI-compatible chat completions, llama.cpp", "prompt": prompt_file(name, number).name, "prompt_sha256": sha256(text.encode()),
            "seed": seed, "temperature": temperature, "max_tokens": MAX_TOKENS, "usage": answer["usage"],
        })
        print(f"{name}/{number}: {answer['usage']['completion_tokens']} tokens", flush=True)


def extract(reply):
    """The first fenced block of a reply, or the whole reply where it has none."""
    found = BLOCK.search(reply)
    return found[1] if found else reply


def compile_command(name, contract, folder):
    """Arguments after `zig cc`, with paths relative to the candidate's `folder`, where bindings/ holds the bindings.

    Undeclared functions are let through: only those that the exports reach are linked, so a `main` with a `printf`
    beside the function does no harm. A reply that repeats the type declarations is compiled without their header.
    """
    base = ["-target", "wasm32-freestanding", "-std=c11", "-O2", "-fno-builtin", "-nostdlib", "-s", "-w",
            "-Wno-error=implicit-function-declaration", "-Wl,--no-entry", "-Wl,-z,stack-size=65536"]
    headers = ["stdint.h", "stdbool.h", "stddef.h"]
    if not is_compound(contract):
        return [*base, *flags("-include", headers), f"-Wl,--export={snake(contract['name'])}", "candidate.c", "-o", "artifact.wasm"]
    stem = f"bindings/{snake(contract['name'])}"
    plain = prompt_file(name, int(folder.name)).name != "prompt-bindings.md"
    header = "../../plain.h" if plain else f"{stem}.h"
    declared = re.findall(r"^} (\w+);", (folder / header).read_text(), re.MULTILINE)
    source = (folder / "candidate.c").read_text()
    repeats = any(re.search(rf"^}} *{name};", source, re.MULTILINE) for name in declared)
    headers += ["stdlib.h", "string.h"] + ([] if repeats else [header])
    return [*base, "-isystem", "../../../runtime/include", "-I", "bindings", *flags("-include", headers), "candidate.c",
            *(["../../glue.c"] if plain else []), f"{stem}.c", f"{stem}_component_type.o", "../../../runtime/runtime.c", "-o", "artifact.wasm"]


def flags(flag, values):
    return [part for value in values for part in (flag, value)]


def build(name, options):
    contract = contract_of(name)
    for folder in candidates(name):
        source = extract((folder / "reply.md").read_text())
        (folder / "candidate.c").write_text(source)
        (folder / "artifact.wasm").unlink(missing_ok=True)
        (folder / "build.txt").unlink(missing_ok=True)
        generated = folder / "bindings"
        try:
            if is_compound(contract):
                generated.mkdir()
                bindings(contract, generated)
            command = compile_command(name, contract, folder)
            done = subprocess.run([*shlex.split(options.cc), *command], cwd=folder, capture_output=True, text=True)
        finally:
            shutil.rmtree(generated, ignore_errors=True)
        provenance = json.loads((folder / "provenance.json").read_text())
        provenance["source_sha256"] = sha256(source.encode())
        provenance["compiler"] = {"name": "zig cc", "version": tool_version(options.cc), "command": "zig cc " + shlex.join(command)}
        if is_compound(contract):
            provenance["bindings"] = tool_version("wit-bindgen")
        provenance.pop("artifact_sha256", None)
        if done.returncode == 0:
            (folder / "artifact.wasm").chmod(0o644)
            provenance["artifact_sha256"] = sha256((folder / "artifact.wasm").read_bytes())
        else:
            (folder / "build.txt").write_text(CACHE_PATH.sub("", done.stderr))
        write_json(folder / "provenance.json", provenance)
        print(f"{folder.relative_to(HERE)}: {'compiled' if done.returncode == 0 else 'refused by the compiler'}", flush=True)


def tool_version(command):
    words = shlex.split(command)
    if words[-1] == "cc":
        return subprocess.run([*words[:-1], "version"], capture_output=True, text=True, check=True).stdout.strip()
    return subprocess.run([*words, "--version"], capture_output=True, text=True, check=True).stdout.strip()


def make(name, options):
    if not options.generators:
        sys.exit("make needs --generators, a generators.toml (spec/generators.md)")
    folder = HERE / name / "candidates"
    folder.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as place:
        tries = pathlib.Path(place) / "tries"
        subprocess.run([options.proofmark, "make", HERE / name / "contract.toml", "--generators", options.generators, "--fresh",
                        "--candidates", str(options.count or 2), "--repairs", "0", "--policy", "assisted", "--operator", "examples",
                        "--keep", tries, "--output", pathlib.Path(place) / "artifact.wasm"], check=False)
        number = max((int(path.name) for path in folder.iterdir()), default=0)
        for tried in sorted(tries.iterdir(), key=lambda path: int(path.name)):
            if not (tried / "reply.md").exists():
                continue
            number += 1
            asked = HERE / name / "prompt.md"
            if not asked.exists():
                shutil.copyfile(tried / "prompt.md", asked)
            if asked.read_bytes() == (tried / "prompt.md").read_bytes():
                (tried / "prompt.md").unlink()
            shutil.copytree(tried, folder / str(number))
            print(f"{name}/{number}: {'compiled' if (tried / 'artifact.wasm').exists() else 'not compiled'}", flush=True)


def label(name, _options):
    subprocess.run(["node", HERE / "labels" / "label.mjs", name], check=True)


def table(name, _options):
    found = json.loads((HERE / name / "labels.json").read_text())
    cells = {"correct": [], "wrong": [], "not compiled": []}
    for folder in candidates(name):
        cells[found.get(folder.name, {"label": "not compiled"})["label"]].append(folder.name)
    print(f"| {name} | {len(candidates(name))} | {len(found)} | " + " | ".join(", ".join(cell) or "–" for cell in cells.values()) + " |")


def candidates(name):
    return sorted((HERE / name / "candidates").iterdir(), key=lambda folder: int(folder.name))


def write_json(path, value):
    path.write_text(json.dumps(value, indent=2) + "\n")


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("step", choices=["prompt", "make", "ask", "build", "label", "table"])
    parser.add_argument("names", nargs="*", help="examples (default: all)")
    parser.add_argument("--endpoint", default=os.environ.get("PROOFMARK_EXAMPLES_ENDPOINT"), help="base URL, ending in /v1")
    parser.add_argument("--model", default="Qwen2.5-Coder-1.5B-Instruct, 4-bit GGUF", help="name to record")
    parser.add_argument("--model-file", help="the GGUF file that the endpoint serves, to record its SHA-256")
    parser.add_argument("--count", type=int, help="how many candidates to have (default: 5 for each prompt; with `make` 2 more of each generator)")
    parser.add_argument("--generators", help="who `make` asks")
    parser.add_argument("--proofmark", default="proofmark", help="the binary that `make` runs; its home has pinned toolchains")
    parser.add_argument("--cc", default="python3 -m ziglang cc", help="how to call zig cc")
    options = parser.parse_args()
    names = options.names or sorted(path.parent.name for path in HERE.glob("*/contract.toml"))
    step = {"prompt": prompt, "make": make, "ask": ask, "build": build, "label": label, "table": table}[options.step]
    for name in names:
        step(name, options)


if __name__ == "__main__":
    main()
