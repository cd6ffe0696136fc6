//! A native executable: profiled or refused, and held against a grant, never a panic.
#![no_main]

use std::collections::BTreeSet;

use libfuzzer_sys::fuzz_target;
use proofmark_run::elf::{LISTED_MAX, Profile, violations};

fuzz_target!(|data: &[u8]| {
    if let Ok(profile) = Profile::read(data) {
        assert!(profile.imports.len() <= LISTED_MAX);
        assert!(profile.system_calls.len() <= LISTED_MAX);
        let _ = violations(&profile, &BTreeSet::new());
    }
});
