//! Artifacts that give the same result whatever was called before, and ones that do not: at once, after thousands of calls, on
//! memory that others have filled, or behind a clock.

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_run::Outcome as Called;
use proofmark_run::wasi::Written;

use super::*;

const SAME: &str = r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#;
const STATE: &str = r#"(module (global $calls (mut i32) (i32.const 0))
    (func (export "f") (param i32) (result i32)
        (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls)))"#;

/// Counts its calls, and ends with `last` once it had so many.
fn counting(calls: u32, last: &str) -> String {
    format!(
        r#"(module (global $calls (mut i32) (i32.const 0))
            (func (export "f") (param i32) (result i32)
                (global.set $calls (i32.add (global.get $calls) (i32.const 1)))
                (if (i32.gt_u (global.get $calls) (i32.const {calls})) (then {last}))
                (local.get 0)))"#
    )
}

/// Adds the time to a number, which `body` may change.
fn clock(body: &str) -> String {
    format!(
        r#"(component
        (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
        (core func $now (canon lower (func $clock "now")))
        (core module $m
            (import "clock" "now" (func $now (result i64)))
            (global $calls (mut i32) (i32.const 0))
            (func (export "f") (param i32) (result i32)
                {body}
                (i32.add (local.get 0) (i32.wrap_i64 (call $now)))))
        (core instance $i (instantiate $m (with "clock" (instance (export "now" (func $now))))))
        (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))"#
    )
}

const COUNTS: &str = "(global.set $calls (i32.add (global.get $calls) (i32.const 1)))";

fn contract(exports: &str, more: &str) -> Contract {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ {exports} }}\"\n{more}"
    );
    Contract::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn looked_at(contract: &Contract, artifact: &str, threads: usize) -> Finding {
    pairs(contract, artifact, 128, threads)
}

fn pairs(contract: &Contract, artifact: &str, executions: u64, threads: usize) -> Finding {
    let challenge = Challenge(Digest::of(b"seed"));
    let artifact = artifact.as_bytes();
    run(&Task::new(contract, artifact, challenge, executions, threads), &|_, _| {})
}

fn found(module: &str, capabilities: &str) -> Finding {
    let contract = contract("export f: func(n: u32) -> u32;", &format!("[capabilities]\n{capabilities}"));
    looked_at(&contract, module, 2)
}

fn number(finding: &Finding, name: &str) -> u64 {
    finding.details["functions"][0][name].as_u64().unwrap()
}

fn violated(finding: &Finding) -> &str {
    assert_eq!((finding.outcome, finding.counts["differences"]), (Outcome::Failed, 1), "{finding:?}");
    &finding.counterexamples[0].violated
}

#[test]
fn only_calls_that_were_made_are_counted() {
    let finding = found(SAME, "");
    assert_eq!(["pairs", "kept", "replayed"].map(|name| number(&finding, name)), [128, 128, 0]);
    // One call after another in one instance, and each of the inputs once after memory was filled.
    assert_eq!(
        ["longest", "compared", "filled", "stopped"].map(|name| number(&finding, name)),
        [12_288, 12_288, 128, 0]
    );
    let finding = found(SAME, "clocks = true");
    assert_eq!(["pairs", "kept", "replayed"].map(|name| number(&finding, name)), [128, 128, 128]);
    assert!(number(&finding, "longest") > 12_000 && number(&finding, "compared") == 12_288 / 8);
    assert_eq!((finding.outcome, number(&finding, "asked_otherwise")), (Outcome::Passed, 0));
}

#[test]
fn what_a_call_leaves_behind_is_seen_also_where_a_clock_goes_on() {
    for capabilities in ["", "clocks = true"] {
        let finding = found(STATE, capabilities);
        assert_eq!(violated(&finding), "the same in a fresh instance and in one that was called before");
    }
}

#[test]
fn right_for_the_first_ten_thousand_calls_is_not_right() {
    for capabilities in ["", "clocks = true"] {
        let finding = found(&counting(10_000, "(return (i32.const -1))"), capabilities);
        let before =
            violated(&finding).strip_prefix("the same in a fresh instance and in one that was called ").unwrap();
        let before: u32 = before.strip_suffix(" times before").unwrap().parse().unwrap();
        // The first call after them that is compared and whose result is another.
        assert!((10_000..10_020).contains(&before), "{before}");
        assert_eq!(number(&finding, "pairs"), 128);
    }
}

#[test]
fn an_instance_that_can_not_go_on_is_replaced_and_counted() {
    let finding = found(&counting(5_000, "unreachable"), "");
    assert_eq!((finding.outcome, number(&finding, "stopped")), (Outcome::Passed, 2));
    assert_eq!(number(&finding, "longest"), 5_000);
    // Sixteen calls are not too many.
    let contract = contract("export f: func(n: u32) -> u32;", "");
    assert!(violated(&pairs(&contract, &counting(8, "unreachable"), 1024, 2)).ends_with("called before"));
}

#[test]
fn what_reads_memory_that_nobody_wrote_is_seen_once_others_have_filled_it() {
    // New memory always begins at 4096, and a byte far behind the list is read, where no list of the inputs reaches.
    let reads = |at: u32| {
        format!(
            r#"(module (memory (export "memory") 2)
            (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (i32.const 4096))
            (func (export "f") (param i32 i32) (result i32)
                (i32.add (local.get 1) (i32.load8_u (i32.const {at})))))"#
        )
    };
    let contract = contract("export f: func(xs: list<u8>) -> u32;", "");
    let finding = looked_at(&contract, &reads(4096 + 3000), 2);
    assert_eq!(violated(&finding), "the same in a fresh instance and in one whose memory other calls had filled");
    assert!(number(&finding, "pairs") == 128 && number(&finding, "longest") == 0);
    // Memory that nobody ever fills stays as it is.
    assert_eq!(looked_at(&contract, &reads(100_000), 2).outcome, Outcome::Passed);
}

#[test]
fn what_one_function_leaves_to_another_is_seen() {
    let exports = "export f: func(n: u32) -> u32; export g: func(n: u32) -> u32;";
    let module = |g: &str| {
        format!(
            r#"(module (global $kept (mut i32) (i32.const 0))
            (func (export "f") (param i32) (result i32) (global.set $kept (i32.const 7)) (local.get 0))
            (func (export "g") (param i32) (result i32) {g}))"#
        )
    };
    let contract = contract(exports, "");
    let finding = looked_at(&contract, &module("(i32.add (local.get 0) (global.get $kept))"), 2);
    assert!(violated(&finding).starts_with("the same in a fresh instance and in one "), "{finding:?}");
    assert!(finding.counterexamples[0].call.starts_with("g("));
    let finding = looked_at(&contract, &module("(local.get 0)"), 2);
    assert_eq!(finding.outcome, Outcome::Passed);
    // One call in eight is one of the other function.
    assert_eq!(number(&finding, "compared"), 12_288 / 8 * 7);
}

#[test]
fn a_result_may_follow_a_clock_and_nothing_beside_it() {
    let finding = found(&clock(""), "clocks = true");
    assert_eq!(finding.outcome, Outcome::Passed, "{finding:?}");
    assert_eq!((number(&finding, "replayed"), number(&finding, "kept")), (128, 128));
    assert_eq!(finding.details["answered_alike"], true);
    // The clock hides the counter from whoever only compares results.
    let hidden = clock(&format!("{COUNTS} (local.set 0 (i32.add (local.get 0) (global.get $calls)))"));
    assert!(violated(&found(&hidden, "clocks = true")).ends_with("in one that was called before"));
    let late = clock(&format!(
        "{COUNTS} (if (i32.gt_u (global.get $calls) (i32.const 10000)) (then (local.set 0 (i32.const 1))))"
    ));
    assert!(violated(&found(&late, "clocks = true")).ends_with("times before"));
}

#[test]
fn where_an_instance_asks_only_at_first_nothing_is_compared_and_that_is_said() {
    let once = format!("(if (global.get $calls) (then (return (local.get 0)))) {COUNTS}");
    let finding = found(&clock(&once), "clocks = true");
    // The first call of each kept instance asks as a fresh one does; the others do not.
    assert_eq!((finding.outcome, number(&finding, "kept")), (Outcome::Passed, 64));
    assert!(number(&finding, "asked_otherwise") > 1000 && number(&finding, "compared") == 0);
}

#[test]
fn answers_that_are_the_same_must_give_the_same() {
    let called = |ended: Ended, fuel: u64| Called { fuel, ..Called::plain(ended, Written::default()) };
    let one = |fuel| called(Ended::Returned(Some(Value::U32(1))), fuel);
    let differs = |replayed: &Called| differ(&one(5), &one(5), Some(replayed), &Compared::Same);
    assert_eq!(differs(&one(5)), None);
    let (where_, got) = differs(&one(6)).unwrap();
    assert_eq!((where_, got.as_str()), ("in two fresh instances whose host answers alike", "5 fuel, then 6"));
    let (_, got) = differs(&called(Ended::Trapped("left its tape: at once".to_owned()), 5)).unwrap();
    assert_eq!(got, "1, then left its tape: at once");
}

#[test]
fn the_same_bytes_with_any_number_of_threads() {
    let number = contract("export f: func(n: u32) -> u32;", "[capabilities]\nclocks = true");
    for (artifact, outcome) in [
        (SAME.to_owned(), Outcome::Passed),
        (clock(""), Outcome::Passed),
        (STATE.to_owned(), Outcome::Failed),
        (counting(10_000, "(return (i32.const 0))"), Outcome::Failed),
    ] {
        let one = looked_at(&number, &artifact, 1);
        assert_eq!(one.outcome, outcome);
        for threads in [2, 8] {
            assert_eq!(looked_at(&number, &artifact, threads), one);
        }
    }
}
