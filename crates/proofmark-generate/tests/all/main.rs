//! Models behind HTTP, as an endpoint of our own plays them from scripts: good, broken and hostile.
#![allow(
    clippy::arithmetic_side_effects,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::panic,
    reason = "tests"
)]

mod answers;
mod asking;
mod endpoint;
mod limits;
mod retries;
mod robust;
mod secrets;
mod tls;
