//! A native executable as the function `run` of its contract: each call in a fence of its own, with nothing left over.
//!
//! What a call is given and what came of it are values. Where the machine decides after all (a limit of memory or
//! processor time, a fence that can't be made), the call has no answer, and [`Natives::undecided`] says why.

use std::fs::File;
use std::io::{Read, Write as _};
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use proofmark_contract::{Budget, Capabilities, Flag, Invocation, Outcome as Returned, Process, Value};

use crate::effects::{Allowance, Excess, Stage, Watch};
use crate::fence::{Code, Exit, Fenced, Hit, How, Launcher, Limits, Mount, Payload, Plan, Runs, Sealed};
use crate::program::{Ended, Outcome, ProgramError};
use crate::staged::PAYLOAD;
use crate::tree;
use crate::wasi::Written;

pub(crate) mod files;
pub(crate) mod libraries;
mod network;
pub mod staged;

/// The most that a call may write to standard output, and to standard error, in bytes.
const WRITTEN_BYTES_MAX: u64 = 1 << 20;
/// What a fence takes for itself beside the memory budget, in bytes.
const FENCE_MEMORY_BYTES: u64 = 16 << 20;
/// How long a call may take and sleep. Backstops, never budgets: what meets them has no answer.
const CPU_SECONDS: u64 = 10;
const WALL_MAX: Duration = Duration::from_secs(120);
/// What a tree may hold after a call.
pub(crate) const TREE: tree::Limits = tree::Limits {
    entries: 20_000,
    depth: 64,
    content_bytes: 64 << 20,
    name_bytes: 16 << 20,
    threads: std::num::NonZeroUsize::new(1),
};
/// Where a call that writes is cut off: a backstop, so far above what a tree may hold that what ends by itself has an answer.
pub(crate) const WATCHED: Allowance = Allowance { bytes: 4 * TREE.content_bytes, entries: 4 * TREE.entries };

/// With what native executables are called.
#[derive(Debug)]
pub struct Natives {
    pub launcher: Arc<Launcher>,
    /// Where the trees of calls are laid out; best in memory.
    pub scratch: PathBuf,
    undecided: Mutex<Option<String>>,
}

impl Natives {
    #[must_use]
    pub fn new(launcher: Arc<Launcher>, scratch: PathBuf) -> Self {
        Self { launcher, scratch, undecided: Mutex::new(None) }
    }

    /// Why the first call without an answer has none, since this was last asked.
    pub fn undecided(&self) -> Option<String> {
        self.undecided.lock().unwrap_or_else(PoisonError::into_inner).take()
    }

    fn no_answer(&self, why: String) -> Outcome {
        self.undecided.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert_with(|| why.clone());
        trapped(why)
    }
}

/// A native executable, ready to be called. Shared between threads.
pub struct Native {
    natives: Arc<Natives>,
    program: Sealed,
    process: Arc<Process>,
    writes: bool,
    memory_bytes: u64,
    budget: Budget,
    mounts: Vec<Mount>,
    code: Code,
}

/// Why a call has no outcome of its own.
pub(crate) enum Cut {
    /// The artifact's doing, the same on every machine.
    Trapped(String),
    /// The machine's.
    Undecided(String),
    /// Somebody's order.
    Stopped(String),
}

impl From<Excess> for Cut {
    fn from(excess: Excess) -> Self {
        if excess.is_its_own() { Self::Trapped(excess.to_string()) } else { Self::Undecided(excess.to_string()) }
    }
}

impl Native {
    /// An executable for the contract's process, with what its contract asks for in its checked form: no directory but
    /// the tree that it is given, and no network.
    ///
    /// # Errors
    /// [`ProgramError`]: it can't be held in memory, or this machine lacks a library.
    pub fn new(
        artifact: &[u8],
        process: &Arc<Process>,
        budget: &Budget,
        capabilities: &Capabilities,
        natives: &Arc<Natives>,
    ) -> Result<Self, ProgramError> {
        let program = Sealed::new(artifact).map_err(|error| ProgramError::Engine(error.to_string()))?;
        let writes = process.files.as_ref().is_some_and(|files| capabilities.write.contains(files));
        let generates = capabilities.has(Flag::GenerateCode);
        Ok(Self {
            natives: Arc::clone(natives),
            program,
            process: Arc::clone(process),
            writes,
            memory_bytes: budget.memory.saturating_add(FENCE_MEMORY_BYTES),
            budget: budget.clone(),
            mounts: libraries::mounts(&capabilities.libraries).map_err(ProgramError::Engine)?,
            code: if generates { Code::Generated } else { Code::Fixed },
        })
    }

    /// Calls `run` in a fence of its own.
    #[must_use]
    pub fn call(&self, arguments: &[Value]) -> Outcome {
        let invocation = match self.process.invocation(arguments) {
            Ok(invocation) => invocation,
            Err(why) => return trapped(why),
        };
        match self.carry_out(invocation) {
            Ok((value, written)) => Outcome::plain(Ended::Returned(Some(value)), written),
            Err(Cut::Trapped(why)) => trapped(why),
            Err(Cut::Undecided(why) | Cut::Stopped(why)) => self.natives.no_answer(why),
        }
    }

    fn carry_out(&self, invocation: Invocation) -> Result<(Value, Written), Cut> {
        let folder = match &invocation.files {
            Some(_) => Some(tempfile::tempdir_in(&self.natives.scratch).map_err(|error| undecided(&error))?),
            None => None,
        };
        let mut mounts = self.mounts.clone();
        let mut stage = None;
        if let (Some(folder), Some(tree), Some(guest)) = (&folder, &invocation.files, &self.process.files) {
            let base = folder.path().join("base");
            let laid = files::lay(tree, &base, self.writes).map_err(|error| undecided(&error))?;
            if self.writes {
                let (made, before) = Stage::new(&base, &TREE).map_err(|error| undecided(&error))?;
                made.lend(PAYLOAD).map_err(|error| undecided(&error))?;
                let (lower, upper, work) = (made.base(), made.upper(), made.work());
                mounts.push(Mount::Stage { lower, upper, work, guest: guest.into() });
                stage = Some((made, before, laid));
            } else {
                mounts.push(Mount::Read { host: base, guest: guest.into(), run: Runs::No });
            }
        }
        let plan = self.plan(&invocation, mounts, CPU_SECONDS, TREE.content_bytes);
        let written = stage.iter().map(|(stage, ..)| stage);
        let mut watch = Watch::new(written, WATCHED).map_err(|error| undecided(&error))?;
        let fenced = self.natives.launcher.spawn(&plan).map_err(|error| undecided(&error))?;
        let started = Instant::now();
        // When either strikes depends on the machine, so neither is an answer.
        let mut cut = || {
            let late = (started.elapsed() > WALL_MAX).then(|| format!("took longer than {} s", WALL_MAX.as_secs()));
            let why = late.or_else(|| watch.look().map(|excess| excess.to_string()))?;
            Some(Cut::Undecided(format!("a call {why}")))
        };
        let (exit, written) = converse(fenced, invocation.stdin, WRITTEN_BYTES_MAX, &mut cut);
        let written = written?;
        let code = self.ended(&exit?)?;
        let files = match stage {
            Some((mut stage, before, laid)) => {
                stage.take_back(PAYLOAD, &TREE).map_err(|error| Cut::Trapped(error.to_string()))?;
                let effects = stage.scan(before, &TREE).map_err(|error| Cut::Trapped(error.to_string()))?;
                let after = files::after(&effects, &stage, laid).map_err(Cut::Trapped)?;
                Some(after)
            }
            None => invocation.files,
        };
        let Written { stdout, stderr } = written.clone();
        let returned = Returned { code, stdout, stderr, files };
        Ok((self.process.outcome(returned).map_err(Cut::Trapped)?, written))
    }

    fn plan(&self, invocation: &Invocation, mounts: Vec<Mount>, cpu_seconds: u64, file_bytes: u64) -> Plan {
        let directory = self.process.files.as_ref().map_or_else(|| PathBuf::from("/"), PathBuf::from);
        let limits =
            Limits { memory_bytes: self.memory_bytes, processes: 32, file_bytes, open_files: 256, cpu_seconds };
        let payload = Payload::Exec {
            program: self.program.clone(),
            arguments: std::iter::once("artifact".into()).chain(invocation.arguments.iter().map(Into::into)).collect(),
            environment: invocation.environment.iter().map(|(name, value)| (name.into(), value.into())).collect(),
            directory,
        };
        Plan { mounts, ..Plan::new(payload, limits, self.code) }
    }

    fn ended(&self, exit: &Exit) -> Result<u8, Cut> {
        if exit.limits_hit.contains(&Hit::Memory) {
            return Err(Cut::Undecided(format!("a call used more than {} bytes of memory", self.memory_bytes)));
        }
        if exit.limits_hit.contains(&Hit::Cpu) {
            return Err(Cut::Undecided("a call used up its processor time".to_owned()));
        }
        match exit.how {
            How::Code(code) => Ok(code),
            How::Signal(signal) => Err(Cut::Trapped(format!("ended by signal {signal}"))),
            How::Killed => Err(Cut::Undecided("a call's fence was ended from outside".to_owned())),
        }
    }
}

fn trapped(why: String) -> Outcome {
    Outcome::plain(Ended::Trapped(why), Written::default())
}

pub(crate) fn undecided(error: &dyn std::fmt::Display) -> Cut {
    Cut::Undecided(format!("a call could not be made: {error}"))
}

/// Why a conversation must end, if it must. Asked every 10 ms.
type Asked<'a> = &'a mut dyn FnMut() -> Option<Cut>;

/// How often it is asked. A stop must take effect within 50 ms.
const ASKED_EVERY: Duration = Duration::from_millis(10);

/// Gives a fence its input and takes its output, until its end or until it is too much or told to stop. A fence that was cut
/// short has an end too.
pub(crate) fn converse(
    mut fenced: Fenced,
    input: Vec<u8>,
    written_bytes_max: u64,
    asked: Asked<'_>,
) -> (Result<Exit, Cut>, Result<Written, Cut>) {
    let (killer, stopper) = (fenced.killer(), fenced.killer());
    let stdin = fenced.stdin.take();
    let copies = fenced.stdout.try_clone().and_then(|stdout| Ok((stdout, fenced.stderr.try_clone()?)));
    let (stdout, stderr) = match copies {
        Ok(copies) => copies,
        Err(error) => return (Err(undecided(&error)), Err(undecided(&error))),
    };
    let (done, ended) = channel::<()>();
    let take = |file: File, what: &str| {
        let mut bytes = Vec::new();
        // A read can only fail with the fence, whose end is told below.
        let _ = file.take(written_bytes_max.saturating_add(1)).read_to_end(&mut bytes);
        if bytes.len() as u64 <= written_bytes_max {
            return Ok(bytes);
        }
        killer.kill();
        Err(Cut::Trapped(format!("wrote more than {written_bytes_max} bytes to {what}")))
    };
    let take = &take;
    std::thread::scope(|scope| {
        scope.spawn(move || {
            if let Some(mut stdin) = stdin {
                // A payload need not read what it is given.
                let _ = stdin.write_all(&input);
            }
        });
        let stderr = scope.spawn(move || take(stderr, "standard error"));
        let rest = scope.spawn(move || {
            let stdout = take(stdout, "standard output");
            let exit = fenced.wait();
            drop(done);
            (stdout, exit)
        });
        let mut cut = None;
        while cut.is_none() && ended.recv_timeout(ASKED_EVERY) == Err(RecvTimeoutError::Timeout) {
            cut = asked();
            if cut.is_some() {
                stopper.kill();
            }
        }
        let broke = || Cut::Undecided("a thread died".to_owned());
        let stderr = stderr.join().unwrap_or_else(|_| Err(broke()));
        let Ok((stdout, exit)) = rest.join() else { return (Err(broke()), Err(broke())) };
        let written = cut.map_or_else(|| Ok(Written { stdout: stdout?, stderr: stderr? }), Err);
        (exit.map_err(|error| undecided(&error)), written)
    })
}
