//! What the artifact itself does on the inputs that its mutants are judged on.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Call, Contract, Function, Value};
use proofmark_mark::challenge::Challenge;
use proofmark_run::{Artifact, Ended, Program};

use crate::checks::{Progress, Task, examples};
use crate::judge::{Judge, Judgement, Terms, Violation};

/// Inputs of each function, at most.
const INPUTS_MAX: usize = 256;
/// Inputs generated for each function, at most, in search of ones that the contract says something about.
const GENERATED_MAX: usize = 16 * INPUTS_MAX;
/// The part of a contract's total fuel that is spent on a function's inputs.
const FUEL_PART: u64 = 64;
/// Functions with fewer results on all their inputs are taken to have few.
const FEW_RESULTS: usize = 16;
/// Into how many parts a mutant divides inputs, by their results.
const PARTS: u8 = 8;
/// Parts that are tried, in search of one in which the mutant differs.
pub const PARTS_TRIED: u8 = 3;
/// The longest call that is asked about as it was generated, in characters.
pub const CALL_MAX: usize = 80;
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
    pub parts: Arc<Parts>,
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
    /// How far out it is: the bits that its numbers and characters take. `None` where the call is too long to be read.
    pub extreme: Option<u64>,
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
        let parts = Arc::new(Parts::new(task, &functions));
        Ok(Self { contract, artifact, program, reference, examples, functions, parts, fuel_max })
    }

    /// How many inputs each function has.
    pub fn inputs(&self) -> BTreeMap<String, usize> {
        self.functions.iter().map(|tried| (tried.function.full_name(), tried.inputs.len())).collect()
    }
}

/// Which calls a mutant answers that is one on part of the inputs: those with about one in [`PARTS`] of the results, but no example's
/// call. Inputs that must have the same result are treated alike so. Where results are few it is one in so many of the calls, and
/// calls with the same numbers and texts in another order are treated alike.
pub struct Parts {
    challenge: Challenge,
    examples: BTreeSet<String>,
    /// Functions that have few results, by name.
    few: BTreeSet<String>,
}

impl Parts {
    fn new(task: &Task<'_>, functions: &[Tried]) -> Self {
        let calls = task.contract.examples.iter().map(|example| &example.call);
        let few = |tried: &&Tried| {
            let results: BTreeSet<String> = tried.inputs.iter().map(|input| input.did.ended.to_string()).collect();
            results.len() < FEW_RESULTS
        };
        Self {
            challenge: task.challenge,
            examples: calls.map(|call| named(&call.function, &call.args)).collect(),
            few: functions.iter().filter(few).map(|tried| tried.function.full_name()).collect(),
        }
    }

    /// Whether a call of the artifact that ended so is in this part of a mutant.
    pub fn hold(&self, mutant: usize, part: u8, function: &Function, arguments: &[Value], ended: &Ended) -> bool {
        if self.examples.contains(&named(function, arguments)) {
            return false;
        }
        let by = if self.few.contains(&function.full_name()) {
            let mut leaves = Vec::new();
            arguments.iter().for_each(|argument| argument.leaves(&mut |leaf| leaves.push(format!("{leaf:?}"))));
            leaves.sort_unstable();
            leaves.join(" ")
        } else {
            ended.to_string()
        };
        let drawn = self.challenge.derive(&[b"strength", b"part", &(mutant as u64).to_be_bytes(), by.as_bytes()]);
        drawn.first().is_some_and(|byte| byte % PARTS == part)
    }
}

/// A call in a text that no other has.
fn named(function: &Function, arguments: &[Value]) -> String {
    format!("{} {arguments:?}", function.full_name())
}

/// The bits of all numbers and characters.
fn extreme(arguments: &[Value]) -> u64 {
    let bits = |number: u64| u64::from(u64::BITS.saturating_sub(number.leading_zeros()));
    let mut sum = 0_u64;
    let mut add = |leaf: &Value| {
        sum = sum.saturating_add(match leaf {
            Value::S8(number) => bits(number.unsigned_abs().into()),
            Value::U8(number) => bits((*number).into()),
            Value::S16(number) => bits(number.unsigned_abs().into()),
            Value::U16(number) => bits((*number).into()),
            Value::S32(number) => bits(number.unsigned_abs().into()),
            Value::U32(number) => bits((*number).into()),
            Value::S64(number) => bits(number.unsigned_abs()),
            Value::U64(number) => bits(*number),
            Value::F32(number) => bits(number.abs().to_bits().into()),
            Value::F64(number) => bits(number.abs().to_bits()),
            Value::Char(character) => bits(u32::from(*character).into()),
            Value::String(text) => text.chars().map(|one| bits(u32::from(one).into())).fold(0, u64::saturating_add),
            Value::Flags(_, flags) => bits((*flags).into()),
            _ => 1,
        });
    };
    arguments.iter().for_each(|argument| argument.leaves(&mut add));
    sum
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
    let judge = Judge::new(task.contract, function, program.clone());
    let fuel_max = task.contract.budget.total_fuel / FUEL_PART;
    let (mut fuel, mut inputs, mut known) = (0_u64, Vec::new(), BTreeSet::new());
    for _ in 0..GENERATED_MAX {
        if inputs.len() == INPUTS_MAX || fuel >= fuel_max {
            break;
        }
        let arguments = source.arguments(function);
        let call = Call { function: Arc::clone(function), args: arguments.clone() }.to_string();
        if !known.insert(call.clone()) {
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
                let extreme = (call.chars().count() <= CALL_MAX).then(|| extreme(&arguments));
                inputs.push(Input { arguments, did, alone, reference: terms.reference, extreme });
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
