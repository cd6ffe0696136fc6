//! Repeats a run of a WebAssembly artifact from its tape, and holds it against its receipt.
//!
//! Everything comes from the home: nothing of the world that the run saw is asked again. The artifact runs in a worker's
//! fence all the same, for a tape is no reason to trust it.

use std::collections::BTreeMap;

use proofmark_contract::{Call, Contract};
use proofmark_mark::digest::Digest;
use proofmark_mark::receipt::{End, Receipt, Tape};
use proofmark_run::Outcome;
use proofmark_run::wasi::World;
use proofmark_run::worker::Launch;
use thiserror::Error;

use super::Taken;
use crate::act::host_calls;
use crate::govern::GovernError;
use crate::home::Home;
use crate::job::{Callee, Caller, CallerError, Staged};
use crate::log::LogError;
use crate::receipts;
use crate::store::StoreError;

/// A run that was repeated.
#[derive(Debug)]
pub struct Replayed {
    /// The run's id.
    pub run: String,
    /// Calls that came to an end in the run, and were repeated.
    pub calls: usize,
    /// How the run ended, as its receipt has it.
    pub outcome: String,
    pub fuel: u64,
    pub host_calls: BTreeMap<String, u64>,
    /// The first thing that is not the same.
    pub difference: Option<Difference>,
}

/// Something that is not the same.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// The call where it was seen; `None` if only all of them together differ.
    pub call: Option<String>,
    pub what: &'static str,
    pub recorded: String,
    pub replayed: String,
}

/// Why a run can't be repeated.
#[derive(Debug, Error)]
pub enum ReplayError {
    #[error("the log has no run `{0}`")]
    Unknown(String),
    #[error("`{0}` is the beginning of more than one run's id; write more of it")]
    Ambiguous(String),
    #[error("the end of the run is missing, so there is nothing to compare with")]
    Unfinished,
    #[error("it is a run of a native executable: what the kernel answered it is not recorded, so it can't be repeated")]
    Native,
    #[error("the run has no tape: {0}")]
    NoTape(String),
    #[error("{what} can't be had: {why}")]
    Gone { what: &'static str, why: Box<LogError> },
    #[error("{0} of the run is damaged")]
    Damaged(&'static str),
    #[error(transparent)]
    Govern(#[from] GovernError),
    #[error("the run can't be repeated here: {0}")]
    Caller(#[from] CallerError),
}

/// Repeats the run whose id is `run`, or begins with it.
///
/// # Errors
/// [`ReplayError`]. A run that goes another way is no error but a difference.
pub fn replay(home: &Home, run: &str, launch: &dyn Launch) -> Result<Replayed, ReplayError> {
    let (receipt, artifact) = one(home, run)?;
    let end = receipt.end.ok_or(ReplayError::Unfinished)?;
    let text = blob(home, "the contract", &receipt.contract)?;
    let text = String::from_utf8(text).map_err(|_| ReplayError::Damaged("the contract"))?;
    let contract = Contract::parse(&text).map_err(|_| ReplayError::Damaged("the contract"))?;
    if contract.interface.process().is_some() {
        return Err(ReplayError::Native);
    }
    let tape = match &end.tape {
        Some(Tape::Kept(tape)) => opened(home, "the tape", tape)?,
        Some(Tape::Missing(why)) => return Err(ReplayError::NoTape(why.clone())),
        None => return Err(ReplayError::NoTape("it was recorded before there were tapes".to_owned())),
    };
    let (within, tapes) = super::read(&tape).ok_or(ReplayError::Damaged("the tape"))?;
    if tapes.len() != end.outputs.len() || tapes.len() > receipt.inputs.len() {
        return Err(ReplayError::Damaged("the tape"));
    }
    let calls = calls(home, &contract, receipt.inputs.iter().take(tapes.len()))?;
    let results = texts(home, "a result", end.outputs.iter())?;
    let artifact = blob(home, "the artifact", &artifact)?;
    let granted = receipt.grant.capabilities.clone();
    let (world, staged) = (World::Replayed, Staged::default());
    let callee =
        Callee { contract: &contract, contract_text: &text, artifact: &artifact, granted, world, staged, within };
    let mut caller = Caller::start(launch, callee, &mut proofmark_run::worker::never)?;
    let (mut outcomes, mut difference) = (Vec::new(), None);
    for ((call, result), (taken, tape)) in calls.iter().zip(&results).zip(&tapes) {
        let outcome = caller.replay(call, tape, &mut proofmark_run::worker::never)?;
        difference = differ(call, result, taken, &outcome);
        outcomes.push(outcome);
        if difference.is_some() {
            break;
        }
    }
    let difference = difference.or_else(|| differ_in_all(&end, &outcomes));
    let End { outcome, fuel, host_calls, .. } = end;
    Ok(Replayed { run: receipt.run, calls: tapes.len(), outcome, fuel, host_calls, difference })
}

fn one(home: &Home, run: &str) -> Result<(Receipt, Digest), ReplayError> {
    let mut found = receipts::begin_with(home.log.view(), run)?;
    match (run.is_empty(), found.len()) {
        (false, 1) => found.pop().ok_or_else(|| ReplayError::Unknown(run.to_owned())),
        (false, 2..) => Err(ReplayError::Ambiguous(run.to_owned())),
        _ => Err(ReplayError::Unknown(run.to_owned())),
    }
}

fn blob(home: &Home, what: &'static str, digest: &Digest) -> Result<Vec<u8>, ReplayError> {
    home.log.blob(digest).map_err(|why| gone(what, why))
}

fn opened(home: &Home, what: &'static str, commitment: &Digest) -> Result<Vec<u8>, ReplayError> {
    receipts::opened(home, commitment).map_err(|why| gone(what, why))
}

fn gone(what: &'static str, why: LogError) -> ReplayError {
    match why {
        LogError::Store(StoreError::NotFound { .. } | StoreError::Altered { .. }) => {
            ReplayError::Gone { what, why: Box::new(why) }
        }
        other => ReplayError::Govern(other.into()),
    }
}

fn texts<'a>(
    home: &Home,
    what: &'static str,
    commitments: impl Iterator<Item = &'a Digest>,
) -> Result<Vec<String>, ReplayError> {
    commitments
        .map(|commitment| {
            String::from_utf8(opened(home, what, commitment)?).map_err(|_| ReplayError::Damaged("an input or a result"))
        })
        .collect()
}

fn calls<'a>(
    home: &Home,
    contract: &Contract,
    inputs: impl Iterator<Item = &'a Digest>,
) -> Result<Vec<Call>, ReplayError> {
    texts(home, "an input", inputs)?
        .iter()
        .map(|text| contract.interface.parse_call(text).map_err(|_| ReplayError::Damaged("an input")))
        .collect()
}

/// What one call shows that its record does not.
fn differ(call: &Call, result: &str, recorded: &Taken, outcome: &Outcome) -> Option<Difference> {
    let replayed = Taken::of(outcome, recorded.tape_bytes);
    let shown = |trapped: bool, text: &str| if trapped { format!("no result: {text}") } else { text.to_owned() };
    let pairs = [
        ("result", shown(recorded.trapped, result), shown(replayed.trapped, &outcome.ended.to_string())),
        ("standard output", recorded.stdout.to_string(), replayed.stdout.to_string()),
        ("standard error", recorded.stderr.to_string(), replayed.stderr.to_string()),
        ("fuel", recorded.fuel.to_string(), replayed.fuel.to_string()),
        ("linear memory", recorded.memory_bytes.to_string(), replayed.memory_bytes.to_string()),
    ];
    first(Some(call), pairs)
}

/// What all calls together show that the receipt does not.
fn differ_in_all(end: &End, outcomes: &[Outcome]) -> Option<Difference> {
    let fuel = outcomes.iter().fold(0_u64, |sum, outcome| sum.saturating_add(outcome.fuel));
    let memory = outcomes.iter().map(|outcome| outcome.memory_bytes).max().unwrap_or_default();
    let listed = |counts: &BTreeMap<String, u64>| {
        let all: Vec<String> = counts.iter().map(|(name, count)| format!("{name} {count}")).collect();
        all.join(", ")
    };
    let pairs = [
        ("fuel", end.fuel.to_string(), fuel.to_string()),
        ("linear memory", end.memory_bytes.to_string(), memory.to_string()),
        ("host calls", listed(&end.host_calls), listed(&host_calls(outcomes))),
    ];
    first(None, pairs)
}

fn first<const N: usize>(call: Option<&Call>, pairs: [(&'static str, String, String); N]) -> Option<Difference> {
    let call = call.map(ToString::to_string);
    let (what, recorded, replayed) = pairs.into_iter().find(|(_, recorded, replayed)| recorded != replayed)?;
    Some(Difference { call, what, recorded, replayed })
}

#[cfg(test)]
mod tests;
