//! A trust file.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_mark::trust::Trust;

fuzz_target!(|text: &str| {
    let _ = Trust::parse(text);
});
