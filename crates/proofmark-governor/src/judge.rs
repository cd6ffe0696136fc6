//! Judges one input: calls the artifact with it and asks the contract's properties about the result.
//!
//! A trap anywhere, also in a call that a property makes, is a violation unless `may_trap` allows that very call. A
//! property that can't be evaluated leaves the input undecided; it never holds by default. The contract's reference takes the
//! place of its properties where it alone is asked.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use proofmark_contract::{Contract, Evaluator, Exports, Function, Property, Value, shrink};
use proofmark_run::usage::Usage;
use proofmark_run::{Ended, Outcome, Program};

/// Re-runs that shrinking one counterexample may take.
const SHRINK_RUNS_MAX: u32 = 4000;
/// Fuel that shrinking one counterexample may take: an input that exhausts its budget is costly to run again.
const SHRINK_FUEL_MAX: u64 = 1_000_000_000;
/// Evaluator steps that shrinking one counterexample may take.
const SHRINK_STEPS_MAX: u64 = 200_000_000;
/// The longest text of a value in evidence, in characters.
pub const SHOWN_MAX: usize = 2000;

/// What an artifact's functions are called in.
pub trait Callee: Send + Sync {
    /// Calls `function` with nothing left over from other calls.
    fn call(&self, function: &Function, arguments: &[Value]) -> Outcome;
}

impl Callee for Program {
    fn call(&self, function: &Function, arguments: &[Value]) -> Outcome {
        Self::call(self, function, arguments)
    }
}

/// Judges inputs of one function. One for each thread.
pub struct Judge<'a> {
    contract: &'a Contract,
    function: Arc<Function>,
    program: Arc<dyn Callee>,
    /// The contract's properties of this function, in the contract's order.
    pub properties: Vec<&'a Property>,
    evaluator: Evaluator,
    inner: Arc<InnerCalls>,
    /// What alone is asked instead of the properties.
    reference: Option<Asked>,
}

/// A reference, and the fuel of all calls of it.
struct Asked {
    program: Arc<Program>,
    fuel: AtomicU64,
}

/// What an input is held to.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Terms {
    /// Which of [`Judge::properties`] accept it. Where the reference is asked: the one entry is whether that returned.
    pub accepted: Vec<bool>,
    /// How the reference's call ended. What it did not return from says nothing.
    pub reference: Option<Ended>,
}

impl Terms {
    /// Whether anything is said about the input, beside that its call must not trap: where a property accepts it or the
    /// reference returned, and where there is neither.
    #[must_use]
    pub fn speak(&self) -> bool {
        let silent = self.accepted.is_empty() && self.reference.is_none();
        silent || self.accepted.contains(&true) || self.expected().is_some()
    }

    fn expected(&self) -> Option<&Ended> {
        self.reference.as_ref().filter(|ended| matches!(ended, Ended::Returned(_)))
    }
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
    /// What the reference returned, and what came of the call instead.
    Differs { expected: String, got: String },
}

impl Violation {
    fn alike(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Trap(_), Self::Trap(_)) | (Self::Differs { .. }, Self::Differs { .. }) => true,
            (Self::Property { name: a, .. }, Self::Property { name: b, .. }) => a == b,
            _ => false,
        }
    }
}

/// The artifact as properties see it, remembering the first call that trapped.
struct InnerCalls {
    program: Arc<dyn Callee>,
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
    pub fn new(contract: &'a Contract, function: &Arc<Function>, program: Arc<dyn Callee>) -> Self {
        let (trapped, calls) = (Mutex::new(None), AtomicU64::new(0));
        let inner = Arc::new(InnerCalls { program: Arc::clone(&program), trapped, calls });
        let exports: Arc<dyn Exports> = inner.clone();
        Self {
            contract,
            function: Arc::clone(function),
            program,
            properties: contract.properties.iter().filter(|property| Arc::ptr_eq(&property.of, function)).collect(),
            evaluator: Evaluator::new(&contract.interface, exports),
            inner,
            reference: None,
        }
    }

    /// The same judge, asking no property but whether the result is that of `reference`. An input from whose call the
    /// reference does not return is outside, also if the artifact traps there.
    #[must_use]
    pub fn by(self, reference: &Arc<Program>) -> Self {
        let asked = Asked { program: Arc::clone(reference), fuel: AtomicU64::new(0) };
        Self { properties: Vec::new(), reference: Some(asked), ..self }
    }

    /// How many entries [`Terms::accepted`] has.
    #[must_use]
    pub fn conditions(&self) -> usize {
        self.properties.len().saturating_add(usize::from(self.reference.is_some()))
    }

    /// Fuel of all calls of the reference so far.
    #[must_use]
    pub fn reference_fuel(&self) -> u64 {
        self.reference.as_ref().map_or(0, |asked| asked.fuel.load(Ordering::Relaxed))
    }

    /// Evaluator steps of all inputs so far.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.evaluator.steps()
    }

    /// What the input is held to: the properties whose `requires` accept it, or what the reference returns.
    ///
    /// # Errors
    /// Why a `requires` could not be evaluated.
    pub fn accepted(&self, arguments: &[Value]) -> Result<Terms, String> {
        if let Some(Asked { program, fuel }) = &self.reference {
            let outcome = program.call(&self.function, arguments);
            fuel.fetch_add(outcome.fuel, Ordering::Relaxed);
            let returned = matches!(outcome.ended, Ended::Returned(_));
            return Ok(Terms { accepted: vec![returned], reference: Some(outcome.ended) });
        }
        let accepted = self
            .properties
            .iter()
            .map(|property| match &property.requires {
                Some(requires) => self.evaluator.holds(requires, arguments, None).map_err(|error| error.to_string()),
                None => Ok(true),
            })
            .collect::<Result<_, String>>()?;
        Ok(Terms { accepted, reference: None })
    }

    /// Whether the input need not be called at all: the reference alone is asked, and says nothing.
    #[must_use]
    pub fn outside(&self, terms: &Terms) -> bool {
        self.reference.is_some() && terms.expected().is_none()
    }

    /// Calls that properties made so far.
    #[must_use]
    pub fn inner_calls(&self) -> u64 {
        self.inner.calls.load(Ordering::Relaxed)
    }

    /// Calls the function and evaluates the properties that accepted the input.
    #[must_use]
    pub fn judge(&self, arguments: &[Value], terms: &Terms) -> Judged {
        let outcome = self.program.call(&self.function, arguments);
        Judged { judgement: self.of(&outcome.ended, arguments, terms), usage: Usage::from(&outcome) }
    }

    /// What the contract says of a call that ended so, on these terms. What properties call is the artifact, whatever was
    /// called with the input.
    #[must_use]
    pub fn of(&self, ended: &Ended, arguments: &[Value], terms: &Terms) -> Judgement {
        if self.outside(terms) {
            return Judgement::Holds;
        }
        let judgement = match ended {
            Ended::Trapped(why) | Ended::Departed(why) => {
                self.trapped(&self.function.full_name(), arguments, why.clone())
            }
            Ended::Returned(result) => self.returned(arguments, result.as_ref(), &terms.accepted),
        };
        let differs = match &judgement {
            Judgement::Holds => terms.expected().filter(|expected| !ended.same(expected)),
            Judgement::Violated(Violation::Trap(_)) if self.reference.is_some() => terms.expected(),
            _ => None,
        };
        let differs = differs.map(|expected| (expected.to_string(), ended.to_string()));
        differs.map_or(judgement, |(expected, got)| Judgement::Violated(Violation::Differs { expected, got }))
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
        let (mut runs, mut fuel, steps_before, reference) = (0_u32, 0_u64, self.steps(), self.reference_fuel());
        'simpler: loop {
            for candidate in shrink::candidates(&self.function, &arguments) {
                runs = runs.saturating_add(1);
                let steps = self.steps().saturating_sub(steps_before);
                let both = fuel.saturating_add(self.reference_fuel().saturating_sub(reference));
                if runs > SHRINK_RUNS_MAX || both > SHRINK_FUEL_MAX || steps > SHRINK_STEPS_MAX {
                    return (arguments, violation);
                }
                let Ok(terms) = self.accepted(&candidate) else { continue };
                if self.outside(&terms) {
                    continue;
                }
                let judged = self.judge(&candidate, &terms);
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
