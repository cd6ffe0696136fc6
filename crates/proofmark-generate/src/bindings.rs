//! What is generated beside a model's code, per target, so that it writes only the functions themselves: declarations
//! and glue, the commands that build both, and what a prompt says of them.
//!
//! Pure text: nothing is started here. Everything is made from the [`Public`] half of a contract.

use std::sync::Arc;

use proofmark_contract::{Function, Type};
use thiserror::Error;

use crate::extract::SourceFile;
use crate::public::Public;
use crate::target::{Target, listed};
use names::Names;

pub(crate) mod abi;
mod c;
mod names;
mod wat;

/// How code of one target is joined to one interface.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bound {
    pub target: Target,
    /// Generated files, by their paths in the working directory, where the code's own files are laid too. All are in the
    /// folder `proofmark`, which is no place for others.
    pub files: Vec<(String, Vec<u8>)>,
    /// The file that the last command leaves; with no command, a source file that is the artifact as it is.
    pub artifact: &'static str,
    /// What the code may use without declaring it.
    pub(crate) declared: String,
    /// What must be written: declarations in the target's language.
    pub(crate) wanted: Vec<String>,
    /// Sentences on how values look.
    pub(crate) notes: Vec<String>,
    /// Names that the code must define.
    pub(crate) functions: Vec<String>,
    /// Structs of `declared` that code may define again.
    repeatable: Vec<String>,
    stack_bytes: u64,
    world: String,
}

/// The programs of a toolchain, each with its first arguments: `["clang"]`, `["zig", "cc"]`, `["node", "asc.js"]`.
#[derive(Debug, Clone, Copy)]
pub struct Tools<'a> {
    pub program: &'a [String],
    /// For C: `["wasm-ld"]`; if it is empty, the compiler starts its own.
    pub linker: &'a [String],
}

/// There is no glue for an interface in a target.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum BindError {
    #[error("the contract describes a program; only the target `{program}` makes one", program = Target::Program)]
    Program,
    #[error("the contract describes WebAssembly; the target `{program}` makes a program", program = Target::Program)]
    Component,
    #[error("`{function}` can't be written in {}: {why}; use {can}", .target.title(), can = listed(.can))]
    Type { target: Target, function: String, why: String, can: Vec<Target> },
}

/// The glue of a target for the functions of a contract.
///
/// # Errors
/// [`BindError`] names the function and the type that stand against it.
pub fn bind(target: Target, public: &Public) -> Result<Bound, BindError> {
    if public.program.is_some() != (target == Target::Program) {
        return Err(if target == Target::Program { BindError::Component } else { BindError::Program });
    }
    match target {
        Target::C => Ok(c::bind(public)),
        Target::Wat => Ok(wat::bind(public)),
        Target::Program => Ok(program()),
        _ => Err(BindError::Type {
            target,
            function: public.functions.first().map(|function| function.full_name()).unwrap_or_default(),
            why: "no binding".to_owned(),
            can: vec![Target::C, Target::Wat],
        }),
    }
}

impl Bound {
    /// Without anything generated.
    fn of(target: Target) -> Self {
        Self {
            target,
            files: Vec::new(),
            artifact: target.main_file(),
            declared: String::new(),
            wanted: Vec::new(),
            notes: Vec::new(),
            functions: Vec::new(),
            repeatable: Vec::new(),
            stack_bytes: 0,
            world: String::new(),
        }
    }

    /// Names that the code must define: what [`crate::extract`] looks for.
    #[must_use]
    pub fn functions(&self) -> &[String] {
        &self.functions
    }

    /// The commands that make [`Self::artifact`], in their order, to be run in the working directory: program and
    /// arguments of each. No name of a source is taken for an option.
    #[must_use]
    pub fn commands(&self, tools: Tools<'_>, sources: &[SourceFile]) -> Vec<Vec<String>> {
        match self.target {
            Target::C => c::command(self, tools, sources),
            Target::Program => {
                let mut line = tools.program.to_vec();
                line.extend(["-std=c11", "-O2", "-w", "-static"].map(str::to_owned));
                line.extend(
                    sources.iter().filter(|file| file.name.ends_with(".c")).map(|file| format!("./{}", file.name)),
                );
                line.extend(["-o", self.artifact].map(str::to_owned));
                vec![line]
            }
            _ => Vec::new(),
        }
    }
}

fn program() -> Bound {
    let notes = [
        "Write a C11 program for Linux with `main`. It is linked statically against the C library, and starts nothing.",
    ];
    Bound {
        artifact: "artifact",
        notes: notes.map(str::to_owned).to_vec(),
        functions: vec!["main".to_owned()],
        ..Bound::of(Target::Program)
    }
}

/// A name for each function: its own, or with its interface's before it where two would be the same.
fn function_names(functions: &[Arc<Function>], taken: &mut Names, style: fn(&str) -> String) -> Vec<String> {
    let same = |name: &str| functions.iter().filter(|function| function.name == name).count();
    functions
        .iter()
        .map(|function| match function.interface.as_deref() {
            Some(interface) if same(&function.name) > 1 => {
                let id = interface.split('@').next().unwrap_or(interface);
                let local = id.rsplit('/').next().unwrap_or(id);
                taken.take(&style(&format!("{local}-{}", function.name)))
            }
            _ => taken.take(&style(&function.name)),
        })
        .collect()
}

/// Whether a type or any part of it is one that `is` says.
fn any(ty: &Type, is: &dyn Fn(&Type) -> bool) -> bool {
    is(ty)
        || match ty {
            Type::List(inner) => any(inner, is),
            Type::Record(ty) => ty.fields.iter().any(|(_, ty)| any(ty, is)),
            Type::Tuple(types) => types.iter().any(|ty| any(ty, is)),
            _ => abi::cases(ty).into_iter().flatten().any(|ty| any(ty, is)),
        }
}
