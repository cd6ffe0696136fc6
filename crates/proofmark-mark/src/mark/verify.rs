//! Verification of a mark: the one function that decides whether it is valid.
//!
//! It believes the trust file and nothing else. The order is fixed and part of the format: what is cheap and what limits
//! later work comes first, and no policy is parsed before its digest is known to be trusted.

use jiff::{SignedDuration, Timestamp};

use crate::challenge::Challenge;
use crate::checkpoint::{self, Checkpoint};
use crate::digest::Digest;
use crate::entry::{Entry, Kind};
use crate::evidence::Evidence;
use crate::mark::refusal::{Code, Refusal};
use crate::mark::{Logged, Mark};
use crate::merkle;
use crate::note::Note;
use crate::order::Acting;
use crate::policy::{Action, Decision, Policy, Request};
use crate::provenance::Provenance;
use crate::statement::{Predicate, Statement};
use crate::submission::{PolicyRef, Submission};
use crate::trust::Trust;
use crate::verdict::{Basis, Grant, OnDeparture, Verdict};

/// How far a verdict may lie in the future: clocks differ.
const CLOCKS_DIFFER: SignedDuration = SignedDuration::from_mins(5);

/// What a valid mark proves.
#[derive(Debug, Clone)]
pub struct Verified {
    /// What the mark is called: [`Mark::id`].
    pub mark: Digest,
    pub artifact: Digest,
    /// The contract's name, as all statements have it.
    pub name: String,
    /// The contract's self-contained text.
    pub contract: String,
    /// The policy as the trust file names it.
    pub policy: PolicyRef,
    pub submission: Submission,
    pub provenance: Option<Provenance>,
    pub challenge: Challenge,
    /// In the plan's order.
    pub evidence: Vec<Evidence>,
    /// The bytes of the statements that `evidence` was read from, in the same order.
    pub evidence_payloads: Vec<Vec<u8>>,
    /// What may be done with the artifact.
    pub grant: Grant,
    /// When the governor decided, by its clock.
    pub time_verified: Timestamp,
    /// The name of the governor that decided, as the trust file has it.
    pub governor: String,
    /// The state of the log that everything was proved against.
    pub checkpoint: Checkpoint,
    entries: Vec<(u64, Vec<u8>)>,
}

impl Verified {
    /// Index and bytes of each log entry that the mark proves: submission, provenance, evidence, verdict.
    #[must_use]
    pub fn entries(&self) -> Vec<(u64, Vec<u8>)> {
        self.entries.clone()
    }

    /// A run of this mark, as orders see it.
    #[must_use]
    pub fn acting<'a>(&'a self, run: &'a str) -> Acting<'a> {
        Acting {
            run,
            mark: self.mark,
            artifact: self.artifact,
            contract: self.submission.contract,
            generator: &self.submission.generator,
            autonomy: self.grant.autonomy,
            capabilities: &self.grant.capabilities,
        }
    }
}

/// Decides whether a mark is valid at `now`, for the artifact's bytes if they are given.
///
/// # Errors
/// [`Refusal`]: the mark is not valid, and why.
pub fn verify(mark_bytes: &[u8], artifact: Option<&[u8]>, trust: &Trust, now: Timestamp) -> Result<Verified, Refusal> {
    let mark = Mark::parse(mark_bytes)?;
    if artifact.is_some_and(|bytes| Digest::of(bytes) != mark.artifact) {
        let message = format!("the artifact is not the one of the mark, which is sha256:{}", mark.artifact);
        return Err(Refusal::new(Code::Artifact, message));
    }
    let log = states(&mark, trust)?;
    let (policy, policy_ref) = trusted_policy(&mark, trust)?;
    let mut reader =
        Reader { mark: &mark, trust, log: &log, contract: Digest::of(mark.contract.as_bytes()), entries: Vec::new() };

    let submitted = submission(&mut reader, &policy)?;
    let challenge = challenge(&reader, &log)?;
    let provenance = provenance(&mut reader, &submitted)?;
    let evidence = evidence(&mut reader, &submitted, challenge)?;
    let (verdict, governor) = verdict(&mut reader, &submitted, &evidence)?;
    let grant = grant(&reader, &verdict, governor, &submitted, &evidence, now)?;
    let entries = std::mem::take(&mut reader.entries);

    let (payloads, evidence): (Vec<_>, Vec<_>) =
        evidence.into_iter().map(|one| (one.payload.to_vec(), one.statement.predicate)).unzip();
    again(&policy, &mark, &submitted.predicate, &evidence, &grant)?;
    let name = trust.governors().iter().find(|known| known.keyid == governor).map(|known| known.name.clone());
    Ok(Verified {
        mark: mark.id(),
        artifact: mark.artifact,
        name: submitted.name,
        contract: mark.contract,
        policy: policy_ref,
        submission: submitted.predicate,
        provenance,
        challenge,
        evidence,
        evidence_payloads: payloads,
        grant,
        time_verified: verdict.time_verified,
        governor: name.unwrap_or_default(),
        checkpoint: log.after,
        entries,
    })
}

/// Two states of one trusted log: after the submission, and after everything.
struct States {
    challenge: Checkpoint,
    challenge_text: String,
    after: Checkpoint,
}

fn states(mark: &Mark, trust: &Trust) -> Result<States, Refusal> {
    let (challenge, challenge_text) = signed_by_log(&mark.challenge_checkpoint, trust)?;
    let (after, _) = signed_by_log(&mark.checkpoint, trust)?;
    let consistent =
        merkle::verify_consistency(challenge.size, &challenge.root, after.size, &after.root, &mark.consistency);
    let refused = |why: String| Refusal::new(Code::Consistency, why);
    if challenge.origin != after.origin {
        return Err(refused("its checkpoints are of two different logs".to_owned()));
    }
    consistent.map_err(|error| refused(format!("its checkpoints are not two states of one log: {error}")))?;
    Ok(States { challenge, challenge_text, after })
}

fn signed_by_log(note: &str, trust: &Trust) -> Result<(Checkpoint, String), Refusal> {
    let refused = |why: String| Refusal::new(Code::Log, why);
    let parsed = Note::parse(note.as_bytes()).map_err(|error| refused(format!("a checkpoint is wrong: {error}")))?;
    let [signature] = parsed.signatures() else {
        return Err(refused("a checkpoint must carry the log's signature and no other".to_owned()));
    };
    let signer = |key: &&crate::note::VerifierKey| key.name() == signature.name && key.key_id() == signature.key_id;
    let Some(key) = trust.logs().iter().find(signer) else {
        return Err(refused(format!("the log `{}` is not trusted with this key", signature.name)));
    };
    let checkpoint =
        checkpoint::open(note.as_bytes(), key).map_err(|error| refused(format!("a checkpoint is wrong: {error}")))?;
    Ok((checkpoint, parsed.text().to_owned()))
}

fn trusted_policy(mark: &Mark, trust: &Trust) -> Result<(Policy, PolicyRef), Refusal> {
    let refused = |why: String| Refusal::new(Code::Policy, why);
    let digest = Digest::of(mark.policy.as_bytes());
    let known = trust.policies().iter().find(|policy| policy.digest == digest);
    let known = known.ok_or_else(|| refused(format!("its policy, sha256:{digest}, is not trusted")))?;
    let policy = Policy::parse(&mark.policy).map_err(|error| refused(format!("its policy is not valid: {error}")))?;
    Ok((policy, known.clone()))
}

/// Reads statements: signature, spelling, artifact, and inclusion of their entries.
struct Reader<'a> {
    mark: &'a Mark,
    trust: &'a Trust,
    log: &'a States,
    /// SHA-256 of the contract's text.
    contract: Digest,
    entries: Vec<(u64, Vec<u8>)>,
}

/// A statement that is signed, about the mark's artifact, and in the log.
struct Read<'a, P> {
    statement: Statement<P>,
    payload: &'a [u8],
    logged: &'a Logged,
    governor: Digest,
}

impl<'a> Reader<'a> {
    fn read<P: Predicate>(
        &mut self,
        what: &str,
        logged: &'a Logged,
        kind: impl FnOnce(&P) -> Kind,
    ) -> Result<Read<'a, P>, Refusal> {
        let signed = logged
            .envelope
            .verify(self.trust.keys())
            .map_err(|error| Refusal::new(Code::Signature, format!("its {what} is not believed: {error}")))?;
        let statement = Statement::<P>::parse(signed.payload)
            .map_err(|error| Refusal::new(Code::Statement, format!("its {what} is wrong: {error}")))?;
        if statement.artifact != self.mark.artifact {
            let message = format!("its {what} is about the artifact sha256:{}", statement.artifact);
            return Err(Refusal::new(Code::Disagreement, message));
        }
        let entry = Entry::new(kind(&statement.predicate), &logged.envelope, self.mark.artifact, self.contract);
        let entry = entry.to_bytes();
        let Checkpoint { size, root, .. } = &self.log.after;
        merkle::verify_inclusion(&merkle::leaf_hash(&entry), logged.index, *size, &logged.proof, root).map_err(
            |error| Refusal::new(Code::Inclusion, format!("its {what} is not in the log as it should be: {error}")),
        )?;
        self.entries.push((logged.index, entry));
        Ok(Read { statement, payload: signed.payload, logged, governor: signed.keyid })
    }
}

fn submission(reader: &mut Reader<'_>, policy: &Policy) -> Result<Statement<Submission>, Refusal> {
    let mark = reader.mark;
    let generator = |predicate: &Submission| Kind::Submission { generator: Digest::of(predicate.generator.as_bytes()) };
    let read = reader.read("submission", &mark.submission, generator)?;
    let asked = &read.statement.predicate;
    if asked.contract != reader.contract {
        return Err(Refusal::new(Code::Disagreement, "its submission is for another contract"));
    }
    if asked.policy.digest != policy.digest() || asked.autonomy != policy.autonomy() {
        return Err(Refusal::new(Code::Disagreement, "its submission is under another policy"));
    }
    let wanted = policy.plan();
    if !asked.plan.iter().map(|planned| &planned.check).eq(wanted.iter().map(|planned| &planned.check)) {
        let message = format!("its plan is `{}` where the policy asks for `{wanted}`", asked.plan);
        return Err(Refusal::new(Code::Plan, message));
    }
    Ok(read.statement)
}

/// The challenge follows from the first checkpoint, which must cover the submission. Evidence names the challenge, so it
/// can't have been in the log by then: the checkpoint's root would have to hash a text that holds the root's own hash.
fn challenge(reader: &Reader<'_>, log: &States) -> Result<Challenge, Refusal> {
    let covered = reader.entries.first().filter(|(index, _)| *index < log.challenge.size);
    let (_, entry) = covered.ok_or_else(|| {
        Refusal::new(Code::Inclusion, "the checkpoint of its challenge does not cover the submission")
    })?;
    Ok(Challenge::new(&log.challenge_text, entry))
}

fn provenance(reader: &mut Reader<'_>, submitted: &Statement<Submission>) -> Result<Option<Provenance>, Refusal> {
    let mark = reader.mark;
    let Some(logged) = &mark.provenance else { return Ok(None) };
    let read = reader.read("provenance", logged, |_: &Provenance| Kind::Provenance)?;
    let external = read.statement.predicate.external();
    let disagrees = [
        ("name", read.statement.name == submitted.name),
        ("contract", external.contract == submitted.predicate.contract),
        ("generator", external.generator == submitted.predicate.generator),
    ];
    match disagrees.iter().find(|(_, same)| !same) {
        Some((field, _)) => Err(Refusal::new(Code::Disagreement, format!("its provenance is for another {field}"))),
        None => Ok(Some(read.statement.predicate)),
    }
}

fn evidence<'a>(
    reader: &mut Reader<'a>,
    submitted: &Statement<Submission>,
    challenge: Challenge,
) -> Result<Vec<Read<'a, Evidence>>, Refusal> {
    let mark = reader.mark;
    let plan = &submitted.predicate.plan;
    if mark.evidence.len() != plan.count() {
        let message = format!("it has evidence of {} checks where `{plan}` was planned", mark.evidence.len());
        return Err(Refusal::new(Code::Plan, message));
    }
    let mut found = Vec::new();
    for (logged, planned) in mark.evidence.iter().zip(plan) {
        let what = format!("evidence of `{}`", planned.check);
        let read = reader.read(&what, logged, |_: &Evidence| Kind::Evidence)?;
        let evidence = &read.statement.predicate;
        if evidence.check != planned.check {
            let message = format!("it has evidence of `{}` where `{}` was planned", evidence.check, planned.check);
            return Err(Refusal::new(Code::Plan, message));
        }
        let disagrees = [
            ("name", read.statement.name == submitted.name),
            ("contract", evidence.contract == submitted.predicate.contract),
            ("attempt", evidence.attempt == submitted.predicate.attempt),
            ("challenge", evidence.challenge == challenge),
        ];
        if let Some((field, _)) = disagrees.iter().find(|(_, same)| !same) {
            return Err(Refusal::new(Code::Disagreement, format!("its {what} is for another {field}")));
        }
        found.push(read);
    }
    Ok(found)
}

fn verdict(
    reader: &mut Reader<'_>,
    submitted: &Statement<Submission>,
    evidence: &[Read<'_, Evidence>],
) -> Result<(Verdict, Digest), Refusal> {
    let mark = reader.mark;
    let read = reader.read("verdict", &mark.verdict, |_: &Verdict| Kind::Verdict)?;
    if read.statement.name != submitted.name {
        return Err(Refusal::new(Code::Disagreement, "its verdict is for another name"));
    }
    if evidence.iter().any(|one| one.logged.index >= mark.verdict.index) {
        return Err(Refusal::new(Code::Inclusion, "its verdict is in the log before its evidence"));
    }
    Ok((read.statement.predicate, read.governor))
}

fn grant(
    reader: &Reader<'_>,
    verdict: &Verdict,
    governor: Digest,
    submitted: &Statement<Submission>,
    evidence: &[Read<'_, Evidence>],
    now: Timestamp,
) -> Result<Grant, Refusal> {
    let mark = reader.mark;
    let asked = &submitted.predicate;
    let inputs: Vec<_> =
        evidence.iter().map(|one| (one.statement.predicate.check.as_str(), &one.logged.envelope)).collect();
    let basis = Basis {
        artifact: mark.artifact,
        policy: &asked.policy,
        submission: &mark.submission.envelope,
        evidence: &inputs,
    };
    let grant = verdict
        .passed(governor, &basis)
        .map_err(|field| Refusal::new(Code::Verdict, format!("its verdict's `{field}` is not what the rest proves")))?;
    if grant.autonomy != asked.autonomy || grant.capabilities != asked.capabilities {
        return Err(Refusal::new(Code::Verdict, "its verdict grants something else than was asked for"));
    }
    if verdict.time_verified > now.saturating_add(CLOCKS_DIFFER).unwrap_or(Timestamp::MAX) {
        let message =
            format!("its verdict is from {}, which is in the future", crate::time::text(verdict.time_verified));
        return Err(Refusal::new(Code::Future, message));
    }
    if now >= grant.expires {
        return Err(Refusal::new(Code::Expired, format!("it expired at {}", crate::time::text(grant.expires))));
    }
    Ok(grant.clone())
}

/// Evaluates the policy over the evidence, for each action, as if nobody had before.
fn again(
    policy: &Policy,
    mark: &Mark,
    submission: &Submission,
    evidence: &[Evidence],
    grant: &Grant,
) -> Result<(), Refusal> {
    let decide = |action| policy.decide(&Request { action, artifact: mark.artifact, submission, evidence });
    for (action, name) in [(Action::Mark, "mark"), (Action::Run, "run")] {
        if let Decision::Deny(unmet) = decide(action) {
            let rules: Vec<String> = unmet.iter().map(|unmet| format!("{} [{}]", unmet.needs, unmet.rule)).collect();
            let message = format!("its policy denies `{name}`; it needs {}", rules.join("; and "));
            return Err(Refusal::new(Code::Denied, message));
        }
    }
    let on_departure = OnDeparture::from(&decide(Action::Depart));
    if grant.on_departure != on_departure {
        let message = format!(
            "its grant has a run that leaves its profile {} where the policy has it {on_departure}",
            grant.on_departure
        );
        return Err(Refusal::new(Code::Verdict, message));
    }
    Ok(())
}
