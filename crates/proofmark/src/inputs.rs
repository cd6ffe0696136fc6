//! Reads what a command names on its command line: the home, a contract, an artifact, a mark, a trust file.

use std::cell::RefCell;
use std::io::ErrorKind;
use std::path::{Path, PathBuf};

use jiff::SignedDuration;
use proofmark_contract::{Contract, Problem, resolve, resolve_reference};
use proofmark_governor::home::{Home, HomeError, read_limited, reference_blob};
use proofmark_governor::job::{ARTIFACT_BYTES_MAX, CONTRACT_BYTES_MAX};
use proofmark_governor::sealed::{self, SealError};
use proofmark_mark::digest::Digest;
use proofmark_mark::trust::Trust;

use crate::failure::Failure;

/// The home that is used when none is named.
pub const DEFAULT_HOME: &str = ".proofmark";
const MARK_BYTES_MAX: u64 = 16 << 20;
const TRUST_BYTES_MAX: u64 = 256 << 10;

/// A contract with its self-contained text: its owner's, or the public one ([`Loaded::sealed`]).
pub struct Loaded {
    pub contract: Contract,
    pub text: String,
}

impl Loaded {
    /// The contract as checks, marks and the log have it: what is held out is sealed by the home, and opened. A reference that
    /// is not beside the contract is the home's.
    pub fn sealed(self, home: &Path) -> Result<Self, Failure> {
        let Self { contract: whole, text } = self;
        let (text, mut contract) = sealed::sealed(home, &text).map_err(|error| seal_failure(error, text))?;
        if let Some(reference) = whole.reference {
            let known = || reference_blob(home, reference.digest);
            let bytes = reference.bytes().map(<[u8]>::to_vec).or_else(known).ok_or_else(|| {
                Failure::wrong(format!("the contract's reference {} is not here", reference.digest))
                    .next("name its file in the contract: `[reference]` with `component = \"FILE\"`")
            })?;
            contract.attach(&bytes).map_err(|error| Failure::wrong(error.to_string()))?;
        }
        Ok(Self { contract, text })
    }
}

/// Why a contract can't be sealed or opened.
pub fn seal_failure(error: SealError, text: String) -> Failure {
    match error {
        SealError::Contract(problems) => Failure::contract("the contract", text, problems),
        SealError::Home(error) => home_failure(&error),
        other => Failure::failed(other.to_string()),
    }
}

pub fn home_path(named: Option<&Path>) -> PathBuf {
    named.map_or_else(|| PathBuf::from(DEFAULT_HOME), Path::to_path_buf)
}

/// The home, which must exist.
pub fn home(named: Option<&Path>) -> Result<Home, Failure> {
    Home::open(&home_path(named)).map_err(|error| home_failure(&error))
}

pub fn home_failure(error: &HomeError) -> Failure {
    match error {
        HomeError::Missing(path) => {
            Failure::wrong(error.to_string()).next(format!("proofmark init --home {}", path.display()))
        }
        HomeError::Exists(_) => Failure::wrong(error.to_string()).next("use it as it is, or name another with --home"),
        HomeError::Policy { .. } => Failure::wrong(error.to_string()),
        _ => Failure::failed(error.to_string()),
    }
}

/// The bytes of an input file, with an error that says which input it is.
pub fn bytes(what: &str, path: &Path, limit: u64) -> Result<Vec<u8>, Failure> {
    read_limited(path, limit).map_err(|error| match &error {
        HomeError::Io { source, .. } if source.kind() == ErrorKind::NotFound => {
            Failure::wrong(format!("{what} `{}` does not exist", path.display()))
        }
        HomeError::Io { source, .. } => Failure::wrong(format!("{what} `{}` can't be read: {source}", path.display())),
        _ => Failure::wrong(format!("{what}: {error}")),
    })
}

pub fn artifact(path: &Path) -> Result<Vec<u8>, Failure> {
    bytes("the artifact", path, ARTIFACT_BYTES_MAX)
}

pub fn mark(path: &Path) -> Result<Vec<u8>, Failure> {
    bytes("the mark", path, MARK_BYTES_MAX)
}

/// WebAssembly or an executable, by their first bytes.
pub fn is_binary(bytes: &[u8]) -> bool {
    bytes.starts_with(b"\0asm") || bytes.starts_with(b"\x7fELF")
}

/// Reads a contract, and the WIT file and the reference that it may name, and parses it.
pub fn contract(path: &Path) -> Result<Loaded, Failure> {
    let text = String::from_utf8(bytes("the contract", path, CONTRACT_BYTES_MAX)?)
        .map_err(|error| Failure::wrong(format!("the contract `{}` is not UTF-8: {error}", path.display())))?;
    self_contained(path, text)
}

/// The contract of that text, in the file `path` or about to be.
pub fn self_contained(path: &Path, text: String) -> Result<Loaded, Failure> {
    let name = path.display().to_string();
    let folder = path.parent().unwrap_or_else(|| Path::new("."));
    let placed = |text: &str, problem| Failure::contract(&name, text.to_owned(), vec![problem]);
    let reference = RefCell::new(None);
    let digest_of = |component: &str| {
        let bytes = read_limited(&folder.join(component), ARTIFACT_BYTES_MAX).map_err(|error| error.to_string())?;
        let digest = Digest::of(&bytes);
        reference.replace(Some(bytes));
        Ok(digest)
    };
    let text = resolve_reference(&text, &digest_of).map_err(|problem| placed(&text, problem))?;
    let text = resolve(&text, &|wit| wit_file(folder, wit)).map_err(|problem| placed(&text, problem))?;
    let mut contract = match Contract::parse(&text) {
        Ok(contract) => contract,
        Err(problems) => return Err(Failure::contract(&name, text, problems)),
    };
    if let Some(reference) = reference.into_inner() {
        contract.attach(&reference).map_err(|error| Failure::wrong(error.to_string()))?;
    }
    Ok(Loaded { contract, text })
}

/// A WIT file that a contract names, beside it.
fn wit_file(folder: &Path, name: &str) -> Result<String, String> {
    let data = read_limited(&folder.join(name), CONTRACT_BYTES_MAX).map_err(|error| error.to_string())?;
    String::from_utf8(data).map_err(|error| error.to_string())
}

/// The trust file: the one named, or the home's.
pub fn trust(named: Option<&Path>, home: Option<&Path>) -> Result<Trust, Failure> {
    let path = named.map_or_else(|| home_path(home).join("trust.toml"), Path::to_path_buf);
    let text = bytes("the trust file", &path, TRUST_BYTES_MAX).map_err(|failure| {
        failure.next("name the verifier's trust file with --trust FILE (`proofmark init` writes one in its home)")
    })?;
    let text = String::from_utf8_lossy(&text);
    Trust::parse(&text)
        .map_err(|error| Failure::wrong(format!("the trust file `{}` is not valid: {error}", path.display())))
}

/// A duration longer than none, such as `90m`, `12h` or `3d`. Days are of 24 hours here.
pub fn duration(text: &str) -> Option<SignedDuration> {
    let days = text.strip_suffix('d').and_then(|days| days.parse().ok());
    let days = days.map(|days: i64| format!("{}h", days.saturating_mul(24)));
    let duration: SignedDuration = days.as_deref().unwrap_or(text).parse().ok()?;
    (duration > SignedDuration::ZERO).then_some(duration)
}

/// The first place of a problem as `line:column`.
pub fn place(problem: &Problem, text: &str) -> String {
    let (line, column) = problem.position(text);
    format!("{line}:{column}")
}
