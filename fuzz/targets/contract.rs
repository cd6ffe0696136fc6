//! A contract: parsed, or problems whose spans are inside the text.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_contract::Contract;

fuzz_target!(|text: &str| {
    if let Err(problems) = Contract::parse(text) {
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| problem.span.end <= text.len()));
    }
});
