//! Values that cross an interface, with their text form WAVE.
//!
//! Comparing two values never goes through floating-point equality: [`Value::same`] takes all NaNs for one value and
//! tells `0.0` from `-0.0`. `==` is the same relation.

use std::fmt;
use std::sync::Arc;

use wasm_wave::wasm::DisplayValue;

use crate::types::{EnumType, FlagsType, RecordType, Type, VariantType};

mod fit;
mod parts;
mod same;
mod wave;

/// A value of a WIT type. Named composites carry their type, so that a value can be printed by itself.
#[derive(Debug, Clone)]
pub enum Value {
    Bool(bool),
    S8(i8),
    U8(u8),
    S16(i16),
    U16(u16),
    S32(i32),
    U32(u32),
    S64(i64),
    U64(u64),
    F32(f32),
    F64(f64),
    Char(char),
    String(String),
    List(Vec<Value>),
    /// The fields in the order of the type.
    Record(Arc<RecordType>, Vec<Value>),
    Tuple(Vec<Value>),
    /// The index of the case, and its payload if the case has one.
    Variant(Arc<VariantType>, u32, Option<Box<Value>>),
    /// The index of the case.
    Enum(Arc<EnumType>, u32),
    Option(Option<Box<Value>>),
    Result(Result<Option<Box<Value>>, Option<Box<Value>>>),
    /// Bit `n` says whether the flag with index `n` is set.
    Flags(Arc<FlagsType>, u32),
}

impl Value {
    /// Whether the value is one of `ty`: every index in range, every payload where the type has one.
    #[must_use]
    pub fn fits(&self, ty: &Type) -> bool {
        fit::fits(self, ty)
    }

    /// Whether two values are the same: all NaNs are one value, `0.0` and `-0.0` are two, names of types do not matter.
    #[must_use]
    pub fn same(&self, other: &Self) -> bool {
        same::same(self, other)
    }

    /// Hands over every value in it that holds no other: numbers, texts, cases without a payload, in the order of the text.
    pub fn leaves<'a>(&'a self, with: &mut dyn FnMut(&'a Self)) {
        match self {
            Self::List(values) | Self::Record(_, values) | Self::Tuple(values) => {
                values.iter().for_each(|value| value.leaves(with));
            }
            Self::Variant(_, _, Some(payload))
            | Self::Option(Some(payload))
            | Self::Result(Ok(Some(payload)) | Err(Some(payload))) => payload.leaves(with),
            leaf => with(leaf),
        }
    }
}

impl PartialEq for Value {
    fn eq(&self, other: &Self) -> bool {
        self.same(other)
    }
}

impl Eq for Value {}

/// WAVE.
impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        DisplayValue(self).fmt(f)
    }
}

#[cfg(test)]
mod tests;
