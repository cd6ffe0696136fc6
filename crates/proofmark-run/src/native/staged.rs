//! A native executable run for real, on directories of this machine.

use std::collections::BTreeMap;

use proofmark_contract::Invocation;
use proofmark_mark::receipt::Resources;

use super::network::Connection;
use super::{Asked, Cut, Native, converse, undecided};
use crate::broker::{Broker, Serving, Stopper};
use crate::elf::numbers;
use crate::fence::{Counted, Exit, Mount, Network, Plan, Probe, Runs};
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
    /// The way to a network, if there is one. Its record says afterwards what was asked, however the run ended.
    pub broker: Option<Broker>,
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
        let mut mounts = self.mounts.clone();
        for Granted { guest, host } in given.read {
            mounts.push(Mount::Read { host, guest: guest.into(), run: Runs::No });
        }
        let mut staging = Staging::open(given.write, &self.budget)?;
        mounts.extend(staging.mounts(|_, guest| guest.into()));
        let connection = given.broker.as_ref().map(|broker| Connection::lay(broker, &self.natives.scratch));
        let connection = connection.transpose().map_err(|error| undecided(&error))?;
        mounts.extend(connection.iter().flat_map(Connection::mounts));
        let mut plan = self.plan(&given.invocation, mounts, CPU_SECONDS, staging.file_bytes());
        plan.counted = Counted::Yes;
        plan.network = connection.as_ref().map_or(Network::None, Connection::network);
        if let Some(why) = stop() {
            return Err(StagedError::Stopped(why));
        }
        let mut cut = || stop().map(Cut::Stopped).or_else(|| staging.look().map(Cut::from));
        let input = given.invocation.stdin;
        let (probe, exit, written) = self.run(&plan, connection.as_ref(), input, &mut cut, spent)?;
        let code = self.ended(&exit)?;
        Ok(Staged { code, written, probe, changes: staging.changes()? })
    }
}

impl Native {
    /// Runs a plan to its end, with a network if it is connected.
    fn run(
        &self,
        plan: &Plan,
        connection: Option<&Connection<'_>>,
        input: Vec<u8>,
        cut: Asked<'_>,
        spent: &mut Spent,
    ) -> Result<(Probe, Exit, Written), StagedError> {
        let launcher = &self.natives.launcher;
        let (fenced, serving) = match connection {
            Some(connection) => connection.start(launcher, plan).map(|(fenced, serving)| (fenced, Some(serving)))?,
            None => (launcher.spawn(plan)?, None),
        };
        let probe = fenced.probe.clone();
        let stopper = serving.as_ref().map(Serving::stopper);
        // The broker first, so that what was under way is known to have been stopped.
        let mut cut = || {
            let cut = cut()?;
            stopper.iter().for_each(Stopper::stop);
            Some(cut)
        };
        let (exit, written) = converse(fenced, input, WRITTEN_BYTES_MAX, &mut cut);
        // However it ended, nothing leaves any more.
        drop(serving);
        *spent = exit.as_ref().map(Spent::from).unwrap_or_default();
        let written = written?;
        Ok((probe, exit?, written))
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
