//! What is asked of a model, what comes back, and how far it has come.

use std::fmt;

use proofmark_mark::digest::Digest;

/// Who says a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    System,
    User,
    Assistant,
}

#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    pub role: Role,
    pub text: String,
}

/// A conversation that the model is to continue. The last message is a user's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    pub messages: Vec<Message>,
}

/// As it is kept: each message behind its role.
impl fmt::Display for Request {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, Message { role, text }) in self.messages.iter().enumerate() {
            let gap = if nth == 0 { "" } else { "\n\n" };
            write!(f, "{gap}[{role}]\n{text}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::System => "system",
            Self::User => "user",
            Self::Assistant => "assistant",
        })
    }
}

/// What a model answered. None of its texts holds the key with which it was asked.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Reply {
    pub text: String,
    /// The model, as the endpoint calls it.
    pub model: Option<String>,
    /// What the endpoint says of its configuration: `system_fingerprint`.
    pub fingerprint: Option<String>,
    pub finish: Finish,
    /// As the endpoint counts; `None` if it didn't say.
    pub usage: Option<Usage>,
    /// Requests that were sent for this reply, from 1.
    pub attempts: u32,
    /// SHA-256 of the body of the answer, as it was received.
    pub raw: Digest,
    /// SHA-256 of the body of the request, as it was sent.
    pub asked: Digest,
}

/// Tokens of one request.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Usage {
    pub input_tokens: u64,
    pub output_tokens: u64,
}

/// Why a reply ends where it ends.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finish {
    /// The model had said it all.
    Stop,
    /// The limit of tokens was reached: the text is cut.
    Length,
    /// The provider or the model would not answer.
    Refused,
    /// The endpoint gave no reason, or one that isn't known.
    Other(Option<String>),
}

/// How far a request has come. Holds numbers alone: nothing that was sent or received.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Progress {
    /// From 1.
    pub attempt: u32,
    pub state: State,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum State {
    /// A request is being sent.
    Asking,
    /// The answer is coming in: bytes of its text so far, and pieces in which they came, about one for each token.
    Receiving { text_bytes: u64, pieces: u64 },
    /// Nothing happens for so long, because of a rate limit or before the next attempt.
    Waiting { milliseconds: u64 },
}

/// Whoever waits for a reply.
pub trait Watch {
    /// Whether to stop now. Asked at least every 50 ms.
    fn stop(&mut self) -> bool {
        false
    }

    fn progress(&mut self, progress: Progress) {
        let _ = progress;
    }
}

/// Nobody who would stop or look.
impl Watch for () {}
