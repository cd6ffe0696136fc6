//! The fence, from outside. The executable is its own launcher, so it has a `main` of its own instead of the usual
//! harness. As root it runs every test twice: as root, and again as an ordinary user with a cgroup of its own.
//!
//! `--measure` prints what counting a payload's system calls costs. With `--features weaken` there are tests more, each
//! with one layer left out.
//!
//! Needs a C compiler (`cc`) with a static libc: the payloads are small C programs.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::arithmetic_side_effects,
    clippy::print_stdout,
    reason = "a test, without the harness that says so"
)]

#[path = "fence/calls.rs"]
mod calls;
#[path = "fence/cases.rs"]
mod cases;
#[path = "fence/rig.rs"]
mod rig;
#[path = "fence/tools.rs"]
mod tools;
#[cfg(feature = "weaken")]
#[path = "fence/weak.rs"]
mod weak;

use std::process::{Command, ExitCode};

use proofmark_run::fence;

/// How the launcher is asked for.
const LAUNCH: &str = "--launch";
/// How the second run, as an ordinary user, is asked for.
const AS_USER: &str = "--as-user";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let has = |wanted: &str| arguments.iter().any(|argument| argument == wanted);
    if has(LAUNCH) {
        return fence::launcher(cases::worker);
    }
    if has("--measure") {
        calls::measure();
        return ExitCode::SUCCESS;
    }
    let tests = cases::all();
    if has("--list") {
        tests.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|argument| !argument.starts_with('-')).cloned().unwrap_or_default();
    let who = if nix::unistd::Uid::effective().is_root() { "root" } else { "user" };
    let mut failed = 0_usize;
    let mut passed = 0_usize;
    for (name, test) in tests.iter().filter(|(name, _)| name.contains(&filter)) {
        let fine = std::panic::catch_unwind(test).is_ok();
        println!("test {name} ({who}) ... {}", if fine { "ok" } else { "FAILED" });
        if fine { passed = passed.saturating_add(1) } else { failed = failed.saturating_add(1) }
    }
    if who == "root" {
        let again = as_user(&filter);
        println!("test all_again_as_a_user ... {}", if again { "ok" } else { "FAILED" });
        if again { passed = passed.saturating_add(1) } else { failed = failed.saturating_add(1) }
    } else if !has(AS_USER) {
        println!("the tests as root were skipped: this is not root");
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out\n");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// Runs this executable again as nobody, in a cgroup that belongs to nobody.
fn as_user(filter: &str) -> bool {
    let delegated = rig::Delegated::new();
    // A copy, because the build's folders may be closed to others.
    let folder = tempfile::tempdir().unwrap();
    rig::open_to_all(folder.path());
    let copy = folder.path().join("fence");
    std::fs::copy(std::env::current_exe().unwrap(), &copy).unwrap();
    let join: String =
        delegated.starts().iter().map(|folder| format!("echo $$ > '{}/cgroup.procs' && ", folder.display())).collect();
    let script = format!(
        "{join} exec setpriv --reuid 65534 --regid 65534 --clear-groups '{}' {AS_USER} {filter}",
        copy.display()
    );
    Command::new("sh").args(["-c", &script]).current_dir("/").status().unwrap().success()
}
