//! What happened at the broker, in order: one [`Exchange`] for each request, whatever became of it.
//!
//! An exchange is opened before anything leaves and says `stopped` until it ends otherwise, so that a run which is
//! ended in the middle leaves the truth behind. Credential values never come here.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use proofmark_contract::egress::path::PathError;
use proofmark_mark::digest::Digest;
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The most bytes of a method, path or query that is kept of a request that was refused.
const KEPT_BYTES_MAX: usize = 8192;

/// One request of the artifact and its answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Exchange {
    pub host: String,
    pub port: u16,
    /// Empty if the request could not be parsed.
    pub method: String,
    /// In its one spelling if the request was allowed; as the artifact wrote it, at most 8 KiB, if not. May be
    /// sensitive.
    pub path: String,
    /// Without the `?`. May be sensitive.
    pub query: Option<String>,
    /// Of the request's body as it went out; absent if nothing was to go out.
    pub request_sha256: Option<Digest>,
    pub request_bytes: u64,
    /// What the host answered; absent if it did not. Not the 403 or 502 of the broker itself.
    pub status: Option<u16>,
    /// Of the answer's body as the artifact was given it: after masking, before the cut.
    pub answer_sha256: Option<Digest>,
    pub answer_bytes: u64,
    /// The owner's name of the credential that went with the request.
    pub credential: Option<String>,
    /// How often that credential stood in the answer and was masked.
    pub masked: u64,
    /// Headers that were taken out of the artifact's request, other than those of one connection.
    pub dropped: Vec<String>,
    pub end: End,
}

impl Exchange {
    /// The rule that kept the request inside, if one did.
    #[must_use]
    pub const fn refused(&self) -> Option<Refusal> {
        match self.end {
            End::Refused(why) => Some(why),
            _ => None,
        }
    }
}

/// How an exchange ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum End {
    /// The artifact was given the whole answer.
    Whole,
    /// Nothing left: a rule forbade it. The artifact got status 403, or 400 for `malformed`.
    Refused(Refusal),
    /// It was allowed, and no usable answer came. The artifact got status 502.
    Failed(Failure),
    /// The answer was cut; its connection was closed so that the artifact can't take it for whole.
    Cut(Cut),
}

/// How an exchange stands that has not ended: if nothing else comes, it was stopped.
const OPEN: End = End::Cut(Cut::Stopped);

/// The rules, as an artifact that broke one is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Refusal {
    #[error("the request is not HTTP/1.1")]
    Malformed,
    #[error("only HTTP/1.1 is spoken here")]
    Version,
    #[error("the request's target is not a path of this host")]
    Target,
    #[error("exactly one `Host` header must name the granted host and port")]
    Host,
    #[error("connections can't be upgraded")]
    Upgrade,
    #[error("the length of the request's body is given in two ways, or in one that is not understood")]
    Framing,
    #[error("requests may not carry trailers")]
    Trailers,
    #[error("the request carries a header by which some servers replace method, path or host")]
    Override,
    #[error("the method is not granted for this host")]
    Method,
    #[error("the path has no single meaning: {0}")]
    PathAmbiguous(PathError),
    #[error("the method is not granted for this path")]
    Path,
    #[error("the query holds a character that a query may not hold")]
    Query,
    #[error("the request's headers are larger than the limit")]
    HeaderBytes,
    #[error("the request's body is larger than the limit")]
    RequestBytes,
    #[error("the run has used up its bytes")]
    RunBytes,
    #[error("the run has used up its requests")]
    Requests,
    #[error("the host's name leads to an address that is not public")]
    PrivateAddress,
}

/// Why an allowed request got no usable answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Failure {
    #[error("the host's name leads nowhere")]
    Unresolved,
    #[error("the host can't be reached")]
    Unreachable,
    #[error("the host did not prove who it is")]
    Tls,
    #[error("the host's answer is not one that can be passed on")]
    Answer,
    #[error("the host's answer is encoded, so a credential in it could not be masked")]
    Encoded,
}

/// What ended an answer early.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Cut {
    #[error("the answer is larger than the limit")]
    AnswerBytes,
    #[error("the run has used up its bytes")]
    RunBytes,
    #[error("the host broke off")]
    Broken,
    #[error("the artifact broke off")]
    Left,
    #[error("the run was stopped")]
    Stopped,
}

/// Everything that happened.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Record {
    /// In the order in which the requests came.
    pub exchanges: Vec<Exchange>,
    /// Requests that were refused without an entry, because the run had used up its requests.
    pub beyond: u64,
    /// Names that were asked for and granted.
    pub names_answered: u64,
    /// Names and other questions that were not answered with an address.
    pub names_refused: u64,
}

#[derive(Debug, Default)]
struct State {
    record: Record,
    /// Bytes of bodies that went either way.
    bytes: u64,
    stopped: bool,
}

/// The record while it is written.
#[derive(Debug, Clone, Default)]
pub(crate) struct Ledger(Arc<Mutex<State>>);

impl Ledger {
    // Nothing here panics while it holds the lock, and a record is worth more than a poisoned mutex.
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Opens an exchange, or counts it if there are `requests_max` already.
    pub fn open(&self, exchange: Exchange, requests_max: u64) -> Option<Slot> {
        let mut state = self.state();
        let index = state.record.exchanges.len();
        if u64::try_from(index).map_or(true, |count| count >= requests_max) {
            state.record.beyond = state.record.beyond.saturating_add(1);
            return None;
        }
        state.record.exchanges.push(exchange);
        Some(Slot { ledger: self.clone(), index })
    }

    pub fn name(&self, answered: Named) {
        let mut state = self.state();
        let count = match answered {
            Named::Answered => &mut state.record.names_answered,
            Named::Refused => &mut state.record.names_refused,
        };
        *count = count.saturating_add(1);
    }

    /// Takes as many of `wanted` bytes from what the run has left of `bytes_max`.
    pub fn take(&self, wanted: u64, bytes_max: u64) -> u64 {
        let mut state = self.state();
        let taken = wanted.min(bytes_max.saturating_sub(state.bytes));
        state.bytes = state.bytes.saturating_add(taken);
        taken
    }

    /// From here on nothing that ends was ended by the artifact.
    pub fn stop(&self) {
        self.state().stopped = true;
    }

    pub fn record(&self) -> Record {
        self.state().record.clone()
    }
}

/// What became of a question for a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Named {
    Answered,
    Refused,
}

/// The place of one exchange.
#[derive(Debug, Clone)]
pub(crate) struct Slot {
    ledger: Ledger,
    index: usize,
}

impl Slot {
    pub fn note(&self, change: impl FnOnce(&mut Exchange)) {
        if let Some(exchange) = self.ledger.state().record.exchanges.get_mut(self.index) {
            change(exchange);
        }
    }

    pub fn end(&self, end: End) {
        self.note(|exchange| exchange.end = end);
    }

    /// Ends an exchange whose answer was given up: by the artifact, unless the run was being stopped. One that has
    /// ended stays as it is: leaving does not undo a refusal.
    pub fn abandon(&self) {
        if !self.ledger.state().stopped {
            self.note(|exchange| {
                if exchange.end == OPEN {
                    exchange.end = End::Cut(Cut::Left);
                }
            });
        }
    }
}

/// An exchange until its answer goes in. If it is dropped, nobody waits for that answer any more.
pub(crate) struct Waiting(Option<Slot>);

impl Waiting {
    pub const fn new(slot: Slot) -> Self {
        Self(Some(slot))
    }

    /// The wait is over, well or badly.
    pub fn over(mut self) {
        self.0 = None;
    }
}

impl Drop for Waiting {
    fn drop(&mut self) {
        if let Some(slot) = &self.0 {
            slot.abandon();
        }
    }
}

/// An exchange as it is opened, before anything is decided.
pub(crate) fn opened(host: &str, port: u16, method: &str, path: &str, query: Option<&str>) -> Exchange {
    Exchange {
        host: host.to_owned(),
        port,
        method: kept(method),
        path: kept(path),
        query: query.map(kept),
        request_sha256: None,
        request_bytes: 0,
        status: None,
        answer_sha256: None,
        answer_bytes: 0,
        credential: None,
        masked: 0,
        dropped: Vec::new(),
        end: OPEN,
    }
}

fn kept(text: &str) -> String {
    text.get(..text.floor_char_boundary(KEPT_BYTES_MAX)).unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn exchanges_keep_their_order_and_their_limit() {
        let ledger = Ledger::default();
        let first = ledger.open(opened("a.com", 80, "GET", "/1", None), 2).unwrap();
        let second = ledger.open(opened("a.com", 80, "GET", "/2", None), 2).unwrap();
        assert!(ledger.open(opened("a.com", 80, "GET", "/3", None), 2).is_none());
        second.end(End::Whole);
        first.end(End::Refused(Refusal::Method));
        let record = ledger.record();
        let paths: Vec<&str> = record.exchanges.iter().map(|exchange| exchange.path.as_str()).collect();
        assert_eq!((paths, record.beyond), (vec!["/1", "/2"], 1));
        assert_eq!(record.exchanges[0].refused(), Some(Refusal::Method));
        assert_eq!(record.exchanges[1].refused(), None);
    }

    #[test]
    fn what_did_not_end_was_stopped() {
        let ledger = Ledger::default();
        let ended = |ledger: &Ledger| ledger.record().exchanges[0].end;
        let slot = ledger.open(opened("a.com", 80, "GET", "/", None), 1).unwrap();
        assert_eq!(ended(&ledger), End::Cut(Cut::Stopped));
        slot.abandon();
        assert_eq!(ended(&ledger), End::Cut(Cut::Left));
        slot.end(End::Refused(Refusal::Path));
        slot.abandon();
        assert_eq!(ended(&ledger), End::Refused(Refusal::Path));
        slot.end(OPEN);
        ledger.stop();
        slot.abandon();
        assert_eq!(ended(&ledger), End::Cut(Cut::Stopped));
    }

    #[test]
    fn a_wait_that_is_given_up_is_told_from_one_that_is_over() {
        let ledger = Ledger::default();
        let slot = ledger.open(opened("a.com", 80, "GET", "/", None), 1).unwrap();
        Waiting::new(slot.clone()).over();
        assert_eq!(ledger.record().exchanges[0].end, OPEN);
        drop(Waiting::new(slot));
        assert_eq!(ledger.record().exchanges[0].end, End::Cut(Cut::Left));
    }

    #[test]
    fn bytes_run_out() {
        let ledger = Ledger::default();
        assert_eq!((ledger.take(6, 10), ledger.take(6, 10), ledger.take(1, 10)), (6, 4, 0));
    }

    #[test]
    fn a_record_reads_back_and_what_is_kept_is_bounded() {
        let ledger = Ledger::default();
        let long = "ä".repeat(KEPT_BYTES_MAX);
        let slot = ledger.open(opened("a.com", 443, "GET", &long, Some("q=1")), 1).unwrap();
        slot.end(End::Refused(Refusal::PathAmbiguous(PathError::DotSegment)));
        let record = ledger.record();
        assert_eq!(record.exchanges[0].path.len(), KEPT_BYTES_MAX);
        let text = serde_json::to_string(&record).unwrap();
        assert!(text.contains(r#""end":{"refused":{"path-ambiguous":"dot-segment"}}"#), "{text}");
        assert_eq!(serde_json::from_str::<Record>(&text).unwrap(), record);
    }
}
