//! Contracts from the outside: what parses, what is wrong and where, and what properties mean.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod mapping;
mod problems;
mod process;
mod robust;
mod secrets;
mod valid;
mod worlds;

/// A contract around a WIT world and more TOML.
fn contract(world: &str, more: &str) -> String {
    format!(
        "contract = 1\nname = \"test\"\nintent = \"A test.\"\n\n[interface]\nwit = \"\"\"\npackage test:test;\nworld test {{\n{world}\n}}\n\"\"\"\n\n{more}\n"
    )
}
