//! Requests that two readers could take for two: whatever the artifact writes, the server sees what was decided on.

use super::*;

/// Sends bytes that hold one request at most in any reading that counts; `hidden` must never reach the server.
fn kept_in(bytes: &str) -> (u16, Vec<String>, Vec<Exchange>) {
    let mut fixture = Fixture::new();
    let answer = fixture.raw(bytes);
    let seen = fixture.server.seen();
    assert!(!seen.iter().any(|line| line.contains("hidden") || line.contains("admin")), "{bytes:?}: {seen:?}");
    (status(&answer), seen, fixture.finish().exchanges)
}

const HIDDEN: &str = "GET /hidden HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n";

/// Nothing reaches the server, and the record says that a request was refused.
fn refused(bytes: &str) {
    let (status, seen, exchanges) = kept_in(bytes);
    // 0: closed without a word, as for a greeting of HTTP/2.
    assert!(matches!(status, 0 | 400 | 403 | 431), "{bytes:?}: {status}");
    assert_eq!(seen, Vec::<String>::new(), "{bytes:?}");
    assert!(exchanges.iter().all(|exchange| exchange.refused().is_some()), "{bytes:?}: {exchanges:?}");
    assert_eq!(exchanges.len(), 1, "{bytes:?}: {exchanges:?}");
}

#[test]
fn two_lengths_are_refused() {
    let head = "POST /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\n";
    for lengths in [
        "content-length: 0\r\ncontent-length: 44\r\n\r\n",
        "content-length: 44\r\ncontent-length: 0\r\n\r\n",
        "content-length: 0, 44\r\n\r\n",
        "content-length: +0\r\n\r\n",
        "content-length: -1\r\n\r\n",
        "content-length: 0x0\r\n\r\n",
        "content-length: 99999999999999999999999\r\n\r\n",
        "transfer-encoding: chunked\r\ntransfer-encoding: identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked, identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding: xchunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: identity\r\n\r\n0\r\n\r\n",
        "transfer-encoding : chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding\r\n : chunked\r\n\r\n0\r\n\r\n",
        " transfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        refused(&format!("{head}{lengths}{HIDDEN}"));
    }
}

#[test]
fn a_length_beside_an_encoding_changes_nothing() {
    let head = "POST /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\n";
    // The parser drops such a length before anybody sees it (RFC 9112, section 6.3). What goes out has a length of its
    // own, and what stands behind the last chunk is a request by itself, which is decided on.
    for lengths in [
        "content-length: 5\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
        "transfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n0\r\n\r\n",
        "content-length: 60\r\ntransfer-encoding: chunked\r\n\r\n0\r\n\r\n",
    ] {
        let (_, seen, exchanges) = kept_in(&format!("{head}{lengths}{HIDDEN}"));
        assert!(seen.is_empty() || seen == ["POST /v1/a 0"], "{seen:?}");
        assert!(exchanges.iter().skip(1).all(|exchange| exchange.refused().is_some()), "{exchanges:?}");
    }
}

#[test]
fn broken_chunks_are_refused() {
    let head = "POST /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\ntransfer-encoding: chunked\r\n\r\n";
    for chunks in [
        "x\r\nhello\r\n0\r\n\r\n",
        "-1\r\nhello\r\n0\r\n\r\n",
        "5hello\r\n0\r\n\r\n",
        "fffffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "4\r\nhello\r\n0\r\n\r\n",
        "0\r\nx-trailer: 1\r\n\r\n",
        "0\r\nhost: other.example\r\n\r\n",
    ] {
        refused(&format!("{head}{chunks}"));
    }
}

#[test]
fn whole_chunks_go_out_as_one_body_with_a_length() {
    let head = "POST /v1/echo HTTP/1.1\r\nhost: HOST:PORT\r\nconnection: close\r\ntransfer-encoding: chunked\r\n\r\n";
    let mut fixture = Fixture::new();
    let answer = fixture.raw(&format!("{head}5;ext=1\r\nhello\r\n6\r\n world\r\n0\r\n\r\n"));
    assert!(answer.contains("content-length: 11") && answer.ends_with("hello world"), "{answer}");
    assert!(!answer.to_ascii_lowercase().contains("transfer-encoding: chunked\ncontent"), "{answer}");
    assert_eq!(fixture.server.seen(), ["POST /v1/echo 11"]);
    assert_eq!(fixture.only().request_bytes, 11);
}

#[test]
fn lines_that_do_not_end_as_they_must_hide_nothing() {
    for bytes in [
        "GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nx-a: b\r\n folded: c\r\n\r\n",
        "GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nx-a: b\rtransfer-encoding: chunked\r\n\r\n",
        "GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nx\0: b\r\n\r\n",
        "GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nx: b\0c\r\n\r\n",
        "GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\n: empty\r\n\r\n",
        "GET  /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n",
        "GET /v1/a /hidden HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n",
        "GET /v1/a\thidden HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n",
        "GET /v1/a HTTP/1.2\r\nhost: HOST:PORT\r\n\r\n",
        "GET /v1/a HTTP/2.0\r\nhost: HOST:PORT\r\n\r\n",
        "GET /v1/a HTTP/1.0\r\nhost: HOST:PORT\r\n\r\n",
        "GET /v1/a\r\nhost: HOST:PORT\r\n\r\n",
        "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
        "\x16\x03\x01\x02\0\x01\0\x01\u{7c}\x03\x03 a greeting of TLS \r\n\r\n",
        "garbage\r\n\r\n",
    ] {
        refused(bytes);
    }
}

#[test]
fn bare_line_feeds_are_one_request_at_most() {
    let bytes = "GET /v1/a HTTP/1.1\nhost: HOST:PORT\nx-a: b\n\nGET /hidden HTTP/1.1\nhost: HOST:PORT\n\n";
    let (_, seen, exchanges) = kept_in(bytes);
    assert!(seen.is_empty() || seen == ["GET /v1/a 0"], "{seen:?}");
    assert!(exchanges.iter().skip(1).all(|exchange| exchange.refused().is_some()), "{exchanges:?}");
}

#[test]
fn each_request_of_a_pipeline_is_decided_on() {
    let one = |target: &str| format!("GET {target} HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n");
    let (_, seen, exchanges) = kept_in(&(one("/v1/a") + &one("/hidden") + &one("/v1/b")));
    // A refused request ends its connection; what stands behind it is not read.
    assert_eq!(seen, ["GET /v1/a 0"]);
    let ends: Vec<End> = exchanges.iter().map(|exchange| exchange.end).collect();
    assert_eq!(ends, [End::Whole, End::Refused(Refusal::Path)]);
}

#[test]
fn a_body_is_no_second_request() {
    let hidden = "GET /hidden HTTP/1.1\r\nhost: api.example.com\r\n\r\n";
    let mut fixture = Fixture::new();
    assert_eq!(status(&fixture.ask("POST", "/v1/a", "", hidden)), 200);
    assert_eq!(fixture.server.seen(), [format!("POST /v1/a {}", hidden.len())]);
    assert_eq!(fixture.only().end, End::Whole);
}

#[test]
fn other_hosts_tunnels_and_upgrades_are_refused() {
    for (bytes, why) in [
        ("GET http://other.example/v1/a HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n", Refusal::Target),
        ("GET https://HOST:PORT/v1/a HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n", Refusal::Target),
        ("GET http://u:p@HOST:PORT/v1/a HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n", Refusal::Target),
        ("GET /v1/a HTTP/1.1\r\nhost: other.example\r\n\r\n", Refusal::Host),
        ("GET /v1/a HTTP/1.1\r\nhost: HOST:1\r\n\r\n", Refusal::Host),
        ("GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nhost: other.example\r\n\r\n", Refusal::Host),
        ("GET /v1/a HTTP/1.1\r\n\r\n", Refusal::Host),
        ("GET http://HOST:PORT/v1/a HTTP/1.1\r\nhost: other.example\r\n\r\n", Refusal::Host),
        ("CONNECT HOST:PORT HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n", Refusal::Method),
        ("CONNECT other.example:443 HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n", Refusal::Method),
        (
            "GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nconnection: upgrade\r\nupgrade: websocket\r\n\r\n",
            Refusal::Upgrade,
        ),
        ("GET /v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nupgrade: h2c\r\nhttp2-settings: AA\r\n\r\n", Refusal::Upgrade),
        ("OPTIONS * HTTP/1.1\r\nhost: HOST:PORT\r\n\r\n", Refusal::Method),
    ] {
        let mut fixture = Fixture::new();
        let answer = fixture.raw(bytes);
        fixture.refuses(&answer, why);
    }
    let mut fixture = Fixture::new();
    let same = "GET http://HOST:PORT/v1/a HTTP/1.1\r\nhost: HOST:PORT\r\nconnection: close\r\n\r\n";
    assert_eq!(status(&fixture.raw(same)), 200);
    assert_eq!(fixture.only().end, End::Whole);
}
