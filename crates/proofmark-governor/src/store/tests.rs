//! Tests of the store on a real directory and in memory.

use std::sync::Arc;

use object_store::memory::InMemory;

use super::*;

fn directory() -> (tempfile::TempDir, Store) {
    let directory = tempfile::tempdir().unwrap();
    let store = Store::local(directory.path()).unwrap();
    (directory, store)
}

#[test]
fn an_object_is_created_once() {
    for store in [directory().1, Store::over(Arc::new(InMemory::new()))] {
        store.create("a/b", b"one").unwrap();
        assert!(matches!(store.create("a/b", b"two"), Err(StoreError::AlreadyExists { .. })));
        assert_eq!(store.read("a/b", 3).unwrap(), b"one");
        store.replace("a/b", b"two").unwrap();
        assert_eq!(store.read("a/b", 3).unwrap(), b"two");
        assert!(store.exists("a/b").unwrap());
        store.delete("a/b").unwrap();
        store.delete("a/b").unwrap();
        assert!(!store.exists("a/b").unwrap());
        assert!(matches!(store.read("a/b", 3), Err(StoreError::NotFound { .. })));
    }
}

#[test]
fn what_is_too_large_is_not_read_or_written() {
    let (_directory, store) = directory();
    store.create("object", &[0; 100]).unwrap();
    assert!(matches!(store.read("object", 99), Err(StoreError::TooLarge { bytes: 100, limit: 99, .. })));
    assert_eq!(store.read("object", 100).unwrap().len(), 100);
    let large = vec![0; usize::try_from(OBJECT_BYTES_MAX).unwrap() + 1];
    assert!(matches!(store.put_blob(&large), Err(StoreError::TooLarge { .. })));
    assert_eq!(store.list("").count(), 1);
}

#[test]
fn making_sure_of_an_object_never_changes_one() {
    let (_directory, store) = directory();
    for _ in 0..2 {
        store.ensure("object", b"content").unwrap();
    }
    for other in [&b"Content"[..], b"conten", b"contents", b""] {
        assert!(matches!(store.ensure("object", other), Err(StoreError::Altered { .. })));
    }
    let objects: Vec<_> = (0..50).map(|n| (format!("many/{n}"), vec![n; 10])).collect();
    store.ensure_all(&objects).unwrap();
    assert!(objects.iter().all(|(name, bytes)| store.read(name, 10).unwrap() == *bytes));
    store.replace("many/30", b"altered").unwrap();
    assert!(matches!(store.ensure_all(&objects), Err(StoreError::Altered { path }) if path.ends_with("many/30")));
}

#[test]
fn a_blob_is_what_its_name_says_or_nothing() {
    let (_directory, store) = directory();
    let digest = store.put_blob(b"content").unwrap();
    assert_eq!(store.put_blob(b"content").unwrap(), digest);
    assert_eq!(store.blob(&digest).unwrap(), b"content");
    assert!(matches!(store.blob(&Digest::of(b"")), Err(StoreError::NotFound { .. })));
    store.replace(&blob_name(&digest), b"Content").unwrap();
    assert!(matches!(store.blob(&digest), Err(StoreError::Altered { .. })));
    assert!(matches!(store.put_blob(b"content"), Err(StoreError::Altered { .. })));
}

#[test]
fn a_listing_has_every_object_of_a_folder_and_no_half_written_file() {
    let (directory, store) = directory();
    for name in ["a", "b/c", "b/d/e", "bc/f"] {
        store.create(name, b"12").unwrap();
    }
    std::fs::write(directory.path().join("b/c#1"), "half").unwrap();
    let names = |folder| {
        let mut names: Vec<_> = store.list(folder).map(|object| object.unwrap()).collect();
        names.sort_by(|a, b| a.name.cmp(&b.name));
        assert!(names.iter().all(|object| object.bytes == 2));
        names.into_iter().map(|object| object.name).collect::<Vec<_>>()
    };
    assert_eq!(names(""), ["a", "b/c", "b/d/e", "bc/f"]);
    assert_eq!(names("b"), ["b/c", "b/d/e"]);
    assert!(names("nowhere").is_empty());
    store.replace("b/c", b"12").unwrap();
    store.create("b/c2", b"12").unwrap();
}

#[test]
fn a_place_that_is_not_there_is_told() {
    let (directory, _store) = directory();
    let error = Store::local(&directory.path().join("missing")).unwrap_err();
    assert!(matches!(&error, StoreError::NotFound { path } if path.ends_with("missing")), "{error}");
    std::fs::write(directory.path().join("file"), "").unwrap();
    let store = Store::local(&directory.path().join("file")).unwrap();
    let error = store.create("object", b"").unwrap_err().to_string();
    assert!(error.contains("file/object` can't be written: "), "{error}");
}
