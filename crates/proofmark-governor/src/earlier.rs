//! Calls that broke a contract before, from the log: `properties` and `reference` try them on every artifact that comes after.
//!
//! Only what evidence says in the open is used, so nothing that is held out comes back this way. What was used stands in the
//! evidence, which stays a function of what is in the mark.

use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::evidence::{Counterexample, Evidence};
use proofmark_mark::statement::Statement;
use proofmark_mark::verdict::Verdict;

use crate::home::Home;
use crate::index::Key;
use crate::log::{LogError, View};

/// How many of the latest refusals are read.
const REFUSALS_MAX: usize = 64;
/// How many calls are tried again, and how long one may be, in bytes.
const CALLS_MAX: usize = 64;
const CALL_BYTES_MAX: usize = 16 << 10;

/// The calls of the latest public counterexamples to a contract, each once, the latest first.
///
/// # Errors
/// What keeps the log from being read. An envelope that is not what its entry says has no calls.
pub fn calls(home: &mut Home, contract: Digest) -> Result<Vec<String>, LogError> {
    let Home { log, index, .. } = home;
    let view = log.view();
    let refusals = index.find(view, Key::Refused { contract })?;
    let mut calls = Vec::new();
    for at in refusals.into_iter().rev().take(REFUSALS_MAX) {
        for found in counterexamples(view, at)? {
            let fits = !found.held_out && !found.call.is_empty() && found.call.len() <= CALL_BYTES_MAX;
            if fits && !calls.contains(&found.call) {
                calls.push(found.call);
            }
            if calls.len() >= CALLS_MAX {
                return Ok(calls);
            }
        }
    }
    Ok(calls)
}

/// Whether a check tries them, and its counterexamples are among them.
#[must_use]
pub fn tries(check: &str) -> bool {
    matches!(check, "properties" | "reference")
}

/// The counterexamples of these checks that a verdict rests on.
fn counterexamples(view: &View, verdict: u64) -> Result<Vec<Counterexample>, LogError> {
    let Some((_, entry)) = view.entries(verdict..verdict.saturating_add(1)).next().transpose()? else {
        return Ok(Vec::new());
    };
    let envelope = view.envelope(&entry)?;
    let Ok(verdict) = Statement::<Verdict>::parse(envelope.unverified_payload()) else { return Ok(Vec::new()) };
    let mut found = Vec::new();
    for input in verdict.predicate.input_attestations.iter().filter(|input| tries(&input.uri)) {
        let bytes = view.store.blob(&input.digest.sha256)?;
        let envelope = Envelope::parse(&bytes).ok();
        let evidence = envelope.and_then(|one| Statement::<Evidence>::parse(one.unverified_payload()).ok());
        found.extend(evidence.into_iter().flat_map(|one| one.predicate.counterexamples));
    }
    Ok(found)
}
