//! `inspect`: what can this artifact do at all, and does it fit the contract?
//!
//! Anything that was not granted, does not fit the interface or breaks a static limit is a failure. Nothing is run.

use std::collections::BTreeSet;

use proofmark_contract::{Contract, Flag};
use proofmark_mark::evidence::Outcome;
use proofmark_run::artifact::Form;
use proofmark_run::elf::{Kind, Profile, violations};
use proofmark_run::{Artifact, ProgramError};
use serde_json::json;

use super::{Finding, Task, counts};

/// Lists what the artifact is made of and holds it against the contract.
#[must_use]
pub fn run(task: &Task<'_>) -> Finding {
    match (task.contract.interface.process(), Form::of(task.artifact)) {
        (Some(_), Form::Native) => return native(task),
        (Some(_), Form::Wasm) => {
            return finding(task, None, &["the contract asks for a native executable, and this is none".to_owned()]);
        }
        (None, _) => {}
    }
    let artifact = match Artifact::read(task.artifact, &task.contract.budget) {
        Ok(artifact) => artifact,
        Err(error) => return finding(task, None, &[error.to_string()]),
    };
    match task.compile(&artifact) {
        Ok(_) => finding(task, Some(&artifact), &[]),
        Err(ProgramError::NotGranted(missing)) => {
            let violations: Vec<String> = missing.iter().map(ToString::to_string).collect();
            finding(task, Some(&artifact), &violations)
        }
        Err(ProgramError::Engine(why)) => Finding::unknown("inspect", why),
        Err(error) => finding(task, Some(&artifact), &[error.to_string()]),
    }
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
            ("unguarded", unguarded(task.contract)),
        ]),
        counterexamples: Vec::new(),
        details: json!({ "violations": violations, "profile": artifact.map(|artifact| &artifact.profile) }),
    }
}

/// Holds a native executable against the contract. What it is built to be loaded with must be granted. Which of its system
/// calls it will make can't be told from its bytes: those that nothing grants are listed and counted as possible, and
/// the fence denies them.
fn native(task: &Task<'_>) -> Finding {
    let (profile, violations) = match Profile::read(task.artifact) {
        Ok(profile) => {
            let violations = misfits(&profile, task);
            (Some(profile), violations)
        }
        Err(error) => (None, vec![error.to_string()]),
    };
    let possible: Vec<String> = profile.iter().flat_map(possible).collect();
    let count = |count: fn(&Profile) -> u64| profile.as_ref().map_or(0, count);
    Finding {
        outcome: if violations.is_empty() { Outcome::Passed } else { Outcome::Failed },
        reason: violations.first().cloned(),
        counts: counts([
            ("imports", count(|profile| profile.import_count)),
            ("exports", count(|profile| profile.export_count)),
            ("functions", 0),
            ("memories", 0),
            ("bytes", task.artifact.len() as u64),
            ("violations", violations.len() as u64),
            ("unguarded", unguarded(task.contract)),
            ("possible", possible.len() as u64),
        ]),
        counterexamples: Vec::new(),
        details: json!({ "violations": violations, "possible": possible, "profile": profile }),
    }
}

/// How many of the directories that the contract asks to write none of its invariants is about.
fn unguarded(contract: &Contract) -> u64 {
    let guarded = |guest: &&String| contract.invariants.iter().any(|invariant| invariant.of == **guest);
    contract.capabilities.write.iter().filter(|guest| !guarded(guest)).count() as u64
}

fn possible(profile: &Profile) -> Vec<String> {
    violations(profile, &BTreeSet::new()).iter().map(ToString::to_string).collect()
}

fn misfits(profile: &Profile, task: &Task<'_>) -> Vec<String> {
    let capabilities = &task.contract.capabilities;
    let name = |path: &String| path.rsplit('/').next().unwrap_or_default().to_owned();
    let loaded = profile.interpreter.iter().map(name).chain(profile.libraries.iter().cloned());
    let mut list: Vec<String> = loaded
        .filter(|library| !capabilities.libraries.contains(library))
        .map(|library| format!("it loads `{library}`, which `libraries` of the contract does not name"))
        .collect();
    if profile.kind == Kind::Shared {
        list.push("it is a shared library, not an executable".to_owned());
    }
    if !capabilities.has(Flag::GenerateCode) {
        let both = |permissions: &str| permissions.contains('w') && permissions.contains('x');
        if let Some(segment) = profile.segments.iter().position(|segment| both(&segment.permissions)) {
            list.push(format!("its segment {segment} is writable and executable, which needs `generate_code`"));
        }
        if profile.hardening.text_relocations {
            list.push("its code is relocated while it is loaded, which needs `generate_code`".to_owned());
        }
    }
    list
}
