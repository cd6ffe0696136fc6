//! Checks a parsed expression against the interface and builds its typed tree.
//!
//! Everything that could go wrong for a reason of names or types is found here, before anything runs. A complaint is
//! made once, at the part that is wrong; what depends on that part is left alone.

use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{EntryExpr, Expr as Parsed, IdedExpr, LiteralValue, MapExpr, SelectExpr, operators};

use super::names;
use super::syntax::{Complaint, Syntax};
use super::typed::{Expr, Kind, Shape};
use crate::interface::Function;
use crate::problem::nearest;

mod calls;
mod literals;
mod operations;
mod sets;

/// The parameter `after` of an invariant.
const AFTER: usize = 1;

/// Where an expression stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Role {
    /// Over the parameters alone.
    Requires,
    /// Over the parameters and the result.
    Ensures,
    /// Over the parameters alone.
    MayTrap,
    /// Over the trees `before` and `after` a run.
    Holds,
    /// Over the parameters alone, of any type.
    Releases,
}

impl Role {
    pub(crate) const fn key(self) -> &'static str {
        match self {
            Self::Requires => "requires",
            Self::Ensures => "ensures",
            Self::MayTrap => "may_trap",
            Self::Holds => "holds",
            Self::Releases => "releases",
        }
    }
}

/// The typed tree of a condition on `function`.
///
/// # Errors
/// Every complaint, in the order of the source.
pub(super) fn check(
    syntax: &Syntax,
    exports: &[Arc<Function>],
    function: &Function,
    role: Role,
) -> Result<Expr, Vec<Complaint>> {
    let mut checker = Checker { syntax, exports, function, role, locals: Vec::new(), complaints: Vec::new() };
    let expr = checker.expr(&syntax.expr, None);
    let expr = expr.and_then(|expr| match role {
        Role::Releases => Some(expr),
        _ => checker.condition(expr, &format!("`{}`", role.key())),
    });
    let mut complaints = checker.complaints;
    if let Some(expr) = &expr
        && complaints.is_empty()
        && let Some(message) = says_nothing(expr, role)
    {
        complaints.push(Complaint::new(expr.span.clone(), message, "the same whatever the artifact does"));
    }
    match expr {
        Some(expr) if complaints.is_empty() => Ok(expr),
        _ => {
            complaints.sort_by_key(|complaint| complaint.span.start);
            Err(complaints)
        }
    }
}

fn says_nothing(expr: &Expr, role: Role) -> Option<&'static str> {
    match role {
        Role::Ensures if !mentions(expr, &|kind| matches!(kind, Kind::Result | Kind::Call(..))) => {
            Some("the property says nothing about the artifact: it uses neither `result` nor an export")
        }
        Role::Holds if !mentions(expr, &|kind| matches!(kind, Kind::Param(AFTER))) => {
            Some("the invariant says nothing about what a run changed: it does not use `after`")
        }
        _ => None,
    }
}

fn mentions(expr: &Expr, wanted: &dyn Fn(&Kind) -> bool) -> bool {
    wanted(&expr.kind) || expr.parts().into_iter().any(|part| mentions(part, wanted))
}

struct Checker<'a> {
    syntax: &'a Syntax,
    exports: &'a [Arc<Function>],
    function: &'a Function,
    role: Role,
    /// Variables of the loops around, the outermost first.
    locals: Vec<(String, Shape)>,
    complaints: Vec<Complaint>,
}

impl Checker<'_> {
    /// Checks one node. `hint` is the type it will be held against, which gives map literals their meaning.
    fn expr(&mut self, node: &IdedExpr, hint: Option<&Shape>) -> Option<Expr> {
        let span = self.syntax.span(node);
        let made = |kind, shape| Some(Expr { kind, shape, span: span.clone() });
        match &node.expr {
            Parsed::Literal(literal) => self.literal(literal, span, hint),
            Parsed::Ident(name) => self.variable(name, span),
            Parsed::Select(select) => self.select(select, span),
            Parsed::List(list) => {
                let (elements, shape) = self.list(&list.elements, hint)?;
                made(Kind::List(elements), shape)
            }
            Parsed::Map(map) => self.map(map, span, hint),
            Parsed::Call(call) => match (call.func_name.as_str(), &call.target, call.args.as_slice()) {
                (operators::INDEX, None, [list, index]) => self.index(list, index, span),
                (operators::CONDITIONAL, None, [condition, then, otherwise]) => {
                    self.conditional(condition, then, otherwise, span, hint)
                }
                (name, None, [part]) if name == operators::LOGICAL_NOT || name == operators::NEGATE => {
                    self.unary(name, part, span)
                }
                (name, None, [left, right]) if operations::is_binary(name) => self.binary(name, left, right, span),
                _ => self.call(call, span),
            },
            Parsed::Struct(strct) => self.refuse(
                Complaint::new(
                    span,
                    format!("contracts have no message type `{}`", strct.type_name),
                    "a message literal",
                )
                .help("write records as maps: `{'field': value}`"),
            ),
            Parsed::Comprehension(_) | Parsed::Unspecified => {
                self.refuse(Complaint::new(span, "not an expression that contracts have", "here"))
            }
        }
    }

    fn refuse<T>(&mut self, complaint: Complaint) -> Option<T> {
        self.complaints.push(complaint);
        None
    }

    /// The expression, if it is a condition.
    fn condition(&mut self, expr: Expr, what: &str) -> Option<Expr> {
        if expr.shape == Shape::Bool {
            return Some(expr);
        }
        let message = format!("{what} must be a condition, but this is `{}`", expr.shape);
        let complaint = Complaint::new(expr.span, message, format!("`{}`, not `bool`", expr.shape));
        let complaint = match expr.shape {
            Shape::Option(_) | Shape::Result(..) | Shape::Variant(_) => {
                complaint.help("ask with `has(….some)`, `has(….ok)` or `has(….case)`")
            }
            _ => complaint.help("compare it with something, such as `… == 0`"),
        };
        self.refuse(complaint)
    }

    fn variable(&mut self, name: &str, span: Range<usize>) -> Option<Expr> {
        if let Some((depth, (_, shape))) = self.locals.iter().enumerate().rev().find(|(_, (local, _))| local == name) {
            return Some(Expr { kind: Kind::Local(depth), shape: shape.clone(), span });
        }
        if name == "result" {
            return self.result(span);
        }
        let found = self.function.params.iter().enumerate().find(|(_, (param, _))| names::variable(param) == name);
        if let Some((index, (_, ty))) = found {
            return Some(Expr { kind: Kind::Param(index), shape: Shape::of(ty), span });
        }
        let complaint = Complaint::new(span, format!("there is no `{name}` here"), "unknown name");
        let complaint = match self.near(name) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None => complaint.help(format!("known here: {}", self.known().join(", "))),
        };
        self.refuse(complaint)
    }

    fn result(&mut self, span: Range<usize>) -> Option<Expr> {
        let name = self.function.full_name();
        match &self.function.result {
            _ if self.role != Role::Ensures => {
                let message = format!("`result` is not known in `{}`", self.role.key());
                self.refuse(Complaint::new(span, message, "not known before the call").help(format!(
                    "`{}` is over {}; `ensures` is over the result too",
                    self.role.key(),
                    if self.role == Role::Holds { "`before` and `after`" } else { "the parameters" }
                )))
            }
            Some(ty) => Some(Expr { kind: Kind::Result, shape: Shape::of(ty), span }),
            None => self.refuse(
                Complaint::new(span, format!("`{name}` returns nothing"), "there is no result")
                    .help("call an export to see an effect"),
            ),
        }
    }

    fn known(&self) -> Vec<String> {
        let locals = self.locals.iter().rev().map(|(name, _)| name.clone());
        let params = self.function.params.iter().map(|(name, _)| names::variable(name));
        let result = (self.role == Role::Ensures && self.function.result.is_some()).then(|| "result".to_owned());
        locals.chain(params).chain(result).map(|name| format!("`{name}`")).collect()
    }

    fn near(&self, name: &str) -> Option<String> {
        let known: Vec<String> = self.known().iter().map(|known| known.trim_matches('`').to_owned()).collect();
        nearest(name, known.iter().map(String::as_str)).map(str::to_owned)
    }

    fn select(&mut self, select: &SelectExpr, span: Range<usize>) -> Option<Expr> {
        let operand = self.expr(&select.operand, None)?;
        self.member(operand, &select.field, span, Member::Value)
    }

    /// A field, payload or flag by the name that CEL has for it.
    fn member(&mut self, operand: Expr, name: &str, span: Range<usize>, asked: Member) -> Option<Expr> {
        let shape = operand.shape.clone();
        let made = |kind: Kind, shape: Shape| Some(Expr { kind, shape, span: span.clone() });
        if let Some(cases) = shape.cases() {
            let found = (0_u32..).zip(&cases).find(|(_, (case, _))| same_name(case, name));
            let Some((index, (_, payload))) = found else {
                return self.no_member(&shape, "case", name, cases.iter().map(|(case, _)| case.as_str()), span);
            };
            return match asked {
                Member::Has => made(Kind::Has(Box::new(operand), index), Shape::Bool),
                Member::Value => made(Kind::Payload(Box::new(operand), index), payload.clone().unwrap_or(Shape::Bool)),
            };
        }
        match &shape {
            Shape::Record(ty) => {
                let found = ty.fields.iter().enumerate().find(|(_, (field, _))| same_name(field, name));
                let Some((index, (_, field))) = found else {
                    return self.no_member(
                        &shape,
                        "field",
                        name,
                        ty.fields.iter().map(|(field, _)| field.as_str()),
                        span,
                    );
                };
                if asked == Member::Has {
                    return self.always(&shape, span);
                }
                made(Kind::Field(Box::new(operand), index), Shape::of(field))
            }
            Shape::Flags(ty) => {
                let Some((index, _)) = (0_u32..).zip(&ty.names).find(|(_, flag)| same_name(flag, name)) else {
                    return self.no_member(&shape, "flag", name, ty.names.iter().map(String::as_str), span);
                };
                if asked == Member::Has {
                    return self.always(&shape, span);
                }
                made(Kind::Flag(Box::new(operand), index), Shape::Bool)
            }
            other => {
                let complaint =
                    Complaint::new(span, format!("`{other}` has no fields"), format!("no `{name}` in `{other}`"));
                let complaint = match other {
                    Shape::List(_) | Shape::Tuple(_) => complaint.help("take an element with `[0]`"),
                    _ => complaint,
                };
                self.refuse(complaint)
            }
        }
    }

    fn always(&mut self, shape: &Shape, span: Range<usize>) -> Option<Expr> {
        let message = format!("`has` is always true of `{shape}`, which has all of its fields");
        self.refuse(
            Complaint::new(span, message, "always true")
                .help("use the field itself; for a field that is an option, ask `has(….field.some)`"),
        )
    }

    fn no_member<'b>(
        &mut self,
        shape: &Shape,
        kind: &str,
        name: &str,
        known: impl Iterator<Item = &'b str>,
        span: Range<usize>,
    ) -> Option<Expr> {
        let known: Vec<String> = known.map(names::field).collect();
        let complaint = Complaint::new(span, format!("`{shape}` has no {kind} `{name}`"), format!("unknown {kind}"));
        let complaint = match nearest(name, known.iter().map(String::as_str)) {
            Some(near) => complaint.help(format!("did you mean `{near}`?")),
            None => complaint.help(format!("it has {}", quoted(&known))),
        };
        self.refuse(complaint)
    }

    fn index(&mut self, list: &IdedExpr, index: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let list_expr = self.expr(list, None)?;
        if let Parsed::Literal(LiteralValue::String(name)) = &index.expr
            && !matches!(list_expr.shape, Shape::List(_) | Shape::Tuple(_))
        {
            return self.member(list_expr, name.inner(), span, Member::Value);
        }
        let index_expr = self.expr(index, None)?;
        match &list_expr.shape {
            Shape::List(element) if matches!(index_expr.shape, Shape::Int | Shape::Uint) => {
                let shape = (**element).clone();
                Some(Expr { kind: Kind::Index(Box::new(list_expr), Box::new(index_expr)), shape, span })
            }
            Shape::List(_) => {
                let message = format!("a list is indexed by a whole number, not by `{}`", index_expr.shape);
                self.refuse(Complaint::new(index_expr.span, message, format!("`{}`", index_expr.shape)))
            }
            Shape::Tuple(elements) => {
                let nth = match index_expr.kind {
                    Kind::Int(nth) => usize::try_from(nth).ok(),
                    Kind::Uint(nth) => usize::try_from(nth).ok(),
                    _ => None,
                };
                match nth.and_then(|nth| elements.get(nth).map(|shape| (nth, shape.clone()))) {
                    Some((nth, shape)) => Some(Expr { kind: Kind::Field(Box::new(list_expr), nth), shape, span }),
                    None => {
                        let most = elements.len().saturating_sub(1);
                        let message = format!("a tuple of {} is indexed by a number from 0 to {most}", elements.len());
                        self.refuse(Complaint::new(index_expr.span, message, "not such a number"))
                    }
                }
            }
            other => {
                let complaint = Complaint::new(span, format!("`{other}` can't be indexed"), format!("`{other}`"));
                self.refuse(complaint)
            }
        }
    }

    fn conditional(
        &mut self,
        condition: &IdedExpr,
        then: &IdedExpr,
        otherwise: &IdedExpr,
        span: Range<usize>,
        hint: Option<&Shape>,
    ) -> Option<Expr> {
        let condition = self.expr(condition, None).and_then(|expr| self.condition(expr, "what stands before `?`"));
        // A case of an enum beside any other string makes a string, so an enum is no hint here.
        let (then, otherwise) = self.pair(then, otherwise, hint, |shape| !matches!(shape, Shape::Enum(_)));
        let (then, otherwise) = (then?, otherwise?);
        let Some(shape) = joined(&then.shape, &otherwise.shape) else {
            let message =
                format!("the two sides of `:` are of different types, `{}` and `{}`", then.shape, otherwise.shape);
            return self.refuse(Complaint::new(span, message, "must have one type"));
        };
        let kind = Kind::If(Box::new(condition?), Box::new(then), Box::new(otherwise));
        Some(Expr { kind, shape, span })
    }

    /// Checks two nodes that are held against each other: the one that needs no hint first. Without an outer hint, its
    /// type is the other's hint if it is a `useful` one.
    fn pair(
        &mut self,
        left: &IdedExpr,
        right: &IdedExpr,
        hint: Option<&Shape>,
        useful: impl Fn(&Shape) -> bool,
    ) -> (Option<Expr>, Option<Expr>) {
        let reversed = needs_hint(left) && !needs_hint(right);
        let (first, second) = if reversed { (right, left) } else { (left, right) };
        let first = self.expr(first, hint);
        let found = first.as_ref().map(|expr| &expr.shape).filter(|shape| useful(shape)).cloned();
        let second = self.expr(second, hint.or(found.as_ref()));
        if reversed { (second, first) } else { (first, second) }
    }

    fn map(&mut self, map: &MapExpr, span: Range<usize>, hint: Option<&Shape>) -> Option<Expr> {
        let mut entries = Vec::with_capacity(map.entries.len());
        for entry in &map.entries {
            let EntryExpr::MapEntry(entry) = &entry.expr else { continue };
            let Parsed::Literal(LiteralValue::String(key)) = &entry.key.expr else {
                let at = self.syntax.span(&entry.key);
                return self.refuse(Complaint::new(at, "the keys of a map are names in quotes", "not such a name"));
            };
            entries.push((key.inner().to_owned(), self.syntax.span(&entry.key), &entry.value));
        }
        match hint {
            Some(shape @ (Shape::Record(_) | Shape::Flags(_))) => self.record(&entries, shape, span),
            Some(shape) if shape.cases().is_some() => self.case(&entries, shape, span),
            Some(shape) if *shape != Shape::Nothing => {
                let message = format!("a map stands for a record, variant, option, result or flags, not for `{shape}`");
                self.refuse(Complaint::new(span, message, format!("`{shape}` is needed here")))
            }
            _ => self.refuse(
                Complaint::new(span, "it is not clear what this map stands for", "a record, a variant, flags?")
                    .help("use it as an argument of an export, or compare it with a value of its type"),
            ),
        }
    }
}

/// What is asked of a member.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Member {
    Value,
    Has,
}

fn same_name(wit: &str, cel: &str) -> bool {
    wit == cel || names::field(wit) == cel
}

fn quoted(names: &[String]) -> String {
    names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ")
}

/// Whether what a node means depends on what it is held against: a map may be a record, a list a tuple, a string a case.
fn needs_hint(node: &IdedExpr) -> bool {
    match &node.expr {
        Parsed::Map(_) | Parsed::List(_) | Parsed::Literal(LiteralValue::String(_)) => true,
        Parsed::Call(call) if call.func_name == operators::CONDITIONAL => call.args.iter().skip(1).any(needs_hint),
        _ => false,
    }
}

/// The type that stands for both.
fn joined(a: &Shape, b: &Shape) -> Option<Shape> {
    match (a, b) {
        (Shape::List(a), Shape::List(b)) => joined(a, b).map(|element| Shape::List(Arc::new(element))),
        (Shape::Enum(_), Shape::String) | (Shape::String, Shape::Enum(_)) => Some(Shape::String),
        (Shape::Nothing, other) | (other, Shape::Nothing) => Some(other.clone()),
        (Shape::Enum(one), Shape::Enum(other)) if one.cases != other.cases => Some(Shape::String),
        _ if a.fits(b) => Some(b.clone()),
        _ if b.fits(a) => Some(a.clone()),
        _ => None,
    }
}
