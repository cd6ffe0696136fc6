//! From CEL values back to WIT values: the arguments of an export that a property calls.
//!
//! The checker has seen that the types fit; what is left to find out is whether a number is in range.

use std::sync::Arc;

use super::item::Item;
use crate::types::Type;
use crate::value::Value;

pub(super) fn lower(item: &Item<'_>, ty: &Type) -> Result<Value, String> {
    let misfit = || format!("the value does not fit `{ty}`");
    match (item, ty) {
        (Item::Value(value), _) => relower(value, ty),
        (Item::Bool(value), Type::Bool) => Ok(Value::Bool(*value)),
        (Item::Int(value), _) => signed(*value, ty),
        (Item::Uint(value), _) => unsigned(*value, ty),
        (Item::Double(value), Type::F64) => Ok(Value::F64(*value)),
        #[expect(clippy::as_conversions, reason = "rounds to the nearest f32, as the mapping says")]
        (Item::Double(value), Type::F32) => Ok(Value::F32(*value as f32)),
        (Item::Char(value), Type::Char) => Ok(Value::Char(*value)),
        (Item::Char(_) | Item::Str(_) | Item::Text(_), _) => item.text(|text| self::text(text, ty)),
        (Item::Flags(bits), Type::Flags(ty)) => Ok(Value::Flags(Arc::clone(ty), *bits)),
        (Item::Items(items), Type::List(element)) => {
            all(items.iter().map(|item| lower(item, element))).map(Value::List)
        }
        (Item::Items(items), Type::Tuple(types)) => {
            all(items.iter().zip(types.iter()).map(|(item, ty)| lower(item, ty))).map(Value::Tuple)
        }
        (Item::Items(items), Type::Record(ty)) => {
            let fields = all(items.iter().zip(&ty.fields).map(|(item, (_, ty))| lower(item, ty)))?;
            Ok(Value::Record(Arc::clone(ty), fields))
        }
        (Item::Case(case, payload), _) => {
            cased(ty, *case, |ty| payload.as_ref().map(|item| lower(item, ty))).ok_or_else(misfit)?
        }
        _ => Err(misfit()),
    }
}

/// A value of another type of the same structure, such as `list<s8>` for `list<s64>`.
fn relower(value: &Value, ty: &Type) -> Result<Value, String> {
    let misfit = || format!("the value does not fit `{ty}`");
    match (value, ty) {
        (Value::List(values), Type::List(element)) => {
            all(values.iter().map(|value| lower(&Item::of(value), element))).map(Value::List)
        }
        (Value::Tuple(values), Type::Tuple(types)) => {
            all(values.iter().zip(types.iter()).map(|(value, ty)| lower(&Item::of(value), ty))).map(Value::Tuple)
        }
        (Value::Record(_, values), Type::Record(ty)) => {
            let fields = all(values.iter().zip(&ty.fields).map(|(value, (_, ty))| lower(&Item::of(value), ty)))?;
            Ok(Value::Record(Arc::clone(ty), fields))
        }
        _ => match Item::Value(value).case() {
            Some((case, payload)) => {
                cased(ty, case, |ty| payload.as_ref().map(|item| lower(item, ty))).ok_or_else(misfit)?
            }
            None => Err(misfit()),
        },
    }
}

fn all(values: impl Iterator<Item = Result<Value, String>>) -> Result<Vec<Value>, String> {
    values.collect()
}

/// The value of that case, `None` if the type has no such case or the payload is missing.
fn cased(
    ty: &Type,
    case: u32,
    payload: impl FnOnce(&Type) -> Option<Result<Value, String>>,
) -> Option<Result<Value, String>> {
    let boxed = |ty: Option<&Type>| match ty {
        Some(ty) => payload(ty).map(|value| value.map(|value| Some(Box::new(value)))),
        None => Some(Ok(None)),
    };
    match (ty, case) {
        (Type::Option(_), 0) => Some(Ok(Value::Option(None))),
        (Type::Option(some), 1) => boxed(Some(some)).map(|payload| payload.map(Value::Option)),
        (Type::Result(ty), 0) => boxed(ty.ok.as_ref()).map(|payload| payload.map(|value| Value::Result(Ok(value)))),
        (Type::Result(ty), 1) => boxed(ty.err.as_ref()).map(|payload| payload.map(|value| Value::Result(Err(value)))),
        (Type::Variant(ty), _) => {
            let (_, wanted) = ty.cases.get(case as usize)?;
            boxed(wanted.as_ref()).map(|payload| payload.map(|value| Value::Variant(Arc::clone(ty), case, value)))
        }
        _ => None,
    }
}

fn signed(value: i64, ty: &Type) -> Result<Value, String> {
    let fits = match ty {
        Type::S8 => value.try_into().ok().map(Value::S8),
        Type::S16 => value.try_into().ok().map(Value::S16),
        Type::S32 => value.try_into().ok().map(Value::S32),
        Type::S64 => Some(Value::S64(value)),
        _ => None,
    };
    fits.ok_or_else(|| format!("{value} does not fit `{ty}`"))
}

fn unsigned(value: u64, ty: &Type) -> Result<Value, String> {
    let fits = match ty {
        Type::U8 => value.try_into().ok().map(Value::U8),
        Type::U16 => value.try_into().ok().map(Value::U16),
        Type::U32 => value.try_into().ok().map(Value::U32),
        Type::U64 => Some(Value::U64(value)),
        _ => None,
    };
    fits.ok_or_else(|| format!("{value} does not fit `{ty}`"))
}

fn text(text: &str, ty: &Type) -> Result<Value, String> {
    let shown = || text.chars().take(40).collect::<String>();
    match ty {
        Type::String => Ok(Value::String(text.to_owned())),
        Type::Char => {
            let mut characters = text.chars();
            match (characters.next(), characters.next()) {
                (Some(only), None) => Ok(Value::Char(only)),
                _ => Err(format!("{:?} is not one character", shown())),
            }
        }
        Type::Enum(ty) => match (0_u32..).zip(&ty.cases).find(|(_, case)| *case == text) {
            Some((case, _)) => Ok(Value::Enum(Arc::clone(ty), case)),
            None => Err(format!("{:?} is not a case of `{}`", shown(), ty.name.as_deref().unwrap_or("the enum"))),
        },
        _ => Err(format!("the value does not fit `{ty}`")),
    }
}
