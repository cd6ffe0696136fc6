//! Which headers cross the fence, in each direction.
//!
//! Those that belong to one connection never do. The artifact has no identity of its own: what it sends as
//! authorisation or cookie is dropped, and the owner's credential is put in afterwards, so that nothing in the request
//! can take it out again.

use hyper::HeaderMap;
use hyper::header::{self, HeaderName, HeaderValue};

use super::credential::Credential;
use super::ledger::Refusal;
use super::mask::masked;

/// Headers of one connection (RFC 9110, section 7.6.1, and older ones), or that frame a message.
const HOP: [&str; 12] = [
    "connection",
    "content-length",
    "expect",
    "host",
    "http2-settings",
    "keep-alive",
    "proxy-authenticate",
    "proxy-connection",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];

/// By these some servers and frameworks take another method, path or host than the request line says.
const OVERRIDE: [&str; 14] = [
    "forwarded",
    "x-forwarded-host",
    "x-forwarded-path",
    "x-forwarded-port",
    "x-forwarded-prefix",
    "x-forwarded-proto",
    "x-forwarded-server",
    "x-forwarded-uri",
    "x-host",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-url",
    "x-rewrite-url",
];

/// Who the artifact claims to be.
const IDENTITY: [&str; 3] = ["authorization", "cookie", "proxy-authorization"];

/// By these a host could hand a credential out in parts or compressed, where the mask can't see it.
const PARTS: [&str; 3] = ["accept-encoding", "if-range", "range"];

/// Whether a header frames, routes or ends a message, so that it can't be a credential.
pub(crate) fn framing(name: &HeaderName) -> bool {
    HOP.contains(&name.as_str()) || OVERRIDE.contains(&name.as_str()) || PARTS.contains(&name.as_str())
}

/// The headers of a request on its way out, without `Host` and the body's length, and the names that were dropped.
pub(crate) fn outward(from: &HeaderMap, credential: Option<&Credential>) -> Result<(HeaderMap, Vec<String>), Refusal> {
    let mut out = HeaderMap::with_capacity(from.keys_len().saturating_add(2));
    let mut dropped = Vec::new();
    for name in from.keys() {
        // Servers that hand headers on as variables take `_` and `-` for the same.
        let word = name.as_str().replace('_', "-");
        let is_one_of = |list: &[&str]| list.contains(&word.as_str());
        if is_one_of(&OVERRIDE) {
            return Err(Refusal::Override);
        }
        let own = credential.is_some_and(|credential| credential.header.as_str().replace('_', "-") == word);
        if own || is_one_of(&IDENTITY) || (credential.is_some() && is_one_of(&PARTS)) {
            dropped.push(name.as_str().to_owned());
        } else if !is_one_of(&HOP) && !listed(from, name) {
            for value in from.get_all(name) {
                out.append(name.clone(), value.clone());
            }
        }
    }
    if let Some(credential) = credential {
        out.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
        out.insert(credential.header.clone(), credential.value.clone());
    }
    dropped.sort();
    Ok((out, dropped))
}

/// The headers of an answer on its way in, and how often the credential was masked in them.
pub(crate) fn inward(from: &HeaderMap, credential: Option<&Credential>) -> (HeaderMap, u64) {
    let mut out = HeaderMap::with_capacity(from.keys_len());
    let mut found = 0_u64;
    // The length is the one header of these that an answer may keep: the server side holds the body to it.
    let sized = !from.contains_key(header::TRANSFER_ENCODING);
    for (name, value) in from {
        let word = name.as_str();
        let hop = (HOP.contains(&word) && !(sized && word == "content-length")) || listed(from, name);
        // A session that the credential opened is as good as the credential. Another protocol could not be reached
        // anyway.
        let session = credential.is_some() && word == "set-cookie";
        if hop || session || word == "alt-svc" {
            continue;
        }
        let Some(credential) = credential else {
            out.append(name.clone(), value.clone());
            continue;
        };
        // Names come in lower case.
        if masked(&credential.secret.to_ascii_lowercase(), &mut word.as_bytes().to_vec()) > 0 {
            found = found.saturating_add(1);
            continue;
        }
        let mut bytes = value.as_bytes().to_vec();
        found = found.saturating_add(masked(&credential.secret, &mut bytes));
        if let Ok(value) = HeaderValue::from_bytes(&bytes) {
            out.append(name.clone(), value);
        }
    }
    (out, found)
}

/// Whether `Connection` names the header as one of this connection alone.
fn listed(headers: &HeaderMap, name: &HeaderName) -> bool {
    headers
        .get_all(header::CONNECTION)
        .iter()
        .flat_map(|value| value.as_bytes().split(|byte| *byte == b','))
        .any(|word| word.trim_ascii().eq_ignore_ascii_case(name.as_str().as_bytes()))
}

/// Bytes that headers take on the wire: names, values, separators.
pub(crate) fn bytes(headers: &HeaderMap) -> u64 {
    let one = |(name, value): (&HeaderName, &HeaderValue)| name.as_str().len().saturating_add(value.len());
    headers
        .iter()
        .map(one)
        .fold(0_u64, |sum, length| sum.saturating_add(u64::try_from(length).unwrap_or(u64::MAX)).saturating_add(4))
}

#[cfg(test)]
mod tests {
    use super::super::credential::Credentials;
    use super::super::grant::Host;
    use super::*;

    fn map(pairs: &[(&str, &str)]) -> HeaderMap {
        let mut map = HeaderMap::new();
        for (name, value) in pairs {
            map.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_str(value).unwrap());
        }
        map
    }

    fn text(map: &HeaderMap) -> Vec<String> {
        let mut lines: Vec<String> =
            map.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort();
        lines
    }

    fn credential() -> Credential {
        let mut held = Credentials::none();
        held.add("a.com", "main", "x-key", "PLANTED-secret").unwrap();
        held.of(&Host::read("a.com").unwrap()).unwrap().clone()
    }

    #[test]
    fn headers_of_one_connection_stay_on_it() {
        let from = map(&[
            ("connection", "close, X-Private"),
            ("x-private", "1"),
            ("te", "trailers"),
            ("keep-alive", "5"),
            ("host", "a.com"),
            ("expect", "100-continue"),
            ("accept", "a"),
            ("accept", "b"),
        ]);
        assert_eq!(text(&outward(&from, None).unwrap().0), ["accept: a", "accept: b"]);
        assert_eq!(text(&inward(&from, None).0), ["accept: a", "accept: b"]);
    }

    #[test]
    fn the_artifact_has_no_identity_of_its_own() {
        let from =
            map(&[("authorization", "Bearer mine"), ("cookie", "a=b"), ("x-key", "mine"), ("range", "bytes=0-3")]);
        let (out, dropped) = outward(&from, Some(&credential())).unwrap();
        assert_eq!(text(&out), ["accept-encoding: identity", "x-key: PLANTED-secret"]);
        assert_eq!(dropped, ["authorization", "cookie", "range", "x-key"]);
        let (out, dropped) = outward(&from, None).unwrap();
        assert_eq!(text(&out), ["range: bytes=0-3", "x-key: mine"]);
        assert_eq!(dropped, ["authorization", "cookie"]);
    }

    #[test]
    fn the_connection_header_can_not_take_the_credential_out() {
        let from = map(&[("connection", "x-key, host, accept-encoding")]);
        let (out, _) = outward(&from, Some(&credential())).unwrap();
        assert_eq!(text(&out), ["accept-encoding: identity", "x-key: PLANTED-secret"]);
    }

    #[test]
    fn headers_that_replace_method_or_path_are_refused() {
        for name in OVERRIDE {
            assert_eq!(outward(&map(&[(name, "DELETE")]), None), Err(Refusal::Override), "{name}");
        }
        assert!(outward(&map(&[("x-forwarded-for", "1.2.3.4")]), None).is_ok());
    }

    #[test]
    fn an_underscore_hides_no_header() {
        assert_eq!(outward(&map(&[("x_http-method_override", "DELETE")]), None), Err(Refusal::Override));
        let from =
            map(&[("x_key", "mine"), ("transfer_encoding", "chunked"), ("my_own", "1"), ("proxy_authorization", "a")]);
        let (out, dropped) = outward(&from, Some(&credential())).unwrap();
        assert_eq!(text(&out), ["accept-encoding: identity", "my_own: 1", "x-key: PLANTED-secret"]);
        assert_eq!(dropped, ["proxy_authorization", "x_key"]);
    }

    #[test]
    fn an_answer_shows_no_credential() {
        let from = map(&[
            ("x-echo", "got PLANTED-secret twice: PLANTED-secret"),
            ("planted-secret", "a name"),
            ("set-cookie", "session=1"),
            ("alt-svc", "h3"),
            ("content-length", "5"),
        ]);
        let (out, found) = inward(&from, Some(&credential()));
        assert_eq!(text(&out), ["content-length: 5", "x-echo: got ************** twice: **************"]);
        assert_eq!(found, 3);
        assert!(inward(&from, None).0.contains_key("set-cookie"));
        let twice = map(&[("content-length", "5"), ("transfer-encoding", "chunked")]);
        assert_eq!(text(&inward(&twice, None).0), Vec::<String>::new());
    }
}
