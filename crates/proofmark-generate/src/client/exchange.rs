//! One HTTP exchange: a request is sent, and what comes back arrives piece by piece.
//!
//! The exchange runs in a thread of its own, because nothing that blocks on a socket can be asked to stop. Whoever waits
//! asks every 50 ms whether to, watches all time limits, and shuts the connection down when it loses interest. No
//! redirect is followed, no proxy used, no connection kept.

use std::io::Read;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::time::{Duration, Instant};

use rustls::ClientConfig;
use ureq::Agent;
use ureq::config::Config;
use ureq::http::header::{CONTENT_ENCODING, CONTENT_TYPE, DATE, RETRY_AFTER};
use ureq::http::{HeaderMap, HeaderName, HeaderValue, Response};
use ureq::unversioned::resolver::DefaultResolver;
use ureq::unversioned::transport::{Connector as _, TcpConnector};

use super::tls::Secure;
use crate::config::Timeouts;
use crate::error::{Error, Phase};
use crate::message::Watch;

/// How often a waiting caller is asked whether to stop.
pub(super) const SLICE: Duration = Duration::from_millis(25);
const LATER: Duration = Duration::from_secs(1);
const HEAD_BYTES_MAX: usize = 64 << 10;
const PIECE_BYTES: usize = 16 << 10;
/// Pieces that may wait for being looked at; then reading waits, and TCP with it.
const PIECES_WAITING: usize = 4;

/// What is sent, and to where.
pub(super) struct Outgoing {
    pub(super) url: String,
    pub(super) headers: Vec<(HeaderName, HeaderValue)>,
    pub(super) body: Arc<[u8]>,
}

/// What came, in this order: `Connected`, `Head`, any number of `Piece`, `End`; or `Failed` at any point.
pub(super) enum Event {
    Connected,
    Head(Head),
    Piece(Vec<u8>),
    End,
    Failed(ureq::Error),
}

/// The head of an answer, as far as it matters.
pub(super) struct Head {
    pub(super) status: u16,
    pub(super) is_events: bool,
    pub(super) is_encoded: bool,
    pub(super) retry_after: Option<String>,
    pub(super) date: Option<String>,
}

/// An exchange under way. Dropping it ends its connection.
pub(super) struct Exchange {
    agent: Agent,
    events: Receiver<Event>,
    timeouts: Timeouts,
    deadline: Instant,
    phase: Phase,
    since: Instant,
}

impl Exchange {
    /// # Errors
    /// [`Error::Unreachable`] if the system gives no thread.
    pub(super) fn start(
        outgoing: Outgoing,
        tls: &Arc<ClientConfig>,
        timeouts: Timeouts,
        deadline: Instant,
    ) -> Result<Self, Error> {
        let (sender, events) = sync_channel(PIECES_WAITING);
        let since = Instant::now();
        let left = deadline.saturating_duration_since(since);
        let connector =
            ().chain(TcpConnector::default()).chain(Secure { config: Arc::clone(tls), events: sender.clone() });
        let agent = Agent::with_parts(config(timeouts, left), connector, DefaultResolver::default());
        let own = agent.clone();
        let talking = std::thread::Builder::new().name("generator".to_owned());
        talking
            .spawn(move || talk(&own, outgoing, &sender))
            .map_err(|error| Error::Unreachable(format!("the system gives no thread: {error}")))?;
        Ok(Self { agent, events, timeouts, deadline, phase: Phase::Connect, since })
    }

    /// Whether the connection stood, so that the request may have been sent.
    pub(super) fn was_connected(&self) -> bool {
        self.phase != Phase::Connect
    }

    /// What comes next: a head, a piece or the end.
    ///
    /// # Errors
    /// [`Error::Stopped`], [`Error::Late`], and what is wrong with the connection.
    pub(super) fn next(&mut self, watch: &mut dyn Watch) -> Result<Event, Error> {
        loop {
            if watch.stop() {
                return Err(Error::Stopped);
            }
            let now = Instant::now();
            let (milliseconds, phase) = self.limit(now);
            let left = Duration::from_millis(milliseconds).saturating_sub(now.saturating_duration_since(self.since));
            let left = left.min(self.deadline.saturating_duration_since(now));
            match self.events.recv_timeout(left.min(SLICE)) {
                Ok(event) => {
                    self.since = Instant::now();
                    match event {
                        Event::Connected => self.phase = Phase::FirstByte,
                        Event::Failed(error) => return Err(self.failed(error)),
                        Event::Head(_) | Event::Piece(_) | Event::End => {
                            self.phase = Phase::Idle;
                            return Ok(event);
                        }
                    }
                }
                Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(Error::Late { phase, milliseconds }),
                Err(RecvTimeoutError::Timeout) => {}
                // The thread died of a panic in the library: nothing more will come.
                Err(RecvTimeoutError::Disconnected) => return Err(Error::Cut),
            }
        }
    }

    /// The limit that is met first, in milliseconds.
    fn limit(&self, now: Instant) -> (u64, Phase) {
        if now >= self.deadline {
            return (self.timeouts.whole_ms, Phase::Whole);
        }
        let milliseconds = match self.phase {
            Phase::Connect => self.timeouts.connect_ms,
            Phase::FirstByte => self.timeouts.first_byte_ms,
            Phase::Idle | Phase::Whole => self.timeouts.idle_ms,
        };
        (milliseconds, self.phase)
    }

    fn failed(&self, error: ureq::Error) -> Error {
        match error {
            ureq::Error::Other(error) => Error::Tls(error.to_string()),
            ureq::Error::Tls(why) => Error::Tls(why.to_owned()),
            ureq::Error::LargeResponseHeader(..) => {
                Error::TooLarge { what: "the head of the answer", bytes_max: bytes(HEAD_BYTES_MAX) }
            }
            ureq::Error::Io(_) | ureq::Error::Timeout(_) if self.was_connected() => Error::Cut,
            ureq::Error::Io(error) => Error::Unreachable(error.to_string()),
            ureq::Error::Timeout(_) => Error::Late { phase: Phase::Connect, milliseconds: self.timeouts.connect_ms },
            ureq::Error::HostNotFound => Error::Unreachable("there is no such host".to_owned()),
            // The library's text could repeat what the endpoint sent.
            _ => Error::Malformed("its head is not HTTP/1.1, or has too many lines".to_owned()),
        }
    }
}

impl Drop for Exchange {
    fn drop(&mut self) {
        self.agent.clone().shutdown();
    }
}

pub(super) fn bytes(length: usize) -> u64 {
    u64::try_from(length).unwrap_or(u64::MAX)
}

/// The waiting side watches the limits; those in here only end threads that nobody waits for any more, a little later.
fn config(timeouts: Timeouts, left: Duration) -> Config {
    let connect = Duration::from_millis(timeouts.connect_ms).saturating_add(LATER);
    Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .max_redirects_will_error(false)
        .proxy(None)
        .max_idle_connections(0)
        .max_response_header_size(HEAD_BYTES_MAX)
        .user_agent(concat!("proofmark/", env!("CARGO_PKG_VERSION")))
        .accept_encoding("identity")
        .timeout_connect(Some(connect))
        .timeout_resolve(Some(connect))
        .timeout_global(Some(left.saturating_add(LATER)))
        .build()
}

fn talk(agent: &Agent, outgoing: Outgoing, events: &SyncSender<Event>) {
    if let Err(error) = talk_until(agent, outgoing, events) {
        // An error means that nobody waits for it.
        let _ = events.send(Event::Failed(error));
    }
}

/// Ends early when nobody listens any more.
fn talk_until(agent: &Agent, outgoing: Outgoing, events: &SyncSender<Event>) -> Result<(), ureq::Error> {
    let mut request = agent.post(&outgoing.url);
    for (name, value) in outgoing.headers {
        request = request.header(name, value);
    }
    let response: Response<_> = request.send(&*outgoing.body)?;
    if events.send(Event::Head(head(response.status().as_u16(), response.headers()))).is_err() {
        return Ok(());
    }
    let mut body = response.into_body().into_reader();
    let mut piece = vec![0; PIECE_BYTES];
    loop {
        let read = match body.read(&mut piece) {
            Ok(read) => read,
            Err(error) if error.kind() == std::io::ErrorKind::Interrupted => continue,
            Err(error) => return Err(error.into()),
        };
        let event = match piece.get(..read) {
            Some(piece) if read > 0 => Event::Piece(piece.to_vec()),
            _ => Event::End,
        };
        if events.send(event).is_err() || read == 0 {
            return Ok(());
        }
    }
}

fn head(status: u16, headers: &HeaderMap) -> Head {
    let text = |name| headers.get(name).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let kind = text(CONTENT_TYPE).unwrap_or_default().to_ascii_lowercase();
    let encoding = text(CONTENT_ENCODING);
    Head {
        status,
        is_events: kind.split(';').next().is_some_and(|kind| kind.trim() == "text/event-stream"),
        is_encoded: encoding.is_some_and(|encoding| !encoding.eq_ignore_ascii_case("identity")),
        retry_after: text(RETRY_AFTER),
        date: text(DATE),
    }
}
