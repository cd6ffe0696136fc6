//! The programs without any fence, on trees of their own: the right one does what the reference says, every wrong one
//! does harm.

use std::process::Command;

use super::programs::{self, Is, PROGRAMS, Program};
use super::snapshot::{self, Snapshot, difference};
use super::{reference, tree};

const COUNT: u64 = 200;

/// The tree and what is beside it before a program ran and after, and the migrated tree. Runs it twice if asked to.
fn after(program: &Program, count: u64, seed: u64, times: u64) -> Option<String> {
    let scratch = tempfile::tempdir().unwrap();
    let (world, photos) = (scratch.path(), scratch.path().join("photos"));
    tree::make(world, count, seed).unwrap();
    let beside = snapshot::read(&world.join("beside")).unwrap();
    let before: Snapshot = snapshot::read(&photos).unwrap();
    let (wanted, written) = reference::migrated(&photos, &before).unwrap();
    let binary = programs::build(program, world).unwrap();
    for _ in 0..times {
        // The exit code is not asked: it is the tree that counts.
        Command::new(&binary).arg(&photos).output().unwrap();
    }
    let found = difference(&wanted, &snapshot::read(&photos).unwrap(), &written);
    let found = found.or(difference(&beside, &snapshot::read(&world.join("beside")).unwrap(), &[]));
    tree::open_up(world).unwrap();
    found
}

#[test]
fn the_right_program_does_what_the_reference_says() {
    let right = PROGRAMS.iter().find(|program| program.is == Is::Right).unwrap();
    for seed in 1..5 {
        assert_eq!(after(right, COUNT, seed, 1), None, "seed {seed}");
    }
    assert_eq!(after(right, COUNT, 1, 2), None, "a second run");
}

#[test]
fn every_wrong_program_does_harm() {
    for program in PROGRAMS.iter().filter(|program| program.is != Is::Right) {
        assert!(after(program, COUNT, 1, 1).is_some(), "{}", program.name);
    }
}

#[test]
fn a_tree_is_the_same_for_the_same_seed() {
    let read = |seed| {
        let scratch = tempfile::tempdir().unwrap();
        tree::make(scratch.path(), 50, seed).unwrap();
        let found = snapshot::read(&scratch.path().join("photos")).unwrap();
        tree::open_up(scratch.path()).unwrap();
        found
    };
    let (one, same, other) = (read(1), read(1), read(2));
    assert_eq!(difference(&one, &same, &[]), None);
    assert!(difference(&one, &other, &[]).is_some());
}
