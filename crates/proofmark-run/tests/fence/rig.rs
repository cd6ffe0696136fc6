//! What the fence's tests share: a launcher, plans, compiled payloads, and a cgroup for an ordinary user.

use std::ffi::OsString;
use std::fs;
use std::io::Read as _;
use std::os::unix::fs::{PermissionsExt as _, chown};
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use proofmark_run::fence::{
    Code, Counted, Exit, FenceError, Fenced, Launcher, Limits, Mount, Network, Payload, Plan, Sealed,
};

use super::LAUNCH;

/// One launcher for all tests.
pub fn launcher() -> &'static Launcher {
    static LAUNCHER: OnceLock<Launcher> = OnceLock::new();
    LAUNCHER.get_or_init(new_launcher)
}

/// A launcher of one's own.
pub fn new_launcher() -> Launcher {
    Launcher::start(&std::env::current_exe().unwrap(), &[OsString::from(LAUNCH)]).unwrap()
}

pub const LIMITS: Limits =
    Limits { memory_bytes: 64 << 20, processes: 8, file_bytes: 8 << 20, open_files: 64, cpu_seconds: 20 };

/// A plan with nothing granted.
pub fn plan(payload: Payload) -> Plan {
    let code = if matches!(payload, Payload::Worker) { Code::Generated } else { Code::Fixed };
    Plan {
        mounts: Vec::new(),
        payload,
        limits: LIMITS,
        network: Network::None,
        code,
        owner: None,
        counted: Counted::No,
        #[cfg(feature = "weaken")]
        without: None,
    }
}

/// Compiles C, statically unless said otherwise, with a few headers already there.
pub fn compile(source: &str, flags: &[&str]) -> Vec<u8> {
    const HEADERS: &str = "#define _GNU_SOURCE\n#include <dirent.h>\n#include <errno.h>\n#include <fcntl.h>\n\
        #include <pthread.h>\n#include <signal.h>\n#include <stdio.h>\n#include <stdlib.h>\n#include <string.h>\n\
        #include <sys/mman.h>\n#include <sys/socket.h>\n#include <sys/stat.h>\n#include <sys/syscall.h>\n\
        #include <sys/wait.h>\n#include <unistd.h>\n";
    let folder = tempfile::tempdir().unwrap();
    let (text, out) = (folder.path().join("payload.c"), folder.path().join("payload"));
    fs::write(&text, format!("{HEADERS}{source}")).unwrap();
    let done = Command::new("cc").args(["-O1", "-w", "-o"]).arg(&out).arg(&text).args(flags).output().unwrap();
    assert!(done.status.success(), "cc: {}", String::from_utf8_lossy(&done.stderr));
    fs::read(out).unwrap()
}

/// A payload of one statically linked program.
pub fn program(source: &str) -> Payload {
    execute(&compile(source, &["-static"]))
}

pub fn execute(bytes: &[u8]) -> Payload {
    Payload::Exec {
        program: Sealed::new(bytes).unwrap(),
        arguments: vec!["payload".into()],
        environment: vec![("LANG".into(), "C".into())],
        directory: PathBuf::from("/"),
    }
}

pub fn scratch(guest: &str, bytes: u64, entries: u64) -> Mount {
    Mount::Scratch { guest: PathBuf::from(guest), bytes, entries }
}

/// What a payload wrote, and how it ended.
#[derive(Debug)]
pub struct Done {
    pub out: String,
    pub exit: Exit,
}

pub fn try_run(plan: &Plan) -> Result<Done, FenceError> {
    launcher().spawn(plan).map(finish)
}

pub fn run(plan: &Plan) -> Done {
    try_run(plan).unwrap()
}

pub fn finish(mut fenced: Fenced) -> Done {
    drop(fenced.stdin.take());
    let mut out = String::new();
    fenced.stdout.read_to_string(&mut out).unwrap();
    fenced.stderr.read_to_string(&mut out).unwrap();
    Done { out, exit: fenced.wait().unwrap() }
}

/// A folder that every user may enter.
pub fn open_to_all(folder: &Path) {
    fs::set_permissions(folder, fs::Permissions::from_mode(0o755)).unwrap();
}

/// Gives a file to whom payloads act as, where we may.
pub fn give_to_payload(path: &Path) {
    if nix::unistd::Uid::effective().is_root() {
        chown(path, Some(65_534), Some(65_534)).unwrap();
    }
}

/// Groups anywhere whose names begin so.
pub fn groups(mark: &str) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![PathBuf::from("/sys/fs/cgroup")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            if !entry.file_type().is_ok_and(|kind| kind.is_dir()) {
                continue;
            }
            if entry.file_name().to_str().is_some_and(|name| name.starts_with(mark)) {
                found.push(entry.path());
            }
            folders.push(entry.path());
        }
    }
    found
}

/// Where the tests as nobody start in a group of version 2: one that is divided may hold no processes itself.
const LEAF: &str = "tests";

/// Groups that nobody may divide, of each controller or of both; removed when dropped.
pub struct Delegated {
    groups: Vec<PathBuf>,
    /// Where the tests start.
    starts: Vec<PathBuf>,
}

impl Delegated {
    pub fn new() -> Self {
        let own = fs::read_to_string("/proc/self/cgroup").unwrap();
        let unified = Path::new("/sys/fs/cgroup/cgroup.controllers").exists();
        let name = format!("delegated-{}", std::process::id());
        let mut groups = Vec::new();
        for line in own.lines() {
            let mut parts = line.splitn(3, ':').skip(1);
            let (controllers, path) = (parts.next().unwrap(), parts.next().unwrap().trim_start_matches('/'));
            match controllers {
                "memory" | "pids" if !unified => {
                    groups.push(Path::new("/sys/fs/cgroup").join(controllers).join(path).join(&name));
                }
                "" if unified => groups.push(divided(&Path::new("/sys/fs/cgroup").join(path)).join(&name)),
                _ => {}
            }
        }
        let starts = groups.iter().map(|group| if unified { group.join(LEAF) } else { group.clone() }).collect();
        let delegated = Self { groups, starts };
        for group in &delegated.groups {
            fs::create_dir(group).unwrap();
            give_to_payload(group);
            give_to_payload(&group.join("cgroup.procs"));
            if unified {
                // Handing the controllers on is the launcher's part.
                give_to_payload(&group.join("cgroup.subtree_control"));
                fs::create_dir(group.join(LEAF)).unwrap();
            }
        }
        delegated
    }

    /// The groups that a process must be moved to.
    pub fn starts(&self) -> &[PathBuf] {
        &self.starts
    }
}

/// The nearest group, from `own` upwards, that hands memory and pids on to its children.
fn divided(own: &Path) -> &Path {
    let divided = own.ancestors().find(|group| {
        let enabled = fs::read_to_string(group.join("cgroup.subtree_control")).unwrap_or_default();
        ["memory", "pids"].iter().all(|wanted| enabled.split_whitespace().any(|controller| controller == *wanted))
    });
    divided.unwrap()
}

impl Drop for Delegated {
    fn drop(&mut self) {
        for folder in &self.groups {
            // The user's launcher leaves a moment after the user's tests.
            let gone = (0..200).any(|_| {
                std::thread::sleep(std::time::Duration::from_millis(10));
                // Groups of a launcher that was killed wait for the next one to sweep them.
                let left = fs::read_dir(folder).into_iter().flatten().flatten();
                left.filter(|entry| entry.path().is_dir()).for_each(|entry| drop(fs::remove_dir(entry.path())));
                fs::remove_dir(folder).is_ok()
            });
            assert!(gone, "`{}` stays behind", folder.display());
        }
    }
}
