//! `proofmark build`: source code to an artifact, with a pinned toolchain in a fence, as `make` does with a model's.

use std::path::Path;

use proofmark_generate::toolchain::Toolchain;
use proofmark_generate::{Public, SourceFile, Sources, Target};
use proofmark_mark::digest::Digest;
use serde_json::json;

use crate::build::{Built, Unbuilt, build};
use crate::cli::{Build, Format};
use crate::commands::toolchains;
use crate::failure::{Failure, OK};
use crate::{commands, inputs, render};

/// The largest source file, in bytes.
const SOURCE_BYTES_MAX: u64 = 1 << 20;

pub fn run(format: Format, home: Option<&Path>, arguments: &Build) -> Result<u8, Failure> {
    let loaded = inputs::contract(&arguments.contract)?;
    let public = Public::of(&loaded.contract).map_err(|error| Failure::wrong(error.to_string()))?;
    let sources = sources(arguments)?;
    let home = inputs::home_path(home);
    let toolchain = toolchain(&home, arguments)?;
    let launch = commands::launch()?;
    let stop = commands::run::interrupt()?;
    let built = build(&launch, &home, toolchain.as_ref(), &public, &sources, &mut || stop().is_some());
    let built = built.map_err(|unbuilt| match unbuilt {
        Unbuilt::Refused(why) => Failure::refused(format!("not built:\n{why}")),
        Unbuilt::Failed(failure) => failure,
    })?;
    std::fs::write(&arguments.output, &built.artifact)
        .map_err(|error| Failure::failed(format!("`{}`: {error}", arguments.output.display())))?;
    match format {
        Format::Human => render::tools::built(&arguments.output, &built),
        Format::Json => render::json("build", shown(&built)),
    }
    Ok(OK)
}

fn shown(built: &Built) -> serde_json::Value {
    let toolchain = built.toolchain.as_ref().map(|toolchain| {
        json!({
            "name": toolchain.name,
            "version": toolchain.version,
            "sha256": toolchain.sha256,
            "commands": toolchain.commands,
        })
    });
    json!({
        "artifact": Digest::of(&built.artifact).to_string(),
        "bytes": built.artifact.len(),
        "reproducible": built.reproducible,
        "log": built.log,
        "toolchain": toolchain,
    })
}

/// The files under their own names, as they would come out of a reply.
fn sources(arguments: &Build) -> Result<Sources, Failure> {
    let mut files = Vec::new();
    for path in &arguments.sources {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_owned();
        let bytes = inputs::bytes("the source", path, SOURCE_BYTES_MAX)?;
        let text =
            String::from_utf8(bytes).map_err(|_| Failure::wrong(format!("`{}` is not UTF-8", path.display())))?;
        files.push(SourceFile { name, text });
    }
    files.sort_by(|a, b| a.name.cmp(&b.name));
    match files.array_windows().find(|[left, right]| left.name == right.name) {
        Some([twice, _]) => Err(Failure::wrong(format!("two sources are called `{}`", twice.name))),
        None => Ok(Sources { files }),
    }
}

/// The one that was named, or the first for the target; none for WebAssembly text.
fn toolchain(home: &Path, arguments: &Build) -> Result<Option<Toolchain>, Failure> {
    let declared = toolchains::declared(home)?;
    if let Some(name) = &arguments.toolchain {
        let found = declared.named(name).cloned();
        let missing = || Failure::wrong(format!("no toolchain `{name}` is declared")).next(toolchains::PIN);
        return found.map(Some).ok_or_else(missing);
    }
    let target: Target =
        arguments.target.parse().map_err(|_| Failure::wrong(format!("there is no target `{}`", arguments.target)))?;
    if target == Target::Wat {
        return Ok(None);
    }
    let missing = || Failure::wrong(format!("no toolchain for `{target}` is declared")).next(toolchains::PIN);
    declared.for_target(target).cloned().map(Some).ok_or_else(missing)
}
