//! `proofmark undo`: puts back the trees that a run changed.

use std::path::Path;

use proofmark_governor::staged::{UndoError, undo};
use proofmark_run::effects::EffectError;
use serde_json::json;

use crate::cli::{Format, Undo};
use crate::failure::{Failure, OK};
use crate::{inputs, render};

pub fn run(format: Format, home: Option<&Path>, arguments: &Undo) -> Result<u8, Failure> {
    let mut home = inputs::home(home)?;
    let undone = undo(&mut home, &arguments.run).map_err(|error| match &error {
        UndoError::Unknown(_) => {
            Failure::wrong(error.to_string()).next("`proofmark run --commit` prints the id of its run")
        }
        UndoError::Effects(EffectError::ChangedSince(_) | EffectError::SnapshotChanged(_)) => {
            Failure::refused(error.to_string())
                .next("nothing was changed; save what is new, put it back, and undo then")
        }
        UndoError::Effects(EffectError::Phase { .. }) => Failure::refused(error.to_string()),
        _ => Failure::failed(error.to_string()),
    })?;
    match format {
        Format::Human => {
            render::said("undone");
            for receipt in &undone {
                render::line("tree", &format!("is as it was before: {}", receipt.before));
            }
        }
        Format::Json => render::json("undo", json!({ "run": arguments.run, "trees": undone })),
    }
    Ok(OK)
}
