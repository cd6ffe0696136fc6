//! CEL's extension `sets`: `sets.contains(list, part)` and its like, in time that grows with the lists, not their product.
//! And `multisets`, which is ours: the same with how often each element is there.
//!
//! Source: <https://pkg.go.dev/github.com/google/cel-go/ext#Sets>.

use std::ops::Range;

use cel::common::ast::{Expr as Parsed, IdedExpr};

use super::Checker;
use crate::cel::syntax::Complaint;
use crate::cel::typed::{Expr, Kind, Sets, Shape};
use crate::problem::nearest;

/// The functions of one name.
pub(super) struct Library {
    name: &'static str,
    functions: &'static [(&'static str, Sets)],
}

const LIBRARIES: [Library; 2] = [
    Library {
        name: "sets",
        functions: &[("contains", Sets::Contains), ("equivalent", Sets::Equivalent), ("intersects", Sets::Intersects)],
    },
    Library {
        name: "multisets",
        functions: &[("contains", Sets::ContainsCounted), ("equivalent", Sets::EquivalentCounted)],
    },
];

impl Checker<'_> {
    /// The library that a call's target is, if no variable has its name.
    pub(super) fn library(&self, target: &IdedExpr) -> Option<&'static Library> {
        let Parsed::Ident(name) = &target.expr else { return None };
        LIBRARIES.iter().find(|library| library.name == name && !self.is_variable(name))
    }

    pub(super) fn sets(
        &mut self,
        library: &Library,
        name: &str,
        args: &[IdedExpr],
        span: Range<usize>,
    ) -> Option<Expr> {
        let shown = format!("{}.{name}", library.name);
        let Some((_, sets)) = library.functions.iter().find(|(known, _)| *known == name) else {
            let complaint = Complaint::new(span, format!("there is no function `{shown}`"), "unknown function");
            let full = |name: &str| format!("`{}.{name}`", library.name);
            let names = library.functions.iter().map(|(name, _)| *name);
            return self.refuse(match nearest(name, names.clone()) {
                Some(near) => complaint.help(format!("did you mean {}?", full(near))),
                None => complaint.help(format!("there are {}", names.map(full).collect::<Vec<_>>().join(", "))),
            });
        };
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
