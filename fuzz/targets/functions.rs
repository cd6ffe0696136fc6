//! Functions and line tables of an artifact: read or refused, within limits, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_trace::wasm::modules;

fuzz_target!(|data: &[u8]| {
    for module in modules(data, "fuzz.wat").unwrap_or_default() {
        for function in &module.functions {
            let _ = (module.lines(function), module.reached_from(function));
        }
    }
});
