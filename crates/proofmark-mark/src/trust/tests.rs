//! Trust files: what is read, and what is refused rather than half read.

use p256::ecdsa::SigningKey;
use p256::pkcs8::{EncodePublicKey as _, LineEnding};

use super::*;
use crate::note::SignerKey;

fn pem(seed: u8) -> String {
    let key = SigningKey::from_slice(&[seed; 32]).unwrap();
    key.verifying_key().to_public_key_pem(LineEnding::LF).unwrap()
}

fn text() -> String {
    let log = SignerKey::from_seed("proofmark.dev/log/test", &[7; 32]).unwrap().verifier();
    format!(
        "trust = 1\nlogs = [\"{log}\"]\n\n[[governor]]\nname = \"local\"\nkey = \"\"\"\n{}\"\"\"\n\n[[policy]]\nname = \"supervised\"\nsha256 = \"{}\"\n",
        pem(1),
        Digest([5; 32]),
    )
}

#[test]
fn a_trust_file_names_logs_governors_and_policies() {
    let trust = Trust::parse(&text()).unwrap();
    assert_eq!(trust.logs()[0].name(), "proofmark.dev/log/test");
    let [governor] = trust.governors() else { panic!() };
    assert_eq!(governor.name, "local");
    assert_eq!(governor.keyid, dsse::keyid(&governor.key).unwrap());
    assert_eq!(trust.policies(), [PolicyRef { name: "supervised".to_owned(), digest: Digest([5; 32]) }]);
}

#[test]
fn stewards_are_optional_and_apart_from_governors() {
    assert_eq!(Trust::parse(&text()).unwrap().stewards(), []);
    let with = format!("{}\n[[steward]]\nname = \"ada\"\nkey = \"\"\"\n{}\"\"\"\n", text(), pem(2));
    let trust = Trust::parse(&with).unwrap();
    let [steward] = trust.stewards() else { panic!() };
    assert_eq!(steward.name, "ada");
    assert_ne!(steward.keyid, trust.governors()[0].keyid);
}

#[test]
fn anything_else_is_refused() {
    let text = text();
    let governor = text.split("[[governor]]").nth(1).unwrap().split("[[policy]]").next().unwrap();
    let policy = text.split("[[policy]]").nth(1).unwrap();
    let log = text.split('"').nth(1).unwrap();
    let wrong = [
        (String::new(), "trust"),
        (text.replace("trust = 1", "trust = 2"), "version 2"),
        (text.replace("trust = 1", ""), "missing field"),
        (text.replace("trust = 1", "trust = 1\nbelieve = \"everyone\""), "unknown field"),
        (text.replace("name = \"local\"", "name = \"local\"\nadmin = true"), "unknown field"),
        (text.replace(&format!("[\"{log}\"]"), "[]"), "no log"),
        (text.replace(&format!("\"{log}\""), &format!("\"{log}\", \"{log}\"")), "twice"),
        (text.replace(log, "proofmark.dev/log/test+00000000+AAAA"), "not a verifier key"),
        (text.replace(&format!("[[governor]]{governor}"), ""), "no governor"),
        (format!("{text}[[governor]]{governor}"), "twice"),
        (format!("{text}[[governor]]{}", governor.replace("local", "other")), "governor or steward key"),
        (format!("{text}[[steward]]{governor}"), "governor or steward key"),
        (format!("{text}[[steward]]{}", governor.replace("BEGIN PUBLIC", "BEGIN PRIVATE")), "steward `local`"),
        (text.replace("BEGIN PUBLIC KEY", "BEGIN PRIVATE KEY"), "governor `local`"),
        (text.replace(&format!("[[policy]]{policy}"), ""), "no policy"),
        (format!("{text}[[policy]]{policy}"), "twice"),
        (text.replace(&"05".repeat(32), "05"), "not a SHA-256 digest"),
        (format!("{text}{}", "#".repeat(TRUST_BYTES_MAX)), "over the limit"),
    ];
    for (text, part) in wrong {
        let error = Trust::parse(&text).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}
