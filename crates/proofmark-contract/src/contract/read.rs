//! Reads a whole contract from TOML, finding as many problems at once as make sense.

use std::ops::Range;
use std::sync::Arc;

use proofmark_mark::digest::Digest;
use toml::de::{DeTable, DeValue};

use super::budget::budget;
use super::table::{Problems, Table, whole};
use super::{
    CONTRACT_BYTES_MAX, Contract, Example, Property, capabilities, coherence, examples, invariants, process, reference,
    sealed, secrets,
};
use crate::budget::Budget;
use crate::cel::{Predicate, Role};
use crate::interface::{Function, Interface};
use crate::placed::Placed;
use crate::problem::Problem;

/// The version of the format.
const VERSION: u64 = 1;
const NAME_MAX: usize = 64;
const INTENT_MAX: usize = 16 << 10;
const PROPERTY_NAME_MAX: usize = 200;
/// Examples and properties of one contract.
const EXAMPLES_MAX: usize = 1000;
pub(super) const PROPERTIES_MAX: usize = 256;
/// The property that every export has, without being written down.
const IMPLICIT: &str = "no traps";

pub(super) fn read(text: &str) -> Result<Contract, Problems> {
    let (document, errors) = parse(text)?;
    let mut problems = errors;
    let Some(table) = document.as_ref() else { return Err(sorted(problems)) };
    let reader = Table::new(text, "the contract", table, 0..text.len());
    let contract = contract(text, reader, &mut problems);
    match contract {
        Some(contract) if problems.is_empty() => Ok(contract),
        _ => Err(sorted(problems)),
    }
}

fn parse(text: &str) -> Result<(Option<DeTable<'_>>, Problems), Problems> {
    if text.len() > CONTRACT_BYTES_MAX {
        let message = format!("the contract is {} bytes long; {CONTRACT_BYTES_MAX} is the most", text.len());
        return Err(vec![Problem::new(0..0, message, "too long")]);
    }
    let (document, errors) = DeTable::parse_recoverable(text);
    if errors.is_empty() {
        return Ok((Some(document.into_inner()), Vec::new()));
    }
    Ok((None, errors.iter().map(|error| toml_problem(text, error)).take(8).collect()))
}

pub(crate) fn toml_problem(text: &str, error: &toml::de::Error) -> Problem {
    let span = error.span().unwrap_or(text.len()..text.len());
    let start = crate::problem::floor_char_boundary(text, span.start);
    let end = crate::problem::floor_char_boundary(text, span.end).max(start);
    let message = error.message().lines().map(str::trim).collect::<Vec<_>>().join("; ");
    Problem::new(start..end, format!("not valid TOML: {message}"), "here")
}

fn sorted(mut problems: Problems) -> Problems {
    problems.sort_by_key(|problem| (problem.span.start, problem.span.end));
    problems.dedup();
    problems
}

fn contract<'a>(text: &'a str, mut table: Table<'a>, problems: &mut Problems) -> Option<Contract> {
    version(&mut table, problems);
    let name = table.required("name", "\"what-it-is-called\"", problems).filter(|name| named(name, problems));
    let intent =
        table.required("intent", "\"What is wanted, in words.\"", problems).filter(|intent| meant(intent, problems));
    let interface = interface(&mut table, problems);
    let capabilities = table.table("capabilities", "[capabilities]", problems);
    let capabilities =
        capabilities.map_or_else(capabilities::Read::default, |table| capabilities::read(table, problems));
    let (interface, files) = interface.map_or((None, None), |(interface, files)| (Some(interface), files));
    problems.extend(match &interface {
        Some(interface) if interface.process().is_some() => capabilities.of_process(files.as_ref()),
        Some(_) => capabilities.of_component(),
        None => Vec::new(),
    });
    let capabilities = capabilities.capabilities;
    let budget =
        table.table("budget", "[budget]", problems).map_or_else(Budget::default, |table| budget(table, problems));
    let example_tables = table.tables("example", "[[example]]", problems);
    let property_tables = table.tables("property", "[[property]]", problems);
    let sealed_tables = table.tables("sealed", "[[sealed]]", problems);
    let invariant_tables = table.tables("invariant", "[[invariant]]", problems);
    let secret_tables = table.tables("secret", "[[secret]]", problems);
    let may_trap_value = table.value("may_trap");
    let reference_table = table.table("reference", "[reference]", problems);
    let at_may_trap = table.key_span("may_trap");
    let may_trap = match (&interface, may_trap_value) {
        (Some(interface), Some(value)) => may_trap(interface, &table, value, at_may_trap, problems),
        _ => Vec::new(),
    };
    table.finish(problems);
    let (mut examples, mut properties, mut secrets) = (Vec::new(), Vec::new(), Vec::new());
    if let Some(interface) = &interface {
        let traps = |function: &Arc<Function>| may_trap.iter().any(|(known, _)| Arc::ptr_eq(known, function));
        examples = examples::read(example_tables, interface, &traps, problems);
        properties = read_properties(property_tables, interface, problems);
        secrets = secrets::read(secret_tables, interface, &capabilities, problems);
        if problems.is_empty() {
            problems.extend(coherence::contradictions(interface, &examples, &properties));
        }
    }
    let reference = reference_table.and_then(|table| reference::read(table, interface.as_ref(), problems));
    let sealed = sealed::read(sealed_tables, properties.len(), problems);
    let invariants = invariants::read(invariant_tables, &capabilities.write, problems);
    let examples: Vec<Example> = examples.into_iter().map(|placed| placed.example).collect();
    let digest = Digest::of(text.as_bytes());
    let (name, intent, interface) = (name?.text, intent?.text, interface?);
    Some(Contract {
        name,
        intent,
        interface,
        examples,
        properties,
        sealed,
        invariants,
        secrets,
        reference,
        capabilities,
        budget,
        digest,
        may_trap,
    })
}

fn version(table: &mut Table<'_>, problems: &mut Problems) {
    let help = format!("write `contract = {VERSION}` as the first line");
    match table.value("contract") {
        None => {
            let problem = Problem::new(table.span(), "the contract does not say its version", "`contract` is missing");
            problems.push(problem.help(help));
        }
        Some(value) => match value.get_ref() {
            DeValue::Integer(integer) if whole(integer) == Some(VERSION) => {}
            _ => {
                let problem =
                    Problem::new(value.span(), "this version of the contract format is not known", "unknown version");
                problems.push(problem.help(help));
            }
        },
    }
}

fn named(name: &Placed, problems: &mut Problems) -> bool {
    let text = name.text.as_str();
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-_.".contains(character);
    let valid = text.len() <= NAME_MAX
        && text.starts_with(|first: char| first.is_ascii_alphanumeric())
        && text.chars().all(allowed);
    if !valid {
        let problem = Problem::new(name.span.clone(), "the contract's name is not a plain name", "not a plain name");
        problems.push(
            problem.help(format!(
                "use 1 to {NAME_MAX} letters, digits, `-`, `_` and `.`, starting with a letter or digit"
            )),
        );
    }
    valid
}

fn meant(intent: &Placed, problems: &mut Problems) -> bool {
    let valid = !intent.text.trim().is_empty() && intent.text.len() <= INTENT_MAX;
    if !valid {
        let message = format!("the intent must be said in 1 to {INTENT_MAX} bytes");
        let problem = Problem::new(intent.span.clone(), message, "says nothing, or too much");
        problems.push(problem.help("say in a sentence what the artifact is for"));
    }
    valid
}

/// The interface and, of a program, the path of its tree.
fn interface(table: &mut Table<'_>, problems: &mut Problems) -> Option<(Interface, Option<Placed>)> {
    if !table.has("interface") {
        table.value("interface");
        let problem = Problem::new(table.span(), "the contract has no `[interface]`", "`[interface]` is missing");
        problems.push(problem.help("write `[interface]` and `wit = \"\"\"…\"\"\"` with a package and a world"));
        return None;
    }
    let mut table = table.table("interface", "[interface]", problems)?;
    if table.has("process") {
        return program(table, problems);
    }
    let world = table.string("world", problems);
    let read = if table.has("wit_path") {
        let span = table.key_span("wit_path");
        table.value("wit_path");
        table.value("wit");
        let problem = Problem::new(
            span,
            "the contract names its WIT by path, so it does not say what it means by itself",
            "not self-contained",
        );
        problems.push(problem.help("put the text of that file here as `wit = \"\"\"…\"\"\"`"));
        None
    } else {
        table.required("wit", "\"\"\"…\"\"\"", problems).map(|wit| crate::interface::read(&wit, world.as_ref()))
    };
    table.finish(problems);
    match read? {
        Ok(interface) => Some((interface, None)),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn program(mut table: Table<'_>, problems: &mut Problems) -> Option<(Interface, Option<Placed>)> {
    let process = match table.value("process") {
        Some(value) if value.get_ref().as_table().is_none() => {
            let problem = table.mistyped("process", "a table", value.get_ref(), value.span());
            problems.push(problem.help("write `[interface.process]`"));
            None
        }
        _ => table.table("process", "[interface.process]", problems),
    };
    for key in ["wit", "wit_path", "world"] {
        if table.value(key).is_some() {
            let message = format!("an interface with `process` is that of a program, and `{key}` that of a component");
            problems.push(Problem::new(table.key_span(key), message, "which one?").help("leave one of them out"));
        }
    }
    table.finish(problems);
    process::read(process?, problems)
}

/// The function that a contract names, or a problem.
pub(super) fn function(interface: &Interface, name: &Placed, problems: &mut Problems) -> Option<Arc<Function>> {
    interface
        .named(name.text.trim())
        .cloned()
        .map_err(|error| {
            let problem = name.problem(0..name.text.len(), error.message, "not an export");
            problems.push(match error.help {
                Some(help) => problem.help(help),
                None => problem,
            });
        })
        .ok()
}

fn may_trap(
    interface: &Interface,
    table: &Table<'_>,
    value: &toml::Spanned<DeValue<'_>>,
    key: Range<usize>,
    problems: &mut Problems,
) -> Vec<(Arc<Function>, Predicate)> {
    let mut pairs: Vec<(Arc<Function>, Placed)> = Vec::new();
    match (value.get_ref(), interface.functions.as_slice()) {
        (DeValue::String(_), [only]) => pairs.extend(table.placed(value).map(|cel| (Arc::clone(only), cel))),
        (DeValue::String(_), _) => {
            let problem = Problem::new(key, "`may_trap` does not say of which export it speaks", "of which export?");
            let first = interface.functions.first().map(|function| function.full_name()).unwrap_or_default();
            problems.push(problem.help(format!("write a table: `[may_trap]` and `{first} = \"…\"`")));
        }
        (DeValue::Table(entries), _) => {
            for (name, cel) in entries {
                let found = interface.named(name.get_ref()).cloned().map_err(|error| {
                    Problem::new(name.span(), error.message, "not an export").help(error.help.unwrap_or_default())
                });
                match (found, table.placed(cel)) {
                    (Ok(function), Some(_)) if pairs.iter().any(|(known, _)| Arc::ptr_eq(known, &function)) => {
                        problems.push(Problem::new(
                            name.span(),
                            format!("`{}` is there twice", name.get_ref()),
                            "again",
                        ));
                    }
                    (Ok(function), Some(cel)) => pairs.push((function, cel)),
                    (Ok(_), None) => {
                        problems.push(table.mistyped(name.get_ref(), "a CEL expression", cel.get_ref(), cel.span()))
                    }
                    (Err(problem), _) => problems.push(problem),
                }
            }
        }
        (other, _) => {
            problems.push(table.mistyped("may_trap", "a CEL expression, or a table of them", other, value.span()))
        }
    }
    let mut read = Vec::with_capacity(pairs.len());
    for (function, cel) in pairs {
        match Predicate::parse(&cel, &interface.functions, &function, Role::MayTrap) {
            Ok(predicate) => read.push((function, predicate)),
            Err(found) => problems.extend(found),
        }
    }
    read
}

fn read_properties(tables: Vec<Table<'_>>, interface: &Interface, problems: &mut Problems) -> Vec<Property> {
    let mut properties: Vec<Property> = Vec::with_capacity(tables.len());
    for (nth, table) in (1_usize..).zip(tables) {
        if nth > PROPERTIES_MAX {
            let message = format!("the contract has more than {PROPERTIES_MAX} properties");
            problems.push(Problem::new(table.span(), message, "one too many"));
            break;
        }
        let known: Vec<&str> = properties.iter().map(|property| property.name.as_str()).collect();
        if let Some(property) = property(table, interface, &known, problems) {
            properties.push(property);
        }
    }
    properties
}

/// One property, whose name is none of the `known` ones.
pub(super) fn property(
    mut table: Table<'_>,
    interface: &Interface,
    known: &[&str],
    problems: &mut Problems,
) -> Option<Property> {
    let name = table.required("name", "\"what it says, in words\"", problems);
    let of = table.required("of", "\"the export it is about\"", problems);
    let requires = table.string("requires", problems);
    let ensures = table.required("ensures", "\"a CEL condition over the parameters and `result`\"", problems);
    let held_out = table.boolean("held_out", problems).unwrap_or(false);
    table.finish(problems);
    let name = name.filter(|name| property_name(name, "property", known, problems));
    let of = of.and_then(|of| function(interface, &of, problems))?;
    let mut parsed = |cel: &Placed, role| match Predicate::parse(cel, &interface.functions, &of, role) {
        Ok(predicate) => Some(predicate),
        Err(found) => {
            problems.extend(found);
            None
        }
    };
    let requires = requires.map(|requires| parsed(&requires, Role::Requires));
    let ensures = ensures.and_then(|ensures| parsed(&ensures, Role::Ensures));
    let requires = requires.map_or(Some(None), |requires| requires.map(Some))?;
    Some(Property { name: name?.text, of, requires, ensures: ensures?, held_out })
}

pub(super) fn property_name(name: &Placed, what: &str, known: &[&str], problems: &mut Problems) -> bool {
    let text = name.text.as_str();
    let problem = |message: &str, label: &str| Some(Problem::new(name.span.clone(), message, label));
    let found = if text.trim().is_empty() || text.len() > PROPERTY_NAME_MAX || text.chars().any(char::is_control) {
        problem(&format!("the {what}'s name must be one line of at most 200 bytes"), "not such a line")
    } else if text == IMPLICIT {
        problem("every export has the property `no traps` already", "taken")
    } else if known.contains(&text) {
        problem(&format!("another {what} has this name"), "again")
    } else {
        None
    };
    let valid = found.is_none();
    problems.extend(found.map(|problem| problem.help("say in a few words what it demands")));
    valid
}

pub(super) const fn examples_max() -> usize {
    EXAMPLES_MAX
}
