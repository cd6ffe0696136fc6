//! The profile of a mark: what its checks saw of the artifact's calls, as its evidence says it.
//!
//! What is not in the evidence was not seen: a mark without any has a profile that every call leaves.

use proofmark_mark::evidence::Evidence;
use proofmark_run::usage::Usage;
use serde::Deserialize as _;

/// The most that any check saw of any call.
#[must_use]
pub fn of(evidence: &[Evidence]) -> Usage {
    let mut profile = Usage::default();
    for seen in evidence.iter().filter_map(|one| Usage::deserialize(one.details.get("usage")?).ok()) {
        profile.add(&seen);
    }
    profile
}
