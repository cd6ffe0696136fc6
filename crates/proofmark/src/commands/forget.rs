//! `proofmark forget`: erases the openings of commitments.

use std::collections::BTreeSet;
use std::path::Path;

use anstream::println;
use proofmark_governor::govern::GovernError;
use proofmark_governor::log::LogError;
use proofmark_governor::provenance;
use proofmark_governor::store::StoreError;
use proofmark_mark::digest::Digest;
use serde_json::json;

use crate::cli::{Forget, Format};
use crate::failure::{Failure, OK};
use crate::{inputs, render};

pub fn run(format: Format, home: Option<&Path>, arguments: &Forget) -> Result<u8, Failure> {
    let read = |text: &String| text.parse::<Digest>().map_err(|error| Failure::wrong(error.to_string()));
    let commitments: BTreeSet<Digest> = arguments.commitments.iter().map(read).collect::<Result<_, _>>()?;
    let home = inputs::home(home)?;
    provenance::erase(&home, &commitments).map_err(|error| match &error {
        GovernError::Log(LogError::Store(StoreError::NotFound { .. })) => Failure::wrong(
            "one of them has no opening here: it was erased before, or is no commitment; nothing was erased",
        ),
        GovernError::Statement(_) => Failure::wrong(format!("{error}; nothing was erased")),
        _ => Failure::failed(error.to_string()),
    })?;
    match format {
        Format::Human => commitments.iter().for_each(|digest| println!("erased {digest}")),
        Format::Json => render::json("forget", json!({ "erased": commitments })),
    }
    Ok(OK)
}
