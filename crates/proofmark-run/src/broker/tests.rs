//! The broker between real sockets: an artifact of raw bytes on one side, a real server on the other.

mod credentials;
mod limits;
mod rules;
mod server;
mod smuggling;

use std::io::{ErrorKind, Read, Write};
use std::net::{IpAddr, SocketAddr, TcpListener, TcpStream, UdpSocket};
use std::time::Duration;

use super::credential::Credentials;
use super::forward::{Authorities, Connector, Resolver};
use super::grant::{At, Grant, Grants, Scheme};
use super::ledger::{End, Exchange, Ledger, Record, Refusal};
use super::{Broker, BrokerError, Limits, Serving, Sockets};
use server::Server;

/// The value that must never be seen inside.
const PLANTED: &str = "PLANTED-credential-7f3a91";
const HOST: &str = "api.example.com";
/// Ends a test that would hang; nothing is measured by it.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a test changes about the usual setting.
struct Setting {
    scheme: Scheme,
    at: Option<At>,
    limits: Limits,
    authorities: Authorities,
    resolver: Resolver,
    credential: Option<(&'static str, String)>,
}

impl Default for Setting {
    fn default() -> Self {
        Self {
            scheme: Scheme::Http,
            at: None,
            limits: Limits::default(),
            authorities: Authorities::public(),
            resolver: Resolver::System,
            credential: Some(("authorization", format!("Bearer {PLANTED}"))),
        }
    }
}

/// A server, a broker before it, and the way in.
struct Fixture {
    server: Server,
    serving: Option<Serving>,
    door: SocketAddr,
    names: SocketAddr,
}

impl Fixture {
    fn new() -> Self {
        Self::with(Setting::default())
    }

    fn with(setting: Setting) -> Self {
        Self::before(Server::plain(), HOST, setting)
    }

    fn before(server: Server, host: &str, setting: Setting) -> Self {
        let door = TcpListener::bind("127.0.0.2:0").unwrap();
        let names = UdpSocket::bind("127.0.0.1:0").unwrap();
        let (door_at, names_at) = (door.local_addr().unwrap(), names.local_addr().unwrap());
        let at = setting.at.unwrap_or(At::Address(server.address));
        let methods = ["GET", "HEAD", "POST", "PUT"];
        let grant = Grant::new(host, door_at.port(), setting.scheme, at, &methods, &["/v1/**", "/only/*/this"]);
        let mut credentials = Credentials::none();
        if let Some((header, value)) = setting.credential {
            credentials.add(host, "main", header, &value).unwrap();
        }
        let broker = Broker {
            grants: Grants::new([grant.unwrap()]).unwrap(),
            credentials,
            limits: setting.limits,
            connector: Connector::new(setting.authorities, setting.resolver).unwrap(),
            ledger: Ledger::default(),
        };
        assert_eq!(broker.listens_at().into_iter().map(SocketAddr::V4).collect::<Vec<_>>(), [door_at]);
        let serving = broker.serve(Sockets { names, doors: vec![door] }).unwrap();
        Self { server, serving: Some(serving), door: door_at, names: names_at }
    }

    fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.door).unwrap();
        stream.set_read_timeout(Some(PATIENCE)).unwrap();
        stream
    }

    /// Sends bytes and reads until the other side is done. `HOST` and `PORT` stand for the granted ones.
    fn raw(&self, bytes: &str) -> String {
        let bytes = bytes.replace("PORT", &self.door.port().to_string()).replace("HOST", HOST);
        let mut stream = self.connect();
        // The broker may close before it has read everything.
        let _ = stream.write_all(bytes.as_bytes());
        read(&mut stream)
    }

    /// A plain request on a connection of its own.
    fn ask(&self, method: &str, target: &str, headers: &str, body: &str) -> String {
        let length = if body.is_empty() { String::new() } else { format!("content-length: {}\r\n", body.len()) };
        self.raw(&format!(
            "{method} {target} HTTP/1.1\r\nhost: HOST:PORT\r\nconnection: close\r\n{headers}{length}\r\n{body}"
        ))
    }

    fn get(&self, target: &str) -> String {
        self.ask("GET", target, "", "")
    }

    fn finish(&mut self) -> Record {
        let record = self.serving.take().unwrap().finish();
        assert!(!serde_json::to_string(&record).unwrap().contains(PLANTED));
        record
    }

    fn only(&mut self) -> Exchange {
        let mut record = self.finish();
        assert_eq!(record.exchanges.len(), 1, "{record:?}");
        record.exchanges.pop().unwrap()
    }

    /// A refused request: status 403, the rule in words, nothing at the server, one exchange that says so.
    fn refuses(&mut self, answer: &str, why: Refusal) {
        assert_eq!(status(answer), 403, "{answer}");
        assert!(answer.contains(&why.to_string()), "{answer}");
        assert_eq!(self.server.seen(), Vec::<String>::new());
        let exchange = self.only();
        assert_eq!(exchange.end, End::Refused(why));
        assert_eq!((exchange.status, exchange.credential, exchange.answer_sha256), (None, None, None));
    }
}

/// Everything that comes; the artifact's side never holds the credential, in no test.
fn read(stream: &mut TcpStream) -> String {
    let mut bytes = Vec::new();
    let mut buffer = [0; 8192];
    loop {
        match stream.read(&mut buffer) {
            Ok(0) => break,
            Ok(length) => bytes.extend_from_slice(&buffer[..length]),
            Err(error) if error.kind() == ErrorKind::ConnectionReset => break,
            Err(error) => panic!("{error}; so far: {}", String::from_utf8_lossy(&bytes)),
        }
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    assert!(!text.to_ascii_lowercase().contains(&PLANTED.to_ascii_lowercase()), "{text}");
    text
}

fn status(answer: &str) -> u16 {
    let line = answer.strip_prefix("HTTP/1.").unwrap_or_default();
    line.get(2..5).and_then(|code| code.parse().ok()).unwrap_or(0)
}

fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").map_or("", |(_, body)| body)
}

#[test]
fn names_are_answered_over_the_socket() {
    let mut fixture = Fixture::new();
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    socket.set_read_timeout(Some(PATIENCE)).unwrap();
    let ask = |name: &[u8]| {
        let message = [b"\x00\x07\x01\x00\x00\x01\x00\x00\x00\x00\x00\x00", name, b"\x00\x00\x01\x00\x01"].concat();
        socket.send_to(&message, fixture.names).unwrap();
        let mut answer = [0; 600];
        let (length, _) = socket.recv_from(&mut answer).unwrap();
        (answer[3] & 15, answer[..length].to_vec())
    };
    let (code, answer) = ask(b"\x03api\x07example\x03com");
    assert_eq!((code, &answer[answer.len() - 4..]), (0, &[127, 0, 0, 2][..]));
    assert_eq!(ask(b"\x06secret\x08attacker\x07example").0, 3);
    let record = fixture.finish();
    assert_eq!((record.names_answered, record.names_refused), (1, 1));
}

#[test]
fn sockets_must_be_exactly_those_that_are_wanted() {
    let listener = || TcpListener::bind("127.0.0.2:0").unwrap();
    let names = || UdpSocket::bind("127.0.0.1:0").unwrap();
    let door = listener();
    let port = door.local_addr().unwrap().port();
    let broker = || {
        let grant = Grant::new(HOST, port, Scheme::Https, At::Name, &["GET"], &["/"]).unwrap();
        let grants = Grants::new([grant]).unwrap();
        Broker::new(grants, Credentials::none(), Limits::default(), Authorities::public()).unwrap()
    };
    let missing = broker().serve(Sockets { names: names(), doors: vec![listener()] });
    assert!(matches!(missing, Err(BrokerError::Missing(at)) if at.port() == port));
    let surplus = broker().serve(Sockets { names: names(), doors: vec![door.try_clone().unwrap(), listener()] });
    assert!(matches!(surplus, Err(BrokerError::Surplus(1))));
    assert!(broker().serve(Sockets { names: names(), doors: vec![door] }).is_ok());
    assert_eq!(broker().hosts_file(), "127.0.0.2 api.example.com\n127.0.0.1 localhost\n");
}

/// Waits for something that must come.
fn until(come: impl Fn() -> bool) {
    let patience = std::time::Instant::now();
    while !come() {
        assert!(patience.elapsed() < PATIENCE);
        std::thread::yield_now();
    }
}

fn address(text: &str) -> IpAddr {
    text.parse().unwrap()
}
