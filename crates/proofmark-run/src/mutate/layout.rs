//! Where the modules of a binary and the bodies of their functions are, and how bytes inside are replaced: every length
//! around them is written anew.

use std::ops::Range;

use wasmparser::{BinaryReader, BinaryReaderError};

use crate::artifact::NESTING_MAX;

/// A length field and what it counts, both as ranges of the whole binary.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Length {
    pub field: Range<usize>,
    pub content: Range<usize>,
}

/// A core module inside a binary, or the binary itself.
#[derive(Debug, Clone)]
pub struct Module {
    pub range: Range<usize>,
    /// Around the bodies, the innermost (the code section) first.
    pub lengths: Vec<Length>,
    /// One for each function that the module defines.
    pub bodies: Vec<Length>,
}

const PREAMBLE_BYTES: usize = 8;
/// Bytes 4 and 5 are the version, 6 and 7 tell a module from a component.
const LAYER: Range<usize> = 6..8;
const CODE: u8 = 10;
const CORE_MODULE: u8 = 1;
const COMPONENT: u8 = 4;
/// Bytes of a number of 32 bits in LEB128, at most.
const LEB_BYTES_MAX: usize = 5;

/// All core modules of a valid binary, in the order of the bytes.
pub fn modules(binary: &[u8]) -> Result<Vec<Module>, BinaryReaderError> {
    let mut found = Vec::new();
    walk(binary, 0..binary.len(), &[], NESTING_MAX, &mut found)?;
    Ok(found)
}

/// Walks the sections of the module or component in `range`; `around` are the lengths around it, the innermost first.
fn walk(
    binary: &[u8],
    range: Range<usize>,
    around: &[Length],
    nesting: u64,
    found: &mut Vec<Module>,
) -> Result<(), BinaryReaderError> {
    let bytes = binary.get(range.clone()).unwrap_or_default();
    let is_module = bytes.get(LAYER) == Some(&[0, 0]);
    let mut module = Module { range: range.clone(), lengths: around.to_vec(), bodies: Vec::new() };
    let mut reader = BinaryReader::new(bytes, range.start);
    reader.read_bytes(PREAMBLE_BYTES)?;
    while !reader.eof() {
        let id = reader.read_u8()?;
        let section = length(&mut reader)?;
        let inside = || std::iter::once(section.clone()).chain(around.iter().cloned()).collect::<Vec<_>>();
        match (is_module, id) {
            (true, CODE) => {
                module.lengths = inside();
                let content = binary.get(section.content.clone()).unwrap_or_default();
                let mut code = BinaryReader::new(content, section.content.start);
                for _ in 0..code.read_var_u32()? {
                    module.bodies.push(length(&mut code)?);
                }
            }
            (false, CORE_MODULE | COMPONENT) if nesting > 0 => {
                walk(binary, section.content.clone(), &inside(), nesting.saturating_sub(1), found)?;
            }
            _ => {}
        }
    }
    if is_module {
        found.push(module);
    }
    Ok(())
}

/// A length and what it counts, which is skipped.
fn length(reader: &mut BinaryReader<'_>) -> Result<Length, BinaryReaderError> {
    let start = reader.original_position();
    let bytes = reader.read_var_u32()?;
    let end = reader.original_position();
    reader.read_bytes(usize::try_from(bytes).unwrap_or(usize::MAX))?;
    Ok(Length { field: start..end, content: end..reader.original_position() })
}

/// The binary with ranges replaced that do not overlap and are all inside each of `lengths`, the innermost first.
pub fn spliced(binary: &[u8], mut edits: Vec<(Range<usize>, Vec<u8>)>, lengths: &[Length]) -> Vec<u8> {
    for length in lengths {
        let (gone, new) = edits.iter().fold((0_usize, 0_usize), |(gone, new), (range, bytes)| {
            (gone.saturating_add(range.len()), new.saturating_add(bytes.len()))
        });
        let bytes = length.content.len().saturating_add(new).saturating_sub(gone);
        edits.push((length.field.clone(), leb(bytes as u64, length.field.len())));
    }
    edits.sort_by_key(|(range, _)| range.start);
    let mut out = Vec::with_capacity(binary.len().saturating_add(64));
    let mut at = 0;
    for (range, bytes) in edits {
        out.extend_from_slice(binary.get(at..range.start).unwrap_or_default());
        out.extend(bytes);
        at = range.end;
    }
    out.extend_from_slice(binary.get(at..).unwrap_or_default());
    out
}

/// A number in LEB128, as long as `width` bytes where it fits and is not longer than that allows.
pub fn leb(mut number: u64, width: usize) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(LEB_BYTES_MAX);
    loop {
        let low = (number & 0x7f) as u8;
        number >>= 7;
        let more = number > 0 || bytes.len().saturating_add(1) < width.min(LEB_BYTES_MAX);
        bytes.push(if more { low | 0x80 } else { low });
        if !more {
            return bytes;
        }
    }
}
