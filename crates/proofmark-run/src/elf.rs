//! What a native executable is made of, read from its bytes without running anything.
//!
//! The bytes are hostile: every header may lie. What the kernel's loader would use decides (program headers and the dynamic
//! table); sections are reported as claims. Every list and every walk has a limit that is a count, so the result is the
//! same bytes on any machine; what a limit cut off is named in [`Profile::unseen`], never left out in silence.

use serde::Serialize;
use thiserror::Error;

mod code;
mod dynamic;
mod image;
mod library;
mod needs;
pub(crate) mod numbers;
mod sections;
mod signs;
mod state;
mod sweep;
mod track;

#[cfg(test)]
mod tests;

pub use needs::{Violation, violations};

/// The most symbols, libraries, sections and system calls that a profile lists each; the counts go on.
pub const LISTED_MAX: usize = 4096;
/// The most program headers. The kernel reads at most 64 KiB of them.
pub const SEGMENTS_MAX: usize = 1170;
/// The most dynamic symbols and the most relocations that are looked at.
pub const SYMBOLS_MAX: usize = 1 << 16;
/// The most instructions decoded in one sweep; code behind them is counted as not seen.
pub const INSTRUCTIONS_MAX: u64 = 1 << 24;
/// The longest name kept, in bytes.
pub const NAME_BYTES_MAX: usize = 512;

/// The first bytes of every ELF file.
pub const MAGIC: [u8; 4] = *b"\x7fELF";

/// Everything `inspect` reports about a native executable. Sizes are in bytes, addresses are those of the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Profile {
    pub kind: Kind,
    pub machine: Machine,
    /// Bits of an address. Files of 32 bits are refused.
    pub class: u64,
    pub bytes: u64,
    pub entry: u64,
    /// The program that the kernel starts first, from `PT_INTERP`.
    pub interpreter: Option<String>,
    /// `DT_NEEDED`, in the file's order.
    pub libraries: Vec<String>,
    pub runpath: Vec<String>,
    pub rpath: Vec<String>,
    pub import_count: u64,
    pub export_count: u64,
    /// Dynamic symbols that others must define.
    pub imports: Vec<String>,
    /// Dynamic symbols that the file defines.
    pub exports: Vec<String>,
    pub segments: Vec<Segment>,
    pub sections: Sections,
    pub hardening: Hardening,
    pub relocations: u64,
    /// Functions run before `main` (`DT_PREINIT_ARRAY`, `DT_INIT_ARRAY`, `DT_INIT`); for a file without a dynamic table
    /// from its sections, and `None` if those are gone.
    pub constructors: Option<u64>,
    /// From the note `NT_GNU_BUILD_ID`, in hexadecimal. A claim, not a fact.
    pub build_id: Option<String>,
    /// The strings of `.comment`. A claim, not a fact.
    pub producers: Vec<String>,
    /// Bytes after the last one that a header names.
    pub overlay_bytes: u64,
    /// Signs of packing, of changing its own code, of resisting inspection, each with its reason.
    pub findings: Vec<Finding>,
    pub code: Code,
    /// System calls whose number is known, by number.
    pub system_calls: Vec<SystemCall>,
    /// What it would want from the fence, with the evidence.
    pub needs: Vec<Need>,
    /// Why this list may not be the whole truth: one sentence for each thing that could not be looked at.
    pub unseen: Vec<String>,
}

/// How the kernel and the loader start it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// At a fixed address, with all of its code.
    Static,
    /// At any address, with all of its code.
    StaticPie,
    /// With an interpreter or libraries.
    Dynamic,
    /// A library: it has no interpreter and does not say that it is an executable.
    Shared,
}

impl Kind {
    /// The name that JSON has too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Static => "static",
            Self::StaticPie => "static-pie",
            Self::Dynamic => "dynamic",
            Self::Shared => "shared",
        }
    }
}

/// The processor.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub enum Machine {
    #[serde(rename = "x86_64")]
    X86_64,
    /// Everything but the code is looked at.
    #[serde(rename = "aarch64")]
    Aarch64,
}

/// One program header.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Segment {
    /// `load`, `interp`, `dynamic`, …, or the number in hexadecimal.
    pub kind: String,
    pub address: u64,
    pub file_offset: u64,
    pub file_bytes: u64,
    pub memory_bytes: u64,
    /// `r`, `w`, `x` or `-` in each place.
    pub permissions: String,
    /// Shannon entropy of its bytes in thousandths of a bit for each byte (0 to 8000); only for what is loaded.
    pub entropy_millibits: Option<u64>,
}

/// What the section table claims. Neither the kernel nor the loader reads it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Sections {
    pub count: u64,
    /// Whether there is no table of symbols besides the dynamic one.
    pub stripped: bool,
    pub names: Vec<String>,
}

/// What makes exploiting a fault in it harder.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Hardening {
    pub position_independent: bool,
    pub relro: Relro,
    /// All symbols are bound before it starts.
    pub bind_now: bool,
    pub stack: Stack,
    /// `DT_TEXTREL`: the loader writes into its code.
    pub text_relocations: bool,
}

/// Whether the table of bound symbols is read-only while it runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Relro {
    None,
    Partial,
    Full,
}

/// What `PT_GNU_STACK` asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stack {
    NotExecutable,
    Executable,
    /// No such header: the kernel and the loader choose, differently.
    Unsaid,
}

/// Something that a reader should know, with its reason.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Finding {
    /// A stable name, such as `packed`.
    pub sign: String,
    pub why: String,
}

/// What the disassembly covered.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
pub struct Code {
    /// Whether there was one at all.
    pub disassembled: bool,
    /// Bytes in executable segments, whole pages as the kernel maps them.
    pub bytes: u64,
    pub instructions: u64,
    /// Bytes in executable segments at which no instruction starts or goes on.
    pub undecoded_bytes: u64,
    /// System-call instructions that were decoded.
    pub sites: u64,
    /// Sites, or calls of a wrapper, whose system-call number could not be determined.
    pub unknown_sites: u64,
    /// Addresses of the first of them.
    pub unknown_at: Vec<u64>,
    /// Bytes that would be a system call if execution began inside another instruction. About one in 65,536 by chance.
    pub hidden_sites: u64,
}

/// A system call that the code holds.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct SystemCall {
    pub number: u32,
    /// `i386:` before the number for a call through the 32-bit table, `number N` for one without a name.
    pub name: String,
    /// Sites and calls of wrappers that make it.
    pub sites: u64,
    /// The first of them.
    pub address: u64,
}

/// A capability of the fence that the file would want.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Need {
    pub want: Want,
    /// Whether some evidence is certain; otherwise an argument decides that could not be determined.
    pub certain: bool,
    pub evidence_count: u64,
    pub evidence: Vec<Evidence>,
}

/// Why a capability would be wanted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Evidence {
    /// ``import `socket` ``, ``system call `socket` ``, `segment 3 is writable and executable`.
    pub what: String,
    pub address: Option<u64>,
    pub certain: bool,
}

/// What a fence gives or withholds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Want {
    FilesRead,
    FilesWritten,
    Network,
    /// Starting or signalling other processes.
    Processes,
    Threads,
    /// Memory or files that it wrote and then executes.
    GeneratedCode,
    /// An interpreter and libraries that are loaded before it starts.
    Libraries,
    /// Libraries that it chooses while it runs.
    Plugins,
    /// Privileged or dangerous calls that no fence gives.
    Forbidden,
}

impl Want {
    /// The name that JSON has too.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::FilesRead => "files-read",
            Self::FilesWritten => "files-written",
            Self::Network => "network",
            Self::Processes => "processes",
            Self::Threads => "threads",
            Self::GeneratedCode => "generated-code",
            Self::Libraries => "libraries",
            Self::Plugins => "plugins",
            Self::Forbidden => "forbidden",
        }
    }
}

/// Why bytes are not an executable that can be profiled.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum ElfError {
    #[error("not an ELF file")]
    NotElf,
    #[error("not a valid ELF file: {0}")]
    Invalid(&'static str),
    #[error("{what} can't be checked: give an executable for x86_64 or aarch64 Linux")]
    Unsupported { what: &'static str },
    #[error("{what} is {have}, over the limit of {limit}")]
    OverLimit { what: &'static str, have: u64, limit: u64 },
}

impl Profile {
    /// Reads a native executable.
    ///
    /// # Errors
    /// [`ElfError`] if the kernel's loader would not start it, or it is for another machine.
    pub fn read(bytes: &[u8]) -> Result<Self, ElfError> {
        let image = image::Image::read(bytes)?;
        let mut unseen = image.unseen.clone();
        let sections = sections::Claims::read(&image);
        let dynamic = dynamic::Dynamic::read(&image, &mut unseen);
        let kind = image.kind(&dynamic);
        let found = code::find(&image, &dynamic, &mut unseen);
        unseen.extend(dynamic.others(image.interpreter().as_deref()));
        let mut profile = Self {
            kind,
            machine: image.machine,
            class: 64,
            bytes: bytes.len() as u64,
            entry: image.entry,
            interpreter: image.interpreter(),
            import_count: dynamic.imports.len() as u64,
            export_count: dynamic.exports.len() as u64,
            imports: dynamic.imports.iter().take(LISTED_MAX).map(|import| import.name.clone()).collect(),
            exports: dynamic.exports.iter().take(LISTED_MAX).cloned().collect(),
            segments: image.segments(&mut unseen),
            hardening: image.hardening(&dynamic),
            relocations: dynamic.relocations,
            constructors: dynamic.constructors.or(sections.constructors),
            build_id: image.build_id(),
            overlay_bytes: image.overlay_bytes(sections.end),
            producers: sections.producers.clone(),
            sections: sections.sections.clone(),
            libraries: dynamic.libraries.clone(),
            runpath: dynamic.runpath.clone(),
            rpath: dynamic.rpath.clone(),
            findings: Vec::new(),
            code: found.code.clone(),
            system_calls: found.system_calls(),
            needs: Vec::new(),
            unseen,
        };
        profile.needs = needs::needs(&profile, &image, &dynamic, &found);
        profile.findings = signs::findings(&profile, &image, &sections, &found);
        Ok(profile)
    }
}

/// What the kernel and the loader look for before a file starts, and nothing else of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Linked {
    pub interpreter: Option<String>,
    /// `DT_NEEDED`, in the file's order.
    pub libraries: Vec<String>,
    /// `DT_RUNPATH`, or `DT_RPATH` where that is missing, as they are written.
    pub places: Vec<String>,
}

impl Linked {
    /// # Errors
    /// As [`Profile::read`].
    pub fn read(bytes: &[u8]) -> Result<Self, ElfError> {
        let image = image::Image::read(bytes)?;
        let dynamic = dynamic::Dynamic::read(&image, &mut Vec::new());
        let places = if dynamic.runpath.is_empty() { dynamic.rpath } else { dynamic.runpath };
        Ok(Self { interpreter: image.interpreter(), libraries: dynamic.libraries, places })
    }
}

/// Text from the file: at most [`NAME_BYTES_MAX`] bytes of it, whatever they are.
fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes.get(..NAME_BYTES_MAX).unwrap_or(bytes)).into_owned()
}
