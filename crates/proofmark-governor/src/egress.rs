//! What a run asked of the network, as its receipt keeps it: the broker's record as a blob, its counts in the receipt.

use proofmark_mark::receipt::Egress;
use proofmark_run::broker::ledger::{Exchange, Record};

use crate::govern::GovernError;
use crate::home::Home;
use crate::receipts::commit;

/// Keeps the record with commitments in place of paths, queries and the digests of bodies: a short body could be guessed
/// from its digest.
///
/// # Errors
/// What the store said; the run then has no closing receipt.
pub(crate) fn keep(home: &Home, record: &Record) -> Result<Egress, GovernError> {
    let mut kept = record.clone();
    for exchange in &mut kept.exchanges {
        exchange.path = commit(home, exchange.path.as_bytes())?.to_string();
        if let Some(query) = &mut exchange.query {
            *query = commit(home, query.as_bytes())?.to_string();
        }
        for body in [&mut exchange.request_sha256, &mut exchange.answer_sha256].into_iter().flatten() {
            *body = commit(home, body.to_string().as_bytes())?;
        }
    }
    let bytes = serde_json::to_vec(&kept).map_err(|error| GovernError::Statement(error.to_string()))?;
    let sum = |count: fn(&Exchange) -> u64| record.exchanges.iter().map(count).fold(0, u64::saturating_add);
    Ok(Egress {
        record: home.log.put_blob(&bytes)?,
        requests: sum(|_| 1).saturating_add(record.beyond),
        refused: sum(|exchange| exchange.refused().is_some().into()).saturating_add(record.beyond),
        bytes_out: sum(|exchange| exchange.request_bytes),
        bytes_in: sum(|exchange| exchange.answer_bytes),
    })
}
