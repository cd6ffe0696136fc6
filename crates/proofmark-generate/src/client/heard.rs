//! What has been heard of an answer so far, whatever protocol it comes in.

use serde_json::Value;

use super::exchange::bytes;
use crate::config::Limits;
use crate::error::Error;
use crate::message::{Finish, Usage};
use crate::secret::Secret;

/// The longest name or complaint of an endpoint that is kept, in characters.
const SAID_MAX: usize = 200;

/// An answer that grows.
pub(super) struct Heard {
    pub(super) text: String,
    /// Pieces in which the text came.
    pub(super) pieces: u64,
    pub(super) model: Option<String>,
    pub(super) fingerprint: Option<String>,
    pub(super) input_tokens: Option<u64>,
    pub(super) output_tokens: Option<u64>,
    pub(super) finish: Option<Finish>,
    /// The protocol's own end of a stream has come.
    pub(super) is_over: bool,
    text_bytes_max: u64,
}

impl Heard {
    pub(super) fn new(limits: &Limits) -> Self {
        Self {
            text: String::new(),
            pieces: 0,
            model: None,
            fingerprint: None,
            input_tokens: None,
            output_tokens: None,
            finish: None,
            is_over: false,
            text_bytes_max: limits.text_bytes,
        }
    }

    pub(super) fn say(&mut self, piece: &str) -> Result<(), Error> {
        if piece.is_empty() {
            return Ok(());
        }
        self.text.push_str(piece);
        self.pieces = self.pieces.saturating_add(1);
        if bytes(self.text.len()) > self.text_bytes_max {
            return Err(Error::TooLarge { what: "the answer's text", bytes_max: self.text_bytes_max });
        }
        Ok(())
    }

    /// Whether the endpoint said that this is all.
    pub(super) fn is_whole(&self) -> bool {
        self.is_over || self.finish.is_some()
    }

    /// The endpoint's count, if it gave both halves.
    pub(super) fn usage(&self) -> Option<Usage> {
        Some(Usage { input_tokens: self.input_tokens?, output_tokens: self.output_tokens? })
    }

    /// Whether the endpoint sent the key back, in whatever is kept of its answer.
    pub(super) fn holds(&self, key: &Secret) -> bool {
        let finish = match &self.finish {
            Some(Finish::Other(reason)) => reason.as_deref(),
            _ => None,
        };
        let texts = [Some(self.text.as_str()), self.model.as_deref(), self.fingerprint.as_deref(), finish];
        texts.into_iter().flatten().any(|text| key.is_in(text))
    }
}

/// A short text of the endpoint in one printable line of ASCII.
pub(super) fn label(text: &str) -> String {
    let printable = |character: char| if character.is_ascii_graphic() || character == ' ' { character } else { '?' };
    let mut out: String = text.split_whitespace().collect::<Vec<_>>().join(" ").chars().map(printable).collect();
    if out.len() > SAID_MAX {
        out.truncate(SAID_MAX);
        out.push_str("...");
    }
    out
}

/// What a body says of an error: both protocols have an object `error` with a `type` and a `message`.
pub(super) fn complaint(body: &Value, key: Option<&Secret>) -> Option<String> {
    let error = body.get("error").unwrap_or(body);
    let text = |name| error.get(name).and_then(Value::as_str);
    let said = match (text("type").or_else(|| text("code")), text("message").or_else(|| error.as_str())) {
        (Some(kind), Some(message)) => format!("{kind}: {message}"),
        (Some(said), None) | (None, Some(said)) => said.to_owned(),
        (None, None) => return None,
    };
    let said = said.trim();
    // Masked before it is cut, so that no half of a key stays.
    let said = label(&key.map_or_else(|| said.to_owned(), |key| key.masked(said)));
    (!said.is_empty()).then_some(said)
}

/// Why a whole answer was not read: JSON that is cut came from a connection that was, as far as anyone can tell.
pub(super) fn unread(error: &serde_json::Error) -> Error {
    if error.is_eof() { Error::Cut } else { malformed("the answer", error) }
}

/// Why a text is not the JSON that is wanted. Never repeats any of it.
pub(super) fn malformed(what: &str, error: &serde_json::Error) -> Error {
    let why = match error.classify() {
        serde_json::error::Category::Data => "is not as the protocol says",
        serde_json::error::Category::Eof => "is cut JSON",
        serde_json::error::Category::Io | serde_json::error::Category::Syntax => "is not JSON",
    };
    Error::Malformed(format!("{what} {why}, at line {} and column {}", error.line(), error.column()))
}
