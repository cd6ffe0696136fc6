//! What is allowed goes through and is recorded; each rule keeps in what breaks it.

use proofmark_mark::digest::Digest;

use super::super::ledger::{Cut, Failure};
use super::*;
use proofmark_contract::egress::path::PathError;

#[test]
fn a_granted_request_goes_through_and_is_recorded() {
    let mut fixture = Fixture::new();
    let answer = fixture.ask("POST", "/v1/echo?q=1", "x-mine: yes\r\n", "hello");
    assert_eq!(status(&answer), 200);
    let port = fixture.door.port();
    for line in ["POST /v1/echo?q=1", "x-mine: yes", &format!("host: {HOST}:{port}"), "hello"] {
        assert!(body(&answer).contains(line), "{line}: {answer}");
    }
    assert!(answer.contains("x-other: stays") && !answer.contains("x-hop"), "{answer}");
    assert!(!body(&answer).contains("connection"), "{answer}");
    assert_eq!(fixture.server.seen(), ["POST /v1/echo?q=1 5"]);
    let exchange = fixture.only();
    let wanted = Exchange {
        host: HOST.to_owned(),
        port,
        method: "POST".to_owned(),
        path: "/v1/echo".to_owned(),
        query: Some("q=1".to_owned()),
        request_sha256: Some(Digest::of(b"hello")),
        request_bytes: 5,
        status: Some(200),
        answer_sha256: Some(Digest::of(body(&answer).as_bytes())),
        answer_bytes: body(&answer).len() as u64,
        credential: Some("main".to_owned()),
        masked: 2,
        dropped: Vec::new(),
        end: End::Whole,
    };
    assert_eq!(exchange, wanted);
}

#[test]
fn methods_and_paths_that_are_not_granted_stay_inside() {
    for (method, target, why) in [
        ("DELETE", "/v1/a", Refusal::Method),
        ("OPTIONS", "/v1/a", Refusal::Method),
        ("TRACE", "/v1/a", Refusal::Method),
        ("get", "/v1/a", Refusal::Method),
        ("GET", "/", Refusal::Path),
        ("GET", "/v1", Refusal::Path),
        ("GET", "/v2/a", Refusal::Path),
        ("GET", "/V1/a", Refusal::Path),
        ("GET", "/only/a/b/this", Refusal::Path),
        ("GET", "/v1/../v2", Refusal::PathAmbiguous(PathError::DotSegment)),
        ("GET", "/v1/%2e%2e/v2", Refusal::PathAmbiguous(PathError::DotSegment)),
        ("GET", "/v1/..%2fv2", Refusal::PathAmbiguous(PathError::HiddenSeparator)),
        ("GET", "/v1/..%5cv2", Refusal::PathAmbiguous(PathError::HiddenSeparator)),
        ("GET", "/v1/%252e%252e/v2", Refusal::PathAmbiguous(PathError::HiddenSeparator)),
        ("GET", "/v1//v2", Refusal::PathAmbiguous(PathError::EmptySegment)),
        ("GET", "/v1/..;/v2", Refusal::PathAmbiguous(PathError::BadCharacter)),
        ("GET", "/v1/%zz", Refusal::PathAmbiguous(PathError::BadEscape)),
        ("GET", "//other.example/v1/a", Refusal::PathAmbiguous(PathError::EmptySegment)),
    ] {
        let mut fixture = Fixture::new();
        let answer = fixture.ask(method, target, "", "");
        fixture.refuses(&answer, why);
    }
}

#[test]
fn a_body_that_is_kept_back_hides_no_refusal() {
    let mut fixture =
        Fixture::with(Setting { limits: Limits { request_bytes: 5, ..Limits::default() }, ..Setting::default() });
    let mut left = Vec::new();
    for target in ["/v2", "/v1/a"] {
        let mut stream = fixture.connect();
        let head = format!("POST {target} HTTP/1.1\r\nhost: {HOST}\r\ncontent-length: 10\r\n\r\n");
        stream.write_all(head.as_bytes()).unwrap();
        until(|| fixture.serving.as_ref().unwrap().so_far().exchanges.len() > left.len());
        left.push(stream);
    }
    let ends = |record: Record| record.exchanges.iter().map(|exchange| exchange.end).collect::<Vec<_>>();
    drop(left.remove(0));
    let wanted = [End::Refused(Refusal::Path), End::Refused(Refusal::RequestBytes)];
    until(|| ends(fixture.serving.as_ref().unwrap().so_far()) == wanted);
    assert_eq!(ends(fixture.finish()), wanted);
}

#[test]
fn paths_go_out_in_the_spelling_that_was_decided_on() {
    let mut fixture = Fixture::new();
    fixture.get("/%76%31/%61?keep=%61");
    fixture.get("/only/x%20y/this");
    fixture.ask("PUT", "/v1/a", "", "");
    assert_eq!(fixture.server.seen(), ["GET /v1/a?keep=%61 0", "GET /only/x%20y/this 0", "PUT /v1/a 0"]);
    let record = fixture.finish();
    assert_eq!(record.exchanges[0].path, "/v1/a");
}

#[test]
fn a_head_answer_has_the_length_and_no_body() {
    let mut fixture = Fixture::new();
    let answer = fixture.ask("HEAD", "/v1/sized?1234", "", "");
    assert!(status(&answer) == 200 && answer.contains("content-length: 1234") && body(&answer).is_empty(), "{answer}");
    assert_eq!(fixture.only().end, End::Whole);
}

#[test]
fn headers_that_replace_method_or_path_stay_inside() {
    for header in ["x-http-method-override: DELETE", "X-Original-URL: /admin", "Forwarded: host=other"] {
        let mut fixture = Fixture::new();
        let answer = fixture.ask("POST", "/v1/a", &format!("{header}\r\n"), "");
        fixture.refuses(&answer, Refusal::Override);
    }
}

#[test]
fn redirects_are_answers() {
    let mut fixture = Fixture::new();
    let answer = fixture.get("/v1/redirect");
    assert_eq!(status(&answer), 302);
    assert!(answer.contains("location: http://127.0.0.1:1/elsewhere") && body(&answer) == "moved");
    assert_eq!(fixture.only().status, Some(302));
}

#[test]
fn several_requests_share_a_connection_and_keep_their_order() {
    let mut fixture = Fixture::new();
    let one = |target: &str, more: &str| format!("GET {target} HTTP/1.1\r\nhost: HOST:PORT\r\n{more}\r\n");
    let all = one("/v1/sized?3", "") + &one("/v1/chunked?1000", "") + &one("/v1/c", "connection: close\r\n");
    let answers = fixture.raw(&all);
    assert_eq!(answers.matches("HTTP/1.1 200 OK").count(), 3);
    assert!(answers.ends_with("here"));
    assert_eq!(fixture.server.seen(), ["GET /v1/sized?3 0", "GET /v1/chunked?1000 0", "GET /v1/c 0"]);
    let ends: Vec<End> = fixture.finish().exchanges.iter().map(|exchange| exchange.end).collect();
    assert_eq!(ends, [End::Whole; 3]);
}

#[test]
fn tls_holds_the_host_to_its_name() {
    let (server, pem) = Server::tls(HOST);
    let authorities = Authorities::public().and(pem.as_bytes()).unwrap();
    let mut fixture =
        Fixture::before(server, HOST, Setting { scheme: Scheme::Https, authorities, ..Setting::default() });
    assert_eq!(body(&fixture.get("/v1/a")), "here");
    assert_eq!(fixture.server.seen(), ["GET /v1/a 0"]);
    assert_eq!(fixture.only().end, End::Whole);

    // Another name, an authority that nobody believes, and no TLS at all.
    let (other, pem) = Server::tls("other.example");
    let believed = Authorities::public().and(pem.as_bytes()).unwrap();
    let (stranger, _) = Server::tls(HOST);
    for (server, authorities) in
        [(other, believed), (stranger, Authorities::public()), (Server::plain(), Authorities::public())]
    {
        let mut fixture =
            Fixture::before(server, HOST, Setting { scheme: Scheme::Https, authorities, ..Setting::default() });
        let answer = fixture.get("/v1/a");
        assert!(status(&answer) == 502 && answer.contains(&Failure::Tls.to_string()), "{answer}");
        assert!(!fixture.server.seen().iter().any(|seen| seen.contains("/v1/a")));
        assert_eq!(fixture.only().end, End::Failed(Failure::Tls));
    }
}

#[test]
fn names_that_lead_inwards_are_refused() {
    for inward in ["127.0.0.1", "169.254.169.254", "10.0.0.1", "::1", "fc00::1", "fe80::1", "::ffff:127.0.0.1"] {
        for resolver in [vec![address(inward)], vec![address("93.184.215.14"), address(inward)]] {
            let resolver = Resolver::Fixed(resolver);
            let mut fixture = Fixture::with(Setting { at: Some(At::Name), resolver, ..Setting::default() });
            let answer = fixture.get("/v1/a");
            fixture.refuses(&answer, Refusal::PrivateAddress);
        }
    }
}

#[test]
fn the_system_s_own_names_for_this_machine_are_refused() {
    let setting = Setting { at: Some(At::Name), ..Setting::default() };
    let mut fixture = Fixture::before(Server::plain(), "localhost", setting);
    let port = fixture.door.port();
    let answer = fixture.raw(&format!("GET /v1/a HTTP/1.1\r\nhost: localhost:{port}\r\n\r\n"));
    fixture.refuses(&answer, Refusal::PrivateAddress);
}

#[test]
fn a_host_that_is_not_there_is_said() {
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let mut fixture = Fixture::with(Setting { at: Some(At::Address(closed)), ..Setting::default() });
    assert_eq!(status(&fixture.get("/v1/a")), 502);
    assert_eq!(fixture.only().end, End::Failed(Failure::Unreachable));
    let mut fixture =
        Fixture::with(Setting { at: Some(At::Name), resolver: Resolver::Fixed(vec![]), ..Setting::default() });
    assert_eq!(status(&fixture.get("/v1/a")), 502);
    assert_eq!(fixture.only().end, End::Failed(Failure::Unresolved));
}

#[test]
fn an_artifact_that_leaves_is_told_from_a_run_that_is_stopped() {
    let mut fixture = Fixture::new();
    let mut stream = fixture.connect();
    stream.write_all(format!("GET /v1/endless HTTP/1.1\r\nhost: {HOST}\r\n\r\n").as_bytes()).unwrap();
    stream.read_exact(&mut [0; 4000]).unwrap();
    drop(stream);
    until(|| fixture.serving.as_ref().unwrap().so_far().exchanges[0].answer_sha256.is_some());
    assert_eq!(fixture.only().end, End::Cut(Cut::Left));

    let mut fixture = Fixture::new();
    let mut stream = fixture.connect();
    stream.write_all(format!("GET /v1/silent HTTP/1.1\r\nhost: {HOST}\r\n\r\n").as_bytes()).unwrap();
    until(|| fixture.server.seen() == ["GET /v1/silent 0"]);
    drop(stream);
    until(|| fixture.server.seen().contains(&"gone".to_owned()));
    assert_eq!(fixture.only().end, End::Cut(Cut::Left));
}
