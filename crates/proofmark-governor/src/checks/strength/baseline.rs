//! What the artifact itself does on the inputs that its mutants are judged on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Call, Contract, Function, Value};
use proofmark_run::{Artifact, Ended, Program};

use crate::checks::{Progress, Task, examples};
use crate::judge::{Judge, Judgement, Terms, Violation};

/// Inputs of each function, at most.
const INPUTS_MAX: usize = 256;
/// Inputs generated for each function, at most, in search of ones that the contract says something about.
const GENERATED_MAX: usize = 16 * INPUTS_MAX;
/// The part of a contract's total fuel that is spent on a function's inputs.
const FUEL_PART: u64 = 64;
/// A mutant may take so many times the artifact's fuel on all inputs together,
const FUEL_TIMES: u64 = 16;
/// and beside it so many calls that exhaust the budget of one.
const FUEL_CALLS: u64 = 4;

/// The artifact, and what it did.
pub struct Baseline<'a> {
    pub contract: &'a Contract,
    pub artifact: &'a Artifact,
    pub program: Arc<Program>,
    /// The contract's, where it has one.
    pub reference: Option<Arc<Program>>,
    pub examples: Vec<Did>,
    pub functions: Vec<Tried>,
    /// Fuel that a mutant may take in all its calls together.
    pub fuel_max: u64,
}

/// The inputs of one function, those that take the least fuel first.
pub struct Tried {
    pub function: Arc<Function>,
    pub inputs: Vec<Input>,
}

/// An input that the contract says something about and on which the artifact does what it says.
pub struct Input {
    pub arguments: Vec<Value>,
    pub did: Did,
    /// Whether the contract looked at the arguments and the result alone: whoever gives that result does what it says.
    pub alone: bool,
    /// How the reference's call ended.
    pub reference: Option<Ended>,
}

/// How a call of the artifact ended, and what it took.
#[derive(PartialEq)]
pub struct Did {
    pub ended: Ended,
    pub fuel: u64,
}

impl Did {
    pub fn same(&self, other: &Self) -> bool {
        self.fuel == other.fuel && self.ended.same(&other.ended)
    }
}

impl From<proofmark_run::Outcome> for Did {
    fn from(outcome: proofmark_run::Outcome) -> Self {
        Self { ended: outcome.ended, fuel: outcome.fuel }
    }
}

impl<'a> Baseline<'a> {
    /// # Errors
    /// Why mutants can't be held against this artifact: it does not keep the contract itself, or there is nothing to judge by.
    pub fn new(
        task: &Task<'a>,
        artifact: &'a Artifact,
        program: Program,
        progress: Progress<'_>,
    ) -> Result<Self, String> {
        let contract = task.contract;
        let program = Arc::new(program);
        let reference = task.reference().transpose()?.map(Arc::new);
        let mut examples = Vec::new();
        for (example, number) in contract.examples.iter().zip(1_u64..) {
            let did = Did::from(program.call(&example.call.function, &example.call.args));
            if !examples::meets(&example.expected, &did.ended) {
                return Err(format!("the artifact itself does not do what example {number} shows"));
            }
            progress(0, task.executions);
            examples.push(did);
        }
        let dictionary = Dictionary::of(contract);
        let functions = &contract.interface.functions;
        let functions: Vec<Tried> = functions
            .iter()
            .map(|function| tried(task, &program, reference.as_ref(), function, &dictionary, progress))
            .collect::<Result<_, _>>()?;
        let fuels = functions.iter().flat_map(|tried| &tried.inputs).map(|input| input.did.fuel);
        let fuel = fuels.chain(examples.iter().map(|did| did.fuel)).fold(0_u64, u64::saturating_add);
        if examples.is_empty() && functions.iter().all(|tried| tried.inputs.is_empty()) {
            return Err("there is no example, and no input that the contract says something about".to_owned());
        }
        let calls = contract.budget.fuel.saturating_mul(FUEL_CALLS);
        let fuel_max = fuel.saturating_mul(FUEL_TIMES).saturating_add(calls);
        Ok(Self { contract, artifact, program, reference, examples, functions, fuel_max })
    }

    /// How many inputs each function has.
    pub fn inputs(&self) -> BTreeMap<String, usize> {
        self.functions.iter().map(|tried| (tried.function.full_name(), tried.inputs.len())).collect()
    }
}

/// How the reference's call with an input ends, and what it takes.
pub fn expected(reference: Option<&Arc<Program>>, function: &Function, arguments: &[Value]) -> (Option<Ended>, u64) {
    let outcome = reference.map(|reference| reference.call(function, arguments));
    outcome.map_or((None, 0), |outcome| (Some(outcome.ended), outcome.fuel))
}

fn tried(
    task: &Task<'_>,
    program: &Arc<Program>,
    reference: Option<&Arc<Program>>,
    function: &Arc<Function>,
    dictionary: &Dictionary,
    progress: Progress<'_>,
) -> Result<Tried, String> {
    let name = function.full_name();
    let mut source = Source::new(task.challenge.derive(&[b"strength", b"inputs", name.as_bytes()]), dictionary);
    let judge = Judge::new(task.contract, function, program);
    let fuel_max = task.contract.budget.total_fuel / FUEL_PART;
    let (mut fuel, mut inputs, mut known) = (0_u64, Vec::new(), BTreeSet::new());
    for _ in 0..GENERATED_MAX {
        if inputs.len() == INPUTS_MAX || fuel >= fuel_max {
            break;
        }
        let arguments = source.arguments(function);
        let call = Call { function: Arc::clone(function), args: arguments.clone() }.to_string();
        if !known.insert(call) {
            continue;
        }
        let calls_before = judge.inner_calls();
        let Ok(accepted) = judge.accepted(&arguments) else { continue };
        let (reference, took) = expected(reference, function, &arguments);
        fuel = fuel.saturating_add(took);
        progress(0, task.executions);
        let terms = Terms { reference, ..accepted };
        if !terms.speak() {
            continue;
        }
        let did = Did::from(program.call(function, &arguments));
        fuel = fuel.saturating_add(did.fuel);
        match judge.of(&did.ended, &arguments, &terms) {
            Judgement::Holds | Judgement::AllowedTrap => {
                let alone = judge.inner_calls() == calls_before;
                inputs.push(Input { arguments, did, alone, reference: terms.reference });
            }
            Judgement::Undecided(_) => {}
            Judgement::Violated(Violation::Trap(_)) => return Err(format!("the artifact itself traps in `{name}`")),
            Judgement::Violated(Violation::Differs { .. }) => {
                return Err(format!("the artifact itself differs from the reference in `{name}`"));
            }
            // Which one, is not said: it may be held out.
            Judgement::Violated(Violation::Property { .. }) => {
                return Err(format!("the artifact itself violates a property of `{name}`"));
            }
        }
    }
    inputs.sort_by_key(|input| input.did.fuel);
    Ok(Tried { function: Arc::clone(function), inputs })
}
