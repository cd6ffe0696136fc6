//! Pairs of inputs that differ in a secret alone.
//!
//! What tells two secrets apart is often a comparison: with something public, of lengths, of first characters. So the second
//! secret is often something public, the first one with one bit or character changed, or one of another length.

use super::process::without_nul;
use super::{ROOM, Source};
use crate::process::{Part, Process, Tree, bytes_value, is_tree};
use crate::secret::{Held, Pair, Place, Secret, Step, each};
use crate::shrink::{minimal, whole, with_whole};
use crate::types::Type;
use crate::value::Value;

/// Values that may be copied into one secret, at most, and the longest list whose elements are looked at.
const ALIKE_MAX: usize = 256;
/// How often another secret is looked for beside one input.
const TRIES: usize = 4;

impl Source {
    /// A pair for the secret; `None` if no try gave one: the same input twice, or one that the function can't be given.
    #[must_use]
    pub fn pair(&mut self, secret: &Secret) -> Option<Pair> {
        let mut first = self.arguments(&secret.of);
        for held in &secret.held {
            let value = self.held(held);
            first.push(value);
        }
        let second = (0..TRIES).find_map(|_| self.second(secret, &first))?;
        Some(Pair { first, second })
    }

    /// The input with other secrets.
    fn second(&mut self, secret: &Secret, first: &[Value]) -> Option<Vec<Value>> {
        self.room = ROOM;
        let types = secret.types();
        let mut second = first.to_vec();
        let only = if self.random.chance(2) { self.random.pick(&secret.places) } else { None };
        for place in secret.places.iter().filter(|place| only.is_none_or(|only| only == *place)) {
            let process = secret.of.process.as_deref();
            let part = process.and_then(|process| process.parts().get(place.index).copied());
            let held = place.index >= secret.of.params.len();
            let at = Spot { first, types: &types, process, part, held, place };
            place.replace(&mut second, &types, &mut |value, ty| self.other(value, ty, &at));
        }
        secret.in_form(second).filter(|second| second != first)
    }

    fn held(&mut self, held: &Held) -> Value {
        match held {
            Held::Variable(_) if self.random.chance(8) => Value::Option(None),
            Held::Variable(_) => Value::Option(Some(Box::new(Value::String(without_nul(self.string()))))),
            Held::Stdin => Value::String(without_nul(self.lines())),
            Held::Random => self.make(&Type::U64),
        }
    }

    /// Another value for a secret.
    fn other(&mut self, value: &Value, ty: &Type, at: &Spot<'_>) -> Value {
        let among_others = at.place.steps.iter().any(|step| matches!(step, Step::Each));
        if among_others && self.random.chance(3) {
            return value.clone();
        }
        if at.part == Some(Part::Files)
            && let Some(attribute) = self.attribute(ty)
        {
            return attribute;
        }
        let found = match self.random.below(16) {
            0..=4 => self.alike(ty, at),
            5..=9 => Some(self.altered(value, ty)),
            10 | 11 => self.resized(value, ty),
            12 | 13 => Some(self.renewed(value, ty)),
            14 => Some(minimal(ty)),
            _ => None,
        };
        let found = found.unwrap_or_else(|| self.fresh(value, ty, at));
        let found = if found == *value { self.altered(value, ty) } else { found };
        // The kernel takes no NUL here; standard input and files may hold it.
        let plain = matches!(at.part, Some(Part::Arguments | Part::Environment)) || at.held;
        if plain { stripped(found) } else { found }
    }

    /// A new value that owes nothing to the one before.
    fn fresh(&mut self, value: &Value, ty: &Type, at: &Spot<'_>) -> Value {
        match (at.process, at.part) {
            (Some(process), Some(part)) if at.place.steps.is_empty() => match part {
                Part::Arguments => Value::List(self.run_arguments().into_iter().map(Value::String).collect()),
                Part::Environment => self.environment(process),
                Part::Stdin => self.stdin(process.stdin.unwrap_or(crate::process::Form::Bytes)),
                Part::Files => self.other_tree(value, process.files.as_deref().unwrap_or("/")),
            },
            _ => self.make(ty),
        }
    }

    /// The tree with something changed, or another one.
    fn other_tree(&mut self, value: &Value, guest: &str) -> Value {
        let Ok(mut tree) = Tree::from_value(value) else { return value.clone() };
        if self.random.chance(4) {
            return self.tree(guest).to_value();
        }
        for _ in 0..self.random.between(1, 2) {
            let mut entries = tree.entries().to_vec();
            self.change(&mut entries, guest);
            if let Ok(changed) = Tree::new(entries) {
                tree = changed;
            }
        }
        tree.to_value()
    }

    /// Something of that type that is in the input already, now and then altered.
    fn alike(&mut self, ty: &Type, at: &Spot<'_>) -> Option<Value> {
        let mut found = Vec::new();
        for (value, known) in at.first.iter().zip(at.types) {
            collect(value, known, ty, &mut found);
        }
        let mut value = self.random.pick(&found)?.clone();
        if at.part == Some(Part::Stdin) && self.random.chance(3) {
            // Lines end with a newline, what they are compared with does not.
            match &mut value {
                Value::String(text) => text.push('\n'),
                Value::List(bytes) => bytes.push(Value::U8(b'\n')),
                _ => {}
            }
        }
        Some(if self.random.chance(3) { self.altered(&value, ty) } else { value })
    }

    /// The value with one bit, character or element changed, as long as before.
    fn altered(&mut self, value: &Value, ty: &Type) -> Value {
        if is_tree(ty) {
            return self.other_tree(value, "/");
        }
        match (value, ty) {
            (Value::Bool(value), _) => Value::Bool(!value),
            (Value::F32(number), _) => Value::F32(if self.random.chance(2) { number.next_up() } else { -number }),
            (Value::F64(number), _) => Value::F64(if self.random.chance(2) { number.next_up() } else { -number }),
            (Value::Char(character), _) => Value::Char(self.as_long(*character)),
            (Value::String(text), _) => {
                let nth = self.random.index(text.chars().count());
                let mut characters: Vec<char> = text.chars().collect();
                if let Some(character) = characters.get_mut(nth) {
                    *character = self.as_long(*character);
                }
                Value::String(characters.into_iter().collect())
            }
            (Value::Flags(own, bits), _) => {
                let flag = 1_u32.checked_shl(self.index(own.names.len())).unwrap_or(0);
                Value::Flags(own.clone(), bits ^ (flag & own.all()))
            }
            (Value::Enum(own, _), _) => Value::Enum(own.clone(), self.index(own.cases.len())),
            (Value::Option(None), Type::Option(_)) | (Value::Variant(..) | Value::Result(_), _) => self.make(ty),
            (Value::Option(Some(some)), Type::Option(ty)) => Value::Option(Some(Box::new(self.altered(some, ty)))),
            _ => match self.nudged(value) {
                Some(value) => value,
                None => self.altered_part(value, ty),
            },
        }
    }

    /// A list, record or tuple with one of its values altered.
    fn altered_part(&mut self, value: &Value, ty: &Type) -> Value {
        let count = value.typed_parts(ty).len();
        let step = match ty {
            Type::List(_) => Step::At(self.random.index(count)),
            _ => Step::Field(self.random.index(count)),
        };
        each(value, ty, &[step], &mut |part, ty| self.altered(part, ty))
    }

    /// A whole number with one bit changed, or one more or less.
    fn nudged(&mut self, value: &Value) -> Option<Value> {
        let (number, bits) = (whole(value)?, bits(value));
        let bit = 1_i128.checked_shl(u32::try_from(self.random.below(u64::from(bits))).unwrap_or(0)).unwrap_or(1);
        let changed = match self.random.below(4) {
            0 => number.wrapping_add(1),
            1 => number.wrapping_sub(1),
            _ => number ^ bit,
        };
        // The sign's bit and the ends of the range give what does not fit.
        with_whole(value, changed).or_else(|| with_whole(value, number ^ 1))
    }

    /// Another character that is as long in UTF-8.
    fn as_long(&mut self, character: char) -> char {
        let drawn = self.character();
        let fits = drawn != character && drawn.len_utf8() == character.len_utf8();
        // Neither length nor validity changes between neighbours of this kind.
        let neighbour = char::from_u32(u32::from(character) ^ 1).unwrap_or(character);
        if fits { drawn } else { neighbour }
    }

    /// The value with another length, if it has one.
    fn resized(&mut self, value: &Value, ty: &Type) -> Option<Value> {
        match (value, ty) {
            (Value::String(text), _) => {
                let mut characters: Vec<char> = text.chars().collect();
                let at = self.random.index(characters.len().saturating_add(1));
                match self.random.below(4) {
                    0 => drop(characters.pop()),
                    1 => characters.truncate(at),
                    2 => characters.push(self.character()),
                    _ => characters.insert(at, self.character()),
                }
                Some(Value::String(characters.into_iter().collect()))
            }
            (Value::List(values), Type::List(element)) if !is_tree(ty) => {
                let mut values = values.clone();
                let at = self.random.index(values.len().saturating_add(1));
                match self.random.below(4) {
                    0 => drop(values.pop()),
                    1 => values.truncate(at),
                    2 => values.push(self.make(element)),
                    _ => values.insert(at, self.make(element)),
                }
                Some(Value::List(values))
            }
            (Value::Option(Some(_)), _) => Some(Value::Option(None)),
            _ => None,
        }
    }

    /// The value with everything in it made anew, as long as before.
    fn renewed(&mut self, value: &Value, ty: &Type) -> Value {
        match (value, ty) {
            (Value::String(text), _) => Value::String(text.chars().map(|character| self.as_long(character)).collect()),
            (Value::List(values), Type::List(element)) if !is_tree(ty) => {
                Value::List(values.iter().map(|value| self.renewed(value, element)).collect())
            }
            _ if is_tree(ty) => self.other_tree(value, "/"),
            _ => self.make(ty),
        }
    }
}

/// Where another value is wanted.
struct Spot<'a> {
    first: &'a [Value],
    types: &'a [Type],
    process: Option<&'a Process>,
    part: Option<Part>,
    /// Whether a capability holds it.
    held: bool,
    place: &'a Place,
}

fn bits(value: &Value) -> u32 {
    match value {
        Value::S8(_) | Value::U8(_) => 8,
        Value::S16(_) | Value::U16(_) => 16,
        Value::S32(_) | Value::U32(_) => 32,
        _ => 64,
    }
}

/// Everything in the value that can stand where `wanted` is needed: of that type, a number that fits, text for bytes.
fn collect(value: &Value, ty: &Type, wanted: &Type, found: &mut Vec<Value>) {
    if found.len() >= ALIKE_MAX {
        return;
    }
    if ty == wanted {
        found.push(value.clone());
    } else if let Some(value) = as_type(value, ty, wanted) {
        found.push(value);
    }
    let parts = value.typed_parts(ty);
    if parts.len() <= ALIKE_MAX {
        for (part, ty) in parts {
            collect(part, ty, wanted, found);
        }
    }
}

fn as_type(value: &Value, ty: &Type, wanted: &Type) -> Option<Value> {
    match (value, wanted) {
        (_, Type::Option(some)) if **some == *ty => Some(Value::Option(Some(Box::new(value.clone())))),
        (Value::String(text), Type::List(element)) if **element == Type::U8 => Some(bytes_value(text.as_bytes())),
        (Value::List(bytes), Type::String) => {
            let byte = |value: &Value| if let Value::U8(byte) = value { Some(*byte) } else { None };
            String::from_utf8(bytes.iter().map(byte).collect::<Option<_>>()?).ok().map(Value::String)
        }
        _ => with_whole(&minimal(wanted), whole(value)?),
    }
}

/// The value without NULs in its texts.
fn stripped(value: Value) -> Value {
    match value {
        Value::String(text) => Value::String(without_nul(text)),
        Value::List(values) => Value::List(values.into_iter().map(stripped).collect()),
        Value::Tuple(values) => Value::Tuple(values.into_iter().map(stripped).collect()),
        Value::Option(Some(value)) => Value::Option(Some(Box::new(stripped(*value)))),
        other => other,
    }
}

#[cfg(test)]
mod tests;
