//! Instances that go on for long, and instances whose memory other calls have filled.
//!
//! WebAssembly promises zeros in memory that no data segment fills, and programs rest on it, so nothing here writes into an
//! instance from outside: what it holds when it is called is what calls of its own have left.

use std::sync::Arc;

use proofmark_contract::generate::{Dictionary, Source, filling};
use proofmark_contract::{Function, Value};
use proofmark_run::usage::Usage;
use proofmark_run::wasi::World;
use proofmark_run::{Ended, Program};

use super::kept::{Compared, Kept};
use super::{Difference, both};
use crate::checks::{Progress, Task};

/// Calls in one instance: more than 10,000 of the function itself, beside those of others.
const CALLS: u64 = 12_288;
/// One call in so many is one of another function, where there is another.
const OTHERS: u64 = 8;
/// Where each comparison takes a replay, one call in so many is compared.
const REPLAYED: u64 = 8;
/// Instances that may end early before it is given up.
const STOPPED_MAX: u64 = 64;
/// Calls compared in one instance after its memory was filled.
const AFTER_FILLING: usize = 4;
/// How long the lists and texts are that fill memory: the first that the function returns from.
const LENGTHS: [usize; 3] = [4096, 256, 16];
/// Other functions that fill memory too.
const FILLERS_MAX: usize = 4;
/// The part of a contract's total fuel that is spent here on each function.
const FUEL_PART: u64 = 20;

/// Inputs of one function, with how their calls end in fresh instances: each returned.
pub struct Pool {
    pub function: Arc<Function>,
    pub known: Vec<(Vec<Value>, Ended)>,
}

/// What was looked at for one function.
#[derive(Debug, Default)]
pub struct Deep {
    /// The most calls that one instance had when it was last compared.
    pub longest: u64,
    /// Calls that were compared after others in one instance.
    pub compared: u64,
    /// Instances that ended early.
    pub stopped: u64,
    /// Calls that were compared after memory was filled.
    pub filled: u64,
    /// Calls that a fresh instance, answered alike, asks something else in.
    pub asked_otherwise: u64,
    pub usage: Usage,
    pub(super) difference: Option<Difference>,
}

/// With what one looks.
pub struct Look<'a> {
    pub task: &'a Task<'a>,
    pub program: &'a Program,
    /// As for [`Kept`].
    pub taped: Option<&'a World>,
    pub dictionary: &'a Dictionary,
    pub pools: &'a [Pool],
    pub progress: Progress<'a>,
}

impl Look<'_> {
    /// Looks at the function of the `nth` pool, until something differs.
    pub fn at(&self, nth: usize) -> Deep {
        let mut deep = Deep::default();
        let Some(pool) = self.pools.get(nth).filter(|pool| !pool.known.is_empty()) else { return deep };
        let mut kept = Kept::new(self.program, self.taped);
        self.fill(nth, pool, &mut kept, &mut deep);
        if deep.difference.is_none() {
            kept.renew();
            self.go_on(nth, pool, &mut kept, &mut deep);
        }
        deep.usage = kept.usage;
        deep
    }

    fn fuel_max(&self) -> u64 {
        self.task.contract.budget.total_fuel / FUEL_PART
    }

    /// Fills the memory of instances by calls with large inputs, and compares what comes next.
    fn fill(&self, nth: usize, pool: &Pool, kept: &mut Kept<'_>, deep: &mut Deep) {
        let others = self.pools.iter().enumerate().filter(|(other, _)| *other != nth).map(|(_, other)| other);
        let pools = std::iter::once(pool).chain(others.take(FILLERS_MAX));
        let fillers: Vec<(&Function, Vec<Value>)> = pools.filter_map(|pool| self.filler(pool, kept)).collect();
        for (before, some) in pool.known.chunks(AFTER_FILLING).enumerate() {
            if kept.fuel >= self.fuel_max() {
                return;
            }
            (self.progress)(before as u64, 0);
            kept.renew();
            if !fillers.iter().all(|(function, arguments)| kept.fill(function, arguments)) {
                return;
            }
            for (arguments, fresh) in some {
                let compared = kept.call(&pool.function, arguments, fresh);
                if !matches!(compared, Compared::AskedOtherwise) {
                    deep.filled = deep.filled.saturating_add(1);
                }
                let where_ = || "in a fresh instance and in one whose memory other calls had filled".to_owned();
                if !deep.note(compared, arguments, where_) {
                    break;
                }
            }
            if deep.difference.is_some() {
                return;
            }
        }
    }

    /// The largest input that fills memory and returns.
    fn filler<'p>(&self, pool: &'p Pool, kept: &mut Kept<'_>) -> Option<(&'p Function, Vec<Value>)> {
        LENGTHS.iter().find_map(|length| {
            let arguments = filling(&pool.function, *length);
            kept.renew();
            kept.fill(&pool.function, &arguments).then_some((&*pool.function, arguments))
        })
    }

    /// Calls one instance for as long as it goes on.
    fn go_on(&self, nth: usize, pool: &Pool, kept: &mut Kept<'_>, deep: &mut Deep) {
        let name = pool.function.full_name();
        let seed = self.task.challenge.derive(&[b"determinism", b"long", name.as_bytes()]);
        let mut source = Source::new(seed, self.dictionary);
        let others: Vec<&Pool> = self
            .pools
            .iter()
            .enumerate()
            .filter(|(other, pool)| *other != nth && !pool.known.is_empty())
            .map(|(_, pool)| pool)
            .collect();
        let fuel_max = kept.fuel.saturating_add(self.fuel_max());
        for call in 1..=CALLS {
            if kept.fuel >= fuel_max || deep.stopped > STOPPED_MAX {
                return;
            }
            if call.is_multiple_of(256) {
                (self.progress)(call, 0);
            }
            let another = call.is_multiple_of(OTHERS).then(|| others.get(source.choose(others.len()))).flatten();
            let asked = another.copied().unwrap_or(pool);
            let Some((arguments, fresh)) = asked.known.get(source.choose(asked.known.len())) else { return };
            if another.is_some() || (self.taped.is_some() && call % REPLAYED != REPLAYED / 2) {
                if !kept.fill(&asked.function, arguments) {
                    deep.stopped = deep.stopped.saturating_add(1);
                    kept.renew();
                }
                continue;
            }
            let compared = kept.call(&pool.function, arguments, fresh);
            if matches!(compared, Compared::Same | Compared::Differs(..)) {
                deep.compared = deep.compared.saturating_add(1);
                deep.longest = deep.longest.max(kept.calls);
            }
            let before = kept.calls.saturating_sub(1);
            let where_ = || format!("in a fresh instance and in one that was called {before} times before");
            if !deep.note(compared, arguments, where_) {
                if deep.difference.is_some() {
                    return;
                }
                kept.renew();
            }
        }
    }
}

impl Deep {
    /// Takes in how a call compares; whether the instance can go on.
    fn note(&mut self, compared: Compared, arguments: &[Value], where_: impl FnOnce() -> String) -> bool {
        match compared {
            Compared::Same => true,
            Compared::AskedOtherwise => {
                self.asked_otherwise = self.asked_otherwise.saturating_add(1);
                true
            }
            Compared::Stopped(..) => {
                self.stopped = self.stopped.saturating_add(1);
                false
            }
            Compared::Differs(fresh, kept) => {
                let (where_, got) = (where_(), both(&fresh, &kept));
                self.difference = Some(Difference { arguments: arguments.to_vec(), where_, got });
                false
            }
        }
    }
}
