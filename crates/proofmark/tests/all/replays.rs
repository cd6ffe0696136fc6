//! The same submission replays to the same bytes with any number of threads.

use crate::place::{DOUBLE, Place, Ran, doubling, example};

fn replays(contract: &str, artifact: &str) {
    let place = Place::new();
    let (contract, artifact) = (example(contract), example(artifact));
    let (contract, artifact) = (contract.to_str().unwrap(), artifact.to_str().unwrap());
    place.run(&["check", contract, artifact, "--output", "it.mark", "--threads", "2"]).exits(0);
    for threads in ["1", "2", "8"] {
        let ran = place.run(&["verify", "it.mark", artifact, "--replay", "--threads", threads]).exits(0);
        for check in ["inspect", "examples", "properties", "reference", "determinism", "interference"] {
            assert!(ran.stdout.contains(&format!("{check}: the same bytes")), "{}", ran.all());
        }
    }
}

#[test]
fn a_scalar_function_replays_with_1_2_and_8_threads() {
    let labels = crate::place::labels("gcd");
    let correct = labels.iter().find(|(_, correct)| *correct).unwrap();
    replays("gcd/contract.toml", &format!("gcd/candidates/{}/artifact.wasm", correct.0));
}

#[test]
fn a_function_over_lists_replays_with_1_2_and_8_threads() {
    let labels = crate::place::labels("dedupe");
    let correct = labels.iter().find(|(_, correct)| *correct).unwrap();
    replays("dedupe/contract.toml", &format!("dedupe/candidates/{}/artifact.wasm", correct.0));
}

#[test]
fn what_broke_a_contract_before_is_tried_again_and_replays() {
    let place = Place::new();
    let wrong = doubling("(if (i32.gt_u (local.get $n) (i32.const 70000)) (then (return (i64.const 1))))");
    let properties = |ran: Ran| {
        let report = ran.exits(1).json();
        report["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "properties").unwrap().clone()
    };
    place.check(DOUBLE, &wrong).exits(1);
    let arguments = ["check", "contract.toml", "artifact.wasm", "--format", "json"];
    let [first, second] = [(); 2].map(|()| properties(place.run(&arguments)));
    // The same input shows it, before any other is drawn.
    assert_eq!((&first["counterexamples"], &first["counts"]), (&second["counterexamples"], &second["counts"]));
    assert_eq!(
        (&second["counts"]["executions"], &second["counterexamples"][0]["call"]),
        (&0.into(), &"double(70001)".into())
    );

    // What is right is marked, says what was tried, and replays from that.
    place.check(DOUBLE, doubling("")).exits(0);
    for threads in ["1", "8"] {
        let arguments =
            ["--format", "json", "verify", "artifact.wasm.mark", "artifact.wasm", "--replay", "--threads", threads];
        let verified = place.run(&arguments).exits(0).json();
        let properties =
            verified["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "properties").unwrap().clone();
        assert_eq!(properties["details"]["earlier"], serde_json::json!(["double(70001)"]));
    }
}
