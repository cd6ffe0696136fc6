//! One core module with its counting: a memory of its own, two functions that log, and one that tells where it all is.

use wasm_encoder::{CodeSection, Encode, ExportKind, Instruction, MemArg, Module, RawSection, SectionId, ValType};
use wasmparser::{CompositeInnerType, FunctionBody, Parser, Payload, TypeRef, TypeSectionReader};

use super::body::{body, leb_bytes, logger, put};
use super::{Constants, EDGES_MAX, InstrumentError, LOGGED_BYTES, LOGGED_MAX, Report, SITES_MAX, Site};
use crate::names::Names;

/// The core exports that are added.
pub(super) const MEMORY: &str = "proofmark:twin/memory";
pub(super) const REPORT: &str = "proofmark:twin/report";

/// The memory: where the report starts and how long it is (for the canonical ABI), how many bytes are logged, 4 bytes
/// that are not used, then the counters, the hits and the log.
pub(super) const LOGGED_AT: u32 = 8;
pub(super) const COUNTERS_AT: usize = 16;

const PAGE: usize = 64 << 10;

/// What is counted, and with what.
pub(super) struct Counting {
    pub edges: usize,
    pub sites: Vec<Site>,
    functions: Vec<(usize, String)>,
    pub constants: Constants,
    /// Index of the memory that is added.
    pub memory: u32,
    /// Indices of the functions that are added.
    pub log_32: u32,
    pub log_64: u32,
    report: u32,
}

impl Counting {
    /// The first of `ways` new edges.
    pub fn edges(&mut self, ways: usize) -> Result<u32, InstrumentError> {
        let first = self.edges;
        self.edges = first.saturating_add(ways);
        let number = u32::try_from(first).ok().filter(|_| self.edges <= EDGES_MAX);
        number.ok_or(InstrumentError::TooLarge { what: "edges", limit: EDGES_MAX })
    }

    /// A new comparison: the instruction that puts its number on the stack.
    pub fn site(&mut self, site: Site) -> Result<Instruction<'static>, InstrumentError> {
        let number = i32::try_from(self.sites.len()).ok().filter(|_| self.sites.len() < SITES_MAX);
        self.sites.push(site);
        number.map(Instruction::I32Const).ok_or(InstrumentError::TooLarge { what: "comparisons", limit: SITES_MAX })
    }
}

/// A module that counts.
pub(super) struct Counted {
    pub binary: Vec<u8>,
    /// What its report tells; the export is the component's to name.
    pub report: Report,
    pub memory_bytes: u64,
    pub constants: Constants,
}

/// What is where in a module, before anything is added.
#[derive(Default)]
struct Shape {
    /// Parameters of each type.
    parameters: Vec<u32>,
    types: u32,
    imported_functions: u32,
    /// The type of each function that the module defines.
    functions: Vec<u32>,
    memories: u32,
    has_memory_section: bool,
    names: Names,
}

/// The module with its counting; `None` if it has no code.
pub(super) fn module(bytes: &[u8]) -> Result<Option<Counted>, InstrumentError> {
    let shape = shape(bytes)?;
    if shape.functions.is_empty() {
        return Ok(None);
    }
    let first = shape.imported_functions.saturating_add(shape.functions.len() as u32);
    let mut counting = Counting {
        edges: 0,
        sites: Vec::new(),
        functions: Vec::new(),
        constants: Constants::default(),
        memory: shape.memories,
        log_32: first,
        log_64: first.saturating_add(1),
        report: first.saturating_add(2),
    };
    let code = code(bytes, &shape, &mut counting)?;
    let (pages, binary) = assembled(bytes, &shape, &mut counting, code)?;
    let log_at = layout(counting.edges, counting.sites.len()).log_at;
    let Counting { edges, sites, functions, constants, .. } = counting;
    let report = Report { export: String::new(), edges, sites, functions, log_at };
    let memory_bytes = pages.saturating_mul(PAGE as u64);
    Ok(Some(Counted { binary, report, memory_bytes, constants }))
}

/// Where things are in the memory, in bytes.
struct Layout {
    hits_at: usize,
    log_at: usize,
    end: usize,
}

fn layout(edges: usize, sites: usize) -> Layout {
    let hits_at = COUNTERS_AT.saturating_add(edges.saturating_mul(4));
    let log_at = hits_at.saturating_add(sites).next_multiple_of(4);
    let log_bytes = LOGGED_MAX.saturating_mul(LOGGED_BYTES) as usize;
    Layout { hits_at, log_at, end: log_at.saturating_add(log_bytes) }
}

fn shape(bytes: &[u8]) -> Result<Shape, InstrumentError> {
    let mut shape = Shape::default();
    for payload in Parser::new(0).parse_all(bytes) {
        match payload? {
            Payload::TypeSection(section) => shape.read_types(section)?,
            Payload::ImportSection(section) => {
                for import in section.into_imports() {
                    match import?.ty {
                        TypeRef::Func(_) | TypeRef::FuncExact(_) => {
                            shape.imported_functions = shape.imported_functions.saturating_add(1);
                        }
                        TypeRef::Memory(_) => shape.memories = shape.memories.saturating_add(1),
                        _ => {}
                    }
                }
            }
            Payload::FunctionSection(section) => shape.functions = section.into_iter().collect::<Result<_, _>>()?,
            Payload::MemorySection(section) => {
                shape.has_memory_section = true;
                shape.memories = shape.memories.saturating_add(section.count());
            }
            Payload::ExportSection(section) => {
                for export in section {
                    shape.names.export(&export?);
                }
            }
            Payload::CustomSection(section) => shape.names.section(&section),
            _ => {}
        }
    }
    Ok(shape)
}

impl Shape {
    fn read_types(&mut self, section: TypeSectionReader<'_>) -> Result<(), InstrumentError> {
        for group in section {
            for ty in group?.into_types() {
                let parameters = match ty.composite_type.inner {
                    CompositeInnerType::Func(ty) => ty.params().len(),
                    _ => 0,
                };
                self.parameters.push(u32::try_from(parameters).unwrap_or(u32::MAX));
                self.types = self.types.saturating_add(1);
            }
        }
        Ok(())
    }

    fn parameters(&self, function: usize) -> u32 {
        let ty = self.functions.get(function).copied().unwrap_or(u32::MAX);
        self.parameters.get(ty as usize).copied().unwrap_or(0)
    }
}

/// The functions' bodies with their counting.
fn code(bytes: &[u8], shape: &Shape, counting: &mut Counting) -> Result<CodeSection, InstrumentError> {
    let mut section = CodeSection::new();
    let bodies = Parser::new(0).parse_all(bytes).filter_map(|payload| match payload {
        Ok(Payload::CodeSectionEntry(body)) => Some(Ok(body)),
        Ok(_) => None,
        Err(error) => Some(Err(error)),
    });
    for (nth, function) in bodies.enumerate() {
        let function: FunctionBody<'_> = function?;
        let first = counting.sites.len();
        section.raw(&body(&function, shape.parameters(nth), counting)?);
        if counting.sites.len() > first {
            let index = u32::try_from(nth).unwrap_or(u32::MAX).saturating_add(shape.imported_functions);
            counting.functions.push((first, shape.names.of(index)));
        }
    }
    let Layout { hits_at, log_at, end } = layout(counting.edges, counting.sites.len());
    let [hits_at, log_at, end] = [hits_at, log_at, end].map(|at| u32::try_from(at).unwrap_or(u32::MAX));
    section.raw(&logger(false, counting.memory, hits_at, log_at, end));
    section.raw(&logger(true, counting.memory, hits_at, log_at, end));
    section.raw(&reporter(counting.memory, log_at));
    Ok(section)
}

/// The function that says where the report is: from the start of the memory to the end of what is logged. As the canonical
/// ABI has it, the result is the address of address and length.
fn reporter(memory_index: u32, log_at: u32) -> Vec<u8> {
    let at = |offset: u32| MemArg { offset: u64::from(offset), align: 2, memory_index };
    let mut out = Vec::new();
    0_u32.encode(&mut out);
    put(&mut out, [Instruction::I32Const(0), Instruction::I32Const(0), Instruction::I32Load(at(LOGGED_AT))]);
    put(&mut out, [Instruction::I32Const(log_at.cast_signed()), Instruction::I32Add, Instruction::I32Store(at(4))]);
    put(&mut out, [Instruction::I32Const(0), Instruction::End]);
    out
}

/// The sections of a module in the order that the binary format asks for, as far as something is put between them.
const AFTER_MEMORIES: [u8; 8] = [
    SectionId::Tag as u8,
    SectionId::Global as u8,
    SectionId::Export as u8,
    SectionId::Start as u8,
    SectionId::Element as u8,
    SectionId::DataCount as u8,
    SectionId::Code as u8,
    SectionId::Data as u8,
];
const AFTER_EXPORTS: [u8; 5] = [
    SectionId::Start as u8,
    SectionId::Element as u8,
    SectionId::DataCount as u8,
    SectionId::Code as u8,
    SectionId::Data as u8,
];

/// The pages of the added memory, and the whole module.
fn assembled(
    bytes: &[u8],
    shape: &Shape,
    counting: &mut Counting,
    code: CodeSection,
) -> Result<(u64, Vec<u8>), InstrumentError> {
    let pages = layout(counting.edges, counting.sites.len()).end.div_ceil(PAGE) as u64;
    let additions = [
        (SectionId::Type, types().to_vec()),
        (SectionId::Function, functions(shape).to_vec()),
        (SectionId::Memory, memory(pages)),
        (SectionId::Export, exports(counting).to_vec()),
    ];
    let mut out = Module::new();
    let (mut memories_written, mut exports_written) = (shape.has_memory_section, false);
    for payload in Parser::new(0).parse_all(bytes) {
        let payload = payload?;
        if let Payload::DataSection(section) = &payload {
            counting.constants.data(section.clone())?;
        }
        let Some((id, range)) = payload.as_section() else { continue };
        if !memories_written && AFTER_MEMORIES.contains(&id) {
            memories_written = true;
            out.section(&extended(SectionId::Memory, &[0], &memory(pages)).raw());
        }
        if !exports_written && AFTER_EXPORTS.contains(&id) {
            exports_written = true;
            out.section(&extended(SectionId::Export, &[0], &exports(counting)).raw());
        }
        let data = bytes.get(range).unwrap_or_default();
        exports_written |= id == SectionId::Export as u8;
        // What tools left in custom sections speaks of other code.
        if id == SectionId::Code as u8 {
            out.section(&code);
        } else if let Some((section, added)) = additions.iter().find(|(section, _)| *section as u8 == id) {
            out.section(&extended(*section, data, added).raw());
        } else if id != SectionId::Custom as u8 {
            out.section(&RawSection { id, data });
        }
    }
    Ok((pages, out.finish()))
}

/// A section with more items than it had.
struct Extended {
    id: SectionId,
    data: Vec<u8>,
}

impl Extended {
    fn raw(&self) -> RawSection<'_> {
        RawSection { id: self.id as u8, data: &self.data }
    }
}

/// `data` is the number of items and the items themselves.
fn extended(id: SectionId, data: &[u8], added: &[Vec<u8>]) -> Extended {
    let (count, items) = data.split_at(leb_bytes(data).min(data.len()));
    let count = count.iter().rev().fold(0_u64, |sum, byte| (sum << 7) | u64::from(byte & 0x7f));
    let mut out = Vec::with_capacity(data.len().saturating_add(64));
    count.saturating_add(added.len() as u64).encode(&mut out);
    out.extend_from_slice(items);
    added.iter().for_each(|item| out.extend_from_slice(item));
    Extended { id, data: out }
}

/// The types of the added functions.
fn types() -> [Vec<u8>; 3] {
    use ValType::{I32, I64};
    let ty = |parameters: &[ValType], results: &[ValType]| {
        let mut out = vec![0x60];
        parameters.encode(&mut out);
        results.encode(&mut out);
        out
    };
    [ty(&[I32, I32, I32], &[]), ty(&[I32, I64, I64], &[]), ty(&[], &[I32])]
}

fn functions(shape: &Shape) -> [Vec<u8>; 3] {
    [0, 1, 2].map(|nth| encoded(&shape.types.saturating_add(nth)))
}

fn memory(pages: u64) -> Vec<Vec<u8>> {
    let mut out = vec![0x01];
    pages.encode(&mut out);
    pages.encode(&mut out);
    vec![out]
}

fn exports(counting: &Counting) -> [Vec<u8>; 2] {
    [(MEMORY, ExportKind::Memory, counting.memory), (REPORT, ExportKind::Func, counting.report)].map(
        |(name, kind, index)| {
            let mut out = encoded(name);
            kind.encode(&mut out);
            index.encode(&mut out);
            out
        },
    )
}

fn encoded<T: Encode + ?Sized>(value: &T) -> Vec<u8> {
    let mut out = Vec::new();
    value.encode(&mut out);
    out
}
