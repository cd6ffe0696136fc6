//! Evidence: what one check found about one artifact.
//!
//! Evidence is the same bytes for the same challenge on any machine: it holds no time, no float and no path.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::challenge::Challenge;
use crate::digest::Digest;
use crate::statement::Predicate;

mod sorted;

/// What one check found.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The check's name.
    pub check: String,
    pub contract: Digest,
    pub challenge: Challenge,
    /// Which try of this generator at this contract this is, from 1.
    pub attempt: u64,
    pub outcome: Outcome,
    /// Why the outcome is not `passed`.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub reason: Option<String>,
    /// Numbers that policies read; which ones, depends on the check.
    pub counts: BTreeMap<String, u64>,
    pub counterexamples: Vec<Counterexample>,
    /// Whatever else the check has to say; policies do not see it. Object keys are sorted and a number that is not an
    /// integer is written as a string, so the bytes do not depend on how it was built.
    #[serde(with = "sorted")]
    pub details: Value,
}

impl Predicate for Evidence {
    const TYPE: &'static str = "https://proofmark.dev/evidence/v1";
}

/// How a check ended. `Unknown` is an answer and never a pass.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Outcome {
    Passed,
    Failed,
    Unknown,
}

impl Outcome {
    /// The outcome's name as policies read it.
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Unknown => "unknown",
        }
    }
}

/// A call that shows a failure when it is replayed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Counterexample {
    /// The property's name.
    pub property: String,
    /// The call in WAVE.
    pub call: String,
    /// What should have held.
    pub violated: String,
    /// What came instead.
    pub got: String,
    /// Whether generators must not be shown it.
    pub held_out: bool,
}

/// How `violated` begins in a counterexample of `reference`; the reference's result in WAVE follows.
pub const REFERENCE_RETURNS: &str = "the reference returns ";

/// Residual risk is stated with a confidence of 1 − δ.
const DELTA: f64 = 0.05;
const MILLION: f64 = 1_000_000.0;

/// Residual risk in parts per million, with 95 % confidence: after `executions` without a violation and `attempts`
/// tries, at most this share of inputs, as they are generated, violates a property.
///
/// It is `ln(K/0.05)/N`, rounded up, at least 1 and at most 1,000,000 (the bound for N independent draws with no
/// violation, with a union bound over K tries). The logarithm is libm's, so the result is the same on every machine.
#[must_use]
pub fn risk_ppm(attempts: u64, executions: u64) -> u64 {
    let bound = MILLION * libm::log(attempts.max(1) as f64 / DELTA) / executions as f64;
    if bound.is_finite() { libm::ceil(bound).clamp(1.0, MILLION) as u64 } else { 1_000_000 }
}

#[cfg(test)]
mod tests;
