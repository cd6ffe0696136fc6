//! Why a mark is not valid: a code for machines, a message for people, and the next thing to try.
//!
//! Codes are part of the format: vectors name them, and they do not change their meaning.

use std::fmt;

use thiserror::Error;

/// A mark that is not valid.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct Refusal {
    pub code: Code,
    pub message: String,
}

/// What kind of thing is wrong. The first that verification meets, in its fixed order, is the one that is named.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Code {
    /// Not a mark in canonical form.
    Malformed,
    /// The artifact given is not the one the mark is about.
    Artifact,
    /// A checkpoint that no trusted log signed.
    Log,
    /// The checkpoints are not two states of one log.
    Consistency,
    /// A policy that is not trusted or not valid.
    Policy,
    /// A statement that no trusted governor signed.
    Signature,
    /// A statement that is not what it should be.
    Statement,
    /// A statement that is not in the log, or in the wrong order.
    Inclusion,
    /// Statements about different artifacts, contracts, attempts or challenges.
    Disagreement,
    /// Evidence that is not what the plan asks for.
    Plan,
    /// A verdict that does not say what the rest proves.
    Verdict,
    /// The grant is over.
    Expired,
    /// The verdict is from the future.
    Future,
    /// The policy, evaluated again, denies.
    Denied,
}

impl Refusal {
    pub(crate) fn new(code: Code, message: impl Into<String>) -> Self {
        Self { code, message: message.into() }
    }

    /// The next thing to try.
    #[must_use]
    pub fn next(&self) -> &'static str {
        match self.code {
            Code::Malformed => "get the mark again as it was issued; not one byte may change",
            Code::Artifact => "get the artifact that the mark names, or check this one with `proofmark check`",
            Code::Log => "add the log's key to the trust file if you trust it; else do not use the mark",
            Code::Policy => {
                "add the policy's digest to the trust file if you trust it, or check again under another policy"
            }
            Code::Signature => "add the governor's key to the trust file if you trust it; else do not use the mark",
            Code::Expired => "check the artifact again with `proofmark check`",
            Code::Future => "set this machine's clock",
            Code::Denied => "check the artifact again, under a policy that its evidence satisfies",
            Code::Consistency | Code::Statement | Code::Inclusion | Code::Disagreement | Code::Plan | Code::Verdict => {
                "do not use the mark; check the artifact again, and ask the governor how this came about"
            }
        }
    }
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Malformed => "malformed",
            Self::Artifact => "artifact",
            Self::Log => "log",
            Self::Consistency => "consistency",
            Self::Policy => "policy",
            Self::Signature => "signature",
            Self::Statement => "statement",
            Self::Inclusion => "inclusion",
            Self::Disagreement => "disagreement",
            Self::Plan => "plan",
            Self::Verdict => "verdict",
            Self::Expired => "expired",
            Self::Future => "future",
            Self::Denied => "denied",
        })
    }
}
