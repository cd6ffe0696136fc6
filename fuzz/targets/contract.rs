//! A contract: parsed, or problems whose spans are inside the text; and its reference's path, resolved once.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_contract::{Contract, resolve_reference};
use proofmark_mark::digest::Digest;

fuzz_target!(|text: &str| {
    if let Err(problems) = Contract::parse(text) {
        assert!(!problems.is_empty());
        assert!(problems.iter().all(|problem| problem.span.end <= text.len()));
    }
    let digest = Digest::of(b"legacy");
    match resolve_reference(text, &|_| Ok(digest)) {
        Ok(resolved) => assert_eq!(resolve_reference(&resolved, &|_| Ok(digest)), Ok(resolved)),
        Err(problem) => assert!(text.get(problem.span).is_some()),
    }
});
