//! Reads calls in WAVE, and finds functions by what people call them.

use std::ops::Range;
use std::sync::Arc;

use wasm_wave::ast::Node;
use wasm_wave::parser::{ParserError, ParserErrorKind};
use wasm_wave::untyped::{UntypedFuncCall, UntypedValue};

use super::{Call, CallError, Function, Interface};
use crate::problem::nearest;
use crate::process::{self, Flaw, Process};
use crate::types::Type;
use crate::value::Value;

/// The longest call that is read, in bytes.
const CALL_BYTES_MAX: usize = 1 << 20;

pub(super) fn parse(interface: &Interface, text: &str) -> Result<Call, CallError> {
    if text.len() > CALL_BYTES_MAX {
        return Err(error(0..0, format!("the call is longer than {CALL_BYTES_MAX} bytes")));
    }
    let Some(open) = text.find('(') else {
        return Err(error(0..text.len(), "not a call").help("write it as `name(arguments)`, the arguments in WAVE"));
    };
    let spelled = text.get(..open).unwrap_or_default();
    let name = spelled.trim();
    let start = spelled.len().saturating_sub(spelled.trim_start().len());
    let function =
        interface.named(name).map_err(|error| CallError { span: start..start.saturating_add(name.len()), ..error })?;
    // WAVE's own function names have no underscores; only the arguments are read by its grammar.
    let arguments = format!("f{}", text.get(open..).unwrap_or_default());
    let shift = |span: Range<usize>| {
        let place = |offset: usize| offset.saturating_sub(1).saturating_add(open).min(text.len());
        place(span.start)..place(span.end)
    };
    let call = UntypedFuncCall::parse(&arguments)
        .map_err(|found| CallError { span: shift(found.span()), ..plain(&found, &arguments) })?;
    let args =
        typed(function, &call, &arguments).map_err(|error| CallError { span: shift(error.span.clone()), ..error })?;
    Ok(Call { function: Arc::clone(function), args })
}

fn typed(function: &Function, call: &UntypedFuncCall<'_>, source: &str) -> Result<Vec<Value>, CallError> {
    let nodes: Vec<&Node> = match call.params_node() {
        Some(node) => node.as_tuple().map_err(|found| plain(&found, source))?.collect(),
        None => Vec::new(),
    };
    let (wanted, given) = (function.params.len(), nodes.len());
    // WAVE lets trailing options be left out.
    let optional = |(_, ty): &(String, Type)| matches!(ty, Type::Option(_));
    if given > wanted || !function.params.iter().skip(given).all(optional) {
        let span = call.params_node().map_or(1..source.len(), Node::span);
        return Err(error(span, miscounted(&function.full_name(), wanted, given))
            .help(format!("its type is `{}`", function.signature())));
    }
    let mut args = Vec::with_capacity(wanted);
    for (nth, (node, (name, ty))) in nodes.iter().zip(&function.params).enumerate() {
        let what = format!("`{name}`");
        let read_as = process_type(function, ty);
        let value = node.to_wasm_value(&read_as, source).map_err(|found| misfit(&found, source, &what, &read_as))?;
        args.push(match &function.process {
            Some(process) => process_argument(process, nth, node, process::plain(value, ty))?,
            None => value,
        });
    }
    args.extend(function.params.iter().skip(given).map(|_| Value::Option(None)));
    Ok(args)
}

/// The type that WAVE is read as: in calls of programs, files may be written as text.
fn process_type(function: &Function, ty: &Type) -> Type {
    if function.process.is_some() { process::reading(ty) } else { ty.clone() }
}

/// The argument with that index, if a program can be given it.
fn process_argument(process: &Process, nth: usize, node: &Node, value: Value) -> Result<Value, CallError> {
    match process.parts().get(nth) {
        Some(part) => process.checked(*part, value).map_err(|flaw| flawed(flaw, node)),
        None => Ok(value),
    }
}

/// Points at the element that is wrong.
fn flawed(flaw: Flaw, list: &Node) -> CallError {
    let element = flaw.element.and_then(|nth| list.as_list().ok()?.nth(nth).map(Node::span));
    error(element.unwrap_or_else(|| list.span()), flaw.message).help(flaw.help)
}

/// That something takes another number of arguments than it was given.
pub(crate) fn miscounted(name: &str, wanted: usize, given: usize) -> String {
    let arguments = if wanted == 1 { "argument" } else { "arguments" };
    let are = if given == 1 { "is" } else { "are" };
    format!("`{name}` takes {wanted} {arguments}, but {given} {are} given")
}

/// Reads a result of `function`, which is of type `ty`, in WAVE. `what` is what the value is called in the error.
pub(crate) fn parse_result(text: &str, function: &Function, ty: &Type, what: &str) -> Result<Value, CallError> {
    let Some(process) = &function.process else { return parse_value(text, ty, what) };
    let value = process::plain(parse_value(text, &process::reading(ty), what)?, ty);
    process.checked_result(value).map_err(|flaw| {
        let untyped = UntypedValue::parse(text);
        let files = untyped.as_ref().ok().and_then(|untyped| {
            let mut fields = untyped.node().as_record(text).ok()?;
            fields.find(|(name, _)| *name == "files").map(|(_, node)| node)
        });
        match files {
            Some(files) => flawed(flaw, files),
            None => error(0..text.len(), flaw.message).help(flaw.help),
        }
    })
}

/// Reads one value of `ty` in WAVE. `what` is what the value is called in the error.
pub(crate) fn parse_value(text: &str, ty: &Type, what: &str) -> Result<Value, CallError> {
    let untyped = UntypedValue::parse(text).map_err(|found| plain(&found, text))?;
    untyped.to_wasm_value(ty).map_err(|found| misfit(&found, text, what, ty))
}

fn error(span: Range<usize>, message: impl Into<String>) -> CallError {
    CallError { message: message.into(), span, help: None }
}

impl CallError {
    fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }
}

/// A text that is not WAVE.
fn plain(found: &ParserError, source: &str) -> CallError {
    let span = found.span();
    let text = source.get(span.clone()).unwrap_or_default();
    match found.kind() {
        ParserErrorKind::UnexpectedEnd => error(span, "the text ends too early"),
        ParserErrorKind::UnexpectedToken => error(span, format!("`{text}` is not expected here")),
        ParserErrorKind::InvalidToken => error(span, format!("`{text}` is not WAVE")),
        ParserErrorKind::TrailingCharacters => error(span, format!("`{text}` follows after the end")),
        kind => error(span, why(found).unwrap_or_else(|| kind.to_string())),
    }
}

/// WAVE of another type.
fn misfit(found: &ParserError, source: &str, what: &str, ty: &Type) -> CallError {
    let span = found.span();
    let text: String = source.get(span.clone()).unwrap_or_default().chars().take(60).collect();
    let error = match found.kind() {
        ParserErrorKind::InvalidType | ParserErrorKind::InvalidValue => {
            error(span, format!("`{text}` does not fit: {what} is {}", Described(ty)))
        }
        kind => error(span, format!("{what} is {}: {}", Described(ty), why(found).unwrap_or_else(|| kind.to_string()))),
    };
    match example(ty) {
        Some(example) => error.help(format!("write a value such as `{example}`")),
        None => error,
    }
}

/// The reason inside WAVE's error, without its byte range.
fn why(found: &ParserError) -> Option<String> {
    use std::error::Error;
    found
        .source()
        .map(ToString::to_string)
        .or_else(|| found.detail().map(str::to_owned))
        .map(|text| text.replace('"', "`"))
}

/// An entry of each common kind.
const TREE_EXAMPLE: &str = "[{path: \"a/b.txt\", mode: 420, modified: 0, node: text(\"hello\")}]";

struct Described<'a>(&'a Type);

impl std::fmt::Display for Described<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            Type::Enum(ty) => {
                write!(f, "one of {}", ty.cases.iter().map(|case| format!("`{case}`")).collect::<Vec<_>>().join(", "))
            }
            ty => write!(f, "of type `{ty}`"),
        }
    }
}

fn example(ty: &Type) -> Option<String> {
    let text = match ty {
        Type::Bool => "true",
        Type::S8 | Type::S16 | Type::S32 | Type::S64 => "-1",
        Type::U8 | Type::U16 | Type::U32 | Type::U64 => "1",
        Type::F32 | Type::F64 => "1.5",
        Type::Char => "'a'",
        Type::String => "\"a\"",
        tree if process::is_readable_tree(tree) => TREE_EXAMPLE,
        Type::List(_) => "[]",
        Type::Option(_) => "none",
        Type::Enum(ty) => return ty.cases.first().cloned(),
        _ => return Some(crate::shrink::minimal(ty).to_string()),
    };
    Some(text.to_owned())
}

impl Interface {
    /// The function of that name, or why there is none; the span of the error is empty.
    pub(crate) fn named(&self, name: &str) -> Result<&Arc<Function>, CallError> {
        let plain = name.replace('_', "-");
        let exact = self.functions.iter().find(|function| function.full_name().replace('_', "-") == plain);
        if let Some(function) = exact {
            return Ok(function);
        }
        let mut short = self.functions.iter().filter(|function| function.short_names().contains(&plain));
        match (short.next(), short.next()) {
            (Some(function), None) => Ok(function),
            (Some(first), Some(second)) => Err(error(0..0, format!("`{name}` is the name of more than one function"))
                .help(format!("write `{}` or `{}`", first.full_name(), second.full_name()))),
            _ => Err(self.unknown(name)),
        }
    }

    fn unknown(&self, name: &str) -> CallError {
        let known: Vec<String> = self.functions.iter().map(|function| function.full_name()).collect();
        let short: Vec<&str> =
            known.iter().map(String::as_str).chain(self.functions.iter().map(|f| f.name.as_str())).collect();
        let error = error(0..0, format!("the interface exports no function `{name}`"));
        match nearest(name, short) {
            Some(near) => error.help(format!("did you mean `{near}`?")),
            None => error.help(format!("it exports {}", listed(&known))),
        }
    }
}

impl Function {
    /// Names that stand for this function where no other has them: `add` and `iface.add`.
    pub(crate) fn short_names(&self) -> Vec<String> {
        let Some(interface) = self.interface.as_deref() else { return vec![self.name.clone()] };
        let id = interface.split('@').next().unwrap_or(interface);
        let local = id.rsplit('/').next().unwrap_or(id);
        vec![self.name.clone(), format!("{local}.{}", self.name)]
    }
}

fn listed(names: &[String]) -> String {
    let shown: Vec<String> = names.iter().take(8).map(|name| format!("`{name}`")).collect();
    let more = names.len().saturating_sub(shown.len());
    if more == 0 { shown.join(", ") } else { format!("{} and {more} more", shown.join(", ")) }
}

/// Whether the text is `()`, as the result of a function without one is written.
pub(crate) fn is_unit(text: &str) -> bool {
    text.chars().filter(|character| !character.is_whitespace()).eq("()".chars())
}
