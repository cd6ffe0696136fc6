//! Checkpoints (C2SP tlog-checkpoint): a log's origin, size and root as the text of a signed note.
//!
//! Extension lines are refused: logs of Proofmark write none, and a line that nobody checks must not be signed along.

use std::fmt;

use thiserror::Error;

use crate::base64;
use crate::digest::Digest;
use crate::note::{Note, NoteError, SignerKey, VerifierKey};

/// What a log says about itself: how many entries it has and what their Merkle root is. `Display` is the note's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Checkpoint {
    /// The log's name; also the name of its key.
    pub origin: String,
    /// Number of entries.
    pub size: u64,
    /// RFC 6962 root over them.
    pub root: Digest,
}

/// Why bytes are not a checkpoint of a log.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CheckpointError {
    #[error(transparent)]
    Note(#[from] NoteError),
    #[error("the checkpoint's text is not origin, size and root on one line each")]
    Layout,
    #[error("`{0}` is not a tree size; write it in decimal without leading zeros")]
    Size(String),
    #[error("the checkpoint's root is not the base64 of 32 bytes")]
    Root,
    #[error("the checkpoint is one of `{found}`, not of `{wanted}`")]
    Origin { found: String, wanted: String },
}

impl Checkpoint {
    /// Reads the text of a checkpoint's note. Nothing is verified by it.
    ///
    /// # Errors
    /// [`CheckpointError`] says which line is wrong.
    pub fn parse(text: &str) -> Result<Self, CheckpointError> {
        let lines = text.strip_suffix('\n').ok_or(CheckpointError::Layout)?;
        let mut lines = lines.split('\n');
        let (Some(origin), Some(size), Some(root), None) = (lines.next(), lines.next(), lines.next(), lines.next())
        else {
            return Err(CheckpointError::Layout);
        };
        if origin.is_empty() {
            return Err(CheckpointError::Layout);
        }
        let wrong = || CheckpointError::Size(size.chars().take(40).collect());
        let number: u64 = size.parse().map_err(|_| wrong())?;
        if number.to_string() != size {
            return Err(wrong());
        }
        let root = base64::decode(root).and_then(|root| root.try_into().ok()).ok_or(CheckpointError::Root)?;
        Ok(Self { origin: origin.to_owned(), size: number, root: Digest(root) })
    }

    /// The checkpoint as a note signed by the log's key alone.
    ///
    /// # Errors
    /// [`CheckpointError::Origin`] if the key is not named like the log; [`CheckpointError::Note`] if a note can't
    /// carry the origin.
    pub fn sign(&self, key: &SignerKey) -> Result<Note, CheckpointError> {
        self.of(&key.verifier())?;
        let text = self.to_string();
        let signature = key.sign(&text);
        Ok(Note::new(&text, vec![signature])?)
    }

    fn of(&self, key: &VerifierKey) -> Result<(), CheckpointError> {
        if self.origin == key.name() {
            return Ok(());
        }
        Err(CheckpointError::Origin { found: self.origin.clone(), wanted: key.name().to_owned() })
    }
}

impl fmt::Display for Checkpoint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}\n{}\n{}", self.origin, self.size, base64::encode(&self.root.0))
    }
}

/// Reads a signed checkpoint and verifies that `key` signed it and that it is one of the log named like the key.
///
/// # Errors
/// [`CheckpointError`] says what is wrong; nothing of such a note may be used.
pub fn open(note: &[u8], key: &VerifierKey) -> Result<Checkpoint, CheckpointError> {
    let note = Note::parse(note)?;
    note.verify(key)?;
    let checkpoint = Checkpoint::parse(note.text())?;
    checkpoint.of(key)?;
    Ok(checkpoint)
}
