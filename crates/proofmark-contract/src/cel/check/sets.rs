//! CEL's extension `sets`: `sets.contains(list, part)` and its like, in time that grows with the lists, not their product.
//!
//! Source: <https://pkg.go.dev/github.com/google/cel-go/ext#Sets>.

use std::ops::Range;

use cel::common::ast::{Expr as Parsed, IdedExpr};

use super::Checker;
use crate::cel::syntax::Complaint;
use crate::cel::typed::{Expr, Kind, Sets, Shape};
use crate::problem::nearest;

const LIBRARY: &str = "sets";
const FUNCTIONS: [(&str, Sets); 3] =
    [("contains", Sets::Contains), ("equivalent", Sets::Equivalent), ("intersects", Sets::Intersects)];

impl Checker<'_> {
    /// Whether a call's target is the library, and no variable of that name.
    pub(super) fn is_sets(&self, target: &IdedExpr) -> bool {
        matches!(&target.expr, Parsed::Ident(name) if name == LIBRARY) && !self.is_variable(LIBRARY)
    }

    pub(super) fn sets(&mut self, name: &str, args: &[IdedExpr], span: Range<usize>) -> Option<Expr> {
        let Some((_, sets)) = FUNCTIONS.iter().find(|(known, _)| *known == name) else {
            let complaint =
                Complaint::new(span, format!("there is no function `{LIBRARY}.{name}`"), "unknown function");
            let names = FUNCTIONS.map(|(name, _)| name);
            return self.refuse(match nearest(name, names) {
                Some(near) => complaint.help(format!("did you mean `{LIBRARY}.{near}`?")),
                None => {
                    complaint.help(format!("there are {}", names.map(|name| format!("`{LIBRARY}.{name}`")).join(", ")))
                }
            });
        };
        let shown = format!("{LIBRARY}.{name}");
        let [left, right] = args else { return self.count(&shown, 2, args.len(), span) };
        let (left, right) = self.pair(left, right, None, |_| true);
        let left = left.and_then(|left| self.set(left, &shown));
        let right = right.and_then(|right| self.set(right, &shown));
        let (left, right) = (left?, right?);
        if !left.shape.comparable(&right.shape) {
            let message = format!("no element of `{}` equals one of `{}`", left.shape, right.shape);
            return self.refuse(Complaint::new(span, message, "lists of different types"));
        }
        Some(Expr { kind: Kind::Sets(*sets, Box::new(left), Box::new(right)), shape: Shape::Bool, span })
    }

    fn set(&mut self, expr: Expr, name: &str) -> Option<Expr> {
        if matches!(expr.shape, Shape::List(_)) {
            return Some(expr);
        }
        let message = format!("`{name}` compares lists, but this is `{}`", expr.shape);
        self.refuse(Complaint::new(expr.span, message, format!("`{}`, not a list", expr.shape)))
    }
}
