//! Lists as sets: each element becomes a key, and two elements have one key exactly if they are equal in CEL.

use std::collections::BTreeSet;

use super::{Answer, Evaluation, Fault, Why, fault};
use crate::cel::item::{Item, Number};
use crate::cel::typed::{Expr, Sets};

/// 2^65: no whole number of CEL is beyond it.
const WHOLE_END: f64 = 36_893_488_147_419_103_232.0;

type Key = Vec<u8>;

impl<'a> Evaluation<'a> {
    pub(super) fn sets(&mut self, sets: Sets, left: &'a Expr, right: &'a Expr, expr: &Expr) -> Answer<'a> {
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        let (left, right) = (self.keys(&left, expr)?, self.keys(&right, expr)?);
        let contains = |all: &BTreeSet<Option<Key>>, some: &BTreeSet<Option<Key>>| {
            some.iter().all(|key| key.is_some() && all.contains(key))
        };
        Ok(Item::Bool(match sets {
            Sets::Contains => contains(&left, &right),
            Sets::Equivalent => contains(&left, &right) && contains(&right, &left),
            Sets::Intersects => right.iter().any(|key| key.is_some() && left.contains(key)),
        }))
    }

    /// The keys of a list's elements; `None` for one that equals nothing, not even itself.
    fn keys(&mut self, list: &Item<'a>, expr: &Expr) -> Result<BTreeSet<Option<Key>>, Box<Fault>> {
        let mut keys = BTreeSet::new();
        for index in 0..list.len() {
            let Some(item) = list.get(index) else { break };
            let mut key = Key::new();
            keys.insert(self.key(&item, &mut key, expr)?.then_some(key));
        }
        Ok(keys)
    }

    /// Writes the key; `false` if there is none.
    fn key(&mut self, item: &Item<'a>, key: &mut Key, expr: &Expr) -> Result<bool, Box<Fault>> {
        self.spend(1, expr)?;
        if let Some(number) = Number::of(item) {
            return Ok(number_key(number, key));
        }
        match item {
            Item::Bool(value) => key.extend([1, u8::from(*value)]),
            Item::Flags(bits) => {
                key.push(2);
                key.extend(bits.to_be_bytes());
            }
            Item::Str(_) | Item::Text(_) | Item::Char(_) => {
                let length = item.text(str::len);
                self.spend(length / 16, expr)?;
                key.push(3);
                key.extend(wide(length));
                item.text(|text| key.extend(text.as_bytes()));
            }
            _ => return self.inner_key(item, key, expr),
        }
        Ok(true)
    }

    fn inner_key(&mut self, item: &Item<'a>, key: &mut Key, expr: &Expr) -> Result<bool, Box<Fault>> {
        if let Some((case, payload)) = item.case() {
            key.extend([4, u8::from(payload.is_some())]);
            key.extend(case.to_be_bytes());
            return payload.map_or(Ok(true), |payload| self.key(&payload, key, expr));
        }
        key.push(5);
        key.extend(wide(item.len()));
        for index in 0..item.len() {
            match item.get(index) {
                Some(part) if self.key(&part, key, expr)? => {}
                Some(_) => return Ok(false),
                None => return fault(Why::Missing("element"), expr),
            }
        }
        Ok(true)
    }
}

fn wide(length: usize) -> [u8; 8] {
    u64::try_from(length).unwrap_or(u64::MAX).to_be_bytes()
}

/// One key for one number, whatever its type: `1`, `1u` and `1.0` are equal.
fn number_key(number: Number, key: &mut Key) -> bool {
    let whole = match number {
        Number::Int(value) => i128::from(value),
        Number::Uint(value) => i128::from(value),
        Number::Double(value) if value.is_nan() => return false,
        #[expect(clippy::as_conversions, clippy::cast_possible_truncation, reason = "a whole number inside ±2^65")]
        Number::Double(value) if value.fract() == 0.0 && value.abs() < WHOLE_END => value as i128,
        Number::Double(value) => {
            key.push(7);
            key.extend(value.to_bits().to_be_bytes());
            return true;
        }
    };
    key.push(6);
    key.extend(whole.to_be_bytes());
    true
}
