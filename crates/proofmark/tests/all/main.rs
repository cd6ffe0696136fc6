//! The whole program, from the outside: every test starts the real binary in a directory of its own.
#![allow(
    clippy::unwrap_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "tests"
)]

mod bindings;
mod cases;
mod compare;
mod components;
mod egress;
mod faults;
mod filling;
mod gaming;
mod grants;
mod hostile;
mod main_job;
mod make;
mod models;
mod orders;
mod place;
mod planted;
mod profiles;
mod programs;
mod references;
mod replays;
mod reuse;
mod sarif;
mod screen;
mod sealed;
mod secrets;
mod several;
mod strength;
mod tampering;
mod tapes;
mod tools;
mod trace;
mod web;
