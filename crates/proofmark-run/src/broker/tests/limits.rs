//! Every count has an end, and a stop ends everything at once.

use std::io::BufRead;

use super::super::ledger::{Cut, Failure};
use super::*;

fn with(limits: Limits) -> Fixture {
    Fixture::with(Setting { limits, ..Setting::default() })
}

#[test]
fn requests_run_out() {
    let mut fixture = with(Limits { requests: 2, ..Limits::default() });
    let codes: Vec<u16> =
        ["/v1/a", "/v2", "/v1/c", "/v1/d"].iter().map(|target| status(&fixture.get(target))).collect();
    assert_eq!(codes, [200, 403, 403, 403]);
    assert_eq!(fixture.server.seen(), ["GET /v1/a 0"]);
    let record = fixture.finish();
    assert_eq!((record.exchanges.len(), record.beyond), (2, 2));
}

#[test]
fn a_request_has_a_largest_body() {
    let limits = Limits { request_bytes: 10, ..Limits::default() };
    assert_eq!(status(&with(limits).ask("POST", "/v1/a", "", "0123456789")), 200);
    let mut fixture = with(limits);
    let answer = fixture.ask("POST", "/v1/a", "", "0123456789X");
    fixture.refuses(&answer, Refusal::RequestBytes);
    let mut fixture = with(limits);
    let chunked = "POST /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\ntransfer-encoding: chunked\r\n\r\n";
    let answer = fixture.raw(&format!("{chunked}8\r\n01234567\r\n3\r\n89X\r\n0\r\n\r\n"));
    fixture.refuses(&answer, Refusal::RequestBytes);
}

#[test]
fn heads_have_a_largest_size() {
    let limits = Limits { header_bytes: 500, ..Limits::default() };
    assert_eq!(status(&with(limits).ask("GET", "/v1/a", "x: y\r\n", "")), 200);
    let mut fixture = with(limits);
    let answer = fixture.ask("GET", "/v1/a", &format!("x: {}\r\n", "y".repeat(500)), "");
    fixture.refuses(&answer, Refusal::HeaderBytes);
    let mut fixture = with(limits);
    assert_eq!(status(&fixture.get("/v1/head?501")), 502);
    assert_eq!(fixture.only().end, End::Failed(Failure::Answer));
    // Past what is read ahead, the parser itself gives up.
    for head in [format!("x: {}\r\n", "y".repeat(200_000)), "x: y\r\n".repeat(1000)] {
        let mut fixture = Fixture::new();
        let answer = fixture.ask("GET", "/v1/a", &head, "");
        assert!(matches!(status(&answer), 400 | 431), "{answer}");
        assert_eq!(fixture.only().end, End::Refused(Refusal::Malformed));
    }
    let mut fixture = Fixture::new();
    assert_eq!(status(&fixture.get("/v1/head?100000")), 502);
    assert_eq!(fixture.only().end, End::Failed(Failure::Answer));
}

#[test]
fn an_answer_is_cut_at_its_limit_and_marked() {
    for (target, whole) in
        [("/v1/sized?5000", true), ("/v1/sized?5001", false), ("/v1/chunked?6000", false), ("/v1/endless", false)]
    {
        let mut fixture = with(Limits { answer_bytes: 5000, ..Limits::default() });
        let answer = fixture.get(target);
        assert_eq!(status(&answer), 200);
        // A cut answer must not look whole: its announced length is not reached, its last chunk never comes.
        assert_eq!(answer.contains(&format!("content-length: {}", body(&answer).len())), whole, "{target}");
        assert!(!answer.ends_with("0\r\n\r\n"), "{target}");
        let exchange = fixture.only();
        assert_eq!(exchange.answer_bytes, 5000, "{target}");
        assert_eq!(exchange.end, if whole { End::Whole } else { End::Cut(Cut::AnswerBytes) }, "{target}");
        assert!(exchange.answer_sha256.is_some());
    }
}

#[test]
fn the_bytes_of_a_run_run_out() {
    let mut fixture = with(Limits { run_bytes: 3000, ..Limits::default() });
    fixture.ask("POST", "/v1/sized?1000", "", "0123456789");
    fixture.get("/v1/sized?2000");
    fixture.ask("POST", "/v1/a", "", "0123456789");
    let ends: Vec<(u64, End)> =
        fixture.finish().exchanges.iter().map(|exchange| (exchange.answer_bytes, exchange.end)).collect();
    let refused = (0, End::Refused(Refusal::RunBytes));
    assert_eq!(ends, [(1000, End::Whole), (1990, End::Cut(Cut::RunBytes)), refused]);
}

#[test]
fn connections_beyond_the_limit_wait() {
    let fixture = with(Limits { connections: 1, ..Limits::default() });
    let request = format!("GET /v1/a HTTP/1.1\r\nhost: {HOST}\r\n\r\n");
    let mut first = std::io::BufReader::new(fixture.connect());
    first.get_mut().write_all(request.as_bytes()).unwrap();
    let mut line = String::new();
    first.read_line(&mut line).unwrap();
    assert_eq!(status(&line), 200);
    let mut second = std::io::BufReader::new(fixture.connect());
    second.get_mut().write_all(request.as_bytes()).unwrap();
    second.get_mut().set_read_timeout(Some(Duration::from_millis(100))).unwrap();
    line.clear();
    assert!(second.read_line(&mut line).is_err(), "{line}");
    drop(first);
    second.get_mut().set_read_timeout(Some(PATIENCE)).unwrap();
    second.read_line(&mut line).unwrap();
    assert_eq!(status(&line), 200);
}

#[test]
fn a_stop_ends_requests_under_way() {
    for (target, waits_for, sent) in
        [("/v1/silent", "", None), ("/v1/trickle", "first", Some(200)), ("/v1/endless", "eeee", Some(200))]
    {
        let mut fixture = Fixture::new();
        let mut stream = fixture.connect();
        stream.write_all(format!("GET {target} HTTP/1.1\r\nhost: {HOST}\r\n\r\n").as_bytes()).unwrap();
        let mut so_far = String::new();
        let patience = std::time::Instant::now();
        while fixture.server.seen().is_empty() || !so_far.contains(waits_for) {
            assert!(patience.elapsed() < PATIENCE);
            let mut buffer = [0; 4096];
            if !waits_for.is_empty() {
                let length = stream.read(&mut buffer).unwrap();
                so_far += &String::from_utf8_lossy(&buffer[..length]);
            }
        }
        let stopper = fixture.serving.as_ref().unwrap().stopper();
        std::thread::spawn(move || stopper.stop()).join().unwrap();
        // Both connections end, although nobody has asked for the record yet.
        read(&mut stream);
        until(|| target != "/v1/silent" || fixture.server.seen().contains(&"gone".to_owned()));
        let exchange = fixture.only();
        assert_eq!((exchange.end, exchange.status), (End::Cut(Cut::Stopped), sent), "{target}");
        assert!(TcpStream::connect(fixture.door).is_err());
    }
}

#[test]
fn dropping_it_stops_it_too() {
    let mut fixture = Fixture::new();
    let mut stream = fixture.connect();
    drop(fixture.serving.take());
    assert_eq!(read(&mut stream), "");
    assert!(TcpStream::connect(fixture.door).is_err());
}
