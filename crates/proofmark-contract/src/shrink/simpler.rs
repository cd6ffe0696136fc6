//! Simpler values than one value, of the same type. Not all of them are smaller by cost; the caller sorts those out.

use std::sync::Arc;

use super::sequence;
use crate::types::Type;
use crate::value::Value;

/// The simplest value of a type.
pub(crate) fn minimal(ty: &Type) -> Value {
    let boxed = |ty: &Option<Type>| ty.as_ref().map(|ty| Box::new(minimal(ty)));
    match ty {
        Type::Bool => Value::Bool(false),
        Type::S8 => Value::S8(0),
        Type::U8 => Value::U8(0),
        Type::S16 => Value::S16(0),
        Type::U16 => Value::U16(0),
        Type::S32 => Value::S32(0),
        Type::U32 => Value::U32(0),
        Type::S64 => Value::S64(0),
        Type::U64 => Value::U64(0),
        Type::F32 => Value::F32(0.0),
        Type::F64 => Value::F64(0.0),
        Type::Char => Value::Char('a'),
        Type::String => Value::String(String::new()),
        Type::List(_) => Value::List(Vec::new()),
        Type::Record(ty) => Value::Record(Arc::clone(ty), ty.fields.iter().map(|(_, ty)| minimal(ty)).collect()),
        Type::Tuple(types) => Value::Tuple(types.iter().map(minimal).collect()),
        Type::Variant(ty) => {
            let payload = ty.cases.first().and_then(|(_, ty)| boxed(ty));
            Value::Variant(Arc::clone(ty), 0, payload)
        }
        Type::Enum(ty) => Value::Enum(Arc::clone(ty), 0),
        Type::Option(_) => Value::Option(None),
        Type::Result(ty) => Value::Result(Ok(boxed(&ty.ok))),
        Type::Flags(ty) => Value::Flags(Arc::clone(ty), 0),
    }
}

macro_rules! wholes {
    ($($case:ident)*) => {
        /// The number, if the value is a whole number.
        pub(crate) fn whole(value: &Value) -> Option<i128> {
            match value {
                $(Value::$case(number) => Some(i128::from(*number)),)*
                _ => None,
            }
        }

        /// The value with another number, if it is a whole number and that one fits.
        pub(crate) fn with_whole(value: &Value, number: i128) -> Option<Value> {
            match value {
                $(Value::$case(_) => number.try_into().ok().map(Value::$case),)*
                _ => None,
            }
        }
    };
}

wholes!(S8 U8 S16 U16 S32 U32 S64 U64);

/// The value less `step`, if it is a whole number and stays in range.
pub(super) fn moved(value: &Value, step: i128) -> Option<Value> {
    with_whole(value, whole(value)?.checked_sub(step)?)
}

/// Candidates for one value of `ty`: `most` of them, or somewhat more.
pub(super) fn simpler(value: &Value, ty: &Type, most: usize) -> Vec<Value> {
    if let Some(number) = whole(value) {
        return smaller(number).into_iter().filter_map(|number| with_whole(value, number)).take(most).collect();
    }
    match (value, ty) {
        (Value::Bool(true), _) => vec![Value::Bool(false)],
        (Value::F64(number), _) => doubles(*number).into_iter().map(Value::F64).take(most).collect(),
        (Value::F32(number), _) => singles(*number).into_iter().map(Value::F32).take(most).collect(),
        (Value::Char(character), _) => characters(*character).into_iter().map(Value::Char).take(most).collect(),
        (Value::String(text), _) => {
            let characters_of: Vec<char> = text.chars().collect();
            let found = sequence::candidates(&characters_of, &'a', most, &|character, most| {
                characters(*character).into_iter().take(most).collect()
            });
            found.into_iter().map(|characters| Value::String(characters.into_iter().collect())).collect()
        }
        (Value::List(values), Type::List(element)) => {
            let found =
                sequence::candidates(values, &minimal(element), most, &|value, most| simpler(value, element, most));
            found.into_iter().map(Value::List).collect()
        }
        (Value::Record(own, values), Type::Record(ty)) => {
            let types: Vec<&Type> = ty.fields.iter().map(|(_, ty)| ty).collect();
            fields(values, &types, most).into_iter().map(|values| Value::Record(Arc::clone(own), values)).collect()
        }
        (Value::Tuple(values), Type::Tuple(types)) => {
            fields(values, &types.iter().collect::<Vec<_>>(), most).into_iter().map(Value::Tuple).collect()
        }
        (Value::Variant(own, case, payload), Type::Variant(ty)) => {
            let mut found: Vec<Value> = (0..*case)
                .zip(&ty.cases)
                .map(|(case, (_, ty))| {
                    Value::Variant(Arc::clone(own), case, ty.as_ref().map(|ty| Box::new(minimal(ty))))
                })
                .collect();
            let inside = ty.cases.get(*case as usize).and_then(|(_, ty)| ty.as_ref());
            found.extend(
                payloads(payload, inside, most)
                    .into_iter()
                    .map(|value| Value::Variant(Arc::clone(own), *case, Some(value))),
            );
            found
        }
        (Value::Enum(own, case), _) => (0..*case).map(|case| Value::Enum(Arc::clone(own), case)).collect(),
        (Value::Option(Some(_)), Type::Option(some)) => {
            let Value::Option(payload) = value else { return Vec::new() };
            let inside = payloads(payload, Some(some), most).into_iter().map(|value| Value::Option(Some(value)));
            std::iter::once(Value::Option(None)).chain(inside).collect()
        }
        (Value::Result(Ok(payload)), Type::Result(ty)) => {
            payloads(payload, ty.ok.as_ref(), most).into_iter().map(|value| Value::Result(Ok(Some(value)))).collect()
        }
        (Value::Result(Err(payload)), Type::Result(ty)) => {
            let ok = ty.ok.as_ref().map(|ty| Box::new(minimal(ty)));
            let inside =
                payloads(payload, ty.err.as_ref(), most).into_iter().map(|value| Value::Result(Err(Some(value))));
            std::iter::once(Value::Result(Ok(ok))).chain(inside).collect()
        }
        (Value::Flags(own, bits), _) => {
            let single = (0..32).map(|nth| bits & !1_u32.checked_shl(nth).unwrap_or(0));
            let lower = (0..32).map(|nth| bits & 1_u32.checked_shl(nth).unwrap_or(0));
            let found = std::iter::once(0).chain(single).chain(lower).filter(|fewer| fewer != bits);
            found.map(|bits| Value::Flags(Arc::clone(own), bits)).collect()
        }
        _ => Vec::new(),
    }
}

/// Zero, the other sign, and ever smaller steps from the number towards zero.
fn smaller(number: i128) -> Vec<i128> {
    let mut found = vec![0, number / 2, number.saturating_sub(number.signum()), number.saturating_neg()];
    let mut step = number / 4;
    while step != 0 {
        found.push(number.saturating_sub(step));
        step /= 2;
    }
    // Round numbers are easier to read than others of their length.
    let mut ten = 10_i128;
    while ten < number.saturating_abs() {
        found.push(number.signum().saturating_mul(ten));
        ten = ten.saturating_mul(10);
    }
    found
}

fn doubles(number: f64) -> Vec<f64> {
    let mut found = vec![0.0, 1.0, -1.0, 0.5, -0.5, -number, number.trunc(), number.round(), number.trunc() + 0.5];
    if number.is_infinite() {
        found.extend([f64::MAX.copysign(number), 1e9_f64.copysign(number)]);
    }
    if number.is_finite() {
        found.extend([number / 2.0, (number / 2.0).trunc(), number - number.signum(), (number * 8.0).trunc() / 8.0]);
        found.extend([
            (number * 1024.0).trunc() / 1024.0,
            number / 1024.0,
            number.abs().sqrt().trunc().copysign(number),
        ]);
        let bits = number.to_bits();
        found
            .extend([12, 24, 36, 44, 48].map(|cut: u32| f64::from_bits(bits & u64::MAX.checked_shl(cut).unwrap_or(0))));
    }
    found.retain(|candidate| !candidate.is_nan());
    found
}

#[expect(clippy::cast_possible_truncation, reason = "rounds to the nearest f32")]
fn singles(number: f32) -> Vec<f32> {
    doubles(f64::from(number)).into_iter().map(|number| number as f32).collect()
}

/// Characters that may stand for this one.
fn characters(character: char) -> Vec<char> {
    let mut found = vec!['a', 'b', '0', 'A', ' ', '\u{e9}', '\u{1f600}'];
    found.extend(character.to_lowercase().next());
    let code = u32::from(character);
    found.extend([code / 2, code.saturating_sub(1)].into_iter().filter_map(char::from_u32));
    found
}

/// One part simpler at a time, or all of them the simplest.
fn fields(values: &[Value], types: &[&Type], most: usize) -> Vec<Vec<Value>> {
    let mut found = vec![types.iter().map(|ty| minimal(ty)).collect::<Vec<_>>()];
    let most = most.checked_div(values.len()).unwrap_or(most).max(1);
    for (nth, (value, ty)) in values.iter().zip(types).enumerate() {
        for candidate in simpler(value, ty, most) {
            let mut changed = values.to_vec();
            if let Some(slot) = changed.get_mut(nth) {
                *slot = candidate;
            }
            found.push(changed);
        }
    }
    found
}

#[expect(clippy::vec_box, reason = "each goes into a value that holds a box")]
fn payloads(payload: &Option<Box<Value>>, ty: Option<&Type>, most: usize) -> Vec<Box<Value>> {
    match (payload, ty) {
        (Some(value), Some(ty)) => simpler(value, ty, most).into_iter().map(Box::new).collect(),
        _ => Vec::new(),
    }
}
