//! The commands, one file each. Each returns its exit code, or a [`Failure`] to be rendered.

use std::sync::Arc;

use proofmark_run::fence::Launcher;
use proofmark_run::native::Natives;
use proofmark_run::worker::Fences;

use crate::cli::{Cli, Command};
use crate::failure::Failure;

mod call;
mod check;
mod freeze;
mod init;
mod inspect;
mod log;
mod orders;
mod revoke;
mod run;
mod stop;
mod thaw;
mod verify;
pub mod worker;

/// Runs the command that was asked for.
pub fn run(cli: Cli) -> Result<u8, Failure> {
    let (format, home) = (cli.format, cli.home);
    let home = home.as_deref();
    match cli.command {
        Command::Init => init::run(format, home),
        Command::Check(arguments) => check::run(format, home, &arguments),
        Command::Verify(arguments) => verify::run(format, home, &arguments),
        Command::Run(arguments) => run::run(format, home, &arguments),
        Command::Call(arguments) => call::run(format, &arguments),
        Command::Inspect(arguments) => inspect::run(format, &arguments),
        Command::Freeze(arguments) => freeze::run(format, home, &arguments),
        Command::Thaw(arguments) => thaw::run(format, home, &arguments),
        Command::Revoke(arguments) => revoke::run(format, home, &arguments),
        Command::Stop(arguments) => stop::run(format, home, &arguments),
        Command::Log(crate::cli::Log::Audit) => log::audit_home(format, home),
        Command::Log(crate::cli::Log::Orders) => log::orders(format, home),
        Command::Log(crate::cli::Log::Runs) => log::runs(format, home),
    }
}

/// Threads to use when none were named.
fn threads(arguments: &crate::cli::Threads) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    arguments.threads.map_or_else(cores, usize::from)
}

/// The first argument of this program where it is a launcher of fences.
pub const FENCE: &str = "fence";
/// The most memory of one worker, in bytes: the largest linear memories that a contract may give to all threads at once
/// would not fit on most machines either.
const WORKER_MEMORY_BYTES: u64 = 4 << 30;

/// What starts workers: this very program again, as the launcher of their fences.
fn launch() -> Result<Fences, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("can't find the program to start workers with: {error}")))?;
    let launcher = Launcher::start(&program, &[FENCE.into()]).map_err(|error| Failure::failed(error.to_string()))?;
    Ok(Fences { launcher: Arc::new(launcher), memory_bytes: WORKER_MEMORY_BYTES })
}

/// With what native executables are called. Their trees are laid out in memory where the machine has a place for that.
fn natives(fences: &Fences) -> Arc<Natives> {
    let memory = std::path::PathBuf::from("/dev/shm");
    let scratch = if tempfile::tempfile_in(&memory).is_ok() { memory } else { std::env::temp_dir() };
    Arc::new(Natives::new(Arc::clone(&fences.launcher), scratch))
}
