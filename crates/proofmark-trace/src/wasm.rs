//! The functions of a WebAssembly binary: their names, who calls whom, and the source lines that their line tables name.
//!
//! Nothing is executed, and what a binary says of itself is only what its maker says. Limits bound all of it.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use thiserror::Error;
use wasmparser::{
    BinaryReaderError, ElementItems, ExternalKind, KnownCustom, Name, Operator, Parser, Payload, TypeRef,
};

use crate::lines::Lines;

mod dwarf;

/// The most core modules of a component, and functions of a module.
const MODULES_MAX: usize = 64;
const FUNCTIONS_MAX: usize = 50_000;

/// A core module.
#[derive(Debug)]
pub struct Module {
    /// Functions that are imported; they come first in the index space.
    imported: u32,
    /// Those that are defined here, in order.
    pub functions: Vec<Function>,
    /// Functions that an indirect call may reach.
    taken: BTreeSet<u32>,
    /// The line table, ascending by address.
    rows: Vec<Row>,
}

/// A defined function.
#[derive(Debug, Default)]
pub struct Function {
    /// In the module's index space.
    pub index: u32,
    /// From the name section.
    pub name: Option<String>,
    /// Names that it is exported by.
    pub exports: Vec<String>,
    /// Addresses as line tables count them: from the start of the code section's contents.
    code: Range<u64>,
    calls: BTreeSet<u32>,
    indirect: bool,
}

/// Which line of which file the code from an address on is of.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Row {
    address: u64,
    end: u64,
    file: String,
    line: u32,
}

/// Why a binary can't be read.
#[derive(Debug, Error)]
pub enum WasmError {
    #[error("it is not valid WebAssembly: {0}")]
    Binary(#[from] BinaryReaderError),
    #[error("it is not valid WebAssembly text: {0}")]
    Text(String),
    #[error("it has more than {0}")]
    Limit(&'static str),
}

/// The core modules of a binary or a text, which is translated with its own lines as the source. `path` is what the text's
/// file is called.
///
/// # Errors
/// [`WasmError`] for bytes that are neither, or over a limit.
pub fn modules(bytes: &[u8], path: &str) -> Result<Vec<Module>, WasmError> {
    let translated;
    let bytes = if bytes.starts_with(b"\0asm") {
        bytes
    } else {
        let mut parser = wat::Parser::new();
        parser.generate_dwarf(wat::GenerateDwarf::Lines);
        translated = parser
            .parse_bytes(Some(std::path::Path::new(path)), bytes)
            .map_err(|error| WasmError::Text(error.to_string()))?;
        &translated
    };
    if !Parser::is_component(bytes) {
        return Ok(vec![Module::read(bytes)?]);
    }
    let mut found = Vec::new();
    for payload in Parser::new(0).parse_all(bytes) {
        if let Payload::ModuleSection { unchecked_range, .. } = payload? {
            if found.len() >= MODULES_MAX {
                return Err(WasmError::Limit("64 modules"));
            }
            let Some(module) = bytes.get(unchecked_range) else { continue };
            found.push(Module::read(module)?);
        }
    }
    Ok(found)
}

impl Module {
    fn read(bytes: &[u8]) -> Result<Self, WasmError> {
        let mut module = Self { imported: 0, functions: Vec::new(), taken: BTreeSet::new(), rows: Vec::new() };
        let mut debug = BTreeMap::new();
        let (mut names, mut exports, mut code) = (BTreeMap::new(), Vec::new(), 0);
        // Where the body before ended: a body's size stands before it, and line tables may begin there.
        let mut end = 0;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::ImportSection(imports) => {
                    for import in imports.into_imports() {
                        if matches!(import?.ty, TypeRef::Func(_)) {
                            module.imported = module.imported.saturating_add(1);
                        }
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        if export.kind == ExternalKind::Func {
                            exports.push((export.name.to_owned(), export.index));
                        }
                    }
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        module.take(element?.items)?;
                    }
                }
                Payload::CodeSectionStart { range, .. } => (code, end) = (range.start, range.start),
                Payload::CodeSectionEntry(body) => {
                    if module.functions.len() >= FUNCTIONS_MAX {
                        return Err(WasmError::Limit("50000 functions"));
                    }
                    let at = |offset: usize| offset.saturating_sub(code) as u64;
                    let mut function = Function { code: at(end)..at(body.range().end), ..Function::default() };
                    end = body.range().end;
                    for operator in body.get_operators_reader()? {
                        module.called(&mut function, &operator?);
                    }
                    let before = u32::try_from(module.functions.len()).unwrap_or(u32::MAX);
                    function.index = module.imported.saturating_add(before);
                    module.functions.push(function);
                }
                Payload::CustomSection(section) => match section.as_known() {
                    KnownCustom::Name(reader) => {
                        // A broken name section names nothing; it is not part of the program.
                        for name in reader.into_iter().flatten() {
                            let Name::Function(map) = name else { continue };
                            names.extend(map.into_iter().flatten().map(|one| (one.index, one.name.to_owned())));
                        }
                    }
                    _ if section.name().starts_with(".debug_") => {
                        debug.insert(section.name().to_owned(), section.data());
                    }
                    _ => {}
                },
                _ => {}
            }
        }
        module.finish(names, exports, &debug);
        Ok(module)
    }

    fn take(&mut self, items: ElementItems<'_>) -> Result<(), WasmError> {
        match items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.taken.insert(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    for operator in expression?.get_operators_reader() {
                        if let Operator::RefFunc { function_index } = operator? {
                            self.taken.insert(function_index);
                        }
                    }
                }
            }
        }
        Ok(())
    }

    fn called(&mut self, function: &mut Function, operator: &Operator<'_>) {
        match operator {
            Operator::Call { function_index } | Operator::ReturnCall { function_index } => {
                function.calls.insert(*function_index);
            }
            Operator::RefFunc { function_index } => {
                self.taken.insert(*function_index);
            }
            Operator::CallIndirect { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::CallRef { .. }
            | Operator::ReturnCallRef { .. } => function.indirect = true,
            _ => {}
        }
    }

    fn finish(
        &mut self,
        mut names: BTreeMap<u32, String>,
        exports: Vec<(String, u32)>,
        debug: &BTreeMap<String, &[u8]>,
    ) {
        for function in &mut self.functions {
            function.name = names.remove(&function.index);
        }
        for (name, index) in exports {
            let place = index.checked_sub(self.imported).and_then(|at| usize::try_from(at).ok());
            if let Some(function) = place.and_then(|at| self.functions.get_mut(at)) {
                function.exports.push(name);
            }
        }
        self.rows = dwarf::rows(debug);
        self.rows.sort_unstable();
    }

    /// The functions of that name: exported by it, or called so in the name section; with `-` and `_` alike.
    pub fn named<'a>(&'a self, name: &str) -> impl Iterator<Item = &'a Function> + use<'a> {
        let wanted = plain(name);
        self.functions.iter().filter(move |function| {
            let exported =
                function.exports.iter().any(|export| plain(local(export)) == wanted || plain(export) == wanted);
            exported || function.name.as_deref().is_some_and(|name| plain(name) == wanted)
        })
    }

    /// The source lines of a function, by file, as the line table names the files.
    #[must_use]
    pub fn lines(&self, function: &Function) -> BTreeMap<String, Lines> {
        let mut found: BTreeMap<&str, BTreeSet<u32>> = BTreeMap::new();
        for row in &self.rows {
            if row.address < function.code.end && row.end > function.code.start {
                found.entry(&row.file).or_default().insert(row.line);
            }
        }
        found.into_iter().map(|(file, lines)| (file.to_owned(), lines.into_iter().collect())).collect()
    }

    /// Where the code of the function of that name begins: the file, as the line table names it, and the line. A function that
    /// has the name itself comes before one that is only exported under it, which may be there to call it.
    #[must_use]
    pub fn begins(&self, name: &str) -> Option<(&str, u32)> {
        let wanted = plain(name);
        let mut found: Vec<&Function> = self.named(name).collect();
        found.sort_by_key(|function| function.name.as_deref().map(plain).as_ref() != Some(&wanted));
        found.into_iter().find_map(|function| {
            let of = |row: &&Row| row.address < function.code.end && row.end > function.code.start;
            self.rows.iter().find(of).map(|row| (row.file.as_str(), row.line))
        })
    }

    /// Functions that hold code of a line of a file, which is named by its end (`is_file`).
    pub fn at<'a>(&'a self, file: &'a str, line: u32) -> impl Iterator<Item = &'a Function> {
        let rows = move |function: &&Function| {
            let of = |row: &&Row| row.address < function.code.end && row.end > function.code.start;
            self.rows.iter().filter(of).any(|row| row.line == line && is_file(&row.file, file))
        };
        self.functions.iter().filter(rows)
    }

    /// Whether the binary has a line table.
    #[must_use]
    pub fn has_lines(&self) -> bool {
        !self.rows.is_empty()
    }

    /// The exported names that reach a function by calls, itself among them. Every function that an indirect call could
    /// reach counts as reached by each function that makes one.
    #[must_use]
    pub fn reached_from(&self, function: &Function) -> BTreeSet<String> {
        let mut callers: BTreeMap<u32, Vec<u32>> = BTreeMap::new();
        let mut indirect = Vec::new();
        for caller in &self.functions {
            for callee in &caller.calls {
                callers.entry(*callee).or_default().push(caller.index);
            }
            if caller.indirect {
                indirect.push(caller.index);
            }
        }
        let mut seen = BTreeSet::from([function.index]);
        let mut todo = vec![function.index];
        while let Some(index) = todo.pop() {
            let direct = callers.get(&index).into_iter().flatten();
            let through = indirect.iter().filter(|_| self.taken.contains(&index));
            todo.extend(direct.chain(through).filter(|caller| seen.insert(**caller)));
        }
        let reached = self.functions.iter().filter(|function| seen.contains(&function.index));
        reached.flat_map(|function| function.exports.iter().map(|export| local(export).to_owned())).collect()
    }
}

/// The function's own name in an export's: `package:name/interface@1.0.0#function`.
fn local(export: &str) -> &str {
    export.rsplit_once('#').map_or(export, |(_, function)| function)
}

fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// Whether a line table's file is the one with that path: equal, or both end in the same whole path.
#[must_use]
pub fn is_file(named: &str, path: &str) -> bool {
    let ends =
        |long: &str, short: &str| long.strip_suffix(short).is_some_and(|rest| rest.is_empty() || rest.ends_with('/'));
    ends(named, path) || ends(path, named)
}

#[cfg(test)]
mod tests;
