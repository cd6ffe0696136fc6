//! `proofmark inspect`: lists what an artifact is made of, without running it.

use proofmark_contract::Budget;
use proofmark_mark::digest::Digest;
use proofmark_run::Artifact;
use proofmark_run::artifact::Form;
use proofmark_run::elf;
use serde_json::json;

use crate::cli::{Format, Inspect};
use crate::failure::{Failure, OK};
use crate::{inputs, render};

pub fn run(format: Format, arguments: &Inspect) -> Result<u8, Failure> {
    let bytes = inputs::artifact(&arguments.artifact)?;
    if Form::of(&bytes) == Form::Native {
        return native(format, arguments, &bytes);
    }
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

fn native(format: Format, arguments: &Inspect, bytes: &[u8]) -> Result<u8, Failure> {
    let profile = elf::Profile::read(bytes)
        .map_err(|error| Failure::wrong(format!("`{}`: {error}", arguments.artifact.display())))?;
    match format {
        Format::Human => render::native::profile(&arguments.artifact, Digest::of(bytes), &profile),
        Format::Json => {
            render::json("inspect", json!({ "artifact": Digest::of(bytes).to_string(), "profile": profile }));
        }
    }
    Ok(OK)
}
