//! `interference`: can a secret input reach an output that must not carry it?
//!
//! Calls are made in pairs that differ in one `[[secret]]` alone, each in a fresh instance. Whatever is public must be the same
//! in both: the result, how the call ended, what was written, and the fuel where the contract says `constant_fuel`.

use std::sync::Arc;

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Call, Evaluator, Exports, Pair, Secret, Value, shrink};
use proofmark_mark::evidence::{Counterexample, Outcome};
use proofmark_run::wasi::World;
use proofmark_run::{Ended, Outcome as Called, Program};
use serde_json::json;

use super::{Finding, Progress, Task, counts, not_callable};
use crate::judge::shown;
use crate::shards::{self, Merge, SHARDS, Watch};

/// Pairs generated for each one asked for, at most, in search of ones that a narrow `releases` leaves.
const GENERATED_MAX: u64 = 16;
/// A secret is not looked at where less than one in this many pairs is left to compare.
const VACUOUS: u64 = 1000;
/// The part of a contract's total fuel that is spent here on each secret.
const FUEL_PART: u64 = 10;
/// Pairs that shrinking one leak may run.
const SHRINK_PAIRS_MAX: u32 = 500;
/// Fuel that shrinking one leak may take.
const SHRINK_FUEL_MAX: u64 = 1_000_000_000;
/// Evaluator steps that shrinking one leak may take.
const SHRINK_STEPS_MAX: u64 = 200_000_000;

/// Compares pairs of calls for every secret of the contract.
#[must_use]
pub fn run(task: &Task<'_>, progress: Progress<'_>) -> Finding {
    let secrets = &task.contract.secrets;
    if secrets.is_empty() {
        return finding(&[]);
    }
    let program = match task.program() {
        Ok(program) => Arc::new(program),
        Err(error) => return not_callable("interference", &error),
    };
    let planned = task.executions.saturating_mul(secrets.len() as u64);
    let mut looked = Vec::new();
    for (nth, secret) in (0_u64..).zip(secrets) {
        let before = nth.saturating_mul(task.executions);
        let shifted = |done: u64, _: u64| progress(before.saturating_add(done), planned);
        looked.push(Looked { secret, tally: search(task, &program, secret, nth, &shifted) });
    }
    finding(&looked)
}

/// What was done for one secret, in one shard or in all.
#[derive(Debug, Default)]
struct Tally {
    generated: u64,
    /// Pairs that were called and compared.
    pairs: u64,
    /// Tries that gave no pair, and pairs that `releases` tells apart.
    discarded: u64,
    fuel: u64,
    /// Shards whose share of the fuel ran out before their pairs were done.
    out_of_fuel: u64,
    leak: Option<(Pair, Leak)>,
    undecided: Option<String>,
}

struct Looked<'a> {
    secret: &'a Secret,
    tally: Tally,
}

impl Merge for Tally {
    fn stops(&self) -> bool {
        self.leak.is_some()
    }
}

/// What tells two calls apart.
#[derive(Debug, Clone, PartialEq)]
struct Leak {
    by: By,
    first: String,
    second: String,
}

/// Where a leak shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum By {
    Result,
    Trap,
    Stdout,
    Stderr,
    Fuel,
}

impl By {
    fn words(self) -> &'static str {
        match self {
            Self::Result => "the result",
            Self::Trap => "how the call ends",
            Self::Stdout => "standard output",
            Self::Stderr => "standard error",
            Self::Fuel => "the fuel",
        }
    }
}

/// What came of one pair.
enum Compared {
    Same,
    Differ(Leak),
    /// Why it has no answer.
    Undecided(String),
}

/// Calls pairs of one secret. One for each thread.
struct Pairs<'a> {
    secret: &'a Secret,
    program: &'a Arc<Program>,
    evaluator: Evaluator,
}

fn search(task: &Task<'_>, program: &Arc<Program>, secret: &Secret, nth: u64, progress: Progress<'_>) -> Tally {
    let dictionary = Dictionary::of(task.contract);
    let exports: Arc<dyn Exports> = Arc::<Program>::clone(program);
    let pairs = || Pairs { secret, program, evaluator: Evaluator::new(&task.contract.interface, Arc::clone(&exports)) };
    let results = shards::run(task.threads, task.executions, progress, pairs, |pairs, shard, watch| {
        let name = secret.of.full_name();
        let parts = [b"interference", name.as_bytes(), &nth.to_be_bytes(), &(shard as u64).to_be_bytes()];
        one_shard(task, pairs, Source::new(task.challenge.derive(&parts), &dictionary), shard, watch)
    });
    let mut total = Tally::default();
    for shard in results {
        total.generated = total.generated.saturating_add(shard.generated);
        total.pairs = total.pairs.saturating_add(shard.pairs);
        total.discarded = total.discarded.saturating_add(shard.discarded);
        total.fuel = total.fuel.saturating_add(shard.fuel);
        total.out_of_fuel = total.out_of_fuel.saturating_add(shard.out_of_fuel);
        total.undecided = total.undecided.or(shard.undecided);
        total.leak = total.leak.or(shard.leak);
    }
    total.leak = total.leak.map(|(pair, leak)| pairs().shrink(pair, leak));
    total
}

fn one_shard(task: &Task<'_>, pairs: &Pairs<'_>, mut source: Source, shard: usize, watch: &Watch<'_>) -> Tally {
    let target = shards::share(task.executions, shard);
    let fuel_max = shards::share(task.contract.budget.total_fuel / FUEL_PART, shard);
    let mut tally = Tally::default();
    while tally.pairs < target && tally.generated < target.saturating_mul(GENERATED_MAX) {
        if tally.fuel >= fuel_max {
            tally.out_of_fuel = 1;
            break;
        }
        tally.generated = tally.generated.saturating_add(1);
        let pair = source.pair(pairs.secret).map(|pair| pairs.may_be_compared(&pair).map(|may| (pair, may)));
        let pair = match pair {
            Some(Ok((pair, true))) => pair,
            Some(Err(why)) => {
                tally.undecided.get_or_insert(why);
                continue;
            }
            Some(Ok((_, false))) | None => {
                tally.discarded = tally.discarded.saturating_add(1);
                continue;
            }
        };
        if !watch.step(shard) {
            break;
        }
        let (compared, fuel) = pairs.compare(&pair);
        tally.fuel = tally.fuel.saturating_add(fuel);
        match compared {
            Compared::Same => tally.pairs = tally.pairs.saturating_add(1),
            Compared::Undecided(why) => {
                tally.undecided.get_or_insert(why);
                break;
            }
            Compared::Differ(leak) => {
                tally.pairs = tally.pairs.saturating_add(1);
                tally.leak = Some((pair, leak));
                break;
            }
        }
    }
    tally
}

impl Pairs<'_> {
    /// Whether all that may be told is the same for both inputs, or why that has no answer.
    fn may_be_compared(&self, pair: &Pair) -> Result<bool, String> {
        let Some(releases) = &self.secret.releases else { return Ok(true) };
        let (first, second) = (self.secret.arguments(&pair.first), self.secret.arguments(&pair.second));
        self.evaluator.agrees(releases, first, second).map_err(|error| {
            format!("`releases` can't be evaluated for `{}`: {error}", shown(&self.called(&pair.first)))
        })
    }

    /// Calls both and compares; with the fuel of all calls.
    fn compare(&self, pair: &Pair) -> (Compared, u64) {
        let (first, second) = (self.call(&pair.first), self.call(&pair.second));
        let fuel = first.fuel.saturating_add(second.fuel);
        let Some(leak) = self.leak((&pair.first, &first), (&pair.second, &second)) else {
            return (Compared::Same, fuel);
        };
        // What differs by itself says nothing about the secret.
        let again = self.call(&pair.first);
        let fuel = fuel.saturating_add(again.fuel);
        let compared = match self.leak((&pair.first, &first), (&pair.first, &again)) {
            None => Compared::Differ(leak),
            Some(other) => Compared::Undecided(format!(
                "`{}` gives another answer when it is called again ({} differs), so pairs tell nothing",
                shown(&self.called(&pair.first)),
                other.by.words()
            )),
        };
        (compared, fuel)
    }

    fn call(&self, input: &[Value]) -> Called {
        let around = self.secret.surroundings(input);
        let seed = World::seed(around.seed);
        let world = World::Posed { seed, environment: around.environment, stdin: around.stdin.into_bytes() };
        self.program.call_in(&world, &self.secret.of, self.secret.arguments(input))
    }

    /// What tells two calls apart, the plainest first.
    fn leak(&self, (a_input, a): (&[Value], &Called), (b_input, b): (&[Value], &Called)) -> Option<Leak> {
        let secret = self.secret;
        let same_end = match (&a.ended, &b.ended) {
            (Ended::Returned(Some(first)), Ended::Returned(Some(second))) => {
                let given = |input| secret.arguments(input);
                secret.same_result((given(a_input), first), (given(b_input), second))
            }
            (first, second) => first.same(second),
        };
        let by = if !same_end {
            let trapped = |called: &Called| matches!(called.ended, Ended::Trapped(_));
            if trapped(a) || trapped(b) { By::Trap } else { By::Result }
        } else if !secret.stdout_may && a.written.stdout != b.written.stdout {
            By::Stdout
        } else if !secret.stderr_may && a.written.stderr != b.written.stderr {
            By::Stderr
        } else if secret.constant_fuel && a.fuel != b.fuel {
            By::Fuel
        } else {
            return None;
        };
        let told = |called: &Called| match by {
            By::Result | By::Trap => called.ended.to_string(),
            By::Stdout => format!("{:?}", String::from_utf8_lossy(&called.written.stdout)),
            By::Stderr => format!("{:?}", String::from_utf8_lossy(&called.written.stderr)),
            By::Fuel => format!("{} fuel", called.fuel),
        };
        Some(Leak { by, first: told(a), second: told(b) })
    }

    /// The simplest pair found that leaks in the same place, by calling again.
    fn shrink(&self, mut pair: Pair, mut leak: Leak) -> (Pair, Leak) {
        let (mut runs, mut fuel, before) = (0_u32, 0_u64, self.evaluator.steps());
        'simpler: loop {
            for candidate in shrink::pairs(self.secret, &pair) {
                if self.may_be_compared(&candidate) != Ok(true) {
                    continue;
                }
                runs = runs.saturating_add(1);
                let steps = self.evaluator.steps().saturating_sub(before);
                if runs > SHRINK_PAIRS_MAX || fuel > SHRINK_FUEL_MAX || steps > SHRINK_STEPS_MAX {
                    return (pair, leak);
                }
                let (compared, used) = self.compare(&candidate);
                fuel = fuel.saturating_add(used);
                if let Compared::Differ(found) = compared
                    && found.by == leak.by
                {
                    (pair, leak) = (candidate, found);
                    continue 'simpler;
                }
            }
            return (pair, leak);
        }
    }

    fn called(&self, input: &[Value]) -> String {
        called(self.secret, input)
    }
}

/// The call in WAVE, without what capabilities hold.
fn called(secret: &Secret, input: &[Value]) -> String {
    Call { function: Arc::clone(&secret.of), args: secret.arguments(input).to_vec() }.to_string()
}

/// What capabilities hold, as the options of `proofmark call`; empty where no capability is secret.
fn options(secret: &Secret, input: &[Value]) -> String {
    let around = secret.surroundings(input);
    let mut options: Vec<String> = Vec::new();
    options.extend(around.environment.iter().map(|(name, value)| format!("--env {:?}", format!("{name}={value}"))));
    if !around.stdin.is_empty() {
        options.push(format!("--stdin {:?}", around.stdin));
    }
    if around.seed != 0 {
        options.push(format!("--seed {}", around.seed));
    }
    options.join(" ")
}

fn counterexample(secret: &Secret, pair: &Pair, leak: &Leak) -> Counterexample {
    let (call, second) = (called(secret, &pair.first), called(secret, &pair.second));
    let with = |input| Some(options(secret, input)).filter(|options| !options.is_empty());
    let with = |input| with(input).map(|options| format!(" with {options}")).unwrap_or_default();
    let (first_with, second_with) = (with(&pair.first), with(&pair.second));
    let other = if call == second { "the same call".to_owned() } else { format!("`{}`", shown(&second)) };
    let got = format!(
        "{}{first_with}, but {} from {other}{}",
        shown(&leak.first),
        shown(&leak.second),
        if first_with.is_empty() || !second_with.is_empty() { second_with } else { " without them".to_owned() }
    );
    let violated = format!("{} does not tell {} apart", leak.by.words(), names(secret));
    Counterexample { property: "interference".to_owned(), call, violated, got, held_out: false }
}

fn names(secret: &Secret) -> String {
    let names: Vec<String> = secret.names.iter().map(|name| format!("`{name}`")).collect();
    format!("{} of `{}`", names.join(", "), secret.of.full_name())
}

fn finding(looked: &[Looked<'_>]) -> Finding {
    let leaks = || looked.iter().filter_map(|of| Some((of.secret, of.tally.leak.as_ref()?)));
    let counterexamples: Vec<Counterexample> =
        leaks().map(|(secret, (pair, leak))| counterexample(secret, pair, leak)).collect();
    let (outcome, reason) = conclusion(looked);
    let listed: Vec<_> = looked
        .iter()
        .map(|Looked { secret, tally }| {
            json!({
                "function": secret.of.full_name(),
                "secret": secret.names,
                "generated": tally.generated,
                "pairs": tally.pairs,
                "discarded": tally.discarded,
                "fuel": tally.fuel,
                "shards_out_of_fuel": tally.out_of_fuel,
            })
        })
        .collect();
    Finding {
        outcome,
        reason,
        counts: counts([
            ("secrets", looked.len() as u64),
            ("pairs", looked.iter().map(|of| of.tally.pairs).min().unwrap_or(0)),
            ("discarded", looked.iter().fold(0_u64, |sum, of| sum.saturating_add(of.tally.discarded))),
            ("leaks", counterexamples.len() as u64),
        ]),
        counterexamples,
        details: json!({ "shards": SHARDS, "secrets": listed }),
    }
}

fn conclusion(looked: &[Looked<'_>]) -> (Outcome, Option<String>) {
    if let Some((secret, leak)) = looked.iter().find_map(|of| Some((of.secret, &of.tally.leak.as_ref()?.1))) {
        return (Outcome::Failed, Some(format!("{} tells {} apart", leak.by.words(), names(secret))));
    }
    if let Some(why) = looked.iter().find_map(|of| of.tally.undecided.clone()) {
        return (Outcome::Unknown, Some(why));
    }
    let vacuous = |of: &&Looked<'_>| of.tally.pairs.saturating_mul(VACUOUS) < of.tally.generated || of.tally.pairs == 0;
    if let Some(of) = looked.iter().find(vacuous) {
        let why = format!("vacuous: less than 1 in {VACUOUS} pairs for {} is left to compare", names(of.secret));
        return (Outcome::Unknown, Some(why));
    }
    (Outcome::Passed, None)
}

#[cfg(test)]
mod tests;
