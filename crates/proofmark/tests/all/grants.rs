//! Capabilities: an import is linked only if the contract asks for it and the mark grants it, and reaches no further.

use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};
use wit_parser::Resolve;

use crate::place::Place;

/// The WASI 0.2 interfaces that the probes use, as far as they use them.
const WASI: &str = r#"
package test:probe;
world component { import wasi:IMPORT; export probe: func(mode: u32) -> u64; }

package wasi:random@0.2.0 { interface random { get-random-u64: func() -> u64; } }
package wasi:clocks@0.2.0 {
    interface monotonic-clock { now: func() -> u64; }
    interface wall-clock { record datetime { seconds: u64, nanoseconds: u32 } now: func() -> datetime; }
}
package wasi:cli@0.2.0 {
    interface environment { get-environment: func() -> list<tuple<string, string>>; }
    interface stdin { use wasi:io/streams@0.2.0.{input-stream}; get-stdin: func() -> input-stream; }
    interface stdout { use wasi:io/streams@0.2.0.{output-stream}; get-stdout: func() -> output-stream; }
}
package wasi:io@0.2.0 {
    interface error { resource error; }
    interface streams {
        use error.{error};
        variant stream-error { last-operation-failed(error), closed }
        resource input-stream { blocking-read: func(len: u64) -> result<list<u8>, stream-error>; }
        resource output-stream { blocking-write-and-flush: func(contents: list<u8>) -> result<_, stream-error>; }
    }
}
package wasi:filesystem@0.2.0 {
    interface types {
        enum error-code { access, would-block, already, bad-descriptor, busy, deadlock, quota, exist, file-too-large,
            illegal-byte-sequence, in-progress, interrupted, invalid, io, is-directory, loop, too-many-links,
            message-size, name-too-long, no-device, no-entry, no-lock, insufficient-memory, insufficient-space,
            not-directory, not-empty, not-recoverable, unsupported, no-tty, no-such-device, overflow, not-permitted,
            pipe, read-only, invalid-seek, text-file-busy, cross-device }
        flags path-flags { symlink-follow }
        flags open-flags { create, directory, exclusive, truncate }
        flags descriptor-flags { read, write, file-integrity-sync, data-integrity-sync, requested-write-sync, mutate-directory }
        type filesize = u64;
        resource descriptor {
            read: func(length: filesize, offset: filesize) -> result<tuple<list<u8>, bool>, error-code>;
            write: func(buffer: list<u8>, offset: u64) -> result<u64, error-code>;
            create-directory-at: func(path: string) -> result<_, error-code>;
            rename-at: func(old-path: string, new-descriptor: borrow<descriptor>, new-path: string) -> result<_, error-code>;
            unlink-file-at: func(path: string) -> result<_, error-code>;
            open-at: func(path-flags: path-flags, path: string, open-flags: open-flags, %flags: descriptor-flags)
                -> result<descriptor, error-code>;
        }
    }
    interface preopens { use types.{descriptor}; get-directories: func() -> list<tuple<descriptor, string>>; }
}
"#;

/// A component that imports `import` and whose only module is `core`, with a memory and a bump allocator.
pub fn component(import: &str, core: &str) -> Vec<u8> {
    let mut resolve = Resolve::default();
    let package = resolve.push_str("probe.wit", &WASI.replace("wasi:IMPORT", import)).unwrap();
    let world = resolve.select_world(&[package], None).unwrap();
    let module = format!(
        r#"(module {core} (memory (export "memory") 1) (global $top (mut i32) (i32.const 4096))
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
                (local.set $at (i32.and (i32.add (global.get $top) (i32.const 7)) (i32.const -8)))
                (global.set $top (i32.add (local.get $at) (local.get 3))) (local.get $at)))"#
    );
    let mut module = wat::parse_str(module).unwrap();
    embed_component_metadata(&mut module, &resolve, world, StringEncoding::UTF8).unwrap();
    ComponentEncoder::default().module(&module).unwrap().validate(true).encode().unwrap()
}

pub fn contract(capabilities: &str) -> String {
    format!(
        r#"
contract = 1
name = "probe"
intent = "Looks at the world through one import."
[interface]
wit = """
package test:probe;
world probe {{ export probe: func(mode: u32) -> u64; }}
"""
[[example]]
call = "probe(99)"
returns = "99"
[[property]]
name = "answers"
of = "probe"
ensures = "result >= 0u"
[budget]
executions = 12_800
[capabilities]
{capabilities}
"#
    )
}

/// Answers 99 for mode 99, else `otherwise`.
pub fn probe(imports: &str, otherwise: &str) -> String {
    format!(
        r#"{imports} (func (export "probe") (param $mode i32) (result i64)
            (if (i32.eq (local.get $mode) (i32.const 99)) (then (return (i64.const 99)))) {otherwise})"#
    )
}

fn random() -> Vec<u8> {
    let import = r#"(import "wasi:random/random@0.2.0" "get-random-u64" (func $get (result i64)))"#;
    component("wasi:random/random@0.2.0", &probe(import, "(call $get)"))
}

#[test]
fn nothing_is_linked_that_the_contract_does_not_ask_for() {
    let place = Place::new();
    for capabilities in ["", "clocks = true\nstdout = true\nstdin = true\nstderr = true"] {
        place.check(&contract(capabilities), random()).exits(1).says("needs the capability `random`");
    }
    let ran = place.run(&["call", "contract.toml", "artifact.wasm", "probe(1)"]).exits(1);
    ran.says("needs the capability `random`");
}

#[test]
fn random_numbers_are_fixed_while_checking_and_random_when_run() {
    let place = Place::new();
    place.check(&contract("random = true"), random()).exits(0).says("random");
    place.run(&["verify", "artifact.wasm.mark", "artifact.wasm", "--replay"]).exits(0);
    let ran = place.run(&["run", "artifact.wasm.mark", "probe(1)", "probe(1)"]).exits(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_ne!(lines[0], lines[1]);
}

#[test]
fn clocks_are_the_machines_only_when_run() {
    let import = r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $get (result i64)))"#;
    let artifact = component("wasi:clocks/monotonic-clock@0.2.0", &probe(import, "(call $get)"));
    let place = Place::new();
    place.check(&contract("clocks = true"), artifact).exits(0);
    let call = || place.run(&["call", "contract.toml", "artifact.wasm", "probe(1)"]).exits(0).stdout;
    assert_eq!(call(), call());
    let ran = place.run(&["run", "artifact.wasm.mark", "probe(1)", "probe(1)"]).exits(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_ne!(lines[0], lines[1]);
}

#[test]
fn standard_output_is_reached_only_when_run() {
    let imports = r#"(import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get (result i32)))
        (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
        (data (i32.const 64) "hello from inside\n")"#;
    let write = "(call $write (call $get) (i32.const 64) (i32.const 18) (i32.const 16)) (i64.load8_u (i32.const 16))";
    let artifact = component("wasi:cli/stdout@0.2.0", &probe(imports, write));
    let place = Place::new();
    let ran = place.check(&contract("stdout = true"), artifact).exits(0);
    assert!(!ran.all().contains("hello from inside"));
    assert_eq!(place.run(&["run", "artifact.wasm.mark", "probe(1)"]).exits(0).stdout, "hello from inside\n0\n");
}

#[test]
fn variables_are_those_named_and_given() {
    let import = r#"(import "wasi:cli/environment@0.2.0" "get-environment" (func $get (param i32)))"#;
    let count = "(call $get (i32.const 16)) (i64.load32_u (i32.const 20))";
    let artifact = component("wasi:cli/environment@0.2.0", &probe(import, count));
    let place = Place::new();
    let contract = contract("environment = [\"LANG\"]").replace("12_800", "64_000");
    // Variables need a person's approval under the default policy.
    place.check(&contract, artifact).exits(1).says("--approved-by");
    place.run(&["check", "contract.toml", "artifact.wasm", "--approved-by", "ada"]).exits(0);
    let run = |more: &[&str]| {
        let mut arguments = vec!["run", "artifact.wasm.mark", "probe(1)"];
        arguments.extend(more);
        place.run(&arguments)
    };
    assert_eq!(run(&[]).exits(0).stdout, "0\n");
    assert_eq!(run(&["--env", "LANG=C"]).exits(0).stdout, "1\n");
    run(&["--env", "PATH=/bin"]).exits(1).says("does not ask for the variable `PATH`");
    run(&["--env", "LANG"]).exits(2);
}

#[test]
fn a_directory_is_read_only_and_ends_at_its_edge() {
    let imports = r#"(import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $dirs (param i32)))
        (import "wasi:filesystem/types@0.2.0" "[method]descriptor.open-at"
            (func $open (param i32 i32 i32 i32 i32 i32 i32)))
        (data (i32.const 64) "file.txt") (data (i32.const 96) "new.txt") (data (i32.const 128) "../secret.txt")
        (func $try (param $at i32) (param $len i32) (param $open i32) (param $flags i32) (result i64)
            (call $open (i32.load (i32.load (i32.const 16))) (i32.const 1) (local.get $at) (local.get $len)
                (local.get $open) (local.get $flags) (i32.const 32))
            (if (result i64) (i32.load8_u (i32.const 32))
                (then (i64.add (i64.const 1) (i64.load8_u (i32.const 36)))) (else (i64.const 0))))"#;
    let modes = "(call $dirs (i32.const 16))
        (if (i32.eqz (i32.load (i32.const 20))) (then (return (i64.const 1000))))
        (if (i32.eq (local.get $mode) (i32.const 1)) (then (return (call $try (i32.const 64) (i32.const 8) (i32.const 0) (i32.const 1)))))
        (if (i32.eq (local.get $mode) (i32.const 2)) (then (return (call $try (i32.const 96) (i32.const 7) (i32.const 1) (i32.const 2)))))
        (if (i32.eq (local.get $mode) (i32.const 3)) (then (return (call $try (i32.const 128) (i32.const 13) (i32.const 0) (i32.const 1)))))
        (if (i32.eq (local.get $mode) (i32.const 4)) (then (return (call $try (i32.const 64) (i32.const 8) (i32.const 8) (i32.const 3)))))
        (i64.const 7)";
    let artifact = component("wasi:filesystem/preopens@0.2.0", &probe(imports, modes));
    let place = Place::new();
    place
        .write("contract.toml", contract("read = [\"/data\"]").replace("12_800", "64_000"))
        .write("artifact.wasm", artifact);
    place.run(&["check", "contract.toml", "artifact.wasm", "--approved-by", "ada"]).exits(0);
    std::fs::create_dir(place.path("granted")).unwrap();
    place.write("granted/file.txt", "kept").write("secret.txt", "secret");
    let calls = ["run", "artifact.wasm.mark", "probe(1)", "probe(2)", "probe(3)", "probe(4)"];
    assert_eq!(place.run(&calls).exits(0).stdout, "1000\n1000\n1000\n1000\n");
    let granted: Vec<&str> = calls.into_iter().chain(["--dir", "/data=granted"]).collect();
    let ran = place.run(&granted).exits(0);
    let lines: Vec<&str> = ran.stdout.lines().collect();
    assert_eq!(lines[0], "0", "the file can be read");
    assert!(lines[1..].iter().all(|line| *line != "0" && *line != "1000"), "{}", ran.all());
    assert!(!place.path("granted/new.txt").exists());
    assert_eq!(place.read("granted/file.txt"), b"kept");
    place.run(&["run", "artifact.wasm.mark", "probe(1)", "--dir", "/=granted"]).exits(1).says("does not ask for `/`");
    place.run(&["run", "artifact.wasm.mark", "probe(1)", "--dir", "/data=nowhere"]).exits(2).says("nowhere");
}
