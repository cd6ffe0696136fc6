//! Arguments that leave as much behind in memory as they can: long lists and texts, of values with every bit set.

use std::sync::Arc;

use crate::interface::Function;
use crate::types::Type;
use crate::value::Value;

/// What a string is filled with: every bit but one of both bytes is set, or nearly.
const CHARACTER: char = '\u{7ff}';

/// Arguments whose lists and texts are `length` long, about: nested ones share it. They follow from the types alone.
#[must_use]
pub fn filling(function: &Function, length: usize) -> Vec<Value> {
    function.params.iter().map(|(_, ty)| filled(ty, length)).collect()
}

fn filled(ty: &Type, length: usize) -> Value {
    match ty {
        Type::Bool => Value::Bool(true),
        Type::S8 => Value::S8(-1),
        Type::S16 => Value::S16(-1),
        Type::S32 => Value::S32(-1),
        Type::S64 => Value::S64(-1),
        Type::U8 => Value::U8(u8::MAX),
        Type::U16 => Value::U16(u16::MAX),
        Type::U32 => Value::U32(u32::MAX),
        Type::U64 => Value::U64(u64::MAX),
        Type::F32 => Value::F32(f32::MAX),
        Type::F64 => Value::F64(f64::MAX),
        Type::Char => Value::Char(char::MAX),
        Type::String => Value::String(CHARACTER.to_string().repeat(length)),
        Type::List(element) => {
            // A list of lists is as long in all.
            let inner = if scalar(element) { 0 } else { length.isqrt() };
            let count = if scalar(element) { length } else { length.isqrt() };
            Value::List(vec![filled(element, inner); count])
        }
        Type::Record(record) => {
            Value::Record(Arc::clone(record), record.fields.iter().map(|(_, ty)| filled(ty, length)).collect())
        }
        Type::Tuple(types) => Value::Tuple(types.iter().map(|ty| filled(ty, length)).collect()),
        Type::Option(some) => Value::Option(Some(Box::new(filled(some, length)))),
        Type::Result(result) => Value::Result(Ok(payload(result.ok.as_ref(), length))),
        Type::Enum(ty) => Value::Enum(Arc::clone(ty), last(ty.cases.len())),
        Type::Flags(ty) => Value::Flags(Arc::clone(ty), ty.all()),
        Type::Variant(variant) => {
            let case = last(variant.cases.len());
            let ty = variant.cases.get(case as usize).and_then(|(_, ty)| ty.as_ref());
            Value::Variant(Arc::clone(variant), case, payload(ty, length))
        }
    }
}

fn payload(ty: Option<&Type>, length: usize) -> Option<Box<Value>> {
    ty.map(|ty| Box::new(filled(ty, length)))
}

fn last(count: usize) -> u32 {
    u32::try_from(count.saturating_sub(1)).unwrap_or(0)
}

fn scalar(ty: &Type) -> bool {
    !matches!(
        ty,
        Type::String
            | Type::List(_)
            | Type::Record(_)
            | Type::Tuple(_)
            | Type::Option(_)
            | Type::Result(_)
            | Type::Variant(_)
    )
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::contract::Contract;

    fn shown(parameters: &str) -> String {
        let text = format!(
            "contract = 1\nname = 'c'\nintent = 'c'\n[interface]\nwit = 'package a:b; world w {{ variant v {{ a, b(list<u8>) }} \
             record r {{ n: s16, s: string }} export f: func({parameters}); }}'\n"
        );
        let contract = Contract::parse(&text).unwrap();
        let function = &contract.interface.functions[0];
        let arguments = filling(function, 4);
        let call = crate::interface::Call { function: Arc::clone(function), args: arguments };
        // What is made is of the types that were asked for.
        assert_eq!(contract.interface.parse_call(&call.to_string()).unwrap(), call);
        call.to_string()
    }

    #[test]
    fn everything_is_as_long_as_asked_and_full_of_bits() {
        assert_eq!(shown("xs: list<u8>, n: s32"), "f([255, 255, 255, 255], -1)");
        assert_eq!(shown("s: string"), "f(\"\u{7ff}\u{7ff}\u{7ff}\u{7ff}\")");
        assert_eq!(shown("v: v"), "f(b([255, 255, 255, 255]))");
        assert_eq!(shown("xs: list<r>"), "f([{n: -1, s: \"\u{7ff}\u{7ff}\"}, {n: -1, s: \"\u{7ff}\u{7ff}\"}])");
        assert_eq!(shown("xs: list<list<u16>>, o: option<bool>"), "f([[65535, 65535], [65535, 65535]], some(true))");
    }
}
