//! The secret keys: the governor's, which signs statements, the log's, which signs checkpoints, and a steward's, which
//! signs orders and which the governor never loads. Beside them the key from which sealed properties get their salts.
//!
//! ```text
//! governor.pem   ECDSA P-256, PKCS#8 in PEM
//! log.key        Ed25519, a C2SP signed-note signer key on one line
//! steward.pem    ECDSA P-256, PKCS#8 in PEM
//! seal.key       256 random bits, 64 hexadecimal digits on one line
//! ```
//!
//! Key files are created once, readable by their owner alone, and never replaced; a key that others may read is not
//! used. No message and no `Debug` output holds a secret.

use std::fmt;
use std::fs::File;
use std::io::{ErrorKind, Read as _, Write as _};
use std::path::{Path, PathBuf};

use p256::ecdsa::SigningKey;
use p256::pkcs8::{DecodePrivateKey as _, EncodePrivateKey as _, EncodePublicKey as _, LineEnding};
use proofmark_contract::SealKey;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::{Envelope, PAYLOAD_TYPE};
use proofmark_mark::note::{SignerKey, VerifierKey};
use serde::Serialize;
use thiserror::Error;

const GOVERNOR: &str = "governor.pem";
const LOG: &str = "log.key";
/// The file of the steward's key that `init` makes. It may be kept elsewhere.
pub const STEWARD: &str = "steward.pem";
/// The file of the key that seals contracts.
const SEAL: &str = "seal.key";
/// The largest key file, in bytes.
const KEY_BYTES_MAX: u64 = 8 << 10;

/// The keys of a governor.
#[derive(Clone)]
pub struct Keys {
    governor: Identity,
    log: SignerKey,
}

/// One key that signs statements, with what follows from it.
#[derive(Clone)]
pub struct Identity {
    key: SigningKey,
    /// The public half as SPKI in PEM.
    pem: String,
    keyid: Digest,
}

/// Why keys can't be made or used.
#[derive(Debug, Error)]
pub enum KeysError {
    #[error("`{0}` does not exist; restore it, or make a new home with `proofmark init`")]
    NotFound(PathBuf),
    #[error("`{0}` already exists; keys are never replaced")]
    Exists(PathBuf),
    #[error(
        "`{path}` may be used by others (mode {mode:03o}); run `chmod 600` on it, and make new keys if someone read it"
    )]
    Open { path: PathBuf, mode: u32 },
    #[error("`{path}` is not {wanted}")]
    Format { path: PathBuf, wanted: &'static str },
    #[error("`{path}`: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error("the operating system gives no random bytes: {0}")]
    Random(getrandom::Error),
    #[error("the new key can't be encoded")]
    Encode,
}

impl Keys {
    /// Makes new keys in `folder`, which is made if need be. The log is named after the governor's key:
    /// `proofmark.dev/log/` and 16 digits of its id.
    ///
    /// # Errors
    /// [`KeysError::Exists`] when `log.key` is there, which is then left as it is. It is written last, so after an
    /// interruption this can be called again.
    pub fn create(folder: &Path) -> Result<Self, KeysError> {
        let (governor_path, log_path) = (folder.join(GOVERNOR), folder.join(LOG));
        if log_path.exists() {
            return Err(KeysError::Exists(log_path));
        }
        let governor = match Identity::create(&governor_path) {
            Err(KeysError::Exists(_)) => Identity::read(&governor_path)?,
            made => made?,
        };
        let origin = format!("proofmark.dev/log/{}", governor.keyid.to_string().get(..16).unwrap_or_default());
        let log = SignerKey::from_seed(&origin, &random()?).map_err(|_| KeysError::Encode)?;
        write_once(&log_path, format!("{}\n", log.to_secret_text()).as_bytes())?;
        Ok(Self { governor, log })
    }

    /// Loads the keys from `folder`.
    ///
    /// # Errors
    /// A key that is missing, that others may use, or that is not in its format.
    pub fn load(folder: &Path) -> Result<Self, KeysError> {
        let governor = Identity::read(&folder.join(GOVERNOR))?;
        let path = folder.join(LOG);
        let text = read_private(&path)?;
        let log = SignerKey::parse_secret_text(text.strip_suffix('\n').unwrap_or(&text));
        let wanted = "a signed-note signer key (`PRIVATE+KEY+name+hash+base64`)";
        let log = log.map_err(|_| KeysError::Format { path, wanted })?;
        Ok(Self { governor, log })
    }

    /// The key that signs statements.
    #[must_use]
    pub fn governor(&self) -> &Identity {
        &self.governor
    }

    /// The key that signs checkpoints.
    #[must_use]
    pub fn log_signer(&self) -> SignerKey {
        self.log.clone()
    }

    /// The log's public key; its name is the log's origin.
    #[must_use]
    pub fn log_verifier(&self) -> VerifierKey {
        self.log.verifier()
    }

    /// The text of a trust file that accepts this log, this governor, a steward and policies by name and digest.
    #[must_use]
    pub fn trust(&self, steward: &Identity, policies: &[(&str, Digest)]) -> String {
        let trust = Trust {
            trust: 1,
            logs: [self.log_verifier().to_string()],
            governor: [Party { name: "local", key: &self.governor.pem }],
            steward: [Party { name: "local", key: &steward.pem }],
            policy: policies.iter().map(|(name, sha256)| Policy { name, sha256: *sha256 }).collect(),
        };
        #[expect(clippy::expect_used, reason = "strings and a number have a place in any TOML file")]
        toml::to_string_pretty(&trust).expect("a trust file is plain TOML")
    }
}

impl Identity {
    /// Makes a new key at `path`, in a folder that is made if need be.
    ///
    /// # Errors
    /// [`KeysError::Exists`] when there is a file, which is left as it is, or what keeps it from being written.
    pub fn create(path: &Path) -> Result<Self, KeysError> {
        make_private(path.parent().unwrap_or(Path::new(".")))?;
        let made = Self::of(new_key()?).ok_or(KeysError::Encode)?;
        let pem = made.key.to_pkcs8_pem(LineEnding::LF).map_err(|_| KeysError::Encode)?;
        write_once(path, pem.as_bytes())?;
        Ok(made)
    }

    /// Reads the key at `path`.
    ///
    /// # Errors
    /// A key that is missing, that others may use, or that is not in its format.
    pub fn read(path: &Path) -> Result<Self, KeysError> {
        let wanted = "an ECDSA P-256 key as PKCS#8 in PEM (`BEGIN PRIVATE KEY`)";
        let key = SigningKey::from_pkcs8_pem(&read_private(path)?);
        key.ok().and_then(Self::of).ok_or_else(|| KeysError::Format { path: path.to_path_buf(), wanted })
    }

    fn of(key: SigningKey) -> Option<Self> {
        let public = key.verifying_key();
        let keyid = Digest::of(public.to_public_key_der().ok()?.as_bytes());
        Some(Self { pem: public.to_public_key_pem(LineEnding::LF).ok()?, keyid, key })
    }

    /// Signs an in-toto payload.
    #[must_use]
    pub fn sign(&self, payload: Vec<u8>) -> Envelope {
        #[expect(clippy::expect_used, reason = "the key's id was computed from the same encoding when it was read")]
        Envelope::sign(PAYLOAD_TYPE, payload, &self.key).expect("a key that was read can be encoded")
    }

    /// SHA-256 of the public key as SPKI DER: the `keyid` of its signatures.
    #[must_use]
    pub fn keyid(&self) -> Digest {
        self.keyid
    }
}

/// The key in `folder` that seals contracts.
///
/// # Errors
/// A key that is missing, that others may use, or that is not in its format.
pub fn seal_key(folder: &Path) -> Result<SealKey, KeysError> {
    let path = folder.join(SEAL);
    let text = read_private(&path)?;
    match text.strip_suffix('\n').unwrap_or(&text).parse::<Digest>() {
        Ok(Digest(bytes)) => Ok(SealKey::new(bytes)),
        Err(_) => Err(KeysError::Format { path, wanted: "a key of 64 hexadecimal digits" }),
    }
}

/// The same, made if need be: homes from before there was one have none.
///
/// # Errors
/// As [`seal_key`], or what keeps it from being written.
pub fn seal_key_or_new(folder: &Path) -> Result<SealKey, KeysError> {
    match seal_key(folder) {
        Err(KeysError::NotFound(path)) => match write_once(&path, format!("{}\n", Digest(random()?)).as_bytes()) {
            // Another process was faster; its key counts.
            Ok(()) | Err(KeysError::Exists(_)) => seal_key(folder),
            Err(error) => Err(error),
        },
        known => known,
    }
}

impl fmt::Debug for Keys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Keys({:?}, {:?})", self.governor, self.log_verifier())
    }
}

impl fmt::Debug for Identity {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Identity({})", self.keyid)
    }
}

#[derive(Serialize)]
struct Trust<'a> {
    trust: u64,
    logs: [String; 1],
    governor: [Party<'a>; 1],
    steward: [Party<'a>; 1],
    policy: Vec<Policy<'a>>,
}

#[derive(Serialize)]
struct Party<'a> {
    name: &'a str,
    key: &'a str,
}

#[derive(Serialize)]
struct Policy<'a> {
    name: &'a str,
    sha256: Digest,
}

fn new_key() -> Result<SigningKey, KeysError> {
    loop {
        // About one in 2^32 random strings is not a P-256 scalar.
        if let Ok(key) = SigningKey::from_slice(&random()?) {
            return Ok(key);
        }
    }
}

fn random() -> Result<[u8; 32], KeysError> {
    let mut bytes = [0; 32];
    getrandom::fill(&mut bytes).map_err(KeysError::Random)?;
    Ok(bytes)
}

/// Makes a folder that only its owner may enter. One that is there stays as it is.
pub(crate) fn make_private(folder: &Path) -> Result<(), KeysError> {
    let mut builder = std::fs::DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    std::os::unix::fs::DirBuilderExt::mode(&mut builder, 0o700);
    builder.create(folder).map_err(|source| KeysError::Io { path: folder.to_path_buf(), source })
}

/// Writes a file that only its owner may read: whole and durable, or not at all, and never over another.
pub(crate) fn write_once(path: &Path, bytes: &[u8]) -> Result<(), KeysError> {
    let io = |source| KeysError::Io { path: path.to_path_buf(), source };
    let folder = path.parent().unwrap_or(Path::new("."));
    // Temporary files have mode 0600 from their first moment.
    let mut file = tempfile::Builder::new().prefix(".key-").tempfile_in(folder).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist_noclobber(path).map_err(|error| match error.error.kind() {
        ErrorKind::AlreadyExists => KeysError::Exists(path.to_path_buf()),
        _ => io(error.error),
    })?;
    #[cfg(unix)]
    File::open(folder).and_then(|folder| folder.sync_all()).map_err(io)?;
    Ok(())
}

/// The text of a file that only its owner may use.
fn read_private(path: &Path) -> Result<String, KeysError> {
    let io = |source: std::io::Error| match source.kind() {
        ErrorKind::NotFound => KeysError::NotFound(path.to_path_buf()),
        ErrorKind::InvalidData => KeysError::Format { path: path.to_path_buf(), wanted: "text" },
        _ => KeysError::Io { path: path.to_path_buf(), source },
    };
    let file = File::open(path).map_err(io)?;
    #[cfg(unix)]
    {
        use std::os::unix::fs::PermissionsExt as _;
        let mode = file.metadata().map_err(io)?.permissions().mode() & 0o777;
        if mode & 0o077 != 0 {
            return Err(KeysError::Open { path: path.to_path_buf(), mode });
        }
    }
    let mut text = String::new();
    file.take(KEY_BYTES_MAX).read_to_string(&mut text).map_err(io)?;
    Ok(text)
}

#[cfg(test)]
mod tests;
