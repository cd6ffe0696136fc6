//! A file of Agent Trace records: each line read or refused, never a panic.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_trace::agent_trace::{Record, records};

fuzz_target!(|data: &[u8]| {
    for record in records(data).0 {
        assert!(Record::parse(&record.to_line()).is_ok_and(|again| again == record));
    }
});
