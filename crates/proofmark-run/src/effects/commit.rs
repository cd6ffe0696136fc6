//! Commit, undo, drop and recovery: the only code that changes a tree.
//!
//! A tree changes in one step, the exchange of two directories. Everything before it can be thrown away, everything after
//! it can be repeated, and the journal's inode numbers say on which side of it a crash came.

use std::fs::File;
use std::os::fd::AsFd as _;
use std::path::Path;

use rustix::fs::{AtFlags, RenameFlags};
use rustix::io::Errno;

use super::build::{self, Parts};
use super::journal::Journal;
use super::remove::remove;
use super::stage::{FILES, OTHER, Stage, TREES};
use super::{Diff, EffectError, Phase, Receipt, failed};
use crate::tree::walk::{self, Cache};
use crate::tree::{self, Limits, Manifest};

/// Where a stage stands after [`recover`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Recovered {
    /// It is gone; the tree is as before.
    Gone,
    /// A run was or is to write into it; the tree is as before. It can only be dropped now.
    Open,
    /// It can be committed or dropped; the tree is as before.
    Scanned,
    /// The new tree is in place.
    Committed,
    /// The old tree is in place again.
    Undone,
}

impl Stage {
    /// Puts the scanned tree in place of the one that is there, in one atomic step, if that one did not change.
    ///
    /// On an error the tree is as before and the stage can be committed again or dropped, with one exception: if a disk fails
    /// at the sync after the exchange, the phase stays [`Phase::Ready`] and [`recover`] says where the tree stands.
    pub fn commit(&mut self, limits: &Limits) -> Result<Receipt, EffectError> {
        self.needs(&[Phase::Scanned], "scanned, with nothing refused")?;
        let (before, after) = self.manifests(limits)?;
        let written = self.written(&after)?;
        let base = self.open_base()?;
        // A power cut may have lost the word of a commit that was building.
        self.remove_other()?;
        self.journal = self.journal.at(Phase::Building);
        self.journal.write_soon(self.fd.as_fd())?;
        let upper = self.open_upper()?;
        let parts =
            Parts { base: base.as_fd(), upper: upper.as_fd(), after: &after, written: &written, known: &self.known };
        let built = build::build(self.fd.as_fd(), OTHER, &parts)
            .and_then(|()| rustix::fs::syncfs(&self.fd).map_err(|errno| failed(OTHER, "sync", errno)))
            .and_then(|()| self.compare(&base, &before, &after, limits));
        let done = built.and_then(|new| {
            self.enter(Journal { roots: Some((inode(&base)?, inode(&new)?)), ..self.journal.at(Phase::Ready) })?;
            self.exchange(&base)
        });
        if let Err(error) = done {
            self.roll_back()?;
            return Err(error);
        }
        self.settle(Phase::Committed)?;
        self.receipt()
    }

    /// Holds the built tree against what was shown and the old tree against what it was, content and all.
    fn compare(&self, base: &File, before: &Manifest, after: &Manifest, limits: &Limits) -> Result<File, EffectError> {
        let new = self.open_other()?;
        let built = tree::read_cached(&new, limits, &self.known)?;
        // The old tree last: as little time as can be between this look and the exchange.
        let now = tree::read_cached(base, limits, &self.known)?;
        // A change of a file that both trees share shows in both; what changed in the tree is the answer that helps.
        if now != *before {
            return Err(EffectError::BaseChanged(Box::new(Diff::between(before, &now))));
        }
        if built != *after {
            return Err(EffectError::Built(Box::new(Diff::between(after, &built))));
        }
        Ok(new)
    }

    fn open_other(&self) -> Result<File, EffectError> {
        walk::open_directory_at(self.fd.as_fd(), OTHER.as_bytes())
            .map(File::from)
            .map_err(|errno| failed(OTHER, "open", errno))
    }

    /// The one step. `base` is the directory that must still have the tree's name.
    fn exchange(&self, base: &File) -> Result<(), EffectError> {
        if self.base_inode()? != Some(inode(base)?) {
            return Err(EffectError::Replaced);
        }
        rustix::fs::renameat_with(&self.fd, OTHER, &self.parent, self.journal.base_name(), RenameFlags::EXCHANGE)
            .map_err(|errno| failed(self.journal.base_name(), "exchange", errno))
    }

    /// Makes the exchange last, and says in the journal that it happened. May be repeated.
    fn settle(&mut self, phase: Phase) -> Result<(), EffectError> {
        for fd in [self.parent.as_fd(), self.fd.as_fd()] {
            rustix::fs::fsync(fd).map_err(|errno| failed("stage", "sync", errno))?;
        }
        self.enter(self.journal.at(phase))
    }

    fn remove_other(&self) -> Result<(), EffectError> {
        match walk::state(self.fd.as_fd(), OTHER.as_bytes()) {
            Err(Errno::NOENT) => Ok(()),
            _ => remove(self.fd.as_fd(), OTHER),
        }
    }

    /// Removes what was built before an exchange that did not happen. May be repeated.
    pub(super) fn roll_back(&mut self) -> Result<(), EffectError> {
        remove(self.fd.as_fd(), OTHER)?;
        self.enter(Journal { roots: None, ..self.journal.at(Phase::Scanned) })
    }

    fn receipt(&self) -> Result<Receipt, EffectError> {
        let (before, after) =
            self.journal.manifests.ok_or(EffectError::Phase { is: self.journal.phase, needs: "scanned" })?;
        Ok(Receipt { stage: self.directory().to_path_buf(), before, after })
    }

    /// Puts the old tree back, if the tree is exactly what the commit left. On an error the tree stays as it is.
    pub fn undo(&mut self, limits: &Limits) -> Result<Receipt, EffectError> {
        self.needs(&[Phase::Committed], "committed")?;
        let (before, after) = self.manifests(limits)?;
        let base = self.open_base()?;
        let cache = Cache::across_trees();
        let snapshot = tree::read_cached(&self.open_other()?, limits, &cache)?;
        let now = tree::read_cached(&base, limits, &cache)?;
        if now != after {
            return Err(EffectError::ChangedSince(Box::new(Diff::between(&after, &now))));
        }
        if snapshot != before {
            return Err(EffectError::SnapshotChanged(Box::new(Diff::between(&before, &snapshot))));
        }
        self.enter(self.journal.at(Phase::Undoing))?;
        if let Err(error) = self.exchange(&base) {
            self.enter(self.journal.at(Phase::Committed))?;
            return Err(error);
        }
        self.settle(Phase::Undone)?;
        self.receipt()
    }

    /// Removes a stage whose changes are not in the tree, and with it the changes. The tree is not touched.
    pub fn discard(mut self) -> Result<(), EffectError> {
        self.abandon()
    }

    /// The same for a stage that somebody else holds; it is worth nothing afterwards.
    pub(crate) fn abandon(&mut self) -> Result<(), EffectError> {
        self.needs(&[Phase::Open, Phase::Scanned, Phase::Undone], "not committed (a committed one is forgotten)")?;
        self.enter(self.journal.at(Phase::Dropping))?;
        self.wipe()
    }

    /// Removes a committed stage, and with it the way back.
    pub fn forget(mut self) -> Result<(), EffectError> {
        self.needs(&[Phase::Committed], "committed")?;
        self.enter(self.journal.at(Phase::Dropping))?;
        self.wipe()
    }

    /// Removes the stage, its journal last. May be repeated.
    fn wipe(&self) -> Result<(), EffectError> {
        for name in TREES {
            remove(self.fd.as_fd(), name)?;
        }
        for name in FILES {
            match rustix::fs::unlinkat(&self.fd, name, AtFlags::empty()) {
                Ok(()) | Err(Errno::NOENT) => {}
                Err(errno) => return Err(failed(name, "remove", errno)),
            }
        }
        Journal::remove(self.fd.as_fd())?;
        let name = self.directory().file_name().unwrap_or_default();
        rustix::fs::unlinkat(&self.parent, name, AtFlags::REMOVEDIR)
            .map_err(|errno| failed(name.as_encoded_bytes(), "remove", errno))
    }

    /// The inode that has the tree's name now.
    fn base_inode(&self) -> Result<Option<u64>, EffectError> {
        match walk::state(self.parent.as_fd(), self.journal.base_name()) {
            Ok(found) => Ok(Some(found.stx_ino)),
            Err(Errno::NOENT) => Ok(None),
            Err(errno) => Err(failed(self.journal.base_name(), "look at", errno)),
        }
    }

    /// Whether the new tree has the tree's name. The inodes of both roots live, so a number names one of them.
    fn is_exchanged(&self) -> Result<bool, EffectError> {
        match (self.journal.roots, self.base_inode()?) {
            (Some((_, new)), Some(now)) if now == new => Ok(true),
            (Some((old, _)), Some(now)) if now == old => Ok(false),
            _ => Err(EffectError::Replaced),
        }
    }
}

fn inode(directory: &File) -> Result<u64, EffectError> {
    walk::state(directory.as_fd(), b"").map(|found| found.stx_ino).map_err(|errno| failed("tree", "look at", errno))
}

/// Ends what a crash left halfway: the tree is then exactly the old one or exactly the new one, and the stage says which.
///
/// Before the exchange a commit is rolled back, after it finished; the same for an undo. May be repeated at will.
pub fn recover(directory: &Path) -> Result<Recovered, EffectError> {
    let Some(mut stage) = Stage::open_any(directory)? else {
        return sweep(directory);
    };
    Ok(match stage.journal.phase {
        Phase::Open => Recovered::Open,
        Phase::Scanned => {
            stage.remove_other()?;
            Recovered::Scanned
        }
        Phase::Committed => Recovered::Committed,
        Phase::Undone => Recovered::Undone,
        Phase::Building => {
            stage.roll_back()?;
            Recovered::Scanned
        }
        Phase::Ready if stage.is_exchanged()? => {
            stage.settle(Phase::Committed)?;
            Recovered::Committed
        }
        Phase::Ready => {
            stage.roll_back()?;
            Recovered::Scanned
        }
        Phase::Undoing if stage.is_exchanged()? => {
            stage.settle(Phase::Committed)?;
            Recovered::Committed
        }
        Phase::Undoing => {
            stage.settle(Phase::Undone)?;
            Recovered::Undone
        }
        Phase::Dropping => {
            stage.wipe()?;
            Recovered::Gone
        }
    })
}

/// Removes a stage whose making or removal stopped where it has no journal. It is empty then but for a draft.
fn sweep(directory: &Path) -> Result<Recovered, EffectError> {
    let io = |doing| {
        let path = tree::path::escape(directory.as_os_str().as_encoded_bytes());
        move |source| EffectError::Io { path, doing, source }
    };
    match std::fs::remove_file(directory.join(super::journal::DRAFT)) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(io("remove the draft in")(error)),
        _ => {}
    }
    std::fs::remove_dir(directory).map_err(io("remove"))?;
    Ok(Recovered::Gone)
}

/// Undoes the commit whose stage is `directory`; see [`Stage::undo`].
pub fn undo(directory: &Path, limits: &Limits) -> Result<Receipt, EffectError> {
    Stage::open(directory)?.undo(limits)
}

/// Removes the snapshot of the commit whose stage is `directory`; see [`Stage::forget`].
pub fn forget(directory: &Path) -> Result<(), EffectError> {
    Stage::open(directory)?.forget()
}
