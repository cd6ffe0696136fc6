//! A git repository, read without its configuration: objects and references through gitoxide's plumbing, which starts no
//! program here. Every object is held to a size, and all of them together to a budget.

use std::cell::{Cell, RefCell};
use std::path::{Path, PathBuf};

use gix_error::ErrorExt as _;
pub use gix_hash::ObjectId;
use gix_hash::oid;
use gix_object::{CommitRef, Data, Find, FindHeader as _, Kind, TreeRef};
use gix_ref::file::ReferenceExt as _;
use gix_ref::store::WriteReflog;
use thiserror::Error;

pub mod follow;
pub mod notes;

/// The largest commit or tree, in bytes.
const NODE_BYTES_MAX: u64 = 16 << 20;
/// The largest file that is traced, in bytes.
pub const FILE_BYTES_MAX: u64 = 4 << 20;
/// The most bytes that one object may make the reader allocate, whatever it says of itself.
const ALLOCATION_MAX: usize = 64 << 20;
/// How many objects, and how many bytes of them, one command reads.
const OBJECTS_MAX: u64 = 2_000_000;
const BYTES_MAX: u64 = 4 << 30;

/// Why a repository can't answer.
#[derive(Debug, Error)]
pub enum GitError {
    #[error("`{0}` is in no git work tree")]
    None(PathBuf),
    #[error("the repository can't be read: {0}")]
    Read(String),
    #[error("the repository has no object `{0}`: its history is cut, or it is damaged")]
    Missing(ObjectId),
    #[error("`{0}` is not a {1}")]
    Kind(ObjectId, Kind),
    #[error("an object of {0} bytes is over the limit of {1}")]
    Size(u64, u64),
    #[error("the history is longer than {OBJECTS_MAX} objects or {BYTES_MAX} bytes")]
    Budget,
    #[error("`{0}` names no commit; give a branch, a tag or all digits of a commit")]
    Revision(String),
    #[error("it can't be written: {0}")]
    Write(String),
}

/// An opened repository with a work tree.
pub struct Repository {
    /// Canonical.
    pub root: PathBuf,
    refs: gix_ref::file::Store,
    objects: Objects,
}

/// Objects within a budget.
pub struct Objects {
    odb: gix_odb::Handle,
    seen: Cell<u64>,
    bytes: Cell<u64>,
    /// Why the last object was not given, which the library's own errors do not keep.
    refused: RefCell<Option<GitError>>,
}

/// What is needed of a commit.
#[derive(Debug, Clone)]
pub struct Commit {
    pub id: ObjectId,
    pub tree: ObjectId,
    pub parents: Vec<ObjectId>,
    pub message: Vec<u8>,
    /// `Name <email>`.
    pub author: String,
    /// In seconds since 1970.
    pub time: i64,
}

impl Repository {
    /// The repository of a directory, or of one above it.
    ///
    /// # Errors
    /// [`GitError::None`] if there is none with a work tree, or what keeps it from being read.
    pub fn discover(folder: &Path) -> Result<Self, GitError> {
        let none = || GitError::None(folder.to_path_buf());
        let folder = folder.canonicalize().map_err(|_| none())?;
        let (found, _) = gix_discover::upwards(&folder).map_err(|_| none())?;
        let (git, root) = found.into_repository_and_work_tree_directories();
        let root = root.ok_or_else(none)?.canonicalize().map_err(|error| GitError::Read(error.to_string()))?;
        // A linked work tree has references of its own and shares the rest.
        let shared = match gix_discover::path::from_plain_file_relative_to_file(&git.join("commondir")) {
            Some(path) => Some(path.map_err(|error| GitError::Read(error.to_string()))?),
            None => None,
        };
        let common = shared.clone().unwrap_or_else(|| git.clone());
        let hash = gix_hash::Kind::Sha1;
        let quiet = gix_ref::store::init::Options { write_reflog: WriteReflog::Disable, ..Default::default() };
        let refs = match shared {
            Some(shared) => gix_ref::file::Store::for_linked_worktree_opts(git, shared, hash, quiet),
            None => gix_ref::file::Store::at_opts(git, hash, quiet),
        };
        let options = gix_odb::store::init::Options { alloc_limit_bytes: Some(ALLOCATION_MAX), ..Default::default() };
        let odb = gix_odb::at_opts(common.join("objects"), hash, None, options)
            .map_err(|error| GitError::Read(error.to_string()))?;
        let objects = Objects { odb, seen: Cell::new(0), bytes: Cell::new(0), refused: RefCell::new(None) };
        Ok(Self { root, refs, objects })
    }

    /// A commit by a reference's name or all its digits; also through annotated tags.
    ///
    /// # Errors
    /// [`GitError::Revision`] where nothing is named so.
    pub fn commit_named(&self, name: &str) -> Result<Commit, GitError> {
        let unknown = || GitError::Revision(name.chars().take(80).collect());
        let id = match ObjectId::from_hex(name.as_bytes()) {
            Ok(id) => id,
            Err(_) => self.reference(name)?.ok_or_else(unknown)?,
        };
        let mut id = id;
        // A tag of a tag of a tag is nobody's, but possible.
        for _ in 0..8 {
            let (kind, bytes) = self.objects.read(&id, NODE_BYTES_MAX)?;
            match kind {
                Kind::Commit => return self.commit(id),
                Kind::Tag => {
                    let tag = gix_object::TagRef::from_bytes(&bytes, gix_hash::Kind::Sha1);
                    id = tag.map_err(|error| GitError::Read(error.to_string()))?.target();
                }
                Kind::Blob | Kind::Tree => return Err(unknown()),
            }
        }
        Err(unknown())
    }

    /// What a reference points to in the end; `None` if there is no such one.
    ///
    /// # Errors
    /// What keeps it from being read.
    pub fn reference(&self, name: &str) -> Result<Option<ObjectId>, GitError> {
        let read = |error: &dyn std::fmt::Display| GitError::Read(format!("reference `{name}`: {error}"));
        let Ok(partial) = gix_ref::PartialName::try_from(name.to_owned()) else { return Ok(None) };
        let mut found = match self.refs.try_find(partial.as_ref()).map_err(|error| read(&error))? {
            Some(found) => found,
            None => return Ok(None),
        };
        // Symbolic references are followed a few times and not through tags, which need objects.
        for _ in 0..8 {
            match &found.target {
                gix_ref::Target::Object(id) => return Ok(Some(*id)),
                gix_ref::Target::Symbolic(_) => match found.follow(&self.refs) {
                    Some(Ok(next)) => found = next,
                    // A branch without a commit yet.
                    Some(Err(_)) | None => return Ok(None),
                },
            }
        }
        Ok(None)
    }

    /// # Errors
    /// There is no such commit, or it is damaged.
    pub fn commit(&self, id: ObjectId) -> Result<Commit, GitError> {
        let bytes = self.objects.of(&id, Kind::Commit, NODE_BYTES_MAX)?;
        let read = |error: &dyn std::fmt::Display| GitError::Read(format!("commit {id}: {error}"));
        let commit = CommitRef::from_bytes(&bytes, gix_hash::Kind::Sha1).map_err(|error| read(&error))?;
        let author = commit.author().map_err(|error| read(&error))?;
        Ok(Commit {
            id,
            tree: commit.tree(),
            parents: commit.parents().collect(),
            message: commit.message.to_vec(),
            author: format!("{} <{}>", author.name, author.email),
            time: commit.committer().ok().and_then(|one| one.time().ok()).map_or(0, |time| time.seconds),
        })
    }

    /// The blob of a path in a tree; `None` if there is no file there.
    ///
    /// # Errors
    /// What keeps the trees from being read.
    pub fn blob_at(&self, tree: ObjectId, path: &str) -> Result<Option<ObjectId>, GitError> {
        let mut tree = tree;
        let mut parts = path.split('/').peekable();
        while let Some(part) = parts.next() {
            let bytes = self.objects.of(&tree, Kind::Tree, NODE_BYTES_MAX)?;
            let entry = entries(&bytes, tree)?.into_iter().find(|(name, ..)| *name == part.as_bytes());
            match (entry, parts.peek()) {
                (Some((_, mode, id)), None) => return Ok(mode.is_blob().then_some(id)),
                (Some((_, mode, id)), Some(_)) if mode.is_tree() => tree = id,
                _ => return Ok(None),
            }
        }
        Ok(None)
    }

    /// The bytes of a file.
    ///
    /// # Errors
    /// There is no such blob, or it is too large.
    pub fn blob(&self, id: ObjectId) -> Result<Vec<u8>, GitError> {
        self.objects.of(&id, Kind::Blob, FILE_BYTES_MAX)
    }

    /// The files in which two trees differ: path, blob in the first, blob in the second. An empty tree is `None`.
    ///
    /// # Errors
    /// What keeps the trees from being read, and more than `max` differences.
    pub fn changes(&self, before: Option<ObjectId>, after: ObjectId, max: usize) -> Result<Vec<Changed>, GitError> {
        let mut found = Vec::new();
        let mut todo = vec![(String::new(), before, Some(after))];
        while let Some((folder, before, after)) = todo.pop() {
            if before == after {
                continue;
            }
            let mut pairs = std::collections::BTreeMap::<Vec<u8>, [Option<(bool, ObjectId)>; 2]>::new();
            for (side, tree) in [before, after].into_iter().enumerate() {
                let Some(tree) = tree else { continue };
                let bytes = self.objects.of(&tree, Kind::Tree, NODE_BYTES_MAX)?;
                for (name, mode, id) in entries(&bytes, tree)? {
                    if !mode.is_tree() && !mode.is_blob() {
                        continue;
                    }
                    if let Some(place) = pairs.entry(name.to_vec()).or_default().get_mut(side) {
                        *place = Some((mode.is_tree(), id));
                    }
                }
            }
            for (name, [old, new]) in pairs {
                // Paths that are no text are nobody's source code.
                let Ok(name) = String::from_utf8(name) else { continue };
                let path = if folder.is_empty() { name } else { format!("{folder}/{name}") };
                let side = |one: Option<(bool, ObjectId)>, tree: bool| one.filter(|one| one.0 == tree).map(|one| one.1);
                let (old_tree, new_tree) = (side(old, true), side(new, true));
                if old_tree != new_tree && path.matches('/').count() < 256 {
                    todo.push((path.clone(), old_tree, new_tree));
                }
                let (old, new) = (side(old, false), side(new, false));
                if old != new {
                    found.push(Changed { path, old, new });
                }
                if found.len() > max {
                    return Err(GitError::Read(format!("more than {max} files differ between two commits")));
                }
            }
        }
        Ok(found)
    }

    /// A file's path from the root of the work tree; `None` if it is not in it.
    #[must_use]
    pub fn relative(&self, file: &Path) -> Option<String> {
        let name = file.file_name()?;
        let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
        let whole = folder.canonicalize().ok()?.join(name);
        let path = whole.strip_prefix(&self.root).ok()?.to_str()?.to_owned();
        crate::source::is_path(&path).then_some(path)
    }
}

/// A file that is not the same in two trees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Changed {
    pub path: String,
    pub old: Option<ObjectId>,
    pub new: Option<ObjectId>,
}

type Entry<'a> = (&'a [u8], gix_object::tree::EntryMode, ObjectId);

fn entries(bytes: &[u8], tree: ObjectId) -> Result<Vec<Entry<'_>>, GitError> {
    let read = TreeRef::from_bytes(bytes, gix_hash::Kind::Sha1);
    let read = read.map_err(|error| GitError::Read(format!("tree {tree}: {error}")))?;
    Ok(read.entries.iter().map(|entry| (&**entry.filename, entry.mode, entry.oid.to_owned())).collect())
}

impl Objects {
    /// An object's kind and bytes.
    fn read(&self, id: &oid, limit: u64) -> Result<(Kind, Vec<u8>), GitError> {
        let read = |error: &dyn std::fmt::Display| GitError::Read(format!("object {id}: {error}"));
        let header = self.odb.try_header(id).map_err(|error| read(&error))?;
        let header = header.ok_or_else(|| GitError::Missing(id.to_owned()))?;
        if header.size > limit {
            return Err(GitError::Size(header.size, limit));
        }
        self.seen.set(self.seen.get().saturating_add(1));
        self.bytes.set(self.bytes.get().saturating_add(header.size));
        if self.seen.get() > OBJECTS_MAX || self.bytes.get() > BYTES_MAX {
            return Err(GitError::Budget);
        }
        let mut buffer = Vec::new();
        let found = Find::try_find(&self.odb, id, &mut buffer).map_err(|error| read(&error))?;
        let kind = found.ok_or_else(|| GitError::Missing(id.to_owned()))?.kind;
        Ok((kind, buffer))
    }

    fn of(&self, id: &oid, wanted: Kind, limit: u64) -> Result<Vec<u8>, GitError> {
        match self.read(id, limit)? {
            (kind, bytes) if kind == wanted => Ok(bytes),
            _ => Err(GitError::Kind(id.to_owned(), wanted)),
        }
    }
}

/// The same limits for what the library itself reads: trees of notes.
impl Find for Objects {
    fn try_find<'a>(&self, id: &oid, buffer: &'a mut Vec<u8>) -> gix_error::Result<Option<Data<'a>>> {
        match self.read(id, NODE_BYTES_MAX) {
            Ok((kind, bytes)) => {
                *buffer = bytes;
                Ok(Some(Data::new(buffer, kind, gix_hash::Kind::Sha1)))
            }
            Err(GitError::Missing(_)) => Ok(None),
            Err(error) => {
                *self.refused.borrow_mut() = Some(error);
                Err(gix_error::message("over the limits").raise())
            }
        }
    }
}

#[cfg(test)]
pub(crate) mod rig;
#[cfg(test)]
mod tests;
