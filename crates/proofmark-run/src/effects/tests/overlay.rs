//! What the scan computes is what a real mount shows; commit, undo and drop are exact.

use proptest::prelude::*;
use proptest::test_runner::{Config, TestCaseError, TestRunner};

use super::*;

/// Few names, so that steps meet each other.
fn some_path() -> impl Strategy<Value = TreePath> {
    let name = prop_oneof![Just("a"), Just("b"), Just("%FF"), Just("é"), Just("d"), Just("e")];
    proptest::collection::vec(name, 1..4).prop_map(|names| path(&names.join("/")))
}

fn some_bytes() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![Just(Vec::new()), Just(b"same".to_vec()), proptest::collection::vec(any::<u8>(), 0..20)]
}

fn some_op(least_mode: u32) -> impl Strategy<Value = Op> {
    let target = prop_oneof![Just("a"), Just("../b"), Just("d/../../a"), Just("/etc/passwd"), Just("b/e/..")];
    prop_oneof![
        4 => (some_path(), some_bytes()).prop_map(|(path, bytes)| Op::Write(path, bytes)),
        1 => (some_path(), some_bytes()).prop_map(|(path, bytes)| Op::Append(path, bytes)),
        1 => (some_path(), 0..9999_u64).prop_map(|(path, size)| Op::Sparse(path, size)),
        2 => some_path().prop_map(Op::Remove),
        5 => some_path().prop_map(Op::Mkdir),
        3 => (some_path(), some_path()).prop_map(|(from, to)| Op::Move(from, to)),
        2 => (some_path(), some_path()).prop_map(|(from, to)| Op::Link(from, to)),
        1 => (target, some_path()).prop_map(|(target, path)| Op::Symlink(target.to_owned(), path)),
        1 => (some_path(), 0..0o1000_u32).prop_map(move |(path, mode)| Op::Chmod(path, mode | least_mode)),
        1 => (some_path(), -9..9_i64, 0..1_000_000_000_u32).prop_map(|(path, s, ns)| Op::Time(path, s, ns)),
        1 => (some_path(), some_bytes()).prop_map(|(path, value)| Op::Attribute(path, value)),
    ]
}

fn once(place: &Place, helper: &mut Helper, made: &[Op], run: &[Op]) -> Result<(), TestCaseError> {
    apply(&place.base(), made);
    let (mut stage, before) = Stage::new(&place.base(), &limits()).unwrap();
    prop_assert_eq!(&before, &place.read());
    let shown = helper.run(&stage, run);
    let effects = stage.scan(before.clone(), &limits()).unwrap();
    prop_assert_eq!(
        &effects.after,
        &shown,
        "scan and mount differ: {}",
        Diff::between(&shown, &effects.after).summary(9)
    );
    prop_assert_eq!(effects.diff.is_empty(), before == shown);
    prop_assert_eq!(&place.read(), &before, "a run without a commit changed the tree");
    if effects.refused.is_empty() {
        prop_assert_eq!(&stage.effects(&limits()).unwrap(), &effects);
        let receipt = stage.commit(&limits()).unwrap();
        prop_assert_eq!(&place.read(), &shown, "commit");
        prop_assert_eq!(receipt.after, shown.digest().unwrap());
        stage.undo(&limits()).unwrap();
        prop_assert_eq!(&place.read(), &before, "undo");
    } else {
        let expected = |refused: &Refused| matches!(refused.reason, Reason::LinkOut | Reason::Unreadable);
        prop_assert!(effects.refused.iter().all(expected), "{:?}", effects.refused);
        let refused = matches!(stage.commit(&limits()), Err(EffectError::Phase { .. }));
        prop_assert!(refused, "committed what was refused");
    }
    stage.discard().unwrap();
    prop_assert_eq!(&place.read(), &before, "drop");
    prop_assert_eq!(leftovers(&place.base()).unwrap(), Vec::<PathBuf>::new());
    Ok(())
}

/// `PROOFMARK_OVERLAY_CASES` asks for more than the default run.
fn random_runs(cases: u32, place: impl Fn() -> Place) {
    let cases = std::env::var("PROOFMARK_OVERLAY_CASES").ok().and_then(|text| text.parse().ok()).unwrap_or(cases);
    // The tree itself must be readable by an ordinary user; what a run leaves may be anything.
    let steps = (proptest::collection::vec(some_op(0o500), 0..40), proptest::collection::vec(some_op(0), 0..25));
    let helper = std::cell::RefCell::new(Helper::start());
    TestRunner::new(Config { cases, failure_persistence: None, ..Config::default() })
        .run(&steps, |(made, run)| once(&place(), &mut helper.borrow_mut(), &made, &run))
        .unwrap();
}

#[test]
fn random_runs_over_random_trees() {
    random_runs(1000, Place::in_memory);
}

#[test]
fn random_runs_over_random_trees_on_a_disk() {
    random_runs(50, Place::new);
}

#[test]
fn a_run_is_told_as_a_person_would() {
    let place = Place::new();
    apply(&place.base(), &awkward());
    let (mut stage, before) = Stage::new(&place.base(), &limits()).unwrap();
    let shown = Helper::start().run(&stage, &rework());
    let effects = stage.scan(before, &limits()).unwrap();
    assert_eq!(Diff::between(&shown, &effects.after), Diff::default());
    assert_eq!(effects.after, shown);
    assert_eq!(effects.refused, []);
    insta::assert_snapshot!(effects.diff.summary(99), @r"
    2 moved, 3 created, 1 written, 1 removed, 2 touched, 2 directories created, 1 directories removed
    created `2001` (directory)
    moved `album/one.jpg` to `2001/one.jpg`; hard links
    created `2001/sub` (directory)
    moved `album/sub/one.jpg` to `2001/sub/one.jpg`
    created `again` (5 bytes)
    removed `album/sub` (directory)
    touched `album/two.jpg`; hard links
    wrote `caf%E9` (9 bytes to 10 bytes); time
    touched `empty`; mode 755 to 700, time
    created `inside` (link to `2001/one.jpg`)
    removed `linked` (6 bytes)
    created `new` (3 bytes)
    ");
    let json = serde_json::to_string(&effects.diff).unwrap();
    assert_eq!(serde_json::from_str::<Diff>(&json).unwrap(), effects.diff);
    assert_eq!(effects.diff.summary(2).lines().count(), 4);
}
