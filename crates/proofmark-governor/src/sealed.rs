//! Sealed contracts in a home: the key that makes their salts, and what opens them. Format: `spec/contract.md`.
//!
//! Both are secret, and apart from the log and its blobs: whoever is given a log, a mark or a blob has no opening.

use std::path::{Path, PathBuf};

use proofmark_contract::{Contract, OpenError, Opening, Problem, SealKey, seal};
use proofmark_mark::digest::Digest;
use thiserror::Error;

use crate::home::{HomeError, read_limited};
use crate::keys::{KeysError, make_private, seal_key, seal_key_or_new, write_once};

/// The folder of the openings, each in a file named by its commitment.
const OPENINGS: &str = "openings";
/// The largest opening, in bytes.
const OPENING_BYTES_MAX: u64 = 300 << 10;

/// Why a contract can't be sealed or opened in a home.
#[derive(Debug, Error)]
pub enum SealError {
    #[error(transparent)]
    Home(#[from] HomeError),
    #[error("the contract is not valid")]
    Contract(Vec<Problem>),
    #[error("`{0}` is not what its name says; restore it, or delete it")]
    Altered(PathBuf),
    #[error(transparent)]
    Open(#[from] OpenError),
}

impl From<KeysError> for SealError {
    fn from(error: KeysError) -> Self {
        Self::Home(error.into())
    }
}

/// The public text of a self-contained contract, and the contract that it says, as far as this home can open it. A home from
/// before there were sealed contracts gets a key.
///
/// # Errors
/// [`SealError`].
pub fn sealed(home: &Path, text: &str) -> Result<(String, Contract), SealError> {
    with_key(home, text, seal_key_or_new)
}

/// The same, without writing anything: a home that has no key seals nothing.
///
/// # Errors
/// [`SealError`].
pub fn sealed_before(home: &Path, text: &str) -> Result<(String, Contract), SealError> {
    with_key(home, text, seal_key)
}

fn with_key(
    home: &Path,
    text: &str,
    key: fn(&Path) -> Result<SealKey, KeysError>,
) -> Result<(String, Contract), SealError> {
    let (text, mut contract) = seal(text, &key(&home.join("keys"))?).map_err(SealError::Contract)?;
    open(home, &mut contract)?;
    Ok((text, contract))
}

/// Opens what a contract has sealed and this home has an opening of; the rest stays sealed.
///
/// # Errors
/// An opening that can't be read, or is another than its name says.
pub fn open(home: &Path, contract: &mut Contract) -> Result<(), SealError> {
    let known: Vec<Digest> = contract.openings().map(Opening::commitment).collect();
    let mut found = Vec::new();
    for commitment in contract.sealed.iter().map(|sealed| sealed.commitment).filter(|one| !known.contains(one)) {
        let path = place(home, commitment);
        let bytes = match read_limited(&path, OPENING_BYTES_MAX) {
            Err(HomeError::Io { source, .. }) if source.kind() == std::io::ErrorKind::NotFound => continue,
            read => read?,
        };
        let opening = String::from_utf8(bytes).map(Opening::new).ok();
        let right = opening.filter(|opening| opening.commitment() == commitment);
        found.push(right.ok_or(SealError::Altered(path))?);
    }
    Ok(contract.open(found)?)
}

/// Keeps what the contract was opened with.
///
/// # Errors
/// What keeps it from being written.
pub fn keep(home: &Path, contract: &Contract) -> Result<(), KeysError> {
    for opening in contract.openings() {
        make_private(&home.join(OPENINGS))?;
        match write_once(&place(home, opening.commitment()), opening.as_bytes()) {
            // Named by its content: what is there is the same.
            Ok(()) | Err(KeysError::Exists(_)) => {}
            Err(error) => return Err(error),
        }
    }
    Ok(())
}

/// Whether everyone may read the contract's text: what is held out of it, if anything, is sealed.
#[must_use]
pub fn is_public(contract: &Contract) -> bool {
    contract.properties.iter().all(|property| !property.held_out)
}

fn place(home: &Path, commitment: Digest) -> PathBuf {
    home.join(OPENINGS).join(commitment.to_string())
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    const TEXT: &str = "contract = 1\nname = 'c'\nintent = 'c'\n[interface]\nwit = 'package a:b; world w { export f: \
                        func(n: u32) -> u32; }'\n[[property]]\nname = 'planted'\nof = 'f'\nensures = 'result == \
                        n'\nheld_out = true\n";

    /// A folder with a key, and the sealed contract.
    fn home() -> (tempfile::TempDir, String, Contract) {
        let home = tempfile::tempdir().unwrap();
        make_private(&home.path().join("keys")).unwrap();
        let (text, contract) = sealed(home.path(), TEXT).unwrap();
        (home, text, contract)
    }

    #[test]
    fn a_home_seals_a_contract_always_alike_and_like_no_other_home() {
        let (home, text, _) = home();
        assert_eq!(sealed(home.path(), TEXT).unwrap().0, text);
        assert_eq!(sealed_before(home.path(), TEXT).unwrap().0, text);
        let other = tempfile::tempdir().unwrap();
        make_private(&other.path().join("keys")).unwrap();
        assert!(matches!(
            sealed_before(other.path(), TEXT),
            Err(SealError::Home(HomeError::Keys(KeysError::NotFound(_))))
        ));
        assert_ne!(sealed(other.path(), TEXT).unwrap().0, text);
        let key = std::fs::metadata(home.path().join("keys/seal.key")).unwrap();
        assert_eq!(key.permissions().mode() & 0o777, 0o600);
    }

    #[test]
    fn the_public_text_is_opened_with_what_the_home_keeps() {
        let (home, text, contract) = home();
        let parsed = || Contract::parse(&text).unwrap();
        let mut closed = parsed();
        open(home.path(), &mut closed).unwrap();
        assert!(!closed.is_open());
        keep(home.path(), &contract).unwrap();
        keep(home.path(), &contract).unwrap();
        let mut opened = parsed();
        open(home.path(), &mut opened).unwrap();
        assert_eq!(opened.whole().unwrap().properties[0].name, "planted");
        // Also where nobody has the owner's text.
        assert!(sealed(home.path(), &text).unwrap().1.is_open());
        let path = place(home.path(), contract.sealed[0].commitment);
        let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
        assert_eq!((mode(&path), mode(path.parent().unwrap())), (0o600, 0o700));
    }

    #[test]
    fn an_opening_that_was_altered_is_an_error_and_not_shown() {
        let (home, text, contract) = home();
        keep(home.path(), &contract).unwrap();
        let path = place(home.path(), contract.sealed[0].commitment);
        let right = std::fs::read(&path).unwrap();
        for wrong in [b"".to_vec(), [&right[..], b"\n"].concat(), vec![0xff; 40], vec![b' '; 400 << 10]] {
            std::fs::write(&path, wrong).unwrap();
            let error = open(home.path(), &mut Contract::parse(&text).unwrap()).unwrap_err();
            assert!(error.to_string().contains("openings") && !error.to_string().contains("planted"), "{error}");
        }
    }
}
