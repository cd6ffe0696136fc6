//! Whoever is told of milestones hears what evidence says in the end, and changes nothing of it.

use std::sync::Mutex;

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::{Evidence, Outcome};

use super::{Milestone, Task, run};

const CONTRACT: &str = "contract = 1\nname = 'c'\nintent = 'c'\n[interface]\nwit = 'package a:b; world w { export f: func(n: u32) -> \
                        u32; }'\n[[example]]\ncall = 'f(1)'\nreturns = '1'\n[[property]]\nname = 'same'\nof = 'f'\nensures = \
                        'result == n'\n";
const RIGHT: &str = "local.get 0";
const WRONG: &str = "(select (i32.const 0) (local.get 0) (i32.gt_u (local.get 0) (i32.const 70000)))";

/// The evidence of a check, and its milestones, if anybody is told.
fn found(check: &str, body: &str, tells: bool) -> (Evidence, Vec<Milestone>) {
    let contract = Contract::parse(CONTRACT).unwrap();
    let artifact =
        format!("(module (func (export \"f\") (param i32) (result i32) (if (local.get 0) (then nop)) {body}))");
    let milestones = Mutex::new(Vec::new());
    let tell = |milestone| {
        if tells {
            milestones.lock().unwrap().push(milestone);
        }
    };
    let task =
        Task { tell: &tell, ..Task::new(&contract, artifact.as_bytes(), Challenge(Digest::of(b"seed")), 4096, 2) };
    let evidence = run(check, &task, &|_, _| {}).unwrap().evidence;
    (evidence, milestones.into_inner().unwrap())
}

#[test]
fn edges_grow_to_what_evidence_has() {
    let (evidence, milestones) = found("properties", RIGHT, true);
    assert_eq!((evidence.outcome, &evidence), (Outcome::Passed, &found("properties", RIGHT, false).0));
    let edges: Vec<[u64; 2]> = milestones
        .iter()
        .map(|milestone| match milestone {
            Milestone::Edges { reached, present } => [*reached, *present],
            other => panic!("{other:?}"),
        })
        .collect();
    let coverage = &evidence.details["coverage"];
    let last = ["edges_reached", "edges_present"].map(|name| coverage[name].as_u64().unwrap());
    assert_eq!((edges.is_sorted(), edges.last()), (true, Some(&last)), "{edges:?}");
}

#[test]
fn a_violation_is_told_before_it_is_made_simpler() {
    let (evidence, milestones) = found("properties", WRONG, true);
    assert_eq!((evidence.outcome, &evidence), (Outcome::Failed, &found("properties", WRONG, false).0));
    assert_eq!(milestones.last(), Some(&Milestone::Shrinking));
}

#[test]
fn mutants_are_counted_up_to_those_that_evidence_has() {
    let (evidence, milestones) = found("strength", RIGHT, true);
    assert_eq!((evidence.outcome, &evidence), (Outcome::Passed, &found("strength", RIGHT, false).0));
    let most = milestones.iter().map(|milestone| match milestone {
        Milestone::Noticed(mutants) => *mutants,
        other => panic!("{other:?}"),
    });
    assert_eq!(most.max(), Some(evidence.counts["killed"]));
}
