//! The index says what the log says, whatever file it finds.

use std::sync::Arc;

use object_store::memory::InMemory;
use proofmark_mark::entry::{About, Entry};
use proofmark_mark::note::SignerKey;

use super::*;
use crate::log::Log;
use crate::store::Store;

fn log() -> Log {
    let signer = SignerKey::from_seed("proofmark.dev/log/test", &[7; 32]).unwrap();
    Log::create(Store::over(Arc::new(InMemory::new())), signer).unwrap()
}

fn add(log: &mut Log, kind: Kind, count: u64) {
    let envelope = b"an envelope".to_vec();
    let about = About { artifact: Digest::of(b"artifact"), contract: Digest::of(b"contract") };
    let about = (kind != Kind::Order).then_some(about);
    let batch =
        vec![(Entry { kind, envelope: Digest::of(&envelope), about }, envelope); usize::try_from(count).unwrap()];
    log.append(&batch).unwrap();
}

fn submission(generator: &str) -> Kind {
    Kind::Submission { generator: Digest::of(generator.as_bytes()) }
}

fn sums(index: &Index) -> (u64, u64, u64, Vec<u64>) {
    let attempts = |generator: &str| index.attempts(Digest::of(b"contract"), Digest::of(generator.as_bytes()));
    (attempts("one"), attempts("other"), index.runs(), index.orders().to_vec())
}

#[test]
fn sums_follow_the_log_with_and_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.json");
    let mut log = log();
    let mut index = Index::open(&file, log.view()).unwrap();
    assert_eq!(sums(&index), (0, 0, 0, vec![]));
    add(&mut log, submission("one"), 2);
    add(&mut log, Kind::Order, 1);
    add(&mut log, Kind::ReceiptOpen, 1);
    add(&mut log, Kind::ReceiptClose, 1);
    index.follow(log.view()).unwrap();
    assert_eq!(sums(&index), (2, 0, 1, vec![2]));
    assert!(!file.exists(), "a short log needs no file");

    add(&mut log, submission("other"), 300);
    index.follow(log.view()).unwrap();
    assert!(file.exists());
    add(&mut log, Kind::Order, 1);
    assert_eq!(sums(&Index::open(&file, log.view()).unwrap()), (2, 300, 1, vec![2, 305]));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(sums(&Index::open(&file, log.view()).unwrap()), (2, 300, 1, vec![2, 305]));
}

#[test]
fn a_file_that_does_not_fit_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index.json");
    let mut one = log();
    add(&mut one, submission("one"), 300);
    Index::open(&file, one.view()).unwrap();
    let saved = std::fs::read(&file).unwrap();
    let other = {
        let mut other = log();
        add(&mut other, submission("other"), 400);
        other
    };
    let zeroed = String::from_utf8(saved.clone()).unwrap().replace("\"size\":300", "\"size\":299");
    for wrong in [saved.clone(), b"{}".to_vec(), b"\xff".to_vec(), saved[..saved.len() / 2].to_vec(), zeroed.into()] {
        std::fs::write(&file, &wrong).unwrap();
        assert_eq!(sums(&Index::open(&file, other.view()).unwrap()), (0, 400, 0, vec![]));
    }
}
