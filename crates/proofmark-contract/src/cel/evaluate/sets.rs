//! Lists as sets and multisets: each element becomes a key, and two elements have one key exactly if they are equal in CEL.

use std::collections::BTreeMap;

use super::{Answer, Evaluation, Fault, Why, fault};
use crate::cel::item::{Item, Number};
use crate::cel::typed::{Expr, Sets};

/// 2^65: no whole number of CEL is beyond it.
const WHOLE_END: f64 = 36_893_488_147_419_103_232.0;

type Key = Vec<u8>;
/// How often each key is there; none stands for elements that equal nothing, not even themselves.
type Counts = BTreeMap<Option<Key>, u64>;

impl<'a> Evaluation<'a> {
    pub(super) fn sets(&mut self, sets: Sets, left: &'a Expr, right: &'a Expr, expr: &Expr) -> Answer<'a> {
        let (left, right) = (self.eval(left)?, self.eval(right)?);
        let (left, right) = (self.counts(&left, expr)?, self.counts(&right, expr)?);
        let contains = |all: &Counts, some: &Counts, enough: fn(u64, u64) -> bool| {
            some.iter().all(|(key, wanted)| key.is_some() && all.get(key).is_some_and(|found| enough(*found, *wanted)))
        };
        let once: fn(u64, u64) -> bool = |_, _| true;
        let as_often: fn(u64, u64) -> bool = |found, wanted| found >= wanted;
        Ok(Item::Bool(match sets {
            Sets::Contains => contains(&left, &right, once),
            Sets::Equivalent => contains(&left, &right, once) && contains(&right, &left, once),
            Sets::Intersects => right.keys().any(|key| key.is_some() && left.contains_key(key)),
            Sets::ContainsCounted => contains(&left, &right, as_often),
            Sets::EquivalentCounted => contains(&left, &right, as_often) && contains(&right, &left, as_often),
        }))
    }

    fn counts(&mut self, list: &Item<'a>, expr: &Expr) -> Result<Counts, Box<Fault>> {
        let mut counts = Counts::new();
        for index in 0..list.len() {
            let Some(item) = list.get(index) else { break };
            let mut key = Key::new();
            let key = self.key(&item, &mut key, expr)?.then_some(key);
            let count = counts.entry(key).or_default();
            *count = count.saturating_add(1);
        }
        Ok(counts)
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
