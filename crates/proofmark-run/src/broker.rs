//! Egress: the only way out of a fence.
//!
//! An artifact runs in a network namespace with nothing but a loopback of its own. [`Broker`] serves sockets that
//! listen in there: names of granted hosts lead to loopback addresses, and what the artifact asks of one in plain
//! HTTP/1.1 is held against the grant, given the owner's credential, sent to the real host over TLS and recorded. The
//! artifact never sees a credential, never chooses an address, and none of its own bytes is passed on as framing.
//! `spec/egress.md` says it all.
//!
//! The broker runs outside the fence. It must never follow a redirect, open a tunnel, or send what it did not decide
//! on.

mod answer;
pub mod credential;
mod decide;
pub mod forward;
pub mod grant;
mod headers;
pub mod ledger;
mod mask;
pub mod names;
mod serve;

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, SocketAddrV4, TcpListener, UdpSocket};
use std::sync::Arc;
use std::thread::JoinHandle;

use thiserror::Error;
use tokio::runtime::Runtime;
use tokio::sync::{Semaphore, watch};

use credential::Credentials;
use forward::{Authorities, Connector, Resolver};
use grant::{Grants, Host};
use ledger::{Ledger, Record};
use names::Names;
use serve::{Door, Shared};

/// Where questions for names are answered inside the fence.
pub const NAMES_AT: SocketAddrV4 = SocketAddrV4::new(Ipv4Addr::LOCALHOST, 53);

/// What `/etc/resolv.conf` must hold inside the fence.
pub const RESOLV_CONF: &str = "nameserver 127.0.0.1\noptions attempts:1\n";

/// What one run may use at most. All are counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Requests, refused ones included.
    pub requests: u64,
    /// Bytes of one request's body.
    pub request_bytes: u64,
    /// Bytes of one answer's body.
    pub answer_bytes: u64,
    /// Bytes of all bodies in both directions.
    pub run_bytes: u64,
    /// Bytes of the head of one request, and of one answer. More than 64 KiB is 64 KiB.
    pub header_bytes: u64,
    /// Connections of the artifact at once; further ones wait.
    pub connections: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            requests: 1000,
            request_bytes: 8 << 20,
            answer_bytes: 64 << 20,
            run_bytes: 256 << 20,
            header_bytes: 32 << 10,
            connections: 16,
        }
    }
}

/// The listening sockets of one fence, made inside it.
#[derive(Debug)]
pub struct Sockets {
    /// Bound to [`NAMES_AT`].
    pub names: UdpSocket,
    /// Bound to each of [`Broker::listens_at`] and listening, in any order.
    pub doors: Vec<TcpListener>,
}

/// The broker can't serve.
#[derive(Debug, Error)]
pub enum BrokerError {
    #[error("no socket listens at `{0}` inside the fence")]
    Missing(SocketAddrV4),
    #[error("{0} sockets listen inside the fence that stand for no granted host")]
    Surplus(usize),
    #[error("TLS can't be set up: {0}")]
    Tls(#[from] tokio_rustls::rustls::Error),
    #[error("the broker can't be started: {0}")]
    Start(#[from] io::Error),
}

/// What one run may ask of the world, with which credentials, and what it asked.
#[derive(Clone)]
pub struct Broker {
    grants: Grants,
    credentials: Credentials,
    limits: Limits,
    connector: Connector,
    ledger: Ledger,
}

impl fmt::Debug for Broker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Broker").field("grants", &self.grants).field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Broker {
    /// `credentials` for hosts that are not granted are never used.
    ///
    /// # Errors
    ///
    /// If TLS can't be set up.
    pub fn new(
        grants: Grants,
        credentials: Credentials,
        limits: Limits,
        authorities: Authorities,
    ) -> Result<Self, BrokerError> {
        let connector = Connector::new(authorities, Resolver::System)?;
        Ok(Self { grants, credentials, limits, connector, ledger: Ledger::default() })
    }

    /// Where TCP sockets must listen inside the fence.
    #[must_use]
    pub fn listens_at(&self) -> Vec<SocketAddrV4> {
        self.grants.listeners().into_iter().map(|(address, _)| address).collect()
    }

    /// What `/etc/hosts` may hold inside the fence, for programs that ask no name server.
    #[must_use]
    pub fn hosts_file(&self) -> String {
        let mut hosts = self.grants.hosts();
        if !hosts.iter().any(|(host, _)| host.as_str() == "localhost") {
            hosts.extend(Host::read("localhost").map(|host| (host, Ipv4Addr::LOCALHOST)));
        }
        hosts.into_iter().map(|(host, address)| format!("{address} {host}\n")).collect()
    }

    /// What the run asked so far, and what became of it.
    #[must_use]
    pub fn record(&self) -> Record {
        self.ledger.record()
    }

    /// Serves the sockets from a thread of its own until it is stopped.
    ///
    /// # Errors
    ///
    /// If the sockets are not exactly those that are wanted, or the system gives no thread.
    pub fn serve(self, sockets: Sockets) -> Result<Serving, BrokerError> {
        let ledger = self.ledger;
        let shared = Arc::new(Shared {
            limits: self.limits,
            ledger: ledger.clone(),
            connector: self.connector,
            connections: Arc::new(Semaphore::new(self.limits.connections.min(Semaphore::MAX_PERMITS))),
        });
        let doors = doors(&self.grants, &self.credentials, sockets.doors, &shared)?;
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let inside = runtime.enter();
        sockets.names.set_nonblocking(true)?;
        let socket = tokio::net::UdpSocket::from_std(sockets.names)?;
        runtime.spawn(serve::names(socket, Names::new(&self.grants), ledger.clone()));
        for (listener, door) in doors {
            listener.set_nonblocking(true)?;
            runtime.spawn(serve::listen(tokio::net::TcpListener::from_std(listener)?, Arc::new(door)));
        }
        drop(inside);
        let (stop, stopped) = watch::channel(());
        let stopper = Stopper { stop: Arc::new(stop), ledger: ledger.clone() };
        let thread = std::thread::Builder::new().name("broker".to_owned()).spawn(move || until(runtime, stopped))?;
        Ok(Serving { stopper, thread: Some(thread), ledger })
    }
}

/// Every door with its socket.
fn doors(
    grants: &Grants,
    credentials: &Credentials,
    mut sockets: Vec<TcpListener>,
    shared: &Arc<Shared>,
) -> Result<Vec<(TcpListener, Door)>, BrokerError> {
    let mut doors = Vec::new();
    for (address, service) in grants.listeners() {
        let at = sockets.iter().position(|socket| serve::stands_at(socket, address));
        let socket = sockets.swap_remove(at.ok_or(BrokerError::Missing(address))?);
        let credential = credentials.of(&service.host).cloned();
        doors.push((socket, Door { service, credential, shared: Arc::clone(shared) }));
    }
    if sockets.is_empty() { Ok(doors) } else { Err(BrokerError::Surplus(sockets.len())) }
}

/// Runs everything that was spawned until the word to stop, then drops it all: sockets, connections, requests under
/// way.
fn until(runtime: Runtime, mut stopped: watch::Receiver<()>) {
    // An error means that nobody is left who could say stop.
    let _ = runtime.block_on(stopped.changed());
    // A look-up of a name may still hang in its own thread; nobody waits for it.
    runtime.shutdown_background();
}

/// Stops a broker from anywhere.
#[derive(Debug, Clone)]
pub struct Stopper {
    stop: Arc<watch::Sender<()>>,
    ledger: Ledger,
}

impl Stopper {
    /// Ends every connection on both sides. Bytes that the kernel still held for a host are thrown away. May be called
    /// again.
    pub fn stop(&self) {
        self.ledger.stop();
        self.stop.send_replace(());
    }
}

/// A broker at work. Dropping it stops it.
#[derive(Debug)]
pub struct Serving {
    stopper: Stopper,
    thread: Option<JoinHandle<()>>,
    ledger: Ledger,
}

impl Serving {
    /// A handle for whoever obeys a freeze.
    #[must_use]
    pub fn stopper(&self) -> Stopper {
        self.stopper.clone()
    }

    /// What happened so far.
    #[must_use]
    pub fn so_far(&self) -> Record {
        self.ledger.record()
    }

    /// Stops and says what happened. Everything is closed when this returns.
    #[must_use]
    pub fn finish(mut self) -> Record {
        self.end();
        self.ledger.record()
    }

    fn end(&mut self) {
        self.stopper.stop();
        if let Some(thread) = self.thread.take() {
            // It has no result to lose, not even by a panic.
            let _ = thread.join();
        }
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        self.end();
    }
}

#[cfg(test)]
mod tests;
