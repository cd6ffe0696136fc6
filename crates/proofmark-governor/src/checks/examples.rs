//! `examples`: does the artifact do what the contract shows?
//!
//! Each example runs in a fresh instance; results are compared as values, so two spellings of one value are the same.

use proofmark_contract::{Example, Expected};
use proofmark_mark::evidence::{Counterexample, Outcome};
use proofmark_run::{Ended, Program};
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
    let results: Vec<Ended> = examples
        .iter()
        .zip(1..)
        .map(|(example, done)| {
            let ended = call(&program, example);
            progress(done, total);
            ended
        })
        .collect();
    finding(examples, &results)
}

fn call(program: &Program, example: &Example) -> Ended {
    program.call(&example.call.function, &example.call.args).ended
}

fn finding(examples: &[Example], results: &[Ended]) -> Finding {
    let mut counterexamples = Vec::new();
    let mut listed = Vec::new();
    for (number, (example, ended)) in (1_u64..).zip(examples.iter().zip(results)) {
        let passed = meets(&example.expected, ended);
        let (call, expected, got) = (example.call.to_string(), example.expected.to_string(), ended.to_string());
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
        details: json!({ "examples": listed }),
    }
}

fn meets(expected: &Expected, ended: &Ended) -> bool {
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
