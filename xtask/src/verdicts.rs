//! `cargo xtask bench verdicts`: what Proofmark says of every example candidate, beside its label, under two policies and two
//! contracts: the rich one, and a thin one of two examples and one property.
//!
//! What `supervised` refuses is not tried with `autonomous`, which asks for the same and more; nor is a thin contract, which
//! `autonomous` refuses whatever the artifact: nothing of it is held out.
//!
//! All of it takes hours. What each check said is kept under the target directory, by the digests of the binary, the contract and
//! the artifact, so that a bench that was interrupted goes on where it was.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use sha2::{Digest as _, Sha256};

use crate::bench::{self, file_name, folders, list, proofmark};
use crate::root;

/// The contracts of an example, by what they are called here, and the policies that they are tried with.
const KINDS: [(&str, &str, &[&str]); 2] =
    [("rich", "contract.toml", &["supervised", "autonomous"]), ("thin", "thin.toml", &["supervised"])];
/// A false accept whose contract's strength is at least this, in percent, is a surprise.
const STRONG_PERCENT: u64 = 60;

/// Who is asked about, and where.
struct Bench {
    binary: PathBuf,
    digest: Vec<u8>,
    /// What was said before.
    kept: PathBuf,
    home: PathBuf,
    scratch: PathBuf,
    /// Counts by kind, policy, label and verdict.
    tally: BTreeMap<[String; 4], u64>,
    accepted: Vec<String>,
    /// Correct candidates that were refused, and wrong ones that a rich contract let `autonomous` mark.
    bad: u64,
}

/// One artifact, with the candidates that are these bytes.
struct Case {
    example: PathBuf,
    numbers: Vec<String>,
    label: String,
    artifact: PathBuf,
}

/// Checks the candidates of the named examples, or of all, and then every npm binary.
pub fn run(names: &[&str]) -> Result<(), String> {
    // The one that the benches are built with.
    crate::cargo(&["bench", "--quiet", "--workspace", "--bench", "ratios", "--no-run"])?;
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let target = bench::target()?;
    let binary = target.join("release/proofmark");
    let bytes = std::fs::read(&binary).map_err(|error| format!("{}: {error}", binary.display()))?;
    let kept = target.join("verdicts");
    std::fs::create_dir_all(&kept).map_err(|error| format!("{}: {error}", kept.display()))?;
    let mut bench = Bench {
        binary,
        digest: Sha256::digest(&bytes).to_vec(),
        kept,
        home: scratch.path().join("home"),
        scratch: scratch.path().to_path_buf(),
        tally: BTreeMap::new(),
        accepted: Vec::new(),
        bad: 0,
    };
    proofmark(&bench.binary, &bench.home, &["init"])?;
    println!(
        "{:<18} {:<14} {:<8} {:<5} {:<11} {:<9} why",
        "example", "candidates", "label", "kind", "policy", "verdict"
    );
    for example in folders(&root().join("examples")) {
        if names.is_empty() || names.contains(&file_name(&example).as_str()) {
            for case in cases(&example)? {
                bench.case(&case)?;
            }
        }
    }
    for package in folders(&root().join("examples/npm")).into_iter().filter(|_| names.is_empty()) {
        let artifact = package.join("artifact.wasm");
        let case = Case { example: package, numbers: vec!["-".to_owned()], label: "npm".to_owned(), artifact };
        bench.case(&case)?;
    }
    bench.ended()
}

impl Bench {
    fn case(&mut self, case: &Case) -> Result<(), String> {
        for (kind, contract, policies) in KINDS {
            let contract = case.example.join(contract);
            if !contract.exists() {
                continue;
            }
            let mut before: Option<String> = None;
            for &policy in policies {
                if before.as_deref().is_some_and(|verdict| verdict != "marked") {
                    // It stands for itself in the count.
                    self.count(case, kind, policy, before.clone().unwrap_or_default());
                    continue;
                }
                let report = self.check(case, kind, &contract, policy)?;
                let (verdict, why) = verdict(&report);
                println!(
                    "{:<18} {:<14} {:<8} {kind:<5} {policy:<11} {verdict:<9} {why}",
                    file_name(&case.example),
                    case.numbers.join(","),
                    case.label
                );
                self.replays(&contract, &case.artifact, &report)?;
                if case.label == "wrong" && verdict == "marked" {
                    self.accept(case, kind, policy, &contract)?;
                }
                self.count(case, kind, policy, verdict.clone());
                before = Some(verdict);
            }
        }
        Ok(())
    }

    fn count(&mut self, case: &Case, kind: &str, policy: &str, verdict: String) {
        let count = case.numbers.len() as u64;
        let is_bad = match (case.label.as_str(), kind, policy) {
            ("correct", ..) => verdict == "refused",
            ("wrong", "rich", "autonomous") => verdict == "marked",
            _ => false,
        };
        self.bad += if is_bad { count } else { 0 };
        let key = [kind, policy, &case.label, &verdict].map(str::to_owned);
        *self.tally.entry(key).or_default() += count;
    }

    fn check(&self, case: &Case, kind: &str, contract: &Path, policy: &str) -> Result<Value, String> {
        let mark = self.scratch.join("out.mark").display().to_string();
        // A generator of its own for each: attempts are not what is measured.
        let generator = format!("{}-{}-{kind}", file_name(&case.example), case.numbers.join("-"));
        let (contract, artifact) = (contract.display().to_string(), case.artifact.display().to_string());
        let arguments = [
            "--format",
            "json",
            "check",
            &contract,
            &artifact,
            "--output",
            &mark,
            "--generator",
            &generator,
            "--policy",
            policy,
            "--show-held-out",
        ];
        self.report(&[&contract, &artifact], policy, &arguments)
    }

    /// What the binary reports of these files, for that question.
    fn report(&self, files: &[&str], question: &str, arguments: &[&str]) -> Result<Value, String> {
        let mut hash = Sha256::new_with_prefix(&self.digest);
        hash.update(Sha256::digest(question));
        for file in files {
            hash.update(Sha256::digest(std::fs::read(file).map_err(|error| format!("{file}: {error}"))?));
        }
        let name: String = hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect();
        let kept = self.kept.join(name).with_extension("json");
        if let Some(report) = std::fs::read(&kept).ok().and_then(|report| serde_json::from_slice(&report).ok()) {
            return Ok(report);
        }
        let output = proofmark(&self.binary, &self.home, arguments)?;
        let report = serde_json::from_slice(&output).map_err(|error| format!("{}: {error}", files.join(", ")))?;
        std::fs::write(&kept, &output).map_err(|error| format!("{}: {error}", kept.display()))?;
        Ok(report)
    }

    /// A wrong one that was marked: what the contract's strength says, and whether a question would have caught it.
    fn accept(&mut self, case: &Case, kind: &str, policy: &str, contract: &Path) -> Result<(), String> {
        let (contract, artifact) = (contract.display().to_string(), case.artifact.display().to_string());
        let arguments = ["--format", "json", "contract", "sharpen", &contract, &artifact];
        let report = self.report(&[&contract, &artifact], "sharpen", &arguments).unwrap_or_default();
        let questions = list(&report["questions"]);
        let text = |question: &Value, name: &str| question[name].as_str().unwrap_or_default().to_owned();
        let given: Vec<String> = questions
            .iter()
            .map(|question| format!("{}\t{}", text(question, "call"), text(question, "artifact")))
            .collect();
        let answers = answers(&file_name(&case.example), &given)?;
        let caught = questions.iter().zip(&answers).find(|(_, answer)| *answer != "right");
        let score = report["counts"]["score"].as_u64();
        let question = match caught {
            Some((question, answer)) => format!("{} must be {answer}", text(question, "call")),
            None => format!("none of {} questions catches it", questions.len()),
        };
        let surprise = if score.is_none_or(|score| score >= STRONG_PERCENT) { " (a surprise)" } else { "" };
        let score = score.map_or_else(|| "none".to_owned(), |score| format!("{score} %"));
        self.accepted.push(format!(
            "{}/{} {kind} {policy}: strength {score}{surprise}; {}",
            file_name(&case.example),
            case.numbers.join(","),
            question.chars().take(160).collect::<String>()
        ));
        Ok(())
    }

    /// Every counterexample must give again what the evidence says that it gave.
    fn replays(&self, contract: &Path, artifact: &Path, report: &Value) -> Result<(), String> {
        let (contract, artifact) = (contract.display().to_string(), artifact.display().to_string());
        for counterexample in list(&report["evidence"]).iter().flat_map(|evidence| list(&evidence["counterexamples"])) {
            let call = counterexample["call"].as_str().unwrap_or_default().to_owned();
            let arguments = ["--format", "json", "call", &contract, &artifact, &call];
            let output = proofmark(&self.binary, &self.home, &arguments)?;
            let again: Value = serde_json::from_slice(&output).map_err(|error| format!("{call}: {error}"))?;
            let got = again["returned"].as_str().or(again["trapped"].as_str()).unwrap_or_default();
            let said = counterexample["got"].as_str().unwrap_or_default();
            if !said.starts_with(got) {
                return Err(format!("{artifact}: `{call}` gave `{said}`, and again `{got}`"));
            }
        }
        Ok(())
    }

    fn ended(&self) -> Result<(), String> {
        println!();
        for ([kind, policy, label, verdict], count) in &self.tally {
            println!("{kind:<5} {policy:<11} {label:<8} {verdict:<9} {count:>4}");
        }
        println!("\nwrong ones that were marked: {}", self.accepted.len());
        for line in &self.accepted {
            println!("  {line}");
        }
        let bad = self.bad;
        if bad == 0 { Ok(()) } else { Err(format!("{bad} verdicts are wrong where none may be")) }
    }
}

/// Whether calls of an example returned what its reference says, a line for each: `right`, or what is.
fn answers(example: &str, calls: &[String]) -> Result<Vec<String>, String> {
    let failed = |error: std::io::Error| format!("node: {error}");
    let mut node = Command::new("node")
        .arg(root().join("examples/labels/answer.mjs"))
        .arg(example)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .map_err(failed)?;
    if let Some(mut stdin) = node.stdin.take() {
        stdin.write_all(calls.join("\n").as_bytes()).map_err(failed)?;
    }
    let output = node.wait_with_output().map_err(failed)?;
    Ok(String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect())
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
            let count = |name: &str| evidence.iter().find_map(|evidence| evidence["counts"][name].as_u64());
            let strength = count("score").map(|score| format!(", strength {score} %")).unwrap_or_default();
            let executions = count("executions").unwrap_or(0);
            unclear.map_or_else(|| format!("{executions} executions{strength}"), str::to_owned)
        }
    };
    (verdict, why.chars().take(110).collect())
}

/// The artifacts of an example, each once.
fn cases(example: &Path) -> Result<Vec<Case>, String> {
    let file = example.join("labels.json");
    let Ok(text) = std::fs::read_to_string(&file) else { return Ok(Vec::new()) };
    let labels: BTreeMap<String, Value> =
        serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    let mut labels: Vec<_> = labels.into_iter().collect();
    labels.sort_by_key(|(candidate, _)| candidate.parse::<u32>().unwrap_or(0));
    let mut cases: Vec<(Vec<u8>, Case)> = Vec::new();
    for (number, label) in labels {
        let artifact = example.join("candidates").join(&number).join("artifact.wasm");
        let bytes = std::fs::read(&artifact).map_err(|error| format!("{}: {error}", artifact.display()))?;
        let digest = Sha256::digest(&bytes).to_vec();
        if let Some((_, case)) = cases.iter_mut().find(|(known, _)| *known == digest) {
            case.numbers.push(number);
            continue;
        }
        let label = label["label"].as_str().unwrap_or("none").to_owned();
        cases.push((digest, Case { example: example.to_path_buf(), numbers: vec![number], label, artifact }));
    }
    Ok(cases.into_iter().map(|(_, case)| case).collect())
}
