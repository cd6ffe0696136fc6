//! `proofmark`: the one binary. Reads arguments and the environment, prints, chooses exit codes; decides nothing.

use std::process::ExitCode;

use clap::Parser;

mod build;
mod cli;
mod commands;
mod failure;
mod inputs;
mod make;
mod meter;
mod render;
mod tools;

fn main() -> ExitCode {
    // Before anything else is done: a launcher has one thread, no keys and no open files.
    if std::env::args_os().nth(1).is_some_and(|first| first == commands::FENCE) {
        return commands::fence(std::env::args_os().nth(2).as_deref());
    }
    let cli = match cli::Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            // Help and version go to standard output and are no error.
            let asked_for = !error.use_stderr();
            let _ = error.print();
            return ExitCode::from(if asked_for { 0 } else { failure::WRONG_INPUT });
        }
    };
    let format = if cli.format == cli::Printed::Json { cli::Format::Json } else { cli::Format::Human };
    let sarif = cli.sarif();
    match commands::run(cli) {
        Ok(code) => ExitCode::from(code),
        Err(failure) => {
            if sarif {
                render::sarif(&render::sarif::failure(&failure));
            }
            render::failure(format, &failure);
            ExitCode::from(failure.code)
        }
    }
}
