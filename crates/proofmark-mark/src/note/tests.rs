//! Signed notes and checkpoints, against the examples of other implementations and every malformed shape.

use super::*;
use crate::checkpoint::{self, Checkpoint, CheckpointError};

/// The verifier key and a note of the Go checksum database's note package.
const PETER: &str = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW";
const ENIGMA: &str = concat!(
    "If you think cryptography is the answer to your problem,\n",
    "then you don't know what your problem is.\n",
    "\n",
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n",
);

fn signer(name: &str) -> SignerKey {
    SignerKey::from_seed(name, &[7; 32]).unwrap()
}

fn note() -> Note {
    let key = signer("example.com/log");
    Note::new("one\n\ntwo\n", vec![key.sign("one\n\ntwo\n")]).unwrap()
}

#[test]
fn a_note_of_another_implementation_verifies() {
    let key: VerifierKey = PETER.parse().unwrap();
    assert_eq!(key.to_string(), PETER);
    let note = Note::parse(ENIGMA.as_bytes()).unwrap();
    assert_eq!(note.verify(&key), Ok(()));
    assert_eq!(note.to_string(), ENIGMA);
    let altered = Note::parse(ENIGMA.replace("answer", "question").as_bytes()).unwrap();
    assert_eq!(altered.verify(&key), Err(NoteError::WrongSignature("PeterNeumann".to_owned())));
}

#[test]
fn keys_are_read_as_they_are_written() {
    let key = signer("example.com/log");
    let secret = key.to_secret_text();
    assert!(secret.starts_with("PRIVATE+KEY+example.com/log+"));
    assert_eq!(SignerKey::parse_secret_text(&secret).unwrap().verifier(), key.verifier());
    assert!(!format!("{key:?}").contains(secret.rsplit('+').next().unwrap()));
    let public = key.verifier().to_string();
    let wrong = [
        public.replace("example", "exbmple"),
        public.replacen('+', "++", 1),
        public.replace("+A", "+B"),
        public[..public.len() - 4].to_owned(),
        format!("{public}AAAA"),
        public.to_uppercase(),
        // A key of small order: anything is signed by it.
        "a+00000000+AQEAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA".to_owned(),
        String::new(),
    ];
    for wrong in wrong {
        assert!(wrong.parse::<VerifierKey>().is_err(), "{wrong}");
    }
    for wrong in [&secret[8..], &secret.replace("example", "exbmple"), &secret[..secret.len() - 4]] {
        assert_eq!(SignerKey::parse_secret_text(wrong).unwrap_err(), NoteError::SignerKey);
    }
    for name in ["", "two words", "a+b", "tab\t", "nul\0", &"x".repeat(256), "em\u{2003}space"] {
        assert!(SignerKey::from_seed(name, &[7; 32]).is_err(), "{name}");
    }
}

#[test]
fn a_malformed_note_is_refused() {
    let good = note().to_string();
    assert!(Note::parse(good.as_bytes()).is_ok());
    let line = good.lines().last().unwrap();
    let text = |signatures: usize| format!("a\n\n{}", format!("{line}\n").repeat(signatures));
    assert!(Note::parse(text(SIGNATURES_MAX).as_bytes()).is_ok());
    let wrong = [
        String::new(),
        "\n".to_owned(),
        "\n\n".to_owned(),
        "one\n".to_owned(),
        "one\n\n".to_owned(),
        good.trim_end().to_owned(),
        format!("{good}\n"),
        format!("{good}x"),
        good.replace('—', "-"),
        good.replace("— ", "—"),
        good.replace(" example", "  example"),
        good.replace("one", "o\rne"),
        good.replace("one", "o\0ne"),
        good.replace(line, "— example.com/log AAAAAA=="),
        good.replace(line, "— example.com/log AAAAAAB="),
        good.replace(line, "— example.com/log not base64"),
        good.replace(line, &format!("{line} ")),
        good.replace(line, &line.replace("example", "exa+mple")),
        text(SIGNATURES_MAX + 1),
        format!("{}\n\n{line}\n", "a".repeat(NOTE_BYTES_MAX)),
    ];
    for wrong in wrong {
        assert!(Note::parse(wrong.as_bytes()).is_err(), "{wrong:?}");
    }
    assert!(Note::parse(&[good.as_bytes(), &[0xff]].concat()).is_err());
}

#[test]
fn only_the_right_key_over_the_right_text_counts() {
    let (note, key) = (note(), signer("example.com/log").verifier());
    assert_eq!(note.verify(&key), Ok(()));
    let other = signer("example.com/other").verifier();
    assert_eq!(note.verify(&other), Err(NoteError::NotSigned("example.com/other".to_owned())));
    // One wrong signature by the key spoils a right one.
    let mut wrong = note.signatures()[0].clone();
    wrong.bytes[0] ^= 1;
    let both = Note::new(note.text(), vec![note.signatures()[0].clone(), wrong]).unwrap();
    assert_eq!(both.verify(&key), Err(NoteError::WrongSignature("example.com/log".to_owned())));
    // Signatures by others do not matter.
    let stranger = signer("example.com/stranger").sign("something else\n");
    let both = Note::new(note.text(), vec![stranger, note.signatures()[0].clone()]).unwrap();
    assert_eq!(both.verify(&key), Ok(()));
}

#[test]
fn a_note_that_could_not_be_read_back_is_not_made() {
    let key = signer("example.com/log");
    for text in ["", "no newline", "tab\t\n"] {
        assert!(Note::new(text, vec![key.sign(text)]).is_err(), "{text:?}");
    }
    assert!(Note::new("a\n", Vec::new()).is_err());
}

#[test]
fn a_checkpoint_is_origin_size_and_root() {
    let key = signer("example.com/log");
    let checkpoint = Checkpoint { origin: "example.com/log".to_owned(), size: 20_852_163, root: Digest([1; 32]) };
    let text = checkpoint.to_string();
    assert_eq!(text, "example.com/log\n20852163\nAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQEBAQE=\n");
    assert_eq!(Checkpoint::parse(&text).unwrap(), checkpoint);
    let note = checkpoint.sign(&key).unwrap().to_string();
    assert_eq!(checkpoint::open(note.as_bytes(), &key.verifier()).unwrap(), checkpoint);
    let wrong = [
        text.replace("20852163", "020852163"),
        text.replace("20852163", "+20852163"),
        text.replace("20852163", "-1"),
        text.replace("20852163", "18446744073709551616"),
        text.replace("20852163", ""),
        text.replace("AQE=", "AQF="),
        text.replace("AQE=", "AQ=="),
        text.replace("example.com/log", ""),
        format!("{text}extension\n"),
        text.trim_end().to_owned(),
        String::new(),
    ];
    for wrong in wrong {
        assert!(Checkpoint::parse(&wrong).is_err(), "{wrong:?}");
    }
}

#[test]
fn a_checkpoint_of_another_log_is_refused() {
    let (key, other) = (signer("example.com/log"), signer("example.com/other"));
    let checkpoint = Checkpoint { origin: "example.com/other".to_owned(), size: 1, root: Digest([1; 32]) };
    assert!(matches!(checkpoint.sign(&key), Err(CheckpointError::Origin { .. })));
    let text = checkpoint.to_string();
    let posing = Note::new(&text, vec![key.sign(&text)]).unwrap().to_string();
    assert!(matches!(checkpoint::open(posing.as_bytes(), &key.verifier()), Err(CheckpointError::Origin { .. })));
    assert!(matches!(checkpoint::open(posing.as_bytes(), &other.verifier()), Err(CheckpointError::Note(_))));
}
