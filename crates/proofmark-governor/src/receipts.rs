//! Receipts of runs: one entry in the log before the act and one after it, so that a missing end is visible.
//!
//! Calls and results are in a receipt only as salted commitments; the salts stay in the home, so that each value can be
//! disclosed or forgotten on its own.

use proofmark_contract::{Call, Contract};
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{Entry, Kind};
use proofmark_mark::mark::Verified;
use proofmark_mark::receipt::{Phase, Receipt};
use proofmark_run::Outcome;

use crate::govern::{GovernError, sign};
use crate::home::Home;

/// An opened run.
pub struct Open {
    receipt: Receipt,
    artifact: Digest,
}

/// What came of a run.
pub enum Results<'a> {
    Ran(&'a [Outcome]),
    /// Why nothing was called.
    NotRun(&'a str),
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
    let receipt = Receipt {
        phase: Phase::Open,
        mark: Digest::of(mark),
        contract: contract.digest,
        grant: verified.grant.clone(),
        run: random()?,
        inputs: commitments,
        outputs: Vec::new(),
        outcome: None,
        fuel: 0,
    };
    let open = Open { receipt, artifact: verified.artifact };
    append(home, contract, &open, Kind::ReceiptOpen)?;
    Ok(open)
}

/// Writes the closing receipt: commitments to the results, how the run ended, what it took.
///
/// # Errors
/// What the log said.
pub fn close(home: &mut Home, open: &Open, contract: &Contract, results: &Results<'_>) -> Result<(), GovernError> {
    let mut receipt = Receipt { phase: Phase::Close, ..open.receipt.clone() };
    match results {
        Results::Ran(outcomes) => {
            receipt.outputs =
                outcomes.iter().map(|outcome| commit(home, &outcome.ended.to_string())).collect::<Result<_, _>>()?;
            receipt.fuel = outcomes.iter().fold(0, |sum, outcome| outcome.fuel.saturating_add(sum));
            let trapped = outcomes.iter().any(|outcome| matches!(outcome.ended, proofmark_run::Ended::Trapped(_)));
            receipt.outcome = Some(if trapped { "trapped" } else { "returned" }.to_owned());
        }
        Results::NotRun(_) => receipt.outcome = Some("not run".to_owned()),
    }
    append(home, contract, &Open { receipt, artifact: open.artifact }, Kind::ReceiptClose)
}

fn append(home: &mut Home, contract: &Contract, open: &Open, kind: Kind) -> Result<(), GovernError> {
    let envelope = sign(home, contract, open.artifact, &open.receipt);
    let entry = Entry::new(kind, &envelope, open.artifact, contract.digest);
    home.log.append(&[(entry, envelope.to_bytes())])?;
    Ok(())
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
