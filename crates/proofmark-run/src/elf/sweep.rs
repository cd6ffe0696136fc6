//! Finds where instructions start, and where straight runs of them may be entered.
//!
//! Executable pages are decoded from their first byte on (the linear sweep). Then every direct target, pointer and entry of a
//! jump table that falls inside an instruction is decoded from there, until it joins what is known (the descent).

use iced_x86::{Code, Decoder, DecoderOptions, FlowControl, Instruction, Mnemonic, OpKind};

use super::dynamic::Dynamic;
use super::image::{Image, words};
use super::{INSTRUCTIONS_MAX, code};

/// The most executable segments that are decoded.
const AREAS_MAX: usize = 64;
/// The most places read as jump tables, and entries of each.
const TABLES_MAX: usize = 1 << 16;
const ENTRIES_MAX: usize = 1024;
/// How often the file's size may be read for pointers.
const READINGS_MAX: usize = 4;

/// One bit for each byte of an area.
#[derive(Debug, Clone, Default)]
pub struct Bits(Vec<u64>);

impl Bits {
    fn for_bytes(bytes: usize) -> Self {
        Self(vec![0; bytes.div_ceil(64)])
    }

    pub fn has(&self, at: usize) -> bool {
        self.0.get(at / 64).is_some_and(|word| word & (1 << (at % 64)) != 0)
    }

    /// Whether it was not set before.
    fn set(&mut self, at: usize) -> bool {
        let Some(word) = self.0.get_mut(at / 64) else { return false };
        let bit = 1 << (at % 64);
        let new = *word & bit == 0;
        *word |= bit;
        new
    }
}

/// The pages of an executable segment, with what is known about each byte.
pub struct Area<'a> {
    pub address: u64,
    pub bytes: &'a [u8],
    /// Where the sweep begins: behind the file's headers, which are executed only if something jumps there.
    pub first: usize,
    /// Starts of instructions in the linear sweep.
    pub starts: Bits,
    /// Starts found by the descent alone.
    pub others: Bits,
    /// Targets of jumps.
    pub labels: Bits,
    /// Targets of calls.
    pub functions: Bits,
    /// Addresses that are kept somewhere as a pointer.
    pub taken: Bits,
    /// Where execution surely starts an instruction, whatever stands before.
    roots: Bits,
}

impl Area<'_> {
    pub fn offset(&self, address: u64) -> Option<usize> {
        usize::try_from(address.checked_sub(self.address)?).ok().filter(|offset| *offset < self.bytes.len())
    }

    pub fn known(&self, offset: usize) -> bool {
        self.starts.has(offset) || self.others.has(offset)
    }
}

/// How an address was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Mark {
    Jump,
    Call,
    Pointer,
}

/// The result of both passes.
pub struct Sweep<'a> {
    pub areas: Vec<Area<'a>>,
    /// What the descent decoded: the area, the first offset and the one after the last.
    pub runs: Vec<(usize, usize, usize)>,
    pub instructions: u64,
    pub decoded_bytes: u64,
    /// Instructions that load a code segment: the rest may be 32-bit code.
    pub far_jumps: u64,
    pending: Vec<u64>,
    tables: Vec<u64>,
    fixed: bool,
}

impl<'a> Sweep<'a> {
    pub fn new(image: &Image<'a>, dynamic: &Dynamic, unseen: &mut Vec<String>) -> Self {
        let executable = image.loads.iter().filter(|load| load.executable() && !load.pages.is_empty());
        let areas = executable.map(|load| {
            let bits = || Bits::for_bytes(load.pages.len());
            Area {
                address: load.page_address,
                bytes: load.pages,
                first: if load.pages.starts_with(&super::MAGIC) { image.headers_end() } else { 0 },
                starts: bits(),
                others: bits(),
                labels: bits(),
                functions: bits(),
                taken: bits(),
                roots: bits(),
            }
        });
        let mut areas: Vec<_> = areas.collect();
        let mut left = image.bytes.len().saturating_mul(READINGS_MAX);
        let before = areas.len();
        areas.truncate(AREAS_MAX);
        areas.retain(|area| {
            let rest = left.checked_sub(area.bytes.len());
            left = rest.unwrap_or(left);
            rest.is_some()
        });
        if areas.len() < before {
            unseen.push("executable segments that were not decoded, because they are too many".to_owned());
        }
        let mut sweep = Self {
            areas,
            runs: Vec::new(),
            instructions: 0,
            decoded_bytes: 0,
            far_jumps: 0,
            pending: Vec::new(),
            tables: Vec::new(),
            fixed: image.fixed,
        };
        for address in dynamic.exported.iter().chain([&image.entry]) {
            for area in &mut sweep.areas {
                if let Some(offset) = area.offset(*address) {
                    area.roots.set(offset);
                }
            }
        }
        sweep.linear();
        sweep.pointers(image, dynamic, unseen);
        sweep.jump_tables(image);
        sweep.descent();
        if sweep.instructions >= INSTRUCTIONS_MAX {
            unseen.push(format!("code behind the first {INSTRUCTIONS_MAX} instructions"));
        }
        sweep
    }

    fn linear(&mut self) {
        for index in 0..self.areas.len() {
            let Some(area) = self.areas.get(index) else { continue };
            let mut reader = Reader::new(area.bytes, area.address, area.first);
            while let Some((offset, instruction)) = reader.next() {
                if self.instructions >= INSTRUCTIONS_MAX {
                    return;
                }
                let Some(instruction) = instruction else { continue };
                if let Some(area) = self.areas.get_mut(index) {
                    area.starts.set(offset);
                    let next = instruction.next_ip();
                    // The reading that lies over a root goes on too.
                    if reader.keep_to(area, offset) {
                        self.mark(next, Mark::Jump);
                    }
                }
                self.note(&instruction);
            }
        }
    }

    fn descent(&mut self) {
        while let Some(address) = self.pending.pop() {
            for index in 0..self.areas.len() {
                let area = self.areas.get(index).map(|area| (area.offset(address), area.address, area.bytes));
                let Some((Some(offset), start, bytes)) = area else { continue };
                let to = self.run(index, offset, start, bytes);
                if to > offset {
                    self.runs.push((index, offset, to));
                }
            }
        }
        self.runs.sort_unstable();
    }

    /// Decodes from an offset until it joins what is known, and gives the offset where it stopped.
    fn run(&mut self, index: usize, from: usize, address: u64, bytes: &[u8]) -> usize {
        let mut end = from;
        let mut reader = Reader::new(bytes, address, from);
        while let Some((offset, Some(instruction))) = reader.next() {
            let Some(area) = self.areas.get_mut(index) else { return end };
            if self.instructions >= INSTRUCTIONS_MAX {
                return end;
            }
            if area.starts.has(offset) || !area.others.set(offset) {
                if end > from {
                    // Entered from two sides: what one side knows does not hold for the other.
                    area.labels.set(offset);
                }
                return end;
            }
            end = offset.saturating_add(instruction.len());
            self.note(&instruction);
            if code::ends(&instruction) {
                return end;
            }
        }
        end
    }

    fn note(&mut self, instruction: &Instruction) {
        self.instructions = self.instructions.saturating_add(1);
        self.decoded_bytes = self.decoded_bytes.saturating_add(instruction.len() as u64);
        if let Some(target) = code::target(instruction) {
            let call = instruction.flow_control() == FlowControl::Call;
            self.mark(target, if call { Mark::Call } else { Mark::Jump });
            return;
        }
        if far(instruction.code()) {
            self.far_jumps = self.far_jumps.saturating_add(1);
        }
        if instruction.mnemonic() == Mnemonic::Lea && instruction.is_ip_rel_memory_operand() {
            let address = instruction.ip_rel_memory_address();
            if !self.mark(address, Mark::Pointer) && self.tables.len() < TABLES_MAX {
                self.tables.push(address);
            }
        }
        // In a file at a fixed address, code takes the address of code as a plain number.
        if self.fixed {
            for at in 0..instruction.op_count() {
                if matches!(
                    instruction.op_kind(at),
                    OpKind::Immediate32 | OpKind::Immediate64 | OpKind::Immediate32to64
                ) {
                    self.mark(instruction.immediate(at), Mark::Pointer);
                }
            }
        }
    }

    /// Whether the address is in an executable area.
    fn mark(&mut self, address: u64, mark: Mark) -> bool {
        let mut inside = false;
        let mut new = false;
        for area in &mut self.areas {
            let Some(offset) = area.offset(address) else { continue };
            inside = true;
            new |= match mark {
                Mark::Jump => area.labels.set(offset),
                Mark::Call => area.functions.set(offset),
                Mark::Pointer => area.taken.set(offset),
            };
        }
        if new {
            self.pending.push(address);
        }
        inside
    }

    /// Marks what every aligned word of the file's memory points to, which holds relocations' addends and arrays of
    /// constructors too, the entry and what is exported.
    fn pointers(&mut self, image: &Image<'_>, dynamic: &Dynamic, unseen: &mut Vec<String>) {
        self.mark(image.entry, Mark::Pointer);
        for address in &dynamic.exported {
            self.mark(*address, Mark::Pointer);
        }
        let mut left = image.bytes.len().saturating_mul(READINGS_MAX);
        for load in &image.loads {
            let Some(rest) = left.checked_sub(load.data.len()) else {
                unseen.push("pointers in segments that overlap in the file".to_owned());
                return;
            };
            left = rest;
            let skip = usize::try_from(load.address.wrapping_neg() % 8).unwrap_or(0);
            let words = load.data.get(skip..).unwrap_or_default().chunks_exact(8);
            // The headers of the file are loaded too, and point to the start of every segment.
            let after = if load.data.starts_with(&super::MAGIC) { image.headers_end().div_ceil(8) } else { 0 };
            for word in words.skip(after) {
                if let Ok(word) = word.try_into().map(u64::from_le_bytes) {
                    self.mark(word, Mark::Pointer);
                }
            }
        }
    }

    /// Tables of 32-bit offsets from their own start, as compilers make them for `switch` in code without fixed addresses.
    fn jump_tables(&mut self, image: &Image<'_>) {
        let mut tables = std::mem::take(&mut self.tables);
        tables.sort_unstable();
        tables.dedup();
        for table in tables {
            let entries = words(image.table(table, (ENTRIES_MAX as u64).saturating_mul(4)));
            for entry in entries {
                let target =
                    table.wrapping_add(i64::from(entry.get(object::LittleEndian).cast_signed()).cast_unsigned());
                let starts = |area: &Area<'_>| area.offset(target).is_some_and(|offset| area.starts.has(offset));
                if !self.areas.iter().any(starts) {
                    break;
                }
                self.mark(target, Mark::Pointer);
            }
        }
    }
}

/// Decodes an area from an offset on. An undecodable byte is skipped alone.
pub struct Reader<'a> {
    decoder: Decoder<'a>,
    address: u64,
}

impl<'a> Reader<'a> {
    pub fn new(bytes: &'a [u8], address: u64, offset: usize) -> Self {
        let mut decoder = Decoder::with_ip(64, bytes, address, DecoderOptions::NONE);
        let mut reader = match decoder.set_position(offset) {
            Ok(()) => Self { decoder, address },
            Err(_) => Self { decoder: Decoder::with_ip(64, &[], address, DecoderOptions::NONE), address },
        };
        reader.place(offset);
        reader
    }

    fn place(&mut self, offset: usize) {
        // The offset was inside of the area, so setting it can't fail; if it did, decoding would go on where it is.
        let _ = self.decoder.set_position(offset);
        self.decoder.set_ip(self.address.wrapping_add(offset as u64));
    }

    /// After the instruction at `offset`: if it lies over a root, decoding goes on at the root.
    pub fn keep_to(&mut self, area: &Area<'_>, offset: usize) -> bool {
        let mut inside = offset.saturating_add(1)..self.decoder.position();
        let root = inside.find(|at| area.roots.has(*at));
        if let Some(root) = root {
            self.place(root);
        }
        root.is_some()
    }

    /// The next offset with its instruction, or with nothing where there is none.
    pub fn next(&mut self) -> Option<(usize, Option<Instruction>)> {
        if !self.decoder.can_decode() {
            return None;
        }
        let offset = self.decoder.position();
        let instruction = self.decoder.decode();
        if instruction.is_invalid() {
            self.place(offset.saturating_add(1));
            return Some((offset, None));
        }
        Some((offset, Some(instruction)))
    }
}

fn far(code: Code) -> bool {
    matches!(
        code,
        Code::Jmp_m1632
            | Code::Jmp_m1664
            | Code::Jmp_m1616
            | Code::Call_m1632
            | Code::Call_m1664
            | Code::Call_m1616
            | Code::Retfd
            | Code::Retfq
            | Code::Retfw
            | Code::Iretd
            | Code::Iretq
            | Code::Iretw
    )
}
