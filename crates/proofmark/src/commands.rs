//! The commands, one file each. Each returns its exit code, or a [`Failure`] to be rendered.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use jiff::Timestamp;
use proofmark_governor::govern::{Means, OnEvent};
use proofmark_governor::job;
use proofmark_mark::trust::Trust;
use proofmark_run::fence::Launcher;
use proofmark_run::fence::probe::{self, Lures};
use proofmark_run::native::Natives;
use proofmark_run::worker::Fences;

use crate::cli::{Cli, Command, Format, Printed};
use crate::failure::Failure;
use crate::inputs::Loaded;

mod attribute;
mod build;
mod call;
pub mod check;
mod compare;
mod do_;
mod egress;
mod forget;
mod freeze;
mod init;
mod inspect;
mod log;
pub mod make;
mod models;
mod orders;
mod replay;
mod revoke;
mod run;
pub mod sharpen;
mod stage;
mod stop;
mod thaw;
mod toolchains;
pub mod trace;
mod undo;
mod verify;
mod worker;

/// Runs the command that was asked for.
pub fn run(cli: Cli) -> Result<u8, Failure> {
    let sarif = cli.sarif();
    let format = match cli.format {
        Printed::Human => Format::Human,
        Printed::Json => Format::Json,
        Printed::Sarif if sarif => Format::Json,
        Printed::Sarif => {
            return Err(
                Failure::wrong("`--format sarif` is for `check` alone").next("use --format human or --format json")
            );
        }
    };
    let home = cli.home;
    let home = home.as_deref();
    match cli.command {
        Command::Init => init::run(format, home),
        Command::Check(arguments) => check::run(cli.format, home, &arguments),
        Command::Make(arguments) => make::run(format, home, &arguments),
        Command::Verify(arguments) => verify::run(format, home, &arguments),
        Command::Run(arguments) => run::run(format, home, &arguments),
        Command::Do(arguments) => do_::run(format, home, &arguments),
        Command::Compare(arguments) => compare::run(format, &arguments),
        Command::Call(arguments) => call::run(format, &arguments),
        Command::Inspect(arguments) => inspect::run(format, &arguments),
        Command::Forget(arguments) => forget::run(format, home, &arguments),
        Command::Contract(crate::cli::Contract::Sharpen(arguments)) => sharpen::run(format, &arguments),
        Command::Freeze(arguments) => freeze::run(format, home, &arguments),
        Command::Thaw(arguments) => thaw::run(format, home, &arguments),
        Command::Revoke(arguments) => revoke::run(format, home, &arguments),
        Command::Stop(arguments) => stop::run(format, home, &arguments),
        Command::Stage(arguments) => stage::run(format, &arguments),
        Command::Undo(arguments) => undo::run(format, home, &arguments),
        Command::Replay(arguments) => replay::run(format, home, &arguments),
        Command::Trace(arguments) => trace::run(format, home, &arguments),
        Command::Attribute(arguments) => attribute::run(format, home, &arguments),
        Command::Build(arguments) => build::run(format, home, &arguments),
        Command::Toolchains(arguments) => toolchains::run(format, home, &arguments),
        Command::Models(arguments) => models::run(format, home, &arguments),
        Command::Log(crate::cli::Log::Audit) => log::audit_home(format, home),
        Command::Log(crate::cli::Log::Orders) => log::orders(format, home),
        Command::Log(crate::cli::Log::Runs(arguments)) if arguments.all => log::all_runs(format, home),
        Command::Log(crate::cli::Log::Runs(_)) => log::runs(format, home),
    }
}

/// Threads to use when none were named.
pub fn threads(arguments: &crate::cli::Threads) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    arguments.threads.map_or_else(cores, usize::from)
}

/// The first argument of this program where it is a launcher of fences.
pub const FENCE: &str = "fence";
/// The most memory of one worker, in bytes: the largest linear memories that a contract may give to all threads at once
/// would not fit on most machines either.
const WORKER_MEMORY_BYTES: u64 = 4 << 30;

/// What starts workers: this very program again, as the launcher of their fences.
pub fn launch() -> Result<Enforcement, Failure> {
    let failed = |what: &str| {
        let what = what.to_owned();
        move |error: std::io::Error| Failure::failed(format!("{what}: {error}"))
    };
    let program = std::env::current_exe().map_err(failed("can't find the program to start workers with"))?;
    let place = tempfile::tempdir().map_err(failed("can't make a temporary directory"))?;
    let lures = Lures::lay(place.path()).map_err(failed("can't lay lures for the probe"))?;
    let marks = serde_json::to_string(lures.marks()).map_err(|error| Failure::failed(error.to_string()))?;
    let launcher =
        Launcher::start(&program, &[FENCE.into(), marks.into()]).map_err(|error| Failure::failed(error.to_string()))?;
    let fences = Fences { launcher: Arc::new(launcher), memory_bytes: WORKER_MEMORY_BYTES };
    let memory = PathBuf::from("/dev/shm");
    let scratch = if tempfile::tempfile_in(&memory).is_ok() { memory } else { std::env::temp_dir() };
    Ok(Enforcement { fences, scratch, lures, reached: AtomicBool::new(false), _place: place })
}

/// Says early that the contract's reference can't be called: then no artifact can be held against it.
pub fn reference(launch: &Enforcement, loaded: &Loaded) -> Result<(), Failure> {
    job::reference(&launch.fences, &loaded.contract, &loaded.text).map_err(|why| {
        Failure::wrong(format!("the contract's reference can't be called: {why}"))
            .next("name one that has the contract's interface and needs no capability, or leave `[reference]` out")
    })
}

/// What holds artifacts: fences, and outside of them the lures that no probe may ever reach.
pub struct Enforcement {
    pub fences: Fences,
    /// Where the trees of native executables are laid out: in memory where the machine has a place for that.
    scratch: PathBuf,
    lures: Lures,
    /// Whether a lure was ever reached: asking one empties it.
    reached: AtomicBool,
    _place: tempfile::TempDir,
}

impl Enforcement {
    /// Fails if anything inside a fence reached a lure outside, whatever its probe said.
    pub fn held(&self) -> Result<(), Failure> {
        if !self.lures.untouched() {
            self.reached.store(true, Ordering::Relaxed);
        }
        if !self.reached.load(Ordering::Relaxed) {
            return Ok(());
        }
        Err(Failure::failed(
            "something inside a fence reached the host; nothing that this command found can be believed",
        ))
    }

    /// With what native executables are called.
    pub fn natives(&self) -> Arc<Natives> {
        Arc::new(Natives::new(Arc::clone(&self.fences.launcher), self.scratch.clone()))
    }

    /// Does something with what artifacts are checked with.
    pub fn means<T>(&self, trust: &Trust, threads: usize, watch: OnEvent<'_>, work: impl FnOnce(&Means<'_>) -> T) -> T {
        work(&Means {
            launch: &self.fences,
            natives: &self.natives(),
            threads,
            held: &|| self.held().is_ok(),
            now: Timestamp::now(),
            trust,
            watch,
        })
    }
}

/// The whole life of a launcher of fences; its second argument says where the lures are.
pub fn fence(marks: Option<&std::ffi::OsStr>) -> std::process::ExitCode {
    match marks.and_then(std::ffi::OsStr::to_str).and_then(|marks| serde_json::from_str(marks).ok()) {
        Some(marks) => {
            probe::know(marks);
            proofmark_run::fence::launcher(worker::run)
        }
        None => std::process::ExitCode::from(crate::failure::WRONG_INPUT),
    }
}
