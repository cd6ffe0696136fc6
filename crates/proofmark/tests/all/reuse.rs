//! `do`: what was marked is found again, for this contract alone, under this policy alone, for as long as it holds and nothing
//! forbids it; what was marked for the same interface is checked first; and the index is never a source of its own.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;
use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use proofmark_contract::Contract;
use proofmark_governor::govern::{Asked, Means, check_made};
use proofmark_governor::home::{Home, policy_at};
use proofmark_governor::provenance::{self, Try};
use proofmark_governor::reuse::{Reuse, find};
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{About, Entry, Kind};
use proofmark_mark::provenance::{External, Internal, Outcome, Spent};
use proofmark_mark::trust::Trust;
use proofmark_run::fence::Launcher;
use proofmark_run::fence::probe::Lures;
use proofmark_run::native::Natives;
use proofmark_run::worker::Fences;

use crate::place::{DOUBLE, Place, Ran, doubling};

/// A place with a mark in its home, and no artifact beside it any more.
fn marked() -> Place {
    let place = Place::new();
    place.check(DOUBLE, doubling("")).exits(0);
    std::fs::remove_file(place.path("artifact.wasm")).unwrap();
    place
}

fn four(place: &Place) -> Ran {
    place.run(&["do", "contract.toml", "double(4)"])
}

/// How many artifacts were submitted.
fn submissions(place: &Place) -> usize {
    let home = Home::open(&place.path(".proofmark")).unwrap();
    let view = home.log.view();
    view.entries(0..view.size())
        .filter(|entry| matches!(entry.as_ref().unwrap().1.kind, Kind::Submission { .. }))
        .count()
}

/// The bytes of the mark that is found, as of `days` from now.
fn found(place: &Place, contract: &str, policy: &str, days: i64) -> Option<Vec<u8>> {
    let mut home = Home::open(&place.path(".proofmark")).unwrap();
    let trust = Trust::parse(&String::from_utf8(place.read(".proofmark/trust.toml")).unwrap()).unwrap();
    let policy = String::from_utf8(place.read(&format!(".proofmark/policies/{policy}.cedar"))).unwrap();
    let now = Timestamp::now() + SignedDuration::from_hours(24 * days);
    match find(&mut home, contract, &policy, &trust, now).unwrap() {
        Reuse::Found(found) => Some(found.mark),
        Reuse::Forbidden(_) | Reuse::Nothing => None,
    }
}

#[test]
fn what_is_marked_is_called_again_and_nothing_is_checked_again() {
    let place = marked();
    for _ in 0..2 {
        let ran = four(&place).exits(0).says("found sha256:");
        assert_eq!(ran.stdout, "8\n");
    }
    assert_eq!(submissions(&place), 1);
    let json = place.run(&["do", "contract.toml", "double(5)", "--format", "json"]).exits(0).json();
    assert_eq!((json["command"].as_str(), json["results"][0]["returned"].as_str()), (Some("do"), Some("10")));
    place.run(&["log", "runs"]).exits(0).says("every run has its end");
    place.run(&["log", "audit"]).exits(0);
}

#[test]
fn a_mark_is_made_again_byte_for_byte_among_others() {
    let place = marked();
    let first = place.read("artifact.wasm.mark");
    assert!(found(&place, DOUBLE, "supervised", 0).unwrap() == first);
    // A larger artifact for the same contract, a refused one, and another contract.
    place.check(DOUBLE, doubling("nop nop")).exits(0);
    place.check(DOUBLE, doubling("(if (i32.eq (local.get $n) (i32.const 4)) (then unreachable))")).exits(1);
    place.check(&DOUBLE.replace("Twice", "Two times"), doubling("")).exits(0);
    assert!(found(&place, DOUBLE, "supervised", 0).unwrap() == first);
    // The same artifact again: the latest mark of two.
    place.check(DOUBLE, doubling("")).exits(0);
    assert!(found(&place, DOUBLE, "supervised", 0).unwrap() == place.read("artifact.wasm.mark"));
}

#[test]
fn a_mark_is_for_its_contract_and_policy_and_time() {
    let place = marked();
    assert!(found(&place, DOUBLE, "supervised", 89).is_some());
    assert!(found(&place, DOUBLE, "supervised", 91).is_none(), "expired");
    assert!(found(&place, DOUBLE, "autonomous", 0).is_none());
    assert!(found(&place, &DOUBLE.replace("Twice", "twice"), "supervised", 0).is_none());
    assert!(found(&place, "", "supervised", 0).is_none());
}

#[test]
fn a_frozen_mark_is_not_used_until_it_is_thawed() {
    let place = marked();
    let freeze = ["freeze", "generator:unknown", "--reason", "code freeze", "--format", "json"];
    let frozen = place.run(&freeze).exits(0).json();
    four(&place).exits(1).says("may not run").says("code freeze");
    place.run(&["thaw", frozen["order"].as_str().unwrap()]).exits(0);
    assert_eq!(four(&place).exits(0).stdout, "8\n");
    assert_eq!(submissions(&place), 1);
}

#[test]
fn a_revoked_mark_does_not_come_back_as_another() {
    let place = marked();
    place.run(&["revoke", "artifact.wasm.mark", "--reason", "leaks"]).exits(0);
    four(&place).exits(1).says("may not run").says("leaks");
    // Nor for a contract that it has no mark for.
    place.write("contract.toml", DOUBLE.replace("Twice", "twice"));
    four(&place).exits(1).says("no artifact is marked");
    assert_eq!(submissions(&place), 1);
}

#[test]
fn without_its_artifact_or_with_another_one_a_mark_is_of_no_use() {
    let place = marked();
    let blob = format!(".proofmark/log/blob/{}", Digest::of(doubling("").as_bytes()));
    let bytes = place.read(&blob);
    std::fs::remove_file(place.path(&blob)).unwrap();
    four(&place).exits(1).says("no artifact is marked").says("proofmark check contract.toml");
    place.write(&blob, doubling("nop"));
    four(&place).exits(1).says("no artifact is marked");
    place.write(&blob, bytes);
    four(&place).exits(0);
}

#[test]
fn what_was_marked_for_the_same_interface_is_checked_before_anything_is_asked_for() {
    let place = marked();
    let same = DOUBLE.replace("Twice the number.", "The number, and once more.").replace("n: u32", "number: u32");
    let same = same.replace("result / 2u == n ", "result / 2u == number ");
    place.write("contract.toml", same);
    assert_eq!(four(&place).exits(0).says("checked sha256:").stdout, "8\n");
    assert_eq!(submissions(&place), 2);
    assert_eq!(four(&place).exits(0).says("found sha256:").stdout, "8\n");
    assert_eq!(submissions(&place), 2);
    // A contract that it does not keep, and one with another interface.
    let other = DOUBLE
        .replace("returns = \"8\"", "returns = \"9\"")
        .replace("result / 2u == n && result % 2u == 0u", "result > n");
    place.write("contract.toml", other);
    four(&place).exits(1).says("no artifact is marked");
    assert_eq!(submissions(&place), 3);
    place.write("contract.toml", DOUBLE.replace("-> u64", "-> u32"));
    four(&place).exits(1).says("no artifact is marked");
    assert_eq!(submissions(&place), 3);
}

#[test]
fn wrong_words_are_told_apart_from_what_is_missing() {
    let place = marked();
    place.run(&["do", "contract.toml", "halve(4)"]).exits(2).says("not a call of this interface");
    place.run(&["do", "contract.toml"]).exits(2).says("nothing to call");
    place.run(&["do", "contract.toml", "double(4)", "--policy", "unheard-of"]).exits(2).says("there is no policy");
    place.run(&["do", "nowhere.toml", "double(4)"]).exits(2).says("does not exist");
    Place::empty().write("contract.toml", DOUBLE).run(&["do", "contract.toml", "double(4)"]).exits(2);
}

/// Appends entries that are about something else, so that the log is long.
fn lengthen(place: &Place, entries: usize) {
    let mut home = Home::open(&place.path(".proofmark")).unwrap();
    let envelope = b"not an envelope".to_vec();
    let entry = |nth: usize| {
        let about = About { artifact: Digest::of(b"artifact"), contract: Digest::of(&nth.to_be_bytes()) };
        let kind = [Kind::Submission { generator: Digest::of(b"model") }, Kind::Evidence, Kind::Verdict][nth % 3];
        (Entry { kind, envelope: Digest::of(&envelope), about: Some(about) }, envelope.clone())
    };
    for start in (0..entries).step_by(1000) {
        let batch: Vec<_> = (start..entries.min(start + 1000)).map(entry).collect();
        home.log.append(&batch).unwrap();
    }
}

#[test]
fn the_index_is_made_again_where_it_is_gone_or_damaged() {
    let place = marked();
    lengthen(&place, 2000);
    four(&place).exits(0).says("found");
    let index = place.read(".proofmark/index");
    std::fs::remove_file(place.path(".proofmark/index")).unwrap();
    four(&place).exits(0).says("found");
    assert!(place.path(".proofmark/index").exists());
    for at in (0..index.len()).step_by(index.len() / 16) {
        let mut wrong = index.clone();
        wrong[at] ^= 4;
        place.write(".proofmark/index", &wrong);
        four(&place).exits(0).says("found");
    }
    // A frozen mark is frozen whatever the index says.
    place.run(&["freeze", "all"]).exits(0);
    for index in [&index[..], &index[..5000], b""] {
        place.write(".proofmark/index", index);
        four(&place).exits(1).says("frozen: all");
    }
}

/// A try that brought an artifact.
fn a_try(contract: &Contract) -> Try {
    Try {
        external: External {
            contract: contract.digest,
            operator: "ada".to_owned(),
            generator: "coder".to_owned(),
            kind: "files".to_owned(),
            endpoint: None,
            target: "wat".to_owned(),
            parameters: BTreeMap::new(),
        },
        internal: Internal {
            candidate: 1,
            repairs: 0,
            repairs_of: Vec::new(),
            outcome: Outcome::Built,
            reason: None,
            reproducible: Some(true),
            model: None,
            fingerprint: None,
            spent: Spent::default(),
        },
        invocation: provenance::invocation().unwrap(),
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::UNIX_EPOCH,
        prompt: b"Write double.".to_vec(),
        reply: Some(b"Here.".to_vec()),
        sources: Vec::new(),
        log: None,
        toolchain: None,
        parent: None,
    }
}

#[test]
fn a_mark_with_provenance_is_made_again_with_it() {
    let place = Place::new();
    let mut home = Home::open(&place.path(".proofmark")).unwrap();
    let trust = Trust::parse(&String::from_utf8(place.read(".proofmark/trust.toml")).unwrap()).unwrap();
    let lures = Lures::lay(&place.path("")).unwrap();
    let marks = serde_json::to_string(lures.marks()).unwrap();
    let program = Path::new(env!("CARGO_BIN_EXE_proofmark"));
    let launcher = Arc::new(Launcher::start(program, &["fence".into(), marks.into()]).unwrap());
    let contract = Contract::parse(DOUBLE).unwrap();
    let provenance = provenance::of(&home, a_try(&contract)).unwrap();
    let artifact = doubling("");
    let (policy, policy_text) = policy_at(&home.policy_file("supervised")).unwrap();
    let asked = Asked {
        contract: &contract,
        contract_text: DOUBLE,
        artifact: artifact.as_bytes(),
        policy: &policy,
        policy_text: &policy_text,
        policy_name: "supervised",
        generator: "coder",
        approvals: BTreeSet::new(),
        valid_for: SignedDuration::from_hours(24),
    };
    let means = Means {
        launch: &Fences { launcher: Arc::clone(&launcher), memory_bytes: 4 << 30 },
        natives: &Arc::new(Natives::new(launcher, place.path(""))),
        threads: 2,
        held: &|| true,
        now: Timestamp::now(),
        trust: &trust,
        watch: &|_| {},
    };
    let mark = check_made(&mut home, &asked, &means, &provenance).unwrap().0.result.unwrap();
    assert!(mark.provenance.is_some());
    assert!(found(&place, DOUBLE, "supervised", 0).unwrap() == mark.to_bytes());
    // Without the envelope it would be another mark, which nobody could revoke by its name.
    let envelope = mark.provenance.unwrap().envelope.digest();
    std::fs::remove_file(place.path(&format!(".proofmark/log/blob/{envelope}"))).unwrap();
    assert!(found(&place, DOUBLE, "supervised", 0).is_none());
}
