//! An artifact as it was given: recognised, held to its size limits, and brought to a component.
//!
//! Nothing here runs guest code. The artifact's name is the SHA-256 of the bytes as given, whatever is made of them.

use proofmark_contract::{Budget, Interface};
use proofmark_mark::digest::Digest;
use thiserror::Error;

use crate::mutate::Mutants;
use crate::profile::Profile;
use crate::{elf, wrap};

/// The deepest nesting of components and modules that is looked at.
pub const NESTING_MAX: u64 = 16;
/// The largest body of one function, in bytes: the compiler's memory grows with it.
pub const FUNCTION_BYTES_MAX: u64 = 256 << 10;

/// Bytes in a page of linear memory.
const PAGE: u64 = 64 << 10;

/// Bytes that were recognised as WebAssembly, with what they are made of.
#[derive(Debug, Clone)]
pub struct Artifact {
    /// SHA-256 of the bytes as given.
    pub digest: Digest,
    /// What the binary is made of.
    pub profile: Profile,
    binary: Vec<u8>,
}

/// What bytes claim to be by how they start, and so which reader they go to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// WebAssembly, binary or text, or nothing known: [`Artifact::read`] says which.
    Wasm,
    /// An ELF file: [`elf::Profile::read`].
    Native,
}

impl Form {
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(&elf::MAGIC) { Self::Native } else { Self::Wasm }
    }
}

/// Why bytes are not an artifact that can be checked.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ArtifactError {
    #[error("not WebAssembly: the file starts with `{start}`; give a component, a core module or WebAssembly text")]
    NotWasm { start: String },
    #[error("a native executable, where WebAssembly is needed; give a component, a core module or WebAssembly text")]
    Native,
    #[error("not valid WebAssembly text: {message}")]
    Text { message: String },
    #[error("not a valid WebAssembly binary: {message} at byte {offset}")]
    Invalid { message: String, offset: usize },
    #[error("{what} is {have}, over the limit of {limit}")]
    OverLimit { what: &'static str, have: u64, limit: u64 },
    #[error("the module does not fit the contract's world: {message}")]
    Misfit { message: String },
}

impl Artifact {
    /// Recognises `bytes` and holds them to the limits of `budget`, before anything is compiled.
    ///
    /// # Errors
    /// [`ArtifactError`] says what they are instead or which limit they break.
    pub fn read(bytes: &[u8], budget: &Budget) -> Result<Self, ArtifactError> {
        within("the artifact's size in bytes", bytes.len() as u64, budget.module_bytes)?;
        let binary = binary(bytes)?;
        within("the artifact's size in bytes", binary.len() as u64, budget.module_bytes)?;
        let profile = Profile::read(&binary).map_err(|error| invalid(&error))?;
        within("the number of functions", profile.functions, budget.functions)?;
        within("the depth of nested components", profile.nesting, NESTING_MAX)?;
        within("the largest function's size in bytes", profile.largest_function_bytes, FUNCTION_BYTES_MAX)?;
        let pages = profile.memories.iter().map(|memory| memory.min_pages).max().unwrap_or(0);
        within("the initial memory in bytes", pages.saturating_mul(PAGE), budget.memory)?;
        let elements = profile.tables.iter().map(|table| table.min).max().unwrap_or(0);
        within("the initial table's elements", elements, budget.table_elements)?;
        wasmparser::Validator::new_with_features(crate::engine::features())
            .validate_all(&binary)
            .map_err(|error| invalid(&error))?;
        Ok(Self { digest: Digest::of(bytes), profile, binary })
    }

    /// The artifact as a binary component: as it is, or a core module wrapped for `interface`'s world.
    ///
    /// # Errors
    /// [`ArtifactError::Misfit`] if the module's imports or exports do not match the world's canonical ABI.
    pub fn component(&self, interface: &Interface) -> Result<Vec<u8>, ArtifactError> {
        if self.profile.kind == "component" {
            return Ok(self.binary.clone());
        }
        wrap::wrap(&self.binary, interface)
    }

    /// Every change that makes a mutant of it.
    ///
    /// # Errors
    /// As [`Mutants::of`]; never of an artifact that was read.
    pub fn mutants(&self) -> Result<Mutants<'_>, ArtifactError> {
        Mutants::of(&self.binary).map_err(|error| invalid(&error))
    }

    /// A mutant of it: the same artifact with another binary, which only its engine validates. It keeps the artifact's digest
    /// and profile.
    #[must_use]
    pub fn mutant(&self, binary: Vec<u8>) -> Self {
        let Self { digest, profile, .. } = self;
        Self { digest: *digest, profile: profile.clone(), binary }
    }
}

fn within(what: &'static str, have: u64, limit: u64) -> Result<(), ArtifactError> {
    if have > limit { Err(ArtifactError::OverLimit { what, have, limit }) } else { Ok(()) }
}

fn invalid(error: &wasmparser::BinaryReaderError) -> ArtifactError {
    let message = error.message().lines().next().unwrap_or_default().to_owned();
    ArtifactError::Invalid { message, offset: error.offset() }
}

fn binary(bytes: &[u8]) -> Result<Vec<u8>, ArtifactError> {
    if bytes.starts_with(b"\0asm") {
        return Ok(bytes.to_vec());
    }
    if Form::of(bytes) == Form::Native {
        return Err(ArtifactError::Native);
    }
    let not_wasm = || ArtifactError::NotWasm {
        start: String::from_utf8_lossy(bytes.get(..16).unwrap_or(bytes)).escape_default().to_string(),
    };
    let text = std::str::from_utf8(bytes).map_err(|_| not_wasm())?;
    let start = text.trim_start();
    if !start.starts_with('(') && !start.starts_with(";;") {
        return Err(not_wasm());
    }
    wat::parse_str(text).map_err(|error| ArtifactError::Text { message: error.to_string() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_native_executable_is_told_from_bytes_that_are_nothing() {
        let read = |bytes| Artifact::read(bytes, &Budget::default()).map(|_| ());
        assert_eq!(Form::of(b"\x7fELF\x02\x01\x01"), Form::Native);
        assert_eq!(read(b"\x7fELF\x02\x01\x01"), Err(ArtifactError::Native));
        assert_eq!(Form::of(b"\0asm"), Form::Wasm);
        assert!(matches!(read(b"MZ"), Err(ArtifactError::NotWasm { .. })));
    }
}
