//! Reads `[[example]]` tables: a call in WAVE, and what must come of it.

use std::ops::Range;
use std::sync::Arc;

use super::read::examples_max;
use super::table::{Problems, Table};
use super::{Example, Expected};
use crate::interface::{Call, Function, Interface, is_unit, parse_result};
use crate::placed::Placed;
use crate::problem::Problem;

/// An example with the span to point at when it contradicts something.
pub(super) struct PlacedExample {
    pub(super) example: Example,
    pub(super) span: Range<usize>,
}

/// Reads all examples. `may_trap` says whether the contract lets a function trap at all.
pub(super) fn read(
    tables: Vec<Table<'_>>,
    interface: &Interface,
    may_trap: &dyn Fn(&Arc<Function>) -> bool,
    problems: &mut Problems,
) -> Vec<PlacedExample> {
    let mut examples: Vec<PlacedExample> = Vec::with_capacity(tables.len());
    for (nth, table) in (1_usize..).zip(tables) {
        if nth > examples_max() {
            let message = format!("the contract has more than {} examples", examples_max());
            problems.push(Problem::new(table.span(), message, "one too many"));
            break;
        }
        let Some(found) = example(table, interface, may_trap, problems) else { continue };
        match examples.iter().find(|known| known.example.call == found.example.call) {
            Some(known) if known.example.expected == found.example.expected => {
                problems.push(
                    Problem::new(found.span.clone(), "this example is there twice", "again").help("leave one out"),
                );
            }
            Some(known) => {
                let message =
                    format!("another example says that `{}` gives `{}`", found.example.call, known.example.expected);
                problems.push(Problem::new(found.span.clone(), message, "contradicts it").help("leave one out"));
            }
            None => examples.push(found),
        }
    }
    examples
}

fn example(
    mut table: Table<'_>,
    interface: &Interface,
    may_trap: &dyn Fn(&Arc<Function>) -> bool,
    problems: &mut Problems,
) -> Option<PlacedExample> {
    let text = table.required("call", "\"name(arguments)\"", problems);
    let returns = table.string("returns", problems);
    let traps = table.boolean("traps", problems);
    let traps_span = table.key_span("traps");
    let span = table.span();
    table.finish(problems);
    let text = text?;
    let call = call(&text, interface, problems)?;
    let name = call.function.full_name();
    let expected = match (returns, traps == Some(true)) {
        (Some(returns), true) => {
            let problem = Problem::new(traps_span, "a call that traps returns nothing", "or does it return?");
            problems.push(problem.help("leave out `traps` or `returns`"));
            let _ = returns;
            return None;
        }
        (None, true) if !may_trap(&call.function) => {
            let problem =
                Problem::new(traps_span, format!("this contract does not let `{name}` trap"), "contradicts `no traps`");
            problems.push(problem.help("say with `may_trap` when it may"));
            return None;
        }
        (None, true) => Expected::Traps,
        (Some(returns), false) => Expected::Returns(result(&returns, &call, problems)?),
        (None, false) => match &call.function.result {
            None => Expected::Returns(None),
            Some(ty) => {
                let problem =
                    Problem::new(span, "the example does not say what comes of the call", "`returns` is missing");
                problems.push(problem.help(format!("write `returns = \"…\"` with a value of type `{ty}`")));
                return None;
            }
        },
    };
    Some(PlacedExample { span: text.span, example: Example { call, expected } })
}

fn call(text: &Placed, interface: &Interface, problems: &mut Problems) -> Option<Call> {
    interface.parse_call(&text.text).map_err(|error| problems.push(placed(text, error, "in this call"))).ok()
}

fn result(returns: &Placed, call: &Call, problems: &mut Problems) -> Option<Option<crate::value::Value>> {
    let name = call.function.full_name();
    let Some(ty) = &call.function.result else {
        if is_unit(&returns.text) {
            return Some(None);
        }
        let problem = Problem::new(returns.span.clone(), format!("`{name}` returns nothing"), "a result");
        problems.push(problem.help("leave `returns` out"));
        return None;
    };
    match parse_result(&returns.text, &call.function, ty, &format!("the result of `{name}`")) {
        Ok(value) => Some(Some(value)),
        Err(error) => {
            problems.push(placed(returns, error, "in this value"));
            None
        }
    }
}

fn placed(text: &Placed, error: crate::interface::CallError, label: &str) -> Problem {
    let problem = text.problem(error.span, error.message, label);
    match error.help {
        Some(help) => problem.help(help),
        None => problem,
    }
}
