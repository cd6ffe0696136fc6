//! `proofmark thaw`: ends a freeze, by a key that the freeze named.

use std::path::Path;

use proofmark_governor::orders::thawable;
use proofmark_mark::order::Act;

use crate::cli::{Format, Thaw};
use crate::commands::orders::{Orders, failure};
use crate::failure::{Failure, OK};

pub fn run(format: Format, home: Option<&Path>, arguments: &Thaw) -> Result<u8, Failure> {
    let mut orders = Orders::open(home, &arguments.ordering)?;
    let standing = orders.standing()?;
    let freeze =
        thawable(&standing, &arguments.freeze, &orders.steward, orders.now).map_err(|error| failure(&error))?;
    orders.give(format, "thaw", Act::Thaw { freeze }, "proofmark log orders")?;
    Ok(OK)
}
