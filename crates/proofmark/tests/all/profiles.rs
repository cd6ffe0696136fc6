//! Runs that leave the profile their checks saw: flagged where the policy permits that, else stopped.

use std::fs::File;

use proofmark_mark::digest::Digest;
use serde_json::json;

use crate::grants::component;
use crate::place::{DOUBLE, Place, Ran, doubling};
use crate::programs::{SHOUT, SHOUTS, compile, shout};

/// What no search finds its way back from (the finalizer of MurmurHash3, public domain): checks are guided by what an artifact
/// compares, so an argument that they are not to meet must not be compared as it is.
fn mixed(number: u32) -> u32 {
    let number = (number ^ (number >> 16)).wrapping_mul(0x85eb_ca6b);
    let number = (number ^ (number >> 13)).wrapping_mul(0xc2b2_ae35);
    number ^ (number >> 16)
}

/// The same of the local `from`, as the first instructions of a function with the local `$mixed`.
fn mixing(from: &str) -> String {
    let shifted = |local: &str, by: u32| {
        format!("(i32.xor (local.get {local}) (i32.shr_u (local.get {local}) (i32.const {by})))")
    };
    format!(
        "(local.set $mixed (i32.mul {} (i32.const 0x85ebca6b)))
        (local.set $mixed (i32.mul {} (i32.const 0xc2b2ae35)))
        (local.set $mixed {})",
        shifted(from, 16),
        shifted("$mixed", 13),
        shifted("$mixed", 16)
    )
}

/// What is done for one argument alone. Compared for order, so that it is not missed as a comparison for equality is.
fn only_for(argument: u32, then: &str) -> String {
    format!("(if (i32.lt_u (i32.xor (local.get $mixed) (i32.const {})) (i32.const 1)) (then {then}))", mixed(argument))
}

/// Twice the number, and for one argument only after some hundred times the work.
fn laborious() -> String {
    let work = "(local.set $left (i32.const 400))
        (loop $again
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $again (local.get $left)))";
    doubling(&format!("(local $left i32) (local $mixed i32) {} {}", mixing("$n"), only_for(3_141_592_653, work)))
}

/// [`DOUBLE`] as `autonomous` wants it: two properties, one of them held out.
fn double() -> String {
    format!(
        "{DOUBLE}\n[[property]]\nname = \"even\"\nof = \"double\"\nheld_out = true\nensures = \"result % 2u == 0u\"\n"
    )
}

/// A place with an artifact that was marked under a policy.
fn marked(policy: &str, contract: &str, artifact: impl AsRef<[u8]>) -> Place {
    let place = Place::new();
    place.write("contract.toml", contract).write("artifact.wasm", artifact);
    let autonomous = policy == "autonomous";
    if autonomous {
        // Most code of these artifacts is about one argument, where a change of it shows nowhere: no contract would notice.
        let rule = "resource.evidence.strength.score >= 50 &&";
        let text = String::from_utf8(place.read(".proofmark/policies/autonomous.cedar")).unwrap();
        assert!(text.contains(rule));
        trusted(&place, "unscored", &text.replace(rule, ""));
    }
    let policy = if autonomous { "unscored.cedar" } else { policy };
    let ran = place.run(&["check", "contract.toml", "artifact.wasm", "--policy", policy]).exits(0);
    let wanted = if autonomous { "stopped" } else { "flagged" };
    ran.says(&format!("leaves the profile of its checks is {wanted}"));
    place
}

fn run(place: &Place, calls: &[&str]) -> Ran {
    let arguments = ["--format", "json", "run", "artifact.wasm.mark"];
    place.run(&[&arguments, calls].concat())
}

/// The closing receipts of the runs that left their profile.
fn departed(place: &Place) -> serde_json::Value {
    place.run(&["--format", "json", "log", "runs"]).exits(0).json()["departed"].clone()
}

#[test]
fn a_run_inside_its_profile_is_neither_flagged_nor_stopped() {
    for policy in ["supervised", "autonomous"] {
        let place = marked(policy, &double(), laborious());
        let ran = run(&place, &["double(4)", "double(4294967295)"]).exits(0).json();
        assert_eq!((&ran["departures"], &ran["results"][1]["returned"]), (&json!([]), &"8589934590".into()));
        assert_eq!(departed(&place), json!([]));
    }
}

#[test]
fn more_than_ten_times_the_fuel_is_flagged_where_the_policy_permits_it() {
    let place = marked("supervised", &double(), laborious());
    let ran = run(&place, &["double(3141592653)", "double(4)"]).exits(0).json();
    assert_eq!((&ran["results"][0]["returned"], &ran["results"][1]["returned"]), (&"6283185306".into(), &"8".into()));
    let departures = ran["departures"].as_array().unwrap();
    assert!(departures.len() == 1 && departures[0].as_str().unwrap().starts_with("fuel: more than 10 times"), "{ran}");
    let receipts = departed(&place);
    assert_eq!(
        (&receipts[0]["end"]["outcome"], &receipts[0]["end"]["departures"]),
        (&"returned".into(), &ran["departures"])
    );
    let shown = place.run(&["run", "artifact.wasm.mark", "double(3141592653)"]).exits(0);
    assert_eq!(shown.stdout, "6283185306\n");
    shown.says("left its profile: fuel: more than 10 times");
    place.run(&["log", "runs"]).exits(0).says("run 2 left its profile and was flagged").says("every run has its end");
}

#[test]
fn more_than_ten_times_the_fuel_is_stopped_where_the_policy_does_not_permit_it() {
    let place = marked("autonomous", &double(), laborious());
    run(&place, &["double(4)", "double(3141592653)", "double(5)"]).exits(1).says("stopped: it left its profile: fuel");
    let receipt = departed(&place)[0].clone();
    assert_eq!((&receipt["end"]["outcome"], &receipt["grant"]["on_departure"]), (&"stopped".into(), &"stop".into()));
    assert!(receipt["end"]["departures"][0].as_str().unwrap().starts_with("fuel: more than 10 times"), "{receipt}");
    // The third call was never made, and the second ended at the bound, far below the budget.
    assert_eq!(receipt["end"]["outputs"].as_array().unwrap().len(), 2);
    assert!(receipt["end"]["fuel"].as_u64().unwrap() < 1000, "{receipt}");
    place.run(&["log", "runs"]).exits(0).says("run 1 left its profile and was stopped");
}

/// Answers with its argument, and for one argument asks for the time first.
fn clock_watcher() -> Vec<u8> {
    let core = format!(
        r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
        (func (export "probe") (param $mode i32) (result i64) (local $mixed i32)
            {} {} {}
            (i64.extend_i32_u (local.get $mode)))"#,
        mixing("$mode"),
        only_for(3_141_592_653, "(drop (call $now))"),
        only_for(2_718_281_828, "(drop (call $now)) (loop $ever (br $ever))"),
    );
    component("wasi:clocks/monotonic-clock@0.2.0", &core)
}

const WATCHER: &str = r#"
contract = 1
name = "watcher"
intent = "The number itself."
[interface]
wit = """
package test:probe;
world probe { export probe: func(mode: u32) -> u64; }
"""
[[example]]
call = "probe(4)"
returns = "4"
[[property]]
name = "itself"
of = "probe"
ensures = "result == mode"
[[property]]
name = "a number"
of = "probe"
held_out = true
ensures = "result >= 0u"
[capabilities]
clocks = true
"#;

const NOW: &str = "host call wasi:clocks/monotonic-clock.now: none in its checks";

#[test]
fn a_host_call_that_no_check_saw_is_flagged_or_stopped_before_it_is_carried_out() {
    let place = marked("supervised", WATCHER, clock_watcher());
    let ran = run(&place, &["probe(3141592653)", "probe(5)"]).exits(0).json();
    assert_eq!((&ran["departures"], &ran["results"][0]["returned"]), (&json!([NOW]), &"3141592653".into()));
    assert_eq!(departed(&place)[0]["end"]["host_calls"], json!({ "wasi:clocks/monotonic-clock.now": 1 }));

    let place = marked("autonomous", WATCHER, clock_watcher());
    run(&place, &["probe(5)"]).exits(0);
    for call in ["probe(3141592653)", "probe(2718281828)"] {
        // The second would run for ever after the call: it was ended at the call, with next to no fuel.
        run(&place, &[call]).exits(1).says(&format!("stopped: it left its profile: {NOW}"));
    }
    let receipts = departed(&place);
    for receipt in receipts.as_array().unwrap() {
        assert_eq!((&receipt["end"]["outcome"], &receipt["end"]["departures"]), (&"stopped".into(), &json!([NOW])));
        assert!(receipt["end"]["fuel"].as_u64().unwrap() < 1000, "{receipt}");
        assert_eq!(receipt["end"]["host_calls"], json!({}));
        place.run(&["replay", receipt["run"].as_str().unwrap()]).exits(0).says("the same, bit for bit");
    }
    assert_eq!(receipts.as_array().unwrap().len(), 2);
}

#[test]
fn more_than_ten_times_the_memory_is_flagged_or_stopped() {
    let hoarder = format!(
        "(module (memory 1) {}",
        doubling(&format!(
            "(local $mixed i32) {} {}",
            mixing("$n"),
            only_for(3_141_592_653, "(drop (memory.grow (i32.const 10)))")
        ))
        .trim_start_matches("(module")
    );
    let memory = "memory: more than 10 times the 65536 bytes of any call in its checks";
    let place = marked("supervised", &double(), &hoarder);
    assert_eq!(run(&place, &["double(3141592653)"]).exits(0).json()["departures"], json!([memory]));
    let place = marked("autonomous", &double(), &hoarder);
    run(&place, &["double(3141592653)"]).exits(1).says(memory);
    assert_eq!(departed(&place)[0]["end"]["memory_bytes"], 65536);
}

#[test]
fn evidence_says_what_was_seen_with_the_same_bytes_for_any_number_of_threads() {
    let core = r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))
        (func (export "probe") (param $mode i32) (result i64)
            (if (i32.gt_u (local.get $mode) (i32.const 1000)) (then
                (drop (memory.grow (i32.and (local.get $mode) (i32.const 3)))) (drop (call $now))))
            (i64.extend_i32_u (local.get $mode)))"#;
    let place = marked("supervised", WATCHER, component("wasi:clocks/monotonic-clock@0.2.0", core));
    for threads in ["1", "2", "8"] {
        let arguments =
            ["--format", "json", "verify", "artifact.wasm.mark", "artifact.wasm", "--replay", "--threads", threads];
        let verified = place.run(&arguments).exits(0).json();
        let usage = |check: &str| {
            let all = verified["evidence"].as_array().unwrap();
            all.iter().find(|one| one["check"] == check).unwrap()["details"]["usage"].clone()
        };
        for check in ["properties", "determinism"] {
            let usage = usage(check);
            assert_eq!(usage["host_calls"], json!(["wasi:clocks/monotonic-clock.now"]), "{check}");
            assert_eq!(usage["memory_bytes"], 4 * 65536, "{check}");
            assert!(usage["fuel"].as_u64().unwrap() > 10, "{check}");
        }
        // The one example takes the short way.
        assert_eq!((&usage("examples")["host_calls"], &usage("examples")["memory_bytes"]), (&json!([]), &json!(65536)));
    }
}

/// [`SHOUTS`], and for one input a system call whose number no inspection finds.
const ODD: &str = "char b[4]; volatile long odd = 110; long n = 0; int c;
    while ((c = getchar()) != EOF) { if (n < 4) b[n] = c; n++; putchar(c >= 'a' && c <= 'z' ? c - 32 : c); }
    if (n == 4 && b[0] == 'o' && b[1] == 'd' && b[2] == 'd' && b[3] == '!') syscall(odd); return 0;";

/// Puts a policy into the place, and into what its home trusts.
fn trusted(place: &Place, name: &str, policy: &str) {
    let trust = String::from_utf8(place.read(".proofmark/trust.toml")).unwrap();
    let known = format!("\n[[policy]]\nname = \"{name}\"\nsha256 = \"{}\"\n", Digest::of(policy.as_bytes()));
    if !trust.contains(&known) {
        place.write(".proofmark/trust.toml", format!("{trust}{known}")).write(&format!("{name}.cedar"), policy);
    }
}

/// Checks the program of the place under `assisted`, or under the same without its permission to depart.
fn check_program(place: &Place, policy: &str) {
    let assisted = String::from_utf8(place.read(".proofmark/policies/assisted.cedar")).unwrap();
    let strict = assisted.replace(", Action::\"depart\"", "");
    trusted(place, "strict", &strict);
    place.run(&["check", "contract.toml", "artifact", "--policy", policy, "--approved-by", "ada"]).exits(0);
}

/// Runs the program of the place with this on its standard input.
fn run_program(place: &Place, stdin: &str) -> Ran {
    place.write("input", stdin);
    let mut command = place.command();
    command.args(["--format", "json", "run", "artifact.mark"]).stdin(File::open(place.path("input")).unwrap());
    Ran::of(&command.output().unwrap())
}

#[test]
#[cfg_attr(not(target_arch = "x86_64"), ignore = "the code of other machines is not read")]
fn a_program_is_held_to_the_system_calls_that_inspection_found() {
    let getppid = "system call getppid: not in its code as inspected";
    let place = Place::new();
    place.write("contract.toml", SHOUT);
    compile(&place, "artifact", &shout(ODD), &["-static"]);
    check_program(&place, "assisted");
    assert_eq!(run_program(&place, "even").exits(0).json()["departures"], json!([]));
    let flagged = run_program(&place, "odd!").exits(0).json();
    assert_eq!((&flagged["departures"], &flagged["stdout"]), (&json!([getppid]), &"ODD!".into()));

    check_program(&place, "strict.cedar");
    assert_eq!(run_program(&place, "even").exits(0).json()["departures"], json!([]));
    run_program(&place, "odd!").exits(1).says(&format!("stopped: it left its profile: {getppid}; nothing was changed"));
    let receipts = departed(&place);
    let how = |nth: usize| (receipts[nth]["end"]["outcome"].clone(), receipts[nth]["end"]["departures"].clone());
    assert_eq!(how(0), ("dropped".into(), json!([getppid])));
    assert_eq!(how(1), ("stopped".into(), json!([getppid])));

    // What its libraries do is in no profile: not flagged where departures are permitted, and not run where they are not.
    let granted = "[capabilities]\nlibraries = [\"libc.so.6\", \"ld-linux-x86-64.so.2\"]\n\n[budget]";
    place.write("contract.toml", SHOUT.replace("[budget]", granted));
    compile(&place, "artifact", &shout(SHOUTS), &[]);
    check_program(&place, "assisted");
    assert_eq!(run_program(&place, "odd!").exits(0).json()["departures"], json!([]));
    check_program(&place, "strict.cedar");
    run_program(&place, "odd!").exits(1).says("system calls: those of its libraries are not in its bytes");
    assert_eq!(departed(&place)[2]["end"]["system_calls"], json!({}));
}
