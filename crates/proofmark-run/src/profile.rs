//! What an artifact is made of, read from its bytes without running or compiling anything.
//!
//! The reader is linear in the size of the input, keeps no function body, and must never follow a length it has not
//! checked: `wasmparser` does the bounds, `LISTED_MAX` caps what is kept.

use std::collections::BTreeMap;

use serde::Serialize;
use wasmparser::{BinaryReaderError, Encoding, ExternalKind, Operator, Parser, Payload, TypeRef};

/// The most imports, exports, memories, tables and custom sections that a profile lists each; the counts go on.
pub const LISTED_MAX: usize = 4096;

/// Everything `inspect` reports about a binary. Sizes are in bytes unless a name says otherwise.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Profile {
    /// `component` or `module`.
    pub kind: String,
    pub bytes: u64,
    /// Deepest nesting of components and modules inside each other; 0 for a bare module.
    pub nesting: u64,
    pub modules: u64,
    /// Function bodies in all modules.
    pub functions: u64,
    pub largest_function_bytes: u64,
    pub data_bytes: u64,
    pub globals: u64,
    pub start_functions: u64,
    pub import_count: u64,
    pub export_count: u64,
    /// Imports of the outermost component or module: what the artifact asks its host for.
    pub imports: Vec<Extern>,
    /// Exports of the outermost component or module.
    pub exports: Vec<Extern>,
    pub memories: Vec<Memory>,
    pub tables: Vec<Table>,
    pub custom_sections: Vec<Custom>,
    /// The `producers` custom section: field name to `name version` entries. A claim, not a fact.
    pub producers: BTreeMap<String, Vec<String>>,
    /// Instructions by the WebAssembly proposal that they came with.
    pub opcodes: BTreeMap<String, u64>,
}

/// One import or export.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Extern {
    pub name: String,
    /// `func`, `instance`, `memory`, …
    pub kind: String,
}

/// A linear memory's declared limits, in pages of 64 KiB unless `page_size_log2` says otherwise.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Memory {
    pub min_pages: u64,
    pub max_pages: Option<u64>,
    pub shared: bool,
    pub memory64: bool,
}

/// A table's declared limits, in elements.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Table {
    pub min: u64,
    pub max: Option<u64>,
}

/// A custom section by name and size.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Custom {
    pub name: String,
    pub bytes: u64,
}

impl Profile {
    /// Reads a binary component or module.
    ///
    /// # Errors
    /// The first place at which the bytes are not a WebAssembly binary, with its offset. A profile is not a
    /// validation: types and operand stacks are not checked here.
    pub fn read(bytes: &[u8]) -> Result<Self, BinaryReaderError> {
        let mut reader = Reading { profile: Self { bytes: bytes.len() as u64, ..Self::default() }, depth: 0 };
        for payload in Parser::new(0).parse_all(bytes) {
            reader.payload(payload?)?;
        }
        Ok(reader.profile)
    }
}

struct Reading {
    profile: Profile,
    depth: u64,
}

impl Reading {
    fn payload(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        match payload {
            Payload::Version { encoding, .. } => self.version(encoding),
            Payload::ModuleSection { .. } | Payload::ComponentSection { .. } => {
                self.depth = self.depth.saturating_add(1);
                self.profile.nesting = self.profile.nesting.max(self.depth);
            }
            Payload::End(_) => self.depth = self.depth.saturating_sub(1),
            Payload::CodeSectionEntry(body) => self.function(&body)?,
            Payload::StartSection { .. } | Payload::ComponentStartSection { .. } => {
                self.profile.start_functions = self.profile.start_functions.saturating_add(1);
            }
            Payload::CustomSection(section) => self.custom(&section),
            other => self.declarations(other)?,
        }
        Ok(())
    }

    fn version(&mut self, encoding: Encoding) {
        if encoding == Encoding::Module {
            self.profile.modules = self.profile.modules.saturating_add(1);
        }
        if self.profile.kind.is_empty() {
            let kind = if encoding == Encoding::Module { "module" } else { "component" };
            kind.clone_into(&mut self.profile.kind);
        }
    }

    fn function(&mut self, body: &wasmparser::FunctionBody<'_>) -> Result<(), BinaryReaderError> {
        self.profile.functions = self.profile.functions.saturating_add(1);
        let range = body.range();
        let bytes = range.end.saturating_sub(range.start) as u64;
        self.profile.largest_function_bytes = self.profile.largest_function_bytes.max(bytes);
        let mut counts: [u64; PROPOSALS.len()] = [0; PROPOSALS.len()];
        for operator in body.get_operators_reader()? {
            if let Some(count) = counts.get_mut(proposal(&operator?)) {
                *count = count.saturating_add(1);
            }
        }
        for (name, count) in PROPOSALS.iter().zip(counts).filter(|(_, count)| *count > 0) {
            let total = self.profile.opcodes.entry((*name).to_owned()).or_default();
            *total = total.saturating_add(count);
        }
        Ok(())
    }

    fn custom(&mut self, section: &wasmparser::CustomSectionReader<'_>) {
        let bytes = section.data().len() as u64;
        keep(&mut self.profile.custom_sections, Custom { name: section.name().to_owned(), bytes });
        let wasmparser::KnownCustom::Producers(producers) = section.as_known() else { return };
        for field in producers.into_iter().flatten() {
            let values = field.values.into_iter().flatten().take(64);
            let values = values.map(|value| format!("{} {}", value.name, value.version).trim().to_owned());
            let known = self.profile.producers.entry(field.name.to_owned()).or_default();
            for value in values {
                if known.len() < LISTED_MAX && !known.contains(&value) {
                    known.push(value);
                }
            }
        }
    }

    fn declarations(&mut self, payload: Payload<'_>) -> Result<(), BinaryReaderError> {
        let outermost = self.depth == 0;
        match payload {
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    let import = import?;
                    self.core_limits(import.ty);
                    if outermost {
                        let name = format!("{}.{}", import.module, import.name);
                        self.import(name, core_kind(import.ty));
                    }
                }
            }
            Payload::ComponentImportSection(section) if outermost => {
                for import in section {
                    let import = import?;
                    self.import(import.name.name.to_owned(), component_kind(&import.ty));
                }
            }
            Payload::ExportSection(section) if outermost => {
                for export in section {
                    let export = export?;
                    self.export(export.name.to_owned(), export_kind(export.kind));
                }
            }
            Payload::ComponentExportSection(section) if outermost => {
                for export in section {
                    let export = export?;
                    self.export(export.name.name.to_owned(), format!("{:?}", export.kind).to_lowercase());
                }
            }
            Payload::MemorySection(section) => {
                for memory in section {
                    self.core_limits(TypeRef::Memory(memory?));
                }
            }
            Payload::TableSection(section) => {
                for table in section {
                    self.core_limits(TypeRef::Table(table?.ty));
                }
            }
            Payload::GlobalSection(section) => {
                self.profile.globals = self.profile.globals.saturating_add(u64::from(section.count()));
            }
            Payload::DataSection(section) => {
                for data in section {
                    let bytes = data?.data.len() as u64;
                    self.profile.data_bytes = self.profile.data_bytes.saturating_add(bytes);
                }
            }
            _ => {}
        }
        Ok(())
    }

    fn core_limits(&mut self, ty: TypeRef) {
        match ty {
            TypeRef::Memory(memory) => keep(
                &mut self.profile.memories,
                Memory {
                    min_pages: memory.initial,
                    max_pages: memory.maximum,
                    shared: memory.shared,
                    memory64: memory.memory64,
                },
            ),
            TypeRef::Table(table) => {
                keep(&mut self.profile.tables, Table { min: table.initial, max: table.maximum });
            }
            _ => {}
        }
    }

    fn import(&mut self, name: String, kind: String) {
        self.profile.import_count = self.profile.import_count.saturating_add(1);
        keep(&mut self.profile.imports, Extern { name, kind });
    }

    fn export(&mut self, name: String, kind: String) {
        self.profile.export_count = self.profile.export_count.saturating_add(1);
        keep(&mut self.profile.exports, Extern { name, kind });
    }
}

fn keep<T>(list: &mut Vec<T>, item: T) {
    if list.len() < LISTED_MAX {
        list.push(item);
    }
}

fn core_kind(ty: TypeRef) -> String {
    match ty {
        TypeRef::Func(_) | TypeRef::FuncExact(_) => "func",
        TypeRef::Table(_) => "table",
        TypeRef::Memory(_) => "memory",
        TypeRef::Global(_) => "global",
        TypeRef::Tag(_) => "tag",
    }
    .to_owned()
}

fn export_kind(kind: ExternalKind) -> String {
    match kind {
        ExternalKind::Func | ExternalKind::FuncExact => "func",
        ExternalKind::Table => "table",
        ExternalKind::Memory => "memory",
        ExternalKind::Global => "global",
        ExternalKind::Tag => "tag",
    }
    .to_owned()
}

fn component_kind(ty: &wasmparser::ComponentTypeRef) -> String {
    use wasmparser::ComponentTypeRef as Ref;
    match ty {
        Ref::Module(_) => "module",
        Ref::Func(_) => "func",
        Ref::Value(_) => "value",
        Ref::Type(_) => "type",
        Ref::Instance(_) => "instance",
        Ref::Component(_) => "component",
    }
    .to_owned()
}

macro_rules! proposals {
    ($(@$proposal:ident $op:ident $({ $($payload:tt)* })? => $visit:ident ($($annotation:tt)*))*) => {
        /// Index into [`PROPOSALS`] of the proposal that an instruction belongs to.
        fn proposal(operator: &Operator<'_>) -> usize {
            let name = match operator {
                $(Operator::$op { .. } => stringify!($proposal),)*
                _ => "other",
            };
            PROPOSALS.iter().position(|known| *known == name).unwrap_or(PROPOSALS.len().saturating_sub(1))
        }
    };
}

/// The proposals told apart; the last one stands for every other.
const PROPOSALS: [&str; 15] = [
    "mvp",
    "sign_extension",
    "saturating_float_to_int",
    "bulk_memory",
    "reference_types",
    "simd",
    "relaxed_simd",
    "tail_call",
    "threads",
    "exceptions",
    "gc",
    "function_references",
    "memory_control",
    "wide_arithmetic",
    "other",
];

wasmparser::for_each_operator!(proposals);

#[cfg(test)]
mod tests {
    use super::*;

    fn profile(wat: &str) -> Profile {
        Profile::read(&wat::parse_str(wat).unwrap()).unwrap()
    }

    #[test]
    fn lists_what_a_module_declares() {
        let profile = profile(
            r#"(module (import "env" "f" (func)) (memory 1 4) (table 2 funcref) (global i32 (i32.const 0))
                (func (export "g") (result i32) i32.const 1 i32.extend8_s) (start 0) (data (i32.const 0) "abc"))"#,
        );
        insta::assert_json_snapshot!(profile);
    }

    #[test]
    fn lists_what_a_component_asks_for() {
        let profile =
            profile(r#"(component (import "wasi:cli/stdin@0.2.0" (instance)) (component (core module (func))))"#);
        assert_eq!(profile.kind, "component");
        assert_eq!(profile.nesting, 2);
        assert_eq!(profile.functions, 1);
        assert_eq!(profile.imports, [Extern { name: "wasi:cli/stdin@0.2.0".into(), kind: "instance".into() }]);
    }

    #[test]
    fn reports_where_bytes_stop_being_wasm() {
        let mut bytes = wat::parse_str("(module (func (export \"f\")))").unwrap();
        bytes.truncate(20);
        assert!(Profile::read(&bytes).is_err());
    }

    proptest::proptest! {
        #[test]
        fn never_panics(tail: Vec<u8>) {
            let mut bytes = b"\0asm\x01\0\0\0".to_vec();
            bytes.extend(tail);
            let _ = Profile::read(&bytes);
        }
    }
}
