//! `cargo xtask escape`: builds the old engine of `escape/` and runs the modules that leave its sandbox, without a fence and in one.

use std::process::Command;

use crate::{cargo, root};

/// Where the static programs are built, beside the engine's own lock file and never with anything else's.
const BUILT: &str = "escape/target/x86_64-unknown-linux-gnu/debug";

pub fn run() -> Result<(), String> {
    if !cfg!(all(target_arch = "x86_64", target_os = "linux")) {
        return Err("the fault is in the code generator for x86-64, and the fence is Linux's".to_owned());
    }
    eprintln!("cargo build (in escape/)");
    let status = Command::new(env!("CARGO"))
        .args(["build", "--quiet", "--locked"])
        .current_dir(root().join("escape"))
        .env_remove("CARGO_TARGET_DIR")
        .status();
    if !status.is_ok_and(|status| status.success()) {
        return Err("the programs of `escape/` could not be built".to_owned());
    }
    let program = |name: &str| root().join(BUILT).join(name).display().to_string();
    cargo(&["test", "--workspace", "--quiet", "--test", "escape", "--", &program("worker"), &program("module")])
}
