//! The stage: a directory beside a tree that holds an overlay's upper layer, the new tree, and later the old one.
//!
//! It is made and owned by this process, and locked while somebody works on it. Only `upper` and `work` belong to the tree's
//! owner, who may be somebody else if this process is root.

use std::ffi::OsStr;
use std::fs::File;
use std::ops::Deref;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, CWD, FlockOperation, Gid, Mode, OFlags, StatxAttributes, Uid};
use rustix::io::Errno;

use super::journal::{Journal, write_file};
use super::{EffectError, Effects, Phase, build, failed, upper};
use crate::tree::walk::{self, Access, Cache};
use crate::tree::{self, Limits, Manifest, TreePath, path};

/// What the names of stages begin with.
const PREFIX: &str = ".proofmark-stage-";
const UPPER: &str = "upper";
const WORK: &str = "work";
/// The new tree before the exchange, the old one after it.
pub(super) const OTHER: &str = "other";
const BEFORE: &str = "before.json";
const AFTER: &str = "after.json";
const WRITTEN: &str = "written.json";
/// All that may lie in a stage, in the order of its removal.
pub(super) const FILES: [&str; 3] = [BEFORE, AFTER, WRITTEN];
pub(super) const TREES: [&str; 3] = [OTHER, UPPER, WORK];

/// A stage, locked for as long as this value lives.
#[derive(Debug)]
pub struct Stage {
    directory: PathBuf,
    pub(super) parent: OwnedFd,
    pub(super) fd: Locked,
    pub(super) journal: Journal,
    /// Digests of the files in the upper layer, if this process scanned it.
    pub(super) known: Cache,
}

impl Stage {
    /// Makes a stage for the directory `base`, beside it, and reads the tree as it is before the run.
    ///
    /// Refuses a tree that a commit could not exchange: a mount point, one whose parent can't be written, one with
    /// entries that this user may not link.
    pub fn new(base: &Path, limits: &Limits) -> Result<(Self, Manifest), EffectError> {
        let (place, name) = locate(base)?;
        let parent = open_place(&place)?;
        let root = open_base(parent.as_fd(), &name, &place)?;
        let before = tree::read_from(&root, limits)?;
        let top = before.entries().first().ok_or_else(|| EffectError::Journal("the tree has no root".into()))?;
        preflight(&parent, &root, &before, &shown(&place, &name))?;
        let journal =
            Journal::new(TreePath::from_bytes(&name).map_err(|error| EffectError::Journal(error.to_string()))?);
        let stage = Self::make(place, parent, journal)?;
        let made = stage.fill(&root, top);
        match made {
            Ok(()) => Ok((stage, before)),
            Err(error) => {
                // The first error is the one to tell; what is left is found by `leftovers`.
                let _ = stage.discard();
                Err(error)
            }
        }
    }

    fn make(place: PathBuf, parent: OwnedFd, journal: Journal) -> Result<Self, EffectError> {
        loop {
            let mut random = [0_u8; 8];
            getrandom::fill(&mut random)
                .map_err(|error| EffectError::Journal(format!("no randomness for its name: {error}")))?;
            let name = format!("{PREFIX}{:016x}", u64::from_be_bytes(random));
            match rustix::fs::mkdirat(&parent, &name, Mode::RWXU) {
                Ok(()) => {
                    let fd = walk::open_directory_at(parent.as_fd(), name.as_bytes())
                        .map_err(|errno| failed(&name, "open", errno))?;
                    let fd = Locked::new(fd, &name)?;
                    let stage = Self { directory: place.join(name), parent, fd, journal, known: Cache::across_trees() };
                    stage.journal.write(stage.fd.as_fd())?;
                    return Ok(stage);
                }
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(failed(&name, "make", errno)),
            }
        }
    }

    /// Makes the upper layer, which shows itself as the root of the merged tree, and the overlay's work directory.
    fn fill(&self, root: &File, top: &tree::Entry) -> Result<(), EffectError> {
        let own = rustix::process::geteuid().as_raw() == top.uid;
        // A stranger who is the tree's owner must reach the two directories by name, and nothing else.
        let mode = if own { 0o700 } else { 0o711 };
        rustix::fs::fchmod(&self.fd, Mode::from_raw_mode(mode))
            .map_err(|errno| failed("stage", "set the mode of", errno))?;
        for name in [WORK, UPPER] {
            let wrong = |errno| failed(name, "make", errno);
            rustix::fs::mkdirat(&self.fd, name, Mode::RWXU).map_err(wrong)?;
            let made = walk::open_directory_at(self.fd.as_fd(), name.as_bytes()).map_err(wrong)?;
            if name == UPPER {
                build::copy_attributes(top, root.as_fd(), made.as_fd())?;
                build::dress(made.as_fd(), top).map_err(wrong)?;
            } else {
                let (user, group) = (Uid::from_raw(top.uid), Gid::from_raw(top.gid));
                rustix::fs::fchown(&made, Some(user), Some(group)).map_err(wrong)?;
            }
        }
        Ok(())
    }

    /// Opens a stage that is there. One that a crash left halfway must be given to [`super::recover`] first.
    pub fn open(directory: &Path) -> Result<Self, EffectError> {
        let stage = Self::open_any(directory)?
            .ok_or_else(|| EffectError::Journal(format!("`{}` has no journal", shown_path(directory))))?;
        match stage.journal.phase {
            Phase::Building | Phase::Ready | Phase::Undoing | Phase::Dropping => {
                Err(EffectError::Phase { is: stage.journal.phase, needs: "recovered first" })
            }
            Phase::Open | Phase::Scanned | Phase::Committed | Phase::Undone => Ok(stage),
        }
    }

    /// Opens a stage in whatever state; none if it has no journal.
    pub(super) fn open_any(directory: &Path) -> Result<Option<Self>, EffectError> {
        let (place, name) = locate(directory)?;
        let shown = shown(&place, &name);
        if !name.starts_with(PREFIX.as_bytes()) {
            return Err(EffectError::Journal(format!("`{shown}` is not called `{PREFIX}…`")));
        }
        let parent = open_place(&place)?;
        let fd = walk::open_directory_at(parent.as_fd(), &name).map_err(|errno| failed(&name, "open", errno))?;
        let found = walk::state(fd.as_fd(), b"").map_err(|errno| failed(&name, "look at", errno))?;
        if found.stx_uid != rustix::process::geteuid().as_raw() {
            return Err(EffectError::Journal(format!("`{shown}` belongs to somebody else")));
        }
        let fd = Locked::new(fd, &shown)?;
        let directory = place.join(OsStr::from_bytes(&name));
        Ok(Journal::read(fd.as_fd())?.map(|journal| Self {
            directory,
            parent,
            fd,
            journal,
            known: Cache::across_trees(),
        }))
    }

    /// Where the stage is.
    #[must_use]
    pub fn directory(&self) -> &Path {
        &self.directory
    }

    /// The tree that is staged: the overlay's lower layer.
    #[must_use]
    pub fn base(&self) -> PathBuf {
        self.directory.with_file_name(OsStr::from_bytes(self.journal.base_name()))
    }

    /// The overlay's upper layer.
    #[must_use]
    pub fn upper(&self) -> PathBuf {
        self.directory.join(UPPER)
    }

    /// The overlay's work directory.
    #[must_use]
    pub fn work(&self) -> PathBuf {
        self.directory.join(WORK)
    }

    /// Where the stage stands.
    #[must_use]
    pub fn phase(&self) -> Phase {
        self.journal.phase
    }

    /// Reads what a run wrote, after its mount and its processes are gone, and stores it in the stage.
    ///
    /// `before` is the manifest that [`Self::new`] gave. `limits` hold for the upper layer. Modes inside it are opened up
    /// where they would keep us out; the effects say what they were.
    pub fn scan(&mut self, before: Manifest, limits: &Limits) -> Result<Effects, EffectError> {
        self.needs(&[Phase::Open], "open")?;
        let raws = walk::walk_at(self.fd.as_fd(), UPPER.as_bytes(), limits, Access::Forced, &self.known)?;
        let effects = upper::merge(before, raws)?;
        let written = serde_json::to_vec(&effects.written).map_err(|error| EffectError::Journal(error.to_string()))?;
        let (before, after) = (effects.before.to_json()?, effects.after.to_json()?);
        // On the disk with the rest of the stage when a commit syncs it; lost with a power cut before, the digests tell.
        for (name, bytes) in [(BEFORE, &before), (AFTER, &after), (WRITTEN, &written)] {
            write_file(self.fd.as_fd(), name, bytes)?;
        }
        let digest = proofmark_mark::digest::Digest::of;
        // What is refused is not stored: a stage with refused entries can only be dropped.
        if effects.refused.is_empty() {
            let journal = Journal { manifests: Some((digest(&before), digest(&after))), ..self.journal.clone() };
            self.enter(journal.at(Phase::Scanned))?;
        }
        Ok(effects)
    }

    /// The effects that [`Self::scan`] stored.
    pub fn effects(&self, limits: &Limits) -> Result<Effects, EffectError> {
        let (before, after) = self.manifests(limits)?;
        let written = self.written(&after)?;
        let diff = super::Diff::between(&before, &after);
        Ok(Effects { before, after, diff, refused: Vec::new(), written })
    }

    /// For each entry of `after`, whether it lies in the upper layer.
    pub(super) fn written(&self, after: &Manifest) -> Result<Vec<bool>, EffectError> {
        let written: Vec<bool> =
            serde_json::from_slice(&self.read(WRITTEN)?).map_err(|error| EffectError::Journal(error.to_string()))?;
        if written.len() == after.entries().len() {
            Ok(written)
        } else {
            Err(EffectError::Journal("its list of written entries has another length".into()))
        }
    }

    /// The manifests before and after, held against the digests in the journal.
    pub(super) fn manifests(&self, limits: &Limits) -> Result<(Manifest, Manifest), EffectError> {
        let Some(digests) = self.journal.manifests else {
            return Err(EffectError::Phase { is: self.journal.phase, needs: "scanned" });
        };
        let read = |name, digest| {
            let text = self.read(name)?;
            if proofmark_mark::digest::Digest::of(&text) != digest {
                return Err(EffectError::Journal(format!("`{name}` is not the one that its journal names")));
            }
            Ok(Manifest::from_json(&text, limits)?)
        };
        Ok((read(BEFORE, digests.0)?, read(AFTER, digests.1)?))
    }

    fn read(&self, name: &'static str) -> Result<Vec<u8>, EffectError> {
        let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK;
        let fd =
            rustix::fs::openat(&self.fd, name, flags, Mode::empty()).map_err(|errno| failed(name, "open", errno))?;
        let mut text = Vec::new();
        std::io::Read::read_to_end(&mut File::from(fd), &mut text).map_err(|source| EffectError::Io {
            path: name.into(),
            doing: "read",
            source,
        })?;
        Ok(text)
    }

    pub(super) fn enter(&mut self, journal: Journal) -> Result<(), EffectError> {
        journal.write(self.fd.as_fd())?;
        self.journal = journal;
        Ok(())
    }

    pub(super) fn needs(&self, phases: &[Phase], needs: &'static str) -> Result<(), EffectError> {
        if phases.contains(&self.journal.phase) {
            Ok(())
        } else {
            Err(EffectError::Phase { is: self.journal.phase, needs })
        }
    }

    /// The tree, open and locked.
    pub(super) fn open_base(&self) -> Result<Locked, EffectError> {
        let place = self.directory.parent().unwrap_or(Path::new("/"));
        let base = open_base(self.parent.as_fd(), self.journal.base_name(), place)?;
        Locked::new(base, &shown(place, self.journal.base_name()))
    }

    pub(super) fn open_upper(&self) -> Result<OwnedFd, EffectError> {
        walk::open_directory_at(self.fd.as_fd(), UPPER.as_bytes()).map_err(|errno| failed(UPPER, "open", errno))
    }
}

/// The stages that lie beside `base`, whoever left them; [`super::recover`] tells what each is.
pub fn leftovers(base: &Path) -> Result<Vec<PathBuf>, EffectError> {
    let (place, _) = locate(base)?;
    let parent = open_place(&place)?;
    let names = super::remove::list(parent.as_fd()).map_err(|errno| failed(shown_path(&place), "list", errno))?;
    let stages = names.into_iter().filter(|name| name.starts_with(PREFIX.as_bytes()));
    let mut paths: Vec<PathBuf> = stages.map(|name| place.join(OsStr::from_bytes(&name))).collect();
    paths.sort();
    Ok(paths)
}

/// The directory that a path's last name is in, without links, and that name.
fn locate(path: &Path) -> Result<(PathBuf, Vec<u8>), EffectError> {
    let cannot = |why| EffectError::Base { path: shown_path(path), why };
    let name = path.file_name().ok_or_else(|| cannot("it has no name of its own; name the directory itself"))?;
    let place = match path.parent() {
        Some(parent) if !parent.as_os_str().is_empty() => parent,
        _ => Path::new("."),
    };
    let place =
        place.canonicalize().map_err(|source| EffectError::Io { path: shown_path(place), doing: "find", source })?;
    Ok((place, name.as_bytes().to_vec()))
}

fn open_place(place: &Path) -> Result<OwnedFd, EffectError> {
    walk::open_directory_at(CWD, place.as_os_str().as_bytes()).map_err(|errno| failed(shown_path(place), "open", errno))
}

fn open_base(parent: BorrowedFd<'_>, name: &[u8], place: &Path) -> Result<File, EffectError> {
    walk::open_directory_at(parent, name).map(File::from).map_err(|errno| match errno {
        Errno::LOOP | Errno::NOTDIR => {
            EffectError::Base { path: shown(place, name), why: "it is not a directory; name the directory itself" }
        }
        errno => failed(shown(place, name), "open", errno),
    })
}

/// Refuses what a commit could not do, before a run costs anything.
fn preflight(parent: &OwnedFd, root: &File, before: &Manifest, path: &str) -> Result<(), EffectError> {
    let refuse = |why| Err(EffectError::Base { path: path.to_owned(), why });
    let found = walk::state(root.as_fd(), b"").map_err(|errno| failed(path, "look at", errno))?;
    if found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
        return refuse("it is a mount point, which can't be exchanged; grant a directory inside it");
    }
    if found.stx_attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND) {
        return refuse("it is immutable or append-only (see chattr)");
    }
    match rustix::fs::accessat(
        parent,
        ".",
        rustix::fs::Access::WRITE_OK | rustix::fs::Access::EXEC_OK,
        AtFlags::EACCESS,
    ) {
        Ok(()) => {}
        Err(_) => return refuse("the directory it is in can't be written, and the stage and the exchange need that"),
    }
    let user = rustix::process::geteuid();
    if user.is_root() {
        return Ok(());
    }
    if u32::from(found.stx_mode) & 0o300 != 0o300 {
        return refuse("its own mode forbids writing, so it can't be exchanged; give its owner `wx`");
    }
    match before.entries().iter().find(|entry| entry.uid != user.as_raw()) {
        Some(entry) => Err(EffectError::Keep {
            path: entry.path.clone(),
            why: "it belongs to somebody else, whose files can't be linked or owned by a new tree",
        }),
        None => Ok(()),
    }
}

/// A directory that nobody else works on while this value lives.
#[derive(Debug)]
pub(super) struct Locked(File);

impl Locked {
    fn new(fd: impl Into<File>, path: &str) -> Result<Self, EffectError> {
        let file = fd.into();
        match rustix::fs::flock(&file, FlockOperation::NonBlockingLockExclusive) {
            Ok(()) => Ok(Self(file)),
            Err(Errno::WOULDBLOCK) => Err(EffectError::Busy(path.to_owned())),
            Err(errno) => Err(failed(path, "lock", errno)),
        }
    }
}

impl Deref for Locked {
    type Target = File;

    fn deref(&self) -> &File {
        &self.0
    }
}

impl AsFd for Locked {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl Drop for Locked {
    fn drop(&mut self) {
        // Not left to the closing of the descriptor: a process that another thread starts holds a copy until it executes.
        let _ = rustix::fs::flock(&self.0, FlockOperation::Unlock);
    }
}

fn shown_path(path: &Path) -> String {
    path::escape(path.as_os_str().as_bytes())
}

fn shown(place: &Path, name: &[u8]) -> String {
    shown_path(&place.join(OsStr::from_bytes(name)))
}
