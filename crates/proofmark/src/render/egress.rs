//! What was asked of the network, a line for each request. On standard error: standard output is the artifact's.

use anstream::eprintln;
use proofmark_run::broker::ledger::{End, Exchange, Record};

use super::{BAD, DIM, safe};

pub fn record(record: &Record) {
    for exchange in &record.exchanges {
        let asked = safe(&asked(exchange));
        eprintln!("{DIM}{:<10}{DIM:#} {asked}: {}", "egress", became(exchange));
    }
    if record.beyond > 0 {
        eprintln!("{DIM}{:<10}{DIM:#} {BAD}refused{BAD:#}: {} requests beyond the limit", "egress", record.beyond);
    }
}

fn asked(exchange: &Exchange) -> String {
    let Exchange { host, port, method, path, query, .. } = exchange;
    let query = query.as_ref().map_or_else(String::new, |query| format!("?{query}"));
    format!("{method} {host}:{port}{path}{query}")
}

fn became(exchange: &Exchange) -> String {
    let bytes = format!("{} bytes out, {} in", exchange.request_bytes, exchange.answer_bytes);
    let status = exchange.status.map_or_else(|| "no answer".to_owned(), |status| status.to_string());
    match exchange.end {
        End::Refused(why) => format!("{BAD}refused{BAD:#}, {why}"),
        End::Failed(why) => format!("{BAD}failed{BAD:#}, {why}"),
        End::Cut(why) => format!("{status}, {bytes}{}, {BAD}cut{BAD:#}, {why}", credential(exchange)),
        End::Whole => format!("{status}, {bytes}{}", credential(exchange)),
    }
}

fn credential(exchange: &Exchange) -> String {
    match (&exchange.credential, exchange.masked) {
        (None, _) => String::new(),
        (Some(name), 0) => format!(", with {}", safe(name)),
        (Some(name), masked) => format!(", with {} (masked {masked} times in the answer)", safe(name)),
    }
}
