//! The headers of an ELF file, and its memory as the kernel would lay it out.
//!
//! Only program headers are believed. Addresses are looked up in the segments with checked arithmetic; what lies outside of the
//! file reads as nothing.

use object::elf::{self, FileHeader64, ProgramHeader64};
use object::read::elf::{FileHeader as _, ProgramHeader as _};
use object::{LittleEndian, U32};

use super::dynamic::Dynamic;
use super::{ElfError, Hardening, Kind, MAGIC, Machine, Relro, SEGMENTS_MAX, Segment, Stack, text};

const LE: LittleEndian = LittleEndian;
/// Bytes in an entry of the dynamic table.
const ENTRY: usize = size_of::<elf::Dyn64<LittleEndian>>();
/// Bytes in a page, which the kernel maps whole.
const PAGE: u64 = 4096;
/// How often the file's size may be read for entropies: overlapping segments would read it once each.
const READINGS_MAX: u64 = 4;

/// A file whose headers were read.
pub struct Image<'a> {
    pub bytes: &'a [u8],
    pub machine: Machine,
    pub entry: u64,
    /// `ET_EXEC`: addresses are absolute.
    pub fixed: bool,
    pub header: &'a FileHeader64<LittleEndian>,
    pub programs: &'a [ProgramHeader64<LittleEndian>],
    pub loads: Vec<Load<'a>>,
    pub unseen: Vec<String>,
}

/// A segment that is loaded.
#[derive(Debug, Clone, Copy)]
pub struct Load<'a> {
    pub index: usize,
    pub address: u64,
    pub memory_bytes: u64,
    /// What the file gives for it, from `address` on.
    pub data: &'a [u8],
    /// The pages around it, from `page_address` on, as they are mapped.
    pub pages: &'a [u8],
    pub page_address: u64,
    pub flags: u32,
}

impl Load<'_> {
    pub fn executable(&self) -> bool {
        self.flags & elf::PF_X != 0
    }

    pub fn writable(&self) -> bool {
        self.flags & elf::PF_W != 0
    }

    pub fn contains(&self, address: u64) -> bool {
        address.checked_sub(self.address).is_some_and(|offset| offset < self.memory_bytes)
    }
}

impl<'a> Image<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, ElfError> {
        if !bytes.starts_with(&MAGIC) {
            return Err(ElfError::NotElf);
        }
        if bytes.get(4) == Some(&elf::ELFCLASS32) {
            return Err(ElfError::Unsupported { what: "a 32-bit file" });
        }
        if bytes.get(5) == Some(&elf::ELFDATA2MSB) {
            return Err(ElfError::Unsupported { what: "a big-endian file" });
        }
        let header = FileHeader64::<LittleEndian>::parse(bytes).map_err(|_| ElfError::Invalid("its header is odd"))?;
        let machine = match header.e_machine.get(LE) {
            elf::EM_X86_64 => Machine::X86_64,
            elf::EM_AARCH64 => Machine::Aarch64,
            _ => return Err(ElfError::Unsupported { what: "a file for another processor" }),
        };
        let fixed = match header.e_type.get(LE) {
            elf::ET_EXEC => true,
            elf::ET_DYN => false,
            elf::ET_CORE => return Err(ElfError::Unsupported { what: "a core dump" }),
            elf::ET_REL => return Err(ElfError::Unsupported { what: "an object file that is not linked" }),
            _ => return Err(ElfError::Unsupported { what: "a file that is no executable" }),
        };
        let count = usize::from(header.e_phnum.get(LE));
        if count > SEGMENTS_MAX {
            let (have, limit) = (count as u64, SEGMENTS_MAX as u64);
            return Err(ElfError::OverLimit { what: "the number of program headers", have, limit });
        }
        let programs = header
            .program_headers(LE, bytes)
            .map_err(|_| ElfError::Invalid("its program headers are not in the file"))?;
        let mut image = Self {
            bytes,
            machine,
            entry: header.e_entry.get(LE),
            fixed,
            header,
            programs,
            loads: Vec::new(),
            unseen: Vec::new(),
        };
        image.load()?;
        Ok(image)
    }

    fn load(&mut self) -> Result<(), ElfError> {
        let is_load = |(_, program): &(usize, &ProgramHeader64<LittleEndian>)| program.p_type.get(LE) == elf::PT_LOAD;
        for (index, program) in self.programs.iter().enumerate().filter(is_load) {
            let (offset, size) = program.file_range(LE);
            let outside = ElfError::Invalid("a segment lies outside of the file");
            let end = offset.checked_add(size).ok_or(outside.clone())?;
            let data = part(self.bytes, offset, end).ok_or(outside)?;
            let (address, memory_bytes) = (program.p_vaddr.get(LE), program.p_memsz.get(LE));
            if memory_bytes < size || address.checked_add(memory_bytes).is_none_or(|end| end > 1 << 47) {
                return Err(ElfError::Invalid("a segment's memory is smaller than its bytes, or outside of memory"));
            }
            let before = address % PAGE;
            if offset % PAGE != before {
                return Err(ElfError::Invalid("a segment's offset and address differ within a page"));
            }
            let first = offset.saturating_sub(before);
            let last = end.next_multiple_of(PAGE).min(self.bytes.len() as u64);
            let pages = if size == 0 { &[] } else { part(self.bytes, first, last).unwrap_or(data) };
            let page_address = address.saturating_sub(before);
            let flags = program.p_flags.get(LE);
            self.loads.push(Load { index, address, memory_bytes, data, pages, page_address, flags });
        }
        if self.loads.is_empty() {
            return Err(ElfError::Invalid("no segment is loaded"));
        }
        let mut sorted: Vec<_> = self.loads.iter().map(|load| (load.address, load.memory_bytes)).collect();
        sorted.sort_unstable();
        let overlap = sorted.windows(2).any(|pair| match pair {
            [(first, size), (second, _)] => first.saturating_add(*size) > *second,
            _ => false,
        });
        if overlap {
            self.unseen.push("segments overlap in memory: what is where depends on the loader".to_owned());
        }
        Ok(())
    }

    /// The bytes that the file gives from `address` to the end of its segment; the last segment that has it wins.
    pub fn at(&self, address: u64) -> Option<&'a [u8]> {
        self.loads.iter().rev().find_map(|load| {
            let offset = usize::try_from(address.checked_sub(load.address)?).ok()?;
            load.data.get(offset..).filter(|rest| !rest.is_empty())
        })
    }

    /// The bytes of a table at `address`, cut at the end of its segment.
    pub fn table(&self, address: u64, bytes: u64) -> &'a [u8] {
        let rest = self.at(address).unwrap_or_default();
        rest.get(..usize::try_from(bytes).unwrap_or(usize::MAX)).unwrap_or(rest)
    }

    /// The text at `address`, to its zero.
    pub fn text_at(&self, address: u64) -> Option<String> {
        let rest = self.at(address)?;
        let window = rest.get(..super::NAME_BYTES_MAX).unwrap_or(rest);
        window.iter().position(|byte| *byte == 0).and_then(|end| window.get(..end)).map(text)
    }

    pub fn executable_at(&self, address: u64) -> bool {
        self.loads.iter().any(|load| load.executable() && load.contains(address))
    }

    fn header_of(&self, kind: u32) -> Option<&'a ProgramHeader64<LittleEndian>> {
        self.programs.iter().find(|program| program.p_type.get(LE) == kind)
    }

    pub fn has_interpreter(&self) -> bool {
        self.header_of(elf::PT_INTERP).is_some()
    }

    pub fn interpreter(&self) -> Option<String> {
        let bytes = self.header_of(elf::PT_INTERP)?.data(LE, self.bytes).unwrap_or_default();
        Some(text(bytes.split(|byte| *byte == 0).next().unwrap_or_default()))
    }

    /// The dynamic table, as the loader finds it.
    pub fn dynamic(&self) -> Option<&'a [elf::Dyn64<LittleEndian>]> {
        let program = self.header_of(elf::PT_DYNAMIC)?;
        let bytes = self.table(program.p_vaddr.get(LE), program.p_memsz.get(LE));
        object::pod::slice_from_bytes(bytes, bytes.len() / ENTRY).ok().map(|(all, _)| all)
    }

    /// Where the file header and the program headers end, if they follow each other; else the end of the file header.
    pub fn headers_end(&self) -> usize {
        let header = size_of_val(self.header);
        let follow = self.header.e_phoff.get(LE) == header as u64;
        if follow { header.saturating_add(size_of_val(self.programs)) } else { header }
    }

    pub fn kind(&self, dynamic: &Dynamic) -> Kind {
        if self.has_interpreter() || (self.fixed && !dynamic.libraries.is_empty()) {
            Kind::Dynamic
        } else if self.fixed {
            Kind::Static
        } else if dynamic.says_executable {
            Kind::StaticPie
        } else {
            Kind::Shared
        }
    }

    pub fn hardening(&self, dynamic: &Dynamic) -> Hardening {
        let relro = match (self.header_of(elf::PT_GNU_RELRO), dynamic.bind_now) {
            (None, _) => Relro::None,
            (Some(_), false) if dynamic.relocations > 0 => Relro::Partial,
            (Some(_), _) => Relro::Full,
        };
        let (bind_now, text_relocations) = (dynamic.bind_now, dynamic.text_relocations);
        Hardening { position_independent: !self.fixed, relro, bind_now, stack: self.stack(), text_relocations }
    }

    /// The kernel obeys the last header of the kind.
    pub fn stack(&self) -> Stack {
        let mut headers = self.programs.iter().filter(|program| program.p_type.get(LE) == elf::PT_GNU_STACK);
        match headers.next_back() {
            None => Stack::Unsaid,
            Some(last) if last.p_flags.get(LE) & elf::PF_X != 0 => Stack::Executable,
            Some(_) => Stack::NotExecutable,
        }
    }

    pub fn stack_headers(&self) -> usize {
        self.programs.iter().filter(|program| program.p_type.get(LE) == elf::PT_GNU_STACK).count()
    }

    pub fn segments(&self, unseen: &mut Vec<String>) -> Vec<Segment> {
        let mut left = (self.bytes.len() as u64).saturating_mul(READINGS_MAX);
        let mut cut = false;
        let list = self.programs.iter().map(|program| {
            let kind = program.p_type.get(LE);
            let data = if kind == elf::PT_LOAD { program.data(LE, self.bytes).ok() } else { None };
            let rest = data.and_then(|data| left.checked_sub(data.len() as u64));
            cut |= data.is_some() && rest.is_none();
            left = rest.unwrap_or(left);
            Segment {
                kind: kind_name(kind),
                address: program.p_vaddr.get(LE),
                file_offset: program.p_offset.get(LE),
                file_bytes: program.p_filesz.get(LE),
                memory_bytes: program.p_memsz.get(LE),
                permissions: permissions(program.p_flags.get(LE)),
                entropy_millibits: rest.and(data).map(entropy),
            }
        });
        let list = list.collect();
        if cut {
            unseen.push("segments overlap in the file so often that not all were measured".to_owned());
        }
        list
    }

    pub fn build_id(&self) -> Option<String> {
        let notes = self.programs.iter().filter_map(|program| program.notes(LE, self.bytes).ok().flatten());
        notes.flat_map(|notes| notes.map_while(Result::ok).take(64)).find_map(|note| {
            let is = note.n_type(LE) == elf::NT_GNU_BUILD_ID && note.name() == elf::ELF_NOTE_GNU;
            is.then(|| note.desc().iter().take(64).map(|byte| format!("{byte:02x}")).collect())
        })
    }

    /// Bytes after all that the headers name; `sections_end` is where the section table's part ends.
    pub fn overlay_bytes(&self, sections_end: u64) -> u64 {
        let ends = self.programs.iter().map(|program| {
            let (offset, size) = program.file_range(LE);
            if size == 0 { 0 } else { offset.saturating_add(size) }
        });
        let end = ends.max().unwrap_or(0).max(sections_end).max(size_of_val(self.header) as u64);
        (self.bytes.len() as u64).saturating_sub(end)
    }
}

/// Bytes `first..last` of a file.
fn part(bytes: &[u8], first: u64, last: u64) -> Option<&[u8]> {
    bytes.get(usize::try_from(first).ok()?..usize::try_from(last).ok()?)
}

/// The words of a table of 32-bit numbers.
pub fn words(bytes: &[u8]) -> &[U32<LittleEndian>] {
    object::pod::slice_from_bytes(bytes, bytes.len() / 4).map_or(&[], |(words, _)| words)
}

fn kind_name(kind: u32) -> String {
    let name = match kind {
        elf::PT_NULL => "null",
        elf::PT_LOAD => "load",
        elf::PT_DYNAMIC => "dynamic",
        elf::PT_INTERP => "interp",
        elf::PT_NOTE => "note",
        elf::PT_PHDR => "phdr",
        elf::PT_TLS => "tls",
        elf::PT_GNU_EH_FRAME => "gnu-eh-frame",
        elf::PT_GNU_STACK => "gnu-stack",
        elf::PT_GNU_RELRO => "gnu-relro",
        elf::PT_GNU_PROPERTY => "gnu-property",
        _ => return format!("{kind:#x}"),
    };
    name.to_owned()
}

fn permissions(flags: u32) -> String {
    let letter = |bit, letter| if flags & bit != 0 { letter } else { '-' };
    [letter(elf::PF_R, 'r'), letter(elf::PF_W, 'w'), letter(elf::PF_X, 'x')].into_iter().collect()
}

/// Shannon entropy in thousandths of a bit for each byte. `libm` gives the same bits on every machine.
#[expect(clippy::cast_precision_loss, clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "0 to 8000")]
pub fn entropy(bytes: &[u8]) -> u64 {
    let mut counts = [0_u64; 256];
    for byte in bytes {
        if let Some(count) = counts.get_mut(usize::from(*byte)) {
            *count = count.saturating_add(1);
        }
    }
    let total = bytes.len() as f64;
    let bits: f64 = counts
        .iter()
        .filter(|count| **count > 0)
        .map(|count| {
            let share = *count as f64 / total;
            -share * libm::log2(share)
        })
        .sum();
    (bits * 1000.0).clamp(0.0, 8000.0) as u64
}
