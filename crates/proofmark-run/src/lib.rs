//! Enforcement: loading an artifact, running it inside what was granted, and starting worker processes.
//!
//! The only crate that knows the WebAssembly engine and the only one that launches processes. It never decides whether
//! something may run: it is told a grant and enforces exactly that, or refuses.

pub mod artifact;
pub mod convert;
pub mod elf;
pub mod engine;
pub mod imports;
pub mod profile;
pub mod program;
pub mod wasi;
pub mod worker;
pub mod wrap;

pub use artifact::{Artifact, ArtifactError};
pub use program::{Ended, Outcome, Program, ProgramError};
