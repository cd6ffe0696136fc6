//! The system calls that no safe library wraps, and nothing else. Every function here does one call (or one pair) and
//! gives back the kernel's answer; what they are for is said where they are used.
#![expect(unsafe_code, reason = "raw system calls of namespaces, mounts, capabilities and process start")]

use std::ffi::{CStr, CString, c_int, c_long, c_void};
use std::fs::File;
use std::io::Write as _;
use std::os::fd::{AsFd, AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::path::Path;

use nix::errno::Errno;
use nix::sys::signal::{SaFlags, SigAction, SigHandler, SigSet, SigmaskHow};

/// One side of a fork.
pub enum Forked<T> {
    Parent(T),
    Child,
}

/// Whether a memory file may be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Executable {
    No,
    Yes,
}

/// Whether a mount attribute is about files being run.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MountAttributes(u64);

impl MountAttributes {
    pub const READ_ONLY: Self = Self(0x1);
    pub const NO_SETUID: Self = Self(0x2);
    pub const NO_DEVICES: Self = Self(0x4);
    pub const NO_EXECUTION: Self = Self(0x8);

    #[must_use]
    pub const fn and(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }
}

/// What the kernel said: a number, or an errno.
pub fn answer(result: c_long) -> Result<c_long, Errno> {
    if result < 0 { Err(Errno::last()) } else { Ok(result) }
}

/// The same, of a call that makes a descriptor.
pub fn descriptor(result: c_long) -> Result<OwnedFd, Errno> {
    let fd = RawFd::try_from(answer(result)?).map_err(|_| Errno::EBADF)?;
    // SAFETY: the kernel just gave this descriptor to us alone.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

fn text(bytes: &[u8]) -> Result<CString, Errno> {
    CString::new(bytes).map_err(|_| Errno::EINVAL)
}

/// A path as the kernel wants it.
pub fn path(path: &Path) -> Result<CString, Errno> {
    use std::os::unix::ffi::OsStrExt as _;
    text(path.as_os_str().as_bytes())
}

/// Copies this process. Only for processes with one thread, as the launcher and its children are: then everything that
/// is allowed before the fork is allowed after it.
pub fn fork() -> Result<Forked<nix::unistd::Pid>, Errno> {
    // SAFETY: one thread, so no lock can be held by a thread that the child lacks.
    match unsafe { nix::unistd::fork() }? {
        nix::unistd::ForkResult::Parent { child } => Ok(Forked::Parent(child)),
        nix::unistd::ForkResult::Child => Ok(Forked::Child),
    }
}

/// A process that is the first of new namespaces.
pub struct First {
    pub pid: nix::unistd::Pid,
    pub pidfd: OwnedFd,
}

/// Forks into new user, pid, network, IPC and UTS namespaces, and into a cgroup (version 2) where one is given. The
/// mount and cgroup namespaces follow by [`unshare`], once the child is in place.
pub fn fork_apart(flags: c_int, cgroup: Option<BorrowedFd<'_>>) -> Result<Forked<First>, Errno> {
    let mut pidfd: RawFd = -1;
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut arguments: libc::clone_args = unsafe { std::mem::zeroed() };
    arguments.flags = flags.unsigned_abs().into();
    arguments.flags |= libc::CLONE_PIDFD.unsigned_abs() as u64;
    arguments.pidfd = (&raw mut pidfd) as u64;
    arguments.exit_signal = libc::SIGCHLD.unsigned_abs().into();
    if let Some(cgroup) = cgroup {
        arguments.flags |= 0x2_0000_0000; // CLONE_INTO_CGROUP
        arguments.cgroup = cgroup.as_raw_fd().unsigned_abs().into();
    }
    // SAFETY: without CLONE_VM this is a fork; one thread, so the child may go on as after `fork`. The structure and
    // the place for the descriptor outlive the call.
    let pid = answer(unsafe { libc::syscall(libc::SYS_clone3, &raw const arguments, size_of::<libc::clone_args>()) })?;
    if pid == 0 {
        return Ok(Forked::Child);
    }
    let pid = nix::unistd::Pid::from_raw(i32::try_from(pid).map_err(|_| Errno::EOVERFLOW)?);
    // SAFETY: the kernel stored a new descriptor there.
    Ok(Forked::Parent(First { pid, pidfd: unsafe { OwnedFd::from_raw_fd(pidfd) } }))
}

/// Moves this process into new namespaces.
pub fn unshare(flags: c_int) -> Result<(), Errno> {
    // SAFETY: touches no memory of ours.
    answer(unsafe { libc::unshare(flags) }.into()).map(drop)
}

/// Ends this process at once: no destructors, no flushing of buffers that a parent also holds.
pub fn leave(code: i32) -> ! {
    // SAFETY: never returns.
    unsafe { libc::_exit(code) }
}

/// A detached copy of the mount at `path`, alone (what is mounted below it stays away).
pub fn clone_mount(host: &Path) -> Result<OwnedFd, Errno> {
    let host = path(host)?;
    let flags = libc::OPEN_TREE_CLONE | libc::OPEN_TREE_CLOEXEC;
    // SAFETY: the string outlives the call.
    descriptor(unsafe { libc::syscall(libc::SYS_open_tree, libc::AT_FDCWD, host.as_ptr(), flags) })
}

#[repr(C)]
struct MountAttr {
    set: u64,
    clear: u64,
    propagation: u64,
    userns: u64,
}

/// Sets attributes of the mount itself, and makes it private.
pub fn restrict_mount(mount: BorrowedFd<'_>, set: MountAttributes) -> Result<(), Errno> {
    set_mount(mount, &MountAttr { set: set.0, clear: 0, propagation: libc::MS_PRIVATE, userns: 0 })
}

/// Shows the owners of a detached mount as the map of the user namespace `owners` says.
pub fn map_mount(mount: BorrowedFd<'_>, owners: BorrowedFd<'_>) -> Result<(), Errno> {
    const IDMAP: u64 = 0x0010_0000;
    let userns = owners.as_raw_fd().unsigned_abs().into();
    set_mount(mount, &MountAttr { set: IDMAP, clear: 0, propagation: 0, userns })
}

fn set_mount(mount: BorrowedFd<'_>, attributes: &MountAttr) -> Result<(), Errno> {
    // SAFETY: the structure has the layout of `struct mount_attr` and outlives the call.
    answer(unsafe {
        libc::syscall(
            libc::SYS_mount_setattr,
            mount.as_raw_fd(),
            c"".as_ptr(),
            libc::AT_EMPTY_PATH,
            std::ptr::from_ref(attributes),
            size_of::<MountAttr>(),
        )
    })
    .map(drop)
}

/// Attaches a detached mount at the place that `onto` is open at.
pub fn attach(mount: BorrowedFd<'_>, onto: BorrowedFd<'_>) -> Result<(), Errno> {
    const FROM_EMPTY: c_int = 0x4;
    const TO_EMPTY: c_int = 0x40;
    // SAFETY: empty strings of static life.
    answer(unsafe {
        libc::syscall(
            libc::SYS_move_mount,
            mount.as_raw_fd(),
            c"".as_ptr(),
            onto.as_raw_fd(),
            c"".as_ptr(),
            FROM_EMPTY | TO_EMPTY,
        )
    })
    .map(drop)
}

/// Makes a file system of kind `kind` with `options` (no value: a flag), mounted nowhere yet.
pub fn new_mount(kind: &CStr, options: &[(&str, Option<&str>)], attributes: MountAttributes) -> Result<OwnedFd, Errno> {
    const CLOSE_ON_EXEC: c_int = 1;
    const SET_FLAG: c_int = 0;
    const SET_STRING: c_int = 1;
    const CREATE: c_int = 6;
    // SAFETY: a static string.
    let system = descriptor(unsafe { libc::syscall(libc::SYS_fsopen, kind.as_ptr(), CLOSE_ON_EXEC) })?;
    let configure = |command: c_int, key: *const libc::c_char, value: *const libc::c_char| {
        // SAFETY: the callers' strings outlive the call; null is allowed where the command takes no key or value.
        answer(unsafe { libc::syscall(libc::SYS_fsconfig, system.as_raw_fd(), command, key, value, 0) }).map(drop)
    };
    for (key, value) in options {
        let key = text(key.as_bytes())?;
        match value {
            Some(value) => configure(SET_STRING, key.as_ptr(), text(value.as_bytes())?.as_ptr())?,
            None => configure(SET_FLAG, key.as_ptr(), std::ptr::null())?,
        }
    }
    configure(CREATE, std::ptr::null(), std::ptr::null())?;
    // SAFETY: plain numbers.
    descriptor(unsafe { libc::syscall(libc::SYS_fsmount, system.as_raw_fd(), CLOSE_ON_EXEC, attributes.0) })
}

/// Closes every descriptor from `first` on, or up to `last`.
pub fn close_range(first: u32, last: u32) -> Result<(), Errno> {
    if first > last {
        return Ok(());
    }
    // SAFETY: callers own nothing in that range that they use again; that is what they call this for.
    answer(unsafe { libc::syscall(libc::SYS_close_range, first, last, 0) }).map(drop)
}

/// Makes `number` a copy of `fd` that is closed on exec, or, for the standard streams, that stays.
pub fn place(fd: BorrowedFd<'_>, number: RawFd) -> Result<(), Errno> {
    if fd.as_raw_fd() == number {
        // SAFETY: no memory; the descriptor is borrowed.
        return answer(unsafe { libc::fcntl(number, libc::F_SETFD, 0) }.into()).map(drop);
    }
    let flags = if number <= libc::STDERR_FILENO { 0 } else { libc::O_CLOEXEC };
    // SAFETY: no memory. What `number` was before is closed, which callers choose it for.
    answer(unsafe { libc::dup3(fd.as_raw_fd(), number, flags) }.into()).map(drop)
}

/// A copy of `fd` with a number of at least `least`, closed on exec.
pub fn raise(fd: BorrowedFd<'_>, least: RawFd) -> Result<OwnedFd, Errno> {
    // SAFETY: no memory of ours.
    descriptor(unsafe { libc::fcntl(fd.as_raw_fd(), libc::F_DUPFD_CLOEXEC, least) }.into())
}

/// The descriptor of a number that is known to be open.
///
/// Only for the numbers that [`place`] was given in this process.
pub fn placed(number: RawFd) -> BorrowedFd<'static> {
    // SAFETY: `place` made it, and nothing closes it before exec.
    unsafe { BorrowedFd::borrow_raw(number) }
}

/// Takes over the launcher's end of its socket, which was given to it as standard input.
pub fn standard_input() -> OwnedFd {
    // SAFETY: the launcher reads nothing else from standard input, and has one owner of it: this one.
    unsafe { OwnedFd::from_raw_fd(libc::STDIN_FILENO) }
}

/// A memory file with these bytes that nobody can change, grow or shrink.
pub fn sealed(name: &CStr, bytes: &[u8], executable: Executable) -> Result<OwnedFd, Errno> {
    const MFD_EXEC: u32 = 0x10;
    const MFD_NOEXEC_SEAL: u32 = 0x8;
    let base = libc::MFD_CLOEXEC | libc::MFD_ALLOW_SEALING;
    let wanted = if executable == Executable::Yes { MFD_EXEC } else { MFD_NOEXEC_SEAL };
    // SAFETY: a static string.
    let create = |flags: u32| descriptor(unsafe { libc::syscall(libc::SYS_memfd_create, name.as_ptr(), flags) });
    let fd = match create(base | wanted) {
        // Before Linux 6.3 there is no such flag, and every memory file may be executed.
        Err(Errno::EINVAL) => create(base)?,
        other => other?,
    };
    let mut file = File::from(fd);
    file.write_all(bytes).map_err(|error| Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO)))?;
    let seals = libc::F_SEAL_SEAL | libc::F_SEAL_SHRINK | libc::F_SEAL_GROW | libc::F_SEAL_WRITE;
    // SAFETY: plain numbers.
    answer(unsafe { libc::fcntl(file.as_raw_fd(), libc::F_ADD_SEALS, seals) }.into())?;
    Ok(file.into())
}

fn prctl(option: c_int, first: libc::c_ulong, second: libc::c_ulong) -> Result<(), Errno> {
    // SAFETY: none of the options used here takes a pointer.
    answer(unsafe { libc::prctl(option, first, second, 0, 0) }.into()).map(drop)
}

/// This process dies when its parent does.
pub fn die_with_parent() -> Result<(), Errno> {
    prctl(libc::PR_SET_PDEATHSIG, libc::SIGKILL.unsigned_abs().into(), 0)
}

/// No other process of this user may look into this one.
pub fn hide() -> Result<(), Errno> {
    prctl(libc::PR_SET_DUMPABLE, 0, 0)
}

/// The kernel refuses mappings that are writable and executable, and that become executable; also after exec.
pub fn refuse_new_code() -> Result<(), Errno> {
    const PR_SET_MDWE: c_int = 65;
    const REFUSE_EXEC_GAIN: libc::c_ulong = 1;
    prctl(PR_SET_MDWE, REFUSE_EXEC_GAIN, 0)
}

/// Empties the bounding and ambient sets and locks the securebits so that no uid and no file brings a capability back.
pub fn forget_capabilities() -> Result<(), Errno> {
    // NOROOT, NO_SETUID_FIXUP, KEEP_CAPS off, NO_CAP_AMBIENT_RAISE, and the lock of each.
    const SECUREBITS: libc::c_ulong = 0b1110_1111;
    for capability in 0..=63 {
        match prctl(libc::PR_CAPBSET_DROP, capability, 0) {
            Err(Errno::EINVAL) => break,
            other => other?,
        }
    }
    prctl(libc::PR_CAP_AMBIENT, libc::PR_CAP_AMBIENT_CLEAR_ALL as libc::c_ulong, 0)?;
    prctl(libc::PR_SET_SECUREBITS, SECUREBITS, 0)
}

/// Empties the effective, permitted and inheritable sets.
pub fn drop_capabilities() -> Result<(), Errno> {
    #[repr(C)]
    struct Header {
        version: u32,
        pid: c_int,
    }
    const VERSION_3: u32 = 0x2008_0522;
    let header = Header { version: VERSION_3, pid: 0 };
    let none = [0_u32; 6];
    // SAFETY: the header and two triples of 32-bit sets are what version 3 reads.
    answer(unsafe { libc::syscall(libc::SYS_capset, &raw const header, none.as_ptr()) }).map(drop)
}

/// No exec gives this process or its children anything.
pub fn no_new_privileges() -> Result<(), Errno> {
    prctl(libc::PR_SET_NO_NEW_PRIVS, 1, 0)
}

/// Default handling of every signal, and none blocked.
pub fn reset_signals() -> Result<(), Errno> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    for signal in nix::sys::signal::Signal::iterator() {
        if !matches!(signal, nix::sys::signal::SIGKILL | nix::sys::signal::SIGSTOP) {
            // SAFETY: the default handler runs no code of ours.
            unsafe { nix::sys::signal::sigaction(signal, &default) }?;
        }
    }
    nix::sys::signal::sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)
}

/// The kernel reaps this process's children by itself.
pub fn ignore_children() -> Result<(), Errno> {
    let ignore = SigAction::new(SigHandler::SigIgn, SaFlags::empty(), SigSet::empty());
    // SAFETY: ignoring runs no code of ours.
    unsafe { nix::sys::signal::sigaction(nix::sys::signal::SIGCHLD, &ignore) }.map(drop)
}

/// This process waits for its children itself again.
pub fn await_children() -> Result<(), Errno> {
    let default = SigAction::new(SigHandler::SigDfl, SaFlags::empty(), SigSet::empty());
    // SAFETY: the default handler runs no code of ours.
    unsafe { nix::sys::signal::sigaction(nix::sys::signal::SIGCHLD, &default) }.map(drop)
}

/// Same addresses in every run.
pub fn fix_addresses() -> Result<(), Errno> {
    const ADDR_NO_RANDOMIZE: libc::c_ulong = 0x0004_0000;
    // SAFETY: a plain number.
    answer(unsafe { libc::personality(ADDR_NO_RANDOMIZE) }.into()).map(drop)
}

/// Sends SIGKILL to the process of a pidfd. One that has ended already is no error.
pub fn kill(pidfd: BorrowedFd<'_>) -> Result<(), Errno> {
    let none = std::ptr::null::<c_void>();
    // SAFETY: a null `siginfo` is allowed.
    match answer(unsafe { libc::syscall(libc::SYS_pidfd_send_signal, pidfd.as_raw_fd(), libc::SIGKILL, none, 0) }) {
        Err(Errno::ESRCH) => Ok(()),
        other => other.map(drop),
    }
}

/// How a child ended, and the processor time it and the children it waited for took, in microseconds.
#[derive(Debug, Clone, Copy)]
pub struct Reaped {
    pub pid: i32,
    pub status: c_int,
    pub cpu_us: u64,
}

/// Waits for a child, `pid` or any (-1).
pub fn reap(pid: i32) -> Result<Reaped, Errno> {
    let mut status = 0;
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut usage: libc::rusage = unsafe { std::mem::zeroed() };
    // SAFETY: both places outlive the call.
    let pid = answer(unsafe { libc::wait4(pid, &raw mut status, libc::__WALL, &raw mut usage) }.into())?;
    let time = |time: libc::timeval| {
        let (seconds, rest) = (u64::try_from(time.tv_sec).unwrap_or(0), u64::try_from(time.tv_usec).unwrap_or(0));
        seconds.saturating_mul(1_000_000).saturating_add(rest)
    };
    let cpu_us = time(usage.ru_utime).saturating_add(time(usage.ru_stime));
    Ok(Reaped { pid: i32::try_from(pid).map_err(|_| Errno::EOVERFLOW)?, status, cpu_us })
}

/// Brings up the loopback device of this network namespace.
pub fn loopback_up() -> Result<(), Errno> {
    // SAFETY: plain numbers.
    let flags = libc::SOCK_DGRAM | libc::SOCK_CLOEXEC;
    let socket = descriptor(unsafe { libc::socket(libc::AF_INET, flags, 0) }.into())?;
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut request: libc::ifreq = unsafe { std::mem::zeroed() };
    for (place, byte) in request.ifr_name.iter_mut().zip(*b"lo") {
        *place = libc::c_char::try_from(byte).unwrap_or(0);
    }
    request.ifr_ifru.ifru_flags = i16::try_from(libc::IFF_UP | libc::IFF_RUNNING).unwrap_or(0);
    // SAFETY: the structure is the one that this request reads.
    answer(unsafe { libc::ioctl(socket.as_raw_fd(), libc::SIOCSIFFLAGS as _, &raw const request) }.into()).map(drop)
}

/// An eventfd that counts.
pub fn event() -> Result<OwnedFd, Errno> {
    // SAFETY: plain numbers.
    descriptor(unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) }.into())
}

/// The size of a file that is open, in bytes.
pub fn size(fd: impl AsFd) -> Result<u64, Errno> {
    let stat = nix::sys::stat::fstat(fd)?;
    u64::try_from(stat.st_size).map_err(|_| Errno::EINVAL)
}

/// The version of Landlock's interface that the kernel speaks.
pub fn landlock_version() -> Result<i64, Errno> {
    const VERSION: c_int = 1;
    // SAFETY: a null structure of no size is how the version is asked for.
    let version = unsafe { libc::syscall(libc::SYS_landlock_create_ruleset, std::ptr::null::<c_void>(), 0, VERSION) };
    answer(version)
}
