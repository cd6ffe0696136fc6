//! Properties: CEL expressions, checked against the interface's types when a contract is read, then evaluated.
//!
//! The `cel` crate parses; types, names and evaluation are here, because an artifact chooses the values: an evaluation
//! never has more than a fixed number of steps, never panics, and never answers `true` because of an error.

use std::cell::Cell;
use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;

use crate::interface::{Function, Interface};
use crate::placed::Placed;
use crate::problem::Problem;
use crate::value::Value;

mod check;
mod evaluate;
mod item;
mod lex;
mod lower;
mod names;
mod syntax;
pub mod typed;

pub(crate) use check::Role;
pub(crate) use evaluate::STEPS_MAX;
use evaluate::{Evaluation, Fault, Why};

/// A CEL expression that was checked against the parameters of one function: of type bool, or of any type where it says what
/// calls may tell about a secret.
#[derive(Debug, Clone)]
pub struct Predicate {
    source: String,
    expr: Arc<typed::Expr>,
}

/// Calls of the artifact's exports, each in a fresh instance.
pub trait Exports: Send + Sync {
    /// Calls `function` with arguments that fit its parameters.
    ///
    /// # Errors
    /// Why there is no result, in words: the call trapped or exceeded a budget.
    fn call(&self, function: &Function, arguments: &[Value]) -> Result<Option<Value>, String>;
}

/// Evaluates predicates. Cheap to make; one for each thread.
pub struct Evaluator {
    exports: Arc<dyn Exports>,
    steps: Cell<u64>,
}

/// Why a predicate has no answer.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}")]
pub struct EvaluationError {
    message: String,
}

impl Predicate {
    /// The condition in `placed` on calls of `function`.
    ///
    /// # Errors
    /// Every problem found, placed in the contract.
    pub(crate) fn parse(
        placed: &Placed,
        exports: &[Arc<Function>],
        function: &Function,
        role: Role,
    ) -> Result<Self, Vec<Problem>> {
        let source = placed.text.as_str();
        let problem = |complaint: syntax::Complaint| {
            let problem = placed.problem(complaint.span, complaint.message, complaint.label);
            match complaint.help {
                Some(help) => problem.help(help),
                None => problem,
            }
        };
        let syntax = syntax::parse(source).map_err(|complaint| vec![problem(complaint)])?;
        let expr = check::check(&syntax, exports, function, role)
            .map_err(|complaints| complaints.into_iter().map(problem).collect::<Vec<_>>())?;
        Ok(Self { source: source.to_owned(), expr: Arc::new(expr) })
    }

    /// The expression as the contract has it.
    #[must_use]
    pub fn source(&self) -> &str {
        &self.source
    }

    /// What the expression means.
    #[must_use]
    pub fn expr(&self) -> &typed::Expr {
        &self.expr
    }
}

impl fmt::Display for Predicate {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.source)
    }
}

impl Evaluator {
    /// An evaluator for the predicates of a contract with this interface.
    #[must_use]
    pub fn new(_: &Interface, exports: Arc<dyn Exports>) -> Self {
        Self { exports, steps: Cell::new(0) }
    }

    /// Whether the predicate holds for a call of its function: `arguments` fit the parameters; `result` is what the call
    /// returned, if it is known and there is one.
    ///
    /// # Errors
    /// [`EvaluationError`]: arithmetic that overflows, an index outside of a list, NaN where an order is asked, an
    /// export that trapped, too many steps.
    pub fn holds(
        &self,
        predicate: &Predicate,
        arguments: &[Value],
        result: Option<&Value>,
    ) -> Result<bool, EvaluationError> {
        let (answer, steps) = evaluated(predicate, arguments, result, &*self.exports, STEPS_MAX);
        self.steps.set(self.steps.get().saturating_add(steps));
        answer
    }

    /// Whether the expression has the same value for both lists of arguments. It calls no export.
    ///
    /// # Errors
    /// As [`Evaluator::holds`].
    pub fn agrees(&self, expression: &Predicate, first: &[Value], second: &[Value]) -> Result<bool, EvaluationError> {
        let error = |fault: Box<Fault>| EvaluationError { message: worded(&fault, &expression.source, STEPS_MAX) };
        let evaluation = |arguments| Evaluation {
            arguments,
            result: None,
            exports: &Nothing,
            steps: 0,
            steps_max: STEPS_MAX,
            locals: Vec::new(),
        };
        let (mut a, mut b) = (evaluation(first), evaluation(second));
        let (left, right) = (a.eval(&expression.expr), b.eval(&expression.expr));
        let mut steps = a.steps.saturating_add(b.steps);
        let same = left.and_then(|left| Ok((left, right?))).and_then(|(left, right)| {
            let mut count = |more: usize| {
                steps = steps.saturating_add(more as u64);
                steps <= STEPS_MAX.saturating_mul(3)
            };
            let span = expression.expr.span.clone();
            left.equals(&right, &mut count).ok_or_else(|| Box::new(Fault { why: Why::Steps, span }))
        });
        self.steps.set(self.steps.get().saturating_add(steps));
        same.map_err(error)
    }

    /// Steps of all evaluations so far: a deterministic measure of the work, about one for each operation or element.
    #[must_use]
    pub fn steps(&self) -> u64 {
        self.steps.get()
    }
}

/// Exports where there are none: the checker lets nothing call one.
struct Nothing;

impl Exports for Nothing {
    fn call(&self, _: &Function, _: &[Value]) -> Result<Option<Value>, String> {
        Err("there is no artifact".to_owned())
    }
}

/// Whether a predicate that calls no export holds, within that many steps.
pub(crate) fn holds(predicate: &Predicate, arguments: &[Value], steps_max: u64) -> Result<bool, EvaluationError> {
    evaluated(predicate, arguments, None, &Nothing, steps_max).0
}

fn evaluated(
    predicate: &Predicate,
    arguments: &[Value],
    result: Option<&Value>,
    exports: &dyn Exports,
    steps_max: u64,
) -> (Result<bool, EvaluationError>, u64) {
    let mut evaluation = Evaluation { arguments, result, exports, steps: 0, steps_max, locals: Vec::new() };
    let answer = evaluation.eval(&predicate.expr).map(|item| item.is_true());
    let error = |fault: Box<Fault>| EvaluationError { message: worded(&fault, &predicate.source, steps_max) };
    (answer.map_err(error), evaluation.steps)
}

/// The longest part of an expression that an error quotes, in characters.
const QUOTED_MAX: usize = 60;

fn worded(fault: &Fault, source: &str, steps_max: u64) -> String {
    let part = quoted(source, &fault.span);
    match &fault.why {
        Why::Steps => format!("`{part}`: more than {steps_max} steps"),
        Why::Overflow => format!("`{part}` overflows 64 bits; narrow the inputs with `requires`"),
        Why::ByZero => format!("`{part}` divides by zero"),
        Why::Outside(index, size) => format!("`{part}`: there is no element {index} in a list of {size}"),
        Why::OtherCase => format!("`{part}`: the value has another case; ask with `has` first"),
        Why::Unordered => format!("`{part}`: NaN has no order; leave it out with `requires`, as in `x == x`"),
        Why::Conversion(why) => format!("`{part}`: {why}"),
        Why::Trapped(function, why) => format!("`{part}`: `{function}` did not return: {why}"),
        Why::Missing(what) => format!("`{part}`: the {what} is not there"),
    }
}

fn quoted(source: &str, span: &Range<usize>) -> String {
    let part = source.get(span.clone()).unwrap_or_default();
    let line = part.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(QUOTED_MAX) {
        Some((end, _)) => format!("{}…", line.get(..end).unwrap_or_default()),
        None => line,
    }
}

#[cfg(test)]
mod tests;
