//! Behaviour: which of several artifacts for one contract do the same, and where those that do not part.
//!
//! All are given the same inputs. Those that answer all of them alike are one group; for each pair of groups there is a
//! question, the simplest call found on which they part. A question may well be about an input of which the contract says
//! nothing: that is what its owner is asked. The answer is the same on any machine and with any number of threads.

use std::collections::BTreeMap;
use std::sync::Arc;

use proofmark_contract::{Call, Contract, Evaluator, Exports, Function, Value, shrink};
use proofmark_mark::digest::Digest;
use proofmark_run::native::Natives;
use proofmark_run::wasi::World;
use proofmark_run::worker::{self, Launch};
use proofmark_run::{Ended, Outcome, Program};

use crate::checks::Task;
use crate::job::{Callee, Caller, Staged};
use crate::judge::shown;

mod sample;

pub(crate) use sample::serve;
pub use sample::{Answered, Shards, challenge, shards_of};

use sample::inputs;

/// Inputs for each function, where no other number is asked for.
pub const INPUTS: u64 = 4096;
/// The most inputs for each function.
pub const INPUTS_MAX: u64 = 100_000;
/// The most artifacts of one comparison: each has a worker of its own.
pub const ARTIFACTS_MAX: usize = 16;
/// Calls of each of two artifacts that making one question simpler may take, and their fuel.
const SHRINK_RUNS_MAX: u32 = 400;
const SHRINK_FUEL_MAX: u64 = 1_000_000_000;

/// What is compared.
pub struct Asked<'a> {
    pub contract: &'a Contract,
    /// The contract's self-contained text.
    pub contract_text: &'a str,
    /// At most [`ARTIFACTS_MAX`].
    pub artifacts: &'a [&'a [u8]],
    /// Inputs for each function, at most [`INPUTS_MAX`].
    pub inputs: u64,
}

/// With what.
pub struct Means<'a> {
    pub launch: &'a dyn Launch,
    pub natives: &'a Arc<Natives>,
    /// Never changes the answer.
    pub threads: usize,
}

/// What came of it. Artifacts are named by their place in [`Asked::artifacts`], groups by their place in `groups`.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Compared {
    /// Inputs that all were given, of all functions together.
    pub inputs: u64,
    /// Artifacts that answered everything alike, in the order of their digests; groups in the order of the first of each.
    pub groups: Vec<Vec<usize>>,
    /// For each pair of groups one that splits it, without repetitions.
    pub questions: Vec<Question>,
    /// Artifacts that can't be compared, and why.
    pub left_out: Vec<(usize, String)>,
}

/// A call to which not all groups have one answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    /// In WAVE.
    pub call: String,
    /// What each group returns, or how it ends instead.
    pub answers: Vec<String>,
    /// Whether no example and no property that generators may see says anything of this input.
    pub silent: bool,
}

/// Compares artifacts.
#[must_use]
pub fn compare(asked: &Asked<'_>, means: &Means<'_>) -> Compared {
    let mut left_out = Vec::new();
    let mut subjects = Vec::new();
    for (place, artifact) in asked.artifacts.iter().enumerate() {
        match Subject::new(place, artifact, asked, means) {
            Ok(subject) => subjects.push(subject),
            Err(why) => left_out.push((place, why)),
        }
    }
    subjects.sort_by_key(|subject| (subject.digest, subject.place));
    let inputs = level(&mut subjects);
    let mut questions = BTreeMap::new();
    // Each round with another outcome has more groups or fewer subjects than the one before.
    loop {
        let groups = grouped(&subjects);
        match ask(asked.contract, &mut subjects, &groups, &mut questions) {
            Ok(()) if grouped(&subjects) == groups => {
                let (groups, questions) = told(asked.contract, &subjects, &groups, &questions);
                left_out.sort_unstable();
                return Compared { inputs, groups, questions, left_out };
            }
            Ok(()) => {}
            Err((nth, why)) => {
                left_out.push((subjects.remove(nth).place, why));
                // What was asked is asked of all again, so that all have answered the same.
                questions.clear();
                subjects.iter_mut().for_each(|subject| subject.said.clear());
            }
        }
    }
}

/// One artifact of a comparison.
struct Subject<'a> {
    place: usize,
    digest: Digest,
    /// What it answered to the inputs of each function.
    answers: Vec<Shards>,
    /// What it answered to questions, in the order in which they were asked.
    said: Vec<Said>,
    callable: Callable<'a>,
}

/// An answer as it is told apart and as it is shown, which may be cut.
#[derive(Clone, PartialEq, Eq)]
struct Said {
    answered: Answered,
    shown: String,
}

impl Said {
    fn new(ended: &Ended) -> Self {
        let shown = shown(&ended.to_string());
        let shown = if matches!(ended, Ended::Returned(_)) { shown } else { format!("no result: {shown}") };
        Self { answered: sample::answered(ended), shown }
    }
}

enum Callable<'a> {
    Worker(Caller),
    Program(Box<Program>, &'a Arc<Natives>),
}

impl<'a> Subject<'a> {
    fn new(place: usize, artifact: &[u8], asked: &Asked<'_>, means: &Means<'a>) -> Result<Self, String> {
        let Asked { contract, contract_text, .. } = *asked;
        let inputs = asked.inputs.min(INPUTS_MAX);
        let task = Task {
            natives: Some(means.natives),
            ..Task::new(contract, artifact, challenge(contract), inputs, means.threads)
        };
        let answers = sample::of(&task, contract_text, means)?;
        let callable = if contract.interface.process().is_some() {
            let program = task.program().map_err(|error| error.to_string())?;
            Callable::Program(Box::new(program), means.natives)
        } else {
            let callee = Callee {
                contract,
                contract_text,
                artifact,
                granted: contract.capabilities.names(),
                world: World::Checked { seed: task.challenge.derive(&[b"world"]) },
                staged: Staged::default(),
                within: None,
            };
            let caller = Caller::start(means.launch, callee, &mut worker::never);
            Callable::Worker(caller.map_err(|error| error.to_string())?)
        };
        Ok(Self { place, digest: Digest::of(artifact), answers, said: Vec::new(), callable })
    }

    fn call(&mut self, call: &Call) -> Result<Outcome, String> {
        match &mut self.callable {
            Callable::Worker(caller) => caller.call(call, &mut worker::never).map_err(|error| error.to_string()),
            Callable::Program(program, natives) => {
                let outcome = program.call(&call.function, &call.args);
                natives.undecided().map_or(Ok(outcome), Err)
            }
        }
    }
}

/// Cuts all answers to what every subject has answered; gives their number.
fn level(subjects: &mut [Subject<'_>]) -> u64 {
    let Some(first) = subjects.first() else { return 0 };
    let mut lengths: Vec<Vec<usize>> =
        first.answers.iter().map(|shards| shards.iter().map(Vec::len).collect()).collect();
    for subject in subjects.iter() {
        for (lengths, shards) in lengths.iter_mut().zip(&subject.answers) {
            lengths.iter_mut().zip(shards).for_each(|(length, shard)| *length = (*length).min(shard.len()));
        }
    }
    for subject in subjects {
        for (lengths, shards) in lengths.iter().zip(&mut subject.answers) {
            lengths.iter().zip(shards).for_each(|(length, shard)| shard.truncate(*length));
        }
    }
    lengths.iter().flatten().fold(0_u64, |sum, length| sum.saturating_add(*length as u64))
}

/// Subjects by what they answered, in the order of the first of each group.
fn grouped(subjects: &[Subject<'_>]) -> Vec<Vec<usize>> {
    let mut groups: Vec<Vec<usize>> = Vec::new();
    for (nth, subject) in subjects.iter().enumerate() {
        let alike = |other: &&mut Vec<usize>| {
            let first = other.first().and_then(|first| subjects.get(*first));
            first.is_some_and(|first| first.answers == subject.answers && first.said == subject.said)
        };
        match groups.iter_mut().find(alike) {
            Some(group) => group.push(nth),
            None => groups.push(vec![nth]),
        }
    }
    groups
}

/// The first subjects of two groups.
type Pair = (usize, usize);

/// Calls that were asked of every subject, simplest first; each with its place in [`Subject::said`].
type Questions = BTreeMap<Simplicity, (usize, Call)>;

/// Shorter is simpler; the text makes it one order.
type Simplicity = (usize, String);

fn simplicity(call: &Call) -> Simplicity {
    let text = call.to_string();
    (text.len(), text)
}

/// Asks a question for each pair of groups that has none. All subjects answer it.
///
/// # Errors
/// The subject that can't be called any more, and why.
fn ask(
    contract: &Contract,
    subjects: &mut [Subject<'_>],
    groups: &[Vec<usize>],
    questions: &mut Questions,
) -> Result<(), (usize, String)> {
    let firsts: Vec<usize> = groups.iter().filter_map(|group| group.first().copied()).collect();
    let pairs: Vec<Pair> = firsts
        .iter()
        .enumerate()
        .flat_map(|(nth, one)| firsts.iter().skip(nth.saturating_add(1)).map(|other| (*one, *other)))
        .filter(|pair| !is_asked(subjects, *pair))
        .collect();
    for (pair, call) in parting(contract, subjects, &pairs) {
        let call = simplest(subjects, pair, call)?;
        let place = questions.len();
        if questions.contains_key(&simplicity(&call)) {
            continue;
        }
        for (nth, subject) in subjects.iter_mut().enumerate() {
            let outcome = subject.call(&call).map_err(|why| (nth, why))?;
            subject.said.push(Said::new(&outcome.ended));
        }
        questions.insert(simplicity(&call), (place, call));
    }
    Ok(())
}

/// Whether a question was asked to which two subjects said different things.
fn is_asked(subjects: &[Subject<'_>], (one, other): Pair) -> bool {
    match (subjects.get(one), subjects.get(other)) {
        (Some(one), Some(other)) => one.said != other.said,
        _ => true,
    }
}

/// Of each pair of subjects the simplest input on which they part. All inputs are made again, once.
fn parting(contract: &Contract, subjects: &[Subject<'_>], pairs: &[Pair]) -> BTreeMap<Pair, Call> {
    let mut found: BTreeMap<Pair, (Simplicity, Call)> = BTreeMap::new();
    for (nth, function) in contract.interface.functions.iter().enumerate() {
        let of = |subject: usize| subjects.get(subject).and_then(|subject| subject.answers.get(nth));
        let answer =
            |subject: usize, shard: usize, input: usize| -> Option<&Answered> { of(subject)?.get(shard)?.get(input) };
        let shards = subjects.first().and_then(|subject| subject.answers.get(nth)).map_or(&[][..], Vec::as_slice);
        for (shard, answers) in shards.iter().enumerate() {
            for (input, args) in inputs(contract, function, shard).take(answers.len()).enumerate() {
                let parted: Vec<&Pair> = pairs
                    .iter()
                    .filter(|(one, other)| answer(*one, shard, input) != answer(*other, shard, input))
                    .collect();
                if parted.is_empty() {
                    continue;
                }
                let call = Call { function: Arc::clone(function), args };
                let simplicity = simplicity(&call);
                for pair in parted {
                    if found.get(pair).is_none_or(|(known, _)| simplicity < *known) {
                        found.insert(*pair, (simplicity.clone(), call.clone()));
                    }
                }
            }
        }
    }
    found.into_iter().map(|(pair, (_, call))| (pair, call)).collect()
}

/// The simplest call found on which two subjects still part, by calling them.
fn simplest(subjects: &mut [Subject<'_>], (one, other): Pair, mut call: Call) -> Result<Call, (usize, String)> {
    let (mut runs, mut fuel) = (0_u32, 0_u64);
    'simpler: loop {
        for args in shrink::candidates(&call.function, &call.args) {
            runs = runs.saturating_add(1);
            if runs > SHRINK_RUNS_MAX || fuel > SHRINK_FUEL_MAX {
                return Ok(call);
            }
            let candidate = Call { function: Arc::clone(&call.function), args };
            let mut ended = Vec::new();
            for nth in [one, other] {
                let Some(subject) = subjects.get_mut(nth) else { return Ok(call) };
                let outcome = subject.call(&candidate).map_err(|why| (nth, why))?;
                fuel = fuel.saturating_add(outcome.fuel);
                ended.push(sample::answered(&outcome.ended));
            }
            if ended.first() != ended.last() {
                call = candidate;
                continue 'simpler;
            }
        }
        return Ok(call);
    }
}

/// Groups by the artifacts' places, and of the questions those that are the simplest for some pair.
fn told(
    contract: &Contract,
    subjects: &[Subject<'_>],
    groups: &[Vec<usize>],
    questions: &Questions,
) -> (Vec<Vec<usize>>, Vec<Question>) {
    let firsts: Vec<&Subject<'_>> =
        groups.iter().filter_map(|group| group.first().and_then(|first| subjects.get(*first))).collect();
    let mut open: Vec<(usize, usize)> = (0..firsts.len())
        .flat_map(|one| (one.saturating_add(1)..firsts.len()).map(move |other| (one, other)))
        .collect();
    let mut told = Vec::new();
    for (place, call) in questions.values() {
        let answers: Vec<&Said> = firsts.iter().filter_map(|first| first.said.get(*place)).collect();
        let before = open.len();
        open.retain(|(one, other)| answers.get(*one) == answers.get(*other));
        if open.len() < before {
            let answers = answers.into_iter().map(|said| said.shown.clone()).collect();
            told.push(Question { call: call.to_string(), answers, silent: is_silent(contract, call) });
        }
    }
    let places = |group: &Vec<usize>| {
        group.iter().filter_map(|nth| subjects.get(*nth).map(|subject| subject.place)).collect::<Vec<_>>()
    };
    (groups.iter().map(places).collect(), told)
}

/// Properties have no artifact to call here.
struct Nothing;

impl Exports for Nothing {
    fn call(&self, function: &Function, _: &[Value]) -> Result<Option<Value>, String> {
        Err(format!("`{}` is not called here", function.name))
    }
}

/// Whether neither an example nor a property that generators may see is about this input. A condition that can't be
/// evaluated may be about it.
fn is_silent(contract: &Contract, call: &Call) -> bool {
    let evaluator = Evaluator::new(&contract.interface, Arc::new(Nothing));
    let properties = contract.properties.iter().filter(|property| !property.held_out);
    let spoken = properties.filter(|property| Arc::ptr_eq(&property.of, &call.function)).any(|property| {
        property.requires.as_ref().is_none_or(|requires| evaluator.holds(requires, &call.args, None).unwrap_or(true))
    });
    !spoken && !contract.examples.iter().any(|example| example.call == *call)
}
