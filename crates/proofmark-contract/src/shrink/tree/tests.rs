//! Trees shrink to what matters, and stay trees.

use std::sync::Arc;

use proptest::prelude::*;

use crate::generate::{Dictionary, Source};
use crate::interface::{Call, Function, Interface};
use crate::process::{Arguments, Form, Node, Process, Tree};
use crate::shrink::candidates;
use crate::shrink::cost::cost;
use crate::shrink::tree;
use crate::value::Value;

fn run() -> Arc<Function> {
    let files = Some("/photos".to_owned());
    let process = Process::new(Arguments::Varied, vec!["TZ".to_owned()], files, [Some(Form::Bytes), None, None]);
    Arc::clone(&Interface::of_process(process).unwrap().functions[0])
}

fn tree_of(arguments: &[Value]) -> Tree {
    Tree::from_value(&arguments[3]).unwrap()
}

/// Follows candidates that `violates` accepts from generated inputs that it accepts: the simplest call found for each.
fn shrunk(violates: impl Fn(&[Value]) -> bool) -> Vec<String> {
    let function = run();
    let mut source = Source::new([8; 32], &Dictionary::default());
    let mut found = Vec::new();
    for _ in 0..3000 {
        let mut arguments = source.arguments(&function);
        if !violates(&arguments) {
            continue;
        }
        let mut looked_at = 0;
        'simpler: loop {
            for candidate in candidates(&function, &arguments) {
                looked_at += 1;
                if violates(&candidate) {
                    arguments = candidate;
                    continue 'simpler;
                }
            }
            break;
        }
        assert!(looked_at < 4000, "{looked_at} candidates");
        found.push(Call { function: Arc::clone(&function), args: arguments }.to_string());
        if found.len() == 3 {
            break;
        }
    }
    assert_eq!(found.len(), 3, "such inputs are made");
    found.sort();
    found.dedup();
    found
}

fn files(tree: &Tree) -> Vec<&[u8]> {
    tree.entries()
        .iter()
        .filter_map(|entry| if let Node::File(bytes) = &entry.node { Some(bytes.as_slice()) } else { None })
        .collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, cases: 24, ..ProptestConfig::default() })]

    #[test]
    fn candidates_can_be_given_and_cost_less(seed in any::<[u8; 32]>()) {
        let function = run();
        let arguments = Source::new(seed, &Dictionary::default()).arguments(&function);
        let total = |values: &[Value]| values[..3].iter().map(cost).sum::<u128>() + tree::cost(&values[3]);
        for candidate in candidates(&function, &arguments) {
            prop_assert!(function.process.as_ref().unwrap().invocation(&candidate).is_ok());
            prop_assert!(candidate.iter().zip(&function.params).all(|(value, (_, ty))| value.fits(ty)));
            prop_assert_eq!(tree_of(&candidate).to_value(), candidate[3].clone(), "in its one form");
            prop_assert!(total(&candidate) < total(&arguments));
        }
    }
}

#[test]
fn a_tree_loses_what_does_not_matter() {
    let found = shrunk(|run| files(&tree_of(run)).iter().any(|bytes| bytes.contains(&0xff)));
    assert_eq!(found, ["run([], [], [], [{path: \"a\", mode: 420, modified: 0, node: file([255])}])"]);
    let found = shrunk(|run| tree_of(run).entries().iter().any(|entry| matches!(entry.node, Node::Symlink(_))));
    assert_eq!(found, ["run([], [], [], [{path: \"a\", mode: 511, modified: 0, node: symlink(\"a\")}])"]);
    let found = shrunk(|run| tree_of(run).entries().iter().any(|entry| entry.path.contains('\n')));
    assert_eq!(found, ["run([], [], [], [{path: \"\\n\", mode: 420, modified: 0, node: text(\"\")}])"]);
    let found = shrunk(|run| files(&tree_of(run)).len() >= 2);
    assert_eq!(
        found,
        [
            "run([], [], [], [{path: \"a\", mode: 420, modified: 0, node: text(\"\")}, {path: \"b\", mode: 420, modified: 0, node: text(\"\")}])"
        ]
    );
    let found = shrunk(|run| tree_of(run).entries().iter().any(|entry| entry.mode & 0o222 == 0));
    assert_eq!(found, ["run([], [], [], [{path: \"a\", mode: 292, modified: 0, node: text(\"\")}])"]);
    let found = shrunk(|run| tree_of(run).entries().iter().any(|entry| entry.modified < 0));
    assert_eq!(found, ["run([], [], [], [{path: \"a\", mode: 420, modified: -1, node: text(\"\")}])"]);
}

#[test]
fn what_belongs_together_stays_together() {
    let found = shrunk(|run| tree_of(run).entries().iter().any(|entry| matches!(entry.node, Node::HardLink(_))));
    for call in &found {
        assert_eq!(call.matches("path").count(), 2, "{call}");
        assert!(
            call.contains("hard-link(\"a\")") && call.contains("path: \"b\"") && call.contains("text(\"\")"),
            "{call}"
        );
    }
    // The same content under the same name in two directories.
    let found = shrunk(|run| {
        let tree = tree_of(run);
        let name = |path: &str| path.rsplit('/').next().unwrap_or_default().to_owned();
        let files: Vec<_> = tree.entries().iter().filter(|entry| matches!(entry.node, Node::File(_))).collect();
        files.iter().enumerate().any(|(nth, one)| {
            files[..nth].iter().any(|other| other.node == one.node && name(&other.path) == name(&one.path))
        })
    });
    for call in &found {
        assert!(call.matches("path").count() <= 3 && call.matches("text(\"\")").count() == 2, "{call}");
    }
}

#[test]
fn arguments_and_variables_shrink_within_their_rules() {
    let found = shrunk(|run| run[0].to_string().contains("--"));
    assert_eq!(found, ["run([\"--\"], [], [], [])"]);
    let found = shrunk(|run| run[1].to_string().contains("C"));
    assert_eq!(found, ["run([], [(\"TZ\", \"C\")], [], [])"]);
}
