//! Credentials: a header that the owner configured for a host. The artifact never sees one.
//!
//! Values have no `Debug`, `Display` or serde: only the request to the host itself and the mask over its answers read
//! them.

use std::collections::BTreeMap;
use std::fmt;

use hyper::header::{HeaderName, HeaderValue};
use proofmark_contract::egress::EgressError;
use thiserror::Error;

use super::grant::Host;

/// The shortest secret, in bytes: a shorter one would be found by chance in answers, and is none.
pub const SECRET_BYTES_MIN: usize = 8;
/// The longest value, in bytes.
pub const VALUE_BYTES_MAX: usize = 8192;

/// A credential that can't be used.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CredentialError {
    #[error(transparent)]
    Host(#[from] EgressError),
    #[error("the credential `{0}` can't be sent in the header `{1}`; write a name such as `authorization`")]
    Header(String, String),
    /// Never shows the value.
    #[error(
        "the value of the credential `{0}` must be one line of {SECRET_BYTES_MIN} to {VALUE_BYTES_MAX} printable bytes"
    )]
    Value(String),
    #[error("`{0}` has two credentials; a request carries one")]
    Two(Host),
}

/// A header for one host.
#[derive(Clone)]
pub(crate) struct Credential {
    /// What the owner calls it; receipts carry this.
    pub name: String,
    pub header: HeaderName,
    pub value: HeaderValue,
    /// The part that is masked in answers: the word after `Bearer` and its like, or the whole value.
    pub secret: Vec<u8>,
}

impl fmt::Debug for Credential {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "Credential({})", self.name)
    }
}

/// What the broker adds to requests, by host.
#[derive(Debug, Clone, Default)]
pub struct Credentials {
    by_host: BTreeMap<Host, Credential>,
}

impl Credentials {
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Adds the header `header: value` to every request to `host`, at each granted port. `name` stands in receipts.
    ///
    /// # Errors
    ///
    /// If `host` is no name or has a credential already, the header is one that frames or routes messages, or the value
    /// is too short to be masked in answers, too long, or not one line of ASCII.
    pub fn add(&mut self, host: &str, name: &str, header: &str, value: &str) -> Result<(), CredentialError> {
        let host = Host::read(host)?;
        let wrong = || CredentialError::Header(name.to_owned(), header.to_owned());
        let header = HeaderName::from_bytes(header.as_bytes()).map_err(|_| wrong())?;
        if super::headers::framing(&header) {
            return Err(wrong());
        }
        let secret = secret(value);
        if secret.len() < SECRET_BYTES_MIN
            || value.len() > VALUE_BYTES_MAX
            || !value.bytes().all(|byte| matches!(byte, b' '..=b'~'))
        {
            return Err(CredentialError::Value(name.to_owned()));
        }
        let mut sent = HeaderValue::from_str(value).map_err(|_| CredentialError::Value(name.to_owned()))?;
        sent.set_sensitive(true);
        let credential = Credential { name: name.to_owned(), header, value: sent, secret: secret.as_bytes().to_vec() };
        match self.by_host.insert(host.clone(), credential) {
            None => Ok(()),
            Some(_) => Err(CredentialError::Two(host)),
        }
    }

    pub(crate) fn of(&self, host: &Host) -> Option<&Credential> {
        self.by_host.get(host)
    }
}

/// The last word of `Bearer TOKEN`: masking it masks the whole value too. Short last words say nothing by themselves.
fn secret(value: &str) -> &str {
    let value = value.trim();
    match value.rsplit_once(' ') {
        Some((_, word)) if word.len() >= SECRET_BYTES_MIN => word,
        _ => value,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_credential_is_a_header_with_a_secret() {
        let mut held = Credentials::none();
        held.add("API.example.com", "main", "Authorization", "Bearer abcdefgh").unwrap();
        let credential = held.of(&Host::read("api.example.com").unwrap()).unwrap();
        assert_eq!((credential.header.as_str(), credential.secret.as_slice()), ("authorization", &b"abcdefgh"[..]));
        assert!(held.of(&Host::read("example.com").unwrap()).is_none());
        assert!(matches!(held.add("api.example.com", "x", "x-key", "abcdefgh"), Err(CredentialError::Two(_))));
    }

    #[test]
    fn the_part_that_is_masked_covers_the_value() {
        for (value, part) in [("Bearer abcdefgh", "abcdefgh"), ("abcdefgh", "abcdefgh"), ("user: pass1", "user: pass1")]
        {
            assert_eq!(secret(value), part);
        }
    }

    #[test]
    fn what_can_not_be_hidden_or_sent_is_refused() {
        let mut held = Credentials::none();
        for (header, value) in [
            ("x-key", "short"),
            ("x-key", "Bearer\nabcdefgh"),
            ("x-key", "abcdefgh\u{e4}"),
            ("x-key", &"a".repeat(VALUE_BYTES_MAX + 1)),
            ("host", "abcdefgh"),
            ("content-length", "12345678"),
            ("transfer-encoding", "abcdefgh"),
            ("connection", "abcdefgh"),
            ("x key", "abcdefgh"),
        ] {
            assert!(held.add("a.com", "k", header, value).is_err(), "{header} {value}");
        }
    }

    #[test]
    fn nothing_that_is_printed_holds_the_value() {
        let mut held = Credentials::none();
        held.add("a.com", "main", "x-key", "PLANTED-SECRET").unwrap();
        let error = held.add("a.com", "main", "x-key", "PLANTED\u{1}SECRET").unwrap_err();
        assert!(!format!("{held:?} {error:?} {error}").contains("PLANTED"));
        assert!(format!("{held:?}").contains("main"));
    }
}
