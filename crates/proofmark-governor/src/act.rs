//! The act: a marked artifact runs inside its grant.
//!
//! The order is fixed. The opening receipt is in the log before anything is compiled; orders are read after that, and
//! followed until the end; what would change is committed or dropped; the closing receipt says how it ended. What can't
//! be recorded is not done.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proofmark_contract::{Call, Contract};
use proofmark_mark::mark::Verified;
use proofmark_mark::receipt::End;
use proofmark_mark::trust::Trust;
use proofmark_run::fence::Probe;
use proofmark_run::staged::{Granted, StagedError, Staging};
use proofmark_run::wasi::World;
use proofmark_run::wasi::tape::TAPE_BYTES_MAX;
use proofmark_run::worker::Launch;
use proofmark_run::{Ended, Outcome};

use crate::govern::GovernError;
use crate::home::Home;
use crate::job::{Callee, Caller, CallerError};
use crate::orders::Watcher;
use crate::profile::{self, Profile};
use crate::receipts;
use crate::staged::{self, Fate, Judged, Wanted, probed};
use crate::tape;

/// What is to be run, and on whose word.
pub struct Act<'a> {
    pub verified: &'a Verified,
    pub contract: &'a Contract,
    pub artifact: &'a [u8],
    pub given: Given<'a>,
    pub wanted: Wanted,
}

/// What a run is given.
pub struct Given<'a> {
    pub calls: &'a [Call],
    /// But for the directories that may be changed.
    pub world: World,
    pub write: Vec<Granted>,
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
#[derive(Default)]
pub struct Ran {
    /// The run's id; empty for one without a mark.
    pub run: String,
    /// Of the calls that came to an end, in order.
    pub outcomes: Vec<Outcome>,
    /// Why the others did not.
    pub cut: Option<CallerError>,
    /// What was tried in the worker's fence.
    pub probe: Option<Probe>,
    /// What became of the directories that might be changed; none if a call had no result.
    pub judged: Vec<Judged>,
    /// How calls left the profile that the artifact's checks saw.
    pub departures: BTreeSet<String>,
}

/// Runs the calls, each in a fresh instance, in one worker. A call that leaves the profile that the artifact's checks saw is
/// flagged, and ends the run if the grant says so.
///
/// # Errors
/// [`GovernError`] when a receipt can't be written: before the act, nothing was run.
pub fn run(home: &mut Home, act: Act<'_>, means: &Means<'_>) -> Result<Ran, GovernError> {
    let inputs: Vec<String> = act.given.calls.iter().map(ToString::to_string).collect();
    let (contract_text, artifact, profile) = (&act.verified.contract, act.artifact, Profile::new(act.verified));
    let open = receipts::open(home, act.verified, act.contract, &inputs)?;
    let run = open.receipt.run.clone();
    let mut ran = Ran { run: run.clone(), ..Ran::default() };
    ran.cut = match Watcher::open(home, means.trust) {
        Ok(mut watcher) => {
            let acting = act.verified.acting(&run);
            let mut stop = || (means.interrupted)().or_else(|| watcher.forbids(&acting, (means.now)()));
            carry_out(home, act, &profile, means.launch, &mut ran, &mut stop).err()
        }
        Err(error) => Some(CallerError::Failed(format!("the log can't be read, so no order can be seen: {error}"))),
    };
    let tape = tape::keep(home, contract_text, artifact, profile.within(), &ran.outcomes)?;
    let outputs: Vec<String> = ran.outcomes.iter().map(|outcome| outcome.ended.to_string()).collect();
    let end = End {
        outcome: ran.outcome().to_owned(),
        fuel: ran.outcomes.iter().fold(0, |sum, outcome| outcome.fuel.saturating_add(sum)),
        probe: ran.probe.as_ref().map(|probe| probed(home, probe)).transpose()?,
        host_calls: host_calls(&ran.outcomes),
        memory_bytes: ran.outcomes.iter().map(|outcome| outcome.memory_bytes).max().unwrap_or_default(),
        effects: ran.judged.iter().map(staged::effect).collect(),
        departures: ran.departures.clone(),
        tape: Some(tape),
        ..End::default()
    };
    receipts::close(home, open, &outputs, end)?;
    Ok(ran)
}

fn carry_out(
    home: &Home,
    act: Act<'_>,
    profile: &Profile,
    launch: &dyn Launch,
    ran: &mut Ran,
    stop: &mut dyn FnMut() -> Option<String>,
) -> Result<(), CallerError> {
    let Act { verified, contract, artifact, given, wanted } = act;
    let marked = Marked {
        contract,
        contract_text: &verified.contract,
        artifact,
        granted: &verified.grant.capabilities,
        profile: Some(profile),
    };
    calls(launch, &marked, given, ran, stop)?;
    if wanted == Wanted::Committed && ran.holds() {
        staged::commit(home, &ran.run, &mut ran.judged, stop)?;
    }
    ran.judged.iter_mut().for_each(Judged::discard);
    Ok(())
}

/// An artifact and what it may use.
pub struct Marked<'a> {
    pub contract: &'a Contract,
    pub contract_text: &'a str,
    pub artifact: &'a [u8],
    /// Names of the granted capabilities.
    pub granted: &'a BTreeSet<String>,
    /// What its checks saw of it; `None` without a mark.
    pub profile: Option<&'a Profile>,
}

/// Runs the calls without a mark, holds the changes against the invariants, and drops them.
#[must_use]
pub fn stage(
    launch: &dyn Launch,
    marked: &Marked<'_>,
    given: Given<'_>,
    stop: &mut dyn FnMut() -> Option<String>,
) -> Ran {
    let mut ran = Ran::default();
    ran.cut = calls(launch, marked, given, &mut ran, stop).err();
    ran.judged.iter_mut().for_each(Judged::discard);
    ran
}

fn calls(
    launch: &dyn Launch,
    marked: &Marked<'_>,
    given: Given<'_>,
    ran: &mut Ran,
    stop: &mut dyn FnMut() -> Option<String>,
) -> Result<(), CallerError> {
    // Before anything is started: a freeze costs what it freezes nothing.
    if let Some(why) = stop() {
        return Err(CallerError::Stopped(why));
    }
    let mut staging = Staging::open(given.write, &marked.contract.budget)?;
    let within = marked.profile.and_then(Profile::within);
    let stops = within.is_some();
    let callee = Callee {
        contract: marked.contract,
        contract_text: marked.contract_text,
        artifact: marked.artifact,
        granted: marked.granted.clone(),
        world: given.world,
        staged: (&staging).into(),
        within,
    };
    let (mut excess, mut room) = (None, TAPE_BYTES_MAX);
    let mut stop = || {
        stop().or_else(|| {
            excess = staging.look();
            excess.as_ref().map(ToString::to_string)
        })
    };
    let called = Caller::start(launch, callee, &mut stop).and_then(|mut caller| {
        ran.probe = Some(caller.probe().clone());
        let mut called = given.calls.iter().map(|call| caller.call(call, &mut stop));
        let called = called.try_for_each(|outcome| {
            let mut outcome = outcome?;
            // A run without a whole tape has none, so no more of it than that is held.
            match room.checked_sub(outcome.tape.as_ref().map_or(0, Vec::len)) {
                Some(left) => room = left,
                None => outcome.tape = None,
            }
            ran.departures
                .extend(marked.profile.iter().flat_map(|profile| profile.seen.departures(&(&outcome).into())));
            if let Ended::Departed(how) = &outcome.ended {
                ran.departures.insert(how.clone());
            }
            ran.outcomes.push(outcome);
            if stops && !ran.departures.is_empty() {
                return Err(CallerError::Departed(profile::listed(&ran.departures)));
            }
            Ok(())
        });
        // However it went: nobody may write into a stage that is read or removed.
        caller.dismiss();
        called
    });
    if let Some(excess) = excess {
        return Err(StagedError::from(excess).into());
    }
    called?;
    if ran.returned() {
        ran.judged = staged::judge(marked.contract, staging.changes()?);
    }
    Ok(())
}

impl From<StagedError> for CallerError {
    fn from(error: StagedError) -> Self {
        match error {
            StagedError::Stopped(why) => Self::Stopped(why),
            StagedError::Trapped(_) => Self::Trapped(error.to_string()),
            _ => Self::Failed(error.to_string()),
        }
    }
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
    /// Whether every call that was made has a result.
    fn returned(&self) -> bool {
        self.outcomes.iter().all(|outcome| matches!(outcome.ended, Ended::Returned(_)))
    }

    /// Whether every call has a result, and nothing keeps the changes from being committed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.cut.is_none() && self.returned() && self.judged.iter().all(Judged::holds)
    }

    /// How it ended, as the closing receipt has it.
    #[must_use]
    pub fn outcome(&self) -> &'static str {
        match &self.cut {
            Some(CallerError::Stopped(_) | CallerError::Departed(_)) => "stopped",
            Some(CallerError::Refused(_)) => "not run",
            Some(CallerError::Failed(_)) => "failed",
            Some(CallerError::Trapped(_)) => "trapped",
            None if !self.returned() => "trapped",
            None if self.judged.iter().any(|judged| judged.fate == Fate::Committed) => "committed",
            None if self.judged.is_empty() => "returned",
            None => "dropped",
        }
    }
}
