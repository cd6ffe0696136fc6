//! Simpler trees: without some of the entries, with shorter contents, plainer names, modes and times, fewer links.
//!
//! Every candidate is coherent: what is in a directory goes with it, and the content of a file stays with its other names.

use std::collections::{BTreeMap, BTreeSet};

use super::cost::ELEMENT;
use super::sequence;
use crate::process::{Entry, Node, Tree};
use crate::value::Value;

/// Trees up to this many entries have each of them made simpler one by one.
const FINE_MAX: usize = 40;
/// Contents longer than this are only cut; shorter ones have their bytes made simpler too.
const BYTES_FINE_MAX: usize = 24;
const NAMES: [&str; 4] = ["a", "b", "c", "d"];
const MODES: [u32; 3] = [0o644, 0o755, 0o444];

/// How complicated a tree is: as any value, but the usual modes are the simplest ones.
pub(super) fn cost(value: &Value) -> u128 {
    let Value::List(entries) = value else { return super::cost(value) };
    let mode = |mode: u32| match MODES.iter().position(|usual| *usual == mode) {
        Some(nth) => u128::try_from(nth).unwrap_or(u128::MAX),
        None => u128::from(mode).saturating_add(u128::from(u32::MAX)),
    };
    let field = |field: &Value| if let Value::U32(found) = field { mode(*found) } else { super::cost(field) };
    let entry = |entry: &Value| match entry {
        Value::Record(_, fields) => fields.iter().fold(ELEMENT, |sum, value| sum.saturating_add(field(value))),
        other => super::cost(other),
    };
    entries.iter().fold(0, |sum, value| sum.saturating_add(entry(value)))
}

/// Candidates for one tree, about `most` of them.
pub(super) fn simpler(value: &Value, most: usize) -> Vec<Value> {
    let Ok(tree) = Tree::from_value(value) else { return Vec::new() };
    let entries = tree.entries();
    let mut found: Vec<Vec<Entry>> = vec![Vec::new()];
    for (start, end) in sequence::chunks(entries.len()).into_iter().take(most / 2) {
        let gone = entries.get(start..end).unwrap_or_default().iter().map(|entry| entry.path.clone()).collect();
        found.push(without(entries, &gone));
    }
    if entries.len() <= FINE_MAX {
        let each = most.checked_div(entries.len()).unwrap_or(most).max(8);
        for (nth, entry) in entries.iter().enumerate() {
            found.extend(plainer(entries, nth, entry, each));
        }
    }
    found.extend(all_plain(entries));
    let values = found.into_iter().filter_map(|entries| Tree::new(entries).ok()).map(|tree| tree.to_value());
    values.filter(|candidate| candidate != value).collect()
}

/// The tree without these and what is in them. A file that has other names lives on under the first of those.
fn without(entries: &[Entry], gone: &BTreeSet<String>) -> Vec<Entry> {
    let goes = |path: &str| {
        gone.contains(path) || path.match_indices('/').any(|(at, _)| path.get(..at).is_some_and(|up| gone.contains(up)))
    };
    let mut heirs: BTreeMap<&str, &str> = BTreeMap::new();
    let mut contents: BTreeMap<&str, &Node> = BTreeMap::new();
    for entry in entries.iter().filter(|entry| goes(&entry.path)) {
        contents.insert(&entry.path, &entry.node);
    }
    let mut left = Vec::with_capacity(entries.len());
    for entry in entries.iter().filter(|entry| !goes(&entry.path)) {
        let node = match &entry.node {
            Node::HardLink(file) => match (contents.get(file.as_str()), heirs.get(file.as_str())) {
                (Some(_), Some(heir)) => Node::HardLink((*heir).to_owned()),
                (Some(content), None) => {
                    heirs.insert(file, &entry.path);
                    (*content).clone()
                }
                (None, _) => entry.node.clone(),
            },
            node => node.clone(),
        };
        left.push(Entry { node, ..entry.clone() });
    }
    left
}

/// The tree with one entry made simpler.
fn plainer(entries: &[Entry], nth: usize, entry: &Entry, most: usize) -> Vec<Vec<Entry>> {
    let mut found = Vec::new();
    let with = |node: Node| exchanged(entries, nth, Entry { node, ..entry.clone() });
    match &entry.node {
        Node::File(bytes) => found.extend(contents(bytes, most).into_iter().map(|bytes| with(Node::File(bytes)))),
        Node::Directory => found.push(with(Node::File(Vec::new()))),
        Node::Symlink(target) => {
            found.push(with(Node::File(Vec::new())));
            found.extend(
                ["a", "/a", "../a"]
                    .into_iter()
                    .filter(|plain| plain != target)
                    .map(|plain| with(Node::Symlink(plain.to_owned()))),
            );
        }
        Node::HardLink(_) => found.push(with(Node::File(Vec::new()))),
    }
    let (directory, name) = entry.path.rsplit_once('/').unwrap_or(("", &entry.path));
    let mut paths: Vec<String> = Vec::new();
    if !directory.is_empty() {
        // Up to the root, out of the innermost directory, out of the outermost.
        paths.extend([name.to_owned(), beside(directory.rsplit_once('/').map_or("", |(up, _)| up), name)]);
        paths.extend(entry.path.split_once('/').map(|(_, rest)| rest.to_owned()));
        paths.extend(NAMES.map(str::to_owned));
    }
    paths.extend(NAMES.iter().map(|plain| beside(directory, plain)));
    paths.extend(shorter(name).into_iter().map(|name| beside(directory, &name)));
    found.extend(paths.into_iter().map(|path| renamed(entries, &entry.path, &path)));
    let same = |other: &Entry| file_of(other) == file_of(entry);
    let all = |change: &dyn Fn(&mut Entry)| {
        let mut changed = entries.to_vec();
        changed.iter_mut().filter(|other| same(other)).for_each(change);
        changed
    };
    found.extend(MODES.iter().map(|mode| all(&|entry| entry.mode = *mode)));
    found.extend([0, 1, -1].map(|time| all(&|entry| entry.modified = time)));
    found
}

/// Everything plain at once: what matters may be in the names and contents alone.
fn all_plain(entries: &[Entry]) -> Vec<Vec<Entry>> {
    let times = entries.iter().map(|entry| Entry { modified: 0, ..entry.clone() }).collect();
    let modes = entries.iter().map(|entry| {
        let mode = if entry.node == Node::Directory { 0o755 } else { 0o644 };
        Entry { mode, ..entry.clone() }
    });
    let empty = entries.iter().map(|entry| match &entry.node {
        Node::File(_) => Entry { node: Node::File(Vec::new()), ..entry.clone() },
        _ => entry.clone(),
    });
    vec![times, modes.collect(), empty.collect()]
}

fn contents(bytes: &[u8], most: usize) -> Vec<Vec<u8>> {
    let simpler = |byte: &u8, most: usize| [0, b'a', byte / 2].into_iter().take(most).collect();
    let found = sequence::candidates(bytes, &0, most, &simpler);
    if bytes.len() <= BYTES_FINE_MAX { found } else { found.into_iter().take(most).collect() }
}

fn shorter(name: &str) -> Vec<String> {
    let characters: Vec<char> = name.chars().collect();
    let halves = sequence::chunks(characters.len()).into_iter().take(8);
    halves
        .map(|(start, end)| characters.iter().take(start).chain(characters.iter().skip(end)).collect::<String>())
        .collect()
}

fn beside(directory: &str, name: &str) -> String {
    if directory.is_empty() { name.to_owned() } else { format!("{directory}/{name}") }
}

fn file_of(entry: &Entry) -> &str {
    match &entry.node {
        Node::HardLink(file) => file,
        _ => &entry.path,
    }
}

fn exchanged(entries: &[Entry], nth: usize, entry: Entry) -> Vec<Entry> {
    let mut changed = entries.to_vec();
    if let Some(slot) = changed.get_mut(nth) {
        *slot = entry;
    }
    changed
}

/// The tree with another path for an entry and all that is in it; hard links follow.
fn renamed(entries: &[Entry], from: &str, to: &str) -> Vec<Entry> {
    let mut changed = entries.to_vec();
    crate::process::rename(&mut changed, from, to);
    changed
}

#[cfg(test)]
mod tests;
