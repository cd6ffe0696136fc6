//! `[reference]`: a component whose results are taken for right, named by its digest.
//!
//! The text says which one is meant and does not hold it; whoever needs its bytes brings them with [`Contract::attach`].

use std::fmt;
use std::sync::Arc;

use proofmark_mark::digest::Digest;
use thiserror::Error;

use super::Contract;
use super::table::{Problems, Table};
use crate::interface::Interface;
use crate::problem::Problem;

/// A component whose results are the right ones.
#[derive(Clone)]
pub struct Reference {
    /// SHA-256 of its bytes.
    pub digest: Digest,
    bytes: Option<Arc<[u8]>>,
}

/// Bytes are not those of the reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum AttachError {
    #[error("the contract has no reference")]
    None,
    #[error("the SHA-256 of the reference is {found}, and the contract means {wanted}")]
    Other { wanted: Digest, found: Digest },
}

impl Reference {
    /// What is called: a component, a core module, or either as text. `None` where nobody brought it.
    #[must_use]
    pub fn bytes(&self) -> Option<&[u8]> {
        self.bytes.as_deref()
    }
}

impl Contract {
    /// Brings the reference's bytes.
    ///
    /// # Errors
    /// [`AttachError`]; the contract is then as it was.
    pub fn attach(&mut self, bytes: &[u8]) -> Result<(), AttachError> {
        let reference = self.reference.as_mut().ok_or(AttachError::None)?;
        let (wanted, found) = (reference.digest, Digest::of(bytes));
        if wanted != found {
            return Err(AttachError::Other { wanted, found });
        }
        reference.bytes = Some(bytes.into());
        Ok(())
    }
}

impl fmt::Debug for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Reference({}, attached: {})", self.digest, self.bytes.is_some())
    }
}

/// Reads `[reference]`, of a contract with that interface.
pub(super) fn read(mut table: Table<'_>, interface: Option<&Interface>, problems: &mut Problems) -> Option<Reference> {
    if interface.is_some_and(|interface| interface.process().is_some()) {
        let problem = Problem::new(table.span(), "a program has no reference: it would be a component", "not here");
        problems.push(problem.help("leave it out, and write what the reference guarantees as properties"));
    }
    let component = table.string("component", problems);
    if let (Some(component), false) = (component, table.has("sha256")) {
        table.value("sha256");
        let message = "the contract names its reference by path, so it does not say which one is meant by itself";
        let problem = Problem::new(component.span, message, "not self-contained");
        problems.push(problem.help("add the SHA-256 of that file here as `sha256 = \"…\"`"));
        table.finish(problems);
        return None;
    }
    let digest = table.required("sha256", "\"the SHA-256 of the component\"", problems);
    table.finish(problems);
    let digest = digest?;
    let Ok(known) = digest.text.parse::<Digest>() else {
        let problem = Problem::new(digest.span, "the reference's `sha256` is no digest", "not a digest");
        problems.push(problem.help("write 64 lower-case hexadecimal digits"));
        return None;
    };
    Some(Reference { digest: known, bytes: None })
}
