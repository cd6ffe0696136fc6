//! The main job: submit an artifact, challenge it, check it, decide, record all of it, and make the mark.
//!
//! The order is the point. The submission is in the log before the challenge exists; evidence and verdict are in the log
//! before the mark does; and no mark is returned that this very code does not verify.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::entry::{Entry, Kind};
use proofmark_mark::evidence::Evidence;
use proofmark_mark::mark::{Logged, Mark, Refusal, Version, verify};
use proofmark_mark::policy::{Action, Decision, Policy, Request, Unmet};
use proofmark_mark::provenance::Provenance;
use proofmark_mark::statement::{Predicate, Statement};
use proofmark_mark::submission::{PolicyRef, Submission};
use proofmark_mark::trust::Trust;
use proofmark_mark::verdict::{Basis, Grant, OnDeparture, Verdict};
use proofmark_run::native::Natives;
use proofmark_run::worker::Launch;
use thiserror::Error;

use crate::checks::held_out::Withheld;
use crate::checks::{self, Finding, Found, Task};
use crate::home::{Home, HomeError};
use crate::index::Key;
use crate::job;
use crate::log::{Committed, LogError};
use crate::{earlier, provenance, sealed};

/// What someone asks to have checked.
pub struct Asked<'a> {
    /// The public one: [`crate::sealed`]. What is sealed in it is opened, or not tried.
    pub contract: &'a Contract,
    /// The contract's public text; its SHA-256 is the contract's name.
    pub contract_text: &'a str,
    pub artifact: &'a [u8],
    pub policy: &'a Policy,
    pub policy_text: &'a str,
    pub policy_name: &'a str,
    /// Who made the artifact, as far as the one who asks knows.
    pub generator: &'a str,
    /// Where it comes from, if it was made here; then `generator` is the one that it names.
    pub provenance: Option<&'a Provenance>,
    /// Names of the people who approve.
    pub approvals: BTreeSet<String>,
    pub valid_for: SignedDuration,
}

/// With what it is checked.
pub struct Means<'a> {
    pub launch: &'a dyn Launch,
    pub natives: &'a Arc<Natives>,
    pub threads: usize,
    /// Whether nothing inside a fence has reached what must not be reached; where it has, no check is believed.
    pub held: &'a (dyn Fn() -> bool + Sync),
    /// The time, which only the binary reads.
    pub now: Timestamp,
    pub trust: &'a Trust,
    pub watch: &'a (dyn Fn(Event<'_>) + Sync),
}

/// What is happening, for whoever shows it.
pub enum Event<'a> {
    Submitted { index: u64, attempt: u64 },
    Started { check: &'a str },
    Progress { check: &'a str, done: u64, planned: u64 },
    Ended { evidence: &'a Evidence },
}

/// What came of it.
pub struct Checked {
    pub artifact: Digest,
    pub submission: Submission,
    /// The envelope of the artifact's provenance, if it has one.
    pub provenance: Option<Digest>,
    pub evidence: Vec<Evidence>,
    /// What evidence says nothing of, for the contract's owner alone; of each check that has such.
    pub withheld: BTreeMap<String, Withheld>,
    pub grant: Grant,
    pub result: Result<Mark, Vec<Unmet>>,
    /// The log's size after the verdict.
    pub log_size: u64,
}

/// Why it could not be carried through. Nothing that reached the log before is lost.
#[derive(Debug, Error)]
pub enum GovernError {
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error("the contract's held-out properties are not sealed, so it can't be recorded")]
    NotSealed,
    #[error("the contract's reference {0} is not here")]
    NoReference(Digest),
    #[error("a statement can't be made: {0}")]
    Statement(String),
    #[error("the finished mark does not verify: {}", .0.message)]
    Unverifiable(Refusal),
}

/// Checks an artifact and decides.
///
/// # Errors
/// [`GovernError`] when the store or the log fails; a refusal is a result, not an error.
pub fn check(home: &mut Home, asked: &Asked<'_>, means: &Means<'_>) -> Result<Checked, GovernError> {
    let artifact = Digest::of(asked.artifact);
    if !sealed::is_public(asked.contract) {
        return Err(GovernError::NotSealed);
    }
    sealed::keep(&home.path, asked.contract).map_err(HomeError::from)?;
    home.log.put_blob(asked.artifact)?;
    home.log.put_blob(asked.contract_text.as_bytes())?;
    if let Some(reference) = &asked.contract.reference {
        let bytes = reference.bytes().ok_or(GovernError::NoReference(reference.digest))?;
        home.log.put_blob(bytes)?;
    }
    let earlier = earlier::calls(home, asked.contract.digest)?;
    let submitted = submit(home, asked, artifact)?;
    let attempt = submitted.statement.attempt;
    (means.watch)(Event::Submitted { index: submitted.index, attempt });

    let checker = Checker { asked, means, challenge: submitted.challenge, attempt, earlier: &earlier };
    let (mut evidence, mut withheld) = (Vec::new(), BTreeMap::new());
    for planned in submitted.statement.plan.iter() {
        let found = checker.run(&planned.check, planned.executions);
        withheld.extend(found.withheld.map(|beside| (planned.check.clone(), beside)));
        evidence.push(found.evidence);
    }
    let signed: Vec<Envelope> = evidence.iter().map(|one| sign(home, asked.contract, artifact, one)).collect();

    let decide = |action| {
        let request = Request { action, artifact, submission: &submitted.statement, evidence: &evidence };
        asked.policy.decide(&request)
    };
    let decision = match decide(Action::Mark) {
        Decision::Permit => decide(Action::Run),
        deny @ Decision::Deny(_) => deny,
    };
    let grant = Grant {
        autonomy: asked.policy.autonomy(),
        capabilities: asked.contract.capabilities.names(),
        expires: means.now.saturating_add(asked.valid_for).unwrap_or(means.now),
        on_departure: OnDeparture::from(&decide(Action::Depart)),
    };
    let named: Vec<(&str, &Envelope)> = evidence.iter().map(|one| one.check.as_str()).zip(&signed).collect();
    let basis =
        Basis { artifact, policy: &submitted.statement.policy, submission: &submitted.envelope, evidence: &named };
    let verdict = sign(
        home,
        asked.contract,
        artifact,
        &Verdict::new(home.keys.governor().keyid(), means.now, &basis, &decision, grant.clone()),
    );
    let recorded = record(home, asked.contract, artifact, &signed, &verdict)?;
    let provenance = submitted.provenance.as_ref().map(|(envelope, _)| envelope.digest());
    let result = match decision {
        Decision::Deny(unmet) => Err(unmet),
        Decision::Permit => Ok(mark(home, asked, means, &submitted, signed, verdict, &recorded)?),
    };
    let submission = submitted.statement;
    Ok(Checked { artifact, submission, provenance, evidence, withheld, grant, result, log_size: recorded.size })
}

/// Signs a predicate about the artifact with the governor's key.
pub(crate) fn sign<P: Predicate + Clone>(
    home: &Home,
    contract: &Contract,
    artifact: Digest,
    predicate: &P,
) -> Envelope {
    let payload = Statement::new(&contract.name, artifact, predicate.clone()).to_bytes();
    home.keys.governor().sign(payload)
}

/// Appends evidence and verdict as one batch.
fn record(
    home: &mut Home,
    contract: &Contract,
    artifact: Digest,
    evidence: &[Envelope],
    verdict: &Envelope,
) -> Result<Committed, GovernError> {
    let entry =
        |kind, envelope: &Envelope| (Entry::new(kind, envelope, artifact, contract.digest), envelope.to_bytes());
    let mut batch: Vec<_> = evidence.iter().map(|envelope| entry(Kind::Evidence, envelope)).collect();
    batch.push(entry(Kind::Verdict, verdict));
    Ok(home.log.append(&batch)?)
}

/// Puts a mark together from what is in the log, and verifies it as anyone else would.
fn mark(
    home: &Home,
    asked: &Asked<'_>,
    means: &Means<'_>,
    submitted: &Submitted,
    evidence: Vec<Envelope>,
    verdict: Envelope,
    recorded: &Committed,
) -> Result<Mark, GovernError> {
    let view = home.log.view();
    let logged = |envelope: Envelope, index: u64| -> Result<Logged, GovernError> {
        Ok(Logged { envelope, index, proof: view.inclusion_proof(index)? })
    };
    let verdict_index = recorded.size.saturating_sub(1);
    let mark = Mark {
        mark: Version,
        artifact: Digest::of(asked.artifact),
        contract: asked.contract_text.to_owned(),
        policy: asked.policy_text.to_owned(),
        submission: logged(submitted.envelope.clone(), submitted.index)?,
        provenance: match &submitted.provenance {
            Some((envelope, index)) => Some(logged(envelope.clone(), *index)?),
            None => None,
        },
        challenge_checkpoint: submitted.checkpoint.clone(),
        evidence: evidence
            .into_iter()
            .zip(recorded.first..)
            .map(|(envelope, index)| logged(envelope, index))
            .collect::<Result<_, _>>()?,
        verdict: logged(verdict, verdict_index)?,
        consistency: view.consistency_proof(submitted.size)?,
        checkpoint: recorded.checkpoint.clone(),
    };
    match verify(&mark.to_bytes(), Some(asked.artifact), means.trust, means.now) {
        Ok(_) => Ok(mark),
        Err(refusal) => Err(GovernError::Unverifiable(refusal)),
    }
}

/// A submission that is in the log, with the challenge that its checkpoint gave.
struct Submitted {
    statement: Submission,
    envelope: Envelope,
    index: u64,
    /// With its index.
    provenance: Option<(Envelope, u64)>,
    /// The signed checkpoint that covers the submission.
    checkpoint: String,
    size: u64,
    challenge: Challenge,
}

fn submit(home: &mut Home, asked: &Asked<'_>, artifact: Digest) -> Result<Submitted, GovernError> {
    let generator = Digest::of(asked.generator.as_bytes());
    let plan = asked.policy.plan().with_executions(asked.contract.budget.executions);
    let mut made = None;
    let provenance = asked.provenance.map(|one| sign(home, asked.contract, artifact, one));
    let Home { log, keys, index, .. } = home;
    let committed = log.append_with(|view| {
        let before = index.find(view, Key::Attempts { contract: asked.contract.digest, generator })?;
        let attempt = (before.len() as u64).saturating_add(1);
        let statement = Submission {
            contract: asked.contract.digest,
            generator: asked.generator.to_owned(),
            attempt,
            autonomy: asked.policy.autonomy(),
            capabilities: asked.contract.capabilities.names(),
            approvals: asked.approvals.clone(),
            plan: plan.clone(),
            policy: PolicyRef { name: asked.policy_name.to_owned(), digest: asked.policy.digest() },
        };
        let payload = Statement::new(&asked.contract.name, artifact, statement.clone()).to_bytes();
        let envelope = keys.governor().sign(payload);
        let entry = Entry::submission(&envelope, artifact, asked.contract.digest, generator);
        let blob = envelope.to_bytes();
        made = Some((statement, envelope, entry.to_bytes()));
        let mut batch = vec![(entry, blob)];
        batch.extend(provenance.iter().map(|envelope| provenance::entry(envelope, artifact, asked.contract.digest)));
        Ok(batch)
    })?;
    let (statement, envelope, entry) =
        made.ok_or_else(|| GovernError::Statement("nothing was submitted".to_owned()))?;
    let challenge = Challenge::new(committed.checkpoint_text(), &entry);
    let Committed { first: index, size, checkpoint } = committed;
    let provenance = provenance.map(|envelope| (envelope, index.saturating_add(1)));
    Ok(Submitted { statement, envelope, index, provenance, checkpoint, size, challenge })
}

struct Checker<'a> {
    asked: &'a Asked<'a>,
    means: &'a Means<'a>,
    challenge: Challenge,
    attempt: u64,
    earlier: &'a [String],
}

impl Checker<'_> {
    fn run(&self, check: &str, executions: u64) -> Found {
        let watch = self.means.watch;
        watch(Event::Started { check });
        let task = Task {
            contract: self.asked.contract,
            artifact: self.asked.artifact,
            challenge: self.challenge,
            attempt: self.attempt,
            executions,
            threads: self.means.threads,
            natives: Some(self.means.natives),
            earlier: self.earlier,
        };
        let progress = |done, planned| watch(Event::Progress { check, done, planned });
        let found = job::check(self.means.launch, check, &task, self.asked.contract_text, &progress);
        let found = if (self.means.held)() {
            found
        } else {
            let why = "something inside a fence reached the host";
            checks::evidence(check, self.asked.contract, self.challenge, self.attempt, Finding::unknown(check, why))
                .into()
        };
        watch(Event::Ended { evidence: &found.evidence });
        found
    }
}
