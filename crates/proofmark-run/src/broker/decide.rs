//! The decision about one request: from its head and what is granted to what may leave, or the rule that keeps it in.
//!
//! What leaves is built anew from what was decided on. No byte of the artifact's own message is passed on, so that no
//! two readers of one message can see different requests in it.

use hyper::body::{Body, Incoming};
use hyper::http::request::Parts;
use hyper::http::uri::Authority;
use hyper::{HeaderMap, Method, Uri, Version, header};
use proofmark_contract::egress::path::Path;

use super::credential::Credential;
use super::grant::{Host, Service};
use super::headers;
use super::ledger::Refusal;

/// A request that is allowed.
#[derive(Debug)]
pub(crate) struct Allowed {
    pub path: Path,
    pub query: Option<String>,
    /// Without `Host` and length.
    pub headers: HeaderMap,
    pub dropped: Vec<String>,
}

/// Decides about a request that came in by the address of `service`.
pub(crate) fn decide(
    head: &Parts,
    service: &Service,
    credential: Option<&Credential>,
    header_bytes_max: u64,
) -> Result<Allowed, Refusal> {
    if head.version != Version::HTTP_11 {
        return Err(Refusal::Version);
    }
    let target = head.uri.path_and_query().map_or(0, |target| target.as_str().len());
    let target = u64::try_from(target).unwrap_or(u64::MAX);
    if headers::bytes(&head.headers).saturating_add(target) > header_bytes_max {
        return Err(Refusal::HeaderBytes);
    }
    if head.method == Method::CONNECT {
        return Err(Refusal::Method);
    }
    host(head, service)?;
    framing(&head.headers)?;
    if !service.method(&head.method) {
        return Err(Refusal::Method);
    }
    let path = Path::read(head.uri.path()).map_err(Refusal::PathAmbiguous)?;
    if !service.allows(&head.method, &path) {
        return Err(Refusal::Path);
    }
    let query = query(&head.uri)?;
    let (headers, dropped) = headers::outward(&head.headers, credential)?;
    Ok(Allowed { path, query, headers, dropped })
}

/// The target is a path, or the absolute form of the same host; exactly one `Host` names host and port.
fn host(head: &Parts, service: &Service) -> Result<(), Refusal> {
    match (head.uri.scheme_str(), head.uri.authority()) {
        (None, None) => {}
        (Some("http"), Some(authority)) if names(authority, service) => {}
        _ => return Err(Refusal::Target),
    }
    let mut values = head.headers.get_all(header::HOST).iter();
    let (Some(value), None) = (values.next(), values.next()) else { return Err(Refusal::Host) };
    let authority = value.to_str().ok().and_then(|text| text.parse::<Authority>().ok());
    if authority.is_some_and(|authority| names(&authority, service)) { Ok(()) } else { Err(Refusal::Host) }
}

/// A port may be left out: the address that the request came to has settled it.
fn names(authority: &Authority, service: &Service) -> bool {
    let host = authority.host();
    let exact = match authority.port() {
        None => authority.as_str() == host,
        Some(port) => port.as_u16() == service.port && authority.as_str() == format!("{host}:{}", service.port),
    };
    exact && Host::read(host).is_ok_and(|host| host == service.host)
}

fn framing(headers: &HeaderMap) -> Result<(), Refusal> {
    if headers.contains_key(header::UPGRADE) {
        return Err(Refusal::Upgrade);
    }
    let mut lengths = headers.get_all(header::CONTENT_LENGTH).iter();
    let mut encodings = headers.get_all(header::TRANSFER_ENCODING).iter();
    match (lengths.next(), lengths.next(), encodings.next(), encodings.next()) {
        (None, None, None, None) => Ok(()),
        (Some(length), None, None, None) if length.as_bytes().iter().all(u8::is_ascii_digit) => Ok(()),
        (None, None, Some(encoding), None) if encoding.as_bytes().eq_ignore_ascii_case(b"chunked") => Ok(()),
        _ => Err(Refusal::Framing),
    }
}

fn query(uri: &Uri) -> Result<Option<String>, Refusal> {
    let Some(query) = uri.query() else { return Ok(None) };
    let plain = |byte: u8| byte.is_ascii_graphic() && !matches!(byte, b'#' | b'\\' | b'"' | b'<' | b'>');
    if query.bytes().all(plain) { Ok(Some(query.to_owned())) } else { Err(Refusal::Query) }
}

/// Whether the length that a body announces is over the limit already.
pub(crate) fn announces_too_much(body: &Incoming, bytes_max: u64) -> bool {
    body.size_hint().lower() > bytes_max
}

#[cfg(test)]
mod tests {
    use hyper::Request;
    use proofmark_contract::egress::path::PathError;

    use super::super::grant::{At, Grant, Grants, Scheme};
    use super::*;

    fn service() -> Service {
        let grant =
            Grant::new("api.example.com", 8080, Scheme::Https, At::Name, &["GET", "POST"], &["/v1/**", "/exact"]);
        Grants::new([grant.unwrap()]).unwrap().listeners().pop().unwrap().1
    }

    fn with(method: &str, target: &str, headers: &[(&str, &str)]) -> Result<Allowed, Refusal> {
        let mut request = Request::builder().method(method).uri(target).version(Version::HTTP_11);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let (head, ()) = request.body(()).unwrap().into_parts();
        decide(&head, &service(), None, 4096)
    }

    fn to(method: &str, target: &str) -> Result<String, Refusal> {
        let allowed = with(method, target, &[("host", "api.example.com:8080")])?;
        Ok(allowed.query.map_or(allowed.path.to_string(), |query| format!("{}?{query}", allowed.path)))
    }

    #[test]
    fn what_is_granted_is_allowed_in_one_spelling() {
        assert_eq!(to("GET", "/v1/a").as_deref(), Ok("/v1/a"));
        assert_eq!(to("POST", "/%76%31/a?x=%20&y").as_deref(), Ok("/v1/a?x=%20&y"));
        assert_eq!(to("GET", "/exact?").as_deref(), Ok("/exact?"));
        assert_eq!(to("GET", "http://api.example.com:8080/v1/a").as_deref(), Ok("/v1/a"));
    }

    #[test]
    fn what_is_not_granted_is_refused_by_its_rule() {
        assert_eq!(to("DELETE", "/v1/a"), Err(Refusal::Method));
        assert_eq!(to("HEAD", "/v1/a"), Err(Refusal::Method));
        assert_eq!(to("get", "/v1/a"), Err(Refusal::Method));
        assert_eq!(to("GET", "/v2/a"), Err(Refusal::Path));
        assert_eq!(to("GET", "/exact/"), Err(Refusal::Path));
        assert_eq!(to("GET", "/v1/../v2"), Err(Refusal::PathAmbiguous(PathError::DotSegment)));
        assert_eq!(to("GET", "/v1/a?x\\y"), Err(Refusal::Query));
        assert_eq!(to("GET", "*"), Err(Refusal::PathAmbiguous(PathError::NotAbsolute)));
    }

    #[test]
    fn the_target_is_of_this_host() {
        for other in [
            "http://other.example/v1/a",
            "http://user@api.example.com:8080/v1/a",
            "https://api.example.com:8080/v1/a",
            "http://api.example.com:80/v1/a",
        ] {
            assert_eq!(to("GET", other), Err(Refusal::Target), "{other}");
        }
        assert_eq!(to("CONNECT", "api.example.com:8080"), Err(Refusal::Method));
    }

    #[test]
    fn exactly_one_host_header_agrees() {
        let ask = |headers: &[(&str, &str)]| with("GET", "/v1/a", headers).map(|_| ());
        assert_eq!(ask(&[("host", "API.example.com:8080")]), Ok(()));
        assert_eq!(ask(&[("host", "api.example.com")]), Ok(()));
        for wrong in [
            "other.example",
            "api.example.com:80",
            "api.example.com:08080",
            "api.example.com:",
            "u@api.example.com",
            "api.example.com.other.example",
            "api.example.com:8080:8080",
            "",
            " ",
            "127.0.0.2:8080",
            "api.example.com/",
        ] {
            assert_eq!(ask(&[("host", wrong)]), Err(Refusal::Host), "{wrong}");
        }
        assert_eq!(ask(&[]), Err(Refusal::Host));
        assert_eq!(ask(&[("host", "api.example.com"), ("host", "api.example.com")]), Err(Refusal::Host));
    }

    #[test]
    fn a_body_has_one_length() {
        let ask = |headers: &[(&str, &str)]| {
            let mut all = vec![("host", "api.example.com")];
            all.extend(headers);
            with("POST", "/v1/a", &all).map(|_| ())
        };
        assert_eq!(ask(&[("content-length", "5")]), Ok(()));
        assert_eq!(ask(&[("transfer-encoding", "Chunked")]), Ok(()));
        for wrong in [
            &[("content-length", "5"), ("content-length", "5")][..],
            &[("content-length", "5, 5")],
            &[("content-length", "+5")],
            &[("content-length", "5"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "chunked"), ("transfer-encoding", "chunked")],
            &[("transfer-encoding", "gzip, chunked")],
            &[("transfer-encoding", "xchunked")],
        ] {
            assert_eq!(ask(wrong), Err(Refusal::Framing), "{wrong:?}");
        }
        assert_eq!(ask(&[("upgrade", "h2c")]), Err(Refusal::Upgrade));
    }

    #[test]
    fn heads_are_bounded_and_of_one_version() {
        let long = "a".repeat(4096);
        let ask = |value: &str| with("GET", "/v1/a", &[("host", "api.example.com"), ("x", value)]).map(|_| ());
        assert_eq!((ask("a"), ask(&long)), (Ok(()), Err(Refusal::HeaderBytes)));
        assert_eq!(to("GET", &format!("/v1/a?{long}")), Err(Refusal::HeaderBytes));
        let (mut head, ()) = Request::get("/v1/a").header("host", "api.example.com").body(()).unwrap().into_parts();
        head.version = Version::HTTP_10;
        assert_eq!(decide(&head, &service(), None, 4096).map(|_| ()), Err(Refusal::Version));
    }
}
