//! The journal of a stage: one small file, replaced whole, that says where a commit or undo stands.

use std::fmt;
use std::fs::File;
use std::io::{Read as _, Write as _};
use std::os::fd::{AsFd as _, BorrowedFd};

use proofmark_mark::digest::Digest;
use rustix::fs::{AtFlags, Mode, OFlags};
use rustix::io::Errno;
use serde::{Deserialize, Serialize};

use super::{EffectError, failed};
use crate::tree::path;
use crate::tree::walk;

/// The journal's name in a stage.
const NAME: &str = "journal";
/// A journal that is being written.
pub(super) const DRAFT: &str = "journal.new";
/// No journal is longer, in bytes.
const LENGTH_MAX: u64 = 4096;

/// Where a stage stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Phase {
    /// A run may write into it.
    Open,
    /// It was scanned and may be committed.
    Scanned,
    /// The new tree is being built; it is worth nothing yet.
    Building,
    /// The new tree is whole; the exchange has happened or not.
    Ready,
    /// The new tree is in place, the old one is the snapshot.
    Committed,
    /// The way back; the exchange has happened or not.
    Undoing,
    /// The old tree is in place again.
    Undone,
    /// It is being removed.
    Dropping,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Open => "open",
            Self::Scanned => "scanned",
            Self::Building => "being built",
            Self::Ready => "about to be committed",
            Self::Committed => "committed",
            Self::Undoing => "being undone",
            Self::Undone => "undone",
            Self::Dropping => "being dropped",
        })
    }
}

/// What the journal says.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Journal {
    pub(super) stage: u32,
    /// The tree's name in the directory that the stage is in too, in the text form of paths.
    pub(super) base: path::TreePath,
    /// Where the stage stands.
    pub phase: Phase,
    /// Digests of the manifests before and after, once scanned.
    pub(super) manifests: Option<(Digest, Digest)>,
    /// Inode numbers of the roots of the old and the new tree, once the new one is whole.
    pub(super) roots: Option<(u64, u64)>,
}

impl Journal {
    /// The journal of a new stage of the tree called `base`.
    pub(super) fn new(base: path::TreePath) -> Self {
        Self { stage: 1, base, phase: Phase::Open, manifests: None, roots: None }
    }

    /// The tree's name in the directory that the stage is in too.
    pub(super) fn base_name(&self) -> &[u8] {
        self.base.as_bytes()
    }

    /// The same in another phase.
    pub(super) fn at(&self, phase: Phase) -> Self {
        Self { phase, ..self.clone() }
    }

    /// Reads a journal's text.
    pub fn parse(text: &[u8]) -> Result<Self, EffectError> {
        let wrong = |why: String| EffectError::Journal(why);
        if u64::try_from(text.len()).map_or(true, |length| length > LENGTH_MAX) {
            return Err(wrong(format!("the journal is longer than {LENGTH_MAX} bytes")));
        }
        let journal: Self = serde_json::from_slice(text).map_err(|error| wrong(error.to_string()))?;
        let scanned = !matches!(journal.phase, Phase::Open | Phase::Dropping);
        let whole = !matches!(journal.phase, Phase::Open | Phase::Scanned | Phase::Building | Phase::Dropping);
        if journal.stage != 1 {
            return Err(wrong(format!("version {} is unknown", journal.stage)));
        }
        // Only a name beside the stage: whoever could write a journal must not make us exchange a tree elsewhere.
        if journal.base.names().count() != 1 {
            return Err(wrong(format!("`{}` is not one name", journal.base)));
        }
        if (scanned && journal.manifests.is_none()) || (whole && journal.roots.is_none()) {
            return Err(wrong(format!("it is {} but lacks what that needs", journal.phase)));
        }
        Ok(journal)
    }

    /// The journal in a stage; none if there is none.
    pub(super) fn read(stage: BorrowedFd<'_>) -> Result<Option<Self>, EffectError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd = match rustix::fs::openat(stage, NAME, flags, Mode::empty()) {
            Ok(fd) => fd,
            Err(Errno::NOENT) => return Ok(None),
            Err(errno) => return Err(failed(NAME, "open", errno)),
        };
        let found = walk::state(fd.as_fd(), b"").map_err(|errno| failed(NAME, "look at", errno))?;
        if found.stx_uid != rustix::process::geteuid().as_raw() {
            return Err(EffectError::Journal("its journal belongs to somebody else".into()));
        }
        let mut text = Vec::new();
        File::from(fd).take(LENGTH_MAX.saturating_add(1)).read_to_end(&mut text).map_err(|source| EffectError::Io {
            path: NAME.into(),
            doing: "read",
            source,
        })?;
        Self::parse(&text).map(Some)
    }

    /// Replaces the journal in a stage; on return it is on the disk.
    pub(super) fn write(&self, stage: BorrowedFd<'_>) -> Result<(), EffectError> {
        self.replace(stage, |draft| draft.sync_data())?;
        rustix::fs::fsync(stage).map_err(|errno| failed(NAME, "sync", errno))
    }

    /// Replaces the journal in a stage, for whoever looks after a crash of this process; a power cut may lose that.
    pub(super) fn write_soon(&self, stage: BorrowedFd<'_>) -> Result<(), EffectError> {
        self.replace(stage, |_| Ok(()))
    }

    fn replace(&self, stage: BorrowedFd<'_>, sync: fn(&File) -> std::io::Result<()>) -> Result<(), EffectError> {
        let text = serde_json::to_vec(self).map_err(|error| EffectError::Journal(error.to_string()))?;
        let draft = write_file(stage, DRAFT, &text)?;
        sync(&draft).map_err(|source| EffectError::Io { path: DRAFT.into(), doing: "sync", source })?;
        rustix::fs::renameat(stage, DRAFT, stage, NAME).map_err(|errno| failed(NAME, "replace", errno))
    }

    /// Removes the journal: the last thing but one that happens to a stage.
    pub(super) fn remove(stage: BorrowedFd<'_>) -> Result<(), EffectError> {
        for name in [DRAFT, NAME] {
            match rustix::fs::unlinkat(stage, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(failed(name, "remove", errno)),
            }
        }
        Ok(())
    }
}

/// Writes a file in a stage anew.
pub(super) fn write_file(stage: BorrowedFd<'_>, name: &str, bytes: &[u8]) -> Result<File, EffectError> {
    let flags = OFlags::WRONLY | OFlags::CREATE | OFlags::TRUNC | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(stage, name, flags, Mode::from_raw_mode(0o600))
        .map_err(|errno| failed(name, "create", errno))?;
    let mut file = File::from(fd);
    match file.write_all(bytes) {
        Ok(()) => Ok(file),
        Err(source) => Err(EffectError::Io { path: name.into(), doing: "write", source }),
    }
}
