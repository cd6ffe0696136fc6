//! `cargo xtask made`: lets generators make an artifact for every example contract, and labels what was marked by the
//! example's own reference, which neither generators nor Proofmark see.

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use crate::{bench, cargo, root};

/// Runs `proofmark make` on the examples with those names, or on all that have a reference.
pub fn run(generators: &str, names: &[&str]) -> Result<(), String> {
    // The one that the benches are built with.
    cargo(&["bench", "--quiet", "--workspace", "--bench", "ratios", "--no-run"])?;
    let binary = bench::target()?.join("release/proofmark");
    let place = bench::target()?.join("made");
    let home = place.join("home");
    std::fs::create_dir_all(&place).map_err(|error| format!("{}: {error}", place.display()))?;
    if !home.exists() {
        bench::proofmark(&binary, &home, &["init"])?;
        bench::proofmark(&binary, &home, &["toolchains", "pin"])?;
    }
    println!("{:<16} {:<14} {:>5} {:>7} {:>6} {:<8} last try", "contract", "verdict", "tries", "tokens", "s", "label");
    let (mut marked, mut wrong, mut count) = (0_u32, 0_u32, 0_u32);
    for example in bench::folders(&root().join("examples")) {
        let name = bench::file_name(&example);
        let is_wanted = names.is_empty() || names.contains(&name.as_str());
        if !is_wanted || !example.join("reference.mjs").exists() {
            continue;
        }
        let artifact = place.join(format!("{name}.wasm"));
        let (contract, output) = (example.join("contract.toml").display().to_string(), artifact.display().to_string());
        let arguments =
            ["--format", "json", "make", &contract, "--generators", generators, "--output", &output, "--fresh"];
        let report: Value = serde_json::from_slice(&bench::proofmark(&binary, &home, &arguments)?)
            .map_err(|error| format!("{name}: {error}"))?;
        count += 1;
        let is_marked = report["verdict"] == "marked";
        let label = if is_marked { labelled(&name, &artifact)? } else { String::new() };
        marked += u32::from(is_marked);
        wrong += u32::from(label == "wrong");
        line(&name, &report, &label);
    }
    println!("\n{marked} of {count} ended marked; {wrong} of them wrong");
    println!("the log is in {}: `proofmark models --home {}`", home.display(), home.display());
    if wrong > 0 { Err(format!("{wrong} wrong artifacts were marked")) } else { Ok(()) }
}

fn line(name: &str, report: &Value, label: &str) {
    let tries = report["tries"].as_array().map(Vec::as_slice).unwrap_or_default();
    let sum = |field: &str| tries.iter().filter_map(|tried| tried["spent"][field].as_u64()).sum::<u64>();
    let last = tries.last().map(|tried| format!("{}: {}", text(tried, "outcome"), text(tried, "why")));
    let last: String = last.unwrap_or_default().chars().take(90).collect();
    let (verdict, tokens, seconds) = (text(report, "verdict"), sum("output_tokens"), sum("milliseconds") / 1000);
    println!("{name:<16} {verdict:<14} {:>5} {tokens:>7} {seconds:>6} {label:<8} {last}", tries.len());
}

fn text<'a>(value: &'a Value, field: &str) -> &'a str {
    value[field].as_str().unwrap_or_default()
}

/// `correct` or `wrong`, by `examples/labels/label.mjs` and the example's reference.
fn labelled(name: &str, artifact: &Path) -> Result<String, String> {
    let script = root().join("examples/labels/label.mjs");
    let output = Command::new("node").arg(script).arg(name).arg(artifact).output();
    let output = output.map_err(|error| format!("node: {error}"))?;
    let label = String::from_utf8_lossy(&output.stdout).trim().to_owned();
    match label.as_str() {
        "correct" | "wrong" => Ok(label),
        _ => Err(format!("{name}: no label: {}", String::from_utf8_lossy(&output.stderr))),
    }
}
