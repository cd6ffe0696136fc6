//! Random choices from a seed: a ChaCha8 stream, and sampling that is spelled out here so that it never changes with a
//! library.

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};

#[derive(Debug, Clone)]
pub(super) struct Random(ChaCha8Rng);

impl Random {
    pub(super) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha8Rng::from_seed(seed))
    }

    pub(super) fn bits(&mut self) -> u64 {
        self.0.next_u64()
    }

    pub(super) fn bits32(&mut self) -> u32 {
        u32::try_from(self.bits() >> 32).unwrap_or(0)
    }

    /// A number from 0 to `end`, without it; 0 if `end` is 0. The bias is less than `end` in 2^64.
    pub(super) fn below(&mut self, end: u64) -> u64 {
        u64::try_from(u128::from(self.bits()).wrapping_mul(u128::from(end)) >> 64).unwrap_or(0)
    }

    /// An index into something of that length; 0 if it is empty.
    pub(super) fn index(&mut self, length: usize) -> usize {
        usize::try_from(self.below(length as u64)).unwrap_or(0)
    }

    /// True once in `n` times.
    pub(super) fn chance(&mut self, n: u64) -> bool {
        self.below(n) == 0
    }

    /// A number from `least` to `most`, both included.
    pub(super) fn between(&mut self, least: i64, most: i64) -> i64 {
        least.saturating_add_unsigned(self.below(most.abs_diff(least).saturating_add(1)))
    }

    pub(super) fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        let nth = self.index(from.len());
        from.get(nth)
    }
}
