//! Where a governor lives: keys, log and blobs, policies and the trust file, in one directory.
//!
//! ```text
//! keys/        log.key, governor.pem, steward.pem, seal.key  secret, mode 0600
//! openings/    what opens sealed properties, by commitment  secret, mode 0600
//! log/         checkpoint, tile/, commit/, blob/
//! policies/    assisted.cedar, supervised.cedar, autonomous.cedar, proofmark.cedarschema
//! index        where things are in the log, made again when it is gone
//! trust.toml   the public halves: what a verifier needs
//! ```

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};

use proofmark_mark::digest::Digest;
use proofmark_mark::policy::{Policy, PolicyError};
use thiserror::Error;

use crate::index::Index;
use crate::job::ARTIFACT_BYTES_MAX;
use crate::keys::{Identity, Keys, KeysError, STEWARD, seal_key_or_new};
use crate::log::{Log, LogError};
use crate::store::{Store, StoreError, blob_name};

/// The policies that `init` writes, by name.
pub const PRESETS: [(&str, &str); 3] = [
    ("assisted", include_str!("../../../policies/assisted.cedar")),
    ("supervised", include_str!("../../../policies/supervised.cedar")),
    ("autonomous", include_str!("../../../policies/autonomous.cedar")),
];
/// The file that says where things are in the log.
const INDEX: &str = "index";
/// The largest policy file, in bytes.
pub const POLICY_BYTES_MAX: u64 = 64 << 10;

/// A governor's home, opened.
pub struct Home {
    pub path: PathBuf,
    pub keys: Keys,
    pub log: Log,
    pub index: Index,
}

/// Why a home can't be made or used.
#[derive(Debug, Error)]
pub enum HomeError {
    #[error("`{0}` is not a Proofmark home")]
    Missing(PathBuf),
    #[error("`{0}` already holds a Proofmark home")]
    Exists(PathBuf),
    #[error("`{path}`: {source}")]
    Io { path: PathBuf, source: std::io::Error },
    #[error(transparent)]
    Keys(#[from] KeysError),
    #[error(transparent)]
    Log(#[from] LogError),
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error("`{path}` is not a valid policy: {source}")]
    Policy { path: PathBuf, source: PolicyError },
    #[error("`{path}` is {bytes} bytes, over the limit of {limit}")]
    Size { path: PathBuf, bytes: u64, limit: u64 },
}

impl Home {
    /// Makes a home at `path`: new keys, an empty log, the preset policies and the trust file.
    ///
    /// # Errors
    /// [`HomeError::Exists`] when there is one already, which is left as it is; or what could not be written.
    pub fn init(path: &Path) -> Result<Self, HomeError> {
        if path.join("trust.toml").exists() || path.join("keys").exists() {
            return Err(HomeError::Exists(path.to_path_buf()));
        }
        make(path)?;
        make(&path.join("policies"))?;
        write(&path.join(".gitignore"), b"# Keys are secret; the rest belongs to this machine.\n*\n")?;
        let mut policies = Vec::new();
        for (name, text) in PRESETS {
            let file = path.join("policies").join(format!("{name}.cedar"));
            write(&file, text.as_bytes())?;
            policies.push((name, policy_at(&file)?.0.digest()));
        }
        write(&path.join("policies/proofmark.cedarschema"), proofmark_mark::policy::SCHEMA.as_bytes())?;
        let keys = Keys::create(&path.join("keys"))?;
        let steward = Identity::create(&path.join("keys").join(STEWARD))?;
        seal_key_or_new(&path.join("keys"))?;
        make(&path.join("log"))?;
        let log = Log::create(Store::local(&path.join("log"))?, keys.log_signer())?;
        // Last: a home without a trust file was never finished.
        write(&path.join("trust.toml"), keys.trust(&steward, &policies).as_bytes())?;
        let index = Index::open(&path.join(INDEX), log.view())?;
        Ok(Self { path: path.to_path_buf(), keys, log, index })
    }

    /// Opens the home at `path`.
    ///
    /// # Errors
    /// [`HomeError::Missing`] when there is none, or what is wrong with it.
    pub fn open(path: &Path) -> Result<Self, HomeError> {
        if !path.join("trust.toml").exists() {
            return Err(HomeError::Missing(path.to_path_buf()));
        }
        let keys = Keys::load(&path.join("keys"))?;
        let log = Log::open(Store::local(&path.join("log"))?, keys.log_signer())?;
        let index = Index::open(&path.join(INDEX), log.view())?;
        Ok(Self { path: path.to_path_buf(), keys, log, index })
    }

    /// The trust file that says what this governor's marks are verified with.
    #[must_use]
    pub fn trust_file(&self) -> PathBuf {
        self.path.join("trust.toml")
    }

    /// Where a policy of this home is, by name.
    #[must_use]
    pub fn policy_file(&self, name: &str) -> PathBuf {
        self.path.join("policies").join(format!("{name}.cedar"))
    }

    /// The texts of this home's policies by their digests, as far as they can be read.
    #[must_use]
    pub fn policies(&self) -> BTreeMap<Digest, String> {
        let files = std::fs::read_dir(self.path.join("policies")).into_iter().flatten().flatten();
        let texts = files.filter_map(|file| {
            let path = file.path();
            path.extension().filter(|extension| *extension == "cedar")?;
            String::from_utf8(read_limited(&path, POLICY_BYTES_MAX).ok()?).ok()
        });
        texts.map(|text| (Digest::of(text.as_bytes()), text)).collect()
    }
}

/// The reference of that digest, if it is among the blobs of the home at `path`, whole and unaltered. Nothing is written, and no key
/// is read.
#[must_use]
pub fn reference_blob(path: &Path, digest: Digest) -> Option<Vec<u8>> {
    let bytes = read_limited(&path.join("log").join(blob_name(&digest)), ARTIFACT_BYTES_MAX).ok()?;
    (Digest::of(&bytes) == digest).then_some(bytes)
}

/// Reads and validates a policy file; gives the policy and its text.
///
/// # Errors
/// A file that can't be read, is too large or is not a valid policy.
pub fn policy_at(path: &Path) -> Result<(Policy, String), HomeError> {
    let text = read_limited(path, POLICY_BYTES_MAX)?;
    // Not UTF-8 is not Cedar either: the replacement character fails to parse.
    let text = String::from_utf8_lossy(&text).into_owned();
    match Policy::parse(&text) {
        Ok(policy) => Ok((policy, text)),
        Err(source) => Err(HomeError::Policy { path: path.to_path_buf(), source }),
    }
}

/// The bytes of a file of at most `limit` bytes.
///
/// # Errors
/// A file that can't be read, or is larger; of such a file nothing is read.
pub fn read_limited(path: &Path, limit: u64) -> Result<Vec<u8>, HomeError> {
    let io = |source| HomeError::Io { path: path.to_path_buf(), source };
    let file = std::fs::File::open(path).map_err(io)?;
    let bytes = file.metadata().map_err(io)?.len();
    if bytes > limit {
        return Err(HomeError::Size { path: path.to_path_buf(), bytes, limit });
    }
    let mut data = Vec::new();
    std::io::Read::read_to_end(&mut std::io::Read::take(file, limit.saturating_add(1)), &mut data).map_err(io)?;
    if data.len() as u64 > limit {
        return Err(HomeError::Size { path: path.to_path_buf(), bytes: data.len() as u64, limit });
    }
    Ok(data)
}

fn make(folder: &Path) -> Result<(), HomeError> {
    std::fs::create_dir_all(folder).map_err(|source| HomeError::Io { path: folder.to_path_buf(), source })
}

/// Writes a file whole or not at all: beside its place, flushed to disk, then renamed.
///
/// # Errors
/// What the file system said; the old file, if any, is then untouched.
pub fn write(path: &Path, bytes: &[u8]) -> Result<(), HomeError> {
    let io = |source| HomeError::Io { path: path.to_path_buf(), source };
    let folder = path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    // Not secret, so as readable as the user's mask says; keys are written elsewhere.
    let mode = std::os::unix::fs::PermissionsExt::from_mode(0o666);
    let mut file = tempfile::Builder::new().prefix(".proofmark-").permissions(mode).tempfile_in(folder).map_err(io)?;
    file.write_all(bytes).map_err(io)?;
    file.as_file().sync_all().map_err(io)?;
    file.persist(path).map_err(|error| io(error.error))?;
    Ok(())
}
