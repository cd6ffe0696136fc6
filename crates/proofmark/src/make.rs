//! The loop of `make`: asks generators for candidates, builds and checks each, sends what was wrong back for repair, and
//! ends with the best mark or none. Every try is in the log before the next is made.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use proofmark_generate::toolchain::Toolchain;
use proofmark_generate::{Bound, Finding, Public, Request, Sources, first, repair};
use proofmark_governor::govern::{Checked, Event};
use proofmark_governor::home::Home;
use proofmark_governor::provenance;
use proofmark_mark::digest::Digest;
use proofmark_mark::mark::Mark;
use proofmark_mark::policy::Policy;
use proofmark_mark::provenance::{Outcome, Spent};
use proofmark_mark::trust::Trust;

use crate::commands::Enforcement;
use crate::failure::Failure;
use crate::inputs::Loaded;

pub mod ask;
pub mod judge;
pub mod kept;
mod keyring;

use ask::Asker;

/// What is to be made, by whom, and how hard is tried.
pub struct Order<'a> {
    pub loaded: &'a Loaded,
    pub public: &'a Public,
    /// The language that is asked for, with its glue.
    pub bound: &'a Bound,
    pub policy: &'a Policy,
    pub policy_text: &'a str,
    pub policy_name: &'a str,
    pub trust: &'a Trust,
    pub askers: &'a [Asker],
    /// `None` for a target whose source is the artifact.
    pub toolchain: Option<&'a Toolchain>,
    /// First answers of each generator.
    pub candidates: u64,
    /// The most repairs of each.
    pub repairs: u64,
    pub operator: &'a str,
    pub approvals: &'a BTreeSet<String>,
    pub valid_for: SignedDuration,
    pub threads: usize,
    /// Where every try is written as files.
    pub keep: Option<&'a Path>,
}

/// How the loop touches the world outside of the home.
pub struct Means<'a> {
    pub launch: &'a Enforcement,
    pub home_path: &'a Path,
    /// Whether to end at the next step.
    pub stop: &'a (dyn Fn() -> bool + Sync),
    pub asking: &'a (dyn Fn(u64, &proofmark_generate::Progress) + Sync),
    pub checking: &'a (dyn Fn(Event<'_>) + Sync),
    pub tried: &'a (dyn Fn(&Tried) + Sync),
}

/// What is asked of one generator.
#[derive(Debug, Clone)]
pub struct Question {
    /// Which of the order's askers.
    pub asker: usize,
    /// From 1, over all generators.
    pub candidate: u64,
    pub repairs: u64,
    /// Clauses of the contract that the parent broke.
    pub repairs_of: Vec<String>,
    /// The provenance of the try that is repaired.
    pub parent: Option<Digest>,
    pub request: Request,
}

/// One try, and what came of it.
pub struct Tried {
    /// Its generator's id.
    pub generator: String,
    pub candidate: u64,
    pub repairs: u64,
    pub outcome: Outcome,
    /// Why there is no artifact, or why it is not checked.
    pub reason: Option<String>,
    pub artifact: Option<Vec<u8>>,
    pub reproducible: Option<bool>,
    pub sources: Option<Sources>,
    /// `None` if there is no artifact, or one that was checked before.
    pub checked: Option<Checked>,
    pub spent: Spent,
    /// The envelope of its provenance.
    pub provenance: Digest,
}

/// A marked try.
pub struct Best<'a> {
    pub tried: &'a Tried,
    pub artifact: &'a [u8],
    pub mark: &'a Mark,
}

/// Makes candidates until one is marked, nothing is left to repair, or it is told to stop.
///
/// # Errors
/// What keeps tries from being built, checked or recorded. Those before are in the log.
pub fn make(home: &mut Home, order: &Order<'_>, means: &Means<'_>) -> Result<Vec<Tried>, Failure> {
    let invocation = provenance::invocation().map_err(|error| Failure::failed(error.to_string()))?;
    // Also for tries that never come to a check: whoever reads the log wants to know what was asked for.
    let stored = home.log.put_blob(order.loaded.text.as_bytes());
    stored.map_err(|error| Failure::failed(error.to_string()))?;
    let mut round = questions(order);
    let mut tries: Vec<Tried> = Vec::new();
    while !round.is_empty() && !(means.stop)() {
        let answers = ask::all(order, &round, means);
        let mut next = Vec::new();
        for (question, answered) in round.into_iter().zip(answers) {
            let mut judge = judge::Judge { home, order, means, invocation: &invocation, known: &tries };
            let (tried, findings) = judge.judge(&question, answered)?;
            if let Some(folder) = order.keep {
                kept::keep(judge.home, folder, &tried)?;
            }
            (means.tried)(&tried);
            next.extend(again(order, &question, &tried, findings));
            tries.push(tried);
            if (means.stop)() {
                return Ok(tries);
            }
        }
        let any_marked = tries.iter().any(|tried| tried.mark().is_some());
        round = if any_marked { Vec::new() } else { next };
    }
    Ok(tries)
}

impl Tried {
    pub fn mark(&self) -> Option<&Mark> {
        self.checked.as_ref()?.result.as_ref().ok()
    }

    /// Its candidate, and which repair of it it is, as people read it.
    pub fn number(&self) -> String {
        match self.repairs {
            0 => self.candidate.to_string(),
            repairs => format!("{}.{repairs}", self.candidate),
        }
    }

    /// How much of its own mutants the contract would have noticed, in percent, if that was checked.
    fn strength(&self) -> Option<u64> {
        let evidence = &self.checked.as_ref()?.evidence;
        let strength = evidence.iter().find(|evidence| evidence.check == "strength")?;
        strength.counts.get("score_percent").copied()
    }
}

/// The best of the marked ones. All of them have the same policy's word; then the stronger contract for it, then the
/// smaller artifact, then the earlier try.
pub fn best(tries: &[Tried]) -> Option<Best<'_>> {
    let marked = tries
        .iter()
        .filter_map(|tried| Some(Best { tried, artifact: tried.artifact.as_deref()?, mark: tried.mark()? }));
    // The first of those that are equal.
    marked.min_by_key(|best| (std::cmp::Reverse(best.tried.strength()), best.artifact.len()))
}

fn questions(order: &Order<'_>) -> Vec<Question> {
    let request = first(order.public, order.bound);
    let each = order.askers.iter().enumerate().flat_map(|(asker, known)| {
        let count = known.candidates().unwrap_or(order.candidates);
        std::iter::repeat_n(asker, usize::try_from(count).unwrap_or(usize::MAX))
    });
    let question = |(asker, candidate)| Question {
        asker,
        candidate,
        repairs: 0,
        repairs_of: Vec::new(),
        parent: None,
        request: request.clone(),
    };
    each.zip(1..).map(question).collect()
}

/// The question after a try that was not marked, if there is something to be told and a repair is left.
fn again(order: &Order<'_>, question: &Question, tried: &Tried, findings: Findings) -> Option<Question> {
    let is_asked = order.askers.get(question.asker).is_some_and(Asker::repairs);
    if findings.told.is_empty() || question.repairs >= order.repairs || !is_asked || tried.mark().is_some() {
        return None;
    }
    Some(Question {
        repairs: question.repairs.saturating_add(1),
        repairs_of: findings.clauses,
        parent: Some(tried.provenance),
        request: repair(order.public, order.bound, tried.sources.as_ref(), &findings.told),
        ..*question
    })
}

/// What was wrong with a try, as far as its generator may know.
#[derive(Debug, Default)]
pub struct Findings {
    pub told: Vec<Finding>,
    /// The clauses that they break, in the order of the findings.
    pub clauses: Vec<String>,
}

fn now() -> Timestamp {
    Timestamp::now()
}
