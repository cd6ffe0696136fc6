//! Would the contract have noticed? A thin one is told from a rich one on the same artifact, its questions are answered into
//! it, and then it catches what it did not.

use std::io::Write as _;
use std::process::Stdio;

use proofmark_mark::digest::Digest;
use serde_json::Value;

use crate::place::{Place, Ran, example, labels};

/// A policy that only measures.
const MEASURED: &str = r#"
@id("measured")
@autonomy("assisted")
@plan("inspect examples properties:640 strength:120")
permit (principal, action in [Action::"mark", Action::"run"], resource)
when { context.autonomy == "assisted" };

@id("examples-hold")
@needs("every example")
forbid (principal, action, resource)
unless { resource.evidence has examples && resource.evidence.examples.outcome == "passed" };
"#;

fn place() -> Place {
    let place = Place::new();
    let mut trust = String::from_utf8(place.read(".proofmark/trust.toml")).unwrap();
    place.write(".proofmark/policies/measured.cedar", MEASURED);
    trust.push_str(&format!("\n[[policy]]\nname = \"measured\"\nsha256 = \"{}\"\n", Digest::of(MEASURED.as_bytes())));
    place.write(".proofmark/trust.toml", trust);
    place
}

fn check(place: &Place, contract: &str, artifact: &str) -> Ran {
    place.run(&["--format", "json", "check", contract, artifact, "--policy", "measured"])
}

/// What `strength` counted.
fn counts(ran: &Ran) -> Value {
    let report = ran.json();
    let strength = report["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "strength").unwrap();
    assert_eq!(strength["outcome"], "passed", "{strength}");
    assert!(strength.get("details").is_none(), "a generator may read the report");
    strength["counts"].clone()
}

/// Two examples that say little, and a property that says less.
const THIN: &str = r#"# What we agreed on the phone.
contract = 1
name = "larger"
intent = "The larger of two numbers."

[interface]
wit = """
package example:larger;
world larger { export larger: func(a: u32, b: u32) -> u32; }
"""

[[example]]
call = "larger(0, 0)"
returns = "0"

[[example]]
call = "larger(7, 7)"
returns = "7"

[[property]]
name = "one of them"
of = "larger"
ensures = "result == a || result == b" # more later
"#;

const LARGER: &str = r#"(module (func $larger (export "larger") (param $a i32) (param $b i32) (result i32)
    (if (i32.gt_u (local.get $a) (local.get $b)) (then (return (local.get $a)))) (local.get $b)))"#;

pub fn larger() -> Place {
    let place = place();
    place.write("contract.toml", THIN).write("larger.wat", LARGER).write("smaller.wat", LARGER.replace("gt_u", "lt_u"));
    place
}

fn sharpen(place: &Place, answers: &str) -> Ran {
    place.write("answers", answers);
    place.run(&["contract", "sharpen", "contract.toml", "larger.wat", "--answers", "answers"])
}

fn contract(place: &Place) -> String {
    String::from_utf8(place.read("contract.toml")).unwrap()
}

#[test]
fn an_answer_catches_the_wrong_artifact_that_a_thin_contract_let_pass() {
    let place = larger();
    let before = counts(&check(&place, "contract.toml", "larger.wat").exits(0));
    assert!(before["survived"].as_u64().unwrap() >= 1, "{before}");
    check(&place, "contract.toml", "smaller.wat").exits(0);

    let listed = place.run(&["--format", "json", "contract", "sharpen", "contract.toml", "larger.wat"]).exits(0).json();
    let question = listed["questions"][0].clone();
    assert_eq!(
        (&question["artifact"], &question["mutant"], &question["function"]),
        (&"1".into(), &"0".into(), &"larger".into())
    );
    assert_eq!(contract(&place), THIN, "nothing is written that was not answered");

    let asked = sharpen(&place, "a\n").exits(0).says("for larger(").says("you accept").says("Which is right?");
    asked.says("1 example to contract.toml");
    let (call, added) = (question["call"].as_str().unwrap(), contract(&place));
    assert_eq!(added, format!("{THIN}\n[[example]]\ncall = '{call}'\nreturns = '1'\n"));
    check(&place, "contract.toml", "smaller.wat").exits(1).says("\"passed\":2");
    let after = counts(&check(&place, "contract.toml", "larger.wat").exits(0));
    assert!(after["score"].as_u64() > before["score"].as_u64(), "{before} {after}");
    // Each call is asked about once.
    let again = place.run(&["--format", "json", "contract", "sharpen", "contract.toml", "larger.wat"]).exits(0).json();
    assert!(again["questions"].as_array().unwrap().iter().all(|one| one["call"] != call), "{again}");
}

#[test]
fn only_an_answer_that_the_contract_can_carry_is_written() {
    let place = larger();
    let wrong = [
        ("maybe\n", "`maybe` is no answer"),
        ("= -1\n", "no result of this call"),
        ("c", "`either`"),
        ("= 9\n", "no artifact can meet both"),
    ];
    for (answers, said) in wrong {
        sharpen(&place, answers).exits(2).says(said);
        assert_eq!(contract(&place), THIN);
    }
    for answers in ["", "either\n", "skip\n", "\n", "quit\n"] {
        sharpen(&place, answers).exits(0).says("contract.toml is as it was");
        assert_eq!(contract(&place), THIN);
    }
    // The artifact is not always right.
    sharpen(&place, "= 0\n").exits(0).says("the artifact does not do what 1 of them show");
    assert!(contract(&place).ends_with("returns = '0'\n"));
    check(&place, "contract.toml", "larger.wat").exits(1);
    sharpen(&place, "a\n").exits(3).says("the artifact itself does not do what example 3 shows");
}

#[test]
fn a_person_answers_on_standard_input() {
    let place = larger();
    let mut command = place.command();
    command.args(["contract", "sharpen", "contract.toml", "larger.wat"]);
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(b"first\nquit\n").unwrap();
    Ran::of(&child.wait_with_output().unwrap()).exits(0).says("next       proofmark check contract.toml larger.wat");
    assert_ne!(contract(&place), THIN);
}

/// Two examples and a property that most wrong programs keep.
fn thin(rich: &str) -> String {
    let start = rich.split("[[example]]").next().unwrap();
    format!(
        "{start}[[example]]\ncall = 'count-words(\"\")'\nreturns = \"0\"\n[[example]]\ncall = 'count-words(\"one\")'\n\
         returns = \"1\"\n[[property]]\nname = \"not many\"\nof = \"count-words\"\nensures = \"result < 1000000u\"\n"
    )
}

#[test]
fn a_rich_contract_notices_what_a_thin_one_does_not() {
    let place = place();
    let (name, _) = labels("count-words").into_iter().find(|(_, correct)| *correct).unwrap();
    let artifact = std::fs::read(example(&format!("count-words/candidates/{name}/artifact.wasm"))).unwrap();
    let rich = std::fs::read_to_string(example("count-words/contract.toml")).unwrap();
    place.write("words.wasm", artifact).write("contract.toml", thin(&rich)).write("rich.toml", rich);
    let count = |contract: &str| counts(&check(&place, contract, "words.wasm").exits(0));
    let (thin, rich) = (count("contract.toml"), count("rich.toml"));
    let score = |counts: &Value| counts["score"].as_u64().unwrap();
    assert!(score(&rich) >= 85 && score(&thin) + 15 <= score(&rich), "{thin} {rich}");
    assert!(rich["survived"] == 0 && thin["survived"].as_u64().unwrap() >= 10, "{thin} {rich}");
    // Nobody wrote a property: a few answers do nearly as well.
    place.write("answers", "a\n".repeat(20));
    place.run(&["contract", "sharpen", "contract.toml", "words.wasm", "--answers", "answers"]).exits(0);
    let sharper = count("contract.toml");
    assert!(score(&sharper) >= score(&thin) + 15, "{thin} {sharper}");
}

#[test]
fn the_evidence_is_the_same_bytes_with_any_number_of_threads() {
    let place = larger();
    place.run(&["check", "contract.toml", "larger.wat", "--policy", "measured", "--threads", "1"]).exits(0);
    for threads in ["1", "2", "8"] {
        let verify = ["verify", "larger.wat.mark", "larger.wat", "--replay", "--threads", threads];
        place.run(&verify).exits(0).says("strength: the same bytes");
    }
}

#[test]
fn an_autonomous_mark_needs_a_contract_that_would_have_noticed() {
    let place = larger();
    let held_out =
        "[[property]]\nname = \"hidden\"\nof = \"larger\"\nensures = \"result <= 4294967295u\"\nheld_out = true\n";
    place.write("contract.toml", format!("{THIN}\n{held_out}"));
    let check = ["check", "contract.toml", "larger.wat", "--policy", "autonomous"];
    let refused = place.run(&check).exits(1);
    refused.says("contract-strong").says("proofmark contract sharpen").says("would have been noticed");
    place.write("answers", "a\na\na\na\na\na\n");
    place.run(&["contract", "sharpen", "contract.toml", "larger.wat", "--answers", "answers"]).exits(0);
    // Examples say nothing of what nobody looked at; a property does.
    place.run(&check).exits(1).says("contract-strong").says("say in a [[property]]");
    let not_less = "[[property]]\nname = \"not less\"\nof = \"larger\"\nensures = \"result >= a && result >= b\"\n";
    place.write("contract.toml", format!("{}\n{not_less}", contract(&place)));
    place.run(&check).exits(0).says("marked");
}
