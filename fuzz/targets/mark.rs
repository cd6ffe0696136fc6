//! A mark from anywhere: refused or valid, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_mark::{mark::verify, trust::Trust};

fuzz_target!(|data: &[u8]| {
    if let Ok(trust) = Trust::parse("trust = 1\nlogs = []\n") {
        let _ = verify(data, None, &trust, jiff::Timestamp::UNIX_EPOCH);
    }
});
