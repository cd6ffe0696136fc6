//! DWARF line tables of a WebAssembly module: which address is of which line. Whatever is wrong with one ends it.

use std::collections::BTreeMap;

use gimli::{Dwarf, EndianSlice, LittleEndian, SectionId, Unit};

use super::Row;

/// The most units and rows that are read.
const UNITS_MAX: usize = 10_000;
const ROWS_MAX: usize = 1_000_000;

type Reader<'a> = EndianSlice<'a, LittleEndian>;

/// The rows of all line tables, as far as they can be read.
pub fn rows(sections: &BTreeMap<String, &[u8]>) -> Vec<Row> {
    let load = |id: SectionId| {
        let bytes = sections.get(id.name()).copied().unwrap_or_default();
        Ok::<_, gimli::Error>(EndianSlice::new(bytes, LittleEndian))
    };
    let mut rows = Vec::new();
    let Ok(dwarf) = Dwarf::load(load) else { return rows };
    let mut units = dwarf.units();
    for _ in 0..UNITS_MAX {
        let Ok(Some(header)) = units.next() else { break };
        let Ok(unit) = dwarf.unit(header) else { continue };
        // A table that breaks off leaves the rows before that.
        let _ = unit_rows(&dwarf, &unit, &mut rows);
        if rows.len() >= ROWS_MAX {
            break;
        }
    }
    rows
}

fn unit_rows(dwarf: &Dwarf<Reader<'_>>, unit: &Unit<Reader<'_>>, rows: &mut Vec<Row>) -> gimli::Result<()> {
    let Some(program) = unit.line_program.clone() else { return Ok(()) };
    let mut files: BTreeMap<u64, Option<String>> = BTreeMap::new();
    let mut machine = program.rows();
    // A row lasts until the next one of its sequence.
    let mut open: Option<(u64, u64, u32)> = None;
    while let Some((header, row)) = machine.next_row()? {
        if let Some((address, file, line)) = open.take() {
            let name = files.entry(file).or_insert_with(|| path(dwarf, unit, header, file));
            if let Some(name) = name {
                rows.push(Row { address, end: row.address(), file: name.clone(), line });
            }
        }
        if rows.len() >= ROWS_MAX {
            return Ok(());
        }
        // Code without a line is the compiler's own. A sequence at 0 was discarded by the linker.
        if let (Some(line), false) = (row.line(), row.end_sequence()) {
            open = u32::try_from(line.get()).ok().map(|line| (row.address(), row.file_index(), line));
        }
    }
    Ok(())
}

/// The whole path of a file of a line table.
fn path(
    dwarf: &Dwarf<Reader<'_>>,
    unit: &Unit<Reader<'_>>,
    header: &gimli::LineProgramHeader<Reader<'_>>,
    index: u64,
) -> Option<String> {
    let file = header.file(index)?;
    let text = |value| dwarf.attr_string(unit, value).ok().map(|text| text.to_string_lossy().into_owned());
    let name = text(file.path_name())?;
    if name.starts_with('/') {
        return Some(name);
    }
    let folder = file.directory(header).and_then(text).filter(|folder| !folder.is_empty());
    Some(folder.map_or_else(|| name.clone(), |folder| format!("{}/{name}", folder.trim_end_matches('/'))))
}
