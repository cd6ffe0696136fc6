//! An authorship log of git-ai: read or refused, and what is read is written again as the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_trace::git_ai::AuthorshipLog;

fuzz_target!(|data: &[u8]| {
    if let Ok(log) = AuthorshipLog::parse(data) {
        assert!(AuthorshipLog::parse(&log.to_bytes()).is_ok_and(|again| again == log));
    }
});
