//! Receipts of runs: one entry in the log before the act and one after it, so that a missing end is visible.
//!
//! Calls and results are in a receipt only as salted commitments; the salts stay in the home, so that each value can be
//! disclosed or forgotten on its own.

use std::collections::BTreeMap;

use proofmark_contract::{Call, Contract};
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{Entry, Kind};
use proofmark_mark::mark::Verified;
use proofmark_mark::receipt::{Phase, Receipt};
use proofmark_mark::statement::Statement;
use proofmark_run::Outcome;

use crate::govern::{GovernError, sign};
use crate::home::Home;
use crate::log::View;

/// An opened run.
pub struct Open {
    pub receipt: Receipt,
    artifact: Digest,
}

/// Writes the opening receipt: which mark, which grant, commitments to the calls.
///
/// # Errors
/// What the log said; the run must then not happen.
pub fn open(
    home: &mut Home,
    mark: &[u8],
    verified: &Verified,
    contract: &Contract,
    calls: &[Call],
) -> Result<Open, GovernError> {
    let commitments = calls.iter().map(|call| commit(home, &call.to_string())).collect::<Result<_, _>>()?;
    let mut receipt = Receipt {
        phase: Phase::Open,
        sequence: 0,
        mark: Digest::of(mark),
        contract: contract.digest,
        grant: verified.grant.clone(),
        run: random()?,
        inputs: commitments,
        outputs: Vec::new(),
        outcome: None,
        fuel: 0,
    };
    let Home { log, keys, index, .. } = home;
    log.append_with(|view| {
        index.follow(view)?;
        receipt.sequence = index.runs().saturating_add(1);
        let payload = Statement::new(&contract.name, verified.artifact, receipt.clone()).to_bytes();
        let envelope = keys.governor().sign(payload);
        let entry = Entry::new(Kind::ReceiptOpen, &envelope, verified.artifact, contract.digest);
        Ok(vec![(entry, envelope.to_bytes())])
    })?;
    Ok(Open { receipt, artifact: verified.artifact })
}

/// Writes the closing receipt: commitments to the results, how the run ended, what it took.
///
/// # Errors
/// What the log said.
pub fn close(
    home: &mut Home,
    open: Open,
    contract: &Contract,
    outcomes: &[Outcome],
    outcome: &str,
) -> Result<(), GovernError> {
    let commitments = outcomes.iter().map(|outcome| commit(home, &outcome.ended.to_string()));
    let receipt = Receipt {
        phase: Phase::Close,
        outputs: commitments.collect::<Result<_, _>>()?,
        fuel: outcomes.iter().fold(0, |sum, outcome| outcome.fuel.saturating_add(sum)),
        outcome: Some(outcome.to_owned()),
        ..open.receipt
    };
    let envelope = sign(home, contract, open.artifact, &receipt);
    let entry = Entry::new(Kind::ReceiptClose, &envelope, open.artifact, contract.digest);
    home.log.append(&[(entry, envelope.to_bytes())])?;
    Ok(())
}

/// The opening receipts without a closing one: what runs now, and what never came to its end. Reads every receipt.
///
/// # Errors
/// What keeps the log from being read, or a receipt that is none.
pub fn unfinished(view: &View) -> Result<Vec<Receipt>, GovernError> {
    let mut open = BTreeMap::new();
    for entry in view.entries(0..view.size()) {
        let (index, entry) = entry?;
        if !matches!(entry.kind, Kind::ReceiptOpen | Kind::ReceiptClose) {
            continue;
        }
        let envelope = view.envelope(&entry)?;
        let wrong = |error| GovernError::Statement(format!("entry {index} of the log has no receipt: {error}"));
        let receipt = Statement::<Receipt>::parse(envelope.unverified_payload()).map_err(wrong)?.predicate;
        match receipt.phase {
            Phase::Open => drop(open.insert(receipt.sequence, receipt)),
            Phase::Close => drop(open.remove(&receipt.sequence)),
        }
    }
    Ok(open.into_values().collect())
}

/// SHA-256 over a fresh salt and the text; the salt and the text become a blob of the home.
fn commit(home: &mut Home, text: &str) -> Result<Digest, GovernError> {
    let opened = format!("{}\n{text}", random()?);
    Ok(home.log.put_blob(opened.as_bytes())?)
}

/// 128 random bits from the operating system, as hexadecimal digits.
fn random() -> Result<String, GovernError> {
    let mut bytes = [0; 16];
    getrandom::fill(&mut bytes).map_err(|error| GovernError::Statement(format!("no randomness: {error}")))?;
    Ok(bytes.iter().map(|byte| format!("{byte:02x}")).collect())
}
