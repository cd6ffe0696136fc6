//! The trust core from outside: whole marks, every byte of one, presets, vectors, arbitrary input.

#![allow(
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    reason = "tests may panic: that is how they fail"
)]

mod arbitrary;
mod builder;
mod cases;
mod flips;
mod marks;
mod presets;
mod vectors;
