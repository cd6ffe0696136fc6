//! Where the symbolic links of a tree lead, decided over its manifest alone.
//!
//! Counting `..` in a target's text is not enough: a link may pass through another link. So targets are resolved as the
//! kernel would, with the tree's root as the place that nothing may leave.

use std::collections::VecDeque;

use crate::tree::{Entry, Kind, Manifest, TreePath, path};

/// Links that one resolution may pass (the kernel's own limit), and names it may take.
const HOPS_MAX: u32 = 40;
const STEPS_MAX: u32 = 1000;

/// The symbolic links of `after` that lead out of the tree and did not do so, unchanged, in `before`.
pub(super) fn leading_out(before: &Manifest, after: &Manifest) -> Vec<TreePath> {
    let links = after.inside().iter().filter(|entry| entry.kind == Kind::Symlink && leads_out(after, entry));
    links
        .filter(|entry| {
            let known = before.find(&entry.path).filter(|old| old.kind == Kind::Symlink && old.sha256 == entry.sha256);
            !known.is_some_and(|old| leads_out(before, old))
        })
        .map(|entry| entry.path.clone())
        .collect()
}

/// Whether following `link` leaves the tree. A loop leads nowhere; a resolution that is too long counts as out.
fn leads_out(tree: &Manifest, link: &Entry) -> bool {
    let mut at: Vec<Vec<u8>> = link.path.names().map(<[u8]>::to_vec).collect();
    at.pop();
    let mut pending = VecDeque::new();
    if !enter(link, &mut pending) {
        return true;
    }
    let mut hops = 1_u32;
    for _ in 0..STEPS_MAX {
        let Some(name) = pending.pop_front() else { return false };
        match name.as_slice() {
            b"" | b"." => continue,
            b".." => {
                if at.pop().is_none() {
                    return true;
                }
                continue;
            }
            _ => at.push(name),
        }
        let here = TreePath::from_bytes(&at.join(&b'/')).ok();
        let next = here.and_then(|here| tree.find(&here)).filter(|entry| entry.kind == Kind::Symlink);
        if let Some(next) = next {
            at.pop();
            hops = hops.saturating_add(1);
            if hops > HOPS_MAX {
                return false;
            }
            if !enter(next, &mut pending) {
                return true;
            }
        }
    }
    true
}

/// Puts a link's target before what is still to be resolved; false if the target is absolute.
fn enter(link: &Entry, pending: &mut VecDeque<Vec<u8>>) -> bool {
    let target = link.target.as_deref().and_then(path::unescape).unwrap_or_default();
    for name in target.split(|byte| *byte == b'/').rev() {
        pending.push_front(name.to_vec());
    }
    target.first() != Some(&b'/')
}
