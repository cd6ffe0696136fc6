//! A native executable run for real, on directories of this machine.

use proofmark_contract::Invocation;

use super::{Cut, Native, converse};
use crate::fence::{Exit, Mount, Probe, Runs};
use crate::staged::{Change, Granted, StagedError, Staging};
use crate::wasi::Written;

/// The most that a run may write to standard output, and to standard error, in bytes.
const WRITTEN_BYTES_MAX: u64 = 64 << 20;
/// Processor time of each process of a run, in seconds: a day.
const CPU_SECONDS: u64 = 86_400;

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
    /// Processor time of all its processes, in microseconds.
    pub cpu_us: u64,
    /// The most memory that it held, in bytes, where the machine tells.
    pub memory_peak_bytes: Option<u64>,
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
        let mut mounts = self.mounts.clone();
        for Granted { guest, host } in given.read {
            mounts.push(Mount::Read { host, guest: guest.into(), run: Runs::No });
        }
        let mut staging = Staging::open(given.write, &self.budget)?;
        mounts.extend(staging.mounts(|_, guest| guest.into()));
        let plan = self.plan(&given.invocation, mounts, CPU_SECONDS, staging.file_bytes());
        if let Some(why) = stop() {
            return Err(StagedError::Stopped(why));
        }
        let fenced = self.natives.launcher.spawn(&plan)?;
        let probe = fenced.probe.clone();
        let mut cut = || stop().map(Cut::Stopped).or_else(|| staging.look().map(Cut::from));
        let (exit, written) = converse(fenced, given.invocation.stdin, WRITTEN_BYTES_MAX, &mut cut)?;
        let code = self.ended(&exit)?;
        let Exit { cpu_us, memory_peak_bytes, .. } = exit;
        Ok(Staged { code, written, probe, changes: staging.changes()?, cpu_us, memory_peak_bytes })
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
