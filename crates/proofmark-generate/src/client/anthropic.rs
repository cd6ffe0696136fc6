//! Anthropic's messages API, version 2023-06-01.
//!
//! Source: Anthropic API reference, "Create a Message" and "Streaming messages".

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::heard::{Heard, complaint, label, malformed, unread};
use crate::config::Endpoint;
use crate::error::Error;
use crate::message::{Finish, Request, Role};
use crate::secret::Secret;

/// The value of the header `anthropic-version`.
pub(super) const VERSION: &str = "2023-06-01";

/// A whole answer, and the message at the start of a stream.
#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    content: Option<Vec<Block>>,
    stop_reason: Option<String>,
    usage: Option<Tokens>,
}

#[derive(Deserialize)]
struct Block {
    text: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    input_tokens: Option<u64>,
    cache_creation_input_tokens: Option<u64>,
    cache_read_input_tokens: Option<u64>,
    output_tokens: Option<u64>,
}

/// One event; which fields it has depends on its type.
#[derive(Deserialize)]
struct Event {
    #[serde(rename = "type")]
    kind: String,
    message: Option<Answer>,
    delta: Option<Delta>,
    usage: Option<Tokens>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Delta {
    text: Option<String>,
    stop_reason: Option<String>,
}

/// The body of a request, always with its fields in this order.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    max_tokens: u64,
    #[serde(skip_serializing_if = "String::is_empty")]
    system: String,
    messages: Vec<Said<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
}

/// The body of a request. Messages of the system are a field of their own, in their order.
pub(super) fn body(endpoint: &Endpoint, request: &Request) -> serde_json::Result<Vec<u8>> {
    let (mut system, mut messages) = (Vec::new(), Vec::new());
    for message in &request.messages {
        let content = message.text.as_str();
        match message.role {
            Role::System => system.push(content),
            Role::User => messages.push(Said { role: "user", content }),
            Role::Assistant => messages.push(Said { role: "assistant", content }),
        }
    }
    serde_json::to_vec(&Body {
        model: &endpoint.model,
        max_tokens: endpoint.parameters.max_tokens,
        system: system.join("\n\n"),
        messages,
        temperature: endpoint.parameters.temperature,
        top_p: endpoint.parameters.top_p,
        stream: endpoint.stream.then_some(true),
    })
}

/// Takes in the data of one event.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Reported`], [`Error::TooLarge`].
pub(super) fn event(data: &str, heard: &mut Heard, key: Option<&Secret>) -> Result<(), Error> {
    let event: Event = serde_json::from_str(data).map_err(|error| malformed("an event", &error))?;
    match event.kind.as_str() {
        "error" => return Err(reported(event.error.as_ref(), key)),
        "message_start" => {
            if let Some(message) = event.message {
                take(message, heard)?;
            }
        }
        "content_block_delta" => {
            heard.say(event.delta.and_then(|delta| delta.text).as_deref().unwrap_or_default())?;
        }
        "message_delta" => {
            count(event.usage, heard);
            finish(event.delta.and_then(|delta| delta.stop_reason), heard);
        }
        "message_stop" => heard.is_over = true,
        // `ping`, starts and ends of blocks, and whatever is added: the protocol asks to ignore those.
        _ => {}
    }
    Ok(())
}

/// Takes in a whole answer.
///
/// # Errors
/// As [`event`].
pub(super) fn whole(bytes: &[u8], heard: &mut Heard, key: Option<&Secret>) -> Result<(), Error> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| unread(&error))?;
    if value.get("type").and_then(Value::as_str) == Some("error") {
        return Err(reported(value.get("error"), key));
    }
    let answer: Answer = serde_json::from_value(value).map_err(|error| unread(&error))?;
    if answer.content.is_none() {
        return Err(Error::Malformed("it has no `content`".to_owned()));
    }
    take(answer, heard)?;
    heard.is_over = true;
    Ok(())
}

fn take(answer: Answer, heard: &mut Heard) -> Result<(), Error> {
    heard.model = heard.model.take().or(answer.model.map(|model| label(&model)));
    count(answer.usage, heard);
    for block in answer.content.into_iter().flatten() {
        heard.say(block.text.as_deref().unwrap_or_default())?;
    }
    finish(answer.stop_reason, heard);
    Ok(())
}

/// Counts are cumulative: a later one replaces an earlier one. What was written to or read from a cache is input.
fn count(tokens: Option<Tokens>, heard: &mut Heard) {
    let Some(tokens) = tokens else { return };
    if let Some(input) = tokens.input_tokens {
        let cached = [tokens.cache_creation_input_tokens, tokens.cache_read_input_tokens];
        heard.input_tokens = Some(cached.into_iter().flatten().fold(input, u64::saturating_add));
    }
    heard.output_tokens = tokens.output_tokens.or(heard.output_tokens);
}

fn finish(reason: Option<String>, heard: &mut Heard) {
    if let Some(reason) = reason {
        heard.finish = Some(match reason.as_str() {
            "end_turn" | "stop_sequence" => Finish::Stop,
            "max_tokens" | "model_context_window_exceeded" => Finish::Length,
            "refusal" => Finish::Refused,
            _ => Finish::Other(Some(label(&reason))),
        });
    }
}

fn reported(error: Option<&Value>, key: Option<&Secret>) -> Error {
    let said = error.and_then(|error| complaint(error, key));
    Error::Reported(said.unwrap_or_else(|| "it says no more".to_owned()))
}
