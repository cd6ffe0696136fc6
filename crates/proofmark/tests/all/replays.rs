//! The same submission replays to the same bytes with any number of threads.

use crate::place::{Place, example};

fn replays(contract: &str, artifact: &str) {
    let place = Place::new();
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
