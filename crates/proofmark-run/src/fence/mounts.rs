//! The root of a fence: a fresh file system in memory that holds what the plan names and nothing else.
//!
//! [`gather`] copies the host's mounts with the rights of whoever starts fences, so a root launcher can grant a path that
//! the payload's owner could not reach. [`leave`] and [`fill`] run in the new namespaces as the owner: out of the host's
//! root, then the copies in. The last step is into a folder of the new root, because the kernel gives no user
//! namespace to a process that was changed into a sub-directory: a second answer beside the system call filter.

use std::ffi::OsStr;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd, RawFd};
use std::path::{Component, Path};

use nix::errno::Errno;
use nix::fcntl::{OFlag, openat};
use nix::mount::{MntFlags, MsFlags, mount, umount2};
use nix::sys::stat::{Mode, SFlag, fstat, mkdirat};

use super::error::{Fault, Layer, Within as _};
use super::plan::{Mount, Owner, Plan, Runs};
use super::sys::{self, Forked, MountAttributes};

/// The folder of the new root that becomes `/`.
const INSIDE: &str = "inside";
/// Room for folders and mount points; no payload writes there.
const ROOT_OPTIONS: [(&str, Option<&str>); 3] =
    [("size", Some("1m")), ("nr_inodes", Some("1k")), ("mode", Some("0555"))];

const LOCKED: MountAttributes = MountAttributes::NO_SETUID.and(MountAttributes::NO_DEVICES);
/// A device, which `NO_DEVICES` would keep from being opened.
const LOCKED_DEVICE: MountAttributes =
    MountAttributes::READ_ONLY.and(MountAttributes::NO_SETUID).and(MountAttributes::NO_EXECUTION);
const LOCKED_DATA: MountAttributes = LOCKED.and(MountAttributes::NO_EXECUTION);

/// A mount of the plan, with what was gathered for it.
enum Piece<'a> {
    Bind { mount: OwnedFd, guest: &'a Path },
    Stage { lower: OwnedFd, top: OwnedFd, upper: String, work: String, guest: &'a Path },
    Scratch { guest: &'a Path, bytes: u64, entries: u64 },
}

impl Piece<'_> {
    fn guest(&self) -> &Path {
        match self {
            Self::Bind { guest, .. } | Self::Stage { guest, .. } | Self::Scratch { guest, .. } => guest,
        }
    }
}

/// Copies every mount that the plan takes from the host, already restricted, in the plan's order: one of each bind, and
/// of a staged tree the lower folder and the one that holds the upper. A staged tree's owner is shown as `shown`, if that
/// is given, which only root may do.
pub fn gather(plan: &Plan, shown: Option<Owner>) -> Result<Vec<OwnedFd>, Fault> {
    let mut mounts = Vec::new();
    for mount in &plan.mounts {
        match mount {
            Mount::Read { host, run, .. } => {
                let attributes = if *run == Runs::Yes { LOCKED } else { LOCKED_DATA };
                mounts.push(copy(host, attributes.and(MountAttributes::READ_ONLY))?);
            }
            Mount::Null => mounts.push(copy(Path::new("/dev/null"), LOCKED_DEVICE)?),
            Mount::Stage { lower, upper, .. } => {
                let mount = copy(lower, LOCKED_DATA.and(MountAttributes::READ_ONLY))?;
                if let Some(shown) = shown {
                    show_as(&mount, lower, shown)?;
                }
                mounts.push(mount);
                mounts.push(copy(upper.parent().unwrap_or(Path::new("/")), LOCKED_DATA)?);
            }
            Mount::Scratch { .. } => {}
        }
    }
    Ok(mounts)
}

/// Shows the owner of a tree as `shown`: so root can stage a tree of anyone's (also its own) for a payload that acts as
/// nobody. What others own in it stays closed.
fn show_as(mount: &OwnedFd, lower: &Path, shown: Owner) -> Result<(), Fault> {
    let step = || format!("idmap `{}`", lower.display());
    let stat = fstat(mount).within(Layer::Root, step())?;
    if (stat.st_uid, stat.st_gid) == (shown.uid, shown.gid) {
        return Ok(());
    }
    let owners = owners((stat.st_uid, shown.uid), (stat.st_gid, shown.gid)).within(Layer::Root, step())?;
    sys::map_mount(mount.as_fd(), owners.as_fd()).within(Layer::Root, step())
}

/// A user namespace whose map shows one user and one group as others. A process is needed to make it, for a moment.
fn owners(user: (u32, u32), group: (u32, u32)) -> std::io::Result<OwnedFd> {
    let Forked::Parent(holder) = sys::fork_apart(libc::CLONE_NEWUSER, None)? else {
        // Until it is killed.
        nix::unistd::pause();
        sys::leave(0)
    };
    let folder = Path::new("/proc").join(holder.pid.to_string());
    let map = || {
        std::fs::write(folder.join("uid_map"), format!("{} {} 1", user.0, user.1))?;
        std::fs::write(folder.join("gid_map"), format!("{} {} 1", group.0, group.1))?;
        std::fs::File::open(folder.join("ns/user"))
    };
    let opened = map();
    sys::kill(holder.pidfd.as_fd())?;
    sys::reap(holder.pid.as_raw())?;
    Ok(opened?.into())
}

/// Puts the plan's mounts and what was gathered for them together.
fn pieces(plan: &Plan, gathered: Vec<OwnedFd>) -> Result<Vec<Piece<'_>>, Fault> {
    let mut gathered = gathered.into_iter();
    let mut next = || gathered.next().ok_or(Errno::EBADMSG).within(Layer::Root, "hand over mounts");
    let mut pieces = Vec::new();
    for mount in &plan.mounts {
        let guest = mount.guest();
        pieces.push(match mount {
            Mount::Read { .. } | Mount::Null => Piece::Bind { mount: next()?, guest },
            Mount::Stage { upper, work, .. } => {
                Piece::Stage { lower: next()?, top: next()?, upper: name(upper)?, work: name(work)?, guest }
            }
            Mount::Scratch { bytes, entries, .. } => Piece::Scratch { guest, bytes: *bytes, entries: *entries },
        });
    }
    // A place inside another mount's comes after it.
    pieces.sort_by(|left, right| left.guest().cmp(right.guest()));
    Ok(pieces)
}

fn name(path: &Path) -> Result<String, Fault> {
    let name = path.file_name().and_then(OsStr::to_str).map(str::to_owned);
    name.ok_or_else(|| Fault::new(Layer::Root, format!("name `{}`", path.display()), Errno::EINVAL))
}

fn copy(host: &Path, attributes: MountAttributes) -> Result<OwnedFd, Fault> {
    let mount = sys::clone_mount(host).within(Layer::Root, format!("clone the mount of `{}`", host.display()))?;
    sys::restrict_mount(mount.as_fd(), attributes).within(Layer::Root, format!("restrict `{}`", host.display()))?;
    Ok(mount)
}

/// The new root, as long as it is being filled.
pub struct Root {
    root: OwnedFd,
    inside: OwnedFd,
}

impl Root {
    /// The same, with descriptors of at least `least`.
    pub fn above(self, least: RawFd) -> Result<Self, Errno> {
        Ok(Self { root: sys::raise(self.root.as_fd(), least)?, inside: sys::raise(self.inside.as_fd(), least)? })
    }
}

/// What becomes of the host's root.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Old {
    Detached,
    /// Stays at `/host`, as if leaving it had failed: for tests of the other layers.
    #[cfg(feature = "weaken")]
    Kept,
}

/// Leaves the host's root for an empty one. This process must own its mount namespace and be its mapped user.
pub fn leave(old_root: Old) -> Result<Root, Fault> {
    let step = |what: &'static str| move |errno| Fault::new(Layer::Root, what, errno);
    let none = None::<&str>;
    mount(none, "/", none, MsFlags::MS_REC | MsFlags::MS_PRIVATE, none).map_err(step("make mounts private"))?;
    let root = sys::new_mount(c"tmpfs", &ROOT_OPTIONS, LOCKED_DATA).map_err(step("make a `tmpfs` for the root"))?;
    let old = nix::fcntl::open("/", OFlag::O_PATH | OFlag::O_CLOEXEC, Mode::empty()).map_err(step("open `/`"))?;
    sys::attach(root.as_fd(), old.as_fd()).map_err(step("attach the root"))?;
    nix::unistd::fchdir(&root).map_err(step("enter the root"))?;
    let inside = folder(root.as_fd(), INSIDE).map_err(step("make a folder for the root"))?;
    match old_root {
        Old::Detached => {
            // Old over new; detaching takes the upper one away, and nothing of the host is left.
            nix::unistd::pivot_root(".", ".").map_err(step("pivot to the new root"))?;
            umount2(".", MntFlags::MNT_DETACH).map_err(step("detach the old root"))?;
        }
        #[cfg(feature = "weaken")]
        Old::Kept => {
            folder(inside.as_fd(), "host").map_err(step("make a place for the old root"))?;
            nix::unistd::pivot_root(".", "inside/host").map_err(step("pivot to the new root"))?;
        }
    }
    Ok(Root { root, inside })
}

/// Attaches what the plan grants, locks the root and steps into it.
pub fn fill(root: Root, plan: &Plan, gathered: Vec<OwnedFd>) -> Result<(), Fault> {
    let step = |what: &'static str| move |errno| Fault::new(Layer::Root, what, errno);
    let Root { root, inside } = root;
    let device = fstat(&root).map_err(step("look at the root"))?.st_dev;
    for (index, piece) in pieces(plan, gathered)?.iter().enumerate() {
        let named = |what: &str| format!("{what} `{}`", piece.guest().display());
        let directory = match piece {
            Piece::Bind { mount, .. } => is_directory(mount).within(Layer::Root, named("look at"))?,
            _ => true,
        };
        let place =
            place(inside.as_fd(), piece.guest(), directory, device).within(Layer::Root, named("make a place for"))?;
        match piece {
            Piece::Bind { mount, .. } => sys::attach(mount.as_fd(), place.as_fd()),
            Piece::Stage { lower, top, upper, work, .. } => stage(root.as_fd(), index, lower, top, (upper, work))
                .and_then(|overlay| sys::attach(overlay.as_fd(), place.as_fd())),
            Piece::Scratch { bytes, entries, .. } => {
                scratch(*bytes, *entries).and_then(|made| sys::attach(made.as_fd(), place.as_fd()))
            }
        }
        .within(Layer::Root, named("mount"))?;
    }
    sys::restrict_mount(root.as_fd(), LOCKED_DATA.and(MountAttributes::READ_ONLY)).map_err(step("lock the root"))?;
    nix::unistd::fchdir(&inside).and_then(|()| nix::unistd::chroot(".")).map_err(step("step into the new root"))
}

fn is_directory(mount: &OwnedFd) -> Result<bool, Errno> {
    Ok(SFlag::from_bits_truncate(fstat(mount)?.st_mode) & SFlag::S_IFMT == SFlag::S_IFDIR)
}

/// Opens a folder of `parent`, made if it is missing. Never through a symbolic link.
fn folder(parent: BorrowedFd<'_>, name: impl AsRef<OsStr>) -> Result<OwnedFd, Errno> {
    match mkdirat(parent, name.as_ref(), Mode::from_bits_truncate(0o555)) {
        Ok(()) | Err(Errno::EEXIST) => open_folder(parent, name),
        Err(errno) => Err(errno),
    }
}

fn open_folder(parent: BorrowedFd<'_>, name: impl AsRef<OsStr>) -> Result<OwnedFd, Errno> {
    let flags = OFlag::O_PATH | OFlag::O_DIRECTORY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
    openat(parent, name.as_ref(), flags, Mode::empty())
}

/// Opens the place of a mount, made where it is missing. Only the root itself gets new folders: a mount inside another
/// one must find its place there, or making it would be a write that nobody asked for.
fn place(inside: BorrowedFd<'_>, guest: &Path, directory: bool, device: u64) -> Result<OwnedFd, Errno> {
    let mut names: Vec<&OsStr> = Vec::new();
    for part in guest.components() {
        match part {
            Component::Normal(name) => names.push(name),
            Component::RootDir => {}
            _ => return Err(Errno::EINVAL),
        }
    }
    let last = if directory { None } else { names.pop() };
    let mut here = inside.try_clone_to_owned().map_err(|_| Errno::EMFILE)?;
    for name in names {
        let ours = fstat(&here)?.st_dev == device;
        here = if ours { folder(here.as_fd(), name)? } else { open_folder(here.as_fd(), name)? };
    }
    let Some(last) = last else { return Ok(here) };
    if fstat(&here)?.st_dev == device {
        let flags = OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_WRONLY | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC;
        drop(openat(&here, last, flags, Mode::from_bits_truncate(0o444))?);
    }
    openat(&here, last, OFlag::O_PATH | OFlag::O_NOFOLLOW | OFlag::O_CLOEXEC, Mode::empty())
}

fn scratch(bytes: u64, entries: u64) -> Result<OwnedFd, Errno> {
    // The kernel counts the file system's own root as an entry.
    let (bytes, entries) = (bytes.to_string(), entries.saturating_add(1).to_string());
    let options = [("size", Some(bytes.as_str())), ("nr_inodes", Some(entries.as_str())), ("mode", Some("0700"))];
    sys::new_mount(c"tmpfs", &options, LOCKED_DATA)
}

/// An overlay over `lower`. Its layers are attached beside the folder that becomes `/`, where no path leads to later;
/// the overlay holds copies of its own, so they are let go at once.
fn stage(
    root: BorrowedFd<'_>,
    index: usize,
    lower: &OwnedFd,
    top: &OwnedFd,
    (upper, work): (&str, &str),
) -> Result<OwnedFd, Errno> {
    let (below, above) = (format!("lower{index}"), format!("top{index}"));
    for (name, layer) in [(&below, lower), (&above, top)] {
        let place = folder(root, name.as_str())?;
        sys::attach(layer.as_fd(), place.as_fd())?;
    }
    let (upper, work) = (format!("{above}/{upper}"), format!("{above}/{work}"));
    let options = [
        ("lowerdir", Some(below.as_str())),
        ("upperdir", Some(upper.as_str())),
        ("workdir", Some(work.as_str())),
        // Marks in `user.*` attributes: the trusted ones can't be written from a user namespace.
        ("userxattr", None),
    ];
    let overlay = sys::new_mount(c"overlay", &options, LOCKED_DATA)?;
    umount2(below.as_str(), MntFlags::MNT_DETACH)?;
    umount2(above.as_str(), MntFlags::MNT_DETACH)?;
    Ok(overlay)
}
