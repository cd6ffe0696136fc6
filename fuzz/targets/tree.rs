//! A manifest: what parses is printed as a text that parses to the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_run::tree::{Limits, Manifest};

fuzz_target!(|data: &[u8]| {
    let limits = Limits::default();
    if let Ok(manifest) = Manifest::from_json(data, &limits) {
        let again = manifest.to_json().ok().and_then(|json| Manifest::from_json(&json, &limits).ok());
        assert_eq!(again.as_ref(), Some(&manifest));
    }
});
