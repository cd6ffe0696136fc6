//! Screens at 80 columns, as a person reads them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use anstream::adapter::strip_str;
use jiff::Timestamp;
use proofmark_contract::Contract;
use proofmark_governor::govern::{Asked, Checked};
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::policy::Policy;
use proofmark_mark::submission::{PolicyRef, Submission};
use proofmark_mark::verdict::{Grant, OnDeparture};
use serde_json::json;

use super::*;
use crate::cli::{Cli, Command};
use crate::commands::sharpen;

const CONTRACT: &str = r#"
contract = 1
name = "larger"
intent = """
The larger of two numbers, whichever comes first; of two that are
the same, that number."""
[interface]
wit = "package example:larger; world larger { export larger: func(a: u32, b: u32) -> u32; }"
[[example]]
call = "larger(0, 7)"
returns = "7"
[[property]]
name = "one of them"
of = "larger"
ensures = "result == a || result == b"
"#;

fn evidence(check: &str, outcome: Outcome, counts: &[(&str, u64)]) -> Evidence {
    Evidence {
        check: check.to_owned(),
        contract: Digest([1; 32]),
        challenge: Challenge(Digest([2; 32])),
        attempt: 1,
        outcome,
        reason: None,
        counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        counterexamples: Vec::new(),
        details: json!({}),
    }
}

fn inspect() -> Evidence {
    evidence("inspect", Outcome::Passed, &[("imports", 0), ("functions", 1), ("bytes", 1091)])
}

fn counterexample(property: &str, call: &str, got: &str, violated: &str) -> Counterexample {
    let [property, call, got, violated] = [property, call, got, violated].map(str::to_owned);
    Counterexample { property, call, violated, got, held_out: false }
}

/// The screen of a refusal with this evidence and these rules that are not met.
fn shown(evidence: Vec<Evidence>, unmet: &[(&str, &str, &str)], width: Option<usize>) -> String {
    use clap::Parser as _;
    let cli = Cli::parse_from(["proofmark", "check", "contract.toml", "larger.wasm"]);
    let Command::Check(arguments) = &cli.command else { panic!() };
    let contract = Contract::parse(CONTRACT).unwrap();
    let text =
        std::fs::read_to_string(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../policies/supervised.cedar")).unwrap();
    let policy = Policy::parse(&text).unwrap();
    let asked = Asked {
        contract: &contract,
        contract_text: CONTRACT,
        artifact: &[0; 1091],
        policy: &policy,
        policy_text: &text,
        policy_name: "supervised",
        generator: "a small model",
        approvals: BTreeSet::new(),
        valid_for: jiff::SignedDuration::from_hours(24),
    };
    let questions: Vec<_> = evidence.iter().flat_map(|evidence| sharpen::questions(&contract, evidence)).collect();
    let rule = |(rule, needs, evidence): &(&str, &str, &str)| Unmet {
        rule: (*rule).to_owned(),
        needs: (*needs).to_owned(),
        evidence: Some((*evidence).to_owned()),
        next: Some("look at the reason above".to_owned()),
    };
    let checked = Checked {
        artifact: Digest([3; 32]),
        submission: Submission {
            contract: contract.digest,
            generator: "a small model".to_owned(),
            attempt: 2,
            autonomy: policy.autonomy(),
            capabilities: BTreeSet::new(),
            approvals: BTreeSet::new(),
            plan: policy.plan().clone(),
            policy: PolicyRef { name: "supervised".to_owned(), digest: policy.digest() },
        },
        evidence,
        withheld: BTreeMap::new(),
        grant: Grant {
            autonomy: policy.autonomy(),
            capabilities: BTreeSet::new(),
            expires: Timestamp::UNIX_EPOCH,
            on_departure: OnDeparture::Flag,
        },
        result: Err(unmet.iter().map(rule).collect()),
        log_size: 9,
    };
    let mark = PathBuf::from("larger.wasm.mark");
    let report = Report { asked: &asked, checked: &checked, arguments, mark: &mark, questions: &questions, width };
    strip_str(&screen(&report)).to_string()
}

#[test]
fn what_fails_is_shown_with_the_calls_that_show_it() {
    let mut examples = evidence("examples", Outcome::Failed, &[("total", 1), ("passed", 0)]);
    examples.counterexamples.push(counterexample("example 1", "larger(0, 7)", "0", "7"));
    let mut properties =
        evidence("properties", Outcome::Failed, &[("properties", 2), ("held_out", 1), ("executions", 1)]);
    let long = format!("trap: {}", "out of bounds ".repeat(40));
    properties.counterexamples = vec![
        counterexample("no traps", "larger(4294967295, 1)", &long, "every call returns"),
        Counterexample { held_out: true, ..counterexample("0f0f", "", "", "") },
        counterexample("one of them", "larger(3, 5)", "4\u{1b}[2J", "result == a || result == b"),
    ];
    let unmet = [
        ("examples-hold", "every example of the contract as shown, and at least one example", "examples"),
        ("properties-hold", "no property violated in at least 10,000 executions", "properties"),
    ];
    let screen = shown(vec![inspect(), examples, properties], &unmet, Some(80));
    let too_wide = |line: &&str| line.chars().count() > 80 && !line.starts_with("    got");
    assert_eq!(screen.lines().find(too_wide), None);
    assert!(screen.starts_with("refused     larger: examples and properties failed\n"), "{screen}");
    let example = "counterexample of examples, example 1\n    larger(0, 7)\n    got       0\n    expected  7\n";
    assert!(screen.contains(example) && screen.contains("… (") && screen.contains("withheld"), "{screen}");
    assert!(screen.contains("\nand 1 more: --format json has them all\n") && !screen.contains('\u{1b}'), "{screen}");
    assert!(screen.ends_with("next        proofmark call contract.toml larger.wasm 'larger(0, 7)'\n"), "{screen}");
}

#[test]
fn what_could_not_decide_says_why_once_and_what_is_asked_of_the_owner_is_asked() {
    let why = "the artifact can't be called: it imports `wasi:random/random.get-random-bytes`, which was not granted";
    let mut strength = evidence(
        "strength",
        Outcome::Passed,
        &[("mutants", 120), ("killed", 66), ("survived", 2), ("undecided", 52), ("score", 55)],
    );
    let survivor = |call: &str, artifact: &str, mutant: &str| json!({ "call": call, "artifact": artifact, "mutant": mutant, "function": "larger", "offset": 52, "change": "a" });
    let survivors = [survivor("larger(1000, 1)", "1000", "1"), survivor("larger(1, 0)", "1", "0")];
    strength.details = json!({ "survivors": survivors });
    let unknown = |check: &str| Evidence { reason: Some(why.to_owned()), ..evidence(check, Outcome::Unknown, &[]) };
    let all = vec![inspect(), unknown("examples"), unknown("properties"), strength];
    insta::assert_snapshot!(shown(all, &[("examples-hold", "every example as shown", "examples")], Some(80)));
}

#[test]
fn comparisons_that_no_input_met_are_named() {
    let counts = [("properties", 2), ("executions", 65_536), ("missed", 3)];
    let mut properties = evidence("properties", Outcome::Passed, &counts);
    properties.details = json!({ "missed_in": ["unlock", "function 7", "unlock"] });
    let screen = shown(vec![inspect(), properties], &[("comparisons-met", "no such", "properties")], Some(80));
    let named = "3 comparisons, as with a hash, that no input met: in `function\n               7`, `unlock`\n";
    assert!(screen.contains(named), "{screen}");
}

#[test]
fn elsewhere_than_on_a_terminal_each_thing_has_one_line() {
    let mut examples = evidence("examples", Outcome::Failed, &[("total", 1), ("passed", 0)]);
    let long = format!("[{}1]", "1, ".repeat(300));
    examples.counterexamples.push(counterexample("example 1", "larger(0, 7)", &long, "7"));
    let screen = shown(vec![inspect(), examples], &[], None);
    assert!(screen.lines().any(|line| line == format!("    got       {long}")), "{screen}");
    let intent = "asked       The larger of two numbers, whichever comes first; of two that are the same, that number.";
    assert_eq!(screen.lines().nth(1), Some(intent));
}

#[test]
fn lines_break_at_spaces_and_long_words_stay_whole() {
    assert_eq!(wrapped("", 4), [""]);
    assert_eq!(wrapped("a bc def ghijkl m", 4), ["a bc", "def", "ghijkl", "m"]);
    assert_eq!(wrapped("a bc", usize::MAX), ["a bc"]);
    assert_eq!(wrapped("äö üß", 5), ["äö üß"]);
}

#[test]
fn names_are_listed_as_people_do() {
    assert_eq!([listed(&["a"]), listed(&["a", "b"]), listed(&["a", "b", "c"])], ["a", "a and b", "a, b and c"]);
}
