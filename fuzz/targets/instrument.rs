//! The instrumenter: any bytes are refused or rewritten, and what was valid stays so.
#![no_main]

use libfuzzer_sys::fuzz_target;
use proofmark_contract::Budget;
use proofmark_run::Artifact;
use proofmark_run::instrument::instrument;

fuzz_target!(|data: &[u8]| {
    let twin = instrument(data);
    if let Ok(twin) = twin
        && Artifact::read(data, &Budget::default()).is_ok_and(|artifact| artifact.profile.kind == "component")
    {
        let roomy = Budget { module_bytes: 64 << 20, ..Budget::default() };
        assert!(Artifact::read(&twin.binary, &roomy).is_ok());
    }
});
