//! Values while a property is evaluated: borrowed from the arguments and the result where possible, computed otherwise.
//!
//! A borrowed list is never copied; scalars and strings are read out of it when they are looked at.

use std::cmp::Ordering;
use std::rc::Rc;

use crate::types::Type;
use crate::value::Value;

/// A CEL value. What it may be follows from the shape of the expression it came from.
#[derive(Debug, Clone)]
pub(super) enum Item<'a> {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Char(char),
    Str(&'a str),
    Text(Rc<str>),
    /// A list, record, tuple, variant, option, result or flags.
    Value(&'a Value),
    /// A computed list or tuple, or a computed record's fields in order.
    Items(Rc<[Item<'a>]>),
    /// A computed variant, option or result.
    Case(u32, Option<Rc<Item<'a>>>),
    Flags(u32),
}

impl<'a> Item<'a> {
    pub(super) fn of(value: &'a Value) -> Self {
        match value {
            Value::Bool(value) => Self::Bool(*value),
            Value::S8(value) => Self::Int(i64::from(*value)),
            Value::S16(value) => Self::Int(i64::from(*value)),
            Value::S32(value) => Self::Int(i64::from(*value)),
            Value::S64(value) => Self::Int(*value),
            Value::U8(value) => Self::Uint(u64::from(*value)),
            Value::U16(value) => Self::Uint(u64::from(*value)),
            Value::U32(value) => Self::Uint(u64::from(*value)),
            Value::U64(value) => Self::Uint(*value),
            Value::F32(value) => Self::Double(f64::from(*value)),
            Value::F64(value) => Self::Double(*value),
            Value::Char(value) => Self::Char(*value),
            Value::String(value) => Self::Str(value),
            Value::Enum(ty, case) => Self::Str(ty.cases.get(*case as usize).map_or("", String::as_str)),
            Value::Flags(_, bits) => Self::Flags(*bits),
            composite => Self::Value(composite),
        }
    }

    /// A value that nothing else holds, such as the result of an export.
    pub(super) fn owned(value: Value) -> Item<'static> {
        let payload = |payload: Option<Box<Value>>| payload.map(|value| Rc::new(Item::owned(*value)));
        match value {
            Value::String(text) => Item::Text(text.into()),
            Value::Enum(ty, case) => Item::Text(ty.cases.get(case as usize).map_or("", String::as_str).into()),
            Value::List(values) | Value::Tuple(values) | Value::Record(_, values) => {
                Item::Items(values.into_iter().map(Item::owned).collect())
            }
            Value::Variant(_, case, value) => Item::Case(case, payload(value)),
            Value::Option(None) => Item::Case(0, None),
            Value::Option(value) => Item::Case(1, payload(value)),
            Value::Result(Ok(value)) => Item::Case(0, payload(value)),
            Value::Result(Err(value)) => Item::Case(1, payload(value)),
            Value::Bool(value) => Item::Bool(value),
            Value::S8(value) => Item::Int(i64::from(value)),
            Value::S16(value) => Item::Int(i64::from(value)),
            Value::S32(value) => Item::Int(i64::from(value)),
            Value::S64(value) => Item::Int(value),
            Value::U8(value) => Item::Uint(u64::from(value)),
            Value::U16(value) => Item::Uint(u64::from(value)),
            Value::U32(value) => Item::Uint(u64::from(value)),
            Value::U64(value) => Item::Uint(value),
            Value::F32(value) => Item::Double(f64::from(value)),
            Value::F64(value) => Item::Double(value),
            Value::Char(value) => Item::Char(value),
            Value::Flags(_, bits) => Item::Flags(bits),
        }
    }

    pub(super) fn is_true(&self) -> bool {
        matches!(self, Self::Bool(true))
    }

    /// Calls `with` with the string that this is; with the empty string for anything else.
    pub(super) fn text<R>(&self, with: impl FnOnce(&str) -> R) -> R {
        match self {
            Self::Str(text) => with(text),
            Self::Text(text) => with(text),
            Self::Char(character) => with(character.encode_utf8(&mut [0; 4])),
            _ => with(""),
        }
    }

    /// The number of elements.
    pub(super) fn len(&self) -> usize {
        match self {
            Self::Items(items) => items.len(),
            Self::Value(Value::List(values) | Value::Tuple(values) | Value::Record(_, values)) => values.len(),
            _ => 0,
        }
    }

    /// The element with that index.
    pub(super) fn get(&self, index: usize) -> Option<Self> {
        match self {
            Self::Items(items) => items.get(index).cloned(),
            Self::Value(Value::List(values) | Value::Tuple(values) | Value::Record(_, values)) => {
                values.get(index).map(Item::of)
            }
            _ => None,
        }
    }

    /// The index of the case, and its payload.
    pub(super) fn case(&self) -> Option<(u32, Option<Self>)> {
        let read = |case: u32, payload: &'a Option<Box<Value>>| Some((case, payload.as_deref().map(Item::of)));
        match self {
            Self::Case(case, payload) => Some((*case, payload.as_deref().cloned())),
            Self::Value(Value::Variant(_, case, payload)) => read(*case, payload),
            Self::Value(Value::Option(payload)) => read(u32::from(payload.is_some()), payload),
            Self::Value(Value::Result(Ok(payload))) => read(0, payload),
            Self::Value(Value::Result(Err(payload))) => read(1, payload),
            _ => None,
        }
    }

    /// CEL's equality of two values of comparable types. `steps` is told how much was looked at.
    pub(super) fn equals(&self, other: &Self, steps: &mut dyn FnMut(usize) -> bool) -> Option<bool> {
        if let (Some(a), Some(b)) = (Number::of(self), Number::of(other)) {
            return Some(a.compare(b) == Some(Ordering::Equal));
        }
        match (self, other) {
            (Self::Bool(a), Self::Bool(b)) => return Some(a == b),
            (Self::Flags(a), Self::Flags(b)) => return Some(a == b),
            (Self::Str(_) | Self::Text(_) | Self::Char(_), _) => {
                return self.text(|a| {
                    other.text(|b| if a.len() == b.len() && !steps(a.len() / 16) { None } else { Some(a == b) })
                });
            }
            _ => {}
        }
        if let (Some((a_case, a)), Some((b_case, b))) = (self.case(), other.case()) {
            return match (a, b) {
                _ if a_case != b_case => Some(false),
                (Some(a), Some(b)) => a.equals(&b, steps),
                (None, None) => Some(true),
                _ => Some(false),
            };
        }
        if self.len() != other.len() {
            return Some(false);
        }
        for index in 0..self.len() {
            if !steps(1) {
                return None;
            }
            let (Some(a), Some(b)) = (self.get(index), other.get(index)) else { return Some(false) };
            match a.equals(&b, steps) {
                Some(true) => {}
                answer => return answer,
            }
        }
        Some(true)
    }

    /// The WIT value of `ty` that this is, or why there is none.
    pub(super) fn lower(&self, ty: &Type) -> Result<Value, String> {
        super::lower::lower(self, ty)
    }
}

/// A number of any of CEL's three types.
#[derive(Debug, Clone, Copy)]
pub(super) enum Number {
    Int(i64),
    Uint(u64),
    Double(f64),
}

impl Number {
    pub(super) fn of(item: &Item<'_>) -> Option<Self> {
        match item {
            Item::Int(value) => Some(Self::Int(*value)),
            Item::Uint(value) => Some(Self::Uint(*value)),
            Item::Double(value) => Some(Self::Double(*value)),
            _ => None,
        }
    }

    /// How the numbers compare as numbers, whatever their types. `None` if one is NaN.
    pub(super) fn compare(self, other: Self) -> Option<Ordering> {
        match (self, other) {
            (Self::Int(a), Self::Int(b)) => Some(a.cmp(&b)),
            (Self::Uint(a), Self::Uint(b)) => Some(a.cmp(&b)),
            (Self::Double(a), Self::Double(b)) => a.partial_cmp(&b),
            (Self::Double(a), b) => b.whole().and_then(|b| whole_with_double(b, a)).map(Ordering::reverse),
            (a, Self::Double(b)) => a.whole().and_then(|a| whole_with_double(a, b)),
            (a, b) => Some(a.whole()?.cmp(&b.whole()?)),
        }
    }

    fn whole(self) -> Option<i128> {
        match self {
            Self::Int(value) => Some(i128::from(value)),
            Self::Uint(value) => Some(i128::from(value)),
            Self::Double(_) => None,
        }
    }
}

/// Exact, also where the whole number has more digits than a double holds.
fn whole_with_double(whole: i128, double: f64) -> Option<Ordering> {
    if double.is_nan() {
        return None;
    }
    // Every 64-bit number is inside ±2^65; a double beyond that is beyond all of them.
    const BEYOND: f64 = 36_893_488_147_419_103_232.0;
    if double >= BEYOND {
        return Some(Ordering::Less);
    }
    if double <= -BEYOND {
        return Some(Ordering::Greater);
    }
    let floor = double.floor();
    #[expect(clippy::as_conversions, reason = "the floor of a double inside ±2^65 is a whole i128")]
    let below = floor as i128;
    Some(whole.cmp(&below).then(if double > floor { Ordering::Less } else { Ordering::Equal }))
}
