//! The promise of a mark: change any byte of it, and it is no longer valid.

use proofmark_mark::mark::verify;
use proofmark_mark::trust::Trust;

use crate::builder::{ARTIFACT, POLICY, Recipe, now, trust};

/// Bits of every byte that are flipped: those that keep it a letter or a digit, and those that do not.
const MASKS: [u8; 5] = [0x01, 0x02, 0x10, 0x20, 0x80];

fn valid(bytes: &[u8], trust: &Trust) -> bool {
    verify(bytes, Some(ARTIFACT), trust, now()).is_ok()
}

#[test]
fn no_byte_of_a_mark_can_be_flipped() {
    let (mut bytes, trust) = (Recipe::default().bytes(), trust(POLICY));
    assert!(valid(&bytes, &trust));
    for at in 0..bytes.len() {
        for mask in MASKS {
            bytes[at] ^= mask;
            assert!(!valid(&bytes, &trust), "valid with byte {at} xor {mask:#x}");
            bytes[at] ^= mask;
        }
    }
    assert!(valid(&bytes, &trust));
}

#[test]
fn no_byte_of_a_mark_can_be_left_out_or_added() {
    let (bytes, trust) = (Recipe::default().bytes(), trust(POLICY));
    for at in 0..bytes.len() {
        let mut shorter = bytes.clone();
        shorter.remove(at);
        assert!(!valid(&shorter, &trust), "valid without byte {at}");
        for byte in [b' ', b'0'] {
            let mut longer = bytes.clone();
            longer.insert(at, byte);
            assert!(!valid(&longer, &trust), "valid with {byte} before byte {at}");
        }
        assert!(!valid(&bytes[..at], &trust), "valid when cut at byte {at}");
    }
    assert!(!valid(&[bytes.as_slice(), b"\n"].concat(), &trust));
}

#[test]
fn no_character_of_a_digest_or_signature_can_be_another() {
    // Flips by bits reach few other base64 and hexadecimal digits; these are the ones that keep the JSON well-formed.
    let (mut bytes, trust) = (Recipe::default().bytes(), trust(POLICY));
    for at in 0..bytes.len() {
        let right = bytes[at];
        if right.is_ascii_alphanumeric() || b"+/=".contains(&right) {
            for other in [b'A', b'f', b'9', b'='] {
                bytes[at] = other;
                assert!(other == right || !valid(&bytes, &trust), "valid with {other} at byte {at}");
            }
            bytes[at] = right;
        }
    }
}
