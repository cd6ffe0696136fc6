//! The types of values that cross an interface: WIT's value types, resolved and bounded.
//!
//! A [`Type`] is cheap to clone. Resources, futures, streams and maps have no place here; the interface's reader refuses
//! them before a `Type` exists.

use std::fmt;
use std::sync::Arc;

mod wave;

/// A WIT value type. Equality includes the names that WIT gives to types.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Type {
    Bool,
    S8,
    U8,
    S16,
    U16,
    S32,
    U32,
    S64,
    U64,
    F32,
    F64,
    Char,
    String,
    List(Arc<Type>),
    Record(Arc<RecordType>),
    /// At least one element.
    Tuple(Arc<[Type]>),
    Variant(Arc<VariantType>),
    Enum(Arc<EnumType>),
    Option(Arc<Type>),
    Result(Arc<ResultType>),
    Flags(Arc<FlagsType>),
}

/// A record: at least one field, in the order of the WIT.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RecordType {
    pub name: Option<String>,
    pub fields: Vec<(String, Type)>,
}

/// A variant: at least one case, in the order of the WIT, each with or without a payload.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct VariantType {
    pub name: Option<String>,
    pub cases: Vec<(String, Option<Type>)>,
}

/// An enum: at least one case, in the order of the WIT.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct EnumType {
    pub name: Option<String>,
    pub cases: Vec<String>,
}

/// A result; either side may carry nothing.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ResultType {
    pub ok: Option<Type>,
    pub err: Option<Type>,
}

/// Flags: 1 to 32 names, in the order of the WIT. The name at index `n` is bit `n` of a value.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FlagsType {
    pub name: Option<String>,
    pub names: Vec<String>,
}

impl Type {
    /// `list<element>`.
    #[must_use]
    pub fn list(element: Self) -> Self {
        Self::List(Arc::new(element))
    }

    /// `option<some>`.
    #[must_use]
    pub fn option(some: Self) -> Self {
        Self::Option(Arc::new(some))
    }

    /// `result<ok, err>`.
    #[must_use]
    pub fn result(ok: Option<Self>, err: Option<Self>) -> Self {
        Self::Result(Arc::new(ResultType { ok, err }))
    }

    /// The name that WIT gives to this type, if it is a record, variant, enum or flags.
    #[must_use]
    pub fn name(&self) -> Option<&str> {
        match self {
            Self::Record(ty) => ty.name.as_deref(),
            Self::Variant(ty) => ty.name.as_deref(),
            Self::Enum(ty) => ty.name.as_deref(),
            Self::Flags(ty) => ty.name.as_deref(),
            _ => None,
        }
    }
}

/// The type as WIT writes it where it is used: its name if it has one, else its structure.
impl fmt::Display for Type {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(name) = self.name() {
            return f.write_str(name);
        }
        match self {
            Self::Bool => f.write_str("bool"),
            Self::S8 => f.write_str("s8"),
            Self::U8 => f.write_str("u8"),
            Self::S16 => f.write_str("s16"),
            Self::U16 => f.write_str("u16"),
            Self::S32 => f.write_str("s32"),
            Self::U32 => f.write_str("u32"),
            Self::S64 => f.write_str("s64"),
            Self::U64 => f.write_str("u64"),
            Self::F32 => f.write_str("f32"),
            Self::F64 => f.write_str("f64"),
            Self::Char => f.write_str("char"),
            Self::String => f.write_str("string"),
            Self::List(element) => write!(f, "list<{element}>"),
            Self::Option(some) => write!(f, "option<{some}>"),
            Self::Tuple(elements) => write!(f, "tuple<{}>", Commas(elements)),
            Self::Result(ty) => match (&ty.ok, &ty.err) {
                (None, None) => f.write_str("result"),
                (Some(ok), None) => write!(f, "result<{ok}>"),
                (None, Some(err)) => write!(f, "result<_, {err}>"),
                (Some(ok), Some(err)) => write!(f, "result<{ok}, {err}>"),
            },
            Self::Record(ty) => {
                let fields: Vec<String> = ty.fields.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
                write!(f, "record {{ {} }}", fields.join(", "))
            }
            Self::Variant(ty) => {
                let case = |(name, payload): &(String, Option<Self>)| match payload {
                    Some(payload) => format!("{name}({payload})"),
                    None => name.clone(),
                };
                write!(f, "variant {{ {} }}", ty.cases.iter().map(case).collect::<Vec<_>>().join(", "))
            }
            Self::Enum(ty) => write!(f, "enum {{ {} }}", ty.cases.join(", ")),
            Self::Flags(ty) => write!(f, "flags {{ {} }}", ty.names.join(", ")),
        }
    }
}

struct Commas<'a>(&'a [Type]);

impl fmt::Display for Commas<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (nth, ty) in self.0.iter().enumerate() {
            if nth > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{ty}")?;
        }
        Ok(())
    }
}

impl FlagsType {
    /// The bits that stand for a name.
    #[must_use]
    pub fn all(&self) -> u32 {
        1_u32.checked_shl(u32::try_from(self.names.len()).unwrap_or(u32::MAX)).unwrap_or(0).wrapping_sub(1)
    }
}
