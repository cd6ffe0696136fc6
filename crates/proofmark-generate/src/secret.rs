//! A provider's key: held in memory that is zeroed when it is dropped, and never shown.
//!
//! `Debug` says nothing of it, and there is no `Display`, no serialisation and no public way to read it. The copies that
//! the HTTP library and TLS make while a request is sent are theirs, and not zeroed.

use std::fmt;

use thiserror::Error;
use zeroize::Zeroizing;

/// Shorter ones protect nothing, and looking for them in texts would find words.
const BYTES_MIN: usize = 8;
const BYTES_MAX: usize = 4096;
/// The shortest piece of a key that is taken out of a text that an endpoint wrote.
const MASKED_MIN: usize = 6;

/// A key.
#[derive(Clone, PartialEq, Eq)]
pub struct Secret(Zeroizing<String>);

/// A text that can't be a key. Nothing of the text is in here.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum SecretError {
    #[error("the key has fewer than {BYTES_MIN} characters; an endpoint that wants none has no `key` in its table")]
    Short,
    #[error("the key has more than {BYTES_MAX} characters")]
    Long,
    #[error("the key holds a space, a line break or a character outside of ASCII; take them out of where it is kept")]
    Character,
}

impl Secret {
    /// The key that this text is. The text is zeroed, whatever comes of it.
    ///
    /// # Errors
    /// [`SecretError`] for what no provider's key is.
    pub fn new(text: String) -> Result<Self, SecretError> {
        let text = Zeroizing::new(text);
        match text.len() {
            ..BYTES_MIN => Err(SecretError::Short),
            length if length > BYTES_MAX => Err(SecretError::Long),
            _ if !text.bytes().all(|byte| byte.is_ascii_graphic()) => Err(SecretError::Character),
            _ => Ok(Self(text)),
        }
    }

    pub(crate) fn exposed(&self) -> &str {
        &self.0
    }

    /// Whether the key, or one of its halves, is in a text.
    pub(crate) fn is_in(&self, text: &str) -> bool {
        let half = self.0.len().div_ceil(2).max(BYTES_MIN);
        let at = self.0.len().saturating_sub(half);
        [self.0.get(..half), self.0.get(at..)].into_iter().flatten().any(|piece| text.contains(piece))
    }

    /// The text without any piece of the key.
    pub(crate) fn masked(&self, text: &str) -> String {
        let key = self.0.as_bytes();
        let mut hidden = vec![false; text.len()];
        for (at, window) in text.as_bytes().windows(MASKED_MIN).enumerate() {
            if key.windows(MASKED_MIN).any(|piece| piece == window) {
                hidden.iter_mut().skip(at).take(MASKED_MIN).for_each(|byte| *byte = true);
            }
        }
        let mut out = String::with_capacity(text.len());
        for (at, character) in text.char_indices() {
            // A key is ASCII, so that a hidden byte is a whole character.
            let is_hidden = hidden.get(at).copied().unwrap_or(true);
            let follows = at.checked_sub(1).and_then(|before| hidden.get(before)).copied().unwrap_or(false);
            match (is_hidden, follows) {
                (false, _) => out.push(character),
                (true, false) => out.push_str("[key]"),
                (true, true) => {}
            }
        }
        out
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret(…)")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn secret() -> Secret {
        Secret::new("sk-test-0123456789abcdef".to_owned()).unwrap()
    }

    #[test]
    fn a_key_is_never_shown() {
        assert_eq!(format!("{:?} {:#?}", secret(), Some(secret())), "Secret(…) Some(\n    Secret(…),\n)");
    }

    #[test]
    fn texts_that_are_no_keys_are_refused_without_being_repeated() {
        for (text, wanted) in [
            ("sk-test", SecretError::Short),
            ("sk-test with a space", SecretError::Character),
            ("sk-test-0123456789\n", SecretError::Character),
            ("sk-tëst-0123456789", SecretError::Character),
        ] {
            let error = Secret::new(text.to_owned()).unwrap_err();
            assert_eq!(error, wanted);
            assert!(!error.to_string().contains(text.trim()), "{error}");
        }
        assert_eq!(Secret::new("k".repeat(5000)), Err(SecretError::Long));
    }

    #[test]
    fn pieces_of_a_key_are_masked_and_found() {
        let secret = secret();
        assert_eq!(secret.masked("wrong key sk-test-0123456789abcdef!"), "wrong key [key]!");
        assert_eq!(secret.masked("wrong key sk-tes***bcdef, 9abcdef"), "wrong key [key]***bcdef, [key]");
        assert_eq!(secret.masked("é0123456é"), "é[key]é");
        assert_eq!(secret.masked("nothing here"), "nothing here");
        assert!(secret.is_in("x sk-test-0123456789abcdef x"));
        assert!(secret.is_in("x sk-test-0123 x") && secret.is_in("456789abcdef"));
        assert!(!secret.is_in("x sk-test-012 x"));
    }
}
