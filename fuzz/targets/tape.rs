//! A tape, both as a worker sends it and as the home keeps it: read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_governor::tape::read;
use proofmark_run::wasi::tape::summary;

fuzz_target!(|data: &[u8]| {
    let _ = summary(data);
    let _ = read(data);
});
