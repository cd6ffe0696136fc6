//! Receipts: what one run was allowed and what came of it, one entry in the log before the act and one after.
//!
//! A receipt never holds an input or an output, only salted commitments to them.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::digest::Digest;
use crate::statement::Predicate;
use crate::verdict::Grant;

/// What a run was allowed, and in its closing receipt what came of it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    /// Which run of this log it is, from 1; the same in both receipts. A number without a closing receipt is a run whose
    /// end is missing.
    pub sequence: u64,
    /// [`crate::mark::Mark::id`].
    pub mark: Digest,
    pub contract: Digest,
    /// The grant that the run was held to.
    pub grant: Grant,
    /// The run's id, the same in both its receipts: hexadecimal digits of at least 128 random bits.
    pub run: String,
    /// One commitment for each call, or for each argument of a program.
    pub inputs: Vec<Digest>,
    /// `null` when opening: nothing has come of it yet.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub end: Option<End>,
}

/// What came of a run.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct End {
    /// `returned`, `committed`, `dropped`, `undone`, `trapped`, `stopped`, `failed` or `not run`.
    pub outcome: String,
    /// One commitment for each result, or for each output stream of a program.
    pub outputs: Vec<Digest>,
    /// Fuel that all calls used; 0 for programs.
    pub fuel: u64,
    /// What was tried in the finished fence before the artifact started; `null` where nothing started.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub probe: Option<Probed>,
    /// What became of each staged tree.
    pub effects: Vec<Effect>,
    /// How often each function of the host was called, as in `wasi:clocks/wall-clock.now`; empty for native
    /// executables.
    pub host_calls: BTreeMap<String, u64>,
    /// The most linear memory that one call held; 0 for native executables.
    pub memory_bytes: u64,
    /// What was asked of the network; `null` where there was none.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub egress: Option<Egress>,
    /// How the run left the profile that its checks saw, in words that are the same on every machine.
    pub departures: BTreeSet<String>,
    /// How often a program made which system call, by name, without those that its fence denied; empty for
    /// components.
    pub system_calls: BTreeMap<String, u64>,
    /// What a program took of its machine; `null` where nothing started, and for components.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub resources: Option<Resources>,
    /// What the host answered, for a replay; `null` for native executables.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub tape: Option<Tape>,
}

/// The record of what a run's host calls were answered (`spec/tape.md`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Tape {
    /// A commitment to it.
    Kept(Digest),
    /// There is none, and why.
    Missing(String),
}

/// A probe that found nothing open: anything else ends a run before its artifact starts.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Probed {
    /// SHA-256 of the whole report.
    pub report: Digest,
    /// How many acts were tried, and denied.
    pub acts: u64,
}

/// What the processes of one program took together. Facts of one run on one machine; another run takes something else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Resources {
    /// Processor time of all that were waited for, in microseconds.
    pub cpu_us: u64,
    /// The most memory that they held, in bytes; `null` where the machine does not tell.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub memory_peak_bytes: Option<u64>,
    /// The most processes and threads at once, the fence's own first process included; `null` where the machine does not tell.
    #[serde(deserialize_with = "crate::canonical::nullable")]
    pub processes_peak: Option<u64>,
}

/// What became of one staged tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Effect {
    /// Where it stood for the artifact.
    pub guest: String,
    /// SHA-256 of the manifest before (`spec/effects.md`).
    pub before: Digest,
    /// SHA-256 of the manifest that the artifact left.
    pub after: Digest,
    /// `committed`, `dropped` or `failed`.
    pub outcome: String,
}

/// What was asked of the network, in sum.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Egress {
    /// SHA-256 of the whole record (`spec/egress.md`), in which paths, queries and bodies are commitments.
    pub record: Digest,
    /// Every request, the refused ones included.
    pub requests: u64,
    pub refused: u64,
    /// Bytes of the requests' bodies that were let out.
    pub bytes_out: u64,
    /// Bytes of the answers' bodies that the artifact was given.
    pub bytes_in: u64,
}

impl Predicate for Receipt {
    const TYPE: &'static str = "https://proofmark.dev/receipt/v1";
}

/// The text behind a commitment: a salt, a newline, the value. Its SHA-256 is the commitment.
///
/// `salt` is hexadecimal digits of at least 128 random bits, new for each value: without it nobody can guess the value
/// from the commitment, and a value whose salt is deleted is gone.
#[must_use]
pub fn opening(salt: &str, value: &str) -> String {
    format!("{salt}\n{value}")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::statement::Statement;
    use crate::submission::Autonomy;

    #[test]
    fn a_receipt_is_read_as_it_is_written() {
        let grant = Grant {
            autonomy: Autonomy::Supervised,
            capabilities: ["stdout".to_owned()].into(),
            expires: "2027-01-01T00:00:00Z".parse().unwrap(),
            on_departure: crate::verdict::OnDeparture::Stop,
        };
        let open = Receipt {
            sequence: 7,
            mark: Digest([1; 32]),
            contract: Digest([2; 32]),
            grant,
            run: "00112233445566778899aabbccddeeff".to_owned(),
            inputs: vec![Digest::of(opening("ab", "gcd(4, 6)").as_bytes())],
            end: None,
        };
        let plain = End { outcome: "returned".to_owned(), fuel: 12, ..End::default() };
        let probe = Some(Probed { report: Digest([4; 32]), acts: 139 });
        let effects = vec![Effect {
            guest: "/p".into(),
            before: Digest([1; 32]),
            after: Digest([2; 32]),
            outcome: "dropped".into(),
        }];
        let host_calls = [("wasi:clocks/wall-clock.now".to_owned(), 3)].into();
        let staged = End { probe, effects, host_calls, memory_bytes: 65536, ..plain.clone() };
        let asked = Egress { record: Digest([5; 32]), requests: 3, refused: 1, bytes_out: 0, bytes_in: 1 << 20 };
        let connected = End { egress: Some(asked), ..plain.clone() };
        let kept = End { tape: Some(Tape::Kept(Digest([5; 32]))), ..plain.clone() };
        let missing = End { tape: Some(Tape::Missing("too long".into())), ..plain.clone() };
        let departures = ["fuel: more than 10 times the most that its checks saw, 400".to_owned()].into();
        let departed = End { outcome: "stopped".to_owned(), departures, ..plain.clone() };
        let system_calls = BTreeMap::from([("openat".to_owned(), 3), ("exit_group".to_owned(), 1)]);
        let resources = Some(Resources { cpu_us: 1200, memory_peak_bytes: Some(1 << 20), processes_peak: None });
        let counted = End { system_calls, resources, ..plain.clone() };
        let ends = [plain, staged, connected, kept, missing, departed, counted];
        let closed = ends.map(|end| Receipt { end: Some(end), ..open.clone() });
        for receipt in closed.into_iter().chain([open]) {
            let statement = Statement::new("gcd", Digest([3; 32]), receipt);
            assert_eq!(Statement::parse(&statement.to_bytes()).unwrap(), statement);
        }
    }
}
