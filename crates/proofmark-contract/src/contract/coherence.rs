//! Finds examples that a property of the same contract forbids: no artifact could ever meet such a contract.

use std::sync::Arc;

use super::examples::PlacedExample;
use super::{Expected, Property};
use crate::cel::{Evaluator, Exports};
use crate::interface::{Function, Interface};
use crate::problem::Problem;
use crate::value::Value;

/// Exports before there is an artifact: a property that calls one has no answer yet.
struct Unknown;

impl Exports for Unknown {
    fn call(&self, _: &Function, _: &[Value]) -> Result<Option<Value>, String> {
        Err("there is no artifact yet".to_owned())
    }
}

/// A problem for each example that violates a property.
pub(super) fn contradictions(
    interface: &Interface,
    examples: &[PlacedExample],
    properties: &[Property],
) -> Vec<Problem> {
    let evaluator = Evaluator::new(interface, Arc::new(Unknown));
    let mut problems = Vec::new();
    for placed in examples {
        let Expected::Returns(result) = &placed.example.expected else { continue };
        let call = &placed.example.call;
        let about = properties.iter().filter(|property| Arc::ptr_eq(&property.of, &call.function));
        for property in about {
            let accepted = match &property.requires {
                Some(requires) => evaluator.holds(requires, &call.args, None) == Ok(true),
                None => true,
            };
            if accepted && evaluator.holds(&property.ensures, &call.args, result.as_ref()) == Ok(false) {
                let message = format!("this example violates the property `{}`", property.name);
                let problem = Problem::new(placed.span.clone(), message, "no artifact can meet both");
                problems.push(problem.help("correct the example or the property"));
            }
        }
    }
    problems
}
