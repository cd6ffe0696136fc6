//! The act: a marked artifact runs inside its grant.
//!
//! The order is fixed. The opening receipt is in the log before anything is compiled; orders are read after that, and
//! followed until the end; the closing receipt says how it ended. What can't be recorded is not done.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proofmark_contract::{Call, Contract};
use proofmark_mark::mark::Verified;
use proofmark_mark::trust::Trust;
use proofmark_run::fence::Probe;
use proofmark_run::wasi::World;
use proofmark_run::wasi::tape::TAPE_BYTES_MAX;
use proofmark_run::worker::Launch;
use proofmark_run::{Ended, Outcome};

use crate::govern::GovernError;
use crate::home::Home;
use crate::job::{Callee, Caller, CallerError};
use crate::orders::Watcher;
use crate::receipts;
use crate::staged::probed;
use crate::tape;

/// What is to be run, and on whose word.
pub struct Act<'a> {
    pub verified: &'a Verified,
    pub contract: &'a Contract,
    pub artifact: &'a [u8],
    pub calls: &'a [Call],
    pub world: World,
}

/// With what.
pub struct Means<'a> {
    pub launch: &'a dyn Launch,
    pub trust: &'a Trust,
    /// The time, which only the binary reads.
    pub now: fn() -> Timestamp,
    /// Asked until the end: why the one who started the run wants it to end.
    pub interrupted: &'a (dyn Fn() -> Option<String> + Sync),
}

/// What came of it.
#[derive(Debug)]
pub struct Ran {
    /// The run's id.
    pub run: String,
    /// Of the calls that came to an end, in order.
    pub outcomes: Vec<Outcome>,
    /// Why the others did not.
    pub cut: Option<CallerError>,
    /// What was tried in the worker's fence.
    pub probe: Option<Probe>,
}

/// Runs the calls, each in a fresh instance, in one worker.
///
/// # Errors
/// [`GovernError`] when a receipt can't be written: before the act, nothing was run.
pub fn run(home: &mut Home, act: Act<'_>, means: &Means<'_>) -> Result<Ran, GovernError> {
    let inputs: Vec<String> = act.calls.iter().map(ToString::to_string).collect();
    let open = receipts::open(home, act.verified, act.contract, &inputs)?;
    let run = open.receipt.run.clone();
    let (contract, artifact, contract_text) = (act.contract, act.artifact, &act.verified.contract);
    let mut ran = Ran { run: run.clone(), outcomes: Vec::new(), cut: None, probe: None };
    match Watcher::open(home, means.trust) {
        Ok(mut watcher) => {
            let acting = act.verified.acting(&run);
            let mut stop = || (means.interrupted)().or_else(|| watcher.forbids(&acting, (means.now)()));
            let callee = Callee {
                contract,
                contract_text,
                artifact,
                granted: act.verified.grant.capabilities.clone(),
                world: act.world,
            };
            ran.cut = calls(means.launch, callee, act.calls, &mut ran, &mut stop).err();
        }
        Err(error) => {
            ran.cut = Some(CallerError::Failed(format!("the log can't be read, so no order can be seen: {error}")));
        }
    }
    let ended = receipts::Ended {
        outcome: ran.outcome(),
        outputs: ran.outcomes.iter().map(|outcome| outcome.ended.to_string()).collect(),
        fuel: ran.outcomes.iter().fold(0, |sum, outcome| outcome.fuel.saturating_add(sum)),
        probe: ran.probe.as_ref().map(|probe| probed(home, probe)).transpose()?,
        effects: Vec::new(),
        host_calls: host_calls(&ran.outcomes),
        memory_bytes: ran.outcomes.iter().map(|outcome| outcome.memory_bytes).max().unwrap_or_default(),
        tape: Some(tape::keep(home, contract_text, artifact, &ran.outcomes)?),
    };
    receipts::close(home, open, ended)?;
    Ok(ran)
}

fn calls(
    launch: &dyn Launch,
    callee: Callee<'_>,
    calls: &[Call],
    ran: &mut Ran,
    stop: &mut dyn FnMut() -> Option<String>,
) -> Result<(), CallerError> {
    // Before anything is started: a freeze costs what it freezes nothing.
    if let Some(why) = stop() {
        return Err(CallerError::Stopped(why));
    }
    let mut caller = Caller::start(launch, callee, stop)?;
    ran.probe = Some(caller.probe().clone());
    let mut room = TAPE_BYTES_MAX;
    for call in calls {
        let mut outcome = caller.call(call, stop)?;
        // A run without a whole tape has none, so no more of it than that is held.
        match room.checked_sub(outcome.tape.as_ref().map_or(0, Vec::len)) {
            Some(left) => room = left,
            None => outcome.tape = None,
        }
        ran.outcomes.push(outcome);
    }
    Ok(())
}

/// How often each function of the host was called, by all calls together.
#[must_use]
pub fn host_calls(outcomes: &[Outcome]) -> BTreeMap<String, u64> {
    let mut sums = BTreeMap::<String, u64>::new();
    for (name, count) in outcomes.iter().flat_map(|outcome| &outcome.host_calls) {
        let sum = sums.entry(name.clone()).or_default();
        *sum = sum.saturating_add(*count);
    }
    sums
}

impl Ran {
    /// How it ended, as the closing receipt has it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match &self.cut {
            Some(CallerError::Stopped(_)) => "stopped",
            Some(CallerError::Refused(_)) => "not run",
            Some(CallerError::Failed(_)) => "failed",
            None if self.outcomes.iter().any(|outcome| matches!(outcome.ended, Ended::Trapped(_))) => "trapped",
            None => "returned",
        }
    }
}
