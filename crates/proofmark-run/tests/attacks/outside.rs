//! The world outside the fence, laid out to be robbed, and how to see whether it was.

use std::fs::{self, File, Permissions};
use std::io::Read as _;
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _, chown};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

use proofmark_run::fence::probe::Lures;
use proofmark_run::fence::{Code, Counted, Layer, Limits, Mount, Network, Payload, Plan, Runs, Sealed};
use tempfile::TempDir;

use super::table::{Attack, Target};

/// Whom payloads act as under root, so that the host's own rights stop nothing.
const NOBODY: u32 = 65_534;
/// What must never be seen inside, nor change.
const SECRET: &str = "the family photos\n";
const SECRET_WORD: &str = "family photos";

pub const LIMITS: Limits =
    Limits { memory_bytes: 64 << 20, processes: 8, file_bytes: 8 << 20, open_files: 64, cpu_seconds: 20 };

pub struct Outside {
    folder: TempDir,
    pub lures: Lures,
    victim: Child,
    /// Open without close-on-exec from here to the launcher, as a careless parent would leave it.
    _careless: File,
    pub programs: PathBuf,
    untouched: Vec<String>,
}

fn is_root() -> bool {
    nix::unistd::Uid::effective().is_root()
}

fn give(path: &Path, mode: u32) {
    fs::set_permissions(path, Permissions::from_mode(mode)).unwrap();
    if is_root() {
        chown(path, Some(NOBODY), Some(NOBODY)).unwrap();
    }
}

fn folder(path: PathBuf) -> PathBuf {
    fs::create_dir(&path).unwrap();
    give(&path, 0o777);
    path
}

fn lay_files(folder: &Path) {
    for name in ["private/secret", "granted/file"] {
        let path = folder.join(name);
        fs::write(&path, SECRET).unwrap();
        give(&path, 0o666);
    }
}

impl Outside {
    /// `programs` is where [`compile`] put the attacks.
    pub fn new(programs: &Path) -> Self {
        let temporary = tempfile::tempdir().unwrap();
        give(temporary.path(), 0o755);
        let at = |name: &str| temporary.path().join(name);
        for name in ["private", "granted", "tree", "lures"] {
            folder(at(name));
        }
        lay_files(temporary.path());
        std::os::unix::fs::symlink(at("private/secret"), at("tree/found")).unwrap();
        let lures = Lures::lay(&at("lures")).unwrap();
        for name in ["lures/stream", "lures/datagram"] {
            give(&at(name), 0o777);
        }
        let careless = File::open(at("private/secret")).unwrap();
        let flags = nix::fcntl::FcntlArg::F_SETFD(nix::fcntl::FdFlag::empty());
        nix::fcntl::fcntl(&careless, flags).unwrap();
        let mut victim = Command::new("sleep");
        victim.arg("100000").env_clear().env("SECRET", SECRET_WORD);
        if is_root() {
            victim.uid(NOBODY).gid(NOBODY);
        }
        let victim = victim.spawn().unwrap();
        let programs = programs.to_owned();
        let mut outside =
            Self { folder: temporary, lures, victim, _careless: careless, programs, untouched: Vec::new() };
        outside.untouched = outside.state();
        outside
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// What a fenced attack is told to aim at.
    pub fn target(&self, target: Target, fenced: bool) -> String {
        let marks = self.lures.marks();
        let text = |path: &std::ffi::CString| path.to_str().unwrap().to_owned();
        match target {
            Target::Nothing => String::new(),
            Target::TcpPort => marks.tcp.unwrap().to_string(),
            Target::UdpPort => marks.udp.unwrap().to_string(),
            Target::Socket => text(marks.socket.as_ref().unwrap()),
            Target::Datagram => text(marks.datagram.as_ref().unwrap()),
            Target::AbstractName => String::from_utf8(marks.abstract_name.clone().unwrap()).unwrap(),
            Target::Secret => self.path("private/secret").to_str().unwrap().to_owned(),
            Target::Granted if fenced => "/granted/file".to_owned(),
            Target::Granted => self.path("granted/file").to_str().unwrap().to_owned(),
            Target::Victim => self.victim.id().to_string(),
            Target::Word(word) => word.to_owned(),
            Target::Place(path) if fenced => path.to_owned(),
            Target::Place("/scratch") => self.path("tree").to_str().unwrap().to_owned(),
            Target::Place(path) => self.path("tree").join(Path::new(path).file_name().unwrap()).display().to_string(),
        }
    }

    /// A plan that grants one folder for reading, one staged tree and some scratch space. Its staging folders last as
    /// long as what comes with it.
    pub fn plan(&self, file: &str, words: &[&str], without: Option<Layer>) -> (Plan, TempDir) {
        let staging = tempfile::tempdir_in(self.folder.path()).unwrap();
        give(staging.path(), 0o755);
        let (upper, work) = (folder(staging.path().join("upper")), folder(staging.path().join("work")));
        let guest = |name: &str| PathBuf::from(name);
        let arguments = std::iter::once(file).chain(words.iter().copied()).map(Into::into).collect();
        let plan = Plan {
            mounts: vec![
                Mount::Read { host: self.path("granted"), guest: guest("/granted"), run: Runs::No },
                Mount::Read { host: self.programs.clone(), guest: guest("/programs"), run: Runs::Yes },
                Mount::Stage { lower: self.path("tree"), upper, work, guest: guest("/stage") },
                Mount::Scratch { guest: guest("/scratch"), bytes: 1 << 20, entries: 64 },
                Mount::Null,
            ],
            payload: Payload::Exec {
                program: Sealed::new(&fs::read(self.programs.join(file)).unwrap()).unwrap(),
                arguments,
                environment: Vec::new(),
                directory: guest("/"),
            },
            // One second for those who want more of it.
            limits: Limits { cpu_seconds: if words.contains(&"processor") { 1 } else { 20 }, ..LIMITS },
            network: Network::None,
            code: Code::Fixed,
            owner: None,
            counted: Counted::No,
            #[cfg(feature = "weaken")]
            without,
        };
        #[cfg(not(feature = "weaken"))]
        assert!(without.is_none(), "this build leaves no layer out");
        (plan, staging)
    }

    /// Runs an attack where there is no fence, as the same user.
    pub fn unfenced(&self, attack: &Attack) -> String {
        let mut command = Command::new(self.programs.join(attack.file));
        command.args([attack.act, &self.target(attack.target, false)]).env_clear().process_group(0);
        if is_root() {
            command.uid(NOBODY).gid(NOBODY);
        }
        String::from_utf8_lossy(&command.output().unwrap().stdout).into_owned()
    }

    /// What came of an attack outside: nothing, or what was taken.
    pub fn taken(&mut self, said: &str) -> Vec<String> {
        let mut taken = Vec::new();
        if said.contains("DELIVERED") {
            taken.push("it says that it was delivered".to_owned());
        }
        if said.contains(SECRET_WORD) {
            taken.push("it read the secret".to_owned());
        }
        if !self.lures.untouched() {
            taken.push("it reached a listener".to_owned());
        }
        if self.victim.try_wait().unwrap().is_some() {
            taken.push("it ended the victim".to_owned());
        }
        if self.state() != self.untouched {
            taken.push("it changed files".to_owned());
            // For the next attack.
            lay_files(self.folder.path());
            self.untouched = self.state();
        }
        taken
    }

    /// Names, contents, modes and times of what must not change, and the owner's number beside them.
    fn state(&self) -> Vec<String> {
        let mut state = Vec::new();
        for name in ["private", "private/secret", "granted", "granted/file", "tree", "lures"] {
            let path = self.path(name);
            let Ok(of) = fs::symlink_metadata(&path) else {
                state.push(format!("{name} is gone"));
                continue;
            };
            let mut content = String::new();
            if of.is_dir() {
                let mut names: Vec<_> = fs::read_dir(&path).unwrap().map(|entry| entry.unwrap().file_name()).collect();
                names.sort();
                content = format!("{names:?}");
            } else {
                let _ = File::open(&path).and_then(|mut file| file.read_to_string(&mut content));
            }
            state.push(format!("{name} {:o} {}.{} {} {content}", of.mode(), of.mtime(), of.mtime_nsec(), of.nlink()));
        }
        state
    }
}

impl Drop for Outside {
    fn drop(&mut self) {
        let _ = self.victim.kill();
        let _ = self.victim.wait();
    }
}

/// Compiles every attack, statically, so that nothing of the host needs to be granted to run it. As root, one of them
/// becomes a program that says: run as root.
pub fn compile() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let into = folder.path();
    give(into, 0o755);
    let sources = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/attacks");
    for file in ["network", "ring", "files", "processes", "code", "privileges", "bombs"] {
        let done = Command::new("cc")
            .args(["-static", "-O1", "-w", "-o"])
            .args([into.join(file), sources.join(format!("{file}.c"))])
            .output()
            .unwrap();
        assert!(done.status.success(), "cc: {}", String::from_utf8_lossy(&done.stderr));
    }
    fs::set_permissions(into.join("privileges"), Permissions::from_mode(0o4755)).unwrap();
    folder
}
