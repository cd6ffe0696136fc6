//! A native executable with a network: real requests to real servers through the broker, and none beside it.

use std::io::Write as _;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant, SystemTime};

use proofmark_governor::home::Home;
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::Kind;
use proofmark_mark::receipt::{Egress, End, Receipt};
use proofmark_mark::statement::Statement;
use serde_json::{Value, json};

use crate::place::{DOUBLE, Place, Ran, doubling};
use crate::web::{Server, identity};

const SECRET: &str = "PLANTED-credential-7f3a91";
const HOST: &str = "api.example.com";

/// What `fetch.c` is to do. That it finds no network while it is checked is an example.
fn contract(port: u16) -> String {
    format!(
        r#"
contract = 1
name = "fetch"
intent = "Fetches what its standard input names, and writes down what comes."

[interface.process]
stdin = "string"
stdout = "string"

[capabilities]
egress = [
  {{ host = "{HOST}", methods = ["GET"], paths = ["/v1/**"] }},
  {{ host = "plain.example.com", scheme = "http", port = {port}, methods = ["GET", "PUT"], paths = ["/v1/*"] }},
]

[[example]]
call = '''run("ask {HOST}\nrequest GET {HOST} 443 /v1/x\ndial 127.0.0.1 {port}\n")'''
returns = '''{{code: 0, stdout: "{HOST}: no name server\n{HOST}: no such host\n127.0.0.1:{port}: errno 1\n"}}'''

[[property]]
name = "it ends well"
of = "run"
ensures = "result.code == 0u"

[budget]
executions = 60
"#
    )
}

/// A place with the marked program, and the servers behind its two hosts.
struct Scene {
    place: Place,
    tls: Server,
    plain: Server,
}

impl Scene {
    fn new() -> Self {
        let (config, pem) = identity(HOST);
        let (tls, plain) = (Server::start(Some(config)), Server::start(None));
        let place = Place::new();
        place.write("contract.toml", contract(plain.address.port())).write("authority.pem", pem);
        place.write("fetch.c", include_str!("fetch.c"));
        let compiled = Command::new("cc")
            .args(["-O1", "-w", "-static", "-o", "artifact", "fetch.c"])
            .current_dir(place.path("."))
            .output()
            .unwrap();
        assert!(compiled.status.success(), "cc: {}", String::from_utf8_lossy(&compiled.stderr));
        let check = ["check", "contract.toml", "artifact", "--policy", "assisted", "--approved-by", "ada"];
        place.run(&check).exits(0).says("egress");
        Self { place, tls, plain }
    }

    fn spawn(&self, command: &[&str], more: &[&str], input: &str) -> Child {
        let mut child = self
            .place
            .command()
            .args(command)
            .args(["--connect-to", &format!("{HOST}:443={}", self.tls.address)])
            .args(["--cacert", "authority.pem"])
            .args(["--credential", &format!("{HOST}=Authorization:API_TOKEN")])
            .args(more)
            .env("API_TOKEN", format!("Bearer {SECRET}"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        child.stdin.take().unwrap().write_all(input.as_bytes()).unwrap();
        child
    }

    /// Where the plain host is.
    fn at_plain(&self) -> String {
        format!("plain.example.com:{}={}", self.plain.address.port(), self.plain.address)
    }

    fn run(&self, more: &[&str], input: &str) -> Ran {
        let at = self.at_plain();
        let more: Vec<&str> = ["--connect-to", &at].into_iter().chain(more.iter().copied()).collect();
        let ran = ended(self.spawn(&["run", "artifact.mark"], &more, input));
        assert!(!ran.all().contains(SECRET), "{}", ran.all());
        ran
    }

    /// What the last closing receipt says, and the record that it names.
    fn end(&self) -> (End, Egress, Value) {
        let home = Home::open(&self.place.path(".proofmark")).unwrap();
        let view = home.log.view();
        let (_, entry) = view
            .entries(0..view.size())
            .map(Result::unwrap)
            .filter(|(_, entry)| entry.kind == Kind::ReceiptClose)
            .last()
            .unwrap();
        let envelope = view.envelope(&entry).unwrap();
        let text = String::from_utf8(envelope.unverified_payload().to_vec()).unwrap();
        let end = Statement::<Receipt>::parse(text.as_bytes()).unwrap().predicate.end.unwrap();
        let egress = end.egress.clone().unwrap();
        let record = String::from_utf8(home.log.blob(&egress.record).unwrap()).unwrap();
        for secret in ["/v1/", "sesame", SECRET] {
            assert!(!text.contains(secret) && !record.contains(secret), "{secret}: {text}{record}");
        }
        (end, egress, serde_json::from_str(&record).unwrap())
    }

    /// The value behind a commitment of the record.
    fn opened(&self, commitment: &Value) -> String {
        let home = Home::open(&self.place.path(".proofmark")).unwrap();
        let digest: Digest = commitment.as_str().unwrap().parse().unwrap();
        let opening = String::from_utf8(home.log.blob(&digest).unwrap()).unwrap();
        let (salt, value) = opening.split_once('\n').unwrap();
        assert!(salt.len() >= 32, "{opening}");
        value.to_owned()
    }
}

fn ended(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().unwrap())
}

#[test]
fn a_granted_request_reaches_its_host_with_a_credential_that_stays_outside() {
    let scene = Scene::new();
    assert_eq!((scene.tls.connections(), scene.plain.connections()), (0, 0), "no check reaches the network");
    let port = scene.plain.address.port();
    let input = format!(
        "environment\nask {HOST}\nrequest GET {HOST} 443 /v1/items?key=sesame\nrequest GET plain.example.com {port} /v1/x\n"
    );
    let ran = scene.run(&[], &input).exits(0);
    // No variable at all, and the name of the first of two hosts.
    assert!(ran.stdout.starts_with(&format!("end of environment\n{HOST}: code 0 127.0.0.2\n")), "{}", ran.all());
    let masked = format!("authorization: Bearer {}", "*".repeat(SECRET.len()));
    let ran = ran.says("HTTP/1.1 200 OK").says(&masked).says("GET /v1/items?key=sesame HTTP/1.1");
    ran.says(&format!("GET {HOST}:443/v1/items?key=sesame: 200")).says("with API_TOKEN (masked 1 times in the answer)");

    let [head] = &scene.tls.heads()[..] else { panic!("{:?}", scene.tls.heads()) };
    assert!(head.contains(&format!("authorization: Bearer {SECRET}\r\n")), "{head}");
    assert!(head.contains(&format!("host: {HOST}\r\n")) && !head.contains("of-the-artifact"), "{head}");
    // The other host has no credential, and the artifact none of its own.
    let [head] = &scene.plain.heads()[..] else { panic!("{:?}", scene.plain.heads()) };
    assert!(!head.contains("authorization"), "{head}");

    let (end, egress, record) = scene.end();
    assert_eq!(end.outcome, "dropped");
    assert_eq!((egress.requests, egress.refused, egress.bytes_out), (2, 0, 0));
    // Each answer is the head as the server saw it, of the same length when it is masked.
    let heads = scene.tls.heads().into_iter().chain(scene.plain.heads());
    assert_eq!(egress.bytes_in, heads.map(|head| head.len() as u64).sum::<u64>());
    let first = &record["exchanges"][0];
    assert_eq!((&first["host"], &first["method"], &first["status"]), (&json!(HOST), &json!("GET"), &json!(200)));
    assert_eq!((&first["credential"], &first["masked"]), (&json!("API_TOKEN"), &json!(1)));
    assert_eq!(scene.opened(&first["path"]), "/v1/items");
    assert_eq!(scene.opened(&first["query"]), "key=sesame");
    assert_eq!(scene.opened(&first["request-sha256"]), Digest::of(b"").to_string());
    scene.place.run(&["log", "audit"]).exits(0);
}

#[test]
fn what_is_not_granted_does_not_leave() {
    let scene = Scene::new();
    let port = scene.plain.address.port();
    let input = format!(
        "request POST {HOST} 443 /v1/items\nrequest GET {HOST} 443 /admin\nrequest GET {HOST} 443 /v1/%2e%2e/admin\n\
         request GET plain.example.com {port} /v1/a/b\nrequest GET other.example.com 443 /v1/x\nask other.example.com\n\
         request PUT plain.example.com {port} /v1/last\n"
    );
    let ran = scene.run(&["--format", "json"], &input).exits(0).json();
    let out = ran["stdout"].as_str().unwrap();
    assert_eq!(out.matches("HTTP/1.1 403 Forbidden").count(), 4, "{out}");
    assert!(out.contains("other.example.com: no such host\nother.example.com: code 3\n"), "{out}");
    let ends: Vec<&Value> = ran["egress"]["exchanges"].as_array().unwrap().iter().map(|one| &one["end"]).collect();
    let wanted = [
        json!({ "refused": "method" }),
        json!({ "refused": "path" }),
        json!({ "refused": { "path-ambiguous": "dot-segment" } }),
        json!({ "refused": "path" }),
        json!("whole"),
    ];
    assert_eq!(ends, wanted.iter().collect::<Vec<_>>());
    assert!(ran["egress"]["names-refused"].as_u64().unwrap() >= 1, "{ran}");
    assert_eq!(scene.tls.connections(), 0);
    assert!(
        matches!(&scene.plain.heads()[..], [head] if head.starts_with("PUT /v1/last ")),
        "{:?}",
        scene.plain.heads()
    );
    let (_, egress, record) = scene.end();
    assert_eq!((egress.requests, egress.refused), (5, 4));
    assert_eq!(scene.opened(&record["exchanges"][1]["path"]), "/admin");
}

/// Landlock knows ports, not addresses: the port of the real server is granted here, at another address.
#[test]
fn there_is_no_way_beside_the_broker() {
    let scene = Scene::new();
    let (granted, other) = (scene.plain.address.port(), scene.tls.address.port());
    let input = format!(
        "dial 127.0.0.1 {granted}\ndial 127.0.0.1 {other}\ndial 127.0.0.2 {other}\ndial 127.0.0.9 443\ndial 192.0.2.1 443\n\
         dial 192.0.2.1 {other}\nrequest GET plain.example.com {granted} /v1/x\n"
    );
    let ran = scene.run(&[], &input).exits(0);
    let denied = format!(
        "127.0.0.1:{granted}: errno {}\n127.0.0.1:{other}: errno {acces}\n127.0.0.2:{other}: errno {acces}\n\
         127.0.0.9:443: errno {}\n192.0.2.1:443: errno {}\n192.0.2.1:{other}: errno {acces}\nHTTP/1.1 200 OK",
        nix::libc::ECONNREFUSED,
        nix::libc::ECONNREFUSED,
        nix::libc::ENETUNREACH,
        acces = nix::libc::EACCES,
    );
    assert!(ran.stdout.starts_with(&denied), "{}", ran.all());
    assert_eq!((scene.tls.connections(), scene.plain.connections()), (0, 1), "only what the broker sent");
}

#[test]
fn what_was_asked_is_told_however_a_run_ends() {
    let scene = Scene::new();
    let input = format!("request GET {HOST} 443 /v1/x\nrequest GET {HOST} 443 /admin\nabort\n");
    let ran = scene.run(&["--format", "json"], &input).exits(1).says("ended by signal 6").json();
    assert_eq!(ran["error"]["egress"]["exchanges"][0]["path"], "/v1/x");
    let (end, egress, record) = scene.end();
    assert_eq!(end.outcome, "trapped");
    assert_eq!((egress.requests, egress.refused), (2, 1));
    assert_eq!(record["exchanges"][1]["end"], json!({ "refused": "path" }));
}

/// How long after the freeze was written a byte may still come, at most: room for a machine with other things to do. What is
/// promised is 50 ms, and the download by itself would never end.
const STOPPED_WITHIN: Duration = Duration::from_secs(2);

/// When the first file below a folder was written that was written after `since`.
fn first_written(folder: &Path, since: SystemTime) -> Option<SystemTime> {
    let entries = std::fs::read_dir(folder).unwrap().map(Result::unwrap);
    let times = entries.filter_map(|entry| match entry.file_type().unwrap().is_dir() {
        true => first_written(&entry.path(), since),
        false => entry.metadata().and_then(|meta| meta.modified()).ok().filter(|time| *time >= since),
    });
    times.min()
}

#[test]
fn a_freeze_ends_a_download() {
    let scene = Scene::new();
    let child = scene.spawn(&["run", "artifact.mark"], &[], &format!("request GET {HOST} 443 /v1/slow\n"));
    let patience = Instant::now();
    while scene.tls.heads().is_empty() {
        assert!(patience.elapsed() < Duration::from_secs(20), "{}", ended(child).all());
        std::thread::sleep(Duration::from_millis(5));
    }
    std::thread::sleep(Duration::from_millis(200));
    assert!(scene.tls.gone().is_none());
    let before = SystemTime::now();
    scene.place.run(&["freeze", "capability:egress"]).exits(0);
    let written = first_written(&scene.place.path(".proofmark"), before).unwrap();
    let ran = ended(child).exits(1).says("stopped: frozen: capability:egress");
    ran.says(&format!("GET {HOST}:443/v1/slow: 200")).says("cut, the run was stopped");
    // The server looks every 2 ms.
    let noticed = (0..1000).find_map(|_| {
        std::thread::sleep(Duration::from_millis(1));
        scene.tls.gone()
    });
    let gone = noticed.unwrap().duration_since(written).unwrap();
    println!("the connection ended {gone:?} after the freeze began to be written");
    assert!(gone < STOPPED_WITHIN);
    let (end, egress, record) = scene.end();
    assert_eq!(end.outcome, "stopped");
    assert_eq!((egress.requests, &record["exchanges"][0]["end"]), (1, &json!({ "cut": "stopped" })));
    // And nothing is asked while it stands.
    let before = scene.tls.connections();
    scene.run(&[], &format!("request GET {HOST} 443 /v1/x\n")).exits(1).says("frozen");
    assert_eq!(scene.tls.connections(), before);
}

#[test]
fn a_server_that_is_another_gets_nothing() {
    let scene = Scene::new();
    let (config, _) = identity(HOST);
    let forged = Server::start(Some(config));
    let input = format!("request GET {HOST} 443 /v1/x\n");
    let ran = ended(
        scene
            .place
            .command()
            .args(["run", "artifact.mark", "--connect-to", &format!("{HOST}:443={}", forged.address)])
            .args(["--cacert", "authority.pem", "--credential", &format!("{HOST}=Authorization:API_TOKEN")])
            .env("API_TOKEN", SECRET)
            .stdin(Stdio::from(input_file(&scene.place, &input)))
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap(),
    );
    ran.exits(0).says("HTTP/1.1 502 Bad Gateway").says("failed, the host did not prove who it is");
    assert!(forged.heads().is_empty());
}

fn input_file(place: &Place, text: &str) -> std::fs::File {
    place.write("input", text);
    std::fs::File::open(place.path("input")).unwrap()
}

#[test]
fn a_program_without_a_mark_reaches_only_servers_that_were_named() {
    let scene = Scene::new();
    let port = scene.plain.address.port();
    let input = format!("request GET {HOST} 443 /v1/x\nrequest GET plain.example.com {port} /v1/x\n");
    let ran = ended(scene.spawn(&["stage", "contract.toml", "artifact"], &[], &input)).exits(0);
    ran.says("HTTP/1.1 200 OK").says("plain.example.com: no such host").says("with API_TOKEN");
    assert_eq!((scene.tls.connections(), scene.plain.connections()), (1, 0));
    let none = scene.place.run(&["stage", "contract.toml", "artifact"]).exits(0);
    assert!(!none.all().contains("egress"), "{}", none.all());
}

#[test]
fn options_are_for_hosts_of_the_contract() {
    let scene = Scene::new();
    let place = &scene.place;
    let run = |more: &[&str]| place.run(&[&["run", "artifact.mark"], more].concat());
    run(&["--credential", "other.example.com=Authorization:PATH"]).exits(1).says("does not ask for the host");
    run(&["--credential", "api.example.com=Authorization:NOWHERE"]).exits(2).says("holds no credential");
    run(&["--credential", "api.example.com"]).exits(2).says("is not of the form");
    run(&["--connect-to", "api.example.com:80=127.0.0.1:1"]).exits(1).says("does not ask for the host");
    run(&["--connect-to", "api.example.com:443=localhost:1"]).exits(2).says("is not of the form");
    let twice = ["--connect-to", "api.example.com:443=127.0.0.1:1", "--connect-to", "api.example.com:443=127.0.0.1:2"];
    run(&twice).exits(2).says("has two addresses");
    run(&["--cacert", "contract.toml"]).exits(2).says("contract.toml");
    run(&["--cacert", "nowhere.pem"]).exits(2).says("does not exist");
    let short = |value: &str| {
        let mut command = place.command();
        command.args(["run", "artifact.mark", "--credential", "api.example.com=Authorization:T"]).env("T", value);
        Ran::of(&command.output().unwrap())
    };
    short("").exits(2).says("holds no credential");
    let ran = short("short").exits(2).says("must be one line");
    assert!(!ran.all().contains("`short`"));
    assert_eq!(scene.tls.connections(), 0);

    // A component has no network, and says so where it is asked for.
    place.write("double.toml", DOUBLE).write("double.wat", doubling(""));
    place.run(&["check", "double.toml", "double.wat"]).exits(0);
    let ran = place.run(&["run", "double.wat.mark", "double(1)", "--connect-to", "api.example.com:443=127.0.0.1:1"]);
    ran.exits(1).says("does not ask for the host");
    let asks = "[capabilities]\negress = [{ host = \"a.example\", methods = [\"GET\"], paths = [\"/\"] }]\n";
    place.write("double.toml", format!("{DOUBLE}\n{asks}"));
    place.run(&["check", "double.toml", "double.wat"]).exits(2).says("a component has no use for it");
}
