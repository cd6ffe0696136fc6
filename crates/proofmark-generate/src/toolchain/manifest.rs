//! The digest of a toolchain: SHA-256 over a list of all its files with their modes, link targets and contents.
//!
//! Reading hundreds of megabytes for each build would be too slow, so a cache knows the digest of each file by what the file
//! system says of it. The kernel sets a file's change time (`ctime`) whenever its bytes or its names change, and
//! nobody can set it back; a file that changed a moment ago is not kept, because its next change could have the same time.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, File};
use std::io::{self, Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use proofmark_mark::digest::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The first line of the list.
const HEAD: &str = "proofmark toolchain 1\n";
const ENTRIES_MAX: usize = 100_000;
const FILE_BYTES_MAX: u64 = 1 << 30;
const BYTES_MAX: u64 = 8 << 30;
const DEPTH_MAX: usize = 40;
const CACHE_BYTES_MAX: u64 = 64 << 20;
/// How long a file must have been as it is, and a second for the fraction of its change time that is left out.
const SETTLED: Duration = Duration::from_secs(3);

/// Files of a toolchain can't be read. Paths are as they were given.
#[derive(Debug, Error)]
pub enum ManifestError {
    #[error("`{path}` can't be read: {error}")]
    Unreadable { path: String, error: io::Error },
    #[error("`{0}` is neither a file, a directory nor a symbolic link")]
    Special(String),
    #[error("a name in `{0}` is not UTF-8")]
    Name(String),
    #[error("it has more than {ENTRIES_MAX} files and directories")]
    Many,
    #[error("`{0}` is larger than {FILE_BYTES_MAX} bytes, or its files have more than {BYTES_MAX} together")]
    Large(String),
    #[error("`{0}` is more than {DEPTH_MAX} directories deep")]
    Deep(String),
}

/// Digests of files that were read before. Derived: it may be lost, and is then made again.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Cache {
    files: BTreeMap<PathBuf, Known>,
    #[serde(skip)]
    changed: bool,
}

/// What the file system said of a file when it was read.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Known {
    device: u64,
    inode: u64,
    size: u64,
    /// Seconds since 1970 and nanoseconds.
    modified: (i64, i64),
    changed: (i64, i64),
    sha256: Digest,
}

impl Cache {
    /// The cache that was stored at `path`; an empty one if there is none that can be read.
    #[must_use]
    pub fn load(path: &Path) -> Self {
        let read = || -> Option<Self> {
            let mut text = Vec::new();
            File::open(path).ok()?.take(CACHE_BYTES_MAX).read_to_end(&mut text).ok()?;
            serde_json::from_slice(&text).ok()
        };
        read().unwrap_or_default()
    }

    /// Stores it at `path`, if it learned anything.
    ///
    /// # Errors
    /// What can't be written.
    pub fn store(&self, path: &Path) -> io::Result<()> {
        if !self.changed {
            return Ok(());
        }
        // Whoever reads it meanwhile finds the old one or the new one.
        let new = path.with_extension("new");
        File::create(&new)?.write_all(&serde_json::to_vec(self)?)?;
        fs::rename(new, path)
    }

    fn digest(&mut self, path: &Path, now: SystemTime) -> io::Result<(Digest, u64)> {
        let file = File::open(path)?;
        let found = file.metadata()?;
        let known = |sha256| Known {
            device: found.dev(),
            inode: found.ino(),
            size: found.size(),
            modified: (found.mtime(), found.mtime_nsec()),
            changed: (found.ctime(), found.ctime_nsec()),
            sha256,
        };
        if let Some(before) = self.files.get(path)
            && *before == known(before.sha256)
        {
            return Ok((before.sha256, found.size()));
        }
        let mut bytes = Vec::new();
        file.take(FILE_BYTES_MAX.saturating_add(1)).read_to_end(&mut bytes)?;
        let digest = Digest::of(&bytes);
        self.changed = true;
        if is_settled(&found, now) {
            self.files.insert(path.to_owned(), known(digest));
        } else {
            self.files.remove(path);
        }
        Ok((digest, u64::try_from(bytes.len()).unwrap_or(u64::MAX)))
    }
}

fn is_settled(found: &fs::Metadata, now: SystemTime) -> bool {
    let seconds = u64::try_from(found.ctime()).ok().map(Duration::from_secs);
    let changed = seconds.and_then(|seconds| UNIX_EPOCH.checked_add(seconds));
    changed.and_then(|changed| now.duration_since(changed).ok()).is_some_and(|age| age > SETTLED)
}

/// The digest over everything at `paths`. A path itself is followed where it is a link, as it is when a fence shows it; what
/// is in a directory is not.
pub(super) fn digest(paths: &[&Path], cache: &mut Cache, now: SystemTime) -> Result<Digest, ManifestError> {
    let mut walk = Walk { cache, now, lines: Vec::new(), bytes: 0 };
    for path in paths.iter().collect::<BTreeSet<_>>() {
        let found = fs::metadata(path).map_err(|error| unreadable(path, error))?;
        walk.entry(path, &found, 0)?;
    }
    walk.lines.sort();
    // A file may be named by itself and be in a directory that is.
    walk.lines.dedup();
    let mut parts = vec![HEAD.as_bytes()];
    parts.extend(walk.lines.iter().map(|(_, line)| line.as_bytes()));
    Ok(Digest::of_parts(&parts))
}

struct Walk<'a> {
    cache: &'a mut Cache,
    now: SystemTime,
    /// Paths with their lines.
    lines: Vec<(String, String)>,
    bytes: u64,
}

impl Walk<'_> {
    fn entry(&mut self, path: &Path, found: &fs::Metadata, depth: usize) -> Result<(), ManifestError> {
        if self.lines.len() >= ENTRIES_MAX {
            return Err(ManifestError::Many);
        }
        if depth > DEPTH_MAX {
            return Err(ManifestError::Deep(shown(path)));
        }
        let name = path.to_str().ok_or_else(|| ManifestError::Name(shown(path.parent().unwrap_or(path))))?;
        let mode = found.permissions().mode() & 0o7777;
        let what = if found.is_dir() {
            format!("directory {mode:o}")
        } else if found.is_symlink() {
            let target = fs::read_link(path).map_err(|error| unreadable(path, error))?;
            format!("link {:?}", target.to_str().ok_or_else(|| ManifestError::Name(shown(path)))?)
        } else if found.is_file() {
            if found.len() > FILE_BYTES_MAX {
                return Err(ManifestError::Large(shown(path)));
            }
            let (digest, bytes) = self.cache.digest(path, self.now).map_err(|error| unreadable(path, error))?;
            self.bytes = self.bytes.saturating_add(bytes);
            if bytes > FILE_BYTES_MAX || self.bytes > BYTES_MAX {
                return Err(ManifestError::Large(shown(path)));
            }
            format!("file {mode:o} {digest}")
        } else {
            return Err(ManifestError::Special(shown(path)));
        };
        // Quoted, so that no name can look like another line.
        self.lines.push((name.to_owned(), format!("{what} {name:?}\n")));
        if found.is_dir() {
            for inner in fs::read_dir(path).map_err(|error| unreadable(path, error))? {
                let inner = inner.map_err(|error| unreadable(path, error))?;
                let found = inner.metadata().map_err(|error| unreadable(&inner.path(), error))?;
                self.entry(&inner.path(), &found, depth.saturating_add(1))?;
            }
        }
        Ok(())
    }
}

fn unreadable(path: &Path, error: io::Error) -> ManifestError {
    ManifestError::Unreadable { path: shown(path), error }
}

fn shown(path: &Path) -> String {
    path.to_string_lossy().escape_debug().to_string()
}

#[cfg(test)]
mod tests;
