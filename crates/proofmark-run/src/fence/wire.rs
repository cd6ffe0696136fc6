//! What crosses the launcher's socket: messages that keep their bounds, with descriptors beside them. An order's plan
//! travels in a sealed memory file, so its size is no matter of socket buffers.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::{IoSlice, IoSliceMut};
use std::os::fd::{AsRawFd as _, BorrowedFd, FromRawFd as _, OwnedFd, RawFd};
use std::os::unix::fs::FileExt as _;

use nix::errno::Errno;
use nix::sys::socket::{ControlMessage, ControlMessageOwned, MsgFlags, recvmsg, sendmsg};
use serde::{Deserialize, Serialize};

use super::error::Fault;
use super::plan::Plan;
use super::probe::Probe;
use super::sys;

/// The largest plan, in bytes of JSON.
pub const PLAN_BYTES_MAX: u64 = 4 << 20;
/// The largest answer, in bytes of JSON.
const ANSWER_BYTES_MAX: usize = 128 << 10;
/// Most descriptors in one message.
const FDS_MAX: usize = 160;

/// Asks for one fence. Its descriptors: the plan, the socket for answers, standard input, output and error, then the
/// program if the payload is one.
#[derive(Debug, Serialize, Deserialize)]
pub struct Order {
    pub plan: Plan,
    pub start: Start,
}

/// When the payload starts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Start {
    AtOnce,
    /// After the probe's report was read and [`Order`]'s sender says so.
    OnWord,
}

/// What the launcher's side says about one fence, in this order: `Set` (with the pidfd and the listeners), `Running`,
/// `Ended`; or `Refused` at any point before the payload runs.
#[derive(Debug, Serialize, Deserialize)]
pub enum Answer {
    /// Only between the first process and its keeper: the listeners are with it.
    Listening,
    /// Only between the same two: the listener for system calls is with it.
    Reporting,
    Set(Probe),
    Running,
    Refused(Fault),
    Ended(Exit),
}

/// How a fence ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Exit {
    pub how: How,
    /// Processor time of all its processes that were waited for, in microseconds.
    pub cpu_us: u64,
    /// The most memory it held, in bytes. `None` where the controller does not tell.
    pub memory_peak_bytes: Option<u64>,
    /// The most processes and threads it had, our own first process included. `None` where the controller does not tell.
    pub processes_peak: Option<u64>,
    /// Which limits it ran into.
    pub limits_hit: Vec<Hit>,
    /// The system calls that the payload and its children made, if the plan has them counted. Empty otherwise.
    pub calls: Calls,
}

/// How often which system call was made, by the numbers of this machine.
pub type Calls = BTreeMap<u32, u64>;
/// Stands in [`Calls`] for every number that no call has, and for those of other machines.
pub const OTHER_CALLS: u32 = u32::MAX;

/// The end of the payload itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum How {
    Code(u8),
    Signal(i32),
    /// The whole fence was killed: by [`super::Fenced::kill`], by a memory limit, or because its owner went away.
    Killed,
}

/// A limit that a fence ran into.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Hit {
    /// The fence was killed for its memory.
    Memory,
    /// A process or thread was refused.
    Processes,
    /// A process used up its processor time.
    Cpu,
    /// A process wrote a file beyond its size.
    FileSize,
}

fn io(error: &std::io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))
}

impl std::fmt::Display for Hit {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Memory => "memory",
            Self::Processes => "processes",
            Self::Cpu => "processor time",
            Self::FileSize => "file size",
        })
    }
}

/// Puts an order's JSON into a sealed memory file.
pub fn pack(order: &Order) -> Result<OwnedFd, Errno> {
    let json = serde_json::to_vec(order).map_err(|_| Errno::EINVAL)?;
    sys::sealed(c"order", &json, sys::Executable::No)
}

/// Reads an order back. Its descriptor may be read again.
pub fn unpack(fd: BorrowedFd<'_>) -> Result<Order, Errno> {
    let size = sys::size(fd)?;
    if size > PLAN_BYTES_MAX {
        return Err(Errno::EFBIG);
    }
    let mut json = vec![0; usize::try_from(size).map_err(|_| Errno::EFBIG)?];
    let file = File::from(fd.try_clone_to_owned().map_err(|error| io(&error))?);
    file.read_exact_at(&mut json, 0).map_err(|error| io(&error))?;
    serde_json::from_slice(&json).map_err(|_| Errno::EBADMSG)
}

/// Sends one message.
pub fn send(socket: BorrowedFd<'_>, bytes: &[u8], fds: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    let raw: Vec<RawFd> = fds.iter().map(|fd| fd.as_raw_fd()).collect();
    let rights = [ControlMessage::ScmRights(&raw)];
    let rights: &[ControlMessage<'_>] = if raw.is_empty() { &[] } else { &rights };
    loop {
        let sent = sendmsg::<()>(socket.as_raw_fd(), &[IoSlice::new(bytes)], rights, MsgFlags::MSG_NOSIGNAL, None);
        match sent {
            Err(Errno::EINTR) => {}
            other => return other.map(drop),
        }
    }
}

/// Bytes and the descriptors beside them.
pub type Message = (Vec<u8>, Vec<OwnedFd>);

/// Receives one message; `None` when the other side is gone.
pub fn receive(socket: BorrowedFd<'_>) -> Result<Option<Message>, Errno> {
    let mut bytes = vec![0; ANSWER_BYTES_MAX];
    let mut space = nix::cmsg_space!([RawFd; FDS_MAX]);
    let mut slices = [IoSliceMut::new(&mut bytes)];
    let message = loop {
        match recvmsg::<()>(socket.as_raw_fd(), &mut slices, Some(&mut space), MsgFlags::MSG_CMSG_CLOEXEC) {
            Err(Errno::EINTR) => {}
            Err(Errno::ECONNRESET) => return Ok(None),
            other => break other?,
        }
    };
    let mut fds = Vec::new();
    for control in message.cmsgs()? {
        if let ControlMessageOwned::ScmRights(raw) = control {
            fds.extend(raw.into_iter().map(owned));
        }
    }
    let length = message.bytes;
    if length == 0 && fds.is_empty() {
        return Ok(None);
    }
    if message.flags.intersects(MsgFlags::MSG_TRUNC | MsgFlags::MSG_CTRUNC) {
        return Err(Errno::EMSGSIZE);
    }
    bytes.truncate(length);
    Ok(Some((bytes, fds)))
}

#[expect(unsafe_code, reason = "descriptors arrive as numbers")]
fn owned(fd: RawFd) -> OwnedFd {
    // SAFETY: the kernel made this descriptor for this message, and nobody else knows it.
    unsafe { OwnedFd::from_raw_fd(fd) }
}

/// Sends an answer.
pub fn tell(socket: BorrowedFd<'_>, answer: &Answer, fds: &[BorrowedFd<'_>]) -> Result<(), Errno> {
    send(socket, &serde_json::to_vec(answer).map_err(|_| Errno::EINVAL)?, fds)
}

/// Waits for an answer; `None` when the other side is gone.
pub fn hear(socket: BorrowedFd<'_>) -> Result<Option<(Answer, Vec<OwnedFd>)>, Errno> {
    let Some((bytes, fds)) = receive(socket)? else { return Ok(None) };
    Ok(Some((serde_json::from_slice(&bytes).map_err(|_| Errno::EBADMSG)?, fds)))
}

/// Sends an answer by plain `write`, which is all that is allowed inside a finished fence.
pub fn report(socket: BorrowedFd<'_>, answer: &Answer) -> Result<(), Errno> {
    nix::unistd::write(socket, &serde_json::to_vec(answer).map_err(|_| Errno::EINVAL)?).map(drop)
}

#[cfg(test)]
mod tests;
