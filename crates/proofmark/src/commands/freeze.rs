//! `proofmark freeze`: nothing in a scope runs or commits an effect until a named key thaws it.

use std::collections::BTreeSet;
use std::path::Path;

use jiff::Timestamp;
use proofmark_mark::digest::Digest;
use proofmark_mark::order::{Act, Scope};

use crate::cli::{Format, Freeze};
use crate::commands::orders::Orders;
use crate::failure::{Failure, OK};
use crate::inputs;

pub fn run(format: Format, home: Option<&Path>, arguments: &Freeze) -> Result<u8, Failure> {
    let scope: Scope = arguments
        .scope
        .parse()
        .map_err(|error: proofmark_mark::order::ScopeError| Failure::wrong(error.to_string()))?;
    let mut orders = Orders::open(home, &arguments.ordering)?;
    let until = arguments.until.as_deref().map(|text| until(text, orders.now)).transpose()?;
    let thaw = keys(&orders, &arguments.thaw_by)?;
    let act = Act::Freeze { scope, until, thaw };
    orders.give(format, "freeze", act, "proofmark thaw ORDER")?;
    Ok(OK)
}

/// A time, or how long from now.
fn until(text: &str, now: Timestamp) -> Result<Timestamp, Failure> {
    let wrong = || {
        Failure::wrong(format!("`{text}` is neither a time nor a duration"))
            .next("write a time such as 2026-12-24T18:00:00Z, or a duration such as 90m, 12h or 3d")
    };
    if let Ok(time) = text.parse::<Timestamp>() {
        return if time > now { Ok(time) } else { Err(Failure::wrong(format!("`{text}` is not in the future"))) };
    }
    now.checked_add(inputs::duration(text).ok_or_else(wrong)?).map_err(|_| wrong())
}

/// The stewards who may thaw: those named, by name or key id, or the one who freezes.
fn keys(orders: &Orders, named: &[String]) -> Result<BTreeSet<Digest>, Failure> {
    if named.is_empty() {
        return Ok(BTreeSet::from([orders.steward.keyid()]));
    }
    let find = |name: &String| {
        let known = orders.trust.stewards().iter();
        let found = known.clone().find(|steward| steward.name == *name || steward.keyid.to_string() == *name);
        found.map(|steward| steward.keyid).ok_or_else(|| {
            let names: Vec<&str> = known.map(|steward| steward.name.as_str()).collect();
            Failure::wrong(format!("`{name}` is not a steward of the trust file"))
                .next(format!("name one of: {}", names.join(", ")))
        })
    };
    named.iter().map(find).collect()
}
