//! What the section table claims: names, producers, where the file ends.

use object::LittleEndian;
use object::elf::{self, SectionHeader64};
use object::read::elf::{FileHeader as _, SectionHeader as _};

use super::image::Image;
use super::{LISTED_MAX, Sections, text};

const LE: LittleEndian = LittleEndian;
/// The most strings of `.comment`.
const PRODUCERS_MAX: usize = 64;

/// The section table, read as far as it holds together.
#[derive(Debug, Default)]
pub struct Claims {
    pub sections: Sections,
    pub producers: Vec<String>,
    /// From `.init_array`, `.preinit_array` and `.init`.
    pub constructors: Option<u64>,
    /// The end of what the table names, as an offset in the file.
    pub end: u64,
    /// The header names a table that can't be read.
    pub broken: bool,
}

impl Claims {
    pub fn read(image: &Image<'_>) -> Self {
        let header = image.header;
        let Ok(table) = header.sections(LE, image.bytes) else {
            return Self {
                broken: true,
                sections: Sections { stripped: true, ..Sections::default() },
                ..Self::default()
            };
        };
        let mut claims = Self::default();
        claims.sections.count = table.len() as u64;
        claims.sections.stripped = table.iter().all(|section| section.sh_type.get(LE) != elf::SHT_SYMTAB);
        let entries = u64::from(header.e_shentsize.get(LE)).saturating_mul(table.len() as u64);
        claims.end = if table.is_empty() { 0 } else { header.e_shoff.get(LE).saturating_add(entries) };
        let mut pointers = 0_u64;
        for section in table.iter() {
            let name = table.section_name(LE, section).unwrap_or_default();
            if section.sh_type.get(LE) != elf::SHT_NOBITS {
                claims.end = claims.end.max(section.sh_offset.get(LE).saturating_add(section.sh_size.get(LE)));
            }
            pointers = pointers.saturating_add(constructors(section, name));
            if name == b".comment" {
                claims.comment(section.data(LE, image.bytes).unwrap_or_default());
            }
            if !name.is_empty() && claims.sections.names.len() < LISTED_MAX {
                claims.sections.names.push(text(name));
            }
        }
        claims.constructors = (!table.is_empty()).then_some(pointers);
        claims.end = claims.end.min(image.bytes.len() as u64);
        claims
    }

    fn comment(&mut self, bytes: &[u8]) {
        for producer in bytes.split(|byte| *byte == 0).filter(|part| !part.is_empty()) {
            let producer = text(producer);
            if self.producers.len() < PRODUCERS_MAX && !self.producers.contains(&producer) {
                self.producers.push(producer);
            }
        }
    }
}

fn constructors(section: &SectionHeader64<LittleEndian>, name: &[u8]) -> u64 {
    match section.sh_type.get(LE) {
        elf::SHT_INIT_ARRAY | elf::SHT_PREINIT_ARRAY => section.sh_size.get(LE) / 8,
        elf::SHT_PROGBITS if name == b".init" => 1,
        _ => 0,
    }
}
