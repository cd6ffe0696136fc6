//! Components that change files: staged as programs are, held against invariants, committed and undone.

use std::path::PathBuf;

use crate::grants::{component, contract, probe};
use crate::place::Place;
use crate::programs::{leftovers, state};

const IMPORTS: &str = r#"
    (import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $dirs (param i32)))
    (import "wasi:filesystem/types@0.2.0" "[method]descriptor.open-at" (func $open (param i32 i32 i32 i32 i32 i32 i32)))
    (import "wasi:filesystem/types@0.2.0" "[method]descriptor.write" (func $write (param i32 i32 i32 i64 i32)))
    (import "wasi:filesystem/types@0.2.0" "[method]descriptor.create-directory-at" (func $mkdir (param i32 i32 i32 i32)))
    (import "wasi:filesystem/types@0.2.0" "[method]descriptor.rename-at" (func $rename (param i32 i32 i32 i32 i32 i32 i32)))
    (import "wasi:filesystem/types@0.2.0" "[method]descriptor.unlink-file-at" (func $unlink (param i32 i32 i32 i32)))
    (data (i32.const 64) "one") (data (i32.const 72) "two") (data (i32.const 80) "folder") (data (i32.const 96) "folder/one")
    (data (i32.const 112) "note") (data (i32.const 128) "../secret") (data (i32.const 144) "hello") (data (i32.const 160) "folder/note")
    (func $dir (result i32) (call $dirs (i32.const 16)) (i32.load (i32.load (i32.const 16))))
    (func $failed (result i64) (i64.extend_i32_u (i32.load8_u (i32.const 32))))
    (func $remove (param $at i32) (param $len i32) (result i64)
        (call $unlink (call $dir) (local.get $at) (local.get $len) (i32.const 32)) (call $failed))
    (func $put (param $at i32) (param $len i32) (param $offset i64) (result i64)
        (call $open (call $dir) (i32.const 0) (local.get $at) (local.get $len) (i32.const 1) (i32.const 2) (i32.const 32))
        (if (i32.load8_u (i32.const 32)) (then (return (i64.const 1))))
        (call $write (i32.load (i32.const 36)) (i32.const 144) (i32.const 5) (local.get $offset) (i32.const 32)) (call $failed))
    (func $into (result i64)
        (call $mkdir (call $dir) (i32.const 80) (i32.const 6) (i32.const 32))
        (if (i32.load8_u (i32.const 32)) (then (return (i64.const 1))))
        (call $rename (call $dir) (i32.const 64) (i32.const 3) (call $dir) (i32.const 96) (i32.const 10) (i32.const 32)) (call $failed))"#;

/// How many acts failed: 1 moves `one` and writes a note, 2 deletes `two`, 3 deletes `one`, 4 deletes `two` and traps, 5 writes
/// far behind the end of a file, 6 writes outside, 7 writes where 1 made a folder, 8 does not end.
const MODES: &str = r#"
    (if (i32.eqz (i32.load (call $list))) (then (return (i64.const 1000))))
    (if (i32.eq (local.get $mode) (i32.const 1)) (then
        (return (i64.add (call $into) (call $put (i32.const 112) (i32.const 4) (i64.const 0))))))
    (if (i32.eq (local.get $mode) (i32.const 2)) (then (return (call $remove (i32.const 72) (i32.const 3)))))
    (if (i32.eq (local.get $mode) (i32.const 3)) (then (return (call $remove (i32.const 64) (i32.const 3)))))
    (if (i32.eq (local.get $mode) (i32.const 4)) (then (drop (call $remove (i32.const 72) (i32.const 3))) (unreachable)))
    (if (i32.eq (local.get $mode) (i32.const 5)) (then (return (call $put (i32.const 112) (i32.const 4) (i64.const 9000000)))))
    (if (i32.eq (local.get $mode) (i32.const 6)) (then (return (call $put (i32.const 128) (i32.const 9) (i64.const 0)))))
    (if (i32.eq (local.get $mode) (i32.const 7)) (then (return (call $put (i32.const 160) (i32.const 11) (i64.const 0)))))
    (i64.const 7)"#;

/// A place with a marked component that may change `/data`, and a tree for it.
fn marked() -> (Place, PathBuf) {
    let imports = format!("{IMPORTS} (func $list (result i32) (call $dirs (i32.const 16)) (i32.const 20))");
    let artifact = component("wasi:filesystem/preopens@0.2.0", &probe(&imports, MODES));
    let invariant = "[[invariant]]\nname = \"one is kept\"\nholds = \"multisets.contains(after.map(f, f.sha256), \
                     before.filter(f, f.path == 'one').map(f, f.sha256))\"\n";
    let contract = contract("write = [\"/data\"]")
        .replace("12_800", "64_000\nwritten = \"8MiB\"")
        .replace("[budget]", &format!("{invariant}[budget]"));
    let place = Place::new();
    place.write("contract.toml", contract).write("artifact.wasm", artifact);
    place.run(&["check", "contract.toml", "artifact.wasm", "--policy", "assisted", "--approved-by", "ada"]).exits(0);
    std::fs::create_dir(place.path("data")).unwrap();
    place.write("data/one", "1").write("data/two", "2").write("secret", "s");
    let data = place.path("data");
    (place, data)
}

#[test]
fn a_component_changes_files_that_are_committed_and_undone() {
    let (place, data) = marked();
    let before = state(&data);
    let dir = format!("/data={}", data.display());
    let run = ["run", "artifact.wasm.mark", "probe(1)", "probe(2)", "probe(7)", "--dir", &dir];
    let ran = place.run(&run).exits(0).says("one is kept").says("untouched").says("moved `one` to `folder/one`");
    assert!(ran.stdout.starts_with("0\n0\n0\n"), "{}", ran.all());
    assert_eq!(state(&data), before, "shown, and dropped");
    place.run(&["stage", "contract.toml", "artifact.wasm", "probe(1)", "--dir", &dir]).exits(0).says("untouched");
    let ran = place.run(&[&run[..], &["--commit", "--format", "json"]].concat()).exits(0).json();
    assert_eq!((&ran["changes"][0]["fate"], &ran["results"][2]["returned"]), (&"committed".into(), &"0".into()));
    assert_eq!(std::fs::read(data.join("folder/one")).unwrap(), b"1");
    assert_eq!(std::fs::read(data.join("folder/note")).unwrap(), b"hello");
    assert_eq!(std::fs::read(data.join("note")).unwrap(), b"hello");
    assert!(!data.join("one").exists() && !data.join("two").exists());
    place.run(&["undo", ran["run"].as_str().unwrap()]).exits(0);
    assert_eq!(state(&data), before, "undone");
    place.run(&["log", "runs"]).exits(0).says("every run has its end");
    place.run(&["log", "audit"]).exits(0);
    assert_eq!(leftovers(&place), 0);
}

#[test]
fn what_a_component_may_not_change_stays() {
    let (place, data) = marked();
    let before = state(&data);
    let dir = format!("/data={}", data.display());
    let run = |calls: &[&str]| {
        let ran = place.run(&[&["run", "artifact.wasm.mark"], calls, &["--dir", &dir, "--commit"]].concat());
        assert_eq!(state(&data), before, "{calls:?}: {}", ran.all());
        assert_eq!(leftovers(&place), 0, "{calls:?}");
        ran
    };
    run(&["probe(3)"]).exits(1).says("one is kept").says("refused");
    run(&["probe(2)", "probe(4)"]).exits(1).says("unreachable");
    run(&["probe(5)"]).exits(1).says("more than 8388610 bytes").says("nothing was changed");
    let outside = place.run(&["run", "artifact.wasm.mark", "probe(6)", "--dir", &dir]).exits(0);
    assert!(outside.stdout.starts_with("1\n"), "a way out of the directory");
    assert_eq!(place.read("secret"), b"s");
    // Without the directory there is none, also in checks.
    assert_eq!(place.run(&["run", "artifact.wasm.mark", "probe(1)"]).exits(0).stdout, "1000\n");
    assert_eq!(place.run(&["call", "contract.toml", "artifact.wasm", "probe(1)"]).exits(0).stdout, "1000\n");
    place.run(&["run", "artifact.wasm.mark", "probe(1)", "--dir", "/etc=data"]).exits(1).says("does not ask for");
    place.run(&["freeze", "capability:write"]).exits(0);
    run(&["probe(1)"]).exits(1).says("frozen: capability:write");
}
