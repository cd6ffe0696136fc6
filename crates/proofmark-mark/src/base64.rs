//! Standard base64 with padding (RFC 4648, section 4), in its canonical spelling only.
//!
//! One byte string has one text here: padding is required and unused bits must be zero.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// The text of `bytes`.
#[must_use]
pub fn encode(bytes: &[u8]) -> String {
    STANDARD.encode(bytes)
}

/// The bytes of `text`, or `None` if it is not canonical base64.
#[must_use]
pub fn decode(text: &str) -> Option<Vec<u8>> {
    STANDARD.decode(text).ok().filter(|bytes| encode(bytes) == text)
}

/// For serde's `with`: bytes as a base64 string.
pub(crate) mod bytes {
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(crate) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&super::encode(bytes))
    }

    pub(crate) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        let text = String::deserialize(deserializer)?;
        super::decode(&text).ok_or_else(|| D::Error::custom("not canonical base64"))
    }
}
