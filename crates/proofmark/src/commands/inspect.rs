//! `proofmark inspect`: lists what an artifact is made of, without running it.

use proofmark_contract::Budget;
use proofmark_mark::digest::Digest;
use proofmark_run::Artifact;
use serde_json::json;

use crate::cli::{Format, Inspect};
use crate::failure::{Failure, OK};
use crate::{inputs, render};

pub fn run(format: Format, arguments: &Inspect) -> Result<u8, Failure> {
    let bytes = inputs::artifact(&arguments.artifact)?;
    let artifact = Artifact::read(&bytes, &Budget::default())
        .map_err(|error| Failure::wrong(format!("`{}`: {error}", arguments.artifact.display())))?;
    match format {
        Format::Human => render::profile(&arguments.artifact, Digest::of(&bytes), &artifact.profile),
        Format::Json => {
            render::json("inspect", json!({ "artifact": Digest::of(&bytes).to_string(), "profile": artifact.profile }))
        }
    }
    Ok(OK)
}
