//! Why there is no reply. Nothing in here holds a key; what an endpoint said is cut, made printable and masked.

use std::fmt;

use thiserror::Error;

use crate::budget::Spent;

/// Why one request, with all its attempts, gave no reply.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{error}{}", after(.attempts))]
pub struct Failure {
    pub error: Error,
    /// Requests that were sent.
    pub attempts: u32,
    /// What those attempts cost at most.
    pub spent: Spent,
}

#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum Error {
    #[error("stopped")]
    Stopped,
    #[error("{phase} took longer than {milliseconds} ms")]
    Late { phase: Phase, milliseconds: u64 },
    #[error("the endpoint can't be reached: {0}")]
    Unreachable(String),
    #[error("the endpoint's TLS is not to be trusted, and nothing was sent: {0}")]
    Tls(String),
    #[error("the connection ended in the middle of the answer")]
    Cut,
    #[error("the endpoint answered {status}{}", .said.as_ref().map(|said| format!(": {said}")).unwrap_or_default())]
    Status {
        status: u16,
        /// What the endpoint said of it.
        said: Option<String>,
    },
    #[error("the endpoint reported an error in its answer: {0}")]
    Reported(String),
    #[error("the endpoint wants to be asked again in {seconds} s, and the longest wait is {seconds_max} s")]
    RetryLater { seconds: u64, seconds_max: u64 },
    #[error("the endpoint answered {0}, a redirect; none is followed, so write the final address in `endpoint`")]
    Redirect(u16),
    #[error("{what} is larger than {bytes_max} bytes")]
    TooLarge { what: &'static str, bytes_max: u64 },
    #[error("the answer is not what this protocol says: {0}")]
    Malformed(String),
    #[error("the prompt holds the key, and was not sent")]
    KeyInPrompt,
    #[error("the answer holds the key, and was thrown away")]
    KeyInAnswer,
    #[error("the prompt has no message of a user at its end")]
    NoQuestion,
    #[error("the budget of {what} is not enough: {needed} may be needed, {left} are left")]
    Budget { what: &'static str, needed: u64, left: u64 },
}

/// What can take too long.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Phase {
    Connect,
    FirstByte,
    Idle,
    Whole,
}

impl fmt::Display for Phase {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Connect => "the connection",
            Self::FirstByte => "the first byte of the answer",
            Self::Idle => "the next byte of the answer",
            Self::Whole => "the request",
        })
    }
}

fn after(attempts: &u32) -> String {
    if *attempts > 1 { format!(" (after {attempts} attempts)") } else { String::new() }
}

impl Error {
    /// Whether the same request may have another outcome if it is sent again. Asking a model changes nothing but the
    /// bill, which the budget bounds.
    pub(crate) fn is_repeatable(&self) -> bool {
        match self {
            Self::Late { phase, .. } => *phase != Phase::Whole,
            Self::Unreachable(_) | Self::Cut => true,
            Self::Status { status, .. } => matches!(status, 408 | 409 | 425 | 429 | 500 | 502 | 503 | 504 | 529),
            Self::Reported(code) => ["overloaded", "rate_limit", "server_error", "api_error", "timeout", "unavailable"]
                .iter()
                .any(|known| code.contains(known)),
            _ => false,
        }
    }
}
