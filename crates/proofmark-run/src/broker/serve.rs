//! The loop behind the sockets: accepts, decides, forwards, and notes what happened.

use std::convert::Infallible;
use std::net::{SocketAddr, SocketAddrV4};
use std::sync::Arc;
use std::time::Duration;

use http_body_util::{BodyExt, Full};
use hyper::body::{Body, Bytes, Incoming};
use hyper::header::{self, HeaderValue};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use proofmark_mark::digest::Digest;
use tokio::net::{TcpListener, TcpStream, UdpSocket};
use tokio::sync::{Mutex, Semaphore};

use super::Limits;
use super::answer::{Answer, Stream};
use super::credential::Credential;
use super::decide::{Allowed, announces_too_much, decide};
use super::forward::{Connector, Sender, send};
use super::grant::Service;
use super::headers;
use super::ledger::{End, Failure, Ledger, Named, Refusal, Slot, Waiting, opened};
use super::mask::Mask;
use super::names::{Code, Names, QUESTION_BYTES_MAX};

/// Bytes read ahead from the artifact; no head may be larger.
pub(super) const BUFFER_BYTES: usize = 64 << 10;
/// The most header fields of a request.
const FIELDS_MAX: usize = 128;
/// How much of a refused request is still read, so that the artifact reads the refusal before the connection ends.
const DRAIN_BYTES: u64 = 256 << 10;
/// The pause after a connection could not be accepted, which happens when this process has no descriptors left.
const ACCEPT_PAUSE: Duration = Duration::from_millis(10);

/// What every connection needs.
pub(super) struct Shared {
    pub limits: Limits,
    pub ledger: Ledger,
    pub connector: Connector,
    pub connections: Arc<Semaphore>,
}

/// One listening socket: which host and port it stands for.
pub(super) struct Door {
    pub service: Service,
    pub credential: Option<Credential>,
    pub shared: Arc<Shared>,
}

/// Answers questions for names until it is dropped.
pub(super) async fn names(socket: UdpSocket, names: Names, ledger: Ledger) {
    // One byte more than is read, so that a longer message is seen to be longer.
    let mut buffer = [0; QUESTION_BYTES_MAX + 1];
    loop {
        let (length, from) = match socket.recv_from(&mut buffer).await {
            Ok(received) => received,
            Err(_) => {
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let answer = buffer.get(..length).and_then(|message| names.answer(message));
        let known = matches!(answer, Some((_, Code::Known)));
        ledger.name(if known { Named::Answered } else { Named::Refused });
        if let Some((answer, _)) = answer {
            // Whether it arrives is the artifact's business.
            let _ = socket.send_to(&answer, from).await;
        }
    }
}

/// Accepts connections until it is dropped; as many at once as the limits say, the others wait.
pub(super) async fn listen(listener: TcpListener, door: Arc<Door>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            tokio::time::sleep(ACCEPT_PAUSE).await;
            continue;
        };
        let Ok(permit) = Arc::clone(&door.shared.connections).acquire_owned().await else { return };
        let door = Arc::clone(&door);
        tokio::spawn(async move {
            converse(stream, door).await;
            drop(permit);
        });
    }
}

async fn converse(stream: TcpStream, door: Arc<Door>) {
    let _ = stream.set_nodelay(true);
    let kept: Arc<Mutex<Option<Sender>>> = Arc::default();
    let answer = |request| {
        let (door, kept) = (Arc::clone(&door), Arc::clone(&kept));
        async move { Ok::<_, Infallible>(door.answer(request, &kept).await) }
    };
    let ended = http1::Builder::new()
        .max_buf_size(BUFFER_BYTES)
        .max_headers(FIELDS_MAX)
        .header_read_timeout(None)
        .serve_connection(TokioIo::new(stream), service_fn(answer))
        .await;
    if ended.is_err_and(|error| error.is_parse()) {
        let exchange = opened(door.service.host.as_str(), door.service.port, "", "", None);
        if let Some(slot) = door.shared.ledger.open(exchange, door.shared.limits.requests) {
            slot.end(End::Refused(Refusal::Malformed));
        }
    }
}

impl Door {
    /// Answers one request, whatever it is.
    async fn answer(&self, request: Request<Incoming>, kept: &Mutex<Option<Sender>>) -> Response<Answer> {
        let (host, port) = (self.service.host.as_str(), self.service.port);
        let uri = request.uri();
        let exchange = opened(host, port, request.method().as_str(), uri.path(), uri.query());
        let Some(slot) = self.shared.ledger.open(exchange, self.shared.limits.requests) else {
            return words(End::Refused(Refusal::Requests));
        };
        let waiting = Waiting::new(slot.clone());
        let (head, body) = request.into_parts();
        let decided = decide(&head, &self.service, self.credential.as_ref(), self.shared.limits.header_bytes);
        let whole = match decided {
            Ok(allowed) => self.read(body, &slot).await.map(|body| (allowed, body)),
            Err(refusal) => Err(turn_away(refusal, body, &slot).await),
        };
        let answered = match whole {
            Ok((allowed, body)) => self.forward(head.method, allowed, body, kept, &slot).await,
            Err(end) => Err(end),
        };
        waiting.over();
        answered.unwrap_or_else(|end| {
            slot.end(end);
            words(end)
        })
    }

    /// Reads the whole body: a request leaves whole or not at all.
    async fn read(&self, mut body: Incoming, slot: &Slot) -> Result<Bytes, End> {
        let (bytes_max, run_max) = (self.shared.limits.request_bytes, self.shared.limits.run_bytes);
        if announces_too_much(&body, bytes_max) {
            return Err(turn_away(Refusal::RequestBytes, body, slot).await);
        }
        let mut whole = Vec::new();
        let mut first = Bytes::new();
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|_| End::Refused(Refusal::Malformed))?;
            let Ok(chunk) = frame.into_data() else { return Err(End::Refused(Refusal::Trailers)) };
            let length = whole.len().saturating_add(first.len()).saturating_add(chunk.len());
            if u64::try_from(length).unwrap_or(u64::MAX) > bytes_max {
                return Err(turn_away(Refusal::RequestBytes, body, slot).await);
            }
            // Most bodies are one chunk, which needs no copy.
            if first.is_empty() && whole.is_empty() {
                first = chunk;
            } else {
                whole.extend_from_slice(&std::mem::take(&mut first));
                whole.extend_from_slice(&chunk);
            }
        }
        let whole = if whole.is_empty() { first } else { whole.into() };
        let length = u64::try_from(whole.len()).unwrap_or(u64::MAX);
        if self.shared.ledger.take(length, run_max) < length {
            return Err(End::Refused(Refusal::RunBytes));
        }
        slot.note(|exchange| {
            exchange.request_bytes = length;
            exchange.request_sha256 = Some(Digest::of(&whole));
        });
        Ok(whole)
    }

    /// Sends what was allowed and passes the answer in.
    async fn forward(
        &self,
        method: Method,
        allowed: Allowed,
        body: Bytes,
        kept: &Mutex<Option<Sender>>,
        slot: &Slot,
    ) -> Result<Response<Answer>, End> {
        slot.note(|exchange| {
            exchange.path = allowed.path.to_string();
            exchange.dropped = allowed.dropped.clone();
            exchange.credential = self.credential.as_ref().map(|credential| credential.name.clone());
        });
        let request = self.request(method, allowed, body).ok_or(End::Failed(Failure::Answer))?;
        let answer = {
            let mut kept = kept.lock().await;
            send(&self.shared.connector, &self.service, &mut kept, request).await
        };
        let answer = answer.inspect_err(|end| {
            // A rule about addresses speaks before anything was sent.
            if matches!(end, End::Refused(_)) {
                slot.note(|exchange| exchange.credential = None);
            }
        })?;
        self.pass(answer, slot)
    }

    fn request(&self, method: Method, allowed: Allowed, body: Bytes) -> Option<Request<Full<Bytes>>> {
        let Allowed { path, query, headers, dropped: _ } = allowed;
        let target = query.map_or(path.to_string(), |query| format!("{path}?{query}"));
        // Without a length, some servers wait for a body of these.
        let bodied = matches!(method, Method::POST | Method::PUT | Method::PATCH);
        let mut request = Request::builder().method(method).uri(target).body(Full::new(body)).ok()?;
        *request.headers_mut() = headers;
        let host = HeaderValue::from_str(&self.service.authority()).ok()?;
        request.headers_mut().insert(header::HOST, host);
        if bodied && request.body().is_end_stream() {
            request.headers_mut().insert(header::CONTENT_LENGTH, HeaderValue::from_static("0"));
        }
        Some(request)
    }

    fn pass(&self, answer: Response<Incoming>, slot: &Slot) -> Result<Response<Answer>, End> {
        let (head, body) = answer.into_parts();
        let limits = &self.shared.limits;
        slot.note(|exchange| exchange.status = Some(head.status.as_u16()));
        if head.status.is_informational() || headers::bytes(&head.headers) > limits.header_bytes {
            return Err(End::Failed(Failure::Answer));
        }
        let encoded = head.headers.get_all(header::CONTENT_ENCODING).iter();
        if self.credential.is_some() && encoded.into_iter().any(|how| !how.as_bytes().eq_ignore_ascii_case(b"identity"))
        {
            return Err(End::Failed(Failure::Encoded));
        }
        let (headers, masked) = headers::inward(&head.headers, self.credential.as_ref());
        slot.note(|exchange| exchange.masked = masked);
        let mask = self.credential.as_ref().map(|credential| Mask::new(&credential.secret));
        let at = (self.shared.ledger.clone(), slot.clone());
        let stream = Stream::new(body, mask, (limits.answer_bytes, limits.run_bytes), at);
        let mut answer = Response::new(Answer::Host(Box::new(stream)));
        *answer.status_mut() = head.status;
        *answer.headers_mut() = headers;
        Ok(answer)
    }
}

/// Refuses a request, and reads and forgets a little of what the artifact still sends. The refusal is noted first: an
/// artifact that keeps its body back can't hide it.
async fn turn_away(refusal: Refusal, mut body: Incoming, slot: &Slot) -> End {
    let end = End::Refused(refusal);
    slot.end(end);
    let mut left = DRAIN_BYTES;
    while let Some(Ok(frame)) = body.frame().await {
        let length = frame.data_ref().map_or(0, |chunk| u64::try_from(chunk.len()).unwrap_or(u64::MAX));
        left = left.saturating_sub(length);
        if left == 0 {
            break;
        }
    }
    end
}

/// The broker's own answer. The connection ends with it: nothing that the artifact sent behind a refused request is
/// read.
fn words(end: End) -> Response<Answer> {
    let (status, text) = match end {
        End::Refused(Refusal::Malformed) => (StatusCode::BAD_REQUEST, Refusal::Malformed.to_string()),
        End::Refused(why) => (StatusCode::FORBIDDEN, why.to_string()),
        End::Failed(why) => (StatusCode::BAD_GATEWAY, why.to_string()),
        End::Cut(why) => (StatusCode::BAD_GATEWAY, why.to_string()),
        End::Whole => (StatusCode::BAD_GATEWAY, String::new()),
    };
    let mut answer = Response::new(Answer::Words(Some(format!("proofmark: {text}\n").into())));
    *answer.status_mut() = status;
    let headers = answer.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
    headers.insert(header::CONNECTION, HeaderValue::from_static("close"));
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    answer
}

/// Whether a socket stands where a door is wanted.
pub(super) fn stands_at(listener: &std::net::TcpListener, address: SocketAddrV4) -> bool {
    listener.local_addr().is_ok_and(|local| local == SocketAddr::V4(address))
}
