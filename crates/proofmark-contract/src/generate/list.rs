//! Lists: lengths mostly small, and elements that repeat, run and are in order more often than chance has it.

use std::cmp::Ordering;

use super::Source;
use crate::types::Type;
use crate::value::Value;

impl Source {
    /// How long the next list or string is: mostly short, now and then up to 300, never beyond what there is room for.
    pub(super) fn length(&mut self) -> usize {
        let (least, most) = match self.random.below(100) {
            0..=8 => (0, 0),
            9..=20 => (1, 1),
            21..=33 => (2, 2),
            34..=73 => (3, 8),
            74..=92 => (9, 24),
            93..=97 => (25, 64),
            _ => (65, 300),
        };
        usize::try_from(self.random.between(least, most)).unwrap_or(0).min(self.room)
    }

    pub(super) fn list(&mut self, element: &Type) -> Vec<Value> {
        let length = self.length();
        match self.random.below(16) {
            0..=5 => self.independent(element, length),
            6..=8 => {
                let kinds = self.random.between(1, 4);
                let few: Vec<Value> = (0..kinds).map(|_| self.make(element)).collect();
                self.these(&few, length)
            }
            9 => {
                let value = self.make(element);
                self.these(&[value], length)
            }
            10 | 11 => {
                let mut values = self.independent(element, length);
                values.sort_by(order);
                if self.random.chance(2) {
                    values.reverse();
                }
                values
            }
            12 => self.following(element, length),
            13 | 14 => {
                let mut values = self.independent(element, length / 2);
                let mut again: Vec<Value> = values.iter().map_while(|value| self.again(value)).collect();
                if self.random.chance(2) {
                    again.reverse();
                }
                values.append(&mut again);
                values
            }
            _ => {
                let values = self.independent(element, length);
                self.changed_list(values, element)
            }
        }
    }

    fn independent(&mut self, element: &Type, length: usize) -> Vec<Value> {
        let mut values = Vec::with_capacity(length);
        for _ in 0..length {
            if self.room == 0 {
                break;
            }
            values.push(self.make(element));
        }
        values
    }

    /// A list of some of these.
    fn these(&mut self, few: &[Value], length: usize) -> Vec<Value> {
        let mut values = Vec::with_capacity(length);
        while values.len() < length {
            let Some(value) = self.random.pick(few).and_then(|value| self.again(value)) else { break };
            values.push(value);
        }
        values
    }

    /// Numbers that follow each other, one up or one down.
    fn following(&mut self, element: &Type, length: usize) -> Vec<Value> {
        let mut values = vec![self.make(element)];
        let up = self.random.chance(2);
        while values.len() < length {
            let Some(next) = values.last().and_then(|last| beside(last, up)) else { break };
            values.push(next);
        }
        self.room = self.room.saturating_sub(values.len());
        values
    }

    /// The list with an element left out, repeated, added, exchanged or made anew.
    pub(super) fn changed_list(&mut self, mut values: Vec<Value>, element: &Type) -> Vec<Value> {
        let at = self.random.index(values.len());
        let to = self.random.index(values.len().saturating_add(1));
        match self.random.below(6) {
            0 if at < values.len() => drop(values.remove(at)),
            1 => {
                if let Some(value) = values.get(at).and_then(|value| self.again(value)) {
                    values.insert(to, value);
                }
            }
            2 if at < values.len() && to < values.len() => values.swap(at, to),
            3 => values.reverse(),
            4 => {
                let made = self.make(element);
                if let Some(value) = values.get_mut(at) {
                    *value = made;
                }
            }
            _ => {
                let made = self.make(element);
                values.insert(to, made);
            }
        }
        values
    }
}

/// The next value up or down, if the type has one.
fn beside(value: &Value, up: bool) -> Option<Value> {
    macro_rules! step {
        ($($case:ident)*) => {
            match value {
                $(Value::$case(number) => {
                    let next = if up { number.checked_add(1) } else { number.checked_sub(1) };
                    next.map(Value::$case)
                })*
                Value::F32(number) => Some(Value::F32(if up { number + 1.0 } else { number - 1.0 })),
                Value::F64(number) => Some(Value::F64(if up { number + 1.0 } else { number - 1.0 })),
                Value::Char(character) => {
                    let code = u32::from(*character);
                    let next = if up { code.checked_add(1) } else { code.checked_sub(1) };
                    next.and_then(char::from_u32).map(Value::Char)
                }
                _ => None,
            }
        };
    }
    step!(S8 U8 S16 U16 S32 U32 S64 U64)
}

/// A total order of values of one type.
fn order(a: &Value, b: &Value) -> Ordering {
    macro_rules! compare {
        ($($case:ident)*) => {
            match (a, b) {
                $((Value::$case(a), Value::$case(b)) => a.cmp(b),)*
                (Value::F32(a), Value::F32(b)) => a.total_cmp(b),
                (Value::F64(a), Value::F64(b)) => a.total_cmp(b),
                (Value::List(a), Value::List(b))
                | (Value::Tuple(a), Value::Tuple(b))
                | (Value::Record(_, a), Value::Record(_, b)) => {
                    let parts = a.iter().zip(b).map(|(a, b)| order(a, b)).find(|order| order.is_ne());
                    parts.unwrap_or_else(|| a.len().cmp(&b.len()))
                }
                (Value::Enum(_, a), Value::Enum(_, b))
                | (Value::Flags(_, a), Value::Flags(_, b))
                | (Value::Variant(_, a, _), Value::Variant(_, b, _)) => a.cmp(b),
                _ => Ordering::Equal,
            }
        };
    }
    compare!(Bool S8 U8 S16 U16 S32 U32 S64 U64 Char String)
}
