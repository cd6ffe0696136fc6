//! What a worker says that an artifact returned.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_governor::behaviour::shards_of;

fuzz_target!(|data: (Vec<String>, u64)| {
    let (texts, inputs) = data;
    if let Some(shards) = shards_of(&texts, inputs) {
        assert!(shards.iter().map(Vec::len).sum::<usize>() as u64 <= inputs);
    }
});
