//! Literals: scalars, lists, and maps that stand for records, cases and flags.

use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{Expr as Parsed, IdedExpr, LiteralValue};

use super::{Checker, joined, quoted, same_name};
use crate::cel::names;
use crate::cel::syntax::Complaint;
use crate::cel::typed::{Expr, Kind, Shape};
use crate::problem::nearest;

/// An entry of a map literal: its key, the key's span, the value.
pub(super) type Entry<'a> = (String, Range<usize>, &'a IdedExpr);

impl Checker<'_> {
    pub(super) fn literal(&mut self, literal: &LiteralValue, span: Range<usize>, hint: Option<&Shape>) -> Option<Expr> {
        let (kind, shape) = match literal {
            LiteralValue::Boolean(value) => (Kind::Bool(value.into_inner()), Shape::Bool),
            LiteralValue::Int(value) => (Kind::Int(value.into_inner()), Shape::Int),
            LiteralValue::UInt(value) => (Kind::Uint(*value.inner()), Shape::Uint),
            LiteralValue::Double(value) => (Kind::Double(value.into_inner()), Shape::Double),
            LiteralValue::String(text) => return self.text(text.inner(), span, hint),
            LiteralValue::Bytes(_) => {
                let complaint = Complaint::new(span, "contracts have no bytes", "a bytes literal");
                return self.refuse(complaint.help("write a list of numbers, such as `[104u, 105u]`"));
            }
            LiteralValue::Null => {
                let complaint = Complaint::new(span, "contracts have no null", "null");
                return self.refuse(complaint.help("ask an option with `has(….some)`"));
            }
        };
        Some(Expr { kind, shape, span })
    }

    fn text(&mut self, text: &str, span: Range<usize>, hint: Option<&Shape>) -> Option<Expr> {
        if let Some(Shape::Enum(ty)) = hint {
            if !ty.cases.iter().any(|case| case == text) {
                let name = ty.name.as_deref().unwrap_or("the enum");
                let complaint = Complaint::new(span, format!("`{text}` is not a case of `{name}`"), "unknown case");
                return self.refuse(match nearest(text, ty.cases.iter().map(String::as_str)) {
                    Some(near) => complaint.help(format!("did you mean `{near}`?")),
                    None => complaint.help(format!("its cases are {}", quoted(&ty.cases))),
                });
            }
            return Some(Expr { kind: Kind::Text(text.to_owned()), shape: Shape::Enum(Arc::clone(ty)), span });
        }
        Some(Expr { kind: Kind::Text(text.to_owned()), shape: Shape::String, span })
    }

    /// The elements of a list literal and the type of the list: a tuple where a tuple of that length is needed.
    pub(super) fn list(&mut self, nodes: &[IdedExpr], hint: Option<&Shape>) -> Option<(Vec<Expr>, Shape)> {
        if let Some(Shape::Tuple(shapes)) = hint
            && shapes.len() == nodes.len()
        {
            let checked = nodes.iter().zip(shapes.iter()).map(|(node, shape)| self.expr(node, Some(shape)));
            let elements: Vec<Expr> = checked.collect::<Vec<_>>().into_iter().collect::<Option<_>>()?;
            let shape = Shape::Tuple(elements.iter().map(|element| element.shape.clone()).collect());
            return Some((elements, shape));
        }
        let wanted = match hint {
            Some(Shape::List(element)) if **element != Shape::Nothing => Some((**element).clone()),
            _ => None,
        };
        let mut elements: Vec<Option<Expr>> = Vec::with_capacity(nodes.len());
        let mut shape = Shape::Nothing;
        for node in nodes {
            let hint = wanted.clone().or_else(|| (shape != Shape::Nothing).then(|| shape.clone()));
            let element = self.expr(node, hint.as_ref());
            if let Some(element) = &element {
                match joined(&shape, &element.shape) {
                    Some(both) => shape = both,
                    None => {
                        let message = format!(
                            "the elements of a list have one type, these are `{shape}` and `{}`",
                            element.shape
                        );
                        let complaint = Complaint::new(element.span.clone(), message, format!("`{}`", element.shape));
                        return self.refuse(with_numbers(complaint, &shape, element));
                    }
                }
            }
            elements.push(element);
        }
        let elements = elements.into_iter().collect::<Option<Vec<_>>>()?;
        Some((elements, Shape::List(Arc::new(shape))))
    }

    /// A map with an entry for each field of a record, or for each flag.
    pub(super) fn record(&mut self, entries: &[Entry<'_>], shape: &Shape, span: Range<usize>) -> Option<Expr> {
        let (what, fields): (&str, Vec<(String, Shape)>) = match shape {
            Shape::Record(ty) => ("field", ty.fields.iter().map(|(name, ty)| (name.clone(), Shape::of(ty))).collect()),
            Shape::Flags(ty) => ("flag", ty.names.iter().map(|name| (name.clone(), Shape::Bool)).collect()),
            _ => return None,
        };
        let mut values: Vec<Option<Expr>> = fields.iter().map(|_| None).collect();
        for (key, key_span, node) in entries {
            let Some(index) = fields.iter().position(|(name, _)| same_name(name, key)) else {
                let known = fields.iter().map(|(name, _)| name.as_str());
                return self.no_member(shape, what, key, known, key_span.clone());
            };
            let wanted = fields.get(index).map(|(_, shape)| shape.clone())?;
            let value = self.expr(node, Some(&wanted))?;
            let value = self.fitting(value, &wanted, &format!("{what} `{key}`"))?;
            match values.get_mut(index) {
                Some(slot @ None) => *slot = Some(value),
                _ => {
                    let message = format!("{what} `{key}` is there twice");
                    return self.refuse(Complaint::new(key_span.clone(), message, "again"));
                }
            }
        }
        let missing: Vec<String> = values
            .iter()
            .zip(&fields)
            .filter(|(value, _)| value.is_none())
            .map(|(_, (name, _))| names::field(name))
            .collect();
        if !missing.is_empty() {
            let message = format!("`{shape}` needs {}", quoted(&missing));
            return self.refuse(Complaint::new(span, message, format!("without {}", quoted(&missing))));
        }
        let parts: Vec<Expr> = values.into_iter().flatten().collect();
        let kind = if matches!(shape, Shape::Flags(_)) { Kind::Flags(parts) } else { Kind::Record(parts) };
        Some(Expr { kind, shape: shape.clone(), span })
    }

    /// A map with the one entry that names a case.
    pub(super) fn case(&mut self, entries: &[Entry<'_>], shape: &Shape, span: Range<usize>) -> Option<Expr> {
        let cases = shape.cases()?;
        let known = || cases.iter().map(|(name, _)| name.as_str());
        let [(key, key_span, node)] = entries else {
            let names: Vec<String> = known().map(names::field).collect();
            let complaint = Complaint::new(span, format!("`{shape}` has one case at a time"), "one entry is needed");
            return self.refuse(complaint.help(format!("name one of {}", quoted(&names))));
        };
        let found = (0_u32..).zip(&cases).find(|(_, (name, _))| same_name(name, key));
        let Some((index, (_, payload))) = found else {
            return self.no_member(shape, "case", key, known(), key_span.clone());
        };
        let payload = match payload {
            Some(wanted) => {
                let value = self.expr(node, Some(wanted))?;
                Some(Box::new(self.fitting(value, wanted, &format!("case `{key}`"))?))
            }
            None if matches!(&node.expr, Parsed::Literal(LiteralValue::Boolean(value)) if value.into_inner()) => None,
            None => {
                let at = self.syntax.span(node);
                let complaint = Complaint::new(at, format!("case `{key}` carries nothing"), "a value");
                return self.refuse(complaint.help(format!("write `{{'{key}': true}}`")));
            }
        };
        Some(Expr { kind: Kind::Case(index, payload), shape: shape.clone(), span })
    }

    /// The expression, if a value of `wanted` may stand there.
    pub(super) fn fitting(&mut self, expr: Expr, wanted: &Shape, what: &str) -> Option<Expr> {
        if expr.shape.fits(wanted) {
            return Some(expr);
        }
        let message = format!("{what} is `{wanted}`, but this is `{}`", expr.shape);
        let complaint = Complaint::new(expr.span.clone(), message, format!("`{}`, not `{wanted}`", expr.shape));
        self.refuse(with_numbers(complaint, wanted, &expr))
    }
}

/// A complaint about `expr`, with how to turn it into `wanted` where both are numbers.
pub(super) fn with_numbers(complaint: Complaint, wanted: &Shape, expr: &Expr) -> Complaint {
    let suffix = match (&expr.kind, wanted) {
        (Kind::Int(value @ 0..), Shape::Uint) => Some(format!("{value}u")),
        (Kind::Uint(value), Shape::Int) if i64::try_from(*value).is_ok() => Some(value.to_string()),
        (Kind::Int(value), Shape::Double) => Some(format!("{value}.0")),
        (Kind::Uint(value), Shape::Double) => Some(format!("{value}.0")),
        _ => None,
    };
    match suffix {
        Some(text) => complaint.help(format!("write `{text}`")),
        None if wanted.is_number() && expr.shape.is_number() => {
            complaint.help(format!("convert it with `{wanted}(…)`"))
        }
        None => complaint,
    }
}
