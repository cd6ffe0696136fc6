//! The commands, one file each. Each returns its exit code, or a [`Failure`] to be rendered.

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
mod worker;

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
        Command::Worker => worker::run(),
    }
}

/// Threads to use when none were named.
fn threads(arguments: &crate::cli::Threads) -> usize {
    let cores = || std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    arguments.threads.map_or_else(cores, usize::from)
}

/// How a check's worker is started: this very program, with an empty environment.
fn launch() -> Result<proofmark_run::worker::Launch, Failure> {
    let program = std::env::current_exe()
        .map_err(|error| Failure::failed(format!("can't find the program to start workers with: {error}")))?;
    Ok(proofmark_run::worker::Launch {
        program,
        arguments: vec!["worker".into()],
        silence_max: std::time::Duration::from_secs(120),
    })
}
