//! Artifacts that do what the reference does, and ones that do not: by little, behind a search, or where nobody looks.

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;

use super::*;
use crate::checks::{properties, strength};

/// What `supervised` plans.
const EXECUTIONS: u64 = 16_384;

/// Of one parameter: its double, without the branch that takes.
const DOUBLE: &str = r#"(module (func (export "f") (param i32) (result i32) (i32.add (local.get 0) (local.get 0))))"#;

/// The same by a shift, and `body` before it.
fn shifted(body: &str) -> String {
    format!(r#"(module (func (export "f") (param i32) (result i32) {body} (i32.shl (local.get 0) (i32.const 1))))"#)
}

/// A contract for `f`, with `more` in it.
fn contract(more: &str, reference: &str) -> Contract {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n{more}\n[interface]\nwit = \"package a:b; world w {{ export f: \
         func(n: u32) -> u32; }}\"\n[reference]\nsha256 = \"{}\"\n",
        Digest::of(reference.as_bytes())
    );
    let mut contract = Contract::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    contract.attach(reference.as_bytes()).unwrap();
    contract
}

fn task<'a>(contract: &'a Contract, artifact: &'a str, executions: u64, threads: usize) -> Task<'a> {
    let challenge = Challenge(Digest::of(b"seed"));
    Task::new(contract, artifact.as_bytes(), challenge, executions, threads)
}

fn found(contract: &Contract, artifact: &str, executions: u64) -> Finding {
    run(&task(contract, artifact, executions, 2), &|_, _| {})
}

fn only(finding: &Finding) -> (&str, &str, &str) {
    let [one] = &finding.counterexamples[..] else { panic!("{finding:?}") };
    assert_eq!((one.property.as_str(), one.held_out, finding.outcome), ("reference", false, Outcome::Failed));
    assert_eq!(finding.counts["differences"], 1);
    (&one.call, &one.violated, &one.got)
}

#[test]
fn what_does_the_same_in_another_way_passes_and_is_said_in_numbers() {
    let finding = found(&contract("", DOUBLE), &shifted(""), 1024);
    assert_eq!((finding.outcome, finding.reason.as_deref()), (Outcome::Passed, None));
    let counts = ["references", "executions", "discarded", "differences"].map(|name| finding.counts[name]);
    assert_eq!(counts, [1, 1024, 0, 0]);
    assert_eq!(finding.details["reference"], Digest::of(DOUBLE.as_bytes()).to_string());
    let function = &finding.details["functions"][0];
    assert_eq!((&function["compared"], &function["guided"]["calls"]), (&1024.into(), &256.into()));
    let words = function["bound"]["words"].as_str().unwrap();
    assert!(words.contains("none differed") && words.ends_with("differs"), "{words}");
    // One function of one path on each side.
    let reached = ["edges_present", "edges_reached", "reference_edges_present", "reference_edges_reached"];
    assert_eq!(reached.map(|name| finding.details["coverage"][name].as_u64()), [Some(1); 4]);
}

#[test]
fn a_result_that_is_often_another_is_found_and_made_simple() {
    let finding = found(&contract("", DOUBLE), &shifted("(local.set 0 (i32.or (local.get 0) (i32.const 1)))"), 1024);
    assert_eq!(only(&finding), ("f(0)", "the reference returns 0", "2"));
    assert_eq!(finding.reason.as_deref(), Some("`f(0)` gives another result than the reference"));
}

#[test]
fn a_difference_behind_a_magic_number_of_the_artifact_is_found() {
    let hidden = "(if (i32.eq (local.get 0) (i32.const 0xc0de1234)) (then (return (i32.const 7))))";
    let finding = found(&contract("", DOUBLE), &shifted(hidden), EXECUTIONS);
    assert_eq!(only(&finding), ("f(3235779124)", "the reference returns 2176590952", "7"));
}

#[test]
fn a_difference_behind_a_magic_number_of_the_reference_is_found() {
    // What the artifact compares leads nowhere: only what the reference does can guide to it.
    let reference = shifted(
        "(if (i32.eq (i32.xor (local.get 0) (i32.const 0x5bd1e995)) (i32.const 0x12345678)) \
         (then (return (i32.const 7))))",
    );
    let finding = found(&contract("", &reference), DOUBLE, EXECUTIONS);
    let (call, expected, _) = only(&finding);
    assert_eq!((call, expected), ("f(1239793645)", "the reference returns 7"));
    // Without its twin nobody would have come there.
    let contract = contract("", &reference);
    let task = task(&contract, DOUBLE, EXECUTIONS + EXECUTIONS / 2, 2);
    let (program, other) = (Arc::new(task.program().unwrap()), Arc::new(task.reference().unwrap().unwrap()));
    let function = &contract.interface.functions[0];
    let judge = || Judge::new(&contract, function, program.clone()).by(&other);
    let search = |twin| Search { task: &task, check: CHECK, function, twin, judge: &judge }.run(&|_, _| {}).violated;
    let alone = task.twin().unwrap().unwrap();
    assert_eq!((search(None), search(Some(&alone))), (None, None));
}

#[test]
fn a_trap_where_the_reference_returns_differs_unless_it_is_allowed() {
    let traps = shifted("(if (i32.gt_u (local.get 0) (i32.const 100)) (then unreachable))");
    let finding = found(&contract("", DOUBLE), &traps, 1024);
    let (call, expected, got) = only(&finding);
    assert_eq!((call, expected), ("f(101)", "the reference returns 202"));
    assert!(got.starts_with("trap: "), "{got}");
    let finding = found(&contract("may_trap = \"n > 100u\"", DOUBLE), &traps, 1024);
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    let function = &finding.details["functions"][0];
    assert!(function["allowed_traps"].as_u64().unwrap() > 500 && finding.counts["executions"] >= 1024);
    let finding = found(&contract("may_trap = \"n > 200u\"", DOUBLE), &traps, 1024);
    assert_eq!(only(&finding).0, "f(101)");
}

#[test]
fn what_the_reference_does_not_return_from_is_outside() {
    // Whatever the artifact does there.
    let reference = shifted("(if (i32.gt_u (local.get 0) (i32.const 100)) (then unreachable))");
    for artifact in [
        DOUBLE.to_owned(),
        reference.clone(),
        shifted("(loop $on (br_if $on (i32.gt_u (local.get 0) (i32.const 100))))"),
    ] {
        let finding = found(&contract("", &reference), &artifact, 256);
        assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
        assert!(finding.counts["executions"] == 256 && finding.counts["discarded"] > 256, "{:?}", finding.counts);
    }
    // And not where it returns.
    let wrong = shifted("(if (i32.eq (local.get 0) (i32.const 100)) (then (return (i32.const 1))))");
    assert_eq!(only(&found(&contract("", &reference), &wrong, 1024)).0, "f(100)");
}

#[test]
fn where_nearly_nothing_can_be_compared_nothing_is_said() {
    let never = shifted("unreachable");
    let finding = found(&contract("", &never), DOUBLE, 128);
    assert_eq!((finding.outcome, finding.counts["executions"]), (Outcome::Unknown, 0));
    assert!(finding.reason.as_deref().unwrap().starts_with("vacuous: "), "{:?}", finding.reason);
    assert_eq!(finding.counts["discarded"], 128 * 16);
    let once = shifted("(if (i32.ne (local.get 0) (i32.const 77777)) (then unreachable))");
    assert_eq!(found(&contract("", &once), DOUBLE, 128).outcome, Outcome::Unknown);
}

#[test]
fn a_reference_that_never_ends_takes_no_more_than_the_total_fuel() {
    let never = shifted("(loop $on (br $on))");
    let more = "[budget]\nfuel = 100000\ntotal_fuel = 10000000\n";
    let finding = found(&contract(more, &never), DOUBLE, 1024);
    assert_eq!(finding.outcome, Outcome::Unknown);
    assert!(finding.reason.as_deref().unwrap().starts_with("vacuous: "));
    let function = &finding.details["functions"][0];
    assert_eq!(function["shards_out_of_fuel"], 64);
    // One call more for each shard than fits.
    assert!(function["fuel"].as_u64().unwrap() <= 10_000_000 + 64 * 100_001, "{function}");
}

#[test]
fn without_a_reference_nothing_is_asked_and_without_its_bytes_nothing_is_known() {
    let text = "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w { export f: \
                func(n: u32) -> u32; }\"\n";
    let finding = found(&Contract::parse(text).unwrap(), DOUBLE, 128);
    assert_eq!((finding.outcome, finding.counts.values().sum::<u64>()), (Outcome::Passed, 0));
    let named = format!("{text}[reference]\nsha256 = \"{}\"\n", Digest::of(b"gone"));
    let finding = found(&Contract::parse(&named).unwrap(), DOUBLE, 128);
    assert_eq!((finding.outcome, finding.counts["references"]), (Outcome::Unknown, 0));
    assert!(finding.reason.unwrap().ends_with("is not here"));
}

#[test]
fn a_reference_with_another_interface_or_wishes_is_named_as_such() {
    let other = r#"(module (func (export "f") (param i64) (result i32) (i32.const 0)))"#;
    let none = r#"(module (func (export "g") (param i32) (result i32) (local.get 0)))"#;
    let asks = r#"(component (import "wasi:random/random@0.2.0" (instance))
        (core module $m (func (export "f") (param i32) (result i32) (local.get 0)))
        (core instance $i (instantiate $m))
        (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#;
    for reference in [other, none, asks, "not WebAssembly"] {
        let finding = found(&contract("[capabilities]\nrandom = true", reference), DOUBLE, 128);
        assert_eq!(finding.outcome, Outcome::Unknown, "{reference}");
        assert!(finding.reason.as_deref().unwrap().starts_with("the reference can't be called: "), "{finding:?}");
    }
}

#[test]
fn the_same_bytes_with_any_number_of_threads() {
    let hidden = "(if (i32.eq (local.get 0) (i32.const 0xc0de1234)) (then (return (i32.const 7))))";
    let outside = shifted("(if (i32.gt_u (local.get 0) (i32.const 100000)) (then unreachable))");
    for (reference, artifact, outcome) in [
        (DOUBLE, shifted(""), Outcome::Passed),
        (DOUBLE, shifted(hidden), Outcome::Failed),
        (outside.as_str(), shifted(""), Outcome::Passed),
    ] {
        let contract = contract("", reference);
        let one = run(&task(&contract, &artifact, 8192, 1), &|_, _| {});
        assert_eq!(one.outcome, outcome);
        for threads in [2, 8] {
            assert_eq!(run(&task(&contract, &artifact, 8192, threads), &|_, _| {}), one);
        }
    }
}

#[test]
fn properties_do_not_ask_the_reference_and_strength_does() {
    let contract = contract("", DOUBLE);
    assert_eq!(
        properties::run(&task(&contract, &shifted("i32.const 0 drop"), 128, 2), &|_, _| {}).outcome,
        Outcome::Passed
    );
    let shifted = shifted("");
    let finding = strength::run(&task(&contract, &shifted, 16, 2), &|_, _| {});
    assert_eq!(finding.outcome, Outcome::Passed, "{:?}", finding.reason);
    assert!(finding.counts["killed"] > 0 && finding.counts["survived"] == 0, "{:?}", finding.counts);
    assert_eq!(finding.details["killed_by"]["reference"], finding.counts["killed"]);
    // Of an artifact that differs itself nothing can be said.
    let wrong = DOUBLE.replace("i32.add", "i32.mul");
    let finding = strength::run(&task(&contract, &wrong, 16, 2), &|_, _| {});
    assert_eq!(finding.reason.as_deref(), Some("the artifact itself differs from the reference in `f`"));
}
