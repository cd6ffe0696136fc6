//! Builds the new tree beside the old one.
//!
//! What did not change is a hard link to the inode that is there, what changed a hard link to the inode in the upper layer:
//! bytes, mode, owner and times are the same because the file is the same. Directories are made anew. Neither the old tree
//! nor the upper layer loses anything, so giving up is removing what was built.

use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};

use rustix::fs::{AtFlags, FileType, Gid, Mode, OFlags, Statx, StatxAttributes, Timespec, Timestamps, Uid, XattrFlags};
use rustix::io::Errno;

use super::EffectError;
use crate::tree::walk::{self, Attributes, Cache};
use crate::tree::{Entry, Kind, Manifest, Time, TreeError, TreePath};

/// A directory that is being built, with its counterparts in the tree below and in the upper layer.
struct Level<'a> {
    entry: &'a Entry,
    written: bool,
    new: OwnedFd,
    below: Option<OwnedFd>,
    above: Option<OwnedFd>,
}

fn failed(entry: &Entry, doing: &'static str, errno: Errno) -> EffectError {
    EffectError::Tree(walk::failed(&entry.path, doing, errno))
}

/// Where the parts of a new tree come from.
pub(super) struct Parts<'a> {
    /// The tree below.
    pub(super) base: BorrowedFd<'a>,
    /// The upper layer.
    pub(super) upper: BorrowedFd<'a>,
    /// What the new tree is to be.
    pub(super) after: &'a Manifest,
    /// For each entry of `after`, whether it lies in the upper layer.
    pub(super) written: &'a [bool],
    /// Digests of files in the upper layer, as far as they were read by this process.
    pub(super) known: &'a Cache,
}

/// Builds the tree `name` in `stage`.
pub(super) fn build(stage: BorrowedFd<'_>, name: &str, parts: &Parts<'_>) -> Result<(), EffectError> {
    let mut levels: Vec<Level<'_>> = Vec::new();
    for (entry, written) in parts.after.entries().iter().zip(parts.written) {
        let parent = entry.path.parent();
        while levels.last().is_some_and(|level| Some(&level.entry.path) != parent.as_ref()) {
            levels.pop().map_or(Ok(()), finish)?;
        }
        let level = match (levels.last(), entry.kind) {
            (None, _) => {
                let again = |fd| walk::open_directory_at(fd, b".").map_err(|errno| failed(entry, "open", errno));
                make(entry, *written, stage, name.as_bytes(), Some(again(parts.base)?), Some(again(parts.upper)?))?
            }
            (Some(level), Kind::Directory) => {
                let below = counterpart(level.below.as_ref(), entry)?;
                let above = counterpart(level.above.as_ref(), entry)?;
                make(entry, *written, level.new.as_fd(), entry.path.name(), below, above)?
            }
            (Some(level), Kind::File | Kind::Symlink) => {
                link(level, entry, *written, parts.known)?;
                continue;
            }
        };
        levels.push(level);
    }
    while let Some(level) = levels.pop() {
        finish(level)?;
    }
    Ok(())
}

/// The directory of the same name in a layer, if the layer has one.
fn counterpart(parent: Option<&OwnedFd>, entry: &Entry) -> Result<Option<OwnedFd>, EffectError> {
    let Some(parent) = parent else { return Ok(None) };
    match walk::open_directory_at(parent.as_fd(), entry.path.name()) {
        Ok(fd) => Ok(Some(fd)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(failed(entry, "open", errno)),
    }
}

fn make<'a>(
    entry: &'a Entry,
    written: bool,
    parent: BorrowedFd<'_>,
    name: &[u8],
    below: Option<OwnedFd>,
    above: Option<OwnedFd>,
) -> Result<Level<'a>, EffectError> {
    rustix::fs::mkdirat(parent, name, Mode::RWXU).map_err(|errno| failed(entry, "make", errno))?;
    let new = walk::open_directory_at(parent, name).map_err(|errno| failed(entry, "open", errno))?;
    Ok(Level { entry, written, new, below, above })
}

fn link(level: &Level<'_>, entry: &Entry, written: bool, known: &Cache) -> Result<(), EffectError> {
    let name = entry.path.name();
    let from = if written { &level.above } else { &level.below };
    let Some(from) = from else {
        return Err(EffectError::Tree(TreeError::Changed { path: entry.path.clone() }));
    };
    let file = if written && entry.kind == Kind::File { Some(settle_written(from.as_fd(), entry)?) } else { None };
    let linked = rustix::fs::linkat(from, name, &level.new, name, AtFlags::empty());
    match linked {
        Ok(()) => {
            if let Some((fd, before)) = file {
                let after = walk::state(fd.as_fd(), b"").map_err(|errno| failed(entry, "look at", errno))?;
                known.carry(&before, &after);
            }
            Ok(())
        }
        Err(Errno::PERM) => Err(keep(
            &entry.path,
            "it is immutable or append-only, belongs to somebody else (fs.protected_hardlinks), or its filesystem has no hard links",
        )),
        Err(Errno::MLINK) => Err(keep(&entry.path, "it has as many hard links as its filesystem can count")),
        Err(Errno::XDEV) => Err(keep(&entry.path, "it is on another filesystem or in another quota project")),
        Err(Errno::NOENT) => Err(EffectError::Tree(TreeError::Changed { path: entry.path.clone() })),
        Err(errno) => Err(failed(entry, "link", errno)),
    }
}

fn keep(path: &TreePath, why: &'static str) -> EffectError {
    EffectError::Keep { path: path.clone(), why }
}

/// Takes the overlay's marks off a file in the upper layer and gives it the mode that was shown. Also returns its state
/// before that.
fn settle_written(parent: BorrowedFd<'_>, entry: &Entry) -> Result<(OwnedFd, Statx), EffectError> {
    let flags = OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC;
    let fd = rustix::fs::openat(parent, entry.path.name(), flags, Mode::empty())
        .map_err(|errno| failed(entry, "open", errno))?;
    let found = walk::state(fd.as_fd(), b"").map_err(|errno| failed(entry, "look at", errno))?;
    if FileType::from_raw_mode(u32::from(found.stx_mode)) != FileType::RegularFile {
        return Err(EffectError::Tree(TreeError::Changed { path: entry.path.clone() }));
    }
    // An O_PATH descriptor opens no mode that forbids reading; its name under /proc leads to this very inode.
    let path = format!("/proc/self/fd/{}", fd.as_raw_fd());
    let (mut small, mut large) = ([0_u8; 256], Vec::new());
    let names = match rustix::fs::listxattr(&path, &mut small) {
        Ok(length) => small.get(..length),
        Err(Errno::OPNOTSUPP) => None,
        Err(Errno::RANGE) => {
            // The kernel's own limit on a list of names (XATTR_LIST_MAX).
            large.resize(1 << 16, 0);
            let length = rustix::fs::listxattr(&path, &mut large)
                .map_err(|errno| failed(entry, "read the extended attributes of", errno))?;
            large.get(..length)
        }
        Err(errno) => return Err(failed(entry, "read the extended attributes of", errno)),
    };
    let names = names.unwrap_or_default().split(|byte| *byte == 0);
    let marks: Vec<&[u8]> = names.filter(|name| walk::is_overlay_mark(name)).collect();
    let mut mode = u32::from(found.stx_mode) & 0o7777;
    let change = |mode| rustix::fs::chmod(&path, Mode::from_raw_mode(mode));
    if !marks.is_empty() && mode & 0o200 == 0 {
        mode |= 0o200;
        change(mode).map_err(|errno| failed(entry, "open up", errno))?;
    }
    for mark in marks {
        rustix::fs::removexattr(&path, mark).map_err(|errno| failed(entry, "take a mark off", errno))?;
    }
    if mode != entry.mode {
        change(entry.mode).map_err(|errno| failed(entry, "set the mode of", errno))?;
    }
    Ok((fd, found))
}

/// Gives a directory whose content is complete its attributes, owner, mode and time.
fn finish(level: Level<'_>) -> Result<(), EffectError> {
    let Level { entry, written, new, below, above } = level;
    let Some(source) = (if written { above } else { below }) else {
        return Err(EffectError::Tree(TreeError::Changed { path: entry.path.clone() }));
    };
    let found = walk::state(source.as_fd(), b"").map_err(|errno| failed(entry, "look at", errno))?;
    if found.stx_attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
        return Err(keep(&entry.path, "it is immutable or append-only"));
    }
    copy_attributes(entry, source.as_fd(), new.as_fd())?;
    dress(new.as_fd(), entry).map_err(|errno| failed(entry, "set the owner, mode and time of", errno))
}

/// Gives an open directory the owner, mode and time of `entry`.
pub(super) fn dress(directory: BorrowedFd<'_>, entry: &Entry) -> Result<(), Errno> {
    let found = walk::state(directory, b"")?;
    if (found.stx_uid, found.stx_gid) != (entry.uid, entry.gid) {
        rustix::fs::fchown(directory, Some(Uid::from_raw(entry.uid)), Some(Gid::from_raw(entry.gid)))?;
    }
    rustix::fs::fchmod(directory, Mode::from_raw_mode(entry.mode))?;
    set_time(directory, entry.modified)
}

/// Sets the time of modification and leaves the time of access.
pub(super) fn set_time(directory: BorrowedFd<'_>, time: Time) -> Result<(), Errno> {
    rustix::fs::futimens(
        directory,
        &Timestamps {
            last_access: Timespec { tv_sec: 0, tv_nsec: rustix::fs::UTIME_OMIT },
            last_modification: Timespec { tv_sec: time.seconds, tv_nsec: i64::from(time.nanoseconds) },
        },
    )
}

/// Makes the extended attributes of `to` those of `from`, without an overlay's marks.
pub(super) fn copy_attributes(entry: &Entry, from: BorrowedFd<'_>, to: BorrowedFd<'_>) -> Result<(), EffectError> {
    let read =
        |fd| Attributes::Open(fd).read().map_err(|errno| failed(entry, "read the extended attributes of", errno));
    let (wanted, inherited) = (read(from)?, read(to)?);
    for (name, _) in inherited.iter().filter(|(name, _)| !wanted.iter().any(|(wanted, _)| wanted == name)) {
        rustix::fs::fremovexattr(to, name.as_slice())
            .map_err(|errno| failed(entry, "remove an extended attribute of", errno))?;
    }
    for (name, value) in wanted.iter().filter(|wanted| !walk::is_overlay_mark(&wanted.0) && !inherited.contains(wanted))
    {
        rustix::fs::fsetxattr(to, name.as_slice(), value, XattrFlags::empty())
            .map_err(|errno| failed(entry, "set an extended attribute of", errno))?;
    }
    Ok(())
}
