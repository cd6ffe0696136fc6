//! The programs of the example: the right migration, and wrong ones with one fault each.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::root;

/// A program, and what is known of it.
#[derive(Debug, Clone, Copy)]
pub struct Program {
    /// Its file without `.c`.
    pub name: &'static str,
    pub is: Is,
}

/// What a program is, and so what must come of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Is {
    /// Marked, and its work is taken over.
    Right,
    /// Refused by the checks.
    Wrong,
    /// Wrong only where no check looks, with files too large for generated trees: its run is refused.
    WrongWhenLarge,
}

/// The right one last: until then the tree is what it was.
pub const PROGRAMS: [Program; 9] = [
    Program { name: "overwrites", is: Is::Wrong },
    Program { name: "drops-undated", is: Is::Wrong },
    Program { name: "truncates", is: Is::WrongWhenLarge },
    Program { name: "deletes-first", is: Is::WrongWhenLarge },
    Program { name: "follows-link", is: Is::Wrong },
    Program { name: "loses-times", is: Is::Wrong },
    Program { name: "loses-links", is: Is::Wrong },
    Program { name: "merges-duplicates", is: Is::Wrong },
    Program { name: "migrate", is: Is::Right },
];

const FLAGS: [&str; 7] = ["-std=c11", "-Wall", "-Wextra", "-Wno-unused-function", "-Werror", "-static", "-O1"];

/// Where the example is.
pub fn example() -> PathBuf {
    root().join("examples/photos")
}

/// Compiles a program into `folder`.
pub fn build(program: &Program, folder: &Path) -> Result<PathBuf, String> {
    let binary = folder.join(program.name);
    let source = example().join("src").join(program.name).with_extension("c");
    let output = Command::new("cc").args(FLAGS).arg("-o").arg(&binary).arg(&source).output();
    let output = output.map_err(|error| {
        format!("there is no C compiler `cc` ({error}): install one, such as gcc with its static C library")
    })?;
    if output.status.success() {
        return Ok(binary);
    }
    let said = String::from_utf8_lossy(&output.stderr);
    Err(format!("`{}` can't be compiled (a static C library is needed):\n{said}", source.display()))
}
