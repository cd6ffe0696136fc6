//! The public half of a contract: what a generator may be told.
//!
//! A [`Public`] holds texts alone, copied out of a contract by [`Public::of`], which skips properties that are held out.
//! Prompts are made from it and from nothing else, so that no path leads from a prompt back to the contract.

use proofmark_contract::{Capabilities, Contract, Function, Interface, Process, Type};
use thiserror::Error;
use wit_component::{OutputToString, WitPrinter};
use wit_parser::abi::{AbiVariant, FlatTypes, WasmType};
use wit_parser::{Resolve, WorldItem};

/// The property that every export has without being written down; a contract can't name another one so.
const IMPLICIT: &str = "no traps";

/// What may be told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Public {
    pub(crate) name: String,
    pub(crate) intent: String,
    /// The interface in WIT; of a program, the function that stands for it.
    pub(crate) wit: String,
    /// What a program is given and what is looked at, a line each; `None` for a component.
    pub(crate) program: Option<Vec<String>>,
    pub(crate) functions: Vec<PublicFunction>,
    /// Calls with what must come of them.
    pub(crate) examples: Vec<(String, String)>,
    pub(crate) properties: Vec<PublicProperty>,
    /// Functions with the condition under which they may trap.
    pub(crate) may_trap: Vec<(String, String)>,
    /// Names, trees and conditions.
    pub(crate) invariants: Vec<(String, String, String)>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) fuel: u64,
    pub(crate) memory_bytes: u64,
}

/// A function that the artifact must export.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct PublicFunction {
    /// Its full name in calls.
    pub(crate) name: String,
    /// As WIT declares it.
    pub(crate) signature: String,
    /// What a core module exports it as.
    pub(crate) export: String,
    /// Its parameters in a core module: name, type in C, type in WebAssembly.
    pub(crate) params: Vec<(String, String, &'static str)>,
    /// Its result in a core module.
    pub(crate) result: Option<(String, &'static str)>,
    /// All parameters are in memory, at the one that is left.
    pub(crate) are_params_in_memory: bool,
    /// The result is in memory, at the address that is returned.
    pub(crate) is_result_in_memory: bool,
    /// Values are given in memory that the artifact must hand out.
    pub(crate) needs_allocation: bool,
}

/// A property that is not held out, in CEL.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PublicProperty {
    pub name: String,
    /// The full name of the function that it is about.
    pub of: String,
    pub requires: Option<String>,
    pub ensures: String,
}

/// A violation that may be told. It can only be made by [`Public::counterexample`] and [`Public::example_failed`], which
/// know nothing of what is held out.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Counterexample {
    pub(crate) of: String,
    pub(crate) call: String,
    pub(crate) wanted: Option<String>,
    pub(crate) got: String,
}

/// The interface can't be written as WIT.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("the interface can't be written as WIT: {0}")]
pub struct PublicError(String);

impl Public {
    /// # Errors
    /// [`PublicError`], which no contract that parsed is known to cause.
    pub fn of(contract: &Contract) -> Result<Self, PublicError> {
        let properties = contract.properties.iter().filter(|property| !property.held_out);
        let properties = properties.map(|property| PublicProperty {
            name: property.name.clone(),
            of: property.of.full_name(),
            requires: property.requires.as_ref().map(ToString::to_string),
            ensures: property.ensures.to_string(),
        });
        let functions = &contract.interface.functions;
        let trap = |function: &Function| {
            contract.may_trap(&function.full_name()).map(|when| (function.full_name(), when.to_string()))
        };
        let invariant = |invariant: &proofmark_contract::Invariant| {
            (invariant.name.clone(), invariant.of.clone(), invariant.condition().to_string())
        };
        Ok(Self {
            name: contract.name.clone(),
            intent: contract.intent.clone(),
            wit: wit(&contract.interface)?,
            program: contract.interface.process().map(|process| program(process)),
            functions: functions.iter().map(|function| lowered(&contract.interface, function)).collect(),
            examples: contract.examples.iter().map(|one| (one.call.to_string(), one.expected.to_string())).collect(),
            properties: properties.collect(),
            may_trap: functions.iter().filter_map(|function| trap(function)).collect(),
            invariants: contract.invariants.iter().map(invariant).collect(),
            capabilities: capabilities(&contract.capabilities),
            fuel: contract.budget.fuel,
            memory_bytes: contract.budget.memory,
        })
    }

    /// A call that violates the property of that name, with what came of it; `None` if no such property is public.
    #[must_use]
    pub fn counterexample(&self, property: &str, call: &str, got: &str) -> Option<Counterexample> {
        let is_public = property == IMPLICIT || self.properties.iter().any(|known| known.name == property);
        is_public.then(|| Counterexample {
            of: property.to_owned(),
            call: call.to_owned(),
            wanted: None,
            got: got.to_owned(),
        })
    }

    /// A call of an example, with what came of it instead; `None` if there is no such example.
    #[must_use]
    pub fn example_failed(&self, call: &str, got: &str) -> Option<Counterexample> {
        let (call, wanted) = self.examples.iter().find(|(known, _)| known == call)?;
        let of = "an example".to_owned();
        Some(Counterexample { of, call: call.clone(), wanted: Some(wanted.clone()), got: got.to_owned() })
    }

    /// Names that C code for this interface must define: what [`crate::extract`] looks for.
    #[must_use]
    pub fn exports(&self) -> Vec<String> {
        match self.program {
            Some(_) => vec!["main".to_owned()],
            None => self.functions.iter().map(|function| function.export.clone()).collect(),
        }
    }
}

fn wit(interface: &Interface) -> Result<String, PublicError> {
    let resolve = &interface.resolve;
    let world = resolve.worlds.get(interface.world_id);
    let package = world.and_then(|world| world.package).ok_or_else(|| PublicError("no package".to_owned()))?;
    let mut printer = WitPrinter::new(OutputToString::default());
    printer.print(resolve, package, &[]).map_err(|error| PublicError(format!("{error:#}")))?;
    Ok(printer.output.to_string())
}

fn program(process: &Process) -> Vec<String> {
    use proofmark_contract::{Arguments, Form};
    let form = |form: Option<Form>| match form {
        Some(Form::Text) => "UTF-8 text",
        Some(Form::Bytes) => "bytes",
        None => "not looked at",
    };
    let arguments = match &process.arguments {
        Arguments::Fixed(fixed) if fixed.is_empty() => "none".to_owned(),
        Arguments::Fixed(fixed) => format!("always {fixed:?}"),
        Arguments::Varied => "any list of texts".to_owned(),
    };
    let stdin = if process.stdin.is_some() { form(process.stdin) } else { "empty" };
    let mut lines = vec![
        format!("arguments, without the program's name: {arguments}"),
        format!("standard input: {stdin}"),
        format!("standard output: {}", form(process.stdout)),
        format!("standard error: {}", form(process.stderr)),
        "the exit code is looked at".to_owned(),
    ];
    if !process.environment.is_empty() {
        lines.push(format!("environment variables that may be set: {}", process.environment.join(", ")));
    }
    lines.extend(process.files.as_ref().map(|path| format!("a tree of files at `{path}`")));
    lines
}

fn capabilities(capabilities: &Capabilities) -> Vec<String> {
    let listed = ["environment", "read", "write", "libraries", "egress"];
    let mut lines: Vec<String> =
        capabilities.names().into_iter().filter(|name| !listed.contains(&name.as_str())).collect();
    let sets = [
        ("environment variables", &capabilities.environment),
        ("may read", &capabilities.read),
        ("may read and write", &capabilities.write),
        ("shared libraries", &capabilities.libraries),
    ];
    for (what, names) in sets {
        if !names.is_empty() {
            lines.push(format!("{what}: {}", names.iter().map(String::as_str).collect::<Vec<_>>().join(", ")));
        }
    }
    lines.extend(capabilities.egress.iter().map(|egress| format!("requests: {egress}")));
    lines
}

/// The function as a core module exports it, by the canonical ABI.
fn lowered(interface: &Interface, function: &Function) -> PublicFunction {
    let resolve = &interface.resolve;
    let mut lowered = PublicFunction {
        name: function.full_name(),
        signature: function.signature(),
        export: function.name.replace('-', "_"),
        params: Vec::new(),
        result: None,
        are_params_in_memory: false,
        is_result_in_memory: false,
        needs_allocation: false,
    };
    let Some(item) = declared(interface, function) else { return lowered };
    let signature = resolve.wasm_signature(AbiVariant::GuestExport, item);
    lowered.are_params_in_memory = signature.indirect_params;
    lowered.is_result_in_memory = signature.retptr;
    lowered.needs_allocation = signature.indirect_params || function.params.iter().any(|(_, ty)| is_in_memory(ty));
    lowered.result = match signature.results.first() {
        None => None,
        Some(_) if signature.retptr => Some(("void *".to_owned(), "i32")),
        Some(flat) => Some((function.result.as_ref().map_or_else(|| "int32_t".to_owned(), scalar), core(*flat))),
    };
    if signature.indirect_params {
        lowered.params.push(("arguments".to_owned(), "const void *".to_owned(), "i32"));
        return lowered;
    }
    for ((name, ty), declared) in function.params.iter().zip(&item.params) {
        let name = name.replace('-', "_");
        lowered.params.extend(match ty {
            Type::String => pointed(&name, "const char *"),
            Type::List(element) => pointed(&name, &format!("const {} *", scalar(element))),
            _ => match flat(resolve, &declared.ty).as_slice() {
                [only] => vec![(name, scalar(ty), core(*only))],
                flats => parts(&name, flats),
            },
        });
    }
    lowered
}

fn declared<'a>(interface: &'a Interface, function: &Function) -> Option<&'a wit_parser::Function> {
    let resolve = &interface.resolve;
    let world = resolve.worlds.get(interface.world_id)?;
    world.exports.iter().find_map(|(key, item)| match (item, &function.interface) {
        (WorldItem::Function(found), None) => (found.name == function.name).then_some(found),
        (WorldItem::Interface { id, .. }, Some(name)) if resolve.name_world_key(key) == *name => {
            resolve.interfaces.get(*id)?.functions.get(&function.name)
        }
        _ => None,
    })
}

fn pointed(name: &str, pointer: &str) -> Vec<(String, String, &'static str)> {
    vec![(name.to_owned(), pointer.to_owned(), "i32"), (format!("{name}_len"), "size_t".to_owned(), "i32")]
}

fn parts(name: &str, flats: &[WasmType]) -> Vec<(String, String, &'static str)> {
    let part = |(nth, flat): (usize, &WasmType)| {
        let c = match core(*flat) {
            "i64" => "int64_t",
            "f32" => "float",
            "f64" => "double",
            _ => "int32_t",
        };
        (format!("{name}_{nth}"), c.to_owned(), core(*flat))
    };
    flats.iter().enumerate().map(part).collect()
}

fn flat(resolve: &Resolve, ty: &wit_parser::Type) -> Vec<WasmType> {
    let mut storage = [WasmType::I32; Resolve::MAX_FLAT_PARAMS];
    let mut flats = FlatTypes::new(&mut storage);
    if resolve.push_flat(ty, &mut flats) { flats.to_vec() } else { Vec::new() }
}

fn core(flat: WasmType) -> &'static str {
    match flat {
        WasmType::I32 | WasmType::Pointer | WasmType::Length => "i32",
        WasmType::I64 | WasmType::PointerOrI64 => "i64",
        WasmType::F32 => "f32",
        WasmType::F64 => "f64",
    }
}

/// What C calls a value that fits one WebAssembly value; of others, the bytes in memory.
fn scalar(ty: &Type) -> String {
    match ty {
        Type::Bool => "bool",
        Type::S8 => "int8_t",
        Type::U8 => "uint8_t",
        Type::S16 => "int16_t",
        Type::U16 => "uint16_t",
        Type::S32 => "int32_t",
        Type::U32 | Type::Char | Type::Enum(_) | Type::Flags(_) => "uint32_t",
        Type::S64 => "int64_t",
        Type::U64 => "uint64_t",
        Type::F32 => "float",
        Type::F64 => "double",
        _ => "void",
    }
    .to_owned()
}

fn is_in_memory(ty: &Type) -> bool {
    match ty {
        Type::String | Type::List(_) => true,
        Type::Record(ty) => ty.fields.iter().any(|(_, ty)| is_in_memory(ty)),
        Type::Tuple(types) => types.iter().any(is_in_memory),
        Type::Variant(ty) => ty.cases.iter().any(|(_, ty)| ty.as_ref().is_some_and(is_in_memory)),
        Type::Option(ty) => is_in_memory(ty),
        Type::Result(ty) => [&ty.ok, &ty.err].into_iter().flatten().any(is_in_memory),
        _ => false,
    }
}
