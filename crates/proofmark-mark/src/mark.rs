//! Marks: one file that lets anyone decide offline whether an artifact may be run, and inside which grant.
//!
//! A mark proves only what [`verify`] has checked against a trust file. Reading one decides nothing.

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::dsse::Envelope;

mod refusal;
mod verify;

pub use refusal::{Code, Refusal};
pub use verify::{Verified, verify};

/// The largest mark, in bytes.
pub const MARK_BYTES_MAX: usize = 16 << 20;

/// A mark as it is written. Its canonical bytes are indented JSON with the fields in this order and a final newline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Mark {
    /// The version of the format.
    pub mark: Version,
    /// SHA-256 of the artifact's bytes.
    pub artifact: Digest,
    /// The contract's self-contained text.
    pub contract: String,
    /// The policy's text.
    pub policy: String,
    pub submission: Logged,
    /// Where the artifact comes from, if the governor knows.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub provenance: Option<Logged>,
    /// The signed checkpoint that the challenge was derived from.
    pub challenge_checkpoint: String,
    /// One statement for each check of the plan, in the plan's order.
    pub evidence: Vec<Logged>,
    pub verdict: Logged,
    /// RFC 6962 consistency proof from the challenge's checkpoint to the other.
    pub consistency: Vec<Digest>,
    /// The signed checkpoint that all inclusion proofs lead to.
    pub checkpoint: String,
}

/// A signed statement with the proof that its entry is in the log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Logged {
    pub envelope: Envelope,
    /// The entry's index in the log.
    pub index: u64,
    /// RFC 6962 inclusion proof, from the entry up.
    pub proof: Vec<Digest>,
}

/// Version 1 of the format, the only one there is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "u64", into = "u64")]
pub struct Version;

impl From<Version> for u64 {
    fn from(_: Version) -> Self {
        1
    }
}

impl TryFrom<u64> for Version {
    type Error = String;

    fn try_from(version: u64) -> Result<Self, String> {
        if version == 1 { Ok(Self) } else { Err(format!("version {version} of marks is not known")) }
    }
}

impl Mark {
    /// Reads a mark in its canonical form. Nothing is verified by it.
    ///
    /// # Errors
    /// [`Refusal`] with code [`Code::Malformed`] for any other bytes.
    pub fn parse(bytes: &[u8]) -> Result<Self, Refusal> {
        if bytes.len() > MARK_BYTES_MAX {
            let message = format!("it is {} bytes, over the limit of {MARK_BYTES_MAX}", bytes.len());
            return Err(Refusal::new(Code::Malformed, message));
        }
        let mark: Self = serde_json::from_slice(bytes)
            .map_err(|error| Refusal::new(Code::Malformed, format!("it is not a mark: {error}")))?;
        if mark.to_bytes() == bytes {
            return Ok(mark);
        }
        let message = "it is not in canonical form: some byte is not as the governor wrote it".to_owned();
        Err(Refusal::new(Code::Malformed, message))
    }

    /// What the mark is called: SHA-256 of its verdict's envelope. Anyone can write the same mark with proofs that lead to
    /// a later checkpoint, or without its provenance; its verdict stays.
    #[must_use]
    pub fn id(&self) -> Digest {
        self.verdict.envelope.digest()
    }

    /// The canonical bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        #[expect(clippy::expect_used, reason = "strings and numbers have a JSON form; memory takes it")]
        let mut bytes = serde_json::to_vec_pretty(self).expect("plain data has a JSON form");
        bytes.push(b'\n');
        bytes
    }
}
