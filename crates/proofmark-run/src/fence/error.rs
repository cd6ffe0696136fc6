//! Why a fence could not be made: which layer, what the kernel said, and what to change on the host. There is no
//! best-effort mode, so each of these ends the run.

use nix::errno::Errno;
use serde::{Deserialize, Serialize};

/// The parts that a fence is made of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub enum Layer {
    /// User, mount, pid, network, IPC, UTS and cgroup namespaces.
    Namespaces,
    /// The root of only what was granted.
    Root,
    /// The uid and gid that the payload acts as.
    Identity,
    /// Memory and processes, by cgroup.
    Cgroup,
    /// Limits of each process (`setrlimit`).
    Rlimits,
    /// No capability in any set, `no_new_privs`, locked securebits.
    Capabilities,
    Landlock,
    Seccomp,
    /// W^X by the kernel (`PR_SET_MDWE`).
    Mdwe,
    /// Loopback and its listeners.
    Network,
    /// The probe that tries the forbidden acts: the step of its fault names those that succeeded.
    Probe,
    /// Starting the payload.
    Start,
}

impl std::fmt::Display for Layer {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str(match self {
            Self::Namespaces => "namespaces",
            Self::Root => "root",
            Self::Identity => "identity",
            Self::Cgroup => "cgroup",
            Self::Rlimits => "rlimits",
            Self::Capabilities => "capabilities",
            Self::Landlock => "Landlock",
            Self::Seccomp => "seccomp",
            Self::Mdwe => "W^X",
            Self::Network => "network",
            Self::Probe => "probe",
            Self::Start => "start",
        })
    }
}

/// Why there is no fence. Nothing of the payload has run.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FenceError {
    #[error("the plan of the fence can't be: {reason}")]
    Plan { reason: String },
    #[error("the program can't be put into a sealed memory file: {reason}")]
    Program { reason: String },
    /// One layer could not be set up.
    #[error("the fence has no {layer}: {step}: {}; {hint}", .errno.desc())]
    Layer { layer: Layer, step: String, errno: Errno, hint: String },
    /// Code inside the finished fence did what no payload may do.
    #[error("the fence leaks: inside it, {acts} succeeded; the payload was not started")]
    Leak { acts: String },
    #[error("the launcher of fences {reason}")]
    Launcher { reason: String },
}

/// What went wrong in one layer, as it crosses the launcher's socket.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Fault {
    pub layer: Layer,
    pub step: String,
    pub errno: i32,
}

impl Fault {
    pub fn new(layer: Layer, step: impl Into<String>, errno: Errno) -> Self {
        Self { layer, step: step.into(), errno: errno as i32 }
    }
}

impl From<Fault> for FenceError {
    fn from(fault: Fault) -> Self {
        if fault.layer == Layer::Probe {
            return Self::Leak { acts: fault.step };
        }
        let errno = Errno::from_raw(fault.errno);
        let hint = hint(fault.layer, &fault.step, errno).to_owned();
        Self::Layer { layer: fault.layer, step: fault.step, errno, hint }
    }
}

/// Names the layer and the step of whatever fails.
pub trait Within<T> {
    fn within(self, layer: Layer, step: impl Into<String>) -> Result<T, Fault>;
}

impl<T> Within<T> for Result<T, Errno> {
    fn within(self, layer: Layer, step: impl Into<String>) -> Result<T, Fault> {
        self.map_err(|errno| Fault::new(layer, step, errno))
    }
}

impl<T> Within<T> for std::io::Result<T> {
    fn within(self, layer: Layer, step: impl Into<String>) -> Result<T, Fault> {
        self.map_err(|error| Fault::new(layer, step, Errno::from_raw(error.raw_os_error().unwrap_or(libc::EIO))))
    }
}

/// What to change on the host. A function of what the kernel said alone, so that every message can be tested on any
/// host.
#[must_use]
pub fn hint(layer: Layer, step: &str, errno: Errno) -> &'static str {
    match (layer, errno) {
        (Layer::Namespaces, Errno::ENOSPC | Errno::EUSERS) => {
            "raise `user.max_user_namespaces` and its siblings: `sysctl -w user.max_user_namespaces=10000`"
        }
        (Layer::Namespaces | Layer::Identity, Errno::EPERM | Errno::EACCES) => {
            "the host forbids user namespaces: set `kernel.apparmor_restrict_unprivileged_userns=0` or give the \
             program an AppArmor profile with `userns,`, set `kernel.unprivileged_userns_clone=1` where that exists, \
             and in a container allow `clone` with namespaces and do not start from a chroot"
        }
        (Layer::Namespaces, Errno::EINVAL | Errno::ENOSYS) => {
            "the kernel was built without one of the namespaces (user, mount, pid, net, ipc, uts, cgroup)"
        }
        (Layer::Landlock, Errno::EOPNOTSUPP) => {
            "Landlock is built in but off: add `landlock` to the kernel's `lsm=` list and restart"
        }
        (Layer::Landlock, Errno::ENOSYS) if step.contains("version") => {
            "Landlock is too old: version 6 is needed, which Linux 6.12 brought"
        }
        (Layer::Landlock, Errno::ENOSYS) => "the kernel has no Landlock: Linux 6.12 or later is needed, with Landlock",
        (Layer::Seccomp, Errno::EINVAL | Errno::ENOSYS) => {
            "the kernel needs CONFIG_SECCOMP_FILTER, and the machine must be x86-64 or aarch64"
        }
        (Layer::Mdwe, _) => "the kernel can't refuse writable code: Linux 6.3 or later is needed",
        (Layer::Cgroup, Errno::ENOENT) => {
            "no cgroup with memory and pids that this user may divide: start Proofmark with \
             `systemd-run --user --scope -p Delegate=yes`, or have the administrator delegate one; a delegated one that \
             holds processes itself, as in a service or a container, can't be divided: move them to a group below it"
        }
        (Layer::Cgroup, Errno::EACCES | Errno::EPERM | Errno::EROFS) => {
            "this cgroup is not ours to divide: delegate it (`Delegate=yes`), or mount it writable in the container"
        }
        (Layer::Root, Errno::ENOENT | Errno::ENOTDIR) => "the path does not exist on the host",
        (Layer::Root, Errno::EACCES) => "the path is not readable for the user that starts fences",
        (Layer::Root, Errno::EINVAL) if step.contains("clone the mount") => {
            "other file systems are mounted below it: grant the folders one by one"
        }
        (Layer::Root, Errno::ENODEV) => "the kernel lacks this file system: load `overlay`, and have `tmpfs` built in",
        (Layer::Root, Errno::EINVAL) if step.contains("pivot") => {
            "the launcher was started in a chroot or from the initial RAM disk: start it from a real root"
        }
        (Layer::Root, Errno::EINVAL | Errno::EPERM) if step.contains("idmap") => {
            "this file system can't show another owner: stage a tree that the fence's owner owns"
        }
        (Layer::Root, Errno::ENOSYS | Errno::EPERM) => "Linux 5.12 or later is needed, with user namespaces allowed",
        (Layer::Start, Errno::ENOENT) => "the loader that the program names is not inside: grant its folder",
        (Layer::Start, Errno::ENOEXEC) => "it is no executable for this machine",
        (Layer::Start, Errno::EACCES) => {
            "the loader that the program names may not be executed inside, or the host forbids executable memory \
             files (`vm.memfd_noexec`)"
        }
        (Layer::Start, Errno::E2BIG) => "its arguments and environment are too large",
        (Layer::Rlimits, Errno::EPERM) => "the launcher's own hard limit is lower: raise it (`ulimit -H`)",
        (Layer::Network, _) => "the kernel needs IPv4 and a loopback device in network namespaces",
        _ => "this host can't give what the fence needs",
    }
}

#[cfg(test)]
mod tests;
