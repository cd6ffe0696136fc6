//! The profile of a mark: what its checks saw of the artifact, as its evidence says it.
//!
//! What is not in the evidence was not seen: a mark without any has a profile that every call leaves.

use std::collections::BTreeSet;

use proofmark_mark::evidence::Evidence;
use proofmark_mark::mark::Verified;
use proofmark_mark::verdict::OnDeparture;
use proofmark_run::elf::Kind;
use proofmark_run::usage::Usage;
use serde::Deserialize as _;

/// The most that any check saw of any call of a WebAssembly artifact.
#[must_use]
pub fn of(evidence: &[Evidence]) -> Usage {
    let mut profile = Usage::default();
    for seen in evidence.iter().filter_map(|one| Usage::deserialize(one.details.get("usage")?).ok()) {
        profile.add(seen);
    }
    profile
}

/// The profile of a WebAssembly artifact's mark, and what comes of leaving it.
pub struct Profile {
    pub seen: Usage,
    on_departure: OnDeparture,
}

impl Profile {
    #[must_use]
    pub fn new(verified: &Verified) -> Self {
        Self { seen: of(&verified.evidence), on_departure: verified.grant.on_departure }
    }

    /// What a call is ended for leaving: nothing where leaving it is flagged.
    #[must_use]
    pub fn within(&self) -> Option<Usage> {
        (self.on_departure == OnDeparture::Stop).then(|| self.seen.clone())
    }
}

/// Departures in one line.
pub(crate) fn listed(departures: &BTreeSet<String>) -> String {
    departures.iter().map(String::as_str).collect::<Vec<_>>().join("; ")
}

/// How a native executable that made the system calls `made` left its profile, which is the list that `inspect` read from
/// its bytes.
///
/// # Errors
/// Why its bytes don't tell its system calls: then nobody can say that it stayed inside.
pub fn left_by<'a>(
    evidence: &[Evidence],
    made: impl IntoIterator<Item = &'a str>,
) -> Result<BTreeSet<String>, &'static str> {
    let inspected = evidence.iter().find(|one| one.check == "inspect").and_then(|one| one.details.get("profile"));
    let profile = inspected.ok_or("no check saw what it is made of")?;
    let kind = profile.get("kind").and_then(|kind| kind.as_str());
    if ![Kind::Static, Kind::StaticPie].map(Kind::name).iter().any(|whole| kind == Some(whole)) {
        return Err("those of its libraries are not in its bytes");
    }
    if profile.pointer("/code/disassembled").and_then(serde_json::Value::as_bool) != Some(true) {
        return Err("no check read its code");
    }
    let listed = profile.get("system_calls").and_then(|list| list.as_array()).into_iter().flatten();
    let seen: BTreeSet<&str> = listed.filter_map(|call| call.get("name")?.as_str()).collect();
    let strange = made.into_iter().filter(|name| !seen.contains(name));
    Ok(strange.map(|name| format!("system call {name}: not in its code as inspected")).collect())
}

#[cfg(test)]
mod tests {
    use proofmark_mark::challenge::Challenge;
    use proofmark_mark::digest::Digest;
    use proofmark_mark::evidence::Outcome;
    use serde_json::{Value, json};

    use super::*;

    fn evidence(check: &str, details: Value) -> Evidence {
        Evidence {
            check: check.to_owned(),
            contract: Digest([1; 32]),
            challenge: Challenge(Digest([2; 32])),
            attempt: 1,
            outcome: Outcome::Passed,
            reason: None,
            counts: [].into(),
            counterexamples: Vec::new(),
            details,
        }
    }

    fn used(fuel: u64, host_calls: &[&str], memory_bytes: u64) -> Value {
        json!({ "usage": { "fuel": fuel, "host_calls": host_calls, "memory_bytes": memory_bytes } })
    }

    #[test]
    fn a_profile_is_what_all_evidence_of_a_mark_saw() {
        let (now, random) = ("wasi:clocks/wall-clock.now", "wasi:random/random.get-random-u64");
        let all = [
            evidence("inspect", json!({ "violations": [], "profile": null })),
            evidence("examples", used(400, &[now], 0)),
            evidence("properties", used(300, &[], 65536)),
            evidence("determinism", used(7, &[random], 1)),
        ];
        let wanted = Usage { fuel: 400, host_calls: [now, random].map(str::to_owned).into(), memory_bytes: 65536 };
        assert_eq!(of(&all), wanted);
        assert_eq!(of(&all[..1]), Usage::default());
    }

    #[test]
    fn evidence_that_does_not_say_what_was_seen_adds_nothing() {
        let mut odd = used(9, &[], 9);
        odd["usage"]["luck"] = json!(1);
        let negative = json!({ "usage": { "fuel": -1, "host_calls": [], "memory_bytes": 9 } });
        for details in [json!({}), json!({ "usage": null }), json!({ "usage": 7 }), odd, negative] {
            assert_eq!(of(&[evidence("properties", details)]), Usage::default());
        }
    }

    #[test]
    fn a_system_call_that_inspection_did_not_list_is_a_departure() {
        let inspected = |kind: &str, disassembled: bool| {
            let calls = [json!({ "name": "read", "sites": 2 }), json!({ "name": "exit_group", "sites": 1 })];
            let code = json!({ "disassembled": disassembled });
            let profile = json!({ "kind": kind, "code": code, "system_calls": calls });
            [evidence("inspect", json!({ "profile": profile }))]
        };
        let made = |evidence: &[Evidence], names: &[&str]| left_by(evidence, names.iter().copied());
        for kind in ["static", "static-pie"] {
            assert_eq!(made(&inspected(kind, true), &["read", "exit_group"]), Ok(BTreeSet::new()));
            let departed = made(&inspected(kind, true), &["read", "socket"]).unwrap();
            assert!(departed.iter().eq(["system call socket: not in its code as inspected"]));
        }
        for unknown in [&inspected("dynamic", true)[..], &inspected("static", false), &[]] {
            assert!(made(unknown, &["read"]).is_err());
            assert!(made(unknown, &[]).is_err());
        }
    }
}
