//! Digests as links, for records that want a URL: named information (RFC 6920), `ni:///sha-256;` and base64url.

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;
use proofmark_mark::digest::Digest;

const SCHEME: &str = "ni:///sha-256;";

/// The link of what has that digest.
#[must_use]
pub fn link_of_digest(digest: &Digest) -> String {
    format!("{SCHEME}{}", BASE64_URL_SAFE_NO_PAD.encode(digest.as_bytes()))
}

/// The digest of a link in one spelling; `None` for other links.
#[must_use]
pub fn digest_of_link(link: &str) -> Option<Digest> {
    let bytes = BASE64_URL_SAFE_NO_PAD.decode(link.strip_prefix(SCHEME)?).ok()?;
    Some(Digest(bytes.try_into().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn links_are_those_of_the_rfc() {
        // RFC 6920, section 8.1: the text `Hello World!`.
        let link = "ni:///sha-256;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk";
        assert_eq!(link_of_digest(&Digest::of(b"Hello World!")), link);
        assert_eq!(digest_of_link(link), Some(Digest::of(b"Hello World!")));
        for wrong in
            ["https://example.com", "ni:///sha-256;f4Ox", "ni:///sha-512;f4OxZX_x_FO5LcGBSKHWXfwtSx-j1ncoSt3SABJtkGk"]
        {
            assert_eq!(digest_of_link(wrong), None);
        }
    }
}
