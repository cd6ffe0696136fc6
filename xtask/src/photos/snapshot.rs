//! Everything that is known of a tree: each byte, mode, owner, time to the nanosecond, and which names are one file.
//!
//! Follows no link and shares no code with what it looks at the work of.

use std::collections::BTreeMap;
use std::fs::{File, Metadata};
use std::io;
use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
use std::os::unix::fs::{FileExt as _, MetadataExt as _};
use std::path::Path;

use rustix::fs::SeekFrom;
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

/// What a tree holds by path, the root under the empty one.
pub type Snapshot = BTreeMap<Vec<u8>, Item>;

/// One name in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Item {
    pub node: Node,
    pub mode: u32,
    pub owner: (u32, u32),
    /// Seconds since 1970, and nanoseconds after them.
    pub modified: (i64, i64),
}

/// What a name stands for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Node {
    File {
        size: u64,
        content: [u8; 32],
        /// The first of the file's names in the tree, if it has several.
        first: Option<Vec<u8>>,
    },
    Directory,
    Symlink(Vec<u8>),
    /// A device, pipe or socket.
    Other,
}

const BLOCK: usize = 4096;
const BLOCK_BYTES: u64 = 4096;

/// Reads the tree at `root`.
pub fn read(root: &Path) -> Result<Snapshot, String> {
    let mut snapshot = Snapshot::new();
    let mut names: BTreeMap<(u64, u64), Vec<Vec<u8>>> = BTreeMap::new();
    folder(root, &[], &mut snapshot, &mut names).map_err(|error| format!("{}: {error}", root.display()))?;
    for paths in names.values_mut().filter(|paths| paths.len() > 1) {
        paths.sort();
        for path in paths.iter() {
            if let Some(Node::File { first, .. }) = snapshot.get_mut(path).map(|item| &mut item.node) {
                *first = paths.first().cloned();
            }
        }
    }
    Ok(snapshot)
}

fn folder(
    place: &Path,
    path: &[u8],
    snapshot: &mut Snapshot,
    names: &mut BTreeMap<(u64, u64), Vec<Vec<u8>>>,
) -> io::Result<()> {
    snapshot.insert(path.to_vec(), item(&place.symlink_metadata()?, Node::Directory));
    for entry in std::fs::read_dir(place)? {
        let entry = entry?;
        let inside = inside(path, entry.file_name().as_bytes());
        let state = entry.metadata()?;
        if state.is_dir() {
            folder(&entry.path(), &inside, snapshot, names)?;
            continue;
        }
        let node = if state.is_symlink() {
            Node::Symlink(std::fs::read_link(entry.path())?.into_os_string().into_vec())
        } else if state.is_file() {
            names.entry((state.dev(), state.ino())).or_default().push(inside.clone());
            Node::File { size: state.size(), content: content(&entry.path(), state.size())?, first: None }
        } else {
            Node::Other
        };
        snapshot.insert(inside, item(&state, node));
    }
    Ok(())
}

/// The path of a name in a folder of the tree.
pub fn inside(folder: &[u8], name: &[u8]) -> Vec<u8> {
    if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() }
}

fn item(state: &Metadata, node: Node) -> Item {
    Item {
        node,
        mode: state.mode() & 0o7777,
        owner: (state.uid(), state.gid()),
        modified: (state.mtime(), state.mtime_nsec()),
    }
}

/// The SHA-256 of the size, and of each block that is not all zeros with its place: the same for the same bytes, with
/// holes or without, and quick for a large file that is nearly all holes.
fn content(path: &Path, size: u64) -> io::Result<[u8; 32]> {
    let file = File::open(path)?;
    let mut hash = Sha256::new();
    hash.update(size.to_le_bytes());
    let mut at = 0;
    while at < size {
        at = match rustix::fs::seek(&file, SeekFrom::Data(at)) {
            Ok(data) => data / BLOCK_BYTES * BLOCK_BYTES,
            Err(Errno::NXIO) => break,
            Err(errno) => return Err(errno.into()),
        };
        let end = rustix::fs::seek(&file, SeekFrom::Hole(at))?.min(size);
        while at < end {
            let mut block = [0; BLOCK];
            let wanted = usize::try_from(size - at).unwrap_or(BLOCK).min(BLOCK);
            file.read_exact_at(&mut block[..wanted], at)?;
            if block.iter().any(|byte| *byte != 0) {
                hash.update(at.to_le_bytes());
                hash.update(block);
            }
            at += BLOCK_BYTES;
        }
    }
    Ok(hash.finalize().into())
}

/// The first difference between the tree that there should be and the one that there is, in words.
///
/// Of the folders in `written` the time says when that was, and is not compared.
pub fn difference(wanted: &Snapshot, found: &Snapshot, written: &[Vec<u8>]) -> Option<String> {
    let name = |path: &[u8]| format!("`{}`", path.escape_ascii());
    for (path, item) in wanted {
        let Some(other) = found.get(path) else { return Some(format!("{} is gone", name(path))) };
        let time = if written.contains(path) { item.modified } else { other.modified };
        if (Item { modified: time, ..other.clone() }) != *item {
            return Some(format!("{} is {other:?} and should be {item:?}", name(path)));
        }
    }
    let new = found.keys().find(|path| !wanted.contains_key(*path));
    new.map(|path| format!("{} is new", name(path)))
}
