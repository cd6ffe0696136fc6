//! `determinism`: same input, same output, same fuel?
//!
//! Each input is called twice in fresh instances: result and fuel must agree. Where the contract grants a capability, what the
//! host answered the first time is recorded and a third fresh instance is answered so: the same again, so that nothing but
//! the answers tells. And it is called in an instance that is kept for a few calls, in one whose memory other calls have
//! filled, and in one that goes on for thousands of calls: what calls leave behind must not change a result. Where clocks, random
//! numbers or standard input go on from call to call, a kept instance is held against a fresh one that is answered alike.

use std::sync::Arc;

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Call, Function, Value};
use proofmark_mark::evidence::{Counterexample, Outcome};
use proofmark_run::usage::Usage;
use proofmark_run::wasi::World;
use proofmark_run::{Ended, Outcome as Called, Program};
use serde_json::json;

use super::{Finding, Progress, Task, counts, not_callable};
use crate::judge::shown;
use crate::shards::{self, Merge, SHARDS, Watch};
use deep::{Deep, Look, Pool};
use kept::{Compared, Kept};

mod deep;
mod kept;

/// Calls in one kept instance.
const KEPT_CALLS: u64 = 16;
/// Inputs of each shard that are called again in depth.
const KNOWN_EACH: usize = 2;
/// The part of a contract's total fuel that is spent on pairs of each function.
const FUEL_PART: u64 = 10;

/// Compares calls for every exported function.
#[must_use]
pub fn run(task: &Task<'_>, progress: Progress<'_>) -> Finding {
    let program = match task.program() {
        Ok(program) => program,
        Err(error) => return not_callable("determinism", &error),
    };
    let dictionary = Dictionary::of(task.contract);
    let worlds = Worlds::of(task);
    let functions = &task.contract.interface.functions;
    let planned = task.executions.saturating_mul(functions.len() as u64);
    let (mut lines, mut pools) = (Vec::new(), Vec::new());
    for (function, before) in functions.iter().zip((0_u64..).map(|nth| nth.saturating_mul(task.executions))) {
        let shifted = |done: u64, _: u64| progress(before.saturating_add(done), planned);
        let results = shards::run(
            task.threads,
            task.executions,
            &shifted,
            || (),
            |(), shard, watch| {
                Shard { task, program: &program, worlds: &worlds, function, shard }.run(&dictionary, watch)
            },
        );
        let (pairs, known) = Pairs::merged(results);
        pools.push(Pool { function: Arc::clone(function), known });
        lines.push(Line { function, pairs, deep: Deep::default() });
    }
    if task.contract.interface.process().is_none() {
        let shifted = |_: u64, _: u64| progress(planned, planned);
        let taped = worlds.live();
        let look = Look { task, program: &program, taped, dictionary: &dictionary, pools: &pools, progress: &shifted };
        for (nth, line) in lines.iter_mut().enumerate().filter(|(_, line)| line.pairs.difference.is_none()) {
            line.deep = look.at(nth);
        }
    }
    finding(task, &worlds, &lines)
}

/// In which worlds is called, beside that of every check.
struct Worlds {
    /// Where what the host answers is recorded; `None` where nothing is granted, or nothing can be recorded.
    taped: Option<World>,
    /// Whether what the host answers goes on from call to call.
    goes_on: bool,
}

impl Worlds {
    fn of(task: &Task<'_>) -> Self {
        let granted = task.contract.capabilities.names();
        let taped = !granted.is_empty() && task.contract.interface.process().is_none();
        let World::Checked { seed } = task.world() else { return Self { taped: None, goes_on: false } };
        Self {
            taped: taped.then_some(World::Taped { seed }),
            goes_on: ["clocks", "random", "stdin"].iter().any(|name| granted.contains(*name)),
        }
    }

    /// The world of a kept instance, where its host has to be recorded.
    fn live(&self) -> Option<&World> {
        self.taped.as_ref().filter(|_| self.goes_on)
    }
}

/// What was looked at for one function.
struct Line<'a> {
    function: &'a Arc<Function>,
    pairs: Pairs,
    deep: Deep,
}

impl Line<'_> {
    fn difference(&self) -> Option<&Difference> {
        self.pairs.difference.as_ref().or(self.deep.difference.as_ref())
    }
}

/// What was compared, in one shard or in all.
#[derive(Default)]
struct Pairs {
    pairs: u64,
    /// Of those, the ones called again in a kept instance, and compared with it.
    kept: u64,
    /// Of those, the ones that a fresh instance was answered alike in.
    replayed: u64,
    usage: Usage,
    known: Vec<(Vec<Value>, Ended)>,
    difference: Option<Difference>,
}

/// An input whose calls differ: where, and what came of both.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Difference {
    arguments: Vec<Value>,
    where_: String,
    got: String,
}

impl Merge for Pairs {
    fn stops(&self) -> bool {
        self.difference.is_some()
    }
}

impl Pairs {
    /// All shards together, and the inputs that are called again.
    fn merged(shards: Vec<Self>) -> (Self, Vec<(Vec<Value>, Ended)>) {
        let mut total = Self::default();
        for shard in shards {
            total.pairs = total.pairs.saturating_add(shard.pairs);
            total.kept = total.kept.saturating_add(shard.kept);
            total.replayed = total.replayed.saturating_add(shard.replayed);
            total.usage.add(shard.usage);
            total.known.extend(shard.known);
            total.difference = total.difference.or(shard.difference);
        }
        let known = std::mem::take(&mut total.known);
        (total, known)
    }
}

struct Shard<'a> {
    task: &'a Task<'a>,
    program: &'a Program,
    worlds: &'a Worlds,
    function: &'a Function,
    shard: usize,
}

impl Shard<'_> {
    fn run(&self, dictionary: &Dictionary, watch: &Watch<'_>) -> Pairs {
        let Shard { task, program, worlds, function, shard } = *self;
        let name = function.full_name();
        let seed = task.challenge.derive(&[b"determinism", name.as_bytes(), &(shard as u64).to_be_bytes()]);
        let mut source = Source::new(seed, dictionary);
        let fuel_max = shards::share(task.contract.budget.total_fuel / FUEL_PART, shard);
        let (mut fuel, mut pairs) = (0_u64, Pairs::default());
        let mut kept = Kept::new(program, worlds.live());
        for nth in 0..shards::share(task.executions, shard) {
            if nth % KEPT_CALLS == 0 {
                kept.renew();
            }
            if fuel.saturating_add(kept.fuel) >= fuel_max || !watch.step(shard) {
                break;
            }
            let arguments = source.arguments(function);
            let (first, second, replayed) = self.fresh(&arguments);
            let third = kept.call(function, &arguments, &first.ended);
            for called in [Some(&first), Some(&second), replayed.as_ref()].into_iter().flatten() {
                fuel = fuel.saturating_add(called.fuel);
                pairs.usage.add(called.into());
            }
            pairs.pairs = pairs.pairs.saturating_add(1);
            pairs.replayed = pairs.replayed.saturating_add(u64::from(replayed.is_some()));
            pairs.kept = pairs.kept.saturating_add(u64::from(third != Compared::AskedOtherwise));
            if let Some((where_, got)) = differ(&first, &second, replayed.as_ref(), &third) {
                pairs.difference = Some(Difference { arguments, where_: where_.to_owned(), got });
                break;
            }
            if pairs.known.len() < KNOWN_EACH && matches!(first.ended, Ended::Returned(_)) {
                pairs.known.push((arguments, first.ended));
            }
        }
        pairs.usage.add(kept.usage);
        pairs
    }

    /// Calls in fresh instances: two, and a third that is answered as the first was, where that can be.
    fn fresh(&self, arguments: &[Value]) -> (Called, Called, Option<Called>) {
        let Shard { program, function, worlds, .. } = *self;
        let mut first = match &worlds.taped {
            Some(world) => program.call_in(world, function, arguments),
            None => program.call(function, arguments),
        };
        let replayed = first.tape.take().map(|tape| program.replay(function, arguments, tape));
        (first, program.call(function, arguments), replayed)
    }
}

/// What tells the calls of one input apart, the plainest first.
fn differ(
    first: &Called,
    second: &Called,
    replayed: Option<&Called>,
    kept: &Compared,
) -> Option<(&'static str, String)> {
    let pairs =
        [(Some(second), "in two fresh instances"), (replayed, "in two fresh instances whose host answers alike")];
    for (other, where_) in pairs {
        let Some(other) = other else { continue };
        if !first.ended.same(&other.ended) {
            return Some((where_, both(&first.ended, &other.ended)));
        }
        if first.fuel != other.fuel {
            return Some((where_, format!("{} fuel, then {}", first.fuel, other.fuel)));
        }
    }
    match kept {
        Compared::Differs(fresh, kept) | Compared::Stopped(fresh, kept) => {
            Some(("in a fresh instance and in one that was called before", both(fresh, kept)))
        }
        Compared::Same | Compared::AskedOtherwise => None,
    }
}

fn both(first: &Ended, second: &Ended) -> String {
    format!("{}, then {}", shown(&first.to_string()), shown(&second.to_string()))
}

fn finding(task: &Task<'_>, worlds: &Worlds, lines: &[Line<'_>]) -> Finding {
    let counterexamples: Vec<Counterexample> = lines
        .iter()
        .filter_map(|line| Some((line.function, line.difference()?)))
        .map(|(function, difference)| Counterexample {
            property: "determinism".to_owned(),
            call: Call { function: Arc::clone(function), args: difference.arguments.clone() }.to_string(),
            violated: format!("the same {}", difference.where_),
            got: difference.got.clone(),
            held_out: false,
        })
        .collect();
    let mut usage = Usage::default();
    for line in lines {
        usage.add(line.pairs.usage.clone());
        usage.add(line.deep.usage.clone());
    }
    let listed: Vec<_> = lines
        .iter()
        .map(|Line { function, pairs, deep, .. }| {
            json!({
                "function": function.full_name(),
                "pairs": pairs.pairs,
                "kept": pairs.kept,
                "replayed": pairs.replayed,
                "longest": deep.longest,
                "compared": deep.compared,
                "filled": deep.filled,
                "stopped": deep.stopped,
                "asked_otherwise": deep.asked_otherwise,
            })
        })
        .collect();
    Finding {
        outcome: if counterexamples.is_empty() { Outcome::Passed } else { Outcome::Failed },
        reason: counterexamples.first().map(|first| format!("not {}", first.violated)),
        counts: counts([
            ("pairs", lines.iter().map(|line| line.pairs.pairs).min().unwrap_or(0)),
            ("differences", counterexamples.len() as u64),
        ]),
        counterexamples,
        details: json!({
            "shards": SHARDS,
            "kept_calls": KEPT_CALLS,
            "answered_alike": worlds.live().is_some(),
            "functions": listed,
            "usage": task.usage(&usage),
        }),
    }
}

#[cfg(test)]
mod tests;
