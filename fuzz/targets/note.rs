//! A signed note and the checkpoint in it.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_mark::{checkpoint::Checkpoint, note::Note};

fuzz_target!(|data: &[u8]| {
    if let Ok(note) = Note::parse(data) {
        let _ = Checkpoint::parse(note.text());
    }
});
