//! Toolchains and builds, for people.

use std::fmt;
use std::path::Path;

use anstream::println;
use proofmark_generate::toolchain::Toolchain;
use proofmark_mark::digest::Digest;

use super::{BAD, BOLD, GOOD, UNSURE, line, safe, said};
use crate::build::Built;

/// A toolchain and how it stands.
pub struct Line {
    pub toolchain: Toolchain,
    pub state: State,
}

/// How a toolchain stands.
pub enum State {
    /// Declared, and its files are those that were pinned.
    Pinned,
    /// Declared, and never pinned.
    Unpinned,
    /// Declared, and its files are others now.
    Changed,
    /// Declared, and its files can't be read.
    Broken(String),
    /// On this machine, and not declared.
    Found,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Pinned => "pinned",
            Self::Unpinned => "unpinned",
            Self::Changed => "changed",
            Self::Broken(_) => "broken",
            Self::Found => "found",
        })
    }
}

pub fn list(lines: &[Line]) {
    if lines.is_empty() {
        said("no toolchain is declared, and none was found on this machine");
        line("next", "install one, such as clang with lld; WebAssembly text needs none");
        return;
    }
    for Line { toolchain, state } in lines {
        let style = match state {
            State::Pinned => GOOD,
            State::Changed | State::Broken(_) => BAD,
            State::Unpinned | State::Found => UNSURE,
        };
        println!("{style}{:<10}{style:#} {BOLD}{}{BOLD:#} for {}", state.to_string(), toolchain.name, toolchain.target);
        line("program", &safe(&toolchain.program));
        toolchain.version.iter().for_each(|version| line("version", &safe(version)));
        if let State::Broken(why) = state {
            line("why", &safe(why));
        }
    }
    if lines.iter().any(|one| !matches!(one.state, State::Pinned)) {
        line("next", "proofmark toolchains pin NAME: trust its files as they are now");
    }
}

pub fn built(path: &Path, built: &Built) {
    println!("{GOOD}built{GOOD:#}      {BOLD}{}{BOLD:#}", path.display());
    line("digest", &format!("sha256:{}, {} bytes", Digest::of(&built.artifact), built.artifact.len()));
    if let Some(toolchain) = &built.toolchain {
        let version = toolchain.version.as_deref().unwrap_or("no version");
        line("with", &format!("{}: {}, sha256:{}", toolchain.name, safe(version), toolchain.sha256));
    }
    let again = if built.reproducible { "gave the same bytes" } else { "gave other bytes: it can't be reproduced" };
    line("again", &format!("a second build in other surroundings {again}"));
    if !built.log.trim().is_empty() {
        println!("{}", built.log.trim_end());
    }
}
