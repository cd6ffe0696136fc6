//! A native executable run for real: on directories of this machine, with its changes staged.
//!
//! Nothing here decides. What would change is handed back with its stages, to be committed or discarded.

use std::path::{Path, PathBuf};

use proofmark_contract::Invocation;
use thiserror::Error;

use super::network::Connection;
use super::{Cut, Native, PAYLOAD, converse, undecided};
use crate::broker::{Broker, BrokerError, Serving, Stopper};
use crate::effects::{self, EffectError, Effects, Recovered, Stage};
use crate::fence::{Exit, FenceError, Mount, Network, Plan, Probe, Runs};
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
    /// The way to a network, if there is one. Its record says afterwards what was asked, however the run ended.
    pub broker: Option<Broker>,
}

/// A run that ended by itself, with what it would change.
pub struct Staged {
    pub code: u8,
    pub written: Written,
    pub probe: Probe,
    pub changes: Vec<Change>,
    /// Processor time of all its processes, in microseconds.
    pub cpu_us: u64,
    /// The most memory that it held, in bytes, where the machine tells.
    pub memory_peak_bytes: Option<u64>,
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
    #[error(transparent)]
    Broker(#[from] BrokerError),
    /// It ended by a signal, or wrote too much.
    #[error("the artifact {0}")]
    Trapped(String),
    /// A limit of the machine.
    #[error("{0}")]
    Undecided(String),
    /// An order, or who started it.
    #[error("{0}")]
    Stopped(String),
}

impl Native {
    /// Runs the executable on the given directories. `stop` is asked every 10 ms why the run must end.
    ///
    /// # Errors
    /// [`StagedError`].
    pub fn stage(
        &self,
        given: Given,
        stop: &mut (dyn FnMut() -> Option<String> + Send),
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
        let connection = given.broker.as_ref().map(|broker| Connection::lay(broker, &self.natives.scratch));
        let connection = connection.transpose().map_err(|error| undecided(&error))?;
        mounts.extend(connection.iter().flat_map(Connection::mounts));
        let mut plan = self.plan(&given.invocation, mounts, CPU_SECONDS, limits.content_bytes);
        plan.network = connection.as_ref().map_or(Network::None, Connection::network);
        if let Some(why) = stop() {
            return Err(StagedError::Stopped(why));
        }
        let (probe, exit, written) = self.run(&plan, connection.as_ref(), given.invocation.stdin, stop)?;
        let code = self.ended(&exit)?;
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
        let Exit { cpu_us, memory_peak_bytes, .. } = exit;
        Ok(Staged { code, written, probe, changes, cpu_us, memory_peak_bytes })
    }
}

impl Native {
    /// Runs a plan to its end, with a network if it is connected.
    fn run(
        &self,
        plan: &Plan,
        connection: Option<&Connection<'_>>,
        input: Vec<u8>,
        stop: &mut (dyn FnMut() -> Option<String> + Send),
    ) -> Result<(Probe, Exit, Written), StagedError> {
        let launcher = &self.natives.launcher;
        let (fenced, serving) = match connection {
            Some(connection) => connection.start(launcher, plan).map(|(fenced, serving)| (fenced, Some(serving)))?,
            None => (launcher.spawn(plan)?, None),
        };
        let probe = fenced.probe.clone();
        let stopper = serving.as_ref().map(Serving::stopper);
        // The broker first, so that what was under way is known to have been stopped.
        let mut stop = || {
            let why = stop()?;
            stopper.iter().for_each(Stopper::stop);
            Some(Cut::Stopped(why))
        };
        let conversed = converse(fenced, input, WRITTEN_BYTES_MAX, &mut stop);
        // However it ended, nothing leaves any more.
        drop(serving);
        let (exit, written) = conversed?;
        Ok((probe, exit, written))
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
