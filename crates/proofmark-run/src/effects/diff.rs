//! The difference of two manifests, as a person thinks of it: created, removed, written, moved, or another mode.

use std::collections::{HashMap, HashSet, VecDeque};
use std::fmt::{self, Write as _};

use proofmark_mark::digest::Digest;
use serde::{Deserialize, Serialize};

use crate::tree::{Entry, Kind, Manifest, Time, TreePath};

/// The changes that lead from one tree to another, in canonical order of their (new) paths.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Diff {
    /// Every change.
    pub changes: Vec<Change>,
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "change", rename_all = "kebab-case", deny_unknown_fields)]
pub enum Change {
    /// There was nothing here.
    Created {
        /// Where.
        path: TreePath,
        /// What is there now.
        content: Content,
    },
    /// There is nothing here any more, and the same content didn't appear elsewhere.
    Removed {
        /// Where.
        path: TreePath,
        /// What was there.
        content: Content,
    },
    /// Another content, or another kind of entry.
    Written {
        /// Where.
        path: TreePath,
        /// What was there.
        before: Content,
        /// What is there now.
        after: Content,
        /// What else is different.
        also: Vec<Aspect>,
    },
    /// The same content left one path and appeared at another.
    Moved {
        /// Where it was.
        from: TreePath,
        /// Where it is.
        to: TreePath,
        /// What.
        content: Content,
        /// What else is different.
        also: Vec<Aspect>,
    },
    /// The same content at the same path, with something else about it different.
    Touched {
        /// Where.
        path: TreePath,
        /// Its kind.
        kind: Kind,
        /// What is different.
        also: Vec<Aspect>,
    },
}

/// What an entry holds.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    /// What it is.
    pub kind: Kind,
    /// Bytes of content or target.
    pub size: u64,
    /// SHA-256 of content or target.
    pub sha256: Digest,
    /// A symbolic link's target, escaped.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// Something about an entry that is not its content.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Aspect {
    /// Its permission bits.
    Mode {
        /// The bits before.
        before: u32,
        /// The bits after.
        after: u32,
    },
    /// Its time of modification.
    Modified {
        /// The time before.
        before: Time,
        /// The time after.
        after: Time,
    },
    /// Its owner and group.
    Owner {
        /// User and group before.
        before: (u32, u32),
        /// User and group after.
        after: (u32, u32),
    },
    /// The names that share its content.
    Links,
    /// Its extended attributes.
    Attributes,
}

/// How many of each change a diff has, for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Counts {
    /// Entries created, directories not among them.
    pub created: u64,
    /// Directories created.
    pub directories_created: u64,
    /// Entries removed, directories not among them.
    pub removed: u64,
    /// Directories removed.
    pub directories_removed: u64,
    /// Entries with another content.
    pub written: u64,
    /// Entries moved.
    pub moved: u64,
    /// Entries with another mode, owner, time, links or attributes; directories whose time alone changed not among them.
    pub touched: u64,
}

impl From<&Entry> for Content {
    fn from(entry: &Entry) -> Self {
        let Entry { kind, size, sha256, target, .. } = entry;
        Self { kind: *kind, size: *size, sha256: *sha256, target: target.clone() }
    }
}

fn same_content(a: &Entry, b: &Entry) -> bool {
    (a.kind, a.size, a.sha256) == (b.kind, b.size, b.sha256)
}

impl Diff {
    /// What leads from `before` to `after`.
    #[must_use]
    pub fn between(before: &Manifest, after: &Manifest) -> Self {
        let mut groups = Groups::new(before, after);
        let gone: Vec<&Entry> = before.entries().iter().filter(|old| after.find(&old.path).is_none()).collect();
        let new: Vec<&Entry> = after.entries().iter().filter(|new| before.find(&new.path).is_none()).collect();
        let origins = pair(&gone, &new);
        let mut changes = Vec::new();
        let mut moved = HashSet::new();
        for now in after.entries() {
            let path = now.path.clone();
            let change = match (before.find(&now.path), origins.get(&now.path)) {
                (Some(old), _) => {
                    let also = groups.aspects(old, now);
                    if !same_content(old, now) {
                        Some(Change::Written { path, before: old.into(), after: now.into(), also })
                    } else if also.is_empty() {
                        None
                    } else {
                        Some(Change::Touched { path, kind: now.kind, also })
                    }
                }
                (None, Some(old)) => {
                    moved.insert(&old.path);
                    let also = groups.aspects(old, now);
                    Some(Change::Moved { from: old.path.clone(), to: path, content: now.into(), also })
                }
                (None, None) => Some(Change::Created { path, content: now.into() }),
            };
            changes.extend(change);
        }
        let left = gone.into_iter().filter(|old| !moved.contains(&old.path));
        changes.extend(left.map(|old| Change::Removed { path: old.path.clone(), content: old.into() }));
        changes.sort_by(|a, b| a.path().cmp(b.path()));
        Self { changes }
    }

    /// Whether the trees are equal.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.changes.is_empty()
    }

    /// How many of each change there are.
    #[must_use]
    pub fn counts(&self) -> Counts {
        let mut counts = Counts::default();
        for change in &self.changes {
            let counter = match change {
                Change::Created { content, .. } if content.kind == Kind::Directory => &mut counts.directories_created,
                Change::Created { .. } => &mut counts.created,
                Change::Removed { content, .. } if content.kind == Kind::Directory => &mut counts.directories_removed,
                Change::Removed { .. } => &mut counts.removed,
                Change::Written { .. } => &mut counts.written,
                Change::Moved { .. } => &mut counts.moved,
                Change::Touched { .. } if change.is_passing() => continue,
                Change::Touched { .. } => &mut counts.touched,
            };
            *counter = counter.saturating_add(1);
        }
        counts
    }

    /// The counts in a line, then up to `lines` changes, a line each.
    #[must_use]
    pub fn summary(&self, lines: usize) -> String {
        let mut text = format!("{self}\n");
        let told = self.changes.iter().filter(|change| !change.is_passing());
        for change in told.clone().take(lines) {
            // Writing to a string can't fail.
            let _ = writeln!(text, "{change}");
        }
        let rest = told.count().saturating_sub(lines);
        if rest > 0 {
            let _ = writeln!(text, "… and {rest} more");
        }
        text
    }
}

/// For each new path the entry that its content came from: one with the same name first, then in order.
/// Contents of no bytes are all alike, so they count as moved only under the same name.
fn pair<'a>(gone: &[&'a Entry], new: &[&'a Entry]) -> HashMap<&'a TreePath, &'a Entry> {
    let key = |entry: &Entry| (entry.kind, entry.sha256);
    let mut named: HashMap<_, VecDeque<&Entry>> = HashMap::new();
    for old in gone.iter().filter(|old| old.kind != Kind::Directory) {
        named.entry((key(old), old.path.name())).or_default().push_back(old);
    }
    let mut origins = HashMap::new();
    let mut taken = HashSet::new();
    for now in new.iter().filter(|now| now.kind != Kind::Directory) {
        if let Some(old) = named.get_mut(&(key(now), now.path.name())).and_then(VecDeque::pop_front) {
            origins.insert(&now.path, old);
            taken.insert(&old.path);
        }
    }
    let mut others: HashMap<_, VecDeque<&Entry>> = HashMap::new();
    for old in gone.iter().filter(|old| old.size > 0 && !taken.contains(&old.path)) {
        others.entry(key(old)).or_default().push_back(old);
    }
    for now in new {
        if !origins.contains_key(&now.path)
            && let Some(old) = others.get_mut(&key(now)).and_then(VecDeque::pop_front)
        {
            origins.insert(&now.path, old);
        }
    }
    origins
}

/// The hard-link groups of two trees. Numbers differ between trees, so groups are compared by the paths in them, once.
struct Groups<'a> {
    before: HashMap<u32, Vec<&'a TreePath>>,
    after: HashMap<u32, Vec<&'a TreePath>>,
    compared: HashMap<(u32, u32), bool>,
}

impl<'a> Groups<'a> {
    fn new(before: &'a Manifest, after: &'a Manifest) -> Self {
        let members = |tree: &'a Manifest| {
            let mut groups: HashMap<u32, Vec<&TreePath>> = HashMap::new();
            for entry in tree.entries() {
                if let Some(group) = entry.links {
                    groups.entry(group).or_default().push(&entry.path);
                }
            }
            groups
        };
        Self { before: members(before), after: members(after), compared: HashMap::new() }
    }

    fn aspects(&mut self, old: &Entry, now: &Entry) -> Vec<Aspect> {
        let same_links = match (old.links, now.links) {
            (None, None) => true,
            (Some(a), Some(b)) => {
                *self.compared.entry((a, b)).or_insert_with(|| self.before.get(&a) == self.after.get(&b))
            }
            _ => false,
        };
        let mut aspects = Vec::new();
        if old.mode != now.mode {
            aspects.push(Aspect::Mode { before: old.mode, after: now.mode });
        }
        if old.modified != now.modified {
            aspects.push(Aspect::Modified { before: old.modified, after: now.modified });
        }
        if (old.uid, old.gid) != (now.uid, now.gid) {
            aspects.push(Aspect::Owner { before: (old.uid, old.gid), after: (now.uid, now.gid) });
        }
        if !same_links {
            aspects.push(Aspect::Links);
        }
        if old.attributes != now.attributes {
            aspects.push(Aspect::Attributes);
        }
        aspects
    }
}

impl Change {
    /// The path, the new one if there are two.
    #[must_use]
    pub fn path(&self) -> &TreePath {
        match self {
            Self::Created { path, .. }
            | Self::Removed { path, .. }
            | Self::Written { path, .. }
            | Self::Moved { to: path, .. }
            | Self::Touched { path, .. } => path,
        }
    }

    /// Whether this is only a directory's time, which every change inside it moves on.
    fn is_passing(&self) -> bool {
        matches!(self, Self::Touched { kind: Kind::Directory, also, .. } if matches!(also.as_slice(), [Aspect::Modified { .. }]))
    }
}

impl fmt::Display for Content {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.kind, &self.target) {
            (Kind::Directory, _) => f.write_str("directory"),
            (Kind::Symlink, Some(target)) => write!(f, "link to `{target}`"),
            (Kind::Symlink, None) => f.write_str("link"),
            (Kind::File, _) => write!(f, "{} bytes", self.size),
        }
    }
}

impl fmt::Display for Aspect {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Mode { before, after } => write!(f, "mode {before:o} to {after:o}"),
            Self::Modified { .. } => f.write_str("time"),
            Self::Owner { before, after } => write!(f, "owner {}:{} to {}:{}", before.0, before.1, after.0, after.1),
            Self::Links => f.write_str("hard links"),
            Self::Attributes => f.write_str("extended attributes"),
        }
    }
}

impl fmt::Display for Change {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let also = match self {
            Self::Created { path, content } => return write!(f, "created `{path}` ({content})"),
            Self::Removed { path, content } => return write!(f, "removed `{path}` ({content})"),
            Self::Written { path, before, after, also } => {
                write!(f, "wrote `{path}` ({before} to {after})")?;
                also
            }
            Self::Moved { from, to, also, .. } => {
                write!(f, "moved `{from}` to `{to}`")?;
                also
            }
            Self::Touched { path, also, .. } => {
                write!(f, "touched `{path}`")?;
                also
            }
        };
        for (index, aspect) in also.iter().enumerate() {
            write!(f, "{}{aspect}", if index == 0 { "; " } else { ", " })?;
        }
        Ok(())
    }
}

impl fmt::Display for Diff {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let counts = self.counts();
        let parts = [
            (counts.moved, "moved"),
            (counts.created, "created"),
            (counts.written, "written"),
            (counts.removed, "removed"),
            (counts.touched, "touched"),
            (counts.directories_created, "directories created"),
            (counts.directories_removed, "directories removed"),
        ];
        let told: Vec<String> =
            parts.iter().filter(|(count, _)| *count > 0).map(|(count, what)| format!("{count} {what}")).collect();
        match (told.is_empty(), self.is_empty()) {
            (false, _) => f.write_str(&told.join(", ")),
            (true, false) => f.write_str("only times of directories"),
            (true, true) => f.write_str("no change"),
        }
    }
}
