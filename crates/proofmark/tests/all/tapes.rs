//! Replays: a run is repeated bit for bit from its tape, whatever became of the world that it saw.

use std::path::PathBuf;

use crate::grants::{component, contract, probe};
use crate::place::{DOUBLE, Place, Ran, doubling};

/// A place with a checked artifact that imports `import`, under a contract with these capabilities.
fn marked(capabilities: &str, artifact: Vec<u8>) -> Place {
    let place = Place::new();
    // Variables and directories need a person's approval and more executions under the default policy.
    let contract = contract(capabilities).replace("12_800", "64_000");
    place.write("contract.toml", contract).write("artifact.wasm", artifact);
    place.run(&["check", "contract.toml", "artifact.wasm", "--approved-by", "ada"]).exits(0);
    place
}

/// Runs `probe(MODE)` for each mode; gives the run's id and its results.
fn run(place: &Place, modes: &[u32], more: &[&str]) -> (String, Vec<String>) {
    let calls: Vec<String> = modes.iter().map(|mode| format!("probe({mode})")).collect();
    let mut arguments = vec!["run", "artifact.wasm.mark", "--format", "json"];
    arguments.extend(calls.iter().map(String::as_str));
    arguments.extend(more);
    let ran = place.run(&arguments).json();
    let one = |result: &serde_json::Value| {
        let text = |field: &str| result[field].as_str().map(ToOwned::to_owned);
        text("returned").or_else(|| text("trapped")).unwrap()
    };
    (ran["run"].as_str().unwrap().to_owned(), ran["results"].as_array().unwrap().iter().map(one).collect())
}

fn replay(place: &Place, run: &str) -> Ran {
    place.run(&["replay", run])
}

/// The closing receipt of a run.
fn receipt(place: &Place, run: &str) -> serde_json::Value {
    let runs = place.run(&["log", "runs", "--all", "--format", "json"]).exits(0).json();
    runs["runs"].as_array().unwrap().iter().find(|one| one["run"] == run).unwrap().clone()
}

fn blob(place: &Place, digest: &serde_json::Value) -> PathBuf {
    place.path(".proofmark/log/blob").join(digest.as_str().unwrap())
}

fn same(place: &Place, run: &str, host_call: &str, count: u64) {
    replay(place, run).exits(0).says("the same, bit for bit").says(host_call);
    let found = place.run(&["replay", run, "--format", "json"]).exits(0).json();
    assert_eq!((&found["same"], &found["difference"]), (&true.into(), &serde_json::Value::Null), "{found}");
    assert_eq!(found["host_calls"][host_call], count, "{found}");
    assert_eq!(receipt(place, run)["end"]["host_calls"], found["host_calls"]);
}

fn random() -> Vec<u8> {
    let import = r#"(import "wasi:random/random@0.2.0" "get-random-u64" (func $get (result i64)))"#;
    component("wasi:random/random@0.2.0", &probe(import, "(call $get)"))
}

#[test]
fn random_numbers_come_again() {
    let place = marked("random = true", random());
    let (id, results) = run(&place, &[1, 99, 2], &[]);
    assert_ne!(results[0], results[2]);
    same(&place, &id, "wasi:random/random.get-random-u64", 2);
    // By its beginning too, and without the artifact, the mark or the machine's randomness at hand.
    std::fs::remove_file(place.path("artifact.wasm")).unwrap();
    std::fs::remove_file(place.path("artifact.wasm.mark")).unwrap();
    replay(&place, &id[..12]).exits(0).says("the same, bit for bit");
}

#[test]
fn the_clock_stands_where_it_stood() {
    let import = r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $get (result i64)))"#;
    let twice = "(drop (call $get)) (call $get)";
    let place = marked("clocks = true", component("wasi:clocks/monotonic-clock@0.2.0", &probe(import, twice)));
    let (id, first) = run(&place, &[1], &[]);
    let (_, later) = run(&place, &[1], &[]);
    assert_ne!(first, later, "the clock goes on");
    same(&place, &id, "wasi:clocks/monotonic-clock.now", 2);
}

#[test]
fn what_was_written_is_written_again() {
    let imports = r#"(import "wasi:cli/stdout@0.2.0" "get-stdout" (func $get (result i32)))
        (import "wasi:io/streams@0.2.0" "[method]output-stream.blocking-write-and-flush" (func $write (param i32 i32 i32 i32)))
        (data (i32.const 64) "hello from inside\n")"#;
    let write =
        "(call $write (call $get) (i32.const 64) (local.get $mode) (i32.const 16)) (i64.load8_u (i32.const 16))";
    let contract = contract("stdout = true")
        .replace("[interface]", "may_trap = \"mode > 4096u\"\n\n[interface]")
        .replace("ensures", "requires = \"mode <= 4096u\"\nensures");
    let place = Place::new();
    place.check(&contract, component("wasi:cli/stdout@0.2.0", &probe(imports, write))).exits(0);
    let (id, _) = run(&place, &[18, 5], &[]);
    same(&place, &id, "wasi:io/streams.output-stream.blocking-write-and-flush", 2);
    // More than one blocking write takes is a trap of the host, which is repeated as well.
    let (id, trapped) = run(&place, &[1, 5000], &[]);
    assert!(trapped[1].contains("trap: Buffer too large"), "{trapped:?}");
    replay(&place, &id).exits(0).says("the same, bit for bit").says("2, trapped");
}

#[test]
fn variables_are_remembered() {
    let import = r#"(import "wasi:cli/environment@0.2.0" "get-environment" (func $get (param i32)))"#;
    let first = "(call $get (i32.const 16)) (if (i32.eqz (i32.load (i32.const 20))) (then (return (i64.const 0))))
        (i64.load32_u (i32.load offset=8 (i32.load (i32.const 16))))";
    let artifact = component("wasi:cli/environment@0.2.0", &probe(import, first));
    let place = marked("environment = [\"LANG\"]", artifact);
    let (id, results) = run(&place, &[1], &["--env", "LANG=C.UTF-8"]);
    let (other, others) = run(&place, &[1], &["--env", "LANG=de_DE"]);
    assert_ne!(results, others);
    for id in [id, other] {
        same(&place, &id, "wasi:cli/environment.get-environment", 1);
    }
}

/// Reads the first bytes of `/data/file.txt`: a number of them in mode 1, all others trap where there is no such file.
fn reader() -> Vec<u8> {
    let imports = r#"(import "wasi:filesystem/preopens@0.2.0" "get-directories" (func $dirs (param i32)))
        (import "wasi:filesystem/types@0.2.0" "[method]descriptor.open-at"
            (func $open (param i32 i32 i32 i32 i32 i32 i32)))
        (import "wasi:filesystem/types@0.2.0" "[method]descriptor.read" (func $read (param i32 i64 i64 i32)))
        (data (i32.const 64) "file.txt")"#;
    let body = "(call $dirs (i32.const 16))
        (if (i32.eqz (i32.load (i32.const 20))) (then (return (i64.const 1000))))
        (call $open (i32.load (i32.load (i32.const 16))) (i32.const 1) (i32.const 64) (i32.const 8)
            (i32.const 0) (i32.const 1) (i32.const 32))
        (if (i32.load8_u (i32.const 32)) (then (return (i64.load8_u (i32.const 36)))))
        (call $read (i32.load (i32.const 36)) (i64.extend_i32_u (local.get $mode)) (i64.const 0) (i32.const 48))
        (i64.load32_u (i32.load (i32.const 52)))";
    component("wasi:filesystem/preopens@0.2.0", &probe(imports, body))
}

#[test]
fn a_directory_that_is_gone_is_read_again() {
    let place = marked("read = [\"/data\"]", reader());
    std::fs::create_dir(place.path("granted")).unwrap();
    place.write("granted/file.txt", "abcd and more");
    let granted = ["--dir", "/data=granted"];
    let (id, results) = run(&place, &[8, 99, 4], &granted);
    assert_eq!(results, ["1684234849", "99", "1684234849"]);
    std::fs::remove_file(place.path("granted/file.txt")).unwrap();
    let (missing, _) = run(&place, &[8], &granted);
    std::fs::remove_dir_all(place.path("granted")).unwrap();
    same(&place, &id, "wasi:filesystem/types.descriptor.read", 2);
    replay(&place, &missing).exits(0).says("the same, bit for bit");
}

#[test]
fn what_a_run_took_is_in_its_receipt() {
    let place = Place::new();
    place.check(
        DOUBLE,
        doubling("(drop (memory.grow (i32.const 2)))").replace("(func (export", "(memory 1 2) (func (export"),
    );
    let ran = place.run(&["run", "artifact.wasm.mark", "double(4)", "--format", "json"]).exits(0).json();
    let id = ran["run"].as_str().unwrap();
    let receipt = receipt(&place, id);
    assert_eq!(receipt["end"]["memory_bytes"], 65536, "a memory that may not grow does not");
    assert_eq!(receipt["end"]["host_calls"], serde_json::json!({}));
    replay(&place, id).exits(0).says("the same, bit for bit");
}

#[test]
fn a_replay_needs_what_it_repeats() {
    let place = marked("random = true", random());
    let (id, _) = run(&place, &[1], &[]);
    replay(&place, "0000000000000000").exits(2).says("the log has no run").says("log runs --all");
    replay(&place, "").exits(2);
    // There are sixteen first digits.
    let mut firsts = std::collections::BTreeSet::from([id[..1].to_owned()]);
    let shared =
        std::iter::repeat_with(|| run(&place, &[1], &[]).0[..1].to_owned()).find(|first| !firsts.insert(first.clone()));
    replay(&place, &shared.unwrap()).exits(2).says("more than one run");
    let receipt = receipt(&place, &id);
    let (tape, output) = (blob(&place, &receipt["end"]["tape"]["kept"]), blob(&place, &receipt["end"]["outputs"][0]));
    for (path, what) in [(tape, "the tape can't be had"), (output, "a result can't be had")] {
        let kept = std::fs::read(&path).unwrap();
        let mut altered = kept.clone();
        *altered.last_mut().unwrap() ^= 1;
        std::fs::write(&path, altered).unwrap();
        replay(&place, &id).exits(3).says(what).says("log audit");
        std::fs::remove_file(&path).unwrap();
        replay(&place, &id).exits(3).says(what);
        std::fs::write(&path, kept).unwrap();
    }
    replay(&place, &id).exits(0);
    std::fs::remove_file(blob(&place, &receipt["contract"])).unwrap();
    replay(&place, &id).exits(3).says("the contract can't be had");
}

#[test]
fn a_run_that_was_not_held_has_no_tape() {
    let place = Place::new();
    place.check(DOUBLE, doubling("")).exits(0);
    place.run(&["freeze", "all"]).exits(0);
    place.run(&["run", "artifact.wasm.mark", "double(4)"]).exits(1);
    let runs = place.run(&["log", "runs", "--all", "--format", "json"]).exits(0).json();
    let id = runs["runs"][0]["run"].as_str().unwrap();
    replay(&place, id).exits(3).says("no call came to its end");
}
