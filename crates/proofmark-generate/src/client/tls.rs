//! TLS to an endpoint, with the same rustls as everything else here, as a link in the HTTP library's chain of connectors.
//!
//! The library's own link would switch on rustls' logging for the whole program. This one also tells whoever waits that
//! the connection stands, which is when a request can first have been sent.

use std::fmt;
use std::io::{Read, Write};
use std::sync::Arc;
use std::sync::mpsc::SyncSender;

use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, ClientConnection, RootCertStore, StreamOwned};
use thiserror::Error;
use ureq::unversioned::transport::{
    Buffers, ConnectionDetails, Connector, Either, LazyBuffers, NextTimeout, Transport, TransportAdapter,
};

use super::exchange::Event;

/// The certificate authorities by which an endpoint is known.
#[derive(Debug, Clone)]
pub struct Authorities(RootCertStore);

/// The text holds no certificates that can be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("not certificates in PEM that TLS can use")]
pub struct AuthorityError;

impl Authorities {
    /// Mozilla's, as they were when this program was built.
    #[must_use]
    pub fn mozilla() -> Self {
        Self(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
    }

    /// Those in a PEM text, and no others.
    ///
    /// # Errors
    /// [`AuthorityError`] if there is none, or one of them can't be used.
    pub fn only(pem: &[u8]) -> Result<Self, AuthorityError> {
        let mut store = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            store.add(certificate.map_err(|_| AuthorityError)?).map_err(|_| AuthorityError)?;
        }
        if store.is_empty() { Err(AuthorityError) } else { Ok(Self(store)) }
    }

    pub(super) fn config(self) -> Result<Arc<ClientConfig>, rustls::Error> {
        let provider = Arc::new(rustls::crypto::ring::default_provider());
        let config = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions()?;
        Ok(Arc::new(config.with_root_certificates(self.0).with_no_client_auth()))
    }
}

/// The last link of the chain: TLS where the address says `https`.
pub(super) struct Secure {
    pub(super) config: Arc<ClientConfig>,
    pub(super) events: SyncSender<Event>,
}

impl<In: Transport> Connector<In> for Secure {
    type Out = Either<In, Secured>;

    fn connect(&self, details: &ConnectionDetails<'_>, chained: Option<In>) -> Result<Option<Self::Out>, ureq::Error> {
        let Some(transport) = chained else { return Ok(None) };
        let out = if details.needs_tls() {
            Either::B(secured(Arc::clone(&self.config), details, transport)?)
        } else {
            Either::A(transport)
        };
        // Nobody listens any more if the request was stopped; the next read will tell.
        let _ = self.events.send(Event::Connected);
        Ok(Some(out))
    }
}

fn secured<In: Transport>(
    config: Arc<ClientConfig>,
    details: &ConnectionDetails<'_>,
    transport: In,
) -> Result<Secured, ureq::Error> {
    let host = details.uri.host().unwrap_or_default().trim_start_matches('[').trim_end_matches(']');
    let untrusted = |error: rustls::Error| ureq::Error::Other(Box::new(error));
    let name = ServerName::try_from(host.to_owned()).map_err(|_| ureq::Error::Tls("not a name that TLS can check"))?;
    let mut conn = ClientConnection::new(config, name).map_err(untrusted)?;
    let mut sock = TransportAdapter::new(transport.boxed(), Arc::clone(&details.current_time));
    sock.set_timeout(details.timeout);
    if let Err(error) = conn.complete_io(&mut sock) {
        return Err(match error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>()) {
            Some(inner) => untrusted(inner.clone()),
            None => ureq::Error::from(error),
        });
    }
    let buffers = LazyBuffers::new(details.config.input_buffer_size(), details.config.output_buffer_size());
    Ok(Secured { buffers, stream: StreamOwned { conn, sock } })
}

/// A connection inside TLS.
pub(super) struct Secured {
    buffers: LazyBuffers,
    stream: StreamOwned<ClientConnection, TransportAdapter>,
}

impl Transport for Secured {
    fn buffers(&mut self) -> &mut dyn Buffers {
        &mut self.buffers
    }

    fn transmit_output(&mut self, amount: usize, timeout: NextTimeout) -> Result<(), ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        self.stream.write_all(self.buffers.output().get(..amount).unwrap_or_default())?;
        Ok(())
    }

    fn await_input(&mut self, timeout: NextTimeout) -> Result<bool, ureq::Error> {
        self.stream.get_mut().set_timeout(timeout);
        let read = self.stream.read(self.buffers.input_append_buf())?;
        self.buffers.input_appended(read);
        Ok(read > 0)
    }

    fn is_open(&mut self) -> bool {
        self.stream.get_mut().get_mut().is_open()
    }

    fn is_tls(&self) -> bool {
        true
    }
}

impl fmt::Debug for Secure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secure")
    }
}

impl fmt::Debug for Secured {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secured")
    }
}
