//! What calls take of the machine and ask of it, and what is beyond everything that was seen of them.
//!
//! The usage that an artifact's checks saw is its profile (`spec/evidence.md`). What a departure from it is called is the
//! same on every machine, whether it was stopped or only seen.

use std::collections::BTreeSet;
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use crate::imports::{Need, need};
use crate::program::Outcome;

/// How many times the fuel and the memory of its checks a call may take and still be inside the profile.
pub const FACTOR: u64 = 10;

/// What calls took and asked for: of one call, or the most of many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Fuel of one call.
    pub fuel: u64,
    /// Names of the functions of the host that were called, as in `wasi:clocks/wall-clock.now`.
    pub host_calls: BTreeSet<String>,
    /// Linear memory of one call, all memories together.
    pub memory_bytes: u64,
}

impl Usage {
    /// Takes in another usage: the most of both.
    pub fn add(&mut self, other: Self) {
        self.fuel = self.fuel.max(other.fuel);
        self.memory_bytes = self.memory_bytes.max(other.memory_bytes);
        self.host_calls.extend(other.host_calls);
    }

    /// The most fuel of a call inside this profile.
    #[must_use]
    pub fn fuel_max(&self) -> u64 {
        self.fuel.saturating_mul(FACTOR)
    }

    /// The most linear memory of a call inside this profile.
    #[must_use]
    pub fn memory_bytes_max(&self) -> u64 {
        self.memory_bytes.saturating_mul(FACTOR)
    }

    /// Whether a host call is inside this profile: it was seen, it gives no access by itself, or it can't be seen in a check,
    /// which has no directories, of an artifact that asked for them.
    #[must_use]
    pub fn covers(&self, host_call: &str) -> bool {
        let interface = host_call.split_once('.').map_or(host_call, |(interface, _)| interface);
        self.host_calls.contains(host_call)
            || need(&format!("{interface}@0.2.0")) == Need::Nothing
            || (interface == "wasi:filesystem/types"
                && self.host_calls.iter().any(|seen| seen.starts_with("wasi:filesystem/preopens.")))
    }

    /// How `used` leaves this profile; empty if it does not.
    #[must_use]
    pub fn departures(&self, used: &Self) -> BTreeSet<String> {
        let fuel = (used.fuel > self.fuel_max()).then(|| self.fuel_departure());
        let memory = (used.memory_bytes > self.memory_bytes_max()).then(|| self.memory_departure());
        let strange = used.host_calls.iter().filter(|name| !self.covers(name)).map(|name| host_departure(name));
        fuel.into_iter().chain(memory).chain(strange).collect()
    }

    /// The words for more fuel than the profile has.
    #[must_use]
    pub fn fuel_departure(&self) -> String {
        format!("fuel: more than {FACTOR} times the {} of any call in its checks", self.fuel)
    }

    fn memory_departure(&self) -> String {
        format!("memory: more than {FACTOR} times the {} bytes of any call in its checks", self.memory_bytes)
    }
}

fn host_departure(name: &str) -> String {
    format!("host call {name}: none in its checks")
}

impl From<&Outcome> for Usage {
    fn from(outcome: &Outcome) -> Self {
        let host_calls = outcome.host_calls.keys().cloned().collect();
        Self { fuel: outcome.fuel, host_calls, memory_bytes: outcome.memory_bytes }
    }
}

/// Holds an instance to a profile, if there is one: what leaves it is refused, and ends the call.
#[derive(Debug, Default)]
pub(crate) struct Held {
    profile: Option<Arc<Usage>>,
    departed: Option<String>,
}

impl Held {
    pub fn to(profile: Option<Arc<Usage>>) -> Self {
        Self { profile, departed: None }
    }

    /// How the instance left the profile.
    pub fn departed(&self) -> Option<&String> {
        self.departed.as_ref()
    }

    /// Before a host call is carried out: the error that ends the call instead.
    pub fn refuses(&mut self, host_call: &str) -> Option<wasmtime::Error> {
        let strange = self.profile.as_ref().is_some_and(|profile| !profile.covers(host_call));
        strange.then(|| self.depart(host_departure(host_call)))
    }

    /// Before an instance has this much linear memory.
    ///
    /// # Errors
    /// What ends the call instead.
    pub fn grows(&mut self, memory_bytes: u64) -> wasmtime::Result<()> {
        let beyond = self.profile.as_ref().filter(|profile| memory_bytes > profile.memory_bytes_max());
        match beyond.map(|profile| profile.memory_departure()) {
            Some(how) => Err(self.depart(how)),
            None => Ok(()),
        }
    }

    fn depart(&mut self, how: String) -> wasmtime::Error {
        wasmtime::Error::msg(format!("left its profile: {}", self.departed.insert(how)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: &str = "wasi:clocks/wall-clock.now";
    const DIRECTORIES: &str = "wasi:filesystem/preopens.get-directories";
    const OPEN: &str = "wasi:filesystem/types.descriptor.open-at";

    fn usage(fuel: u64, memory_bytes: u64, host_calls: &[&str]) -> Usage {
        Usage { fuel, memory_bytes, host_calls: host_calls.iter().map(|name| (*name).to_owned()).collect() }
    }

    #[test]
    fn a_profile_is_the_most_of_what_was_seen() {
        let mut profile = usage(7, 65536, &[NOW]);
        profile.add(usage(5, 131_072, &[DIRECTORIES]));
        assert_eq!(profile, usage(7, 131_072, &[NOW, DIRECTORIES]));
        assert!(profile.departures(&usage(70, 1_310_720, &[NOW, DIRECTORIES])).is_empty());
        let words = profile.departures(&usage(71, 1_310_721, &[OPEN, "wasi:random/random.get-random-u64"]));
        let wanted = [
            "fuel: more than 10 times the 7 of any call in its checks",
            "host call wasi:random/random.get-random-u64: none in its checks",
            "memory: more than 10 times the 131072 bytes of any call in its checks",
        ];
        assert!(words.iter().eq(wanted), "{words:?}");
    }

    #[test]
    fn what_a_check_can_not_see_is_inside_the_profile_of_what_asked_for_it() {
        let plumbing = ["wasi:io/streams.input-stream.read", "wasi:io/poll.poll", "wasi:cli/exit.exit"];
        for name in plumbing {
            assert!(usage(0, 0, &[]).covers(name), "{name}");
        }
        for name in [NOW, DIRECTORIES, OPEN, "wasi:clocks/monotonic-clock.now", "env.anything", ""] {
            assert!(!usage(0, 0, &["wasi:clocks/wall-clock.resolution"]).covers(name), "{name}");
        }
        assert!(usage(0, 0, &[DIRECTORIES]).covers(OPEN));
        assert!(!usage(0, 0, &[OPEN]).covers(DIRECTORIES));
    }

    #[test]
    fn without_evidence_everything_is_a_departure() {
        let nothing = Usage::default();
        assert_eq!(nothing.departures(&usage(1, 1, &[NOW])).len(), 3);
        assert!(usage(u64::MAX, u64::MAX, &[NOW]).departures(&usage(u64::MAX, u64::MAX, &[NOW])).is_empty());
    }

    #[test]
    fn what_is_held_is_refused_with_the_words_of_a_departure() {
        let profile = usage(7, 100, &[NOW]);
        let mut held = Held::to(Some(Arc::new(profile.clone())));
        assert!(held.refuses(NOW).is_none() && held.grows(1000).is_ok() && held.departed().is_none());
        assert!(held.grows(1001).is_err());
        assert_eq!(held.departed(), profile.departures(&usage(0, 1001, &[])).first());
        assert!(held.refuses(DIRECTORIES).is_some());
        assert_eq!(held.departed(), profile.departures(&usage(0, 0, &[DIRECTORIES])).first());
        let mut free = Held::to(None);
        assert!(free.refuses(DIRECTORIES).is_none() && free.grows(u64::MAX).is_ok());
    }
}
