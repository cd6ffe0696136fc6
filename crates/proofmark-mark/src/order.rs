//! Orders: what a steward commands of everything that acts under this log: freeze, thaw, revoke, stop.
//!
//! An order is a signed statement in the log. It takes capability away, or gives back what a freeze took; it never grants
//! more than a mark does. Whoever runs an artifact reads the orders before it and while it runs. `spec/order.md`.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::digest::Digest;
use crate::dsse::{DsseError, Envelope, VerifyingKeys};
use crate::statement::{Predicate, Statement, StatementError};
use crate::submission::Autonomy;

/// The longest reason, in bytes.
pub const REASON_BYTES_MAX: usize = 1000;
/// The longest name in a scope, in bytes.
const SCOPE_NAME_BYTES_MAX: usize = 256;

/// One order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    #[serde(with = "crate::time")]
    pub issued: Timestamp,
    pub act: Act,
    /// Why, in words; may be empty.
    pub reason: String,
}

/// What is ordered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase", deny_unknown_fields)]
pub enum Act {
    /// Nothing in the scope runs, and nothing of it commits an effect.
    Freeze {
        scope: Scope,
        /// The first second in which it no longer holds; `null`: until it is thawed.
        #[serde(with = "crate::time::optional")]
        until: Option<Timestamp>,
        /// The key ids that may thaw it; at least one.
        thaw: BTreeSet<Digest>,
    },
    /// A freeze ends.
    Thaw {
        /// The digest of the freeze's envelope.
        freeze: Digest,
    },
    /// A mark grants nothing any more.
    Revoke {
        /// [`crate::mark::Mark::id`].
        mark: Digest,
    },
    /// One run ends now.
    Stop {
        /// The run's id, as its receipts have it.
        run: String,
    },
}

/// What a freeze reaches.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Scope {
    All,
    Generator(String),
    Contract(Digest),
    Artifact(Digest),
    Mark(Digest),
    /// Everything that was granted a capability of this class.
    Capability(String),
    Autonomy(Autonomy),
}

/// A text that is not a scope.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error(
    "`{0}` is not a scope; write `all`, `generator:NAME`, `contract:DIGEST`, `artifact:DIGEST`, `mark:DIGEST`, \
     `capability:NAME` or `autonomy:LEVEL`"
)]
pub struct ScopeError(String);

impl Predicate for Order {
    const TYPE: &'static str = "https://proofmark.dev/order/v1";
}

/// An order with who gave it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Issued {
    /// The digest of the order's envelope: its name.
    pub envelope: Digest,
    /// Whose signature it has.
    pub keyid: Digest,
    pub order: Order,
}

/// Why an envelope is not an order to obey.
#[derive(Debug, Error)]
pub enum OrderError {
    #[error(transparent)]
    Signature(#[from] DsseError),
    #[error(transparent)]
    Statement(#[from] StatementError),
    #[error("its subject is not what it orders")]
    Subject,
    #[error("{0}")]
    Content(&'static str),
}

impl Order {
    /// The statement that is signed. Its subject is what the order is about, by digest.
    #[must_use]
    pub fn statement(self) -> Statement<Self> {
        let (name, digest) = self.subject();
        Statement::new(&name, digest, self)
    }

    fn subject(&self) -> (String, Digest) {
        match &self.act {
            Act::Freeze { scope, .. } => (scope.to_string(), Digest::of(scope.to_string().as_bytes())),
            Act::Thaw { freeze } => ("freeze".to_owned(), *freeze),
            Act::Revoke { mark } => ("mark".to_owned(), *mark),
            Act::Stop { run } => (run.clone(), Digest::of(run.as_bytes())),
        }
    }
}

impl Issued {
    /// Reads an order that one of `stewards` signed.
    ///
    /// # Errors
    /// [`OrderError`] for another signer, another statement, or one that says two things.
    pub fn read(envelope: &Envelope, stewards: &VerifyingKeys) -> Result<Self, OrderError> {
        let signed = envelope.verify(stewards)?;
        let statement = Statement::<Order>::parse(signed.payload)?;
        let order = statement.predicate;
        if order.subject() != (statement.name, statement.artifact) {
            return Err(OrderError::Subject);
        }
        if order.reason.len() > REASON_BYTES_MAX {
            return Err(OrderError::Content("its reason is longer than 1,000 bytes"));
        }
        if matches!(&order.act, Act::Freeze { thaw, .. } if thaw.is_empty()) {
            return Err(OrderError::Content("nobody may ever thaw it"));
        }
        Ok(Self { envelope: envelope.digest(), keyid: signed.keyid, order })
    }

    /// Whether this is a freeze that the key may thaw.
    #[must_use]
    pub fn may_be_thawed_by(&self, keyid: Digest) -> bool {
        matches!(&self.order.act, Act::Freeze { thaw, .. } if thaw.contains(&keyid))
    }
}

/// In words: `frozen: all, until 2026-11-22T08:00:00Z (code freeze)`.
impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.act {
            Act::Freeze { scope, until: None, .. } => write!(f, "frozen: {scope}")?,
            Act::Freeze { scope, until: Some(until), .. } => {
                write!(f, "frozen: {scope}, until {}", crate::time::text(*until))?;
            }
            Act::Thaw { freeze } => write!(f, "thawed: {freeze}")?,
            Act::Revoke { mark } => write!(f, "revoked: the mark {mark}")?,
            Act::Stop { run } => write!(f, "stopped: the run {run}")?,
        }
        if self.reason.is_empty() { Ok(()) } else { write!(f, " ({})", self.reason) }
    }
}

/// Something that acts or is about to, as orders see it.
#[derive(Debug, Clone, Copy)]
pub struct Acting<'a> {
    /// The run's id; empty before there is one.
    pub run: &'a str,
    /// [`crate::mark::Mark::id`].
    pub mark: Digest,
    pub artifact: Digest,
    pub contract: Digest,
    pub generator: &'a str,
    pub autonomy: Autonomy,
    pub capabilities: &'a BTreeSet<String>,
}

/// The orders that stand, taken in the order of the log.
#[derive(Debug, Clone, Default)]
pub struct Standing {
    freezes: Vec<Issued>,
    revoked: BTreeMap<Digest, Issued>,
    stopped: BTreeMap<String, Issued>,
}

impl Standing {
    /// Takes the next order of the log. A thaw counts only if the freeze that it names lets its signer thaw.
    pub fn take(&mut self, issued: Issued) {
        match &issued.order.act {
            Act::Freeze { .. } => self.freezes.push(issued),
            Act::Thaw { freeze } => {
                self.freezes.retain(|known| known.envelope != *freeze || !known.may_be_thawed_by(issued.keyid));
            }
            Act::Revoke { mark } => drop(self.revoked.entry(*mark).or_insert(issued)),
            Act::Stop { run } => drop(self.stopped.entry(run.clone()).or_insert(issued)),
        }
    }

    /// The first order that forbids this to act at `now`.
    #[must_use]
    pub fn forbids(&self, acting: &Acting<'_>, now: Timestamp) -> Option<&Issued> {
        let reached = self.freezes(now).find(|freeze| match &freeze.order.act {
            Act::Freeze { scope, .. } => scope.reaches(acting),
            _ => false,
        });
        self.revoked.get(&acting.mark).or_else(|| self.stopped.get(acting.run)).or(reached)
    }

    /// The order that revoked a mark, by the digest of its file.
    #[must_use]
    pub fn revoked(&self, mark: Digest) -> Option<&Issued> {
        self.revoked.get(&mark)
    }

    /// The freezes that hold at `now`, oldest first.
    pub fn freezes(&self, now: Timestamp) -> impl Iterator<Item = &Issued> {
        self.freezes.iter().filter(move |freeze| match &freeze.order.act {
            Act::Freeze { until, .. } => until.is_none_or(|until| now < until),
            _ => false,
        })
    }
}

impl Scope {
    fn reaches(&self, acting: &Acting<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Generator(name) => name == acting.generator,
            Self::Contract(digest) => *digest == acting.contract,
            Self::Artifact(digest) => *digest == acting.artifact,
            Self::Mark(digest) => *digest == acting.mark,
            Self::Capability(name) => acting.capabilities.contains(name),
            Self::Autonomy(level) => *level == acting.autonomy,
        }
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::All => f.write_str("all"),
            Self::Generator(name) => write!(f, "generator:{name}"),
            Self::Contract(digest) => write!(f, "contract:{digest}"),
            Self::Artifact(digest) => write!(f, "artifact:{digest}"),
            Self::Mark(digest) => write!(f, "mark:{digest}"),
            Self::Capability(name) => write!(f, "capability:{name}"),
            Self::Autonomy(level) => write!(f, "autonomy:{level}"),
        }
    }
}

impl FromStr for Scope {
    type Err = ScopeError;

    fn from_str(text: &str) -> Result<Self, ScopeError> {
        let wrong = || ScopeError(text.chars().take(SCOPE_NAME_BYTES_MAX).collect());
        let digest = |text: &str| text.parse().map_err(|_| wrong());
        match text.split_once(':') {
            None if text == "all" => Ok(Self::All),
            Some((_, name)) if name.is_empty() || name.len() > SCOPE_NAME_BYTES_MAX => Err(wrong()),
            Some(("generator", name)) => Ok(Self::Generator(name.to_owned())),
            Some(("capability", name)) => Ok(Self::Capability(name.to_owned())),
            Some(("contract", name)) => digest(name).map(Self::Contract),
            Some(("artifact", name)) => digest(name).map(Self::Artifact),
            Some(("mark", name)) => digest(name).map(Self::Mark),
            Some(("autonomy", name)) => name.parse().map(Self::Autonomy).map_err(|_| wrong()),
            _ => Err(wrong()),
        }
    }
}

impl TryFrom<String> for Scope {
    type Error = ScopeError;

    fn try_from(text: String) -> Result<Self, ScopeError> {
        text.parse()
    }
}

impl From<Scope> for String {
    fn from(scope: Scope) -> Self {
        scope.to_string()
    }
}

#[cfg(test)]
mod tests;
