//! A real web server of the tests' own, plain or with TLS, that remembers what it was sent and when its peer went away.

use std::io::{Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, SystemTime};

use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;
use tokio_rustls::rustls::{ServerConfig, ServerConnection, StreamOwned};

/// Its threads end with the test's process.
pub struct Server {
    pub address: SocketAddr,
    log: Arc<Mutex<Log>>,
}

#[derive(Default)]
struct Log {
    connections: usize,
    heads: Vec<String>,
    /// When the slow download could be written no more.
    gone: Option<SystemTime>,
}

/// A certificate authority, a server's certificate by it, and the authority's PEM.
pub fn identity(name: &str) -> (ServerConfig, String) {
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (config, pem)
}

impl Server {
    pub fn start(tls: Option<ServerConfig>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let log: Arc<Mutex<Log>> = Arc::default();
        let (remembered, tls) = (Arc::clone(&log), tls.map(Arc::new));
        std::thread::spawn(move || {
            for stream in listener.incoming() {
                let (log, tls) = (Arc::clone(&remembered), tls.clone());
                log.lock().unwrap().connections += 1;
                std::thread::spawn(move || {
                    let stream = stream.unwrap();
                    match tls {
                        None => serve(stream, &log),
                        Some(tls) => serve(StreamOwned::new(ServerConnection::new(tls).unwrap(), stream), &log),
                    }
                });
            }
        });
        Self { address, log }
    }

    /// Heads of the requests so far.
    pub fn heads(&self) -> Vec<String> {
        self.log.lock().unwrap().heads.clone()
    }

    pub fn connections(&self) -> usize {
        self.log.lock().unwrap().connections
    }

    pub fn gone(&self) -> Option<SystemTime> {
        self.log.lock().unwrap().gone
    }
}

/// One request, answered by what its path says; then the connection ends.
fn serve(mut stream: impl ReadWrite, log: &Mutex<Log>) {
    let (mut head, mut byte) = (Vec::new(), [0]);
    while !head.ends_with(b"\r\n\r\n") {
        match stream.read(&mut byte) {
            Ok(1) => head.push(byte[0]),
            _ => return,
        }
    }
    let head = String::from_utf8(head).unwrap();
    log.lock().unwrap().heads.push(head.clone());
    let target = head.split(' ').nth(1).unwrap().to_owned();
    if target.starts_with("/v1/slow") {
        let mut more = stream.write_all(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n");
        while more.is_ok() {
            std::thread::sleep(Duration::from_millis(2));
            more = stream.write_all(b"4\r\ndrip\r\n").and_then(|()| stream.flush());
        }
        log.lock().unwrap().gone = Some(SystemTime::now());
        return;
    }
    // The head comes back, credential and all.
    let answer = format!("HTTP/1.1 200 OK\r\nconnection: close\r\ncontent-length: {}\r\n\r\n{head}", head.len());
    let _ = stream.write_all(answer.as_bytes()).and_then(|()| stream.flush());
}

trait ReadWrite: Read + Write {}

impl ReadWrite for TcpStream {}

impl ReadWrite for StreamOwned<ServerConnection, TcpStream> {}
