//! `cargo xtask bench`: speed as ratios.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{cargo, root, verdicts};

/// Runs the named benches, or all. After `verdicts` come names of examples.
pub fn run(names: &[&str]) -> Result<(), String> {
    if let ["verdicts", examples @ ..] = names {
        return verdicts::run(examples);
    }
    let known = || BENCHES.iter().map(|(name, ..)| *name).chain(["verdicts"]);
    if let Some(unknown) = names.iter().find(|name| !known().any(|known| known == **name)) {
        return Err(format!("there is no bench `{unknown}`; known are {}", known().collect::<Vec<_>>().join(", ")));
    }
    let wanted = |name: &str| names.is_empty() || names.contains(&name);
    for (name, bench) in BENCHES.into_iter().filter(|(name, ..)| wanted(name)) {
        let mut arguments = vec!["bench", "--quiet", "--workspace", "--bench", bench, "--"];
        // A bench with the name of its file measures one thing and is told nothing.
        arguments.extend((name != bench).then_some(name));
        cargo(&arguments)?;
    }
    if wanted("verdicts") { verdicts::run(&[]) } else { Ok(()) }
}

/// What can be measured: its name, and the bench that measures it. All are built for the whole workspace, so that they share
/// one build of every dependency.
const BENCHES: [(&str, &str); 10] = [
    ("calls", "ratios"),
    ("run", "ratios"),
    ("worker", "ratios"),
    ("verify", "ratios"),
    ("reuse", "ratios"),
    ("strength", "ratios"),
    ("search", "ratios"),
    ("egress", "egress"),
    ("fence", "fence"),
    ("effects", "effects"),
];

pub fn proofmark(binary: &Path, home: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new(binary).env("PROOFMARK_HOME", home).args(arguments).output();
    output.map(|output| output.stdout).map_err(|error| format!("{}: {error}", binary.display()))
}

pub fn folders(folder: &Path) -> Vec<PathBuf> {
    let mut found: Vec<PathBuf> = std::fs::read_dir(folder)
        .into_iter()
        .flatten()
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.is_dir())
        .collect();
    found.sort();
    found
}

pub fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

pub fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Where cargo puts what it builds.
pub fn target() -> Result<PathBuf, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root())
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: Value = serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    Ok(PathBuf::from(metadata["target_directory"].as_str().unwrap_or("target")))
}
