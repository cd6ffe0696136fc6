//! When a commit or an undo is refused, and that the tree is untouched then.

use std::os::unix::fs::MetadataExt as _;

use super::*;

/// A scanned stage over [`awkward`] in which `b` was written and `album/two.jpg` removed.
fn scanned() -> (Place, Stage, Effects) {
    let place = Place::new();
    apply(&place.base(), &awkward());
    let (mut stage, before) = Stage::new(&place.base(), &limits()).unwrap();
    fs::write(stage.upper().join("b"), "written").unwrap();
    let effects = stage.scan(before, &limits()).unwrap();
    (place, stage, effects)
}

#[test]
fn unchanged_files_stay_the_same_inodes() {
    let (place, mut stage, _) = scanned();
    let inode = |name: &str| fs::symlink_metadata(place.base().join(name)).unwrap().ino();
    let (one, outside) = (inode("album/one.jpg"), inode("outside"));
    stage.commit(&limits()).unwrap();
    assert_eq!((inode("album/one.jpg"), inode("outside")), (one, outside));
    assert_eq!(inode("linked"), inode("album/two.jpg"));
    let directory = stage.directory().to_path_buf();
    drop(stage);
    forget(&directory).unwrap();
    assert!(!directory.exists());
    assert_eq!(fs::read_to_string(place.base().join("b")).unwrap(), "written");
    assert_eq!(fs::metadata(place.base().join("album/one.jpg")).unwrap().nlink(), 1);
}

#[test]
fn any_change_of_the_tree_since_the_run_began_stops_the_commit() {
    let at = |name: &str| path(name);
    for op in [
        Op::Write(at("intruder"), b"x".to_vec()),
        Op::Write(at("album/two.jpg"), b"SECOND".to_vec()),
        Op::Remove(at("linked")),
        Op::Chmod(at("album/one.jpg"), 0o644),
        Op::Time(at("pointer"), 5, 5),
        Op::Attribute(at("album"), b"x".to_vec()),
        Op::Link(at("pointer"), at("pointer2")),
        Op::Move(at("album"), at("album2")),
    ] {
        let (place, mut stage, _) = scanned();
        apply(&place.base(), std::slice::from_ref(&op));
        let changed = place.read();
        let refused = stage.commit(&limits());
        assert!(matches!(refused, Err(EffectError::BaseChanged(_) | EffectError::Tree(_))), "{op:?}: {refused:?}");
        assert_eq!(place.read(), changed);
        assert_eq!(stage.phase(), Phase::Scanned);
        assert!(!stage.directory().join("other").exists());
        stage.discard().unwrap();
        assert_eq!(place.read(), changed);
    }
}

#[test]
fn a_change_that_hides_its_time_is_seen_by_its_content() {
    let (place, mut stage, effects) = scanned();
    let entry = effects.before.find(&path("album/two.jpg")).unwrap();
    apply(
        &place.base(),
        &[
            Op::Write(entry.path.clone(), b"SECOND".to_vec()),
            Op::Time(entry.path.clone(), entry.modified.seconds, entry.modified.nanoseconds),
        ],
    );
    assert!(stage.commit(&limits()).is_err());
}

#[test]
fn a_refused_commit_can_be_repeated_when_the_tree_is_as_it_was() {
    let (place, mut stage, effects) = scanned();
    let time = fs::metadata(place.base()).unwrap();
    apply(&place.base(), &[Op::Write(path("intruder"), vec![])]);
    assert!(matches!(stage.commit(&limits()), Err(EffectError::BaseChanged(_))));
    apply(
        &place.base(),
        &[Op::Remove(path("intruder")), Op::Time(path("."), time.mtime(), u32::try_from(time.mtime_nsec()).unwrap())],
    );
    stage.commit(&limits()).unwrap();
    assert_eq!(place.read(), effects.after);
}

#[test]
fn a_stage_that_was_written_to_after_the_scan_is_not_committed() {
    let (place, mut stage, effects) = scanned();
    let entry = effects.after.find(&path("b")).unwrap();
    let time = (entry.modified.seconds, entry.modified.nanoseconds);
    fs::write(stage.upper().join("b"), "WRITTEN").unwrap();
    apply(&stage.upper(), &[Op::Time(path("b"), time.0, time.1), Op::Time(path("."), 1, 1)]);
    assert!(matches!(stage.commit(&limits()), Err(EffectError::Built(_))));
    assert_eq!(place.read(), effects.before);
    // Another process, which knows nothing but what is on the disk, finds the same.
    let directory = stage.directory().to_path_buf();
    drop(stage);
    assert!(matches!(Stage::open(&directory).unwrap().commit(&limits()), Err(EffectError::Built(_))));
    fs::write(directory.join("upper/b"), "written").unwrap();
    apply(&directory.join("upper"), &[Op::Time(path("b"), time.0, time.1)]);
    Stage::open(&directory).unwrap().commit(&limits()).unwrap();
    assert_eq!(place.read(), effects.after);
}

#[test]
fn a_stage_whose_manifests_were_exchanged_is_not_committed() {
    let (place, stage, effects) = scanned();
    let directory = stage.directory().to_path_buf();
    drop(stage);
    let kept = fs::read(directory.join("after.json")).unwrap();
    fs::copy(directory.join("before.json"), directory.join("after.json")).unwrap();
    assert!(matches!(Stage::open(&directory).unwrap().commit(&limits()), Err(EffectError::Journal(_))));
    fs::write(directory.join("after.json"), kept).unwrap();
    fs::write(directory.join("written.json"), "[true]").unwrap();
    assert!(matches!(Stage::open(&directory).unwrap().commit(&limits()), Err(EffectError::Journal(_))));
    assert_eq!(place.read(), effects.before);
}

#[test]
fn a_tree_that_was_replaced_is_left_alone() {
    let (place, mut stage, _) = scanned();
    fs::rename(place.base(), place.path().join("elsewhere")).unwrap();
    fs::create_dir(place.base()).unwrap();
    assert!(stage.commit(&limits()).is_err());
    assert_eq!(fs::read_dir(place.base()).unwrap().count(), 0);
}

#[test]
fn undo_refuses_to_lose_later_changes() {
    let (place, mut stage, effects) = scanned();
    stage.commit(&limits()).unwrap();
    // A file that both trees share: the change shows in the snapshot as well.
    fs::write(place.base().join("album/two.jpg"), "SECOND").unwrap();
    let changed = place.read();
    let refused = stage.undo(&limits());
    assert!(matches!(&refused, Err(EffectError::ChangedSince(diff)) if diff.to_string() == "2 written"), "{refused:?}");
    assert_eq!(place.read(), changed);
    assert_eq!(stage.phase(), Phase::Committed);
    assert_ne!(changed, effects.after);
    assert!(matches!(stage.discard(), Err(EffectError::Phase { .. })), "a committed stage is forgotten, not dropped");
}

#[test]
fn undo_refuses_a_snapshot_that_is_not_the_old_tree() {
    let (place, mut stage, effects) = scanned();
    stage.commit(&limits()).unwrap();
    fs::write(stage.directory().join("other/forged"), "").unwrap();
    assert!(matches!(stage.undo(&limits()), Err(EffectError::SnapshotChanged(_))));
    assert_eq!(place.read(), effects.after);
}

#[test]
fn a_stage_is_used_by_one_at_a_time() {
    let (place, stage, _) = scanned();
    let directory = stage.directory().to_path_buf();
    assert!(matches!(recover(&directory), Err(EffectError::Busy(_))));
    assert!(matches!(Stage::open(&directory), Err(EffectError::Busy(_))));
    drop(stage);
    assert_eq!(recover(&directory).unwrap(), Recovered::Scanned);
    assert!(matches!(undo(&directory, &limits()), Err(EffectError::Phase { .. })));
    let mut stage = Stage::open(&directory).unwrap();
    let held = stage.open_base().unwrap();
    assert!(matches!(stage.commit(&limits()), Err(EffectError::Busy(_))));
    drop(held);
    let (mut second, before) = Stage::new(&place.base(), &limits()).unwrap();
    second.scan(before, &limits()).unwrap();
    stage.commit(&limits()).unwrap();
    assert!(matches!(second.commit(&limits()), Err(EffectError::BaseChanged(_))));
    assert_eq!(leftovers(&place.base()).unwrap().len(), 2);
}

#[test]
fn trees_that_can_not_be_exchanged() {
    let root = rustix::process::geteuid().is_root();
    assert!(matches!(Stage::new(Path::new("/"), &limits()), Err(EffectError::Base { .. })));
    assert!(Stage::new(Path::new("/proc"), &limits()).is_err());
    let place = Place::new();
    std::os::unix::fs::symlink("base", place.path().join("link")).unwrap();
    assert!(matches!(Stage::new(&place.path().join("link/"), &limits()), Err(EffectError::Base { .. })));
    fs::write(place.path().join("file"), "").unwrap();
    assert!(matches!(Stage::new(&place.path().join("file"), &limits()), Err(EffectError::Base { .. })));
    for (path, mode) in [(place.path().to_path_buf(), 0o555), (place.base(), 0o555)] {
        fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
        let made = Stage::new(&place.base(), &limits());
        assert_eq!(made.is_ok(), root, "{made:?}");
        made.map(|(stage, _)| stage.discard().unwrap()).ok();
        fs::set_permissions(&path, fs::Permissions::from_mode(0o755)).unwrap();
    }
    if root {
        fs::write(place.base().join("fixed"), "").unwrap();
        let status = |flag| Command::new("chattr").args([flag]).arg(place.base().join("fixed")).status().unwrap();
        assert!(status("+i").success());
        let (mut stage, before) = Stage::new(&place.base(), &limits()).unwrap();
        stage.scan(before.clone(), &limits()).unwrap();
        let refused = stage.commit(&limits());
        assert!(status("-i").success());
        assert!(matches!(refused, Err(EffectError::Keep { .. })), "{refused:?}");
        assert_eq!(place.read(), before);
    }
}

#[test]
fn a_stage_of_somebody_elses_tree_lets_its_owner_reach_the_layers() {
    if !rustix::process::geteuid().is_root() {
        return;
    }
    let place = Place::new();
    apply(&place.base(), &awkward());
    std::os::unix::fs::lchown(place.base(), Some(1234), Some(1235)).unwrap();
    let (mut stage, before) = Stage::new(&place.base(), &limits()).unwrap();
    let mode = |path: &Path| fs::metadata(path).map(|found| (found.uid(), found.gid(), found.mode() & 0o777)).unwrap();
    assert_eq!(mode(stage.directory()), (0, mode(place.path()).1, 0o711));
    assert_eq!(mode(&stage.upper()), (1234, 1235, mode(&place.base()).2));
    assert_eq!(mode(&stage.work()), (1234, 1235, 0o700));
    fs::write(stage.upper().join("b"), "").unwrap();
    std::os::unix::fs::lchown(stage.upper().join("b"), Some(1234), Some(1235)).unwrap();
    let effects = stage.scan(before, &limits()).unwrap();
    stage.commit(&limits()).unwrap();
    assert_eq!(place.read(), effects.after);
    assert_eq!((mode(&place.base()).0, mode(&place.base().join("b")).1), (1234, 1235));
}

#[test]
fn journals() {
    let digest = proofmark_mark::digest::Digest::of(b"");
    let text = |base: &str, phase: &str| {
        format!(r#"{{"stage":1,"base":"{base}","phase":"{phase}","manifests":["{digest}","{digest}"],"roots":[1,2]}}"#)
    };
    let good = text("b%FF", "ready");
    let journal = Journal::parse(good.as_bytes()).unwrap();
    assert_eq!((journal.base_name(), journal.phase), (&b"b\xff"[..], Phase::Ready));
    for end in 0..good.len() {
        assert!(Journal::parse(&good.as_bytes()[..end]).is_err());
    }
    for wrong in [
        text("a/b", "ready"),
        text("..", "ready"),
        text(".", "ready"),
        text("/etc", "ready"),
        text("base", "unheard of"),
        good.replace("\"stage\":1", "\"stage\":2"),
        good.replace("[1,2]", "null"),
        good.replace(",\"roots\"", ",\"extra\":1,\"roots\""),
        format!("{good}{}", " ".repeat(5000)),
    ] {
        assert!(Journal::parse(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
