//! Chat completions, as OpenAI defined them and Ollama, llama.cpp, vLLM and many others speak them.
//!
//! Source: OpenAI API reference, "Create chat completion" and "The chat completion chunk object".

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::heard::{Heard, complaint, label, malformed, unread};
use crate::config::{Endpoint, TokensKey};
use crate::error::Error;
use crate::message::{Finish, Request, Role};
use crate::secret::Secret;

/// What ends a stream.
const DONE: &str = "[DONE]";

#[derive(Deserialize)]
struct Answer {
    model: Option<String>,
    system_fingerprint: Option<String>,
    choices: Option<Vec<Choice>>,
    usage: Option<Tokens>,
    error: Option<Value>,
}

#[derive(Deserialize)]
struct Choice {
    index: Option<u64>,
    /// In a stream.
    delta: Option<Part>,
    /// In a whole answer.
    message: Option<Part>,
    finish_reason: Option<String>,
}

#[derive(Deserialize)]
struct Part {
    content: Option<String>,
}

#[derive(Deserialize)]
struct Tokens {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

/// The body of a request, always with its fields in this order.
#[derive(Serialize)]
struct Body<'a> {
    model: &'a str,
    messages: Vec<Said<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    temperature: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    top_p: Option<f64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    seed: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream: Option<bool>,
    #[serde(skip_serializing_if = "Option::is_none")]
    stream_options: Option<StreamOptions>,
}

#[derive(Serialize)]
struct Said<'a> {
    role: &'static str,
    content: &'a str,
}

#[derive(Serialize)]
struct StreamOptions {
    include_usage: bool,
}

/// The body of a request.
pub(super) fn body(endpoint: &Endpoint, request: &Request) -> serde_json::Result<Vec<u8>> {
    let parameters = &endpoint.parameters;
    let role = |role| match role {
        Role::System => "system",
        Role::User => "user",
        Role::Assistant => "assistant",
    };
    let messages = request.messages.iter().map(|one| Said { role: role(one.role), content: &one.text }).collect();
    let tokens = |key| (parameters.tokens_key == key).then_some(parameters.max_tokens);
    serde_json::to_vec(&Body {
        model: &endpoint.model,
        messages,
        max_tokens: tokens(TokensKey::MaxTokens),
        max_completion_tokens: tokens(TokensKey::MaxCompletionTokens),
        temperature: parameters.temperature,
        top_p: parameters.top_p,
        seed: parameters.seed,
        stream: endpoint.stream.then_some(true),
        stream_options: endpoint.stream.then_some(StreamOptions { include_usage: true }),
    })
}

/// Takes in the data of one event.
///
/// # Errors
/// [`Error::Malformed`], [`Error::Reported`], [`Error::TooLarge`].
pub(super) fn event(data: &str, heard: &mut Heard, key: Option<&Secret>) -> Result<(), Error> {
    if data.trim() == DONE {
        heard.is_over = true;
        return Ok(());
    }
    let answer: Answer = serde_json::from_str(data).map_err(|error| malformed("an event", &error))?;
    take(answer, heard, key)
}

/// Takes in a whole answer.
///
/// # Errors
/// As [`event`].
pub(super) fn whole(bytes: &[u8], heard: &mut Heard, key: Option<&Secret>) -> Result<(), Error> {
    let answer: Answer = serde_json::from_slice(bytes).map_err(|error| unread(&error))?;
    let has_choice = answer.choices.as_ref().is_some_and(|choices| choices.iter().any(|one| one.message.is_some()));
    if answer.error.is_none() && !has_choice {
        return Err(Error::Malformed("it has no `choices` with a `message`".to_owned()));
    }
    take(answer, heard, key)?;
    // A whole answer is its own end, even where a server gives no reason for it.
    heard.is_over = true;
    Ok(())
}

fn take(answer: Answer, heard: &mut Heard, key: Option<&Secret>) -> Result<(), Error> {
    if let Some(error) = answer.error.filter(|error| !error.is_null()) {
        let said = complaint(&error, key).unwrap_or_else(|| "it says no more".to_owned());
        return Err(Error::Reported(said));
    }
    heard.model = heard.model.take().or(answer.model.map(|model| label(&model)));
    heard.fingerprint = heard.fingerprint.take().or(answer.system_fingerprint.map(|text| label(&text)));
    if let Some(tokens) = answer.usage {
        heard.input_tokens = tokens.prompt_tokens.or(heard.input_tokens);
        heard.output_tokens = tokens.completion_tokens.or(heard.output_tokens);
    }
    for choice in answer.choices.into_iter().flatten().filter(|choice| choice.index.unwrap_or(0) == 0) {
        for part in [choice.delta, choice.message].into_iter().flatten() {
            heard.say(part.content.as_deref().unwrap_or_default())?;
        }
        if let Some(reason) = choice.finish_reason {
            heard.finish = Some(match reason.as_str() {
                "stop" => Finish::Stop,
                "length" => Finish::Length,
                "content_filter" => Finish::Refused,
                _ => Finish::Other(Some(label(&reason))),
            });
        }
    }
    Ok(())
}
