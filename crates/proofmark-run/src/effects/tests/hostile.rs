//! Upper layers that no honest run leaves: each is refused and costs nothing beyond the limits.

use std::os::unix::net::UnixListener;

use rustix::fs::{FileType, Mode};

use super::*;

const SHA256_OF_HIDDEN: &str = "e564b4081d7a9ea4b00dada53bdae70c99b87b6fce869f0c3dd4d2bfa1e53e1c";

/// Scans an upper layer that `forge` made, over the tree of [`awkward`]. Nothing may change the tree.
fn scan_with(limits: &Limits, forge: impl FnOnce(&Path)) -> Result<Effects, EffectError> {
    let place = Place::new();
    apply(&place.base(), &awkward());
    let (mut stage, before) = Stage::new(&place.base(), &super::limits()).unwrap();
    forge(&stage.upper());
    let effects = stage.scan(before.clone(), limits);
    match &effects {
        Ok(effects) if effects.refused.is_empty() => {
            stage.commit(&super::limits()).unwrap();
            assert_eq!(place.read(), effects.after);
            stage.undo(&super::limits()).unwrap();
        }
        _ => assert!(matches!(stage.commit(&super::limits()), Err(EffectError::Phase { .. }))),
    }
    stage.discard().unwrap();
    assert_eq!(place.read(), before);
    assert_eq!(leftovers(&place.base()).unwrap(), Vec::<PathBuf>::new());
    effects
}

fn refused(forge: impl FnOnce(&Path)) -> Vec<(String, Reason)> {
    let effects = scan_with(&limits(), forge).unwrap();
    effects.refused.into_iter().map(|refused| (refused.path.to_string(), refused.reason)).collect()
}

fn whiteout(path: &Path) {
    rustix::fs::mknodat(CWD, path, FileType::CharacterDevice, Mode::empty(), 0).unwrap();
}

fn mark(path: &Path, name: &str, value: &[u8]) {
    rustix::fs::lsetxattr(path, name, value, XattrFlags::empty()).unwrap();
}

#[test]
fn whiteouts_and_opaque_directories_hide() {
    let effects = scan_with(&limits(), |upper| {
        whiteout(&upper.join("caf\u{e9}"));
        whiteout(&upper.join("linked"));
        whiteout(&upper.join("was never there"));
        fs::create_dir(upper.join("album")).unwrap();
        mark(&upper.join("album"), "user.overlay.opaque", b"y");
        fs::write(upper.join("album/only.jpg"), "only").unwrap();
    })
    .unwrap();
    assert_eq!(effects.refused, []);
    let paths: Vec<String> = effects.after.inside().iter().map(|entry| entry.path.to_string()).collect();
    assert_eq!(paths, ["album", "album/only.jpg", "caf%E9", "empty", "outside", "pointer", "Ünï ©"]);
}

#[test]
fn a_file_over_a_directory_hides_all_of_it() {
    let effects = scan_with(&limits(), |upper| fs::write(upper.join("album"), "a file now").unwrap()).unwrap();
    assert!(effects.after.inside().iter().all(|entry| !entry.path.to_string().starts_with("album/")));
    assert!(effects.after.find(&path("linked")).unwrap().links.is_none(), "its other name is gone");
}

#[test]
fn marks_that_no_mount_of_ours_makes() {
    for (name, value) in [
        ("user.overlay.redirect", &b"/etc"[..]),
        ("user.overlay.metacopy", b""),
        ("user.overlay.whiteout", b"y"),
        ("user.overlay.opaque", b"y"),
        ("user.overlay.overlay.opaque", b"y"),
    ] {
        let found = refused(|upper| {
            fs::write(upper.join("forged"), "").unwrap();
            mark(&upper.join("forged"), name, value);
        });
        assert_eq!(found, [("forged".to_owned(), Reason::Mark(name.to_owned()))]);
    }
    let found = refused(|upper| {
        fs::create_dir(upper.join("album")).unwrap();
        mark(&upper.join("album"), "user.overlay.opaque", b"x");
    });
    assert_eq!(found, [("album".to_owned(), Reason::Mark("user.overlay.opaque".to_owned()))]);
}

#[test]
fn marks_that_only_root_can_make() {
    let forge = |name: &'static str| {
        move |upper: &Path| {
            fs::create_dir(upper.join("album")).unwrap();
            let made = rustix::fs::lsetxattr(upper.join("album"), name, b"y", XattrFlags::empty());
            assert_eq!(made.is_ok(), rustix::process::geteuid().is_root());
        }
    };
    let expected = |reason| match rustix::process::geteuid().is_root() {
        true => vec![("album".to_owned(), reason)],
        false => vec![],
    };
    let opaque = "trusted.overlay.opaque";
    assert_eq!(refused(forge(opaque)), expected(Reason::Mark(opaque.into())));
    assert_eq!(refused(forge("trusted.other")), expected(Reason::Attribute("trusted.other".into())));
}

#[test]
fn what_is_no_file_directory_or_link() {
    let mut expected = vec![("fifo".to_owned(), Reason::Fifo), ("socket".to_owned(), Reason::Socket)];
    let root = rustix::process::geteuid().is_root();
    if root {
        expected.insert(0, ("device".to_owned(), Reason::Device));
        expected.insert(0, ("block".to_owned(), Reason::Device));
    }
    let found = refused(|upper| {
        rustix::fs::mknodat(CWD, upper.join("fifo"), FileType::Fifo, Mode::RUSR, 0).unwrap();
        drop(UnixListener::bind(upper.join("socket")).unwrap());
        let device = rustix::fs::makedev(1, 3);
        let made = rustix::fs::mknodat(CWD, upper.join("device"), FileType::CharacterDevice, Mode::RUSR, device);
        assert_eq!(made.is_ok(), root);
        let made = rustix::fs::mknodat(CWD, upper.join("block"), FileType::BlockDevice, Mode::RUSR, device);
        assert_eq!(made.is_ok(), root);
    });
    assert_eq!(found, expected);
}

#[test]
fn set_id_bits() {
    let found = refused(|upper| {
        for (name, mode) in [("user", 0o4755), ("group", 0o2755), ("sticky", 0o1644)] {
            fs::write(upper.join(name), "#!").unwrap();
            fs::set_permissions(upper.join(name), fs::Permissions::from_mode(mode)).unwrap();
        }
        fs::create_dir(upper.join("directory")).unwrap();
        fs::set_permissions(upper.join("directory"), fs::Permissions::from_mode(0o2755)).unwrap();
        fs::create_dir(upper.join("directory/inherited")).unwrap();
    });
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["directory", "group", "user"]);
    assert!(found.iter().all(|(_, reason)| *reason == Reason::SetId));
}

#[test]
fn links_that_lead_out() {
    let found = refused(|upper| {
        let link = |target: &str, name: &str| std::os::unix::fs::symlink(target, upper.join(name)).unwrap();
        fs::create_dir_all(upper.join("x/y/z")).unwrap();
        link("/etc/passwd", "absolute");
        link("../sibling", "up");
        link("x/../../sibling", "through");
        link("x/y/z", "fine");
        link("missing/..", "dangling");
        link("loop", "loop");
        link("outside", "by-another");
        // `s` is the root, so the text of `tangled` stays inside while the link does not.
        link("../..", "x/y/s");
        link("../s/..", "x/y/z/tangled");
    });
    let names: Vec<&str> = found.iter().map(|(name, _)| name.as_str()).collect();
    assert_eq!(names, ["absolute", "by-another", "through", "up", "x/y/z/tangled"]);
    assert!(found.iter().all(|(_, reason)| *reason == Reason::LinkOut));
}

#[test]
fn a_link_that_was_there_leads_out_only_as_it_was() {
    // The same target over the old name is the old link; another target is a new one.
    let same = refused(|upper| std::os::unix::fs::symlink("/etc/hostname", upper.join("outside")).unwrap());
    assert_eq!(same, []);
    let other = refused(|upper| std::os::unix::fs::symlink("/etc/shadow", upper.join("outside")).unwrap());
    assert_eq!(other, [("outside".to_owned(), Reason::LinkOut)]);
    // `pointer` is unchanged, but what it passes through now leads out.
    let bent = refused(|upper| std::os::unix::fs::symlink("/etc", upper.join("album")).unwrap());
    assert_eq!(bent, [("album".to_owned(), Reason::LinkOut), ("pointer".to_owned(), Reason::LinkOut)]);
}

#[test]
fn hard_links_to_files_outside() {
    let found = refused(|upper| {
        let outside = upper.parent().unwrap().join("work/secret");
        fs::write(&outside, "not the run's").unwrap();
        fs::hard_link(&outside, upper.join("stolen")).unwrap();
        fs::write(upper.join("own"), "own").unwrap();
        fs::hard_link(upper.join("own"), upper.join("own too")).unwrap();
    });
    assert_eq!(found, [("stolen".to_owned(), Reason::Shared)]);
}

#[test]
fn owners_from_nowhere() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let found = refused(|upper| {
        fs::write(upper.join("strange"), "").unwrap();
        std::os::unix::fs::chown(upper.join("strange"), Some(12345), None).unwrap();
    });
    assert_eq!(found, [("strange".to_owned(), Reason::Owner(12345))]);
}

#[test]
fn modes_that_keep_a_reader_out() {
    let effects = scan_with(&limits(), |upper| {
        fs::create_dir_all(upper.join("shut/inner")).unwrap();
        fs::write(upper.join("shut/inner/file"), "hidden").unwrap();
        for name in ["shut/inner/file", "shut/inner", "shut"] {
            fs::set_permissions(upper.join(name), fs::Permissions::from_mode(0o0)).unwrap();
        }
    })
    .unwrap();
    for name in ["shut", "shut/inner", "shut/inner/file"] {
        assert_eq!(effects.after.find(&path(name)).unwrap().mode, 0, "{name}");
    }
    assert_eq!(effects.after.find(&path("shut/inner/file")).unwrap().sha256.to_string(), SHA256_OF_HIDDEN);
    let unreadable = effects.refused.iter().filter(|refused| refused.reason == Reason::Unreadable).count();
    assert_eq!(unreadable, if rustix::process::geteuid().is_root() { 0 } else { 3 });
}

#[test]
fn bombs_end_at_the_limits() {
    let is_limit = |result: Result<Effects, EffectError>, expected: &str| {
        assert!(
            matches!(&result, Err(EffectError::Tree(TreeError::Limit { what, .. })) if *what == expected),
            "{result:?}"
        );
    };
    let sparse = scan_with(&limits(), |upper| {
        fs::File::create(upper.join("giant")).unwrap().set_len(1 << 40).unwrap();
    });
    is_limit(sparse, "bytes of content");
    let few = Limits { entries: 20, ..limits() };
    let many = |upper: &Path| (0..20).for_each(|n| fs::write(upper.join(n.to_string()), "").unwrap());
    is_limit(scan_with(&few, many), "entries");
    assert!(scan_with(&Limits { entries: 21, ..limits() }, many).is_ok());
    let names = Limits { name_bytes: 1000, ..limits() };
    is_limit(
        scan_with(&names, |upper| (0..9).for_each(|n| fs::write(upper.join(format!("{n:0>200}")), "").unwrap())),
        "bytes of names",
    );
    let deep = scan_with(&limits(), |upper| {
        // Deeper than any path can be written, and than descriptors could be held.
        let mut at = rustix::fs::openat(CWD, upper, rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
        for _ in 0..3000 {
            rustix::fs::mkdirat(&at, "d", Mode::RWXU).unwrap();
            at = rustix::fs::openat(&at, "d", rustix::fs::OFlags::DIRECTORY, Mode::empty()).unwrap();
        }
    });
    is_limit(deep, "levels");
}

#[test]
fn many_names_of_one_file_are_hashed_once() {
    let small = Limits { content_bytes: 5000, ..limits() };
    let effects = scan_with(&small, |upper| {
        fs::write(upper.join("one"), vec![7; 4000]).unwrap();
        (0..50).for_each(|n| fs::hard_link(upper.join("one"), upper.join(format!("n{n}"))).unwrap());
    });
    assert_eq!(effects.unwrap().after.find(&path("n7")).unwrap().size, 4000);
}
