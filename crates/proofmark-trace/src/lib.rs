//! Where a line of code comes from: git histories, records of authorship, and the line tables of WebAssembly binaries.
//!
//! Repositories, notes, records and artifacts are hostile input: all of it is bounded, nothing in it is executed, and no
//! configuration of a repository is read. Writes nothing but a note or a record that it was asked for. `spec/trace.md` has
//! the formats.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::unwrap_used,
        clippy::expect_used,
        clippy::panic,
        clippy::indexing_slicing,
        clippy::arithmetic_side_effects,
        reason = "tests"
    )
)]

pub mod agent_trace;
pub mod attribution;
pub mod git;
pub mod git_ai;
pub mod lineage;
pub mod lines;
pub mod source;
pub mod wasm;
