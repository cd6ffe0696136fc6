//! A run on directories of this machine: its changes are staged, counted while it writes, and handed back at its end.
//!
//! Nothing here decides. What would change comes with its stages, to be committed or discarded.

use std::ops::{Deref, DerefMut};
use std::path::{Path, PathBuf};

use proofmark_contract::Budget;
use thiserror::Error;

use crate::broker::BrokerError;
use crate::effects::{self, Allowance, EffectError, Effects, Excess, Owner, Recovered, Stage, Watch};
use crate::fence::{FenceError, Mount};
use crate::tree::{Limits, Manifest};
use crate::worker::Seen;

/// Whom a payload acts as under a root launcher: nobody.
pub(crate) const PAYLOAD: Owner = (65_534, 65_534);

/// A directory of this machine at a guest path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    pub guest: String,
    pub host: PathBuf,
}

/// What would change in one directory.
pub struct Change {
    pub granted: Granted,
    pub stage: Kept,
    pub effects: Effects,
}

/// A stage that is discarded with this value, unless it was committed: whatever goes wrong, none is left behind.
pub struct Kept(pub(crate) Stage);

impl Drop for Kept {
    fn drop(&mut self) {
        // What can't be removed now is found as a leftover and removed by the next run.
        let _ = self.0.abandon();
    }
}

impl Deref for Kept {
    type Target = Stage;

    fn deref(&self) -> &Stage {
        &self.0
    }
}

impl DerefMut for Kept {
    fn deref_mut(&mut self) -> &mut Stage {
        &mut self.0
    }
}

/// Why there is nothing to decide on. Every stage is discarded; no directory was touched.
#[derive(Debug, Error)]
pub enum StagedError {
    #[error("`{}`: {source}", .host.display())]
    Effects { host: PathBuf, source: EffectError },
    #[error(transparent)]
    Fence(#[from] FenceError),
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// It ended by a signal, wrote too much, or could not be called.
    #[error("the artifact {0}")]
    Trapped(String),
    /// A limit of the machine.
    #[error("{0}")]
    Undecided(String),
    /// An order, or who started it.
    #[error("{0}")]
    Stopped(String),
    /// It left the profile that its checks saw.
    #[error("it left its profile: {0}")]
    Departed(String),
}

impl From<Excess> for StagedError {
    fn from(excess: Excess) -> Self {
        if excess.is_its_own() { Self::Trapped(excess.to_string()) } else { Self::Undecided(excess.to_string()) }
    }
}

/// The stages of one run. Dropped before its changes were taken, it leaves nothing behind.
pub struct Staging {
    stages: Vec<(Granted, Kept, Manifest)>,
    watch: Watch,
    allowance: Allowance,
}

impl Staging {
    /// Stages the directories, after ending what a crash left beside them.
    ///
    /// # Errors
    /// [`StagedError`]: a directory can't be staged, or its disk is too full.
    pub fn open(write: Vec<Granted>, budget: &Budget) -> Result<Self, StagedError> {
        let mut allowance = Allowance { bytes: budget.written, entries: budget.entries };
        let mut stages = Vec::new();
        for granted in write {
            let wrong = |source| StagedError::Effects { host: granted.host.clone(), source };
            clear(&granted.host).map_err(wrong)?;
            let (stage, before) = Stage::new(&granted.host, &Limits::default()).map_err(wrong)?;
            let stage = Kept(stage);
            stage.lend(PAYLOAD).map_err(wrong)?;
            allowance = allowance.beyond(&before);
            stages.push((granted, stage, before));
        }
        let watch = Watch::new(stages.iter().map(|(_, stage, _)| &**stage), allowance)
            .map_err(|error| StagedError::Undecided(error.to_string()))?;
        let mut staging = Self { stages, watch, allowance };
        match staging.look() {
            Some(excess) => Err(excess.into()),
            None => Ok(staging),
        }
    }

    /// The mounts of a fence in which the run sees its directories, the `nth` at `place(nth, guest)`.
    pub fn mounts(&self, place: impl Fn(usize, &str) -> PathBuf) -> Vec<Mount> {
        let mount = |(nth, (granted, stage, _)): (usize, &(Granted, Kept, Manifest))| Mount::Stage {
            lower: stage.base(),
            upper: stage.upper(),
            work: stage.work(),
            guest: place(nth, &granted.guest),
        };
        self.stages.iter().enumerate().map(mount).collect()
    }

    /// What a worker sees of them: the mounts, and where inside each guest path stands.
    #[must_use]
    pub fn seen(&self) -> (Seen, Vec<(PathBuf, String)>) {
        let place = |nth: usize| PathBuf::from(format!("/staged/{nth}"));
        let mounts = self.mounts(|nth, _| place(nth));
        let guests = self.stages.iter().enumerate().map(|(nth, (granted, ..))| (place(nth), granted.guest.clone()));
        (Seen { mounts, file_bytes: self.file_bytes() }, guests.collect())
    }

    /// The most that one file may hold, in bytes.
    #[must_use]
    pub fn file_bytes(&self) -> u64 {
        self.allowance.bytes.min(Limits::default().content_bytes)
    }

    /// Why the run must end, if it must. To be asked every few milliseconds while it goes on.
    pub fn look(&mut self) -> Option<Excess> {
        self.watch.look()
    }

    /// What would change, in the order of the directories. The run's processes and mounts must be gone.
    ///
    /// # Errors
    /// [`StagedError`]: it wrote too much, or something that can't be read.
    pub fn changes(mut self) -> Result<Vec<Change>, StagedError> {
        if let Some(excess) = self.watch.count() {
            return Err(excess.into());
        }
        let usual = Limits::default();
        let limits = Limits {
            entries: usual.entries.min(self.allowance.entries.saturating_add(1)),
            content_bytes: self.file_bytes(),
            ..usual
        };
        let mut changes = Vec::new();
        for (granted, mut stage, before) in self.stages {
            match stage.take_back(PAYLOAD, &limits).and_then(|()| stage.scan(before, &limits)) {
                Ok(effects) => changes.push(Change { granted, stage, effects }),
                Err(source) => return Err(StagedError::Effects { host: granted.host, source }),
            }
        }
        Ok(changes)
    }
}

/// Ends what a crash left beside a tree. A stage that another run works on stays, and so does the way back of a commit.
fn clear(host: &Path) -> Result<(), EffectError> {
    for leftover in effects::leftovers(host)? {
        match effects::recover(&leftover) {
            Ok(Recovered::Open | Recovered::Scanned | Recovered::Undone) => Stage::open(&leftover)?.discard()?,
            Ok(Recovered::Gone | Recovered::Committed) | Err(EffectError::Busy(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}
