//! CEL's conversions between numbers and strings.
//!
//! A double becomes a whole number by dropping its fraction; what does not fit is an error.

use crate::cel::item::Item;
use crate::cel::typed::Shape;

/// 2^63 and 2^64.
const INT_END: f64 = 9_223_372_036_854_775_808.0;
const UINT_END: f64 = 18_446_744_073_709_551_616.0;

pub(super) fn convert<'a>(item: &Item<'a>, to: &Shape) -> Result<Item<'a>, String> {
    match to {
        Shape::Int => int(item).map(Item::Int),
        Shape::Uint => uint(item).map(Item::Uint),
        Shape::Double => double(item).map(Item::Double),
        _ => Ok(match item {
            Item::Int(value) => Item::Text(value.to_string().into()),
            Item::Uint(value) => Item::Text(value.to_string().into()),
            Item::Bool(value) => Item::Str(if *value { "true" } else { "false" }),
            text => text.clone(),
        }),
    }
}

fn int(item: &Item<'_>) -> Result<i64, String> {
    match item {
        Item::Int(value) => Ok(*value),
        Item::Uint(value) => i64::try_from(*value).map_err(|_| format!("{value} does not fit into `int`")),
        #[expect(clippy::as_conversions, reason = "inside the range, the cast drops the fraction")]
        Item::Double(value) if *value > -INT_END && *value < INT_END => Ok(*value as i64),
        Item::Double(value) => Err(format!("{value} does not fit into `int`")),
        text => text.text(|text| text.parse().map_err(|_| unreadable(text, "int"))),
    }
}

fn uint(item: &Item<'_>) -> Result<u64, String> {
    match item {
        Item::Uint(value) => Ok(*value),
        Item::Int(value) => u64::try_from(*value).map_err(|_| format!("{value} does not fit into `uint`")),
        #[expect(clippy::as_conversions, reason = "inside the range, the cast drops the fraction")]
        #[expect(clippy::cast_sign_loss, reason = "inside the range, the cast drops the fraction")]
        Item::Double(value) if *value >= 0.0 && *value < UINT_END => Ok(*value as u64),
        Item::Double(value) => Err(format!("{value} does not fit into `uint`")),
        text => text.text(|text| text.parse().map_err(|_| unreadable(text, "uint"))),
    }
}

fn double(item: &Item<'_>) -> Result<f64, String> {
    match item {
        Item::Double(value) => Ok(*value),
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "rounds to the nearest, as CEL does")]
        Item::Int(value) => Ok(*value as f64),
        #[expect(clippy::as_conversions, clippy::cast_precision_loss, reason = "rounds to the nearest, as CEL does")]
        Item::Uint(value) => Ok(*value as f64),
        text => text.text(|text| text.parse().map_err(|_| unreadable(text, "double"))),
    }
}

fn unreadable(text: &str, to: &str) -> String {
    let shown: String = text.chars().take(40).collect();
    format!("{shown:?} is not the text of a number of type `{to}`")
}
