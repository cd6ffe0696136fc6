//! Manifests of real directories, and of texts that are none.

use std::fs;
use std::os::unix::ffi::OsStrExt as _;
use std::os::unix::fs::{PermissionsExt as _, symlink};
use std::path::PathBuf;

use proptest::prelude::*;

use super::*;

fn sample() -> (tempfile::TempDir, PathBuf) {
    let place = tempfile::tempdir().unwrap();
    let root = place.path().join("root");
    fs::create_dir_all(root.join("d/e")).unwrap();
    fs::write(root.join("d/file"), "content").unwrap();
    fs::write(root.join("d.txt"), "beside").unwrap();
    fs::write(root.join(std::ffi::OsStr::from_bytes(b"\xff\n")), "").unwrap();
    symlink("/nowhere\u{7}", root.join("link")).unwrap();
    fs::hard_link(root.join("d/file"), root.join("z")).unwrap();
    fs::hard_link(root.join("d.txt"), root.join("d/e/also")).unwrap();
    fs::set_permissions(root.join("d/file"), fs::Permissions::from_mode(0o440)).unwrap();
    let since = std::time::Duration::new(1_000_000_000, 123_456_789);
    let time = std::time::SystemTime::UNIX_EPOCH.checked_add(since).unwrap();
    fs::File::open(root.join("d/file")).unwrap().set_modified(time).unwrap();
    (place, root)
}

#[test]
fn a_manifest_says_all() {
    let (_place, root) = sample();
    let manifest = read(&root, &Limits::default()).unwrap();
    let told: Vec<String> = manifest
        .entries()
        .iter()
        .map(|entry| format!("{} {:?} {} {:?} {:?}", entry.path, entry.kind, entry.size, entry.links, entry.target))
        .collect();
    insta::assert_debug_snapshot!(told, @r#"
    [
        ". Directory 0 None None",
        "d Directory 0 None None",
        "d/e Directory 0 None None",
        "d/e/also File 6 Some(0) None",
        "d/file File 7 Some(1) None",
        "d.txt File 6 Some(0) None",
        "link Symlink 9 None Some(\"/nowhere%07\")",
        "z File 7 Some(1) None",
        "%FF%0A File 0 None None",
    ]
    "#);
    let file = manifest.find(&"d/file".parse().unwrap()).unwrap();
    assert_eq!(file.sha256, Digest::of(b"content"));
    assert_eq!((file.mode, file.modified), (0o440, Time { seconds: 1_000_000_000, nanoseconds: 123_456_789 }));
    assert_eq!(manifest.inside(), &manifest.entries()[1..]);
}

#[test]
fn threads_do_not_matter() {
    let (_place, root) = sample();
    for n in 0..300 {
        fs::create_dir_all(root.join(format!("many/{}", n % 7))).unwrap();
        fs::write(root.join(format!("many/{}/{n}", n % 7)), vec![1; n]).unwrap();
    }
    let with = |threads| read(&root, &Limits { threads: NonZeroUsize::new(threads), ..Limits::default() }).unwrap();
    assert_eq!(with(1), with(4));
    assert_eq!(with(1).digest().unwrap(), with(3).digest().unwrap());
}

#[test]
fn everything_counts_in_the_digest() {
    let (_place, root) = sample();
    let digest = || read(&root, &Limits::default()).unwrap().digest().unwrap();
    let mut seen = vec![digest()];
    let mut step = |act: &dyn Fn()| {
        act();
        let now = digest();
        assert!(!seen.contains(&now));
        seen.push(now);
    };
    step(&|| fs::write(root.join("d.txt"), "besides").unwrap());
    step(&|| fs::set_permissions(root.join("d"), fs::Permissions::from_mode(0o700)).unwrap());
    step(&|| fs::rename(root.join("z"), root.join("y")).unwrap());
    step(&|| fs::File::open(root.join("d/e")).unwrap().set_modified(std::time::UNIX_EPOCH).unwrap());
    step(&|| {
        rustix::fs::setxattr(root.join("d"), "user.a", b"b", rustix::fs::XattrFlags::empty()).unwrap();
    });
    step(&|| {
        rustix::fs::setxattr(root.join("d"), "user.a", b"c", rustix::fs::XattrFlags::empty()).unwrap();
    });
}

#[test]
fn what_a_tree_may_not_hold() {
    let (_place, root) = sample();
    rustix::fs::mknodat(rustix::fs::CWD, root.join("fifo"), rustix::fs::FileType::Fifo, rustix::fs::Mode::RUSR, 0)
        .unwrap();
    let refused = read(&root, &Limits::default());
    assert!(
        matches!(&refused, Err(TreeError::Kind { path, kind: "fifo" }) if path.to_string() == "fifo"),
        "{refused:?}"
    );
    fs::remove_file(root.join("fifo")).unwrap();
    let name = "user.overlay.opaque";
    rustix::fs::setxattr(root.join("d"), name, b"y", rustix::fs::XattrFlags::empty()).unwrap();
    assert!(matches!(read(&root, &Limits::default()), Err(TreeError::Mark { .. })));
    rustix::fs::removexattr(root.join("d"), name).unwrap();
    assert!(read(&root, &Limits::default()).is_ok());
}

#[test]
fn a_root_is_never_reached_through_a_link() {
    let (place, root) = sample();
    symlink(&root, place.path().join("link")).unwrap();
    assert!(read(&place.path().join("link"), &Limits::default()).is_err());
    assert!(read(&place.path().join("link/"), &Limits::default()).is_err());
    assert!(read(&root.join(""), &Limits::default()).is_ok());
    assert!(read(&root.join("d.txt"), &Limits::default()).is_err());
}

#[test]
fn mounts_are_not_crossed() {
    let refused = read(std::path::Path::new("/proc/self/task"), &Limits { entries: 5, ..Limits::default() });
    assert!(refused.is_err());
    // `/dev` holds mounts (shm, pts) and devices; either is refused.
    let refused = read(std::path::Path::new("/dev"), &Limits::default());
    assert!(matches!(refused, Err(TreeError::Mount { .. } | TreeError::Kind { .. })), "{refused:?}");
}

#[test]
fn limits_hold() {
    let (_place, root) = sample();
    let exact = Limits { entries: 9, depth: 3, content_bytes: 13, ..Limits::default() };
    assert_eq!(read(&root, &exact).unwrap().entries().len(), 9);
    for (limits, expected) in [
        (Limits { entries: 8, ..exact }, "entries"),
        (Limits { depth: 2, ..exact }, "levels"),
        (Limits { content_bytes: 12, ..exact }, "bytes of content"),
        (Limits { name_bytes: 20, ..exact }, "bytes of names"),
    ] {
        let refused = read(&root, &limits);
        assert!(matches!(&refused, Err(TreeError::Limit { what, .. }) if *what == expected), "{refused:?}");
    }
}

#[test]
fn a_file_that_changes_while_it_is_read_is_noticed() {
    let (_place, root) = sample();
    let file = root.join("d.txt");
    let stop = std::sync::atomic::AtomicBool::new(false);
    let changed = std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut n = 0_usize;
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                n = n.wrapping_add(1);
                fs::write(&file, vec![b'x'; n % 5]).unwrap();
            }
        });
        let seen = (0..100_000).any(|_| matches!(read(&root, &Limits::default()), Err(TreeError::Changed { .. })));
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        seen
    });
    assert!(changed);
}

#[test]
fn json_is_read_back_and_nothing_else_is() {
    let (_place, root) = sample();
    let manifest = read(&root, &Limits::default()).unwrap();
    let json = manifest.to_json().unwrap();
    assert_eq!(Manifest::from_json(&json, &Limits::default()).unwrap(), manifest);
    for end in 0..json.len() {
        assert!(Manifest::from_json(&json[..end], &Limits::default()).is_err());
    }
    assert!(Manifest::from_json(&json, &Limits { entries: 8, ..Limits::default() }).is_err());
    let text = String::from_utf8(json).unwrap();
    for (from, to) in [
        ("\"tree\":1", "\"tree\":2"),
        ("\"path\":\".\"", "\"path\":\"x\""),
        ("\"path\":\"d/e\"", "\"path\":\"d/..\""),
        ("\"path\":\"d/e\"", "\"path\":\"d/z\""),
        ("\"path\":\"d/e\"", "\"path\":\"q/e\""),
        ("\"path\":\"%FF%0A\"", "\"path\":\"%ff%0A\""),
        ("\"path\":\"link\"", "\"path\":\"z\""),
        ("\"links\":0", "\"links\":5"),
        (",\"links\":0", ""),
        ("/nowhere%07", "/nowhere"),
        ("\"mode\":288", "\"mode\":4096"),
        ("\"nanoseconds\":123456789", "\"nanoseconds\":1000000000"),
        ("\"kind\":\"symlink\"", "\"kind\":\"file\""),
        ("\"kind\":\"symlink\"", "\"kind\":\"directory\""),
    ] {
        assert!(text.contains(from), "{from}");
        let wrong = text.replacen(from, to, 1);
        assert!(Manifest::from_json(wrong.as_bytes(), &Limits::default()).is_err(), "{from} to {to}");
    }
}

proptest! {
    #[test]
    fn any_bytes_are_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        prop_assert!(Manifest::from_json(&bytes, &Limits::default()).is_err());
    }
}
