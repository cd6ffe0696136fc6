//! Parsers meet arbitrary bytes: they answer, they never panic, and what they accept they would write the same.

use std::str::FromStr as _;

use proofmark_mark::checkpoint::{self, Checkpoint};
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::entry::Entry;
use proofmark_mark::evidence::Evidence;
use proofmark_mark::evidence::risk_ppm;
use proofmark_mark::mark::{Mark, verify};
use proofmark_mark::merkle;
use proofmark_mark::note::{Note, SignerKey, VerifierKey};
use proofmark_mark::policy::Policy;
use proofmark_mark::receipt::Receipt;
use proofmark_mark::statement::Statement;
use proofmark_mark::submission::{Plan, Submission};
use proofmark_mark::trust::Trust;
use proofmark_mark::verdict::Verdict;
use proptest::prelude::*;

use crate::builder::{POLICY, Recipe, log, now, trust, trust_text};

/// Feeds bytes to every parser there is.
fn parse_all(bytes: &[u8]) {
    if let Ok(note) = Note::parse(bytes) {
        assert_eq!(note.to_string().as_bytes(), bytes);
        let _ = note.verify(&log(2).verifier());
    }
    if let Ok(envelope) = Envelope::parse(bytes) {
        assert_eq!(envelope.to_bytes(), bytes);
    }
    if let Ok(entry) = Entry::parse(bytes) {
        assert_eq!(entry.to_bytes(), bytes);
    }
    if let Ok(mark) = Mark::parse(bytes) {
        assert_eq!(mark.to_bytes(), bytes);
    }
    let _ = checkpoint::open(bytes, &log(2).verifier());
    let _ = Statement::<Submission>::parse(bytes);
    let _ = Statement::<Evidence>::parse(bytes);
    let _ = Statement::<Verdict>::parse(bytes);
    let _ = Statement::<Receipt>::parse(bytes);
    let text = String::from_utf8_lossy(bytes);
    if let Ok(checkpoint) = Checkpoint::parse(&text) {
        assert_eq!(checkpoint.to_string(), text);
    }
    if let Ok(key) = VerifierKey::from_str(&text) {
        assert_eq!(key.to_string(), text);
    }
    let _ = SignerKey::parse_secret_text(&text);
    let _ = Digest::from_str(&text);
    let _ = Plan::from_str(&text);
    let _ = Trust::parse(&text);
    let _ = Policy::parse(&text);
}

/// One right text for each parser.
fn seeds() -> Vec<Vec<u8>> {
    let mark = Recipe::default().make();
    vec![
        mark.to_bytes(),
        mark.checkpoint.clone().into_bytes(),
        mark.submission.envelope.to_bytes(),
        mark.submission.envelope.unverified_payload().to_vec(),
        mark.evidence[0].envelope.unverified_payload().to_vec(),
        mark.verdict.envelope.unverified_payload().to_vec(),
        POLICY.as_bytes().to_vec(),
        trust_text(POLICY).into_bytes(),
        log(2).verifier().to_string().into_bytes(),
        b"inspect examples properties:65536".to_vec(),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_parser_panics_on_bytes(bytes in proptest::collection::vec(any::<u8>(), 0..600)) {
        parse_all(&bytes);
    }

    #[test]
    fn no_parser_panics_on_text(text in "[ \\PC\n\"{}\\[\\]()+=.,:;@!-]{0,300}") {
        parse_all(text.as_bytes());
    }

    #[test]
    fn no_parser_panics_near_right_input(
        seed in 0_usize..10,
        edits in proptest::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0_u8..3), 1..6),
    ) {
        let mut bytes = seeds().swap_remove(seed);
        for (at, byte, how) in edits {
            let at = at.index(bytes.len().max(1));
            match how {
                0 if at < bytes.len() => bytes[at] = byte,
                1 if at < bytes.len() => drop(bytes.remove(at)),
                _ => bytes.insert(at.min(bytes.len()), byte),
            }
        }
        parse_all(&bytes);
    }

    #[test]
    fn a_mark_edited_in_several_places_is_never_valid(
        edits in proptest::collection::vec((any::<prop::sample::Index>(), 1_u8..=255), 1..5),
    ) {
        let right = Recipe::default().bytes();
        let mut bytes = right.clone();
        for (at, mask) in edits {
            let at = at.index(bytes.len());
            bytes[at] ^= mask;
        }
        prop_assume!(bytes != right);
        prop_assert!(verify(&bytes, None, &trust(POLICY), now()).is_err());
    }

    #[test]
    fn proofs_of_any_shape_are_judged(
        index in any::<u64>(), size1 in any::<u64>(), size2 in any::<u64>(),
        proof in proptest::collection::vec(any::<[u8; 32]>(), 0..70),
    ) {
        let proof: Vec<Digest> = proof.into_iter().map(Digest).collect();
        let (leaf, root) = (Digest([1; 32]), Digest([2; 32]));
        prop_assert!(merkle::verify_inclusion(&leaf, index, size1, &proof, &root).is_err());
        let _ = merkle::verify_consistency(size1, &leaf, size2, &root, &proof);
    }

    #[test]
    fn residual_risk_stays_in_its_range(attempts in any::<u64>(), executions in any::<u64>()) {
        prop_assert!((1..=1_000_000).contains(&risk_ppm(attempts, executions)));
        prop_assert!(risk_ppm(attempts, executions) <= risk_ppm(attempts.saturating_add(1), executions));
        prop_assert!(risk_ppm(attempts, executions.saturating_add(1)) <= risk_ppm(attempts, executions));
    }
}

#[test]
fn deep_nesting_ends_in_an_answer() {
    for open in ["[", "{\"a\":", "(", "!", "-", "if true then ", "\"", "@a(", "\\", "a.", "[[", "a={b="] {
        for count in [10, 200, 5000] {
            parse_all(open.repeat(count).as_bytes());
            let rule = format!("permit (principal, action, resource) when {{ {} }};", open.repeat(count));
            parse_all(rule.as_bytes());
        }
    }
    let details = format!("{{\"details\":{}1{}}}", "[".repeat(100_000), "]".repeat(100_000));
    parse_all(details.as_bytes());
}
