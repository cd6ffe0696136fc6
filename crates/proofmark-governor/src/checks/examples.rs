//! `examples`: does the artifact do what the contract shows?
//!
//! Each example runs in a fresh instance; results are compared as values, so two spellings of one value are the same.

use proofmark_contract::Expected;
use proofmark_mark::evidence::{Counterexample, Outcome};
use proofmark_run::usage::Usage;
use proofmark_run::{Ended, Outcome as Called};
use serde_json::json;

use super::{Finding, Progress, Task, counts, not_callable};

/// Runs every example of the contract.
#[must_use]
pub fn run(task: &Task<'_>, progress: Progress<'_>) -> Finding {
    let examples = &task.contract.examples;
    if examples.is_empty() {
        return Finding::unknown("examples", "the contract has no example");
    }
    let program = match task.program() {
        Ok(program) => program,
        Err(error) => return not_callable("examples", &error),
    };
    let total = examples.len() as u64;
    let results: Vec<Called> = examples
        .iter()
        .zip(1..)
        .map(|(example, done)| {
            let called = program.call(&example.call.function, &example.call.args);
            progress(done, total);
            called
        })
        .collect();
    finding(task, &results)
}

fn finding(task: &Task<'_>, results: &[Called]) -> Finding {
    let examples = &task.contract.examples;
    let mut usage = Usage::default();
    let mut counterexamples = Vec::new();
    let mut listed = Vec::new();
    for (number, (example, called)) in (1_u64..).zip(examples.iter().zip(results)) {
        usage.add(called.into());
        let passed = meets(&example.expected, &called.ended);
        let (call, expected, got) = (example.call.to_string(), example.expected.to_string(), called.ended.to_string());
        listed.push(json!({ "call": call, "expected": expected, "got": got, "passed": passed }));
        if !passed {
            counterexamples.push(Counterexample {
                property: format!("example {number}"),
                call,
                violated: expected,
                got,
                held_out: false,
            });
        }
    }
    let passed = results.len().saturating_sub(counterexamples.len()) as u64;
    let total = results.len() as u64;
    Finding {
        outcome: if counterexamples.is_empty() { Outcome::Passed } else { Outcome::Failed },
        reason: (passed < total).then(|| format!("{} of {total} examples differ", counterexamples.len())),
        counts: counts([("total", total), ("passed", passed)]),
        counterexamples,
        details: json!({ "examples": listed, "usage": task.usage(&usage) }),
    }
}

/// Whether a call ended as an example shows.
pub(super) fn meets(expected: &Expected, ended: &Ended) -> bool {
    match (expected, ended) {
        (Expected::Returns(wanted), Ended::Returned(got)) => match (wanted, got) {
            (Some(wanted), Some(got)) => wanted.same(got),
            (None, None) => true,
            _ => false,
        },
        (Expected::Traps, Ended::Trapped(_)) => true,
        _ => false,
    }
}
