//! Artifacts, their functions and the lines of their sources.

use std::collections::BTreeSet;

use proofmark_contract::Contract;
use proofmark_mark::digest::Digest;
use proofmark_trace::lines::Lines;
use proofmark_trace::source::Text;
use proofmark_trace::wasm::{Module, is_file, modules};

use super::Part;
use super::answer::{Answer, FunctionPlace, all_lines};
use super::history::{History, Step};
use crate::failure::Failure;

pub fn answers(
    history: &History<'_>,
    digest: Digest,
    bytes: Option<&[u8]>,
    path: &str,
    part: &Part,
    show_held_out: bool,
) -> Result<Vec<Answer>, Failure> {
    let kept = if bytes.is_none() { history.artifact(digest) } else { None };
    let bytes = bytes.or(kept.as_deref());
    let modules = || -> Result<Vec<Module>, Failure> {
        let Some(bytes) = bytes else { return Ok(Vec::new()) };
        if bytes.starts_with(b"\x7fELF") {
            return Ok(Vec::new());
        }
        modules(bytes, path).map_err(|error| Failure::wrong(format!("the artifact `{path}`: {error}")))
    };
    match part {
        Part::Whole => {
            let mut answer = Answer::default();
            let contract = answer.follow(history, digest)?;
            // One source is shown line by line; of several each by its own name.
            let only = answer.steps.last().and_then(|step| match &step.sources[..] {
                [(path, text)] => text.text.as_deref().map(|text| (path.clone(), all_lines(text))),
                _ => None,
            });
            if let Some((path, lines)) = only {
                answer.place(&path, &lines);
            }
            clauses(&mut answer, contract.as_ref(), None, show_held_out);
            Ok(vec![answer])
        }
        Part::Line(file, line) => {
            let lines = [*line].into_iter().collect();
            lines_answer(history, digest, &modules()?, (file, &lines), show_held_out).map(|one| vec![one])
        }
        Part::Function(name) => functions(history, digest, &modules()?, name, show_held_out),
    }
}

fn clauses(
    answer: &mut Answer,
    contract: Option<&Contract>,
    functions: Option<&BTreeSet<String>>,
    show_held_out: bool,
) {
    if let Some(contract) = contract {
        answer.clauses_of(contract, functions, show_held_out);
    }
}

/// Lines of a source of an artifact; of a single one also the function that holds it.
pub fn lines_answer(
    history: &History<'_>,
    digest: Digest,
    modules: &[Module],
    (file, lines): (&str, &Lines),
    show_held_out: bool,
) -> Result<Answer, Failure> {
    let mut answer = Answer::default();
    let contract = answer.follow(history, digest)?;
    answer.place(file, lines);
    let single = lines.ranges().next().filter(|_| lines.count() == 1).map(|(line, _)| line);
    let step = answer.steps.last();
    answer.function = single.and_then(|line| step.and_then(|step| holding(step, modules, file, line)));
    let reached = answer.function.as_ref().map(|function| function.reached_from.clone());
    clauses(&mut answer, contract.as_ref(), reached.as_ref().filter(|reached| !reached.is_empty()), show_held_out);
    Ok(answer)
}

/// The function that holds a line: by the binary's line table, or by the text of the source and the function's name.
fn holding(step: &Step, modules: &[Module], file: &str, line: u32) -> Option<FunctionPlace> {
    let (path, text) = step.sources.iter().find(|(known, _)| is_file(known, file))?;
    let text = Text::new(path, text.text.as_deref()?);
    let name = text.function(usize::try_from(line.checked_sub(1)?).ok()?).and_then(|range| text.name(range.start));
    let of = |module: &Module, index| {
        let function = module.functions.iter().find(|one| one.index == index)?;
        let called = function.name.clone().or_else(|| function.exports.first().cloned());
        Some(FunctionPlace {
            name: name.clone().or(called)?,
            index: Some(index),
            reached_from: module.reached_from(function),
            by: "the line table of the binary",
        })
    };
    for module in modules {
        if let Some(index) = module.at(file, line).map(|function| function.index).next() {
            return of(module, index);
        }
    }
    let name = name?;
    for module in modules {
        if let Some(function) = module.named(&name).next() {
            let (index, reached_from) = (Some(function.index), module.reached_from(function));
            return Some(FunctionPlace { name, index, reached_from, by: "its name in the source and in the binary" });
        }
    }
    let reached_from = BTreeSet::new();
    Some(FunctionPlace { name, index: None, reached_from, by: "its name in the source" })
}

/// Every function of that name.
fn functions(
    history: &History<'_>,
    digest: Digest,
    modules: &[Module],
    name: &str,
    show_held_out: bool,
) -> Result<Vec<Answer>, Failure> {
    let found: Vec<(&Module, u32)> =
        modules.iter().flat_map(|module| module.named(name).map(move |function| (module, function.index))).collect();
    if found.is_empty() {
        if let Some(answer) = inlined(history, digest, name, show_held_out)? {
            return Ok(vec![answer]);
        }
        let mut known: Vec<String> = modules
            .iter()
            .flat_map(|module| &module.functions)
            .filter_map(|function| function.exports.first().or(function.name.as_ref()).cloned())
            .take(12)
            .collect();
        known.sort();
        let failure = Failure::wrong(format!("the artifact has no function `{name}`"));
        return Err(match known.is_empty() {
            true => failure.next("name a line of a source instead, ARTIFACT:FILE:LINE"),
            false => failure.next(format!("name one of its functions: {}", known.join(", "))),
        });
    }
    let mut answers = Vec::new();
    for (module, index) in found {
        let Some(function) = module.functions.iter().find(|one| one.index == index) else { continue };
        let mut answer = Answer::default();
        let contract = answer.follow(history, digest)?;
        let reached_from = module.reached_from(function);
        let place = answer.steps.last().and_then(|step| lines_of(step, module, index, name));
        let by = place.as_ref().map_or("its name in the binary", |(_, _, by)| by);
        answer.function =
            Some(FunctionPlace { name: name.to_owned(), index: Some(index), reached_from: reached_from.clone(), by });
        match place {
            Some((path, lines, _)) => answer.place(&path, &lines),
            None if answer.steps.is_empty() => {}
            None => answer.unknown.push(format!("which lines of the sources `{name}` is made of can't be told")),
        }
        clauses(&mut answer, contract.as_ref(), Some(&reached_from), show_held_out);
        answers.push(answer);
    }
    Ok(answers)
}

/// A function of a source that the binary has no more: its compiler put it into others. Which ones can't be told.
fn inlined(history: &History<'_>, digest: Digest, name: &str, show_held_out: bool) -> Result<Option<Answer>, Failure> {
    let mut answer = Answer::default();
    let contract = answer.follow(history, digest)?;
    let Some((path, lines)) = answer.steps.last().and_then(|step| lines_named(step, &[name])) else { return Ok(None) };
    let by = "its name in the source; the binary has no such function";
    answer.function = Some(FunctionPlace { name: name.to_owned(), index: None, reached_from: BTreeSet::new(), by });
    answer.place(&path, &lines);
    clauses(&mut answer, contract.as_ref(), None, show_held_out);
    Ok(Some(answer))
}

/// The lines of a function in a source of the artifact.
fn lines_of(step: &Step, module: &Module, index: u32, name: &str) -> Option<(String, Lines, &'static str)> {
    let function = module.functions.iter().find(|one| one.index == index)?;
    // A function that was inlined has lines of its own in others: its file is the one with most lines.
    let mut tabled: Vec<(String, Lines)> = module.lines(function).into_iter().collect();
    tabled.sort_by_key(|(_, lines)| std::cmp::Reverse(lines.count()));
    for (file, lines) in tabled {
        if let Some((path, _)) = step.sources.iter().find(|(path, _)| is_file(&file, path)) {
            return Some((path.clone(), lines, "the line table of the binary"));
        }
    }
    let names = function.name.iter().chain(&function.exports).map(String::as_str).chain([name]);
    let names: Vec<&str> = names.map(|name| name.rsplit('#').next().unwrap_or(name)).collect();
    lines_named(step, &names).map(|(path, lines)| (path, lines, "its name in the source"))
}

/// The lines of the function of a source that has one of these names.
fn lines_named(step: &Step, names: &[&str]) -> Option<(String, Lines)> {
    for (path, text) in &step.sources {
        let Some(bytes) = text.text.as_deref() else { continue };
        let text = Text::new(path, bytes);
        if let Some(range) = names.iter().find_map(|name| text.named(name)) {
            let number = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
            let blank = |at: &usize| text.lines.get(*at).is_none_or(|line| line.trim_ascii().is_empty());
            let last = range.clone().rev().find(|at| !blank(at)).unwrap_or(range.start);
            let lines = Lines::range(number(range.start.saturating_add(1)), number(last.saturating_add(1)))?;
            return Some((path.clone(), lines));
        }
    }
    None
}
