//! Where artifacts come from: the tries of generators, in the log.
//!
//! Texts (prompt, reply, sources, the toolchain's words) are stored as openings of salted commitments, apart from the
//! statements, so that each can be disclosed or erased alone. Format: `spec/provenance.md`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proofmark_contract::Contract;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::entry::{Entry, Kind};
use proofmark_mark::provenance::{
    BUILD_TYPE, BuildDefinition, Builder, External, Internal, Metadata, Provenance, Resource, RunDetails, named,
};
use proofmark_mark::statement::Statement;
use proofmark_mark::verdict::governor_id;

use crate::govern::{GovernError, sign};
use crate::home::Home;
use crate::log::{LogError, View};
use crate::store::StoreError;
use crate::{receipts, sealed};

/// One try in plain words, before it is recorded.
#[derive(Debug, Clone)]
pub struct Try {
    pub external: External,
    pub internal: Internal,
    /// Of the run of `make`: [`invocation`].
    pub invocation: String,
    pub started: Timestamp,
    pub finished: Timestamp,
    pub prompt: Vec<u8>,
    pub reply: Option<Vec<u8>>,
    /// Paths with their bytes.
    pub sources: Vec<(String, Vec<u8>)>,
    /// What the toolchain wrote.
    pub log: Option<Vec<u8>>,
    pub toolchain: Option<Resource>,
    /// The envelope of the provenance that this one repairs.
    pub parent: Option<Digest>,
}

/// A name for one run of `make`: 128 random bits in hexadecimal.
///
/// # Errors
/// The operating system gives no randomness.
pub fn invocation() -> Result<String, GovernError> {
    receipts::random()
}

/// Stores a try's texts and says where it comes from. Nothing is in the log by that.
///
/// # Errors
/// What the store said.
pub fn of(home: &Home, one: Try) -> Result<Provenance, GovernError> {
    let commit = |name: &str, text: &[u8]| Ok::<_, GovernError>(Resource::new(name, receipts::commit(home, text)?));
    let mut resolved_dependencies = vec![commit(named::PROMPT, &one.prompt)?];
    resolved_dependencies.extend(one.parent.map(|parent| Resource::new(named::PARENT, parent)));
    resolved_dependencies.extend(one.toolchain);
    let mut byproducts = Vec::new();
    if let Some(reply) = &one.reply {
        byproducts.push(commit(named::REPLY, reply)?);
    }
    for (path, bytes) in &one.sources {
        byproducts.push(commit(named::SOURCE, bytes)?.annotated(named::PATH, path));
    }
    if let Some(log) = &one.log {
        byproducts.push(commit(named::LOG, log)?);
    }
    Ok(Provenance {
        build_definition: BuildDefinition {
            build_type: BUILD_TYPE.to_owned(),
            external_parameters: one.external,
            internal_parameters: one.internal,
            resolved_dependencies,
        },
        run_details: RunDetails {
            builder: Builder {
                id: governor_id(home.keys.governor().keyid()),
                version: BTreeMap::from([("proofmark".to_owned(), env!("CARGO_PKG_VERSION").to_owned())]),
            },
            metadata: Metadata { invocation_id: one.invocation, started_on: one.started, finished_on: one.finished },
            byproducts,
        },
    })
}

/// Writes the provenance of a try into the log that brought no artifact, or one that is not checked; gives the digest of its
/// envelope. That of an artifact that is checked is written with its submission ([`crate::govern::check`]).
///
/// # Errors
/// What the log said, or a contract that is not sealed.
pub fn record(
    home: &mut Home,
    contract: &Contract,
    artifact: Option<Digest>,
    provenance: &Provenance,
) -> Result<Digest, GovernError> {
    if !sealed::is_public(contract) {
        return Err(GovernError::NotSealed);
    }
    let none = || GovernError::Statement("a try has no prompt".to_owned());
    let subject = provenance.subject(artifact).ok_or_else(none)?;
    let envelope = sign(home, contract, subject, provenance);
    home.log.append(&[entry(&envelope, subject, contract.digest)])?;
    Ok(envelope.digest())
}

/// The entry of a provenance, with its blob.
pub(crate) fn entry(envelope: &Envelope, subject: Digest, contract: Digest) -> (Entry, Vec<u8>) {
    (Entry::new(Kind::Provenance, envelope, subject, contract), envelope.to_bytes())
}

/// A provenance of the log.
#[derive(Debug, Clone)]
pub struct Found {
    /// The entry's index.
    pub index: u64,
    /// The envelope's digest: what children name as their parent.
    pub envelope: Digest,
    /// Its `artifact` is the subject.
    pub statement: Statement<Provenance>,
}

/// Every provenance of the log for which `wanted` holds of index and entry, oldest first.
pub fn all<'a>(
    view: &'a View,
    wanted: impl Fn(u64, &Entry) -> bool + 'a,
) -> impl Iterator<Item = Result<Found, GovernError>> + 'a {
    view.entries(0..view.size()).filter_map(move |one| {
        let (index, entry) = match one {
            Ok(one) => one,
            Err(error) => return Some(Err(error.into())),
        };
        (entry.kind == Kind::Provenance && wanted(index, &entry)).then(|| {
            let envelope = view.envelope(&entry)?;
            let wrong = |error| GovernError::Statement(format!("entry {index} of the log has no provenance: {error}"));
            let statement = Statement::parse(envelope.unverified_payload()).map_err(wrong)?;
            Ok(Found { index, envelope: entry.envelope, statement })
        })
    })
}

/// The text behind a commitment; `None` if it was erased, or never was in this home.
///
/// # Errors
/// It can't be read, or was altered.
pub fn opened(home: &Home, resource: &Resource) -> Result<Option<Vec<u8>>, LogError> {
    match receipts::opened(home, &resource.sha256()) {
        Ok(text) => Ok(Some(text)),
        Err(LogError::Store(StoreError::NotFound { .. })) => Ok(None),
        Err(error) => Err(error),
    }
}

/// Erases the texts behind commitments: their blobs are deleted, and nobody can open the commitments any more.
///
/// # Errors
/// One of them is no opening but something that the log names, or there is none: then nothing was deleted. Or what kept
/// one from being deleted.
pub fn erase(home: &Home, commitments: &BTreeSet<Digest>) -> Result<(), GovernError> {
    let view = home.log.view();
    for one in view.entries(0..view.size()) {
        let (index, entry) = one?;
        let about = entry.about.filter(|_| entry.kind != Kind::Provenance);
        let names = about.map(|about| [about.artifact, about.contract]);
        let named = names.into_iter().flatten().chain([entry.envelope]).find(|digest| commitments.contains(digest));
        if let Some(digest) = named {
            let why = format!("`{digest}` is no commitment: entry {index} of the log rests on it");
            return Err(GovernError::Statement(why));
        }
    }
    for commitment in commitments {
        let blob = home.log.blob(commitment)?;
        if !is_opening(&blob) {
            return Err(GovernError::Statement(format!("`{commitment}` is a blob, but no opening of a commitment")));
        }
    }
    for commitment in commitments {
        home.log.delete_blob(commitment)?;
    }
    Ok(())
}

/// Whether a blob begins as openings do: a salt of 128 bits in hexadecimal, and a newline.
fn is_opening(blob: &[u8]) -> bool {
    let (salt, rest) = blob.split_at_checked(32).unwrap_or_default();
    !salt.is_empty() && salt.iter().all(u8::is_ascii_hexdigit) && rest.first() == Some(&b'\n')
}

#[cfg(test)]
mod tests;
