//! `cargo xtask tidy`: the rules of the house that no compiler checks.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

const LINES_MAX: usize = 800;
/// Where Rust files of ours are.
const CODE: [&str; 4] = ["crates", "xtask", "fuzz", "escape"];
/// First parts of a path by which a document's words are recognised as a path of this repository.
const TOP: [&str; 10] =
    ["crates/", "xtask/", "spec/", "vectors/", "examples/", "policies/", "fuzz/", "escape/", "docs/", ".ci/"];

/// Checks everything and lists every violation.
pub fn run() -> Result<(), String> {
    let root = root();
    let mut wrong = Vec::new();
    for file in CODE.iter().flat_map(|folder| files(&root.join(folder))) {
        if file.extension().is_some_and(|extension| extension == "rs") {
            rust(&root, &file, &mut wrong)?;
        }
    }
    for file in files(&root) {
        if file.extension().is_some_and(|extension| extension == "md") {
            document(&root, &file, &mut wrong)?;
        }
    }
    if let Err(difference) = graph(&root) {
        wrong.push(difference);
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

fn rust(root: &Path, file: &Path, wrong: &mut Vec<String>) -> Result<(), String> {
    let text = read(file)?;
    let name = file.strip_prefix(root).unwrap_or(file).display();
    let lines = text.lines().count();
    if lines > LINES_MAX {
        wrong.push(format!("{name}: {lines} lines; split it, the limit is {LINES_MAX}"));
    }
    if !text.starts_with("//!") {
        wrong.push(format!("{name}: does not open with `//!` saying what it is"));
    }
    if file.file_name().is_some_and(|name| name == "mod.rs") {
        wrong.push(format!("{name}: put it in a file named like its folder, beside it"));
    }
    for word in [concat!("TO", "DO"), concat!("FIX", "ME"), concat!("XX", "X")] {
        if text.contains(word) {
            wrong.push(format!("{name}: holds `{word}`"));
        }
    }
    Ok(())
}

fn document(root: &Path, file: &Path, wrong: &mut Vec<String>) -> Result<(), String> {
    // Prompts are given to models and replies come from them: neither speaks of this repository.
    if file.file_name().is_some_and(|name| name == "prompt.md" || name == "reply.md") {
        return Ok(());
    }
    let name = file.strip_prefix(root).unwrap_or(file).display();
    for word in read(file)?.split(['`', ' ', '\n', '(', ')', ',', ';', '"']) {
        let word = word.trim_end_matches(['.', ':']);
        let named = TOP.iter().any(|top| word.starts_with(top));
        let pattern = word.contains(['<', '>', '*', '{', '$', '|', '[', '…']) || word.contains("...");
        if named && !pattern && !root.join(word.split('#').next().unwrap_or(word)).exists() {
            wrong.push(format!("{name}: names `{word}`, which does not exist"));
        }
    }
    Ok(())
}

/// Holds the crates' dependencies on each other, and who may use the walled-in ones, against ARCHITECTURE.md.
pub fn graph(root: &Path) -> Result<(), String> {
    let architecture = read(&root.join("ARCHITECTURE.md"))?;
    let wanted = architecture
        .split("```graph\n")
        .nth(1)
        .and_then(|rest| rest.split("```").next())
        .ok_or("ARCHITECTURE.md: has no ```graph block")?;
    let found = arrows(root)?;
    if wanted == found {
        return Ok(());
    }
    Err(format!("the graph of crates is not the one in ARCHITECTURE.md; it is now:\n{found}"))
}

fn arrows(root: &Path) -> Result<String, String> {
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version=1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .map_err(|error| format!("cargo metadata: {error}"))?;
    let metadata: serde_json::Value =
        serde_json::from_slice(&output.stdout).map_err(|error| format!("cargo metadata: {error}"))?;
    let mut arrows: BTreeMap<String, Vec<String>> = BTreeMap::new();
    let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
    let text = |value: &serde_json::Value| value.as_str().unwrap_or_default().to_owned();
    for package in list(&metadata["packages"]) {
        let mut needs: Vec<String> = list(&package["dependencies"])
            .iter()
            .filter(|dependency| dependency["kind"].is_null())
            .map(|dependency| text(&dependency["name"]))
            .filter(|name| name.starts_with("proofmark") || WALLED.contains(&name.as_str()))
            .collect();
        needs.sort();
        arrows.insert(text(&package["name"]), needs);
    }
    Ok(arrows.iter().map(|(from, to)| format!("{from} -> {}", to.join(" ")).trim_end().to_owned() + "\n").collect())
}

/// Heavy or powerful dependencies, shown in the graph so that a new user of one is a visible change.
const WALLED: [&str; 8] =
    ["cedar-policy", "cel", "gix-odb", "hyper", "object_store", "tokio-rustls", "ureq", "wasmtime"];

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let name = entry.file_name();
        if path.is_dir() && !path.is_symlink() {
            if name != "target" && name != ".git" && name != ".proofmark" && name != "node_modules" {
                found.extend(files(&path));
            }
        } else {
            found.push(path);
        }
    }
    found.sort();
    found
}

fn read(file: &Path) -> Result<String, String> {
    std::fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_graph_of_crates_is_the_documented_one() {
        assert_eq!(graph(&root()), Ok(()));
    }

    #[test]
    fn a_document_that_names_a_missing_file_is_found() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("README.md");
        std::fs::write(&file, "see `spec/none.md`, and `spec/<name>.md`").unwrap();
        let mut wrong = Vec::new();
        document(folder.path(), &file, &mut wrong).unwrap();
        assert_eq!(wrong, ["README.md: names `spec/none.md`, which does not exist"]);
    }
}
