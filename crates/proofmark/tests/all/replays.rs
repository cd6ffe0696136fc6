//! The same submission replays to the same bytes with any number of threads.

use crate::place::{Place, example};

fn replays(contract: &str, artifact: &str) {
    replays_in(&Place::new(), contract, artifact);
}

fn replays_in(place: &Place, contract: &str, artifact: &str) {
    let (contract, artifact) = (example(contract), example(artifact));
    let (contract, artifact) = (contract.to_str().unwrap(), artifact.to_str().unwrap());
    place.run(&["check", contract, artifact, "--output", "it.mark", "--threads", "2"]).exits(0);
    for threads in ["1", "2", "8"] {
        let ran = place.run(&["verify", "it.mark", artifact, "--replay", "--threads", threads]).exits(0);
        for check in ["inspect", "examples", "properties", "determinism", "interference"] {
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
    let labels = crate::place::labels("saturating-add");
    let [wrong, right] = [false, true].map(|label| {
        let found = labels.iter().find(|(_, correct)| *correct == label).unwrap();
        format!("saturating-add/candidates/{}/artifact.wasm", found.0)
    });
    let contract = example("saturating-add/contract.toml");
    let (contract, wrong) = (contract.to_str().unwrap(), example(&wrong));
    let refused = || place.run(&["check", contract, wrong.to_str().unwrap(), "--format", "json"]).exits(1).json();
    let properties = |report: &serde_json::Value| {
        report["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "properties").unwrap().clone()
    };
    let (first, second) = (properties(&refused()), properties(&refused()));
    // The same input shows it, before any other is drawn.
    assert_eq!(first["counterexamples"][0]["call"], second["counterexamples"][0]["call"]);
    assert!(first["counts"]["executions"].as_u64() > Some(0) && second["counts"]["executions"] == 0, "{second}");
    assert_eq!(second["details"]["earlier"], serde_json::json!([first["counterexamples"][0]["call"]]));
    replays_in(&place, "saturating-add/contract.toml", &right);
}
