//! The whole program, from the outside: every test starts the real binary in a directory of its own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod cases;
mod components;
mod egress;
mod faults;
mod filling;
mod grants;
mod hostile;
mod main_job;
mod models;
mod orders;
mod place;
mod profiles;
mod programs;
mod replays;
mod secrets;
mod several;
mod tampering;
mod tapes;
mod web;
