//! `cargo xtask photos`: programs that migrate a family's photos, checked, marked and run staged. Only the right one
//! changes the tree.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::time::Instant;

use serde_json::Value;

use crate::photos::programs::{Is, PROGRAMS, Program};
use crate::photos::snapshot::{Snapshot, difference};
use crate::{bench, cargo};

mod jpeg;
mod programs;
mod reference;
mod snapshot;
#[cfg(test)]
mod tests;
mod tree;

/// Photos of a whole demonstration.
const COUNT: u64 = 5000;
const SEED: u64 = 1;
/// Of a column of the table, in characters.
const WIDTH: usize = 56;

/// Reads the command line: the number of photos, and a `proofmark` that is built already.
pub fn command(arguments: &[&str]) -> Result<(), String> {
    let (count, binary) = match arguments {
        [] => (COUNT, None),
        [count] => (number(count)?, None),
        [count, binary] => (number(count)?, Some(PathBuf::from(binary))),
        _ => return Err("usage: cargo xtask photos [COUNT [PROOFMARK]]".to_owned()),
    };
    let binary = match binary {
        Some(binary) => std::path::absolute(&binary).map_err(|error| format!("{}: {error}", binary.display()))?,
        None => {
            cargo(&["build", "--release", "--quiet", "--package", "proofmark"])?;
            bench::target()?.join("release/proofmark")
        }
    };
    run(count, &binary)
}

fn number(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("`{text}` is not a number of photos"))
}

/// Shows every program on a tree of about `count` photos, with the given `proofmark`.
///
/// An error if one program's verdict or one byte, mode, time, owner or link of the tree is not what it must be.
pub fn run(count: u64, proofmark: &Path) -> Result<(), String> {
    let scratch = tempfile::tempdir().map_err(|error| error.to_string())?;
    let world = scratch.path().join("world");
    std::fs::create_dir(&world).map_err(|error| format!("{}: {error}", world.display()))?;
    let shown = Demonstration::start(scratch.path(), count, proofmark).and_then(|shown| shown.all());
    // A read-only folder would keep the rest from being removed; what stays is in the system's temporary folder.
    let _ = tree::open_up(&world);
    shown
}

struct Demonstration<'a> {
    scratch: &'a Path,
    world: PathBuf,
    proofmark: &'a Path,
    /// The tree, and what is beside it, as they were.
    before: (Snapshot, Snapshot),
}

/// What came of one program.
struct Row {
    check: String,
    run: String,
    tree: String,
    wrong: Vec<String>,
}

impl<'a> Demonstration<'a> {
    fn start(scratch: &'a Path, count: u64, proofmark: &'a Path) -> Result<Self, String> {
        let world = scratch.join("world");
        tree::make(&world, count, SEED)?;
        // A smaller demonstration is smaller in everything.
        let budget = if count < COUNT { format!("\n[budget]\nexecutions = {}\n", count.max(1)) } else { String::new() };
        let contract = programs::example().join("contract.toml");
        let text = std::fs::read_to_string(&contract).map_err(|error| format!("{}: {error}", contract.display()))?;
        std::fs::write(scratch.join("contract.toml"), text + &budget).map_err(|error| error.to_string())?;
        let before = (snapshot::read(&world.join("photos"))?, snapshot::read(&world.join("beside"))?);
        println!("{} files, folders and links in a tree of photos\n", before.0.len().saturating_sub(1));
        let shown = Self { scratch, world, proofmark, before };
        let made = shown.proofmark(&["init"])?;
        if made.status.success() { Ok(shown) } else { Err(format!("`proofmark init` failed: {}", said(&made))) }
    }

    fn all(&self) -> Result<(), String> {
        println!("{:<17} {:<WIDTH$}  {:<WIDTH$}  the tree afterwards", "program", "its check", "its run");
        let mut wrong = Vec::new();
        for program in PROGRAMS {
            let started = Instant::now();
            let row = self.one(&program)?;
            println!("{:<17} {:<WIDTH$}  {:<WIDTH$}  {}", program.name, row.check, row.run, row.tree);
            eprintln!("{:<17} took {:.1} s", "", started.elapsed().as_secs_f64());
            wrong.extend(row.wrong.into_iter().map(|what| format!("{}: {what}", program.name)));
        }
        wrong.extend(self.again().err());
        if wrong.is_empty() {
            println!("\nonly the right program changed the tree, and exactly as it should");
            Ok(())
        } else {
            Err(wrong.join("\n"))
        }
    }

    fn one(&self, program: &Program) -> Result<Row, String> {
        let binary = programs::build(program, self.scratch)?;
        let contract = self.scratch.join("contract.toml").display().to_string();
        let artifact = binary.display().to_string();
        let mark = format!("{artifact}.mark");
        let wanted = match program.is {
            Is::Right => reference::migrated(&self.photos(), &self.before.0)?,
            _ => (self.before.0.clone(), Vec::new()),
        };
        let asked = [
            "--format",
            "json",
            "check",
            &contract,
            &artifact,
            "--policy",
            "assisted",
            "--approved-by",
            "you",
            "--output",
            &mark,
        ];
        let checked = self.proofmark(&asked)?;
        let directory = format!("/photos={}", self.photos().display());
        // One that the checks let through runs on its mark, to be committed; one that they refused can only be staged.
        let ran = if checked.status.code() == Some(0) {
            self.proofmark(&["--format", "json", "run", &mark, "--dir", &directory, "--commit"])?
        } else {
            self.proofmark(&["--format", "json", "stage", &contract, &artifact, "--dir", &directory])?
        };
        let mut wrong = Vec::new();
        wrong.extend(wrong_check(program, &checked));
        wrong.extend(wrong_run(program, &ran));
        let tree = match self.differs(&wanted)? {
            None if program.is == Is::Right => "migrated, as the reference says".to_owned(),
            None => "as it was".to_owned(),
            Some(difference) => {
                wrong.push(format!("the tree is not as it must be: {difference}"));
                "NOT AS IT MUST BE".to_owned()
            }
        };
        Ok(Row { check: verdict(&checked), run: outcome(&ran), tree, wrong })
    }

    /// The right program a second time, on its mark: there is nothing left to do.
    fn again(&self) -> Result<(), String> {
        let before = snapshot::read(&self.photos())?;
        let directory = format!("/photos={}", self.photos().display());
        let mark = self.scratch.join("migrate.mark").display().to_string();
        let ran = self.proofmark(&["run", &mark, "--dir", &directory, "--commit"])?;
        if !ran.status.success() {
            return Err(format!("a second run failed: {}", said(&ran)));
        }
        match self.differs(&(before, Vec::new()))? {
            None => Ok(()),
            Some(difference) => Err(format!("a second run changed the tree: {difference}")),
        }
    }

    fn differs(&self, (wanted, written): &(Snapshot, Vec<Vec<u8>>)) -> Result<Option<String>, String> {
        let inside = difference(wanted, &snapshot::read(&self.photos())?, written);
        let beside = difference(&self.before.1, &snapshot::read(&self.world.join("beside"))?, &[]);
        Ok(inside.or(beside.map(|difference| format!("beside it, {difference}"))))
    }

    fn photos(&self) -> PathBuf {
        self.world.join("photos")
    }

    fn proofmark(&self, arguments: &[&str]) -> Result<Output, String> {
        let mut command = Command::new(self.proofmark);
        let output = command.env("PROOFMARK_HOME", self.scratch.join("home")).args(arguments).output();
        output.map_err(|error| format!("{}: {error}", self.proofmark.display()))
    }
}

/// What is wrong with the verdict of a program's checks.
fn wrong_check(program: &Program, checked: &Output) -> Option<String> {
    let code = checked.status.code();
    let fine = match program.is {
        Is::Right => code == Some(0),
        Is::Wrong => code == Some(1),
        Is::WrongWhenLarge => matches!(code, Some(0 | 1)),
    };
    (!fine).then(|| format!("its check ended with {code:?}: {}", said(checked)))
}

/// What is wrong with how a program's run ended.
fn wrong_run(program: &Program, ran: &Output) -> Option<String> {
    let code = ran.status.code();
    // 3: it was ended by a limit of the machine, and nothing is known of what it would have done.
    let fine = if program.is == Is::Right { code == Some(0) } else { matches!(code, Some(1 | 3)) };
    (!fine).then(|| format!("its run ended with {code:?}: {}", said(ran)))
}

/// The verdict in a few words, with the last condition that a counterexample violates: properties come after examples and
/// say more.
fn verdict(checked: &Output) -> String {
    let report = report(checked);
    let verdict = report["verdict"].as_str().unwrap_or("no verdict").to_owned();
    let found = list(&report["evidence"]).iter().flat_map(|evidence| list(&evidence["counterexamples"])).last();
    let property = found.and_then(|found| found["property"].as_str().map(str::to_owned));
    short(&verdict, property.as_deref())
}

/// How a run ended, in a few words: with the first invariant that does not hold.
fn outcome(ran: &Output) -> String {
    let report = report(ran);
    let changes = list(&report["changes"]);
    let broken = changes.iter().flat_map(|change| list(&change["invariants"])).find(|held| held["holds"] != true);
    let left = changes.iter().flat_map(|change| list(&change["refused"])).next();
    let name = broken.and_then(|held| held["name"].as_str().map(str::to_owned));
    let path = left.and_then(|left| left["path"].as_str().map(|path| format!("it left `{path}`")));
    let last = report["error"]["message"].as_str().map(str::to_owned);
    match ran.status.code() {
        Some(0) => "committed".to_owned(),
        Some(1) => short("refused", name.or(path).or(last).as_deref()),
        Some(3) => short("ended", last.as_deref()),
        code => format!("failed ({code:?})"),
    }
}

fn report(output: &Output) -> Value {
    serde_json::from_slice(&output.stdout).unwrap_or_default()
}

fn list(value: &Value) -> Vec<Value> {
    value.as_array().cloned().unwrap_or_default()
}

fn short(verdict: &str, why: Option<&str>) -> String {
    match why {
        Some(why) => format!("{verdict}: {why}").chars().take(WIDTH).collect(),
        None => verdict.to_owned(),
    }
}

/// What a command wrote, at most a screen of it.
fn said(output: &Output) -> String {
    let all = [output.stdout.as_slice(), output.stderr.as_slice()].concat();
    String::from_utf8_lossy(&all).chars().take(2000).collect()
}
