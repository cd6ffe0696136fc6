//! What is held out of a contract reaches nothing that a generator could read: not the log, a blob, a mark, a report or an
//! error. What opens it lies in one place of the home.

use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use proofmark_mark::base64;
use serde_json::{Value, json};

use crate::place::{Place, Ran, doubling};

/// Words and constants of the held-out property alone. The last is the input that its violation needs, the one before the result.
const PLANTED: [&str; 6] =
    ["planted-okapi", "planted-quokka", "planted-axolotl", "planted-comment", "5436563656", "2718281828"];
/// MurmurHash3's finaliser, and what it makes of that input: the artifact, which is stored as it is, does not say the input, and nothing that
/// is compared in it leads there.
const MIX: &str = "(func $mix (param $h i32) (result i32) \
    (local.set $h (i32.mul (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 16))) (i32.const 0x85ebca6b))) \
    (local.set $h (i32.mul (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 13))) (i32.const 0xc2b2ae35))) \
    (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 16))))";
const MIXED: i32 = -228726657;

fn contract(held_out: &str) -> String {
    format!(
        r#"# planted-comment: nobody else may know what is asked below
contract = 1
name = "double"
intent = "Twice the number."

[interface]
wit = """
package example:double;
world double {{ export double: func(n: u32) -> u64; }}
"""

[[example]]
call = "double(4)"
returns = "8"

[[property]]
name = "public-aardvark"
of = "double"
ensures = "result % 2u == 0u && (n % 7u == 3u || result / 2u == n)"

# planted-comment: the only input that tells right from wrong
[[property]]
name = "planted-okapi"
of = "double"
{held_out}
held_out = true # planted-comment
"#
    )
}

/// True of a right artifact, false of one input of a wrong one.
const HELD: &str = r#"requires = "n > 1000000u && 'planted-quokka' != ''"
ensures = "n != 2718281828u || result == 5436563656u || 'planted-axolotl' == ''""#;

/// Doubles, but for the one input, where it does `then`. Compared for order, so that it is not missed as a comparison for equality is.
fn artifact(then: &str) -> Vec<u8> {
    wat::parse_str(
        doubling(&format!(
            "(if (i32.lt_u (i32.xor (call $mix (local.get $n)) (i32.const {MIXED})) (i32.const 1)) (then {then}))"
        ))
        .replacen("(module", &format!("(module {MIX}"), 1),
    )
    .unwrap()
}

const WRONG: &str = "(return (i64.const 6))";
const TRAPS: &str = "unreachable";
const NEVER_ENDS: &str = "(loop $ever (br $ever))";

/// A place with the contract, and four artifacts.
fn place(held_out: &str) -> Place {
    let place = Place::new();
    place.write("contract.toml", contract(held_out));
    place.write("right.wasm", wat::parse_str(doubling("")).unwrap());
    for (name, then) in [("wrong", WRONG), ("traps", TRAPS), ("endless", NEVER_ENDS)] {
        place.write(&format!("{name}.wasm"), artifact(then));
    }
    place
}

fn json(place: &Place, arguments: &[&str]) -> Ran {
    place.run(&[&["--format", "json"], arguments].concat())
}

/// Everything that bytes say, also in base64, as the payloads of envelopes are, and that again.
fn said(bytes: &[u8], depth: usize) -> Vec<Vec<u8>> {
    let mut all = vec![bytes.to_vec()];
    let in_base64 = |byte: &u8| byte.is_ascii_alphanumeric() || b"+/=".contains(byte);
    for run in bytes.split(|byte| !in_base64(byte)).filter(|run| run.len() >= 24 && depth > 0) {
        if let Some(decoded) = std::str::from_utf8(run).ok().and_then(base64::decode) {
            all.extend(said(&decoded, depth - 1));
        }
    }
    all
}

/// Which of the words the bytes say.
fn found<'a>(bytes: &[u8], words: &[&'a str]) -> Vec<&'a str> {
    let all = said(bytes, 3);
    let says = |word: &&&str| all.iter().any(|text| text.windows(word.len()).any(|part| part == word.as_bytes()));
    words.iter().filter(says).copied().collect()
}

/// Every file under a folder.
fn files(folder: &Path) -> Vec<PathBuf> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() { all.extend(files(&path)) } else { all.push(path) }
    }
    all
}

/// The secret places of a home.
fn is_secret(path: &Path) -> bool {
    path.components().any(|part| part.as_os_str() == "openings") || path.ends_with("keys/seal.key")
}

/// No file of the home but the secret ones, and no mark, says anything planted; and whoever looks would have seen it.
fn nothing_is_said(place: &Place) {
    let home = place.path(".proofmark");
    let (secret, open): (Vec<_>, Vec<_>) = files(&home).into_iter().partition(|path| is_secret(path));
    let marks = files(&place.path("")).into_iter().filter(|path| path.extension().is_some_and(|it| it == "mark"));
    let mut public = 0;
    for path in open.into_iter().chain(marks) {
        let bytes = std::fs::read(&path).unwrap();
        assert_eq!(found(&bytes, &PLANTED), [""; 0], "{}", path.display());
        public += usize::from(!found(&bytes, &["public-aardvark"]).is_empty());
    }
    assert!(public >= 2, "the public property is in the contract's blob and in evidence");
    let opening = secret.iter().find(|path| path.parent().unwrap().ends_with("openings")).unwrap();
    assert_eq!(found(&std::fs::read(opening).unwrap(), &PLANTED[..2]), PLANTED[..2]);
    for path in &secret {
        assert_eq!(std::fs::metadata(path).unwrap().permissions().mode() & 0o777, 0o600, "{}", path.display());
    }
}

/// A command's output says nothing planted.
fn silent(ran: Ran) -> Ran {
    assert_eq!(found(ran.all().as_bytes(), &PLANTED), [""; 0], "{}", ran.all());
    ran
}

fn check(place: &Place, name: &str, policy: &str, more: &[&str]) -> Ran {
    let artifact = format!("{name}.wasm");
    let arguments = ["check", "contract.toml", &artifact, "--policy", policy, "--generator", name];
    place.run(&[&arguments, more].concat())
}

fn properties(report: &Value) -> Value {
    report["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "properties").unwrap().clone()
}

#[test]
fn nothing_that_is_held_out_is_in_any_report_mark_or_file_but_its_own() {
    let place = place(HELD);
    for policy in ["supervised", "autonomous"] {
        for name in ["wrong", "traps", "endless"] {
            silent(check(&place, name, policy, &[])).exits(1).says("withheld");
            silent(check(&place, name, policy, &["--format", "sarif"])).exits(1).says("is held out");
            let report = silent(check(&place, name, policy, &["--format", "json"])).exits(1).json();
            let counterexamples = properties(&report)["counterexamples"].clone();
            assert_eq!(
                (counterexamples[0]["held_out"].clone(), counterexamples[1].clone()),
                (json!(true), json!(null))
            );
            assert_eq!(report["evidence"][2]["counts"]["held_out"], 1);
        }
        silent(check(&place, "right", policy, &[])).exits(0).says("marked").says("(1 held out)");
        silent(json(&place, &["verify", "right.wasm.mark", "right.wasm", "--replay"])).exits(0);
        silent(place.run(&["verify", "right.wasm.mark", "right.wasm", "--replay"])).exits(0).says("the same bytes");
        silent(place.run(&["run", "right.wasm.mark", "double(21)"])).exits(0).says("42");
        silent(json(&place, &["run", "right.wasm.mark", "double(4)", "double(0)"])).exits(0);
    }
    // What goes wrong says nothing either.
    place
        .write("bad.wasm", "no artifact")
        .write("empty.wat", "(module)")
        .write("unfit.wat", "(module (import \"a\" \"b\" (func)))");
    for name in ["bad.wasm", "empty.wat", "unfit.wat"] {
        for format in ["human", "json", "sarif"] {
            let ran = silent(place.run(&["--format", format, "check", "contract.toml", name, "--generator", name]));
            assert_ne!(ran.code, 0, "{}", ran.all());
            silent(place.run(&["--format", format, "call", "contract.toml", name, "double(4)"]));
        }
    }
    silent(place.run(&["run", "right.wasm.mark", "double(-1)"])).exits(2);
    silent(place.run(&["run", "wrong.wasm.mark", "double(1)"])).exits(2);
    let runs = silent(json(&place, &["log", "runs", "--all"])).exits(0).json();
    silent(place.run(&["replay", runs["runs"][0]["run"].as_str().unwrap()])).exits(0);
    for command in [["log", "audit"], ["log", "orders"], ["log", "runs"]] {
        silent(place.run(&command)).exits(0);
    }
    nothing_is_said(&place);
}

#[test]
fn its_owner_is_shown_it_and_it_is_not_recorded_by_that() {
    let place = place(HELD);
    check(&place, "wrong", "supervised", &["--show-held-out"])
        .exits(1)
        .says("double(2718281828)")
        .says("planted-okapi")
        .says("planted-axolotl")
        .says("proofmark call contract.toml wrong.wasm 'double(2718281828)'");
    let report = check(&place, "traps", "supervised", &["--show-held-out", "--format", "json"]).exits(1).json();
    let shown = &properties(&report)["counterexamples"][0];
    assert_eq!((&shown["property"], &shown["call"]), (&json!("no traps"), &json!("double(2718281828)")));
    nothing_is_said(&place);
}

#[test]
fn what_is_held_out_and_has_no_answer_is_unknown_and_only_its_owner_hears_why() {
    let vacuous = HELD.replace("n > 1000000u", "n == 2718281828u && n != 2718281828u");
    let unanswered = HELD
        .replace("result == 5436563656u", "1u / (result - result) == 5436563656u")
        .replace("n != 2718281828u", "false");
    for (held_out, why) in [(vacuous, "vacuous"), (unanswered, "can't be evaluated")] {
        let place = place(&held_out);
        silent(check(&place, "right", "supervised", &[])).exits(3).says("what is held out has no answer");
        silent(check(&place, "right", "supervised", &["--format", "json"])).exits(3);
        silent(check(&place, "right", "supervised", &["--format", "sarif"])).exits(3);
        check(&place, "right", "supervised", &["--show-held-out"]).exits(3).says(why).says("planted-okapi");
        nothing_is_said(&place);
    }
}

#[test]
fn a_contract_has_one_digest_in_a_home_and_attempts_at_it_are_counted() {
    let place = place(HELD);
    let report = || silent(check(&place, "wrong", "supervised", &["--format", "json"])).exits(1).json();
    let (first, second) = (report(), report());
    assert_eq!((&first["attempt"], &second["attempt"]), (&json!(1), &json!(2)));
    assert_eq!(first["contract"]["sha256"], second["contract"]["sha256"]);
    // The order that names it forbids its runs.
    check(&place, "right", "supervised", &[]).exits(0);
    let scope = format!("contract:{}", first["contract"]["sha256"].as_str().unwrap());
    place.run(&["freeze", &scope]).exits(0);
    silent(place.run(&["run", "right.wasm.mark", "double(4)"])).exits(1).says("frozen");
    // The public text stands for the contract where the home has what opens it.
    let mark: Value = serde_json::from_slice(&place.read("right.wasm.mark")).unwrap();
    place.write("contract.toml", mark["contract"].as_str().unwrap());
    let third = report();
    assert_eq!((&third["contract"], &third["attempt"]), (&first["contract"], &json!(3)));
    assert_eq!(properties(&third)["counterexamples"], properties(&first)["counterexamples"]);
    nothing_is_said(&place);
}

#[test]
fn evidence_about_sealed_properties_is_replayed_by_those_who_can_open_them_and_unknown_to_others() {
    let place = place(HELD);
    check(&place, "right", "autonomous", &[]).exits(0);
    let replay = ["verify", "right.wasm.mark", "right.wasm", "--replay"];
    place.run(&replay).exits(0).says("properties: the same bytes");
    place.run(&[&replay[..], &["--contract", "contract.toml"]].concat()).exits(0).says("properties: the same bytes");

    // Another contract, and the same in another home.
    place.write("other.toml", contract(&HELD.replace("1000000u", "1000001u")));
    silent(place.run(&[&replay[..], &["--contract", "other.toml"]].concat())).exits(2).says("is not the mark's");
    let elsewhere = Place::new();
    for name in ["right.wasm.mark", "right.wasm", "contract.toml"] {
        elsewhere.write(name, place.read(name));
    }
    let trust = place.path(".proofmark/trust.toml").display().to_string();
    let abroad = [&replay[..], &["--trust", &trust]].concat();
    elsewhere.run(&[&abroad[..], &["--contract", "contract.toml"]].concat()).exits(2).says("sealed by another home");
    // What is valid needs nothing of it; what can't be replayed is no pass.
    silent(elsewhere.run(&["verify", "right.wasm.mark", "right.wasm", "--trust", &trust])).exits(0);
    silent(elsewhere.run(&abroad))
        .exits(3)
        .says("unknown")
        .says("what opens them is not here")
        .says("examples: the same");
    let told = silent(json(&elsewhere, &abroad)).exits(3).json();
    let of = |name: &str| told["replayed"].as_array().unwrap().iter().find(|one| one["check"] == name).unwrap().clone();
    assert_eq!((&of("properties")["same"], &of("examples")["same"]), (&json!(null), &json!(true)));
    std::fs::remove_file(elsewhere.path(".proofmark/keys/seal.key")).unwrap();
    elsewhere.run(&[&abroad[..], &["--contract", "contract.toml"]].concat()).exits(3).says("seal.key");
    // With the opening alone, anyone replays it.
    std::fs::create_dir(elsewhere.path(".proofmark/openings")).unwrap();
    let opening = files(&place.path(".proofmark/openings")).remove(0);
    let name = format!(".proofmark/openings/{}", opening.file_name().unwrap().to_str().unwrap());
    elsewhere.write(&name, std::fs::read(&opening).unwrap());
    elsewhere.run(&abroad).exits(0).says("properties: the same bytes");
    elsewhere.write(&name, "0123456789abcdef0123456789abcdef\nname = \"another\"\n");
    silent(elsewhere.run(&abroad)).exits(4).says("is not what its name says");

    // Where the openings are gone, the owner's contract seals to the same text again.
    std::fs::remove_dir_all(place.path(".proofmark/openings")).unwrap();
    silent(place.run(&replay)).exits(3);
    place.run(&[&replay[..], &["--contract", "contract.toml"]].concat()).exits(0);
    let mark: Value = serde_json::from_slice(&place.read("right.wasm.mark")).unwrap();
    place.write("contract.toml", mark["contract"].as_str().unwrap());
    silent(check(&place, "right", "supervised", &[])).exits(3).says("sealed properties that are not opened here");
}

#[test]
fn a_home_from_before_gets_a_key() {
    let place = place(HELD);
    std::fs::remove_file(place.path(".proofmark/keys/seal.key")).unwrap();
    silent(check(&place, "right", "supervised", &[])).exits(0);
    nothing_is_said(&place);
}
