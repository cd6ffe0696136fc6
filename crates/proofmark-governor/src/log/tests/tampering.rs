//! Whatever is altered, removed or added anywhere is found, and is never built upon.

use super::*;

/// A small log that has every kind of object: submissions with their blobs, a full tile, partial ones of two levels.
fn small() -> Store {
    let store = memory();
    let (contract, artifact) = (store.put_blob(b"a contract").unwrap(), store.put_blob(b"an artifact").unwrap());
    let mut log = Log::create(store.clone(), signer()).unwrap();
    let envelope = b"a submission".to_vec();
    let kind = Kind::Submission { generator: Digest::of(b"model") };
    let about = Some(About { artifact, contract });
    log.append(&[(Entry { kind, envelope: Digest::of(&envelope), about }, envelope)]).unwrap();
    log.append(&batch(0..2)).unwrap();
    store
}

fn objects(store: &Store) -> Vec<String> {
    let mut names: Vec<_> = store.list("").map(|object| object.unwrap().name).collect();
    names.sort();
    names
}

fn is_found(store: &Store, path: &str) -> bool {
    audit(store, &verifier()).is_ok_and(|audit| audit.problems.iter().any(|problem| problem.path == store.path(path)))
}

#[test]
fn any_byte_altered_anywhere_is_found() {
    let store = small();
    assert_sound(&store);
    let names = objects(&store);
    assert_eq!(names.len(), 3 + 1 + 2 + 2 + 4, "{names:?}");
    for name in names {
        let right = store.read(&name, 100_000).unwrap();
        for at in 0..right.len() {
            let mut wrong = right.clone();
            wrong[at] ^= 1 << (at % 8);
            store.replace(&name, &wrong).unwrap();
            assert!(is_found(&store, &name), "byte {at} of {name}");
        }
        for wrong in [&right[1..], &right[..right.len() - 1], &[&right[..], b"\n"].concat(), b""] {
            store.replace(&name, wrong).unwrap();
            assert!(is_found(&store, &name), "{name}");
        }
        store.replace(&name, &right).unwrap();
    }
    assert_sound(&store);
}

#[test]
fn any_object_of_a_larger_log_altered_or_removed_is_found() {
    let store = memory();
    filled(&store, &[1, 250, 12], 530);
    for name in objects(&store) {
        let right = store.read(&name, 1 << 20).unwrap();
        for at in [0, right.len() / 3, right.len() / 2, right.len() - 1] {
            let mut wrong = right.clone();
            wrong[at] ^= 4;
            store.replace(&name, &wrong).unwrap();
            assert!(is_found(&store, &name), "byte {at} of {name}");
        }
        store.delete(&name).unwrap();
        let found = audit(&store, &verifier());
        assert!(!found.is_ok_and(|audit| audit.is_sound()), "{name} is missed");
        store.ensure(&name, &right).unwrap();
    }
    assert_sound(&store);
}

#[test]
fn an_object_too_many_is_found() {
    let store = small();
    let checkpoint = store.read("checkpoint", 10_000).unwrap();
    let strangers = [
        "stranger",
        "checkpoint.bak",
        "commit/000000003",
        "commit/000000009",
        "commit/3",
        "commit/stranger",
        "tile/0/000",
        "tile/0/000.p/2",
        "tile/0/000.p/4",
        "tile/0/001",
        "tile/1/000.p/1",
        "tile/entries/000",
        "tile/entries/000.p/2",
        "tile/entries/x001/000",
        "blob/stranger",
        "blob/00/stranger",
    ];
    for name in strangers {
        store.create(name, &checkpoint).unwrap();
        assert!(is_found(&store, name), "{name}");
        store.delete(name).unwrap();
    }
    // Nothing says what a blob without an entry is for, so it is counted.
    store.put_blob(b"disclosed later").unwrap();
    assert_eq!(assert_sound(&store).unnamed_blobs, 1);
}

#[test]
fn a_partial_tile_that_outlived_its_replacement_is_no_problem_unless_it_is_altered() {
    let store = memory();
    let mut log = filled(&store, &[100], 200);
    let old = store.read("tile/0/000.p/200", 10_000).unwrap();
    log.append(&batch(200..300)).unwrap();
    assert!(!store.exists("tile/0/000.p/200").unwrap());
    store.create("tile/0/000.p/200", &old).unwrap();
    assert_sound(&store);
    store.replace("tile/0/000.p/200", &[&old[..10], &[old[10] ^ 1], &old[11..]].concat()).unwrap();
    assert!(is_found(&store, "tile/0/000.p/200"));
    store.delete("tile/0/000.p/200").unwrap();
    store.create("tile/0/000.p/199", &old[32..]).unwrap();
    assert!(is_found(&store, "tile/0/000.p/199"));
}

#[test]
fn a_log_that_was_cut_is_not_written_to() {
    let store = memory();
    filled(&store, &[3], 30);
    let saved: Vec<_> = objects(&store).into_iter().map(|name| (store.read(&name, 1 << 20).unwrap(), name)).collect();
    for number in 0..=10_u64 {
        let name = Name::Commit(number).to_string();
        let bytes = store.read(&name, 10_000).unwrap();
        store.delete(&name).unwrap();
        for checkpoint in [true, false] {
            if !checkpoint {
                store.delete("checkpoint").unwrap();
            }
            // A hole that opening does not step on is the audit's to find; the end of the log must be the true one.
            let open = Log::open(store.clone(), signer());
            let refused = matches!(open, Err(LogError::Cut { .. } | LogError::Gap { .. } | LogError::Absent { .. }));
            let cut_unseen = number == 10 && !checkpoint;
            assert!(refused || cut_unseen || open.is_ok_and(|log| log.view().size() == 30), "{number} {checkpoint}");
            assert!(!audit(&store, &verifier()).is_ok_and(|audit| audit.is_sound()), "{number}");
            for (bytes, saved) in saved.iter().filter(|(_, saved)| *saved != name) {
                store.ensure(saved, bytes).unwrap_or_else(|_| store.replace(saved, bytes).unwrap());
            }
        }
        store.create(&name, &bytes).unwrap();
    }
    assert_sound(&store);
}

#[test]
fn altered_tiles_never_become_part_of_an_answer() {
    let store = memory();
    let log = filled(&store, &[64], 1024);
    let root = log.view().root();
    let names = objects(&store).into_iter().filter(|name| name.starts_with("tile/"));
    for name in names {
        let right = store.read(&name, 1 << 20).unwrap();
        let mut wrong = right.clone();
        wrong[right.len() / 2] ^= 1;
        store.replace(&name, &wrong).unwrap();
        if let Ok(view) = View::open(&store, &verifier()) {
            for n in (0..1024).step_by(61) {
                if let Ok(proof) = view.inclusion_proof(n) {
                    merkle::verify_inclusion(&leaf(n), n, 1024, &proof, &root).unwrap();
                }
            }
            let read: Vec<_> = view.entries(0..1024).collect();
            let right = read
                .iter()
                .zip(0..)
                .take_while(|(read, n)| read.as_ref().is_ok_and(|read| *read == (*n, entry(&format!("{n}")).0)));
            // After an altered bundle or tile comes one error and no further entry.
            assert!(right.count() == read.len() || read.last().is_some_and(Result::is_err), "{name}");
            assert_eq!(read.iter().filter(|read| read.is_err()).count(), usize::from(read.len() < 1024), "{name}");
        }
        store.replace(&name, &right).unwrap();
    }
}

#[test]
fn a_checkpoint_of_another_history_is_a_fork() {
    let store = memory();
    filled(&store, &[4], 8);
    let mut other = Log::create(memory(), signer()).unwrap();
    for size in [4, 8, 12] {
        let first = other.view().size();
        let forked = other.append(&batch(100 + first..100 + size)).unwrap();
        store.replace("checkpoint", forked.checkpoint.as_bytes()).unwrap();
        let refused = Log::open(store.clone(), signer());
        assert!(matches!(refused, Err(LogError::Altered { .. } | LogError::Cut { .. })), "{size}");
        assert!(is_found(&store, "checkpoint"));
    }
}

#[test]
fn messages_say_what_to_do() {
    let store = small();
    store.delete("commit/000000002").unwrap();
    let error = Log::open(store.clone(), signer()).unwrap_err().to_string();
    assert!(error.contains("signed for 3 entries and 1 are left; restore"), "{error}");
    store.replace("commit/000000001", b"x").unwrap();
    let error = Log::open(store.clone(), signer()).unwrap_err().to_string();
    assert!(error.contains("commit/000000001` was altered: it is not a commit; restore it"), "{error}");
    let problems = audit(&store, &verifier()).unwrap().problems;
    assert_eq!(
        problems[0].to_string(),
        format!("`{}` was altered: it is not a commit", store.path("commit/000000001"))
    );
    assert_eq!(store.blob(&Digest::of(b"?")).unwrap_err().to_string(), {
        let name = blob_name(&Digest::of(b"?"));
        format!("`{}` does not exist", store.path(&name))
    });
}
