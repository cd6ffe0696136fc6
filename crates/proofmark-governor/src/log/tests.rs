//! Tests of the log as its users see it; crashes, interleavings and tampering have files of their own.

use std::path::Path;
use std::sync::Arc;

use object_store::memory::InMemory;
use proofmark_mark::checkpoint;
use proofmark_mark::entry::{About, Kind};
use proofmark_mark::note::VerifierKey;

use super::*;
use crate::index::{Index, Key};

mod client;
mod crash;
mod faulty;
mod simulation;
mod tampering;
mod two_writers;

fn signer() -> SignerKey {
    SignerKey::from_seed("example.org/log", &[7; 32]).unwrap()
}

fn verifier() -> VerifierKey {
    signer().verifier()
}

fn memory() -> Store {
    Store::over(Arc::new(InMemory::new()))
}

/// An entry told from others by a text, with its envelope; entries of one envelope share the blob.
fn entry(text: &str) -> (Entry, Vec<u8>) {
    let envelope = b"an envelope".to_vec();
    let (artifact, contract) = (Digest::of(text.as_bytes()), Digest::of(b"contract"));
    (
        Entry { kind: Kind::Evidence, envelope: Digest::of(&envelope), about: Some(About { artifact, contract }) },
        envelope,
    )
}

fn batch(range: std::ops::Range<u64>) -> Vec<(Entry, Vec<u8>)> {
    range.map(|n| entry(&format!("{n}"))).collect()
}

fn leaf(n: u64) -> Digest {
    merkle::leaf_hash(&entry(&format!("{n}")).0.to_bytes())
}

/// A log of `size` entries, written in batches of those sizes over and over.
fn filled(store: &Store, sizes: &[u64], size: u64) -> Log {
    let mut log = Log::create(store.clone(), signer()).unwrap();
    for batch_size in sizes.iter().cycle() {
        let first = log.view().size();
        if first == size {
            break;
        }
        log.append(&batch(first..size.min(first + batch_size))).unwrap();
    }
    log
}

fn assert_sound(store: &Store) -> Audit {
    let audit = audit(store, &verifier()).unwrap();
    assert_eq!(audit.problems, []);
    audit
}

#[test]
fn what_is_appended_is_read_again_and_proven() {
    let store = memory();
    let mut log = Log::create(store.clone(), signer()).unwrap();
    assert_eq!(log.view().size(), 0);
    let committed = log.append(&batch(0..5)).unwrap();
    assert_eq!((committed.first, committed.size), (0, 5));
    let second = log.append(&batch(5..6)).unwrap();
    assert_eq!((second.first, second.size), (5, 6));

    let note = checkpoint::open(second.checkpoint.as_bytes(), &verifier()).unwrap();
    assert_eq!(second.checkpoint_text(), note.to_string());
    assert_eq!(store.read("checkpoint", 10_000).unwrap(), second.checkpoint.as_bytes());
    for view in [log.view(), &View::open(&store, &verifier()).unwrap()] {
        let read: Vec<_> = view.entries(0..u64::MAX).map(Result::unwrap).collect();
        assert_eq!(read, (0..6).map(|n| (n, entry(&format!("{n}")).0)).collect::<Vec<_>>());
        assert_eq!(view.entries(4..5).map(|entry| entry.unwrap().0).collect::<Vec<_>>(), [4]);
        assert_eq!(view.entries(6..9).count(), 0);
        for n in 0..6 {
            merkle::verify_inclusion(&leaf(n), n, 6, &view.inclusion_proof(n).unwrap(), &note.root).unwrap();
        }
        let old = checkpoint::open(committed.checkpoint.as_bytes(), &verifier()).unwrap();
        merkle::verify_consistency(5, &old.root, 6, &note.root, &view.consistency_proof(5).unwrap()).unwrap();
        assert!(matches!(view.inclusion_proof(6), Err(LogError::Outside { asked: 6, size: 6 })));
        assert!(matches!(view.consistency_proof(7), Err(LogError::Outside { asked: 7, size: 6 })));
    }
    let audit = assert_sound(&store);
    assert_eq!((audit.commits, audit.entries, audit.blobs, audit.unnamed_blobs), (3, 6, 1, 0));
    assert_eq!(audit.checkpoint, second.checkpoint);
}

#[test]
fn proofs_hold_at_every_size_around_tile_boundaries() {
    let store = memory();
    let mut log = Log::create(store.clone(), signer()).unwrap();
    let mut tree = merkle::Tree::default();
    let mut checkpoints = vec![(0, tree.root())];
    for end in [1, 2, 3, 255, 256, 257, 300, 511, 512, 513, 767, 768, 769, 1000, 1024, 1025, 2000] {
        let first = log.view().size();
        log.append(&batch(first..end)).unwrap();
        (first..end).for_each(|n| tree.push(leaf(n)));
        checkpoints.push((end, tree.root()));
        let view = View::open(&store, &verifier()).unwrap();
        assert_eq!((view.size(), view.root()), (end, tree.root()));
        for view in [log.view(), &view] {
            for n in (0..end).filter(|n| n % 97 == 0 || [0, 1, 254, 255].contains(&(n % 256)) || n + 2 > end) {
                merkle::verify_inclusion(&leaf(n), n, end, &view.inclusion_proof(n).unwrap(), &tree.root()).unwrap();
            }
            for (size, root) in &checkpoints {
                let proof = view.consistency_proof(*size).unwrap();
                merkle::verify_consistency(*size, root, end, &tree.root(), &proof).unwrap();
            }
            let read: Vec<_> = view.entries(0..end).map(|entry| entry.unwrap().1).collect();
            assert!(read.iter().zip(0..).all(|(read, n)| *read == entry(&format!("{n}")).0));
            assert_eq!(read.len() as u64, end);
        }
    }
    assert_sound(&store);
}

#[test]
fn attempts_are_counted_from_the_log_right_before_the_append() {
    let store = memory();
    let (contract, generator) = (store.put_blob(b"contract").unwrap(), Digest::of(b"model"));
    let artifact = store.put_blob(b"artifact").unwrap();
    let submission = |generator, text: &str| {
        let envelope = text.as_bytes().to_vec();
        let about = Some(About { artifact, contract });
        (Entry { kind: Kind::Submission { generator }, envelope: Digest::of(&envelope), about }, envelope)
    };
    let (mut one, mut other) =
        (Log::create(store.clone(), signer()).unwrap(), Log::open(store.clone(), signer()).unwrap());
    let mut counted = Vec::new();
    for round in 0..3 {
        for log in [&mut one, &mut other] {
            log.append_with(|view| {
                let mut index = Index::open(Path::new("no file"), view)?;
                let attempt = index.find(view, Key::Attempts { contract, generator })?.len() as u64 + 1;
                counted.push(attempt);
                Ok(vec![submission(generator, &format!("attempt {attempt}"))])
            })
            .unwrap();
            log.append(&[submission(Digest::of(b"another"), &format!("{round}"))]).unwrap();
        }
    }
    assert_eq!(counted, [1, 2, 3, 4, 5, 6]);
    let audit = assert_sound(&store);
    assert_eq!((audit.entries, audit.blobs, audit.unnamed_blobs), (12, 11, 0));
}

#[test]
fn a_thousand_attempts_are_counted_by_a_log_that_is_opened_again() {
    let store = memory();
    let (contract, generator) = (store.put_blob(b"contract").unwrap(), Digest::of(b"model"));
    let artifact = store.put_blob(b"artifact").unwrap();
    let submission = |nth: u32| {
        let envelope = nth.to_be_bytes().to_vec();
        let about = Some(About { artifact, contract });
        (Entry { kind: Kind::Submission { generator }, envelope: Digest::of(&envelope), about }, envelope)
    };
    drop(Log::create(store.clone(), signer()).unwrap());
    for part in 0..4 {
        let mut log = Log::open(store.clone(), signer()).unwrap();
        log.append(&(part * 250..(part + 1) * 250).map(submission).collect::<Vec<_>>()).unwrap();
    }
    let log = Log::open(store, signer()).unwrap();
    let folder = tempfile::tempdir().unwrap();
    let mut index = Index::open(&folder.path().join("index"), log.view()).unwrap();
    assert_eq!(index.find(log.view(), Key::Attempts { contract, generator }).unwrap().len(), 1000);
}

#[test]
fn a_log_is_made_once_and_never_made_up() {
    let store = memory();
    assert!(matches!(Log::open(store.clone(), signer()), Err(LogError::Absent { .. })));
    assert!(matches!(View::open(&store, &verifier()), Err(LogError::Absent { .. })));
    assert!(matches!(audit(&store, &verifier()), Err(LogError::Absent { .. })));
    Log::create(store.clone(), signer()).unwrap();
    assert!(matches!(Log::create(store.clone(), signer()), Err(LogError::Exists { .. })));
    assert_eq!(assert_sound(&store).commits, 1);
    let other = SignerKey::from_seed("example.org/log", &[8; 32]).unwrap();
    assert!(matches!(Log::open(store.clone(), other), Err(LogError::Altered { .. })));
    let other = SignerKey::from_seed("example.org/other", &[7; 32]).unwrap();
    assert!(matches!(Log::open(store, other), Err(LogError::Altered { .. })));
}

#[test]
fn a_batch_that_a_commit_cannot_hold_changes_nothing() {
    let store = memory();
    let mut log = Log::create(store.clone(), signer()).unwrap();
    assert!(matches!(log.append(&[]), Err(LogError::Batch)));
    assert!(matches!(log.append(&batch(0..BATCH_ENTRIES_MAX as u64 + 1)), Err(LogError::Batch)));
    let (named, _) = entry("x");
    assert!(matches!(log.append(&[(named, b"another".to_vec())]), Err(LogError::Envelope { .. })));
    assert!(matches!(log.append_with(|_| Err(LogError::Busy)), Err(LogError::Busy)));
    assert_eq!(log.append(&batch(0..BATCH_ENTRIES_MAX as u64)).unwrap().size, 1024);
    assert_sound(&store);
}

#[test]
fn full_tiles_replace_partial_ones() {
    let store = memory();
    filled(&store, &[1, 7, 30], 700);
    let names: Vec<_> = store.list("tile").map(|object| object.unwrap().name).collect();
    let partial: Vec<_> = names.iter().filter(|name| name.contains(".p/")).collect();
    assert!(partial.iter().all(|name| name.contains("/002.p/") || name.starts_with("tile/1/000.p/")), "{partial:?}");
    assert_eq!(names.len() - partial.len(), 4);
    assert_sound(&store);
}

#[test]
fn opening_makes_missing_tiles_and_the_checkpoint_again() {
    let store = memory();
    filled(&store, &[100], 1000);
    let names: Vec<_> = store.list("tile").map(|object| object.unwrap().name).collect();
    for name in names.iter().map(String::as_str).chain(["checkpoint"]) {
        let bytes = store.read(name, 100_000).unwrap();
        store.delete(name).unwrap();
        let log = Log::open(store.clone(), signer()).unwrap();
        // What opening does not need, it does not look for.
        log.rebuild().unwrap();
        assert_eq!(store.read(name, 100_000).unwrap(), bytes);
        assert_sound(&store);
    }
    names.iter().for_each(|name| store.delete(name).unwrap());
    Log::open(store.clone(), signer()).unwrap();
    assert_sound(&store);
}

#[test]
fn a_writer_far_behind_opens_the_log_afresh() {
    let store = memory();
    let mut ahead = Log::create(store.clone(), signer()).unwrap();
    let mut behind = Log::open(store.clone(), signer()).unwrap();
    for n in 0..200 {
        ahead.append(&batch(n..n + 1)).unwrap();
    }
    assert_eq!(behind.append(&batch(200..201)).unwrap().first, 200);
    assert_sound(&store);
}

#[test]
fn opening_asks_for_few_objects_however_long_the_log_is() {
    let inner = Arc::new(InMemory::new());
    let store = Store::over(inner.clone());
    filled(&store, &[1], 600);
    let counting = Arc::new(faulty::Faulty::new(inner));
    View::open(&Store::over(counting.clone()), &verifier()).unwrap();
    assert!(counting.reads() < 30, "{}", counting.reads());
    let mut log = Log::open(Store::over(counting.clone()), signer()).unwrap();
    let (reads, writes) = (counting.reads(), counting.writes());
    log.append(&batch(600..605)).unwrap();
    assert!(counting.reads() - reads < 20, "{}", counting.reads() - reads);
    // Commit, tile, bundle and checkpoint; the envelope was there already.
    assert_eq!(counting.writes() - writes, 4);
}
