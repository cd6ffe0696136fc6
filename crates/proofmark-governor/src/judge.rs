//! Judges one input: calls the artifact with it and asks the contract's properties about the result.
//!
//! A trap anywhere, also in a call that a property makes, is a violation unless `may_trap` allows that very call. A
//! property that can't be evaluated leaves the input undecided; it never holds by default.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use proofmark_contract::{Contract, Evaluator, Exports, Function, Property, Value, shrink};
use proofmark_run::usage::Usage;
use proofmark_run::{Ended, Program};

/// Re-runs that shrinking one counterexample may take.
const SHRINK_RUNS_MAX: u32 = 4000;
/// Fuel that shrinking one counterexample may take: an input that exhausts its budget is costly to run again.
const SHRINK_FUEL_MAX: u64 = 1_000_000_000;
/// Evaluator steps that shrinking one counterexample may take.
const SHRINK_STEPS_MAX: u64 = 200_000_000;
/// The longest text of a value in evidence, in characters.
pub const SHOWN_MAX: usize = 2000;

/// Judges inputs of one function. One for each thread.
pub struct Judge<'a> {
    contract: &'a Contract,
    function: Arc<Function>,
    program: Arc<Program>,
    /// The contract's properties of this function, in the contract's order.
    pub properties: Vec<&'a Property>,
    evaluator: Evaluator,
    inner: Arc<InnerCalls>,
}

/// What came of one input.
#[derive(Debug, Clone, PartialEq)]
pub struct Judged {
    pub judgement: Judgement,
    /// Of the call itself, without the calls that properties make.
    pub usage: Usage,
}

/// What the contract says of one input.
#[derive(Debug, Clone, PartialEq)]
pub enum Judgement {
    Holds,
    /// It trapped where the contract allows it.
    AllowedTrap,
    Violated(Violation),
    /// Why a property could not be evaluated.
    Undecided(String),
}

/// What an input violates.
#[derive(Debug, Clone, PartialEq)]
pub enum Violation {
    /// `no traps`: how the call ended.
    Trap(String),
    /// A property by name, and what the call returned.
    Property { name: String, got: String },
}

impl Violation {
    fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Trap(_), Self::Trap(_)) => true,
            (Self::Property { name: a, .. }, Self::Property { name: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// The artifact as properties see it, remembering the first call that trapped.
struct InnerCalls {
    program: Arc<Program>,
    trapped: Mutex<Option<(String, Vec<Value>, String)>>,
    calls: AtomicU64,
}

impl Exports for InnerCalls {
    fn call(&self, function: &Function, arguments: &[Value]) -> Result<Option<Value>, String> {
        self.calls.fetch_add(1, Ordering::Relaxed);
        match self.program.call(function, arguments).ended {
            Ended::Returned(value) => Ok(value),
            Ended::Trapped(why) | Ended::Departed(why) => {
                let mut trapped = self.trapped.lock().unwrap_or_else(PoisonError::into_inner);
                trapped.get_or_insert_with(|| (function.full_name(), arguments.to_vec(), why.clone()));
                Err(why)
            }
        }
    }
}

impl<'a> Judge<'a> {
    /// A judge of calls to `function`.
    #[must_use]
    pub fn new(contract: &'a Contract, function: &Arc<Function>, program: &Arc<Program>) -> Self {
        let inner =
            Arc::new(InnerCalls { program: Arc::clone(program), trapped: Mutex::new(None), calls: AtomicU64::new(0) });
        let exports: Arc<dyn Exports> = inner.clone();
        Self {
            contract,
            function: Arc::clone(function),
            program: Arc::clone(program),
            properties: contract.properties.iter().filter(|property| Arc::ptr_eq(&property.of, function)).collect(),
            evaluator: Evaluator::new(&contract.interface, exports),
            inner,
        }
    }

    /// Evaluator steps of all inputs so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.evaluator.steps()
    }

    /// Which properties' `requires` accept the input.
    ///
    /// # Errors
    /// Why a `requires` could not be evaluated.
    pub fn accepted(&self, arguments: &[Value]) -> Result<Vec<bool>, String> {
        self.properties
            .iter()
            .map(|property| match &property.requires {
                Some(requires) => self.evaluator.holds(requires, arguments, None).map_err(|error| error.to_string()),
                None => Ok(true),
            })
            .collect()
    }

    /// Calls that properties made so far.
    #[must_use]
    pub fn inner_calls(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// Calls the function and evaluates the properties that accepted the input.
    #[must_use]
    pub fn judge(&self, arguments: &[Value], accepted: &[bool]) -> Judged {
        let outcome = self.program.call(&self.function, arguments);
        Judged { judgement: self.of(&outcome.ended, arguments, accepted), usage: Usage::from(&outcome) }
    }

    /// What the contract says of a call that ended so, if the properties in `accepted` are asked. What they call is the
    /// artifact, whatever was called with the input.
    #[must_use]
    pub fn of(&self, ended: &Ended, arguments: &[Value], accepted: &[bool]) -> Judgement {
        match ended {
            Ended::Trapped(why) | Ended::Departed(why) => {
                self.trapped(&self.function.full_name(), arguments, why.clone())
            }
            Ended::Returned(result) => self.returned(arguments, result.as_ref(), accepted),
        }
    }

    fn trapped(&self, function: &str, arguments: &[Value], why: String) -> Judgement {
        match self.contract.may_trap(function) {
            None => Judgement::Violated(Violation::Trap(why)),
            Some(allowed) => match self.evaluator.holds(allowed, arguments, None) {
                Ok(true) => Judgement::AllowedTrap,
                Ok(false) => Judgement::Violated(Violation::Trap(why)),
                Err(error) => Judgement::Undecided(format!("may_trap: {error}")),
            },
        }
    }

    fn returned(&self, arguments: &[Value], result: Option<&Value>, accepted: &[bool]) -> Judgement {
        for (property, _) in self.properties.iter().zip(accepted).filter(|(_, accepted)| **accepted) {
            let holds = self.evaluator.holds(&property.ensures, arguments, result);
            let got = || result.map_or_else(|| "()".to_owned(), ToString::to_string);
            let violated = |got| Judgement::Violated(Violation::Property { name: property.name.clone(), got });
            let trapped = self.inner.trapped.lock().unwrap_or_else(PoisonError::into_inner).take();
            if let Some((function, inner_arguments, why)) = trapped {
                match self.trapped(&function, &inner_arguments, why) {
                    Judgement::Violated(Violation::Trap(why)) => {
                        return violated(format!("{}, but a call to `{function}` in the property: {why}", got()));
                    }
                    Judgement::Undecided(why) => return Judgement::Undecided(why),
                    _ => continue,
                }
            }
            match holds {
                Ok(true) => {}
                Ok(false) => return violated(got()),
                Err(error) => return Judgement::Undecided(format!("`{}`: {error}", property.name)),
            }
        }
        Judgement::Holds
    }

    /// The simplest input found that violates the same property, by re-running, within
    /// [`SHRINK_RUNS_MAX`] runs, [`SHRINK_FUEL_MAX`] fuel and [`SHRINK_STEPS_MAX`] evaluator steps.
    #[must_use]
    pub fn shrink(&self, mut arguments: Vec<Value>, mut violation: Violation) -> (Vec<Value>, Violation) {
        let (mut runs, mut fuel, steps_before) = (0_u32, 0_u64, self.steps());
        'simpler: loop {
            for candidate in shrink::candidates(&self.function, &arguments) {
                runs = runs.saturating_add(1);
                let steps = self.steps().saturating_sub(steps_before);
                if runs > SHRINK_RUNS_MAX || fuel > SHRINK_FUEL_MAX || steps > SHRINK_STEPS_MAX {
                    return (arguments, violation);
                }
                let Ok(accepted) = self.accepted(&candidate) else { continue };
                let judged = self.judge(&candidate, &accepted);
                fuel = fuel.saturating_add(judged.usage.fuel);
                if let Judgement::Violated(found) = judged.judgement
                    && found.alike(&violation)
                {
                    (arguments, violation) = (candidate, found);
                    continue 'simpler;
                }
            }
            return (arguments, violation);
        }
    }
}

/// A text cut to what evidence may carry of one value.
#[must_use]
pub fn shown(text: &str) -> String {
    match text.char_indices().nth(SHOWN_MAX) {
        Some((end, _)) => format!("{}… ({} bytes)", text.get(..end).unwrap_or_default(), text.len()),
        None => text.to_owned(),
    }
}
