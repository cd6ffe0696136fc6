//! The dynamic table: libraries, symbols, relocations, as the loader reads them.
//!
//! A dynamic symbol table does not say how long it is. The hash tables and the relocations say which symbols the loader
//! can reach; that is what is read, and never more than [`SYMBOLS_MAX`].

use std::collections::BTreeMap;

use object::elf::{self, Rela64, Sym64};
use object::{LittleEndian, pod};

use super::image::{Image, words};
use super::{LISTED_MAX, Machine, SYMBOLS_MAX, library, text};

const LE: LittleEndian = LittleEndian;

/// What the dynamic table says. All empty for a file without one.
#[derive(Debug, Default)]
pub struct Dynamic {
    pub libraries: Vec<String>,
    pub runpath: Vec<String>,
    pub rpath: Vec<String>,
    /// By name.
    pub imports: Vec<Import>,
    /// By name.
    pub exports: Vec<String>,
    /// Addresses of what is exported.
    pub exported: Vec<u64>,
    pub relocations: u64,
    pub constructors: Option<u64>,
    pub bind_now: bool,
    pub text_relocations: bool,
    /// `DF_1_PIE`.
    pub says_executable: bool,
}

/// A symbol that others define.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Import {
    pub name: String,
    /// Words that the loader fills with its address, for calls.
    pub slots: Vec<u64>,
    /// Whether its address also goes elsewhere, where calls can't be followed.
    pub taken: bool,
}

/// The entries that matter, each the last of its tag, as the loader keeps them.
struct Entries {
    last: BTreeMap<i64, u64>,
}

impl Entries {
    fn value(&self, tag: i64) -> Option<u64> {
        self.last.get(&tag).copied()
    }

    fn or_zero(&self, tag: i64) -> u64 {
        self.value(tag).unwrap_or(0)
    }
}

impl Dynamic {
    pub fn read(image: &Image<'_>, unseen: &mut Vec<String>) -> Self {
        let Some(table) = image.dynamic() else { return Self::default() };
        let mut entries = Entries { last: BTreeMap::new() };
        let mut lists: [(i64, Vec<u64>); 3] =
            [elf::DT_NEEDED, elf::DT_RUNPATH, elf::DT_RPATH].map(|tag| (tag, Vec::new()));
        for entry in table.iter().take_while(|entry| entry.d_tag.get(LE) != elf::DT_NULL) {
            let (tag, value) = (entry.d_tag.get(LE), entry.d_val.get(LE));
            let list = lists.iter_mut().find(|(of, _)| *of == tag);
            match list {
                Some((_, list)) if list.len() < LISTED_MAX => list.push(value),
                Some(_) => unseen.push("more libraries than are listed".to_owned()),
                None => {
                    entries.last.insert(tag, value);
                }
            }
        }
        unseen.dedup();
        let strings = image.table(entries.or_zero(elf::DT_STRTAB), entries.or_zero(elf::DT_STRSZ));
        let [libraries, runpath, rpath] = lists.map(|(_, list)| list);
        let named = |list: Vec<u64>| list.into_iter().map(|at| string(strings, at)).collect::<Vec<_>>();
        let paths = |list| named(list).iter().flat_map(|path| path.split(':')).map(str::to_owned).collect();
        let flags = (entries.or_zero(elf::DT_FLAGS), entries.or_zero(elf::DT_FLAGS_1));
        let mut dynamic = Self {
            libraries: named(libraries),
            runpath: paths(runpath),
            rpath: paths(rpath),
            constructors: Some(constructors(&entries)),
            bind_now: entries.value(elf::DT_BIND_NOW).is_some()
                || flags.0 & u64::from(elf::DF_BIND_NOW) != 0
                || flags.1 & u64::from(elf::DF_1_NOW) != 0,
            text_relocations: entries.value(elf::DT_TEXTREL).is_some() || flags.0 & u64::from(elf::DF_TEXTREL) != 0,
            says_executable: flags.1 & u64::from(elf::DF_1_PIE) != 0,
            ..Self::default()
        };
        dynamic.symbols(image, &entries, strings, unseen);
        dynamic
    }

    /// Code of others that is part of the program and is not in the file.
    pub fn others(&self, interpreter: Option<&str>) -> Vec<String> {
        let unknown = self.libraries.iter().filter(|name| !library::is_known(name));
        let unknown = unknown.map(|name| format!("the code of the library `{name}`"));
        let odd = interpreter.filter(|name| !library::is_loader(name));
        let odd = odd.map(|name| format!("the code of the interpreter `{name}`"));
        let paths = self.runpath.iter().chain(&self.rpath);
        let paths = paths.map(|path| format!("the code of libraries in `{path}`, which may stand in for any"));
        odd.into_iter().chain(unknown).chain(paths).collect()
    }

    fn symbols(&mut self, image: &Image<'_>, entries: &Entries, strings: &[u8], unseen: &mut Vec<String>) {
        if entries.value(elf::DT_REL).is_some() {
            unseen.push("relocations of an unusual form (`DT_REL`)".to_owned());
        }
        let relocations = [
            (entries.or_zero(elf::DT_RELA), entries.or_zero(elf::DT_RELASZ)),
            (entries.or_zero(elf::DT_JMPREL), entries.or_zero(elf::DT_PLTRELSZ)),
        ];
        let mut slots: BTreeMap<u32, (Vec<u64>, bool)> = BTreeMap::new();
        for (address, bytes) in relocations.into_iter().filter(|(_, bytes)| *bytes > 0) {
            let table = image.table(address, bytes);
            let (list, _) = pod::slice_from_bytes::<Rela64<LittleEndian>>(table, table.len() / 24).unwrap_or_default();
            if (table.len() as u64) < bytes || list.len() > SYMBOLS_MAX {
                unseen.push("relocations that are not in the file, or too many".to_owned());
            }
            self.relocations = self.relocations.saturating_add(bytes / 24);
            for relocation in list.iter().take(SYMBOLS_MAX).filter(|relocation| relocation.r_sym(LE, false) != 0) {
                let (slots, taken) = slots.entry(relocation.r_sym(LE, false)).or_default();
                if is_slot(image.machine, relocation.r_type(LE, false)) && slots.len() < 16 {
                    slots.push(relocation.r_offset.get(LE));
                } else {
                    *taken = true;
                }
            }
        }
        let reached = slots.keys().next_back().map_or(0, |last| u64::from(*last).saturating_add(1));
        let count = reached.max(hashed(image, entries)).max(gnu_hashed(image, entries));
        let table = image.table(entries.or_zero(elf::DT_SYMTAB), count.saturating_mul(24));
        let (symbols, _) = pod::slice_from_bytes::<Sym64<LittleEndian>>(table, table.len() / 24).unwrap_or_default();
        if (symbols.len() as u64) < count || symbols.len() > SYMBOLS_MAX {
            unseen.push("dynamic symbols that are not in the file, or too many".to_owned());
        }
        self.named(symbols.get(..SYMBOLS_MAX).unwrap_or(symbols), strings, &mut slots);
    }

    fn named(&mut self, symbols: &[Sym64<LittleEndian>], strings: &[u8], slots: &mut BTreeMap<u32, (Vec<u64>, bool)>) {
        for (index, symbol) in (0_u32..).zip(symbols).skip(1) {
            let name = string(strings, u64::from(symbol.st_name.get(LE)));
            if symbol.st_shndx.get(LE) == elf::SHN_UNDEF {
                let (slots, taken) = slots.remove(&index).unwrap_or_default();
                self.imports.push(Import { name, slots, taken });
            } else if !name.is_empty() {
                self.exports.push(name);
                self.exported.push(symbol.st_value.get(LE));
            }
        }
        self.imports.sort();
        self.exports.sort();
    }
}

/// The relocations that fill a word which code calls through.
fn is_slot(machine: Machine, kind: u32) -> bool {
    match machine {
        Machine::X86_64 => matches!(kind, elf::R_X86_64_JUMP_SLOT | elf::R_X86_64_GLOB_DAT),
        Machine::Aarch64 => matches!(kind, elf::R_AARCH64_JUMP_SLOT | elf::R_AARCH64_GLOB_DAT),
    }
}

fn constructors(entries: &Entries) -> u64 {
    let pointers = entries.or_zero(elf::DT_INIT_ARRAYSZ).saturating_add(entries.or_zero(elf::DT_PREINIT_ARRAYSZ)) / 8;
    pointers.saturating_add(u64::from(entries.value(elf::DT_INIT).is_some()))
}

/// Symbols that `DT_HASH` reaches: its second word.
fn hashed(image: &Image<'_>, entries: &Entries) -> u64 {
    let Some(address) = entries.value(elf::DT_HASH) else { return 0 };
    words(image.table(address, 8)).get(1).map_or(0, |count| u64::from(count.get(LE)))
}

/// Symbols that `DT_GNU_HASH` reaches: the end of the chain that starts last.
fn gnu_hashed(image: &Image<'_>, entries: &Entries) -> u64 {
    let table = entries.value(elf::DT_GNU_HASH).and_then(|address| image.at(address)).unwrap_or_default();
    let words = words(table);
    let word = |at: usize| words.get(at).map_or(0, |word| word.get(LE));
    let (buckets, first, bloom) = (word(0) as usize, word(1) as usize, word(2) as usize);
    let start = bloom.saturating_mul(2).saturating_add(4);
    let Some(list) = words.get(start..start.saturating_add(buckets)) else { return 0 };
    let Some(last) = list.iter().map(|bucket| bucket.get(LE) as usize).max().filter(|last| *last >= first) else {
        return first as u64;
    };
    let chain = start.saturating_add(buckets).saturating_add(last.saturating_sub(first));
    let rest = words.get(chain..).unwrap_or_default();
    let length = rest.iter().take(SYMBOLS_MAX).take_while(|hash| hash.get(LE) & 1 == 0).count();
    (last as u64).saturating_add(length as u64).saturating_add(1)
}

fn string(strings: &[u8], at: u64) -> String {
    let rest = usize::try_from(at).ok().and_then(|at| strings.get(at..)).unwrap_or_default();
    let window = rest.get(..super::NAME_BYTES_MAX).unwrap_or(rest);
    text(window.split(|byte| *byte == 0).next().unwrap_or_default())
}
