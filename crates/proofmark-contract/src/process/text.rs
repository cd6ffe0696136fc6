//! How files are written in WAVE: `text("…")` may stand for `file([…])` with those bytes.
//!
//! The case exists in text alone, read and written. Values never have it, so that two trees with the same bytes are the same value.

use std::sync::Arc;

use super::types::{FILE, READABLE, TEXT, TREE, is_tree};
use crate::types::{RecordType, Type, VariantType};
use crate::value::Value;

/// The type that WAVE is read as where a value of `ty` is needed.
pub(crate) fn reading(ty: &Type) -> Type {
    match ty {
        tree if is_tree(tree) => READABLE.tree.clone(),
        Type::Record(record) if record.fields.iter().any(|(_, ty)| is_tree(ty)) => {
            let fields = record.fields.iter().map(|(name, ty)| (name.clone(), reading(ty))).collect();
            Type::Record(Arc::new(RecordType { name: record.name.clone(), fields }))
        }
        other => other.clone(),
    }
}

/// The value of `ty` that was read as one of [`reading`].
pub(crate) fn plain(value: Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::List(entries), tree) if is_tree(tree) => Value::List(entries.into_iter().map(plain_entry).collect()),
        (Value::Record(_, values), Type::Record(record)) => {
            let values = values.into_iter().zip(&record.fields).map(|(value, (_, ty))| plain(value, ty)).collect();
            Value::Record(Arc::clone(record), values)
        }
        (value, _) => value,
    }
}

fn plain_entry(entry: Value) -> Value {
    let Value::Record(_, fields) = entry else { return entry };
    let fields = fields.into_iter().map(|field| match field {
        Value::Variant(_, TEXT, Some(text)) => {
            let bytes = super::tree::bytes_of(&text).unwrap_or_default();
            Value::Variant(Arc::clone(&TREE.node), FILE, Some(Box::new(super::tree::bytes_value(&bytes))))
        }
        Value::Variant(_, case, payload) => Value::Variant(Arc::clone(&TREE.node), case, payload),
        other => other,
    });
    Value::Record(Arc::clone(&TREE.entry), fields.collect())
}

/// How a case of `node` is written where that is not as its type has it: a file that is text, as `text("…")`.
pub(crate) fn written(ty: &Arc<VariantType>, case: u32, payload: Option<&Value>) -> Option<Value> {
    // Values of trees share one type; a component's type of the same look is another.
    if case != FILE || !Arc::ptr_eq(ty, &TREE.node) {
        return None;
    }
    let text = String::from_utf8(super::tree::bytes_of(payload?)?).ok()?;
    text.chars().all(is_plain).then_some(Value::String(text))
}

fn is_plain(character: char) -> bool {
    !character.is_control() || matches!(character, '\n' | '\r' | '\t')
}
