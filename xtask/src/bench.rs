//! `cargo xtask bench`: speed as ratios, and the table of verdicts over the examples.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;

use crate::{cargo, root};

/// Runs the named benches, or all.
pub fn run(names: &[&str]) -> Result<(), String> {
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
    if wanted("verdicts") { verdicts() } else { Ok(()) }
}

/// What can be measured: its name, and the bench that measures it. All are built for the whole workspace, so that they share
/// one build of every dependency.
const BENCHES: [(&str, &str); 9] = [
    ("calls", "ratios"),
    ("run", "ratios"),
    ("worker", "ratios"),
    ("verify", "ratios"),
    ("reuse", "ratios"),
    ("search", "ratios"),
    ("egress", "egress"),
    ("fence", "fence"),
    ("effects", "effects"),
];

/// Checks every example candidate and every npm binary under the default policy, beside its label.
fn verdicts() -> Result<(), String> {
    // The one that the benches are built with.
    cargo(&["bench", "--quiet", "--workspace", "--bench", "ratios", "--no-run"])?;
    let binary = target()?.join("release/proofmark");
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let home = scratch.path().join("home");
    proofmark(&binary, &home, &["init"])?;
    println!("{:<22} {:<10} {:<8} {:<8} why", "example", "candidate", "label", "verdict");
    let mut tally: BTreeMap<(String, String), u64> = BTreeMap::new();
    for example in folders(&root().join("examples")) {
        let name = file_name(&example);
        let Some(labels) = labels(&example)? else { continue };
        for (candidate, label) in labels {
            let artifact = example.join("candidates").join(&candidate).join("artifact.wasm");
            let report = check(&binary, &home, &example.join("contract.toml"), &artifact, scratch.path())?;
            let (verdict, why) = verdict(&report);
            println!("{name:<22} {candidate:<10} {label:<8} {verdict:<8} {why}");
            replays(&binary, &home, &example.join("contract.toml"), &artifact, &report)?;
            *tally.entry((label, verdict)).or_default() += 1;
        }
    }
    for package in folders(&root().join("examples/npm")) {
        let report =
            check(&binary, &home, &package.join("contract.toml"), &package.join("artifact.wasm"), scratch.path())?;
        let (verdict, why) = verdict(&report);
        println!("{:<22} {:<10} {:<8} {verdict:<8} {why}", file_name(&package), "-", "npm");
        *tally.entry(("npm".to_owned(), verdict)).or_default() += 1;
    }
    println!();
    for ((label, verdict), count) in &tally {
        println!("{count:>4} {label}, {verdict}");
    }
    let rejected = tally.get(&("correct".to_owned(), "refused".to_owned())).copied().unwrap_or(0);
    if rejected > 0 { Err(format!("{rejected} correct candidates were refused")) } else { Ok(()) }
}

fn check(binary: &Path, home: &Path, contract: &Path, artifact: &Path, scratch: &Path) -> Result<Value, String> {
    let (contract, artifact) = (contract.display().to_string(), artifact.display().to_string());
    let mark = scratch.join("out.mark").display().to_string();
    let arguments = [
        "--format",
        "json",
        "check",
        &contract,
        &artifact,
        "--output",
        &mark,
        "--generator",
        "bench",
        "--show-held-out",
    ];
    let output = proofmark(binary, home, &arguments)?;
    serde_json::from_slice(&output).map_err(|error| format!("{artifact}: {error}"))
}

/// Every counterexample must give again what the evidence says that it gave.
fn replays(binary: &Path, home: &Path, contract: &Path, artifact: &Path, report: &Value) -> Result<(), String> {
    let (contract, artifact) = (contract.display().to_string(), artifact.display().to_string());
    for counterexample in list(&report["evidence"]).iter().flat_map(|evidence| list(&evidence["counterexamples"])) {
        let call = counterexample["call"].as_str().unwrap_or_default().to_owned();
        let output = proofmark(binary, home, &["--format", "json", "call", &contract, &artifact, &call])?;
        let again: Value = serde_json::from_slice(&output).map_err(|error| format!("{call}: {error}"))?;
        let got = again["returned"].as_str().or(again["trapped"].as_str()).unwrap_or_default();
        let said = counterexample["got"].as_str().unwrap_or_default();
        if !said.starts_with(got) {
            return Err(format!("{artifact}: `{call}` gave `{said}`, and again `{got}`"));
        }
    }
    Ok(())
}

/// The verdict, and in a few words what it rests on.
fn verdict(report: &Value) -> (String, String) {
    let verdict = report["verdict"].as_str().unwrap_or("error").to_owned();
    let evidence = list(&report["evidence"]);
    let first = evidence.iter().flat_map(|evidence| list(&evidence["counterexamples"])).next();
    let why = match first {
        Some(found) => {
            let text = |name: &str| found[name].as_str().unwrap_or_default().to_owned();
            format!("{} gave {} ({})", text("call"), text("got"), text("property"))
        }
        None => {
            let unclear = evidence.iter().find_map(|evidence| evidence["reason"].as_str());
            let executions = evidence.iter().find_map(|evidence| evidence["counts"]["executions"].as_u64());
            unclear.map_or_else(|| format!("{} executions", executions.unwrap_or(0)), str::to_owned)
        }
    };
    (verdict, why.chars().take(110).collect())
}

pub fn proofmark(binary: &Path, home: &Path, arguments: &[&str]) -> Result<Vec<u8>, String> {
    let output = Command::new(binary).env("PROOFMARK_HOME", home).args(arguments).output();
    output.map(|output| output.stdout).map_err(|error| format!("{}: {error}", binary.display()))
}

fn labels(example: &Path) -> Result<Option<Vec<(String, String)>>, String> {
    let file = example.join("labels.json");
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(None) };
    let labels: BTreeMap<String, Value> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut labels: Vec<_> = labels
        .into_iter()
        .map(|(candidate, label)| (candidate, label["label"].as_str().unwrap_or("none").to_owned()))
        .collect();
    labels.sort_by_key(|(candidate, _)| candidate.parse::<u32>().unwrap_or(0));
    Ok(Some(labels))
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

fn list(value: &Value) -> Vec<Value> {
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
