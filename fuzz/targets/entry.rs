//! A log entry: what parses is printed as the same bytes.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_mark::entry::Entry;

fuzz_target!(|data: &[u8]| {
    if let Ok(entry) = Entry::parse(data) {
        assert_eq!(entry.to_bytes(), data);
    }
});
