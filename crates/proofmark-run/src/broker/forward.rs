//! The way out: from a decided request to a connection with the real host.
//!
//! The name is looked up out here, once, and the very address that was looked at is connected to. An address that is
//! not public ends it, unless the owner wrote that address into the grant: otherwise whoever owns a granted name could
//! point it at the machine's own services.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr};
use std::sync::Arc;

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::client::conn::http1::{self, SendRequest};
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use thiserror::Error;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName};
use tokio_rustls::rustls::{self, ClientConfig, RootCertStore};

use super::grant::{At, Scheme, Service};
use super::ledger::{End, Failure, Refusal};

/// Bytes read ahead from a host; no answer's head may be larger.
const BUFFER_BYTES: usize = 64 << 10;
/// The most header fields of an answer.
const FIELDS_MAX: usize = 128;
/// The most addresses of a name that are tried.
const TRIES_MAX: usize = 4;

/// A certificate authority that can't be believed.
#[derive(Debug, Error)]
pub enum AuthorityError {
    #[error("the certificates are not PEM: {0}")]
    Pem(#[from] rustls::pki_types::pem::Error),
    #[error("a certificate can't be an authority's: {0}")]
    Certificate(#[from] rustls::Error),
    #[error("there is no certificate in it")]
    None,
}

/// Whose word counts for who a host is.
#[derive(Debug, Clone)]
pub struct Authorities(RootCertStore);

impl Authorities {
    /// The certificate authorities of Mozilla's list, as compiled in.
    #[must_use]
    pub fn public() -> Self {
        Self(webpki_roots::TLS_SERVER_ROOTS.iter().cloned().collect())
    }

    /// The same, and those in `pem`: one or more certificates.
    ///
    /// # Errors
    ///
    /// If there is none in it, or one of them can't be read.
    pub fn and(mut self, pem: &[u8]) -> Result<Self, AuthorityError> {
        let before = self.0.len();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            self.0.add(certificate?)?;
        }
        if self.0.len() == before { Err(AuthorityError::None) } else { Ok(self) }
    }
}

/// How names are looked up outside the fence.
#[derive(Debug, Clone)]
pub(crate) enum Resolver {
    /// As this machine does it.
    System,
    #[cfg(test)]
    Fixed(Vec<IpAddr>),
}

/// Connects to granted hosts.
#[derive(Clone)]
pub(crate) struct Connector {
    tls: TlsConnector,
    resolver: Resolver,
}

/// A connection that a request can be sent on.
pub(crate) type Sender = SendRequest<Full<Bytes>>;

impl Connector {
    pub fn new(authorities: Authorities, resolver: Resolver) -> Result<Self, rustls::Error> {
        // No environment is read: no key log, no roots from files.
        let mut config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()?
            .with_root_certificates(authorities.0)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(Self { tls: TlsConnector::from(Arc::new(config)), resolver })
    }

    pub async fn connect(&self, service: &Service) -> Result<Sender, End> {
        let addresses = self.addresses(service).await?;
        let stream = open(&addresses).await.ok_or(End::Failed(Failure::Unreachable))?;
        match service.scheme {
            Scheme::Http => converse(stream).await,
            Scheme::Https => {
                let name = ServerName::try_from(service.host.as_str().to_owned());
                let name = name.map_err(|_| End::Failed(Failure::Tls))?;
                let stream = self.tls.connect(name, stream).await.map_err(|_| End::Failed(Failure::Tls))?;
                converse(stream).await
            }
        }
    }

    async fn addresses(&self, service: &Service) -> Result<Vec<SocketAddr>, End> {
        let At::Name = service.at else {
            let At::Address(address) = service.at else { return Ok(Vec::new()) };
            return Ok(vec![address]);
        };
        let found: Vec<SocketAddr> = match &self.resolver {
            Resolver::System => {
                let looked_up = tokio::net::lookup_host((service.host.as_str(), service.port)).await;
                looked_up.map_err(|_| End::Failed(Failure::Unresolved))?.collect()
            }
            #[cfg(test)]
            Resolver::Fixed(found) => found.iter().map(|address| (*address, service.port).into()).collect(),
        };
        if found.is_empty() {
            return Err(End::Failed(Failure::Unresolved));
        }
        // One private address among public ones is the mark of rebinding: the whole answer is refused.
        if !found.iter().all(|address| public(address.ip())) {
            return Err(End::Refused(Refusal::PrivateAddress));
        }
        Ok(found)
    }
}

async fn open(addresses: &[SocketAddr]) -> Option<TcpStream> {
    for address in addresses.iter().take(TRIES_MAX) {
        let Ok(stream) = TcpStream::connect(address).await else { continue };
        // A closed connection must not go on sending what the kernel still held: stopping means now.
        if stream.set_zero_linger().is_ok() && stream.set_nodelay(true).is_ok() {
            return Some(stream);
        }
    }
    None
}

async fn converse<S>(stream: S) -> Result<Sender, End>
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin + Send + 'static,
{
    let (sender, connection) = http1::Builder::new()
        .max_buf_size(BUFFER_BYTES)
        .max_headers(FIELDS_MAX)
        .handshake(TokioIo::new(stream))
        .await
        .map_err(|_| End::Failed(Failure::Unreachable))?;
    // It ends with its sender and the answer; errors reach whoever waits for the answer.
    tokio::spawn(connection);
    Ok(sender)
}

/// Sends a request on the connection that was kept, or on a new one if that has ended in the meantime. A request that a
/// host may have seen is never sent twice.
pub(crate) async fn send(
    connector: &Connector,
    service: &Service,
    kept: &mut Option<Sender>,
    request: Request<Full<Bytes>>,
) -> Result<Response<Incoming>, End> {
    let mut request = request;
    if let Some(mut sender) = kept.take()
        && sender.ready().await.is_ok()
    {
        match sender.try_send_request(request).await {
            Ok(answer) => {
                *kept = Some(sender);
                return Ok(answer);
            }
            Err(mut error) => request = error.take_message().ok_or(End::Failed(Failure::Answer))?,
        }
    }
    let mut sender = connector.connect(service).await?;
    let answer = sender.send_request(request).await.map_err(|_| End::Failed(Failure::Answer))?;
    *kept = Some(sender);
    Ok(answer)
}

/// Whether an address is one of the public internet (IANA's special-purpose registries, RFC 6890).
fn public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(address) => public_v4(address),
        IpAddr::V6(address) => public_v6(address),
    }
}

fn public_v4(address: Ipv4Addr) -> bool {
    let [a, b, c, _] = address.octets();
    !matches!(
        (a, b, c),
        (0 | 10 | 127 | 224..=255, _, _)
            | (100, 64..=127, _)
            | (169, 254, _)
            | (172, 16..=31, _)
            | (192, 0, 0 | 2)
            | (192, 88, 99)
            | (192, 168, _)
            | (198, 18 | 19, _)
            | (198, 51, 100)
            | (203, 0, 113)
    )
}

/// Only what is handed out as global unicast, without documentation and without the ranges that carry an IPv4 address
/// inside (Teredo, 6to4), which could be a private one. Mapped, NAT64 and local addresses lie outside 2000::/3.
fn public_v6(address: Ipv6Addr) -> bool {
    match address.segments() {
        [0x2001, 0..=0x1ff | 0xdb8, ..] | [0x2002, ..] | [0x3fff, 0..=0xfff, ..] => false,
        [first, ..] => first & 0xe000 == 0x2000,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn public_addresses_are_told_from_others() {
        for yes in ["1.1.1.1", "93.184.215.14", "172.15.0.1", "172.32.0.1", "100.63.0.1", "2606:4700::1111", "2a00::1"]
        {
            assert!(public(yes.parse().unwrap()), "{yes}");
        }
        for no in [
            "0.0.0.0",
            "10.0.0.1",
            "100.64.0.1",
            "127.0.0.1",
            "127.255.0.1",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.8",
            "192.168.1.1",
            "192.88.99.1",
            "198.18.0.1",
            "224.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::",
            "100::1",
            "5f00::1",
            "3fff::1",
        ] {
            assert!(!public(no.parse().unwrap()), "{no}");
        }
    }

    #[test]
    fn authorities_are_certificates() {
        assert!(Authorities::public().0.len() > 100);
        assert!(matches!(Authorities::public().and(b""), Err(AuthorityError::None)));
        let nonsense = b"-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n";
        assert!(matches!(Authorities::public().and(nonsense), Err(AuthorityError::Certificate(_))));
        let broken = b"-----BEGIN CERTIFICATE-----\nAAAA\n";
        assert!(matches!(Authorities::public().and(broken), Err(AuthorityError::Pem(_))));
    }
}
