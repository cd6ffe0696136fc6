//! Compact JSON in one spelling: what is read must be exactly what this crate would write.
//!
//! Refusing every other spelling binds each byte of a signed or hashed text, so two readers never see two things in it.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Deserializer, Serialize};
use thiserror::Error;

/// Why bytes are not the JSON of a type.
#[derive(Debug, Error)]
pub enum JsonError {
    #[error("not the JSON expected here: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("not in canonical form; write it as compact JSON with the fields in the order of the specification")]
    NotCanonical,
    #[error("{bytes} bytes, over the limit of {limit}")]
    TooLarge { bytes: usize, limit: usize },
}

/// The compact JSON of a type of ours.
pub(crate) fn to_bytes<T: Serialize>(value: &T) -> Vec<u8> {
    #[expect(clippy::expect_used, reason = "our types have string keys and writers that never fail; memory takes it")]
    serde_json::to_vec(value).expect("plain data has a JSON form")
}

/// Reads compact JSON of at most `limit` bytes and refuses any spelling but the one of [`to_bytes`].
pub(crate) fn parse<T: Serialize + DeserializeOwned>(bytes: &[u8], limit: usize) -> Result<T, JsonError> {
    if bytes.len() > limit {
        return Err(JsonError::TooLarge { bytes: bytes.len(), limit });
    }
    let value = serde_json::from_slice(bytes)?;
    if to_bytes(&value) == bytes { Ok(value) } else { Err(JsonError::NotCanonical) }
}

/// For serde's `deserialize_with`: a field that may be `null` but must be there.
pub(crate) fn nullable<'de, T: Deserialize<'de>, D: Deserializer<'de>>(deserializer: D) -> Result<Option<T>, D::Error> {
    Option::deserialize(deserializer)
}
