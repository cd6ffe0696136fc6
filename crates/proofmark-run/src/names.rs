//! What the functions of a core module are called: as its name section says, else as they are exported.

use std::collections::BTreeMap;

use wasmparser::{CustomSectionReader, Export, ExternalKind, KnownCustom, Name};

/// Characters of a name.
const NAME_MAX: usize = 80;

/// The names of one module, by the function's index.
#[derive(Debug, Default)]
pub struct Names {
    named: BTreeMap<u32, String>,
    exported: BTreeMap<u32, String>,
}

impl Names {
    /// Takes in a custom section. A name section that can't be read names nothing: it is no part of what runs.
    pub fn section(&mut self, section: &CustomSectionReader<'_>) {
        let KnownCustom::Name(names) = section.as_known() else { return };
        for name in names.into_iter().map_while(Result::ok) {
            if let Name::Function(functions) = name {
                for naming in functions.into_iter().map_while(Result::ok) {
                    self.named.insert(naming.index, shortened(naming.name));
                }
            }
        }
    }

    /// Takes in an export; of several names of one function the first.
    pub fn export(&mut self, export: &Export<'_>) {
        if matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact) {
            self.exported.entry(export.index).or_insert_with(|| shortened(export.name));
        }
    }

    /// The function's name, or its number where it has none.
    #[must_use]
    pub fn of(&self, function: u32) -> String {
        let name = self.named.get(&function).or_else(|| self.exported.get(&function));
        name.cloned().unwrap_or_else(|| format!("function {function}"))
    }
}

fn shortened(name: &str) -> String {
    name.chars().take(NAME_MAX).collect()
}
