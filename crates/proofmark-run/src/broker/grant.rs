//! What an artifact may ask of whom: requests of a contract, and where the hosts really are.
//!
//! A grant names a host, never an address that the artifact chose. What is not in a grant does not leave.

use std::collections::BTreeMap;
use std::net::{Ipv4Addr, SocketAddr, SocketAddrV4};

use hyper::Method;
use proofmark_contract::egress::path::Path;
use proofmark_contract::egress::{Egress, EgressError};
use thiserror::Error;

pub use proofmark_contract::egress::{Host, Scheme};

/// The most hosts of a grant: each has an address of its own in 127.0.0.0/24, and .0, .1 and .255 are taken.
pub const HOSTS_MAX: usize = 253;

/// A grant that can't be honoured.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum GrantError {
    #[error(transparent)]
    Egress(#[from] EgressError),
    #[error("two grants for `{0}:{1}` differ in scheme or address")]
    Differ(Host, u16),
    #[error("more than {HOSTS_MAX} hosts are granted")]
    TooMany,
}

/// Where the real host is looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum At {
    /// Where its name leads outside the fence, if that is a public address.
    Name,
    /// Here, private or not: the owner wrote the address down.
    Address(SocketAddr),
}

/// Requests that may be sent, and where to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Grant {
    pub egress: Egress,
    pub at: At,
}

impl Grant {
    /// As [`Egress::new`], at a place.
    ///
    /// # Errors
    ///
    /// As [`Egress::new`].
    pub fn new(
        host: &str,
        port: u16,
        scheme: Scheme,
        at: At,
        methods: &[&str],
        paths: &[&str],
    ) -> Result<Self, GrantError> {
        Ok(Self { egress: Egress::new(host, port, scheme, methods, paths)?, at })
    }
}

/// One granted host at one port.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Service {
    pub host: Host,
    pub port: u16,
    pub scheme: Scheme,
    pub at: At,
    rules: Vec<Egress>,
}

impl Service {
    /// Whether any rule grants the method at all; the reason for a refusal is told apart by it.
    pub fn method(&self, method: &Method) -> bool {
        self.rules.iter().any(|rule| rule.has_method(method.as_str()))
    }

    pub fn allows(&self, method: &Method, path: &Path) -> bool {
        self.rules.iter().any(|rule| rule.allows(method.as_str(), path))
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
        for Grant { egress, at } in grants {
            let (host, port, scheme) = (egress.host.clone(), egress.port, egress.scheme);
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
            service.rules.push(egress);
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
    pub(crate) fn listeners(&self) -> Vec<(SocketAddrV4, Service)> {
        let hosts: BTreeMap<Host, Ipv4Addr> = self.hosts().into_iter().collect();
        let place = |service: &Service| {
            hosts.get(&service.host).map(|address| (SocketAddrV4::new(*address, service.port), service.clone()))
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
    fn grants_that_contradict_each_other_are_refused() {
        assert!(matches!(get("a.com", 0), Err(GrantError::Egress(EgressError::Port(_)))));
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
