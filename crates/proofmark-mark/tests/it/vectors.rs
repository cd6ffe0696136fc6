//! The vectors of `vectors/`: made here, checked in, and held against this implementation.
//!
//! After a deliberate change of a format, `cargo test -p proofmark-mark --test it -- --ignored write` writes them anew.

use std::collections::BTreeMap;
use std::path::PathBuf;

use p256::ecdsa::Signature;
use p256::pkcs8::{EncodePublicKey as _, LineEnding};
use proofmark_mark::challenge::Challenge;
use proofmark_mark::checkpoint::{self, Checkpoint};
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::{self, Envelope, PAYLOAD_TYPE, VerifyingKeys};
use proofmark_mark::entry::Entry;
use proofmark_mark::mark::verify;
use proofmark_mark::merkle::{self, Tree};
use proofmark_mark::note::{Note, VerifierKey};
use proofmark_mark::trust::Trust;
use serde_json::{Value, json};

use crate::builder::{ARTIFACT, ORIGIN, POLICY, Recipe, governor, log, now, trust_text};
use crate::cases;

type Make = fn() -> Value;
type Hold = fn(&Value);

/// Each file with what makes it and what holds one of its vectors against the implementation.
const FILES: [(&str, Make, Hold); 7] = [
    ("note.json", notes, hold_note),
    ("checkpoint.json", checkpoints, hold_checkpoint),
    ("merkle.json", merkles, hold_merkle),
    ("dsse.json", envelopes, hold_envelope),
    ("entry.json", entries, hold_entry),
    ("challenge.json", challenges, hold_challenge),
    ("mark.json", marks, hold_mark),
];

fn path(file: &str) -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../../vectors").join(file)
}

fn text(value: &Value) -> String {
    // Keys in one order, whichever features serde_json was built with.
    fn sorted(value: &Value) -> Value {
        match value {
            Value::Object(fields) => {
                let fields: BTreeMap<&String, Value> = fields.iter().map(|(key, value)| (key, sorted(value))).collect();
                json!(fields)
            }
            Value::Array(values) => values.iter().map(sorted).collect(),
            other => other.clone(),
        }
    }
    format!("{}\n", serde_json::to_string_pretty(&sorted(value)).unwrap())
}

#[test]
#[ignore = "writes the vectors anew"]
fn write() {
    for (file, make, _) in FILES {
        std::fs::write(path(file), text(&make())).unwrap();
    }
}

#[test]
fn vectors_are_those_that_are_checked_in() {
    for (file, make, _) in FILES {
        assert!(std::fs::read_to_string(path(file)).unwrap() == text(&make()), "{file} is not what is made here");
    }
}

#[test]
fn vectors_hold() {
    for (file, _, hold) in FILES {
        let value: Value = serde_json::from_str(&std::fs::read_to_string(path(file)).unwrap()).unwrap();
        let vectors = value["vectors"].as_array().unwrap();
        let refused = vectors.iter().filter(|vector| vector["expect"].is_null() || vector["expect"] == json!(false));
        assert!(file == "challenge.json" || file == "mark.json" || refused.count() * 2 > vectors.len(), "{file}");
        vectors.iter().for_each(hold);
    }
}

fn string<'a>(vector: &'a Value, field: &str) -> &'a str {
    vector[field].as_str().unwrap_or_else(|| panic!("{vector}: {field}"))
}

fn number(vector: &Value, field: &str) -> u64 {
    vector[field].as_u64().unwrap_or_else(|| panic!("{vector}: {field}"))
}

fn digests(vector: &Value, field: &str) -> Vec<Digest> {
    serde_json::from_value(vector[field].clone()).unwrap()
}

fn digest(vector: &Value, field: &str) -> Digest {
    string(vector, field).parse().unwrap()
}

fn notes() -> Value {
    let key = log(2);
    let body = "one\n\ntwo\n";
    let good = Note::new(body, vec![key.sign(body)]).unwrap().to_string();
    let line = good.lines().last().unwrap().to_owned();
    let stranger = log(3).sign(body);
    let with_stranger = Note::new(body, vec![stranger.clone(), key.sign(body)]).unwrap().to_string();
    let only_stranger = Note::new(body, vec![stranger]).unwrap().to_string();
    let mut broken = key.sign(body);
    broken.bytes[63] ^= 1;
    let spoiled = Note::new(body, vec![key.sign(body), broken]).unwrap().to_string();
    let cases = [
        ("right", good.clone(), true),
        ("also signed by a stranger", with_stranger, true),
        ("signed by a stranger alone", only_stranger, false),
        ("a right and a wrong signature by the key", spoiled, false),
        ("empty", String::new(), false),
        ("text altered", good.replace("two", "twq"), false),
        ("no blank line", good.replace("\n\n", "\n"), false),
        ("no signature", format!("{body}\n"), false),
        ("no final newline", good.trim_end().to_owned(), false),
        ("something after the signatures", format!("{good}x\n"), false),
        ("a blank line after the signatures", format!("{good}\n"), false),
        ("carriage returns", good.replace('\n', "\r\n"), false),
        ("a NUL", good.replace("two", "t\0o"), false),
        ("a hyphen for the dash", good.replace('—', "-"), false),
        ("two spaces", good.replace("— ", "—  "), false),
        ("a space at the end of a line", good.replace(&line, &format!("{line} ")), false),
        ("base64 without padding", good.replace(&line, line.trim_end_matches('=')), false),
        ("a key id alone", good.replace(&line, &format!("— {ORIGIN} AAAAAA==")), false),
        ("another name", good.replace(ORIGIN, "example.com/other"), false),
        ("65 signatures", format!("{good}{}", format!("{line}\n").repeat(64)), false),
    ];
    let vectors = cases.map(|(name, note, expect)| json!({ "name": name, "note": note, "expect": expect }));
    let about = "Each note with whether the key signed it (C2SP signed-note, Ed25519).";
    json!({ "about": about, "vectors": keyed(&vectors, &key.verifier()) })
}

fn keyed(vectors: &[Value], key: &VerifierKey) -> Vec<Value> {
    let mut vectors = vectors.to_vec();
    vectors.iter_mut().for_each(|vector| vector["key"] = json!(key.to_string()));
    vectors
}

fn hold_note(vector: &Value) {
    let key: VerifierKey = string(vector, "key").parse().unwrap();
    let verified = Note::parse(string(vector, "note").as_bytes()).and_then(|note| note.verify(&key));
    assert_eq!(json!(verified.is_ok()), vector["expect"], "{vector}");
}

fn checkpoints() -> Value {
    let key = log(2);
    let signed = |text: String| Note::new(&text, vec![key.sign(&text)]).unwrap().to_string();
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 7, root: Digest([1; 32]) };
    let text = checkpoint.to_string();
    let root = text.lines().last().unwrap().to_owned();
    let wrong = [
        ("another origin", text.replace(ORIGIN, "example.com/other")),
        ("no origin", text.replace(ORIGIN, "")),
        ("leading zero", text.replace("\n7\n", "\n07\n")),
        ("sign", text.replace("\n7\n", "\n+7\n")),
        ("negative", text.replace("\n7\n", "\n-7\n")),
        ("hexadecimal", text.replace("\n7\n", "\n0x7\n")),
        ("no size", text.replace("\n7\n", "\n\n")),
        ("size beyond 64 bits", text.replace("\n7\n", "\n18446744073709551616\n")),
        ("root of 31 bytes", text.replace(&root, "AQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQ==")),
        ("root with unused bits set", text.replace("AQE=", "AQF=")),
        ("root in hexadecimal", text.replace(&root, &Digest([1; 32]).to_string())),
        ("no root", text.replace(&format!("{root}\n"), "")),
        ("extension line", format!("{text}extension\n")),
        ("empty line", format!("{text}\n")),
    ];
    let mut vectors = vec![json!({
        "name": "right",
        "note": signed(text.clone()),
        "expect": { "origin": ORIGIN, "size": 7, "root": Digest([1; 32]) },
    })];
    let altered = signed(text.clone()).replace("\n7\n", "\n8\n");
    vectors.push(json!({ "name": "size altered after signing", "note": altered, "expect": null }));
    vectors.extend(wrong.map(|(name, text)| json!({ "name": name, "note": signed(text), "expect": null })));
    let about = "Each signed note with the checkpoint in it, or null if it is to be refused.";
    json!({ "about": about, "vectors": keyed(&vectors, &key.verifier()) })
}

fn hold_checkpoint(vector: &Value) {
    let key: VerifierKey = string(vector, "key").parse().unwrap();
    let read = checkpoint::open(string(vector, "note").as_bytes(), &key).ok();
    let read = read.map(|read| json!({ "origin": read.origin, "size": read.size, "root": read.root }));
    assert_eq!(json!(read), vector["expect"], "{vector}");
}

fn merkles() -> Value {
    let mut tree = Tree::default();
    let mut roots = vec![tree.root()];
    let leaves: Vec<Digest> = (0..7_u8).map(|nth| merkle::leaf_hash(&[nth])).collect();
    for leaf in &leaves {
        tree.push(*leaf);
        roots.push(tree.root());
    }
    let mut vectors = Vec::new();
    let mut inclusion = |name: &str, leaf: &Digest, index: u64, size: u64, proof: &[Digest], root: &Digest, expect| {
        vectors.push(json!({
            "kind": "inclusion", "name": name, "leaf": leaf, "index": index, "size": size,
            "proof": proof, "root": root, "expect": expect,
        }));
    };
    for (index, size) in [(0_u64, 1_u64), (0, 7), (4, 7), (6, 7)] {
        let (leaf, root) = (&leaves[index as usize], &roots[size as usize]);
        let proof = merkle::inclusion_proof(&tree, index, size).unwrap();
        inclusion("right", leaf, index, size, &proof, root, true);
        inclusion("another index", leaf, index ^ 1, size, &proof, root, false);
        inclusion("index outside", leaf, size, size, &proof, root, false);
        inclusion("another leaf", &Digest([9; 32]), index, size, &proof, root, false);
        inclusion("another root", leaf, index, size, &proof, &Digest([9; 32]), false);
        inclusion("a hash more", leaf, index, size, &[&proof[..], &[Digest([0; 32])]].concat(), root, false);
        if let Some((_, shorter)) = proof.split_last() {
            inclusion("a hash less", leaf, index, size, shorter, root, false);
            inclusion("hashes in another order", leaf, index, size, &reversed(&proof), root, false);
        }
    }
    inclusion("empty tree", &Digest::of(b""), 0, 0, &[], &roots[0], false);
    let mut consistency = |name: &str, old: (u64, &Digest), new: (u64, &Digest), proof: &[Digest], expect| {
        vectors.push(json!({
            "kind": "consistency", "name": name, "size1": old.0, "root1": old.1, "size2": new.0, "root2": new.1,
            "proof": proof, "expect": expect,
        }));
    };
    for (old, new) in [(1_u64, 7_u64), (3, 7), (4, 7), (6, 7), (7, 7), (0, 7)] {
        let (first, second) = ((old, &roots[old as usize]), (new, &roots[new as usize]));
        let proof = merkle::consistency_proof(&tree, old, new).unwrap();
        consistency("right", first, second, &proof, true);
        consistency("another first root", (old, &Digest([9; 32])), second, &proof, false);
        consistency("a hash more", first, second, &[&proof[..], &[Digest([0; 32])]].concat(), false);
        if let Some((_, shorter)) = proof.split_last() {
            consistency("another second root", first, (new, &Digest([9; 32])), &proof, false);
            consistency("a hash less", first, second, shorter, false);
            consistency("backwards", second, first, &proof, false);
        }
    }
    let about = "RFC 6962 proofs with whether they verify. Leaf n is the entry that is the one byte n.";
    json!({ "about": about, "vectors": vectors })
}

fn reversed(proof: &[Digest]) -> Vec<Digest> {
    let mut proof = proof.to_vec();
    proof.rotate_left(1);
    proof
}

fn hold_merkle(vector: &Value) {
    let proof = digests(vector, "proof");
    let verified = match string(vector, "kind") {
        "inclusion" => merkle::verify_inclusion(
            &digest(vector, "leaf"),
            number(vector, "index"),
            number(vector, "size"),
            &proof,
            &digest(vector, "root"),
        ),
        _ => merkle::verify_consistency(
            number(vector, "size1"),
            &digest(vector, "root1"),
            number(vector, "size2"),
            &digest(vector, "root2"),
            &proof,
        ),
    };
    assert_eq!(json!(verified.is_ok()), vector["expect"], "{vector}");
}

fn envelopes() -> Value {
    let payload = b"{\"a\":1}".to_vec();
    let good = Envelope::sign(PAYLOAD_TYPE, payload.clone(), &governor(1)).unwrap();
    let text = String::from_utf8(good.to_bytes()).unwrap();
    let value: Value = serde_json::from_str(&text).unwrap();
    let (keyid, sig) = (string(&value["signatures"][0], "keyid"), string(&value["signatures"][0], "sig"));
    let signature = Signature::from_der(&decode(sig)).unwrap();
    let (r, s) = signature.split_scalars();
    let high = Signature::from_scalars(r, -*s).unwrap();
    let other = dsse::keyid(governor(4).verifying_key()).unwrap().to_string();
    let stranger = Envelope::sign(PAYLOAD_TYPE, payload.clone(), &governor(4)).unwrap();
    let plain = Envelope::sign("application/json", payload, &governor(1)).unwrap();
    let one = format!("{{\"keyid\":\"{keyid}\",\"sig\":\"{sig}\"}}");
    let wrong = [
        ("payload altered", text.replace("eyJhIjoxfQ==", "eyJhIjoyfQ==")),
        ("payload without padding", text.replace("eyJhIjoxfQ==", "eyJhIjoxfQ")),
        ("payload with unused bits set", text.replace("eyJhIjoxfQ==", "eyJhIjoxfR==")),
        ("another payload type", String::from_utf8(plain.to_bytes()).unwrap()),
        ("payload type altered", text.replace("in-toto", "in-tota")),
        ("by an unknown key", String::from_utf8(stranger.to_bytes()).unwrap()),
        ("with another key's id", text.replace(keyid, &other)),
        ("with an empty key id", text.replace(keyid, "")),
        ("high S", text.replace(sig, &encode(high.to_der().as_bytes()))),
        ("r and s without DER", text.replace(sig, &encode(&signature.to_bytes()))),
        ("a byte after the DER", text.replace(sig, &encode(&[decode(sig), vec![0]].concat()))),
        ("an empty signature", text.replace(sig, "")),
        ("no signatures", text.replace(&one, "")),
        ("the same signature twice", text.replace(&one, &format!("{one},{one}"))),
        ("unknown field", text.replace("{\"payload\"", "{\"extra\":1,\"payload\"")),
        ("white space", text.replace(",\"", ", \"")),
        ("final newline", format!("{text}\n")),
    ];
    let mut vectors = vec![json!({ "name": "right", "envelope": text, "expect": "eyJhIjoxfQ==" })];
    vectors.extend(wrong.map(|(name, envelope)| json!({ "name": name, "envelope": envelope, "expect": null })));
    let pem = governor(1).verifying_key().to_public_key_pem(LineEnding::LF).unwrap();
    vectors.iter_mut().for_each(|vector| vector["key"] = json!(pem));
    json!({ "about": "Each DSSE envelope with its payload in base64, or null if it is to be refused.", "vectors": vectors })
}

fn decode(text: &str) -> Vec<u8> {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.decode(text).unwrap()
}

fn encode(bytes: &[u8]) -> String {
    use base64::Engine as _;
    base64::engine::general_purpose::STANDARD.encode(bytes)
}

fn hold_envelope(vector: &Value) {
    let mut keys = VerifyingKeys::default();
    keys.insert(dsse::key_from_pem(string(vector, "key")).unwrap()).unwrap();
    let payload = Envelope::parse(string(vector, "envelope").as_bytes())
        .ok()
        .and_then(|envelope| envelope.verify(&keys).ok().map(|signed| encode(signed.payload)));
    assert_eq!(json!(payload), vector["expect"], "{vector}");
}

fn entries() -> Value {
    use proofmark_mark::entry::{About, Kind};
    let about = About { artifact: Digest([2; 32]), contract: Digest([3; 32]) };
    let entry = |kind| Entry { kind, envelope: Digest([1; 32]), about: (kind != Kind::Order).then_some(about) };
    let text = |kind| String::from_utf8(entry(kind).to_bytes()).unwrap();
    let submission = text(Kind::Submission { generator: Digest([4; 32]) });
    let verdict = text(Kind::Verdict);
    let order = text(Kind::Order);
    let generator = format!(",\"generator\":\"{}\"", Digest([4; 32]));
    let cases = [
        ("submission", submission.clone(), true),
        ("verdict", verdict.clone(), true),
        ("provenance", text(Kind::Provenance), true),
        ("order", order.clone(), true),
        ("order about an artifact", verdict.replace("verdict", "order"), false),
        ("verdict about nothing", order.replace("order", "verdict"), false),
        ("submission without a generator", submission.replace(&generator, ""), false),
        ("verdict with a generator", verdict.replace('}', &format!("{generator}}}")), false),
        ("unknown kind", verdict.replace("verdict", "rumour"), false),
        ("version 2", verdict.replace(":1,", ":2,"), false),
        (
            "fields in another order",
            verdict.replace("\"proofmark\":1,\"kind\":\"verdict\"", "\"kind\":\"verdict\",\"proofmark\":1"),
            false,
        ),
        ("white space", verdict.replace(',', ", "), false),
        ("upper-case digest", verdict.replace("01", "0A"), false),
        ("unknown field", verdict.replace('}', ",\"extra\":1}"), false),
        ("final newline", format!("{verdict}\n"), false),
        ("empty", String::new(), false),
    ];
    let vectors = cases.map(|(name, entry, expect)| {
        let leaf = expect.then(|| merkle::leaf_hash(entry.as_bytes()));
        json!({ "name": name, "entry": entry, "expect": leaf })
    });
    json!({ "about": "Each log entry with its leaf hash, or null if it is to be refused.", "vectors": vectors })
}

fn hold_entry(vector: &Value) {
    let leaf = Entry::parse(string(vector, "entry").as_bytes()).ok().map(|entry| merkle::leaf_hash(&entry.to_bytes()));
    assert_eq!(json!(leaf), vector["expect"], "{vector}");
}

fn challenges() -> Value {
    let checkpoint = Checkpoint { origin: ORIGIN.to_owned(), size: 4, root: Digest([1; 32]) }.to_string();
    let cases = [
        ("a checkpoint and an entry", checkpoint.as_str(), "{\"proofmark\":1}"),
        ("the border moved to the left", "ab", "c"),
        ("the border moved to the right", "a", "bc"),
        ("nothing", "", ""),
    ];
    let parts: [&[&str]; 5] = [&[], &[""], &["properties", "gcd"], &["propertie", "sgcd"], &["propertiesgcd"]];
    let vectors = cases.map(|(name, checkpoint, entry)| {
        let challenge = Challenge::new(checkpoint, entry.as_bytes());
        let seeds = parts.map(|parts| {
            let bytes: Vec<&[u8]> = parts.iter().map(|part| part.as_bytes()).collect();
            json!({ "parts": parts, "seed": Digest(challenge.derive(&bytes)) })
        });
        json!({ "name": name, "checkpoint_text": checkpoint, "entry": entry, "expect": challenge, "seeds": seeds })
    });
    let about = "Each checkpoint text and submission entry with the challenge, and seeds derived from it.";
    json!({ "about": about, "vectors": vectors })
}

fn hold_challenge(vector: &Value) {
    let challenge = Challenge::new(string(vector, "checkpoint_text"), string(vector, "entry").as_bytes());
    assert_eq!(json!(challenge), vector["expect"], "{vector}");
    for seed in vector["seeds"].as_array().unwrap() {
        let parts: Vec<String> = serde_json::from_value(seed["parts"].clone()).unwrap();
        let parts: Vec<&[u8]> = parts.iter().map(String::as_bytes).collect();
        assert_eq!(Digest(challenge.derive(&parts)), digest(seed, "seed"), "{seed}");
    }
}

fn marks() -> Value {
    let right = String::from_utf8(Recipe::default().bytes()).unwrap();
    let made = Recipe { provenance: Some(|_| {}), ..Recipe::default() }.bytes();
    let vector = |name: &str, mark: &str, artifact: Option<&[u8]>, expect: &str| {
        json!({
            "name": name, "mark": mark, "artifact": artifact.map(encode), "expect": expect,
            "trust": trust_text(POLICY), "now": now().to_string(),
        })
    };
    let mut vectors = vec![
        vector("right", &right, Some(ARTIFACT), "valid"),
        vector("right, without the artifact", &right, None, "valid"),
        vector("right, with provenance", std::str::from_utf8(&made).unwrap(), Some(ARTIFACT), "valid"),
        vector("another artifact", &right, Some(b"another"), "artifact"),
    ];
    let wrong = cases::wrong();
    vectors.extend(
        wrong.iter().map(|case| vector(case.name, std::str::from_utf8(&case.mark).unwrap(), None, case.expect)),
    );
    let about = "Each mark, with trust file, time and maybe the artifact (base64): valid, or the code of its refusal.";
    json!({ "about": about, "vectors": vectors })
}

fn hold_mark(vector: &Value) {
    let trust = Trust::parse(string(vector, "trust")).unwrap();
    let now = string(vector, "now").parse().unwrap();
    let artifact = vector["artifact"].as_str().map(decode);
    let found = match verify(string(vector, "mark").as_bytes(), artifact.as_deref(), &trust, now) {
        Ok(_) => "valid".to_owned(),
        Err(refusal) => refusal.code.to_string(),
    };
    assert_eq!(json!(found), vector["expect"], "{}: {found}", vector["name"]);
}
