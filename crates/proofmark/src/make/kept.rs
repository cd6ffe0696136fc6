//! Tries as files: what was asked, what came back, what was built of it and where it comes from, read from the log and from
//! the openings of the home. A try is kept once it is in the log.

use std::path::Path;

use proofmark_governor::home::{Home, write};
use proofmark_governor::provenance;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::provenance::{Provenance, Resource, named};
use proofmark_mark::statement::Statement;

use super::Tried;
use crate::failure::Failure;

/// Holds a directory ready for tries: it must be empty, or not there yet.
///
/// # Errors
/// It holds something, or can't be made or read.
pub fn ready(folder: &Path) -> Result<(), Failure> {
    let wrong = |error: std::io::Error| Failure::wrong(format!("`{}`: {error}", folder.display()));
    std::fs::create_dir_all(folder).map_err(wrong)?;
    match std::fs::read_dir(folder).map_err(wrong)?.next() {
        None => Ok(()),
        Some(_) => Err(Failure::wrong(format!("`{}` is not empty", folder.display()))
            .next("name a new directory: tries of two runs have the same numbers")),
    }
}

/// Writes a try to a directory named by its number: `prompt.md`, `reply.md`, its sources, `build.txt`, the artifact with its
/// mark, and `provenance.json`, the statement in its envelope as the log has it.
pub fn keep(home: &Home, folder: &Path, tried: &Tried) -> Result<(), Failure> {
    let failed = |why: &dyn std::fmt::Display| Failure::failed(format!("candidate {}: {why}", tried.number()));
    let folder = folder.join(tried.number());
    let put = |name: &str, bytes: &[u8]| {
        let path = folder.join(name);
        std::fs::create_dir_all(path.parent().unwrap_or(&folder)).map_err(|error| failed(&error))?;
        write(&path, bytes).map_err(|error| failed(&error))
    };
    let envelope = home.log.blob(&tried.provenance).map_err(|error| failed(&error))?;
    put("provenance.json", &envelope)?;
    let parsed = Envelope::parse(&envelope).map_err(|error| failed(&error))?;
    let statement = Statement::<Provenance>::parse(parsed.unverified_payload()).map_err(|error| failed(&error))?;
    let text = |resource: &Resource| provenance::opened(home, resource).map_err(|error| failed(&error));
    for (resource, file) in [(named::PROMPT, "prompt.md"), (named::REPLY, "reply.md"), (named::LOG, "build.txt")] {
        for resource in statement.predicate.resources(resource) {
            text(resource)?.map_or(Ok(()), |bytes| put(file, &bytes))?;
        }
    }
    for file in tried.sources.iter().flat_map(|sources| &sources.files) {
        put(&file.name, file.text.as_bytes())?;
    }
    if let Some(artifact) = &tried.artifact {
        let name = if artifact.starts_with(b"\x7fELF") { "artifact" } else { "artifact.wasm" };
        put(name, artifact)?;
        tried.mark().map_or(Ok(()), |mark| put(&format!("{name}.mark"), &mark.to_bytes()))?;
    }
    Ok(())
}
