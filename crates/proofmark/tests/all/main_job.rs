//! The main job on real candidates: checked, marked, verified, run; refused with a counterexample that replays.

use crate::place::{DOUBLE, Place, doubling, example, labels};

#[test]
fn a_correct_candidate_is_marked_verified_and_run() {
    let place = Place::new();
    let contract = example("gcd/contract.toml");
    let (name, _) = labels("gcd").into_iter().find(|(_, correct)| *correct).unwrap();
    let artifact = std::fs::read(example(&format!("gcd/candidates/{name}/artifact.wasm"))).unwrap();
    place.write("gcd.wasm", artifact);
    let ran = place.run(&["check", contract.to_str().unwrap(), "gcd.wasm", "--generator", "a model"]).exits(0);
    for text in
        ["asked", "marked", "granted", "supervised use with no capabilities", "95 % confident", "edges in", "not"]
    {
        assert!(ran.stdout.contains(text), "{text}: {}", ran.all());
    }
    place.run(&["verify", "gcd.wasm.mark", "gcd.wasm"]).exits(0).says("valid");
    assert_eq!(place.run(&["run", "gcd.wasm.mark", "gcd(12, 18)"]).exits(0).stdout, "6\n");
    // Without the file beside it, the home still has the artifact.
    std::fs::remove_file(place.path("gcd.wasm")).unwrap();
    assert_eq!(place.run(&["run", "gcd.wasm.mark", "gcd(0, 7)"]).exits(0).stdout, "7\n");
    place.run(&["log", "audit"]).exits(0);
}

#[test]
fn a_wrong_candidate_is_refused_with_a_counterexample_that_replays() {
    let place = Place::new();
    let off_by_one = doubling("(if (i32.gt_u (local.get $n) (i32.const 1000)) (then (return (i64.const 7))))");
    let ran = place.write("contract.toml", DOUBLE).write("artifact.wat", off_by_one).run(&[
        "--format",
        "json",
        "check",
        "contract.toml",
        "artifact.wat",
    ]);
    let report = ran.exits(1).json();
    assert_eq!(report["verdict"], "refused");
    let properties = report["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "properties").unwrap();
    let counterexample = &properties["counterexamples"][0];
    // Shrunk to the smallest input that violates the property.
    assert_eq!(counterexample["call"], "double(1001)");
    assert_eq!(counterexample["got"], "7");
    let again = place.run(&["call", "contract.toml", "artifact.wat", "double(1001)"]).exits(0);
    assert_eq!(again.stdout, "7\n");
}

#[test]
fn a_held_out_property_is_withheld_unless_asked_for() {
    let place = Place::new();
    let contract = format!("{DOUBLE}held_out = true\n");
    let wrong = doubling("(if (i32.gt_u (local.get $n) (i32.const 1000)) (then (return (i64.const 7))))");
    place.write("contract.toml", &contract).write("artifact.wat", wrong);
    for format in ["human", "json", "sarif"] {
        let ran = place.run(&["--format", format, "check", "contract.toml", "artifact.wat"]).exits(1);
        for secret in ["half of it", "result / 2u", "1001"] {
            assert!(!ran.all().contains(secret), "{secret}: {}", ran.all());
        }
        assert!(ran.all().contains("held"));
    }
    place
        .run(&["check", "contract.toml", "artifact.wat", "--show-held-out"])
        .exits(1)
        .says("half of it")
        .says("double(1001)");
}

#[test]
fn attempts_are_counted_for_each_generator_across_restarts() {
    let place = Place::new();
    place.write("contract.toml", DOUBLE).write("artifact.wat", doubling(""));
    let attempt = |generator: &str| {
        let arguments = ["--format", "json", "check", "contract.toml", "artifact.wat", "--generator", generator];
        place.run(&arguments).exits(0).json()["attempt"].as_u64().unwrap()
    };
    assert_eq!([attempt("a"), attempt("a"), attempt("b"), attempt("a")], [1, 2, 1, 3]);
}

#[test]
fn a_vacuous_property_is_unknown_and_no_mark_is_given() {
    let place = Place::new();
    let contract = format!("{DOUBLE}requires = \"n % 65536u == 40503u && n / 65536u == 31337u\"\n");
    let ran = place.check(&contract, doubling(""));
    assert_eq!(ran.code, 3, "{}", ran.all());
    ran.says("vacuous").says("refused");
}

#[test]
fn a_property_that_cannot_be_evaluated_is_unknown() {
    let place = Place::new();
    let contract = DOUBLE.replace("result / 2u == n && result % 2u == 0u", "result * 9223372036854775807u >= 0u");
    place.check(&contract, doubling("")).exits(3).says("can't be evaluated");
}

#[test]
fn an_expired_mark_is_refused_by_verify_and_run() {
    use proofmark_mark::mark::verify;
    use proofmark_mark::trust::Trust;
    let place = Place::new();
    place.check(DOUBLE, doubling("")).exits(0);
    let mark = place.read("artifact.wasm.mark");
    let trust = Trust::parse(&String::from_utf8(place.read(".proofmark/trust.toml")).unwrap()).unwrap();
    let day = jiff::SignedDuration::from_hours(24);
    assert!(verify(&mark, None, &trust, jiff::Timestamp::now() + day * 89).is_ok());
    let refused = verify(&mark, None, &trust, jiff::Timestamp::now() + day * 91).unwrap_err();
    assert!(refused.to_string().contains("expired"), "{refused}");
}

#[test]
fn every_run_leaves_two_receipts_and_no_values_in_the_log() {
    let place = Place::new();
    place.check(DOUBLE, doubling("")).exits(0);
    let size =
        |place: &Place| place.run(&["--format", "json", "log", "audit"]).exits(0).json()["size"].as_u64().unwrap();
    let before = size(&place);
    place.run(&["run", "artifact.wasm.mark", "double(123456)"]).exits(0).says("246912");
    assert_eq!(size(&place), before + 2);
}

#[test]
fn examples_of_the_repository_get_the_verdict_their_labels_ask_for() {
    let place = Place::new();
    for name in ["is-leap", "dedupe"] {
        let contract = example(&format!("{name}/contract.toml"));
        for (candidate, correct) in labels(name) {
            let artifact = example(&format!("{name}/candidates/{candidate}/artifact.wasm"));
            let arguments = ["check", contract.to_str().unwrap(), artifact.to_str().unwrap(), "--output", "out.mark"];
            let ran = place.run(&arguments);
            assert_eq!(ran.code == 0, correct, "{name}/{candidate}: {}", ran.all());
        }
    }
}
