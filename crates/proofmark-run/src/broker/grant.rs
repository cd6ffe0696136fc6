//! What an artifact may ask of whom: hosts, ports, methods and paths, as types that cannot be wrong.
//!
//! A grant names a host, never an address that the artifact chose. What is not in a grant does not leave.

use std::collections::BTreeMap;
use std::fmt;
use std::net::{Ipv4Addr, SocketAddr};

use hyper::Method;
use thiserror::Error;

use super::path::{Path, Pattern, PatternError};

/// The most hosts of a grant: each has an address of its own in 127.0.0.0/24, and .0, .1 and .255 are taken.
pub const HOSTS_MAX: usize = 253;
/// The longest name, in bytes, as text (RFC 1035, section 2.3.4).
const NAME_BYTES_MAX: usize = 253;
/// The longest label of a name, in bytes.
const LABEL_BYTES_MAX: usize = 63;

/// A grant that can't be honoured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrantError {
    #[error("`{0}` is not a host name; write letters, digits and hyphens in labels, such as `api.example.com`")]
    Host(String),
    #[error("port 0 of `{0}` can't be connected to")]
    Port(Host),
    #[error("`{0}` is not a method that can be granted; write it in capitals, such as `GET`")]
    Method(String),
    #[error("the grant for `{0}` names no method or no path, so it would allow nothing")]
    Empty(Host),
    #[error(transparent)]
    Path(#[from] PatternError),
    #[error("two grants for `{0}:{1}` differ in scheme or address")]
    Differ(Host, u16),
    #[error("more than {HOSTS_MAX} hosts are granted")]
    TooMany,
}

/// A DNS name: lower-case letters, digits and hyphens, never an address.
#[derive(Debug, Clone, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Host(String);

impl Host {
    /// Reads a name; capitals become small, a dot at the end is dropped.
    ///
    /// # Errors
    ///
    /// If it is no name: an address, a label of other characters, too long.
    pub fn read(raw: &str) -> Result<Self, GrantError> {
        let wrong = || GrantError::Host(raw.to_owned());
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
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// How the real host is spoken to. The artifact speaks plain HTTP to the broker either way.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Scheme {
    Https,
    /// In the clear: only when the grant says so.
    Http,
}

impl Scheme {
    pub(crate) const fn port(self) -> u16 {
        match self {
            Self::Https => 443,
            Self::Http => 80,
        }
    }
}

/// Where the real host is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// Where its name leads outside the fence, if that is a public address.
    Name,
    /// Here, private or not: the owner wrote the address down.
    Address(SocketAddr),
}

/// One line of a grant: these methods on these paths of this host at this port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    host: Host,
    port: u16,
    scheme: Scheme,
    at: At,
    methods: Vec<Method>,
    paths: Vec<Pattern>,
}

impl Grant {
    /// Reads a grant of `methods` (capitals; each stands for itself, `GET` does not bring `HEAD`) on `paths`
    /// ([`Pattern`]).
    ///
    /// # Errors
    ///
    /// If the host is no name, the port 0, a method `CONNECT`, `TRACE` or no method, a pattern unreadable, or nothing
    /// granted.
    pub fn new(
        host: &str,
        port: u16,
        scheme: Scheme,
        at: At,
        methods: &[&str],
        paths: &[&str],
    ) -> Result<Self, GrantError> {
        let host = Host::read(host)?;
        if port == 0 {
            return Err(GrantError::Port(host));
        }
        if methods.is_empty() || paths.is_empty() {
            return Err(GrantError::Empty(host));
        }
        let methods = methods.iter().map(|name| method(name)).collect::<Result<_, _>>()?;
        let paths = paths.iter().map(|path| Pattern::read(path)).collect::<Result<_, _>>()?;
        Ok(Self { host, port, scheme, at, methods, paths })
    }
}

/// `TRACE` would send the credential back in the answer, `CONNECT` would take the rules out of the way.
fn method(name: &str) -> Result<Method, GrantError> {
    let wrong = || GrantError::Method(name.to_owned());
    if name.is_empty() || name.len() > 32 || !name.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-') {
        return Err(wrong());
    }
    match Method::from_bytes(name.as_bytes()) {
        Ok(Method::CONNECT | Method::TRACE) | Err(_) => Err(wrong()),
        Ok(method) => Ok(method),
    }
}

/// One granted host at one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub host: Host,
    pub port: u16,
    pub scheme: Scheme,
    pub at: At,
    rules: Vec<(Vec<Method>, Vec<Pattern>)>,
}

impl Service {
    /// Whether any rule grants the method at all; the reason for a refusal is told apart by it.
    pub fn method(&self, method: &Method) -> bool {
        self.rules.iter().any(|(methods, _)| methods.contains(method))
    }

    pub fn allows(&self, method: &Method, path: &Path) -> bool {
        self.rules
            .iter()
            .any(|(methods, paths)| methods.contains(method) && paths.iter().any(|pattern| pattern.holds(path)))
    }

    /// What stands in the `Host` header of a request to it.
    pub fn authority(&self) -> String {
        if self.port == self.scheme.port() { self.host.to_string() } else { format!("{}:{}", self.host, self.port) }
    }
}

/// Everything granted to one run. Grants of the same host and port add up.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Grants {
    services: BTreeMap<(Host, u16), Service>,
}

impl Grants {
    /// # Errors
    ///
    /// If grants of one host and port contradict each other, or there are too many hosts.
    pub fn new(grants: impl IntoIterator<Item = Grant>) -> Result<Self, GrantError> {
        let mut services: BTreeMap<(Host, u16), Service> = BTreeMap::new();
        for Grant { host, port, scheme, at, methods, paths } in grants {
            let service = services.entry((host.clone(), port)).or_insert_with(|| Service {
                host: host.clone(),
                port,
                scheme,
                at,
                rules: Vec::new(),
            });
            if service.scheme != scheme || service.at != at {
                return Err(GrantError::Differ(host, port));
            }
            service.rules.push((methods, paths));
        }
        let grants = Self { services };
        if grants.hosts().len() > HOSTS_MAX { Err(GrantError::TooMany) } else { Ok(grants) }
    }

    /// The granted hosts in order, each with its address inside the fence: 127.0.0.2, 127.0.0.3 and so on.
    #[must_use]
    pub fn hosts(&self) -> Vec<(Host, Ipv4Addr)> {
        let mut hosts: Vec<&Host> = self.services.keys().map(|(host, _)| host).collect();
        hosts.dedup();
        let numbers = 2..=u8::MAX;
        // Past the last address the list is longer than `HOSTS_MAX`, which `new` refuses.
        let address = |number| Ipv4Addr::new(127, 0, 0, number);
        let rest = std::iter::repeat(u8::MAX);
        hosts.into_iter().cloned().zip(numbers.chain(rest).map(address)).collect()
    }

    /// Where the broker must listen inside the fence, each with what it stands for.
    pub(crate) fn listeners(&self) -> Vec<(SocketAddr, Service)> {
        let hosts: BTreeMap<Host, Ipv4Addr> = self.hosts().into_iter().collect();
        let place = |service: &Service| {
            hosts.get(&service.host).map(|address| (SocketAddr::from((*address, service.port)), service.clone()))
        };
        self.services.values().filter_map(place).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(host: &str, port: u16) -> Result<Grant, GrantError> {
        Grant::new(host, port, Scheme::Https, At::Name, &["GET"], &["/v1/*"])
    }

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

    #[test]
    fn methods_are_words_that_keep_the_rules() {
        let one = |method| Grant::new("a.com", 443, Scheme::Https, At::Name, &[method], &["/"]);
        assert!(one("GET").is_ok() && one("PROPFIND").is_ok() && one("M-SEARCH").is_ok());
        for wrong in ["CONNECT", "TRACE", "get", "GET ", "", "GET\r\n", "*", &"A".repeat(33)] {
            assert!(one(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn grants_that_allow_nothing_or_contradict_each_other_are_refused() {
        assert!(matches!(get("a.com", 0), Err(GrantError::Port(_))));
        let empty = Grant::new("a.com", 443, Scheme::Https, At::Name, &[], &["/"]);
        assert!(matches!(empty, Err(GrantError::Empty(_))));
        let plain = Grant::new("a.com", 443, Scheme::Http, At::Name, &["PUT"], &["/x"]).unwrap();
        assert!(matches!(Grants::new([get("a.com", 443).unwrap(), plain.clone()]), Err(GrantError::Differ(_, 443))));
        assert!(Grants::new([get("a.com", 80).unwrap(), plain]).is_ok());
    }

    #[test]
    fn each_host_has_its_own_address() {
        let grants = Grants::new([
            get("b.com", 443).unwrap(),
            get("a.com", 443).unwrap(),
            get("a.com", 80).unwrap(),
            get("A.com", 80).unwrap(),
        ])
        .unwrap();
        let hosts: Vec<String> = grants.hosts().iter().map(|(host, address)| format!("{host} {address}")).collect();
        assert_eq!(hosts, ["a.com 127.0.0.2", "b.com 127.0.0.3"]);
        let listeners: Vec<String> = grants.listeners().iter().map(|(address, _)| address.to_string()).collect();
        assert_eq!(listeners, ["127.0.0.2:80", "127.0.0.2:443", "127.0.0.3:443"]);
    }

    #[test]
    fn more_hosts_than_addresses_are_refused() {
        let many = |count: usize| Grants::new((0..count).map(|number| get(&format!("h{number}.com"), 443).unwrap()));
        let full = many(HOSTS_MAX).unwrap().hosts();
        assert_eq!(full.last().unwrap().1, Ipv4Addr::new(127, 0, 0, 254));
        assert_eq!(many(HOSTS_MAX + 1), Err(GrantError::TooMany));
    }

    #[test]
    fn rules_of_one_host_add_up_without_mixing() {
        let put = Grant::new("a.com", 443, Scheme::Https, At::Name, &["PUT"], &["/own/**"]).unwrap();
        let grants = Grants::new([get("a.com", 443).unwrap(), put]).unwrap();
        let (_, service) = grants.listeners().pop().unwrap();
        let allows = |method: &str, path: &str| {
            service.allows(&Method::from_bytes(method.as_bytes()).unwrap(), &Path::read(path).unwrap())
        };
        assert!(allows("GET", "/v1/x") && allows("PUT", "/own/x"));
        assert!(!allows("PUT", "/v1/x") && !allows("GET", "/own/x") && !allows("HEAD", "/v1/x"));
    }
}
