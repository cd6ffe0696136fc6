//! A mark from anywhere: refused or valid, never a panic. The trust file is that of the vectors, so that whole marks in
//! the corpus are verified to the end.
#![no_main]

use std::sync::LazyLock;

use libfuzzer_sys::fuzz_target;
use proofmark_mark::{mark::verify, trust::Trust};

static TRUST: LazyLock<Trust> = LazyLock::new(|| {
    let vectors: serde_json::Value =
        serde_json::from_str(include_str!("../../vectors/mark.json")).expect("vectors are JSON");
    let text = vectors["vectors"][0]["trust"].as_str().expect("each has a trust file");
    Trust::parse(text).expect("a valid trust file")
});

fuzz_target!(|data: &[u8]| {
    let _ = verify(data, None, &TRUST, jiff::Timestamp::UNIX_EPOCH);
});
