//! `inspect`: what can this artifact do at all, and does it fit the contract?
//!
//! Anything that was not granted, does not fit the interface or breaks a static limit is a failure. Nothing is run.

use proofmark_mark::evidence::Outcome;
use proofmark_run::{Artifact, ProgramError};
use serde_json::json;

use super::{Finding, Task, counts};

/// Lists what the artifact is made of and holds it against the contract.
#[must_use]
pub fn run(task: &Task<'_>) -> Finding {
    let artifact = match Artifact::read(task.artifact, &task.contract.budget) {
        Ok(artifact) => artifact,
        Err(error) => return failed(task, None, &[error.to_string()]),
    };
    match task.compile(&artifact) {
        Ok(_) => finding(task, Some(&artifact), &[]),
        Err(ProgramError::NotGranted(missing)) => {
            let violations: Vec<String> = missing.iter().map(ToString::to_string).collect();
            failed(task, Some(&artifact), &violations)
        }
        Err(ProgramError::Engine(why)) => Finding::unknown("inspect", why),
        Err(error) => failed(task, Some(&artifact), &[error.to_string()]),
    }
}

fn failed(task: &Task<'_>, artifact: Option<&Artifact>, violations: &[String]) -> Finding {
    finding(task, artifact, violations)
}

fn finding(task: &Task<'_>, artifact: Option<&Artifact>, violations: &[String]) -> Finding {
    let profile = artifact.map(|artifact| artifact.profile.clone()).unwrap_or_default();
    Finding {
        outcome: if violations.is_empty() { Outcome::Passed } else { Outcome::Failed },
        reason: violations.first().cloned(),
        counts: counts([
            ("imports", profile.import_count),
            ("exports", profile.export_count),
            ("functions", profile.functions),
            ("memories", profile.memories.len() as u64),
            ("bytes", task.artifact.len() as u64),
            ("violations", violations.len() as u64),
        ]),
        counterexamples: Vec::new(),
        details: json!({ "violations": violations, "profile": artifact.map(|artifact| &artifact.profile) }),
    }
}
