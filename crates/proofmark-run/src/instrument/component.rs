//! A component with its core modules exchanged for ones that count, and with an export at its end for each core instance
//! of one of them. The export returns the module's report as a `list<u8>`.

use wasm_encoder::{
    Alias, CanonicalFunctionSection, CanonicalOption, Component, ComponentAliasSection, ComponentExportKind,
    ComponentExportSection, ComponentTypeSection, ComponentValType, ExportKind, PrimitiveValType, RawSection,
};
use wasmparser::{
    CanonicalFunction, ComponentAlias, ComponentExternalKind, ComponentOuterAliasKind, ComponentTypeRef, Encoding,
    ExternalKind, Instance, Parser, Payload,
};

use super::module::{Counted, MEMORY, REPORT, module};
use super::{Constants, EDGES_MAX, InstrumentError, Instrumented};

/// How many things of each kind the component has, outermost, so far.
#[derive(Default)]
struct Spaces {
    core_functions: u32,
    core_memories: u32,
    core_instances: u32,
    types: u32,
    functions: u32,
    /// Which of the counted modules each core module is.
    modules: Vec<Option<usize>>,
    /// Core instances of counted modules: the instance, and which module it is of.
    counted: Vec<(u32, usize)>,
}

/// The twin of a component. Modules inside nested components stay as they are.
///
/// # Errors
/// [`InstrumentError`] if the bytes are not a component, or have too much to count.
pub fn instrument(component: &[u8]) -> Result<Instrumented, InstrumentError> {
    let mut out = Component::new();
    let mut spaces = Spaces::default();
    let mut counted: Vec<Counted> = Vec::new();
    let (mut depth, mut hidden_modules, mut edges) = (0_u32, 0_u64, 0_usize);
    for payload in Parser::new(0).parse_all(component) {
        let payload = payload?;
        let outermost = depth == 0;
        match &payload {
            Payload::Version { encoding: Encoding::Module, .. } if outermost => {
                return Err(InstrumentError::Unreadable("it is a module, where a component is needed".to_owned()));
            }
            Payload::ModuleSection { .. } if !outermost => hidden_modules = hidden_modules.saturating_add(1),
            Payload::ComponentSection { .. } | Payload::ModuleSection { .. } => {}
            Payload::End(_) => depth = depth.saturating_sub(1),
            _ => {}
        }
        if outermost && let Some((id, range)) = payload.as_section() {
            let data = component.get(range).unwrap_or_default();
            match &payload {
                Payload::ModuleSection { .. } => match module(data)? {
                    Some(module) => {
                        edges = edges.saturating_add(module.report.edges);
                        if edges > EDGES_MAX {
                            return Err(InstrumentError::TooLarge { what: "edges", limit: EDGES_MAX });
                        }
                        out.section(&RawSection { id, data: &module.binary });
                        spaces.modules.push(Some(counted.len()));
                        counted.push(module);
                    }
                    None => {
                        out.section(&RawSection { id, data });
                        spaces.modules.push(None);
                    }
                },
                other => {
                    spaces.read(other)?;
                    out.section(&RawSection { id, data });
                }
            }
        }
        if matches!(payload, Payload::ModuleSection { .. } | Payload::ComponentSection { .. }) {
            depth = depth.saturating_add(1);
        }
    }
    let reports = append(&mut out, &spaces, &counted);
    let memory_bytes = spaces.counted.iter().filter_map(|(_, nth)| counted.get(*nth)).map(|module| module.memory_bytes);
    let memory_bytes = memory_bytes.fold(0, u64::saturating_add);
    let mut constants = Constants::default();
    counted.into_iter().for_each(|module| constants.append(module.constants));
    Ok(Instrumented { binary: out.finish(), reports, memory_bytes, constants, hidden_modules })
}

/// Adds the exports, with all that they need.
fn append(out: &mut Component, spaces: &Spaces, counted: &[Counted]) -> Vec<super::Report> {
    let mut aliases = ComponentAliasSection::new();
    let mut canonical = CanonicalFunctionSection::new();
    let mut exports = ComponentExportSection::new();
    let mut types = ComponentTypeSection::new();
    types.defined_type().list(ComponentValType::Primitive(PrimitiveValType::U8));
    let none: [(&str, ComponentValType); 0] = [];
    types.function().params(none).result(Some(ComponentValType::Type(spaces.types)));
    let mut reports = Vec::new();
    for (nth, (instance, module)) in (0_u32..).zip(&spaces.counted) {
        let Some(module) = counted.get(*module) else { continue };
        aliases.alias(Alias::CoreInstanceExport { instance: *instance, kind: ExportKind::Memory, name: MEMORY });
        aliases.alias(Alias::CoreInstanceExport { instance: *instance, kind: ExportKind::Func, name: REPORT });
        canonical.lift(
            spaces.core_functions.saturating_add(nth),
            spaces.types.saturating_add(1),
            [CanonicalOption::Memory(spaces.core_memories.saturating_add(nth))],
        );
        let export = format!("proofmark-twin-report{nth}");
        exports.export(&*export, ComponentExportKind::Func, spaces.functions.saturating_add(nth), None);
        reports.push(super::Report { export, ..module.report.clone() });
    }
    if !reports.is_empty() {
        out.section(&aliases).section(&types).section(&canonical).section(&exports);
    }
    reports
}

impl Spaces {
    /// Counts what a section of the outermost component defines.
    fn read(&mut self, payload: &Payload<'_>) -> Result<(), InstrumentError> {
        match payload {
            Payload::InstanceSection(section) => {
                for instance in section.clone() {
                    if let Instance::Instantiate { module_index, .. } = instance?
                        && let Some(Some(module)) = self.modules.get(module_index as usize)
                    {
                        self.counted.push((self.core_instances, *module));
                    }
                    add(&mut self.core_instances);
                }
            }
            Payload::ComponentAliasSection(section) => {
                for alias in section.clone() {
                    self.alias(&alias?);
                }
            }
            Payload::ComponentTypeSection(section) => self.types = self.types.saturating_add(section.count()),
            Payload::ComponentCanonicalSection(section) => {
                for function in section.clone() {
                    match function? {
                        CanonicalFunction::Lift { .. } => add(&mut self.functions),
                        _ => add(&mut self.core_functions),
                    }
                }
            }
            Payload::ComponentImportSection(section) => {
                for import in section.clone() {
                    match import?.ty {
                        ComponentTypeRef::Module(_) => self.modules.push(None),
                        ComponentTypeRef::Func(_) => add(&mut self.functions),
                        ComponentTypeRef::Type(_) => add(&mut self.types),
                        _ => {}
                    }
                }
            }
            Payload::ComponentExportSection(section) => {
                for export in section.clone() {
                    self.defined(export?.kind);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn alias(&mut self, alias: &ComponentAlias<'_>) {
        match alias {
            ComponentAlias::InstanceExport { kind, .. } => self.defined(*kind),
            ComponentAlias::CoreInstanceExport { kind, .. } => match kind {
                ExternalKind::Func | ExternalKind::FuncExact => add(&mut self.core_functions),
                ExternalKind::Memory => add(&mut self.core_memories),
                _ => {}
            },
            ComponentAlias::Outer { kind, .. } => match kind {
                ComponentOuterAliasKind::CoreModule => self.modules.push(None),
                ComponentOuterAliasKind::Type => add(&mut self.types),
                _ => {}
            },
        }
    }

    fn defined(&mut self, kind: ComponentExternalKind) {
        match kind {
            ComponentExternalKind::Module => self.modules.push(None),
            ComponentExternalKind::Func => add(&mut self.functions),
            ComponentExternalKind::Type => add(&mut self.types),
            _ => {}
        }
    }
}

fn add(count: &mut u32) {
    *count = count.saturating_add(1);
}
