//! Log entries: what stands in the log for each signed envelope.
//!
//! An entry is small public JSON in one spelling. It names things by digest and never holds their content.

use serde::{Deserialize, Serialize};

use crate::canonical::{self, JsonError};
use crate::digest::Digest;
use crate::dsse::Envelope;

/// The largest entry, in bytes: entry bundles carry a 16-bit length.
pub const ENTRY_BYTES_MAX: usize = 65_535;

/// One leaf of the log.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Entry {
    pub kind: Kind,
    /// SHA-256 of the envelope's canonical bytes.
    pub envelope: Digest,
    /// `None` for orders, and only for them.
    pub about: Option<About>,
}

/// Which artifact, given for which contract.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct About {
    pub artifact: Digest,
    pub contract: Digest,
}

/// What the envelope holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Submission {
        /// SHA-256 of the generator's id: attempts are counted by contract and generator from the log alone.
        generator: Digest,
    },
    Evidence,
    Verdict,
    /// Of a try. Its artifact is what [`crate::provenance::Provenance::subject`] says.
    Provenance,
    ReceiptOpen,
    ReceiptClose,
    /// An order of a steward ([`crate::order`]).
    Order,
}

#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    proofmark: u64,
    kind: Name,
    envelope: Digest,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    artifact: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    contract: Option<Digest>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    generator: Option<Digest>,
}

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Name {
    Submission,
    Evidence,
    Verdict,
    Provenance,
    ReceiptOpen,
    ReceiptClose,
    Order,
}

impl Entry {
    /// The entry of an envelope about an artifact.
    #[must_use]
    pub fn new(kind: Kind, envelope: &Envelope, artifact: Digest, contract: Digest) -> Self {
        Self { kind, envelope: envelope.digest(), about: Some(About { artifact, contract }) }
    }

    /// The entry of an order.
    #[must_use]
    pub fn order(envelope: &Envelope) -> Self {
        Self { kind: Kind::Order, envelope: envelope.digest(), about: None }
    }

    /// The entry of a submission; `generator` is SHA-256 of the generator's id.
    #[must_use]
    pub fn submission(envelope: &Envelope, artifact: Digest, contract: Digest, generator: Digest) -> Self {
        Self::new(Kind::Submission { generator }, envelope, artifact, contract)
    }

    /// The entry's bytes, as they are hashed and stored.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let (kind, generator) = match self.kind {
            Kind::Submission { generator } => (Name::Submission, Some(generator)),
            Kind::Evidence => (Name::Evidence, None),
            Kind::Verdict => (Name::Verdict, None),
            Kind::Provenance => (Name::Provenance, None),
            Kind::ReceiptOpen => (Name::ReceiptOpen, None),
            Kind::ReceiptClose => (Name::ReceiptClose, None),
            Kind::Order => (Name::Order, None),
        };
        let (artifact, contract) = self.about.map(|about| (about.artifact, about.contract)).unzip();
        let wire = Wire { proofmark: 1, kind, envelope: self.envelope, artifact, contract, generator };
        canonical::to_bytes(&wire)
    }

    /// Reads an entry.
    ///
    /// # Errors
    /// [`JsonError`] for anything but the very bytes that [`Entry::to_bytes`] gives for some entry.
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        let wire: Wire = canonical::parse(bytes, ENTRY_BYTES_MAX)?;
        let kind = match (wire.kind, wire.generator) {
            (Name::Submission, Some(generator)) => Kind::Submission { generator },
            (Name::Evidence, None) => Kind::Evidence,
            (Name::Verdict, None) => Kind::Verdict,
            (Name::Provenance, None) => Kind::Provenance,
            (Name::ReceiptOpen, None) => Kind::ReceiptOpen,
            (Name::ReceiptClose, None) => Kind::ReceiptClose,
            (Name::Order, None) => Kind::Order,
            _ => return Err(JsonError::NotCanonical),
        };
        let about = match (kind, wire.artifact, wire.contract) {
            (Kind::Order, None, None) => None,
            (Kind::Order, ..) | (_, None, _) | (_, _, None) => return Err(JsonError::NotCanonical),
            (_, Some(artifact), Some(contract)) => Some(About { artifact, contract }),
        };
        if wire.proofmark != 1 {
            return Err(JsonError::NotCanonical);
        }
        Ok(Self { kind, envelope: wire.envelope, about })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(kind: Kind) -> Entry {
        let about = About { artifact: Digest([2; 32]), contract: Digest([3; 32]) };
        Entry { kind, envelope: Digest([1; 32]), about: (kind != Kind::Order).then_some(about) }
    }

    #[test]
    fn the_spelling_is_the_one_of_the_specification() {
        let (one, two, three) = ("01".repeat(32), "02".repeat(32), "03".repeat(32));
        let evidence = format!(
            r#"{{"proofmark":1,"kind":"evidence","envelope":"{one}","artifact":"{two}","contract":"{three}"}}"#
        );
        assert_eq!(entry(Kind::Evidence).to_bytes(), evidence.as_bytes());
        let submission = entry(Kind::Submission { generator: Digest([4; 32]) }).to_bytes();
        let tail = format!(r#","generator":"{}"}}"#, "04".repeat(32));
        assert!(submission.ends_with(tail.as_bytes()));
        let order = format!(r#"{{"proofmark":1,"kind":"order","envelope":"{one}"}}"#);
        assert_eq!(entry(Kind::Order).to_bytes(), order.as_bytes());
    }

    #[test]
    fn an_order_alone_is_about_no_artifact() {
        let verdict = String::from_utf8(entry(Kind::Verdict).to_bytes()).unwrap();
        assert!(Entry::parse(verdict.replace("verdict", "order").as_bytes()).is_err());
        let order = String::from_utf8(entry(Kind::Order).to_bytes()).unwrap();
        assert!(Entry::parse(order.replace("order", "verdict").as_bytes()).is_err());
    }

    #[test]
    fn what_is_written_is_read_and_nothing_else() {
        let kinds = [
            Kind::Submission { generator: Digest([4; 32]) },
            Kind::Evidence,
            Kind::Verdict,
            Kind::Provenance,
            Kind::ReceiptOpen,
            Kind::ReceiptClose,
            Kind::Order,
        ];
        for kind in kinds {
            let bytes = entry(kind).to_bytes();
            assert_eq!(Entry::parse(&bytes).unwrap(), entry(kind));
            let text = String::from_utf8(bytes).unwrap();
            let wrong = [
                format!("{text} "),
                text.replacen(":1,", ":2,", 1),
                text.replacen(",\"kind\"", ", \"kind\"", 1),
                text.replacen("\"proofmark\":1,", "", 1),
                text.replacen("}", ",\"more\":1}", 1),
                text.replacen("}", ",\"generator\":null}", 1),
            ];
            for wrong in wrong {
                assert!(Entry::parse(wrong.as_bytes()).is_err(), "{wrong}");
            }
        }
    }

    #[test]
    fn a_generator_belongs_to_submissions_alone() {
        let text = String::from_utf8(entry(Kind::Submission { generator: Digest([4; 32]) }).to_bytes()).unwrap();
        assert!(Entry::parse(text.replace("submission", "verdict").as_bytes()).is_err());
        let text = String::from_utf8(entry(Kind::Verdict).to_bytes()).unwrap();
        assert!(Entry::parse(text.replace("verdict", "submission").as_bytes()).is_err());
    }
}
