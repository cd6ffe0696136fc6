//! A job as a worker receives it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_governor::job::receive;

fuzz_target!(|data: &[u8]| {
    let mut data = data;
    let _ = receive(&mut data);
});
