//! Typed inputs from a seed, biased to edges.
//!
//! The same seed and dictionary give the same values on every machine; nothing else is a source of randomness. Changing
//! what is drawn here changes evidence, so it needs a new version of the evidence.

use std::sync::Arc;

use crate::interface::Function;
use crate::types::{FlagsType, Type};
use crate::value::Value;

mod dictionary;
mod fill;
mod list;
mod mutate;
mod number;
mod pair;
mod process;
mod random;
pub mod substitute;
mod text;
mod tree;

pub use dictionary::Dictionary;
use dictionary::Words;
pub use fill::filling;
use random::Random;

/// Values in one list of arguments, about: nesting can't make them grow beyond that.
const ROOM: usize = 600;
/// How many of the values before are remembered while one list of arguments is made.
const SEEN_MAX: usize = 12;

/// A stream of values.
#[derive(Debug, Clone)]
pub struct Source {
    random: Random,
    words: Arc<Words>,
    seen: Seen,
    /// How many more values may be made for the arguments at hand.
    room: usize,
}

/// What was made for the arguments at hand so far: later values repeat and neighbour earlier ones.
#[derive(Debug, Clone, Default)]
struct Seen {
    whole: Vec<i128>,
    floats: Vec<f64>,
    chars: Vec<char>,
    texts: Vec<String>,
    compound: Vec<(Type, Value)>,
}

impl Seen {
    fn clear(&mut self) {
        self.whole.clear();
        self.floats.clear();
        self.chars.clear();
        self.texts.clear();
        self.compound.clear();
    }
}

fn remember<T>(seen: &mut Vec<T>, value: T) {
    if seen.len() < SEEN_MAX {
        seen.push(value);
    }
}

impl Source {
    /// A stream that is a function of the seed and the dictionary.
    #[must_use]
    pub fn new(seed: [u8; 32], dictionary: &Dictionary) -> Self {
        Self { random: Random::new(seed), words: dictionary.words(), seen: Seen::default(), room: ROOM }
    }

    /// Arguments for one call of `function`: one value for each parameter.
    #[must_use]
    pub fn arguments(&mut self, function: &Function) -> Vec<Value> {
        self.start();
        if let Some(process) = &function.process {
            return self.run(process);
        }
        function.params.iter().map(|(_, ty)| self.make(ty)).collect()
    }

    /// One value of `ty`.
    #[must_use]
    pub fn value(&mut self, ty: &Type) -> Value {
        self.start();
        self.make(ty)
    }

    fn start(&mut self) {
        self.seen.clear();
        self.room = ROOM;
    }

    fn make(&mut self, ty: &Type) -> Value {
        self.room = self.room.saturating_sub(1);
        match ty {
            Type::Bool => Value::Bool(self.random.chance(2)),
            Type::S8 => Value::S8(number::narrow(self.whole(8, true))),
            Type::S16 => Value::S16(number::narrow(self.whole(16, true))),
            Type::S32 => Value::S32(number::narrow(self.whole(32, true))),
            Type::S64 => Value::S64(number::narrow(self.whole(64, true))),
            Type::U8 => Value::U8(number::narrow(self.whole(8, false))),
            Type::U16 => Value::U16(number::narrow(self.whole(16, false))),
            Type::U32 => Value::U32(number::narrow(self.whole(32, false))),
            Type::U64 => Value::U64(number::narrow(self.whole(64, false))),
            Type::F32 => Value::F32(self.single()),
            Type::F64 => Value::F64(self.double()),
            Type::Char => Value::Char(self.character()),
            Type::String => Value::String(self.string()),
            Type::Enum(ty) => Value::Enum(Arc::clone(ty), self.index(ty.cases.len())),
            Type::Flags(ty) => Value::Flags(Arc::clone(ty), self.flags(ty)),
            compound => self.compound(compound),
        }
    }

    fn compound(&mut self, ty: &Type) -> Value {
        if let Some(value) = self.earlier(ty) {
            return value;
        }
        let value = match ty {
            Type::List(element) => Value::List(self.list(element)),
            Type::Record(record) => {
                let fields = record.fields.iter().map(|(_, ty)| self.make(ty)).collect();
                Value::Record(Arc::clone(record), fields)
            }
            Type::Tuple(types) => Value::Tuple(types.iter().map(|ty| self.make(ty)).collect()),
            Type::Option(some) => {
                let payload = (!self.random.chance(4)).then(|| Box::new(self.make(some)));
                Value::Option(payload)
            }
            Type::Result(result) => {
                if self.random.chance(2) {
                    Value::Result(Ok(self.payload(result.ok.as_ref())))
                } else {
                    Value::Result(Err(self.payload(result.err.as_ref())))
                }
            }
            Type::Variant(variant) => {
                let case = self.index(variant.cases.len());
                let payload = variant.cases.get(case as usize).and_then(|(_, ty)| ty.as_ref());
                let payload = self.payload(payload);
                Value::Variant(Arc::clone(variant), case, payload)
            }
            scalar => self.make(scalar),
        };
        remember(&mut self.seen.compound, (ty.clone(), value.clone()));
        value
    }

    fn payload(&mut self, ty: Option<&Type>) -> Option<Box<Value>> {
        ty.map(|ty| Box::new(self.make(ty)))
    }

    /// Now and then a value of that type again: one of these arguments, or one of the contract's examples; as it was or
    /// a little changed.
    fn earlier(&mut self, ty: &Type) -> Option<Value> {
        let pick = self.random.below(24);
        let known = match pick {
            0..=2 => &self.seen.compound,
            3 => &self.words.compound,
            _ => return None,
        };
        let fitting: Vec<&Value> = known.iter().filter(|(known, _)| known == ty).map(|(_, value)| value).collect();
        let nth = self.random.index(fitting.len());
        let value = (*fitting.get(nth)?).clone();
        let value = self.again(&value)?;
        Some(if self.random.chance(2) { value } else { self.changed(value, ty) })
    }

    /// The value once more, if there is room for all that is in it.
    fn again(&mut self, value: &Value) -> Option<Value> {
        self.room = self.room.checked_sub(weight(value))?;
        Some(value.clone())
    }

    /// The value with one part of it made anew.
    fn changed(&mut self, value: Value, ty: &Type) -> Value {
        match (value, ty) {
            (Value::List(values), Type::List(element)) => Value::List(self.changed_list(values, element)),
            (Value::Record(record, mut fields), Type::Record(ty)) => {
                let nth = self.random.index(fields.len());
                if let (Some(field), Some((_, ty))) = (fields.get_mut(nth), ty.fields.get(nth)) {
                    *field = self.make(ty);
                }
                Value::Record(record, fields)
            }
            (Value::Tuple(mut values), Type::Tuple(types)) => {
                let nth = self.random.index(values.len());
                if let (Some(value), Some(ty)) = (values.get_mut(nth), types.get(nth)) {
                    *value = self.make(ty);
                }
                Value::Tuple(values)
            }
            (Value::Option(Some(payload)), Type::Option(ty)) => {
                Value::Option(Some(Box::new(self.changed(*payload, ty))))
            }
            (Value::Bool(_) | Value::Variant(..) | Value::Result(_) | Value::Option(None), _) => value_of(ty, self),
            (value, Type::List(_) | Type::Record(_) | Type::Tuple(_) | Type::Option(_)) => value,
            (_, scalar) => self.make(scalar),
        }
    }

    fn index(&mut self, length: usize) -> u32 {
        u32::try_from(self.random.index(length)).unwrap_or(0)
    }

    fn flags(&mut self, ty: &FlagsType) -> u32 {
        match self.random.below(8) {
            0 => 0,
            1 => ty.all(),
            2 => 1_u32.checked_shl(self.index(ty.names.len())).unwrap_or(0) & ty.all(),
            3 => ty.all() & !1_u32.checked_shl(self.index(ty.names.len())).unwrap_or(0),
            _ => self.random.bits32() & ty.all(),
        }
    }
}

/// Values in a value, with 8 bytes of a string for one.
fn weight(value: &Value) -> usize {
    let sum = |values: &[Value]| values.iter().fold(1_usize, |sum, value| sum.saturating_add(weight(value)));
    match value {
        Value::String(text) => (text.len() / 8).saturating_add(1),
        Value::List(values) | Value::Tuple(values) | Value::Record(_, values) => sum(values),
        Value::Variant(_, _, Some(value))
        | Value::Option(Some(value))
        | Value::Result(Ok(Some(value)) | Err(Some(value))) => weight(value).saturating_add(1),
        _ => 1,
    }
}

/// A new value that is not a repetition of an earlier one.
fn value_of(ty: &Type, source: &mut Source) -> Value {
    match ty {
        Type::Option(some) => Value::Option(Some(Box::new(source.make(some)))),
        Type::Result(result) if source.random.chance(2) => Value::Result(Ok(source.payload(result.ok.as_ref()))),
        Type::Result(result) => Value::Result(Err(source.payload(result.err.as_ref()))),
        Type::Variant(variant) => {
            let case = source.index(variant.cases.len());
            let payload = variant.cases.get(case as usize).and_then(|(_, ty)| ty.as_ref());
            Value::Variant(Arc::clone(variant), case, source.payload(payload))
        }
        other => source.make(other),
    }
}

#[cfg(test)]
mod tests;
