//! The log: an append-only, signed, publicly readable record of everything that the governor saw and decided.
//!
//! It consists of commits, a chain of objects that are created once and never changed (`log/commit.rs`). Tiles, entry
//! bundles and the checkpoint follow from them (C2SP tlog-tiles) and are made again where they are missing. Creating a
//! commit is the one moment at which entries enter the log: all of a batch or none, and of two writers one. There are no
//! locks. Nothing is ever signed that does not extend the last commit, and nothing found altered is ever repaired.

use std::collections::BTreeMap;

use proofmark_mark::checkpoint::{Checkpoint, CheckpointError};
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::Entry;
use proofmark_mark::merkle;
use proofmark_mark::note::SignerKey;
use thiserror::Error;

use crate::store::{Store, StoreError, blob_name};

mod audit;
mod bundle;
mod commit;
mod edge;
mod names;
mod publish;
mod replay;
mod stored;
mod view;

pub use audit::{Audit, Problem, audit};
pub use commit::{BATCH_BYTES_MAX, BATCH_ENTRIES_MAX};
pub use view::View;

use commit::Commit;
use names::{COMMIT_LAST, Name};
use stored::read_commit;

/// How often an append begins again because other writers were faster. Each time one of them got further.
const APPEND_ATTEMPTS_MAX: u32 = 1000;
/// How many commits of others are followed one by one before the log is opened afresh.
const FOLLOWED_MAX: u32 = 64;

/// A log, opened for writing.
#[derive(Debug)]
pub struct Log {
    view: View,
    signer: SignerKey,
    /// Whether the view's last commit is known to be published.
    published: bool,
}

/// A batch that is in the log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Committed {
    /// Index of the batch's first entry; the others follow it.
    pub first: u64,
    /// Number of entries in the log with the batch; the checkpoint's size.
    pub size: u64,
    /// The signed checkpoint that covers the batch and nothing after it.
    pub checkpoint: String,
}

/// Why a log can't be read or written.
#[derive(Debug, Error)]
pub enum LogError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("there is no log in `{place}`; restore it, or make a new one with `proofmark init`")]
    Absent { place: String },
    #[error("there is a log in `{place}` already")]
    Exists { place: String },
    #[error("`{path}` was altered: {why}; restore it from a copy")]
    Altered { path: String, why: String },
    #[error(
        "the log in `{place}` was cut: a checkpoint was signed for {signed} entries and {found} are left; restore the missing \
         commits from a copy"
    )]
    Cut { place: String, signed: u64, found: u64 },
    #[error("`{place}` has a gap before or after commit {next}; restore the missing commits from a copy")]
    Gap { place: String, next: u64 },
    #[error("entry {index} is not one of Proofmark: {why}")]
    NotAnEntry { index: u64, why: String },
    #[error("{asked} is outside the log of {size} entries")]
    Outside { asked: u64, size: u64 },
    #[error("a batch must have 1 to {BATCH_ENTRIES_MAX} entries of 1 to 65535 bytes, {BATCH_BYTES_MAX} bytes in all")]
    Batch,
    #[error("an entry names the envelope {named}, but the envelope given with it is {given}")]
    Envelope { named: Digest, given: Digest },
    #[error("the log holds as many commits as it can; start a new one")]
    Full,
    #[error("other writers were faster {APPEND_ATTEMPTS_MAX} times in a row; try again")]
    Busy,
    #[error("the checkpoint can't be signed: {0}")]
    Sign(#[from] CheckpointError),
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
}

impl Committed {
    /// The text of the checkpoint's note, without signatures: what a challenge is derived from.
    #[must_use]
    pub fn checkpoint_text(&self) -> &str {
        let end = self.checkpoint.rfind("\n\n").map_or(0, |blank| blank.saturating_add(1));
        self.checkpoint.get(..end).unwrap_or_default()
    }
}

impl Log {
    /// Makes an empty log in an empty place. Its origin is the key's name.
    ///
    /// # Errors
    /// [`LogError::Exists`] when there is one, which stays as it is, or what keeps it from being written.
    pub fn create(store: Store, signer: SignerKey) -> Result<Self, LogError> {
        let mut view = View::nothing(&store, &signer.verifier());
        let (name, bytes) = next_commit(&view, &signer, Vec::new())?;
        match store.create(&name, &bytes) {
            Ok(()) => view.step(&bytes)?,
            Err(StoreError::AlreadyExists { .. }) => return Err(LogError::Exists { place: store.path("") }),
            Err(error) => return Err(error.into()),
        }
        let mut log = Self { view, signer, published: false };
        log.settle()?;
        Ok(log)
    }

    /// Opens a log for writing, and publishes what a crash left unpublished or what is missing from its tiles.
    ///
    /// # Errors
    /// As [`View::open`], or what keeps the missing parts from being written.
    pub fn open(store: Store, signer: SignerKey) -> Result<Self, LogError> {
        let key = signer.verifier();
        let attempt = || {
            let mut log = Self { view: View::open(&store, &key)?, signer: signer.clone(), published: false };
            log.settle()?;
            Ok(log)
        };
        match attempt() {
            Err(LogError::Store(StoreError::NotFound { .. })) => {
                replay::rebuild(&store, &key)?;
                attempt()
            }
            other => other,
        }
    }

    /// Publishes again every tile and bundle that is missing. Reads the whole log; [`Log::open`] looks at its end only.
    ///
    /// # Errors
    /// [`LogError::Altered`] for a commit, or [`StoreError::Altered`] for a tile or bundle, that is not as it was written,
    /// or what keeps the missing ones from being written.
    pub fn rebuild(&self) -> Result<(), LogError> {
        replay::rebuild(&self.view.store, &self.view.key)
    }

    /// The log at the last commit that this writer made or saw.
    #[must_use]
    pub fn view(&self) -> &View {
        &self.view
    }

    /// Stores a blob beside the log, under its digest.
    ///
    /// # Errors
    /// As [`Store::put_blob`].
    pub fn put_blob(&self, bytes: &[u8]) -> Result<Digest, LogError> {
        Ok(self.view.store.put_blob(bytes)?)
    }

    /// A blob by its digest.
    ///
    /// # Errors
    /// As [`Store::blob`].
    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>, LogError> {
        Ok(self.view.store.blob(digest)?)
    }

    /// Deletes a blob. Whether the log can do without it is for the caller to know.
    ///
    /// # Errors
    /// As [`Store::delete`].
    pub(crate) fn delete_blob(&self, digest: &Digest) -> Result<(), LogError> {
        Ok(self.view.store.delete(&blob_name(digest))?)
    }

    /// Appends entries, each with the bytes of the envelope that it names: all of them or none.
    ///
    /// # Errors
    /// As [`Log::append_with`].
    pub fn append(&mut self, batch: &[(Entry, Vec<u8>)]) -> Result<Committed, LogError> {
        self.append_with(|_| Ok(batch.to_vec()))
    }

    /// Appends the entries that `make` gives for the log as it is right before them. `make` is called again when another
    /// writer was faster, so that entries can count what is in the log.
    ///
    /// # Errors
    /// What `make` says, or what keeps the batch from being written. After an error of the store the batch may be in the
    /// log, as a whole; the log is valid either way, and the next append or [`Log::open`] finds out.
    pub fn append_with(
        &mut self,
        mut make: impl FnMut(&View) -> Result<Vec<(Entry, Vec<u8>)>, LogError>,
    ) -> Result<Committed, LogError> {
        for _ in 0..APPEND_ATTEMPTS_MAX {
            self.follow()?;
            let batch = make(&self.view)?;
            let entries = self.store_envelopes(batch)?;
            if entries.is_empty() {
                return Err(LogError::Batch);
            }
            if let Some(committed) = self.commit(entries)? {
                return Ok(committed);
            }
        }
        Err(LogError::Busy)
    }

    /// Envelopes are stored before the entries that name them, so no entry is ever without its envelope.
    fn store_envelopes(&self, batch: Vec<(Entry, Vec<u8>)>) -> Result<Vec<Vec<u8>>, LogError> {
        let (mut entries, mut blobs) = (Vec::new(), BTreeMap::new());
        for (entry, envelope) in batch {
            let (named, given) = (entry.envelope, Digest::of(&envelope));
            if named != given {
                return Err(LogError::Envelope { named, given });
            }
            entries.push(entry.to_bytes());
            blobs.insert(blob_name(&named), envelope);
        }
        self.view.store.ensure_all(&blobs.into_iter().collect::<Vec<_>>())?;
        Ok(entries)
    }

    /// `None` if another writer made the next commit first.
    fn commit(&mut self, entries: Vec<Vec<u8>>) -> Result<Option<Committed>, LogError> {
        let (name, bytes) = next_commit(&self.view, &self.signer, entries)?;
        match self.view.store.create(&name, &bytes) {
            Ok(()) => {}
            Err(StoreError::AlreadyExists { .. }) => {
                // A store that repeats a request by itself may find our own commit there.
                let (_, found) = read_commit(&self.view.store, self.view.next)?;
                if found != bytes {
                    return Ok(None);
                }
            }
            Err(error) => return Err(error.into()),
        }
        let first = self.view.size();
        self.view.step(&bytes)?;
        self.published = false;
        self.settle()?;
        Ok(Some(Committed { first, size: self.view.size(), checkpoint: self.view.checkpoint().to_owned() }))
    }

    /// Follows the commits that others made, up to the last, and publishes that one if need be.
    fn follow(&mut self) -> Result<(), LogError> {
        for _ in 0..FOLLOWED_MAX {
            match read_commit(&self.view.store, self.view.next) {
                Ok((_, bytes)) => self.view.step(&bytes)?,
                Err(StoreError::NotFound { .. }) => return self.settle(),
                Err(error) => return Err(error.into()),
            }
            self.published = false;
        }
        *self = Self::open(self.view.store.clone(), self.signer.clone())?;
        Ok(())
    }

    fn settle(&mut self) -> Result<(), LogError> {
        if !self.published {
            publish::publish(&self.view)?;
            self.published = true;
        }
        Ok(())
    }
}

/// The commit that adds `entries` to the view's log.
fn next_commit(view: &View, signer: &SignerKey, entries: Vec<Vec<u8>>) -> Result<(String, Vec<u8>), LogError> {
    if view.next > COMMIT_LAST {
        return Err(LogError::Full);
    }
    let mut edge = view.edge.clone();
    edge.extend(entries.iter().map(|entry| merkle::leaf_hash(entry)));
    let origin = signer.verifier().name().to_owned();
    let checkpoint = Checkpoint { origin, size: edge.size(), root: edge.root() }.sign(signer)?.to_string();
    let mut nonce = [0; 32];
    getrandom::fill(&mut nonce).map_err(LogError::Random)?;
    let (number, previous, first) = (view.next, view.last, view.size());
    let commit = Commit { number, previous, nonce: Digest(nonce), first, entries, checkpoint };
    Ok((Name::Commit(number).to_string(), commit.to_bytes().ok_or(LogError::Batch)?))
}

#[cfg(test)]
mod tests;
