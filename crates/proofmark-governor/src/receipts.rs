//! Receipts of runs: one entry in the log before the act and one after it, so that a missing end is visible.
//!
//! Calls and results are in a receipt only as salted commitments; the salts stay in the home, so that each value can be
//! disclosed or forgotten on its own.

use std::collections::BTreeMap;

use proofmark_contract::Contract;
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{About, Entry, Kind};
use proofmark_mark::mark::Verified;
use proofmark_mark::receipt::{End, Receipt, opening};
use proofmark_mark::statement::Statement;

use crate::govern::GovernError;
use crate::home::Home;
use crate::log::{LogError, View};

/// An opened run.
pub struct Open {
    pub receipt: Receipt,
    artifact: Digest,
    /// The contract's name.
    name: String,
}

/// Writes the opening receipt: which mark, which grant, commitments to the inputs.
///
/// # Errors
/// What the log said; the run must then not happen.
pub fn open(home: &mut Home, verified: &Verified, contract: &Contract, inputs: &[String]) -> Result<Open, GovernError> {
    let receipt = Receipt {
        sequence: 0,
        mark: verified.mark,
        contract: contract.digest,
        grant: verified.grant.clone(),
        run: random()?,
        inputs: commitments(home, inputs)?,
        end: None,
    };
    append_open(home, Open { receipt, artifact: verified.artifact, name: contract.name.clone() })
}

/// Writes the opening receipt of undoing a run, also of one that crashed before it was closed.
///
/// # Errors
/// No such run, or what the log said; nothing must then be undone.
pub fn open_undo(home: &mut Home, run: &str) -> Result<Open, GovernError> {
    let mut found = None;
    for one in all(home.log.view()) {
        let (statement, artifact) = one?;
        if statement.predicate.run == run {
            found = Some((statement, artifact));
        }
    }
    let (Statement { name, predicate, .. }, artifact) =
        found.ok_or_else(|| GovernError::Statement(format!("the log has no run `{run}`")))?;
    let receipt =
        Receipt { run: random()?, inputs: commitments(home, &[format!("undo {run}")])?, end: None, ..predicate };
    append_open(home, Open { receipt, artifact, name })
}

fn append_open(home: &mut Home, mut open: Open) -> Result<Open, GovernError> {
    let Home { log, keys, index, .. } = home;
    log.append_with(|view| {
        index.follow(view)?;
        open.receipt.sequence = index.runs().saturating_add(1);
        let payload = Statement::new(&open.name, open.artifact, open.receipt.clone()).to_bytes();
        let envelope = keys.governor().sign(payload);
        let entry = Entry::new(Kind::ReceiptOpen, &envelope, open.artifact, open.receipt.contract);
        Ok(vec![(entry, envelope.to_bytes())])
    })?;
    Ok(open)
}

/// Writes the closing receipt: what came of the run, with commitments to its outputs.
///
/// # Errors
/// What the log said.
pub fn close(home: &mut Home, open: Open, outputs: &[String], end: End) -> Result<(), GovernError> {
    let end = End { outputs: commitments(home, outputs)?, ..end };
    let receipt = Receipt { end: Some(end), ..open.receipt };
    let contract = receipt.contract;
    let envelope = home.keys.governor().sign(Statement::new(&open.name, open.artifact, receipt).to_bytes());
    let entry = Entry::new(Kind::ReceiptClose, &envelope, open.artifact, contract);
    home.log.append(&[(entry, envelope.to_bytes())])?;
    Ok(())
}

/// Every receipt of the log with its artifact.
fn all(view: &View) -> impl Iterator<Item = Result<(Statement<Receipt>, Digest), GovernError>> + '_ {
    view.entries(0..view.size()).filter_map(move |entry| {
        let (index, entry) = match entry {
            Ok(entry) => entry,
            Err(error) => return Some(Err(error.into())),
        };
        let (Kind::ReceiptOpen | Kind::ReceiptClose, Some(About { artifact, .. })) = (entry.kind, entry.about) else {
            return None;
        };
        let wrong = |error| GovernError::Statement(format!("entry {index} of the log has no receipt: {error}"));
        let read = view
            .envelope(&entry)
            .map_err(GovernError::from)
            .and_then(|envelope| Statement::<Receipt>::parse(envelope.unverified_payload()).map_err(wrong));
        Some(read.map(|statement| (statement, artifact)))
    })
}

/// The runs of a log that someone should look at.
#[derive(Debug, Default)]
pub struct Notable {
    /// Opening receipts without a closing one: what runs now, and what never came to its end.
    pub open: Vec<Receipt>,
    /// Closing receipts of runs that left the profile that their checks saw.
    pub departed: Vec<Receipt>,
}

/// Finds the runs that someone should look at. Reads every receipt.
///
/// # Errors
/// What keeps the log from being read, or a receipt that is none.
pub fn notable(view: &View) -> Result<Notable, GovernError> {
    let (mut open, mut departed) = (BTreeMap::new(), Vec::new());
    for one in all(view) {
        let receipt = one?.0.predicate;
        let Some(end) = &receipt.end else {
            open.insert(receipt.sequence, receipt);
            continue;
        };
        open.remove(&receipt.sequence);
        if !end.departures.is_empty() {
            departed.push(receipt);
        }
    }
    Ok(Notable { open: open.into_values().collect(), departed })
}

/// The runs whose id begins with `text`, in the order in which they began: of each the closing receipt, or the opening one
/// where there is no other, with its artifact. Reads every receipt.
///
/// # Errors
/// What keeps the log from being read, or a receipt that is none.
pub fn begin_with(view: &View, text: &str) -> Result<Vec<(Receipt, Digest)>, GovernError> {
    let mut found: Vec<(Receipt, Digest)> = Vec::new();
    for one in all(view) {
        let (statement, artifact) = one?;
        let receipt = statement.predicate;
        match found.iter_mut().find(|(known, _)| known.run == receipt.run) {
            _ if !receipt.run.starts_with(text) => {}
            Some((known, _)) => *known = receipt,
            None => found.push((receipt, artifact)),
        }
    }
    Ok(found)
}

fn commitments(home: &mut Home, texts: &[String]) -> Result<Vec<Digest>, GovernError> {
    texts.iter().map(|text| commit(home, text.as_bytes())).collect()
}

/// SHA-256 over a fresh salt and the value; the salt and the value become a blob of the home.
pub(crate) fn commit(home: &Home, value: &[u8]) -> Result<Digest, GovernError> {
    let mut opened = opening(&random()?, "").into_bytes();
    opened.extend_from_slice(value);
    Ok(home.log.put_blob(&opened)?)
}

/// The value behind a commitment, from its blob.
pub(crate) fn opened(home: &Home, commitment: &Digest) -> Result<Vec<u8>, LogError> {
    let mut value = home.log.blob(commitment)?;
    let salt = value.iter().position(|byte| *byte == b'\n').map_or(0, |at| at.saturating_add(1));
    value.drain(..salt);
    Ok(value)
}

/// 128 random bits from the operating system, as hexadecimal digits.
pub(crate) fn random() -> Result<String, GovernError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| GovernError::Statement(format!("no randomness: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
