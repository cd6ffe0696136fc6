//! What checks find, and the false step that it is.

use std::collections::BTreeMap;
use std::convert::Infallible;

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::Counterexample;
use serde_json::json;

use super::*;
use crate::checks::{self, Task};

const PLAN: [&str; 4] = ["inspect", "examples", "properties", "determinism"];

fn contract(more: &str) -> Contract {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ export f: func(n: \
         u32) -> u32; }}\"\n[[example]]\ncall = \"f(4)\"\nreturns = \"4\"\n[[property]]\nname = \"itself\"\nof = \
         \"f\"\nensures = \"result == n\"\n{more}"
    );
    Contract::parse(&text).unwrap()
}

/// What the checks themselves find of a module whose `f` has this body.
fn step(module: &str, more: &str) -> Step {
    let contract = contract(more);
    let challenge = Challenge(Digest::of(b"seed"));
    let artifact = module.as_bytes();
    let evidence = PLAN.iter().map(|check| {
        let task = Task::new(&contract, artifact, challenge, 128, 2);
        Ok::<_, Infallible>(checks::run(check, &task, &|_, _| {}).unwrap().evidence)
    });
    Step::of_evidence(evidence).unwrap()
}

fn body(instructions: &str) -> String {
    format!(r#"(module (memory 1) (func (export "f") (param $n i32) (result i32) {instructions} (local.get $n)))"#)
}

#[test]
fn what_checks_find_has_a_kind() {
    let rarely = "(if (i32.gt_u (local.get $n) (i32.const 1000)) (then";
    let cases = [
        (body(""), "", Step::Refused),
        ("(module".to_owned(), "", Step::DoesNotFit),
        (r#"(module (func (export "f")))"#.to_owned(), "", Step::DoesNotFit),
        (r#"(module (import "env" "system" (func)) (func (export "f")))"#.to_owned(), "", Step::DoesNotFit),
        (body("(unreachable)"), "", Step::Traps),
        (body(&format!("{rarely} (unreachable)))")), "", Step::Traps),
        (body("(loop $ever (br $ever))"), "", Step::Slow),
        (body(&format!("{rarely} (loop $ever (br $ever))))")), "", Step::Slow),
        (body("(call 0 (local.get $n)) (drop)"), "", Step::OverBudget),
        (body("(local.set $n (i32.const 1))"), "", Step::Wrong),
        (body(&format!("{rarely} (local.set $n (i32.const 1))))")), "", Step::Wrong),
        // Enough fuel for each call, and not for all of them: what was seen is right, and too little.
        (
            body(
                "(local $left i32) (local.set $left (i32.const 100)) (loop $on (br_if $on (local.tee $left (i32.sub (local.get $left) (i32.const 1)))))",
            ),
            "[budget]\ntotal_fuel = 10000\n",
            Step::Slow,
        ),
    ];
    for (module, more, wanted) in cases {
        assert_eq!(step(&module, more), wanted, "{module}");
    }
}

#[test]
fn what_is_asked_for_is_told_from_what_does_not_fit() {
    let granted = std::collections::BTreeSet::new();
    for import in ["wasi:cli/stdin@0.2.0", "wasi:sockets/tcp@0.2.0", "env.system"] {
        let missing = proofmark_run::imports::not_granted([import], &granted).next().unwrap();
        assert_eq!(unfit(&missing.to_string()), Step::AsksForCapabilities, "{missing}");
    }
    for asks in [
        "it loads `libc.so.6`, which `libraries` of the contract does not name",
        "its segment 2 is writable and executable, which needs `generate_code`",
        "its code is relocated while it is loaded, which needs `generate_code`",
    ] {
        assert_eq!(unfit(asks), Step::AsksForCapabilities, "{asks}");
    }
    for misfit in ["", "it is a shared library, not an executable", "there is no export `import `"] {
        assert_eq!(unfit(misfit), Step::DoesNotFit, "{misfit}");
    }
}

fn evidence(check: &str, outcome: Outcome, got: Option<(&str, &str)>) -> Evidence {
    let counterexample = |(property, got): (&str, &str)| Counterexample {
        property: property.to_owned(),
        call: "f(1)".to_owned(),
        violated: "every call returns".to_owned(),
        got: got.to_owned(),
        held_out: false,
    };
    Evidence {
        check: check.to_owned(),
        contract: Digest([1; 32]),
        challenge: Challenge(Digest([2; 32])),
        attempt: 1,
        outcome,
        reason: (outcome != Outcome::Passed).then(|| "why".to_owned()),
        counts: BTreeMap::new(),
        counterexamples: got.map(counterexample).into_iter().collect(),
        details: json!({}),
    }
}

#[test]
fn every_counterexample_has_a_kind() {
    use Outcome::{Failed, Passed, Unknown};
    for (check, property, got, wanted) in [
        ("properties", "no traps", "trap: unreachable", Step::Traps),
        ("properties", "no traps", "export `f` is not a function", Step::Traps),
        ("properties", "no traps", "exceeded the fuel budget of 5", Step::Slow),
        ("properties", "no traps", "while it was instantiated: exceeded the fuel budget of 5", Step::Slow),
        ("properties", "no traps", "exceeded the memory budget of 65536 bytes", Step::OverBudget),
        ("properties", "no traps", "exceeded the stack budget of 4096 bytes", Step::OverBudget),
        ("properties", "no traps", "wrote more than 100 bytes to standard output", Step::OverBudget),
        ("properties", "no traps", "made more than 5 entries in the trees that it was given", Step::OverBudget),
        ("properties", "no traps", "it exited with status 1 instead of returning", Step::Traps),
        ("examples", "example 1", "ended by signal 11", Step::Traps),
        ("examples", "example 1", "trap: unreachable", Step::Traps),
        ("examples", "example 1", "exceeded the fuel budget of 5", Step::Slow),
        ("examples", "example 1", "\"trap: unreachable\"", Step::Wrong),
        ("examples", "example 1", "trap(1)", Step::Wrong),
        ("properties", "itself", "7", Step::Wrong),
        ("reference", "reference", "7", Step::Wrong),
        ("reference", "reference", "exceeded the fuel budget of 5", Step::Slow),
        ("determinism", "determinism", "trap: unreachable, then 7", Step::NotDeterministic),
        ("interference", "interference", "trap: unreachable, but 7", Step::Leaks),
    ] {
        let found = [evidence("inspect", Passed, None), evidence(check, Failed, Some((property, got)))];
        assert_eq!(Step::of_evidence(found.map(Ok::<_, Infallible>)), Ok(wanted), "{property}: {got}");
    }
    let of = |list: &[Evidence]| Step::of_evidence(list.iter().cloned().map(Ok::<_, Infallible>)).unwrap();
    let (passed, unknown) = (evidence("inspect", Passed, None), evidence("examples", Unknown, None));
    assert_eq!(of(&[]), Step::Refused);
    assert_eq!(of(std::slice::from_ref(&passed)), Step::Refused);
    assert_eq!(of(&[passed.clone(), unknown.clone()]), Step::Unknown);
    // What failed counts before what was not decided, and a check that tells nothing of behaviour leaves it to the policy.
    assert_eq!(of(&[unknown.clone(), evidence("determinism", Failed, None)]), Step::NotDeterministic);
    assert_eq!(of(&[passed.clone(), evidence("strength", Failed, None)]), Step::Refused);
    let mut starved = evidence("properties", Passed, None);
    starved.details = json!({ "functions": [{ "shards_out_of_fuel": 0 }, { "shards_out_of_fuel": 3 }] });
    assert_eq!(of(&[passed.clone(), starved.clone()]), Step::Slow);
    assert_eq!(of(&[starved, unknown]), Step::Unknown);
}

#[test]
fn no_more_evidence_is_read_than_is_needed() {
    let list = [Ok(evidence("inspect", Outcome::Failed, None)), Err("unreadable")];
    assert_eq!(Step::of_evidence(list), Ok(Step::DoesNotFit));
    let list = [Err("unreadable"), Ok(evidence("inspect", Outcome::Failed, None))];
    assert_eq!(Step::of_evidence(list), Err("unreadable"));
}
