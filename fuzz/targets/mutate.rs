//! Mutants: any bytes are refused or changed without a panic, and what is made of a valid artifact is valid.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_contract::Budget;
use proofmark_run::mutate::Mutants;
use proofmark_run::{Artifact, ArtifactError};

fuzz_target!(|data: &[u8]| {
    let Ok(mutants) = Mutants::of(data) else { return };
    let valid = Artifact::read(data, &Budget::default()).is_ok();
    for point in mutants.points().iter().take(64) {
        for binary in [mutants.apply(point), mutants.probe(point)] {
            let read = Artifact::read(&binary, &Budget::default());
            assert!(!valid || !matches!(read, Err(ArtifactError::Invalid { .. })), "{}", point.change);
        }
    }
});
