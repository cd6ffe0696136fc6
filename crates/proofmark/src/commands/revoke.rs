//! `proofmark revoke`: a mark grants nothing any more.

use std::path::Path;

use proofmark_mark::digest::Digest;
use proofmark_mark::mark::Mark;
use proofmark_mark::order::Act;

use crate::cli::{Format, Revoke};
use crate::commands::orders::Orders;
use crate::failure::{Failure, OK};
use crate::inputs;

pub fn run(format: Format, home: Option<&Path>, arguments: &Revoke) -> Result<u8, Failure> {
    // The id of a mark that is lost can be named, for a lost mark is what one wants to revoke.
    let mark = match arguments.mark.to_str().and_then(|text| text.parse::<Digest>().ok()) {
        Some(digest) => digest,
        None => Mark::parse(&inputs::mark(&arguments.mark)?)
            .map_err(|refused| {
                let why = format!("`{}` is no mark: {}", arguments.mark.display(), refused.message);
                Failure::wrong(why).next("name the mark by its id")
            })?
            .id(),
    };
    let mut orders = Orders::open(home, &arguments.ordering)?;
    orders.give(format, "revoke", Act::Revoke { mark }, "proofmark check CONTRACT ARTIFACT, for a new mark")?;
    Ok(OK)
}
