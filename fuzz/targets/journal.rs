//! A stage's journal: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_run::effects::Journal;

fuzz_target!(|data: &[u8]| {
    let _ = Journal::parse(data);
});
