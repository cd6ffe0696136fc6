//! The act: a marked artifact runs inside its grant.
//!
//! The order is fixed. The opening receipt is in the log before anything is compiled; orders are read after that, and
//! followed until the end; the closing receipt says how it ended. What can't be recorded is not done.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proofmark_contract::{Call, Contract};
use proofmark_mark::mark::Verified;
use proofmark_mark::trust::Trust;
use proofmark_mark::verdict::OnDeparture;
use proofmark_run::fence::Probe;
use proofmark_run::usage::Usage;
use proofmark_run::wasi::World;
use proofmark_run::worker::Launch;
use proofmark_run::{Ended, Outcome};

use crate::govern::GovernError;
use crate::home::Home;
use crate::job::{Callee, Caller, CallerError};
use crate::orders::Watcher;
use crate::profile;
use crate::receipts;
use crate::staged::probed;

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
    /// How calls left the profile that the artifact's checks saw.
    pub departures: BTreeSet<String>,
}

/// Runs the calls, each in a fresh instance, in one worker. A call that leaves the profile that the artifact's checks saw is
/// flagged, and ends the run if the grant says so.
///
/// # Errors
/// [`GovernError`] when a receipt can't be written: before the act, nothing was run.
pub fn run(home: &mut Home, act: Act<'_>, means: &Means<'_>) -> Result<Ran, GovernError> {
    let inputs: Vec<String> = act.calls.iter().map(ToString::to_string).collect();
    let open = receipts::open(home, act.verified, act.contract, &inputs)?;
    let run = open.receipt.run.clone();
    let (contract, artifact) = (act.contract, act.artifact);
    let mut ran = Ran { run: run.clone(), outcomes: Vec::new(), cut: None, probe: None, departures: BTreeSet::new() };
    let profile = profile::of(&act.verified.evidence);
    let within = (act.verified.grant.on_departure == OnDeparture::Stop).then(|| profile.clone());
    match Watcher::open(home, means.trust) {
        Ok(mut watcher) => {
            let acting = act.verified.acting(&run);
            let mut stop = || (means.interrupted)().or_else(|| watcher.forbids(&acting, (means.now)()));
            let callee = Callee {
                contract,
                contract_text: &act.verified.contract,
                artifact,
                granted: act.verified.grant.capabilities.clone(),
                world: act.world,
                within,
            };
            ran.cut = calls(means.launch, callee, act.calls, &profile, &mut ran, &mut stop).err();
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
        host_calls: ran.host_calls(),
        memory_bytes: ran.outcomes.iter().map(|outcome| outcome.memory_bytes).max().unwrap_or_default(),
        departures: ran.departures.clone(),
        ..receipts::Ended::default()
    };
    receipts::close(home, open, ended)?;
    Ok(ran)
}

fn calls(
    launch: &dyn Launch,
    callee: Callee<'_>,
    calls: &[Call],
    profile: &Usage,
    ran: &mut Ran,
    stop: &mut dyn FnMut() -> Option<String>,
) -> Result<(), CallerError> {
    // Before anything is started: a freeze costs what it freezes nothing.
    if let Some(why) = stop() {
        return Err(CallerError::Stopped(why));
    }
    let held = callee.within.is_some();
    let mut caller = Caller::start(launch, callee, stop)?;
    ran.probe = Some(caller.probe().clone());
    for call in calls {
        let outcome = caller.call(call, stop)?;
        ran.departures.extend(profile.departures(&(&outcome).into()));
        if let Ended::Departed(how) = &outcome.ended {
            ran.departures.insert(how.clone());
        }
        ran.outcomes.push(outcome);
        if held && !ran.departures.is_empty() {
            return Err(CallerError::Departed(ran.departures.iter().cloned().collect::<Vec<_>>().join("; ")));
        }
    }
    Ok(())
}

impl Ran {
    /// How often each function of the host was called, by all calls together.
    #[must_use]
    pub fn host_calls(&self) -> BTreeMap<String, u64> {
        let mut sums = BTreeMap::<String, u64>::new();
        for (name, count) in self.outcomes.iter().flat_map(|outcome| &outcome.host_calls) {
            let sum = sums.entry(name.clone()).or_default();
            *sum = sum.saturating_add(*count);
        }
        sums
    }

    /// How it ended, as the closing receipt has it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match &self.cut {
            Some(CallerError::Stopped(_) | CallerError::Departed(_)) => "stopped",
            Some(CallerError::Refused(_)) => "not run",
            Some(CallerError::Failed(_)) => "failed",
            None if self.outcomes.iter().any(|outcome| matches!(outcome.ended, Ended::Trapped(_))) => "trapped",
            None => "returned",
        }
    }
}
