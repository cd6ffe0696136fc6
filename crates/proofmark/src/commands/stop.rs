//! `proofmark stop`: ends one run, now.

use std::path::Path;

use proofmark_mark::order::Act;

use crate::cli::{Format, Stop};
use crate::commands::orders::Orders;
use crate::failure::{Failure, OK};

pub fn run(format: Format, home: Option<&Path>, arguments: &Stop) -> Result<u8, Failure> {
    let named = arguments.run.len() >= 32 && arguments.run.bytes().all(|byte| byte.is_ascii_hexdigit());
    if !named {
        return Err(Failure::wrong(format!("`{}` is not the id of a run", arguments.run))
            .next("`proofmark run` prints the id of its run; so do the receipts in the log"));
    }
    let mut orders = Orders::open(home, &arguments.ordering)?;
    orders.give(format, "stop", Act::Stop { run: arguments.run.clone() }, "proofmark log audit")?;
    Ok(OK)
}
