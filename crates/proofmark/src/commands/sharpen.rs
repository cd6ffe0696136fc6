//! `proofmark contract sharpen`: asks the contract's owner what the contract does not say, and writes each answer into it as an
//! example.
//!
//! The questions are those of the check `strength`: an input on which a mutant of the artifact does something else and the
//! contract accepts both. Nothing is recorded, and nothing is written that was not answered.

use std::io::{BufRead, IsTerminal as _};
use std::path::Path;

use proofmark_contract::{Call, Contract, Expected};
use proofmark_governor::checks::Task;
use proofmark_governor::home::write;
use proofmark_governor::job;
use proofmark_governor::judge::SHOWN_MAX;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::{Evidence, Outcome};
use serde_json::{Value, json};

use crate::cli::{Format, Sharpen};
use crate::failure::{Failure, OK};
use crate::meter::Meter;
use crate::render::sharpen::{self as render, Asking};
use crate::{commands, inputs};

/// The check that has the questions.
pub const STRENGTH: &str = "strength";
/// The largest file of answers, in bytes.
const ANSWERS_BYTES_MAX: u64 = 1 << 20;

/// What is asked: a call, what the artifact does, and what a mutant does that the contract accepts too.
#[derive(Debug, Clone)]
pub struct Question {
    pub call: Call,
    pub artifact: Expected,
    pub mutant: Expected,
    /// What was changed, and where. Outside words.
    pub function: String,
    pub offset: u64,
    pub change: String,
}

/// What the owner says to a question.
enum Answer {
    /// What must come of the call.
    Gives(Expected),
    /// Both are right: there is nothing to write.
    Either,
    /// No answer now.
    Skip,
    /// No more questions.
    Quit,
}

pub fn run(format: Format, arguments: &Sharpen) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let artifact = inputs::artifact(&arguments.artifact)?;
    let evidence = measured(&loaded, &artifact, arguments)?;
    if evidence.outcome != Outcome::Passed {
        let why = evidence.reason.unwrap_or_default();
        return Err(Failure::unknown(format!("the contract's strength can't be measured: {why}")).next(format!(
            "proofmark check {} {}",
            arguments.contract.display(),
            arguments.artifact.display()
        )));
    }
    let questions = questions(&loaded.contract, &evidence);
    if format == Format::Json && arguments.answers.is_none() {
        render::json(&evidence, &questions, &[]);
        return Ok(OK);
    }
    if format == Format::Human {
        render::measured(&evidence, questions.len());
    }
    let mut answers = Answers::open(arguments)?;
    let mut added = Vec::new();
    for (nth, question) in (1..).zip(&questions) {
        let asking = Asking { question, nth, all: questions.len(), aloud: format == Format::Human };
        match answer(&asking, &mut answers, &arguments.contract)? {
            Answer::Gives(expected) => added.push((question.clone(), expected)),
            Answer::Either | Answer::Skip => {}
            Answer::Quit => break,
        }
    }
    match format {
        Format::Human => render::added(&added, arguments),
        Format::Json => render::json(&evidence, &questions, &added),
    }
    Ok(OK)
}

/// The check, in a worker of its own. Its challenge comes from the contract and the artifact: nothing is submitted here, so
/// there is nothing that a generator could tune to.
fn measured(loaded: &inputs::Loaded, artifact: &[u8], arguments: &Sharpen) -> Result<Evidence, Failure> {
    let launch = commands::launch()?;
    let natives = launch.natives();
    let named = json!({ "contract": loaded.contract.digest, "artifact": Digest::of(artifact) });
    let challenge = Challenge(Digest::of(named.to_string().as_bytes()));
    let (mutants, threads) = (u64::from(arguments.mutants), commands::threads(&arguments.threads));
    let task = Task { natives: Some(&natives), ..Task::new(&loaded.contract, artifact, challenge, mutants, threads) };
    let meter = Meter::default();
    let found = job::check(&launch.fences, STRENGTH, &task, &loaded.text, &|event| meter.watch(event));
    launch.held()?;
    Ok(found.evidence)
}

/// The questions of the evidence: one for each call that is no example yet, where evidence has both results whole.
pub fn questions(contract: &Contract, evidence: &Evidence) -> Vec<Question> {
    let mut known: Vec<Call> = contract.examples.iter().map(|example| example.call.clone()).collect();
    let survivors = evidence.details.get("survivors").and_then(Value::as_array).into_iter().flatten();
    let mut questions = Vec::new();
    for question in survivors.filter_map(|line| question(contract, line)) {
        if !known.contains(&question.call) {
            known.push(question.call.clone());
            questions.push(question);
        }
    }
    questions
}

fn question(contract: &Contract, line: &Value) -> Option<Question> {
    let text = |name: &str| line.get(name).and_then(Value::as_str);
    let call = contract.interface.parse_call(text("call")?).ok()?;
    let function = &call.function;
    let ended = |text: &str| match function.parse_result(text) {
        Ok(value) => Some(Expected::Returns(value)),
        // What is no value is how a call ended that may trap, or it is cut.
        Err(_) => (text.chars().count() <= SHOWN_MAX && contract.may_trap(&function.full_name()).is_some())
            .then_some(Expected::Traps),
    };
    Some(Question {
        artifact: ended(text("artifact")?)?,
        mutant: ended(text("mutant")?)?,
        function: text("function")?.to_owned(),
        offset: line.get("offset").and_then(Value::as_u64)?,
        change: text("change")?.to_owned(),
        call,
    })
}

/// Where answers come from, a line each.
struct Answers {
    lines: Box<dyn BufRead>,
    /// Whether someone is there to be asked again.
    person: bool,
}

impl Answers {
    fn open(arguments: &Sharpen) -> Result<Self, Failure> {
        Ok(match &arguments.answers {
            Some(path) => {
                let bytes = inputs::bytes("the file of answers", path, ANSWERS_BYTES_MAX)?;
                Self { lines: Box::new(std::io::Cursor::new(bytes)), person: false }
            }
            None => {
                let stdin = std::io::stdin();
                let person = stdin.is_terminal();
                Self { lines: Box::new(stdin.lock()), person }
            }
        })
    }

    /// The next line; `None` where there is no more.
    fn next(&mut self) -> Result<Option<String>, Failure> {
        let mut line = String::new();
        let read = self.lines.read_line(&mut line);
        let read = read.map_err(|error| Failure::wrong(format!("the answer can't be read: {error}")))?;
        Ok((read > 0).then(|| line.trim().to_owned()))
    }
}

/// Asks one question, until there is an answer that the contract can carry, and writes it.
fn answer(asking: &Asking<'_>, answers: &mut Answers, path: &Path) -> Result<Answer, Failure> {
    render::asks(asking);
    loop {
        let Some(line) = answers.next()? else { return Ok(Answer::Quit) };
        let answered = parsed(&line, asking.question).and_then(|answer| {
            if let Answer::Gives(expected) = &answer {
                append(path, &asking.question.call, expected)?;
            }
            Ok(answer)
        });
        match answered {
            Err(failure) if answers.person => render::again(&failure),
            answered => return answered,
        }
    }
}

fn parsed(line: &str, question: &Question) -> Result<Answer, Failure> {
    Ok(match line {
        "a" | "first" => Answer::Gives(question.artifact.clone()),
        "b" | "second" => Answer::Gives(question.mutant.clone()),
        "either" => Answer::Either,
        "skip" | "" => Answer::Skip,
        "quit" => Answer::Quit,
        _ => {
            let no_answer = || Failure::wrong(format!("`{line}` is no answer")).next(render::ANSWERS);
            let value = line.strip_prefix('=').ok_or_else(no_answer)?.trim();
            let value = question.call.function.parse_result(value);
            let value =
                value.map_err(|error| Failure::wrong(format!("`{line}` is no result of this call: {error}")))?;
            Answer::Gives(Expected::Returns(value))
        }
    })
}

/// Adds an example at the end of the contract's file, if the contract then says what it said and that.
fn append(path: &Path, call: &Call, expected: &Expected) -> Result<(), Failure> {
    let bytes = inputs::bytes("the contract", path, job::CONTRACT_BYTES_MAX)?;
    let mut text = String::from_utf8(bytes).map_err(|error| Failure::wrong(error.to_string()))?;
    if !text.ends_with('\n') {
        text.push('\n');
    }
    text.push_str(&format!("\n[[example]]\ncall = {}\n", toml_string(&call.to_string())));
    match expected {
        Expected::Returns(Some(value)) => text.push_str(&format!("returns = {}\n", toml_string(&value.to_string()))),
        Expected::Returns(None) => {}
        Expected::Traps => text.push_str("traps = true\n"),
    }
    let name = path.display().to_string();
    let parsed = inputs::self_contained(path, text.clone())?.contract;
    let last = parsed.examples.last();
    if last.is_none_or(|last| last.call != *call || last.expected != *expected) {
        return Err(Failure::failed("the example does not read as it was written"));
    }
    // A link stays one: what it leads to is written.
    let place = std::fs::canonicalize(path).map_err(|error| Failure::wrong(format!("`{name}`: {error}")))?;
    let mode = std::fs::metadata(&place).map(|data| data.permissions());
    write(&place, text.as_bytes()).map_err(|error| Failure::failed(error.to_string()))?;
    mode.and_then(|mode| std::fs::set_permissions(&place, mode))
        .map_err(|error| Failure::failed(format!("`{name}`: {error}")))
}

/// A TOML string: between single quotes where that can be, else with escapes.
fn toml_string(text: &str) -> String {
    if !text.contains(['\'', '\n']) && !text.chars().any(|c| c.is_control()) {
        return format!("'{text}'");
    }
    let mut out = String::from("\"");
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            c if c.is_control() => out.push_str(&format!("\\u{:04X}", u32::from(c))),
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_string_reads_as_it_was() {
        for text in ["f([1, 2])", "f(\"it's\")", "f(\"a\\nb\")", "f('\\'', \"\\u{7f}\")", "f(\"\u{85}\n\t'\")", ""] {
            let toml: toml::Table = format!("call = {}", toml_string(text)).parse().unwrap();
            assert_eq!(toml["call"].as_str(), Some(text));
        }
    }
}
