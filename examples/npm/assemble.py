#!/usr/bin/env python3
"""Assembles adapter.wat and the unmodified module.wasm of each folder here into the component artifact.wasm.

    assemble.py [FOLDER...]

The adapter's first core module is a stub. `wasm-tools parse` turns the text into a component; then the payload of its
first core-module section is replaced by the bytes of module.wasm, which have to hash to what package.toml says.
Needs Python 3.11 and `wasm-tools`.
"""
import hashlib
import pathlib
import subprocess
import sys
import tomllib

HERE = pathlib.Path(__file__).resolve().parent
PREAMBLE = b"\0asm\x0d\0\x01\0"
CORE_MODULE = 1


def read_leb(data, at):
    value = shift = 0
    while True:
        byte = data[at]
        at += 1
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, at


def leb(value):
    out = bytearray()
    while value >= 0x80:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)


def splice(component, module):
    """`component` with the payload of its first core-module section replaced."""
    if not component.startswith(PREAMBLE):
        sys.exit("the adapter is not a component")
    at = len(PREAMBLE)
    while at < len(component):
        size, body = read_leb(component, at + 1)
        if component[at] == CORE_MODULE:
            return component[:at + 1] + leb(len(module)) + module + component[body + size:]
        at = body + size
    sys.exit("the adapter has no core module")


def assemble(folder):
    module = (folder / "module.wasm").read_bytes()
    told = tomllib.loads((folder / "package.toml").read_text())["module_sha256"]
    if hashlib.sha256(module).hexdigest() != told:
        sys.exit(f"{folder.name}: module.wasm is not the one that package.toml names")
    parsed = subprocess.run(["wasm-tools", "parse", folder / "adapter.wat"], check=True, capture_output=True).stdout
    target = folder / "artifact.wasm"
    target.write_bytes(splice(parsed, module))
    subprocess.run(["wasm-tools", "validate", target], check=True)
    if module not in target.read_bytes():
        sys.exit(f"{folder.name}: the module did not survive assembly unmodified")
    print(folder.name, hashlib.sha256(target.read_bytes()).hexdigest(), target.stat().st_size, "bytes")


if __name__ == "__main__":
    for name in sys.argv[1:] or sorted(path.parent.name for path in HERE.glob("*/adapter.wat")):
        assemble(HERE / name)
