//! How complicated a value is, as a natural number: the measure by which shrinking ends.
//!
//! One element more outweighs any number; a case further down outweighs any number too.

use super::simpler::whole;
use crate::value::Value;

/// An element of a list, a character of a string, a payload.
pub(super) const ELEMENT: u128 = 1 << 72;
/// A case further down the type.
const CASE: u128 = 1 << 68;

pub(super) fn cost(value: &Value) -> u128 {
    if let Some(number) = whole(value) {
        return number_cost(number);
    }
    let sum = |values: &[Value], each: u128| {
        values.iter().fold(0_u128, |sum, value| sum.saturating_add(each).saturating_add(cost(value)))
    };
    let payload = |payload: &Option<Box<Value>>| payload.as_ref().map_or(0, |value| cost(value));
    match value {
        Value::Bool(value) => u128::from(*value),
        Value::F32(number) => double_cost(f64::from(*number)),
        Value::F64(number) => double_cost(*number),
        Value::Char(character) => character_cost(*character),
        Value::String(text) => text
            .chars()
            .fold(0_u128, |sum, character| sum.saturating_add(ELEMENT).saturating_add(character_cost(character))),
        Value::List(values) => sum(values, ELEMENT),
        Value::Record(_, values) | Value::Tuple(values) => sum(values, 0),
        Value::Variant(_, case, value) => CASE.saturating_mul(u128::from(*case)).saturating_add(payload(value)),
        Value::Enum(_, case) => u128::from(*case),
        Value::Option(None) => 0,
        Value::Option(value) => CASE.saturating_add(payload(value)),
        Value::Result(Ok(value)) => payload(value),
        Value::Result(Err(value)) => CASE.saturating_add(payload(value)),
        Value::Flags(_, bits) => {
            u128::from(bits.count_ones()).saturating_mul(1 << 32).saturating_add(u128::from(*bits))
        }
        _ => 0,
    }
}

/// 0, 1, -1, 2, -2, and so on.
fn number_cost(number: i128) -> u128 {
    number.unsigned_abs().saturating_mul(2).saturating_add(u128::from(number < 0))
}

/// Whole numbers first, then short fractions, then the rest, then what is not finite.
fn double_cost(number: f64) -> u128 {
    const FRACTION: u128 = 1 << 60;
    let negative = u128::from(number.is_sign_negative());
    if number.is_nan() {
        return FRACTION.saturating_mul(8);
    }
    if number.is_infinite() {
        return FRACTION.saturating_mul(4).saturating_add(negative);
    }
    if number.fract() == 0.0 && number.abs() < 9_007_199_254_740_992.0 {
        #[expect(clippy::cast_possible_truncation, reason = "a whole number below 2^53")]
        let whole = number.abs() as u64;
        return u128::from(whole).saturating_mul(2).saturating_add(negative);
    }
    let bits = number.abs().to_bits();
    let mantissa = bits & 0x000f_ffff_ffff_ffff;
    let digits = 52_u32.saturating_sub(mantissa.trailing_zeros().min(52));
    let exponent = (bits >> 52).abs_diff(1023);
    FRACTION
        .saturating_add(u128::from(digits).saturating_mul(1 << 16))
        .saturating_add(u128::from(exponent).saturating_mul(4))
        .saturating_add(negative)
}

/// `a` first, then the plain letters and digits, then other ASCII, then by code point.
pub(super) fn character_cost(character: char) -> u128 {
    let code = u128::from(u32::from(character));
    match character {
        'a'..='z' => code.saturating_sub(97),
        '0'..='9' => code.saturating_sub(48).saturating_add(26),
        'A'..='Z' => code.saturating_sub(65).saturating_add(36),
        ' '..='~' => code.saturating_add(62),
        '\0'..='\u{7f}' => code.saturating_add(256),
        _ => code.saturating_add(512),
    }
}
