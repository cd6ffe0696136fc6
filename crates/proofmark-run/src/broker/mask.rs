//! Takes a credential out of a stream of answer bytes: every occurrence becomes as many asterisks.
//!
//! The length stays, so the framing of the answer does. An occurrence may lie across any number of chunks: bytes that
//! could be the start of one are held back, and only those. It finds the credential's own bytes; a host that hands them
//! out reversed, encoded or in parts is beyond it.

use hyper::body::Bytes;
use memchr::{memchr_iter, memmem::Finder};

/// Masks one secret in one answer.
pub(crate) struct Mask {
    finder: Finder<'static>,
    /// A proper prefix of the secret that the stream ended with so far.
    held: Vec<u8>,
    /// How often the secret was found.
    pub found: u64,
}

impl Mask {
    pub fn new(secret: &[u8]) -> Self {
        Self { finder: Finder::new(secret).into_owned(), held: Vec::new(), found: 0 }
    }

    /// The bytes that may be passed on after `chunk` came.
    pub fn pass(&mut self, chunk: Bytes) -> Bytes {
        if self.held.is_empty() && self.finder.find(&chunk).is_none() && self.tail(&chunk) == chunk.len() {
            return chunk;
        }
        let mut bytes = std::mem::take(&mut self.held);
        bytes.extend_from_slice(&chunk);
        self.found = self.found.saturating_add(stars(&self.finder, &mut bytes));
        self.held = bytes.split_off(self.tail(&bytes));
        bytes.into()
    }

    /// What was held back, at the end of the answer: it was no secret after all.
    pub fn rest(&mut self) -> Bytes {
        std::mem::take(&mut self.held).into()
    }

    /// How many bytes are held back.
    pub fn held(&self) -> u64 {
        u64::try_from(self.held.len()).unwrap_or(u64::MAX)
    }

    /// Where the longest proper prefix of the secret begins that `bytes` ends with; their length if there is none.
    fn tail(&self, bytes: &[u8]) -> usize {
        let secret = self.finder.needle();
        let first = secret.first().copied().unwrap_or_default();
        let from = bytes.len().saturating_sub(secret.len().saturating_sub(1));
        let end = bytes.get(from..).unwrap_or_default();
        memchr_iter(first, end)
            .find(|start| end.get(*start..).is_some_and(|tail| secret.starts_with(tail)))
            .map_or(bytes.len(), |start| from.saturating_add(start))
    }
}

/// Masks a whole text in place and counts what was found.
pub(crate) fn masked(secret: &[u8], bytes: &mut [u8]) -> u64 {
    stars(&Finder::new(secret), bytes)
}

fn stars(finder: &Finder<'_>, bytes: &mut [u8]) -> u64 {
    let length = finder.needle().len();
    let mut found = 0_u64;
    let mut from = 0_usize;
    while let Some(at) = bytes.get(from..).and_then(|rest| finder.find(rest)) {
        let start = from.saturating_add(at);
        from = start.saturating_add(length.max(1));
        if let Some(secret) = bytes.get_mut(start..from) {
            secret.fill(b'*');
        }
        found = found.saturating_add(1);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn through(secret: &[u8], chunks: &[&[u8]]) -> (Vec<u8>, u64) {
        let mut mask = Mask::new(secret);
        let mut out = Vec::new();
        for chunk in chunks {
            out.extend_from_slice(&mask.pass(Bytes::copy_from_slice(chunk)));
        }
        out.extend_from_slice(&mask.rest());
        (out, mask.found)
    }

    #[test]
    fn a_secret_is_masked_wherever_chunks_end() {
        let text = b"x hunter22 y hunterhunter22hunter2";
        let wanted = b"x ******** y hunter********hunter2".to_vec();
        for cut in 0..=text.len() {
            let (before, after) = text.split_at(cut);
            assert_eq!(through(b"hunter22", &[before, after]), (wanted.clone(), 2), "{cut}");
        }
        let single: Vec<&[u8]> = text.chunks(1).collect();
        assert_eq!(through(b"hunter22", &single), (wanted, 2));
    }

    #[test]
    fn only_a_possible_start_is_held_back() {
        let mut mask = Mask::new(b"hunter22");
        assert_eq!(mask.pass(Bytes::from_static(b"no such thing")), "no such thing");
        assert_eq!(mask.pass(Bytes::from_static(b"the hunt")), "the ");
        assert_eq!(mask.pass(Bytes::from_static(b"ing")), "hunting");
        assert_eq!((mask.rest(), mask.found), (Bytes::new(), 0));
    }

    proptest! {
        /// Against masking of the whole text at once, with a small alphabet so that secrets overlap themselves.
        #[test]
        fn chunks_change_nothing(secret in "[ab]{1,5}", chunks in proptest::collection::vec("[ab]{0,6}", 0..8)) {
            let parts: Vec<&[u8]> = chunks.iter().map(|chunk| chunk.as_bytes()).collect();
            let mut whole = chunks.concat().into_bytes();
            let found = masked(secret.as_bytes(), &mut whole);
            prop_assert_eq!(through(secret.as_bytes(), &parts), (whole.clone(), found));
            prop_assert!(memchr::memmem::find(&whole, secret.as_bytes()).is_none());
        }
    }
}
