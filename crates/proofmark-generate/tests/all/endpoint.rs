//! An endpoint that plays scripts, and a client that asks it.

use std::io::{ErrorKind, Read, Write};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread::JoinHandle;
use std::time::Duration;

use proofmark_generate::{
    Access, Authorities, Budget, Client, Endpoint, Failure, KeySource, Limits, Message, Parameters, Price, Progress,
    Protocol, Rates, Reply, Request, Retries, Role, Secret, Spent, Timeouts, Watch,
};
use rustls::{ServerConfig, ServerConnection, StreamOwned};

/// The key of every client in these tests. No piece of it may ever be seen.
pub const KEY: &str = "sk-planted-5f2c9a81d7e34b60";

/// What an endpoint does next on a connection.
#[derive(Clone)]
pub enum Step {
    Send(Vec<u8>),
    /// The same again and again, until the other side is gone.
    Forever(Vec<u8>, Duration),
    /// Nothing, until the other side is gone.
    Hang,
}

pub type Script = Vec<Step>;

pub fn send(text: impl AsRef<[u8]>) -> Step {
    Step::Send(text.as_ref().to_vec())
}

/// A whole answer with that status, further header lines, and body.
pub fn answer(status: u16, headers: &str, body: &str) -> Script {
    let length = body.len();
    let head = format!("HTTP/1.1 {status} X\r\nContent-Type: application/json\r\nContent-Length: {length}\r\n");
    vec![send(format!("{head}{headers}\r\n{body}"))]
}

pub fn ok(body: &str) -> Script {
    answer(200, "", body)
}

/// A stream of events in chunks, one for each piece, with the end of the chunks.
pub fn stream(pieces: &[&str]) -> Script {
    let mut script = vec![stream_head()];
    script.extend(pieces.iter().map(|piece| chunk(piece)));
    script.push(send("0\r\n\r\n"));
    script
}

pub fn stream_head() -> Step {
    send("HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n")
}

pub fn chunk(piece: &str) -> Step {
    send(format!("{:x}\r\n{piece}\r\n", piece.len()))
}

pub struct Scripted {
    pub address: SocketAddr,
    /// Whole requests, as they came.
    pub requests: Arc<Mutex<Vec<String>>>,
    is_over: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl Scripted {
    /// Plays the first script to the first connection, and so on; the last one to all that follow.
    pub fn start(scripts: Vec<Script>) -> Self {
        Self::serve(scripts, None)
    }

    pub fn start_tls(scripts: Vec<Script>, tls: Arc<ServerConfig>) -> Self {
        Self::serve(scripts, Some(tls))
    }

    fn serve(scripts: Vec<Script>, tls: Option<Arc<ServerConfig>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let requests = Arc::new(Mutex::new(Vec::new()));
        let is_over = Arc::new(AtomicBool::new(false));
        let (seen, over) = (Arc::clone(&requests), Arc::clone(&is_over));
        let thread = std::thread::spawn(move || {
            for (nth, stream) in listener.incoming().enumerate() {
                if over.load(Ordering::SeqCst) {
                    return;
                }
                let script = scripts[nth.min(scripts.len() - 1)].clone();
                let (seen, over, tls) = (Arc::clone(&seen), Arc::clone(&over), tls.clone());
                let stream = stream.unwrap();
                stream.set_read_timeout(Some(Duration::from_millis(20))).unwrap();
                std::thread::spawn(move || match tls {
                    None => play(stream, &script, &seen, &over),
                    Some(tls) => {
                        let connection = ServerConnection::new(tls).unwrap();
                        play(StreamOwned::new(connection, stream), &script, &seen, &over);
                    }
                });
            }
        });
        Self { address, requests, is_over, thread: Some(thread) }
    }

    pub fn url(&self) -> String {
        format!("http://{}/v1", self.address)
    }

    pub fn count(&self) -> usize {
        self.requests.lock().unwrap().len()
    }

    pub fn request(&self, nth: usize) -> String {
        self.requests.lock().unwrap()[nth].clone()
    }
}

impl Drop for Scripted {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::SeqCst);
        let _ = TcpStream::connect(self.address);
        self.thread.take().unwrap().join().unwrap();
    }
}

fn play(mut stream: impl Read + Write, script: &Script, seen: &Mutex<Vec<String>>, over: &AtomicBool) {
    let Some(request) = request(&mut stream, over) else { return };
    seen.lock().unwrap().push(request);
    for step in script {
        let done = match step {
            Step::Send(bytes) => stream.write_all(bytes).and_then(|()| stream.flush()),
            Step::Hang => {
                while !is_gone(&mut stream, over) {}
                return;
            }
            Step::Forever(bytes, wait) => loop {
                let sent = stream.write_all(bytes).and_then(|()| stream.flush());
                if sent.is_err() || over.load(Ordering::SeqCst) {
                    break sent;
                }
                std::thread::sleep(*wait);
            },
        };
        if done.is_err() {
            return;
        }
    }
}

fn request(stream: &mut impl Read, over: &AtomicBool) -> Option<String> {
    let mut bytes = Vec::new();
    let mut piece = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&bytes).into_owned();
        if let Some((head, body)) = text.split_once("\r\n\r\n") {
            let length = head.lines().find_map(|line| {
                let (name, value) = line.split_once(':')?;
                name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().unwrap())
            });
            if body.len() >= length.unwrap_or(0) {
                return Some(text);
            }
        }
        match stream.read(&mut piece) {
            Ok(0) => return None,
            Ok(read) => bytes.extend_from_slice(&piece[..read]),
            Err(error) if is_timeout(&error) && !over.load(Ordering::SeqCst) => {}
            Err(_) => return None,
        }
    }
}

fn is_gone(stream: &mut impl Read, over: &AtomicBool) -> bool {
    match stream.read(&mut [0; 64]) {
        Ok(read) => read == 0,
        Err(error) => !is_timeout(&error) || over.load(Ordering::SeqCst),
    }
}

fn is_timeout(error: &std::io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut | ErrorKind::Interrupted)
}

/// An endpoint's settings with short waits and patient limits.
pub fn settings(protocol: Protocol, url: String) -> Endpoint {
    Endpoint {
        protocol,
        url,
        access: Access::Private,
        model: "tiny".to_owned(),
        stream: true,
        parameters: Parameters { max_tokens: 100, ..Parameters::default() },
        key: Some(KeySource::Environment("TINY_KEY".to_owned())),
        budget: Budget::default(),
        price: Price::default(),
        rates: Rates::default(),
        timeouts: Timeouts { connect_ms: 20_000, first_byte_ms: 20_000, idle_ms: 20_000, whole_ms: 60_000 },
        retries: Retries { attempts: 3, wait_ms: 2, wait_ms_max: 3000, seed: 1 },
        limits: Limits { prompt_bytes: 64 << 10, reply_bytes: 64 << 10, event_bytes: 4 << 10, text_bytes: 16 << 10 },
    }
}

pub fn client(endpoint: Endpoint) -> Client {
    let key = endpoint.key.as_ref().map(|_| Secret::new(KEY.to_owned()).unwrap());
    Client::new(endpoint, key, Authorities::mozilla(), Spent::default()).unwrap()
}

pub fn question(text: &str) -> Request {
    let message = |role, text: &str| Message { role, text: text.to_owned() };
    Request { messages: vec![message(Role::System, "be brief"), message(Role::User, text)] }
}

/// Whoever watches, and holds everything that is shown to it.
#[derive(Default)]
pub struct Seen {
    pub progress: Vec<Progress>,
    /// Stops when this much was reported.
    pub stop_after: Option<usize>,
}

impl Watch for Seen {
    fn stop(&mut self) -> bool {
        self.stop_after.is_some_and(|after| self.progress.len() >= after)
    }

    fn progress(&mut self, progress: Progress) {
        self.progress.push(progress);
    }
}

/// Asks, and looks for the key in everything that anybody could print.
pub fn ask(client: &Client, text: &str, seen: &mut Seen) -> Result<Reply, Failure> {
    let result = client.complete(&question(text), seen);
    let display = result.as_ref().err().map(ToString::to_string);
    let shown = format!("{client:?} {client:#?} {result:?} {result:#?} {display:?} {:?}", seen.progress);
    for piece in KEY.as_bytes().windows(8) {
        let piece = std::str::from_utf8(piece).unwrap();
        assert!(!shown.contains(piece), "a piece of the key, `{piece}`, is in: {shown}");
    }
    assert!(!shown.contains(['\u{1b}', '\0']), "{shown}");
    result
}

/// Asks an endpoint with that script once, with settings as they are changed.
pub fn asked(script: Vec<Script>, change: impl Fn(&mut Endpoint)) -> (Result<Reply, Failure>, usize) {
    let scripted = Scripted::start(script);
    let mut endpoint = settings(Protocol::OpenAi, scripted.url());
    change(&mut endpoint);
    let result = ask(&client(endpoint), "add", &mut Seen::default());
    (result, scripted.count())
}
