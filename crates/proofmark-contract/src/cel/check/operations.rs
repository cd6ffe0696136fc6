//! Operators: logic, equality, order, arithmetic, `in`.

use std::ops::Range;
use std::sync::Arc;

use cel::common::ast::{IdedExpr, operators};

use super::literals::with_numbers;
use super::{Checker, Member, joined};
use crate::cel::syntax::Complaint;
use crate::cel::typed::{Comparison, Expr, Kind, Operator, Shape};

const SIGNS: [(&str, &str); 14] = [
    (operators::LOGICAL_AND, "&&"),
    (operators::LOGICAL_OR, "||"),
    (operators::EQUALS, "=="),
    (operators::NOT_EQUALS, "!="),
    (operators::LESS, "<"),
    (operators::LESS_EQUALS, "<="),
    (operators::GREATER, ">"),
    (operators::GREATER_EQUALS, ">="),
    (operators::ADD, "+"),
    (operators::SUBSTRACT, "-"),
    (operators::MULTIPLY, "*"),
    (operators::DIVIDE, "/"),
    (operators::MODULO, "%"),
    (operators::IN, "in"),
];

pub(super) fn is_binary(name: &str) -> bool {
    SIGNS.iter().any(|(known, _)| *known == name)
}

impl Checker<'_> {
    pub(super) fn unary(&mut self, name: &str, node: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let part = self.expr(node, None)?;
        if name == operators::LOGICAL_NOT {
            let part = self.condition(part, "what `!` turns around")?;
            return Some(Expr { kind: Kind::Not(Box::new(part)), shape: Shape::Bool, span });
        }
        match part.shape {
            Shape::Int | Shape::Double => {
                let shape = part.shape.clone();
                Some(Expr { kind: Kind::Negate(Box::new(part)), shape, span })
            }
            Shape::Uint => {
                let complaint = Complaint::new(part.span, "an unsigned number has no negative", "`uint`");
                self.refuse(complaint.help("convert it with `int(…)` first"))
            }
            shape => self.refuse(Complaint::new(part.span, format!("`{shape}` has no negative"), format!("`{shape}`"))),
        }
    }

    pub(super) fn binary(&mut self, name: &str, left: &IdedExpr, right: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let sign = SIGNS.iter().find(|(known, _)| *known == name).map(|(_, sign)| *sign)?;
        match sign {
            "&&" | "||" => self.logic(sign, left, right, span),
            "in" => self.membership(left, right, span),
            "==" | "!=" => {
                let (left, right) = self.pair(left, right, None, |_| true);
                self.equality(sign, left?, right?, span)
            }
            "<" | "<=" | ">" | ">=" => {
                let (left, right) = (self.expr(left, None), self.expr(right, None));
                self.order(sign, left?, right?, span)
            }
            _ => {
                let (left, right) = self.pair(left, right, None, |shape| matches!(shape, Shape::List(_)));
                self.arithmetic(sign, left?, right?, span)
            }
        }
    }

    fn logic(&mut self, sign: &str, left: &IdedExpr, right: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let what = format!("each side of `{sign}`");
        let left = self.expr(left, None).and_then(|expr| self.condition(expr, &what));
        let right = self.expr(right, None).and_then(|expr| self.condition(expr, &what));
        let (left, right) = (Box::new(left?), Box::new(right?));
        let kind = if sign == "&&" { Kind::And(left, right) } else { Kind::Or(left, right) };
        Some(Expr { kind, shape: Shape::Bool, span })
    }

    fn equality(&mut self, sign: &str, left: Expr, right: Expr, span: Range<usize>) -> Option<Expr> {
        if !left.shape.comparable(&right.shape) {
            return self.mismatch(sign, "compares", &left, &right, span);
        }
        let (left, right) = (Box::new(left), Box::new(right));
        let kind = if sign == "==" { Kind::Equal(left, right) } else { Kind::Unequal(left, right) };
        Some(Expr { kind, shape: Shape::Bool, span })
    }

    fn order(&mut self, sign: &str, left: Expr, right: Expr, span: Range<usize>) -> Option<Expr> {
        let numbers = left.shape.is_number() && right.shape.is_number();
        let same = left.shape == right.shape && matches!(left.shape, Shape::String | Shape::Bool);
        if !numbers && !same {
            return if left.shape == right.shape {
                let message = format!("values of `{}` have no order", left.shape);
                self.refuse(Complaint::new(span, message, format!("`{sign}` is for numbers, strings and bool")))
            } else {
                self.mismatch(sign, "compares", &left, &right, span)
            };
        }
        let comparison = match sign {
            "<" => Comparison::Less,
            "<=" => Comparison::LessOrEqual,
            ">" => Comparison::Greater,
            _ => Comparison::GreaterOrEqual,
        };
        Some(Expr { kind: Kind::Compare(comparison, Box::new(left), Box::new(right)), shape: Shape::Bool, span })
    }

    fn arithmetic(&mut self, sign: &str, left: Expr, right: Expr, span: Range<usize>) -> Option<Expr> {
        let shape = left.shape.clone();
        if sign == "+" && shape.is_text() && right.shape.is_text() {
            return Some(Expr { kind: Kind::Concat(Box::new(left), Box::new(right)), shape: Shape::String, span });
        }
        if sign == "+"
            && let (Shape::List(_), Shape::List(_)) = (&shape, &right.shape)
        {
            let Some(shape) = joined(&shape, &right.shape) else {
                return self.mismatch(sign, "joins", &left, &right, span);
            };
            return Some(Expr { kind: Kind::Concat(Box::new(left), Box::new(right)), shape, span });
        }
        if !shape.is_number() || shape != right.shape {
            return self.mismatch(sign, "takes two numbers of one type; here it has", &left, &right, span);
        }
        let operator = match sign {
            "+" => Operator::Add,
            "-" => Operator::Subtract,
            "*" => Operator::Multiply,
            "/" => Operator::Divide,
            _ if shape == Shape::Double => {
                return self.refuse(Complaint::new(span, "`%` is for whole numbers", "`double`"));
            }
            _ => Operator::Remainder,
        };
        Some(Expr { kind: Kind::Arithmetic(operator, Box::new(left), Box::new(right)), shape, span })
    }

    fn membership(&mut self, left: &IdedExpr, right: &IdedExpr, span: Range<usize>) -> Option<Expr> {
        let element = |shape: &Shape| match shape {
            Shape::List(element) => (**element).clone(),
            _ => Shape::Nothing,
        };
        let (left, right) = if super::needs_hint(left) {
            let right = self.expr(right, None);
            let hint = right.as_ref().map(|expr| element(&expr.shape)).filter(|shape| *shape != Shape::Nothing);
            (self.expr(left, hint.as_ref()), right)
        } else {
            let left = self.expr(left, None);
            let hint = left.as_ref().map(|expr| Shape::List(Arc::new(expr.shape.clone())));
            (left, self.expr(right, hint.as_ref()))
        };
        let (left, right) = (left?, right?);
        if let (Kind::Text(name), true) = (&left.kind, right.shape.cases().is_some()) {
            let name = name.clone();
            return self.member(right, &name, span, Member::Has);
        }
        match &right.shape {
            Shape::List(element) if left.shape.comparable(element) => {
                Some(Expr { kind: Kind::In(Box::new(left), Box::new(right)), shape: Shape::Bool, span })
            }
            Shape::List(element) => {
                let message = format!("a list of `{element}` never holds a `{}`", left.shape);
                self.refuse(with_numbers(
                    Complaint::new(span, message, format!("`{}` in `{}`", left.shape, right.shape)),
                    element,
                    &left,
                ))
            }
            Shape::String => {
                let complaint = Complaint::new(span, "`in` looks into lists, not into strings", "a string");
                self.refuse(complaint.help("write `text.contains(part)`"))
            }
            other => {
                let complaint = Complaint::new(
                    right.span,
                    format!("`in` looks into lists, not into `{other}`"),
                    format!("`{other}`"),
                );
                self.refuse(complaint)
            }
        }
    }

    fn mismatch(&mut self, sign: &str, does: &str, left: &Expr, right: &Expr, span: Range<usize>) -> Option<Expr> {
        let message = format!("`{sign}` {does} `{}` with `{}`", left.shape, right.shape);
        let message = if does.ends_with("has") {
            format!("`{sign}` {does} `{}` and `{}`", left.shape, right.shape)
        } else {
            message
        };
        let label = format!("`{}` {sign} `{}`", left.shape, right.shape);
        let complaint = Complaint::new(span, message, label);
        let literal = |expr: &Expr| matches!(expr.kind, Kind::Int(_) | Kind::Uint(_) | Kind::Double(_));
        let complaint = if literal(left) && !literal(right) {
            with_numbers(complaint, &right.shape, left)
        } else {
            with_numbers(complaint, &left.shape, right)
        };
        let cased = |shape: &Shape| shape.cases().is_some();
        self.refuse(if cased(&left.shape) != cased(&right.shape) {
            complaint.help("ask for the case with `has(value.case)`, then compare `value.case`")
        } else {
            complaint
        })
    }
}
