//! What calls take of the machine and ask of it, and what is beyond everything that was seen of them.
//!
//! The usage that an artifact's checks saw is its profile. A run leaves it with a host call that no check saw, or with
//! more than [`FACTOR`] times the fuel or the memory of any call in its checks. What a departure is called is the same on
//! every machine, whether it was stopped or only seen.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use crate::program::Outcome;

/// How many times the fuel and the memory that checks saw a call may take and still be inside the profile.
pub const FACTOR: u64 = 10;

/// What calls took and asked for: of one call, or the most of many.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Usage {
    /// Fuel of one call.
    pub fuel: u64,
}

impl Usage {
    /// Takes in another usage: the most of both.
    pub fn add(&mut self, other: &Self) {
        self.fuel = self.fuel.max(other.fuel);
    }

    /// The most fuel of a call inside this profile.
    #[must_use]
    pub fn fuel_max(&self) -> u64 {
        self.fuel.saturating_mul(FACTOR)
    }

    /// How `used` leaves this profile; empty if it does not.
    #[must_use]
    pub fn departures(&self, used: &Self) -> BTreeSet<String> {
        let mut found = BTreeSet::new();
        if used.fuel > self.fuel_max() {
            found.insert(self.fuel_departure());
        }
        found
    }

    /// The words for more fuel than the profile has.
    #[must_use]
    pub fn fuel_departure(&self) -> String {
        format!("fuel: more than {FACTOR} times the {} of any call in its checks", self.fuel)
    }
}

impl From<&Outcome> for Usage {
    fn from(outcome: &Outcome) -> Self {
        Self { fuel: outcome.fuel }
    }
}
