//! Memory and processes of a whole fence, by whichever cgroup controllers the host has: version 1, or version 2.
//!
//! Only the part of the hierarchy that this process is in, or that was delegated to its user above it, is divided.

use std::fs;
use std::io::Write as _;
use std::os::fd::{AsFd as _, AsRawFd as _, BorrowedFd, OwnedFd};
use std::path::{Path, PathBuf};

use nix::errno::Errno;

use super::error::{Fault, Layer, Within as _};
use super::plan::Limits;
use super::sys;
use super::wire::Hit;

/// How the names of our groups begin; the launcher's pid and a number follow.
const PREFIX: &str = "proofmark-";
/// Our own first process inside counts too.
const OWN_PROCESSES: u64 = 1;

/// Where groups for fences are made.
#[derive(Debug, Clone)]
pub enum Base {
    /// Two hierarchies.
    One { memory: PathBuf, pids: PathBuf },
    /// One hierarchy; its folder hands both controllers on to its children.
    Two(PathBuf),
}

/// A fence's own group.
#[derive(Debug)]
pub struct Group {
    base: Base,
    /// Version 1: counts the times that memory ran out.
    out_of_memory: Option<OwnedFd>,
    /// Version 2: the folder, so that a process can be born in it.
    folder: Option<OwnedFd>,
}

/// What a group held at most.
#[derive(Debug, Clone, Default)]
pub struct Usage {
    pub memory_peak_bytes: Option<u64>,
    pub processes_peak: Option<u64>,
    pub hits: Vec<Hit>,
}

/// Finds where this process may make groups, and clears away those of launchers that were killed.
pub fn base() -> Result<Base, Fault> {
    let step = "find a cgroup with memory and pids";
    let mounts = fs::read_to_string("/proc/self/mountinfo").within(Layer::Cgroup, step)?;
    let own = fs::read_to_string("/proc/self/cgroup").within(Layer::Cgroup, step)?;
    let candidates = candidates(&mounts, &own);
    let found = candidates.iter().find(|base| usable(base)).or_else(|| candidates.iter().find(|base| hand_on(base)));
    let found = found.cloned().ok_or(Errno::ENOENT).within(Layer::Cgroup, step)?;
    let folders: &[&PathBuf] = match &found {
        Base::One { memory, pids } => &[memory, pids],
        Base::Two(folder) => &[folder],
    };
    folders.iter().for_each(|folder| sweep(folder));
    Ok(found)
}

/// Every place that could be ours, nearest first. A function of two files of `/proc` alone.
fn candidates(mountinfo: &str, own: &str) -> Vec<Base> {
    let at = |controller: &str| {
        let (mount, root) = mounted(mountinfo, "cgroup", Some(controller))?;
        let path = own.lines().find_map(|line| {
            let (_, rest) = line.split_once(':')?;
            let (controllers, path) = rest.split_once(':')?;
            controllers.split(',').any(|name| name == controller).then_some(path)
        })?;
        Some(below(&mount, &root, path))
    };
    let mut found = Vec::new();
    if let (Some((memory, _)), Some((pids, _))) = (at("memory"), at("pids")) {
        found.push(Base::One { memory, pids });
    }
    let unified = mounted(mountinfo, "cgroup2", None);
    if let (Some((mount, root)), Some(path)) = (unified, own.lines().find_map(|line| line.strip_prefix("0::"))) {
        let (nearest, mount) = below(&mount, &root, path);
        found.extend(
            nearest
                .ancestors()
                .take_while(|folder| folder.starts_with(&mount))
                .map(|folder| Base::Two(folder.to_owned())),
        );
    }
    found
}

/// The place of the group `path` under a mount that shows the hierarchy from `root` on, and the mount.
fn below(mount: &Path, root: &str, path: &str) -> (PathBuf, PathBuf) {
    let rest = Path::new(path).strip_prefix(root).unwrap_or(Path::new(""));
    (mount.join(rest), mount.to_owned())
}

/// Where a hierarchy is mounted, and which part of it is shown there.
fn mounted(mountinfo: &str, kind: &str, controller: Option<&str>) -> Option<(PathBuf, String)> {
    mountinfo.lines().find_map(|line| {
        let (place, file_system) = line.split_once(" - ")?;
        let mut file_system = file_system.split(' ');
        let fits = file_system.next() == Some(kind)
            && controller.is_none_or(|controller| {
                file_system.next_back().is_some_and(|options| options.split(',').any(|option| option == controller))
            });
        let mut place = place.split(' ').skip(3);
        let (root, point) = (place.next()?, place.next()?);
        fits.then(|| (PathBuf::from(point), root.to_owned()))
    })
}

fn ours(path: &Path) -> bool {
    nix::unistd::access(path, nix::unistd::AccessFlags::W_OK).is_ok()
}

fn usable(base: &Base) -> bool {
    match base {
        Base::One { memory, pids } => ours(memory) && ours(pids),
        Base::Two(folder) => {
            let enabled = fs::read_to_string(folder.join("cgroup.subtree_control")).unwrap_or_default();
            let has = |wanted: &str| enabled.split_whitespace().any(|controller| controller == wanted);
            // Moving a process needs its common ancestor's list too.
            ours(folder) && ours(&folder.join("cgroup.procs")) && has("memory") && has("pids")
        }
    }
}

/// Hands both controllers on to the children of a group of version 2 that was delegated and left as it was. The kernel
/// refuses that of a group which holds processes itself; they are not ours to move.
fn hand_on(base: &Base) -> bool {
    let Base::Two(folder) = base else { return false };
    ours(&folder.join("cgroup.procs")) && set(folder, "cgroup.subtree_control", "+memory +pids").is_ok() && usable(base)
}

/// Removes groups whose launcher is gone. One that still holds processes stays.
fn sweep(folder: &Path) {
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let launcher = name.to_str().and_then(|name| name.strip_prefix(PREFIX)).and_then(|rest| rest.split('-').next());
        let dead = launcher.is_some_and(|pid| !Path::new("/proc").join(pid).exists());
        if dead {
            drop(fs::remove_dir(entry.path()));
        }
    }
}

impl Group {
    /// Makes a group without limits.
    pub fn new(base: &Base, name: &str) -> Result<Self, Fault> {
        let name = format!("{PREFIX}{name}");
        match base {
            Base::One { memory, pids } => {
                let (memory, pids) = (memory.join(&name), pids.join(&name));
                make(&pids)?;
                // From here on, `drop` removes what was made.
                let mut group = Self {
                    base: Base::One { memory: memory.clone(), pids: pids.clone() },
                    out_of_memory: None,
                    folder: None,
                };
                make(&memory)?;
                group.out_of_memory = Some(watch(&memory)?);
                Ok(group)
            }
            Base::Two(folder) => {
                let folder = folder.join(&name);
                make(&folder)?;
                let mut group = Self { base: Base::Two(folder.clone()), out_of_memory: None, folder: None };
                let opened = fs::File::open(&folder).within(Layer::Cgroup, format!("open `{}`", folder.display()))?;
                group.folder = Some(opened.into());
                Ok(group)
            }
        }
    }

    /// Sets its limits.
    pub fn limit(&self, limits: &Limits) -> Result<(), Fault> {
        let memory_max = limits.memory_bytes.to_string();
        let pids_max = limits.processes.saturating_add(OWN_PROCESSES).to_string();
        match &self.base {
            Base::One { memory, pids } => {
                set(pids, "pids.max", &pids_max)?;
                set(memory, "memory.limit_in_bytes", &memory_max)?;
                set_where_there(memory, "memory.memsw.limit_in_bytes", &memory_max)
            }
            Base::Two(folder) => {
                set(folder, "pids.max", &pids_max)?;
                set(folder, "memory.max", &memory_max)?;
                set(folder, "memory.oom.group", "1")?;
                set_where_there(folder, "memory.swap.max", "0")
            }
        }
    }

    /// The folder that a process can be born in (version 2).
    pub fn birthplace(&self) -> Option<BorrowedFd<'_>> {
        self.folder.as_ref().map(|folder| folder.as_fd())
    }

    /// Readable once memory ran out (version 1, where the kernel kills one process and not the group).
    pub fn out_of_memory(&self) -> Option<BorrowedFd<'_>> {
        self.out_of_memory.as_ref().map(|event| event.as_fd())
    }

    /// Moves a process in, where it could not be born there.
    pub fn add(&self, pid: i32) -> Result<(), Fault> {
        match &self.base {
            Base::One { memory, pids } => {
                set(pids, "cgroup.procs", &pid.to_string())?;
                set(memory, "cgroup.procs", &pid.to_string())
            }
            Base::Two(_) => Ok(()),
        }
    }

    /// What it held at most, so far.
    pub fn usage(&self) -> Usage {
        let (memory, pids, peak, events) = match &self.base {
            Base::One { memory, pids } => (memory, pids, "memory.max_usage_in_bytes", "memory.oom_control"),
            Base::Two(folder) => (folder, folder, "memory.peak", "memory.events"),
        };
        let mut hits = Vec::new();
        if count(memory, events, "oom_kill") > 0 {
            hits.push(Hit::Memory);
        }
        if count(pids, "pids.events", "max") > 0 {
            hits.push(Hit::Processes);
        }
        Usage { memory_peak_bytes: number(memory, peak), processes_peak: number(pids, "pids.peak"), hits }
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        let folders: &[&PathBuf] = match &self.base {
            Base::One { memory, pids } => &[memory, pids],
            Base::Two(folder) => &[folder],
        };
        for folder in folders {
            // A process that was just reaped may be counted for a moment more.
            for _ in 0..50 {
                match fs::remove_dir(folder) {
                    Err(error) if error.raw_os_error() == Some(libc::EBUSY) => {
                        std::thread::sleep(std::time::Duration::from_millis(1));
                    }
                    _ => break,
                }
            }
        }
    }
}

fn make(folder: &Path) -> Result<(), Fault> {
    fs::create_dir(folder).within(Layer::Cgroup, format!("make `{}`", folder.display()))
}

fn set(folder: &Path, file: &str, value: &str) -> Result<(), Fault> {
    let path = folder.join(file);
    let write = || fs::OpenOptions::new().write(true).open(&path)?.write_all(value.as_bytes());
    write().within(Layer::Cgroup, format!("write {value} to `{}`", path.display()))
}

/// Only kernels that count swap have these files.
fn set_where_there(folder: &Path, file: &str, value: &str) -> Result<(), Fault> {
    if folder.join(file).exists() { set(folder, file, value) } else { Ok(()) }
}

/// Has the kernel count on an eventfd whenever the group's memory runs out.
fn watch(memory: &Path) -> Result<OwnedFd, Fault> {
    let event = sys::event().within(Layer::Cgroup, "make an eventfd")?;
    let control = memory.join("memory.oom_control");
    let opened = fs::File::open(&control).within(Layer::Cgroup, format!("open `{}`", control.display()))?;
    let registration = format!("{} {}", event.as_raw_fd(), opened.as_raw_fd());
    set(memory, "cgroup.event_control", &registration)?;
    Ok(event)
}

fn number(folder: &Path, file: &str) -> Option<u64> {
    fs::read_to_string(folder.join(file)).ok()?.trim().parse().ok()
}

fn count(folder: &Path, file: &str, key: &str) -> u64 {
    let text = fs::read_to_string(folder.join(file)).unwrap_or_default();
    text.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(' ')?.parse().ok()).unwrap_or(0)
}

#[cfg(test)]
mod tests;
