//! The trust core: everything that decides whether a mark is valid.
//!
//! Digests, Merkle proofs, signed notes, signed statements, policies and marks, as pure functions over bytes. Nothing
//! here does I/O, reads a clock, starts anything, or uses `unsafe`; the time is a parameter. What comes from outside is
//! parsed strictly: bytes that this crate would not have written itself are refused, so every byte of a mark is bound.

#![forbid(unsafe_code)]
#![cfg_attr(
    test,
    allow(
        clippy::arithmetic_side_effects,
        clippy::indexing_slicing,
        reason = "tests may panic: that is how they fail"
    )
)]

pub mod challenge;
pub mod checkpoint;
pub mod digest;
pub mod dsse;
pub mod entry;
pub mod evidence;
pub mod mark;
pub mod merkle;
pub mod note;
pub mod order;
pub mod policy;
pub mod provenance;
pub mod receipt;
pub mod statement;
pub mod submission;
pub mod trust;
pub mod verdict;

pub mod base64;
mod canonical;
mod time;

pub use canonical::JsonError;
