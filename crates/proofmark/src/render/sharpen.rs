//! The questions of `proofmark contract sharpen`, as a person meets them, and as JSON.

use anstream::{eprintln, println};
use proofmark_contract::Expected;
use proofmark_mark::evidence::Evidence;
use serde_json::{Value, json};

use super::report::summary;
use super::{BAD, BOLD, DIM, GOOD, line, safe};
use crate::cli::Sharpen;
use crate::commands::sharpen::Question;
use crate::failure::Failure;

/// What may be answered.
pub const ANSWERS: &str = "answer `a`, `b`, `= VALUE` (in WAVE), `either`, `skip` or `quit`";

/// One question among others.
pub struct Asking<'a> {
    pub question: &'a Question,
    pub nth: usize,
    pub all: usize,
    /// Whether a person reads it.
    pub aloud: bool,
}

/// What was found, before anything is asked.
pub fn measured(evidence: &Evidence, questions: usize) {
    println!("{}", summary(evidence));
    match questions {
        0 => println!("There is nothing to ask: no change was found that this contract accepts and that shows."),
        1 => println!("One question. Only you can answer it; each answer becomes an example."),
        all => println!("{all} questions. Only you can answer them; each answer becomes an example."),
    }
    if questions > 0 {
        println!("{DIM}{ANSWERS}{DIM:#}");
    }
}

pub fn asks(asking: &Asking<'_>) {
    if !asking.aloud {
        return;
    }
    let Question { function, offset, change, call, artifact, mutant } = asking.question;
    println!();
    println!("{DIM}{} of {}{DIM:#}  for {BOLD}{}{BOLD:#} you accept", asking.nth, asking.all, safe(&call.to_string()));
    println!("    a  {}", safe(&artifact.to_string()));
    println!("    b  {}", safe(&mutant.to_string()));
    println!("    {DIM}b is what comes where, in `{}` at byte {offset}, {}{DIM:#}", safe(function), safe(change));
    println!("Which is right?");
}

/// Why an answer is none; the question stands.
pub fn again(failure: &Failure) {
    eprintln!("{BAD}that is no answer{BAD:#}: {}", safe(&failure.message));
    eprintln!("{ANSWERS}");
}

/// What was written into the contract, and whether the artifact does it.
pub fn added(added: &[(Question, Expected)], arguments: &Sharpen) {
    println!();
    let (contract, artifact) = (arguments.contract.display(), arguments.artifact.display());
    if added.is_empty() {
        println!("{contract} is as it was");
        return;
    }
    let examples = if added.len() == 1 { "example" } else { "examples" };
    println!("{GOOD}added{GOOD:#}      {} {examples} to {contract}", added.len());
    let other = added.iter().filter(|(question, expected)| question.artifact != *expected).count();
    if other > 0 {
        line("", &format!("the artifact does not do what {other} of them show"));
    }
    line("next", &format!("proofmark check {contract} {artifact}"));
}

/// One question for machines.
pub fn question(question: &Question) -> Value {
    let Question { function, offset, change, call, artifact, mutant } = question;
    json!({
        "call": call.to_string(), "artifact": artifact.to_string(), "mutant": mutant.to_string(),
        "function": function, "offset": offset, "change": change,
    })
}

/// The same for machines.
pub fn json(evidence: &Evidence, questions: &[Question], added: &[(Question, Expected)]) {
    let questions: Vec<Value> = questions.iter().map(question).collect();
    let added: Vec<Value> = added
        .iter()
        .map(|(question, expected)| json!({ "call": question.call.to_string(), "expected": expected.to_string() }))
        .collect();
    super::json("contract sharpen", json!({ "counts": evidence.counts, "questions": questions, "added": added }));
}
