//! What programs are given: always within the rules, the same for the same seed, and full of what goes wrong.

use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;

use super::super::{Dictionary, Source};
use crate::interface::{Function, Interface};
use crate::process::{Arguments, Entry, Form, Invocation, Node, Process, Tree};

fn run(stdin: Form) -> Arc<Function> {
    let variables = vec!["TZ".to_owned(), "LC_ALL".to_owned()];
    let process =
        Process::new(Arguments::Varied, variables, Some("/photos".to_owned()), [Some(stdin), Some(Form::Bytes), None]);
    Arc::clone(&Interface::of_process(process).unwrap().functions[0])
}

fn many(stdin: Form, count: usize) -> Vec<Invocation> {
    let function = run(stdin);
    let mut source = Source::new([3; 32], &Dictionary::default());
    let process = function.process.as_ref().unwrap();
    (0..count).map(|_| process.invocation(&source.arguments(&function)).unwrap()).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_input_can_be_given_and_follows_from_the_seed(seed in any::<[u8; 32]>()) {
        let function = run(Form::Bytes);
        let process = function.process.as_ref().unwrap();
        let (mut one, mut two) = (Source::new(seed, &Dictionary::default()), Source::new(seed, &Dictionary::default()));
        for _ in 0..4 {
            let arguments = one.arguments(&function);
            prop_assert!(arguments.iter().zip(&function.params).all(|(value, (_, ty))| value.fits(ty)));
            prop_assert!(process.invocation(&arguments).is_ok());
            let tree = &arguments[3];
            prop_assert_eq!(&Tree::from_value(tree).unwrap().to_value(), tree, "in its one form");
            prop_assert_eq!(arguments, two.arguments(&function));
        }
    }
}

#[test]
fn what_a_seed_gives_a_program_is_part_of_the_evidence() {
    let function = run(Form::Text);
    let mut source = Source::new([2; 32], &Dictionary::default());
    let lines: Vec<String> = (0..8)
        .map(|_| {
            crate::interface::Call { function: Arc::clone(&function), args: source.arguments(&function) }.to_string()
        })
        .map(|line| line.chars().take(600).collect())
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn awkward_arguments_and_variables_come() {
    let runs = many(Form::Text, 3000);
    let arguments: Vec<&String> = runs.iter().flat_map(|run| &run.arguments).collect();
    let some = |what: &dyn Fn(&str) -> bool| arguments.iter().any(|argument| what(argument));
    assert!(some(&|text| text == "--") && some(&|text| text == "-") && some(&str::is_empty));
    assert!(some(&|text| text.starts_with("--") && text.contains('=')) && some(&|text| text.chars().count() > 2000));
    assert!(some(&|text| !text.is_ascii()) && some(&|text| text.contains('\n')) && some(&|text| text == "-rf"));
    assert!(arguments.iter().all(|text| !text.contains('\0')));
    let named = |run: &&Invocation| {
        let paths: Vec<&str> = run.files.iter().flat_map(Tree::entries).map(|entry| entry.path.as_str()).collect();
        let argument = |text: &str| paths.iter().any(|path| text == *path || text == format!("/photos/{path}"));
        run.arguments.iter().any(|text| argument(text))
    };
    assert!(runs.iter().filter(named).count() > 200, "arguments name what is in the tree");
    let counts: BTreeSet<usize> = runs.iter().map(|run| run.arguments.len()).collect();
    assert!(counts.contains(&0) && counts.contains(&1) && counts.iter().any(|count| *count > 12));
    let sets: BTreeSet<Vec<&str>> =
        runs.iter().map(|run| run.environment.iter().map(|(name, _)| name.as_str()).collect()).collect();
    assert_eq!(sets.len(), 4, "each is set and not set: {sets:?}");
    let values: BTreeSet<&str> =
        runs.iter().flat_map(|run| &run.environment).map(|(_, value)| value.as_str()).collect();
    assert!(["", "C", "UTC", "tr_TR.UTF-8"].iter().all(|value| values.contains(value)));
}

#[test]
fn awkward_input_comes() {
    for (form, bytes) in [(Form::Text, false), (Form::Bytes, true)] {
        let runs = many(form, 3000);
        let some = |what: &dyn Fn(&[u8]) -> bool| runs.iter().any(|run| what(&run.stdin));
        let has = |part: &'static [u8]| some(&|text| text.windows(part.len()).any(|window| window == part));
        assert!(some(&<[u8]>::is_empty) && some(&|text| text.ends_with(b"\n")) && has(b"\r\n") && has(b"\n\n"));
        assert!(some(&|text| text.len() > 1 && !text.ends_with(b"\n") && text.contains(&b'\n')), "no final newline");
        assert!(some(&|text| text.len() > 2000) && some(&|text| text.starts_with("\u{feff}".as_bytes())));
        assert_eq!(some(&|text| std::str::from_utf8(text).is_err()), bytes);
        assert!(!bytes || has(b"\0"));
        let repeated = |text: &[u8]| {
            let lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').filter(|line| !line.is_empty()).collect();
            lines.iter().collect::<BTreeSet<_>>().len() < lines.len()
        };
        assert!(some(&repeated), "lines that are there twice");
    }
}

#[test]
fn awkward_trees_come() {
    let trees: Vec<Tree> = many(Form::Text, 4000).into_iter().filter_map(|run| run.files).collect();
    let count = |what: &dyn Fn(&Tree) -> bool| trees.iter().filter(|tree| what(tree)).count();
    let entry = |what: &dyn Fn(&Entry) -> bool| count(&|tree| tree.entries().iter().any(what));
    let node = |what: &dyn Fn(&Node) -> bool| entry(&|entry| what(&entry.node));
    let path = |what: &dyn Fn(&str) -> bool| entry(&|entry| what(&entry.path));
    let paths = |tree: &Tree| tree.entries().iter().map(|entry| entry.path.clone()).collect::<BTreeSet<_>>();
    assert!(count(&|tree| tree.entries().is_empty()) > 50 && count(&|tree| tree.entries().len() > 20) > 20);
    assert!(path(&|path| path.contains('\n')) > 5 && path(&|path| path.starts_with('-')) > 20);
    assert!(path(&|path| path.split('/').count() > 6) > 20 && path(&|path| path.len() > 200) > 20);
    assert!(count(&|tree| paths(tree).contains("\u{e9}") && paths(tree).contains("e\u{301}")) > 0, "twins");
    let last = |path: &str| path.rsplit('/').next().unwrap().to_owned();
    let names = |tree: &Tree| paths(tree).iter().map(|path| last(path)).collect::<BTreeSet<_>>().len();
    assert!(count(&|tree| names(tree) < tree.entries().len()) > 200, "one name in two directories");
    let content = |tree: &Tree| {
        let files: Vec<Vec<u8>> = tree
            .entries()
            .iter()
            .filter_map(|entry| if let Node::File(bytes) = &entry.node { Some(bytes.clone()) } else { None })
            .collect();
        (files.len(), files.into_iter().collect::<BTreeSet<_>>().len())
    };
    assert!(count(&|tree| content(tree).0 > content(tree).1) > 200, "one content twice");
    assert!(node(&|node| *node == Node::File(Vec::new())) > 200);
    assert!(node(&|node| matches!(node, Node::File(bytes) if bytes.len() > 3000)) > 20);
    assert!(node(&|node| matches!(node, Node::HardLink(_))) > 100);
    let link = |to: &str| node(&|node| matches!(node, Node::Symlink(target) if target == to));
    assert!([".", "..", "/etc/passwd", "nowhere"].iter().all(|to| link(to) > 5));
    assert!(node(&|node| matches!(node, Node::Symlink(target) if target.starts_with("/photos/"))) > 5);
    assert!(entry(&|entry| entry.node == Node::Directory && entry.mode == 0o555) > 5, "read-only directories");
    assert!(entry(&|entry| matches!(entry.node, Node::File(_)) && entry.mode == 0o444) > 20, "read-only files");
    assert!(entry(&|entry| entry.modified < 0) > 50 && entry(&|entry| entry.modified > 4_000_000_000) > 50);
    let empty = |tree: &Tree| {
        let paths = paths(tree);
        let filled = |path: &str| paths.iter().any(|other| other.starts_with(&format!("{path}/")));
        tree.entries().iter().any(|entry| entry.node == Node::Directory && !filled(&entry.path))
    };
    assert!(count(&empty) > 50, "empty directories");
}
