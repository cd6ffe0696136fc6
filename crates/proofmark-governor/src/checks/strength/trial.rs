//! One mutant: judged by the contract, held against the artifact, and an input on which they differ.

use std::cell::Cell;
use std::sync::Arc;

use proofmark_contract::{Call, Function, Value, shrink};
use proofmark_run::mutate::{Mutants, Point};
use proofmark_run::{Ended, Outcome, Program};

use super::baseline::{Baseline, CALL_MAX, Did, PARTS_TRIED, Parts, expected};
use crate::checks::examples;
use crate::judge::{Callee, Judge, Judgement, Terms, Violation, shown};

/// Evaluator steps that judging one mutant may take on the inputs of one function.
const STEPS_MAX: u64 = 50_000_000;
/// Re-runs that shrinking one input may take, in pairs.
const SHRINK_RUNS_MAX: u32 = 1000;
/// Fuel that shrinking one input may take.
const SHRINK_FUEL_MAX: u64 = 500_000_000;

/// Where a mutant is one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Extent {
    Everywhere,
    /// On part of the inputs and on no example's ([`Parts`]): an error as code has that is right where its author looked.
    Partly,
}

/// One change, with its number among the artifact's, and where it is made.
#[derive(Debug, Clone, Copy)]
pub struct Mutant<'m> {
    pub nth: usize,
    pub point: &'m Point,
    pub extent: Extent,
}

/// What came of a mutant.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fate {
    /// The contract does not accept it.
    Killed(By),
    /// The contract accepts it, and there it does something else than the artifact, the input that takes least first.
    Differs(Vec<Place>),
    /// The contract accepts it, and it does what the artifact does on every input.
    Same,
    /// It took too much to say.
    Unfinished,
}

impl Fate {
    /// Whether it is what the contract says that told it from the artifact.
    pub fn noticed(&self) -> bool {
        matches!(self, Self::Killed(By::Example | By::Property | By::Reference))
    }
}

/// What killed a mutant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Another result than an example shows.
    Example,
    Property,
    /// Another result than the reference's.
    Reference,
    /// A trap, in an example or where no call may trap.
    Trap,
    /// The fuel budget, exhausted by one call.
    Fuel,
}

/// An input: the index of its function, and its own among the function's. And which part of the inputs the mutant answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Place {
    pub function: usize,
    pub input: usize,
    part: u8,
}

/// What only the contract's owner can say: which of two results is right.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Question {
    pub call: String,
    pub artifact: String,
    pub mutant: String,
}

/// Compiles a changed binary.
fn compiled(baseline: &Baseline<'_>, binary: Vec<u8>) -> Result<Arc<Program>, String> {
    let mutant = baseline.artifact.mutant(binary);
    let program = baseline.program.beside(&mutant, &baseline.contract.interface);
    program.map(Arc::new).map_err(|error| format!("a mutant can't be called: {error}"))
}

/// A mutant on part of the inputs; elsewhere it is the artifact.
struct Partly {
    artifact: Arc<Program>,
    mutant: Arc<Program>,
    parts: Arc<Parts>,
    nth: usize,
    part: u8,
}

impl Callee for Partly {
    fn call(&self, function: &Function, arguments: &[Value]) -> Outcome {
        let outcome = self.artifact.call(function, arguments);
        let holds = self.parts.hold(self.nth, self.part, function, arguments, &outcome.ended);
        if holds { self.mutant.call(function, arguments) } else { outcome }
    }
}

/// What is called for a mutant, where `part` says which part of the inputs it answers.
fn callee(baseline: &Baseline<'_>, mutant: Mutant<'_>, program: &Arc<Program>, part: u8) -> Arc<dyn Callee> {
    match mutant.extent {
        Extent::Everywhere => program.clone(),
        Extent::Partly => Arc::new(Partly {
            artifact: Arc::clone(&baseline.program),
            mutant: Arc::clone(program),
            parts: Arc::clone(&baseline.parts),
            nth: mutant.nth,
            part,
        }),
    }
}

/// Whether any input runs the code that a point is in, in the call itself or in one that a property makes.
pub fn runs(baseline: &Baseline<'_>, mutants: &Mutants<'_>, point: &Point) -> Result<bool, String> {
    let probe = compiled(baseline, mutants.probe(point))?;
    for (example, did) in baseline.contract.examples.iter().zip(&baseline.examples) {
        if !Did::from(probe.call(&example.call.function, &example.call.args)).same(did) {
            return Ok(true);
        }
    }
    for tried in &baseline.functions {
        let judge = Judge::new(baseline.contract, &tried.function, probe.clone());
        for input in &tried.inputs {
            let did = Did::from(probe.call(&tried.function, &input.arguments));
            if !did.same(&input.did) {
                return Ok(true);
            }
            if input.alone {
                continue;
            }
            let Ok(accepted) = judge.accepted(&input.arguments) else { return Ok(true) };
            let judgement = judge.of(&did.ended, &input.arguments, &accepted);
            if !matches!(judgement, Judgement::Holds | Judgement::AllowedTrap) {
                return Ok(true);
            }
        }
    }
    Ok(false)
}

/// Judges one mutant: one on part of the inputs on another part, if it does on the first what the artifact does.
pub fn judge(baseline: &Baseline<'_>, mutants: &Mutants<'_>, mutant: Mutant<'_>) -> Result<Fate, String> {
    let program = compiled(baseline, mutants.apply(mutant.point))?;
    let parts = if mutant.extent == Extent::Partly { PARTS_TRIED } else { 1 };
    let mut fates = (0..parts).map(|part| judged(baseline, &callee(baseline, mutant, &program, part), part));
    Ok(fates.find(|fate| *fate != Fate::Same).unwrap_or(Fate::Same))
}

fn judged(baseline: &Baseline<'_>, program: &Arc<dyn Callee>, part: u8) -> Fate {
    let mut fuel = 0_u64;
    for example in &baseline.contract.examples {
        let outcome = program.call(&example.call.function, &example.call.args);
        fuel = fuel.saturating_add(outcome.fuel);
        if !examples::meets(&example.expected, &outcome.ended) {
            return Fate::Killed(how(baseline, &outcome.ended, By::Example));
        }
    }
    let mut differing = Vec::new();
    for (function, tried) in baseline.functions.iter().enumerate() {
        let judge = Judge::new(baseline.contract, &tried.function, Arc::clone(program));
        for (nth, input) in tried.inputs.iter().enumerate() {
            if fuel > baseline.fuel_max || judge.steps() > STEPS_MAX {
                return if differing.is_empty() { Fate::Unfinished } else { Fate::Differs(differing) };
            }
            let outcome = program.call(&tried.function, &input.arguments);
            fuel = fuel.saturating_add(outcome.fuel);
            let same = outcome.ended.same(&input.did.ended);
            if same && input.alone {
                continue;
            }
            let Ok(accepted) = judge.accepted(&input.arguments) else { continue };
            let terms = Terms { reference: input.reference.clone(), ..accepted };
            match judge.of(&outcome.ended, &input.arguments, &terms) {
                Judgement::Violated(Violation::Trap(_)) => {
                    return Fate::Killed(how(baseline, &outcome.ended, By::Trap));
                }
                Judgement::Violated(Violation::Property { .. }) => return Fate::Killed(By::Property),
                Judgement::Violated(Violation::Differs { .. }) => return Fate::Killed(By::Reference),
                Judgement::Holds | Judgement::AllowedTrap if !same && terms.speak() => {
                    differing.push(Place { function, input: nth, part });
                }
                // What can't be decided is no reason to accept it, and none to refuse it.
                Judgement::Holds | Judgement::AllowedTrap | Judgement::Undecided(_) => {}
            }
        }
    }
    if differing.is_empty() { Fate::Same } else { Fate::Differs(differing) }
}

/// What killed it, where a call ended so.
fn how(baseline: &Baseline<'_>, ended: &Ended, otherwise: By) -> By {
    match ended {
        Ended::Returned(_) => otherwise,
        Ended::Trapped(why) if *why == format!("exceeded the fuel budget of {}", baseline.contract.budget.fuel) => {
            By::Fuel
        }
        Ended::Trapped(_) | Ended::Departed(_) => By::Trap,
    }
}

/// The question that a mutant raises at that place, on the simplest input found from there; if not `simplest`, on that input itself,
/// unless it is long.
pub fn question(
    baseline: &Baseline<'_>,
    mutants: &Mutants<'_>,
    mutant: Mutant<'_>,
    place: Place,
    simplest: bool,
) -> Result<Question, String> {
    let compiled = compiled(baseline, mutants.apply(mutant.point))?;
    let program = callee(baseline, mutant, &compiled, place.part);
    let gone = || "an input is gone".to_owned();
    let tried = baseline.functions.get(place.function).ok_or_else(gone)?;
    let input = tried.inputs.get(place.input).ok_or_else(gone)?;
    let sides: [Arc<dyn Callee>; 2] = [baseline.program.clone(), program];
    let sides = sides.map(|program| (Arc::clone(&program), Judge::new(baseline.contract, &tried.function, program)));
    let fuel = Cell::new(0_u64);
    // What both say of an input that the contract accepts from both.
    let answers = |arguments: &[Value]| {
        let mut ends = Vec::new();
        let (reference, took) = expected(baseline.reference.as_ref(), &tried.function, arguments);
        fuel.set(fuel.get().saturating_add(took));
        for (program, judge) in &sides {
            let terms = Terms { reference: reference.clone(), ..judge.accepted(arguments).ok()? };
            if !terms.speak() {
                return None;
            }
            let outcome = program.call(&tried.function, arguments);
            fuel.set(fuel.get().saturating_add(outcome.fuel));
            let judgement = judge.of(&outcome.ended, arguments, &terms);
            if !matches!(judgement, Judgement::Holds | Judgement::AllowedTrap) {
                return None;
            }
            ends.push(outcome.ended);
        }
        let [artifact, mutant] = <[Ended; 2]>::try_from(ends).ok()?;
        (!artifact.same(&mutant)).then_some((artifact, mutant))
    };
    let mut arguments = input.arguments.clone();
    let (mut artifact, mut mutant) = answers(&arguments).ok_or("a difference did not come again")?;
    let mut runs = 0_u32;
    let call = |args: &[Value]| Call { function: Arc::clone(&tried.function), args: args.to_vec() }.to_string();
    'simpler: while simplest || call(&arguments).chars().count() > CALL_MAX {
        for candidate in shrink::candidates(&tried.function, &arguments) {
            runs = runs.saturating_add(1);
            let steps = sides.iter().fold(0_u64, |sum, (_, judge)| sum.saturating_add(judge.steps()));
            if runs > SHRINK_RUNS_MAX || fuel.get() > SHRINK_FUEL_MAX || steps > STEPS_MAX {
                break 'simpler;
            }
            if let Some(found) = answers(&candidate) {
                (artifact, mutant) = found;
                arguments = candidate;
                continue 'simpler;
            }
        }
        break;
    }
    let text = |ended: &Ended| shown(&ended.to_string());
    Ok(Question { call: shown(&call(&arguments)), artifact: text(&artifact), mutant: text(&mutant) })
}
