//! The public half of a contract: what a generator may be told.
//!
//! A [`Public`] holds texts, and the types of functions, copied out of a contract by [`Public::of`], which skips properties
//! that are held out. Prompts and glue are made from it and from nothing else, so that no path leads from them back to the
//! contract.

use std::sync::Arc;

use proofmark_contract::{Capabilities, Contract, Function, Interface, Process};
use proofmark_mark::evidence::REFERENCE_RETURNS;
use thiserror::Error;
use wit_component::{OutputToString, WitPrinter};

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
    /// The world's name in that WIT.
    pub(crate) world: String,
    /// What the artifact must export.
    pub(crate) functions: Vec<Arc<Function>>,
    /// Calls with what must come of them.
    pub(crate) examples: Vec<(String, String)>,
    pub(crate) properties: Vec<PublicProperty>,
    /// Functions with the condition under which they may trap.
    pub(crate) may_trap: Vec<(String, String)>,
    /// Whether a component that is not shown says what is right.
    pub(crate) reference: bool,
    /// Names, trees and conditions.
    pub(crate) invariants: Vec<(String, String, String)>,
    pub(crate) capabilities: Vec<String>,
    pub(crate) fuel: u64,
    pub(crate) memory_bytes: u64,
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

/// A violation that may be told. It can only be made by [`Public::counterexample`], [`Public::differs`] and
/// [`Public::example_failed`], which know nothing of what is held out.
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
            world: contract.interface.world.clone(),
            functions: functions.clone(),
            examples: contract.examples.iter().map(|one| (one.call.to_string(), one.expected.to_string())).collect(),
            properties: properties.collect(),
            may_trap: functions.iter().filter_map(|function| trap(function)).collect(),
            reference: contract.reference.is_some(),
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

    /// A call from which the reference returns something else, as the evidence of `reference` says it in `violated`; `None` if the
    /// contract has no reference, or it is not said so.
    #[must_use]
    pub fn differs(&self, call: &str, violated: &str, got: &str) -> Option<Counterexample> {
        let wanted = violated.strip_prefix(REFERENCE_RETURNS).filter(|_| self.reference)?;
        Some(Counterexample {
            of: "the same result as the reference".to_owned(),
            call: call.to_owned(),
            wanted: Some(wanted.to_owned()),
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
