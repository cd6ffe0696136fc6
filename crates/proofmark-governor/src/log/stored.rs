//! Reads a log's objects where they are stored. What is returned is in its format, and not yet verified unless it says so.

use proofmark_mark::checkpoint::{self, Checkpoint};
use proofmark_mark::digest::Digest;
use proofmark_mark::note::{NOTE_BYTES_MAX, Note, VerifierKey};

use super::LogError;
use super::bundle::{self, BUNDLE_BYTES_MAX};
use super::commit::COMMIT_BYTES_MAX;
use super::edge;
use super::names::{COMMIT_LAST, Name, Part, Row, WIDTH};
use crate::store::{Store, StoreError};

/// Number of the latest commit, of which `known` or an earlier one is known to exist. Asks for twice as many commits as
/// the distance has binary digits.
pub(crate) fn latest(store: &Store, known: u64) -> Result<u64, LogError> {
    let exists =
        |number: u64| Ok::<_, LogError>(number <= COMMIT_LAST && store.exists(&Name::Commit(number).to_string())?);
    if known == 0 && !exists(0)? {
        return Err(LogError::Absent { place: store.path("") });
    }
    let (mut low, mut stride) = (known, 1_u64);
    while exists(low.saturating_add(stride))? {
        low = low.saturating_add(stride);
        stride = stride.saturating_mul(2);
    }
    let mut high = low.saturating_add(stride);
    while high.saturating_sub(low) > 1 {
        let middle = low.midpoint(high);
        if exists(middle)? { low = middle } else { high = middle }
    }
    Ok(low)
}

pub(crate) fn read_commit(store: &Store, number: u64) -> Result<(Name, Vec<u8>), StoreError> {
    let name = Name::Commit(number);
    Ok((name, store.read(&name.to_string(), COMMIT_BYTES_MAX)?))
}

/// The published checkpoint and its note, if there is one. The log's signature is verified.
pub(crate) fn published(store: &Store, key: &VerifierKey) -> Result<Option<(Checkpoint, String)>, LogError> {
    let wrong = |why: &str| altered(store, &Name::Checkpoint, why);
    let note = match store.read(&Name::Checkpoint.to_string(), NOTE_BYTES_MAX as u64) {
        Ok(note) => String::from_utf8(note).map_err(|_| wrong("it is not text"))?,
        Err(StoreError::NotFound { .. }) => return Ok(None),
        Err(error) => return Err(error.into()),
    };
    let checkpoint = open_checkpoint(&note, key).map_err(|why| wrong(&why))?;
    Ok(Some((checkpoint, note)))
}

/// Opens a checkpoint that carries the log's signature and no other.
pub(crate) fn open_checkpoint(note: &str, key: &VerifierKey) -> Result<Checkpoint, String> {
    let checkpoint = checkpoint::open(note.as_bytes(), key).map_err(|error| error.to_string())?;
    let alone =
        Note::parse(note.as_bytes()).is_ok_and(|parsed| parsed.signatures().len() == 1 && parsed.to_string() == note);
    if alone { Ok(checkpoint) } else { Err("the checkpoint carries more than the log's signature".to_owned()) }
}

/// Reads a tile or bundle of which at least `part` was published: that part, or the full one that replaced it.
fn read_part(store: &Store, row: Row, part: Part, limit: u64) -> Result<(Name, Vec<u8>), StoreError> {
    let read = |part| {
        let name = Name::Tile(row, part);
        store.read(&name.to_string(), limit).map(|bytes| (name, bytes))
    };
    match read(part) {
        Err(missing @ StoreError::NotFound { .. }) if !part.is_full() => {
            read(Part::full(part.index)).map_err(|error| match error {
                StoreError::NotFound { .. } => missing,
                error => error,
            })
        }
        other => other,
    }
}

/// The first hashes of a stored tile, as many as `part` is wide. Not verified.
pub(crate) fn read_hashes(store: &Store, row: Row, part: Part) -> Result<Vec<Digest>, LogError> {
    let (name, bytes) = read_part(store, row, part, WIDTH.saturating_mul(32))?;
    let wrong = || altered(store, &name, "it is not a tile of that width");
    let Name::Tile(_, read) = name else { return Err(wrong()) };
    let mut hashes = edge::hashes(&bytes, read.width).ok_or_else(wrong)?;
    hashes.truncate(usize::try_from(part.width).unwrap_or(usize::MAX));
    Ok(hashes)
}

/// The first entries of a stored bundle, as many as `part` is wide. Not verified.
pub(crate) fn read_entries(store: &Store, part: Part) -> Result<Vec<Vec<u8>>, LogError> {
    let (name, bytes) = read_part(store, Row::Entries, part, BUNDLE_BYTES_MAX)?;
    let mut entries = bundle::parse(&bytes).ok_or_else(|| altered(store, &name, "it is not a bundle"))?;
    entries.truncate(usize::try_from(part.width).unwrap_or(usize::MAX));
    Ok(entries)
}

pub(crate) fn altered(store: &Store, name: &Name, why: &str) -> LogError {
    LogError::Altered { path: store.path(&name.to_string()), why: why.to_owned() }
}
