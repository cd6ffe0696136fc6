//! Reads the log and puts each try together: provenance, submission, verdict, evidence.
//!
//! A verdict names its submission and its evidence by their envelopes, so runs that write to the log at the same time
//! can't be mixed up. A provenance belongs to the submission right before it: both are written as one batch.

use std::collections::BTreeMap;

use jiff::Timestamp;
use proofmark_contract::Contract;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::entry::{About, Entry, Kind as Is};
use proofmark_mark::evidence::Evidence;
use proofmark_mark::provenance::{Outcome, Provenance, Spent};
use proofmark_mark::statement::{Predicate, Statement};
use proofmark_mark::submission::Submission;
use proofmark_mark::verdict::{Input, Verdict, VerificationResult};

use super::{Board, Cost, Group, Kind, Step, Sums};
use crate::govern::GovernError;
use crate::log::{LogError, View};
use crate::store::StoreError;

/// Entries after which progress is told.
const TOLD_EVERY: u64 = 256;
/// What stands for a target that nothing names.
const UNKNOWN: &str = "unknown";

/// Sums the log up.
pub fn read(view: &View, since: Option<Timestamp>, progress: &dyn Fn(u64, u64)) -> Result<Board, GovernError> {
    let mut reader = Reader::new(view, since);
    for one in view.entries(0..view.size()) {
        let (index, entry) = one?;
        if index % TOLD_EVERY == 0 {
            progress(index, view.size());
        }
        reader.entry(index, &entry)?;
    }
    progress(view.size(), view.size());
    reader.end()
}

/// A number for a group, so that its names are held once.
type Id = usize;

struct Reader<'a> {
    view: &'a View,
    since: Option<Timestamp>,
    ids: BTreeMap<Group, Id>,
    sums: Vec<Sums>,
    kinds: BTreeMap<Digest, Kind>,
    /// Generators' ids by their SHA-256, as submissions' entries have it.
    generators: BTreeMap<Digest, String>,
    /// A submission that was the last entry.
    last: Option<Submitted>,
    /// Tries that are being checked, by the envelope of their submission.
    open: BTreeMap<Digest, Try>,
    /// What came of an artifact and a contract, at last.
    known: BTreeMap<(Digest, Digest), Option<Step>>,
    /// Tries with an artifact that nobody has checked so far.
    waiting: Vec<(About, Try)>,
    candidates: BTreeMap<(Name, Id), Candidate>,
}

struct Submitted {
    index: u64,
    entry: Entry,
    about: About,
    generator: Digest,
}

/// What all tries of a candidate have in common: SHA-256 of the run of `make`'s name, and a number.
type Name = (Digest, u64);

/// A try that has a group, and no outcome yet.
#[derive(Clone, Copy)]
struct Try {
    id: Id,
    made: Option<Made>,
}

/// What is known of how a try was made.
#[derive(Clone, Copy)]
struct Made {
    candidate: Name,
    repairs: u64,
    spent: Spent,
}

#[derive(Default)]
struct Candidate {
    /// Whether its first answer was marked.
    first: bool,
    marked: bool,
    /// It began before the time that was asked for.
    left_out: bool,
    tries: u64,
    spent: Spent,
}

impl<'a> Reader<'a> {
    fn new(view: &'a View, since: Option<Timestamp>) -> Self {
        Self {
            view,
            since,
            ids: BTreeMap::new(),
            sums: Vec::new(),
            kinds: BTreeMap::new(),
            generators: BTreeMap::new(),
            last: None,
            open: BTreeMap::new(),
            known: BTreeMap::new(),
            waiting: Vec::new(),
            candidates: BTreeMap::new(),
        }
    }

    fn entry(&mut self, index: u64, entry: &Entry) -> Result<(), GovernError> {
        let last = self.last.take();
        let Some(about) = entry.about else { return self.given(last) };
        match (entry.kind, last) {
            (Is::Provenance, last) => {
                let provenance = self.statement::<Provenance>(index, entry)?.predicate;
                let asked = Digest::of(provenance.external().generator.as_bytes());
                match last {
                    Some(last) if last.about == about && last.generator == asked => {
                        let one = self.made(about, &provenance)?;
                        self.open.insert(last.entry.envelope, one);
                    }
                    last => {
                        self.given(last)?;
                        self.alone(about, &provenance)?;
                    }
                }
            }
            (Is::Submission { generator }, last) => {
                self.given(last)?;
                self.last = Some(Submitted { index, entry: *entry, about, generator });
            }
            (Is::Verdict, last) => {
                self.given(last)?;
                self.verdict(index, entry, about)?;
            }
            (_, last) => self.given(last)?,
        }
        Ok(())
    }

    /// A submission without provenance: somebody gave an artifact, and that is a candidate of its own.
    fn given(&mut self, last: Option<Submitted>) -> Result<(), GovernError> {
        let Some(Submitted { index, entry, about, generator }) = last else { return Ok(()) };
        let model = match self.generators.get(&generator) {
            Some(model) => model.clone(),
            None => {
                let model = self.statement::<Submission>(index, &entry)?.predicate.generator;
                self.generators.insert(generator, model.clone());
                model
            }
        };
        let id = self.id(about.contract, model, UNKNOWN.to_owned())?;
        self.open.insert(entry.envelope, Try { id, made: None });
        Ok(())
    }

    /// A provenance without a submission: there is no artifact, or one that was checked before.
    fn alone(&mut self, about: About, provenance: &Provenance) -> Result<(), GovernError> {
        let one = self.made(about, provenance)?;
        match (provenance.internal().outcome, self.known.get(&(about.artifact, about.contract)).copied()) {
            (Outcome::Built, Some(wrong)) => self.same(one, wrong),
            (Outcome::Built, None) => self.waiting.push((about, one)),
            (outcome, _) => self.came(one, Step::of_making(outcome)),
        }
        Ok(())
    }

    fn same(&mut self, one: Try, wrong: Option<Step>) {
        let is_left_out = self.is_left_out(one);
        if let Some(sums) = self.sums.get_mut(one.id).filter(|_| !is_left_out) {
            sums.same_artifact = sums.same_artifact.saturating_add(1);
        }
        self.came(one, wrong);
    }

    fn made(&mut self, about: About, provenance: &Provenance) -> Result<Try, GovernError> {
        let (external, internal) = (provenance.external(), provenance.internal());
        let id = self.id(about.contract, external.generator.clone(), external.target.clone())?;
        let metadata = &provenance.run_details.metadata;
        let candidate = (Digest::of(metadata.invocation_id.as_bytes()), internal.candidate);
        let is_early = self.since.is_some_and(|since| metadata.started_on < since);
        // What is left out is so from its first try on: half a candidate has no rate.
        self.candidates
            .entry((candidate, id))
            .or_insert_with(|| Candidate { left_out: is_early, ..Candidate::default() });
        Ok(Try { id, made: Some(Made { candidate, repairs: internal.repairs, spent: internal.spent }) })
    }

    fn verdict(&mut self, index: u64, entry: &Entry, about: About) -> Result<(), GovernError> {
        let verdict = self.statement::<Verdict>(index, entry)?.predicate;
        let wrong = match verdict.verification_result {
            VerificationResult::Passed => None,
            VerificationResult::Failed => Some(self.wrong(&verdict)?),
        };
        self.known.insert((about.artifact, about.contract), wrong);
        let submission = verdict.input_attestations.first().map(|input| input.digest.sha256);
        let Some(one) = submission.and_then(|envelope| self.open.remove(&envelope)) else { return Ok(()) };
        // Nothing else says when an artifact was given.
        let is_early = self.since.is_some_and(|since| verdict.time_verified < since);
        if one.made.is_some() || !is_early {
            self.came(one, wrong);
        }
        Ok(())
    }

    fn wrong(&self, verdict: &Verdict) -> Result<Step, GovernError> {
        let evidence = |input: &Input| {
            let none = |why: String| GovernError::Statement(format!("the evidence `{}`: {why}", input.digest.sha256));
            let bytes = self.view.store.blob(&input.digest.sha256).map_err(LogError::from)?;
            let envelope = Envelope::parse(&bytes).map_err(|error| none(error.to_string()))?;
            let statement = Statement::<Evidence>::parse(envelope.unverified_payload());
            Ok(statement.map_err(|error| none(error.to_string()))?.predicate)
        };
        Step::of_evidence(verdict.input_attestations.iter().skip(1).map(evidence))
    }

    fn is_left_out(&self, one: Try) -> bool {
        let candidate = one.made.and_then(|made| self.candidates.get(&(made.candidate, one.id)));
        candidate.is_some_and(|candidate| candidate.left_out)
    }

    /// Adds a try of which it is known what came of it: `None` is a mark.
    fn came(&mut self, one: Try, wrong: Option<Step>) {
        if self.is_left_out(one) {
            return;
        }
        let Some(sums) = self.sums.get_mut(one.id) else { return };
        sums.try_of(wrong);
        let marked = wrong.is_none();
        let Some(made) = one.made else {
            sums.candidate(marked, marked, &BTreeMap::from([(Cost::Tries, 1)]));
            return;
        };
        let candidate = self.candidates.entry((made.candidate, one.id)).or_default();
        candidate.first |= marked && made.repairs == 0;
        candidate.marked |= marked;
        candidate.tries = candidate.tries.saturating_add(1);
        candidate.spend(&made.spent);
    }

    /// What was never answered is answered now: nobody checked it, or its check never ended.
    fn end(mut self) -> Result<Board, GovernError> {
        let last = self.last.take();
        self.given(last)?;
        for (about, one) in std::mem::take(&mut self.waiting) {
            match self.known.get(&(about.artifact, about.contract)).copied() {
                Some(wrong) => self.same(one, wrong),
                None => self.came(one, Some(Step::Unchecked)),
            }
        }
        for one in std::mem::take(&mut self.open).into_values() {
            // Of what was given without a verdict nothing says when.
            if one.made.is_some() || self.since.is_none() {
                self.came(one, Some(Step::Unknown));
            }
        }
        let Self { ids, mut sums, candidates, .. } = self;
        for ((_, id), candidate) in candidates.iter().filter(|(_, candidate)| candidate.tries > 0) {
            if let Some(sums) = sums.get_mut(*id) {
                sums.candidate(candidate.first, candidate.marked, &candidate.costs());
            }
        }
        let groups = ids.into_iter().filter_map(|(group, id)| Some((group, sums.get(id)?.clone())));
        Ok(Board { groups: groups.filter(|(_, sums)| sums.tries > 0).collect() })
    }

    fn id(&mut self, contract: Digest, model: String, target: String) -> Result<Id, GovernError> {
        let kind = match self.kinds.get(&contract) {
            Some(kind) => *kind,
            None => *self.kinds.entry(contract).or_insert(kind(self.view, &contract)?),
        };
        let group = Group { model: Some(model), kind: Some(kind), target: Some(target) };
        let next = self.sums.len();
        let id = *self.ids.entry(group).or_insert(next);
        if id == next {
            self.sums.push(Sums::default());
        }
        Ok(id)
    }

    fn statement<P: Predicate>(&self, index: u64, entry: &Entry) -> Result<Statement<P>, GovernError> {
        let envelope = self.view.envelope(entry)?;
        let wrong =
            |error| GovernError::Statement(format!("entry {index} of the log is not what it should be: {error}"));
        Statement::parse(envelope.unverified_payload()).map_err(wrong)
    }
}

impl Candidate {
    fn spend(&mut self, spent: &Spent) {
        let sum = &mut self.spent;
        for (sum, part) in [
            (&mut sum.requests, spent.requests),
            (&mut sum.input_tokens, spent.input_tokens),
            (&mut sum.output_tokens, spent.output_tokens),
            (&mut sum.money_micros, spent.money_micros),
            (&mut sum.milliseconds, spent.milliseconds),
        ] {
            *sum = sum.saturating_add(part);
        }
    }

    fn costs(&self) -> BTreeMap<Cost, u64> {
        let spent = &self.spent;
        BTreeMap::from([
            (Cost::Tries, self.tries),
            (Cost::InputTokens, spent.input_tokens),
            (Cost::OutputTokens, spent.output_tokens),
            (Cost::Tokens, spent.input_tokens.saturating_add(spent.output_tokens)),
            (Cost::Milliseconds, spent.milliseconds),
            (Cost::MoneyMicros, spent.money_micros),
        ])
    }
}

/// The kind of a contract of the home: `unknown` if its text is not there, as where nothing was ever built for it, or is no
/// contract (any more).
fn kind(view: &View, contract: &Digest) -> Result<Kind, GovernError> {
    let bytes = match view.store.blob(contract) {
        Ok(bytes) => bytes,
        Err(StoreError::NotFound { .. }) => return Ok(Kind::Unknown),
        Err(error) => return Err(LogError::from(error).into()),
    };
    let contract = std::str::from_utf8(&bytes).ok().and_then(|text| Contract::parse(text).ok());
    Ok(contract.map_or(Kind::Unknown, |contract| Kind::of(&contract.interface)))
}
