//! A listener for system calls, as of seccomp_unotify(2): the raw calls of both its sides, and nothing else.
//!
//! A call that a filter answers with `SECCOMP_RET_USER_NOTIF` waits until whoever holds the listener lets it go on. What
//! another filter denies never comes here: the strictest answer wins.
#![expect(unsafe_code, reason = "raw system calls and structures of seccomp")]

use std::os::fd::{AsRawFd as _, BorrowedFd, RawFd};

use nix::errno::Errno;
use seccompiler::sock_filter;

use super::sys::{answer, descriptor};

/// A system call that waits.
pub struct Call {
    /// Never used again.
    pub id: u64,
    /// The thread that made it, by the number that the reader knows it by.
    pub thread: i32,
    /// `AUDIT_ARCH_*` of its number.
    pub machine: u32,
    pub number: u32,
    pub arguments: [u64; 6],
}

/// Puts `filter` over this process and all it starts, and sends its listener with `message` through `socket`.
///
/// From the filter on, a call of this process may wait for the other side, which has no listener yet. So nothing is
/// called between the two but `sendmsg`, and `filter` must allow that one.
pub fn hand_over(filter: &[sock_filter], socket: BorrowedFd<'_>, message: &[u8]) -> Result<(), Errno> {
    const FD_BYTES: u32 = size_of::<RawFd>() as u32;
    let program = libc::sock_fprog {
        len: u16::try_from(filter.len()).map_err(|_| Errno::EINVAL)?,
        filter: filter.as_ptr().cast_mut().cast(),
    };
    // Room for a header and one descriptor, aligned as a header is.
    let mut room = [0_u64; 4];
    let mut bytes = libc::iovec { iov_base: message.as_ptr().cast_mut().cast(), iov_len: message.len() };
    // SAFETY: all-zero is a valid value of this plain structure.
    let mut letter: libc::msghdr = unsafe { std::mem::zeroed() };
    letter.msg_iov = &raw mut bytes;
    letter.msg_iovlen = 1;
    letter.msg_control = room.as_mut_ptr().cast();
    // SAFETY: plain arithmetic, which the room above is large enough for.
    letter.msg_controllen = unsafe { libc::CMSG_SPACE(FD_BYTES) } as _;
    // SAFETY: the control bytes are there, so the first header is, and its data is inside the room.
    let place = unsafe {
        let header = libc::CMSG_FIRSTHDR(&raw const letter);
        (*header).cmsg_level = libc::SOL_SOCKET;
        (*header).cmsg_type = libc::SCM_RIGHTS;
        (*header).cmsg_len = libc::CMSG_LEN(FD_BYTES) as _;
        libc::CMSG_DATA(header).cast::<RawFd>()
    };
    let flags = libc::SECCOMP_FILTER_FLAG_NEW_LISTENER | libc::SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV;
    let (mode, program) = (libc::SECCOMP_SET_MODE_FILTER, &raw const program);
    // SAFETY: the program and its instructions outlive the call; the two kinds of instruction have one layout.
    let listener = descriptor(unsafe { libc::syscall(libc::SYS_seccomp, mode, flags, program) })?;
    // SAFETY: inside the room, as above; what it points to outlives the call.
    let sent = unsafe {
        place.write_unaligned(listener.as_raw_fd());
        libc::sendmsg(socket.as_raw_fd(), &raw const letter, libc::MSG_NOSIGNAL)
    };
    answer(sent as _).map(drop)
}

/// Says that one thread serves this listener, so that the kernel changes between it and the caller at once.
///
/// # Errors
/// `ENOSYS`: this kernel's structures are larger than those known here.
pub fn prepare(listener: BorrowedFd<'_>) -> Result<(), Errno> {
    const SYNC_WAKE_UP: u64 = 1;
    let mut sizes = libc::seccomp_notif_sizes { seccomp_notif: 0, seccomp_notif_resp: 0, seccomp_data: 0 };
    // SAFETY: the structure is the one that this operation fills.
    answer(unsafe { libc::syscall(libc::SYS_seccomp, libc::SECCOMP_GET_NOTIF_SIZES, 0, &raw mut sizes) })?;
    let known = (size_of::<libc::seccomp_notif>(), size_of::<libc::seccomp_notif_resp>());
    if usize::from(sizes.seccomp_notif) > known.0 || usize::from(sizes.seccomp_notif_resp) > known.1 {
        return Err(Errno::ENOSYS);
    }
    // SAFETY: the flags are a number, not a pointer.
    answer(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SET_FLAGS, SYNC_WAKE_UP) } as _)
        .map(drop)
}

/// Takes the next call that waits, or waits for one.
///
/// # Errors
/// `ENOENT`: it went away meanwhile, or everybody under the filter did.
pub fn receive(listener: BorrowedFd<'_>) -> Result<Call, Errno> {
    // SAFETY: all-zero is a valid value of this plain structure, and the one that the kernel wants.
    let mut waits: libc::seccomp_notif = unsafe { std::mem::zeroed() };
    // SAFETY: the structure is as large as this kernel's, which `prepare` saw to.
    answer(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_RECV, &raw mut waits) } as _)?;
    Ok(Call {
        id: waits.id,
        thread: waits.pid.cast_signed(),
        machine: waits.data.arch,
        number: waits.data.nr.cast_unsigned(),
        arguments: waits.data.args,
    })
}

/// Lets a call go on as if nobody had listened.
///
/// # Errors
/// `ENOENT`: whoever made it is gone, and it is not made.
pub fn go_on(listener: BorrowedFd<'_>, id: u64) -> Result<(), Errno> {
    let flags = libc::SECCOMP_USER_NOTIF_FLAG_CONTINUE as u32;
    let mut reply = libc::seccomp_notif_resp { id, val: 0, error: 0, flags };
    // SAFETY: the structure is the one that this request reads.
    answer(unsafe { libc::ioctl(listener.as_raw_fd(), libc::SECCOMP_IOCTL_NOTIF_SEND, &raw mut reply) } as _).map(drop)
}
