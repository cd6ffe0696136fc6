//! Enforcement: loading an artifact, running it inside what was granted, and starting worker processes.
//!
//! The only crate that knows the WebAssembly engine and the only one that launches processes. It never decides whether
//! something may run: it is told a grant and enforces exactly that, or refuses.

pub mod artifact;
pub mod broker;
pub mod convert;
pub mod effects;
pub mod elf;
pub mod engine;
#[cfg(target_os = "linux")]
pub mod fence;
pub mod imports;
pub mod instrument;
pub mod mutate;
mod names;
pub mod native;
pub mod printable;
pub mod profile;
pub mod program;
pub mod staged;
pub mod tool;
pub mod tree;
pub mod usage;
pub mod wasi;
pub mod worker;
pub mod wrap;

pub use artifact::{Artifact, ArtifactError};
pub use program::{Ended, Outcome, Program, ProgramError};
