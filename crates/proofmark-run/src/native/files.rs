//! Trees of calls: laid out before, read back after.
//!
//! What was laid out is ours. What is read back was written by the artifact: it is read through a descriptor of the layer
//! it lies in, never through a symbolic link.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, OpenOptionsExt as _, PermissionsExt as _, symlink};
use std::path::Path;

use proofmark_contract::{Entry, Node, Tree};
use rustix::fs::{AtFlags, CWD, Mode, OFlags, ResolveFlags, Timespec, Timestamps, openat2, utimensat};

use crate::effects::{Effects, Stage};
use crate::tree::{self, Kind};

/// What is modified this long after its tree was laid out was modified by the call: longer than any call may take.
const CALL_SECONDS_MAX: i64 = 60;

/// The second at which a tree was laid out, by the clock of its file system.
#[derive(Debug, Clone, Copy)]
pub struct Laid(i64);

/// Lays a tree out in a new directory. One that is only to be read is made to belong to whom a root launcher's payload acts
/// as; a staged one is shown so by its mount.
pub fn lay(tree: &Tree, base: &Path, staged: bool) -> io::Result<Laid> {
    fs::create_dir(base)?;
    let laid = Laid(fs::metadata(base)?.mtime());
    for entry in tree.entries() {
        let path = base.join(&entry.path);
        match &entry.node {
            Node::Directory => fs::create_dir(&path)?,
            Node::File(bytes) => {
                let mut file = OpenOptions::new().write(true).create_new(true).mode(0o600).open(&path)?;
                file.write_all(bytes)?;
                file.set_permissions(fs::Permissions::from_mode(entry.mode))?;
            }
            Node::Symlink(target) => symlink(target, &path)?,
            Node::HardLink(of) => fs::hard_link(base.join(of), &path)?,
        }
        if !staged && rustix::process::geteuid().is_root() && !matches!(entry.node, Node::HardLink(_)) {
            std::os::unix::fs::lchown(&path, Some(65_534), Some(65_534))?;
        }
        if !matches!(entry.node, Node::Directory | Node::HardLink(_)) {
            set_time(&path, entry)?;
        }
    }
    // Innermost first: what is made in a directory changes its time, and a mode may shut it.
    for entry in tree.entries().iter().rev().filter(|entry| entry.node == Node::Directory) {
        let path = base.join(&entry.path);
        set_time(&path, entry)?;
        fs::set_permissions(&path, fs::Permissions::from_mode(entry.mode))?;
    }
    Ok(laid)
}

fn set_time(path: &Path, entry: &Entry) -> io::Result<()> {
    if entry.modified == 0 {
        return Ok(());
    }
    let time = Timespec { tv_sec: entry.modified, tv_nsec: 0 };
    let times = Timestamps { last_access: time, last_modification: time };
    Ok(utimensat(CWD, path, &times, AtFlags::SYMLINK_NOFOLLOW)?)
}

/// The tree as the artifact left it.
///
/// # Errors
/// What it left that no tree holds, in words that are the same on every machine.
pub fn after(effects: &Effects, stage: &Stage, laid: Laid) -> Result<Tree, String> {
    if let Some(refused) = effects.refused.first() {
        return Err(format!("left `{}`, which {}", refused.path, refused.reason));
    }
    let layer = |path: &Path| File::open(path).map_err(|error| format!("the tree can't be read: {error}"));
    let (base, upper) = (layer(&stage.base())?, layer(&stage.upper())?);
    let entries = effects.after.entries();
    let mut first_names = Vec::<(u32, String)>::new();
    let mut left = Vec::new();
    for (entry, written) in entries.iter().zip(effects.written()).skip(1) {
        let path = String::from_utf8(entry.path.as_bytes().to_vec())
            .map_err(|_| format!("left the name `{}`, which is not UTF-8", entry.path))?;
        let known = entry.links.and_then(|group| first_names.iter().find(|(known, _)| *known == group));
        let node = match (entry.kind, known) {
            (Kind::Directory, _) => Node::Directory,
            (Kind::Symlink, _) => Node::Symlink(target(entry)?),
            (Kind::File, Some((_, first))) => Node::HardLink(first.clone()),
            (Kind::File, None) => {
                let bytes = read(if *written { &upper } else { &base }, entry);
                Node::File(bytes.map_err(|error| format!("`{}` can't be read: {error}", entry.path))?)
            }
        };
        if let (Node::File(_), Some(group)) = (&node, entry.links) {
            first_names.push((group, path.clone()));
        }
        // What has the time of the run has no certain time.
        let run = laid.0..=laid.0.saturating_add(CALL_SECONDS_MAX);
        let modified = if run.contains(&entry.modified.seconds) { 0 } else { entry.modified.seconds };
        left.push(Entry { path, mode: entry.mode, modified, node });
    }
    Tree::new(left).map_err(|error| format!("left what is no tree: {}", error.message))
}

/// The files that were made or changed, with their bytes, in the order of their paths; directories are left out.
///
/// # Errors
/// What was left that is neither, in words.
pub fn written(effects: &Effects, stage: &Stage) -> Result<Vec<(String, Vec<u8>)>, String> {
    if let Some(refused) = effects.refused.first() {
        return Err(format!("left `{}`, which {}", refused.path, refused.reason));
    }
    let upper = File::open(stage.upper()).map_err(|error| format!("left a tree that can't be read: {error}"))?;
    let mut left = Vec::new();
    let entries = effects.after.entries().iter().zip(effects.written()).skip(1);
    for (entry, _) in entries.filter(|(entry, written)| **written && entry.kind != Kind::Directory) {
        let path = String::from_utf8(entry.path.as_bytes().to_vec())
            .map_err(|_| format!("left the name `{}`, which is not UTF-8", entry.path))?;
        // Another name of a file would be read again: a few bytes on the disk could be all of the memory.
        if entry.kind != Kind::File || entry.links.is_some() {
            return Err(format!("left the link `{}`; leave the file itself", entry.path));
        }
        let bytes =
            read(&upper, entry).map_err(|error| format!("left `{}`, which can't be read: {error}", entry.path))?;
        left.push((path, bytes));
    }
    Ok(left)
}

fn target(entry: &tree::Entry) -> Result<String, String> {
    let text = entry.target.as_deref().unwrap_or_default();
    let bytes = tree::path::unescape(text).unwrap_or_default();
    String::from_utf8(bytes).map_err(|_| format!("left the link `{}` with a target that is not UTF-8", entry.path))
}

fn read(layer: &File, entry: &tree::Entry) -> io::Result<Vec<u8>> {
    let resolve = ResolveFlags::BENEATH | ResolveFlags::NO_SYMLINKS | ResolveFlags::NO_XDEV;
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::CLOEXEC;
    let file = File::from(openat2(layer, entry.path.as_bytes(), flags, Mode::empty(), resolve)?);
    let mut bytes = Vec::new();
    // The manifest counted these bytes against the limit already.
    file.take(entry.size).read_to_end(&mut bytes)?;
    Ok(bytes)
}
