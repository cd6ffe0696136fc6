//! Contracts: the interface an artifact must have, the values that cross it, the properties it must keep, and the inputs
//! to try them on.
//!
//! Pure: no I/O, no clock, no randomness but a seed, no `unsafe`. A contract that parses is valid; nothing later finds an
//! unknown name or a type that does not fit.

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

#[cfg(test)]
mod arbitrary;
mod budget;
mod capabilities;
mod cel;
mod contract;
pub mod egress;
pub mod generate;
mod interface;
mod invariant;
mod placed;
mod problem;
mod process;
mod resolve;
mod seal;
mod secret;
pub mod shrink;
mod types;
mod value;

pub use budget::Budget;
pub use capabilities::{Capabilities, Flag};
pub use cel::{EvaluationError, Evaluator, Exports, Predicate, typed};
pub use contract::{
    AttachError, CONTRACT_BYTES_MAX, Contract, Example, Expected, OpenError, Property, Reference, Sealed,
};
pub use egress::Egress;
pub use interface::{Call, CallError, Function, Interface};
pub use invariant::{Change, Fact, FactKind, Invariant};
pub use problem::Problem;
pub use process::{Arguments, Entry, Form, Invocation, Node, Outcome, Process, Tree, TreeError};
pub use resolve::{resolve, resolve_reference};
pub use seal::{Opening, SealKey, seal};
pub use secret::{Pair, Secret, Surroundings};
pub use types::{EnumType, FlagsType, RecordType, ResultType, Type, VariantType};
pub use value::Value;
