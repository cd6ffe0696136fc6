//! The counter of a fence's system calls: the keeper's side of a listener. It lets every call go on and decides nothing: what
//! a payload may call is the filter's alone to say, in the kernel.
//!
//! A call is counted when it goes on. What the filter denies never comes here, and is in no count.

use std::collections::BTreeMap;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};

use super::listener::{self, Call};
use super::plan::PROGRAM_FD;
use super::seccomp::AUDIT;
use super::wire::{Calls, OTHER_CALLS};

/// Numbers from here on are no system call's, and are counted as one.
const NUMBERS_END: u32 = 1024;

/// Whose calls come now.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    /// Ours: the payload's process still probes.
    Ours,
    /// Ours, up to the one that executes the payload.
    Starts,
    /// The payload's, and those of the first process.
    Payload,
}

/// Counts the calls of a payload.
pub struct Counter {
    listener: OwnedFd,
    /// The first process, which is ours.
    first: i32,
    phase: Phase,
    calls: Calls,
}

impl Counter {
    pub fn new(listener: OwnedFd, first: i32) -> Result<Self, Errno> {
        listener::prepare(listener.as_fd())?;
        Ok(Self { listener, first, phase: Phase::Ours, calls: BTreeMap::new() })
    }

    /// Readable while a call waits.
    pub fn fd(&self) -> BorrowedFd<'_> {
        self.listener.as_fd()
    }

    /// From now on, the execution of the program is the payload's start. To be said before the calls that come after the
    /// probe are let go.
    pub fn expect_start(&mut self) {
        self.phase = Phase::Starts;
    }

    /// Lets a call that waits go on.
    ///
    /// # Errors
    /// The listener is broken.
    pub fn let_go_on(&mut self) -> Result<(), Errno> {
        let call = match listener::receive(self.fd()) {
            // It was killed, or a signal took it back before it was seen.
            Err(Errno::ENOENT | Errno::EINTR) => return Ok(()),
            other => other?,
        };
        match listener::go_on(self.fd(), call.id) {
            Err(Errno::ENOENT) => Ok(()),
            other => other.map(|()| self.note(&call)),
        }
    }

    /// Lets calls go on until `other` has something to say.
    pub fn until(&mut self, other: BorrowedFd<'_>) -> Result<(), Errno> {
        loop {
            let mut polled = [PollFd::new(self.fd(), PollFlags::POLLIN), PollFd::new(other, PollFlags::POLLIN)];
            match poll(&mut polled, PollTimeout::NONE) {
                Err(Errno::EINTR) => continue,
                result => drop(result?),
            }
            let [waits, said] = polled.map(|polled| polled.revents().unwrap_or(PollFlags::empty()));
            // First, because it may say whose calls come next.
            if !said.is_empty() || !waits.contains(PollFlags::POLLIN) {
                return Ok(());
            }
            self.let_go_on()?;
        }
    }

    fn note(&mut self, call: &Call) {
        match self.phase {
            Phase::Ours => {}
            Phase::Starts if starts(call) => self.phase = Phase::Payload,
            Phase::Starts => {}
            Phase::Payload if call.thread == self.first => {}
            Phase::Payload => {
                let known = call.machine == AUDIT && call.number < NUMBERS_END;
                let count = self.calls.entry(if known { call.number } else { OTHER_CALLS }).or_default();
                *count = count.saturating_add(1);
            }
        }
    }

    pub fn into_calls(self) -> Calls {
        self.calls
    }
}

/// The call that our own code becomes the program by.
fn starts(call: &Call) -> bool {
    let [file, ..] = call.arguments;
    i64::from(call.number) == libc::SYS_execveat && call.machine == AUDIT && file == PROGRAM_FD
}
