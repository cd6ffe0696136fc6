//! The typed tree of a property: what a CEL expression means once every name and type is known.
//!
//! Names are resolved to places, macros to loops, field names to indices. Whoever evaluates or proves a property walks
//! this tree and never meets an expression that has no meaning. `spec/contract.md` has the mapping.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use regex::Regex;

use crate::interface::Function;
use crate::types::{EnumType, FlagsType, RecordType, Type, VariantType};

/// An expression with its type.
#[derive(Debug, Clone)]
pub struct Expr {
    pub kind: Kind,
    pub shape: Shape,
    /// Bytes of the predicate's source.
    pub span: Range<usize>,
}

/// What an expression does.
#[derive(Debug, Clone)]
pub enum Kind {
    Bool(bool),
    Int(i64),
    Uint(u64),
    Double(f64),
    Text(String),
    /// The argument with that index.
    Param(usize),
    /// What the call returned.
    Result,
    /// The variable of the loop that is that many loops out from the outermost, from 0.
    Local(usize),
    /// A list or tuple, element by element.
    List(Vec<Expr>),
    /// A record, its fields in the order of the type.
    Record(Vec<Expr>),
    /// The case with that index of a variant, option (none 0, some 1) or result (ok 0, err 1), and its payload.
    Case(u32, Option<Box<Expr>>),
    /// Flags: a condition for each name, in the order of the type.
    Flags(Vec<Expr>),
    /// The element with that index of a record or tuple.
    Field(Box<Expr>, usize),
    /// Whether a value has that case.
    Has(Box<Expr>, u32),
    /// The payload of that case, `true` if the case has none; an error if the value has another case.
    Payload(Box<Expr>, u32),
    /// Whether that flag is set.
    Flag(Box<Expr>, u32),
    /// An element of a list; an error outside of it.
    Index(Box<Expr>, Box<Expr>),
    Not(Box<Expr>),
    Negate(Box<Expr>),
    /// Conjunction and disjunction absorb an error of one side if the other side decides.
    And(Box<Expr>, Box<Expr>),
    Or(Box<Expr>, Box<Expr>),
    If(Box<Expr>, Box<Expr>, Box<Expr>),
    Equal(Box<Expr>, Box<Expr>),
    Unequal(Box<Expr>, Box<Expr>),
    Compare(Comparison, Box<Expr>, Box<Expr>),
    /// Both sides have the same numeric type; overflow is an error.
    Arithmetic(Operator, Box<Expr>, Box<Expr>),
    /// Two strings or two lists.
    Concat(Box<Expr>, Box<Expr>),
    /// Whether the list on the right has an element equal to the left.
    In(Box<Expr>, Box<Expr>),
    /// Elements of a list or characters of a string.
    Size(Box<Expr>),
    Search(Search, Box<Expr>, Box<Expr>),
    /// Two lists as sets or multisets of their elements.
    Sets(Sets, Box<Expr>, Box<Expr>),
    Matches(Box<Expr>, Regex),
    /// To the type of this expression.
    Convert(Box<Expr>),
    Loop(Loop, Box<Expr>, Box<Expr>),
    /// The elements that pass the filter, if there is one, each mapped.
    Map {
        over: Box<Expr>,
        filter: Option<Box<Expr>>,
        to: Box<Expr>,
    },
    /// A call of an export, in a fresh instance.
    Call(Arc<Function>, Vec<Expr>),
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Comparison {
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Operator {
    Add,
    Subtract,
    Multiply,
    Divide,
    Remainder,
}

/// What a string is searched for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Search {
    Contains,
    StartsWith,
    EndsWith,
}

/// How two lists compare as sets, as in CEL's extension of that name, or as multisets.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Sets {
    /// Every element of the second is in the first.
    Contains,
    /// Each contains the other.
    Equivalent,
    /// They have an element in common.
    Intersects,
    /// Every element of the second is in the first, at least as often.
    ContainsCounted,
    /// Each element is in both equally often.
    EquivalentCounted,
}

/// Loops over a list that ask a condition of each element.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Loop {
    All,
    Exists,
    ExistsOne,
    Filter,
}

/// A CEL type, as far as contracts have them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shape {
    Bool,
    /// 64 bits, signed.
    Int,
    /// 64 bits, unsigned.
    Uint,
    Double,
    String,
    /// A string that is one of the cases.
    Enum(Arc<EnumType>),
    List(Arc<Shape>),
    Tuple(Arc<[Shape]>),
    Record(Arc<RecordType>),
    Variant(Arc<VariantType>),
    Option(Arc<Shape>),
    /// What `ok` and `err` carry.
    Result(Option<Arc<Shape>>, Option<Arc<Shape>>),
    Flags(Arc<FlagsType>),
    /// The elements of `[]`.
    Nothing,
}

impl Shape {
    /// The CEL type of a WIT type.
    #[must_use]
    pub fn of(ty: &Type) -> Self {
        let inner = |ty: &Type| Arc::new(Self::of(ty));
        match ty {
            Type::Bool => Self::Bool,
            Type::S8 | Type::S16 | Type::S32 | Type::S64 => Self::Int,
            Type::U8 | Type::U16 | Type::U32 | Type::U64 => Self::Uint,
            Type::F32 | Type::F64 => Self::Double,
            Type::Char | Type::String => Self::String,
            Type::List(element) => Self::List(inner(element)),
            Type::Tuple(elements) => Self::Tuple(elements.iter().map(Self::of).collect()),
            Type::Record(ty) => Self::Record(Arc::clone(ty)),
            Type::Variant(ty) => Self::Variant(Arc::clone(ty)),
            Type::Enum(ty) => Self::Enum(Arc::clone(ty)),
            Type::Option(some) => Self::Option(inner(some)),
            Type::Result(ty) => Self::Result(ty.ok.as_ref().map(inner), ty.err.as_ref().map(inner)),
            Type::Flags(ty) => Self::Flags(Arc::clone(ty)),
        }
    }

    pub(crate) fn is_number(&self) -> bool {
        matches!(self, Self::Int | Self::Uint | Self::Double)
    }

    pub(crate) fn is_text(&self) -> bool {
        matches!(self, Self::String | Self::Enum(_))
    }

    /// The cases of a variant, option or result, with what they carry.
    pub(crate) fn cases(&self) -> Option<Vec<(String, Option<Self>)>> {
        let carried = |shape: &Option<Arc<Self>>| shape.as_deref().cloned();
        match self {
            Self::Variant(ty) => {
                Some(ty.cases.iter().map(|(name, ty)| (name.clone(), ty.as_ref().map(Self::of))).collect())
            }
            Self::Option(some) => Some(vec![("none".to_owned(), None), ("some".to_owned(), Some((**some).clone()))]),
            Self::Result(ok, err) => Some(vec![("ok".to_owned(), carried(ok)), ("err".to_owned(), carried(err))]),
            _ => None,
        }
    }

    /// Whether a value of this type can stand where one of `wanted` is needed; numbers of other types can't.
    pub(crate) fn fits(&self, wanted: &Self) -> bool {
        self.relates(wanted, &|a, b| a == b || (*a == Self::String && matches!(b, Self::Enum(_))))
    }

    /// Whether `==` between the two can be true at all; numbers of any types can be equal.
    pub(crate) fn comparable(&self, other: &Self) -> bool {
        self.relates(other, &|a, b| a == b || (a.is_number() && b.is_number()) || (a.is_text() && b.is_text()))
    }

    fn relates(&self, other: &Self, leaves: &dyn Fn(&Self, &Self) -> bool) -> bool {
        let both = |a: &Option<Self>, b: &Option<Self>| match (a, b) {
            (Some(a), Some(b)) => a.relates(b, leaves),
            (None, None) => true,
            _ => false,
        };
        match (self, other) {
            (Self::Nothing, _) | (_, Self::Nothing) => true,
            (Self::List(a), Self::List(b)) => a.relates(b, leaves),
            (Self::Tuple(a), Self::Tuple(b)) => {
                a.len() == b.len() && a.iter().zip(b.iter()).all(|(a, b)| a.relates(b, leaves))
            }
            (Self::Record(a), Self::Record(b)) => {
                Arc::ptr_eq(a, b)
                    || (a.fields.len() == b.fields.len()
                        && a.fields.iter().zip(&b.fields).all(|((a_name, a), (b_name, b))| {
                            a_name == b_name && Self::of(a).relates(&Self::of(b), leaves)
                        }))
            }
            (Self::Enum(a), Self::Enum(b)) => a.cases == b.cases,
            (Self::Enum(_), Self::String) => true,
            (Self::Flags(a), Self::Flags(b)) => a.names == b.names,
            (Self::Variant(a), Self::Variant(b)) if Arc::ptr_eq(a, b) => true,
            _ => match (self.cases(), other.cases()) {
                (Some(a), Some(b)) => {
                    a.len() == b.len()
                        && a.iter().zip(&b).all(|((a_name, a), (b_name, b))| a_name == b_name && both(a, b))
                }
                _ => leaves(self, other),
            },
        }
    }
}

/// As CEL and WIT write it.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let named = |name: &Option<String>, kind: &str| name.clone().unwrap_or_else(|| kind.to_owned());
        match self {
            Self::Bool => f.write_str("bool"),
            Self::Int => f.write_str("int"),
            Self::Uint => f.write_str("uint"),
            Self::Double => f.write_str("double"),
            Self::String => f.write_str("string"),
            Self::Enum(ty) => f.write_str(&named(&ty.name, "enum")),
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Tuple(elements) => {
                let elements: Vec<String> = elements.iter().map(ToString::to_string).collect();
                write!(f, "tuple<{}>", elements.join(", "))
            }
            Self::Record(ty) => f.write_str(&named(&ty.name, "record")),
            Self::Variant(ty) => f.write_str(&named(&ty.name, "variant")),
            Self::Option(some) => write!(f, "option<{some}>"),
            Self::Result(ok, err) => {
                let side = |side: &Option<Arc<Self>>| side.as_ref().map_or_else(|| "_".to_owned(), ToString::to_string);
                write!(f, "result<{}, {}>", side(ok), side(err))
            }
            Self::Flags(ty) => f.write_str(&named(&ty.name, "flags")),
            Self::Nothing => f.write_str("nothing"),
        }
    }
}

impl Expr {
    /// The expressions right inside this one, in the order of evaluation.
    #[must_use]
    pub fn parts(&self) -> Vec<&Self> {
        match &self.kind {
            Kind::Bool(_) | Kind::Int(_) | Kind::Uint(_) | Kind::Double(_) | Kind::Text(_) => Vec::new(),
            Kind::Param(_) | Kind::Result | Kind::Local(_) | Kind::Case(_, None) => Vec::new(),
            Kind::List(parts) | Kind::Record(parts) | Kind::Flags(parts) | Kind::Call(_, parts) => {
                parts.iter().collect()
            }
            Kind::Case(_, Some(part))
            | Kind::Field(part, _)
            | Kind::Has(part, _)
            | Kind::Payload(part, _)
            | Kind::Flag(part, _)
            | Kind::Not(part)
            | Kind::Negate(part)
            | Kind::Size(part)
            | Kind::Matches(part, _)
            | Kind::Convert(part) => vec![part],
            Kind::Index(a, b)
            | Kind::And(a, b)
            | Kind::Or(a, b)
            | Kind::Equal(a, b)
            | Kind::Unequal(a, b)
            | Kind::Compare(_, a, b)
            | Kind::Arithmetic(_, a, b)
            | Kind::Concat(a, b)
            | Kind::In(a, b)
            | Kind::Search(_, a, b)
            | Kind::Sets(_, a, b)
            | Kind::Loop(_, a, b) => vec![a, b],
            Kind::If(a, b, c) => vec![a, b, c],
            Kind::Map { over, filter, to } => {
                [Some(over), filter.as_ref(), Some(to)].into_iter().flatten().map(|part| &**part).collect()
            }
        }
    }
}
