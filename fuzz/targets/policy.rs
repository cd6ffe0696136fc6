//! A policy text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_mark::policy::Policy;

fuzz_target!(|text: &str| {
    let _ = Policy::parse(text);
});
