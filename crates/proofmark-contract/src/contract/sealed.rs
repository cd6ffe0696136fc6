//! Sealed properties of a public contract: commitments, and the properties that were opened with what stands behind them.

use std::fmt;

use proofmark_mark::digest::Digest;
use thiserror::Error;
use toml::de::DeTable;

use super::read::{PROPERTIES_MAX, property};
use super::table::{Problems, Table};
use super::{Contract, Property};
use crate::problem::Problem;
use crate::seal::Opening;

/// A property that is held out of the public text. Nothing but its commitment is shown, by `Debug` neither.
#[derive(Clone)]
pub struct Sealed {
    /// SHA-256 of its opening.
    pub commitment: Digest,
    opened: Option<Opened>,
}

#[derive(Clone)]
struct Opened {
    opening: Opening,
    property: Property,
}

/// Why a contract can't be opened. No message says anything of an opening.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum OpenError {
    #[error("an opening is of no sealed property of this contract")]
    Foreign,
    #[error("what opens the sealed property `{0}` is no property of this contract")]
    Property(Digest),
}

impl Contract {
    /// Opens sealed properties; others stay as they are.
    ///
    /// # Errors
    /// [`OpenError`]; the contract may then be opened in part.
    pub fn open(&mut self, openings: Vec<Opening>) -> Result<(), OpenError> {
        for opening in openings {
            let commitment = opening.commitment();
            let known = self.sealed.iter().map(|sealed| sealed.commitment).position(|known| known == commitment);
            let nth = known.ok_or(OpenError::Foreign)?;
            let property = self.read_opening(&opening, nth).ok_or(OpenError::Property(commitment))?;
            if let Some(sealed) = self.sealed.get_mut(nth) {
                sealed.opened = Some(Opened { opening, property });
            }
        }
        Ok(())
    }

    fn read_opening(&self, opening: &Opening, nth: usize) -> Option<Property> {
        let text = opening.property()?;
        let document = DeTable::parse(text).ok()?;
        let table = Table::new(text, "the sealed property", document.get_ref(), 0..text.len());
        let others = self.sealed.iter().enumerate().filter(|(other, _)| *other != nth);
        let opened = others.filter_map(|(_, sealed)| Some(&sealed.opened.as_ref()?.property));
        let known: Vec<&str> = self.properties.iter().chain(opened).map(|property| property.name.as_str()).collect();
        let mut problems = Problems::new();
        let property = property(table, &self.interface, &known, &mut problems)?;
        problems.is_empty().then_some(Property { held_out: true, ..property })
    }

    /// Whether no property is sealed that was not opened.
    #[must_use]
    pub fn is_open(&self) -> bool {
        self.sealed.iter().all(|sealed| sealed.opened.is_some())
    }

    /// What the opened properties were opened with, in their order.
    pub fn openings(&self) -> impl Iterator<Item = &Opening> {
        self.sealed.iter().filter_map(|sealed| Some(&sealed.opened.as_ref()?.opening))
    }

    /// The commitment of the opened property of that name.
    #[must_use]
    pub fn commitment(&self, name: &str) -> Option<Digest> {
        let named = |sealed: &&Sealed| sealed.opened.as_ref().is_some_and(|opened| opened.property.name == name);
        self.sealed.iter().find(named).map(|sealed| sealed.commitment)
    }

    /// The contract with nothing sealed: the opened properties follow the others, and are held out. `None` if one is not
    /// opened. Its digest is that of the public text.
    #[must_use]
    pub fn whole(&self) -> Option<Self> {
        let property = |sealed: &Sealed| Some(sealed.opened.as_ref()?.property.clone());
        let opened: Vec<Property> = self.sealed.iter().map(property).collect::<Option<_>>()?;
        let mut whole = Self { sealed: Vec::new(), ..self.clone() };
        whole.properties.extend(opened);
        Some(whole)
    }
}

impl fmt::Debug for Sealed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Sealed({}, opened: {})", self.commitment, self.opened.is_some())
    }
}

/// Reads `[[sealed]]`, of a contract with so many other properties.
pub(super) fn read(tables: Vec<Table<'_>>, others: usize, problems: &mut Problems) -> Vec<Sealed> {
    let mut sealed: Vec<Sealed> = Vec::with_capacity(tables.len());
    for mut table in tables {
        if others.saturating_add(sealed.len()) >= PROPERTIES_MAX {
            let message = format!("the contract has more than {PROPERTIES_MAX} properties, sealed ones included");
            problems.push(Problem::new(table.span(), message, "one too many"));
            break;
        }
        let commitment = table.required("commitment", "\"the SHA-256 of what opens it\"", problems);
        table.finish(problems);
        let Some(commitment) = commitment else { continue };
        match commitment.text.parse::<Digest>() {
            Err(_) => {
                let problem = Problem::new(commitment.span.clone(), "the commitment is no digest", "not a digest");
                problems.push(problem.help("write 64 lower-case hexadecimal digits"));
            }
            Ok(digest) if sealed.iter().any(|known| known.commitment == digest) => {
                let problem = Problem::new(commitment.span.clone(), "the commitment is there twice", "again");
                problems.push(problem.help("leave one of them out"));
            }
            Ok(commitment) => sealed.push(Sealed { commitment, opened: None }),
        }
    }
    sealed
}
