//! What kind of source code is asked for.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;

/// A language with what is made of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Target {
    /// C for WebAssembly, with a small library of ours: `clang --target=wasm32`.
    C,
    /// WebAssembly text: the source is the artifact.
    Wat,
    /// AssemblyScript, to a core module.
    AssemblyScript,
    /// JavaScript, to a component that holds an engine.
    JavaScript,
    /// Python, to a component that holds an interpreter.
    Python,
    /// Rust without dependencies, to a core module: `rustc --target=wasm32-unknown-unknown`.
    Rust,
    /// C for a native program, statically linked.
    Program,
}

/// A text that names no target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("there is no target `{0}`; write one of {all}", all = listed(&Target::ALL))]
pub struct UnknownTarget(String);

impl Target {
    pub const ALL: [Self; 7] =
        [Self::C, Self::Wat, Self::AssemblyScript, Self::JavaScript, Self::Python, Self::Rust, Self::Program];

    /// Its name in files and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::C => "c",
            Self::Wat => "wat",
            Self::AssemblyScript => "assemblyscript",
            Self::JavaScript => "javascript",
            Self::Python => "python",
            Self::Rust => "rust",
            Self::Program => "program",
        }
    }

    /// The file that a block of code without a name is taken for.
    pub(crate) fn main_file(self) -> &'static str {
        match self {
            Self::C => "artifact.c",
            Self::Wat => "artifact.wat",
            Self::AssemblyScript => "artifact.ts",
            Self::JavaScript => "artifact.js",
            Self::Python => "artifact.py",
            Self::Rust => "artifact.rs",
            Self::Program => "program.c",
        }
    }

    /// What its files may end with.
    pub(crate) fn endings(self) -> &'static [&'static str] {
        match self {
            Self::C | Self::Program => &["c", "h"],
            Self::Wat => &["wat"],
            Self::AssemblyScript => &["ts"],
            Self::JavaScript => &["js", "mjs"],
            Self::Python => &["py"],
            Self::Rust => &["rs"],
        }
    }

    /// Words behind a fence that say the block may be the code; the first one is its usual name.
    pub(crate) fn languages(self) -> &'static [&'static str] {
        match self {
            Self::C | Self::Program => &["c", "h", ""],
            Self::Wat => &["wat", "wast", "wasm", "webassembly", "lisp", "scheme", ""],
            Self::AssemblyScript => &["typescript", "ts", "assemblyscript", ""],
            Self::JavaScript => &["javascript", "js", "mjs", ""],
            Self::Python => &["python", "py", "python3", ""],
            Self::Rust => &["rust", "rs", ""],
        }
    }

    /// What a person calls it.
    pub(crate) fn title(self) -> &'static str {
        match self {
            Self::C | Self::Program => "C",
            Self::Wat => "WebAssembly text",
            Self::AssemblyScript => "AssemblyScript",
            Self::JavaScript => "JavaScript",
            Self::Python => "Python",
            Self::Rust => "Rust",
        }
    }
}

/// Names of targets in a sentence.
pub(crate) fn listed(targets: &[Target]) -> String {
    targets.iter().map(|target| format!("`{target}`")).collect::<Vec<_>>().join(", ")
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Target {
    type Err = UnknownTarget;

    fn from_str(text: &str) -> Result<Self, UnknownTarget> {
        let shown = || text.chars().filter(|character| !character.is_control()).take(40).collect();
        Self::ALL.into_iter().find(|target| target.name() == text).ok_or_else(|| UnknownTarget(shown()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_read_as_it_is_written() {
        for target in Target::ALL {
            assert_eq!(target.to_string().parse(), Ok(target));
        }
        for wrong in ["", "C", "cpp", "c "] {
            let error = wrong.parse::<Target>().unwrap_err().to_string();
            assert!(error.contains(&format!("`{wrong}`")) && error.contains("`assemblyscript`"), "{error}");
        }
        assert!("\u{1b}[2J".parse::<Target>().is_err_and(|error| !error.to_string().contains('\u{1b}')));
    }
}
