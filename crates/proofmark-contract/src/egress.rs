//! What may be asked of the network: requests by host, port, method and path, as types that cannot be wrong.
//!
//! `spec/egress.md` says what they mean. Whoever enforces them reads names and paths with the same code.

pub mod path;

use std::collections::BTreeSet;
use std::fmt;

use thiserror::Error;

use path::{Path, Pattern, PatternError};

/// The longest name, in bytes, as text (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
/// The longest label of a name, in bytes.
const LABEL_BYTES_MAX: usize = 63;
/// The longest method, in bytes.
const METHOD_BYTES_MAX: usize = 32;

/// Requests that can't be granted.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum EgressError {
    #[error("`{0}` is not a host name; write letters, digits and hyphens in labels, such as `api.example.com`")]
    Host(String),
    #[error("port 0 of `{0}` can't be connected to")]
    Port(Host),
    #[error("`{0}` is not a method that can be granted; write it in capitals, such as `GET`")]
    Method(String),
    #[error("the grant for `{0}` names no method or no path, so it would allow nothing")]
    Empty(Host),
    #[error("the path pattern `{0}` can't be used: {1}")]
    Pattern(String, PatternError),
}

/// A DNS name: lower-case letters, digits and hyphens, never an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

impl Host {
    /// Reads a name; capitals become small, a dot at the end is dropped.
    ///
    /// # Errors
    /// If it is no name: an address, a label of other characters, too long.
    pub fn read(raw: &str) -> Result<Self, EgressError> {
        let wrong = || EgressError::Host(raw.to_owned());
        let name = raw.strip_suffix('.').unwrap_or(raw).to_ascii_lowercase();
        if name.is_empty() || name.len() > NAME_BYTES_MAX || !name.split('.').all(label) {
            return Err(wrong());
        }
        // `127.1`, `0x7f.1` and their like: some resolvers read them as addresses. No top-level domain begins with a
        // digit.
        let top = name.rsplit('.').next().unwrap_or_default();
        if top.starts_with(|first: char| first.is_ascii_digit()) {
            return Err(wrong());
        }
        Ok(Self(name))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

fn label(label: &str) -> bool {
    !label.is_empty()
        && label.len() <= LABEL_BYTES_MAX
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// How the real host is spoken to. The artifact speaks plain HTTP either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    Https,
    /// In the clear: only where that is said.
    Http,
}

impl Scheme {
    /// The port that goes without saying.
    #[must_use]
    pub const fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// Requests with these methods, on these paths, to one host at one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    pub host: Host,
    pub port: u16,
    pub scheme: Scheme,
    pub(crate) methods: BTreeSet<String>,
    pub(crate) paths: Vec<Pattern>,
}

impl Egress {
    /// Requests by `methods` (capitals; each stands for itself, `GET` does not bring `HEAD`) on `paths` ([`Pattern`]).
    ///
    /// # Errors
    /// If the host is no name, the port 0, a method `CONNECT`, `TRACE` or no method, a pattern unreadable, or nothing
    /// granted.
    pub fn new(host: &str, port: u16, scheme: Scheme, methods: &[&str], paths: &[&str]) -> Result<Self, EgressError> {
        let host = Host::read(host)?;
        if port == 0 {
            return Err(EgressError::Port(host));
        }
        if methods.is_empty() || paths.is_empty() {
            return Err(EgressError::Empty(host));
        }
        if let Some(wrong) = methods.iter().find(|method| !is_method(method)) {
            return Err(EgressError::Method((*wrong).to_owned()));
        }
        let pattern = |raw: &&str| Pattern::read(raw).map_err(|why| EgressError::Pattern((*raw).to_owned(), why));
        let paths = paths.iter().map(pattern).collect::<Result<_, _>>()?;
        Ok(Self { host, port, scheme, methods: methods.iter().map(|method| (*method).to_owned()).collect(), paths })
    }

    /// Whether the method is granted on any path.
    #[must_use]
    pub fn has_method(&self, method: &str) -> bool {
        self.methods.contains(method)
    }

    /// Whether a request by this method to this path may be sent.
    #[must_use]
    pub fn allows(&self, method: &str, path: &Path) -> bool {
        self.has_method(method) && self.paths.iter().any(|pattern| pattern.holds(path))
    }
}

/// As in `GET, HEAD of /v1/** at https://example.com:443`.
impl fmt::Display for Egress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let methods = self.methods.iter().map(String::as_str).collect::<Vec<_>>().join(", ");
        let paths = self.paths.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
        let scheme = match self.scheme {
            Scheme::Https => "https",
            Scheme::Http => "http",
        };
        write!(f, "{methods} of {paths} at {scheme}://{}:{}", self.host, self.port)
    }
}

/// Whether this is a method that can be granted: a word in capitals. `TRACE` would send a credential back in the answer,
/// `CONNECT` would take the rules out of the way.
pub(crate) fn is_method(name: &str) -> bool {
    !matches!(name, "" | "CONNECT" | "TRACE")
        && name.len() <= METHOD_BYTES_MAX
        && name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hosts_are_names() {
        assert_eq!(Host::read("API.Example.com.").unwrap().as_str(), "api.example.com");
        assert!(Host::read("localhost").is_ok() && Host::read("xn--bcher-kva.example").is_ok());
        let long = format!("{}.com", "a".repeat(64));
        for wrong in [
            "",
            ".",
            "..",
            "a..b",
            "-a.com",
            "a-.com",
            "a_b.com",
            "a.com:80",
            "a/b",
            "127.0.0.1",
            "127.1",
            "2130706433",
            "0x7f.1",
            "0x7f000001",
            "a.1",
            "[::1]",
            "::1",
            "bücher.example",
            "*.example.com",
            "a@b",
            "a b",
            &long,
        ] {
            assert!(Host::read(wrong).is_err(), "{wrong}");
        }
        assert!(Host::read(&vec!["a"; 127].join(".")).is_ok());
        assert!(Host::read(&vec!["a"; 128].join(".")).is_err());
    }

    fn of(port: u16, methods: &[&str], paths: &[&str]) -> Result<Egress, EgressError> {
        Egress::new("a.com", port, Scheme::Https, methods, paths)
    }

    #[test]
    fn methods_are_words_that_keep_the_rules() {
        let one = |method: &str| of(443, &[method], &["/"]);
        assert!(one("GET").is_ok() && one("PROPFIND").is_ok() && one("M-SEARCH").is_ok());
        for wrong in ["CONNECT", "TRACE", "get", "GET ", "", "GET\r\n", "*", &"A".repeat(33)] {
            assert!(matches!(one(wrong), Err(EgressError::Method(_))), "{wrong}");
        }
    }

    #[test]
    fn what_would_allow_nothing_is_refused() {
        assert!(matches!(of(0, &["GET"], &["/"]), Err(EgressError::Port(_))));
        assert!(matches!(of(443, &[], &["/"]), Err(EgressError::Empty(_))));
        assert!(matches!(of(443, &["GET"], &[]), Err(EgressError::Empty(_))));
        assert!(matches!(of(443, &["GET"], &["/a*"]), Err(EgressError::Pattern(_, PatternError::Star))));
    }

    #[test]
    fn a_request_needs_its_method_and_its_path() {
        let egress = of(443, &["GET"], &["/v1/*"]).unwrap();
        let allows = |method: &str, path: &str| egress.allows(method, &Path::read(path).unwrap());
        assert!(allows("GET", "/v1/x"));
        assert!(!allows("POST", "/v1/x") && !allows("GET", "/v2/x") && !allows("get", "/v1/x"));
    }
}
