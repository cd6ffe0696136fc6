//! Signed notes (C2SP signed-note) with Ed25519 keys: text, blank line, signature lines.
//!
//! The text of a note means nothing until [`Note::verify`] has said so. Limits hold before anything is decoded.

use std::fmt;
use std::str::FromStr;

use ed25519_dalek::{Signature as Ed25519, Signer as _, SigningKey, VerifyingKey};
use thiserror::Error;

use crate::base64;
use crate::digest::{Digest, hex, unhex};

/// The largest note, in bytes.
pub const NOTE_BYTES_MAX: usize = 64 << 10;
/// The most signatures that a note may carry.
pub const SIGNATURES_MAX: usize = 64;
/// The longest key name, in bytes.
pub const NAME_BYTES_MAX: usize = 255;

/// The signature type byte of Ed25519 (C2SP signed-note, "Signature types").
const ED25519: u8 = 1;
const SECRET_PREFIX: &str = "PRIVATE+KEY+";

/// Why a note or a note key is not one, or is not signed as it must be.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum NoteError {
    #[error("the note is {0} bytes, over the limit of {NOTE_BYTES_MAX}")]
    TooLarge(usize),
    #[error("the note is not UTF-8, or holds a control character other than newline")]
    Characters,
    #[error("the note has no text that ends in a newline, followed by a blank line and signatures")]
    Layout,
    #[error("the note has a line among its signatures that is not `— name base64`")]
    SignatureLine,
    #[error("the note has more than {SIGNATURES_MAX} signatures")]
    TooManySignatures,
    #[error("`{0}` is not a key name; use 1 to {NAME_BYTES_MAX} bytes without spaces, control characters and `+`")]
    Name(String),
    #[error("`{0}` is not a verifier key; write `name+hash+base64` as `proofmark init` prints it")]
    VerifierKey(String),
    #[error("the text is not an Ed25519 signer key of the form `PRIVATE+KEY+name+hash+base64`")]
    SignerKey,
    #[error("the note is not signed by `{0}`")]
    NotSigned(String),
    #[error("the signature by `{0}` is wrong: the note was altered or signed with another key")]
    WrongSignature(String),
}

/// A public key for notes: an Ed25519 key with a name. Its text is `name+hash+base64`.
#[derive(Clone, PartialEq, Eq)]
pub struct VerifierKey {
    name: String,
    key: VerifyingKey,
}

/// A secret key for notes. Its text, [`SignerKey::to_secret_text`], is the key itself: keep it out of output.
#[derive(Clone)]
pub struct SignerKey {
    name: String,
    key: SigningKey,
}

/// One signature line: who signed, and what.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signature {
    pub name: String,
    /// The first four bytes of SHA-256 over name, newline, type byte and public key.
    pub key_id: [u8; 4],
    /// The signature proper, without the key id.
    pub bytes: Vec<u8>,
}

/// A text with signatures, none of them verified yet. Its `Display` is the note's own form.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Note {
    /// The signed text, with its final newline.
    text: String,
    signatures: Vec<Signature>,
}

impl VerifierKey {
    /// Names a public key.
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a note can't carry, [`NoteError::VerifierKey`] for a key of small order,
    /// under which signatures are not unique.
    pub fn new(name: &str, key: VerifyingKey) -> Result<Self, NoteError> {
        let name = key_name(name)?;
        if key.is_weak() { Err(NoteError::VerifierKey(name)) } else { Ok(Self { name, key }) }
    }

    /// The key's name; of a log's key also the log's origin.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The key's id as it stands in signature lines.
    #[must_use]
    pub fn key_id(&self) -> [u8; 4] {
        let [a, b, c, d, ..] = Digest::of_parts(&[self.name.as_bytes(), b"\n", &[ED25519], self.key.as_bytes()]).0;
        [a, b, c, d]
    }
}

impl fmt::Display for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}+{}+{}", self.name, hex(&self.key_id()), typed_base64(self.key.as_bytes()))
    }
}

impl fmt::Debug for VerifierKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for VerifierKey {
    type Err = NoteError;

    fn from_str(text: &str) -> Result<Self, NoteError> {
        let wrong = || NoteError::VerifierKey(text.chars().take(200).collect());
        let (name, key_id, key) = split_key(text).ok_or_else(wrong)?;
        let key = VerifyingKey::from_bytes(&key).map_err(|_| wrong())?;
        let key = Self::new(name, key)?;
        if key.key_id() == key_id { Ok(key) } else { Err(wrong()) }
    }
}

impl SignerKey {
    /// The key that a 32-byte secret seed stands for (RFC 8032).
    ///
    /// # Errors
    /// [`NoteError::Name`] for a name that a note can't carry.
    pub fn from_seed(name: &str, seed: &[u8; 32]) -> Result<Self, NoteError> {
        Ok(Self { name: key_name(name)?, key: SigningKey::from_bytes(seed) })
    }

    /// Reads the text form `PRIVATE+KEY+name+hash+base64`.
    ///
    /// # Errors
    /// [`NoteError`], which never repeats the text.
    pub fn parse_secret_text(text: &str) -> Result<Self, NoteError> {
        let rest = text.strip_prefix(SECRET_PREFIX).ok_or(NoteError::SignerKey)?;
        let (name, key_id, seed) = split_key(rest).ok_or(NoteError::SignerKey)?;
        let key = Self::from_seed(name, &seed).map_err(|_| NoteError::SignerKey)?;
        if key.verifier().key_id() == key_id { Ok(key) } else { Err(NoteError::SignerKey) }
    }

    /// The text form, which is secret.
    #[must_use]
    pub fn to_secret_text(&self) -> String {
        let id = hex(&self.verifier().key_id());
        format!("{SECRET_PREFIX}{}+{id}+{}", self.name, typed_base64(self.key.as_bytes()))
    }

    /// The public half.
    #[must_use]
    pub fn verifier(&self) -> VerifierKey {
        VerifierKey { name: self.name.clone(), key: self.key.verifying_key() }
    }

    /// Signs a text.
    #[must_use]
    pub fn sign(&self, text: &str) -> Signature {
        Signature {
            name: self.name.clone(),
            key_id: self.verifier().key_id(),
            bytes: self.key.sign(text.as_bytes()).to_bytes().to_vec(),
        }
    }
}

impl fmt::Debug for SignerKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SignerKey({})", self.name)
    }
}

impl Note {
    /// A note of a text and its signatures.
    ///
    /// # Errors
    /// [`NoteError`] for a text or signatures that could not be read back.
    pub fn new(text: &str, signatures: Vec<Signature>) -> Result<Self, NoteError> {
        let note = Self { text: text.to_owned(), signatures };
        let read = Self::parse(note.to_string().as_bytes())?;
        if read == note { Ok(note) } else { Err(NoteError::Layout) }
    }

    /// Reads a note. Nothing is verified by it.
    ///
    /// # Errors
    /// [`NoteError`] says which rule of the format or which limit is broken.
    pub fn parse(bytes: &[u8]) -> Result<Self, NoteError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(NoteError::TooLarge(bytes.len()));
        }
        let note = std::str::from_utf8(bytes).map_err(|_| NoteError::Characters)?;
        if note.bytes().any(|byte| byte < b' ' && byte != b'\n') {
            return Err(NoteError::Characters);
        }
        let blank = note.rfind("\n\n").ok_or(NoteError::Layout)?;
        let (text, signatures) = note.split_at_checked(blank.saturating_add(1)).ok_or(NoteError::Layout)?;
        let lines =
            signatures.strip_prefix('\n').and_then(|lines| lines.strip_suffix('\n')).ok_or(NoteError::Layout)?;
        let mut found = Vec::new();
        for line in lines.split('\n') {
            if found.len() == SIGNATURES_MAX {
                return Err(NoteError::TooManySignatures);
            }
            found.push(signature(line).ok_or(NoteError::SignatureLine)?);
        }
        Ok(Self { text: text.to_owned(), signatures: found })
    }

    /// The text, with its final newline. Do not believe it before [`Note::verify`].
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    /// The signatures in the order of their lines.
    #[must_use]
    pub fn signatures(&self) -> &[Signature] {
        &self.signatures
    }

    /// Verifies that `key` signed the text. Signatures by other keys are ignored; a wrong one by `key` is not.
    ///
    /// # Errors
    /// [`NoteError::NotSigned`] or [`NoteError::WrongSignature`].
    pub fn verify(&self, key: &VerifierKey) -> Result<(), NoteError> {
        let key_id = key.key_id();
        let mut by_key =
            self.signatures.iter().filter(|line| line.name == key.name && line.key_id == key_id).peekable();
        if by_key.peek().is_none() {
            return Err(NoteError::NotSigned(key.name.clone()));
        }
        let right = by_key.all(|line| {
            Ed25519::from_slice(&line.bytes)
                .is_ok_and(|signature| key.key.verify_strict(self.text.as_bytes(), &signature).is_ok())
        });
        if right { Ok(()) } else { Err(NoteError::WrongSignature(key.name.clone())) }
    }
}

impl fmt::Display for Note {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{}", self.text)?;
        for line in &self.signatures {
            let bytes: Vec<u8> = line.key_id.iter().chain(&line.bytes).copied().collect();
            writeln!(f, "— {} {}", line.name, base64::encode(&bytes))?;
        }
        Ok(())
    }
}

fn signature(line: &str) -> Option<Signature> {
    let (name, encoded) = line.strip_prefix("— ")?.split_once(' ')?;
    let name = key_name(name).ok()?;
    let bytes = base64::decode(encoded)?;
    let (key_id, bytes) = bytes.split_first_chunk::<4>()?;
    if bytes.is_empty() { None } else { Some(Signature { name, key_id: *key_id, bytes: bytes.to_vec() }) }
}

fn key_name(name: &str) -> Result<String, NoteError> {
    let wrong = |c: char| c.is_whitespace() || c.is_control() || c == '+';
    if name.is_empty() || name.len() > NAME_BYTES_MAX || name.contains(wrong) {
        return Err(NoteError::Name(name.chars().take(80).collect()));
    }
    Ok(name.to_owned())
}

/// The parts of `name+hash+base64`, where the base64 is an Ed25519 type byte and 32 bytes.
fn split_key(text: &str) -> Option<(&str, [u8; 4], [u8; 32])> {
    let mut parts = text.splitn(3, '+');
    let (name, key_id, encoded) = (parts.next()?, parts.next()?, parts.next()?);
    match base64::decode(encoded)?.split_first()? {
        (&ED25519, key) => Some((name, unhex(key_id)?, key.try_into().ok()?)),
        _ => None,
    }
}

fn typed_base64(key: &[u8; 32]) -> String {
    let bytes: Vec<u8> = std::iter::once(ED25519).chain(*key).collect();
    base64::encode(&bytes)
}

#[cfg(test)]
mod tests;
