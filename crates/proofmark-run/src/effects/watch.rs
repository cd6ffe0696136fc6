//! How much a run has written: its upper layers counted from outside while it writes, and the free space of their disks.
//!
//! A count is made in slices, so that whoever asks every few milliseconds is never kept waiting. What is counted moves
//! meanwhile, and a file without a name is in no count; so the free space of the file systems is a second bound that
//! nothing in the layers can hide from. Once the run is over, [`Watch::count`] is exact.

use std::collections::HashSet;
use std::os::fd::{AsFd as _, OwnedFd};

use rustix::fs::{Dir, FileType};
use rustix::io::Errno;
use thiserror::Error;

use super::{EffectError, Stage};
use crate::tree::Manifest;
use crate::tree::walk;

/// Entries that are counted in one look: about a millisecond's work.
const SLICE: u64 = 1000;
/// Levels of directories below a tree's root that are counted; each holds a descriptor. No commit takes more either.
const DEPTH_MAX: usize = 100;
/// What the run must leave free, at most: 2 GiB, and 50,000 files. On small file systems it is a tenth.
const FREE_BYTES: u64 = 2 << 30;
const FREE_FILES: u64 = 50_000;
/// What a file system may lose beyond what the run may write: others write too.
const OTHERS_BYTES: u64 = 1 << 30;
const OTHERS_FILES: u64 = 100_000;

/// The most that one run may write, in all its trees together.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Allowance {
    /// Bytes in the upper layers: of each file its size or what it takes on the disk, whichever is more.
    pub bytes: u64,
    /// Names in the upper layers, those of removed entries among them.
    pub entries: u64,
}

impl Allowance {
    /// The same beyond a tree as it was: every file may be written anew, and every entry moved, which leaves a mark where it was.
    #[must_use]
    pub fn beyond(self, before: &Manifest) -> Self {
        let bytes = before.entries().iter().fold(self.bytes, |sum, entry| sum.saturating_add(entry.size));
        let entries = u64::try_from(before.entries().len()).unwrap_or(u64::MAX).saturating_mul(2);
        Self { bytes, entries: self.entries.saturating_add(entries) }
    }
}

/// Why a run must end.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Excess {
    #[error("wrote more than {0} bytes into the trees that it was given")]
    Bytes(u64),
    #[error("made more than {0} entries in the trees that it was given")]
    Entries(u64),
    #[error("made directories more than {DEPTH_MAX} levels deep")]
    Depth,
    /// The machine's doing as much as the run's.
    #[error("less than {0} is left on the disk of a tree that it was given")]
    Full(String),
    #[error("the disk of a tree that it was given lost {0} while it ran")]
    Lost(String),
    #[error("what it wrote can't be counted: {0}")]
    Uncounted(Errno),
}

impl Excess {
    /// Whether the run alone did it, whatever the machine and its other processes do.
    #[must_use]
    pub fn is_its_own(&self) -> bool {
        matches!(self, Self::Bytes(_) | Self::Entries(_) | Self::Depth)
    }
}

/// Watches the upper layers of one run.
#[derive(Debug)]
pub struct Watch {
    layers: Vec<Layer>,
    allowance: Allowance,
    round: Round,
}

/// The root of an upper layer.
#[derive(Debug)]
struct Layer {
    root: OwnedFd,
    start: Space,
}

/// What a file system has left for ordinary users, of what.
#[derive(Debug, Clone, Copy)]
struct Space {
    bytes: u64,
    bytes_all: u64,
    files: u64,
    /// 0 where the file system doesn't count them.
    files_all: u64,
}

/// A count on its way.
#[derive(Debug, Default)]
struct Round {
    /// Directories that are being listed, each in the one before.
    open: Vec<Dir>,
    /// Layers that were begun.
    begun: usize,
    entries: u64,
    bytes: u64,
    /// Inodes of files with several names, which count once.
    several: HashSet<((u32, u32), u64)>,
}

impl Watch {
    /// Begins to watch the upper layers of `stages`.
    ///
    /// # Errors
    /// [`EffectError::Io`].
    pub fn new<'a>(stages: impl Iterator<Item = &'a Stage>, allowance: Allowance) -> Result<Self, EffectError> {
        let mut layers = Vec::new();
        for stage in stages {
            let root = stage.open_upper()?;
            let start = space(&root).map_err(|errno| super::failed("upper", "look at the file system of", errno))?;
            layers.push(Layer { root, start });
        }
        Ok(Self { layers, allowance, round: Round::default() })
    }

    /// One look, of about a millisecond: at the disks, and at the next part of what was written.
    pub fn look(&mut self) -> Option<Excess> {
        self.disks().or_else(|| self.slice(SLICE).err())
    }

    /// Counts all that is there. Exact if nobody writes.
    pub fn count(&mut self) -> Option<Excess> {
        self.round = Round::default();
        loop {
            match self.slice(SLICE) {
                Ok(Go::On) => {}
                Ok(Go::Round) => return None,
                Err(excess) => return Some(excess),
            }
        }
    }

    fn disks(&self) -> Option<Excess> {
        self.layers.iter().find_map(|Layer { root, start }| match space(root) {
            Ok(now) => now.excess(start, &self.allowance),
            Err(errno) => Some(Excess::Uncounted(errno)),
        })
    }

    fn slice(&mut self, steps: u64) -> Result<Go, Excess> {
        for _ in 0..steps {
            if let Go::Round = self.round.step(&self.layers)? {
                self.round = Round::default();
                return Ok(Go::Round);
            }
            if self.round.entries > self.allowance.entries {
                return Err(Excess::Entries(self.allowance.entries));
            }
            if self.round.bytes > self.allowance.bytes {
                return Err(Excess::Bytes(self.allowance.bytes));
            }
        }
        Ok(Go::On)
    }
}

/// Whether there is more to count.
enum Go {
    On,
    /// Everything was counted once.
    Round,
}

impl Round {
    fn step(&mut self, layers: &[Layer]) -> Result<Go, Excess> {
        let Some(directory) = self.open.last_mut() else {
            let Some(layer) = layers.get(self.begun) else { return Ok(Go::Round) };
            self.begun = self.begun.saturating_add(1);
            let root = walk::open_directory_at(layer.root.as_fd(), b".").and_then(Dir::new);
            self.open.push(root.map_err(Excess::Uncounted)?);
            return Ok(Go::On);
        };
        let entry = match directory.read() {
            Some(Ok(entry)) => entry,
            Some(Err(Errno::NOENT)) | None => {
                self.open.pop();
                return Ok(Go::On);
            }
            Some(Err(errno)) => return Err(Excess::Uncounted(errno)),
        };
        let name = entry.file_name().to_bytes();
        if name == b"." || name == b".." {
            return Ok(Go::On);
        }
        let inner = {
            let parent = directory.fd().map_err(Excess::Uncounted)?;
            let found = match walk::state(parent, name) {
                Ok(found) => found,
                Err(errno) => return or_gone(errno),
            };
            self.entries = self.entries.saturating_add(1);
            let kind = FileType::from_raw_mode(u32::from(found.stx_mode));
            let inode = ((found.stx_dev_major, found.stx_dev_minor), found.stx_ino);
            if kind == FileType::Directory || found.stx_nlink < 2 || self.several.insert(inode) {
                let taken = found.stx_blocks.saturating_mul(512);
                let shown = if kind == FileType::RegularFile { found.stx_size } else { 0 };
                self.bytes = self.bytes.saturating_add(taken.max(shown));
            }
            if kind != FileType::Directory {
                return Ok(Go::On);
            }
            walk::open_directory_at(parent, name).and_then(Dir::new)
        };
        if self.open.len() > DEPTH_MAX {
            return Err(Excess::Depth);
        }
        match inner {
            Ok(inner) => self.open.push(inner),
            // Closed to an ordinary user, who could not commit it either; the disk is watched all the same.
            Err(Errno::ACCESS | Errno::PERM) => {}
            Err(errno) => return or_gone(errno),
        }
        Ok(Go::On)
    }
}

/// What moved away between two looks is counted where it is next time.
fn or_gone(errno: Errno) -> Result<Go, Excess> {
    match errno {
        Errno::NOENT | Errno::NOTDIR | Errno::LOOP | Errno::STALE => Ok(Go::On),
        errno => Err(Excess::Uncounted(errno)),
    }
}

fn space(root: &OwnedFd) -> Result<Space, Errno> {
    let found = rustix::fs::fstatvfs(root)?;
    Ok(Space {
        bytes: found.f_bavail.saturating_mul(found.f_frsize),
        bytes_all: found.f_blocks.saturating_mul(found.f_frsize),
        files: found.f_favail,
        files_all: found.f_files,
    })
}

impl Space {
    fn excess(&self, start: &Self, allowance: &Allowance) -> Option<Excess> {
        let floor = FREE_BYTES.min(self.bytes_all / 10);
        if self.bytes < floor {
            return Some(Excess::Full(format!("{floor} bytes")));
        }
        let lost = start.bytes.saturating_sub(self.bytes);
        if lost > allowance.bytes.saturating_add(OTHERS_BYTES) {
            return Some(Excess::Lost(format!("{lost} bytes")));
        }
        if self.files_all == 0 {
            return None;
        }
        let floor = FREE_FILES.min(self.files_all / 10);
        if self.files < floor {
            return Some(Excess::Full(format!("{floor} files")));
        }
        let lost = start.files.saturating_sub(self.files);
        (lost > allowance.entries.saturating_add(OTHERS_FILES)).then(|| Excess::Lost(format!("{lost} files")))
    }
}
