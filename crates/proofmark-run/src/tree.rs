//! The manifest of a directory tree: what is in it, to the byte, mode and time.
//!
//! A tree is read from a directory descriptor. Nothing here follows a symbolic link, crosses a mount or writes.
//! The format of a manifest is in `spec/effects.md`.

pub mod path;
pub(crate) mod walk;

#[cfg(test)]
mod tests;

use std::collections::HashMap;
use std::fs::File;
use std::io;
use std::num::NonZeroUsize;
use std::os::fd::AsFd;
use std::path::Path;

use proofmark_mark::digest::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

pub use path::TreePath;
use walk::{Access, Node, Raw};

/// What reading a tree may cost. Exceeding one is an error, never a shorter manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Entries, the root among them.
    pub entries: u64,
    /// Names in a path. Each level holds a descriptor while it is walked.
    pub depth: u64,
    /// Bytes of content by apparent size, so a sparse file counts with its holes. A hard link counts once.
    pub content_bytes: u64,
    /// Bytes of all paths, link targets and extended attributes together.
    pub name_bytes: u64,
    /// Threads that hash; none for as many as there are cores, at most 4.
    pub threads: Option<NonZeroUsize>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { entries: 1_000_000, depth: 100, content_bytes: 1 << 38, name_bytes: 1 << 28, threads: None }
    }
}

/// What an entry is. Everything else (devices, sockets, fifos) has no place in a tree.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// A regular file.
    File,
    /// A directory.
    Directory,
    /// A symbolic link.
    Symlink,
}

/// A point in time: seconds since 1970 and nanoseconds (0 to 999,999,999) after them.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Time {
    /// Seconds since 1970, negative before.
    pub seconds: i64,
    /// Nanoseconds after `seconds`.
    pub nanoseconds: u32,
}

/// One entry of a tree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entry {
    /// Where it is.
    pub path: TreePath,
    /// What it is.
    pub kind: Kind,
    /// Bytes of content or of the link's target; 0 for a directory.
    pub size: u64,
    /// SHA-256 of the content or of the link's target; that of nothing for a directory.
    pub sha256: Digest,
    /// A symbolic link's target, in the text form of paths.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
    /// Permission bits with set-user-ID, set-group-ID and sticky: 0 to 0o7777.
    pub mode: u32,
    /// When the content was modified.
    pub modified: Time,
    /// The owner's number.
    pub uid: u32,
    /// The group's number.
    pub gid: u32,
    /// The hard-link group, counted from 0 by first member; none for an entry with one name in the tree.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub links: Option<u32>,
    /// SHA-256 over the extended attributes (`spec/effects.md`); none if there are none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Digest>,
}

/// A tree's entries in canonical order, the root first.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Manifest {
    tree: u32,
    entries: Vec<Entry>,
}

/// Why a tree can't be read.
#[derive(Debug, Error)]
pub enum TreeError {
    /// The operating system refused.
    #[error("can't {doing} `{path}`: {source}")]
    Io {
        /// Where.
        path: TreePath,
        /// What was tried.
        doing: &'static str,
        /// The system's answer.
        source: io::Error,
    },
    /// Not a file, directory or symbolic link.
    #[error("`{path}` is a {kind}; a tree holds files, directories and symbolic links")]
    Kind {
        /// Where.
        path: TreePath,
        /// What it is.
        kind: &'static str,
    },
    /// Something is mounted inside the tree.
    #[error("`{path}` is a mount point; grant it by itself or unmount it")]
    Mount {
        /// Where.
        path: TreePath,
    },
    /// A limit was reached.
    #[error("the tree has more than {limit} {what} (at `{path}`)")]
    Limit {
        /// Of what there are too many.
        what: &'static str,
        /// How many are allowed.
        limit: u64,
        /// Where it was noticed.
        path: TreePath,
    },
    /// It changed under the reader.
    #[error("`{path}` changed while it was read")]
    Changed {
        /// Where.
        path: TreePath,
    },
    /// An extended attribute that an overlay would take for one of its own marks.
    #[error("`{path}` has the extended attribute `{name}`, which an overlay obeys; remove it first")]
    Mark {
        /// Where.
        path: TreePath,
        /// The attribute, escaped.
        name: String,
    },
    /// A text that is not a manifest.
    #[error("not a manifest: {0}")]
    Text(String),
}

/// The SHA-256 of no bytes: a directory's content.
pub(crate) fn nothing() -> Digest {
    Digest::of(b"")
}

/// The manifest of the directory at `root`, which must not itself be a symbolic link.
pub fn read(root: &Path, limits: &Limits) -> Result<Manifest, TreeError> {
    let root = walk::open_root(root)?;
    read_from(&root, limits)
}

/// The manifest of an open directory.
pub fn read_from(root: &File, limits: &Limits) -> Result<Manifest, TreeError> {
    read_cached(root, limits, &walk::Cache::default())
}

/// Like [`read_from`], but hashes no inode that `cache` has seen in the same state.
pub(crate) fn read_cached(root: &File, limits: &Limits, cache: &walk::Cache) -> Result<Manifest, TreeError> {
    let raws = walk::walk(root.as_fd(), limits, Access::AsIs, cache)?;
    Manifest::from_raws(raws)
}

impl Manifest {
    fn from_raws(raws: Vec<Raw>) -> Result<Self, TreeError> {
        let mut entries = Vec::with_capacity(raws.len());
        let mut inodes = Vec::with_capacity(raws.len());
        for raw in raws {
            if let Some((name, _)) = raw.attributes.iter().find(|(name, _)| walk::is_overlay_mark(name)) {
                return Err(TreeError::Mark { path: raw.path, name: path::escape(name) });
            }
            inodes.push((raw.dev, raw.ino));
            entries.push(entry(raw)?);
        }
        group(&mut entries, &inodes);
        Ok(Self { tree: 1, entries })
    }

    /// A manifest from entries that are already in order, with `inodes` saying which share one.
    pub(crate) fn from_entries<K: std::hash::Hash + Eq>(mut entries: Vec<Entry>, inodes: &[K]) -> Self {
        group(&mut entries, inodes);
        Self { tree: 1, entries }
    }

    /// Reads the JSON form. Order, paths, parents and hard-link groups are checked; `limits` hold as for a tree.
    pub fn from_json(text: &[u8], limits: &Limits) -> Result<Self, TreeError> {
        #[derive(Deserialize)]
        #[serde(deny_unknown_fields)]
        struct Read {
            tree: u32,
            entries: Vec<Entry>,
        }
        // An entry is below 600 bytes of JSON beside its names.
        let most = limits.entries.saturating_mul(600).saturating_add(limits.name_bytes.saturating_mul(3));
        if u64::try_from(text.len()).map_or(true, |length| length > most) {
            return Err(TreeError::Text(format!("longer than {most} bytes")));
        }
        let read: Read = serde_json::from_slice(text).map_err(|error| TreeError::Text(error.to_string()))?;
        if read.tree != 1 {
            return Err(TreeError::Text(format!("version {} is unknown", read.tree)));
        }
        check(&read.entries, limits)?;
        Ok(Self { tree: 1, entries: read.entries })
    }

    /// The JSON form, on one line.
    pub fn to_json(&self) -> Result<Vec<u8>, TreeError> {
        serde_json::to_vec(self).map_err(|error| TreeError::Text(error.to_string()))
    }

    /// The SHA-256 of the JSON form.
    pub fn digest(&self) -> Result<Digest, TreeError> {
        Ok(Digest::of(&self.to_json()?))
    }

    /// All entries in order, the root first.
    #[must_use]
    pub fn entries(&self) -> &[Entry] {
        &self.entries
    }

    /// The entries below the root, in order: what an invariant sees as a tree.
    #[must_use]
    pub fn inside(&self) -> &[Entry] {
        self.entries.get(1..).unwrap_or_default()
    }

    /// The entry at `path`.
    #[must_use]
    pub fn find(&self, path: &TreePath) -> Option<&Entry> {
        self.entries.binary_search_by(|entry| entry.path.cmp(path)).ok().and_then(|index| self.entries.get(index))
    }
}

/// A raw entry as an entry without its hard-link group.
pub(crate) fn entry(raw: Raw) -> Result<Entry, TreeError> {
    let attributes = attributes_digest(&raw.attributes);
    let (kind, size, sha256, target) = match raw.node {
        Node::File { sha256 } => (Kind::File, raw.size, sha256, None),
        Node::Directory => (Kind::Directory, 0, nothing(), None),
        Node::Symlink { target } => (Kind::Symlink, raw.size, Digest::of(&target), Some(path::escape(&target))),
        Node::Device { .. } => return Err(TreeError::Kind { path: raw.path, kind: "device" }),
        Node::Fifo => return Err(TreeError::Kind { path: raw.path, kind: "fifo" }),
        Node::Socket => return Err(TreeError::Kind { path: raw.path, kind: "socket" }),
    };
    let Raw { path, mode, modified, uid, gid, .. } = raw;
    Ok(Entry { path, kind, size, sha256, target, mode, modified, uid, gid, links: None, attributes })
}

/// The digest over names and values, each with its length (8 bytes, big-endian) before it, in the order of names.
/// An overlay's own marks are not part of what a tree holds.
pub(crate) fn attributes_digest(attributes: &[walk::Attribute]) -> Option<Digest> {
    let mut parts = Vec::new();
    for part in
        attributes.iter().filter(|(name, _)| !walk::is_overlay_mark(name)).flat_map(|(name, value)| [name, value])
    {
        parts.extend_from_slice(&u64::try_from(part.len()).unwrap_or(u64::MAX).to_be_bytes());
        parts.extend_from_slice(part);
    }
    (!parts.is_empty()).then(|| Digest::of(&parts))
}

/// Numbers the hard-link groups: entries that are not directories and share a key.
fn group<K: std::hash::Hash + Eq>(entries: &mut [Entry], inodes: &[K]) {
    let mut members: HashMap<&K, u32> = HashMap::new();
    for (_, inode) in entries.iter().zip(inodes).filter(|(entry, _)| entry.kind != Kind::Directory) {
        let count = members.entry(inode).or_default();
        *count = count.saturating_add(1);
    }
    members.retain(|_, count| *count > 1);
    let mut numbers: HashMap<&K, u32> = HashMap::new();
    for (entry, inode) in entries.iter_mut().zip(inodes) {
        let shared = entry.kind != Kind::Directory && members.contains_key(inode);
        let next = u32::try_from(numbers.len()).unwrap_or(u32::MAX);
        entry.links = shared.then(|| *numbers.entry(inode).or_insert(next));
    }
}

/// Refuses entries that no tree can have.
fn check(entries: &[Entry], limits: &Limits) -> Result<(), TreeError> {
    let wrong = |entry: &Entry, why: &str| Err(TreeError::Text(format!("`{}` {why}", entry.path)));
    let over = |what, limit, entry: &Entry| Err(TreeError::Limit { what, limit, path: entry.path.clone() });
    if !entries.first().is_some_and(|root| root.path.is_root() && root.kind == Kind::Directory) {
        return Err(TreeError::Text("the first entry must be the directory `.`".into()));
    }
    let (mut count, mut names, mut groups) = (0_u64, 0_u64, Vec::<(u32, &Entry)>::new());
    let mut open: Vec<&Entry> = Vec::new();
    let mut last: Option<&Entry> = None;
    for entry in entries {
        count = count.saturating_add(1);
        let target = entry.target.as_deref().map(path::unescape);
        let length = entry.path.as_bytes().len().saturating_add(entry.target.as_deref().map_or(0, str::len));
        names = names.saturating_add(u64::try_from(length).unwrap_or(u64::MAX));
        if count > limits.entries {
            return over("entries", limits.entries, entry);
        }
        if names > limits.name_bytes {
            return over("bytes of names", limits.name_bytes, entry);
        }
        if u64::try_from(entry.path.names().count()).map_or(true, |depth| depth > limits.depth) {
            return over("levels", limits.depth, entry);
        }
        if last.is_some_and(|last| last.path >= entry.path) {
            return wrong(entry, "is out of order");
        }
        if let Some(parent) = entry.path.parent() {
            while open.last().is_some_and(|above| above.path != parent) {
                open.pop();
            }
            if open.is_empty() {
                return wrong(entry, "is in no directory of the tree");
            }
        }
        if entry.mode > 0o7777 || entry.modified.nanoseconds > 999_999_999 {
            return wrong(entry, "has an impossible mode or time");
        }
        match (entry.kind, target) {
            (Kind::Directory, None) if entry.size == 0 && entry.sha256 == nothing() && entry.links.is_none() => {
                open.push(entry);
            }
            (Kind::File, None) => {}
            (Kind::Symlink, Some(Some(target)))
                if u64::try_from(target.len()) == Ok(entry.size) && Digest::of(&target) == entry.sha256 => {}
            _ => return wrong(entry, "does not fit its kind"),
        }
        if let Some(group) = entry.links {
            groups.push((group, entry));
        }
        last = Some(entry);
    }
    check_groups(&groups)
}

/// Groups are numbered by first member, have two members at least, and members are the same but for the path.
fn check_groups(members: &[(u32, &Entry)]) -> Result<(), TreeError> {
    let mut firsts: Vec<(&Entry, u32)> = Vec::new();
    for (group, entry) in members {
        let (index, next) = (usize::try_from(*group).unwrap_or(usize::MAX), firsts.len());
        match firsts.get_mut(index) {
            Some((first, count)) => {
                if (Entry { path: entry.path.clone(), ..(*first).clone() }) != **entry {
                    return Err(TreeError::Text(format!(
                        "`{}` differs from its hard link `{}`",
                        entry.path, first.path
                    )));
                }
                *count = count.saturating_add(1);
            }
            None if index == next => firsts.push((entry, 1)),
            None => return Err(TreeError::Text(format!("`{}` has a hard-link group out of order", entry.path))),
        }
    }
    match firsts.iter().find(|(_, count)| *count < 2) {
        Some((entry, _)) => Err(TreeError::Text(format!("`{}` is alone in its hard-link group", entry.path))),
        None => Ok(()),
    }
}
