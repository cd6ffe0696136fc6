//! Whether a value is one of a type.

use super::Value;
use crate::types::Type;

pub(super) fn fits(value: &Value, ty: &Type) -> bool {
    match (value, ty) {
        (Value::Bool(_), Type::Bool)
        | (Value::S8(_), Type::S8)
        | (Value::U8(_), Type::U8)
        | (Value::S16(_), Type::S16)
        | (Value::U16(_), Type::U16)
        | (Value::S32(_), Type::S32)
        | (Value::U32(_), Type::U32)
        | (Value::S64(_), Type::S64)
        | (Value::U64(_), Type::U64)
        | (Value::F32(_), Type::F32)
        | (Value::F64(_), Type::F64)
        | (Value::Char(_), Type::Char)
        | (Value::String(_), Type::String) => true,
        (Value::List(values), Type::List(element)) => values.iter().all(|value| fits(value, element)),
        (Value::Record(own, values), Type::Record(ty)) => {
            own == ty
                && values.len() == ty.fields.len()
                && values.iter().zip(&ty.fields).all(|(value, (_, ty))| fits(value, ty))
        }
        (Value::Tuple(values), Type::Tuple(types)) => {
            values.len() == types.len() && values.iter().zip(types.iter()).all(|(value, ty)| fits(value, ty))
        }
        (Value::Variant(own, case, payload), Type::Variant(ty)) => {
            own == ty && ty.cases.get(*case as usize).is_some_and(|(_, ty)| payload_fits(payload, ty.as_ref()))
        }
        (Value::Enum(own, case), Type::Enum(ty)) => own == ty && (*case as usize) < ty.cases.len(),
        (Value::Option(payload), Type::Option(some)) => payload.as_ref().is_none_or(|payload| fits(payload, some)),
        (Value::Result(Ok(payload)), Type::Result(ty)) => payload_fits(payload, ty.ok.as_ref()),
        (Value::Result(Err(payload)), Type::Result(ty)) => payload_fits(payload, ty.err.as_ref()),
        (Value::Flags(own, bits), Type::Flags(ty)) => own == ty && bits & !ty.all() == 0,
        _ => false,
    }
}

fn payload_fits(payload: &Option<Box<Value>>, ty: Option<&Type>) -> bool {
    match (payload, ty) {
        (Some(payload), Some(ty)) => fits(payload, ty),
        (None, None) => true,
        _ => false,
    }
}
