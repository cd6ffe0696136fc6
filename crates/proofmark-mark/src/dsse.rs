//! DSSE envelopes with one ECDSA P-256 signature each.
//!
//! Signatures are DER, deterministic (RFC 6979) and low-S; a high-S twin is refused, so nobody can make a second valid
//! envelope out of one. The payload of an envelope means nothing until [`Envelope::verify`] has returned it.

use std::collections::BTreeMap;

use p256::ecdsa::signature::{Signer as _, Verifier as _};
use p256::ecdsa::{Signature as P256, SigningKey, VerifyingKey};
use p256::pkcs8::{DecodePublicKey as _, EncodePublicKey as _};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::canonical::{self, JsonError};
use crate::digest::Digest;

/// The payload type of every envelope of Proofmark.
pub const PAYLOAD_TYPE: &str = "application/vnd.in-toto+json";
/// The largest envelope, in bytes.
pub const ENVELOPE_BYTES_MAX: usize = 16 << 20;

/// A signed payload. Its canonical bytes are compact JSON with the fields in this order.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Envelope {
    #[serde(with = "crate::base64::bytes")]
    payload: Vec<u8>,
    #[serde(rename = "payloadType")]
    payload_type: String,
    signatures: [Signature; 1],
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Signature {
    keyid: Digest,
    #[serde(with = "crate::base64::bytes")]
    sig: Vec<u8>,
}

/// A payload that a trusted key signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Signed<'a> {
    pub payload: &'a [u8],
    /// Whose signature it is.
    pub keyid: Digest,
}

/// Why an envelope is not believed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum DsseError {
    #[error("its payload is not of type `{PAYLOAD_TYPE}`")]
    PayloadType,
    #[error("it is signed with the key {0}, which is not a trusted one")]
    UnknownKey(Digest),
    #[error("its signature is not one in DER with a low S")]
    Form,
    #[error("its signature is wrong: the payload was altered or signed with another key")]
    WrongSignature,
}

/// A public key that can't be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum KeyError {
    #[error("not an ECDSA P-256 public key in PEM (`BEGIN PUBLIC KEY`)")]
    Pem,
    #[error("the key has no SPKI form")]
    Spki,
}

/// The public keys of trusted governors, by key id.
#[derive(Debug, Clone, Default)]
pub struct VerifyingKeys(BTreeMap<Digest, VerifyingKey>);

impl VerifyingKeys {
    /// Adds a key and says its id.
    ///
    /// # Errors
    /// As [`keyid`].
    pub fn insert(&mut self, key: VerifyingKey) -> Result<Digest, KeyError> {
        let id = keyid(&key)?;
        self.0.insert(id, key);
        Ok(id)
    }
}

/// A key's id: SHA-256 of its SPKI DER.
///
/// # Errors
/// [`KeyError::Spki`] if the key can't be encoded.
pub fn keyid(key: &VerifyingKey) -> Result<Digest, KeyError> {
    let der = key.to_public_key_der().map_err(|_| KeyError::Spki)?;
    Ok(Digest::of(der.as_bytes()))
}

/// Reads a P-256 public key from SPKI PEM.
///
/// # Errors
/// [`KeyError::Pem`] for anything else.
pub fn key_from_pem(pem: &str) -> Result<VerifyingKey, KeyError> {
    VerifyingKey::from_public_key_pem(pem).map_err(|_| KeyError::Pem)
}

/// DSSE's pre-authentication encoding: the bytes that are signed (DSSE v1, "Signature Definition").
#[must_use]
pub fn pae(payload_type: &str, payload: &[u8]) -> Vec<u8> {
    let head = format!("DSSEv1 {} {payload_type} {} ", payload_type.len(), payload.len());
    [head.as_bytes(), payload].concat()
}

impl Envelope {
    /// Signs a payload. The nonce follows from key and message, so the same input gives the same bytes.
    ///
    /// # Errors
    /// [`KeyError::Spki`] if the key has no id.
    pub fn sign(payload_type: &str, payload: Vec<u8>, key: &SigningKey) -> Result<Self, KeyError> {
        let signature: P256 = key.sign(&pae(payload_type, &payload));
        let sig = signature.normalize_s().to_der().as_bytes().to_vec();
        let keyid = keyid(key.verifying_key())?;
        Ok(Self { payload, payload_type: payload_type.to_owned(), signatures: [Signature { keyid, sig }] })
    }

    /// Reads canonical bytes. Nothing is verified by it.
    ///
    /// # Errors
    /// [`JsonError`] for any spelling but that of [`Envelope::to_bytes`].
    pub fn parse(bytes: &[u8]) -> Result<Self, JsonError> {
        canonical::parse(bytes, ENVELOPE_BYTES_MAX)
    }

    /// The canonical bytes: compact JSON.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        canonical::to_bytes(self)
    }

    /// SHA-256 of the canonical bytes: the envelope's name in the log.
    #[must_use]
    pub fn digest(&self) -> Digest {
        Digest::of(&self.to_bytes())
    }

    /// The payload, unverified: to be shown or counted, never to be decided on.
    #[must_use]
    pub fn unverified_payload(&self) -> &[u8] {
        &self.payload
    }

    /// Verifies the signature and returns the payload with the id of the key that signed it.
    ///
    /// # Errors
    /// [`DsseError`] says why the payload must not be believed.
    pub fn verify(&self, keys: &VerifyingKeys) -> Result<Signed<'_>, DsseError> {
        if self.payload_type != PAYLOAD_TYPE {
            return Err(DsseError::PayloadType);
        }
        let [Signature { keyid, sig }] = &self.signatures;
        let key = keys.0.get(keyid).ok_or(DsseError::UnknownKey(*keyid))?;
        let signature = P256::from_der(sig).map_err(|_| DsseError::Form)?;
        if signature.normalize_s() != signature || signature.to_der().as_bytes() != sig.as_slice() {
            return Err(DsseError::Form);
        }
        let signed = pae(&self.payload_type, &self.payload);
        key.verify(&signed, &signature).map_err(|_| DsseError::WrongSignature)?;
        Ok(Signed { payload: &self.payload, keyid: *keyid })
    }
}

#[cfg(test)]
mod tests;
