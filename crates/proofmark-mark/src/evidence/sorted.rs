//! JSON with one spelling for each value, whatever order its objects were built in. For serde's `with`.
//!
//! No float is ever written as a number or read as one: its text would depend on who prints it.

use serde::de::Error as _;
use serde::ser::{SerializeMap as _, SerializeSeq as _};
use serde::{Deserialize, Deserializer, Serialize, Serializer};
use serde_json::Value;

struct Sorted<'a>(&'a Value);

impl Serialize for Sorted<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match self.0 {
            Value::Object(fields) => {
                let mut keys: Vec<_> = fields.iter().collect();
                keys.sort_unstable_by_key(|(key, _)| *key);
                let mut map = serializer.serialize_map(Some(keys.len()))?;
                for (key, value) in keys {
                    map.serialize_entry(key, &Sorted(value))?;
                }
                map.end()
            }
            Value::Array(values) => {
                let mut list = serializer.serialize_seq(Some(values.len()))?;
                for value in values {
                    list.serialize_element(&Sorted(value))?;
                }
                list.end()
            }
            Value::Number(number) if !(number.is_u64() || number.is_i64()) => serializer.collect_str(number),
            other => other.serialize(serializer),
        }
    }
}

pub(super) fn serialize<S: Serializer>(value: &Value, serializer: S) -> Result<S::Ok, S::Error> {
    Sorted(value).serialize(serializer)
}

pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Value, D::Error> {
    let value = Value::deserialize(deserializer)?;
    if whole(&value) { Ok(value) } else { Err(D::Error::custom("a number in `details` is not an integer")) }
}

fn whole(value: &Value) -> bool {
    match value {
        Value::Number(number) => number.is_u64() || number.is_i64(),
        Value::Array(values) => values.iter().all(whole),
        Value::Object(fields) => fields.values().all(whole),
        _ => true,
    }
}
