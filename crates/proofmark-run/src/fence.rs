//! The Linux fence: what a payload may touch is what its [`Plan`] names, and two layers at least say no to the rest.
//!
//! A fence is a set of new namespaces, a root of only what was granted, Landlock, a system call filter, no
//! capabilities, limits of each process and a cgroup around all. There is no best-effort mode: where the host can't
//! give a layer, [`FenceError`] names it and says what to change, and nothing runs.
//!
//! Fences are made by a launcher, a process with one thread that never held a key: [`Launcher`] is its handle, and
//! [`launcher`] what it does. Every fence has a keeper outside, which dies with the launcher, and a first process
//! inside, which dies with the keeper and takes the rest along.

mod cgroup;
mod counter;
mod error;
mod handle;
mod inside;
mod keeper;
mod landlock;
mod launcher;
mod listener;
mod mounts;
mod network;
mod plan;
pub mod probe;
mod sealed;
mod seccomp;
mod sys;
mod wire;

pub use error::{Fault, FenceError, Layer, hint};
pub use handle::{Fenced, Held, Killer, Launcher};
pub use inside::{GID, UID};
pub use plan::{Code, Counted, Limits, Mount, Network, Owner, PROGRAM_FD, Payload, Plan, Runs};
pub use probe::Probe;
pub use sealed::Sealed;
pub use wire::{Calls, Exit, Hit, How, OTHER_CALLS};

/// The whole life of a launcher; call it first thing in `main`, where [`Launcher::start`]'s arguments lead. `worker` is
/// what [`Payload::Worker`] runs inside, with only descriptors 0, 1 and 2; its result is the exit code.
pub fn launcher(worker: fn() -> u8) -> std::process::ExitCode {
    match launcher::serve(worker) {
        Ok(()) => std::process::ExitCode::SUCCESS,
        Err(_) => std::process::ExitCode::FAILURE,
    }
}
