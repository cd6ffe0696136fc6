//! Trees of files: new ones with awkward names, and the contract's own with one thing changed.
//!
//! A change may make a tree incoherent (a file where a directory is); such a change is dropped, so every tree is whole.

use super::Source;
use crate::process::{Entry, Node, Tree, is_name, rename};
use crate::types::Type;
use crate::value::Value;

/// Names that programs get wrong: composed and decomposed letters, white space, what shells, other systems and options
/// give a meaning, and names that differ only in case.
const NAMES: [&str; 40] = [
    "a",
    "b",
    "A",
    "a.txt",
    "A.TXT",
    "a.TXT",
    "photo.jpg",
    "photo.JPG",
    "photo (1).jpg",
    "IMG_0001.jpg",
    "\u{e9}",
    "e\u{301}",
    "\u{212b}",
    "\u{c5}",
    "stra\u{df}e",
    "STRASSE",
    "\u{1f600}.jpg",
    "\u{202e}gpj.exe",
    "\u{200b}",
    "\u{feff}a",
    "a b",
    " a",
    "a ",
    " ",
    "a\nb",
    "a\tb",
    "-rf",
    "--",
    "-",
    "*",
    "?",
    "~",
    "$(id)",
    "`id`",
    "a'b",
    "a\"b",
    "a\\b",
    ".hidden",
    "...",
    "con",
];
const FOLDERS: [&str; 8] = ["d", "D", "2019", "2020", "01", "12", "\u{e9}", "d e"];
const FILE_MODES: [u32; 8] = [0o644, 0o644, 0o600, 0o444, 0o400, 0o755, 0o664, 0o777];
const DIRECTORY_MODES: [u32; 6] = [0o755, 0o755, 0o755, 0o700, 0o555, 0o775];
/// 1901, 1969, the first second, leap days, the end of 32 bits, and years that some systems can't write.
const TIMES: [i64; 14] = [
    -2_147_483_648,
    -1,
    1,
    315_532_800,
    946_684_799,
    951_782_400,
    1_000_000_000,
    1_577_836_799,
    1_577_836_800,
    2_147_483_647,
    2_147_483_648,
    4_102_444_800,
    4_294_967_296,
    15_000_000_000,
];
/// Entries of one tree, about.
const ENTRIES_MAX: usize = 60;
/// A long content, in bytes.
const CONTENT_MAX: usize = 6000;

impl Source {
    /// A tree. `guest` is where it will stand.
    pub(super) fn tree(&mut self, guest: &str) -> Tree {
        let example = if self.random.chance(2) { self.random.pick(&self.words.trees).cloned() } else { None };
        let (mut tree, changes) = match example {
            Some(tree) => (tree, self.random.below(5)),
            None => (self.new_tree(guest), self.random.below(4)),
        };
        for _ in 0..changes {
            let mut entries = tree.entries().to_vec();
            self.change(&mut entries, guest);
            if let Ok(changed) = Tree::new(entries) {
                tree = changed;
            }
        }
        tree
    }

    fn new_tree(&mut self, guest: &str) -> Tree {
        let count = match self.random.below(16) {
            0 => 0,
            1..=3 => 1,
            4..=12 => self.random.between(2, 7),
            13 | 14 => self.random.between(8, 20),
            _ => self.random.between(21, 50),
        };
        let mut tree = Tree::default();
        for _ in 0..count {
            let mut entries = tree.entries().to_vec();
            self.grow(&mut entries, guest);
            if let Ok(grown) = Tree::new(entries) {
                tree = grown;
            }
        }
        tree
    }

    /// One entry more, of any kind.
    fn grow(&mut self, entries: &mut Vec<Entry>, guest: &str) {
        if entries.len() >= ENTRIES_MAX {
            return;
        }
        let path = self.path(entries);
        let (mut mode, mut modified) = (self.mode(&FILE_MODES), self.time());
        let node = match self.random.below(16) {
            0..=9 => Node::File(self.content(entries)),
            10 | 11 => {
                mode = self.mode(&DIRECTORY_MODES);
                Node::Directory
            }
            12 | 13 => Node::Symlink(self.target(entries, guest)),
            _ => match self.file(entries) {
                Some(file) => {
                    (mode, modified) = (file.mode, file.modified);
                    Node::HardLink(file.path)
                }
                None => Node::File(Vec::new()),
            },
        };
        // A link's own bits are always the same on Linux.
        let mode = if matches!(node, Node::Symlink(_)) { 0o777 } else { mode };
        entries.push(Entry { path, mode, modified, node });
    }

    pub(super) fn change(&mut self, entries: &mut Vec<Entry>, guest: &str) {
        let nth = self.random.index(entries.len());
        let Some(chosen) = entries.get(nth).cloned() else { return self.grow(entries, guest) };
        match self.random.below(12) {
            0 => drop(entries.remove(nth)),
            1 | 2 => {
                let path = self.path(entries);
                rename(entries, &chosen.path, &path);
            }
            3 | 4 => {
                // The same content under another name, or another content under the same name elsewhere.
                let mut path = self.path(entries);
                if self.random.chance(2) {
                    path = beside(&path, &chosen.path);
                }
                let node = match (&chosen.node, self.random.below(3)) {
                    (Node::File(_), 0) => Node::File(self.content(entries)),
                    (node, _) => node.clone(),
                };
                entries.push(Entry { path, node, ..chosen });
            }
            5 => {
                let (mode, time) = (self.mode(&FILE_MODES), self.time());
                for entry in entries.iter_mut().filter(|entry| same_file(entry, &chosen)) {
                    entry.modified = time;
                    if matches!(entry.node, Node::File(_) | Node::HardLink(_)) {
                        entry.mode = mode;
                    }
                }
            }
            6..=8 => {
                if let Some(Node::File(bytes)) = entries.get_mut(nth).map(|entry| &mut entry.node) {
                    self.change_content(bytes);
                }
            }
            _ => self.grow(entries, guest),
        }
    }

    fn change_content(&mut self, bytes: &mut Vec<u8>) {
        let at = self.random.index(bytes.len().saturating_add(1));
        match self.random.below(5) {
            0 => bytes.truncate(at),
            1 => bytes.clear(),
            2 => {
                let again = bytes.clone();
                if bytes.len() < CONTENT_MAX {
                    bytes.extend(again);
                }
            }
            3 => bytes.push(0),
            _ => self.spoil(bytes),
        }
    }

    /// Bytes of a file: often those of another, for programs that tell files apart by content.
    fn content(&mut self, entries: &[Entry]) -> Vec<u8> {
        let known = match self.file(entries).map(|file| file.node) {
            Some(Node::File(bytes)) => bytes,
            _ => Vec::new(),
        };
        let mut bytes = match self.random.below(16) {
            0 | 1 => return Vec::new(),
            2..=4 => return known,
            5 => known,
            6 => {
                let length = usize::try_from(self.random.between(1000, 6000)).unwrap_or(0).min(CONTENT_MAX);
                vec![b'x'; length]
            }
            7 => self.text_word().into_bytes(),
            _ => self.string().into_bytes(),
        };
        self.spoil(&mut bytes);
        bytes
    }

    fn file(&mut self, entries: &[Entry]) -> Option<Entry> {
        let files: Vec<&Entry> = entries.iter().filter(|entry| matches!(entry.node, Node::File(_))).collect();
        self.random.pick(&files).map(|file| (*file).clone())
    }

    /// A path in the tree's directories or in new ones; often with a name that is there elsewhere.
    fn path(&mut self, entries: &[Entry]) -> String {
        let directories: Vec<&str> =
            entries.iter().filter(|entry| entry.node == Node::Directory).map(|entry| entry.path.as_str()).collect();
        let mut path = match self.random.below(8) {
            0..=2 => String::new(),
            3..=5 => self.random.pick(&directories).map_or_else(String::new, |path| (*path).to_owned()),
            6 => self.random.pick(&FOLDERS).copied().unwrap_or("d").to_owned(),
            _ => {
                let depth = self.random.between(2, 12);
                let folder = self.random.pick(&FOLDERS).copied().unwrap_or("d");
                (0..depth).map(|_| folder).collect::<Vec<_>>().join("/")
            }
        };
        let name = match self.random.below(3) {
            0 => self.random.pick(entries).map(|entry| last(&entry.path).to_owned()),
            _ => None,
        };
        let name = name.unwrap_or_else(|| self.name());
        if !path.is_empty() {
            path.push('/');
        }
        path + &name
    }

    /// The name of a file.
    pub(super) fn name(&mut self) -> String {
        let name = match self.random.below(12) {
            0 => self.string(),
            1 => {
                let word = self.text_word();
                last(&word).to_owned()
            }
            2 => "n".repeat(usize::try_from(self.random.between(200, 255)).unwrap_or(1)),
            3 => format!("{}.jpg", self.random.below(1000)),
            _ => self.random.pick(&NAMES).copied().unwrap_or("a").to_owned(),
        };
        if is_name(&name) { name } else { "a".to_owned() }
    }

    /// Where a symbolic link leads: inside, outside, nowhere, in a circle.
    fn target(&mut self, entries: &[Entry], guest: &str) -> String {
        let inside = self.random.pick(entries).map(|entry| entry.path.clone()).unwrap_or_else(|| "a".to_owned());
        match self.random.below(10) {
            0..=2 => inside,
            3 => format!("{guest}/{inside}"),
            4 => format!("../{inside}"),
            5 => "..".to_owned(),
            6 => "../../../../../../etc/passwd".to_owned(),
            7 => "/etc/passwd".to_owned(),
            8 => ".".to_owned(),
            _ => "nowhere".to_owned(),
        }
    }

    /// A mode or a time, by its type in an entry.
    pub(super) fn attribute(&mut self, ty: &Type) -> Option<Value> {
        match ty {
            Type::U32 => Some(Value::U32(self.mode(&FILE_MODES))),
            Type::S64 => Some(Value::S64(self.time())),
            _ => None,
        }
    }

    fn mode(&mut self, modes: &[u32]) -> u32 {
        self.random.pick(modes).copied().unwrap_or(0o644)
    }

    fn time(&mut self) -> i64 {
        match self.random.below(4) {
            0 => self.random.between(0, 2_000_000_000).max(1),
            _ => self.random.pick(&TIMES).copied().unwrap_or(1),
        }
    }
}

/// The last name of a path.
fn last(path: &str) -> &str {
    path.rsplit('/').next().unwrap_or(path)
}

/// The directory of one path with the last name of another.
fn beside(path: &str, other: &str) -> String {
    match path.rsplit_once('/') {
        Some((directory, _)) => format!("{directory}/{}", last(other)),
        None => last(other).to_owned(),
    }
}

/// Whether the entry is a name of what the other one is.
fn same_file(entry: &Entry, other: &Entry) -> bool {
    let file = |entry: &Entry| match &entry.node {
        Node::HardLink(file) => file.clone(),
        _ => entry.path.clone(),
    };
    file(entry) == file(other)
}
