//! A program of this machine, run in a fence on files that it is given: a compiler, or a command that makes artifacts.
//!
//! The program is trusted no more than what it works on, because what it works on may take it over. It sees its own files
//! read-only at the places where they are, a working directory and one for temporary files, and nothing else of the
//! machine; it has no network. It may start other programs among its files. What it leaves is read as hostile input.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::OsStrExt as _;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use proofmark_contract::{Entry, Node, Tree};
use thiserror::Error;

use crate::effects::{Stage, Watch};
use crate::fence::{Code, Exit, Hit, How, Limits, Mount, Payload, Plan, Runs, Sealed};
use crate::native::{Cut, Natives, TREE, WATCHED, converse, files};
use crate::staged::{Kept, PAYLOAD};
use crate::wasi::Written;

mod executable;

pub use executable::Executable;

/// Of the file system for temporary files, in memory.
const TEMPORARY_BYTES: u64 = 256 << 20;
const TEMPORARY_ENTRIES: u64 = 20_000;
/// Where programs of a system look for others.
const PATH: &str = "/usr/local/bin:/usr/bin:/bin";

/// What a tool may take of the machine, unless said otherwise: enough for a compiler.
pub const LIMITS: Limits =
    Limits { memory_bytes: 2 << 30, processes: 64, file_bytes: TREE.content_bytes, open_files: 512, cpu_seconds: 600 };

/// A program with all that it needs, ready to be run any number of times.
#[derive(Debug, Clone)]
pub struct Tool {
    executable: Sealed,
    /// Its own path, and what comes before the arguments of a job.
    first: Vec<OsString>,
    mounts: Vec<Mount>,
    environment: Vec<(OsString, OsString)>,
    code: Code,
    limits: Limits,
}

/// What a tool is to do.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    pub arguments: &'a [String],
    pub stdin: &'a [u8],
    /// What is in its working directory: paths with bytes. It may change all of it.
    pub files: &'a [(String, Vec<u8>)],
    /// The most that it may write to standard output, and to standard error, in bytes.
    pub written_bytes_max: u64,
    pub whole_ms: u64,
    pub surroundings: Surroundings,
}

/// What must not matter to a tool whose results can be reproduced. The two differ in the names of the directories for work
/// and temporary files, in the times of the files, and in the order of the environment. The clock goes on by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Surroundings {
    Usual,
    Other,
}

impl Surroundings {
    const fn work(self) -> &'static str {
        match self {
            Self::Usual => "/work",
            Self::Other => "/elsewhere/again",
        }
    }

    const fn temporary(self) -> &'static str {
        match self {
            Self::Usual => "/tmp",
            Self::Other => "/var/tmp",
        }
    }

    /// When the files of the working directory were changed, in seconds since 1970.
    const fn modified(self) -> i64 {
        match self {
            Self::Usual => 1_000_000_000,
            Self::Other => 1_100_000_000,
        }
    }
}

/// A tool's own end.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Done {
    /// Never [`How::Killed`].
    pub how: How,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// The files of the working directory that are new or changed, in the order of their paths.
    pub files: Vec<(String, Vec<u8>)>,
}

/// Why a tool came to no end of its own, or why what it left can't be taken.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ToolError {
    /// Its own doing, or that of what it was given.
    #[error("{0}")]
    Cut(String),
    #[error("was stopped")]
    Stopped,
    /// It was never run, or this machine failed.
    #[error("{0}")]
    Failed(String),
}

impl From<Cut> for ToolError {
    fn from(cut: Cut) -> Self {
        match cut {
            Cut::Trapped(why) => Self::Cut(why),
            Cut::Undecided(why) => Self::Failed(why),
            Cut::Stopped(_) => Self::Stopped,
        }
    }
}

fn failed(error: &dyn std::fmt::Display) -> ToolError {
    ToolError::Failed(format!("a tool can't be run: {error}"))
}

impl Tool {
    /// A program with the files and directories of this machine that it needs, its own among them or not. `code` says whether
    /// it may make machine code while it runs.
    ///
    /// # Errors
    /// [`ToolError::Failed`]: a path is not absolute or not there, or the program is none.
    pub fn new(executable: &Executable, needs: &[PathBuf], code: Code, limits: Limits) -> Result<Self, ToolError> {
        let mut paths: Vec<&Path> = needs.iter().chain(&executable.files).map(PathBuf::as_path).collect();
        paths.sort_unstable();
        paths.dedup();
        let mut mounts: Vec<Mount> = Vec::new();
        for guest in &paths {
            // What is in a directory that is mounted is there already; in their order a directory comes first.
            if mounts.iter().any(|mount| guest.starts_with(mount.guest())) {
                continue;
            }
            let host = guest.canonicalize().map_err(|error| failed(&format!("`{}`: {error}", guest.display())))?;
            mounts.push(Mount::Read { host, guest: guest.to_path_buf(), run: Runs::Yes });
        }
        mounts.push(Mount::Null);
        let bytes = executable.read().map_err(|why| failed(&why))?;
        let words = std::iter::once(executable.path.as_os_str()).chain(executable.arguments.iter().map(OsStr::new));
        Ok(Self {
            executable: Sealed::new(&bytes).map_err(|error| failed(&error))?,
            first: words.map(OsStr::to_owned).collect(),
            mounts,
            environment: environment(&paths, &executable.path),
            code,
            limits,
        })
    }

    /// Runs it once, in a fence of its own. `stop` is asked every 10 ms.
    ///
    /// # Errors
    /// [`ToolError`].
    pub fn run(&self, natives: &Natives, job: &Job<'_>, stop: &mut dyn FnMut() -> bool) -> Result<Done, ToolError> {
        let folder = tempfile::tempdir_in(&natives.scratch).map_err(|error| failed(&error))?;
        let base = folder.path().join("work");
        files::lay(&tree(job)?, &base, true).map_err(|error| failed(&error))?;
        let (stage, before) = Stage::new(&base, &TREE).map_err(|error| failed(&error))?;
        let mut stage = Kept(stage);
        stage.lend(PAYLOAD).map_err(|error| failed(&error))?;
        let mut watch = Watch::new(std::iter::once(&*stage), WATCHED).map_err(|error| failed(&error))?;
        let fenced = natives.launcher.spawn(&self.plan(job, &stage)).map_err(|error| failed(&error))?;
        let (started, whole) = (Instant::now(), Duration::from_millis(job.whole_ms));
        let mut cut = || {
            if stop() {
                return Some(Cut::Stopped(String::new()));
            }
            let late = (started.elapsed() > whole).then(|| format!("took longer than {} ms", job.whole_ms));
            late.map(Cut::Trapped).or_else(|| watch.look().map(Cut::from))
        };
        let (exit, written) = converse(fenced, job.stdin.to_vec(), job.written_bytes_max, &mut cut);
        let Written { stdout, stderr } = written?;
        let how = self.ended(&exit?)?;
        let refuse = |error: &dyn std::fmt::Display| ToolError::Cut(format!("left what can't be taken: {error}"));
        stage.take_back(PAYLOAD, &TREE).map_err(|error| refuse(&error))?;
        let effects = stage.scan(before, &TREE).map_err(|error| refuse(&error))?;
        let files = files::written(&effects, &stage).map_err(ToolError::Cut)?;
        Ok(Done { how, stdout, stderr, files })
    }

    fn plan(&self, job: &Job<'_>, stage: &Stage) -> Plan {
        let work = &self.free(job.surroundings.work());
        let temporary = &self.free(job.surroundings.temporary());
        let mut mounts = self.mounts.clone();
        mounts.push(Mount::Stage { lower: stage.base(), upper: stage.upper(), work: stage.work(), guest: work.into() });
        mounts.push(Mount::Scratch {
            guest: temporary.into(),
            bytes: TEMPORARY_BYTES.min(self.limits.memory_bytes),
            entries: TEMPORARY_ENTRIES,
        });
        let mut environment = self.environment.clone();
        environment.extend(["HOME", "TMPDIR"].map(|name| (name.into(), temporary.into())));
        environment.push(("PWD".into(), work.into()));
        if job.surroundings == Surroundings::Other {
            environment.reverse();
        }
        let payload = Payload::Exec {
            program: self.executable.clone(),
            arguments: self.first.iter().cloned().chain(job.arguments.iter().map(Into::into)).collect(),
            environment,
            directory: work.into(),
        };
        Plan { mounts, ..Plan::new(payload, self.limits, self.code) }
    }

    /// A place where nothing of the tool's own is.
    fn free(&self, wanted: &str) -> PathBuf {
        let taken = self.mounts.iter().any(|mount| mount.guest().starts_with(wanted));
        PathBuf::from(if taken { format!("/proofmark{wanted}") } else { wanted.to_owned() })
    }

    fn ended(&self, exit: &Exit) -> Result<How, ToolError> {
        let Limits { memory_bytes, file_bytes, cpu_seconds, .. } = self.limits;
        let why = if exit.limits_hit.contains(&Hit::Memory) {
            format!("used more than {memory_bytes} bytes of memory")
        } else if exit.limits_hit.contains(&Hit::Cpu) {
            format!("used more than {cpu_seconds} s of processor time")
        } else if exit.limits_hit.contains(&Hit::FileSize) {
            format!("wrote a file of more than {file_bytes} bytes")
        } else if exit.how == How::Killed {
            return Err(ToolError::Failed("a tool's fence was ended from outside".to_owned()));
        } else {
            return Ok(exit.how);
        };
        Err(ToolError::Cut(why))
    }
}

/// The working directory of a job.
fn tree(job: &Job<'_>) -> Result<Tree, ToolError> {
    let entry = |(path, bytes): &(String, Vec<u8>)| Entry {
        path: path.clone(),
        mode: 0o644,
        modified: job.surroundings.modified(),
        node: Node::File(bytes.clone()),
    };
    Tree::new(job.files.iter().map(entry).collect()).map_err(|error| failed(&error.message))
}

/// What does not depend on where it runs. The time is that of no build, so that none can be in a result.
fn environment(paths: &[&Path], program: &Path) -> Vec<(OsString, OsString)> {
    let mut environment: Vec<(OsString, OsString)> = [("LC_ALL", "C"), ("TZ", "UTC"), ("SOURCE_DATE_EPOCH", "0")]
        .map(|(name, value)| (name.into(), value.into()))
        .into();
    let own = program.parent().filter(|folder| !PATH.split(':').any(|known| Path::new(known) == *folder));
    environment.push(("PATH".into(), joined(own.into_iter().chain(PATH.split(':').map(Path::new)))));
    // A program that was started from memory has no place of its own, which `$ORIGIN` in it would stand for.
    let is_library = |path: &&Path| path.file_name().is_some_and(|name| name.to_string_lossy().contains(".so"));
    let mut folders: Vec<&Path> = paths.iter().copied().filter(is_library).filter_map(Path::parent).collect();
    folders.dedup();
    if !folders.is_empty() {
        environment.push(("LD_LIBRARY_PATH".into(), joined(folders.into_iter())));
    }
    environment
}

fn joined<'a>(paths: impl Iterator<Item = &'a Path>) -> OsString {
    let parts: Vec<&[u8]> = paths.map(|path| path.as_os_str().as_bytes()).collect();
    OsStr::from_bytes(&parts.join(&b':')).to_owned()
}
