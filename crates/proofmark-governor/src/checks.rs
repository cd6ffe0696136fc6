//! The checks, one file each, and what they share: the task they are given and the finding they return.
//!
//! A check reads nothing but its task. Its finding is the same bytes for the same task on any machine and with any
//! number of threads.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::evidence::{Counterexample, Evidence, Outcome};
use proofmark_run::native::{Native, Natives};
use proofmark_run::program::{Setting, Twin, TwinError};
use proofmark_run::usage::Usage;
use proofmark_run::wasi::World;
use proofmark_run::{Artifact, Program, ProgramError};
use serde::{Deserialize, Serialize};

use held_out::Withheld;

pub mod determinism;
pub mod examples;
pub mod held_out;
pub mod inspect;
pub mod interference;
pub mod properties;
pub mod reference;
pub mod strength;
#[cfg(test)]
mod told;

/// The checks there are, in the order in which they run.
pub const CHECKS: [&str; 7] =
    ["inspect", "examples", "properties", "reference", "determinism", "interference", "strength"];

/// Whether a check calls the contract's reference, where that has one.
#[must_use]
pub fn asks_reference(check: &str) -> bool {
    matches!(check, "reference" | "strength")
}

/// Whether a check tries first what broke the contract before.
#[must_use]
pub fn tries_earlier(check: &str) -> bool {
    matches!(check, "properties" | "reference")
}

/// What one check is asked to do.
pub struct Task<'a> {
    /// The public one. Only `properties` looks at what is sealed in it.
    pub contract: &'a Contract,
    /// The artifact's bytes as given.
    pub artifact: &'a [u8],
    pub challenge: Challenge,
    /// Which try of this generator at this contract this is, from 1.
    pub attempt: u64,
    /// Executions for each exported function, or pairs, or mutants; 0 where it has no meaning.
    pub executions: u64,
    /// Threads to use. Never changes a finding.
    pub threads: usize,
    /// With what native executables are called; `None` where none can be.
    pub natives: Option<&'a Arc<Natives>>,
    /// Calls that broke the contract before, in WAVE ([`crate::earlier`]).
    pub earlier: &'a [String],
    /// Told what a search comes by. Never changes a finding.
    pub tell: Tell<'a>,
}

/// What a search comes by on its way. It is shown and forgotten.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Milestone {
    /// Edges of the artifact's code that the search of one function took so far, and all there are.
    Edges { reached: u64, present: u64 },
    /// An input that violates the contract is being made simpler.
    Shrinking,
    /// Mutants that the contract would have noticed so far.
    Noticed(u64),
}

/// Called with each milestone, from any thread.
pub type Tell<'a> = &'a (dyn Fn(Milestone) + Sync);

/// Called with executions done and executions planned, from any thread.
pub type Progress<'a> = &'a (dyn Fn(u64, u64) + Sync);

/// What a check found; [`run`] makes evidence of it.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    pub outcome: Outcome,
    /// Why the outcome is not `passed`, in words.
    pub reason: Option<String>,
    pub counts: BTreeMap<String, u64>,
    pub counterexamples: Vec<Counterexample>,
    pub details: serde_json::Value,
}

/// Evidence, and beside it what is not said in it.
#[derive(Debug, Clone, PartialEq)]
pub struct Found {
    pub evidence: Evidence,
    pub withheld: Option<Withheld>,
}

/// Runs the check of that name. `None` if there is no such check.
#[must_use]
pub fn run(check: &str, task: &Task<'_>, progress: Progress<'_>) -> Option<Found> {
    let mut withheld = None;
    let finding = match check {
        "inspect" => inspect::run(task),
        "examples" => examples::run(task, progress),
        "properties" => {
            let (finding, beside) = held_out::run(task, progress);
            withheld = beside;
            finding
        }
        "reference" => reference::run(task, progress),
        "determinism" => determinism::run(task, progress),
        "interference" => interference::run(task, progress),
        "strength" => strength::run(task, progress),
        _ => return None,
    };
    // What the machine decided is no finding about the artifact, whatever the check made of it.
    let finding = match task.natives.and_then(|natives| natives.undecided()) {
        Some(why) => Finding::unknown(check, why),
        None => finding,
    };
    Some(Found { evidence: evidence(check, task.contract, task.challenge, task.attempt, finding), withheld })
}

impl From<Evidence> for Found {
    fn from(evidence: Evidence) -> Self {
        Self { evidence, withheld: None }
    }
}

/// The evidence predicate of a finding.
#[must_use]
pub fn evidence(check: &str, contract: &Contract, challenge: Challenge, attempt: u64, finding: Finding) -> Evidence {
    Evidence {
        check: check.to_owned(),
        contract: contract.digest,
        challenge,
        attempt,
        outcome: finding.outcome,
        reason: finding.reason,
        counts: finding.counts,
        counterexamples: finding.counterexamples,
        details: finding.details,
    }
}

impl Finding {
    /// A finding that decides nothing, with its reason and with every count that the policy's schema expects at zero.
    #[must_use]
    pub fn unknown(check: &str, reason: impl Into<String>) -> Self {
        Self {
            outcome: Outcome::Unknown,
            reason: Some(reason.into()),
            counts: counts(names(check).iter().map(|name| (*name, if *name == "risk_ppm" { 1_000_000 } else { 0 }))),
            counterexamples: Vec::new(),
            details: serde_json::json!({}),
        }
    }
}

/// The counts that each check's evidence carries, as in `spec/evidence.md`.
fn names(check: &str) -> &'static [&'static str] {
    match check {
        "inspect" => &["imports", "exports", "functions", "memories", "bytes", "violations", "unguarded"],
        "examples" => &["total", "passed"],
        "properties" => &["properties", "held_out", "executions", "discarded", "risk_ppm"],
        "reference" => &["references", "executions", "discarded", "differences"],
        "determinism" => &["pairs", "differences"],
        "interference" => &["secrets", "pairs", "discarded", "leaks"],
        "strength" => &["mutants", "trapped", "killed", "survived", "undecided", "score"],
        _ => &[],
    }
}

fn counts<'a>(pairs: impl IntoIterator<Item = (&'a str, u64)>) -> BTreeMap<String, u64> {
    pairs.into_iter().map(|(name, count)| (name.to_owned(), count)).collect()
}

impl<'a> Task<'a> {
    /// A first try that nobody watches, where no native executable can be called and nothing broke the contract before.
    #[must_use]
    pub fn new(
        contract: &'a Contract,
        artifact: &'a [u8],
        challenge: Challenge,
        executions: u64,
        threads: usize,
    ) -> Self {
        let (natives, earlier, tell) = (None, &[][..], &|_| {});
        Self { contract, artifact, challenge, attempt: 1, executions, threads, natives, earlier, tell }
    }
}

impl Task<'_> {
    /// The artifact compiled for this task, with the contract's capabilities in their checked form.
    ///
    /// # Errors
    /// As [`Artifact::read`] and [`Program::compile`].
    pub fn program(&self) -> Result<Program, ProgramError> {
        let Contract { interface, budget, capabilities, .. } = self.contract;
        match (interface.process(), self.natives) {
            (Some(process), Some(natives)) => {
                Native::new(self.artifact, process, budget, capabilities, natives).map(Program::Native)
            }
            (Some(_), None) => Err(ProgramError::Engine("no native executable can be called here".to_owned())),
            (None, _) => self.compile(&Artifact::read(self.artifact, budget)?),
        }
    }

    /// The artifact's twin, which counts what it does; `None` for native executables, which have none.
    ///
    /// # Errors
    /// As [`Twin::compile`].
    fn twin(&self) -> Option<Result<Twin, TwinError>> {
        if self.contract.interface.process().is_some() {
            return None;
        }
        Some(self.twin_of(self.artifact, self.contract.capabilities.names()))
    }

    fn twin_of(&self, bytes: &[u8], granted: BTreeSet<String>) -> Result<Twin, TwinError> {
        let artifact = Artifact::read(bytes, &self.contract.budget).map_err(ProgramError::from)?;
        Twin::compile(&artifact, setting(self.contract, granted, self.world(), self.threads, None))
    }

    /// The contract's reference, compiled without any capability; `None` if it has none.
    ///
    /// # Errors
    /// Why it can't be called, in words.
    fn reference(&self) -> Option<Result<Program, String>> {
        let reference = self.contract.reference.as_ref()?;
        let Some(bytes) = reference.bytes() else {
            return Some(Err(format!("the contract's reference {} is not here", reference.digest)));
        };
        let program = Artifact::read(bytes, &self.contract.budget)
            .map_err(ProgramError::from)
            .and_then(|artifact| compile(self.contract, &artifact, BTreeSet::new(), self.world(), self.threads, None));
        Some(program.map_err(|error| format!("the reference can't be called: {error}")))
    }

    fn world(&self) -> World {
        World::Checked { seed: self.challenge.derive(&[b"world"]) }
    }

    /// What was seen of the artifact's calls, as evidence has it; `null` for native executables, whose calls take no fuel
    /// and ask the kernel instead of a host.
    fn usage(&self, usage: &Usage) -> serde_json::Value {
        if self.contract.interface.process().is_some() { serde_json::Value::Null } else { serde_json::json!(usage) }
    }

    fn compile(&self, artifact: &Artifact) -> Result<Program, ProgramError> {
        compile(self.contract, artifact, self.contract.capabilities.names(), self.world(), self.threads, None)
    }
}

/// The artifact compiled against a contract, with what it is granted and the profile that it is held to.
///
/// # Errors
/// As [`Program::compile`].
pub fn compile(
    contract: &Contract,
    artifact: &Artifact,
    granted: BTreeSet<String>,
    world: World,
    threads: usize,
    within: Option<Usage>,
) -> Result<Program, ProgramError> {
    Program::compile(artifact, setting(contract, granted, world, threads, within))
}

fn setting(
    contract: &Contract,
    granted: BTreeSet<String>,
    world: World,
    threads: usize,
    within: Option<Usage>,
) -> Setting<'_> {
    let threads = u32::try_from(threads).unwrap_or(1);
    Setting { interface: &contract.interface, budget: &contract.budget, granted, world, threads, within }
}

/// The finding of a check that could not call the artifact at all.
fn not_callable(check: &str, error: &ProgramError) -> Finding {
    Finding::unknown(check, format!("the artifact can't be called: {error}"))
}
