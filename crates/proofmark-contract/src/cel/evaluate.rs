//! Evaluates typed trees with CEL's semantics, in a bounded number of steps.
//!
//! Source of the semantics: <https://github.com/google/cel-spec/blob/master/doc/langdef.md>. An artifact chooses how
//! large its results are, so the work is counted: what exceeds [`STEPS_MAX`] (of an invariant, a number that grows with the trees) ends in an error, never in a long wait.

use std::ops::Range;
use std::rc::Rc;
use std::sync::Arc;

use super::Exports;
use super::item::{Item, Number};
use super::typed::{Comparison, Expr, Kind, Loop, Operator, Search, Shape};
use crate::interface::Function;
use crate::value::Value;

mod convert;
mod sets;

/// Steps of one evaluation: about one for each operation, element or 16 bytes of text that is looked at.
pub(crate) const STEPS_MAX: u64 = 2_000_000;
/// Steps that a call of an export counts for.
const STEPS_OF_A_CALL: usize = 1000;

/// Why there is no answer, and where in the expression.
#[derive(Debug)]
pub(super) struct Fault {
    pub(super) why: Why,
    pub(super) span: Range<usize>,
}

#[derive(Debug)]
pub(super) enum Why {
    Steps,
    Overflow,
    ByZero,
    /// An index, and the size of the list.
    Outside(String, usize),
    /// The value has another case.
    OtherCase,
    Unordered,
    Conversion(String),
    /// An export and why there is no result.
    Trapped(String, String),
    Missing(&'static str),
}

impl Fault {
    /// Faults that no `||` or `&&` absorbs.
    fn is_final(&self) -> bool {
        matches!(self.why, Why::Steps | Why::Missing(_))
    }
}

type Answer<'a> = Result<Item<'a>, Box<Fault>>;

/// One evaluation.
pub(super) struct Evaluation<'a> {
    pub(super) arguments: &'a [Value],
    pub(super) result: Option<&'a Value>,
    pub(super) exports: &'a dyn Exports,
    pub(super) steps: u64,
    pub(super) steps_max: u64,
    pub(super) locals: Vec<Item<'a>>,
}

fn fault<T>(why: Why, expr: &Expr) -> Result<T, Box<Fault>> {
    Err(Box::new(Fault { why, span: expr.span.clone() }))
}

impl<'a> Evaluation<'a> {
    /// Counts steps; `false` once there are too many.
    fn count(&mut self, steps: usize) -> bool {
        self.steps = self.steps.saturating_add(steps as u64);
        self.steps <= self.steps_max
    }

    fn spend(&mut self, steps: usize, expr: &Expr) -> Result<(), Box<Fault>> {
        if self.count(steps) { Ok(()) } else { fault(Why::Steps, expr) }
    }

    pub(super) fn eval(&mut self, expr: &'a Expr) -> Answer<'a> {
        self.spend(1, expr)?;
        match &expr.kind {
            Kind::Bool(value) => Ok(Item::Bool(*value)),
            Kind::Int(value) => Ok(Item::Int(*value)),
            Kind::Uint(value) => Ok(Item::Uint(*value)),
            Kind::Double(value) => Ok(Item::Double(*value)),
            Kind::Text(text) => Ok(Item::Str(text)),
            Kind::Param(index) => match self.arguments.get(*index) {
                Some(value) => Ok(Item::of(value)),
                None => fault(Why::Missing("argument"), expr),
            },
            Kind::Result => match self.result {
                Some(value) => Ok(Item::of(value)),
                None => fault(Why::Missing("result"), expr),
            },
            Kind::Local(index) => match self.locals.get(*index) {
                Some(item) => Ok(item.clone()),
                None => fault(Why::Missing("variable"), expr),
            },
            Kind::List(parts) | Kind::Record(parts) => Ok(Item::Items(self.all(parts)?.into())),
            Kind::Case(case, payload) => {
                let payload = payload.as_deref().map(|payload| self.eval(payload)).transpose()?;
                Ok(Item::Case(*case, payload.map(Rc::new)))
            }
            Kind::Flags(parts) => self.flags(parts),
            Kind::Field(of, index) => match self.eval(of)?.get(*index) {
                Some(item) => Ok(item),
                None => fault(Why::Missing("field"), expr),
            },
            Kind::Has(of, case) => Ok(Item::Bool(self.eval(of)?.case().is_some_and(|(found, _)| found == *case))),
            Kind::Payload(of, case) => match self.eval(of)?.case() {
                Some((found, payload)) if found == *case => Ok(payload.unwrap_or(Item::Bool(true))),
                _ => fault(Why::OtherCase, expr),
            },
            Kind::Flag(of, index) => match self.eval(of)? {
                Item::Flags(bits) => Ok(Item::Bool(bits.checked_shr(*index).unwrap_or(0) & 1 == 1)),
                _ => fault(Why::Missing("flag"), expr),
            },
            Kind::Index(list, index) => self.index(list, index, expr),
            Kind::Not(part) => Ok(Item::Bool(!self.eval(part)?.is_true())),
            Kind::And(left, right) => self.logic(left, right, false),
            Kind::Or(left, right) => self.logic(left, right, true),
            Kind::If(condition, then, otherwise) => {
                let chosen = if self.eval(condition)?.is_true() { then } else { otherwise };
                self.eval(chosen)
            }
            Kind::Equal(left, right) => self.equal(left, right, expr).map(Item::Bool),
            Kind::Unequal(left, right) => self.equal(left, right, expr).map(|equal| Item::Bool(!equal)),
            Kind::Compare(comparison, left, right) => self.compare(*comparison, left, right, expr),
            Kind::Negate(part) => self.negate(part, expr),
            Kind::Arithmetic(operator, left, right) => {
                let (left, right) = (self.eval(left)?, self.eval(right)?);
                arithmetic(*operator, &left, &right, expr)
            }
            Kind::Concat(left, right) => self.concat(left, right, expr),
            Kind::In(element, list) => self.contains(element, list, expr),
            Kind::Size(part) => {
                let item = self.eval(part)?;
                let size = if part.shape.is_text() { self.characters(&item, expr)? } else { item.len() };
                Ok(Item::Int(i64::try_from(size).unwrap_or(i64::MAX)))
            }
            Kind::Search(search, text, part) => self.search(*search, text, part, expr),
            Kind::Sets(sets, left, right) => self.sets(*sets, left, right, expr),
            Kind::Matches(text, regex) => {
                let item = self.eval(text)?;
                self.spend(item.text(str::len), expr)?;
                Ok(Item::Bool(item.text(|text| regex.is_match(text))))
            }
            Kind::Convert(part) => {
                let item = self.eval(part)?;
                self.spend(item.text(str::len) / 16, expr)?;
                convert::convert(&item, &expr.shape).or_else(|why| fault(Why::Conversion(why), expr))
            }
            Kind::Loop(kind, over, body) => self.looped(*kind, over, body, expr),
            Kind::Map { over, filter, to } => self.mapped(over, filter.as_deref(), to, expr),
            Kind::Call(function, args) => self.call(function, args, expr),
        }
    }

    fn all(&mut self, parts: &'a [Expr]) -> Result<Vec<Item<'a>>, Box<Fault>> {
        parts.iter().map(|part| self.eval(part)).collect()
    }

    fn flags(&mut self, parts: &'a [Expr]) -> Answer<'a> {
        let mut bits = 0_u32;
        for (nth, part) in (0_u32..).zip(parts) {
            if self.eval(part)?.is_true() {
                bits |= 1_u32.checked_shl(nth).unwrap_or(0);
            }
        }
        Ok(Item::Flags(bits))
    }

    fn index(&mut self, list: &'a Expr, index: &'a Expr, expr: &Expr) -> Answer<'a> {
        let (list, index) = (self.eval(list)?, self.eval(index)?);
        let nth = match index {
            Item::Int(nth) => usize::try_from(nth).ok(),
            Item::Uint(nth) => usize::try_from(nth).ok(),
            _ => None,
        };
        match nth.and_then(|nth| list.get(nth)) {
            Some(item) => Ok(item),
            None => {
                let shown = match index {
                    Item::Int(nth) => nth.to_string(),
                    Item::Uint(nth) => nth.to_string(),
                    _ => String::new(),
                };
                fault(Why::Outside(shown, list.len()), expr)
            }
        }
    }

    /// `decides` is the value of one side that settles the whole, whatever the other side is.
    fn logic(&mut self, left: &'a Expr, right: &'a Expr, decides: bool) -> Answer<'a> {
        match self.eval(left) {
            Ok(item) if item.is_true() == decides => Ok(Item::Bool(decides)),
            Ok(_) => self.eval(right),
            Err(fault) if fault.is_final() => Err(fault),
            Err(fault) => match self.eval(right) {
                Ok(item) if item.is_true() == decides => Ok(Item::Bool(decides)),
                Err(other) if other.is_final() => Err(other),
                _ => Err(fault),
            },
        }
    }

    fn equal(&mut self, left: &'a Expr, right: &'a Expr, expr: &Expr) -> Result<bool, Box<Fault>> {
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        match left.equals(&right, &mut |steps| self.count(steps)) {
            Some(equal) => Ok(equal),
            None => fault(Why::Steps, expr),
        }
    }

    fn compare(&mut self, comparison: Comparison, left: &'a Expr, right: &'a Expr, expr: &Expr) -> Answer<'a> {
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        let order = match (Number::of(&left), Number::of(&right)) {
            (Some(left), Some(right)) => match left.compare(right) {
                Some(order) => order,
                None => return fault(Why::Unordered, expr),
            },
            _ => match (&left, &right) {
                (Item::Bool(left), Item::Bool(right)) => left.cmp(right),
                _ => {
                    self.spend(left.text(str::len) / 16, expr)?;
                    left.text(|left| right.text(|right| left.cmp(right)))
                }
            },
        };
        Ok(Item::Bool(match comparison {
            Comparison::Less => order.is_lt(),
            Comparison::LessOrEqual => order.is_le(),
            Comparison::Greater => order.is_gt(),
            Comparison::GreaterOrEqual => order.is_ge(),
        }))
    }

    fn negate(&mut self, part: &'a Expr, expr: &Expr) -> Answer<'a> {
        match self.eval(part)? {
            Item::Int(value) => match value.checked_neg() {
                Some(value) => Ok(Item::Int(value)),
                None => fault(Why::Overflow, expr),
            },
            Item::Double(value) => Ok(Item::Double(-value)),
            _ => fault(Why::Missing("number"), expr),
        }
    }

    fn concat(&mut self, left: &'a Expr, right: &'a Expr, expr: &Expr) -> Answer<'a> {
        let text = expr.shape == Shape::String;
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        if text {
            let length = left.text(str::len).saturating_add(right.text(str::len));
            self.spend(length / 16, expr)?;
            let joined = left.text(|left| right.text(|right| [left, right].concat()));
            return Ok(Item::Text(joined.into()));
        }
        self.spend(left.len().saturating_add(right.len()), expr)?;
        let items = |list: &Item<'a>| (0..list.len()).filter_map(|index| list.get(index)).collect::<Vec<_>>();
        let mut joined = items(&left);
        joined.append(&mut items(&right));
        Ok(Item::Items(joined.into()))
    }

    fn contains(&mut self, element: &'a Expr, list: &'a Expr, expr: &Expr) -> Answer<'a> {
        let (element, list) = (self.eval(element)?, self.eval(list)?);
        for index in 0..list.len() {
            self.spend(1, expr)?;
            let Some(item) = list.get(index) else { break };
            match element.equals(&item, &mut |steps| self.count(steps)) {
                Some(true) => return Ok(Item::Bool(true)),
                Some(false) => {}
                None => return fault(Why::Steps, expr),
            }
        }
        Ok(Item::Bool(false))
    }

    fn characters(&mut self, item: &Item<'_>, expr: &Expr) -> Result<usize, Box<Fault>> {
        self.spend(item.text(str::len) / 16, expr)?;
        Ok(item.text(|text| text.chars().count()))
    }

    fn search(&mut self, search: Search, text: &'a Expr, part: &'a Expr, expr: &Expr) -> Answer<'a> {
        let (text, part) = (self.eval(text)?, self.eval(part)?);
        self.spend(text.text(str::len) / 16, expr)?;
        let found = text.text(|text| {
            part.text(|part| match search {
                Search::Contains => text.contains(part),
                Search::StartsWith => text.starts_with(part),
                Search::EndsWith => text.ends_with(part),
            })
        });
        Ok(Item::Bool(found))
    }

    /// Loops as CEL's macros define them: `all` and `exists` absorb an error if another element decides.
    fn looped(&mut self, kind: Loop, over: &'a Expr, body: &'a Expr, expr: &Expr) -> Answer<'a> {
        let list = self.eval(over)?;
        let mut pending = None;
        let mut kept: Vec<Item<'a>> = Vec::new();
        let mut matched = 0_u64;
        for index in 0..list.len() {
            let Some(item) = list.get(index) else { break };
            let kept_item = (kind == Loop::Filter).then(|| item.clone());
            self.locals.push(item);
            let answer = self.eval(body);
            self.locals.pop();
            let holds = match answer {
                Ok(item) => item.is_true(),
                Err(fault) if fault.is_final() || matches!(kind, Loop::ExistsOne | Loop::Filter) => return Err(fault),
                Err(fault) => {
                    pending.get_or_insert(fault);
                    continue;
                }
            };
            match kind {
                Loop::All if !holds => return Ok(Item::Bool(false)),
                Loop::Exists if holds => return Ok(Item::Bool(true)),
                _ => {}
            }
            if holds {
                matched = matched.saturating_add(1);
                kept.extend(kept_item);
            }
        }
        self.spend(1, expr)?;
        match (kind, pending) {
            (_, Some(fault)) => Err(fault),
            (Loop::All, None) => Ok(Item::Bool(true)),
            (Loop::Exists, None) => Ok(Item::Bool(false)),
            (Loop::ExistsOne, None) => Ok(Item::Bool(matched == 1)),
            (Loop::Filter, None) => Ok(Item::Items(kept.into())),
        }
    }

    fn mapped(&mut self, over: &'a Expr, filter: Option<&'a Expr>, to: &'a Expr, expr: &Expr) -> Answer<'a> {
        let list = self.eval(over)?;
        let mut items = Vec::new();
        for index in 0..list.len() {
            let Some(item) = list.get(index) else { break };
            self.locals.push(item);
            let keep = filter.map_or(Ok(true), |filter| self.eval(filter).map(|item| item.is_true()));
            let mapped = match keep {
                Ok(true) => Some(self.eval(to)),
                Ok(false) => None,
                Err(fault) => Some(Err(fault)),
            };
            self.locals.pop();
            items.extend(mapped.transpose()?);
        }
        self.spend(1, expr)?;
        Ok(Item::Items(items.into()))
    }

    fn call(&mut self, function: &'a Arc<Function>, args: &'a [Expr], expr: &Expr) -> Answer<'a> {
        let mut arguments = Vec::with_capacity(args.len());
        for (arg, (name, ty)) in args.iter().zip(&function.params) {
            let item = self.eval(arg)?;
            self.spend(item.len().saturating_add(item.text(str::len) / 16), expr)?;
            let value = item.lower(ty);
            let value = value.or_else(|why| fault(Why::Conversion(format!("argument `{name}`: {why}")), arg))?;
            arguments.push(value);
        }
        self.spend(STEPS_OF_A_CALL, expr)?;
        match self.exports.call(function, &arguments) {
            Ok(Some(value)) => Ok(Item::owned(value)),
            Ok(None) => fault(Why::Missing("result"), expr),
            Err(why) => fault(Why::Trapped(function.full_name(), why), expr),
        }
    }
}

fn arithmetic<'a>(operator: Operator, left: &Item<'a>, right: &Item<'a>, expr: &Expr) -> Answer<'a> {
    let zero =
        matches!(operator, Operator::Divide | Operator::Remainder) && matches!(right, Item::Int(0) | Item::Uint(0));
    if zero {
        return fault(Why::ByZero, expr);
    }
    let whole = match (left, right) {
        (Item::Int(left), Item::Int(right)) => match operator {
            Operator::Add => left.checked_add(*right),
            Operator::Subtract => left.checked_sub(*right),
            Operator::Multiply => left.checked_mul(*right),
            Operator::Divide => left.checked_div(*right),
            Operator::Remainder => left.checked_rem(*right),
        }
        .map(Item::Int),
        (Item::Uint(left), Item::Uint(right)) => match operator {
            Operator::Add => left.checked_add(*right),
            Operator::Subtract => left.checked_sub(*right),
            Operator::Multiply => left.checked_mul(*right),
            Operator::Divide => left.checked_div(*right),
            Operator::Remainder => left.checked_rem(*right),
        }
        .map(Item::Uint),
        (Item::Double(left), Item::Double(right)) => Some(Item::Double(match operator {
            Operator::Add => left + right,
            Operator::Subtract => left - right,
            Operator::Multiply => left * right,
            Operator::Divide | Operator::Remainder => left / right,
        })),
        _ => return fault(Why::Missing("number"), expr),
    };
    whole.map_or_else(|| fault(Why::Overflow, expr), Ok)
}
