//! The launcher's side: a small process with one thread that keeps a few keepers waiting for orders.

use std::os::fd::{AsFd as _, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::resource::{Resource, getrlimit, setrlimit};
use nix::unistd::{Pid, getpid};

use super::cgroup::{self, Base};
use super::error::{Fault, Layer, Within as _};
use super::inside::OPEN_FILES_OWN;
use super::keeper;
use super::seccomp::Filters;
use super::sys::{self, Forked};
use super::wire::{Answer, tell};

/// Keepers that wait. More hide more of the kernel's time when orders come at once; each is a process, its namespaces
/// and a group.
const SPARES: usize = 4;

/// What the launcher prepares once.
pub struct Ready {
    /// The launcher's own.
    pub pid: Pid,
    pub filters: Filters,
    pub base: Base,
    pub worker: fn() -> u8,
}

/// Serves orders from standard input until the other side closes it. `worker` is what [`super::Payload::Worker`] runs.
pub fn serve(worker: fn() -> u8) -> Result<(), Errno> {
    let orders = sys::standard_input();
    let ready = match prepare(worker) {
        Ok(ready) => ready,
        Err(fault) => return tell(orders.as_fd(), &Answer::Refused(fault), &[]),
    };
    tell(orders.as_fd(), &Answer::Running, &[])?;
    let mut number = 0_u64;
    // Each ends when its keeper has taken an order, or died.
    let mut spares: Vec<OwnedFd> = Vec::new();
    loop {
        while spares.len() < SPARES {
            number = number.wrapping_add(1);
            let (busy, free) = nix::unistd::pipe2(OFlag::O_CLOEXEC)?;
            if let Forked::Child = sys::fork()? {
                drop((spares, busy));
                keeper::keep(&ready, number, orders, free);
                sys::leave(0)
            }
            spares.push(busy);
        }
        // Orders are the keepers' to read; only the end is ours to notice.
        let mut polled = vec![PollFd::new(orders.as_fd(), PollFlags::empty())];
        polled.extend(spares.iter().map(|spare| PollFd::new(spare.as_fd(), PollFlags::POLLIN)));
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            other => other?,
        };
        let mut ended = polled.iter().map(|polled| polled.any().unwrap_or(true)).collect::<Vec<_>>().into_iter();
        if ended.next() == Some(true) {
            return wait_for(&spares);
        }
        spares.retain(|_| ended.next() != Some(true));
    }
}

/// Spare keepers see the end too; this lets them put their groups away before they would die with this process.
fn wait_for(spares: &[OwnedFd]) -> Result<(), Errno> {
    const PATIENCE_MS: u16 = 1000;
    for spare in spares {
        poll(&mut [PollFd::new(spare.as_fd(), PollFlags::POLLIN)], PATIENCE_MS)?;
    }
    Ok(())
}

fn prepare(worker: fn() -> u8) -> Result<Ready, Fault> {
    sys::close_range(3, u32::MAX).within(Layer::Start, "close inherited descriptors")?;
    sys::reset_signals().within(Layer::Start, "reset signals")?;
    sys::ignore_children().within(Layer::Start, "leave keepers to the kernel")?;
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).within(Layer::Rlimits, "read the limit of open files")?;
    if soft < OPEN_FILES_OWN {
        setrlimit(Resource::RLIMIT_NOFILE, OPEN_FILES_OWN, hard).within(Layer::Rlimits, "open 1024 files")?;
    }
    Ok(Ready { pid: getpid(), filters: Filters::new()?, base: cgroup::base()?, worker })
}
