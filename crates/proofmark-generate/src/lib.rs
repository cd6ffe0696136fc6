//! Generators: who is asked for an artifact, what they are told, how their answer becomes files of source code, and what is
//! laid beside those to build them.
//!
//! Everything that comes back, from an endpoint, a command or a directory, is hostile input: it is bounded, and nothing
//! but code is taken out of it. This crate alone holds providers' keys. It prints nothing, reads no environment, starts
//! no process and takes no time of day; it must never know the governor, and never see a property that is held out.
//! `spec/generators.md` has the formats.

#![forbid(unsafe_code)]
#![cfg_attr(test, allow(clippy::arithmetic_side_effects, reason = "tests"))]

mod bindings;
mod budget;
mod client;
mod command;
mod config;
mod error;
mod extract;
mod files;
mod message;
mod prompt;
mod public;
mod secret;
mod target;
pub mod toolchain;

pub use bindings::{BindError, Bound, Tools, bind};
pub use budget::{Budget, Price, Rates, Spent};
pub use client::{Authorities, AuthorityError, Client, ClientError};
pub use command::{Answer, Brought, Command, CommandError, Ended, Job, Start, ask};
pub use config::{
    Access, ConfigProblem, Endpoint, Generator, Generators, KeySource, Kind, Limits, Parameters, Protocol, Retries,
    Timeouts, TokensKey,
};
pub use error::{Error, Failure, Phase};
pub use extract::{ExtractError, SourceFile, Sources, extract};
pub use files::{Candidate, FilesError, FilesLimits, candidates};
pub use message::{Finish, Message, Progress, Reply, Request, Role, State, Usage, Watch};
pub use prompt::{Finding, first, repair};
pub use public::{Counterexample, Public, PublicError, PublicProperty};
pub use secret::{Secret, SecretError};
pub use target::{Target, UnknownTarget};
