//! Where the log and everything it names are kept: named objects and content-addressed blobs over one `object_store`.
//!
//! Objects are created once; only the log's checkpoint is ever replaced. Nothing here interprets what it stores, and a
//! blob whose content does not hash to its name is never handed out.

use std::error::Error;
use std::io::ErrorKind;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures::executor::{block_on, block_on_stream};
use object_store::local::LocalFileSystem;
use object_store::path::Path as Name;
use object_store::{ObjectStore, ObjectStoreExt as _, PutMode};
use proofmark_mark::digest::Digest;
use thiserror::Error;

/// The largest object, and so the largest blob, in bytes.
pub const OBJECT_BYTES_MAX: u64 = 64 << 20;
/// The folder of the blobs, each named by the 64 digits of its SHA-256.
pub const BLOBS: &str = "blob";
/// Objects that are written to a local disk at the same time, so that one flush of the disk serves several.
const LOCAL_LANES: usize = 8;

/// A place for objects. Cheap to clone; clones are the same place.
///
/// Calls block until the object is durable or read. They need no async runtime, and inside one they take a blocking
/// thread of it. They must not be made from within another `futures` executor.
#[derive(Debug, Clone)]
pub struct Store {
    objects: Arc<dyn ObjectStore>,
    /// How messages name the place.
    place: String,
    lanes: usize,
}

/// One object of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Listed {
    pub name: String,
    pub bytes: u64,
}

/// Why an object can't be read or written.
#[derive(Debug, Error)]
pub enum StoreError {
    #[error("`{path}` does not exist")]
    NotFound { path: String },
    #[error("`{path}` already exists")]
    AlreadyExists { path: String },
    #[error("`{path}` can't be written because the disk is full or a quota is used up; free some space and try again")]
    Full { path: String },
    #[error("`{path}` can't be written because the place is read-only for you; make it writable and try again")]
    ReadOnly { path: String },
    #[error("`{path}` can't be read because you may not; check who owns it and its permissions")]
    Unreadable { path: String },
    #[error("`{path}` is {bytes} bytes, over the limit of {limit}")]
    TooLarge { path: String, bytes: u64, limit: u64 },
    #[error("`{path}` was altered: its content is not what was written; restore it from a copy")]
    Altered { path: String },
    #[error("`{path}` can't be {act}: {source}")]
    Other { path: String, act: &'static str, source: object_store::Error },
}

#[derive(Clone, Copy)]
enum Act {
    Read,
    Write,
}

impl Store {
    /// Opens a directory. Writes are durable when they return (`fsync` of the file and of its folder).
    ///
    /// # Errors
    /// [`StoreError::NotFound`] when the directory does not exist; it is not made here.
    pub fn local(directory: &Path) -> Result<Self, StoreError> {
        let place = directory.display().to_string();
        let objects = LocalFileSystem::new_with_prefix(directory)
            .map_err(|source| match io_kind(&source) {
                Some(ErrorKind::NotFound) => StoreError::NotFound { path: place.clone() },
                Some(ErrorKind::PermissionDenied) => StoreError::Unreadable { path: place.clone() },
                _ => StoreError::Other { path: place.clone(), act: "opened", source },
            })?
            .with_fsync(true)
            .with_automatic_cleanup(true);
        Ok(Self { objects: Arc::new(objects), place, lanes: LOCAL_LANES })
    }

    /// Any object store that supports [`PutMode::Create`]. Objects are written one at a time, in order.
    #[must_use]
    pub fn over(objects: Arc<dyn ObjectStore>) -> Self {
        let place = objects.to_string();
        Self { objects, place, lanes: 1 }
    }

    /// The object's name as messages show it.
    #[must_use]
    pub fn path(&self, name: &str) -> String {
        format!("{}/{name}", self.place)
    }

    /// Creates an object. Of two writers one succeeds.
    ///
    /// # Errors
    /// [`StoreError::AlreadyExists`], which leaves the object as it was, or what keeps it from being written. After any
    /// other error the object exists whole or not at all.
    pub fn create(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(name, bytes, PutMode::Create)
    }

    /// Creates or replaces an object as a whole.
    ///
    /// # Errors
    /// What keeps it from being written; the old object is then untouched.
    pub fn replace(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        self.put(name, bytes, PutMode::Overwrite)
    }

    /// Makes sure that an object exists with exactly these bytes.
    ///
    /// # Errors
    /// [`StoreError::Altered`] when it exists with other bytes, or what keeps it from being written.
    pub fn ensure(&self, name: &str, bytes: &[u8]) -> Result<(), StoreError> {
        if self.holds(name, bytes)? {
            return Ok(());
        }
        match self.create(name, bytes) {
            Err(StoreError::AlreadyExists { .. }) if self.holds(name, bytes)? => Ok(()),
            other => other,
        }
    }

    /// Makes sure of several objects, in any order. Some may exist when this fails.
    ///
    /// # Errors
    /// As [`Store::ensure`], for one of the objects that could not be written.
    pub fn ensure_all<N: ToString + Sync>(&self, objects: &[(N, Vec<u8>)]) -> Result<(), StoreError> {
        let next = AtomicUsize::new(0);
        let failed: Mutex<Option<StoreError>> = Mutex::new(None);
        let work = || {
            while let Some((name, bytes)) = objects.get(next.fetch_add(1, Ordering::Relaxed)) {
                if let Err(error) = self.ensure(&name.to_string(), bytes) {
                    next.store(objects.len(), Ordering::Relaxed);
                    failed.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
                }
            }
        };
        std::thread::scope(|scope| {
            for _ in 1..self.lanes.min(objects.len()) {
                // Without another thread this one does all of the work.
                if std::thread::Builder::new().spawn_scoped(scope, work).is_err() {
                    break;
                }
            }
            work();
        });
        failed.into_inner().unwrap_or_else(PoisonError::into_inner).map_or(Ok(()), Err)
    }

    /// The bytes of an object of at most `limit` bytes.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::TooLarge`] (nothing of it is read then), or what keeps it from being read.
    pub fn read(&self, name: &str, limit: u64) -> Result<Vec<u8>, StoreError> {
        let wrong = |error| self.wrong(name, Act::Read, error);
        block_on(async {
            let found = self.objects.get(&Name::from(name)).await.map_err(wrong)?;
            let bytes = found.meta.size;
            if bytes > limit {
                return Err(StoreError::TooLarge { path: self.path(name), bytes, limit });
            }
            Ok(found.bytes().await.map_err(wrong)?.into())
        })
    }

    /// The first `bytes` bytes of an object, or all of one that is shorter.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], or what keeps it from being read.
    pub fn read_start(&self, name: &str, bytes: u64) -> Result<Vec<u8>, StoreError> {
        let read = block_on(self.objects.get_range(&Name::from(name), 0..bytes));
        read.map(Into::into).map_err(|error| self.wrong(name, Act::Read, error))
    }

    /// The size of an object, in bytes; `None` if there is none.
    ///
    /// # Errors
    /// What keeps this from being known.
    pub fn size(&self, name: &str) -> Result<Option<u64>, StoreError> {
        match block_on(self.objects.head(&Name::from(name))) {
            Ok(found) => Ok(Some(found.size)),
            Err(object_store::Error::NotFound { .. }) => Ok(None),
            Err(error) => Err(self.wrong(name, Act::Read, error)),
        }
    }

    /// Whether an object exists.
    ///
    /// # Errors
    /// What keeps this from being known.
    pub fn exists(&self, name: &str) -> Result<bool, StoreError> {
        Ok(self.size(name)?.is_some())
    }

    /// Deletes an object. That it does not exist is no error.
    ///
    /// # Errors
    /// What keeps it from being deleted.
    pub fn delete(&self, name: &str) -> Result<(), StoreError> {
        match block_on(self.objects.delete(&Name::from(name))) {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(self.wrong(name, Act::Write, error)),
        }
    }

    /// The objects in a folder and in its folders, in no order; of all folders if `folder` is empty. Files that a writer
    /// left half-written (`name#1`) are not objects.
    pub fn list(&self, folder: &str) -> impl Iterator<Item = Result<Listed, StoreError>> {
        let prefix = (!folder.is_empty()).then(|| Name::from(folder));
        let folder = folder.to_owned();
        block_on_stream(self.objects.list(prefix.as_ref())).map(move |object| match object {
            Ok(object) => Ok(Listed { name: object.location.to_string(), bytes: object.size }),
            Err(error) => Err(self.wrong(&folder, Act::Read, error)),
        })
    }

    /// Stores a blob under its digest, unless it is there already.
    ///
    /// # Errors
    /// [`StoreError::TooLarge`], [`StoreError::Altered`] when the blob that is there has other content, or what keeps it
    /// from being written.
    pub fn put_blob(&self, bytes: &[u8]) -> Result<Digest, StoreError> {
        let digest = Digest::of(bytes);
        self.ensure(&blob_name(&digest), bytes)?;
        Ok(digest)
    }

    /// The content with that digest.
    ///
    /// # Errors
    /// [`StoreError::NotFound`], [`StoreError::Altered`] when the content is not the one that was stored, or what keeps
    /// it from being read.
    pub fn blob(&self, digest: &Digest) -> Result<Vec<u8>, StoreError> {
        let name = blob_name(digest);
        let bytes = self.read(&name, OBJECT_BYTES_MAX)?;
        if Digest::of(&bytes) == *digest { Ok(bytes) } else { Err(StoreError::Altered { path: self.path(&name) }) }
    }

    /// `false` if there is no such object.
    fn holds(&self, name: &str, bytes: &[u8]) -> Result<bool, StoreError> {
        match self.read(name, bytes.len() as u64) {
            Ok(found) if found == bytes => Ok(true),
            Ok(_) | Err(StoreError::TooLarge { .. }) => Err(StoreError::Altered { path: self.path(name) }),
            Err(StoreError::NotFound { .. }) => Ok(false),
            Err(error) => Err(error),
        }
    }

    fn put(&self, name: &str, bytes: &[u8], mode: PutMode) -> Result<(), StoreError> {
        if bytes.len() as u64 > OBJECT_BYTES_MAX {
            let (path, bytes) = (self.path(name), bytes.len() as u64);
            return Err(StoreError::TooLarge { path, bytes, limit: OBJECT_BYTES_MAX });
        }
        let location = Name::from(name);
        let put = self.objects.put_opts(&location, bytes.to_vec().into(), mode.into());
        block_on(put).map(|_| ()).map_err(|error| self.wrong(name, Act::Write, error))
    }

    fn wrong(&self, name: &str, act: Act, error: object_store::Error) -> StoreError {
        let path = self.path(name);
        match (&error, act, io_kind(&error)) {
            (object_store::Error::NotFound { .. }, ..) => StoreError::NotFound { path },
            (object_store::Error::AlreadyExists { .. }, ..) => StoreError::AlreadyExists { path },
            (_, Act::Write, Some(ErrorKind::StorageFull | ErrorKind::QuotaExceeded)) => StoreError::Full { path },
            (_, Act::Write, Some(ErrorKind::ReadOnlyFilesystem | ErrorKind::PermissionDenied))
            | (object_store::Error::PermissionDenied { .. }, Act::Write, _) => StoreError::ReadOnly { path },
            (_, Act::Read, Some(ErrorKind::PermissionDenied))
            | (object_store::Error::PermissionDenied { .. }, Act::Read, _) => StoreError::Unreadable { path },
            (_, Act::Read, _) => StoreError::Other { path, act: "read", source: error },
            (_, Act::Write, _) => StoreError::Other { path, act: "written", source: error },
        }
    }
}

/// The name of a blob's object.
#[must_use]
pub fn blob_name(digest: &Digest) -> String {
    format!("{BLOBS}/{digest}")
}

/// The kind of the operating system's error behind an error, if one is.
fn io_kind(error: &(dyn Error + 'static)) -> Option<ErrorKind> {
    std::iter::successors(Some(error), |error| (*error).source())
        .find_map(|error| error.downcast_ref::<std::io::Error>())
        .map(std::io::Error::kind)
}

#[cfg(test)]
mod tests;
