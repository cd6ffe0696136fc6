//! Reads a generator that is a model behind HTTP.

use std::net::IpAddr;

use ureq::http::Uri;
use ureq::http::uri::Scheme;

use super::table::{NAME_A_KEY, Problems, Table};
use super::{Access, Endpoint, KeySource, Kind, Limits, Parameters, Protocol, Retries, Timeouts, TokensKey};
use crate::budget::{Budget, Price, Rates};

const DAY_MS: u64 = 86_400_000;
const MODEL_MAX: usize = 200;
const NAME_MAX: usize = 128;
const TOKENS_MAX: u64 = 10_000_000;
const LARGEST: u64 = 256 << 20;
/// JSON numbers are exact up to here everywhere.
const EXACT: u64 = 1 << 53;

pub(super) fn read(mut table: Table<'_>, protocol: Protocol, problems: &mut Problems<'_>) -> Option<Kind> {
    let access = match table.boolean("plain_http", problems) {
        Some(true) => Access::Plain,
        Some(false) | None => Access::Private,
    };
    let url = url(&mut table, protocol, access, problems);
    let model = table.required("model", "\"what the endpoint calls it\"", problems).map(str::to_owned);
    if model.as_ref().is_some_and(|model| model.len() > MODEL_MAX || model.chars().any(char::is_control)) {
        problems.push(table.at("model"), "`model` must be one line of at most 200 bytes", "");
    }
    let stream = table.boolean("stream", problems).unwrap_or(true);
    let parameters = parameters(&mut table, protocol, problems);
    let key = key(&mut table, problems);
    let budget = budget(&mut table, problems);
    let price = price(&mut table, problems);
    if budget.money_micros.is_some() && price == Price::default() {
        let help = "write `price = { input_micros = …, output_micros = … }`, in millionths for a million tokens";
        problems.push(table.at("budget"), "a budget of money needs a price", help);
    }
    let rates = rates(&mut table, problems);
    let timeouts = timeouts(&mut table, problems);
    let retries = retries(&mut table, problems);
    let limits = limits(&mut table, problems);
    table.finish(problems);
    let (url, model) = (url?, model?);
    Some(Kind::Endpoint(Box::new(Endpoint {
        protocol,
        url,
        access,
        model,
        stream,
        parameters,
        key,
        budget,
        price,
        rates,
        timeouts,
        retries,
        limits,
    })))
}

fn url(table: &mut Table<'_>, protocol: Protocol, access: Access, problems: &mut Problems<'_>) -> Option<String> {
    let example = match protocol {
        Protocol::OpenAi => "\"http://127.0.0.1:11434/v1\"",
        Protocol::Anthropic => "\"https://api.anthropic.com\"",
    };
    let text = table.required("endpoint", example, problems)?;
    let at = table.at("endpoint");
    let Some(uri) = text.parse::<Uri>().ok().filter(|uri| uri.host().is_some_and(|host| !host.is_empty())) else {
        problems.push(at, "`endpoint` is not an address", format!("write `endpoint = {example}`"));
        return None;
    };
    if uri.authority().is_some_and(|authority| authority.as_str().contains('@')) {
        problems.push(at, "`endpoint` holds a user or a password", NAME_A_KEY);
        return None;
    }
    if uri.query().is_some() || text.contains('#') {
        problems.push(at, "`endpoint` has a query or a fragment", NAME_A_KEY);
        return None;
    }
    let is_safe = match uri.scheme() {
        Some(scheme) if *scheme == Scheme::HTTPS => true,
        Some(scheme) if *scheme == Scheme::HTTP => {
            access == Access::Plain || is_loopback(uri.host().unwrap_or_default())
        }
        _ => {
            problems.push(at, "`endpoint` is neither `https` nor `http`", format!("write `endpoint = {example}`"));
            return None;
        }
    };
    if !is_safe {
        let help = "write `https`, or `plain_http = true` if everyone in between may read the key and the prompt";
        problems.push(at, "`endpoint` is plain `http` to another machine", help);
        return None;
    }
    Some(text.trim_end_matches('/').to_owned())
}

/// Whether what is sent there stays on this machine.
fn is_loopback(host: &str) -> bool {
    let bare = host.trim_start_matches('[').trim_end_matches(']');
    host.eq_ignore_ascii_case("localhost") || bare.parse().is_ok_and(|address: IpAddr| address.is_loopback())
}

fn parameters(table: &mut Table<'_>, protocol: Protocol, problems: &mut Problems<'_>) -> Parameters {
    let default = Parameters::default();
    let temperature = table.number("temperature", 0.0..=2.0, problems);
    let top_p = table.number("top_p", 0.0..=1.0, problems);
    let max_tokens = table.whole("max_tokens", 1..=TOKENS_MAX, problems).unwrap_or(default.max_tokens);
    let (mut seed, mut tokens_key) = (None, default.tokens_key);
    // What a protocol doesn't have is not a key of its table.
    if protocol == Protocol::OpenAi {
        seed = table.whole("seed", 0..=EXACT, problems);
        tokens_key = match table.string("tokens_key", problems) {
            None | Some("max_tokens") => TokensKey::MaxTokens,
            Some("max_completion_tokens") => TokensKey::MaxCompletionTokens,
            Some(_) => {
                table.mistyped("tokens_key", "`max_tokens` or `max_completion_tokens`", problems);
                default.tokens_key
            }
        };
    }
    Parameters { temperature, top_p, seed, max_tokens, tokens_key }
}

fn key(table: &mut Table<'_>, problems: &mut Problems<'_>) -> Option<KeySource> {
    let value = table.value("key")?;
    let at = table.at("key");
    let Some(entries) = value.get_ref().as_table() else {
        problems.push(at, "`key` holds a key itself, or what can't be one", NAME_A_KEY);
        return None;
    };
    let mut named = Table::new(format!("`key` of {}", table.name()), entries, at);
    let environment = named.string("env", problems);
    let keyring = named.string("keyring", problems);
    named.finish(problems);
    match (environment, keyring) {
        (Some(name), None) => {
            let plain = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
            let is_name = name.len() <= NAME_MAX
                && name.bytes().all(plain)
                && name.bytes().next().is_some_and(|first| !first.is_ascii_digit());
            if !is_name {
                let help = "write the name of a variable, such as `OPENAI_API_KEY`, and the key into that variable";
                problems.push(at, "`env` is not a name in upper-case letters, digits and `_`", help);
                return None;
            }
            Some(KeySource::Environment(name.to_owned()))
        }
        (None, Some(name)) => {
            let plain = |part: &str| {
                let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_.".contains(&byte);
                !part.is_empty() && part.len() <= NAME_MAX && part.bytes().all(plain)
            };
            let parts = name.split_once('/').filter(|(service, entry)| plain(service) && plain(entry));
            let Some((service, entry)) = parts else {
                let help = "write `keyring = \"SERVICE/ENTRY\"`, in lower case, and the key into that entry";
                problems.push(at, "`keyring` is not the name of an entry", help);
                return None;
            };
            Some(KeySource::Keyring { service: service.to_owned(), entry: entry.to_owned() })
        }
        _ => {
            problems.push(at, "`key` must name one place", NAME_A_KEY);
            None
        }
    }
}

fn budget(table: &mut Table<'_>, problems: &mut Problems<'_>) -> Budget {
    let Some(mut table) = table.table("budget", problems) else { return Budget::default() };
    let budget = Budget {
        requests: table.whole("requests", 1..=EXACT, problems),
        tokens: table.whole("tokens", 1..=EXACT, problems),
        money_micros: table.whole("money_micros", 1..=EXACT, problems),
    };
    table.finish(problems);
    budget
}

fn price(table: &mut Table<'_>, problems: &mut Problems<'_>) -> Price {
    let Some(mut table) = table.table("price", problems) else { return Price::default() };
    let price = Price {
        input_micros: table.whole("input_micros", 0..=EXACT, problems).unwrap_or(0),
        output_micros: table.whole("output_micros", 0..=EXACT, problems).unwrap_or(0),
    };
    table.finish(problems);
    price
}

fn rates(table: &mut Table<'_>, problems: &mut Problems<'_>) -> Rates {
    let Some(mut table) = table.table("rates", problems) else { return Rates::default() };
    let rates = Rates {
        requests_per_minute: table.whole("requests_per_minute", 1..=100_000, problems),
        tokens_per_minute: table.whole("tokens_per_minute", 1..=EXACT, problems),
        parallel: table.whole("parallel", 1..=64, problems),
    };
    table.finish(problems);
    rates
}

fn timeouts(table: &mut Table<'_>, problems: &mut Problems<'_>) -> Timeouts {
    let default = Timeouts::default();
    let Some(mut table) = table.table("timeouts", problems) else { return default };
    let timeouts = Timeouts {
        connect_ms: table.whole("connect_ms", 1..=DAY_MS, problems).unwrap_or(default.connect_ms),
        first_byte_ms: table.whole("first_byte_ms", 1..=DAY_MS, problems).unwrap_or(default.first_byte_ms),
        idle_ms: table.whole("idle_ms", 1..=DAY_MS, problems).unwrap_or(default.idle_ms),
        whole_ms: table.whole("whole_ms", 1..=DAY_MS, problems).unwrap_or(default.whole_ms),
    };
    table.finish(problems);
    timeouts
}

fn retries(table: &mut Table<'_>, problems: &mut Problems<'_>) -> Retries {
    let default = Retries::default();
    let Some(mut table) = table.table("retries", problems) else { return default };
    let attempts = table.whole("attempts", 1..=100, problems).and_then(|attempts| u32::try_from(attempts).ok());
    let retries = Retries {
        attempts: attempts.unwrap_or(default.attempts),
        wait_ms: table.whole("wait_ms", 1..=DAY_MS, problems).unwrap_or(default.wait_ms),
        wait_ms_max: table.whole("wait_ms_max", 1..=DAY_MS, problems).unwrap_or(default.wait_ms_max),
        seed: table.whole("seed", 0..=EXACT, problems).unwrap_or(default.seed),
    };
    table.finish(problems);
    retries
}

fn limits(table: &mut Table<'_>, problems: &mut Problems<'_>) -> Limits {
    let default = Limits::default();
    let Some(mut table) = table.table("limits", problems) else { return default };
    let mut size = |key, default| table.whole(key, 1..=LARGEST, problems).unwrap_or(default);
    let limits = Limits {
        prompt_bytes: size("prompt_bytes", default.prompt_bytes),
        reply_bytes: size("reply_bytes", default.reply_bytes),
        event_bytes: size("event_bytes", default.event_bytes),
        text_bytes: size("text_bytes", default.text_bytes),
    };
    table.finish(problems);
    limits
}
