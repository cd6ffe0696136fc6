//! An artifact: recognised or refused before anything is compiled.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_contract::Budget;
use proofmark_run::Artifact;

fuzz_target!(|data: &[u8]| {
    let _ = Artifact::read(data, &Budget::default());
});
