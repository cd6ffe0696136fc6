//! Reads an overlay's upper layer, which the artifact may have shaped, and says what the merged tree is.
//!
//! Only marks that our own mounts make are obeyed: whiteouts as character devices 0:0 and opaque directories. All others
//! (redirects, metadata-only copies, whiteouts in attributes) can only be forged here and are refused.

use std::collections::{HashMap, HashSet};

use super::symlinks::leading_out;
use super::{Diff, EffectError, Effects, Reason, Refused};
use crate::tree::walk::{self, Node, Raw};
use crate::tree::{Entry, Kind, Manifest, TreePath, path};

/// Who shares an inode in the merged tree.
#[derive(PartialEq, Eq, Hash)]
enum Inode {
    /// A hard-link group of the tree below, as far as it was not copied up.
    Below(u32),
    /// An inode of the upper layer.
    Above((u32, u32), u64),
    /// Nobody.
    Alone(usize),
}

/// What an entry of the upper layer does to the tree below.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Cover {
    /// Hides it.
    Hides,
    /// A directory that is merged with the one below.
    Merges,
}

/// The merged tree of `before` and the entries of the upper layer.
pub(super) fn merge(before: Manifest, raws: Vec<Raw>) -> Result<Effects, EffectError> {
    let mut refused = judge(&before, &raws);
    let covers: HashMap<TreePath, Cover> = raws.iter().map(|raw| (raw.path.clone(), cover(raw))).collect();
    let mut merged = Vec::new();
    let mut hidden: Option<&TreePath> = None;
    for old in before.entries() {
        if hidden.is_some_and(|hidden| old.path.is_within(hidden)) {
            continue;
        }
        match covers.get(&old.path) {
            None => {
                let inode = old.links.map_or(Inode::Alone(merged.len()), Inode::Below);
                merged.push((old.clone(), inode, false));
            }
            Some(Cover::Merges) if old.kind == Kind::Directory => {}
            Some(_) => hidden = Some(&old.path),
        }
    }
    for raw in raws {
        if matches!(raw.node, Node::File { .. } | Node::Directory | Node::Symlink { .. }) {
            let inode = Inode::Above(raw.dev, raw.ino);
            merged.push((crate::tree::entry(raw)?, inode, true));
        }
    }
    merged.sort_by(|a, b| a.0.path.cmp(&b.0.path));
    let mut entries: Vec<Entry> = Vec::with_capacity(merged.len());
    let (mut inodes, mut written) = (Vec::with_capacity(merged.len()), Vec::with_capacity(merged.len()));
    for (entry, inode, above) in merged {
        entries.push(Entry { links: None, ..entry });
        inodes.push(inode);
        written.push(above);
    }
    let after = Manifest::from_entries(entries, &inodes);
    refused.extend(leading_out(&before, &after).into_iter().map(|path| Refused { path, reason: Reason::LinkOut }));
    refused.sort_by(|a, b| a.path.cmp(&b.path));
    let diff = Diff::between(&before, &after);
    Ok(Effects { before, after, diff, refused, written })
}

fn cover(raw: &Raw) -> Cover {
    let opaque = raw.attributes.iter().any(|(name, value)| name == b"user.overlay.opaque" && value == b"y");
    match raw.node {
        Node::Directory if !opaque => Cover::Merges,
        _ => Cover::Hides,
    }
}

/// What no commit takes over.
fn judge(before: &Manifest, raws: &[Raw]) -> Vec<Refused> {
    let mut names: HashMap<((u32, u32), u64), u32> = HashMap::new();
    for raw in raws {
        let count = names.entry((raw.dev, raw.ino)).or_default();
        *count = count.saturating_add(1);
    }
    let modes: HashMap<&TreePath, u32> = raws.iter().map(|raw| (&raw.path, raw.mode)).collect();
    let mut owners: HashSet<u32> = before.entries().iter().map(|entry| entry.uid).collect();
    owners.insert(rustix::process::geteuid().as_raw());
    let mut refused = Vec::new();
    for raw in raws {
        let mut refuse = |reason| refused.push(Refused { path: raw.path.clone(), reason });
        match &raw.node {
            // A whiteout. The kernel links one inode to many names, so its count of links says nothing.
            Node::Device { character: Some((0, 0)) } => continue,
            Node::Device { .. } => refuse(Reason::Device),
            Node::Fifo => refuse(Reason::Fifo),
            Node::Socket => refuse(Reason::Socket),
            Node::File { .. } | Node::Symlink { .. } => {
                if names.get(&(raw.dev, raw.ino)).is_none_or(|count| raw.links > *count) {
                    refuse(Reason::Shared);
                }
            }
            Node::Directory => {}
        }
        if is_new_set_id(before, &modes, raw) {
            refuse(Reason::SetId);
        }
        if is_unreadable(raw) {
            refuse(Reason::Unreadable);
        }
        if !owners.contains(&raw.uid) {
            refuse(Reason::Owner(raw.uid));
        }
        for reason in judge_attributes(before, raw) {
            refuse(reason);
        }
    }
    refused
}

/// Whether the mode keeps this process from reading the entry once it is in the tree. Root reads everything.
fn is_unreadable(raw: &Raw) -> bool {
    let needs = match raw.node {
        Node::File { .. } => 0o400,
        Node::Directory if raw.path.is_root() => 0o700,
        Node::Directory => 0o500,
        _ => 0,
    };
    raw.mode & needs != needs && !rustix::process::geteuid().is_root()
}

/// Whether an entry has a set-user-ID or set-group-ID bit that it neither had before nor inherited.
fn is_new_set_id(before: &Manifest, modes: &HashMap<&TreePath, u32>, raw: &Raw) -> bool {
    const SET_USER: u32 = 0o4000;
    const SET_GROUP: u32 = 0o2000;
    let bits = raw.mode & (SET_USER | SET_GROUP);
    let old = before.find(&raw.path);
    match &raw.node {
        _ if bits == 0 => false,
        Node::File { sha256 } => {
            !old.is_some_and(|old| old.kind == Kind::File && old.mode & bits == bits && old.sha256 == *sha256)
        }
        Node::Directory => {
            // A directory takes the bit of its group from the one it is made in.
            let parent = raw.path.parent();
            let above = parent.as_ref().and_then(|parent| modes.get(parent)).copied().unwrap_or(0);
            let had = old.filter(|old| old.kind == Kind::Directory).map_or(0, |old| old.mode);
            bits & !(had | above & SET_GROUP) != 0
        }
        _ => false,
    }
}

fn judge_attributes(before: &Manifest, raw: &Raw) -> Vec<Reason> {
    let directory = raw.node == Node::Directory;
    let old = before.find(&raw.path).and_then(|old| old.attributes);
    let kept = old.is_some() && old == crate::tree::attributes_digest(&raw.attributes);
    let mut reasons = Vec::new();
    for (name, value) in &raw.attributes {
        let ours = match name.as_slice() {
            b"user.overlay.opaque" => directory && value == b"y",
            b"user.overlay.origin" | b"user.overlay.impure" | b"user.overlay.nlink" | b"user.overlay.uuid" => true,
            _ => !walk::is_overlay_mark(name),
        };
        if !ours {
            reasons.push(Reason::Mark(path::escape(name)));
        } else if !kept && (name.starts_with(b"security.") || name.starts_with(b"trusted.")) {
            reasons.push(Reason::Attribute(path::escape(name)));
        }
    }
    reasons
}
