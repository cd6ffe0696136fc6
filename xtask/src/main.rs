//! `cargo xtask`: the one entry to everything a developer or a continuous-integration machine runs.
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a developer's tool, not library code"
)]

use std::process::{Command, ExitCode};

mod bench;
mod escape;
mod made;
mod photos;
mod tidy;
mod verdicts;

const USAGE: &str = "\
usage: cargo xtask COMMAND

  tidy              layout, file sizes, module headers, paths in documents, the crate graph
  test              tidy, formatting, lints, every test: what a change must pass
  bench             all benches, each a ratio measured in one run
  bench NAME...     calls | run | worker | verify | reuse | strength | egress | fence (needs bubblewrap) | effects | verdicts [EXAMPLE...] |
                    search (beside libFuzzer; needs clang)
  made GENERATORS [EXAMPLE...]
                    `proofmark make` on the examples, labelled by their references (needs node, a model, clang)
  escape            an old engine's sandbox is left by its published fault: the fence must hold (x86-64)
  photos            programs that migrate 5,000 photos: only the right one may change them
  photos COUNT      the same with fewer photos";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["tidy"] => tidy::run(),
        ["test"] => test(),
        ["bench", names @ ..] => bench::run(names),
        ["made", generators, names @ ..] => made::run(generators, names),
        ["escape"] => escape::run(),
        ["photos", arguments @ ..] => photos::command(arguments),
        _ => Err(USAGE.to_owned()),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn test() -> Result<(), String> {
    tidy::run()?;
    cargo(&["fmt", "--all", "--check"])?;
    cargo(&["clippy", "--workspace", "--all-targets", "--quiet", "--", "-D", "warnings"])?;
    cargo(&["test", "--workspace", "--quiet"])?;
    photos::run(SMALL, &bench::target()?.join("debug/proofmark"))?;
    // Each attack again without each layer. The feature is never on in anything but these two.
    cargo(&[
        "test",
        "--workspace",
        "--quiet",
        "--features",
        "proofmark-run/weaken",
        "--test",
        "attacks",
        "--test",
        "fence",
    ])
}

/// Photos in the demonstration that every change must pass.
const SMALL: u64 = 200;

/// Runs cargo with the terminal attached, and as if it were called from a shell: build scripts of dependencies look at the
/// variables that name a package, and would run again for each way of calling it.
fn cargo(arguments: &[&str]) -> Result<(), String> {
    eprintln!("cargo {}", arguments.join(" "));
    let mut command = Command::new(env!("CARGO"));
    for (name, _) in std::env::vars_os() {
        if name.to_str().is_some_and(|name| name.starts_with("CARGO_PKG_") || name.starts_with("CARGO_MANIFEST_")) {
            command.env_remove(name);
        }
    }
    match command.args(arguments).current_dir(root()).status() {
        Ok(status) if status.success() => Ok(()),
        Ok(status) => Err(format!("`cargo {}` failed: {status}", arguments.join(" "))),
        Err(error) => Err(format!("cargo could not be started: {error}")),
    }
}

/// The root of the checkout.
fn root() -> std::path::PathBuf {
    // The one that cargo runs it for: checkouts that share a target directory share this binary too.
    let here = std::env::var_os("CARGO_MANIFEST_DIR").unwrap_or_else(|| env!("CARGO_MANIFEST_DIR").into());
    let here = std::path::PathBuf::from(here);
    here.parent().unwrap_or(&here).to_path_buf()
}
