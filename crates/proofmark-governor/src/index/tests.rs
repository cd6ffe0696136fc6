//! The index says what the log says, whatever file it finds.

use std::sync::Arc;

use object_store::memory::InMemory;
use proofmark_mark::note::SignerKey;
use rand_chacha::ChaCha8Rng;
use rand_chacha::rand_core::{Rng as _, SeedableRng as _};

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

/// Submissions by as many generators.
fn add_generators(log: &mut Log, generators: std::ops::Range<u64>) {
    let envelope = b"an envelope".to_vec();
    let about = Some(About { artifact: Digest::of(b"artifact"), contract: Digest::of(b"contract") });
    let entry = |nth: u64| {
        let kind = Kind::Submission { generator: Digest::of(&nth.to_be_bytes()) };
        (Entry { kind, envelope: Digest::of(&envelope), about }, envelope.clone())
    };
    log.append(&generators.map(entry).collect::<Vec<_>>()).unwrap();
}

fn submission(generator: &str) -> Kind {
    Kind::Submission { generator: Digest::of(generator.as_bytes()) }
}

fn attempts_of(index: &mut Index, view: &View, generator: &[u8]) -> Vec<u64> {
    let key = Key::Attempts { contract: Digest::of(b"contract"), generator: Digest::of(generator) };
    index.find(view, key).unwrap()
}

fn sums(index: &mut Index, view: &View) -> (usize, usize, usize, u64, Vec<u64>) {
    let by_artifact = Key::Submissions { contract: Digest::of(b"contract"), artifact: Digest::of(b"artifact") };
    (
        attempts_of(index, view, b"one").len(),
        attempts_of(index, view, b"other").len(),
        index.find(view, by_artifact).unwrap().len(),
        index.runs(),
        index.find(view, Key::Orders).unwrap(),
    )
}

fn opened(file: &Path, log: &Log) -> (usize, usize, usize, u64, Vec<u64>) {
    sums(&mut Index::open(file, log.view()).unwrap(), log.view())
}

#[test]
fn sums_follow_the_log_with_and_without_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index");
    let mut log = log();
    let mut index = Index::open(&file, log.view()).unwrap();
    assert_eq!(sums(&mut index, log.view()), (0, 0, 0, 0, vec![]));
    add(&mut log, submission("one"), 2);
    add(&mut log, Kind::Order, 1);
    add(&mut log, Kind::ReceiptOpen, 1);
    add(&mut log, Kind::ReceiptClose, 1);
    assert_eq!(sums(&mut index, log.view()), (2, 0, 2, 1, vec![2]));
    assert!(!file.exists(), "a short log needs no file");

    add(&mut log, submission("other"), 300);
    index.follow(log.view()).unwrap();
    assert!(file.exists());
    add(&mut log, Kind::Order, 1);
    let all = (2, 300, 302, 1, vec![2, 305]);
    assert_eq!(sums(&mut index, log.view()), all);
    assert_eq!(opened(&file, &log), all);
    std::fs::remove_file(&file).unwrap();
    assert_eq!(opened(&file, &log), all);
}

#[test]
fn every_key_is_found_in_a_file_of_many_blocks() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index");
    let mut log = log();
    let mut index = Index::open(&file, log.view()).unwrap();
    for start in [0_u64, 700, 1400, 2100] {
        add_generators(&mut log, start..start + 700);
        add(&mut log, submission("many"), 150);
        index.follow(log.view()).unwrap();
    }
    assert!(index.fresh.is_empty());
    assert_eq!(index.saved.as_ref().unwrap().head.pairs, 2 * (2800 + 600));
    for nth in 0..2800_u64 {
        let at = nth + 150 * (nth / 700);
        assert_eq!(attempts_of(&mut index, log.view(), &nth.to_be_bytes()), [at], "{nth}");
    }
    let many = (0..4_u64).flat_map(|nth| (0..150).map(move |more| nth * 850 + 700 + more));
    assert_eq!(attempts_of(&mut index, log.view(), b"many"), many.collect::<Vec<_>>());
    assert!(attempts_of(&mut index, log.view(), b"nobody").is_empty());
}

#[test]
fn a_file_of_another_log_is_made_again() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index");
    let mut one = log();
    add(&mut one, submission("one"), 300);
    Index::open(&file, one.view()).unwrap();
    let saved = std::fs::read(&file).unwrap();
    let other = {
        let mut other = log();
        add(&mut other, submission("other"), 400);
        other
    };
    for wrong in [saved.clone(), b"{}".to_vec(), b"\xff".to_vec(), saved[..saved.len() / 2].to_vec(), Vec::new()] {
        std::fs::write(&file, &wrong).unwrap();
        assert_eq!(opened(&file, &other), (0, 400, 400, 0, vec![]));
    }
}

#[test]
fn a_file_with_any_bit_wrong_changes_no_answer() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index");
    let mut log = log();
    add(&mut log, submission("one"), 300);
    add(&mut log, Kind::Order, 2);
    add(&mut log, Kind::ReceiptOpen, 3);
    let all = opened(&file, &log);
    assert_eq!(all, (300, 0, 300, 3, vec![300, 301]));
    let saved = std::fs::read(&file).unwrap();
    let mut random = ChaCha8Rng::seed_from_u64(7);
    let mut seen = 0;
    for round in 0..200 {
        let mut wrong = saved.clone();
        let at = random.next_u32() as usize % wrong.len();
        match round % 4 {
            0 => wrong.truncate(at),
            1 => drop(wrong.splice(at.min(wrong.len() - 64).., saved[..64].iter().copied())),
            _ => wrong[at] ^= 1 << (random.next_u32() % 8),
        }
        std::fs::write(&file, &wrong).unwrap();
        assert_eq!(opened(&file, &log), all, "round {round}, byte {at}");
        // Whoever has it open when it is damaged notices too.
        std::fs::write(&file, &saved).unwrap();
        let mut index = Index::open(&file, log.view()).unwrap();
        std::fs::write(&file, &wrong).unwrap();
        assert_eq!(sums(&mut index, log.view()), all, "round {round}, byte {at}");
        seen += u64::from(std::fs::read(&file).unwrap() == saved);
    }
    assert!(seen > 50, "{seen}");
}

#[test]
fn a_damaged_file_is_replaced_when_more_is_added() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("index");
    let mut log = log();
    add(&mut log, submission("one"), 300);
    let mut index = Index::open(&file, log.view()).unwrap();
    let mut wrong = std::fs::read(&file).unwrap();
    let last = wrong.len() - 1;
    wrong[last] ^= 1;
    std::fs::write(&file, &wrong).unwrap();
    for _ in 0..2 {
        add(&mut log, submission("other"), 300);
        index.follow(log.view()).unwrap();
    }
    assert!(index.fresh.is_empty());
    assert_eq!(opened(&file, &log), (300, 600, 900, 0, vec![]));
}

#[test]
fn a_place_that_can_not_be_written_costs_time_and_no_answer() {
    let mut log = log();
    add(&mut log, submission("one"), 300);
    let file = Path::new("/nowhere/at/all/index");
    assert_eq!(opened(file, &log), (300, 0, 300, 0, vec![]));
}

#[test]
fn an_older_view_sees_no_later_entry() {
    let folder = tempfile::tempdir().unwrap();
    let mut log = log();
    add(&mut log, submission("one"), 3);
    let before = View::open(&log.view().store, &log.view().key).unwrap();
    add(&mut log, submission("one"), 3);
    let mut index = Index::open(&folder.path().join("index"), log.view()).unwrap();
    assert_eq!(attempts_of(&mut index, &before, b"one"), [0, 1, 2]);
    assert_eq!(attempts_of(&mut index, log.view(), b"one").len(), 6);
}
