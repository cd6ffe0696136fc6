//! Sameness of values, by canonical bits.

use super::Value;

pub(super) fn same(a: &Value, b: &Value) -> bool {
    match (a, b) {
        (Value::Bool(a), Value::Bool(b)) => a == b,
        (Value::S8(a), Value::S8(b)) => a == b,
        (Value::U8(a), Value::U8(b)) => a == b,
        (Value::S16(a), Value::S16(b)) => a == b,
        (Value::U16(a), Value::U16(b)) => a == b,
        (Value::S32(a), Value::S32(b)) => a == b,
        (Value::U32(a), Value::U32(b)) => a == b,
        (Value::S64(a), Value::S64(b)) => a == b,
        (Value::U64(a), Value::U64(b)) => a == b,
        (Value::F32(a), Value::F32(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (Value::F64(a), Value::F64(b)) => a.to_bits() == b.to_bits() || (a.is_nan() && b.is_nan()),
        (Value::Char(a), Value::Char(b)) => a == b,
        (Value::String(a), Value::String(b)) => a == b,
        (Value::List(a), Value::List(b)) | (Value::Tuple(a), Value::Tuple(b)) => all_same(a, b),
        (Value::Record(a_type, a), Value::Record(b_type, b)) => {
            let names = |ty: &super::RecordType, other: &super::RecordType| {
                ty.fields.iter().map(|(name, _)| name).eq(other.fields.iter().map(|(name, _)| name))
            };
            all_same(a, b) && (std::sync::Arc::ptr_eq(a_type, b_type) || names(a_type, b_type))
        }
        (Value::Variant(a_type, a_case, a), Value::Variant(b_type, b_case, b)) => {
            let name = |ty: &super::VariantType, case: u32| ty.cases.get(case as usize).map(|(name, _)| name.clone());
            let cases = if std::sync::Arc::ptr_eq(a_type, b_type) {
                a_case == b_case
            } else {
                name(a_type, *a_case) == name(b_type, *b_case)
            };
            cases && payloads_same(a, b)
        }
        (Value::Enum(a_type, a), Value::Enum(b_type, b)) => {
            if std::sync::Arc::ptr_eq(a_type, b_type) {
                a == b
            } else {
                a_type.cases.get(*a as usize) == b_type.cases.get(*b as usize)
            }
        }
        (Value::Option(a), Value::Option(b)) => payloads_same(a, b),
        (Value::Result(Ok(a)), Value::Result(Ok(b))) | (Value::Result(Err(a)), Value::Result(Err(b))) => {
            payloads_same(a, b)
        }
        (Value::Flags(a_type, a), Value::Flags(b_type, b)) => {
            a == b && (std::sync::Arc::ptr_eq(a_type, b_type) || a_type.names == b_type.names)
        }
        _ => false,
    }
}

fn all_same(a: &[Value], b: &[Value]) -> bool {
    a.len() == b.len() && a.iter().zip(b).all(|(a, b)| same(a, b))
}

fn payloads_same(a: &Option<Box<Value>>, b: &Option<Box<Value>>) -> bool {
    match (a, b) {
        (Some(a), Some(b)) => same(a, b),
        (None, None) => true,
        _ => false,
    }
}
