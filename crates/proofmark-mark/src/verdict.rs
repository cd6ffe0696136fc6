//! Verdicts: what the policy decided, as a SLSA verification summary (VSA, version 1.1) with the grant beside it.
//!
//! A verdict is a claim by the governor that signed it. Verification evaluates the policy again and believes none of it.

use std::collections::BTreeSet;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::digest::{Digest, DigestSet};
use crate::dsse::Envelope;
use crate::policy::Decision;
use crate::statement::Predicate;
use crate::submission::{Autonomy, PolicyRef};

/// The version of SLSA whose VSA this is.
const SLSA_VERSION: &str = "1.1";
/// The name of the submission among a verdict's inputs; the others are named by their check.
const SUBMISSION: &str = "submission";

/// A verification summary. Fields and their order are those of the specification; the last is ours.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Verdict {
    pub verifier: Verifier,
    #[serde(with = "crate::time")]
    pub time_verified: Timestamp,
    /// `sha256:` and the artifact's digest.
    pub resource_uri: String,
    pub policy: Policy,
    /// The submission first, then evidence in the order of the plan.
    pub input_attestations: Vec<Input>,
    pub verification_result: VerificationResult,
    /// `PROOFMARK_` and the autonomy level, or `FAILED`.
    pub verified_levels: Vec<String>,
    pub slsa_version: String,
    /// What a passed verdict grants; a failed one grants nothing.
    #[serde(rename = "https://proofmark.dev/grant/v1", default, skip_serializing_if = "Option::is_none")]
    pub grant: Option<Grant>,
}

impl Predicate for Verdict {
    const TYPE: &'static str = "https://slsa.dev/verification_summary/v1";
}

/// Who decided.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verifier {
    /// `https://proofmark.dev/governor/` and the governor's key id.
    pub id: String,
}

/// By which policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Policy {
    /// The policy's name.
    pub uri: String,
    pub digest: DigestSet,
}

/// On what: one envelope.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Input {
    /// `submission`, or the name of a check.
    pub uri: String,
    /// SHA-256 of the envelope's canonical bytes.
    pub digest: DigestSet,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "UPPERCASE")]
pub enum VerificationResult {
    Passed,
    Failed,
}

/// What evidence has bought: these capabilities, at this level, until then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Grant {
    pub autonomy: Autonomy,
    pub capabilities: BTreeSet<String>,
    /// The first second in which the grant no longer holds.
    #[serde(with = "crate::time")]
    pub expires: Timestamp,
    pub on_departure: OnDeparture,
}

/// What happens to a run that leaves the profile that its checks saw: what the policy says to `depart`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum OnDeparture {
    /// It goes on, and its receipt says so.
    Flag,
    /// It is stopped, and its receipt says so.
    Stop,
}

impl From<&Decision> for OnDeparture {
    fn from(decision: &Decision) -> Self {
        match decision {
            Decision::Permit => Self::Flag,
            Decision::Deny(_) => Self::Stop,
        }
    }
}

impl std::fmt::Display for OnDeparture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Flag => "flagged",
            Self::Stop => "stopped",
        })
    }
}

/// What a verdict rests on.
#[derive(Debug, Clone, Copy)]
pub struct Basis<'a> {
    pub artifact: Digest,
    pub policy: &'a PolicyRef,
    pub submission: &'a Envelope,
    /// Evidence by the name of its check, in the plan's order.
    pub evidence: &'a [(&'a str, &'a Envelope)],
}

impl Verdict {
    /// The verdict of the governor with key id `governor` at `time`. `grant` is what was asked for; it is part of the
    /// verdict only if the decision permits.
    #[must_use]
    pub fn new(governor: Digest, time: Timestamp, basis: &Basis<'_>, decision: &Decision, grant: Grant) -> Self {
        let (verification_result, verified_level, grant) = match decision {
            Decision::Permit => (VerificationResult::Passed, level(grant.autonomy), Some(grant)),
            Decision::Deny(_) => (VerificationResult::Failed, "FAILED".to_owned(), None),
        };
        Self {
            verifier: Verifier { id: governor_id(governor) },
            time_verified: time,
            resource_uri: resource_uri(basis.artifact),
            policy: Policy { uri: basis.policy.name.clone(), digest: basis.policy.digest.into() },
            input_attestations: inputs(basis),
            verification_result,
            verified_levels: vec![verified_level],
            slsa_version: SLSA_VERSION.to_owned(),
            grant,
        }
    }

    /// The grant, if this is what a passed verdict by this governor on this basis says.
    ///
    /// # Errors
    /// The name of the first field that says something else.
    pub(crate) fn passed(&self, governor: Digest, basis: &Basis<'_>) -> Result<&Grant, &'static str> {
        let (VerificationResult::Passed, Some(grant)) = (self.verification_result, &self.grant) else {
            return Err("verificationResult");
        };
        let policy = Policy { uri: basis.policy.name.clone(), digest: basis.policy.digest.into() };
        [
            ("verifier", self.verifier.id == governor_id(governor)),
            ("resourceUri", self.resource_uri == resource_uri(basis.artifact)),
            ("policy", self.policy == policy),
            ("inputAttestations", self.input_attestations == inputs(basis)),
            ("verifiedLevels", self.verified_levels == [level(grant.autonomy)]),
            ("slsaVersion", self.slsa_version == SLSA_VERSION),
        ]
        .into_iter()
        .find_map(|(field, right)| (!right).then_some(field))
        .map_or(Ok(grant), Err)
    }
}

/// The name of a governor as verifier and builder.
#[must_use]
pub fn governor_id(governor: Digest) -> String {
    format!("https://proofmark.dev/governor/{governor}")
}

fn resource_uri(artifact: Digest) -> String {
    format!("sha256:{artifact}")
}

fn level(autonomy: Autonomy) -> String {
    format!("PROOFMARK_{}", autonomy.as_str().to_uppercase())
}

fn inputs(basis: &Basis<'_>) -> Vec<Input> {
    std::iter::once((SUBMISSION, basis.submission))
        .chain(basis.evidence.iter().copied())
        .map(|(uri, envelope)| Input { uri: uri.to_owned(), digest: envelope.digest().into() })
        .collect()
}
