//! The tape of one call: every host call that the instance made, in order, and what the host answered.
//!
//! Recorded while an artifact runs, it repeats the run without the world: the same questions get the same answers, and
//! the first question that is another ends it. Format: `spec/tape.md`.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_mark::digest::Digest;
use thiserror::Error;

use super::calls::Call;
use super::items::{Damaged, Fatal, Item, Put, Reader};
use super::{WRITTEN_BYTES_MAX, Written};

/// The first byte of a tape.
const VERSION: u8 = 1;
/// How much of the SHA-256 of a call's arguments stands on the tape, in bytes.
const ARGUMENTS_BYTES: usize = 8;
/// The longest tape, in bytes.
pub const TAPE_BYTES_MAX: usize = 32 << 20;

/// A question to the host: the function, and a digest of the arguments. Without arguments the digest is of nothing.
pub(super) struct Asked {
    pub call: Call,
    arguments: [u8; ARGUMENTS_BYTES],
}

/// What becomes of answers.
pub(super) enum Taping {
    /// They are given, and no more.
    Live,
    Recorded(Recording),
    Replayed(Box<Replay>),
}

impl Taping {
    pub fn ask(&self, call: Call, arguments: &[&dyn Put]) -> Asked {
        let digest = if matches!(self, Self::Live) { [0; ARGUMENTS_BYTES] } else { digest(arguments) };
        Asked { call, arguments: digest }
    }
}

fn digest(arguments: &[&dyn Put]) -> [u8; ARGUMENTS_BYTES] {
    let mut digest = [0; ARGUMENTS_BYTES];
    if arguments.is_empty() {
        return digest;
    }
    let mut bytes = Vec::new();
    for argument in arguments {
        argument.put(&mut bytes);
    }
    for (to, from) in digest.iter_mut().zip(Digest::of(&bytes).0) {
        *to = from;
    }
    digest
}

/// A tape that is being written; without bytes once it was longer than [`TAPE_BYTES_MAX`].
pub(super) struct Recording(Option<Vec<u8>>);

impl Default for Recording {
    fn default() -> Self {
        Self(Some(vec![VERSION]))
    }
}

impl Recording {
    pub fn keep(&mut self, asked: &Asked, answer: &dyn Put) {
        let Some(tape) = &mut self.0 else { return };
        tape.push(asked.call as u8);
        tape.extend_from_slice(&asked.arguments);
        answer.put(tape);
        if tape.len() > TAPE_BYTES_MAX {
            self.0 = None;
        }
    }

    /// The tape so far, if it is whole.
    pub fn finish(&mut self) -> Option<Vec<u8>> {
        std::mem::take(self).0
    }
}

/// A tape that is being replayed, and what the instance does on the way.
pub(super) struct Replay {
    tape: Vec<u8>,
    /// How many bytes of it were replayed.
    at: usize,
    /// How many host calls were replayed.
    calls: u64,
    /// The first place where the run left the tape, in words.
    left: Option<String>,
    /// Handles of the two output streams.
    streams: BTreeMap<u32, Stream>,
    written: Written,
}

/// An output stream that is kept.
#[derive(Clone, Copy)]
pub(super) enum Stream {
    Stdout,
    Stderr,
}

impl Replay {
    pub fn new(tape: Vec<u8>) -> Self {
        let mut replay =
            Self { tape, at: 1, calls: 0, left: None, streams: BTreeMap::new(), written: Written::default() };
        if replay.tape.first() != Some(&VERSION) {
            replay.left = Some("the tape is damaged at its start".to_owned());
        }
        replay
    }

    /// The recorded answer to a question, if that is the next one on the tape.
    pub fn answer<T: Item, E: Fatal>(&mut self, asked: &Asked) -> Result<T, E> {
        match self.next(asked) {
            Ok(answer) => answer,
            Err(why) => {
                let left = self.left.get_or_insert(why);
                Err(E::fatal(wasmtime::Error::msg(left.clone())))
            }
        }
    }

    fn next<R: Item>(&mut self, asked: &Asked) -> Result<R, String> {
        if let Some(left) = &self.left {
            return Err(left.clone());
        }
        self.calls = self.calls.saturating_add(1);
        let (nth, name) = (self.calls, asked.call.name());
        let damaged = |_| format!("the tape is damaged at host call {nth}");
        let mut reader = Reader(self.tape.get(self.at..).unwrap_or_default());
        if reader.0.is_empty() {
            return Err(format!("host call {nth} is `{name}`, and the tape ends before it"));
        }
        let (call, arguments) = question(&mut reader).map_err(damaged)?;
        if call != asked.call {
            return Err(format!("host call {nth} is `{name}`, and on the tape it is `{}`", call.name()));
        }
        if arguments != asked.arguments {
            return Err(format!("host call {nth}, `{name}`, has other arguments than on the tape"));
        }
        let answer = R::take(&mut reader).map_err(damaged)?;
        self.at = self.tape.len().saturating_sub(reader.0.len());
        Ok(answer)
    }

    /// Where the run left the tape, if it did: also by ending before the tape does.
    pub fn departure(&self) -> Option<String> {
        self.left.clone().or_else(|| {
            let mut reader = Reader(self.tape.get(self.at..).unwrap_or_default());
            if reader.0.is_empty() {
                return None;
            }
            let nth = self.calls.saturating_add(1);
            Some(match question(&mut reader) {
                Ok((call, _)) => format!("it ended before host call {nth}, which is `{}` on the tape", call.name()),
                Err(Damaged) => format!("the tape is damaged at host call {nth}"),
            })
        })
    }

    pub fn written(&self) -> Written {
        self.written.clone()
    }

    pub fn opened(&mut self, handle: u32, stream: Stream) {
        self.streams.insert(handle, stream);
    }

    pub fn closed(&mut self, handle: u32) {
        self.streams.remove(&handle);
    }

    /// Writes as much of `bytes` to the stream behind `handle`, if it is one that is kept, as the limit leaves room for.
    pub fn write(&mut self, handle: u32, bytes: &[u8]) {
        let written = match self.streams.get(&handle) {
            Some(Stream::Stdout) => &mut self.written.stdout,
            Some(Stream::Stderr) => &mut self.written.stderr,
            None => return,
        };
        let room = WRITTEN_BYTES_MAX.saturating_sub(written.len());
        written.extend_from_slice(bytes.get(..room).unwrap_or(bytes));
    }
}

fn question(reader: &mut Reader<'_>) -> Result<(Call, [u8; ARGUMENTS_BYTES]), Damaged> {
    let call = Call::at(reader.byte()?).ok_or(Damaged)?;
    let arguments = reader.bytes(ARGUMENTS_BYTES)?;
    Ok((call, arguments.try_into().map_err(|_| Damaged)?))
}

/// A tape that is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the tape is damaged at host call {0}")]
pub struct NoTape(pub u64);

/// How often each function was called on a tape, which is read to its end.
///
/// # Errors
/// The first host call, from 1, that can't be read; 0 is the tape's start.
pub fn summary(tape: &[u8]) -> Result<BTreeMap<String, u64>, NoTape> {
    let Some((&VERSION, calls)) = tape.split_first() else { return Err(NoTape(0)) };
    let mut reader = Reader(calls);
    let (mut nth, mut counts) = (0_u64, BTreeMap::<String, u64>::new());
    while !reader.0.is_empty() {
        nth = nth.saturating_add(1);
        let read = question(&mut reader).and_then(|(call, _)| call.skip(&mut reader).map(|()| call));
        let call = read.map_err(|Damaged| NoTape(nth))?;
        if call.counted() {
            let count = counts.entry(call.name().to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    }
    Ok(counts)
}

/// The names of all functions that can be counted.
#[must_use]
pub fn names() -> BTreeSet<&'static str> {
    Call::all().filter(|call| call.counted()).map(Call::name).collect()
}
