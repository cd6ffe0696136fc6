//! Values and types between the contract's world and the engine's.
//!
//! What comes out of the engine came from an artifact: a value that does not fit its type is `None`, never a guess.

use std::fmt::Write as _;

use proofmark_contract::{Type, Value};
use wasmtime::component::types::ComponentFunc;
use wasmtime::component::{Type as EngineType, Val};

/// A contract's value as the engine takes it.
#[must_use]
pub fn to_engine(value: &Value) -> Val {
    match value {
        Value::Bool(v) => Val::Bool(*v),
        Value::S8(v) => Val::S8(*v),
        Value::U8(v) => Val::U8(*v),
        Value::S16(v) => Val::S16(*v),
        Value::U16(v) => Val::U16(*v),
        Value::S32(v) => Val::S32(*v),
        Value::U32(v) => Val::U32(*v),
        Value::S64(v) => Val::S64(*v),
        Value::U64(v) => Val::U64(*v),
        Value::F32(v) => Val::Float32(*v),
        Value::F64(v) => Val::Float64(*v),
        Value::Char(v) => Val::Char(*v),
        Value::String(v) => Val::String(v.clone()),
        Value::List(items) => Val::List(items.iter().map(to_engine).collect()),
        Value::Tuple(items) => Val::Tuple(items.iter().map(to_engine).collect()),
        Value::Record(ty, fields) => {
            let fields = ty.fields.iter().zip(fields);
            Val::Record(fields.map(|((name, _), value)| (name.clone(), to_engine(value))).collect())
        }
        Value::Variant(ty, case, payload) => {
            let name = ty.cases.get(*case as usize).map(|(name, _)| name.clone()).unwrap_or_default();
            Val::Variant(name, boxed(payload.as_deref()))
        }
        Value::Enum(ty, case) => Val::Enum(ty.cases.get(*case as usize).cloned().unwrap_or_default()),
        Value::Option(some) => Val::Option(boxed(some.as_deref())),
        Value::Result(Ok(ok)) => Val::Result(Ok(boxed(ok.as_deref()))),
        Value::Result(Err(err)) => Val::Result(Err(boxed(err.as_deref()))),
        Value::Flags(ty, bits) => {
            let set =
                ty.names.iter().enumerate().filter(|(nth, _)| bits.checked_shr(*nth as u32).unwrap_or(0) & 1 == 1);
            Val::Flags(set.map(|(_, name)| name.clone()).collect())
        }
    }
}

fn boxed(value: Option<&Value>) -> Option<Box<Val>> {
    value.map(|value| Box::new(to_engine(value)))
}

/// What the engine returned as a value of `ty`; `None` if it is not one.
#[must_use]
pub fn from_engine(value: &Val, ty: &Type) -> Option<Value> {
    Some(match (value, ty) {
        (Val::Bool(v), Type::Bool) => Value::Bool(*v),
        (Val::S8(v), Type::S8) => Value::S8(*v),
        (Val::U8(v), Type::U8) => Value::U8(*v),
        (Val::S16(v), Type::S16) => Value::S16(*v),
        (Val::U16(v), Type::U16) => Value::U16(*v),
        (Val::S32(v), Type::S32) => Value::S32(*v),
        (Val::U32(v), Type::U32) => Value::U32(*v),
        (Val::S64(v), Type::S64) => Value::S64(*v),
        (Val::U64(v), Type::U64) => Value::U64(*v),
        (Val::Float32(v), Type::F32) => Value::F32(*v),
        (Val::Float64(v), Type::F64) => Value::F64(*v),
        (Val::Char(v), Type::Char) => Value::Char(*v),
        (Val::String(v), Type::String) => Value::String(v.clone()),
        (Val::List(items), Type::List(element)) => {
            Value::List(items.iter().map(|item| from_engine(item, element)).collect::<Option<_>>()?)
        }
        (Val::Tuple(items), Type::Tuple(types)) if items.len() == types.len() => {
            Value::Tuple(items.iter().zip(types.iter()).map(|(item, ty)| from_engine(item, ty)).collect::<Option<_>>()?)
        }
        (Val::Record(fields), Type::Record(record)) if fields.len() == record.fields.len() => {
            let fields = fields.iter().zip(&record.fields);
            let values = fields.map(|((_, value), (_, ty))| from_engine(value, ty)).collect::<Option<_>>()?;
            Value::Record(record.clone(), values)
        }
        (Val::Variant(name, payload), Type::Variant(variant)) => {
            let case = variant.cases.iter().position(|(case, _)| case == name)?;
            let payload = unboxed(payload.as_deref(), variant.cases.get(case)?.1.as_ref())?;
            Value::Variant(variant.clone(), u32::try_from(case).ok()?, payload)
        }
        (Val::Enum(name), Type::Enum(ty)) => {
            let case = ty.cases.iter().position(|case| case == name)?;
            Value::Enum(ty.clone(), u32::try_from(case).ok()?)
        }
        (Val::Option(some), Type::Option(ty)) => Value::Option(match some {
            Some(some) => Some(Box::new(from_engine(some, ty)?)),
            None => None,
        }),
        (Val::Result(Ok(ok)), Type::Result(ty)) => Value::Result(Ok(unboxed(ok.as_deref(), ty.ok.as_ref())?)),
        (Val::Result(Err(err)), Type::Result(ty)) => Value::Result(Err(unboxed(err.as_deref(), ty.err.as_ref())?)),
        (Val::Flags(set), Type::Flags(ty)) => {
            let mut bits = 0_u32;
            for name in set {
                let nth = ty.names.iter().position(|known| known == name)?;
                bits |= 1_u32.checked_shl(u32::try_from(nth).ok()?)?;
            }
            Value::Flags(ty.clone(), bits)
        }
        _ => return None,
    })
}

/// `None` if payload and type do not go together.
#[expect(clippy::option_option, reason = "the outer one is the error")]
fn unboxed(payload: Option<&Val>, ty: Option<&Type>) -> Option<Option<Box<Value>>> {
    match (payload, ty) {
        (Some(payload), Some(ty)) => Some(Some(Box::new(from_engine(payload, ty)?))),
        (None, None) => Some(None),
        _ => None,
    }
}

/// Whether an export's type is the contract's, by structure: field, case and flag names included, type names not.
#[must_use]
pub fn same_type(found: &EngineType, wanted: &Type) -> bool {
    let both = |found: Option<EngineType>, wanted: Option<&Type>| match (found, wanted) {
        (Some(found), Some(wanted)) => same_type(&found, wanted),
        (None, None) => true,
        _ => false,
    };
    match (found, wanted) {
        (EngineType::Bool, Type::Bool)
        | (EngineType::S8, Type::S8)
        | (EngineType::U8, Type::U8)
        | (EngineType::S16, Type::S16)
        | (EngineType::U16, Type::U16)
        | (EngineType::S32, Type::S32)
        | (EngineType::U32, Type::U32)
        | (EngineType::S64, Type::S64)
        | (EngineType::U64, Type::U64)
        | (EngineType::Float32, Type::F32)
        | (EngineType::Float64, Type::F64)
        | (EngineType::Char, Type::Char)
        | (EngineType::String, Type::String) => true,
        (EngineType::List(list), Type::List(element)) => same_type(&list.ty(), element),
        (EngineType::Option(option), Type::Option(some)) => same_type(&option.ty(), some),
        (EngineType::Tuple(tuple), Type::Tuple(types)) => {
            tuple.types().len() == types.len() && tuple.types().zip(types.iter()).all(|(a, b)| same_type(&a, b))
        }
        (EngineType::Record(record), Type::Record(ty)) => {
            record.fields().len() == ty.fields.len()
                && record.fields().zip(&ty.fields).all(|(a, (name, ty))| a.name == name && same_type(&a.ty, ty))
        }
        (EngineType::Variant(variant), Type::Variant(ty)) => {
            variant.cases().len() == ty.cases.len()
                && variant.cases().zip(&ty.cases).all(|(a, (name, ty))| a.name == name && both(a.ty, ty.as_ref()))
        }
        (EngineType::Enum(found), Type::Enum(ty)) => found.names().eq(ty.cases.iter().map(String::as_str)),
        (EngineType::Flags(found), Type::Flags(ty)) => found.names().eq(ty.names.iter().map(String::as_str)),
        (EngineType::Result(found), Type::Result(ty)) => {
            both(found.ok(), ty.ok.as_ref()) && both(found.err(), ty.err.as_ref())
        }
        _ => false,
    }
}

/// An export's type in the words of WIT, for a message.
#[must_use]
pub fn signature(function: &ComponentFunc) -> String {
    let mut text = String::from("func(");
    for (nth, (name, ty)) in function.params().enumerate() {
        let comma = if nth > 0 { ", " } else { "" };
        let _ = write!(text, "{comma}{name}: {}", words(&ty));
    }
    text.push(')');
    if let Some(result) = function.results().next() {
        let _ = write!(text, " -> {}", words(&result));
    }
    text
}

fn words(ty: &EngineType) -> String {
    match ty {
        EngineType::List(list) => format!("list<{}>", words(&list.ty())),
        EngineType::Option(option) => format!("option<{}>", words(&option.ty())),
        EngineType::Tuple(tuple) => {
            format!("tuple<{}>", tuple.types().map(|ty| words(&ty)).collect::<Vec<_>>().join(", "))
        }
        EngineType::Result(result) => {
            let side = |ty: Option<EngineType>| ty.map_or_else(|| "_".to_owned(), |ty| words(&ty));
            format!("result<{}, {}>", side(result.ok()), side(result.err()))
        }
        EngineType::Record(record) => {
            let fields: Vec<_> = record.fields().map(|field| format!("{}: {}", field.name, words(&field.ty))).collect();
            format!("record {{ {} }}", fields.join(", "))
        }
        EngineType::Variant(variant) => {
            let cases: Vec<_> = variant.cases().map(|case| case.name.to_owned()).collect();
            format!("variant {{ {} }}", cases.join(", "))
        }
        EngineType::Enum(ty) => format!("enum {{ {} }}", ty.names().collect::<Vec<_>>().join(", ")),
        EngineType::Flags(ty) => format!("flags {{ {} }}", ty.names().collect::<Vec<_>>().join(", ")),
        EngineType::Float32 => "f32".to_owned(),
        EngineType::Float64 => "f64".to_owned(),
        other => format!("{other:?}").to_lowercase(),
    }
}
