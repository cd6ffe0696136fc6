//! Trust files: which logs, governors and policies a verifier believes. They come out of band, never from a mark.

use p256::ecdsa::VerifyingKey;
use serde::Deserialize;
use thiserror::Error;

use crate::digest::Digest;
use crate::dsse::{self, KeyError, VerifyingKeys};
use crate::note::{NoteError, VerifierKey};
use crate::submission::PolicyRef;

/// The largest trust file, in bytes.
pub const TRUST_BYTES_MAX: usize = 256 << 10;

/// Whom a verifier believes.
#[derive(Debug, Clone)]
pub struct Trust {
    logs: Vec<VerifierKey>,
    governors: Parties,
    stewards: Parties,
    policies: Vec<PolicyRef>,
}

/// Who may sign in one role.
#[derive(Debug, Clone, Default)]
struct Parties {
    list: Vec<Party>,
    keys: VerifyingKeys,
}

/// A trusted signer: a governor, which signs evidence and verdicts, or a steward, who gives orders.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Party {
    pub name: String,
    pub keyid: Digest,
    pub key: VerifyingKey,
}

/// Why a text is not a trust file.
#[derive(Debug, Error)]
pub enum TrustError {
    #[error("{0} bytes, over the limit of {TRUST_BYTES_MAX}")]
    TooLarge(usize),
    #[error("not a trust file: {0}")]
    Toml(String),
    #[error("version {0} is not known; write `trust = 1`")]
    Version(u64),
    #[error("there is no {0}; without one no mark can be valid")]
    None(&'static str),
    #[error("{what} `{name}` is there twice")]
    Twice { what: &'static str, name: String },
    #[error("log: {0}")]
    Log(#[from] NoteError),
    #[error("{role} `{name}`: {source}")]
    Party { role: &'static str, name: String, source: KeyError },
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Wire {
    trust: u64,
    logs: Vec<String>,
    #[serde(default)]
    governor: Vec<WireParty>,
    #[serde(default)]
    steward: Vec<WireParty>,
    #[serde(default)]
    policy: Vec<WirePolicy>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WireParty {
    name: String,
    key: String,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct WirePolicy {
    name: String,
    sha256: Digest,
}

impl Trust {
    /// Reads a trust file: TOML as `spec/trust.md` has it.
    ///
    /// # Errors
    /// [`TrustError`] names what is wrong; a field that is not known is wrong.
    pub fn parse(text: &str) -> Result<Self, TrustError> {
        if text.len() > TRUST_BYTES_MAX {
            return Err(TrustError::TooLarge(text.len()));
        }
        let wire: Wire =
            toml::from_str(text).map_err(|error| TrustError::Toml(error.to_string().trim_end().to_owned()))?;
        if wire.trust != 1 {
            return Err(TrustError::Version(wire.trust));
        }
        let logs = wire.logs.iter().map(|key| key.parse()).collect::<Result<Vec<VerifierKey>, _>>()?;
        once("log", logs.iter().map(|log| log.name().to_owned()))?;
        some("log", logs.len())?;
        let governors = Parties::read("governor", wire.governor)?;
        some("governor", governors.list.len())?;
        let stewards = Parties::read("steward", wire.steward)?;
        // Not even across roles: whoever holds a governor's key must not be able to thaw.
        let parties = governors.list.iter().chain(&stewards.list);
        once("governor or steward key", parties.map(|party| party.keyid.to_string()))?;
        let policies: Vec<PolicyRef> =
            wire.policy.into_iter().map(|WirePolicy { name, sha256 }| PolicyRef { name, digest: sha256 }).collect();
        once("policy", policies.iter().map(|policy| policy.name.clone()))?;
        some("policy", policies.len())?;
        Ok(Self { logs, governors, stewards, policies })
    }

    /// The keys of the logs; each key's name is its log's origin.
    #[must_use]
    pub fn logs(&self) -> &[VerifierKey] {
        &self.logs
    }

    /// The governors.
    #[must_use]
    pub fn governors(&self) -> &[Party] {
        &self.governors.list
    }

    /// The governors' keys by id.
    #[must_use]
    pub fn keys(&self) -> &VerifyingKeys {
        &self.governors.keys
    }

    /// The stewards, whose orders are obeyed; there may be none.
    #[must_use]
    pub fn stewards(&self) -> &[Party] {
        &self.stewards.list
    }

    /// The stewards' keys by id.
    #[must_use]
    pub fn steward_keys(&self) -> &VerifyingKeys {
        &self.stewards.keys
    }

    /// The policies by name and digest.
    #[must_use]
    pub fn policies(&self) -> &[PolicyRef] {
        &self.policies
    }
}

impl Parties {
    fn read(role: &'static str, wire: Vec<WireParty>) -> Result<Self, TrustError> {
        let mut parties = Self::default();
        for WireParty { name, key } in wire {
            let read = dsse::key_from_pem(&key).and_then(|key| Ok((key, parties.keys.insert(key)?)));
            let (key, keyid) = read.map_err(|source| TrustError::Party { role, name: name.clone(), source })?;
            parties.list.push(Party { name, keyid, key });
        }
        once(role, parties.list.iter().map(|party| party.name.clone()))?;
        Ok(parties)
    }
}

fn some(what: &'static str, count: usize) -> Result<(), TrustError> {
    if count == 0 { Err(TrustError::None(what)) } else { Ok(()) }
}

/// Refuses a name that is there twice.
fn once(what: &'static str, names: impl Iterator<Item = String>) -> Result<(), TrustError> {
    let mut names: Vec<String> = names.collect();
    names.sort_unstable();
    match names.windows(2).find(|pair| pair.first() == pair.last()).and_then(|pair| pair.first()) {
        Some(name) => Err(TrustError::Twice { what, name: name.clone() }),
        None => Ok(()),
    }
}

#[cfg(test)]
mod tests;
