//! What a check puts behind capabilities: drawn from a seed, and such as a run on a machine may have.
//!
//! An artifact must not see from a value that it is being checked. Of a time that stood still at 1970, or went on by the same
//! step each time, it would.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng, SeedableRng};
use wasmtime_wasi::{HostMonotonicClock, HostWallClock};

/// The time at which a check may take place: 2025 to 2044, in seconds since 1970.
const SECONDS: (u64, u64) = (1_735_689_600, 2_366_841_600);
/// What passes between two looks at the clock is from 2^5 ns, the least that a machine takes, to 2^32 ns: four seconds of work or
/// sleep. Each power of two is as likely as the others.
const STEP_BITS: (u64, u64) = (5, 32);
/// The longest standard input, in bytes.
const STDIN_BYTES_MAX: u64 = 200;

/// A source of choices.
pub(super) struct Drawn(pub ChaCha8Rng);

impl Drawn {
    /// A number below `bound`, which is not 0 and far below 2^64.
    fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64().checked_rem(bound).unwrap_or(0)
    }

    /// Nothing in one of four; else lines of text, and now and then a byte that is no text.
    pub fn stdin(mut self) -> Vec<u8> {
        let length = if self.below(4) == 0 { 0 } else { self.below(STDIN_BYTES_MAX).saturating_add(1) };
        (0..length)
            .map(|_| match self.below(32) {
                0 => self.0.next_u64().to_le_bytes()[0],
                1..4 => b'\n',
                4..8 => b' ',
                8..12 => b'0'.saturating_add(self.below(10).to_le_bytes()[0]),
                _ => b'!'.saturating_add(self.below(94).to_le_bytes()[0]),
            })
            .collect()
    }
}

/// Both clocks of an instance: what passes on one passes on the other.
#[derive(Clone)]
pub(super) struct Clock {
    /// The time of day at which the instance began.
    began: Duration,
    passed: Arc<Mutex<(Duration, Drawn)>>,
}

impl Clock {
    pub fn new(drawn: &mut Drawn) -> Self {
        let (first, last) = SECONDS;
        let seconds = first.saturating_add(drawn.below(last.saturating_sub(first)));
        let began = Duration::from_secs(seconds).saturating_add(Duration::from_nanos(drawn.below(1_000_000_000)));
        let steps = Drawn(ChaCha8Rng::from_rng(&mut drawn.0));
        Self { began, passed: Arc::new(Mutex::new((Duration::ZERO, steps))) }
    }

    /// What passed since the instance began, a little more each time.
    fn passed(&self) -> Duration {
        let mut passed = self.passed.lock().unwrap_or_else(PoisonError::into_inner);
        let (now, steps) = &mut *passed;
        let (least, most) = STEP_BITS;
        let bits = least.saturating_add(steps.below(most.saturating_sub(least)));
        let power = 1_u64.checked_shl(u32::try_from(bits).unwrap_or(0)).unwrap_or(1);
        *now = now.saturating_add(Duration::from_nanos(power.saturating_add(steps.below(power))));
        *now
    }
}

impl HostWallClock for Clock {
    fn resolution(&self) -> Duration {
        Duration::from_nanos(1)
    }

    fn now(&self) -> Duration {
        self.began.saturating_add(self.passed())
    }
}

impl HostMonotonicClock for Clock {
    fn resolution(&self) -> u64 {
        1
    }

    fn now(&self) -> u64 {
        u64::try_from(self.passed().as_nanos()).unwrap_or(u64::MAX)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn drawn(seed: u8) -> Drawn {
        Drawn(ChaCha8Rng::from_seed([seed; 32]))
    }

    #[test]
    fn both_clocks_go_on_together_from_a_time_that_could_be_now() {
        let (mut short, mut long) = (0, 0);
        for seed in 0..64 {
            let clock = Clock::new(&mut drawn(seed));
            let wall = |clock: &Clock| HostWallClock::now(clock);
            let (day, passed, later) = (wall(&clock), HostMonotonicClock::now(&clock), wall(&clock));
            assert!(day.as_secs() >= SECONDS.0 && later.as_secs() < SECONDS.1 + 60, "{day:?}");
            assert!(passed > 32 && later - clock.began > Duration::from_nanos(passed) && later > day);
            short += u32::from(later - day < Duration::from_micros(1));
            long += u32::from(later - day > Duration::from_millis(1));
            assert_eq!(wall(&Clock::new(&mut drawn(seed))), day, "from the seed alone");
        }
        assert!(short > 0 && long > 8, "{short} {long}");
    }

    #[test]
    fn standard_input_is_there_or_not() {
        let all: Vec<Vec<u8>> = (0..64).map(|seed| drawn(seed).stdin()).collect();
        assert!(all.iter().any(Vec::is_empty) && all.iter().any(|one| one.contains(&b'\n') && one.len() > 20));
        assert_eq!(all[9], drawn(9).stdin());
    }
}
