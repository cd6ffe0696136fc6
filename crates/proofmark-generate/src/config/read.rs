//! Reads `generators.toml`.

use toml::de::{DeTable, DeValue};

use super::table::{Problems, Table, is_place};
use super::{ConfigProblem, Generator, Generators, Kind, endpoint};
use crate::command::{Brought, Command};
use crate::files::FilesLimits;

/// The version of the format.
const VERSION: u64 = 1;
const BYTES_MAX: usize = 256 << 10;
const NAME_MAX: usize = 64;
const ARGUMENTS_MAX: usize = 64;
const HOUR_MS: u64 = 3_600_000;
const LARGEST: u64 = 256 << 20;

pub(super) fn read(text: &str) -> Result<Generators, Vec<ConfigProblem>> {
    let mut problems = Problems::new(text);
    if text.len() > BYTES_MAX {
        problems.push(0, format!("the file is larger than {BYTES_MAX} bytes"), "");
        return Err(problems.finish());
    }
    let document = match DeTable::parse(text) {
        Ok(document) => document,
        Err(error) => {
            // The library's own rendering would show the line, and a key may be on it.
            problems.push(error.span().map_or(text.len(), |span| span.start), "not valid TOML here", "");
            return Err(problems.finish());
        }
    };
    let mut table = Table::new("the file", document.get_ref(), 0);
    if table.whole("generators", VERSION..=VERSION, &mut problems).is_none() && table.value("generators").is_none() {
        problems.push(0, "the file does not say its version", "write `generators = 1` at the top");
    }
    let mut generators = Vec::new();
    match table.table("generator", &mut problems) {
        Some(named) => {
            for (name, span, value) in named.entries() {
                generators.extend(generator(name, span.start, value, &mut problems));
            }
        }
        None => problems.push(0, "the file names no generator", "write `[generator.NAME]`"),
    }
    table.finish(&mut problems);
    generators.sort_by(|a, b| a.name.cmp(&b.name));
    if problems.is_empty() { Ok(Generators { generators }) } else { Err(problems.finish()) }
}

fn generator<'a>(name: &str, at: usize, value: &'a DeValue<'a>, problems: &mut Problems<'_>) -> Option<Generator> {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
    if name.is_empty() || name.len() > NAME_MAX || !name.bytes().all(plain) {
        let help = "write 1 to 64 lower-case letters, digits, `-`, `_` and `.`";
        problems.push(at, "this can't be the name of a generator", help);
        return None;
    }
    let Some(entries) = value.as_table() else {
        problems.push(at, format!("`{name}` must be a table"), format!("write `[generator.{name}]`"));
        return None;
    };
    let mut table = Table::new(format!("[generator.{name}]"), entries, at);
    let kind = match table.required("kind", "\"openai\"", problems) {
        Some("openai") => endpoint::read(table, super::Protocol::OpenAi, problems),
        Some("anthropic") => endpoint::read(table, super::Protocol::Anthropic, problems),
        Some("command") => command(table, problems),
        Some("files") => files(table, problems),
        Some(_) => {
            let help = "write `openai`, `anthropic`, `command` or `files`";
            problems.push(table.at("kind"), "there is no such kind of generator", help);
            None
        }
        None => None,
    };
    Some(Generator { name: name.to_owned(), kind: kind? })
}

fn command(mut table: Table<'_>, problems: &mut Problems<'_>) -> Option<Kind> {
    let arguments = table.strings("command", problems).unwrap_or_default();
    let is_whole = arguments.first().is_some_and(|first| !first.is_empty())
        && arguments.len() <= ARGUMENTS_MAX
        && !arguments.iter().any(|argument| argument.contains('\0'));
    if !is_whole {
        let message = "`command` is not a program with at most 63 arguments";
        problems.push(table.at("command"), message, "write `command = [\"PROGRAM\", \"ARGUMENT\"]`");
    }
    let files = table.strings("files", problems).unwrap_or_default();
    if files.len() > ARGUMENTS_MAX || !files.iter().all(|path| is_place(path)) {
        let help = "write `files = [\"/usr/share/my-agent\"]`";
        problems.push(table.at("files"), "`files` is not at most 64 absolute paths without `.` and `..`", help);
    }
    let brings = match table.string("brings", problems) {
        Some("stdout") => Brought::Stdout,
        None | Some("reply") => Brought::Reply,
        Some("directory") => Brought::Directory,
        Some(_) => {
            let help = "write `stdout`, `reply` or `directory`";
            problems.push(table.at("brings"), "a command can't bring its artifact in that way", help);
            return None;
        }
    };
    let whole_ms = table.whole("whole_ms", 1..=24 * HOUR_MS, problems).unwrap_or(HOUR_MS / 4);
    let stdout_bytes = table.whole("stdout_bytes", 1..=LARGEST, problems).unwrap_or(8 << 20);
    let limits = files_limits(&mut table, problems);
    table.finish(problems);
    Some(Kind::Command(Command { arguments, files, brings, whole_ms, stdout_bytes, limits }))
}

fn files(mut table: Table<'_>, problems: &mut Problems<'_>) -> Option<Kind> {
    let path = table.required("path", "\"candidates\"", problems).map(str::to_owned);
    let limits = files_limits(&mut table, problems);
    table.finish(problems);
    Some(Kind::Files { path: path?, limits })
}

fn files_limits(table: &mut Table<'_>, problems: &mut Problems<'_>) -> FilesLimits {
    let default = FilesLimits::default();
    let Some(mut table) = table.table("limits", problems) else { return default };
    let limits = FilesLimits {
        files: table.whole("files", 1..=100_000, problems).unwrap_or(default.files),
        file_bytes: table.whole("file_bytes", 1..=LARGEST, problems).unwrap_or(default.file_bytes),
        bytes: table.whole("bytes", 1..=LARGEST, problems).unwrap_or(default.bytes),
        depth: table.whole("depth", 1..=64, problems).unwrap_or(default.depth),
    };
    table.finish(problems);
    limits
}
