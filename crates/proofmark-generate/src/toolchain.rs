//! Toolchains as data: `toolchains.toml`, which a person pins. `spec/toolchains.md` has the format.
//!
//! Nothing is started here. A toolchain is a program with the files that it needs and the digest of them all; whoever
//! builds with it first asks [`Toolchain::check`] whether they are still what was pinned.

use std::path::Path;
use std::time::SystemTime;

use proofmark_mark::digest::Digest;
use thiserror::Error;
use toml::de::DeTable;

use crate::config::ConfigProblem;
use crate::config::table::{Layout, Problems, Table, is_place};
use crate::target::Target;

mod manifest;

pub use manifest::{Cache, ManifestError};

const LAYOUT: Layout = Layout { versioned: "toolchains", version: 1, entry: "toolchain", none: None };
/// A fence has not many more places.
const FILES_MAX: usize = 60;
const ARGUMENTS_MAX: usize = 16;
/// The longest `version`, in bytes.
pub const VERSION_BYTES_MAX: usize = 200;

/// What a file names, in the order of the names.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Toolchains {
    pub toolchains: Vec<Toolchain>,
}

/// A program that makes artifacts out of source code.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Toolchain {
    /// 1 to 64 lower-case ASCII letters, digits, `-`, `_` and `.`.
    pub name: String,
    pub target: Target,
    /// An absolute path.
    pub program: String,
    /// What comes before all other arguments: of an interpreter its script.
    pub arguments: Vec<String>,
    /// The linker that is started by itself, if there is one.
    pub linker: Option<String>,
    /// What else they need of the machine: absolute paths of files and directories.
    pub files: Vec<String>,
    /// Whether it makes machine code and runs it, as engines of JavaScript do.
    pub generates_code: bool,
    /// What it says of itself. A claim for people.
    pub version: Option<String>,
    /// Over all its files; `None` until somebody pins it.
    pub sha256: Option<Digest>,
}

/// A toolchain that may not be used. Each says what to do.
#[derive(Debug, Error)]
pub enum PinError {
    #[error("nobody has pinned the toolchain `{0}`; look at it and run `proofmark toolchains pin {0}`")]
    Unpinned(String),
    #[error(
        "the files of the toolchain `{0}` are not those that were pinned; if that is as it should be, run `proofmark toolchains pin {0}`"
    )]
    Changed(String),
    #[error("the toolchain `{name}`: {error}")]
    Files { name: String, error: ManifestError },
}

impl Toolchains {
    /// Reads the text of a `toolchains.toml`.
    ///
    /// # Errors
    /// Every problem that was found, in the order of the text; at least one.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigProblem>> {
        LAYOUT.read(text, toolchain).map(|toolchains| Self { toolchains })
    }

    /// The toolchain with that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Toolchain> {
        self.toolchains.iter().find(|toolchain| toolchain.name == name)
    }

    /// The first toolchain for a target, in the order of the names.
    #[must_use]
    pub fn for_target(&self, target: Target) -> Option<&Toolchain> {
        self.toolchains.iter().find(|toolchain| toolchain.target == target)
    }
}

impl Toolchain {
    /// Every path that it needs.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.program).chain(&self.linker).chain(&self.files).map(String::as_str)
    }

    /// The digest over its files as they are now. `cache` spares reading what did not change; `now` is the time.
    ///
    /// # Errors
    /// [`PinError::Files`].
    pub fn digest(&self, cache: &mut Cache, now: SystemTime) -> Result<Digest, PinError> {
        let paths: Vec<&Path> = self.paths().map(Path::new).collect();
        manifest::digest(&paths, cache, now).map_err(|error| PinError::Files { name: self.name.clone(), error })
    }

    /// Whether its files are those that were pinned; gives their digest.
    ///
    /// # Errors
    /// [`PinError`].
    pub fn check(&self, cache: &mut Cache, now: SystemTime) -> Result<Digest, PinError> {
        let pinned = self.sha256.ok_or_else(|| PinError::Unpinned(self.name.clone()))?;
        if self.digest(cache, now)? == pinned { Ok(pinned) } else { Err(PinError::Changed(self.name.clone())) }
    }

    /// The text of a `toolchains.toml` with this toolchain in it: `version` and `sha256` are set in an entry that is
    /// there, and nothing else of the text changes; else an entry is added at its end.
    ///
    /// # Errors
    /// The text is no valid file, or has the entry in a form that can't be changed in its place; in words.
    pub fn put_into(&self, text: &str) -> Result<String, String> {
        let read = |text: &str| {
            Toolchains::parse(text).map_err(|problems| problems.first().map(ToString::to_string).unwrap_or_default())
        };
        let text = if text.trim().is_empty() {
            format!("{} = {}\n", LAYOUT.versioned, LAYOUT.version)
        } else {
            text.to_owned()
        };
        let mut wanted = read(&text)?;
        wanted.toolchains.retain(|other| other.name != self.name);
        wanted.toolchains.push(self.clone());
        wanted.toolchains.sort_by(|a, b| a.name.cmp(&b.name));
        let put = self.replaced(&text).unwrap_or_else(|| format!("{}\n\n{}", text.trim_end(), self.entry()));
        if read(&put).is_ok_and(|found| found == wanted) {
            return Ok(put);
        }
        Err(format!("the entry of `{}` can't be changed where it is; write it as:\n\n{}", self.name, self.entry()))
    }

    /// The text with `version` and `sha256` of its entry, if it has one.
    fn replaced(&self, text: &str) -> Option<String> {
        let document = DeTable::parse(text).ok()?;
        let entry = document.get_ref().get("toolchain")?.get_ref().as_table()?.get(self.name.as_str())?;
        let entry = entry.get_ref().as_table()?;
        let after_program = entry.get("program").map_or(text.len(), |program| {
            let end = program.span().end;
            text.get(end..).and_then(|rest| rest.find('\n')).map_or(text.len(), |at| end.saturating_add(at))
        });
        let texts = [("version", self.version.clone()), ("sha256", self.sha256.map(|digest| digest.to_string()))];
        let mut edits = Vec::new();
        for (key, value) in texts.into_iter().filter_map(|(key, value)| Some((key, quoted(&value?)))) {
            match entry.get(key) {
                Some(old) => edits.push((old.span(), value)),
                None => edits.push((after_program..after_program, format!("\n{key} = {value}"))),
            }
        }
        // From the end, so that what comes before stays where it is.
        edits.sort_by_key(|(span, _)| std::cmp::Reverse(span.start));
        let mut text = text.to_owned();
        for (span, value) in edits {
            text.get(span.clone())?;
            text.replace_range(span, &value);
        }
        Some(text)
    }

    /// As it is written in a file.
    #[must_use]
    pub fn entry(&self) -> String {
        // A dot would begin another table.
        let name = if self.name.contains('.') { quoted(&self.name) } else { self.name.clone() };
        let mut lines = vec![
            format!("[toolchain.{name}]"),
            format!("target = {}", quoted(&self.target.to_string())),
            format!("program = {}", quoted(&self.program)),
        ];
        if !self.arguments.is_empty() {
            let words: Vec<String> = self.arguments.iter().map(|word| quoted(word)).collect();
            lines.push(format!("arguments = [{}]", words.join(", ")));
        }
        lines.extend(self.linker.iter().map(|linker| format!("linker = {}", quoted(linker))));
        if self.generates_code {
            lines.push("generate_code = true".to_owned());
        }
        if !self.files.is_empty() {
            let files: Vec<String> = self.files.iter().map(|file| format!("    {},\n", quoted(file))).collect();
            lines.push(format!("files = [\n{}]", files.concat()));
        }
        lines.extend(self.version.iter().map(|version| format!("version = {}", quoted(version))));
        lines.extend(self.sha256.iter().map(|digest| format!("sha256 = {}", quoted(&digest.to_string()))));
        lines.join("\n") + "\n"
    }
}

fn quoted(text: &str) -> String {
    toml::Value::String(text.to_owned()).to_string()
}

fn toolchain(name: &str, mut table: Table<'_>, problems: &mut Problems<'_>) -> Option<Toolchain> {
    let target = table.required("target", "\"c\"", problems).map(str::parse::<Target>);
    let target = match target {
        Some(Ok(Target::Wat)) => {
            problems.push(table.at("target"), "WebAssembly text needs no toolchain", "leave this entry out");
            None
        }
        Some(Err(_)) => {
            let names: Vec<String> = Target::ALL.iter().map(|target| format!("`{target}`")).collect();
            problems.push(table.at("target"), "there is no such target", format!("write one of {}", names.join(", ")));
            None
        }
        Some(Ok(target)) => Some(target),
        None => None,
    };
    let program = table.required("program", "\"/usr/bin/clang\"", problems).map(str::to_owned);
    let arguments = table.strings("arguments", problems).unwrap_or_default();
    if arguments.len() > ARGUMENTS_MAX || arguments.iter().any(|word| word.contains('\0')) {
        problems.push(table.at("arguments"), format!("`arguments` is not at most {ARGUMENTS_MAX} words"), "");
    }
    let linker = table.string("linker", problems).map(str::to_owned);
    let files = table.strings("files", problems).unwrap_or_default();
    if files.len() > FILES_MAX {
        problems.push(table.at("files"), format!("`files` has more than {FILES_MAX} entries"), "name their directory");
    }
    for (key, path) in program
        .iter()
        .map(|path| ("program", path))
        .chain(linker.iter().map(|path| ("linker", path)))
        .chain(files.iter().map(|path| ("files", path)))
    {
        if !is_place(path) {
            let message = format!("`{key}` has what is no absolute path without `.` and `..`");
            problems.push(table.at(key), message, "write `/usr/lib/llvm-19/bin/clang`");
        }
    }
    let generates_code = table.boolean("generate_code", problems).unwrap_or(false);
    let version = table.string("version", problems).map(str::to_owned);
    if version
        .as_ref()
        .is_some_and(|version| version.len() > VERSION_BYTES_MAX || version.chars().any(char::is_control))
    {
        problems.push(
            table.at("version"),
            format!("`version` is not one line of at most {VERSION_BYTES_MAX} bytes"),
            "",
        );
    }
    let sha256 = table.string("sha256", problems).and_then(|text| {
        let digest = text.parse().ok();
        if digest.is_none() {
            let help = format!("run `proofmark toolchains pin {name}`");
            problems.push(table.at("sha256"), "`sha256` is not 64 lower-case hexadecimal digits", help);
        }
        digest
    });
    table.finish(problems);
    Some(Toolchain {
        name: name.to_owned(),
        target: target?,
        program: program?,
        arguments,
        linker,
        files,
        generates_code,
        version,
        sha256,
    })
}

#[cfg(test)]
mod tests;
