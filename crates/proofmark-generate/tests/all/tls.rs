//! TLS: the key is sent to who the certificate says, or not at all.

use std::sync::Arc;

use proofmark_generate::{Authorities, AuthorityError, Client, Error, Failure, Protocol, Reply, Secret, Spent};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};

use crate::endpoint::{KEY, Script, Scripted, Seen, Step, ask, ok, send, settings};

const GOOD: &str = r#"{"choices":[{"message":{"content":"x"},"finish_reason":"stop"}]}"#;

/// A server's settings for `name`, and the certificate in PEM by which it is known.
fn server(name: &str) -> (Arc<ServerConfig>, String) {
    let made = rcgen::generate_simple_self_signed(vec![name.to_owned()]).unwrap();
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(made.signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    let config = ServerConfig::builder_with_provider(provider).with_safe_default_protocol_versions().unwrap();
    let config = config.with_no_client_auth().with_single_cert(vec![made.cert.der().clone()], key).unwrap();
    (Arc::new(config), made.cert.pem())
}

fn asked(name: &str, script: Script, pem: Option<&str>) -> (Result<Reply, Failure>, usize) {
    let (config, own) = server(name);
    let scripted = Scripted::start_tls(vec![script], config);
    let mut endpoint = settings(Protocol::OpenAi, format!("https://localhost:{}/v1", scripted.address.port()));
    endpoint.stream = false;
    let authorities = Authorities::only(pem.unwrap_or(&own).as_bytes()).unwrap();
    let key = Secret::new(KEY.to_owned()).unwrap();
    let client = Client::new(endpoint, Some(key), authorities, Spent::default()).unwrap();
    (ask(&client, "add", &mut Seen::default()), scripted.count())
}

#[test]
fn an_endpoint_with_its_own_certificate_is_asked() {
    let (reply, count) = asked("localhost", ok(GOOD), None);
    assert_eq!((reply.unwrap().text.as_str(), count), ("x", 1));
}

#[test]
fn nothing_is_sent_to_an_endpoint_that_is_not_who_it_should_be() {
    let (_, other) = server("localhost");
    for (name, pem) in [("localhost", Some(other.as_str())), ("example.com", None)] {
        let (result, count) = asked(name, ok(GOOD), pem);
        let failure = result.unwrap_err();
        assert!(matches!(failure.error, Error::Tls(_)), "{failure}");
        assert_eq!((failure.attempts, failure.spent.output_tokens, count), (1, 0, 0), "{failure}");
    }
    // The same with the authorities of the world.
    let (config, _) = server("localhost");
    let scripted = Scripted::start_tls(vec![ok(GOOD)], config);
    let endpoint = settings(Protocol::OpenAi, format!("https://localhost:{}/v1", scripted.address.port()));
    let failure = ask(&crate::endpoint::client(endpoint), "add", &mut Seen::default()).unwrap_err();
    assert!(matches!(failure.error, Error::Tls(_)), "{failure}");
    assert_eq!(scripted.count(), 0);
}

#[test]
fn an_endpoint_without_tls_is_no_endpoint_with_it() {
    let scripted = Scripted::start(vec![ok(GOOD)]);
    let endpoint = settings(Protocol::OpenAi, format!("https://localhost:{}/v1", scripted.address.port()));
    let mut endpoint = endpoint;
    endpoint.timeouts.connect_ms = 300;
    endpoint.retries.attempts = 1;
    let failure = ask(&crate::endpoint::client(endpoint), "add", &mut Seen::default()).unwrap_err();
    assert_eq!((failure.spent.output_tokens, scripted.count()), (0, 0), "{failure}");
}

#[test]
fn an_answer_that_is_cut_without_a_word_is_cut() {
    let (half, _) = GOOD.split_at(20);
    let script =
        vec![send(format!("HTTP/1.1 200 OK\r\nContent-Type: application/json\r\n\r\n{half}")), Step::Send(Vec::new())];
    let (result, count) = asked("localhost", script, None);
    assert_eq!((result.unwrap_err().error, count), (Error::Cut, 3), "TLS tells an end from a cut");
}

#[test]
fn authorities_are_certificates() {
    for text in ["", "no", "-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n"] {
        assert_eq!(Authorities::only(text.as_bytes()).map(drop), Err(AuthorityError), "{text}");
    }
}
