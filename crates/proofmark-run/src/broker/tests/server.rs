//! A real server of the tests' own, plain or with TLS, that does what a path says and remembers what it was asked.

use std::convert::Infallible;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::task::{Context, Poll};

use http_body_util::BodyExt;
use http_body_util::combinators::BoxBody;
use hyper::body::{Body, Bytes, Frame, Incoming};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::rustls::ServerConfig;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::PrivateKeyDer;

/// It ends with the test: its runtime is dropped.
pub struct Server {
    pub address: SocketAddr,
    seen: Arc<Mutex<Vec<String>>>,
    _runtime: tokio::runtime::Runtime,
}

impl Server {
    pub fn plain() -> Self {
        Self::start(None)
    }

    /// With TLS as `name`, and the PEM of the authority that says so.
    pub fn tls(name: &str) -> (Self, String) {
        let authority_key = rcgen::KeyPair::generate().unwrap();
        let mut authority = rcgen::CertificateParams::new(Vec::new()).unwrap();
        authority.is_ca = rcgen::IsCa::Ca(rcgen::BasicConstraints::Unconstrained);
        let pem = authority.self_signed(&authority_key).unwrap().pem();
        let issuer = rcgen::Issuer::new(authority, authority_key);
        let key = rcgen::KeyPair::generate().unwrap();
        let certificate =
            rcgen::CertificateParams::new(vec![name.to_owned()]).unwrap().signed_by(&key, &issuer).unwrap();
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![certificate.der().clone()], PrivateKeyDer::Pkcs8(key.serialize_der().into()))
            .unwrap();
        (Self::start(Some(TlsAcceptor::from(Arc::new(config)))), pem)
    }

    fn start(tls: Option<TlsAcceptor>) -> Self {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        let listener = runtime.block_on(tokio::net::TcpListener::bind("127.0.0.1:0")).unwrap();
        let address = listener.local_addr().unwrap();
        let seen: Arc<Mutex<Vec<String>>> = Arc::default();
        let remembered = Arc::clone(&seen);
        runtime.spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let (tls, seen) = (tls.clone(), Arc::clone(&remembered));
                tokio::spawn(async move {
                    match tls {
                        None => serve(stream, seen).await,
                        Some(tls) => match tls.accept(stream).await {
                            Ok(stream) => serve(stream, seen).await,
                            Err(_) => seen.lock().unwrap().push("no handshake".to_owned()),
                        },
                    }
                });
            }
        });
        Self { address, seen, _runtime: runtime }
    }

    /// Requests so far: method, target, bytes of the body.
    pub fn seen(&self) -> Vec<String> {
        self.seen.lock().unwrap().clone()
    }
}

async fn serve<S>(stream: S, seen: Arc<Mutex<Vec<String>>>)
where
    S: tokio::io::AsyncRead + tokio::io::AsyncWrite + Unpin,
{
    let answer = |request| {
        let seen = Arc::clone(&seen);
        async move { Ok::<_, Infallible>(answer(request, &seen).await) }
    };
    let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer)).await;
}

type Answer = Response<BoxBody<Bytes, Infallible>>;

async fn answer(request: Request<Incoming>, seen: &Mutex<Vec<String>>) -> Answer {
    let (head, body) = request.into_parts();
    let body = body.collect().await.map(|whole| whole.to_bytes()).unwrap_or_default();
    seen.lock().unwrap().push(format!("{} {} {}", head.method, head.uri, body.len()));
    let given = |name: &str| head.headers.get(name).map_or("", |value| value.to_str().unwrap()).to_owned();
    let number = head.uri.query().and_then(|query| query.parse::<usize>().ok()).unwrap_or(0);
    let with = |headers: &[(&str, &str)], text: &str| {
        let mut answer = Response::builder();
        for (name, value) in headers {
            answer = answer.header(*name, *value);
        }
        answer.body(http_body_util::Full::new(Bytes::from(text.to_owned())).boxed()).unwrap()
    };
    let secret = given("authorization").replace("Bearer ", "");
    match head.uri.path() {
        "/v1/echo" => {
            let mut text = format!("{} {}\n", head.method, head.uri);
            for (name, value) in &head.headers {
                text += &format!("{name}: {}\n", value.to_str().unwrap());
            }
            text += std::str::from_utf8(&body).unwrap();
            let credential = given("authorization") + &given("x-key");
            with(&[("x-echo", &credential), ("x-other", "stays"), ("connection", "x-hop"), ("x-hop", "1")], &text)
        }
        "/v1/credential" => Response::new(Repeat::once(vec![given("authorization"), given("x-key")])),
        "/v1/split" => {
            let (first, second) = secret.split_at(secret.len() / 2);
            Response::new(Repeat::once(vec!["<".to_owned() + first, second.to_owned() + ">", first.to_owned()]))
        }
        "/v1/name" => with(&[(&secret.to_ascii_lowercase(), "1"), ("x-other", "stays")], ""),
        "/v1/cookie" => with(&[("set-cookie", "session=1"), ("alt-svc", "h3=\":443\"")], "cookie"),
        "/v1/gzip" => with(&[("content-encoding", "gzip")], "not really"),
        "/v1/redirect" => {
            let mut answer = with(&[("location", "http://127.0.0.1:1/elsewhere")], "moved");
            *answer.status_mut() = hyper::StatusCode::FOUND;
            answer
        }
        "/v1/sized" => with(&[], &"s".repeat(number)),
        "/v1/chunked" => Response::new(Repeat::once(vec!["c".repeat(1000); number / 1000])),
        "/v1/endless" => Response::new(Repeat::endless("e".repeat(1000))),
        "/v1/trickle" => Response::new(Repeat { chunks: vec!["first".to_owned()], after: After::Silence }.boxed()),
        "/v1/silent" => {
            let _gone = Gone(seen);
            std::future::pending().await
        }
        "/v1/head" => {
            let mut answer = with(&[], "");
            answer.headers_mut().insert("x-long", "h".repeat(number).parse().unwrap());
            answer
        }
        _ => with(&[], "here"),
    }
}

/// Remembers that nobody waits for an answer any more.
struct Gone<'seen>(&'seen Mutex<Vec<String>>);

impl Drop for Gone<'_> {
    fn drop(&mut self) {
        self.0.lock().unwrap().push("gone".to_owned());
    }
}

/// A body in chunks, each a frame of its own.
struct Repeat {
    chunks: Vec<String>,
    after: After,
}

enum After {
    End,
    Again,
    Silence,
}

impl Repeat {
    fn once(mut chunks: Vec<String>) -> BoxBody<Bytes, Infallible> {
        chunks.reverse();
        Self { chunks, after: After::End }.boxed()
    }

    fn endless(chunk: String) -> BoxBody<Bytes, Infallible> {
        Self { chunks: vec![chunk], after: After::Again }.boxed()
    }
}

impl Body for Repeat {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let this = self.get_mut();
        let chunk = match (&this.after, this.chunks.last()) {
            (After::Again, Some(chunk)) => Some(chunk.clone()),
            (After::Silence, None) => return Poll::Pending,
            _ => this.chunks.pop(),
        };
        Poll::Ready(chunk.map(|chunk| Ok(Frame::data(chunk.into()))))
    }
}
