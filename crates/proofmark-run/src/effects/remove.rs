//! Removes trees that somebody hostile may have made: any depth, any mode, nothing followed.
//!
//! Directories are moved up into one flat `trash` before they are emptied, so depth costs neither descriptors nor stack,
//! and a crash leaves only trash. Only directories have their mode changed: files may share their inode with the real tree.

use std::mem::MaybeUninit;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Mode, RawDir, RenameFlags};
use rustix::io::Errno;

use super::{EffectError, failed};
use crate::tree::walk;

/// Where directories wait for their removal.
const TRASH: &str = "trash";

/// Removes `name` from the stage, whatever it is, and all trash.
pub(super) fn remove(stage: BorrowedFd<'_>, name: &str) -> Result<(), EffectError> {
    match rustix::fs::mkdirat(stage, TRASH, Mode::RWXU) {
        Ok(()) | Err(Errno::EXIST) => {}
        Err(errno) => return Err(failed(TRASH, "create", errno)),
    }
    let trash = walk::open_directory_at(stage, TRASH.as_bytes()).map_err(|errno| failed(TRASH, "open", errno))?;
    let mut bin = Bin { trash, next: 0 };
    match bin.throw(stage, name.as_bytes()) {
        Ok(()) | Err(Errno::NOENT) => {}
        Err(errno) => return Err(failed(name, "remove", errno)),
    }
    bin.empty().map_err(|errno| failed(name, "remove what is in", errno))?;
    rustix::fs::unlinkat(stage, TRASH, AtFlags::REMOVEDIR).map_err(|errno| failed(TRASH, "remove", errno))
}

struct Bin {
    trash: OwnedFd,
    next: u64,
}

impl Bin {
    /// Unlinks a file, or moves a directory into the trash.
    fn throw(&mut self, parent: BorrowedFd<'_>, name: &[u8]) -> Result<(), Errno> {
        let found = walk::state(parent, name)?;
        if FileType::from_raw_mode(u32::from(found.stx_mode)) != FileType::Directory {
            return rustix::fs::unlinkat(parent, name, AtFlags::empty());
        }
        // To move a directory is to write its `..`, which an ordinary owner needs the mode for.
        walk::add_mode(parent, name, 0o700)?;
        loop {
            let to = self.next.to_string();
            self.next = self.next.saturating_add(1);
            match rustix::fs::renameat_with(parent, name, &self.trash, &to, RenameFlags::NOREPLACE) {
                Err(Errno::EXIST) => {}
                done => return done,
            }
        }
    }

    fn empty(&mut self) -> Result<(), Errno> {
        loop {
            let waiting = list(self.trash.as_fd())?;
            if waiting.is_empty() {
                return Ok(());
            }
            for name in waiting {
                walk::add_mode(self.trash.as_fd(), &name, 0o700)?;
                let directory = walk::open_directory_at(self.trash.as_fd(), &name)?;
                for inner in list(directory.as_fd())? {
                    self.throw(directory.as_fd(), &inner)?;
                }
                rustix::fs::unlinkat(&self.trash, name, AtFlags::REMOVEDIR)?;
            }
        }
    }
}

/// The names in a directory, from its start.
pub(super) fn list(directory: BorrowedFd<'_>) -> Result<Vec<Vec<u8>>, Errno> {
    let own = walk::open_directory_at(directory, b".")?;
    let mut buffer = [MaybeUninit::uninit(); 1 << 15];
    let mut entries = RawDir::new(own, &mut buffer);
    let mut names = Vec::new();
    while let Some(entry) = entries.next() {
        let name = entry?.file_name().to_bytes().to_vec();
        if name != b"." && name != b".." {
            names.push(name);
        }
    }
    Ok(names)
}
