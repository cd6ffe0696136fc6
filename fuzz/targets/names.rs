//! A question for a name, as it comes out of a fence: the answer is short, for the same question, and never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_run::broker::grant::{At, Grant, Grants, Scheme};
use proofmark_run::broker::names::{Names, QUESTION_BYTES_MAX};

fuzz_target!(|data: &[u8]| {
    let grant = Grant::new("api.example.com", 443, Scheme::Https, At::Name, &["GET"], &["/**"]);
    let Some(grants) = grant.ok().and_then(|grant| Grants::new([grant]).ok()) else { return };
    if let Some((answer, _)) = Names::new(&grants).answer(data) {
        assert!(answer.len() <= QUESTION_BYTES_MAX + 16);
        assert_eq!(answer.get(..2), data.get(..2));
    }
});
