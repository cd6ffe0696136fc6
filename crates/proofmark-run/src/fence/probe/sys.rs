//! Raw system calls for the probe: no library between the act and the kernel, and no allocation.

#![expect(unsafe_code, reason = "the acts are system calls that no safe library offers, on purpose")]

use std::ffi::{CStr, c_long};

/// What the kernel answered: its result, or the errno.
pub(super) type Answer = Result<c_long, i32>;

/// One argument of a system call. Memory that the kernel reads or writes is always a borrowed slice; a `Word` is never
/// an address that the call writes to.
pub(super) enum Arg<'a> {
    Word(c_long),
    Text(&'a CStr),
    Bytes(&'a [u8]),
    Out(&'a mut [u8]),
}

/// Makes the system call `number`. Missing arguments are 0.
///
/// Every call in this module's siblings passes lengths that are those of the slices beside them; that is what makes
/// this safe.
pub(super) fn attempt<const N: usize>(number: c_long, args: [Arg<'_>; N]) -> Answer {
    const { assert!(N <= 6, "a system call has at most six arguments") };
    let mut words: [c_long; 6] = [0; 6];
    for (word, arg) in words.iter_mut().zip(args) {
        *word = match arg {
            Arg::Word(value) => value,
            Arg::Text(text) => text.as_ptr() as c_long,
            Arg::Bytes(bytes) => bytes.as_ptr() as c_long,
            Arg::Out(bytes) => bytes.as_mut_ptr() as c_long,
        };
    }
    let [a, b, c, d, e, f] = words;
    // SAFETY: the slices outlive the call, and the kernel writes only to those given as `Out`.
    let result = unsafe { libc::syscall(number, a, b, c, d, e, f) };
    if result == -1 { Err(errno()) } else { Ok(result) }
}

fn errno() -> i32 {
    // SAFETY: the address is this thread's errno, always valid.
    unsafe { *libc::__errno_location() }
}

/// Closes a descriptor that an act was given.
pub(super) fn close(descriptor: c_long) {
    let _ = attempt(libc::SYS_close, [Arg::Word(descriptor)]);
}

/// Asks the kernel for a process made with `flags` as `clone(2)` takes them; a child that appears ends at once and is
/// reaped.
pub(super) fn clone(flags: c_long) -> Answer {
    let child = attempt(libc::SYS_clone, [Arg::Word(flags | c_long::from(libc::SIGCHLD))])?;
    if child == 0 {
        // SAFETY: ends this process without running anything else of it.
        unsafe { libc::_exit(0) }
    }
    let _ = attempt(libc::SYS_wait4, [Arg::Word(child)]);
    Ok(child)
}

/// The same through `clone3(2)`, whose flags are in memory.
pub(super) fn clone3(arguments: &[u8]) -> Answer {
    let length = c_long::try_from(arguments.len()).unwrap_or_default();
    let child = attempt(libc::SYS_clone3, [Arg::Bytes(arguments), Arg::Word(length)])?;
    if child == 0 {
        // SAFETY: ends this process without running anything else of it.
        unsafe { libc::_exit(0) }
    }
    // It sends no signal when it ends, so only this flag finds it.
    let _ =
        attempt(libc::SYS_wait4, [Arg::Word(child), Arg::Word(0), Arg::Word(c_long::from(libc::__WALL)), Arg::Word(0)]);
    Ok(child)
}

/// A page mapped for an act, unmapped when dropped.
pub(super) struct Page {
    address: c_long,
}

/// Bytes in a page that an act maps; smaller than a real page is rounded up by the kernel.
const PAGE_BYTES: c_long = 4096;

impl Page {
    /// Maps a page with `protection`: of the file `descriptor`, or of nothing where it is -1.
    pub(super) fn map(protection: i32, sharing: i32, descriptor: c_long) -> Result<Self, i32> {
        let anonymous = if descriptor < 0 { libc::MAP_ANONYMOUS } else { 0 };
        let address = attempt(
            libc::SYS_mmap,
            [
                Arg::Word(0),
                Arg::Word(PAGE_BYTES),
                Arg::Word(c_long::from(protection)),
                Arg::Word(c_long::from(sharing | anonymous)),
                Arg::Word(descriptor),
                Arg::Word(0),
            ],
        )?;
        Ok(Self { address })
    }

    /// Changes the page's protection; nobody else uses the page.
    pub(super) fn protect(&self, protection: i32) -> Answer {
        let protection = Arg::Word(c_long::from(protection));
        attempt(libc::SYS_mprotect, [Arg::Word(self.address), Arg::Word(PAGE_BYTES), protection])
    }

    /// The same through `pkey_mprotect`, which a filter may have forgotten.
    pub(super) fn protect_with_key(&self, protection: i32) -> Answer {
        let protection = Arg::Word(c_long::from(protection));
        attempt(libc::SYS_pkey_mprotect, [Arg::Word(self.address), Arg::Word(PAGE_BYTES), protection, Arg::Word(-1)])
    }
}

impl Drop for Page {
    fn drop(&mut self) {
        let _ = attempt(libc::SYS_munmap, [Arg::Word(self.address), Arg::Word(PAGE_BYTES)]);
    }
}

/// Attaches a System V memory segment with `flags` and detaches it at once.
pub(super) fn attach_segment(segment: c_long, flags: i32) -> Answer {
    let address = attempt(libc::SYS_shmat, [Arg::Word(segment), Arg::Word(0), Arg::Word(c_long::from(flags))])?;
    let _ = attempt(libc::SYS_shmdt, [Arg::Word(address)]);
    Ok(0)
}

/// An `iovec` of one part: where, and how many bytes.
pub(super) fn one_part(address: usize, bytes: usize) -> [u8; 16] {
    let mut part = [0; 16];
    let (base, length) = part.split_at_mut(8);
    base.copy_from_slice(&address.to_ne_bytes());
    length.copy_from_slice(&bytes.to_ne_bytes());
    part
}

/// The name of an errno as the manual writes it.
pub(super) fn errno_name(errno: i32) -> String {
    let name = match errno {
        libc::EPERM => "EPERM",
        libc::ENOENT => "ENOENT",
        libc::ESRCH => "ESRCH",
        libc::EIO => "EIO",
        libc::ENXIO => "ENXIO",
        libc::EBADF => "EBADF",
        libc::ECHILD => "ECHILD",
        libc::EAGAIN => "EAGAIN",
        libc::ENOMEM => "ENOMEM",
        libc::EACCES => "EACCES",
        libc::EFAULT => "EFAULT",
        libc::EBUSY => "EBUSY",
        libc::EEXIST => "EEXIST",
        libc::EXDEV => "EXDEV",
        libc::ENODEV => "ENODEV",
        libc::ENOTDIR => "ENOTDIR",
        libc::EISDIR => "EISDIR",
        libc::EINVAL => "EINVAL",
        libc::EMFILE => "EMFILE",
        libc::ENOTTY => "ENOTTY",
        libc::ENOSPC => "ENOSPC",
        libc::EROFS => "EROFS",
        libc::ENOEXEC => "ENOEXEC",
        libc::ENOSYS => "ENOSYS",
        libc::ELOOP => "ELOOP",
        libc::EUSERS => "EUSERS",
        libc::ESTALE => "ESTALE",
        libc::EOPNOTSUPP => "EOPNOTSUPP",
        libc::EPROTOTYPE => "EPROTOTYPE",
        libc::EPROTONOSUPPORT => "EPROTONOSUPPORT",
        libc::ESOCKTNOSUPPORT => "ESOCKTNOSUPPORT",
        libc::EAFNOSUPPORT => "EAFNOSUPPORT",
        libc::EADDRNOTAVAIL => "EADDRNOTAVAIL",
        libc::ENETDOWN => "ENETDOWN",
        libc::ENETUNREACH => "ENETUNREACH",
        libc::EHOSTUNREACH => "EHOSTUNREACH",
        libc::ECONNREFUSED => "ECONNREFUSED",
        libc::EINPROGRESS => "EINPROGRESS",
        libc::EALREADY => "EALREADY",
        libc::EDQUOT => "EDQUOT",
        libc::ENOKEY => "ENOKEY",
        other => return format!("errno {other}"),
    };
    name.to_owned()
}
