//! Reuse: what was marked before is found again, so that nothing is asked for twice.
//!
//! A mark is a function of the log and the blobs beside it: it is made again from them byte for byte, and is then verified as
//! anyone else would. So no copy of it is kept, and what the index says is only where to look.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proofmark_contract::Contract;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::entry::{About, Entry, Kind};
use proofmark_mark::mark::{Logged, Mark, Verified, Version, verify};
use proofmark_mark::order::{Acting, Standing};
use proofmark_mark::statement::Statement;
use proofmark_mark::submission::Submission;
use proofmark_mark::trust::Trust;
use proofmark_mark::verdict::Verdict;

use crate::home::Home;
use crate::index::{Index, Key};
use crate::log::{LogError, View};
use crate::orders;
use crate::store::blob_name;

/// Marks of one contract that are looked at, the latest ones.
const MARKS_MAX: usize = 16;
/// Marks of one interface that are looked at, the latest ones.
const RELATED_MARKS_MAX: usize = 64;
/// Artifacts of other contracts that are worth a check, at most.
pub const RELATED_MAX: usize = 8;

/// A mark that holds, and what it is of.
pub struct Found {
    /// The mark's canonical bytes: those of the file that was written when it was issued.
    pub mark: Vec<u8>,
    pub verified: Verified,
    pub artifact: Vec<u8>,
}

/// An artifact that was marked for a contract with the same interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Related {
    pub artifact: Digest,
    /// Who made it, as its submission has it.
    pub generator: String,
}

/// What came of looking for a mark.
pub enum Reuse {
    Found(Box<Found>),
    /// There are valid marks, and each is forbidden to run: by this order, in words.
    Forbidden(String),
    Nothing,
}

/// Looks for a valid mark for this contract under this policy that no order forbids to run, with its artifact: of several the one
/// of the smallest artifact, of those the latest.
///
/// # Errors
/// What keeps the log from being read. A mark that can't be made again is none.
pub fn find(
    home: &mut Home,
    contract_text: &str,
    policy_text: &str,
    trust: &Trust,
    now: Timestamp,
) -> Result<Reuse, LogError> {
    let Home { log, index, .. } = home;
    let view = log.view();
    let contract = Digest::of(contract_text.as_bytes());
    let marks = index.find(view, Key::Marks { contract, policy: Digest::of(policy_text.as_bytes()) })?;
    let mut candidates = Vec::new();
    for at in marks.into_iter().rev().take(MARKS_MAX) {
        if let Some((_, About { artifact, .. })) = verdict_at(view, at)?
            && let Some(bytes) = view.store.size(&blob_name(&artifact))?
        {
            candidates.push((bytes, at, artifact));
        }
    }
    // Stable, so that of equal ones the latest stays first.
    candidates.sort_by_key(|(bytes, ..)| *bytes);
    let (mut standing, mut forbidden) = (None, None);
    for (_, at, artifact) in candidates {
        let Some(made) = made(view, index, at, contract_text, policy_text)? else { continue };
        let mark = made.mark.to_bytes();
        // Before the mark is believed: without its artifact it is of no use.
        let Ok(artifact) = view.store.blob(&artifact) else { continue };
        let Ok(verified) = verify(&mark, Some(&artifact), trust, now) else { continue };
        let standing = match &mut standing {
            Some(standing) => standing,
            none => none.insert(orders::standing(view, index, trust)?),
        };
        match standing.forbids(&verified.acting(""), now) {
            None => return Ok(Reuse::Found(Box::new(Found { mark, verified, artifact }))),
            Some(issued) => forbidden = forbidden.or_else(|| Some(issued.order.to_string())),
        }
    }
    Ok(forbidden.map_or(Reuse::Nothing, Reuse::Forbidden))
}

/// Artifacts that were marked for a contract with the same interface and whose bytes are there, the latest first: to be checked
/// against this contract before anything is asked to make one. What an order forbids is not among them, so that no revoked
/// mark comes back as another.
///
/// # Errors
/// What keeps the log from being read.
pub fn related(home: &mut Home, contract: &Contract, trust: &Trust, now: Timestamp) -> Result<Vec<Related>, LogError> {
    let policies = home.policies();
    let Home { log, index, .. } = home;
    let view = log.view();
    let marks = index.find(view, Key::Interface(contract.interface.digest()))?;
    if marks.is_empty() {
        return Ok(Vec::new());
    }
    let standing = orders::standing(view, index, trust)?;
    let (mut found, mut barred) = (Vec::<Related>::new(), BTreeSet::new());
    for at in marks.into_iter().rev().take(RELATED_MARKS_MAX) {
        let Some((_, About { artifact, .. })) = verdict_at(view, at)? else { continue };
        let known = found.iter().any(|known| known.artifact == artifact);
        match may_be_tried(view, index, at, &policies, &standing, now)? {
            None => drop(barred.insert(artifact)),
            Some(generator) if !known && view.store.size(&blob_name(&artifact))?.is_some() => {
                found.push(Related { artifact, generator });
            }
            Some(_) => {}
        }
    }
    found.retain(|related| !barred.contains(&related.artifact));
    found.truncate(RELATED_MAX);
    Ok(found)
}

/// Who made the artifact of a verdict, if no order forbids to run its mark, whatever else is wrong with it. A mark that can't be
/// made again, because its contract or the home's policy is gone, can't be looked up among the revoked ones, so it is not tried.
fn may_be_tried(
    view: &View,
    index: &mut Index,
    at: u64,
    policies: &BTreeMap<Digest, String>,
    standing: &Standing,
    now: Timestamp,
) -> Result<Option<String>, LogError> {
    let Some((entry, About { contract, .. })) = verdict_at(view, at)? else { return Ok(None) };
    let Some((_, verdict)) = statement::<Verdict>(view, &entry) else { return Ok(None) };
    let contract_text = view.store.blob(&contract).ok().and_then(|bytes| String::from_utf8(bytes).ok());
    let policy_text = policies.get(&verdict.predicate.policy.digest.sha256);
    let (Some(contract_text), Some(policy_text)) = (contract_text, policy_text) else { return Ok(None) };
    let Some(Made { mark, submission }) = made(view, index, at, &contract_text, policy_text)? else {
        return Ok(None);
    };
    let acting = Acting {
        run: "",
        mark: mark.id(),
        artifact: mark.artifact,
        contract,
        generator: &submission.generator,
        autonomy: submission.autonomy,
        capabilities: &submission.capabilities,
    };
    Ok(standing.forbids(&acting, now).is_none().then_some(submission.generator))
}

/// A mark that was made again, and is not yet verified.
struct Made {
    mark: Mark,
    submission: Submission,
}

/// The mark that was issued with the verdict at `at`, from what is in the log. `None` where something that it is made of is not
/// there or not what the verdict names.
fn made(
    view: &View,
    index: &mut Index,
    at: u64,
    contract_text: &str,
    policy_text: &str,
) -> Result<Option<Made>, LogError> {
    let Some((entry, about)) = verdict_at(view, at)? else { return Ok(None) };
    let Some((verdict, Statement { predicate, .. })) = statement::<Verdict>(view, &entry) else { return Ok(None) };
    let Some((submitted, checks)) = predicate.input_attestations.split_first() else { return Ok(None) };
    // Evidence and verdict are one batch, in the order of the plan.
    let first = at.saturating_sub(checks.len() as u64);
    let Some((submission_at, submission)) = submission(view, index, about, first, submitted.digest.sha256)? else {
        return Ok(None);
    };
    let Some((submission, Statement { predicate: asked, .. })) = statement::<Submission>(view, &submission) else {
        return Ok(None);
    };
    let size = at.saturating_add(1);
    let logged = |envelope: Envelope, index: u64| -> Result<Logged, LogError> {
        Ok(Logged { envelope, index, proof: view.inclusion_proof_at(index, size)? })
    };
    let mut evidence = Vec::new();
    for (entry, input) in view.entries(first..at).zip(checks) {
        let (at, entry) = entry?;
        let Some(envelope) = envelope(view, &entry).filter(|_| entry.envelope == input.digest.sha256) else {
            return Ok(None);
        };
        evidence.push(logged(envelope, at)?);
    }
    let (end, checkpoint) = view.commit_of(at)?;
    if end != size {
        return Ok(None);
    }
    let (submitted, challenge_checkpoint) = view.commit_of(submission_at)?;
    let next = submission_at.saturating_add(1);
    let behind = view.entries(next..size.min(submitted)).next().transpose()?;
    let provenance = match behind.filter(|(_, entry)| entry.kind == Kind::Provenance) {
        None => None,
        Some((at, entry)) => match envelope(view, &entry) {
            Some(envelope) => Some(logged(envelope, at)?),
            None => return Ok(None),
        },
    };
    let mark = Mark {
        mark: Version,
        artifact: about.artifact,
        contract: contract_text.to_owned(),
        policy: policy_text.to_owned(),
        submission: logged(submission, submission_at)?,
        provenance,
        challenge_checkpoint,
        evidence,
        verdict: logged(verdict, at)?,
        consistency: view.consistency_proof_at(submitted, size)?,
        checkpoint,
    };
    Ok(Some(Made { mark, submission: asked }))
}

/// The entry at `at`, if it is a verdict's.
fn verdict_at(view: &View, at: u64) -> Result<Option<(Entry, About)>, LogError> {
    let found = view.entries(at..at.saturating_add(1)).next().transpose()?;
    Ok(found.and_then(|(_, entry)| Some((entry, entry.about.filter(|_| entry.kind == Kind::Verdict)?))))
}

/// The entry before `end` of the submission whose envelope has this digest.
fn submission(
    view: &View,
    index: &mut Index,
    About { artifact, contract }: About,
    end: u64,
    envelope: Digest,
) -> Result<Option<(u64, Entry)>, LogError> {
    for at in index.find(view, Key::Submissions { contract, artifact })?.into_iter().rev().filter(|at| *at < end) {
        for entry in view.entries(at..at.saturating_add(1)) {
            let (at, entry) = entry?;
            if entry.envelope == envelope {
                return Ok(Some((at, entry)));
            }
        }
    }
    Ok(None)
}

/// The envelope of an entry. One that is gone or damaged is none: there is then no mark to be made of it.
fn envelope(view: &View, entry: &Entry) -> Option<Envelope> {
    view.envelope(entry).ok()
}

fn statement<P: proofmark_mark::statement::Predicate>(view: &View, entry: &Entry) -> Option<(Envelope, Statement<P>)> {
    let envelope = envelope(view, entry)?;
    let statement = Statement::parse(envelope.unverified_payload()).ok()?;
    Some((envelope, statement))
}
