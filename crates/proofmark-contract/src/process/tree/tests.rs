//! Trees: what is coherent, what is not, and that each has one form.

use super::*;

fn file(path: &str, bytes: &str) -> Entry {
    Entry { path: path.to_owned(), mode: 0o644, modified: 1, node: Node::File(bytes.as_bytes().to_vec()) }
}

fn link(path: &str, to: &str) -> Entry {
    Entry { node: Node::HardLink(to.to_owned()), ..file(path, "") }
}

fn directory(path: &str) -> Entry {
    Entry { node: Node::Directory, ..file(path, "") }
}

fn shown(tree: &Tree) -> Vec<String> {
    let entry = |entry: &Entry| match &entry.node {
        Node::File(bytes) => format!("{} {}", entry.path, String::from_utf8_lossy(bytes)),
        Node::Directory => format!("{}/", entry.path),
        Node::Symlink(target) => format!("{} -> {target}", entry.path),
        Node::HardLink(to) => format!("{} = {to}", entry.path),
    };
    tree.entries().iter().map(entry).collect()
}

fn why(entries: Vec<Entry>) -> (Option<usize>, String) {
    let error = Tree::new(entries).unwrap_err();
    assert!(!error.help.is_empty());
    (error.entry, error.message)
}

#[test]
fn directories_are_implied_and_entries_are_ordered() {
    let tree = Tree::new(vec![file("b/c/x", "1"), file("a", "2"), directory("b")]).unwrap();
    assert_eq!(shown(&tree), ["a 2", "b/", "b/c/", "b/c/x 1"]);
    let implied = tree.entries().iter().find(|entry| entry.path == "b/c").unwrap();
    assert_eq!((implied.mode, implied.modified), (0o755, 0));
    let listed = tree.entries().iter().find(|entry| entry.path == "b").unwrap();
    assert_eq!((listed.mode, listed.modified), (0o644, 1));
    assert_eq!(Tree::new(tree.entries().to_vec()).unwrap(), tree, "the form is final");
}

#[test]
fn the_first_name_of_a_file_is_the_file() {
    let one = Tree::new(vec![file("c", "1"), link("b", "c"), link("a", "c"), file("d", "2")]).unwrap();
    let two = Tree::new(vec![file("a", "1"), link("c", "a"), link("b", "a"), file("d", "2")]).unwrap();
    assert_eq!(shown(&one), ["a 1", "b = a", "c = a", "d 2"]);
    assert_eq!(one, two);
    assert!(one.to_value().same(&two.to_value()));
}

#[test]
fn what_is_no_tree_says_which_entry_is_wrong() {
    let cases: [(Vec<Entry>, usize, &str); 12] = [
        (vec![file("a", ""), file("a", "")], 1, "twice"),
        (vec![file("a", ""), file("a/b", "")], 1, "no directory"),
        (vec![Entry { node: Node::Symlink("x".to_owned()), ..file("a", "") }, file("a/b", "")], 1, "no directory"),
        (vec![link("a", "b")], 0, "not there"),
        (vec![directory("b"), link("a", "b")], 1, "no file"),
        (vec![file("b", ""), link("c", "b"), link("a", "c")], 2, "no file"),
        (vec![file("b", ""), Entry { mode: 0o600, ..link("a", "b") }], 1, "another mode or time"),
        (vec![file("b", ""), Entry { modified: 2, ..link("a", "b") }], 1, "another mode or time"),
        (vec![Entry { mode: 0o10000, ..file("a", "") }], 0, "not the mode"),
        (vec![Entry { modified: MODIFIED_MAX + 1, ..file("a", "") }], 0, "not the time"),
        (vec![Entry { modified: MODIFIED_MIN - 1, ..file("a", "") }], 0, "not the time"),
        (vec![Entry { node: Node::Symlink(String::new()), ..file("a", "") }], 0, "no path"),
    ];
    for (entries, nth, message) in cases {
        let (entry, found) = why(entries);
        assert!(entry == Some(nth) && found.contains(message), "{entry:?} {found}");
    }
    let long = "n".repeat(256);
    for path in ["", "/a", "a/", "a//b", ".", "..", "a/../b", "./a", "a/.", "a\0b", long.as_str()] {
        assert!(why(vec![file(path, "")]).1.contains("not a path inside"), "{path:?}");
    }
    for path in ["...", " ", "-", "a\nb", "e\u{301}", ".hidden", "a/.b", "a\\b"] {
        assert!(Tree::new(vec![file(path, "")]).is_ok(), "{path:?}");
    }
}

#[test]
fn values_are_trees_and_back() {
    let link_out = Entry { node: Node::Symlink("/etc/passwd".to_owned()), ..file("s", "") };
    let tree = Tree::new(vec![file("a", "\u{0}x"), link("b", "a"), directory("d"), link_out]).unwrap();
    let value = tree.to_value();
    assert!(value.fits(&TREE.tree));
    assert_eq!(Tree::from_value(&value).unwrap(), tree);
    assert_eq!(Tree::from_value(&Value::Bool(true)).unwrap_err().entry, None);
    assert_eq!(Tree::from_value(&Value::List(vec![Value::Bool(true)])).unwrap_err().entry, None);
    let Value::List(mut entries) = value else { panic!() };
    entries.reverse();
    assert_eq!(Tree::from_value(&Value::List(entries)).unwrap(), tree);
}

#[test]
fn what_is_in_a_directory_moves_with_it() {
    let mut entries = vec![directory("d"), file("d/a", "1"), link("b", "d/a"), file("dd", "2")];
    rename(&mut entries, "d", "e/f");
    assert_eq!(shown(&Tree::new(entries).unwrap()), ["b 1", "dd 2", "e/", "e/f/", "e/f/a = b"]);
}
