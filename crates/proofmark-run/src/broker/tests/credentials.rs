//! The credential reaches the host and never the artifact. [`read`](super::read) looks for it in everything that comes
//! in.

use super::super::ledger::Failure;
use super::*;

fn with(header: &'static str, value: String) -> Fixture {
    Fixture::with(Setting { credential: Some((header, value)), ..Setting::default() })
}

#[test]
fn the_host_is_given_the_credential_and_the_artifact_asterisks() {
    let stars = "*".repeat(PLANTED.len());
    for (header, value, shown) in [
        ("authorization", format!("Bearer {PLANTED}"), format!("Bearer {stars}")),
        ("x-key", PLANTED.to_owned(), stars.clone()),
    ] {
        let mut fixture = with(header, value);
        let answer = fixture.ask("GET", "/v1/echo", "authorization: Bearer of the artifact\r\nx-key: mine\r\n", "");
        assert!(answer.contains(&format!("x-echo: {shown}")) || answer.contains(&format!("x-echo: {shown}mine")));
        assert!(body(&answer).contains(&format!("{header}: {shown}")), "{answer}");
        assert!(!answer.contains("of the artifact"), "{answer}");
        let exchange = fixture.only();
        assert_eq!((exchange.credential.as_deref(), exchange.masked), (Some("main"), 2));
        let dropped = if header == "x-key" { vec!["authorization", "x-key"] } else { vec!["authorization"] };
        assert_eq!(exchange.dropped, dropped);
    }
}

#[test]
fn a_credential_in_pieces_is_put_together_and_masked() {
    let mut fixture = Fixture::new();
    let answer = fixture.get("/v1/split");
    let half = &PLANTED[..PLANTED.len() / 2];
    assert!(answer.contains("<") && !answer.contains(&format!("<{half}")), "{answer}");
    // The end of the answer looks like a start of it, and is none.
    assert!(body(&answer).contains(half), "{answer}");
    assert_eq!(fixture.only().masked, 1);
    let mut fixture = Fixture::new();
    assert_eq!(status(&fixture.get("/v1/credential")), 200);
    assert_eq!(fixture.only().masked, 1);
}

#[test]
fn a_credential_as_a_header_s_name_is_dropped() {
    let mut fixture = Fixture::new();
    assert!(fixture.get("/v1/name").contains("x-other: stays"));
    assert_eq!(fixture.only().masked, 1);
}

#[test]
fn sessions_and_other_ways_to_the_host_stay_outside() {
    let mut fixture = Fixture::new();
    let answer = fixture.get("/v1/cookie");
    assert!(answer.ends_with("cookie") && !answer.contains("set-cookie") && !answer.contains("alt-svc"), "{answer}");
    assert_eq!(fixture.only().end, End::Whole);
}

#[test]
fn an_answer_that_can_not_be_looked_through_is_not_passed_on() {
    let mut fixture = Fixture::new();
    let answer = fixture.ask("GET", "/v1/gzip", "accept-encoding: gzip\r\n", "");
    assert!(status(&answer) == 502 && !answer.contains("not really"), "{answer}");
    let exchange = fixture.only();
    assert_eq!((exchange.end, exchange.dropped), (End::Failed(Failure::Encoded), vec!["accept-encoding".to_owned()]));
    // Without a credential there is nothing to look for.
    let mut fixture = Fixture::with(Setting { credential: None, ..Setting::default() });
    assert!(fixture.get("/v1/gzip").contains("not really"));
    let exchange = fixture.only();
    assert_eq!((exchange.end, exchange.credential), (End::Whole, None));
}

#[test]
fn the_artifact_can_not_ask_for_a_part_or_take_the_credential_out() {
    let mut fixture = Fixture::new();
    let answer = fixture.ask("GET", "/v1/echo", "connection: authorization\r\nrange: bytes=0-3\r\n", "");
    assert!(body(&answer).contains("authorization: Bearer ***") && !body(&answer).contains("range"), "{answer}");
    assert_eq!(fixture.only().dropped, ["range"]);
}

#[test]
fn what_the_broker_says_itself_holds_no_credential() {
    // Each ends in words of the broker; `read` has looked through them.
    let fixture = Fixture::new();
    for answer in [fixture.get("/v2"), fixture.raw("garbage\r\n\r\n"), fixture.get("/v1/gzip"), fixture.get("/v1/..")] {
        assert!(matches!(status(&answer), 400 | 403 | 502), "{answer}");
    }
    let closed = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let fixture = Fixture::with(Setting { at: Some(At::Address(closed)), ..Setting::default() });
    assert_eq!(status(&fixture.get("/v1/echo")), 502);
    assert!(!format!("{:?}", fixture.serving).contains(PLANTED));
}
