//! Reads a directory that somebody else filled: a person, an agent, a command. Nothing outside of it is read, whatever is
//! in it: no symbolic link is followed, nothing but files and directories is taken, and everything is bounded.

use std::fs::File;
use std::io::{self, Read};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::path::Path;

use rustix::fs::{CWD, Dir, FileType, Mode, OFlags, fstat, openat};
use rustix::io::Errno;
use thiserror::Error;

/// What is read at most.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilesLimits {
    /// Files and directories together.
    pub files: u64,
    /// Bytes of one file.
    pub file_bytes: u64,
    /// Bytes of all files.
    pub bytes: u64,
    /// Directories inside of each other.
    pub depth: u64,
}

impl Default for FilesLimits {
    fn default() -> Self {
        Self { files: 1000, file_bytes: 8 << 20, bytes: 64 << 20, depth: 8 }
    }
}

/// One artifact, or the source of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Candidate {
    /// The entry of the directory that it is.
    pub name: String,
    /// Paths with their bytes, in the order of the paths. A file alone has its own name as its path; the paths of a
    /// directory start inside of it.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why a directory was not read. Paths are printable.
#[derive(Debug, Error)]
pub enum FilesError {
    #[error("`{path}` can't be read: {error}")]
    Unreadable { path: String, error: io::Error },
    #[error("`{0}` is a symbolic link, and none is followed; put the file itself there")]
    Symlink(String),
    #[error("`{0}` is neither a file nor a directory")]
    Special(String),
    #[error("a name in `{0}` is not plain text")]
    Name(String),
    #[error("there are more than {0} files and directories")]
    Many(u64),
    #[error("`{path}` is larger than {bytes_max} bytes")]
    Large { path: String, bytes_max: u64 },
    #[error("the files have more than {0} bytes together")]
    LargeTogether(u64),
    #[error("`{path}` is more than {depth_max} directories deep")]
    Deep { path: String, depth_max: u64 },
}

/// Every entry of a directory as a candidate, in the order of their names: a file, or a directory with all files in it.
/// Entries whose names start with a dot are left out, here and below.
///
/// # Errors
/// [`FilesError`]. One entry that can't be taken refuses them all.
pub fn candidates(directory: &Path, limits: &FilesLimits) -> Result<Vec<Candidate>, FilesError> {
    let mut candidates: Vec<Candidate> = Vec::new();
    for (path, bytes) in tree(directory, limits)? {
        let (name, inner) = match path.split_once('/') {
            Some((name, inner)) => (name.to_owned(), inner.to_owned()),
            None => (path.clone(), path),
        };
        match candidates.last_mut() {
            Some(last) if last.name == name => last.files.push((inner, bytes)),
            _ => candidates.push(Candidate { name, files: vec![(inner, bytes)] }),
        }
    }
    Ok(candidates)
}

/// Every file below a directory with its path in it, entry by entry in the order of the names.
///
/// # Errors
/// As [`candidates`].
pub(crate) fn tree(directory: &Path, limits: &FilesLimits) -> Result<Vec<(String, Vec<u8>)>, FilesError> {
    let shown = shown(&directory.to_string_lossy());
    // The directory itself is the owner's word: only what is in it is somebody else's.
    let opened = openat(CWD, directory, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty());
    let opened = opened.map_err(|error| unreadable(&shown, error))?;
    let mut walk = Walk { limits, entries: 0, bytes: 0, found: Vec::new() };
    walk.directory(opened.as_fd(), "", 1)?;
    Ok(walk.found)
}

struct Walk<'a> {
    limits: &'a FilesLimits,
    entries: u64,
    bytes: u64,
    found: Vec<(String, Vec<u8>)>,
}

impl Walk<'_> {
    fn directory(&mut self, directory: BorrowedFd<'_>, path: &str, depth: u64) -> Result<(), FilesError> {
        if depth > self.limits.depth {
            return Err(FilesError::Deep { path: shown(path), depth_max: self.limits.depth });
        }
        for name in self.names(directory, path)? {
            let inner = if path.is_empty() { name.clone() } else { format!("{path}/{name}") };
            // Neither a link nor a pipe can make this wait or lead elsewhere; what it is, is asked of what was opened.
            let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::NONBLOCK | OFlags::NOCTTY | OFlags::CLOEXEC;
            let opened = match openat(directory, name.as_str(), flags, Mode::empty()) {
                Ok(opened) => opened,
                Err(Errno::LOOP) => return Err(FilesError::Symlink(shown(&inner))),
                Err(Errno::NXIO) => return Err(FilesError::Special(shown(&inner))),
                Err(error) => return Err(unreadable(&inner, error)),
            };
            let status = fstat(&opened).map_err(|error| unreadable(&inner, error))?;
            match FileType::from_raw_mode(status.st_mode) {
                FileType::Directory => self.directory(opened.as_fd(), &inner, depth.saturating_add(1))?,
                FileType::RegularFile => {
                    let bytes = self.file(opened, &inner)?;
                    self.found.push((inner, bytes));
                }
                _ => return Err(FilesError::Special(shown(&inner))),
            }
        }
        Ok(())
    }

    fn names(&mut self, directory: BorrowedFd<'_>, path: &str) -> Result<Vec<String>, FilesError> {
        let mut names = Vec::new();
        for entry in Dir::read_from(directory).map_err(|error| unreadable(path, error))? {
            let entry = entry.map_err(|error| unreadable(path, error))?;
            if entry.file_name().to_bytes().starts_with(b".") {
                continue;
            }
            self.entries = self.entries.saturating_add(1);
            if self.entries > self.limits.files {
                return Err(FilesError::Many(self.limits.files));
            }
            let name = entry.file_name().to_str().ok().filter(|name| !name.chars().any(char::is_control));
            names.push(name.ok_or_else(|| FilesError::Name(shown(path)))?.to_owned());
        }
        names.sort_unstable();
        Ok(names)
    }

    fn file(&mut self, opened: OwnedFd, path: &str) -> Result<Vec<u8>, FilesError> {
        let bytes_max = self.limits.file_bytes;
        let mut bytes = Vec::new();
        let read = File::from(opened).take(bytes_max.saturating_add(1)).read_to_end(&mut bytes);
        let read = read.map_err(|error| FilesError::Unreadable { path: shown(path), error })?;
        let read = u64::try_from(read).unwrap_or(u64::MAX);
        if read > bytes_max {
            return Err(FilesError::Large { path: shown(path), bytes_max });
        }
        self.bytes = self.bytes.saturating_add(read);
        if self.bytes > self.limits.bytes {
            return Err(FilesError::LargeTogether(self.limits.bytes));
        }
        Ok(bytes)
    }
}

fn unreadable(path: &str, error: Errno) -> FilesError {
    FilesError::Unreadable { path: shown(path), error: error.into() }
}

fn shown(path: &str) -> String {
    if path.is_empty() { ".".to_owned() } else { path.escape_debug().to_string() }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::os::unix::fs::symlink;

    use super::*;

    fn directory() -> tempfile::TempDir {
        let directory = tempfile::tempdir().unwrap();
        fs::write(directory.path().join("b.wat"), "(module)").unwrap();
        fs::create_dir_all(directory.path().join("a/src")).unwrap();
        fs::write(directory.path().join("a/main.c"), "main").unwrap();
        fs::write(directory.path().join("a/src/help.h"), "help").unwrap();
        fs::write(directory.path().join(".hidden"), "x").unwrap();
        directory
    }

    #[test]
    fn entries_are_candidates_in_the_order_of_their_names() {
        let found = candidates(directory().path(), &FilesLimits::default()).unwrap();
        let file = |path: &str, bytes: &str| (path.to_owned(), bytes.as_bytes().to_vec());
        let wanted = [
            Candidate { name: "a".to_owned(), files: vec![file("main.c", "main"), file("src/help.h", "help")] },
            Candidate { name: "b.wat".to_owned(), files: vec![file("b.wat", "(module)")] },
        ];
        assert_eq!(found, wanted);
    }

    #[test]
    fn nothing_leads_out_of_the_directory_or_makes_the_reader_wait() {
        let outside = tempfile::tempdir().unwrap();
        fs::write(outside.path().join("secret"), "secret").unwrap();
        let refused = |make: &dyn Fn(&Path)| {
            let directory = directory();
            make(directory.path());
            candidates(directory.path(), &FilesLimits::default()).unwrap_err().to_string()
        };
        let link = "`a/link` is a symbolic link, and none is followed; put the file itself there";
        assert_eq!(refused(&|at| symlink(outside.path().join("secret"), at.join("a/link")).unwrap()), link);
        assert_eq!(refused(&|at| symlink(outside.path(), at.join("a/link")).unwrap()), link);
        assert_eq!(refused(&|at| symlink("main.c", at.join("a/link")).unwrap()), link);
        let pipe = |at: &Path| {
            rustix::fs::mknodat(CWD, at.join("pipe"), FileType::Fifo, Mode::RWXU, 0).unwrap();
        };
        assert_eq!(refused(&pipe), "`pipe` is neither a file nor a directory");
        let socket = |at: &Path| drop(std::os::unix::net::UnixListener::bind(at.join("s")).unwrap());
        assert_eq!(refused(&socket), "`s` is neither a file nor a directory");
        assert_eq!(refused(&|at| fs::write(at.join("a/x\ny"), "").unwrap()), "a name in `a` is not plain text");
    }

    #[test]
    fn everything_is_bounded() {
        let directory = directory();
        let refused = |limits: FilesLimits| candidates(directory.path(), &limits).unwrap_err().to_string();
        let limits = FilesLimits::default();
        assert_eq!(refused(FilesLimits { files: 4, ..limits }), "there are more than 4 files and directories");
        assert_eq!(refused(FilesLimits { file_bytes: 7, ..limits }), "`b.wat` is larger than 7 bytes");
        assert_eq!(refused(FilesLimits { bytes: 15, ..limits }), "the files have more than 15 bytes together");
        assert_eq!(refused(FilesLimits { depth: 2, ..limits }), "`a/src` is more than 2 directories deep");
        assert!(candidates(directory.path(), &FilesLimits { files: 5, file_bytes: 8, bytes: 16, depth: 3 }).is_ok());
        let none = candidates(&directory.path().join("none"), &limits).unwrap_err();
        assert!(none.to_string().contains("can't be read"), "{none}");
    }
}
