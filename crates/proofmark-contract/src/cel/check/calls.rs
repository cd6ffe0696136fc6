//! Calls: CEL's functions and macros, and the artifact's exports.

use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{CallExpr, Expr as Parsed, IdedExpr};
use regex::RegexBuilder;

use super::{Checker, Member};
use crate::cel::names;
use crate::cel::syntax::Complaint;
use crate::cel::typed::{Expr, Kind, Loop, Search, Shape};
use crate::interface::{Function, miscounted};
use crate::problem::nearest;
use crate::types::Type;

/// The largest compiled regular expression, in bytes.
const REGEX_BYTES_MAX: usize = 1 << 20;

const METHODS: [&str; 11] = [
    "all",
    "contains",
    "endsWith",
    "exists",
    "existsOne",
    "exists_one",
    "filter",
    "map",
    "matches",
    "size",
    "startsWith",
];

impl Checker<'_> {
    pub(super) fn call(&mut self, call: &CallExpr, span: Range<usize>) -> Option<Expr> {
        let name = call.func_name.as_str();
        if name.contains('?') {
            let complaint = Complaint::new(span, "contracts do not have CEL's optional syntax", "`?`");
            return self.refuse(complaint.help("ask with `has(value.case)`, then read `value.case`"));
        }
        match &call.target {
            None => match (name, call.args.as_slice()) {
                ("has", [node]) => self.has(node, span),
                ("size", [node]) => self.size(node, span),
                ("int" | "uint" | "double" | "string", [node]) => self.convert(name, node, span),
                ("matches", [text, pattern]) => self.matches(text, pattern, span),
                ("has" | "size" | "int" | "uint" | "double" | "string", args) => self.count(name, 1, args.len(), span),
                ("matches", args) => self.count(name, 2, args.len(), span),
                _ if names::FUNCTIONS.contains(&name) => {
                    self.refuse(Complaint::new(span, format!("contracts do not have CEL's `{name}`"), "not supported"))
                }
                _ => self.export(name, name, &call.args, span),
            },
            Some(target) => {
                if let Some(qualified) = self.qualified(target, name) {
                    return self.export(&qualified, &qualified, &call.args, span);
                }
                if let Some(library) = self.library(target) {
                    return self.sets(library, name, &call.args, span);
                }
                self.method(target, name, &call.args, span)
            }
        }
    }

    /// `iface.name` if that is how an exported interface's function is called, and `iface` is no variable.
    fn qualified(&self, target: &IdedExpr, name: &str) -> Option<String> {
        let Parsed::Ident(interface) = &target.expr else { return None };
        let variable = self.is_variable(interface);
        let exported = |function: &Arc<Function>| {
            function
                .short_names()
                .iter()
                .any(|short| short.split_once('.').is_some_and(|(local, _)| names::function(local) == *interface))
        };
        let found = !variable && self.exports.iter().any(exported);
        found.then(|| format!("{interface}.{name}"))
    }

    pub(super) fn is_variable(&self, name: &str) -> bool {
        self.locals.iter().any(|(local, _)| local == name)
            || self.function.params.iter().any(|(param, _)| names::variable(param) == *name)
            || name == "result"
    }

    pub(super) fn count(&mut self, name: &str, wanted: usize, given: usize, span: Range<usize>) -> Option<Expr> {
        self.refuse(Complaint::new(span, miscounted(name, wanted, given), "wrong number of arguments"))
    }

    fn has(&mut self, node: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let Parsed::Select(select) = &node.expr else {
            let at = self.syntax.span(node);
            let complaint = Complaint::new(at, "`has` asks for a case of a value", "not `value.case`");
            return self.refuse(complaint.help("write `has(result.some)` or `has(result.ok)`"));
        };
        let operand = self.expr(&select.operand, None)?;
        self.member(operand, &select.field, span, Member::Has)
    }

    fn size(&mut self, node: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let part = self.expr(node, None)?;
        match part.shape {
            Shape::List(_) | Shape::String | Shape::Enum(_) | Shape::Tuple(_) => {
                Some(Expr { kind: Kind::Size(Box::new(part)), shape: Shape::Int, span })
            }
            shape => {
                let complaint = Complaint::new(part.span, format!("`{shape}` has no size"), format!("`{shape}`"));
                self.refuse(complaint.help("`size` is for lists and strings"))
            }
        }
    }

    fn convert(&mut self, name: &str, node: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let part = self.expr(node, None)?;
        let shape = match name {
            "int" => Shape::Int,
            "uint" => Shape::Uint,
            "double" => Shape::Double,
            _ => Shape::String,
        };
        let possible = match shape {
            Shape::String => matches!(part.shape, Shape::Int | Shape::Uint | Shape::Bool) || part.shape.is_text(),
            _ => part.shape.is_number() || part.shape == Shape::String,
        };
        if !possible {
            let message = format!("`{name}` can't convert `{}`", part.shape);
            return self.refuse(Complaint::new(part.span, message, format!("`{}`", part.shape)));
        }
        Some(Expr { kind: Kind::Convert(Box::new(part)), shape, span })
    }

    fn matches(&mut self, text: &IdedExpr, pattern: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let text = self.expr(text, None).and_then(|text| self.string(text, "what `matches` looks at"));
        let pattern = self.expr(pattern, None)?;
        let Kind::Text(source) = &pattern.kind else {
            return self.refuse(Complaint::new(
                pattern.span,
                "the pattern of `matches` is a string literal",
                "not a literal",
            ));
        };
        let regex = RegexBuilder::new(source).size_limit(REGEX_BYTES_MAX).dfa_size_limit(REGEX_BYTES_MAX).build();
        match regex {
            Ok(regex) => Some(Expr { kind: Kind::Matches(Box::new(text?), regex), shape: Shape::Bool, span }),
            Err(error) => {
                let why = error.to_string().lines().last().unwrap_or_default().trim_start_matches("error: ").to_owned();
                self.refuse(Complaint::new(pattern.span, format!("not a regular expression: {why}"), "RE2 syntax"))
            }
        }
    }

    fn string(&mut self, expr: Expr, what: &str) -> Option<Expr> {
        if expr.shape.is_text() {
            return Some(expr);
        }
        let message = format!("{what} must be a string, but this is `{}`", expr.shape);
        self.refuse(Complaint::new(expr.span, message, format!("`{}`, not `string`", expr.shape)))
    }

    fn method(&mut self, target: &IdedExpr, name: &str, args: &[IdedExpr], span: Range<usize>) -> Option<Expr> {
        let search = match name {
            "contains" => Some(Search::Contains),
            "startsWith" => Some(Search::StartsWith),
            "endsWith" => Some(Search::EndsWith),
            _ => None,
        };
        match (name, args) {
            ("size", []) => self.size(target, span),
            ("matches", [pattern]) => self.matches(target, pattern, span),
            (_, [part]) if search.is_some() => {
                let text =
                    self.expr(target, None).and_then(|text| self.string(text, &format!("what `{name}` looks at")));
                let part =
                    self.expr(part, None).and_then(|part| self.string(part, &format!("what `{name}` looks for")));
                let kind = Kind::Search(search?, Box::new(text?), Box::new(part?));
                Some(Expr { kind, shape: Shape::Bool, span })
            }
            ("all", [local, body]) => self.looped(Loop::All, name, (target, local, body), span),
            ("exists", [local, body]) => self.looped(Loop::Exists, name, (target, local, body), span),
            ("exists_one" | "existsOne", [local, body]) => {
                self.looped(Loop::ExistsOne, name, (target, local, body), span)
            }
            ("filter", [local, body]) => self.looped(Loop::Filter, name, (target, local, body), span),
            ("map", [local, to]) => self.mapped(target, local, None, to, span),
            ("map", [local, filter, to]) => self.mapped(target, local, Some(filter), to, span),
            ("size", _) => self.count(name, 0, args.len(), span),
            ("matches" | "contains" | "startsWith" | "endsWith", _) => self.count(name, 1, args.len(), span),
            ("all" | "exists" | "exists_one" | "existsOne" | "filter" | "map", _) => {
                self.count(name, 2, args.len(), span)
            }
            _ => {
                let complaint =
                    Complaint::new(span, format!("there is no function `{name}` of values"), "unknown function");
                let export = self.exports.iter().any(|function| names::function(&function.name) == name);
                self.refuse(match nearest(name, METHODS) {
                    _ if export => complaint.help(format!("call the export as `{name}(…)`")),
                    Some(near) => complaint.help(format!("did you mean `{near}`?")),
                    None => complaint.help(format!("there are {}", METHODS.map(|name| format!("`{name}`")).join(", "))),
                })
            }
        }
    }

    fn looped(
        &mut self,
        kind: Loop,
        name: &str,
        (over, local, body): (&IdedExpr, &IdedExpr, &IdedExpr),
        span: Range<usize>,
    ) -> Option<Expr> {
        let (over, element, variable) = self.range(over, local, name)?;
        self.locals.push((variable, element));
        let body =
            self.expr(body, None).and_then(|body| self.condition(body, &format!("what `{name}` asks of each element")));
        self.locals.pop();
        let shape = if kind == Loop::Filter { over.shape.clone() } else { Shape::Bool };
        let shape = match shape {
            Shape::Tuple(elements) => Shape::List(Arc::new(elements.first().cloned().unwrap_or(Shape::Nothing))),
            shape => shape,
        };
        Some(Expr { kind: Kind::Loop(kind, Box::new(over), Box::new(body?)), shape, span })
    }

    fn mapped(
        &mut self,
        over: &IdedExpr,
        local: &IdedExpr,
        filter: Option<&IdedExpr>,
        to: &IdedExpr,
        span: Range<usize>,
    ) -> Option<Expr> {
        let (over, element, variable) = self.range(over, local, "map")?;
        self.locals.push((variable, element));
        let filter = filter
            .map(|filter| self.expr(filter, None).and_then(|filter| self.condition(filter, "the filter of `map`")));
        let to = self.expr(to, None);
        self.locals.pop();
        let (filter, to) = (filter.map_or(Some(None), |filter| filter.map(Some))?, to?);
        let shape = Shape::List(Arc::new(to.shape.clone()));
        let kind = Kind::Map { over: Box::new(over), filter: filter.map(Box::new), to: Box::new(to) };
        Some(Expr { kind, shape, span })
    }

    /// What a macro loops over, the type of its elements, and the name of its variable.
    fn range(&mut self, over: &IdedExpr, local: &IdedExpr, name: &str) -> Option<(Expr, Shape, String)> {
        let over = self.expr(over, None);
        let Parsed::Ident(variable) = &local.expr else {
            let at = self.syntax.span(local);
            let complaint = Complaint::new(at, format!("`{name}` needs a name for the element first"), "not a name");
            return self.refuse(complaint.help(format!("write `list.{name}(x, …)`")));
        };
        let over = over?;
        let element = match &over.shape {
            Shape::List(element) => Some((**element).clone()),
            Shape::Tuple(elements) => {
                elements.first().filter(|first| elements.iter().all(|other| other == *first)).cloned()
            }
            _ => None,
        };
        let Some(element) = element else {
            let message = format!("`{name}` loops over a list, but this is `{}`", over.shape);
            return self.refuse(Complaint::new(over.span, message, format!("`{}`, not a list", over.shape)));
        };
        Some((over, element, variable.clone()))
    }

    /// The exports of that name in CEL.
    fn exports(&self, name: &str) -> Vec<Arc<Function>> {
        let spelled = |function: &Function| {
            function.short_names().iter().any(|short| match short.split_once('.') {
                Some((local, own)) => format!("{}.{}", names::function(local), names::field(own)) == name,
                None => names::function(short) == name,
            })
        };
        self.exports.iter().filter(|function| spelled(function)).cloned().collect()
    }

    fn export(&mut self, name: &str, shown: &str, args: &[IdedExpr], span: Range<usize>) -> Option<Expr> {
        let found = self.exports(name);
        let [function] = found.as_slice() else {
            let complaint = if found.is_empty() {
                self.unknown_function(name, span)
            } else {
                let names: Vec<String> = found.iter().map(|function| format!("`{}`", function.full_name())).collect();
                Complaint::new(span, format!("`{shown}` is the name of {}", names.join(" and ")), "which one?")
                    .help("write the interface before it: `iface.name(…)`")
            };
            return self.refuse(complaint);
        };
        if args.len() != function.params.len() {
            let message = miscounted(shown, function.params.len(), args.len());
            let complaint = Complaint::new(span, message, "wrong number of arguments");
            return self.refuse(complaint.help(format!("its type is `{}`", function.signature())));
        }
        let Some(result) = &function.result else {
            return self.refuse(Complaint::new(span, format!("`{shown}` returns nothing"), "no value to use"));
        };
        let mut checked = Vec::with_capacity(args.len());
        for (node, (param, ty)) in args.iter().zip(&function.params) {
            let wanted = Shape::of(ty);
            let what = format!("argument `{param}` of `{shown}`");
            let arg = self.expr(node, Some(&wanted)).and_then(|arg| self.fitting(arg, &wanted, &what));
            checked.push(arg.and_then(|arg| self.in_range(arg, ty, &what)));
        }
        let args = checked.into_iter().collect::<Option<Vec<_>>>()?;
        Some(Expr { shape: Shape::of(result), kind: Kind::Call(Arc::clone(function), args), span })
    }

    /// The argument, unless it is a literal that its WIT type can't hold.
    fn in_range(&mut self, arg: Expr, ty: &Type, what: &str) -> Option<Expr> {
        let number = match arg.kind {
            Kind::Int(value) => i128::from(value),
            Kind::Uint(value) => i128::from(value),
            _ => return Some(arg),
        };
        let (least, most) = match ty {
            Type::S8 => (i128::from(i8::MIN), i128::from(i8::MAX)),
            Type::S16 => (i128::from(i16::MIN), i128::from(i16::MAX)),
            Type::S32 => (i128::from(i32::MIN), i128::from(i32::MAX)),
            Type::U8 => (0, i128::from(u8::MAX)),
            Type::U16 => (0, i128::from(u16::MAX)),
            Type::U32 => (0, i128::from(u32::MAX)),
            _ => return Some(arg),
        };
        if (least..=most).contains(&number) {
            return Some(arg);
        }
        let message = format!("{what} is `{ty}`, which does not hold {number}");
        self.refuse(Complaint::new(arg.span, message, format!("not from {least} to {most}")))
    }

    fn unknown_function(&self, name: &str, span: Range<usize>) -> Complaint {
        let complaint = Complaint::new(span, format!("there is no function `{name}`"), "unknown function");
        if METHODS.contains(&name) {
            return complaint.help(format!("write it after a value: `value.{name}(…)`"));
        }
        let exports: Vec<String> = self.exports.iter().map(|function| names::function(&function.name)).collect();
        let known = exports.iter().map(String::as_str).chain(names::FUNCTIONS);
        match nearest(name, known) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None if exports.is_empty() => complaint,
            None => complaint.help(format!("the artifact exports {}", super::quoted(&exports))),
        }
    }
}
