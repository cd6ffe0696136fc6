//! Reads WIT into an [`Interface`], refusing every type that is not a plain value.

use std::ops::Range;
use std::sync::Arc;

use wit_parser::{Resolve, SourceMap, Span, TypeId, UnresolvedPackageGroup, WorldId, WorldItem, WorldKey};

use super::{Function, Interface};
use crate::placed::Placed;
use crate::problem::{Problem, nearest};
use crate::types::Type;

mod convert;

use convert::Types;

/// Exported functions of one world.
const FUNCTIONS_MAX: usize = 256;
/// Parameters of one function.
const PARAMS_MAX: usize = 64;

/// The interface of the only world of `wit`, or of the one that `world` names.
///
/// # Errors
/// Every problem found, placed in the contract.
pub(crate) fn read(wit: &Placed, world: Option<&Placed>) -> Result<Interface, Vec<Problem>> {
    let (resolve, world_id) = parse(wit, world).map_err(|problem| vec![problem])?;
    let mut reader =
        Reader { wit, resolve: &resolve, types: Types::read(&resolve), problems: Vec::new(), functions: Vec::new() };
    reader.exports(world_id);
    let Reader { mut problems, functions, .. } = reader;
    let Some(world) = resolve.worlds.get(world_id) else { return Err(problems) };
    if functions.is_empty() && problems.is_empty() {
        let problem = wit.problem(known(world.span), "the world exports no function", "there is nothing to check");
        problems.push(problem.help("export at least one, such as `export f: func(n: u32) -> u32;`"));
    }
    if functions.len() > FUNCTIONS_MAX {
        let message = format!("the world exports {} functions; {FUNCTIONS_MAX} is the most", functions.len());
        problems.push(wit.problem(known(world.span), message, "in this world"));
    }
    if !problems.is_empty() {
        return Err(problems);
    }
    let imports = world.imports.keys().map(|key| resolve.name_world_key(key)).collect();
    let world = world.name.clone();
    Ok(Interface { world, functions, imports, resolve, world_id })
}

fn parse(wit: &Placed, world: Option<&Placed>) -> Result<(Resolve, WorldId), Problem> {
    let mut map = SourceMap::new();
    map.push_str("contract", wit.text.as_str());
    let group: UnresolvedPackageGroup = map.parse().map_err(|(_, error)| {
        let (span, message) = (error.kind().span(), error.kind().to_string());
        match (error.kind(), wit.text.get(known(span).start..).and_then(|rest| rest.chars().next())) {
            (wit_parser::ParseErrorKind::Lex(_), Some(character)) if message.contains("codepoint") => {
                refused(wit, span, &format!("the character U+{:04X} is not allowed", u32::from(character)))
            }
            _ => refused(wit, span, &message),
        }
    })?;
    let mut resolve = Resolve::new();
    let package = resolve.push_group(group).map_err(|error| {
        let span = error.kind().span();
        match error.kind() {
            wit_parser::ResolveErrorKind::PackageNotFound { requested, .. } => {
                refused(wit, span, &format!("package `{requested}` is not in this contract")).help("a contract holds all of its WIT: write that package inline, or leave its import out; WASI imports need no line here, capabilities govern them")
            }
            other => refused(wit, span, &other.to_string()),
        }
    })?;
    let id = select(wit, world, &resolve, package)?;
    Ok((resolve, id))
}

fn refused(wit: &Placed, span: Span, message: &str) -> Problem {
    let message = message.lines().map(str::trim).collect::<Vec<_>>().join("; ");
    wit.problem(known(span), format!("not valid WIT: {message}"), "here")
}

fn select(
    wit: &Placed,
    world: Option<&Placed>,
    resolve: &Resolve,
    package: wit_parser::PackageId,
) -> Result<WorldId, Problem> {
    let Some(package) = resolve.packages.get(package) else {
        return Err(wit.problem(0..0, "the WIT has no package", "here"));
    };
    let names: Vec<&str> = package.worlds.keys().map(String::as_str).collect();
    if let Some(named) = world {
        return package.worlds.get(named.text.as_str()).copied().ok_or_else(|| {
            let message = format!("the WIT has no world `{}`", named.text);
            let help = match nearest(&named.text, names.iter().copied()) {
                Some(near) => format!("did you mean `{near}`?"),
                None => {
                    format!("it has {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
                }
            };
            named.problem(0..named.text.len(), message, "no such world").help(help)
        });
    }
    match (package.worlds.values().next(), package.worlds.len()) {
        (Some(id), 1) => Ok(*id),
        (None, _) => Err(Problem::new(wit.span.clone(), "the WIT has no world", "no world in this WIT")
            .help("write `world name { export f: func(n: u32) -> u32; }` after the package")),
        (Some(_), count) => {
            Err(Problem::new(wit.span.clone(), format!("the WIT has {count} worlds"), "which of them?")
                .help(format!("add `world = \"{}\"` to `[interface]`", names.first().unwrap_or(&"name"))))
        }
    }
}

/// A span of wit-parser's as a range; empty at the start where it has none.
fn known(span: Span) -> Range<usize> {
    if span.is_known() { span.start() as usize..span.end() as usize } else { 0..0 }
}

struct Reader<'a> {
    wit: &'a Placed,
    resolve: &'a Resolve,
    types: Types,
    problems: Vec<Problem>,
    functions: Vec<Arc<Function>>,
}

impl Reader<'_> {
    fn exports(&mut self, world: WorldId) {
        let resolve = self.resolve;
        let Some(world) = resolve.worlds.get(world) else { return };
        for (key, item) in &world.exports {
            match item {
                WorldItem::Function(function) => self.function(function, None),
                WorldItem::Interface { id, .. } => self.interface(key, *id),
                WorldItem::Type { .. } => {}
            }
        }
    }

    fn interface(&mut self, key: &WorldKey, id: wit_parser::InterfaceId) {
        let resolve = self.resolve;
        let Some(interface) = resolve.interfaces.get(id) else { return };
        let name = resolve.name_world_key(key);
        for function in interface.functions.values() {
            self.function(function, Some(&name));
        }
    }

    fn function(&mut self, function: &wit_parser::Function, interface: Option<&str>) {
        let before = self.problems.len();
        let span = known(function.span);
        if function.kind.is_async() {
            let message = format!("`{}` is asynchronous; a contract describes calls that return", function.name);
            self.problems.push(self.wit.problem(span, message, "async").help("write `func` instead of `async func`"));
            return;
        }
        if function.kind.resource().is_some() {
            let message =
                format!("`{}` belongs to a resource; a contract describes functions of values", function.name);
            let problem = self.wit.problem(span, message, "a resource's function");
            self.problems
                .push(problem.help("export a function that takes and returns records, lists and other values"));
            return;
        }
        if function.params.len() > PARAMS_MAX {
            let message =
                format!("`{}` has {} parameters; {PARAMS_MAX} is the most", function.name, function.params.len());
            self.problems.push(self.wit.problem(span.clone(), message, "too many"));
        }
        let mut params = Vec::with_capacity(function.params.len());
        for param in &function.params {
            let at = if param.span.is_known() { known(param.span) } else { span.clone() };
            if let Some(ty) = self.ty(&param.ty, at, &format!("parameter `{}` of `{}`", param.name, function.name)) {
                params.push((param.name.clone(), ty));
            }
        }
        let result =
            function.result.as_ref().and_then(|ty| self.ty(ty, span, &format!("the result of `{}`", function.name)));
        if self.problems.len() == before {
            let (name, interface) = (function.name.clone(), interface.map(str::to_owned));
            self.functions.push(Arc::new(Function { name, interface, params, result, process: None }));
        }
    }

    fn ty(&mut self, ty: &wit_parser::Type, span: Range<usize>, what: &str) -> Option<Type> {
        match self.types.get(ty) {
            Ok(ty) => Some(ty),
            Err(refusal) => {
                let at = refusal.at.map(|id| self.place(id)).filter(|place| !place.is_empty()).unwrap_or(span);
                let problem = self.wit.problem(at, format!("{what} can't be checked: {}", refusal.why), refusal.label);
                if !self.problems.contains(&problem) {
                    self.problems.push(problem.help(refusal.help));
                }
                None
            }
        }
    }

    fn place(&self, id: TypeId) -> Range<usize> {
        self.resolve.types.get(id).map_or(0..0, |ty| if ty.name.is_some() { known(ty.span) } else { 0..0 })
    }
}
