//! Generators as data: `generators.toml`. Keys are named, never written down; `spec/generators.md` has the format.

use std::fmt;

use thiserror::Error;

use crate::budget::{Budget, Price, Rates};
use crate::command::Command;
use crate::files::FilesLimits;

mod endpoint;
mod read;
pub(crate) mod table;

/// What a file names, in the order of the names.
#[derive(Debug, Clone, PartialEq)]
pub struct Generators {
    pub generators: Vec<Generator>,
}

/// One way to get artifacts.
#[derive(Debug, Clone, PartialEq)]
pub struct Generator {
    /// 1 to 64 lower-case ASCII letters, digits, `-`, `_` and `.`.
    pub name: String,
    pub kind: Kind,
}

#[derive(Debug, Clone, PartialEq)]
pub enum Kind {
    /// A model behind HTTP.
    Endpoint(Box<Endpoint>),
    /// A program that is given the prompt.
    Command(Command),
    /// A directory that a person or an agent filled, relative to the file that names it.
    Files { path: String, limits: FilesLimits },
}

/// A model behind HTTP, and how it is asked.
#[derive(Debug, Clone, PartialEq)]
pub struct Endpoint {
    pub protocol: Protocol,
    /// The base address without a slash at its end; it has no user, query or fragment. `https`, or `http` to this machine
    /// unless [`Access::Plain`].
    pub url: String,
    pub access: Access,
    /// What the endpoint calls the model.
    pub model: String,
    /// Whether the answer is to come in pieces. An endpoint that sends it whole all the same is understood.
    pub stream: bool,
    pub parameters: Parameters,
    pub key: Option<KeySource>,
    pub budget: Budget,
    pub price: Price,
    pub rates: Rates,
    pub timeouts: Timeouts,
    pub retries: Retries,
    pub limits: Limits,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Protocol {
    /// Chat completions: `POST <url>/chat/completions`.
    OpenAi,
    /// Anthropic's messages: `POST <url>/v1/messages`.
    Anthropic,
}

/// What may carry prompts and keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// TLS, or no network at all.
    Private,
    /// `http` to other machines too: the owner said so.
    Plain,
}

/// How the model is to choose. `None` is left to the endpoint.
#[derive(Debug, Clone, PartialEq)]
pub struct Parameters {
    pub temperature: Option<f64>,
    pub top_p: Option<f64>,
    /// Chat completions only.
    pub seed: Option<u64>,
    /// The most tokens of a reply.
    pub max_tokens: u64,
    pub tokens_key: TokensKey,
}

/// What chat completions call the most tokens of a reply; some newer models of OpenAI take the second alone.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokensKey {
    MaxTokens,
    MaxCompletionTokens,
}

/// Where a key is kept. Whoever reads it is the binary; this crate is given the key itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum KeySource {
    /// The variable of the environment with that name.
    Environment(String),
    /// An entry of the system's keyring.
    Keyring { service: String, entry: String },
}

/// The longest times, in milliseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Looking up the name, connecting and TLS.
    pub connect_ms: u64,
    /// From then to the head of the answer. An endpoint that does not stream sends it when all is written.
    pub first_byte_ms: u64,
    /// Without a byte of the answer.
    pub idle_ms: u64,
    /// Everything, with all attempts and the waits between them.
    pub whole_ms: u64,
}

/// How often a request is sent, and the waits in between.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retries {
    /// With the first one.
    pub attempts: u32,
    /// After the first attempt; twice as long after each further one.
    pub wait_ms: u64,
    pub wait_ms_max: u64,
    /// Of the random part of the waits.
    pub seed: u64,
}

/// The largest sizes, in bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The body of a request.
    pub prompt_bytes: u64,
    /// The body of an answer.
    pub reply_bytes: u64,
    /// One event of a stream, and one line of it.
    pub event_bytes: u64,
    /// The text in an answer.
    pub text_bytes: u64,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect_ms: 10_000, first_byte_ms: 300_000, idle_ms: 60_000, whole_ms: 900_000 }
    }
}

impl Default for Retries {
    fn default() -> Self {
        Self { attempts: 4, wait_ms: 500, wait_ms_max: 60_000, seed: 0 }
    }
}

impl Default for Limits {
    fn default() -> Self {
        Self { prompt_bytes: 2 << 20, reply_bytes: 16 << 20, event_bytes: 1 << 20, text_bytes: 1 << 20 }
    }
}

impl Default for Parameters {
    fn default() -> Self {
        Self { temperature: None, top_p: None, seed: None, max_tokens: 4096, tokens_key: TokensKey::MaxTokens }
    }
}

/// One thing that is wrong with the file. No value of the file is in here, because it could be a key.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub struct ConfigProblem {
    /// From 1.
    pub line: usize,
    /// In characters, from 1.
    pub column: usize,
    pub message: String,
    /// What to write instead.
    pub help: Option<String>,
}

impl fmt::Display for ConfigProblem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "line {}, column {}: {}", self.line, self.column, self.message)?;
        self.help.as_ref().map_or(Ok(()), |help| write!(f, "; {help}"))
    }
}

impl Generators {
    /// Reads the text of a `generators.toml`.
    ///
    /// # Errors
    /// Every problem that was found, in the order of the text; at least one.
    pub fn parse(text: &str) -> Result<Self, Vec<ConfigProblem>> {
        read::read(text)
    }

    /// The generator with that name.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<&Generator> {
        self.generators.iter().find(|generator| generator.name == name)
    }
}

#[cfg(test)]
mod tests;
