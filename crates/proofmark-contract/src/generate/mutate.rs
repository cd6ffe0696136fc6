//! Arguments made from other arguments: one part or a few made anew, changed a little, or taken from elsewhere.

use super::{ROOM, Source, weight};
use crate::interface::Function;
use crate::types::Type;
use crate::value::Value;

/// Changes of one list of arguments, at most.
const CHANGES_MAX: i64 = 4;

impl Source {
    /// A choice among `length` things; 0 if there are none.
    #[must_use]
    pub fn choose(&mut self, length: usize) -> usize {
        self.random.index(length)
    }

    /// `arguments` with a few parts changed; parts of `other` may come in.
    #[must_use]
    pub fn mutated(&mut self, function: &Function, arguments: &[Value], other: &[Value]) -> Vec<Value> {
        self.start();
        let most = arguments.iter().map(weight).fold(0, usize::saturating_add).max(ROOM.saturating_mul(2));
        let mut values = arguments.to_vec();
        for _ in 0..self.random.between(1, CHANGES_MAX) {
            let parts: Vec<usize> =
                values.iter().zip(&function.params).map(|(value, (_, ty))| parts(value, ty)).collect();
            let all = parts.iter().fold(0_usize, |sum, count| sum.saturating_add(*count));
            let mut nth = self.random.index(all);
            for ((value, (_, ty)), count) in values.iter_mut().zip(&function.params).zip(parts) {
                if nth < count {
                    self.change_part(value, ty, &mut nth, (function, other));
                    break;
                }
                nth = nth.saturating_sub(count);
            }
        }
        let weight = values.iter().map(weight).fold(0, usize::saturating_add);
        // Copies of copies would grow without end.
        if weight > most { self.arguments(function) } else { values }
    }

    /// Changes the part with that number, of the value itself and all that is in it.
    fn change_part(&mut self, value: &mut Value, ty: &Type, nth: &mut usize, from: (&Function, &[Value])) {
        if *nth == 0 {
            let old = std::mem::replace(value, Value::Bool(false));
            *value = self.another(old, ty, from);
            return;
        }
        *nth = nth.saturating_sub(1);
        for (part, ty) in value.typed_parts_mut(ty) {
            let count = parts(part, ty);
            if *nth < count {
                return self.change_part(part, ty, nth, from);
            }
            *nth = nth.saturating_sub(count);
        }
    }

    fn another(&mut self, value: Value, ty: &Type, (function, other): (&Function, &[Value])) -> Value {
        match self.random.below(8) {
            0 => self.make(ty),
            1 => {
                let mut fitting = Vec::new();
                for (value, (_, found)) in other.iter().zip(&function.params) {
                    of_type(value, found, ty, &mut fitting);
                }
                self.random.pick(&fitting).map_or(value, |taken| (*taken).clone())
            }
            2 | 3 if matches!(value, Value::List(_) | Value::String(_)) => self.stretched(value),
            _ => self.near(value, ty),
        }
    }

    /// A value near this one.
    fn near(&mut self, value: Value, ty: &Type) -> Value {
        macro_rules! whole {
            ($number:ident $case:ident $type:ty) => {{
                let bit = self.random.below(u64::from(<$type>::BITS));
                let step = i128::from(self.random.between(-16, 16));
                let flipped = <$type>::from(1_u8).wrapping_shl(u32::try_from(bit).unwrap_or(0)) ^ $number;
                #[expect(clippy::cast_possible_truncation, reason = "wraps as the type does")]
                let stepped = i128::from($number).wrapping_add(step) as $type;
                Value::$case(match self.random.below(4) {
                    0 => flipped,
                    1 => $number.swap_bytes(),
                    _ => stepped,
                })
            }};
        }
        match value {
            Value::U8(n) => whole!(n U8 u8),
            Value::U16(n) => whole!(n U16 u16),
            Value::U32(n) => whole!(n U32 u32),
            Value::U64(n) => whole!(n U64 u64),
            #[expect(clippy::cast_possible_wrap, reason = "the same bits")]
            Value::S8(n) => match self.near(Value::U8(n.cast_unsigned()), &Type::U8) {
                Value::U8(n) => Value::S8(n as i8),
                other => other,
            },
            Value::S16(n) => match self.near(Value::U16(n.cast_unsigned()), &Type::U16) {
                Value::U16(n) => Value::S16(n.cast_signed()),
                other => other,
            },
            Value::S32(n) => match self.near(Value::U32(n.cast_unsigned()), &Type::U32) {
                Value::U32(n) => Value::S32(n.cast_signed()),
                other => other,
            },
            Value::S64(n) => match self.near(Value::U64(n.cast_unsigned()), &Type::U64) {
                Value::U64(n) => Value::S64(n.cast_signed()),
                other => other,
            },
            Value::F32(n) => Value::F32(match self.random.below(4) {
                0 => n.next_up(),
                1 => n.next_down(),
                2 => -n,
                _ => n * 2.0,
            }),
            Value::F64(n) => Value::F64(match self.random.below(4) {
                0 => n.next_up(),
                1 => n.next_down(),
                2 => -n,
                _ => n * 2.0,
            }),
            Value::Bool(value) => Value::Bool(!value),
            Value::String(text) => Value::String(self.near_text(text)),
            other => self.changed(other, ty),
        }
    }

    /// One character left out, added, exchanged or one beside it.
    fn near_text(&mut self, text: String) -> String {
        let mut characters: Vec<char> = text.chars().collect();
        let at = self.random.index(characters.len().max(1));
        let made = self.character();
        match (self.random.below(4), characters.get_mut(at)) {
            (0, Some(_)) => drop(characters.remove(at)),
            (1, Some(character)) => *character = made,
            (2, Some(character)) => {
                let step = self.random.between(-2, 2);
                let code = i64::from(u32::from(*character)).saturating_add(step);
                *character = u32::try_from(code).ok().and_then(char::from_u32).unwrap_or(made);
            }
            _ => characters.insert(at.min(characters.len()), made),
        }
        characters.into_iter().collect()
    }

    /// A list or a string of another length, of what it is made of: mostly a power of two, or one beside it.
    fn stretched(&mut self, value: Value) -> Value {
        let power = 1_usize.checked_shl(u32::try_from(self.random.below(9)).unwrap_or(0)).unwrap_or(1);
        let length = match self.random.below(3) {
            0 => power,
            1 => power.saturating_sub(1),
            _ => power.saturating_add(1),
        };
        match value {
            Value::List(values) if !values.is_empty() => {
                Value::List(values.iter().cloned().cycle().take(length).collect())
            }
            Value::String(text) if !text.is_empty() => Value::String(text.chars().cycle().take(length).collect()),
            other => other,
        }
    }
}

/// How many parts a value has: itself and all that is in it.
fn parts(value: &Value, ty: &Type) -> usize {
    value.typed_parts(ty).into_iter().fold(1, |sum, (part, ty)| sum.saturating_add(parts(part, ty)))
}

/// Collects the parts that are of type `wanted`.
fn of_type<'a>(value: &'a Value, ty: &'a Type, wanted: &Type, found: &mut Vec<&'a Value>) {
    if ty == wanted {
        found.push(value);
    }
    for (part, ty) in value.typed_parts(ty) {
        of_type(part, ty, wanted, found);
    }
}

#[cfg(test)]
mod tests {
    use super::super::Dictionary;
    use super::*;
    use crate::contract::Contract;

    fn contract(parameters: &str) -> Contract {
        let text = format!(
            "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; interface i {{ record r {{ a: \
             u8, b: string }} variant v {{ x, y(list<s16>), z(f32) }} f: func({parameters}) -> u32; }} world w {{ export \
             i; }}\"\n[[property]]\nname = \"p\"\nof = \"i.f\"\nensures = \"result == result\"\n"
        );
        Contract::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"))
    }

    #[test]
    fn what_is_made_of_other_arguments_fits_the_types_and_depends_on_the_seed_alone() {
        let contract = contract("a: list<option<r>>, b: v, c: tuple<char, f64, bool>, d: result<u64, s8>, e: string");
        let function = &contract.interface.functions[0];
        let run = |seed: u8| {
            let mut source = Source::new([seed; 32], &Dictionary::of(&contract));
            let mut all = vec![source.arguments(function), source.arguments(function)];
            for nth in 0..2000_usize {
                let (one, other) = (source.choose(all.len()), source.choose(all.len()));
                let made = source.mutated(function, &all[one], &all[other]);
                assert!(made.iter().zip(&function.params).all(|(value, (_, ty))| value.fits(ty)), "{nth}");
                assert!(made.iter().map(weight).sum::<usize>() < 3 * ROOM);
                all.push(made);
                if all.len() > 40 {
                    all.remove(0);
                }
            }
            all
        };
        assert!(run(1) == run(1) && run(1) != run(2));
    }

    #[test]
    fn one_part_of_many_changes() {
        let contract = contract("a: u32, b: u32, c: u32, d: u32");
        let function = &contract.interface.functions[0];
        let mut source = Source::new([3; 32], &Dictionary::of(&contract));
        let arguments = vec![Value::U32(1_000_000); 4];
        let mut kept = [0_u32; 5];
        for _ in 0..400 {
            let made = source.mutated(function, &arguments, &arguments);
            kept[made.iter().zip(&arguments).filter(|(a, b)| a == b).count()] += 1;
        }
        // Mostly one, two or three of four; hardly ever all.
        assert!(kept[3] > 80 && kept[2] > 40 && kept[0] < 40, "{kept:?}");
    }
}
