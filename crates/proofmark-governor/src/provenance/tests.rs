//! Tries are recorded, and their texts erased, one by one.

use std::path::Path;

use proofmark_contract::Contract;
use proofmark_mark::provenance::{Outcome, Spent};

use super::*;

const CONTRACT: &str = r#"
contract = 1
name = "twice"
intent = "Twice a number."
[interface]
wit = """
package example:twice;
world twice { export twice: func(n: s32) -> s32; }
"""
[[example]]
call = "twice(2)"
returns = "4"
"#;

fn home(at: &Path) -> Home {
    Home::init(&at.join("home")).unwrap()
}

fn one(contract: &Contract) -> Try {
    Try {
        external: External {
            contract: contract.digest,
            operator: "ada".to_owned(),
            generator: "coder".to_owned(),
            kind: "openai".to_owned(),
            endpoint: None,
            target: "c".to_owned(),
            parameters: BTreeMap::new(),
        },
        internal: Internal {
            candidate: 1,
            repairs: 0,
            repairs_of: Vec::new(),
            outcome: Outcome::NotBuilt,
            reason: Some("error".to_owned()),
            reproducible: None,
            model: None,
            fingerprint: None,
            spent: Spent::default(),
        },
        invocation: invocation().unwrap(),
        started: Timestamp::UNIX_EPOCH,
        finished: Timestamp::UNIX_EPOCH,
        prompt: b"Write twice.".to_vec(),
        reply: Some(b"I will not.".to_vec()),
        sources: vec![("twice.c".to_owned(), b"int32_t".to_vec())],
        log: None,
        toolchain: None,
        parent: None,
    }
}

#[test]
fn a_try_is_recorded_and_its_texts_can_be_erased_one_by_one() {
    let at = tempfile::tempdir().unwrap();
    let mut home = home(at.path());
    let contract = Contract::parse(CONTRACT).unwrap();
    let first = of(&home, one(&contract)).unwrap();
    let envelope = record(&mut home, &contract, None, &first).unwrap();
    let second = of(&home, Try { parent: Some(envelope), ..one(&contract) }).unwrap();
    record(&mut home, &contract, None, &second).unwrap();

    let found: Vec<Found> = all(home.log.view(), |_, _| true).collect::<Result<_, _>>().unwrap();
    assert_eq!(found.len(), 2);
    assert_eq!(found[0].envelope, envelope);
    assert_eq!(found[0].statement.predicate, first);
    assert_eq!(found[1].statement.predicate.parent(), Some(envelope));
    let reply = first.resources(named::REPLY).next().unwrap();
    assert_eq!(found[0].statement.artifact, reply.sha256());
    assert_eq!(opened(&home, reply).unwrap().unwrap(), b"I will not.");

    // The same words twice have two commitments, so erasing one leaves the other.
    let other = second.resources(named::REPLY).next().unwrap();
    assert_ne!(reply.sha256(), other.sha256());
    erase(&home, &BTreeSet::from([reply.sha256()])).unwrap();
    assert_eq!(opened(&home, reply).unwrap(), None);
    assert_eq!(opened(&home, other).unwrap().unwrap(), b"I will not.");
    let prompt = first.resources(named::PROMPT).next().unwrap();
    assert_eq!(opened(&home, prompt).unwrap().unwrap(), b"Write twice.");
    assert_eq!(all(home.log.view(), |_, _| true).count(), 2);
}

#[test]
fn nothing_that_the_log_rests_on_is_erased() {
    let at = tempfile::tempdir().unwrap();
    let mut home = home(at.path());
    let contract = Contract::parse(CONTRACT).unwrap();
    let provenance = of(&home, one(&contract)).unwrap();
    let envelope = record(&mut home, &contract, None, &provenance).unwrap();
    let kept = provenance.resources(named::PROMPT).next().unwrap().sha256();
    let no_opening = home.log.put_blob(b"something else").unwrap();
    for wrong in [envelope, no_opening, Digest([7; 32])] {
        assert!(erase(&home, &BTreeSet::from([wrong, kept])).is_err(), "{wrong}");
        assert!(home.log.blob(&kept).is_ok(), "all or nothing");
    }
}
