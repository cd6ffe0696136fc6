//! What the log says of how an artifact came to be: the tries that led to it, oldest first, each with what was said and
//! found.

use std::collections::BTreeMap;

use proofmark_contract::Contract;
use proofmark_governor::home::Home;
use proofmark_governor::log::{LogError, View};
use proofmark_governor::provenance::{Found, opened};
use proofmark_governor::sealed;
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{Entry, Kind};
use proofmark_mark::evidence::Evidence;
use proofmark_mark::provenance::{Provenance, Resource, named};
use proofmark_mark::statement::{Predicate, Statement};
use proofmark_mark::submission::Submission;
use proofmark_mark::verdict::{Verdict, VerificationResult};
use proofmark_trace::attribution::Source;

use crate::failure::Failure;

/// The most tries of one chain.
const STEPS_MAX: usize = 1_000;
/// The most tries whose sources are compared with a file, the newest ones, and the most bytes of them.
const SOURCES_MAX: usize = 20_000;
const SOURCE_BYTES_MAX: usize = 256 << 20;

/// The log, by what its entries are about.
pub struct History<'a> {
    home: &'a Home,
    provenances: Vec<(u64, Entry)>,
    by_envelope: BTreeMap<Digest, usize>,
    others: BTreeMap<Digest, Vec<(u64, Entry)>>,
}

/// One try.
pub struct Step {
    pub found: Found,
    pub prompt: Option<Text>,
    pub reply: Option<Text>,
    pub sources: Vec<(String, Text)>,
    pub toolchain: Option<Resource>,
    /// Of its artifact, in the order of the log; none where it has none.
    pub evidence: Vec<Evidence>,
    pub verdict: Option<VerificationResult>,
}

/// A text behind a commitment.
pub struct Text {
    pub commitment: Digest,
    /// `None`: erased, or never in this home.
    pub text: Option<Vec<u8>>,
}

impl Step {
    pub fn provenance(&self) -> &Provenance {
        &self.found.statement.predicate
    }
}

fn failed(error: &LogError) -> Failure {
    Failure::failed(error.to_string())
}

impl<'a> History<'a> {
    /// Reads the log's entries.
    pub fn read(home: &'a Home) -> Result<Self, Failure> {
        let view = home.log.view();
        let (mut provenances, mut by_envelope) = (Vec::new(), BTreeMap::new());
        let mut others: BTreeMap<Digest, Vec<(u64, Entry)>> = BTreeMap::new();
        for one in view.entries(0..view.size()) {
            let (index, entry) = one.map_err(|error| failed(&error))?;
            match (entry.kind, entry.about) {
                (Kind::Provenance, _) => {
                    by_envelope.insert(entry.envelope, provenances.len());
                    provenances.push((index, entry));
                }
                (Kind::Submission { .. } | Kind::Evidence | Kind::Verdict, Some(about)) => {
                    others.entry(about.artifact).or_default().push((index, entry));
                }
                _ => {}
            }
        }
        Ok(Self { home, provenances, by_envelope, others })
    }

    fn view(&self) -> &View {
        self.home.log.view()
    }

    /// The tries that led to an artifact, oldest first, and how many other tries brought the same. None where the log has
    /// no provenance of it.
    pub fn chain(&self, subject: Digest) -> Result<(Vec<Step>, usize), Failure> {
        let of = |(_, entry): &&(u64, Entry)| entry.about.is_some_and(|about| about.artifact == subject);
        let mut tries = self.provenances.iter().filter(of);
        let Some(mut one) = tries.next() else { return Ok((Vec::new(), 0)) };
        let mut steps = Vec::new();
        loop {
            let step = self.step(one)?;
            let parent = step.provenance().parent().and_then(|parent| self.by_envelope.get(&parent));
            steps.push(step);
            match parent.and_then(|at| self.provenances.get(*at)) {
                Some(parent) if steps.len() < STEPS_MAX => one = parent,
                _ => break,
            }
        }
        steps.reverse();
        Ok((steps, tries.count()))
    }

    fn found(&self, (index, entry): &(u64, Entry)) -> Result<Found, Failure> {
        let statement = self.statement(entry)?;
        Ok(Found { index: *index, envelope: entry.envelope, statement })
    }

    fn statement<P: Predicate>(&self, entry: &Entry) -> Result<Statement<P>, Failure> {
        let envelope = self.view().envelope(entry).map_err(|error| failed(&error))?;
        Statement::parse(envelope.unverified_payload())
            .map_err(|error| Failure::failed(format!("the log has an entry whose statement is none: {error}")))
    }

    fn step(&self, one: &(u64, Entry)) -> Result<Step, Failure> {
        let found = self.found(one)?;
        let text = |resource: &Resource| -> Result<Text, Failure> {
            let text = opened(self.home, resource).map_err(|error| failed(&error))?;
            Ok(Text { commitment: resource.sha256(), text })
        };
        let provenance = &found.statement.predicate;
        let first = |name| provenance.resources(name).next().map(text).transpose();
        let (prompt, reply) = (first(named::PROMPT)?, first(named::REPLY)?);
        let mut sources = Vec::new();
        for resource in provenance.resources(named::SOURCE) {
            let path = resource.annotations.get(named::PATH).cloned().unwrap_or_default();
            sources.push((path, text(resource)?));
        }
        let toolchain = provenance.resources(named::TOOLCHAIN).next().cloned();
        let (evidence, verdict) = self.checked(found.statement.artifact, provenance.external().contract)?;
        Ok(Step { found, prompt, reply, sources, toolchain, evidence, verdict })
    }

    /// What the checks found of an artifact under a contract the last time, and what was decided.
    pub fn checked(
        &self,
        artifact: Digest,
        contract: Digest,
    ) -> Result<(Vec<Evidence>, Option<VerificationResult>), Failure> {
        let (mut evidence, mut verdict) = (Vec::new(), None);
        for (_, entry) in self.others.get(&artifact).into_iter().flatten() {
            if entry.about.is_none_or(|about| about.contract != contract) {
                continue;
            }
            match entry.kind {
                // Another submission: what comes now is newer.
                Kind::Submission { .. } => (evidence, verdict) = (Vec::new(), None),
                Kind::Evidence => evidence.push(self.statement::<Evidence>(entry)?.predicate),
                _ => verdict = Some(self.statement::<Verdict>(entry)?.predicate.verification_result),
            }
        }
        Ok((evidence, verdict))
    }

    /// The last submission of an artifact that the log has.
    pub fn submission(&self, artifact: Digest) -> Result<Option<Submission>, Failure> {
        let entries = self.others.get(&artifact).into_iter().flatten();
        let submitted = entries.rev().find(|(_, entry)| matches!(entry.kind, Kind::Submission { .. }));
        submitted.map(|(_, entry)| Ok(self.statement::<Submission>(entry)?.predicate)).transpose()
    }

    /// The sources of tries that can still be opened, oldest first: of these subjects, or of all where none are named.
    pub fn sources(&self, subjects: &[Digest]) -> Result<Vec<Source>, Failure> {
        let mut found = Vec::new();
        let mut bytes = 0_usize;
        for one in self.provenances.iter().rev().take(SOURCES_MAX) {
            let Some(subject) = one.1.about.map(|about| about.artifact) else { continue };
            if !subjects.is_empty() && !subjects.contains(&subject) {
                continue;
            }
            for resource in self.found(one)?.statement.predicate.resources(named::SOURCE) {
                let Some(text) = opened(self.home, resource).map_err(|error| failed(&error))? else { continue };
                bytes = bytes.saturating_add(text.len());
                let path = resource.annotations.get(named::PATH).cloned().unwrap_or_default();
                found.push(Source { subject, path, text });
            }
            if bytes > SOURCE_BYTES_MAX {
                break;
            }
        }
        found.reverse();
        Ok(found)
    }

    /// A contract by its digest, with what is sealed in it where this home can open all of it; `None` where this home does not
    /// have its text.
    pub fn contract(&self, digest: Digest) -> Option<Contract> {
        let text = String::from_utf8(self.home.log.blob(&digest).ok()?).ok()?;
        let mut contract = Contract::parse(&text).ok()?;
        // What can't be opened stays sealed, and is counted.
        let _ = sealed::open(&self.home.path, &mut contract);
        contract.whole().or(Some(contract))
    }

    /// The bytes of an artifact, if this home has them.
    pub fn artifact(&self, digest: Digest) -> Option<Vec<u8>> {
        self.home.log.blob(&digest).ok()
    }
}
