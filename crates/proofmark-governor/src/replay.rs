//! Runs a mark's checks again and holds the evidence against the mark, byte for byte.

use std::sync::Arc;

use proofmark_contract::Contract;
use proofmark_mark::evidence::Evidence;
use proofmark_mark::mark::Verified;
use proofmark_mark::statement::Statement;
use proofmark_run::native::Natives;
use proofmark_run::worker::Launch;

use crate::checks::{self, Task};
use crate::job;

/// How one check's evidence compares.
pub struct Replayed {
    pub check: String,
    pub compared: Compared,
}

/// What came of a comparison.
pub enum Compared {
    Same,
    /// The first byte at which the statements differ, with what each says from there.
    Differs(Difference),
    /// Why the check can't be run again, and what would help.
    Unknown {
        why: &'static str,
        next: &'static str,
    },
}

/// Where two statements part.
pub struct Difference {
    pub at_byte: usize,
    pub in_mark: String,
    pub replayed: String,
}

/// Replays every planned check of a verified mark. `contract` is the mark's, with what is sealed in it opened and its reference
/// attached as far as they are known here.
pub fn replay(
    verified: &Verified,
    contract: &Contract,
    artifact: &[u8],
    launch: &dyn Launch,
    natives: &Arc<Natives>,
    threads: usize,
    progress: &(dyn Fn(&str, u64, u64) + Sync),
) -> Vec<Replayed> {
    let mut replayed = Vec::new();
    for (planned, payload) in verified.submission.plan.iter().zip(&verified.evidence_payloads) {
        let check = planned.check.clone();
        if let Some(compared) = missing(&check, contract) {
            replayed.push(Replayed { check, compared });
            continue;
        }
        let earlier = earlier(payload);
        let task = Task {
            contract,
            artifact,
            challenge: verified.challenge,
            attempt: verified.submission.attempt,
            executions: planned.executions,
            threads,
            natives: Some(natives),
            earlier: &earlier,
        };
        let shown = |done, of| progress(&check, done, of);
        let found = job::check(launch, &check, &task, &verified.contract, &shown);
        let again = Statement::new(&contract.name, verified.artifact, found.evidence).to_bytes();
        let compared = difference(payload, &again).map_or(Compared::Same, Compared::Differs);
        replayed.push(Replayed { compared, check });
    }
    replayed
}

/// What a check needs and is not here.
fn missing(check: &str, contract: &Contract) -> Option<Compared> {
    if check == "properties" && !contract.is_open() {
        let why = "the contract has sealed properties, and what opens them is not here";
        let next = "name the owner's contract with --contract FILE, or the home that opens it with --home DIR";
        return Some(Compared::Unknown { why, next });
    }
    let gone = contract.reference.as_ref().is_some_and(|reference| reference.bytes().is_none());
    (gone && checks::asks_reference(check)).then_some(Compared::Unknown {
        why: "the contract's reference is not here",
        next: "name its file with --reference FILE, or a home that has it with --home DIR",
    })
}

/// The calls that broke the contract before the mark's submission, as its evidence has them.
fn earlier(payload: &[u8]) -> Vec<String> {
    let evidence = Statement::<Evidence>::parse(payload);
    let calls = evidence.ok().and_then(|mut one| one.predicate.details.get_mut("earlier").map(serde_json::Value::take));
    calls.and_then(|calls| serde_json::from_value(calls).ok()).unwrap_or_default()
}

fn difference(in_mark: &[u8], replayed: &[u8]) -> Option<Difference> {
    if in_mark == replayed {
        return None;
    }
    let at_byte = in_mark.iter().zip(replayed).take_while(|(a, b)| a == b).count();
    let from = |bytes: &[u8]| {
        let rest = bytes.get(at_byte..).unwrap_or_default();
        String::from_utf8_lossy(rest.get(..60).unwrap_or(rest)).into_owned()
    };
    Some(Difference { at_byte, in_mark: from(in_mark), replayed: from(replayed) })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_difference_is_where_the_bytes_part() {
        assert!(difference(b"same", b"same").is_none());
        let found = difference(b"{\"a\":1}", b"{\"a\":12}").unwrap();
        assert_eq!((found.at_byte, found.in_mark.as_str(), found.replayed.as_str()), (6, "}", "2}"));
        assert_eq!(difference(b"ab", b"abc").unwrap().at_byte, 2);
    }
}
