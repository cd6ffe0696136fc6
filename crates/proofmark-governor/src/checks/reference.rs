//! `reference`: the same results as a component that is trusted?
//!
//! The artifact and the contract's reference are called with the same inputs, each in a fresh instance. Inputs are made as
//! for `properties`, and what both do guides the search. An input from whose call the reference does not return is outside:
//! it says nothing about the artifact.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofmark_contract::Call;
use proofmark_mark::evidence::{Counterexample, Outcome};
use proofmark_run::program::{Twin, TwinError};
use proofmark_run::usage::Usage;
use serde_json::{Value, json};

use super::properties::guided::{self, Guided};
use super::properties::{Search, Tally, VACUOUS, counterexample, details};
use super::{Finding, Progress, Task, counts, not_callable};
use crate::judge::{Judge, shown};
use crate::shards::SHARDS;

/// The name of the check, and of what is violated in its counterexamples.
pub const CHECK: &str = "reference";

/// Compares every exported function with the reference's. Without a reference it passes, with every count 0.
#[must_use]
pub fn run(task: &Task<'_>, progress: Progress<'_>) -> Finding {
    let reference = match task.reference() {
        Some(Ok(reference)) => Arc::new(reference),
        Some(Err(why)) => return Finding::unknown(CHECK, why),
        None => return Finding { outcome: Outcome::Passed, reason: None, ..Finding::unknown(CHECK, "") },
    };
    let program = match task.program() {
        Ok(program) => Arc::new(program),
        Err(error) => return not_callable(CHECK, &error),
    };
    let twin = twins(task);
    let functions = &task.contract.interface.functions;
    let each = task.executions.saturating_add(twin.as_ref().map_or(0, |_| guided::calls(task)));
    let planned = each.saturating_mul(functions.len() as u64);
    let mut tallies = Vec::new();
    for (function, before) in functions.iter().zip((0_u64..).map(|nth| nth.saturating_mul(each))) {
        let shifted = |done: u64, _: u64| progress(before.saturating_add(done), planned);
        let judge = || Judge::new(task.contract, function, program.clone()).by(&reference);
        let search = Search { task, check: CHECK, function, twin: twin.as_ref().ok(), judge: &judge };
        tallies.push(search.run(&shifted));
    }
    finding(task, &tallies, twin.as_ref())
}

/// The twins of both, in one: what either does guides.
fn twins(task: &Task<'_>) -> Result<Twin, String> {
    let bytes = task.contract.reference.as_ref().and_then(|reference| reference.bytes()).unwrap_or_default();
    let words = |error: TwinError| error.to_string();
    let artifact = task.twin_of(task.artifact, task.contract.capabilities.names()).map_err(words)?;
    let reference = task.twin_of(bytes, BTreeSet::new()).map_err(|error| format!("of the reference: {error}"))?;
    Ok(artifact.beside(reference))
}

/// Inputs that both were called with and whose results were compared.
fn compared(tally: &Tally) -> u64 {
    tally.properties.first().map_or(0, |accepted| accepted.evaluated)
}

fn discarded(tally: &Tally) -> u64 {
    tally.properties.first().map_or(0, |accepted| accepted.discarded)
}

fn finding(task: &Task<'_>, tallies: &[Tally], twin: Result<&Twin, &String>) -> Finding {
    let functions = &task.contract.interface.functions;
    let found = functions.iter().zip(tallies).filter_map(|(function, tally)| {
        let (arguments, violation) = tally.violated.as_ref()?;
        Some(counterexample(task.contract, function, arguments, violation))
    });
    let counterexamples: Vec<Counterexample> = found.collect();
    let (outcome, reason) = conclusion(task, tallies, &counterexamples);
    let listed: Vec<Value> = tallies.iter().map(|tally| line(task, tally)).collect();
    let mut usage = Usage::default();
    tallies.iter().for_each(|tally| usage.add(tally.usage.clone()));
    let mut details = json!({
        "reference": task.contract.reference.as_ref().map(|reference| reference.digest),
        "shards": SHARDS,
        "functions": listed,
        "coverage": coverage(tallies, twin),
        "usage": task.usage(&usage),
    });
    details::tried_first(task, &mut details);
    Finding {
        outcome,
        reason,
        counts: counts([
            ("references", 1),
            ("executions", tallies.iter().map(compared).min().unwrap_or(0)),
            ("discarded", tallies.iter().map(discarded).fold(0, u64::saturating_add)),
            ("differences", counterexamples.len() as u64),
        ]),
        counterexamples,
        details,
    }
}

fn conclusion(task: &Task<'_>, tallies: &[Tally], found: &[Counterexample]) -> (Outcome, Option<String>) {
    let functions = &task.contract.interface.functions;
    if let Some(first) = found.first() {
        return (Outcome::Failed, Some(format!("`{}` gives another result than the reference", shown(&first.call))));
    }
    let undecided = functions.iter().zip(tallies).find_map(|(function, tally)| {
        let (arguments, why) = tally.undecided.as_ref()?;
        let call = Call { function: Arc::clone(function), args: arguments.clone() };
        Some(format!("nothing can be said of `{}`: {why}", shown(&call.to_string())))
    });
    if let Some(why) = undecided {
        return (Outcome::Unknown, Some(why));
    }
    let vacuous = |tally: &&Tally| compared(tally) == 0 || compared(tally).saturating_mul(VACUOUS) < tally.generated;
    if let Some(tally) = tallies.iter().find(vacuous) {
        let why = format!(
            "vacuous: of less than 1 in {VACUOUS} inputs of `{}` the results can be compared; from {} of {} calls the \
             reference does not return",
            tally.function,
            discarded(tally),
            tally.generated
        );
        return (Outcome::Unknown, Some(why));
    }
    (Outcome::Passed, None)
}

/// What was done for one function.
fn line(task: &Task<'_>, tally: &Tally) -> Value {
    json!({
        "function": tally.function,
        "generated": tally.generated,
        "compared": compared(tally),
        "discarded": discarded(tally),
        "allowed_traps": tally.allowed_traps,
        "fuel": tally.fuel,
        "shards_out_of_fuel": tally.out_of_fuel,
        "guided": tally.guided.as_ref().map(details::guided),
        "bound": details::bound(task, compared(tally), ["differed", "differs"]),
    })
}

/// The edges of both, or why nothing was counted.
fn coverage(tallies: &[Tally], twin: Result<&Twin, &String>) -> Value {
    let twin = match twin {
        Ok(twin) => twin,
        Err(why) => return json!({ "not_guided": why }),
    };
    let searched: Vec<&Guided> = tallies.iter().filter_map(|tally| tally.guided.as_ref()).collect();
    if searched.is_empty() {
        return json!({ "not_guided": "another result was found before" });
    }
    let taken = |edge: &usize| searched.iter().any(|guided| guided.edges.get(*edge).copied().unwrap_or(false));
    let own = twin.own_edges();
    json!({
        "edges_present": own,
        "edges_reached": (0..own).filter(taken).count(),
        "reference_edges_present": twin.edges.saturating_sub(own),
        "reference_edges_reached": (own..twin.edges).filter(taken).count(),
        "modules_not_seen": twin.hidden_modules,
    })
}

#[cfg(test)]
mod tests;
