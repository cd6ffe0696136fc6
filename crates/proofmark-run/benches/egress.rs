//! The broker of egress against a direct connection to the same server: requests per second, and bytes per second of
//! one large answer. Both sides take turns in one run; the median ratio is the figure. Then the time that a stop takes.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a bench"
)]

use std::convert::Infallible;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::sync::Arc;
use std::time::{Duration, Instant};

use http_body_util::Full;
use hyper::body::{Bytes, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use proofmark_run::broker::credential::Credentials;
use proofmark_run::broker::forward::Authorities;
use proofmark_run::broker::grant::{At, Grant, Grants, Scheme};
use proofmark_run::broker::{Broker, Limits, Serving, Sockets};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::pem::PemObject;
use tokio_rustls::rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use tokio_rustls::rustls::{ClientConfig, ClientConnection, RootCertStore, ServerConfig, StreamOwned};

const HOST: &str = "api.example.com";
const ROUNDS: usize = 9;
/// How often a broker is stopped.
const STOPS: usize = 101;
const SMALL_EACH: usize = 1000;
const LARGE_BYTES: usize = 64 << 20;

fn main() {
    for scheme in [Scheme::Http, Scheme::Https] {
        for credential in [None, Some("Bearer a-credential-of-the-bench")] {
            compare(scheme, credential);
        }
    }
    stops();
}

/// From the word to stop, while a large answer is under way, to the end of the artifact's connection and of the thread.
fn stops() {
    let server = serve(None);
    let mut took: Vec<Duration> = (0..STOPS)
        .map(|_| {
            let (door, serving) = broker(server, Scheme::Http, None, &identity().0);
            let mut stream = connect(door);
            let request = format!("GET /v1/large HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
            stream.write_all(request.as_bytes()).unwrap();
            stream.read_exact(&mut vec![0; 1 << 20]).unwrap();
            let start = Instant::now();
            drop(serving.finish());
            start.elapsed()
        })
        .collect();
    took.sort();
    println!("stop               median {:?}, longest of {STOPS} {:?}", took[STOPS / 2], took[STOPS - 1]);
}

fn compare(scheme: Scheme, credential: Option<&str>) {
    let (certificate, acceptor) = identity();
    let server = serve(Some(acceptor).filter(|_| scheme == Scheme::Https));
    let (door, serving) = broker(server, scheme, credential, &certificate);
    let direct: Box<dyn Stream> = match scheme {
        Scheme::Http => Box::new(connect(server)),
        Scheme::Https => Box::new(tls(server, &certificate)),
    };
    let mut direct = BufReader::new(direct);
    let mut through: BufReader<Box<dyn Stream>> = BufReader::new(Box::new(connect(door)));
    let what = format!("{scheme:?}{}", if credential.is_some() { ", credential" } else { "" });
    for (name, path, times) in [("requests", "/v1/small", SMALL_EACH), ("bytes", "/v1/large", 1)] {
        let mut rounds: Vec<(f64, f64)> = (0..ROUNDS)
            .map(|_| (rate(&mut direct, server, path, times), rate(&mut through, door, path, times)))
            .collect();
        rounds.sort_by(|one, other| (one.1 / one.0).total_cmp(&(other.1 / other.0)));
        let (direct, through) = rounds[ROUNDS / 2];
        let ratio = through / direct;
        match name {
            "requests" => println!("{what:<18} {direct:>8.0} requests/s, broker {through:>8.0}: ratio {ratio:.2}"),
            _ => println!(
                "{what:<18} {:>8.0} MB/s,       broker {:>8.0}: ratio {ratio:.2}",
                direct * LARGE_BYTES as f64 / 1e6,
                through * LARGE_BYTES as f64 / 1e6
            ),
        }
    }
    drop(serving.finish());
}

trait Stream: Read + Write {}
impl<S: Read + Write> Stream for S {}

/// Answers per second.
fn rate(stream: &mut BufReader<Box<dyn Stream>>, at: SocketAddr, path: &str, times: usize) -> f64 {
    let request = format!("GET {path} HTTP/1.1\r\nhost: {HOST}:{}\r\n\r\n", at.port());
    let mut line = String::new();
    let mut body = vec![0; 256 << 10];
    let start = Instant::now();
    for _ in 0..times {
        stream.get_mut().write_all(request.as_bytes()).unwrap();
        let mut length = None;
        loop {
            line.clear();
            stream.read_line(&mut line).unwrap();
            if let Some(value) = line.strip_prefix("content-length: ") {
                length = value.trim().parse::<usize>().ok();
            }
            if line == "\r\n" {
                break;
            }
        }
        let mut left = length.unwrap();
        while left > 0 {
            let most = left.min(body.len());
            let read = stream.read(&mut body[..most]).unwrap();
            assert!(read > 0, "the answer broke off");
            left -= read;
        }
    }
    times as f64 / start.elapsed().as_secs_f64()
}

fn connect(at: SocketAddr) -> TcpStream {
    let stream = TcpStream::connect(at).unwrap();
    stream.set_nodelay(true).unwrap();
    stream
}

fn tls(at: SocketAddr, certificate: &str) -> StreamOwned<ClientConnection, TcpStream> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(certificate.as_bytes()).unwrap()).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let client = ClientConnection::new(Arc::new(config), ServerName::try_from(HOST).unwrap()).unwrap();
    StreamOwned::new(client, connect(at))
}

fn broker(server: SocketAddr, scheme: Scheme, credential: Option<&str>, certificate: &str) -> (SocketAddr, Serving) {
    let door = TcpListener::bind("127.0.0.2:0").unwrap();
    let at = door.local_addr().unwrap();
    let grant = Grant::new(HOST, at.port(), scheme, At::Address(server), &["GET"], &["/v1/*"]).unwrap();
    let mut credentials = Credentials::none();
    if let Some(value) = credential {
        credentials.add(HOST, "bench", "authorization", value).unwrap();
    }
    let limits = Limits { requests: 1 << 20, answer_bytes: 1 << 40, run_bytes: 1 << 40, ..Limits::default() };
    let authorities = Authorities::public().and(certificate.as_bytes()).unwrap();
    let broker = Broker::new(Grants::new([grant]).unwrap(), credentials, limits, authorities).unwrap();
    let names = UdpSocket::bind("127.0.0.1:0").unwrap();
    (at, broker.serve(Sockets { names, doors: vec![door] }).unwrap())
}

/// An authority's certificate, and a server that it vouches for.
fn identity() -> (String, TlsAcceptor) {
    let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
    authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
    let authority_key = rcgen::KeyPair::generate().unwrap();
    let pem = authority.self_signed(&authority_key).unwrap().pem();
    let issuer = rcgen::Issuer::new(authority, authority_key);
    let key = rcgen::KeyPair::generate().unwrap();
    let certificate = rcgen::CertificateParams::new(vec![HOST.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
    let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_no_client_auth()
        .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
        .unwrap();
    (pem, TlsAcceptor::from(Arc::new(config)))
}

/// A server in a thread of its own, which ends with the process.
fn serve(tls: Option<TlsAcceptor>) -> SocketAddr {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let address = listener.local_addr().unwrap();
    listener.set_nonblocking(true).unwrap();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async move {
            let listener = tokio::net::TcpListener::from_std(listener).unwrap();
            let large = Bytes::from(vec![b'x'; LARGE_BYTES]);
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                stream.set_nodelay(true).unwrap();
                let (tls, large) = (tls.clone(), large.clone());
                tokio::spawn(async move {
                    match tls {
                        None => converse(stream, large).await,
                        Some(tls) => converse(tls.accept(stream).await.unwrap(), large).await,
                    }
                });
            }
        });
    });
    address
}

async fn converse<S>(stream: S, large: Bytes)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let answer = |request: Request<Incoming>| {
        let body = if request.uri().path() == "/v1/large" { large.clone() } else { Bytes::from_static(&[b'x'; 100]) };
        async move { Ok::<_, Infallible>(Response::new(Full::new(body))) }
    };
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}
