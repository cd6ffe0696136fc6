//! Staged effects on files: what an artifact wrote is kept apart, shown, and then committed or dropped whole.
//!
//! A run sees an overlay: the granted tree below, a stage above. Afterwards [`Stage::scan`] reads the stage as hostile
//! input and says what the tree would become. [`Stage::commit`] builds that tree beside the old one and exchanges the two
//! in one atomic rename; what was there stays in the stage and is the way back ([`undo`]). A journal says where a commit
//! or undo stands, so [`recover`] ends it after a crash at any point. The format of a stage is in `spec/effects.md`.
//!
//! Nothing here mounts anything or decides whether a commit may happen.

mod build;
mod commit;
pub mod diff;
mod journal;
mod lend;
mod remove;
mod stage;
mod symlinks;
mod upper;
mod watch;

#[cfg(test)]
mod tests;

use std::io;
use std::path::PathBuf;

use proofmark_mark::digest::Digest;
use rustix::io::Errno;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use commit::{Recovered, forget, recover, undo};
pub use diff::{Change, Diff};
pub use journal::{Journal, Phase};
pub use lend::Owner;
pub use stage::{Stage, leftovers};
pub use watch::{Allowance, Excess, Watch};

use crate::tree::{Manifest, TreeError, TreePath};

/// What a run would do to a tree, if it is committed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Effects {
    /// The tree before the run.
    pub before: Manifest,
    /// The tree as the run saw it at its end. What is refused may be missing here.
    pub after: Manifest,
    /// How they differ.
    pub diff: Diff,
    /// What keeps this from being committed; empty if nothing does.
    pub refused: Vec<Refused>,
    /// For each entry of `after`, whether it lies in the upper layer.
    written: Vec<bool>,
}

impl Effects {
    /// For each entry of `after`, whether it lies in the upper layer rather than in the tree below.
    #[must_use]
    pub fn written(&self) -> &[bool] {
        &self.written
    }
}

/// Something in the upper layer that no commit takes over.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Refused {
    /// Where.
    pub path: TreePath,
    /// Why.
    pub reason: Reason,
}

/// Why an entry is refused.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, Error)]
#[serde(rename_all = "kebab-case")]
pub enum Reason {
    /// A device node that is no whiteout.
    #[error("is a device")]
    Device,
    /// A fifo.
    #[error("is a fifo")]
    Fifo,
    /// A socket.
    #[error("is a socket")]
    Socket,
    /// A file or directory that would run or create as somebody else.
    #[error("has a new set-user-ID or set-group-ID bit")]
    SetId,
    /// A symbolic link whose target lies outside the tree.
    #[error("is a symbolic link that leads out of the tree")]
    LinkOut,
    /// A file that also has a name outside the upper layer.
    #[error("shares its content with a file outside the stage")]
    Shared,
    /// A mark that this overlay doesn't make, so somebody forged it.
    #[error("has the overlay mark `{0}`, which no run makes here")]
    Mark(String),
    /// An extended attribute that carries privileges.
    #[error("has the new extended attribute `{0}`")]
    Attribute(String),
    /// A mode that keeps its owner out, where the owner is all that this process is.
    #[error("can't be read by its owner, so a commit or undo could not check it")]
    Unreadable,
    /// An owner that has nothing in the tree.
    #[error("belongs to user {0}, who owns nothing else in the tree")]
    Owner(u32),
}

/// What a commit or an undo did.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Receipt {
    /// The stage, which now holds the way back.
    pub stage: PathBuf,
    /// Digest of the manifest of the tree before.
    pub before: Digest,
    /// Digest of the manifest of the tree that a commit puts in place.
    pub after: Digest,
}

/// Why effects can't be staged, scanned, committed or undone. The tree is as it was, but see [`Stage::commit`].
#[derive(Debug, Error)]
pub enum EffectError {
    /// A tree can't be read.
    #[error(transparent)]
    Tree(#[from] TreeError),
    /// The operating system refused.
    #[error("can't {doing} `{path}`: {source}")]
    Io {
        /// Where, escaped.
        path: String,
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// The tree can't be exchanged where it is.
    #[error("`{path}` can't be staged: {why}")]
    Base {
        /// The tree, escaped.
        path: String,
        /// What stands in the way and what to do.
        why: &'static str,
    },
    /// An entry can't be taken over unchanged.
    #[error("`{path}` can't be kept as it is: {why}")]
    Keep {
        /// Where.
        path: TreePath,
        /// What stands in the way.
        why: &'static str,
    },
    /// Something in the upper layer is refused.
    #[error("{} entries are refused; the first: `{}` {}", .0.len(), first_path(.0), first_reason(.0))]
    Refused(Vec<Refused>),
    /// Somebody else changed the tree since the run began.
    #[error("the tree changed since the run began: {0}")]
    BaseChanged(Box<Diff>),
    /// Somebody changed the tree since it was committed.
    #[error("the tree changed since it was committed, so undo would lose that: {0}")]
    ChangedSince(Box<Diff>),
    /// The tree to go back to is not what it was.
    #[error("the snapshot is not the tree that was there before: {0}")]
    SnapshotChanged(Box<Diff>),
    /// Another process works on the stage or the tree.
    #[error("`{0}` is in use by another commit, undo or run")]
    Busy(String),
    /// The stage is not in a state for this.
    #[error("the stage is {is}; this needs one that is {needs}")]
    Phase {
        /// The state it is in.
        is: Phase,
        /// The states that would do.
        needs: &'static str,
    },
    /// A directory that is not a stage, or a stage that was tampered with.
    #[error("not a stage: {0}")]
    Journal(String),
    /// Neither tree that the journal names stands where it should.
    #[error("the tree was replaced by something that the journal doesn't know; look at both before going on")]
    Replaced,
    /// What was built is not what was shown: a defect, or somebody wrote into the stage.
    #[error("the built tree is not the one that was shown: {0}")]
    Built(Box<Diff>),
}

fn first_path(refused: &[Refused]) -> String {
    refused.first().map(|first| first.path.to_string()).unwrap_or_default()
}

fn first_reason(refused: &[Refused]) -> String {
    refused.first().map(|first| first.reason.to_string()).unwrap_or_default()
}

/// The error of a system call on a name in the stage or beside it.
fn failed(path: impl AsRef<[u8]>, doing: &'static str, errno: Errno) -> EffectError {
    EffectError::Io { path: crate::tree::path::escape(path.as_ref()), doing, source: io::Error::from(errno) }
}
