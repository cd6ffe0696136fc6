//! References: artifacts that do what a trusted component does, and ones that do not, by the real command; and everything that
//! may be wrong with the component itself.

use proofmark_mark::digest::Digest;

use crate::place::{DOUBLE, Place, doubling};

/// A policy that asks for the examples and so many calls with the reference: what is tried here is one check.
const CALLS: u32 = 2048;

fn policy() -> String {
    format!(
        r#"
@id("calls")
@autonomy("assisted")
@plan("inspect examples reference:{CALLS} strength:16")
permit (principal, action in [Action::"mark", Action::"run"], resource)
when {{ context.autonomy == "assisted" }};

@id("as-reference")
@needs("the reference's results")
forbid (principal, action, resource)
unless {{
  resource.evidence has reference &&
  resource.evidence.reference.outcome == "passed" &&
  resource.evidence.reference.executions == {CALLS}
}};
"#
    )
}

/// What was there before: it doubles by adding, and traps for a number that is beyond what it was made for.
const LEGACY: &str = r#"(module (func (export "double") (param $n i32) (result i64)
    (if (i32.gt_u (local.get $n) (i32.const 0xfffffff0)) (then unreachable))
    (i64.add (i64.extend_i32_u (local.get $n)) (i64.extend_i32_u (local.get $n)))))"#;

fn contract(reference: &str) -> String {
    format!("{}\n[reference]\n{reference}\n", DOUBLE.split("[[property]]").next().unwrap())
}

const BESIDE: &str = "component = \"legacy.wat\"";

/// A place with the policy, the contract and what was there before.
fn place(contract: &str) -> Place {
    let place = Place::new();
    let text = policy();
    let mut trust = String::from_utf8(place.read(".proofmark/trust.toml")).unwrap();
    trust.push_str(&format!("\n[[policy]]\nname = \"calls\"\nsha256 = \"{}\"\n", Digest::of(text.as_bytes())));
    place.write(".proofmark/policies/calls.cedar", text).write(".proofmark/trust.toml", trust);
    place.write("contract.toml", contract).write("legacy.wat", LEGACY);
    place
}

const CHECK: [&str; 5] = ["check", "contract.toml", "artifact.wasm", "--policy", "calls"];

fn evidence(place: &Place) -> serde_json::Value {
    let ran = place.run(&[&["--format", "json"], &CHECK[..]].concat());
    let found = ran.json();
    found["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "reference").unwrap().clone()
}

#[test]
fn what_does_as_the_reference_is_marked_and_replays_anywhere() {
    let place = place(&contract(BESIDE));
    place.write("artifact.wasm", doubling(""));
    place.run(&CHECK).exits(0).says("2,048 calls compared with the reference");
    // The mark names the reference by its digest, and by nothing of this place.
    let mark = String::from_utf8(place.read("artifact.wasm.mark")).unwrap();
    let digest = Digest::of(LEGACY.as_bytes());
    assert!(mark.contains(&digest.to_string()) && !mark.contains("legacy.wat"), "{mark}");
    let verify = |more: &[&str]| place.run(&[&["verify", "artifact.wasm.mark", "artifact.wasm"], more].concat());
    // The home keeps it, wherever the file has gone.
    std::fs::remove_file(place.path("legacy.wat")).unwrap();
    for threads in ["1", "2", "8"] {
        let ran = verify(&["--replay", "--threads", threads]).exits(0);
        ran.says("reference: the same bytes").says("strength: the same bytes");
    }
    // Somebody else has the mark, the artifact and the roots of trust.
    place.write("trust.toml", place.read(".proofmark/trust.toml")).write("elsewhere.wat", LEGACY);
    let elsewhere = ["--replay", "--home", "nowhere", "--trust", "trust.toml"];
    let ran = verify(&elsewhere).exits(3).says("reference: can't be run again here").says("--reference FILE");
    ran.says("examples: the same bytes");
    verify(&[&elsewhere[..], &["--reference", "elsewhere.wat"]].concat()).exits(0).says("reference: the same bytes");
    verify(&[&elsewhere[..], &["--reference", "artifact.wasm"]].concat()).exits(2).says("the contract means");
}

#[test]
fn what_differs_behind_a_magic_number_is_refused_with_a_call_that_shows_it() {
    let place = place(&contract(BESIDE));
    place.write(
        "artifact.wasm",
        doubling("(if (i32.eq (local.get $n) (i32.const 0x5eed1234)) (then (return (i64.const 1))))"),
    );
    let ran = place.run(&CHECK).exits(1);
    ran.says("double(1592594996)").says("the reference returns 3185189992");
    let found = evidence(&place);
    assert_eq!(found["reason"], "`double(1592594996)` gives another result than the reference");
    assert_eq!((&found["outcome"], &found["counts"]["differences"]), (&"failed".into(), &1.into()));
    assert_eq!(found["counterexamples"][0]["got"], "1");
    let call = found["counterexamples"][0]["call"].as_str().unwrap();
    let said = |artifact| place.run(&["call", "contract.toml", artifact, call]).exits(0).stdout.trim().to_owned();
    assert_eq!((said("artifact.wasm").as_str(), said("legacy.wat").as_str()), ("1", "3185189992"));
    // That call comes first for what comes next, which is wrong there by arithmetic.
    let there = 0x5eed_1234_u32.wrapping_mul(0x9e37_79b1);
    let wrong = format!(
        "(local.set $n (i32.add (local.get $n) (i32.eqz (i32.sub (i32.mul (local.get $n) (i32.const 0x9e3779b1)) \
         (i32.const {there})))))"
    );
    place.write("artifact.wasm", doubling(&wrong));
    let found = evidence(&place);
    assert_eq!(found["counterexamples"][0]["call"], call);
    assert_eq!((&found["outcome"], &found["counts"]["executions"]), (&"failed".into(), &0.into()));
}

#[test]
fn where_the_reference_never_returns_nothing_is_known() {
    for never in ["unreachable", "(loop $on (br $on))"] {
        let place = place(&format!("{}\n[budget]\nfuel = 20000\ntotal_fuel = 100000000\n", contract(BESIDE)));
        place.write("artifact.wasm", doubling("")).write("legacy.wat", doubling(never));
        place.run(&CHECK).exits(3).says("vacuous: ").says("the reference does not return");
        assert_eq!(evidence(&place)["counts"]["executions"], 0);
    }
}

#[test]
fn a_reference_that_can_not_be_called_is_an_error_before_anything_is_recorded() {
    let place = place(&contract(BESIDE));
    place.write("artifact.wasm", doubling(""));
    let checkpoint = || place.read(".proofmark/log/checkpoint");
    let before = checkpoint();
    for (reference, says) in [
        (doubling("").replace("(result i64)", "(result i64 i64)"), "the contract's reference can't be called"),
        (doubling("").replace("\"double\"", "\"triple\""), "double"),
        ("(module (import \"a\" \"b\" (func)))".to_owned(), "the contract's reference can't be called"),
        ("no module".to_owned(), "not WebAssembly"),
    ] {
        place.write("legacy.wat", reference);
        place.run(&CHECK).exits(2).says(says);
    }
    assert_eq!(checkpoint(), before);
}

#[test]
fn a_reference_that_is_gone_or_another_is_an_error_with_its_place() {
    let place = place(&contract("component = \"gone.wasm\""));
    place.write("artifact.wasm", doubling(""));
    place.run(&CHECK).exits(2).says("the reference `gone.wasm` can't be read").says("contract.toml:18:13");
    let pinned = |digest: &Digest| contract(&format!("{BESIDE}\nsha256 = \"{digest}\""));
    place.write("contract.toml", pinned(&Digest::of(b"another")));
    place.run(&CHECK).exits(2).says("is not the one that the contract means").says("contract.toml:19:10");
    let digest = Digest::of(LEGACY.as_bytes());
    // Without the file, whoever names the digest needs a home that has it.
    place.write("contract.toml", contract(&format!("sha256 = \"{digest}\"")));
    place.run(&CHECK).exits(2).says(&format!("the contract's reference {digest} is not here"));
    place.write("contract.toml", pinned(&digest));
    place.run(&CHECK).exits(0);
    place.write("contract.toml", contract(&format!("sha256 = \"{digest}\"")));
    place.run(&CHECK).exits(0);
    place.write("contract.toml", contract("sha256 = \"abc\""));
    place.run(&CHECK).exits(2).says("is no digest");
}

#[test]
fn a_contract_that_is_sealed_keeps_its_reference() {
    let held_out =
        "[[property]]\nname = \"planted\"\nof = \"double\"\nensures = \"result % 2u == 0u\"\nheld_out = true\n";
    let place = place(&format!("{}{held_out}", contract(BESIDE)));
    place.write("artifact.wasm", doubling(""));
    place.run(&CHECK).exits(0).says("2,048 calls compared with the reference");
    place
        .run(&["verify", "artifact.wasm.mark", "artifact.wasm", "--replay"])
        .exits(0)
        .says("reference: the same bytes");
}

#[test]
fn supervised_asks_for_it() {
    let place = place(&format!("{DOUBLE}\n[reference]\n{BESIDE}\n"));
    place.write("artifact.wasm", doubling(""));
    place.run(&["check", "contract.toml", "artifact.wasm"]).exits(0).says("16,384 calls compared with the reference");
    // Wrong where the property can't tell: it says nothing of how large the result may be.
    let never = doubling("").replace("i64.const 2", "i64.const 4");
    place.write("artifact.wasm", never).write(
        "contract.toml",
        contract(BESIDE) + "[[property]]\nname = \"even\"\nof = \"double\"\nensures = \"result % 2u == 0u\"\n",
    );
    let example = String::from_utf8(place.read("contract.toml"))
        .unwrap()
        .replace("double(4)", "double(0)")
        .replace("\"8\"", "\"0\"");
    place.write("contract.toml", example);
    let ran = place.run(&["check", "contract.toml", "artifact.wasm"]).exits(1).says("double(1)");
    ran.says("the reference returns 2");
}
