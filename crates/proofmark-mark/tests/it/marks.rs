//! A right mark is valid and says what it proves; each wrong one is refused with the code of the specification.

use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::Outcome;
use proofmark_mark::mark::{Code, Mark, verify};
use proofmark_mark::trust::Trust;

use crate::builder::{ARTIFACT, CONTRACT, ORIGIN, POLICY, Recipe, governor, log, now, sign, time, trust, trust_text};
use crate::cases::{self, Case};

#[test]
fn a_right_mark_is_valid_and_says_what_it_proves() {
    let bytes = Recipe::default().bytes();
    let verified = verify(&bytes, Some(ARTIFACT), &trust(POLICY), now()).unwrap();
    assert_eq!(verified.mark, Mark::parse(&bytes).unwrap().id());
    assert_eq!(verified.artifact, Digest::of(ARTIFACT));
    assert_eq!((verified.name.as_str(), verified.contract.as_str()), ("none", CONTRACT));
    assert_eq!((verified.policy.name.as_str(), verified.policy.digest), ("tiny", Digest::of(POLICY.as_bytes())));
    assert_eq!((verified.submission.generator.as_str(), verified.submission.attempt), ("a model", 2));
    assert_eq!(verified.governor, "tester");
    assert_eq!((verified.checkpoint.origin.as_str(), verified.checkpoint.size), (ORIGIN, 7));
    assert_eq!(verified.grant.expires, time("2026-12-21T10:00:00Z"));
    let [evidence] = verified.evidence.as_slice() else { panic!() };
    assert_eq!((evidence.check.as_str(), evidence.outcome), ("inspect", Outcome::Passed));
    assert_eq!(evidence.challenge, verified.challenge);
    let statement = proofmark_mark::statement::Statement::new("none", verified.artifact, evidence.clone());
    assert_eq!(verified.evidence_payloads, [statement.to_bytes()]);
    let indices: Vec<u64> = verified.entries().iter().map(|(index, _)| *index).collect();
    assert_eq!(indices, [3, 4, 5]);
}

#[test]
fn a_mark_may_say_where_its_artifact_comes_from() {
    let bytes = Recipe { provenance: Some(|_| {}), ..Recipe::default() }.bytes();
    let verified = verify(&bytes, Some(ARTIFACT), &trust(POLICY), now()).unwrap();
    assert_eq!(verified.provenance.as_ref().unwrap().external().operator, "Ada");
    // Anyone can take it out, and what the mark is called stays: whoever revokes one revokes both.
    let without = Mark { provenance: None, ..Mark::parse(&bytes).unwrap() };
    let without = verify(&without.to_bytes(), Some(ARTIFACT), &trust(POLICY), now()).unwrap();
    assert_eq!((without.provenance, without.mark), (None, verified.mark));
}

#[test]
fn it_is_the_same_mark_every_time() {
    assert_eq!(Recipe::default().bytes(), Recipe::default().bytes());
}

#[test]
fn a_mark_is_valid_without_the_artifact_at_hand() {
    assert!(verify(&Recipe::default().bytes(), None, &trust(POLICY), now()).is_ok());
}

#[test]
fn every_wrong_mark_is_refused_for_its_own_reason() {
    for Case { name, mark, expect } in cases::wrong() {
        match verify(&mark, None, &trust(POLICY), now()) {
            Ok(_) => panic!("{name}: valid"),
            Err(refusal) => {
                assert_eq!(refusal.code.to_string(), expect, "{name}: {refusal}");
                assert!(!refusal.next().is_empty() && !refusal.message.is_empty(), "{name}");
            }
        }
    }
}

#[test]
fn the_presets_need_no_more_than_good_evidence() {
    for (name, text) in crate::presets::PRESETS {
        let recipe = Recipe { policy: text.to_owned(), approvals: ["Ada".to_owned()].into(), ..Recipe::default() };
        let verified = verify(&recipe.bytes(), Some(ARTIFACT), &trust(text), now());
        assert!(verified.is_ok(), "{name}: {}", verified.unwrap_err());
    }
}

#[test]
fn another_artifact_is_refused() {
    let bytes = Recipe::default().bytes();
    for at in 0..ARTIFACT.len() {
        for bit in 0..8 {
            let mut other = ARTIFACT.to_vec();
            other[at] ^= 1 << bit;
            let refusal = verify(&bytes, Some(&other), &trust(POLICY), now()).unwrap_err();
            assert_eq!(refusal.code, Code::Artifact);
        }
    }
    assert_eq!(verify(&bytes, Some(b""), &trust(POLICY), now()).unwrap_err().code, Code::Artifact);
}

#[test]
fn a_mark_holds_from_its_verdict_until_it_expires() {
    let bytes = Recipe::default().bytes();
    let at = |text| verify(&bytes, None, &trust(POLICY), time(text)).map_err(|refusal| refusal.code).map(drop);
    assert_eq!(at("2026-11-21T09:54:59Z"), Err(Code::Future));
    assert_eq!(at("2026-11-21T09:55:00Z"), Ok(()));
    assert_eq!(at("2026-12-21T09:59:59Z"), Ok(()));
    assert_eq!(at("2026-12-21T10:00:00Z"), Err(Code::Expired));
    assert_eq!(verify(&bytes, None, &trust(POLICY), jiff::Timestamp::MAX).unwrap_err().code, Code::Expired);
    assert_eq!(verify(&bytes, None, &trust(POLICY), jiff::Timestamp::MIN).unwrap_err().code, Code::Future);
}

#[test]
fn what_the_trust_file_does_not_name_is_not_believed() {
    let bytes = Recipe::default().bytes();
    let refused = |text: String| {
        let trust = Trust::parse(&text).unwrap();
        verify(&bytes, None, &trust, now()).unwrap_err().code
    };
    let text = trust_text(POLICY);
    let pem = |seed| {
        use p256::pkcs8::{EncodePublicKey as _, LineEnding};
        governor(seed).verifying_key().to_public_key_pem(LineEnding::LF).unwrap()
    };
    assert_eq!(refused(text.replace(&log(2).verifier().to_string(), &log(3).verifier().to_string())), Code::Log);
    assert_eq!(refused(text.replace(&pem(1), &pem(4))), Code::Signature);
    assert_eq!(refused(trust_text("another policy")), Code::Policy);
}

#[test]
fn a_trusted_text_that_is_no_policy_is_refused() {
    let text = "permit (principal, action, resource);";
    let mut mark = Recipe::default().make();
    mark.policy = text.to_owned();
    assert_eq!(verify(&mark.to_bytes(), None, &trust(text), now()).unwrap_err().code, Code::Policy);
}

#[test]
fn envelopes_signed_twice_are_the_same() {
    let statement = proofmark_mark::statement::Statement::new(
        "none",
        Digest::of(ARTIFACT),
        crate::builder::passed("inspect", Digest([1; 32]), proofmark_mark::challenge::Challenge(Digest([2; 32])), 1),
    );
    assert_eq!(sign(&statement, 1), sign(&statement, 1));
}
