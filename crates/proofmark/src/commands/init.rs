//! `proofmark init`: makes a home.

use std::path::Path;

use proofmark_governor::home::Home;
use serde_json::json;

use crate::cli::Format;
use crate::failure::{Failure, OK};
use crate::{inputs, render};

pub fn run(format: Format, home: Option<&Path>) -> Result<u8, Failure> {
    let made = Home::init(&inputs::home_path(home)).map_err(|error| inputs::home_failure(&error))?;
    match format {
        Format::Human => render::home(&made),
        Format::Json => render::json(
            "init",
            json!({ "home": made.path, "trust": made.trust_file(), "keyid": made.keys.governor().keyid(), "log": made.keys.log_verifier().name() }),
        ),
    }
    Ok(OK)
}
