//! Rewrites a component so that its core modules count the edges that they take and log the operands of their comparisons.
//!
//! The twin computes what the artifact computes, with more fuel and one more memory per module: it only guides a search.
//! What it says of an artifact decides nothing. Nothing of the artifact is renumbered: types, functions, memories, exports
//! and locals are added after those that are there, and instructions before those that are there.

use thiserror::Error;
use wasmparser::BinaryReaderError;

mod body;
mod component;
mod constants;
mod module;

pub use component::instrument;
pub use constants::Constants;

/// Edges of all modules together, and comparisons, that a twin can count.
const EDGES_MAX: usize = 1 << 18;
const SITES_MAX: usize = 1 << 18;
/// Comparisons of one call that are logged: of one site, and of all sites of a module. Beyond, they go unseen.
const HITS_MAX: u32 = 64;
const LOGGED_MAX: u32 = 1500;
/// Bytes of one logged comparison: its site in 4 bytes, then both operands in 8 each, the least significant byte first.
const LOGGED_BYTES: u32 = 20;

/// A component with its twin's map.
#[derive(Debug, Clone)]
pub struct Instrumented {
    pub binary: Vec<u8>,
    /// The exports that tell what a module counted, in the order of the core instances. Empty if there is nothing to count.
    pub reports: Vec<Report>,
    /// Bytes of memory that the counting takes, all modules together.
    pub memory_bytes: u64,
    pub constants: Constants,
    /// Modules that could not be seen, because they are inside nested components.
    pub hidden_modules: u64,
}

/// What one export tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Report {
    pub export: String,
    /// Edges of the module. An edge is a function's entry, a loop's head, or a way of a branch.
    pub edges: usize,
    /// What each comparison of the module compares.
    pub sites: Vec<Site>,
    /// The functions with comparisons: the first comparison of each, and its name.
    pub functions: Vec<(usize, String)>,
    log_at: usize,
}

/// An instruction that compares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Site {
    pub operands: Operands,
    pub relation: Relation,
}

/// What is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operands {
    I32,
    I64,
    F32,
    F64,
}

/// How it is compared.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Relation {
    Equality,
    Order,
    /// A branch table: the second operand is the number of its ways, the last of which is for every other index.
    Switch,
}

/// One comparison that happened. Operands are bits, in the low end where they are 32.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Compared {
    /// Index into [`Report::sites`].
    pub site: u32,
    pub left: u64,
    pub right: u64,
}

/// Why there is no twin.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum InstrumentError {
    #[error("it can't be read: {0}")]
    Unreadable(String),
    #[error("it has more than {limit} {what}")]
    TooLarge { what: &'static str, limit: usize },
}

impl From<BinaryReaderError> for InstrumentError {
    fn from(error: BinaryReaderError) -> Self {
        Self::Unreadable(error.message().lines().next().unwrap_or_default().to_owned())
    }
}

impl Report {
    /// How often each edge was taken, from the bytes that the export returned: at most [`Report::edges`] counts.
    pub fn counts<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = u32> + use<'a> {
        let counters = bytes.get(module::COUNTERS_AT..).unwrap_or_default();
        counters.chunks_exact(4).take(self.edges).map(word)
    }

    /// The comparisons that were logged, in the order in which they happened.
    pub fn compared<'a>(&self, bytes: &'a [u8]) -> impl Iterator<Item = Compared> + use<'a> {
        let log = bytes.get(self.log_at..).unwrap_or_default();
        log.chunks_exact(LOGGED_BYTES as usize).map(|entry| {
            let (site, operands) = entry.split_at(4);
            let (left, right) = operands.split_at(8);
            Compared { site: word(site), left: long(left), right: long(right) }
        })
    }
}

fn word(bytes: &[u8]) -> u32 {
    bytes.try_into().map_or(0, u32::from_le_bytes)
}

fn long(bytes: &[u8]) -> u64 {
    bytes.try_into().map_or(0, u64::from_le_bytes)
}

#[cfg(test)]
mod tests;
