//! A native executable run for real: on directories of this machine, with its changes staged.
//!
//! Nothing here decides. What would change is handed back with its stages, to be committed or discarded.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use proofmark_contract::Invocation;
use proofmark_mark::receipt::Resources;
use thiserror::Error;

use super::{Cut, Native, PAYLOAD, converse};
use crate::effects::{self, EffectError, Effects, Recovered, Stage};
use crate::elf::numbers;
use crate::fence::{Counted, Exit, FenceError, Mount, Plan, Probe, Runs};
use crate::tree::{Limits, Manifest};
use crate::wasi::Written;

/// The most that a run may write to standard output, and to standard error, in bytes.
const WRITTEN_BYTES_MAX: u64 = 64 << 20;
/// Processor time of each process of a run, in seconds: a day.
const CPU_SECONDS: u64 = 86_400;

/// A directory of this machine at a guest path.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Granted {
    pub guest: String,
    pub host: PathBuf,
}

/// What a run is given. The tree of `invocation` is not used: the granted directories stand in its place.
#[derive(Debug, Clone)]
pub struct Given {
    pub invocation: Invocation,
    pub read: Vec<Granted>,
    pub write: Vec<Granted>,
}

/// A run that ended by itself, with what it would change.
pub struct Staged {
    pub code: u8,
    pub written: Written,
    pub probe: Probe,
    pub changes: Vec<Change>,
}

/// What a run asked of the kernel and took of the machine, however it ended. Facts of one run on one machine.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Spent {
    /// How often which system call was made, by name. What the fence's filter denied is not among them.
    pub system_calls: BTreeMap<String, u64>,
    /// `None`: nothing ran.
    pub resources: Option<Resources>,
}

impl From<&Exit> for Spent {
    fn from(exit: &Exit) -> Self {
        let mut system_calls = BTreeMap::new();
        for (number, count) in &exit.calls {
            // No call that the filter lets through is without a name.
            let total: &mut u64 =
                system_calls.entry(numbers::name_here(*number).unwrap_or("other").into()).or_default();
            *total = total.saturating_add(*count);
        }
        let Exit { cpu_us, memory_peak_bytes, processes_peak, .. } = *exit;
        Self { system_calls, resources: Some(Resources { cpu_us, memory_peak_bytes, processes_peak }) }
    }
}

/// What would change in one directory.
pub struct Change {
    pub granted: Granted,
    pub stage: Stage,
    pub effects: Effects,
}

/// Why there is nothing to decide on. Every stage is discarded; no directory was touched.
#[derive(Debug, Error)]
pub enum StagedError {
    #[error("`{}`: {source}", .host.display())]
    Effects { host: PathBuf, source: EffectError },
    #[error(transparent)]
    Fence(#[from] FenceError),
    /// It ended by a signal, or wrote too much.
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

impl Native {
    /// Runs the executable on the given directories. `stop` is asked every 10 ms why the run must end. `spent` is what it
    /// took, also where there is nothing to decide on.
    ///
    /// # Errors
    /// [`StagedError`].
    pub fn stage(
        &self,
        given: Given,
        stop: &mut (dyn FnMut() -> Option<String> + Send),
        spent: &mut Spent,
    ) -> Result<Staged, StagedError> {
        let limits = Limits::default();
        let mut mounts = self.mounts.clone();
        for Granted { guest, host } in given.read {
            mounts.push(Mount::Read { host, guest: guest.into(), run: Runs::No });
        }
        let mut stages = Stages(Vec::new());
        for granted in given.write {
            let wrong = |source| StagedError::Effects { host: granted.host.clone(), source };
            clear(&granted.host).map_err(wrong)?;
            let (stage, before) = Stage::new(&granted.host, &limits).map_err(wrong)?;
            stage.lend(PAYLOAD).map_err(wrong)?;
            let (lower, upper, work) = (stage.base(), stage.upper(), stage.work());
            mounts.push(Mount::Stage { lower, upper, work, guest: granted.guest.clone().into() });
            stages.0.push((granted, stage, before));
        }
        let plan = self.plan(&given.invocation, mounts, CPU_SECONDS, limits.content_bytes);
        let plan = Plan { counted: Counted::Yes, ..plan };
        if let Some(why) = stop() {
            return Err(StagedError::Stopped(why));
        }
        let fenced = self.natives.launcher.spawn(&plan)?;
        let probe = fenced.probe.clone();
        let mut stop = || stop().map(Cut::Stopped);
        let (exit, written) = converse(fenced, given.invocation.stdin, WRITTEN_BYTES_MAX, &mut stop);
        *spent = exit.as_ref().map(Spent::from).unwrap_or_default();
        let written = written?;
        let code = self.ended(&exit?)?;
        let mut changes = Vec::new();
        while let Some((granted, mut stage, before)) = stages.0.pop() {
            let scanned = stage.take_back(PAYLOAD, &limits).and_then(|()| stage.scan(before, &limits));
            match scanned {
                Ok(effects) => changes.insert(0, Change { granted, stage, effects }),
                Err(source) => {
                    let host = granted.host.clone();
                    stages.0.extend(
                        changes.into_iter().map(|change: Change| (change.granted, change.stage, change.effects.before)),
                    );
                    drop(stage.discard());
                    return Err(StagedError::Effects { host, source });
                }
            }
        }
        Ok(Staged { code, written, probe, changes })
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

/// Stages that are discarded unless they are taken out: whatever goes wrong, none is left behind.
struct Stages(Vec<(Granted, Stage, Manifest)>);

impl Drop for Stages {
    fn drop(&mut self) {
        for (_, stage, _) in self.0.drain(..) {
            // What can't be removed now is found as a leftover and removed by the next run.
            drop(stage.discard());
        }
    }
}

impl From<Cut> for StagedError {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Trapped(why) => Self::Trapped(why),
            Cut::Undecided(why) => Self::Undecided(why),
            Cut::Stopped(why) => Self::Stopped(why),
        }
    }
}
