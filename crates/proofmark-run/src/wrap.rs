//! Wraps a core module as a component of the contract's world, by the canonical ABI.
//!
//! C has no hyphens, so an export `is_leap` stands for the world's `is-leap`. The contract's world is the one that
//! counts: component metadata that a toolchain left in the module is dropped, never believed.

use std::collections::BTreeMap;

use proofmark_contract::Interface;
use wasm_encoder::{ExportSection, Module, RawSection};
use wasmparser::{Parser, Payload};
use wit_component::{ComponentEncoder, StringEncoding, embed_component_metadata};

use crate::artifact::ArtifactError;

/// A binary component whose only module is `module`.
///
/// # Errors
/// [`ArtifactError::Misfit`], saying which import or export does not match.
pub fn wrap(module: &[u8], interface: &Interface) -> Result<Vec<u8>, ArtifactError> {
    let mut module = renamed(module, &names(interface)).map_err(|error| misfit(&error))?;
    embed_component_metadata(&mut module, &interface.resolve, interface.world_id, StringEncoding::UTF8)
        .map_err(|error| misfit(&error))?;
    let mut encoder = ComponentEncoder::default().validate(true).module(&module).map_err(|error| misfit(&error))?;
    encoder.encode().map_err(|error| misfit(&error))
}

fn misfit(error: &dyn std::fmt::Display) -> ArtifactError {
    let mut message = format!("{error:#}");
    if message.contains("wasi_snapshot_preview1") {
        message.push_str("; build it without a C library (`-nostdlib`), or as a WASI 0.2 component");
    }
    ArtifactError::Misfit { message }
}

/// What a C toolchain calls each function of the interface, to the canonical name of its core export.
fn names(interface: &Interface) -> BTreeMap<String, String> {
    let mut names = BTreeMap::new();
    for function in &interface.functions {
        let canonical = match &function.interface {
            Some(instance) => format!("{instance}#{}", function.name),
            None => function.name.clone(),
        };
        let plain = function.name.replace('-', "_");
        if plain != canonical {
            names.insert(plain, canonical);
        }
    }
    names
}

/// The module with `names` applied to its exports and without component metadata; every other section untouched.
fn renamed(module: &[u8], names: &BTreeMap<String, String>) -> Result<Vec<u8>, wasmparser::BinaryReaderError> {
    let mut out = Module::new();
    for payload in Parser::new(0).parse_all(module) {
        let payload = payload?;
        match &payload {
            Payload::ExportSection(section) => {
                let exports = section.clone().into_iter().collect::<Result<Vec<_>, _>>()?;
                let taken: Vec<&str> = exports.iter().map(|export| export.name).collect();
                let mut renamed = ExportSection::new();
                for export in &exports {
                    let canonical = names.get(export.name).filter(|name| !taken.contains(&name.as_str()));
                    renamed.export(canonical.map_or(export.name, String::as_str), kind(export.kind), export.index);
                }
                out.section(&renamed);
            }
            Payload::CustomSection(section) if section.name().starts_with("component-type") => {}
            other => {
                if let Some((id, range)) = other.as_section() {
                    let data = module.get(range.start..range.end).unwrap_or_default();
                    out.section(&RawSection { id, data });
                }
            }
        }
    }
    Ok(out.finish())
}

fn kind(kind: wasmparser::ExternalKind) -> wasm_encoder::ExportKind {
    use wasm_encoder::ExportKind;
    use wasmparser::ExternalKind;
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => ExportKind::Func,
        ExternalKind::Table => ExportKind::Table,
        ExternalKind::Memory => ExportKind::Memory,
        ExternalKind::Global => ExportKind::Global,
        ExternalKind::Tag => ExportKind::Tag,
    }
}
