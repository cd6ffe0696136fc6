//! Asks a model over HTTP: one request, repeated where that can help, within its limits of time, size and money.

use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use proofmark_mark::digest::Digest;
use rustls::ClientConfig;
use thiserror::Error as ThisError;
use ureq::http::header::{ACCEPT, AUTHORIZATION, CONNECTION, CONTENT_TYPE};
use ureq::http::{HeaderName, HeaderValue};

use crate::budget::{Held, Ledger, Spent, Turn, most};
use crate::config::{Endpoint, Protocol};
use crate::error::{Error, Failure, Phase};
use crate::message::{Finish, Progress, Reply, Request, Role, State, Usage, Watch};
use crate::secret::Secret;
use exchange::{Event, Exchange, Head, Outgoing, SLICE, bytes};
use heard::Heard;

mod anthropic;
mod events;
mod exchange;
mod heard;
mod openai;
mod retry;
mod tls;

pub use tls::{Authorities, AuthorityError};

/// How much is read of an answer that is an error.
const COMPLAINT_BYTES_MAX: usize = 16 << 10;

/// A model behind an endpoint, with the key for it and what it has cost so far. May be used from several threads.
pub struct Client {
    endpoint: Endpoint,
    key: Option<Secret>,
    tls: Arc<ClientConfig>,
    ledger: Arc<Mutex<Ledger>>,
}

/// A client can't be made.
#[derive(Debug, Clone, PartialEq, Eq, ThisError)]
pub enum ClientError {
    #[error("the generator names a key, and none is given")]
    NoKey,
    #[error("the generator names no key, and one is given")]
    Unasked,
    #[error("TLS can't be set up: {0}")]
    Tls(String),
}

/// Shows neither the key nor anything that was sent.
impl fmt::Debug for Client {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Client").field("endpoint", &self.endpoint).field("spent", &self.spent()).finish_non_exhaustive()
    }
}

/// An attempt that came to nothing.
struct Fallen {
    error: Error,
    /// What it used: `None` if nobody knows.
    used: Option<Usage>,
    /// The endpoint's own wish.
    retry_after: Option<Duration>,
}

impl Client {
    /// `key` is the one that the endpoint's `key` names. `spent` is what its budget has lost already.
    ///
    /// # Errors
    /// [`ClientError`].
    pub fn new(
        endpoint: Endpoint,
        key: Option<Secret>,
        authorities: Authorities,
        spent: Spent,
    ) -> Result<Self, ClientError> {
        match (&endpoint.key, &key) {
            (Some(_), None) => return Err(ClientError::NoKey),
            (None, Some(_)) => return Err(ClientError::Unasked),
            _ => {}
        }
        let tls = authorities.config().map_err(|error| ClientError::Tls(error.to_string()))?;
        let ledger = Ledger::new(endpoint.budget, endpoint.price, endpoint.rates, spent);
        Ok(Self { endpoint, key, tls, ledger: Arc::new(Mutex::new(ledger)) })
    }

    /// The same model with the same budget and rates, asked with another seed.
    #[must_use]
    pub fn seeded(&self, seed: Option<u64>) -> Self {
        let mut endpoint = self.endpoint.clone();
        endpoint.parameters.seed = seed;
        let (key, tls, ledger) = (self.key.clone(), Arc::clone(&self.tls), Arc::clone(&self.ledger));
        Self { endpoint, key, tls, ledger }
    }

    /// How it is asked.
    #[must_use]
    pub fn endpoint(&self) -> &Endpoint {
        &self.endpoint
    }

    /// What was spent, with everything that is held for requests under way.
    #[must_use]
    pub fn spent(&self) -> Spent {
        self.ledger().spent()
    }

    /// Asks, and waits for the whole reply.
    ///
    /// # Errors
    /// [`Failure`]: with the last attempt's error.
    pub fn complete(&self, request: &Request, watch: &mut dyn Watch) -> Result<Reply, Failure> {
        let started = Instant::now();
        let whole = Duration::from_millis(self.endpoint.timeouts.whole_ms);
        let deadline = started.checked_add(whole).unwrap_or(started);
        let (mut attempts, mut spent) = (0_u32, Spent::default());
        let fail = |error, attempts, spent| Failure { error, attempts, spent };
        let body = self.body(request).map_err(|error| fail(error, 0, spent))?;
        let usage = most(request, self.endpoint.parameters.max_tokens);
        loop {
            let attempt = attempts.saturating_add(1);
            let held = self.held(usage, attempt, deadline, watch).map_err(|error| fail(error, attempts, spent))?;
            attempts = attempt;
            watch.progress(Progress { attempt, state: State::Asking });
            let fallen = match self.attempt(&body, attempt, deadline, watch) {
                Ok((heard, raw)) => {
                    self.ledger().settle(held, heard.usage());
                    return Ok(reply(heard, &raw, &body, attempts));
                }
                Err(fallen) => fallen,
            };
            spent = spent.and(self.ledger().settle(held, fallen.used));
            let error = fallen.error;
            if attempts >= self.endpoint.retries.attempts || !error.is_repeatable() {
                return Err(fail(error, attempts, spent));
            }
            let wait = retry::wait(&self.endpoint.retries, attempts, fallen.retry_after);
            let wait = wait.map_err(|error| fail(error, attempts, spent))?;
            if Instant::now().checked_add(wait).is_none_or(|then| then >= deadline) {
                return Err(fail(error, attempts, spent));
            }
            pause(wait, attempts, deadline, watch).map_err(|error| fail(error, attempts, spent))?;
        }
    }

    fn ledger(&self) -> MutexGuard<'_, Ledger> {
        // Every change of the ledger is one assignment or none: a panic elsewhere leaves it whole.
        self.ledger.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn body(&self, request: &Request) -> Result<Arc<[u8]>, Error> {
        if request.messages.last().is_none_or(|last| last.role != Role::User) {
            return Err(Error::NoQuestion);
        }
        if let Some(key) = &self.key
            && request.messages.iter().any(|message| key.is_in(&message.text))
        {
            return Err(Error::KeyInPrompt);
        }
        let body = match self.endpoint.protocol {
            Protocol::OpenAi => openai::body(&self.endpoint, request),
            Protocol::Anthropic => anthropic::body(&self.endpoint, request),
        };
        let body = body.map_err(|_| Error::Malformed("the prompt can't be written as JSON".to_owned()))?;
        let bytes_max = self.endpoint.limits.prompt_bytes;
        if bytes(body.len()) > bytes_max {
            Err(Error::TooLarge { what: "the prompt", bytes_max })
        } else {
            Ok(body.into())
        }
    }

    /// Holds what an attempt may cost, after waiting for the rates if need be.
    fn held(&self, usage: Usage, attempt: u32, deadline: Instant, watch: &mut dyn Watch) -> Result<Held, Error> {
        loop {
            // The lock is let go before anything waits.
            let turn = self.ledger().hold(usage, Instant::now())?;
            match turn {
                Turn::Now(held) => return Ok(held),
                Turn::After(wait) => pause(wait, attempt, deadline, watch).map_err(|error| match error {
                    Error::Late { .. } => self.late(),
                    error => error,
                })?,
            }
        }
    }

    fn late(&self) -> Error {
        Error::Late { phase: Phase::Whole, milliseconds: self.endpoint.timeouts.whole_ms }
    }

    /// Sends once, and returns what was heard with the raw bytes of it.
    fn attempt(
        &self,
        body: &Arc<[u8]>,
        attempt: u32,
        deadline: Instant,
        watch: &mut dyn Watch,
    ) -> Result<(Heard, Vec<u8>), Fallen> {
        let free = Some(Usage::default());
        let unsent = |error| Fallen { error, used: free, retry_after: None };
        let outgoing = self.outgoing(Arc::clone(body)).map_err(unsent)?;
        let mut exchange = Exchange::start(outgoing, &self.tls, self.endpoint.timeouts, deadline).map_err(unsent)?;
        let head = match exchange.next(watch) {
            Ok(Event::Head(head)) => head,
            Ok(_) => return Err(unsent(Error::Cut)),
            Err(error) => {
                let used = if exchange.was_connected() { None } else { free };
                return Err(Fallen { error, used, retry_after: None });
            }
        };
        if head.status != 200 {
            // A request that was refused is not charged for.
            let retry_after = retry::wished(&head);
            let error = self.refused(&head, &mut exchange, watch);
            return Err(Fallen { error, used: free, retry_after });
        }
        self.heard(&head, &mut exchange, attempt, watch).map_err(|error| Fallen {
            error,
            used: None,
            retry_after: None,
        })
    }

    fn outgoing(&self, body: Arc<[u8]>) -> Result<Outgoing, Error> {
        let fixed = HeaderValue::from_static;
        let accept = if self.endpoint.stream { "text/event-stream, application/json" } else { "application/json" };
        let mut headers =
            vec![(CONTENT_TYPE, fixed("application/json")), (ACCEPT, fixed(accept)), (CONNECTION, fixed("close"))];
        let (path, name, scheme) = match self.endpoint.protocol {
            Protocol::OpenAi => ("/chat/completions", AUTHORIZATION, "Bearer "),
            Protocol::Anthropic => {
                headers.push((HeaderName::from_static("anthropic-version"), fixed(anthropic::VERSION)));
                ("/v1/messages", HeaderName::from_static("x-api-key"), "")
            }
        };
        if let Some(key) = &self.key {
            let text = zeroize::Zeroizing::new([scheme, key.exposed()].concat());
            let unfit = |_| Error::Malformed("the key can't be sent in a header".to_owned());
            let mut value = HeaderValue::from_str(&text).map_err(unfit)?;
            value.set_sensitive(true);
            headers.push((name, value));
        }
        Ok(Outgoing { url: format!("{}{path}", self.endpoint.url), headers, body })
    }

    /// What an answer that is not 200 means.
    fn refused(&self, head: &Head, exchange: &mut Exchange, watch: &mut dyn Watch) -> Error {
        if (300..400).contains(&head.status) {
            return Error::Redirect(head.status);
        }
        let mut body = Vec::new();
        // What can't be read of it, or is too much, is not needed either.
        while body.len() < COMPLAINT_BYTES_MAX {
            match exchange.next(watch) {
                Ok(Event::Piece(piece)) => body.extend_from_slice(&piece),
                Err(Error::Stopped) => return Error::Stopped,
                _ => break,
            }
        }
        let said = serde_json::from_slice(&body).ok();
        let said = said.and_then(|body| heard::complaint(&body, self.key.as_ref()));
        Error::Status { status: head.status, said }
    }

    fn heard(
        &self,
        head: &Head,
        exchange: &mut Exchange,
        attempt: u32,
        watch: &mut dyn Watch,
    ) -> Result<(Heard, Vec<u8>), Error> {
        if head.is_encoded {
            return Err(Error::Malformed("it is compressed, which nobody asked for".to_owned()));
        }
        let mut heard = Heard::new(&self.endpoint.limits);
        let raw = if head.is_events {
            self.stream(&mut heard, exchange, attempt, watch)?
        } else {
            let raw = self.body_of(exchange, watch)?;
            match self.endpoint.protocol {
                Protocol::OpenAi => openai::whole(&raw, &mut heard, self.key.as_ref())?,
                Protocol::Anthropic => anthropic::whole(&raw, &mut heard, self.key.as_ref())?,
            }
            raw
        };
        match &self.key {
            Some(key) if heard.holds(key) => Err(Error::KeyInAnswer),
            _ if !heard.is_whole() => Err(Error::Cut),
            _ => Ok((heard, raw)),
        }
    }

    /// Reads events until the protocol's end, or the connection's. The bytes are those up to that end.
    fn stream(
        &self,
        heard: &mut Heard,
        exchange: &mut Exchange,
        attempt: u32,
        watch: &mut dyn Watch,
    ) -> Result<Vec<u8>, Error> {
        let line_max = usize::try_from(self.endpoint.limits.event_bytes).unwrap_or(usize::MAX);
        let (mut events, mut raw) = (events::Events::new(line_max), Vec::new());
        while let Event::Piece(piece) = exchange.next(watch)? {
            let mut rest = piece.as_slice();
            while !rest.is_empty() && !heard.is_over {
                let (used, data) = events.read(rest)?;
                let (taken, left) = rest.split_at_checked(used).unwrap_or((rest, &[]));
                self.keep(&mut raw, taken)?;
                rest = left;
                if let Some(data) = data {
                    match self.endpoint.protocol {
                        Protocol::OpenAi => openai::event(&data, heard, self.key.as_ref())?,
                        Protocol::Anthropic => anthropic::event(&data, heard, self.key.as_ref())?,
                    }
                }
            }
            let state = State::Receiving { text_bytes: bytes(heard.text.len()), pieces: heard.pieces };
            watch.progress(Progress { attempt, state });
            if heard.is_over {
                break;
            }
        }
        Ok(raw)
    }

    fn body_of(&self, exchange: &mut Exchange, watch: &mut dyn Watch) -> Result<Vec<u8>, Error> {
        let mut raw = Vec::new();
        while let Event::Piece(piece) = exchange.next(watch)? {
            self.keep(&mut raw, &piece)?;
        }
        Ok(raw)
    }

    fn keep(&self, raw: &mut Vec<u8>, piece: &[u8]) -> Result<(), Error> {
        let bytes_max = self.endpoint.limits.reply_bytes;
        raw.extend_from_slice(piece);
        if bytes(raw.len()) > bytes_max { Err(Error::TooLarge { what: "the answer", bytes_max }) } else { Ok(()) }
    }
}

fn reply(heard: Heard, raw: &[u8], body: &[u8], attempts: u32) -> Reply {
    let usage = heard.usage();
    Reply {
        text: heard.text,
        model: heard.model,
        fingerprint: heard.fingerprint,
        finish: heard.finish.unwrap_or(Finish::Other(None)),
        usage,
        attempts,
        raw: Digest::of(raw),
        asked: Digest::of(body),
    }
}

/// Waits, asking whether to stop.
fn pause(wait: Duration, attempt: u32, deadline: Instant, watch: &mut dyn Watch) -> Result<(), Error> {
    let milliseconds = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    watch.progress(Progress { attempt, state: State::Waiting { milliseconds } });
    let started = Instant::now();
    loop {
        if watch.stop() {
            return Err(Error::Stopped);
        }
        if Instant::now() >= deadline {
            return Err(Error::Late { phase: Phase::Whole, milliseconds });
        }
        let left = wait.saturating_sub(started.elapsed());
        if left.is_zero() {
            return Ok(());
        }
        std::thread::sleep(left.min(SLICE));
    }
}
