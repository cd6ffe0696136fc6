//! What a contract notices, and what it does not.

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;

use super::*;

/// The larger of two numbers.
const LARGER: &str = r#"(module (func $larger (export "larger") (param $a u32) (param $b u32) (result u32)
    (if (i32.gt_u (local.get $a) (local.get $b)) (then (return (local.get $a)))) (local.get $b)))"#;

fn contract(rules: &str) -> Contract {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ export larger: \
         func(a: u32, b: u32) -> u32; }}\"\n{rules}"
    );
    Contract::parse(&text).unwrap()
}

fn found_with(contract: &Contract, artifact: &str, executions: u64, threads: usize) -> Finding {
    let challenge = Challenge(Digest::of(b"seed"));
    let artifact = artifact.replace("u32", "i32");
    let artifact = artifact.as_bytes();
    run(&Task::new(contract, artifact, challenge, executions, threads), &|_, _| {})
}

fn found(rules: &str) -> Finding {
    found_with(&contract(rules), LARGER, 200, 2)
}

const EXAMPLE: &str = "[[example]]\ncall = \"larger(2, 1)\"\nreturns = \"2\"\n";
/// An example on which it does not matter which of both is given.
const EQUAL: &str = "[[example]]\ncall = \"larger(2, 2)\"\nreturns = \"2\"\n";
const ONE_OF_THEM: &str = "[[property]]\nname = \"one\"\nof = \"larger\"\nensures = \"result == a || result == b\"\n";
const NOT_LESS: &str = "[[property]]\nname = \"not less\"\nof = \"larger\"\nensures = \"result >= a && result >= b\"\n";

#[test]
fn a_contract_that_says_all_notices_all_but_what_means_the_same() {
    let finding = found(&format!("{EXAMPLE}{ONE_OF_THEM}{NOT_LESS}"));
    // `>` became `>=`, everywhere and for some: where both are equal, either will do.
    assert_eq!((finding.outcome, finding.counts["survived"], finding.counts["undecided"]), (Outcome::Passed, 0, 2));
    assert!(finding.counts["mutants"] >= 5, "{:?}", finding.counts);
    assert_eq!(finding.details["undecided"][0]["change"], "`i32.gt_u` became `i32.ge_u`");
    assert_eq!(finding.details["undecided"][1]["change"], "`i32.gt_u` became `i32.ge_u`, for some inputs");
    assert_eq!(finding.details["undecided"][0]["function"], "larger");
}

#[test]
fn what_a_contract_does_not_notice_becomes_a_question() {
    let finding = found(&format!("{EQUAL}{ONE_OF_THEM}"));
    assert!(finding.counts["survived"] >= 1, "{:?}", finding.details);
    assert!(finding.counts["score"] < found(&format!("{EQUAL}{NOT_LESS}{ONE_OF_THEM}")).counts["score"]);
    let questions = finding.details["survivors"].as_array().unwrap();
    assert_eq!(questions.len() as u64, finding.counts["survived"]);
    let question = &questions[0];
    assert!(["larger(0, 1)", "larger(1, 0)"].contains(&question["call"].as_str().unwrap()), "{question}");
    assert_eq!((&question["artifact"], &question["mutant"]), (&"1".into(), &"0".into()));
}

#[test]
fn the_finding_is_the_same_with_any_number_of_threads() {
    let contract = contract(&format!("{EQUAL}{ONE_OF_THEM}"));
    let one = found_with(&contract, LARGER, 200, 1);
    for threads in [2, 3, 8, 64] {
        assert_eq!(found_with(&contract, LARGER, 200, threads), one);
    }
    // Fewer are some of them, and which, the challenge says.
    let some = found_with(&contract, LARGER, 4, 8);
    assert_eq!((some.counts["mutants"], &some), (4, &found_with(&contract, LARGER, 4, 1)));
}

#[test]
fn examples_alone_notice_nothing_where_nobody_looked() {
    let examples: String =
        (0..20).map(|a| format!("[[example]]\ncall = \"larger({a}, 10)\"\nreturns = \"{}\"\n", a.max(10))).collect();
    let finding = found(&examples);
    // Half of all mutants: what is wrong everywhere is noticed.
    assert!((30..=50).contains(&finding.counts["score"]), "{:?}", finding.details);
    let survivors = finding.details["survivors"].as_array().unwrap();
    assert!(survivors.iter().all(|one| one["change"].as_str().unwrap().ends_with("for some inputs")), "{survivors:?}");
    // What no input could have as a result beside the right one is noticed wherever it is wrong.
    let rich = found(&format!("{examples}{ONE_OF_THEM}{NOT_LESS}"));
    assert_eq!(rich.counts["survived"], 0, "{:?}", rich.details);
}

#[test]
fn an_error_that_keeps_how_calls_relate_is_not_noticed_by_that() {
    // Both orders have one result, and so has the mutant where it answers.
    let related = "[[property]]\nname = \"either order\"\nof = \"larger\"\nensures = \"larger(b, a) == result\"\n";
    let added = LARGER.replace(
        "(if (i32.gt_u (local.get $a) (local.get $b)) (then (return (local.get $a)))) (local.get $b)",
        "(i32.add (select (local.get $a) (local.get $b) (i32.gt_u (local.get $a) (local.get $b))) (i32.const 0))",
    );
    let finding = found_with(&contract(&format!("{EXAMPLE}{related}")), &added, 200, 2);
    let survivors = finding.details["survivors"].as_array().unwrap();
    let constant = "`i32.const 0` became `i32.const 1`, for some inputs";
    assert!(survivors.iter().any(|one| one["change"] == constant), "{:?}", finding.details);
}

#[test]
fn code_that_no_input_runs_is_left_out_and_counted() {
    let hidden = LARGER.replace("(if", "(if (i32.eq (local.get $a) (i32.const 3141592653)) (then (return (i32.mul (local.get $b) (i32.const 7777777))))) (if");
    let rules = format!("{EXAMPLE}{ONE_OF_THEM}");
    let finding = found_with(&contract(&rules), &hidden, 200, 2);
    assert!(finding.details["not_run"].as_u64().unwrap() >= 3, "{:?}", finding.details);
    assert!(!finding.details.to_string().contains("7777777"), "{:?}", finding.details);
}

#[test]
fn what_kills_a_mutant_is_told_apart() {
    let counts_down = r#"(module (func (export "larger") (param $a u32) (param $b u32) (result u32) (local $left u32)
        (local.set $left (i32.const 3))
        (loop $again
            (local.set $left (i32.sub (local.get $left) (i32.const 1)))
            (br_if $again (local.get $left)))
        (select (local.get $a) (local.get $b) (i32.gt_u (local.get $a) (local.get $b)))))"#;
    let rules = format!("{EQUAL}{ONE_OF_THEM}{NOT_LESS}[budget]\nfuel = 5_000_000\n");
    let finding = found_with(&contract(&rules), counts_down, 200, 2);
    let by = |name: &str| finding.details["killed_by"][name].as_u64().unwrap();
    assert!(by("example") >= 1 && by("property") >= 1, "{:?}", finding.details);
    assert_eq!(["example", "property", "reference"].map(by).iter().sum::<u64>(), finding.counts["killed"]);
    let by = |name: &str| finding.details["trapped_by"][name].as_u64().unwrap();
    assert!(by("fuel") >= 1, "{:?}", finding.details);
    assert_eq!(by("fuel") + by("trap"), finding.counts["trapped"]);
    let [all, trapped, killed] = ["mutants", "trapped", "killed"].map(|name| finding.counts[name]);
    assert_eq!(finding.counts["score"], 100 * killed / (all - trapped));
    let divides = r#"(module (func (export "larger") (param $a u32) (param $b u32) (result u32)
        (drop (i32.div_u (local.get $a) (i32.const 1)))
        (select (local.get $a) (local.get $b) (i32.gt_u (local.get $a) (local.get $b)))))"#;
    let finding = found_with(&contract(&rules), divides, 200, 2);
    assert!(finding.details["trapped_by"]["trap"].as_u64().unwrap() >= 1, "{:?}", finding.details);
}

#[test]
fn what_the_contract_says_nothing_about_is_no_question() {
    let weak =
        "[[property]]\nname = \"p\"\nof = \"larger\"\nrequires = \"a < b\"\nensures = \"result < 4294967295u\"\n";
    let finding = found(&format!("{EQUAL}{weak}").replace("4294967295u", "4294967295u || a < b"));
    let questions = finding.details["survivors"].as_array().unwrap();
    assert!(!questions.is_empty());
    for question in questions {
        let call = contract("").interface.parse_call(question["call"].as_str().unwrap()).unwrap();
        let [proofmark_contract::Value::U32(a), proofmark_contract::Value::U32(b)] = call.args[..] else { panic!() };
        assert!(a < b, "{question}");
    }
    // Where it is the larger that comes first, the mutants differ, and nobody asks.
    let strict = weak.replace("result < 4294967295u", "result == b");
    let finding = found(&format!("{EQUAL}{strict}"));
    assert_eq!((finding.counts["survived"], &finding.details["not_run"]), (0, &2.into()));
}

#[test]
fn what_calls_an_export_in_a_property_is_judged_with_the_mutant() {
    // The code that gives the first number back is run by the property's call alone.
    let rules =
        "[[property]]\nname = \"same\"\nof = \"larger\"\nrequires = \"a < b\"\nensures = \"larger(b, a) == result\"\n";
    let finding = found(rules);
    let by = &finding.details["killed_by"];
    assert!(by["property"].as_u64().unwrap() >= 1, "{:?}", finding.details);
}

#[test]
fn an_artifact_that_does_not_keep_the_contract_is_no_measure() {
    let swapped = LARGER.replace("gt_u", "lt_u");
    let why = |rules: &str, artifact: &str, executions| {
        let finding = found_with(&contract(rules), artifact, executions, 2);
        assert_eq!((finding.outcome, finding.counts["score"], finding.counts["mutants"]), (Outcome::Unknown, 0, 0));
        finding.reason.unwrap()
    };
    assert!(why(EXAMPLE, &swapped, 9).contains("what example 1 shows"));
    assert!(why(&format!("{NOT_LESS}held_out = true\n"), &swapped, 9).contains("violates a property of `larger`"));
    assert!(why(NOT_LESS, &LARGER.replace("(local.get $b)))", "unreachable))"), 9).contains("traps in `larger`"));
    assert!(why(NOT_LESS, "(module)", 9).contains("can't be called"));
    assert!(why(NOT_LESS, LARGER, 0).contains("no number of mutants"));
}

#[test]
fn a_large_artifact_has_fewer_mutants() {
    let sizes = [0, 20 << 10, 600 << 10, 1 << 20, 8 << 20, 64 << 20];
    assert_eq!(sizes.map(|bytes| wanted(200, bytes)), [200, 200, 200, 128, 16, 16]);
    assert_eq!((wanted(7, 8 << 20), wanted(u64::MAX, 1)), (7, 10_000));
}

#[test]
fn native_code_has_no_mutants() {
    let text = "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface.process]\narguments = \"list<string>\"\nstdout = \"string\"\n";
    let contract = Contract::parse(text).unwrap();
    let finding = found_with(&contract, "\x7fELF", 200, 2);
    assert_eq!((finding.outcome, finding.reason.as_deref()), (Outcome::Unknown, Some("no mutants of native code")));
}
