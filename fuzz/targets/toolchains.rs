//! A list of toolchains: read or refused; what is read can be pinned and is read again as it was written.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_generate::toolchain::Toolchains;

fuzz_target!(|text: &str| {
    for toolchain in Toolchains::parse(text).iter().flat_map(|read| &read.toolchains) {
        if let Ok(put) = toolchain.put_into(text) {
            assert!(Toolchains::parse(&put).is_ok_and(|read| read.named(&toolchain.name) == Some(toolchain)));
        }
    }
});
