//! Staged effects: what a run would change is held against the contract's invariants, and then committed whole or dropped
//! whole. The runs of native executables are here, those of components in [`crate::act`].
//!
//! As in every act, receipts and orders come first; a commit happens only while no order forbids the run.

use std::collections::{BTreeSet, HashMap};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proofmark_contract::{Contract, Fact, FactKind};
use proofmark_mark::digest::Digest;
use proofmark_mark::mark::Verified;
use proofmark_mark::receipt::{Effect, End, Probed};
use proofmark_mark::verdict::OnDeparture;
use proofmark_run::broker::Broker;
use proofmark_run::broker::ledger::Record;
use proofmark_run::effects::{self, Diff, EffectError, Recovered, Refused, Stage};
use proofmark_run::fence::Probe;
use proofmark_run::native::staged::{Given, Spent, Staged};
use proofmark_run::native::{Native, Natives};
use proofmark_run::staged::{Change, StagedError};
use proofmark_run::tree::{Entry, Kind, Limits, Manifest};
use proofmark_run::wasi::Written;
use serde::{Deserialize, Serialize};

use crate::act::Means;
use crate::egress;
use crate::govern::GovernError;
use crate::home::{Home, HomeError, read_limited, write};
use crate::orders::Watcher;
use crate::profile;
use crate::receipts;

/// The largest file that says how a run is undone, in bytes.
const WAY_BACK_BYTES_MAX: u64 = 1 << 20;

/// What is to be run, and on whose word.
pub struct Act<'a> {
    pub verified: &'a Verified,
    pub contract: &'a Contract,
    pub artifact: &'a [u8],
    pub given: Given,
    pub wanted: Wanted,
}

/// What is wanted of the changes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Wanted {
    /// To be seen, and dropped.
    Shown,
    /// To become real, if every invariant holds.
    Committed,
}

/// What became of one directory.
pub struct Judged {
    pub guest: String,
    pub host: PathBuf,
    pub diff: Diff,
    /// What no commit takes over.
    pub refused: Vec<Refused>,
    pub invariants: Vec<Held>,
    pub before: Digest,
    pub after: Digest,
    pub fate: Fate,
    change: Option<Change>,
}

/// Whether an invariant of the contract holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Held {
    pub name: String,
    /// `None`: it has no answer, which is never a yes.
    pub holds: Option<bool>,
    pub why: Option<String>,
}

/// What became of the changes in one directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Fate {
    Dropped,
    Committed,
    /// The commit failed; nothing was changed.
    Failed(String),
}

/// What came of a run.
pub struct Ran {
    /// The run's id.
    pub run: String,
    /// `Err`: it came to no end of its own; nothing was changed.
    pub ended: Result<Finished, StagedError>,
    /// What was asked of the network, if there was one.
    pub egress: Option<Record>,
    pub spent: Spent,
}

/// A run that ended by itself.
pub struct Finished {
    pub code: u8,
    pub written: Written,
    pub probe: Probe,
    pub judged: Vec<Judged>,
    /// How it left the profile that its checks saw.
    pub departures: BTreeSet<String>,
}

impl Judged {
    /// Whether nothing keeps these changes from being committed.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.refused.is_empty() && self.invariants.iter().all(|held| held.holds == Some(true))
    }

    /// Lets go of the changes: what was not committed is dropped.
    pub(crate) fn discard(&mut self) {
        self.change = None;
    }
}

impl Finished {
    /// Whether everything may be committed: the executable says that it succeeded, and every invariant holds.
    #[must_use]
    pub fn holds(&self) -> bool {
        self.code == 0 && self.judged.iter().all(Judged::holds)
    }
}

/// Runs the executable and holds its changes against the invariants; commits them if that is wanted and all hold.
///
/// # Errors
/// [`GovernError`] when a receipt can't be written: before the act, nothing was run.
pub fn run(home: &mut Home, act: Act<'_>, natives: &Arc<Natives>, means: &Means<'_>) -> Result<Ran, GovernError> {
    let inputs: Vec<String> = act.given.invocation.arguments.clone();
    let open = receipts::open(home, act.verified, act.contract, &inputs)?;
    let run = open.receipt.run.clone();
    let mut spent = Spent::default();
    let mut departures = BTreeSet::new();
    let ended = carry_out(home, &act, natives, means, &run, &mut spent, &mut departures);
    let (outcome, outputs, probe) = match &ended {
        Ok(finished) => {
            let committed = finished.judged.iter().any(|judged| judged.fate == Fate::Committed);
            let written = [&finished.written.stdout, &finished.written.stderr];
            let outputs = written.map(|bytes| String::from_utf8_lossy(bytes).into_owned()).to_vec();
            (if committed { "committed" } else { "dropped" }, outputs, Some(&finished.probe))
        }
        Err(StagedError::Trapped(_)) => ("trapped", Vec::new(), None),
        Err(StagedError::Stopped(_) | StagedError::Departed(_)) => ("stopped", Vec::new(), None),
        Err(_) => ("failed", Vec::new(), None),
    };
    let probe = probe.map(|probe| probed(home, probe)).transpose()?;
    let effects = ended.iter().flat_map(|finished| &finished.judged).map(effect).collect();
    let record = act.given.broker.as_ref().map(Broker::record);
    let egress = record.as_ref().map(|record| egress::keep(home, record)).transpose()?;
    let Spent { system_calls, resources } = spent.clone();
    let outcome = outcome.to_owned();
    let end = End { outcome, probe, effects, egress, system_calls, resources, departures, ..End::default() };
    receipts::close(home, open, &outputs, end)?;
    Ok(Ran { run, ended, egress: record, spent })
}

/// The record of a probe: its whole report is a blob of the log.
pub(crate) fn probed(home: &Home, probe: &Probe) -> Result<Probed, GovernError> {
    let bytes = serde_json::to_vec(probe).map_err(|error| GovernError::Statement(error.to_string()))?;
    Ok(Probed { report: home.log.put_blob(&bytes)?, acts: probe.acts.len() as u64 })
}

/// What became of one tree, as the closing receipt has it.
pub(crate) fn effect(judged: &Judged) -> Effect {
    let outcome = match judged.fate {
        Fate::Committed => "committed",
        Fate::Dropped => "dropped",
        Fate::Failed(_) => "failed",
    };
    Effect { guest: judged.guest.clone(), before: judged.before, after: judged.after, outcome: outcome.to_owned() }
}

fn carry_out(
    home: &Home,
    act: &Act<'_>,
    natives: &Arc<Natives>,
    means: &Means<'_>,
    run: &str,
    spent: &mut Spent,
    departures: &mut BTreeSet<String>,
) -> Result<Finished, StagedError> {
    let blind = |error: &dyn std::fmt::Display| StagedError::Undecided(format!("no order can be seen: {error}"));
    let mut watcher = Watcher::open(home, means.trust).map_err(|error| blind(&error))?;
    let acting = act.verified.acting(run);
    let mut stop = || (means.interrupted)().or_else(|| watcher.forbids(&acting, (means.now)()));
    // Where no profile can be held to, nothing is started that departures would stop.
    hold(act.verified, spent, departures)?;
    let staged = stage(act.contract, act.artifact, act.given.clone(), natives, &mut stop, spent);
    let held = hold(act.verified, spent, departures);
    let mut finished = staged?;
    held?;
    finished.departures.clone_from(departures);
    if act.wanted == Wanted::Committed && finished.holds() {
        commit(home, run, &mut finished.judged, &mut stop)?;
    }
    Ok(discard(finished))
}

/// Commits the trees one after the other, each whole. If one can't be, those before it are put back. The stages of all
/// stay locked until the last is done, so that nobody undoes a commit that is still going on.
///
/// # Errors
/// [`StagedError`]: an order forbids it, or the way back can't be noted. Nothing was committed.
pub(crate) fn commit(
    home: &Home,
    run: &str,
    judged: &mut [Judged],
    stop: &mut dyn FnMut() -> Option<String>,
) -> Result<(), StagedError> {
    if let Some(why) = stop() {
        return Err(StagedError::Stopped(why));
    }
    note_way_back(home, run, judged).map_err(|error| {
        StagedError::Undecided(format!("the way back can't be noted, so nothing is committed: {error}"))
    })?;
    for one in judged.iter_mut() {
        let Some(change) = &mut one.change else { continue };
        if let Err(error) = change.stage.commit(&Limits::default()) {
            one.fate = Fate::Failed(error.to_string());
            put_back(judged);
            break;
        }
        one.fate = Fate::Committed;
    }
    if judged.iter().all(|one| one.fate != Fate::Committed) {
        // There is nothing to go back to; a note that stays is one of nothing.
        let _ = std::fs::remove_file(way_back(home, run));
    }
    Ok(())
}

/// Undoes the commits before one that failed. A tree that somebody changed since stays committed, and says so.
fn put_back(judged: &mut [Judged]) {
    for one in judged.iter_mut().filter(|one| one.fate == Fate::Committed) {
        let Some(change) = &mut one.change else { continue };
        if change.stage.undo(&Limits::default()).is_ok() {
            one.fate = Fate::Dropped;
        }
    }
}

/// Finds how a run that took `spent` left its profile.
///
/// # Errors
/// It did, and its grant has such a run stopped.
fn hold(verified: &Verified, spent: &Spent, departures: &mut BTreeSet<String>) -> Result<(), StagedError> {
    let stops = verified.grant.on_departure == OnDeparture::Stop;
    *departures = match profile::left_by(&verified.evidence, spent.system_calls.keys().map(String::as_str)) {
        Ok(departures) => departures,
        // Unknown is never a yes; but a flag on every run of such an executable would be no flag.
        Err(why) => stops.then(|| format!("system calls: {why}")).into_iter().collect(),
    };
    if stops && !departures.is_empty() {
        return Err(StagedError::Departed(profile::listed(departures)));
    }
    Ok(())
}

/// Runs the executable and holds its changes against the invariants, and stops there. `spent` is what it took.
///
/// # Errors
/// [`StagedError`]; nothing was changed.
pub fn stage(
    contract: &Contract,
    artifact: &[u8],
    given: Given,
    natives: &Arc<Natives>,
    stop: &mut (dyn FnMut() -> Option<String> + Send),
    spent: &mut Spent,
) -> Result<Finished, StagedError> {
    let process = contract.interface.process();
    let process = process.ok_or_else(|| StagedError::Undecided("the contract is not one of a program".to_owned()))?;
    let native = Native::new(artifact, process, &contract.budget, &contract.capabilities, natives)
        .map_err(|error| StagedError::Undecided(error.to_string()))?;
    let Staged { code, written, probe, changes } = native.stage(given, stop, spent)?;
    Ok(Finished { code, written, probe, judged: judge(contract, changes), departures: BTreeSet::new() })
}

/// Drops every change that was not committed.
#[must_use]
pub fn discard(mut finished: Finished) -> Finished {
    finished.judged.iter_mut().for_each(Judged::discard);
    finished
}

/// Holds what a run would change against the contract's invariants.
pub(crate) fn judge(contract: &Contract, changes: Vec<Change>) -> Vec<Judged> {
    changes.into_iter().map(|change| judge_one(contract, change)).collect()
}

fn judge_one(contract: &Contract, change: Change) -> Judged {
    let (before, after) = (&change.effects.before, &change.effects.after);
    let facts = proofmark_contract::Change::new(facts(before), facts(after));
    let invariants = contract.invariants.iter().filter(|invariant| invariant.of == change.granted.guest);
    let invariants = invariants
        .map(|invariant| {
            let answer = invariant.holds(&facts);
            let why = answer.as_ref().err().map(ToString::to_string);
            Held { name: invariant.name.clone(), holds: answer.ok(), why }
        })
        .collect();
    let digest = |manifest: &Manifest| manifest.digest().unwrap_or(Digest([0; 32]));
    Judged {
        guest: change.granted.guest.clone(),
        host: change.granted.host.clone(),
        diff: change.effects.diff.clone(),
        refused: change.effects.refused.clone(),
        invariants,
        before: digest(before),
        after: digest(after),
        fate: Fate::Dropped,
        change: Some(change),
    }
}

fn facts(manifest: &Manifest) -> Vec<Fact> {
    // How many names each file with several has, and the first of them.
    let mut groups: HashMap<u32, (u32, String)> = HashMap::new();
    for entry in manifest.inside() {
        let Some(group) = entry.links else { continue };
        let path = readable(entry.path.as_bytes());
        let (links, first) = groups.entry(group).or_insert_with(|| (0, path.clone()));
        *links = links.saturating_add(1);
        if path < *first {
            *first = path;
        }
    }
    manifest.inside().iter().map(|entry| fact(entry, entry.links.and_then(|group| groups.get(&group)))).collect()
}

fn fact(entry: &Entry, group: Option<&(u32, String)>) -> Fact {
    let (kind, sha256) = match entry.kind {
        Kind::File => (FactKind::File, entry.sha256.to_string()),
        Kind::Symlink => (FactKind::Symlink, entry.sha256.to_string()),
        Kind::Directory => (FactKind::Directory, String::new()),
    };
    let path = readable(entry.path.as_bytes());
    let (links, first) = group.cloned().unwrap_or_else(|| (1, path.clone()));
    Fact { path, kind, size: entry.size, sha256, mode: entry.mode, modified: entry.modified.seconds, links, first }
}

/// A path as invariants see it: bytes that are not UTF-8 as `\xNN`.
fn readable(bytes: &[u8]) -> String {
    let mut text = String::new();
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}")));
    }
    text
}

/// Where the tree before a run is kept.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WayBack {
    pub guest: String,
    pub stage: PathBuf,
}

/// Before the commit: where the trees before it will be.
fn note_way_back(home: &Home, run: &str, judged: &[Judged]) -> Result<(), HomeError> {
    let stage = |judged: &Judged| judged.change.as_ref().map(|change| change.stage.directory().to_path_buf());
    let back: Vec<WayBack> = judged
        .iter()
        .filter_map(|judged| Some(WayBack { guest: judged.guest.clone(), stage: stage(judged)? }))
        .collect();
    let note = way_back(home, run);
    let io = |source| HomeError::Io { path: note.clone(), source };
    std::fs::create_dir_all(home.path.join("runs")).map_err(io)?;
    write(&note, &serde_json::to_vec(&back).map_err(|error| io(error.into()))?)
}

fn way_back(home: &Home, run: &str) -> PathBuf {
    home.path.join("runs").join(format!("{run}.json"))
}

/// Why a run can't be undone.
#[derive(Debug, thiserror::Error)]
pub enum UndoError {
    #[error("no committed run `{0}` is known here")]
    Unknown(String),
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("the note of the run's way back is damaged: {0}")]
    Note(#[from] serde_json::Error),
    #[error(transparent)]
    Effects(#[from] EffectError),
    #[error(transparent)]
    Govern(#[from] GovernError),
}

/// Puts back the trees that a run changed, also of one that came to no end: a tree that it had not committed yet is as it
/// was, and its stage is removed.
///
/// # Errors
/// [`UndoError`]; a tree that was changed since stays as it is.
pub fn undo(home: &mut Home, run: &str) -> Result<Vec<effects::Receipt>, UndoError> {
    let known = run.len() >= 32 && run.bytes().all(|byte| byte.is_ascii_hexdigit());
    let note = way_back(home, run);
    if !known || !note.exists() {
        return Err(UndoError::Unknown(run.to_owned()));
    }
    let back: Vec<WayBack> = serde_json::from_slice(&read_limited(&note, WAY_BACK_BYTES_MAX)?)?;
    let open = receipts::open_undo(home, run)?;
    let mut undone = Ok(Vec::new());
    for WayBack { stage, .. } in back {
        let one = undo_one(&stage);
        undone = undone.and_then(|mut list: Vec<_>| {
            list.extend(one?);
            Ok(list)
        });
    }
    if undone.is_ok() {
        // The tree is back; what is left is a note of nothing.
        let _ = std::fs::remove_file(&note);
    }
    let outcome = if undone.is_ok() { "undone" } else { "failed" };
    receipts::close(home, open, &[], End { outcome: outcome.to_owned(), ..End::default() })?;
    undone
}

/// None if there is nothing to be undone.
fn undo_one(stage: &Path) -> Result<Option<effects::Receipt>, EffectError> {
    // A crash before the commit of this tree, and then another run on it, which clears what crashes leave.
    if !stage.exists() {
        return Ok(None);
    }
    match effects::recover(stage)? {
        Recovered::Gone => Ok(None),
        Recovered::Open | Recovered::Scanned | Recovered::Undone => Stage::open(stage)?.discard().map(|()| None),
        Recovered::Committed => {
            let mut stage = Stage::open(stage)?;
            let receipt = stage.undo(&Limits::default())?;
            stage.discard()?;
            Ok(Some(receipt))
        }
    }
}
