//! Reads `generators.toml`.

use super::table::{Layout, Problems, Table, is_place};
use super::{ConfigProblem, Generator, Generators, Kind, endpoint};
use crate::command::{Brought, Command};
use crate::files::FilesLimits;

const LAYOUT: Layout =
    Layout { versioned: "generators", version: 1, entry: "generator", none: Some("the file names no generator") };
const ARGUMENTS_MAX: usize = 64;
const HOUR_MS: u64 = 3_600_000;
const LARGEST: u64 = 256 << 20;

pub(super) fn read(text: &str) -> Result<Generators, Vec<ConfigProblem>> {
    LAYOUT.read(text, generator).map(|generators| Generators { generators })
}

fn generator(name: &str, mut table: Table<'_>, problems: &mut Problems<'_>) -> Option<Generator> {
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
