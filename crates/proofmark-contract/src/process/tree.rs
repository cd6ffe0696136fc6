//! Trees of files as values: coherent, and each in one form only, so that equal trees are equal values.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use thiserror::Error;

use super::types::{DIRECTORY, FILE, HARD_LINK, SYMLINK, TREE};
use crate::value::Value;

/// The longest path in a tree, and the longest target of a symbolic link, in bytes.
const PATH_BYTES_MAX: usize = 1024;
/// The longest name of one file, in bytes, on Linux.
const NAME_BYTES_MAX: usize = 255;
/// Permission bits with set-user-id, set-group-id and sticky.
const MODE_MAX: u32 = 0o7777;
/// The times that every common file system of Linux holds: from 1901 to 2446.
const MODIFIED_MIN: i64 = -2_147_483_648;
const MODIFIED_MAX: i64 = 15_032_385_535;
/// What Linux says of every symbolic link, which has no mode of its own.
const SYMLINK_MODE: u32 = 0o777;
/// A directory that is there because something is in it, and was not listed.
const IMPLIED_MODE: u32 = 0o755;

/// A tree of files. Always coherent and in its one form: entries ordered by the bytes of their paths, every directory
/// listed, and of the names of one file the first is the file and the others are hard links to it.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Tree {
    entries: Vec<Entry>,
}

/// One name in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entry {
    /// Relative to the tree: names separated by `/`, none of them empty, `.` or `..`.
    pub path: String,
    /// Permission bits, 0 to 0o7777. Of a symbolic link they mean nothing and are 0o777.
    pub mode: u32,
    /// Seconds since 1970. 0 stands for the time of the run.
    pub modified: i64,
    pub node: Node,
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    File(Vec<u8>),
    Directory,
    /// The target as it is written, wherever that leads.
    Symlink(String),
    /// Another name of the file with that path; mode and time are the file's.
    HardLink(String),
}

/// Why entries are no tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}; {help}")]
pub struct TreeError {
    /// The entry that is wrong, counted from 0 in the order given.
    pub entry: Option<usize>,
    pub message: String,
    pub help: String,
}

impl Tree {
    /// The tree of these entries, in any order. Directories that are not listed have mode 0o755 and time 0.
    ///
    /// # Errors
    /// [`TreeError`]: a path, mode, time or target outside the limits, a path that is there twice, something inside of
    /// what is no directory, or a hard link to what is no file or has another mode or time.
    pub fn new(entries: Vec<Entry>) -> Result<Self, TreeError> {
        let mut known: BTreeMap<String, (usize, Entry)> = BTreeMap::new();
        for (nth, mut entry) in entries.into_iter().enumerate() {
            plausible(&entry).map_err(|(message, help)| wrong(nth, message, help))?;
            if let Node::Symlink(_) = entry.node {
                entry.mode = SYMLINK_MODE;
            }
            if known.contains_key(&entry.path) {
                return Err(wrong(nth, format!("`{}` is there twice", shown(&entry.path)), "leave one out"));
            }
            known.insert(entry.path.clone(), (nth, entry));
        }
        let mut implied = BTreeSet::new();
        for (nth, entry) in known.values() {
            for parent in parents(&entry.path) {
                match known.get(parent).map(|(_, found)| &found.node) {
                    Some(Node::Directory) => {}
                    None => drop(implied.insert(parent.to_owned())),
                    Some(_) => {
                        let message =
                            format!("`{}` can't be in `{}`, which is no directory", shown(&entry.path), shown(parent));
                        return Err(wrong(*nth, message, "give one of them another path"));
                    }
                }
            }
        }
        let links = links(&known)?;
        let mut entries: Vec<Entry> = known.into_values().map(|(_, entry)| entry).collect();
        entries.extend(implied.into_iter().map(|path| Entry {
            path,
            mode: IMPLIED_MODE,
            modified: 0,
            node: Node::Directory,
        }));
        entries.sort_by(|a, b| a.path.cmp(&b.path));
        Ok(Self { entries: firsts(entries, &links) })
    }

    /// In the order of their paths.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries, to be changed.
    #[must_use]
    pub fn into_entries(self) -> Vec<Entry> {
        self.entries
    }

    /// The value of type `list<entry>`.
    #[must_use]
    pub fn to_value(&self) -> Value {
        let entry = |entry: &Entry| {
            let text = |text: &String| Some(Box::new(Value::String(text.clone())));
            let (case, payload) = match &entry.node {
                Node::File(bytes) => (FILE, Some(Box::new(bytes_value(bytes)))),
                Node::Directory => (DIRECTORY, None),
                Node::Symlink(target) => (SYMLINK, text(target)),
                Node::HardLink(path) => (HARD_LINK, text(path)),
            };
            let node = Value::Variant(Arc::clone(&TREE.node), case, payload);
            let fields =
                vec![Value::String(entry.path.clone()), Value::U32(entry.mode), Value::S64(entry.modified), node];
            Value::Record(Arc::clone(&TREE.entry), fields)
        };
        Value::List(self.entries.iter().map(entry).collect())
    }

    /// The tree that a value of type `list<entry>` is.
    ///
    /// # Errors
    /// [`TreeError`], as for [`Tree::new`], or because the value has another type.
    pub fn from_value(value: &Value) -> Result<Self, TreeError> {
        let mistyped = || TreeError {
            entry: None,
            message: "the value is no list of entries".to_owned(),
            help: "its type is `list<entry>`".to_owned(),
        };
        let Value::List(values) = value else { return Err(mistyped()) };
        let entries = values.iter().map(|value| entry_of(value).ok_or_else(mistyped)).collect::<Result<_, _>>()?;
        Self::new(entries)
    }
}

fn entry_of(value: &Value) -> Option<Entry> {
    let Value::Record(_, fields) = value else { return None };
    let [Value::String(path), Value::U32(mode), Value::S64(modified), Value::Variant(_, case, payload)] =
        fields.as_slice()
    else {
        return None;
    };
    let text = || payload.as_deref().and_then(text_of).map(str::to_owned);
    let node = match *case {
        FILE => Node::File(bytes_of(payload.as_deref()?)?),
        DIRECTORY => Node::Directory,
        SYMLINK => Node::Symlink(text()?),
        HARD_LINK => Node::HardLink(text()?),
        _ => return None,
    };
    Some(Entry { path: path.clone(), mode: *mode, modified: *modified, node })
}

pub(super) fn text_of(value: &Value) -> Option<&str> {
    match value {
        Value::String(text) => Some(text),
        _ => None,
    }
}

pub(crate) fn bytes_value(bytes: &[u8]) -> Value {
    Value::List(bytes.iter().copied().map(Value::U8).collect())
}

/// The bytes of a `list<u8>` or of a string.
pub(super) fn bytes_of(value: &Value) -> Option<Vec<u8>> {
    match value {
        Value::String(text) => Some(text.as_bytes().to_vec()),
        Value::List(values) => {
            values.iter().map(|value| if let Value::U8(byte) = value { Some(*byte) } else { None }).collect()
        }
        _ => None,
    }
}

fn wrong(entry: usize, message: String, help: &str) -> TreeError {
    TreeError { entry: Some(entry), message, help: help.to_owned() }
}

fn shown(path: &str) -> String {
    let start: String = path.chars().take(80).collect();
    start.escape_debug().to_string()
}

/// Whether a path can be one of a tree.
pub(crate) fn is_path(path: &str) -> bool {
    path.len() <= PATH_BYTES_MAX && path.split('/').all(is_name)
}

/// Whether a text can be the name of a file.
pub(crate) fn is_name(name: &str) -> bool {
    !matches!(name, "" | "." | "..") && name.len() <= NAME_BYTES_MAX && !name.contains(['/', '\0'])
}

/// What each entry keeps by itself.
fn plausible(entry: &Entry) -> Result<(), (String, &'static str)> {
    let path = || shown(&entry.path);
    if !is_path(&entry.path) {
        let help = if entry.path.starts_with('/') {
            "write it relative to the tree, without the leading `/`"
        } else {
            "write names with `/` between them; none is empty, `.`, `..`, longer than 255 bytes or holds a NUL"
        };
        return Err((format!("`{}` is not a path inside the tree", path()), help));
    }
    if entry.mode > MODE_MAX {
        let help = "write permission bits, such as 420 (0o644 in octal) or 493 (0o755)";
        return Err((format!("{} is not the mode of `{}`", entry.mode, path()), help));
    }
    if !(MODIFIED_MIN..=MODIFIED_MAX).contains(&entry.modified) {
        let help = "write seconds since 1970; file systems hold years from 1901 to 2446";
        return Err((format!("{} is not the time of `{}`", entry.modified, path()), help));
    }
    match &entry.node {
        Node::Symlink(target) if target.is_empty() || target.len() > PATH_BYTES_MAX || target.contains('\0') => Err((
            format!("`{}` is a symbolic link to no path", path()),
            "write a target of 1 to 1024 bytes without a NUL",
        )),
        _ => Ok(()),
    }
}

/// The directories that a path is in, the outermost first.
pub(crate) fn parents(path: &str) -> impl Iterator<Item = &str> {
    path.match_indices('/').filter_map(|(at, _)| path.get(..at))
}

/// For every file that has more names: all of its names, in order.
fn links(known: &BTreeMap<String, (usize, Entry)>) -> Result<BTreeMap<String, BTreeSet<String>>, TreeError> {
    let mut links: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (nth, entry) in known.values() {
        let Node::HardLink(to) = &entry.node else { continue };
        let about = |what: &str| format!("`{}` is a hard link to `{}`, which {what}", shown(&entry.path), shown(to));
        let Some((_, file)) = known.get(to) else {
            return Err(wrong(*nth, about("is not there"), "name an entry of this tree that is a file"));
        };
        if !matches!(file.node, Node::File(_)) {
            return Err(wrong(*nth, about("is no file"), "name an entry of this tree that is a file"));
        }
        if (file.mode, file.modified) != (entry.mode, entry.modified) {
            let help = "all names of a file have one mode and one time";
            return Err(wrong(*nth, about("has another mode or time"), help));
        }
        let names = links.entry(to.clone()).or_default();
        names.extend([to.clone(), entry.path.clone()]);
    }
    Ok(links)
}

/// Makes the first name of each file the file, and the others links to it.
fn firsts(mut entries: Vec<Entry>, links: &BTreeMap<String, BTreeSet<String>>) -> Vec<Entry> {
    for (file, names) in links {
        let Some(first) = names.first() else { continue };
        let Ok(from) = entries.binary_search_by(|entry| entry.path.cmp(file)) else { continue };
        let Some(node) = entries.get_mut(from).map(|entry| std::mem::replace(&mut entry.node, Node::Directory)) else {
            continue;
        };
        let mut node = Some(node);
        for name in names {
            let Ok(at) = entries.binary_search_by(|entry| entry.path.cmp(name)) else { continue };
            if let Some(entry) = entries.get_mut(at) {
                entry.node = node.take().unwrap_or_else(|| Node::HardLink(first.clone()));
            }
        }
    }
    entries
}

/// Gives an entry, and all that is in it, another path; hard links follow.
pub(crate) fn rename(entries: &mut [Entry], from: &str, to: &str) {
    let renamed = |path: &str| match path.strip_prefix(from) {
        Some("") => Some(to.to_owned()),
        Some(rest) if rest.starts_with('/') => Some(format!("{to}{rest}")),
        _ => None,
    };
    for entry in entries {
        if let Some(path) = renamed(&entry.path) {
            entry.path = path;
        }
        if let Node::HardLink(file) = &mut entry.node
            && let Some(path) = renamed(file)
        {
            *file = path;
        }
    }
}

#[cfg(test)]
mod tests;
