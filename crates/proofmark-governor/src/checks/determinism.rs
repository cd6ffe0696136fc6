//! `determinism`: same input, same output, same fuel?
//!
//! Each input is called twice in fresh instances (result and fuel must agree) and once more in an instance that is kept
//! for a few calls (the result must agree: what a call leaves behind must not change the next). Clocks and random numbers
//! go on from call to call, so a kept instance is not compared when the contract grants one of them.

use std::sync::Arc;

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Call, Function, Value};
use proofmark_mark::evidence::{Counterexample, Outcome};
use proofmark_run::usage::Usage;
use proofmark_run::{Ended, Outcome as Called, Program};
use serde_json::json;

use super::{Finding, Progress, Task, counts, not_callable};
use crate::judge::shown;
use crate::shards::{self, Merge, SHARDS, Watch};

/// Calls in one kept instance.
const KEPT_CALLS: u64 = 16;

/// The part of a contract's total fuel that is spent here on each function.
const FUEL_PART: u64 = 10;

/// Compares pairs of calls for every exported function.
#[must_use]
pub fn run(task: &Task<'_>, progress: Progress<'_>) -> Finding {
    let program = match task.program() {
        Ok(program) => program,
        Err(error) => return not_callable("determinism", &error),
    };
    let dictionary = Dictionary::of(task.contract);
    let functions = &task.contract.interface.functions;
    let planned = task.executions.saturating_mul(functions.len() as u64);
    let mut pairs = Vec::new();
    let mut differences = Vec::new();
    let mut usage = Usage::default();
    for (function, before) in functions.iter().zip((0_u64..).map(|nth| nth.saturating_mul(task.executions))) {
        let shifted = |done: u64, _: u64| progress(before.saturating_add(done), planned);
        let results = shards::run(
            task.threads,
            task.executions,
            &shifted,
            || (),
            |(), shard, watch| one_shard(task, &program, function, &dictionary, shard, watch),
        );
        let sum = |of: fn(&Pairs) -> u64| results.iter().fold(0_u64, |sum, shard| sum.saturating_add(of(shard)));
        pairs.push(Compared { function, pairs: sum(|shard| shard.pairs), kept: sum(|shard| shard.kept) });
        results.iter().for_each(|shard| usage.add(shard.usage.clone()));
        differences.extend(results.into_iter().find_map(|shard| shard.difference).map(|found| (function, found)));
    }
    finding(task, &pairs, &usage, &differences)
}

impl Task<'_> {
    /// Whether a kept instance must answer as a fresh one does.
    fn keeps(&self) -> bool {
        let granted = self.contract.capabilities.names();
        !["clocks", "random", "stdin"].iter().any(|name| granted.contains(*name))
    }
}

/// What was compared for one function.
struct Compared<'a> {
    function: &'a Arc<Function>,
    pairs: u64,
    /// Of those, the ones called a third time in a kept instance.
    kept: u64,
}

struct Pairs {
    pairs: u64,
    kept: u64,
    usage: Usage,
    difference: Option<Difference>,
}

struct Difference {
    arguments: Vec<Value>,
    where_: &'static str,
    got: String,
}

impl Merge for Pairs {
    fn stops(&self) -> bool {
        self.difference.is_some()
    }
}

fn one_shard(
    task: &Task<'_>,
    program: &Program,
    function: &Function,
    dictionary: &Dictionary,
    shard: usize,
    watch: &Watch<'_>,
) -> Pairs {
    let name = function.full_name();
    let seed = task.challenge.derive(&[b"determinism", name.as_bytes(), &(shard as u64).to_be_bytes()]);
    let mut source = Source::new(seed, dictionary);
    let fuel_max = shards::share(task.contract.budget.total_fuel / FUEL_PART, shard);
    let (mut fuel, mut pairs, mut thirds) = (0_u64, 0_u64, 0_u64);
    let mut usage = Usage::default();
    let keeps = task.keeps();
    let mut kept = program.session();
    for nth in 0..shards::share(task.executions, shard) {
        if keeps && nth % KEPT_CALLS == 0 {
            kept = program.session();
        }
        if fuel >= fuel_max || !watch.step(shard) {
            break;
        }
        let arguments = source.arguments(function);
        let (first, second) = (program.call(function, &arguments), program.call(function, &arguments));
        let third = keeps.then(|| kept.call(function, &arguments));
        for called in [Some(&first), Some(&second), third.as_ref()].into_iter().flatten() {
            fuel = fuel.saturating_add(called.fuel);
            usage.add(called.into());
        }
        pairs = pairs.saturating_add(1);
        thirds = thirds.saturating_add(u64::from(third.is_some()));
        if let Some((where_, got)) = differ(&first, &second, third.as_ref()) {
            return Pairs { pairs, kept: thirds, usage, difference: Some(Difference { arguments, where_, got }) };
        }
    }
    Pairs { pairs, kept: thirds, usage, difference: None }
}

fn differ(first: &Called, second: &Called, kept: Option<&Called>) -> Option<(&'static str, String)> {
    if !first.ended.same(&second.ended) {
        return Some(("in two fresh instances", both(&first.ended, &second.ended)));
    }
    if first.fuel != second.fuel {
        return Some(("in two fresh instances", format!("{} fuel, then {}", first.fuel, second.fuel)));
    }
    let kept = kept.filter(|kept| !first.ended.same(&kept.ended))?;
    Some(("in a fresh instance and in one that was called before", both(&first.ended, &kept.ended)))
}

fn both(first: &Ended, second: &Ended) -> String {
    format!("{}, then {}", shown(&first.to_string()), shown(&second.to_string()))
}

fn finding(
    task: &Task<'_>,
    compared: &[Compared<'_>],
    usage: &Usage,
    differences: &[(&Arc<Function>, Difference)],
) -> Finding {
    let kept_calls = if task.keeps() { KEPT_CALLS } else { 0 };
    let counterexamples: Vec<Counterexample> = differences
        .iter()
        .map(|(function, difference)| Counterexample {
            property: "determinism".to_owned(),
            call: Call { function: Arc::clone(function), args: difference.arguments.clone() }.to_string(),
            violated: format!("the same {}", difference.where_),
            got: difference.got.clone(),
            held_out: false,
        })
        .collect();
    let listed: Vec<_> = compared
        .iter()
        .map(|of| json!({ "function": of.function.full_name(), "pairs": of.pairs, "kept": of.kept }))
        .collect();
    Finding {
        outcome: if differences.is_empty() { Outcome::Passed } else { Outcome::Failed },
        reason: counterexamples.first().map(|first| format!("not {}", first.violated)),
        counts: counts([
            ("pairs", compared.iter().map(|of| of.pairs).min().unwrap_or(0)),
            ("differences", differences.len() as u64),
        ]),
        counterexamples,
        details: json!({
            "shards": SHARDS, "kept_calls": kept_calls, "functions": listed, "usage": task.usage(usage),
        }),
    }
}

#[cfg(test)]
mod tests {
    use proofmark_contract::Contract;
    use proofmark_mark::challenge::Challenge;
    use proofmark_mark::digest::Digest;

    use super::*;

    const STATE: &str = r#"(module (global $calls (mut i32) (i32.const 0))
        (func (export "f") (param i32) (result i32)
            (global.set $calls (i32.add (global.get $calls) (i32.const 1))) (global.get $calls)))"#;

    fn found(module: &str, capabilities: &str) -> Finding {
        let text = format!(
            "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ export f: \
             func(n: u32) -> u32; }}\"\n[capabilities]\n{capabilities}"
        );
        let contract = Contract::parse(&text).unwrap();
        let challenge = Challenge(Digest::of(b"seed"));
        let artifact = module.as_bytes();
        run(
            &Task {
                contract: &contract,
                artifact,
                challenge,
                attempt: 1,
                executions: 128,
                threads: 2,
                natives: None,
                tell: &|_| {},
            },
            &|_, _| {},
        )
    }

    #[test]
    fn only_calls_that_were_made_are_counted() {
        let same = r#"(module (func (export "f") (param i32) (result i32) local.get 0))"#;
        let counts = |finding: &Finding| ["pairs", "kept"].map(|name| finding.details["functions"][0][name].clone());
        assert_eq!(counts(&found(same, "")), [128, 128]);
        assert_eq!(counts(&found(same, "clocks = true")), [128, 0]);
    }

    #[test]
    fn what_a_call_leaves_behind_is_seen_only_where_instances_are_kept() {
        assert_eq!(found(STATE, "").outcome, Outcome::Failed);
        assert_eq!(found(STATE, "clocks = true").outcome, Outcome::Passed);
    }
}
