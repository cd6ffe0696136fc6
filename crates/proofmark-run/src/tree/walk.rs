//! Walks a directory tree with threads: every entry's state, every file's digest, nothing followed, nothing crossed.
//!
//! Work is a stack of tasks: a directory to list or a batch of files to hash. Taking the newest task first keeps the number
//! of open descriptors near depth times threads. Only [`Access::Forced`] writes: it opens up modes in a tree that is ours.

use std::collections::{HashMap, HashSet};
use std::fs::File;
use std::io::{self, Read as _};
use std::mem::MaybeUninit;
use std::num::NonZeroUsize;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use proofmark_mark::digest::Digest;
use rustix::fs::{AtFlags, CWD, FileType, Mode, OFlags, RawDir, Statx, StatxAttributes, StatxFlags};
use rustix::io::Errno;
use sha2::{Digest as _, Sha256};

use super::{Limits, Time, TreeError, TreePath, nothing};

/// Whether entries that can't be opened are an error, or may have their mode changed to open them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Access {
    /// Nothing is changed.
    AsIs,
    /// Directories get `u+rwx` and keep it; files get `u+r` while they are opened. What is reported is the mode before.
    Forced,
}

/// What an entry is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Node {
    File { sha256: Digest },
    Directory,
    Symlink { target: Vec<u8> },
    Device { character: Option<(u32, u32)> },
    Fifo,
    Socket,
}

/// Name and value of an extended attribute.
pub(crate) type Attribute = (Vec<u8>, Vec<u8>);

/// An entry as the kernel shows it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Raw {
    pub path: TreePath,
    pub node: Node,
    pub size: u64,
    pub mode: u32,
    pub uid: u32,
    pub gid: u32,
    pub modified: Time,
    pub changed: Time,
    pub dev: (u32, u32),
    pub ino: u64,
    pub links: u32,
    /// Immutable or append-only.
    pub fixed: bool,
    /// Extended attributes by name, without the label of SELinux (the system sets it).
    pub attributes: Vec<Attribute>,
}

/// An inode in one state.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Identity {
    dev: (u32, u32),
    ino: u64,
    size: u64,
    modified: Time,
    changed: Time,
}

/// Digests of inodes that were read already.
#[derive(Debug, Default)]
pub(crate) struct Cache {
    known: Mutex<HashMap<Identity, Digest>>,
    /// Keep every file, not only those with several names.
    all: bool,
}

impl Cache {
    /// A cache for walks of trees that share inodes.
    pub(crate) fn across_trees() -> Self {
        Self { known: Mutex::default(), all: true }
    }

    fn find(&self, identity: &Identity) -> Option<Digest> {
        lock(&self.known).get(identity).copied()
    }

    /// Carries a digest over from one state of an inode to another that differs only in what the caller just did to it:
    /// another name, mode or mark, which move the time of status change. Not if size or time of modification differ.
    pub(crate) fn carry(&self, before: &Statx, after: &Statx) {
        let (before, after) = (identity_of(before), identity_of(after));
        if (Identity { changed: after.changed, ..before.clone() }) == after
            && let Some(sha256) = self.find(&before)
        {
            lock(&self.known).insert(after, sha256);
        }
    }
}

/// Whether an extended attribute is one that overlayfs reads or writes itself.
pub(crate) fn is_overlay_mark(name: &[u8]) -> bool {
    name.starts_with(b"user.overlay.") || name.starts_with(b"trusted.overlay.")
}

/// Opens a directory, never through a symbolic link in the last name.
pub(crate) fn open_root(path: &Path) -> Result<File, TreeError> {
    // A trailing slash would make the kernel follow a link in spite of O_NOFOLLOW.
    let path: PathBuf = path.components().collect();
    open_directory_at(CWD, path.as_os_str().as_encoded_bytes())
        .map(File::from)
        .map_err(|errno| failed(&TreePath::root(), "open the directory", errno))
}

/// Opens the directory `name` in `parent` itself, never what a link there points to.
pub(crate) fn open_directory_at(parent: BorrowedFd<'_>, name: &[u8]) -> Result<OwnedFd, Errno> {
    open_quietly(parent, name, OFlags::DIRECTORY)
}

/// Opens for reading without a trace in the time of access, where the kernel lets us.
fn open_quietly(parent: BorrowedFd<'_>, name: &[u8], more: OFlags) -> Result<OwnedFd, Errno> {
    let flags = OFlags::RDONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC | OFlags::NONBLOCK | OFlags::NOCTTY | more;
    match rustix::fs::openat(parent, name, flags | OFlags::NOATIME, Mode::empty()) {
        Err(Errno::PERM) => rustix::fs::openat(parent, name, flags, Mode::empty()),
        opened => opened,
    }
}

/// The error of a system call on an entry.
pub(crate) fn failed(path: &TreePath, doing: &'static str, errno: Errno) -> TreeError {
    TreeError::Io { path: path.clone(), doing, source: io::Error::from(errno) }
}

/// The state of `name` in `parent`, or of `parent` itself if `name` is empty.
pub(crate) fn state(parent: BorrowedFd<'_>, name: &[u8]) -> Result<Statx, Errno> {
    let flags = AtFlags::SYMLINK_NOFOLLOW | AtFlags::NO_AUTOMOUNT;
    let flags = if name.is_empty() { flags | AtFlags::EMPTY_PATH } else { flags };
    rustix::fs::statx(parent, name, flags, StatxFlags::BASIC_STATS)
}

/// Adds mode bits to the entry itself, through a descriptor, and returns the mode before.
pub(crate) fn add_mode(parent: BorrowedFd<'_>, name: &[u8], bits: u32) -> Result<u32, Errno> {
    let fd = rustix::fs::openat(parent, name, OFlags::PATH | OFlags::NOFOLLOW | OFlags::CLOEXEC, Mode::empty())?;
    let found = state(fd.as_fd(), b"")?;
    let mode = u32::from(found.stx_mode) & 0o7777;
    if FileType::from_raw_mode(u32::from(found.stx_mode)) == FileType::Symlink {
        return Err(Errno::LOOP);
    }
    if mode & bits != bits {
        // fchmod refuses O_PATH descriptors; their name under /proc leads to this very inode.
        rustix::fs::chmod(format!("/proc/self/fd/{}", fd.as_raw_fd()), Mode::from_raw_mode(mode | bits))?;
    }
    Ok(mode)
}

fn time(stamp: rustix::fs::StatxTimestamp) -> Time {
    Time { seconds: stamp.tv_sec, nanoseconds: stamp.tv_nsec }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A panicked thread ends the whole walk in its scope; the data is not used again.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

enum Task {
    Directory { parent: Arc<OwnedFd>, name: Vec<u8>, raw: Raw, depth: u64 },
    Files { directory: Arc<OwnedFd>, files: Vec<(Vec<u8>, Raw)> },
}

struct Walk<'a> {
    limits: &'a Limits,
    access: Access,
    cache: &'a Cache,
    forcing: bool,
    /// The stack of tasks, and how many tasks are being done.
    tasks: Mutex<(Vec<Task>, usize)>,
    more: Condvar,
    stop: AtomicBool,
    error: Mutex<Option<TreeError>>,
    entries: AtomicU64,
    content: AtomicU64,
    names: AtomicU64,
    counted: Mutex<HashSet<((u32, u32), u64)>>,
    found: Mutex<Vec<Raw>>,
}

/// Every entry of the tree whose root is the directory `root`, in canonical order.
pub(crate) fn walk(
    root: BorrowedFd<'_>,
    limits: &Limits,
    access: Access,
    cache: &Cache,
) -> Result<Vec<Raw>, TreeError> {
    walk_at(root, b".", limits, access, cache)
}

/// Like [`walk`], of the directory `name` in `parent`.
pub(crate) fn walk_at(
    parent: BorrowedFd<'_>,
    name: &[u8],
    limits: &Limits,
    access: Access,
    cache: &Cache,
) -> Result<Vec<Raw>, TreeError> {
    let path = TreePath::root();
    let found = state(parent, name).map_err(|errno| failed(&path, "look at", errno))?;
    if !found.stx_attributes_mask.contains(StatxAttributes::MOUNT_ROOT) {
        return Err(failed(&path, "tell mount points (Linux 5.8 can) in", Errno::NOSYS));
    }
    let parent = parent.try_clone_to_owned().map_err(|source| TreeError::Io { path, doing: "open", source })?;
    let walk = Walk {
        limits,
        access,
        cache,
        forcing: access == Access::Forced && !rustix::process::geteuid().is_root(),
        tasks: Mutex::default(),
        more: Condvar::new(),
        stop: AtomicBool::new(false),
        error: Mutex::default(),
        entries: AtomicU64::new(1),
        content: AtomicU64::new(0),
        names: AtomicU64::new(0),
        counted: Mutex::default(),
        found: Mutex::default(),
    };
    let raw = raw(TreePath::root(), Node::Directory, &found);
    lock(&walk.tasks).0.push(Task::Directory { parent: Arc::new(parent), name: name.to_vec(), raw, depth: 0 });
    let cores = std::thread::available_parallelism().map_or(1, NonZeroUsize::get).min(4);
    match limits.threads.map_or(cores, NonZeroUsize::get) {
        1 => walk.work(),
        threads => std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| walk.work());
            }
        }),
    }
    if let Some(error) = lock(&walk.error).take() {
        return Err(error);
    }
    let mut raws = std::mem::take(&mut *lock(&walk.found));
    raws.sort_unstable_by(|a, b| a.path.cmp(&b.path));
    Ok(raws)
}

fn raw(path: TreePath, node: Node, found: &Statx) -> Raw {
    Raw {
        path,
        node,
        size: found.stx_size,
        mode: u32::from(found.stx_mode) & 0o7777,
        uid: found.stx_uid,
        gid: found.stx_gid,
        modified: time(found.stx_mtime),
        changed: time(found.stx_ctime),
        dev: (found.stx_dev_major, found.stx_dev_minor),
        ino: found.stx_ino,
        links: found.stx_nlink,
        fixed: found.stx_attributes.intersects(StatxAttributes::IMMUTABLE | StatxAttributes::APPEND),
        attributes: Vec::new(),
    }
}

impl Walk<'_> {
    fn work(&self) {
        let mut buffer = vec![0; 1 << 17];
        let mut mine = Vec::new();
        while let Some(task) = self.next() {
            if let Err(error) = self.run(task, &mut buffer, &mut mine) {
                self.stop.store(true, Ordering::Relaxed);
                lock(&self.error).get_or_insert(error);
            }
            let mut tasks = lock(&self.tasks);
            tasks.1 = tasks.1.saturating_sub(1);
            self.more.notify_all();
        }
        lock(&self.found).append(&mut mine);
    }

    fn next(&self) -> Option<Task> {
        let mut tasks = lock(&self.tasks);
        loop {
            if self.stop.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(task) = tasks.0.pop() {
                tasks.1 = tasks.1.saturating_add(1);
                return Some(task);
            }
            if tasks.1 == 0 {
                return None;
            }
            tasks = self.more.wait(tasks).unwrap_or_else(PoisonError::into_inner);
        }
    }

    fn push(&self, task: Task) {
        lock(&self.tasks).0.push(task);
        self.more.notify_one();
    }

    fn run(&self, task: Task, buffer: &mut [u8], mine: &mut Vec<Raw>) -> Result<(), TreeError> {
        match task {
            Task::Directory { parent, name, raw, depth } => self.directory(&parent, &name, raw, depth, mine),
            Task::Files { directory, files } => {
                for (name, raw) in files {
                    if self.stop.load(Ordering::Relaxed) {
                        break;
                    }
                    mine.push(self.file(&directory, &name, raw, buffer)?);
                }
                Ok(())
            }
        }
    }

    fn directory(
        &self,
        parent: &OwnedFd,
        name: &[u8],
        mut raw: Raw,
        depth: u64,
        mine: &mut Vec<Raw>,
    ) -> Result<(), TreeError> {
        if self.forcing {
            add_mode(parent.as_fd(), name, 0o700).map_err(|errno| failed(&raw.path, "open up", errno))?;
        }
        let fd =
            open_directory_at(parent.as_fd(), name).map_err(|errno| failed(&raw.path, "open the directory", errno))?;
        let before = state(fd.as_fd(), b"").map_err(|errno| failed(&raw.path, "look at", errno))?;
        if before.stx_ino != raw.ino || (before.stx_dev_major, before.stx_dev_minor) != raw.dev {
            return Err(TreeError::Changed { path: raw.path });
        }
        raw.attributes = self.attributes(Attributes::Open(fd.as_fd()), &raw.path)?;
        let names = self.list(fd.as_fd(), &raw.path)?;
        if !names.is_empty() && depth >= self.limits.depth {
            return Err(TreeError::Limit { what: "levels", limit: self.limits.depth, path: raw.path });
        }
        let fd = Arc::new(fd);
        let (mut files, mut batched) = (Vec::new(), 0_u64);
        let mut batches = Vec::new();
        for name in names {
            let entry = self.look(&fd, &name, raw.path.join(&name))?;
            match entry.node {
                Node::Directory => {
                    let depth = depth.saturating_add(1);
                    self.push(Task::Directory { parent: Arc::clone(&fd), name, raw: entry, depth });
                }
                Node::File { .. } => {
                    batched = batched.saturating_add(entry.size);
                    files.push((name, entry));
                    if files.len() >= 32 || batched > 1 << 22 {
                        batched = 0;
                        batches.push(std::mem::take(&mut files));
                    }
                }
                _ => mine.push(entry),
            }
        }
        batches.push(files);
        for files in batches.into_iter().filter(|files| !files.is_empty()) {
            self.push(Task::Files { directory: Arc::clone(&fd), files });
        }
        let after = state(fd.as_fd(), b"").map_err(|errno| failed(&raw.path, "look at", errno))?;
        if time(after.stx_mtime) != time(before.stx_mtime) || time(after.stx_ctime) != time(before.stx_ctime) {
            return Err(TreeError::Changed { path: raw.path });
        }
        mine.push(raw);
        Ok(())
    }

    /// The names in a directory, counted against the limits while they come.
    fn list(&self, fd: BorrowedFd<'_>, path: &TreePath) -> Result<Vec<Vec<u8>>, TreeError> {
        let mut buffer = [MaybeUninit::uninit(); 1 << 15];
        let mut entries = RawDir::new(fd, &mut buffer);
        let mut names = Vec::new();
        while let Some(entry) = entries.next() {
            let entry = entry.map_err(|errno| failed(path, "list", errno))?;
            let name = entry.file_name().to_bytes();
            if name == b"." || name == b".." {
                continue;
            }
            self.count("entries", &self.entries, self.limits.entries, 1, path)?;
            self.count_names(path.as_bytes().len().saturating_add(name.len()), path)?;
            names.push(name.to_vec());
        }
        Ok(names)
    }

    fn count(
        &self,
        what: &'static str,
        counter: &AtomicU64,
        limit: u64,
        more: u64,
        path: &TreePath,
    ) -> Result<(), TreeError> {
        let sum = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |sum| Some(sum.saturating_add(more)));
        if sum.unwrap_or(u64::MAX).saturating_add(more) > limit {
            return Err(TreeError::Limit { what, limit, path: path.clone() });
        }
        Ok(())
    }

    fn count_names(&self, bytes: usize, path: &TreePath) -> Result<(), TreeError> {
        let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
        self.count("bytes of names", &self.names, self.limits.name_bytes, bytes, path)
    }

    /// The state of one entry, without a file's digest and without what only an open descriptor shows.
    fn look(&self, parent: &OwnedFd, name: &[u8], path: TreePath) -> Result<Raw, TreeError> {
        let found = match state(parent.as_fd(), name) {
            Ok(found) => found,
            Err(Errno::NOENT) => return Err(TreeError::Changed { path }),
            Err(errno) => return Err(failed(&path, "look at", errno)),
        };
        if found.stx_attributes.contains(StatxAttributes::MOUNT_ROOT) {
            return Err(TreeError::Mount { path });
        }
        let node = match FileType::from_raw_mode(u32::from(found.stx_mode)) {
            FileType::RegularFile => Node::File { sha256: nothing() },
            FileType::Directory => Node::Directory,
            FileType::Symlink => Node::Symlink { target: self.target(parent, name, &path)? },
            FileType::CharacterDevice => Node::Device { character: Some((found.stx_rdev_major, found.stx_rdev_minor)) },
            FileType::Fifo => Node::Fifo,
            FileType::Socket => Node::Socket,
            _ => Node::Device { character: None },
        };
        let mut raw = raw(path, node, &found);
        if let Node::Symlink { target } = &raw.node {
            raw.size = u64::try_from(target.len()).unwrap_or(u64::MAX);
            raw.attributes = self.attributes(Attributes::Named(parent.as_fd(), name), &raw.path)?;
        }
        Ok(raw)
    }

    fn target(&self, parent: &OwnedFd, name: &[u8], path: &TreePath) -> Result<Vec<u8>, TreeError> {
        let target = match rustix::fs::readlinkat(parent, name, Vec::new()) {
            Ok(target) => target.into_bytes(),
            Err(Errno::INVAL | Errno::NOENT) => return Err(TreeError::Changed { path: path.clone() }),
            Err(errno) => return Err(failed(path, "read the link", errno)),
        };
        self.count_names(target.len(), path)?;
        Ok(target)
    }

    /// A file's extended attributes and digest; the file must be the same before and after.
    fn file(&self, parent: &OwnedFd, name: &[u8], mut raw: Raw, buffer: &mut [u8]) -> Result<Raw, TreeError> {
        if raw.links == 1 || lock(&self.counted).insert((raw.dev, raw.ino)) {
            self.count("bytes of content", &self.content, self.limits.content_bytes, raw.size, &raw.path)?;
        }
        let opened = match open_quietly(parent.as_fd(), name, OFlags::empty()) {
            Err(Errno::ACCESS) if self.access == Access::Forced => add_mode(parent.as_fd(), name, 0o400)
                .and_then(|_| open_quietly(parent.as_fd(), name, OFlags::empty()))
                .map(|fd| (fd, true)),
            opened => opened.map(|fd| (fd, false)),
        };
        let (fd, forced) = match opened {
            Ok(opened) => opened,
            Err(Errno::NOENT | Errno::LOOP) => return Err(TreeError::Changed { path: raw.path }),
            Err(errno) => return Err(failed(&raw.path, "open", errno)),
        };
        // No right of the descriptor: the mode decides again at this call.
        raw.attributes = self.attributes(Attributes::Open(fd.as_fd()), &raw.path)?;
        if forced {
            raw.changed = restore(&fd, raw.mode).map_err(|errno| failed(&raw.path, "close", errno))?;
        }
        let identity =
            Identity { dev: raw.dev, ino: raw.ino, size: raw.size, modified: raw.modified, changed: raw.changed };
        let unchanged = |fd: BorrowedFd<'_>, raw: &Raw| match state(fd, b"") {
            Ok(now) if identity == identity_of(&now) => Ok(()),
            Ok(_) => Err(TreeError::Changed { path: raw.path.clone() }),
            Err(errno) => Err(failed(&raw.path, "look at", errno)),
        };
        let sha256 = match self.cache.find(&identity) {
            Some(sha256) => {
                unchanged(fd.as_fd(), &raw)?;
                sha256
            }
            None => {
                let mut file = File::from(fd);
                let sha256 = hash(&mut file, &raw, buffer)?;
                unchanged(file.as_fd(), &raw)?;
                if self.cache.all || raw.links > 1 {
                    lock(&self.cache.known).insert(identity, sha256);
                }
                sha256
            }
        };
        raw.node = Node::File { sha256 };
        Ok(raw)
    }

    fn attributes(&self, of: Attributes<'_>, path: &TreePath) -> Result<Vec<Attribute>, TreeError> {
        let attributes = of.read().map_err(|errno| failed(path, "read the extended attributes of", errno))?;
        for (name, value) in &attributes {
            self.count_names(name.len().saturating_add(value.len()), path)?;
        }
        Ok(attributes)
    }
}

/// Gives a file that was forced open its mode again, and returns the time of that change.
fn restore(fd: &OwnedFd, mode: u32) -> Result<Time, Errno> {
    rustix::fs::fchmod(fd, Mode::from_raw_mode(mode))?;
    state(fd.as_fd(), b"").map(|found| time(found.stx_ctime))
}

fn identity_of(found: &Statx) -> Identity {
    Identity {
        dev: (found.stx_dev_major, found.stx_dev_minor),
        ino: found.stx_ino,
        size: found.stx_size,
        modified: time(found.stx_mtime),
        changed: time(found.stx_ctime),
    }
}

/// The digest of a file that must have exactly the size seen before.
fn hash(file: &mut File, raw: &Raw, buffer: &mut [u8]) -> Result<Digest, TreeError> {
    let (mut hasher, mut left) = (Sha256::new(), raw.size);
    // A file that grew is found by its state afterwards, so nothing is read beyond the size seen before.
    while left > 0 {
        let count = match file.read(buffer) {
            Ok(0) => return Err(TreeError::Changed { path: raw.path.clone() }),
            Ok(count) => count,
            Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
            Err(source) => return Err(TreeError::Io { path: raw.path.clone(), doing: "read", source }),
        };
        hasher.update(buffer.get(..count).unwrap_or_default());
        left = left.saturating_sub(u64::try_from(count).unwrap_or(u64::MAX));
    }
    Ok(Digest(hasher.finalize().into()))
}

/// Where extended attributes are read from.
pub(crate) enum Attributes<'a> {
    /// An open file or directory.
    Open(BorrowedFd<'a>),
    /// A name in a directory, itself and not what it points to.
    Named(BorrowedFd<'a>, &'a [u8]),
}

impl Attributes<'_> {
    /// All of them that this process may see, by name, without the label of SELinux.
    pub(crate) fn read(&self) -> Result<Vec<Attribute>, Errno> {
        let mut small = [0_u8; 1 << 10];
        let mut large = Vec::new();
        let list = match self.list(&mut small) {
            Ok(0) | Err(Errno::OPNOTSUPP) => return Ok(Vec::new()),
            Ok(length) => small.get(..length),
            Err(Errno::RANGE) => {
                // The kernel's own limit on a list of names (XATTR_LIST_MAX).
                large.resize(1 << 16, 0);
                let length = self.list(&mut large)?;
                large.get(..length)
            }
            Err(errno) => return Err(errno),
        };
        let mut attributes = Vec::new();
        let names = list.unwrap_or_default().split(|byte| *byte == 0);
        for name in names.filter(|name| !name.is_empty() && *name != b"security.selinux") {
            attributes.push((name.to_vec(), self.value(name)?));
        }
        attributes.sort();
        Ok(attributes)
    }

    fn named(directory: BorrowedFd<'_>, name: &[u8]) -> Vec<u8> {
        // Reached through the directory's descriptor; the l-calls don't follow the last name.
        [format!("/proc/self/fd/{}/", directory.as_raw_fd()).as_bytes(), name].concat()
    }

    fn list(&self, buffer: &mut [u8]) -> Result<usize, Errno> {
        match self {
            Self::Open(fd) => rustix::fs::flistxattr(fd, buffer),
            Self::Named(directory, name) => rustix::fs::llistxattr(Self::named(*directory, name), buffer),
        }
    }

    fn value(&self, attribute: &[u8]) -> Result<Vec<u8>, Errno> {
        let read = |buffer: &mut [u8]| match self {
            Self::Open(fd) => rustix::fs::fgetxattr(fd, attribute, buffer),
            Self::Named(directory, name) => rustix::fs::lgetxattr(Self::named(*directory, name), attribute, buffer),
        };
        let mut small = [0; 256];
        match read(&mut small) {
            Err(Errno::RANGE) => {}
            done => return done.map(|length| small.get(..length).unwrap_or_default().to_vec()),
        }
        // The kernel's own limit on a value (XATTR_SIZE_MAX).
        let mut value = vec![0; 1 << 16];
        let length = read(&mut value)?;
        value.truncate(length);
        value.shrink_to_fit();
        Ok(value)
    }
}
