//! The guided part of `properties`: inputs are changed towards what the artifact was seen to compare and to branch on.
//!
//! The artifact's twin is called, which counts edges and logs comparisons. It guides and decides nothing: what it finds
//! wrong, what may exceed a budget and what takes a new edge is judged with the artifact itself, and counts only so. What
//! was only called in the twin is no execution in the sense of the evidence, and no part of the bound.
//!
//! The work goes in rounds. In a round each shard works alone, from what all knew when it began; between rounds what they
//! found is put together in the order of the shards.

use std::sync::{Arc, Mutex, PoisonError};

use proofmark_contract::generate::substitute::{nudged, substitutes};
use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Call, Function, Value};
use proofmark_run::program::{Trace, Twin};
use proofmark_run::usage::Usage;

use super::STEPS_EACH;
use crate::checks::{Milestone, Progress, Task};
use crate::judge::{Judge, Judgement, Violation};
use crate::shards::{self, Merge, SHARDS, Watch};
pub use known::Comparison;
use known::{Differences, Known, Map, News, Seed};
use steps::{Change, Step};

mod known;
mod steps;

/// One call of the twin for that many executions that are planned of the artifact.
const SHARE: u64 = 4;
/// Calls of a shard between two exchanges.
const ROUND: u64 = 16;
/// One in so many changed inputs that did nothing new is followed by a step from it.
const FOLLOWED: usize = 3;
/// One call in so many is an input as it is generated: a sample for the estimate of what is still undiscovered.
const FRESH: u64 = 8;

/// What guides a search of one function.
pub struct Guide<'a> {
    pub task: &'a Task<'a>,
    /// The check that asks; inputs follow from its name.
    pub check: &'a str,
    pub twin: &'a Twin,
    pub function: &'a Arc<Function>,
    /// The contract's constants.
    pub dictionary: &'a Dictionary,
    /// Inputs that broke the contract before.
    pub earlier: &'a [Vec<Value>],
}

/// What came of it.
#[derive(Debug, Clone, Default)]
pub struct Guided {
    /// Calls of the twin.
    pub executions: u64,
    /// Inputs that were judged with the artifact itself.
    pub confirmed: u64,
    /// Of those, inputs that the twin judged otherwise.
    pub differed: u64,
    /// Inputs that a property could not be evaluated for within the evaluator's limits, or that the twin did not come to an
    /// end with.
    pub undecided: u64,
    pub shards_out: u64,
    /// Whether a call of the twin did not come to an end: what it compared, nobody knows.
    cut: bool,
    /// Of the artifact itself.
    pub usage: Usage,
    /// Whether each edge was taken.
    pub edges: Vec<bool>,
    /// What came of each comparison.
    pub comparisons: Vec<Comparison>,
    /// Calls so far and edges taken so far, after the first round, the second, the fourth and so on, and the last.
    pub curve: Vec<(u64, u64)>,
    /// Inputs as they are generated, and edges that exactly one of them took.
    pub fresh: u64,
    pub singles: u64,
    /// Inputs that were kept because they did something new.
    pub kept: u64,
    pub violated: Option<(Vec<Value>, Violation)>,
}

/// What a shard keeps from round to round.
struct Stream {
    /// Inputs as they are generated.
    fresh: Source,
    /// Everything else.
    guided: Source,
    /// What to try next, the last first.
    todo: Vec<Step>,
    calls: u64,
    fuel: u64,
    steps: u64,
    /// For each comparison that happened.
    differences: Vec<Option<Box<Differences>>>,
}

/// What a shard did in one round.
#[derive(Default)]
struct Round {
    executions: u64,
    confirmed: u64,
    differed: u64,
    undecided: u64,
    out: bool,
    cut: bool,
    usage: Usage,
    found: Vec<(Arc<Seed>, News)>,
    /// The edges of each input as it is generated.
    fresh: Vec<Vec<u32>>,
    violated: Option<(Vec<Value>, Violation)>,
}

impl Merge for Round {
    fn stops(&self) -> bool {
        self.violated.is_some()
    }
}

/// How many calls of the twin are planned for one function.
pub fn calls(task: &Task<'_>) -> u64 {
    task.executions.checked_div(SHARE).unwrap_or(0)
}

/// Searches for an input of one function that violates the contract; `judge` makes the judge of a thread.
pub fn search<'a>(guide: &Guide<'_>, judge: &(dyn Fn() -> Judge<'a> + Sync), progress: Progress<'_>) -> Guided {
    let Guide { task, twin, function, dictionary, earlier, .. } = *guide;
    let planned = calls(task);
    let constants = &twin.constants;
    let richer = dictionary.with(&constants.whole, &constants.floats, &constants.texts);
    let streams: Vec<Mutex<Stream>> = (0..SHARDS).map(|shard| Mutex::new(guide.stream(shard, &richer))).collect();
    let mut known = Known::new(twin, examples(task, function).chain(earlier.iter().cloned()).collect());
    let mut guided = Guided::default();
    let (mut before, mut rounds) = (0_u64, 0_u64);
    while before < shards::share(planned, 0) {
        known.deal(|shard, steps| {
            if let Some(stream) = streams.get(shard) {
                stream.lock().unwrap_or_else(PoisonError::into_inner).todo = steps;
            }
        });
        let done = guided.executions;
        let results = shards::run(
            task.threads,
            planned,
            &|now, _| progress(done.saturating_add(now), planned),
            judge,
            |judge, shard, watch| {
                let calls = shards::share(planned, shard).saturating_sub(before).min(ROUND);
                let Some(stream) = streams.get(shard) else { return Round::default() };
                let mut stream = stream.lock().unwrap_or_else(PoisonError::into_inner);
                Turn { guide, judge, known: &known, map: known.map.clone(), shard, watch }.round(&mut stream, calls)
            },
        );
        let whole = results.len() == SHARDS;
        for (round, stream) in results.into_iter().zip(&streams) {
            let todo = std::mem::take(&mut stream.lock().unwrap_or_else(PoisonError::into_inner).todo);
            guided.add(round, &mut known, todo);
        }
        let reached = known.map.reached().filter(|reached| *reached).count() as u64;
        (task.tell)(Milestone::Edges { reached, present: twin.edges as u64 });
        before = before.saturating_add(ROUND);
        rounds = rounds.saturating_add(1);
        let last = guided.violated.is_some() || !whole || before >= shards::share(planned, 0);
        if last || rounds.is_power_of_two() {
            guided.curve.push((guided.executions, reached));
        }
        if last {
            break;
        }
    }
    guided.edges = known.map.reached().collect();
    // Where the search ended early, how far each shard came differs from run to run.
    if guided.violated.is_none() && !guided.cut {
        let mut differences = vec![None; twin.sites.len()];
        for stream in streams {
            let stream = stream.into_inner().unwrap_or_else(PoisonError::into_inner);
            Differences::and(&mut differences, stream.differences);
        }
        guided.comparisons = known::comparisons(&twin.sites, &differences);
    }
    guided.kept = known.corpus.len() as u64;
    (guided.fresh, guided.singles) = known.estimate();
    guided
}

/// The arguments of the contract's examples.
fn examples<'a>(task: &'a Task<'_>, function: &'a Arc<Function>) -> impl Iterator<Item = Vec<Value>> + 'a {
    let calls = task.contract.examples.iter().map(|example| &example.call);
    let own = calls.filter(move |call: &&Call| Arc::ptr_eq(&call.function, function));
    own.map(|call| call.args.clone())
}

impl Guided {
    fn add(&mut self, round: Round, known: &mut Known, todo: Vec<Step>) {
        self.executions = self.executions.saturating_add(round.executions);
        self.confirmed = self.confirmed.saturating_add(round.confirmed);
        self.differed = self.differed.saturating_add(round.differed);
        self.undecided = self.undecided.saturating_add(round.undecided);
        self.shards_out = self.shards_out.saturating_add(u64::from(round.out));
        self.cut |= round.cut;
        self.usage.add(round.usage);
        known.merge(round.found, round.fresh, todo);
        self.violated = self.violated.take().or(round.violated);
    }
}

impl Guide<'_> {
    fn stream(&self, shard: usize, richer: &Dictionary) -> Stream {
        let (name, number) = (self.function.full_name(), (shard as u64).to_be_bytes());
        let seed = |part: &[u8]| self.task.challenge.derive(&[self.check.as_bytes(), name.as_bytes(), &number, part]);
        Stream {
            fresh: Source::new(seed(b"fresh"), self.dictionary),
            guided: Source::new(seed(b"guided"), richer),
            todo: Vec::new(),
            calls: 0,
            fuel: 0,
            steps: 0,
            differences: vec![None; self.twin.sites.len()],
        }
    }
}

/// One shard's part of one round.
struct Turn<'a> {
    guide: &'a Guide<'a>,
    judge: &'a Judge<'a>,
    known: &'a Known,
    /// What all knew, and what this shard found in this round.
    map: Map,
    shard: usize,
    watch: &'a Watch<'a>,
}

/// Where an input comes from.
enum Origin {
    Fresh,
    Mutated,
    /// A step from a seed.
    Step(Step),
}

impl Turn<'_> {
    fn round(mut self, stream: &mut Stream, calls: u64) -> Round {
        let task = self.guide.task;
        let fuel_max = shards::share(task.contract.budget.total_fuel, self.shard);
        let steps_max = shards::share(task.executions, self.shard).saturating_mul(STEPS_EACH);
        let mut round = Round::default();
        let mut trace = Trace::default();
        for _ in 0..calls {
            if stream.fuel >= fuel_max || stream.steps >= steps_max {
                round.out = true;
                break;
            }
            if !self.watch.step(self.shard) {
                break;
            }
            let (steps_before, reference_before) = (self.judge.steps(), self.judge.reference_fuel());
            let (origin, arguments) = self.next(stream, &round.found);
            stream.calls = stream.calls.saturating_add(1);
            let fuel = self.execute(&arguments, &origin, &mut trace, &mut round, stream);
            let reference = self.judge.reference_fuel().saturating_sub(reference_before);
            stream.fuel = stream.fuel.saturating_add(fuel).saturating_add(reference);
            stream.steps = stream.steps.saturating_add(self.judge.steps().saturating_sub(steps_before));
            if round.violated.is_some() {
                break;
            }
        }
        round
    }

    /// The next input: one as it is generated, a step that is to be tried, or a change of something that was kept.
    fn next(&self, stream: &mut Stream, found: &[(Arc<Seed>, News)]) -> (Origin, Vec<Value>) {
        if !stream.calls.is_multiple_of(FRESH) {
            // Two of three, so that neither what is aimed nor what is blind waits for the other to end.
            while !stream.calls.is_multiple_of(3)
                && let Some(step) = stream.todo.pop()
            {
                if let Some(arguments) = applied(&step) {
                    return (Origin::Step(step), arguments);
                }
            }
            let mut pick = || {
                let (kept, new) = (self.known.corpus.len(), found.len());
                let all = kept.saturating_add(new);
                // The last ones got further than those before.
                let recent = all.min(16);
                let from_end = if stream.guided.choose(2) == 0 { recent } else { all };
                let nth = all.saturating_sub(1).saturating_sub(stream.guided.choose(from_end));
                let found = || found.get(nth.saturating_sub(kept)).map(|(seed, _)| seed);
                if nth < kept { self.known.corpus.get(nth) } else { found() }
            };
            if let (Some(one), Some(other)) = (pick(), pick()) {
                let mutated = stream.guided.mutated(self.guide.function, &one.arguments, &other.arguments);
                return (Origin::Mutated, mutated);
            }
        }
        (Origin::Fresh, stream.fresh.arguments(self.guide.function))
    }

    /// Calls the twin with one input and judges what comes of it. The twin's fuel.
    fn execute(
        &mut self,
        arguments: &[Value],
        origin: &Origin,
        trace: &mut Trace,
        round: &mut Round,
        stream: &mut Stream,
    ) -> u64 {
        let twin = self.guide.twin;
        round.executions = round.executions.saturating_add(1);
        let Ok(accepted) = self.judge.accepted(arguments) else {
            round.undecided = round.undecided.saturating_add(1);
            return 0;
        };
        let outcome = twin.call(self.guide.function, arguments, trace);
        let (fuel, near) = (outcome.fuel, twin.near_budget(&outcome));
        Differences::add(&mut stream.differences, trace);
        if twin.cut_short(&outcome) {
            round.cut = true;
            round.undecided = round.undecided.saturating_add(1);
            return fuel;
        }
        let judgement = self.judge.of(&outcome.ended, arguments, &accepted);
        if matches!(origin, Origin::Fresh) {
            round.fresh.push(trace.edges.iter().map(|(edge, _)| *edge).collect());
        }
        let news = self.map.news(trace, &twin.sites);
        let suspected = matches!(judgement, Judgement::Violated(_));
        if matches!(judgement, Judgement::Undecided(_)) {
            round.undecided = round.undecided.saturating_add(1);
        }
        if suspected || near || news.as_ref().is_some_and(|news| news.edge) {
            let judged = self.judge.judge(arguments, &accepted);
            round.confirmed = round.confirmed.saturating_add(1);
            round.usage.add(judged.usage);
            match judged.judgement {
                Judgement::Violated(violation) => {
                    round.violated = Some((arguments.to_vec(), violation));
                    return fuel;
                }
                _ => round.differed = round.differed.saturating_add(u64::from(suspected && !near)),
            }
        }
        if let Origin::Step(Step { seed, change: Change::Probe(position) }) = origin {
            stream.todo.extend(steps::solved(seed, *position, &trace.compared, &twin.sites, &self.map));
        }
        if let Some(news) = news {
            let seed = Arc::new(Seed::new(arguments, trace, &news));
            self.map.learn(&news);
            stream.todo.extend(steps::of(&seed, &news, &twin.sites));
            round.found.push((seed, news));
        } else if matches!(origin, Origin::Mutated) && stream.guided.choose(FOLLOWED) == 0 {
            let (nth, place) = (stream.guided.choose(trace.compared.len()), stream.guided.choose(4));
            stream.todo.extend(steps::follow(arguments, &trace.compared, nth, place, &twin.sites));
        }
        fuel
    }
}

/// The input that a step asks for, if there is one.
fn applied(step: &Step) -> Option<Vec<Value>> {
    let arguments = &step.seed.arguments;
    match step.change {
        Change::None => Some(arguments.clone()),
        Change::Exchange(operands, nth) => substitutes(arguments, operands, nth.saturating_add(1)).into_iter().nth(nth),
        Change::Nudge(position, nudge) => nudged(arguments, position, nudge),
        Change::Probe(position) => nudged(arguments, position, steps::PROBE),
    }
}

#[cfg(test)]
mod tests;
