//! Reads `[interface.process]`: what varies from run to run of a program, and what is looked at afterwards.

use std::ops::Range;

use toml::Spanned;
use toml::de::DeValue;

use super::capabilities::{guest, writable};
use super::table::{Problems, Table};
use crate::interface::Interface;
use crate::placed::Placed;
use crate::problem::Problem;
use crate::process::{ARGUMENT_BYTES_MAX, Arguments, Form, Process};

/// Fixed arguments, and variables, of one program.
const LISTED_MAX: usize = 64;
/// How a parameter for the arguments is written.
const VARIED: &str = "list<string>";

/// The interface, and the path of its tree where one is given.
pub(super) fn read(mut table: Table<'_>, problems: &mut Problems) -> Option<(Interface, Option<Placed>)> {
    let before = problems.len();
    let arguments = arguments(&mut table, problems);
    let environment = table.strings("environment", problems);
    let environment = variables(environment, table.key_span("environment"), problems);
    let stdin = form(&mut table, "stdin", problems);
    let files = table.string("files", problems);
    problems.extend(files.as_ref().and_then(|files| guest(files).or_else(|| writable(files))));
    let streams = [stdin, form(&mut table, "stdout", problems), form(&mut table, "stderr", problems)];
    let span = table.span();
    table.finish(problems);
    if problems.len() > before {
        return None;
    }
    let path = files.as_ref().map(|files| files.text.clone());
    let process = Process::new(arguments, environment, path, streams);
    match Interface::of_process(process) {
        Ok(interface) => Some((interface, files)),
        Err(found) => {
            // The generated WIT is right by construction; were it not, the contract would be refused here.
            problems.extend(found.into_iter().map(|problem| Problem { span: span.clone(), ..problem }));
            None
        }
    }
}

fn arguments(table: &mut Table<'_>, problems: &mut Problems) -> Arguments {
    match table.value("arguments").map(|value| (value, value.get_ref())) {
        None => Arguments::Fixed(Vec::new()),
        Some((_, DeValue::Array(_))) => {
            let span = table.key_span("arguments");
            let fixed = table.strings("arguments", problems);
            if fixed.len() > LISTED_MAX {
                let message = format!("the program has {} fixed arguments; {LISTED_MAX} is the most", fixed.len());
                problems.push(Problem::new(span, message, "too many"));
            }
            for argument in &fixed {
                if argument.text.contains('\0') || argument.text.len() > ARGUMENT_BYTES_MAX {
                    let message = "an argument can't hold a NUL or be longer than 131071 bytes";
                    problems.push(Problem::new(argument.span.clone(), message, "the kernel takes no such argument"));
                }
            }
            Arguments::Fixed(fixed.into_iter().map(|argument| argument.text).collect())
        }
        Some((_, DeValue::String(ty))) if ty.as_ref() == VARIED => Arguments::Varied,
        Some((value, DeValue::String(_))) => {
            let problem = Problem::new(value.span(), "arguments are a list of strings", "another type");
            problems.push(problem.help(ARGUMENTS_HELP));
            Arguments::Varied
        }
        Some((value, other)) => {
            let problem = table.mistyped("arguments", "a type, or a list of fixed arguments", other, value.span());
            problems.push(problem.help(ARGUMENTS_HELP));
            Arguments::Varied
        }
    }
}

const ARGUMENTS_HELP: &str = "write `arguments = \"list<string>\"` for arguments that vary, `arguments = [\"-n\"]` for arguments that are always the same, or leave it out for none";

fn variables(names: Vec<Placed>, span: Range<usize>, problems: &mut Problems) -> Vec<String> {
    let mut known: Vec<String> = Vec::with_capacity(names.len());
    if names.len() > LISTED_MAX {
        let message = format!("the program has {} variables; {LISTED_MAX} is the most", names.len());
        problems.push(Problem::new(span, message, "too many"));
    }
    for name in names {
        let text = name.text.as_str();
        let plain = |character: char| character.is_ascii_alphanumeric() || character == '_';
        let shown = text.escape_debug();
        // The loader takes orders from these before the program starts.
        let loader = ["LD_", "GLIBC_TUNABLES", "GCONV_PATH", "MALLOC_"].iter().any(|start| text.starts_with(start));
        if text.is_empty()
            || text.len() > 255
            || !text.chars().all(plain)
            || text.starts_with(|c: char| c.is_ascii_digit())
        {
            let problem = Problem::new(name.span, format!("`{shown}` is not the name of a variable"), "not a name");
            problems.push(problem.help("write letters, digits and `_`, such as `TZ` or `LC_ALL`"));
        } else if loader {
            let message = format!("`{shown}` changes how the program is loaded, not what it is given");
            problems.push(Problem::new(name.span, message, "not for programs").help("leave it out"));
        } else if known.iter().any(|known| known == text) {
            problems.push(Problem::new(name.span, format!("`{shown}` is there twice"), "again"));
        } else {
            known.push(name.text);
        }
    }
    known
}

fn form(table: &mut Table<'_>, key: &'static str, problems: &mut Problems) -> Option<Form> {
    let value = table.value(key)?;
    let problem = match value.get_ref() {
        DeValue::String(ty) if ty.as_ref() == "string" => return Some(Form::Text),
        DeValue::String(ty) if ty.as_ref() == "list<u8>" => return Some(Form::Bytes),
        DeValue::String(_) => Problem::new(value.span(), format!("`{key}` is text or bytes"), "another type"),
        other => table.mistyped(key, "a type", other, Spanned::span(value)),
    };
    problems
        .push(problem.help(format!("write `{key} = \"string\"` for UTF-8 or `{key} = \"list<u8>\"` for any bytes")));
    None
}
