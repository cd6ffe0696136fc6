//! What `trace` found: for people from the line up to the intent, for machines one object.

use proofmark_mark::digest::Digest;
use proofmark_mark::verdict::VerificationResult;
use proofmark_trace::attribution::{Attribution, By, How, Said};
use serde_json::{Value, json};

use super::{BOLD, DIM, UNSURE, line, safe};
use crate::commands::trace::Answer;
use crate::commands::trace::answer::{Clause, FunctionPlace, GitPlace, refuted};
use crate::commands::trace::history::{Step, Text};

/// How much of a text is shown to people, in characters.
const SHOWN_CHARS: usize = 120;
/// How many clauses, and counterexamples of a step, are shown to people.
const SHOWN_MAX: usize = 12;

pub fn human(asked: &str, answers: &[Answer], show_held_out: bool) {
    if answers.is_empty() {
        super::said(&format!("{asked} brings no lines"));
    }
    for (at, answer) in answers.iter().enumerate() {
        if at > 0 {
            super::said("");
        }
        one(asked, answer, show_held_out);
    }
}

fn one(asked: &str, answer: &Answer, show_held_out: bool) {
    super::said(asked);
    if let Some(git) = &answer.git {
        in_git(git);
    }
    if let Some(function) = &answer.function {
        line("function", &format!("{}, by {}", function_text(function), function.by));
    }
    if let Some(source) = &answer.source {
        line("source", &format!("{}, lines {}", safe(&source.path), source.lines));
    }
    for (at, step) in answer.steps.iter().enumerate() {
        let lines = answer.origins.get(&at).map(|lines| format!("; brought lines {lines}")).unwrap_or_default();
        try_made(at, answer.steps.len(), step, &lines, show_held_out);
    }
    if answer.more > 0 {
        line("also", &format!("{} more tries brought the very same artifact", answer.more));
    }
    if let Some(generator) = &answer.submitted_by {
        line("submitted", &format!("as made by {}", safe(generator)));
    }
    let last = answer.steps.last().map(|step| step.found.statement.artifact);
    if let Some(subject) = answer.subject.filter(|subject| last == Some(*subject)) {
        line("artifact", &format!("sha256:{subject}"));
    }
    for Clause { kind, name, says } in answer.clauses.iter().take(SHOWN_MAX) {
        line("clause", &format!("{kind} {}: {}", safe(name), safe(says)));
    }
    let left = answer.clauses.len().saturating_sub(SHOWN_MAX);
    if left > 0 {
        line("", &format!("and {left} more; --format json has all"));
    }
    if answer.held_out > 0 {
        line("held out", &format!("{} more clauses, which --show-held-out shows", answer.held_out));
    }
    if let Some(contract) = answer.contract {
        let name = answer.intent.as_ref().map(|(name, _)| safe(name)).unwrap_or_default();
        line("contract", &format!("{name} sha256:{contract}"));
    }
    if let Some((_, intent)) = &answer.intent {
        line("intent", &format!("{BOLD}{}{BOLD:#}", safe(intent)));
    }
    for why in &answer.unknown {
        line("unknown", &format!("{UNSURE}{}{UNSURE:#}", safe(why)));
    }
}

fn in_git(git: &GitPlace) {
    if let Some(text) = &git.text {
        line("text", safe(&String::from_utf8_lossy(text)).trim());
    }
    let place = format!("{}:{}", safe(&git.path), git.lines);
    match (&git.commit, &git.author) {
        (Some(commit), Some((author, _))) => {
            line("commit", &format!("{commit} by {}", safe(author)));
            line("there", &place);
        }
        _ => line("there", &format!("{place}, not committed as it is")),
    }
    let Some(attribution) = &git.attribution else { return };
    let confirmed = if git.confirmed { "; the log has it in a source" } else { "" };
    line("found by", &format!("{}{confirmed}", how(attribution)));
    for said in attribution.said.iter().filter(|_| !git.confirmed) {
        line("it says", &said_text(said));
    }
}

fn how(attribution: &Attribution) -> String {
    let by = |by: &By| match by {
        By::Blob => "whose file is the same bytes",
        By::Patch => "which brings the same lines",
        By::Function => "which has the function with the line",
    };
    match &attribution.how {
        How::Trailer => "a trailer of the commit".to_owned(),
        How::Note => "the git-ai note of the commit".to_owned(),
        How::Record(id) => format!("Agent Trace record {id} of the commit"),
        How::RewrittenNote(commit, one) => format!("the git-ai note of commit {commit}, {}", by(one)),
        How::RewrittenRecord(id, one) => format!("Agent Trace record {id} of a commit {}", by(one)),
        How::Hash { record, algorithm } => {
            format!("Agent Trace record {record}, by the {} of the lines", safe(algorithm))
        }
        How::Log => "the log: a source in it has the function with the line".to_owned(),
    }
}

fn said_text(said: &Said) -> String {
    if let Some(person) = &said.person {
        return safe(person);
    }
    let part = |name: &str, text: &Option<String>| text.as_ref().map(|text| format!("{name} {}", safe(text)));
    let parts = [part("tool", &said.tool), part("model", &said.model), part("session", &said.session)];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

fn function_text(function: &FunctionPlace) -> String {
    let reached: Vec<String> = function.reached_from.iter().map(|name| safe(name)).collect();
    let index = function.index.map(|index| format!(" (function {index})")).unwrap_or_default();
    let from = if reached.is_empty() { String::new() } else { format!(", reached from {}", reached.join(", ")) };
    format!("{}{index}{from}", safe(&function.name))
}

fn try_made(at: usize, count: usize, step: &Step, lines: &str, show_held_out: bool) {
    let (external, internal) = (step.provenance().external(), step.provenance().internal());
    let made = if internal.repairs_of.is_empty() {
        "first answer".to_owned()
    } else {
        format!(
            "repair of {}",
            internal.repairs_of.iter().map(|one| format!("`{}`", safe(one))).collect::<Vec<_>>().join(", ")
        )
    };
    let made = if at > 0 && internal.repairs_of.is_empty() { "repair".to_owned() } else { made };
    line("step", &format!("{} of {count}: {made}{lines}", at.saturating_add(1)));
    let model = internal.model.as_deref().filter(|model| *model != external.generator);
    let model = model.map(|model| format!(" ({})", safe(model))).unwrap_or_default();
    let parameters: Vec<String> =
        external.parameters.iter().map(|(name, value)| format!("{} {}", safe(name), safe(value))).collect();
    let parameters = if parameters.is_empty() { String::new() } else { format!(", {}", parameters.join(", ")) };
    line("  model", &format!("{}{model}{parameters}", safe(&external.generator)));
    for (name, text) in [("  prompt", &step.prompt), ("  reply", &step.reply)] {
        if let Some(text) = text {
            line(name, &shown(text));
        }
    }
    if let Some(toolchain) = &step.toolchain {
        let version =
            toolchain.annotations.get("version").map(|version| format!("{} ", safe(version))).unwrap_or_default();
        line("  built by", &format!("{version}sha256:{}", toolchain.sha256()));
    }
    if let Some(reason) = &internal.reason {
        line("  failed", &safe(reason));
    }
    for (clause, call, got) in refuted(step, show_held_out).into_iter().take(SHOWN_MAX) {
        line("  refuted", &format!("{}: {} gave {}", safe(&clause), safe(&call), safe(&got)));
    }
    if let Some(verdict) = step.verdict {
        let checks: Vec<String> =
            step.evidence.iter().map(|one| format!("{} {}", safe(&one.check), one.outcome.as_str())).collect();
        line("  verdict", &format!("{}: {}", verdict_text(verdict), checks.join(", ")));
    }
}

fn verdict_text(verdict: VerificationResult) -> &'static str {
    match verdict {
        VerificationResult::Passed => "marked",
        VerificationResult::Failed => "refused",
    }
}

/// The first line of a text, or that it was erased.
fn shown(text: &Text) -> String {
    match &text.text {
        None => format!("{UNSURE}erased{UNSURE:#}, sha256:{}", text.commitment),
        Some(bytes) => {
            // Not a heading such as `[system]`.
            let telling = |line: &&[u8]| line.trim_ascii().contains(&b' ');
            let first = bytes.split(|byte| *byte == b'\n').find(telling).unwrap_or(bytes);
            let first: String = safe(&String::from_utf8_lossy(first)).chars().take(SHOWN_CHARS).collect();
            format!("{} bytes: {first}{DIM} …{DIM:#}", bytes.len())
        }
    }
}

pub fn json(asked: &str, answers: &[Answer], show_held_out: bool) -> Value {
    let one = |answer: &Answer| {
        json!({
            "whole": answer.is_whole(),
            "git": answer.git.as_ref().map(git_json),
            "function": answer.function.as_ref().map(|function| json!({
                "name": function.name, "index": function.index, "reached_from": function.reached_from, "by": function.by,
            })),
            "source": answer.source.as_ref().map(|source| json!({ "path": source.path, "lines": source.lines.to_string() })),
            "artifact": answer.subject,
            "more": answer.more,
            "steps": answer.steps.iter().enumerate().map(|(at, step)| {
                let lines = answer.origins.get(&at).map(ToString::to_string);
                step_json(step, lines, show_held_out)
            }).collect::<Vec<_>>(),
            "clauses": answer.clauses.iter().map(|clause| {
                json!({ "kind": clause.kind, "name": clause.name, "says": clause.says })
            }).collect::<Vec<_>>(),
            "held_out": answer.held_out,
            "contract": answer.contract,
            "name": answer.intent.as_ref().map(|(name, _)| name),
            "intent": answer.intent.as_ref().map(|(_, intent)| intent),
            "submitted_by": answer.submitted_by,
            "unknown": answer.unknown,
        })
    };
    json!({ "asked": asked, "answers": answers.iter().map(one).collect::<Vec<_>>() })
}

fn git_json(git: &GitPlace) -> Value {
    let said = |said: &Said| json!({ "artifact": said.subject, "tool": said.tool, "session": said.session, "model": said.model, "person": said.person });
    json!({
        "commit": git.commit,
        "author": git.author.as_ref().map(|(author, _)| author),
        "time": git.author.as_ref().map(|(_, time)| time),
        "path": git.path,
        "lines": git.lines.to_string(),
        "text": git.text.as_ref().map(|text| String::from_utf8_lossy(text)),
        "link": git.attribution.as_ref().map(link_json),
        "said": git.attribution.iter().flat_map(|one| &one.said).map(said).collect::<Vec<_>>(),
        "confirmed": git.confirmed,
    })
}

fn link_json(attribution: &Attribution) -> Value {
    let by = |by: &By| match by {
        By::Blob => "blob",
        By::Patch => "patch",
        By::Function => "function",
    };
    match &attribution.how {
        How::Trailer => json!({ "kind": "trailer" }),
        How::Note => json!({ "kind": "note" }),
        How::Record(id) => json!({ "kind": "record", "record": id }),
        How::RewrittenNote(commit, one) => json!({ "kind": "note", "commit": commit.to_string(), "by": by(one) }),
        How::RewrittenRecord(id, one) => json!({ "kind": "record", "record": id, "by": by(one) }),
        How::Hash { record, algorithm } => json!({ "kind": "record", "record": record, "by": algorithm }),
        How::Log => json!({ "kind": "log" }),
    }
}

fn step_json(step: &Step, lines: Option<String>, show_held_out: bool) -> Value {
    let (external, internal) = (step.provenance().external(), step.provenance().internal());
    let text = |text: &Text| json!({ "commitment": text.commitment, "text": text.text.as_ref().map(|text| String::from_utf8_lossy(text)) });
    let subject: Digest = step.found.statement.artifact;
    json!({
        "lines": lines,
        "entry": step.found.index,
        "envelope": step.found.envelope,
        "subject": subject,
        "outcome": internal.outcome,
        "reason": internal.reason,
        "generator": external.generator,
        "kind": external.kind,
        "endpoint": external.endpoint,
        "model": internal.model,
        "parameters": external.parameters,
        "operator": external.operator,
        "target": external.target,
        "repairs_of": internal.repairs_of,
        "prompt": step.prompt.as_ref().map(text),
        "reply": step.reply.as_ref().map(text),
        "sources": step.sources.iter().map(|(path, source)| {
            json!({ "path": path, "commitment": source.commitment, "erased": source.text.is_none() })
        }).collect::<Vec<_>>(),
        "toolchain": step.toolchain,
        "checks": step.evidence.iter().map(|one| json!({ "check": one.check, "outcome": one.outcome })).collect::<Vec<_>>(),
        "refuted": refuted(step, show_held_out).into_iter().map(|(clause, call, got)| {
            json!({ "clause": clause, "call": call, "got": got })
        }).collect::<Vec<_>>(),
        "verdict": step.verdict.map(verdict_text),
    })
}
