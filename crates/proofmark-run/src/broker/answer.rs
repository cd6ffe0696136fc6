//! Bodies of answers on their way into the fence: counted, masked, hashed and cut at the limits.

use std::pin::Pin;
use std::task::{Context, Poll};

use hyper::body::{Body, Bytes, Frame, Incoming, SizeHint};
use proofmark_mark::digest::Digest;
use sha2::{Digest as _, Sha256};
use thiserror::Error;

use super::ledger::{Cut, End, Ledger, Slot};
use super::mask::Mask;

/// Why a body ended early; the connection into the fence is closed on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("{0}")]
pub(crate) struct Ended(Cut);

/// A body for the artifact.
pub(crate) enum Answer {
    /// The broker's own words.
    Words(Option<Bytes>),
    /// The host's.
    Host(Box<Stream>),
}

/// The rest of a host's answer.
pub(crate) struct Stream {
    body: Incoming,
    mask: Option<Mask>,
    /// Bytes that came, before masking, and how many may come.
    bytes: u64,
    bytes_max: u64,
    run_bytes_max: u64,
    sha256: Sha256,
    ledger: Ledger,
    slot: Slot,
    /// Set once the last bytes were passed on, or none may follow.
    end: Option<Result<(), Cut>>,
    /// Whether what came before a cut had its chance to be written.
    paused: bool,
    settled: bool,
}

impl Stream {
    pub fn new(body: Incoming, mask: Option<Mask>, (bytes_max, run_bytes_max): (u64, u64), at: (Ledger, Slot)) -> Self {
        let (ledger, slot) = at;
        let sha256 = Sha256::new();
        let (bytes, end, paused, settled) = (0, None, false, false);
        Self { body, mask, bytes, bytes_max, run_bytes_max, sha256, ledger, slot, end, paused, settled }
    }

    /// What may be passed on of a chunk.
    fn pass(&mut self, chunk: Bytes) -> Bytes {
        let length = length(&chunk);
        let within = length.min(self.bytes_max.saturating_sub(self.bytes));
        let taken = self.ledger.take(within, self.run_bytes_max);
        self.bytes = self.bytes.saturating_add(taken);
        let mut chunk = chunk;
        if taken < length {
            self.end = Some(Err(if taken < within { Cut::RunBytes } else { Cut::AnswerBytes }));
            chunk.truncate(usize::try_from(taken).unwrap_or(usize::MAX));
        }
        match &mut self.mask {
            Some(mask) => mask.pass(chunk),
            None => chunk,
        }
    }

    /// The next bytes for the artifact, or the end.
    fn next(&mut self, context: &mut Context<'_>) -> Poll<Option<Result<Bytes, Ended>>> {
        loop {
            if let Some(end) = self.end {
                // An error drops what was not written yet: the artifact may have what came before the cut.
                if end.is_err() && !std::mem::replace(&mut self.paused, true) {
                    context.waker().wake_by_ref();
                    return Poll::Pending;
                }
                self.settle(end.map_or_else(End::Cut, |()| End::Whole));
                return Poll::Ready(end.err().map(|cut| Err(Ended(cut))));
            }
            let chunk = match std::task::ready!(Pin::new(&mut self.body).poll_frame(context)) {
                // Trailers stay outside.
                Some(Ok(frame)) => match frame.into_data() {
                    Ok(chunk) => self.pass(chunk),
                    Err(_) => continue,
                },
                Some(Err(_)) => {
                    self.end = Some(Err(Cut::Broken));
                    continue;
                }
                // What was held back is no credential. After a cut it might have become one, and stays.
                None => {
                    self.end = Some(Ok(()));
                    self.mask.as_mut().map(Mask::rest).unwrap_or_default()
                }
            };
            if !chunk.is_empty() {
                self.sha256.update(&chunk);
                let (masked, length) = (self.mask.as_ref().map_or(0, |mask| mask.found), length(&chunk));
                self.slot.note(|exchange| exchange.answer_bytes = exchange.answer_bytes.saturating_add(length));
                if let Some(mask) = &mut self.mask {
                    mask.found = 0;
                    self.slot.note(|exchange| exchange.masked = exchange.masked.saturating_add(masked));
                }
                return Poll::Ready(Some(Ok(chunk)));
            }
        }
    }

    fn settle(&mut self, end: End) {
        if !std::mem::replace(&mut self.settled, true) {
            self.hash();
            self.slot.end(end);
        }
    }

    fn hash(&self) {
        let digest = Digest(self.sha256.clone().finalize().into());
        self.slot.note(|exchange| exchange.answer_sha256 = Some(digest));
    }
}

fn length(chunk: &Bytes) -> u64 {
    u64::try_from(chunk.len()).unwrap_or(u64::MAX)
}

impl Drop for Stream {
    fn drop(&mut self) {
        if !self.settled {
            self.hash();
            // An answer whose length was announced is not asked for its end once all of it was passed on.
            let held = self.mask.as_ref().map_or(0, Mask::held);
            if self.end.is_none() && (held > 0 || !self.body.is_end_stream()) {
                self.slot.abandon();
            } else {
                self.slot.end(self.end.map_or(End::Whole, |end| end.map_or_else(End::Cut, |()| End::Whole)));
            }
        }
    }
}

impl Body for Answer {
    type Data = Bytes;
    type Error = Ended;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Ended>>> {
        match self.get_mut() {
            Self::Words(words) => Poll::Ready(words.take().map(|words| Ok(Frame::data(words)))),
            Self::Host(stream) => stream.next(context).map_ok(Frame::data),
        }
    }

    fn is_end_stream(&self) -> bool {
        match self {
            Self::Words(words) => words.is_none(),
            // Held bytes follow the last chunk.
            Self::Host(stream) => stream.mask.is_none() && stream.end.is_none() && stream.body.is_end_stream(),
        }
    }

    fn size_hint(&self) -> SizeHint {
        match self {
            Self::Words(words) => SizeHint::with_exact(words.as_ref().map_or(0, length)),
            // Masking keeps the length; what is held back follows.
            Self::Host(stream) => match stream.mask.as_ref().map_or(0, Mask::held) {
                0 => stream.body.size_hint(),
                held => match stream.body.size_hint().exact() {
                    Some(rest) => SizeHint::with_exact(rest.saturating_add(held)),
                    None => SizeHint::default(),
                },
            },
        }
    }
}
