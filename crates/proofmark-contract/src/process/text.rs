//! How files are written in WAVE: `text("…")` may stand for `file([…])` with those bytes.
//!
//! The case exists in text alone. Values never have it, so that two trees with the same bytes are the same value.

use std::sync::Arc;

use super::types::{FILE, READABLE, TEXT, TREE, is_tree};
use crate::types::{RecordType, Type};
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

/// The value as a person reads it: files that are text as `text("…")`.
pub(crate) fn readable(value: &Value, ty: &Type) -> Value {
    match (value, ty) {
        (Value::List(entries), tree) if is_tree(tree) => Value::List(entries.iter().map(readable_entry).collect()),
        (Value::Record(record, values), Type::Record(ty)) => {
            let values = values.iter().zip(&ty.fields).map(|(value, (_, ty))| readable(value, ty)).collect();
            Value::Record(Arc::clone(record), values)
        }
        (value, _) => value.clone(),
    }
}

fn readable_entry(entry: &Value) -> Value {
    let Value::Record(_, fields) = entry else { return entry.clone() };
    let fields = fields.iter().map(|field| match field {
        Value::Variant(_, FILE, Some(bytes)) => match super::tree::bytes_of(bytes).map(String::from_utf8) {
            Some(Ok(text)) if text.chars().all(is_plain) => {
                Value::Variant(Arc::clone(&READABLE.node), TEXT, Some(Box::new(Value::String(text))))
            }
            _ => Value::Variant(Arc::clone(&READABLE.node), FILE, Some(bytes.clone())),
        },
        Value::Variant(_, case, payload) => Value::Variant(Arc::clone(&READABLE.node), *case, payload.clone()),
        other => other.clone(),
    });
    Value::Record(Arc::clone(&READABLE.entry), fields.collect())
}

fn is_plain(character: char) -> bool {
    !character.is_control() || matches!(character, '\n' | '\r' | '\t')
}
