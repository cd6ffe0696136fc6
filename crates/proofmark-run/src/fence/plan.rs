//! What a fence is asked to be: its mounts, its payload and its limits. Plain data, checked on both sides of the
//! launcher's socket.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Component, Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::error::FenceError;
#[cfg(any(test, feature = "weaken"))]
use super::error::Layer;
use super::sealed::Sealed;

/// The descriptor that a native payload is executed from. `Limits::open_files` may not exceed it, so that no payload
/// can ever own a descriptor of this number: the one `execveat` that the system call filter lets through is dead
/// once the payload runs.
pub const PROGRAM_FD: u64 = 1000;
/// The fewest descriptors that a payload needs to be started.
const OPEN_FILES_MIN: u64 = 8;
const MOUNTS_MAX: usize = 64;
/// The kernel's own bound on one argument or variable (`MAX_ARG_STRLEN`) and on their sum for a small stack, in bytes.
const WORDS_BYTES_MAX: usize = 1 << 17;

/// Everything that one fence is made of. What is not named here is not inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Plan {
    pub mounts: Vec<Mount>,
    pub payload: Payload,
    pub limits: Limits,
    pub network: Network,
    pub code: Code,
    /// The host's user that the payload acts as. `None`: nobody (65534) under a root launcher, else the user itself.
    pub owner: Option<Owner>,
    pub counted: Counted,
    /// Leaves out one layer, so that a test can show that the others still deny.
    #[cfg(any(test, feature = "weaken"))]
    #[serde(default)]
    pub without: Option<Layer>,
}

/// A user and group of the host.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Owner {
    pub uid: u32,
    pub gid: u32,
}

/// One thing of the host (or none) at one place inside. `guest` is absolute; its folders are made where missing.
///
/// A bind covers one file system: what is mounted below `host` is not inside, and needs a mount of its own.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Mount {
    /// A read-only bind of a file or directory.
    Read { host: PathBuf, guest: PathBuf, run: Runs },
    /// An overlay: reads come from `lower`, writes go to `upper`. `upper` and `work` are siblings, empty at first, and
    /// owned by the plan's owner.
    Stage { lower: PathBuf, upper: PathBuf, work: PathBuf, guest: PathBuf },
    /// An empty file system in memory, never executable. Its bytes count as the fence's memory too.
    Scratch { guest: PathBuf, bytes: u64, entries: u64 },
    /// `/dev/null`.
    Null,
}

/// Whether files of a bind may be executed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Runs {
    No,
    Yes,
}

/// What runs inside.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub enum Payload {
    /// The function given to [`super::launcher`], in a fork of the launcher: nothing is executed.
    Worker,
    /// A native executable.
    Exec {
        #[serde(skip)]
        program: Sealed,
        /// The first is the program's name.
        arguments: Vec<OsString>,
        environment: Vec<(OsString, OsString)>,
        directory: PathBuf,
    },
}

/// Bounds of a whole fence; `cpu_seconds`, `file_bytes` and `open_files` are each process's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limits {
    pub memory_bytes: u64,
    /// Processes and threads together.
    pub processes: u64,
    pub file_bytes: u64,
    pub open_files: u64,
    pub cpu_seconds: u64,
}

/// What of a network there is. Never the host's: at most a loopback device whose other end the caller serves.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Network {
    None,
    /// 127.0.0.1 inside, with these ports listening; [`super::Fenced::listeners`] are their ends.
    Broker {
        tcp: Vec<u16>,
        udp: Vec<u16>,
    },
}

/// Whether a payload may make machine code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Code {
    /// Nothing writable becomes executable.
    Fixed,
    /// A compiler runs inside.
    Generated,
}

/// Whether the payload's system calls are counted: each then costs it a change to the keeper and back.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub enum Counted {
    No,
    /// From the program's first to its last: [`super::Exit::calls`]. Only a native executable's.
    Yes,
}

impl Mount {
    /// Where it is inside.
    #[must_use]
    pub fn guest(&self) -> &Path {
        match self {
            Self::Read { guest, .. } | Self::Stage { guest, .. } | Self::Scratch { guest, .. } => guest,
            Self::Null => Path::new("/dev/null"),
        }
    }
}

impl Network {
    pub(super) fn ports(&self) -> (&[u16], &[u16]) {
        match self {
            Self::None => (&[], &[]),
            Self::Broker { tcp, udp } => (tcp, udp),
        }
    }
}

impl Plan {
    /// A plan with nothing granted.
    #[must_use]
    pub fn new(payload: Payload, limits: Limits, code: Code) -> Self {
        Self {
            mounts: Vec::new(),
            payload,
            limits,
            network: Network::None,
            code,
            owner: None,
            counted: Counted::No,
            #[cfg(any(test, feature = "weaken"))]
            without: None,
        }
    }

    /// Says what is wrong with a plan that no host could carry out.
    ///
    /// # Errors
    /// [`FenceError::Plan`] with the first thing found.
    pub fn check(&self) -> Result<(), FenceError> {
        let wrong = |reason: String| Err(FenceError::Plan { reason });
        if self.mounts.len() > MOUNTS_MAX {
            return wrong(format!("{} mounts; at most {MOUNTS_MAX} fit", self.mounts.len()));
        }
        for mount in &self.mounts {
            check_mount(mount)?;
        }
        let mut guests: Vec<&Path> = self.mounts.iter().map(Mount::guest).collect();
        guests.sort_unstable();
        if let Some([twice, _]) = guests.array_windows().find(|[left, right]| left == right) {
            return wrong(format!("two mounts at `{}`", twice.display()));
        }
        let limits = &self.limits;
        if !(OPEN_FILES_MIN..=PROGRAM_FD).contains(&limits.open_files) {
            return wrong(format!(
                "`open_files` is {}; it must be from {OPEN_FILES_MIN} to {PROGRAM_FD}",
                limits.open_files
            ));
        }
        if limits.memory_bytes == 0 || limits.processes == 0 || limits.cpu_seconds == 0 {
            return wrong("a limit of 0 lets nothing run".to_owned());
        }
        if self.owner.is_some_and(|owner| owner.uid == 0 || owner.gid == 0) {
            return wrong("a payload never acts as the host's root; name another owner".to_owned());
        }
        self.check_payload()
    }

    fn check_payload(&self) -> Result<(), FenceError> {
        let wrong = |reason: String| Err(FenceError::Plan { reason });
        let Payload::Exec { program, arguments, environment, directory } = &self.payload else {
            return if self.counted == Counted::No {
                Ok(())
            } else {
                wrong("a worker's calls are not counted".to_owned())
            };
        };
        if self.code == Code::Fixed && program.stack_is_executable() {
            return wrong("the program asks for a stack that is code, and the plan's code is fixed".to_owned());
        }
        if !directory.is_absolute() {
            return wrong(format!("the directory `{}` is not absolute", directory.display()));
        }
        let names = environment.iter().flat_map(|(name, value)| [name, value]);
        let words = || arguments.iter().chain(names.clone());
        if let Some(word) = words().find(|word| word.as_bytes().contains(&0)) {
            return wrong(format!("`{}` holds a zero byte", word.display()));
        }
        if let Some((name, _)) = environment.iter().find(|(name, _)| !variable(name)) {
            return wrong(format!("`{}` is no name of a variable", name.display()));
        }
        let bytes = words().fold(0_usize, |sum, word| sum.saturating_add(word.len()).saturating_add(1));
        if bytes > WORDS_BYTES_MAX {
            return wrong(format!("arguments and environment hold {bytes} bytes; the limit is {WORDS_BYTES_MAX}"));
        }
        Ok(())
    }
}

fn variable(name: &OsStr) -> bool {
    !name.is_empty() && !name.as_bytes().contains(&b'=')
}

fn check_mount(mount: &Mount) -> Result<(), FenceError> {
    let wrong = |reason: String| Err(FenceError::Plan { reason });
    let guest = mount.guest();
    let mut parts = guest.components();
    let normal = parts.next() == Some(Component::RootDir)
        && parts.clone().next().is_some()
        && parts.all(|part| matches!(part, Component::Normal(_)));
    if !normal {
        return wrong(format!("`{}` is no place inside: write an absolute path without `..`", guest.display()));
    }
    match mount {
        Mount::Read { host, .. } if !host.is_absolute() => {
            wrong(format!("the host's path `{}` is not absolute", host.display()))
        }
        Mount::Stage { lower, upper, work, .. } => {
            if let Some(path) = [lower, upper, work].into_iter().find(|path| !path.is_absolute()) {
                return wrong(format!("the host's path `{}` is not absolute", path.display()));
            }
            if upper.parent() != work.parent() || upper == work || !plain(upper) || !plain(work) {
                return wrong(format!(
                    "`{}` and `{}` must be two folders with plain names in one folder",
                    upper.display(),
                    work.display()
                ));
            }
            Ok(())
        }
        Mount::Scratch { guest, bytes, entries } if *bytes == 0 || *entries == 0 => {
            wrong(format!("scratch at `{}` has no room", guest.display()))
        }
        _ => Ok(()),
    }
}

/// A name that needs no escape in an overlay's options.
fn plain(path: &Path) -> bool {
    let safe = |byte: &u8| byte.is_ascii_alphanumeric() || b"._-".contains(byte);
    path.file_name().is_some_and(|name| name.as_bytes().iter().all(safe))
}

#[cfg(test)]
mod tests;
