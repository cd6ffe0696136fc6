//! Broken files: an answer for each, never a panic.

use super::*;

/// A real, dynamic executable, made once.
fn sample() -> &'static [u8] {
    static SAMPLE: std::sync::LazyLock<Vec<u8>> = std::sync::LazyLock::new(|| {
        let (_folder, path) = cc("#include <stdio.h>\nint main(void) { return puts(\"x\") < 0; }", &["-O1"]);
        std::fs::read(path).unwrap()
    });
    &SAMPLE
}

#[test]
fn every_truncation_of_the_headers_has_an_answer() {
    for length in (0..4096.min(sample().len())).chain((0..sample().len()).step_by(997)) {
        let _ = Profile::read(&sample()[..length]);
    }
    assert!(Profile::read(&sample()[..200]).is_err());
}

#[test]
fn segments_that_overlap_a_thousand_times_are_bounded() {
    let code = vec![0x90; 1 << 16];
    let plain = elf(&code);
    let mut bytes = plain[..64].to_vec();
    bytes[56..58].copy_from_slice(&1000_u16.to_le_bytes());
    for _ in 0..1000 {
        bytes.extend(&plain[64..120]);
    }
    bytes.extend(&code);
    let profile = profile(&bytes);
    let unseen = profile.unseen.join("; ");
    assert!(unseen.contains("overlap in memory") && unseen.contains("not decoded"), "{unseen}");
    assert!(profile.code.instructions < 64 * 70_000);
}

#[test]
fn a_segment_outside_of_the_file_is_refused() {
    let mut bytes = elf(b"\x90");
    bytes[64 + 32..64 + 40].copy_from_slice(&u64::MAX.to_le_bytes());
    assert!(matches!(Profile::read(&bytes), Err(ElfError::Invalid(_))));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn changed_bytes_never_panic(changes in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..32)) {
        let mut bytes = sample().to_vec();
        for (index, value) in changes {
            let at = index.index(bytes.len());
            bytes[at] = value;
        }
        let first = Profile::read(&bytes);
        prop_assert_eq!(first, Profile::read(&bytes));
    }

    #[test]
    fn changed_headers_never_panic(changes in prop::collection::vec((0_usize..0x400, any::<u8>()), 1..8)) {
        let mut bytes = sample().to_vec();
        for (at, value) in changes {
            bytes[at] = value;
        }
        let _ = Profile::read(&bytes);
    }

    #[test]
    fn any_code_never_panics(code: Vec<u8>) {
        let profile = profile(&elf(&code));
        prop_assert!(profile.code.disassembled);
    }
}
