//! The governor: submits, plans, runs checks, decides and records.
//!
//! Nothing here asks who made an artifact in order to trust it, and nothing here generates one: an artifact is bytes.

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

pub mod act;
pub mod behaviour;
pub mod checks;
mod earlier;
mod egress;
pub mod govern;
pub mod home;
pub mod index;
pub mod job;
pub mod judge;
pub mod keys;
pub mod log;
pub mod models;
pub mod orders;
pub mod profile;
pub mod provenance;
pub mod receipts;
pub mod replay;
pub mod reuse;
pub mod sealed;
pub mod shards;
pub mod staged;
pub mod store;
pub mod tape;
