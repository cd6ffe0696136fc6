//! The tape of a run: what each of its calls took, wrote and asked of the host, kept as a blob of the home.
//!
//! The closing receipt commits to it with a salt, as to inputs and outputs: it holds what the artifact read, so it can
//! be forgotten alone. Format: `spec/tape.md`.

use proofmark_mark::digest::Digest;
use proofmark_mark::receipt;
use proofmark_run::usage::Usage;
use proofmark_run::wasi::tape::TAPE_BYTES_MAX;
use proofmark_run::{Ended, Outcome};
use serde::{Deserialize, Serialize};

use crate::govern::GovernError;
use crate::home::Home;
use crate::receipts;

pub mod replay;

const VERSION: u32 = 1;

/// The first line of a tape.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Header {
    tape: u32,
    /// The profile that its calls were ended for leaving.
    within: Option<Usage>,
    calls: Vec<Taken>,
}

/// What one call came to, but for its result.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Taken {
    /// The length of its host calls on the tape.
    pub tape_bytes: u64,
    pub trapped: bool,
    pub fuel: u64,
    pub memory_bytes: u64,
    /// SHA-256 of what it wrote.
    pub stdout: Digest,
    pub stderr: Digest,
}

impl Taken {
    /// What a call took, with a tape of that length.
    #[must_use]
    pub fn of(outcome: &Outcome, tape_bytes: u64) -> Self {
        Self {
            tape_bytes,
            trapped: !matches!(outcome.ended, Ended::Returned(_)),
            fuel: outcome.fuel,
            memory_bytes: outcome.memory_bytes,
            stdout: Digest::of(&outcome.written.stdout),
            stderr: Digest::of(&outcome.written.stderr),
        }
    }
}

/// Stores the tape of a run whose calls ended so, if it is whole, and what was called; says what the closing receipt has
/// of it.
///
/// # Errors
/// What the store said.
pub fn keep(
    home: &Home,
    contract_text: &str,
    artifact: &[u8],
    within: Option<Usage>,
    outcomes: &[Outcome],
) -> Result<receipt::Tape, GovernError> {
    let bytes = match written(within, outcomes) {
        Ok(bytes) => bytes,
        Err(why) => return Ok(receipt::Tape::Missing(why)),
    };
    // A mark of another home may have brought both.
    home.log.put_blob(contract_text.as_bytes())?;
    home.log.put_blob(artifact)?;
    Ok(receipt::Tape::Kept(receipts::commit(home, &bytes)?))
}

/// A tape's bytes, or why there is none.
fn written(within: Option<Usage>, outcomes: &[Outcome]) -> Result<Vec<u8>, String> {
    if outcomes.is_empty() {
        return Err("no call came to its end".to_owned());
    }
    let tapes: Option<Vec<&[u8]>> = outcomes.iter().map(|outcome| outcome.tape.as_deref()).collect();
    let whole = tapes.filter(|tapes| tapes.iter().map(|tape| tape.len()).sum::<usize>() <= TAPE_BYTES_MAX);
    let tapes = whole.ok_or_else(|| format!("not every call has a whole one, of {TAPE_BYTES_MAX} bytes together"))?;
    let calls = outcomes.iter().zip(&tapes).map(|(outcome, tape)| Taken::of(outcome, tape.len() as u64)).collect();
    let mut bytes = serde_json::to_vec(&Header { tape: VERSION, within, calls }).map_err(|error| error.to_string())?;
    bytes.push(b'\n');
    bytes.extend(tapes.concat());
    Ok(bytes)
}

/// Calls, each with its host calls.
pub type Calls = Vec<(Taken, Vec<u8>)>;

/// The profile that a tape's calls were held to, and each call with its host calls; `None` if the bytes are no tape.
#[must_use]
pub fn read(bytes: &[u8]) -> Option<(Option<Usage>, Calls)> {
    let end = bytes.iter().position(|byte| *byte == b'\n')?;
    let (header, rest) = bytes.split_at_checked(end)?;
    let header: Header = serde_json::from_slice(header).ok()?;
    let mut rest = rest.get(1..)?;
    let mut calls = Vec::new();
    for taken in header.calls {
        let (tape, after) = rest.split_at_checked(usize::try_from(taken.tape_bytes).ok()?)?;
        calls.push((taken, tape.to_vec()));
        rest = after;
    }
    (header.tape == VERSION && rest.is_empty()).then_some((header.within, calls))
}

#[cfg(test)]
mod tests {
    use proofmark_run::wasi::Written;

    use super::*;

    fn outcome(tape: Option<Vec<u8>>) -> Outcome {
        let written = Written { stdout: b"hello".to_vec(), stderr: Vec::new() };
        Outcome { fuel: 7, memory_bytes: 65536, tape, ..Outcome::plain(Ended::Returned(None), written) }
    }

    #[test]
    fn a_tape_is_read_as_it_was_written() {
        let outcomes = [outcome(Some(vec![1])), outcome(Some(vec![1, b'\n', 0, 255]))];
        let held_to = Usage { fuel: 9, ..Usage::default() };
        let bytes = written(Some(held_to.clone()), &outcomes).unwrap();
        let (within, calls) = read(&bytes).unwrap();
        assert_eq!(within, Some(held_to));
        assert_eq!(calls[1], (Taken::of(&outcomes[1], 4), vec![1, b'\n', 0, 255]));
        assert_eq!(calls.len(), 2);
        for cut in 0..bytes.len() {
            assert_eq!(read(&bytes[..cut]), None, "{cut}");
        }
        assert_eq!(read(&[bytes.clone(), vec![0]].concat()), None);
        let later = String::from_utf8_lossy(&bytes).replace("\"tape\":1", "\"tape\":2");
        assert_eq!(read(later.as_bytes()), None);
    }

    #[test]
    fn a_tape_is_whole_or_missing() {
        assert!(written(None, &[]).unwrap_err().contains("no call"));
        assert!(written(None, &[outcome(Some(vec![1])), outcome(None)]).unwrap_err().contains("not every call"));
        let long = outcome(Some(vec![1; TAPE_BYTES_MAX]));
        assert!(written(None, std::slice::from_ref(&long)).is_ok());
        assert!(written(None, &[long, outcome(Some(vec![1]))]).unwrap_err().contains("not every call"));
    }

    proptest::proptest! {
        #[test]
        fn reading_never_panics(bytes: Vec<u8>, header in "\\{\"tape\":1,\"within\":null,\"calls\":\\[[^\n]{0,40}\\]\\}\n") {
            let _ = read(&bytes);
            let _ = read(&[header.as_bytes(), &bytes].concat());
        }
    }
}
