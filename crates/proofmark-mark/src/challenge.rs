//! Challenges: the seed of every random choice about one submission, known only once the submission is in the log.
//!
//! A challenge depends on the log's checkpoint over the submission and on the submission's entry, and on nothing else.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::digest::Digest;

const CHALLENGE: &[u8] = b"proofmark.dev/challenge/v1\0";
const SEED: &[u8] = b"proofmark.dev/seed/v1\0";

/// The seed of one submission.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Challenge(pub Digest);

impl Challenge {
    /// The challenge for a submission: `checkpoint_text` is the text (without signatures) of the checkpoint that covers
    /// it, `submission_entry` the bytes of its log entry.
    #[must_use]
    pub fn new(checkpoint_text: &str, submission_entry: &[u8]) -> Self {
        Self(framed(CHALLENGE, &[], &[checkpoint_text.as_bytes(), submission_entry]))
    }

    /// A seed for one use, named by its parts. Different parts give independent seeds, also if they concatenate to the
    /// same bytes.
    #[must_use]
    pub fn derive(&self, parts: &[&[u8]]) -> [u8; 32] {
        framed(SEED, &self.0.0, parts).0
    }
}

impl fmt::Display for Challenge {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// SHA-256 of a domain, a fixed-size head, and parts that each follow their length as a big-endian 64-bit number.
fn framed(domain: &[u8], head: &[u8], parts: &[&[u8]]) -> Digest {
    let lengths: Vec<[u8; 8]> = parts.iter().map(|part| (part.len() as u64).to_be_bytes()).collect();
    let mut pieces = vec![domain, head];
    for (length, part) in lengths.iter().zip(parts) {
        pieces.push(length);
        pieces.push(part);
    }
    Digest::of_parts(&pieces)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_bytes_are_those_of_the_specification() {
        let mut bytes = b"proofmark.dev/challenge/v1\0".to_vec();
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 2]);
        bytes.extend(b"ab");
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend(b"c");
        let challenge = Challenge::new("ab", b"c");
        assert_eq!(challenge.0, Digest::of(&bytes));

        let mut bytes = b"proofmark.dev/seed/v1\0".to_vec();
        bytes.extend(challenge.0.0);
        bytes.extend([0, 0, 0, 0, 0, 0, 0, 1]);
        bytes.extend(b"x");
        assert_eq!(challenge.derive(&[b"x"]), Digest::of(&bytes).0);
    }

    #[test]
    fn where_parts_begin_matters() {
        assert_ne!(Challenge::new("ab", b"c"), Challenge::new("a", b"bc"));
        let challenge = Challenge::new("", b"");
        assert_ne!(challenge.derive(&[b"ab", b"c"]), challenge.derive(&[b"a", b"bc"]));
        assert_ne!(challenge.derive(&[]), challenge.derive(&[b""]));
    }
}
