//! Cuts a check's work into a fixed number of shards and merges their results in shard order.
//!
//! The number of threads decides how long it takes and nothing else: a shard that stops the search counts only if no
//! shard before it did, and shards after it are left out of the merge even when they were finished.

use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};

use crate::checks::Progress;

/// Shards of every sharded check. Part of the evidence's definition: changing it changes evidence.
pub const SHARDS: usize = 64;

/// What one shard returns.
pub trait Merge {
    /// Whether the search ends with this shard.
    fn stops(&self) -> bool;
}

/// Progress of all shards together, and whether a shard's work still counts.
pub struct Watch<'a> {
    stopped_at: AtomicUsize,
    done: AtomicU64,
    planned: u64,
    progress: Progress<'a>,
}

impl Watch<'_> {
    /// Counts one execution. `false` when the shard's result can't matter any more, so that it may return early.
    pub fn step(&self, shard: usize) -> bool {
        let done = self.done.fetch_add(1, Ordering::Relaxed).saturating_add(1);
        if done.is_multiple_of(256) {
            (self.progress)(done.min(self.planned), self.planned);
        }
        shard <= self.stopped_at.load(Ordering::Relaxed)
    }
}

/// Runs `work` for each shard on `threads` threads and returns the results in shard order, up to and including the
/// first that stops. `each_thread` makes what a thread keeps between shards (an evaluator, for example).
pub fn run<K, R: Merge + Send>(
    threads: usize,
    planned: u64,
    progress: Progress<'_>,
    each_thread: impl Fn() -> K + Sync,
    work: impl Fn(&mut K, usize, &Watch<'_>) -> R + Sync,
) -> Vec<R> {
    let watch = Watch { stopped_at: AtomicUsize::new(usize::MAX), done: AtomicU64::new(0), planned, progress };
    let next = AtomicUsize::new(0);
    let results: Mutex<Vec<Option<R>>> = Mutex::new((0..SHARDS).map(|_| None).collect());
    std::thread::scope(|scope| {
        for _ in 0..threads.clamp(1, SHARDS) {
            scope.spawn(|| {
                let mut kept = each_thread();
                loop {
                    let shard = next.fetch_add(1, Ordering::Relaxed);
                    if shard >= SHARDS || shard > watch.stopped_at.load(Ordering::Relaxed) {
                        return;
                    }
                    let result = work(&mut kept, shard, &watch);
                    if result.stops() {
                        watch.stopped_at.fetch_min(shard, Ordering::Relaxed);
                    }
                    if let Ok(mut results) = results.lock()
                        && let Some(slot) = results.get_mut(shard)
                    {
                        *slot = Some(result);
                    }
                }
            });
        }
    });
    let last = watch.stopped_at.load(Ordering::Relaxed);
    let results = results.into_inner().unwrap_or_default();
    results.into_iter().take(last.saturating_add(1)).flatten().collect()
}

/// How many of `total` executions fall to `shard`: they differ by one at the most.
#[must_use]
pub fn share(total: u64, shard: usize) -> u64 {
    const COUNT: u64 = SHARDS as u64;
    let whole = total.checked_div(COUNT).unwrap_or(0);
    let left_over = total.saturating_sub(whole.saturating_mul(COUNT));
    whole.saturating_add(u64::from((shard as u64) < left_over))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Found(u64, bool);

    impl Merge for Found {
        fn stops(&self) -> bool {
            self.1
        }
    }

    fn numbers(threads: usize, stops: &[usize]) -> Vec<u64> {
        let found = run(
            threads,
            64,
            &|_, _| {},
            || (),
            |(), shard, watch| {
                watch.step(shard);
                Found(shard as u64, stops.contains(&shard))
            },
        );
        found.iter().map(|found| found.0).collect()
    }

    #[test]
    fn results_are_in_order_and_end_at_the_first_stop_with_any_number_of_threads() {
        for threads in [1, 2, 3, 8, 64, 1000] {
            assert_eq!(numbers(threads, &[]), (0..64).collect::<Vec<_>>());
            assert_eq!(numbers(threads, &[40, 17, 63]), (0..=17).collect::<Vec<_>>());
            assert_eq!(numbers(threads, &[0]), [0]);
        }
    }

    #[test]
    fn shares_add_up() {
        for total in [0, 1, 63, 64, 65, 65_536, 1_000_003] {
            assert_eq!((0..SHARDS).map(|shard| share(total, shard)).sum::<u64>(), total);
        }
    }
}
