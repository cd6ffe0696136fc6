//! Runs the command-line cases in `tests/cmd/`: one file each, so that a case is data.

use serde::Deserialize;

use crate::place::{DOUBLE, Place, doubling};

/// One case. Files are written into an empty place; then the commands run in order.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Case {
    /// Name to text; `@double` stands for the contract and `@doubling` for an artifact of these tests.
    #[serde(default)]
    files: std::collections::BTreeMap<String, String>,
    run: Vec<Step>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Step {
    args: Vec<String>,
    exit: i32,
    #[serde(default)]
    stdout: Vec<String>,
    #[serde(default)]
    stderr: Vec<String>,
    /// Nowhere in either.
    #[serde(default)]
    never: Vec<String>,
}

#[test]
fn every_case_file_holds() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/cmd");
    let mut files: Vec<_> = std::fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(files.len() >= 20);
    let failures: Vec<String> = files.iter().filter_map(|file| case(file).err()).collect();
    assert!(failures.is_empty(), "{}", failures.join("\n\n"));
}

fn case(file: &std::path::Path) -> Result<(), String> {
    let name = file.file_name().unwrap().to_string_lossy().into_owned();
    let case: Case =
        toml::from_str(&std::fs::read_to_string(file).unwrap()).map_err(|error| format!("{name}: {error}"))?;
    let place = Place::empty();
    for (path, text) in &case.files {
        let text = match text.as_str() {
            "@double" => DOUBLE.to_owned(),
            "@doubling" => doubling(""),
            other => other.to_owned(),
        };
        place.write(path, text);
    }
    for step in &case.run {
        let ran = place.run(&step.args.iter().map(String::as_str).collect::<Vec<_>>());
        let missing = |stream: &str, wanted: &[String]| {
            wanted.iter().find(|text| !stream.contains(text.as_str())).map(|text| format!("`{text}` is missing"))
        };
        let wrong = (ran.code != step.exit)
            .then(|| format!("exit {} instead of {}", ran.code, step.exit))
            .or_else(|| missing(&ran.stdout, &step.stdout))
            .or_else(|| missing(&ran.stderr, &step.stderr))
            .or_else(|| {
                step.never
                    .iter()
                    .find(|text| ran.all().contains(text.as_str()))
                    .map(|text| format!("`{text}` is there"))
            });
        if let Some(wrong) = wrong {
            return Err(format!("{name}: {}: {wrong}\n{}", step.args.join(" "), ran.all()));
        }
    }
    Ok(())
}
