//! A contract: what a human owns. Parsed from TOML into types that can't be wrong, with every problem placed in the text.
//!
//! Parsing reads nothing but its argument and never panics, whatever the text is.

use std::fmt;
use std::sync::Arc;

use proofmark_mark::digest::Digest;

use crate::budget::Budget;
use crate::capabilities::Capabilities;
use crate::cel::Predicate;
use crate::interface::{Call, Function, Interface};
use crate::invariant::Invariant;
use crate::problem::Problem;
use crate::secret::Secret;
use crate::value::Value;

mod budget;
mod capabilities;
mod coherence;
mod egress;
mod examples;
mod invariants;
mod process;
mod read;
mod reference;
mod sealed;
mod secrets;
mod table;

pub(crate) use read::toml_problem;
pub use reference::{AttachError, Reference};
pub use sealed::{OpenError, Sealed};

/// The largest contract that is read, in bytes.
pub const CONTRACT_BYTES_MAX: usize = 256 << 10;

/// A valid contract.
#[derive(Debug, Clone)]
pub struct Contract {
    /// What the contract is called: 1 to 64 ASCII letters, digits, `-`, `_` and `.`.
    pub name: String,
    /// What is wanted, in words.
    pub intent: String,
    pub interface: Interface,
    pub examples: Vec<Example>,
    /// In the order of the text; names are unique.
    pub properties: Vec<Property>,
    /// Held out of this text, in its order: not in `properties`, whether opened or not.
    pub sealed: Vec<Sealed>,
    /// Of the trees that a run may write, in the order of the text; names are unique.
    pub invariants: Vec<Invariant>,
    /// In the order of the text.
    pub secrets: Vec<Secret>,
    /// Whose results are the right ones.
    pub reference: Option<Reference>,
    pub capabilities: Capabilities,
    pub budget: Budget,
    /// SHA-256 of the text.
    pub digest: Digest,
    may_trap: Vec<(Arc<Function>, Predicate)>,
}

/// A call and what must come of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Example {
    pub call: Call,
    pub expected: Expected,
}

/// What must come of an example's call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Expected {
    /// The result; `None` for a function that returns nothing.
    Returns(Option<Value>),
    Traps,
}

/// A condition on every accepted call of one function.
#[derive(Debug, Clone)]
pub struct Property {
    pub name: String,
    /// The function it is about: one of [`Interface::functions`], by pointer.
    pub of: Arc<Function>,
    /// Over the parameters. Inputs on which it is false are skipped.
    pub requires: Option<Predicate>,
    /// Over the parameters and `result`.
    pub ensures: Predicate,
    /// Never to be shown to a generator, in whatever form: [`crate::seal`] takes it out of the text.
    pub held_out: bool,
}

impl Contract {
    /// Reads a self-contained contract (see [`crate::resolve`]).
    ///
    /// # Errors
    /// Every problem that was found, in the order of the text; at least one.
    pub fn parse(text: &str) -> Result<Self, Vec<Problem>> {
        read::read(text)
    }

    /// The condition over the parameters under which the function of that full name may trap. `None`: it may not.
    #[must_use]
    pub fn may_trap(&self, function: &str) -> Option<&Predicate> {
        self.may_trap.iter().find(|(known, _)| known.full_name() == function).map(|(_, predicate)| predicate)
    }

    pub(crate) fn may_trap_conditions(&self) -> impl Iterator<Item = &Predicate> {
        self.may_trap.iter().map(|(_, predicate)| predicate)
    }
}

/// WAVE, `()` for a function that returns nothing, or `a trap`.
impl fmt::Display for Expected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Returns(Some(value)) => write!(f, "{value}"),
            Self::Returns(None) => f.write_str("()"),
            Self::Traps => f.write_str("a trap"),
        }
    }
}
