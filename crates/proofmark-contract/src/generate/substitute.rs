//! Arguments in which what a program compared is exchanged for what it was compared with.
//!
//! Where an operand of a comparison stands in the input, in any of the forms in which a program may see it, the other
//! operand is put there (input-to-state correspondence: Aschermann et al., REDQUEEN, NDSS 2019).

use crate::value::Value;

/// The longest list or string that is made to fit a comparison of lengths, in elements and bytes.
const LENGTH_MAX: u64 = 8192;
/// Places in one string, or in one list of bytes, that are tried.
const PLACES_MAX: usize = 16;

/// Both operands of a comparison: what the input may hold, and what is to be there instead.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Operands {
    /// Bits of integers, in the low end; `bits` is 32 or 64.
    Whole {
        bits: u32,
        from: u64,
        to: u64,
    },
    Float {
        from: f64,
        to: f64,
    },
}

/// What is added to, or exchanged in, one number of the arguments.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Nudge {
    Add(u64),
    Xor(u64),
}

/// Copies of `arguments` with one place exchanged in each, at most `most`.
#[must_use]
pub fn substitutes(arguments: &[Value], operands: Operands, most: usize) -> Vec<Vec<Value>> {
    let mut made = Vec::new();
    at_each(arguments, &mut |value| exchanged(value, operands), &mut |values| {
        made.push(values);
        made.len() < most
    });
    made
}

/// `arguments` with the number at that position changed, as its type wraps. Characters of strings are numbers. `None`
/// beyond the last, and where no character has that code.
#[must_use]
pub fn nudged(arguments: &[Value], position: usize, nudge: Nudge) -> Option<Vec<Value>> {
    let mut values = arguments.to_vec();
    let mut left = position;
    let changed = values.iter_mut().find_map(|value| nudge_in(value, &mut left, nudge))?;
    changed.then_some(values)
}

/// Calls `made` with copies of `values` in which one place is exchanged for what `each` says, until it says `false`.
fn at_each(
    values: &[Value],
    each: &mut dyn FnMut(&Value) -> Vec<Value>,
    made: &mut dyn FnMut(Vec<Value>) -> bool,
) -> bool {
    for (nth, value) in values.iter().enumerate() {
        let mut with = |new: Value| {
            let mut copy = values.to_vec();
            if let Some(slot) = copy.get_mut(nth) {
                *slot = new;
            }
            made(copy)
        };
        for new in each(value) {
            if !with(new) {
                return false;
            }
        }
        let inside = |list: &[Value],
                      each: &mut dyn FnMut(&Value) -> Vec<Value>,
                      back: &mut dyn FnMut(Vec<Value>) -> bool| { at_each(list, each, back) };
        let more = match value {
            Value::List(list) => inside(list, each, &mut |list| with(Value::List(list))),
            Value::Tuple(list) => inside(list, each, &mut |list| with(Value::Tuple(list))),
            Value::Record(ty, list) => inside(list, each, &mut |list| with(Value::Record(ty.clone(), list))),
            Value::Variant(ty, case, Some(payload)) => {
                one(payload, each, &mut |payload| with(Value::Variant(ty.clone(), *case, Some(payload))))
            }
            Value::Option(Some(payload)) => one(payload, each, &mut |payload| with(Value::Option(Some(payload)))),
            Value::Result(Ok(Some(payload))) => {
                one(payload, each, &mut |payload| with(Value::Result(Ok(Some(payload)))))
            }
            Value::Result(Err(Some(payload))) => {
                one(payload, each, &mut |payload| with(Value::Result(Err(Some(payload)))))
            }
            _ => true,
        };
        if !more {
            return false;
        }
    }
    true
}

fn one(payload: &Value, each: &mut dyn FnMut(&Value) -> Vec<Value>, back: &mut dyn FnMut(Box<Value>) -> bool) -> bool {
    at_each(std::slice::from_ref(payload), each, &mut |mut list| list.pop().is_none_or(|value| back(Box::new(value))))
}

/// What stands at a place, with the operand exchanged.
fn exchanged(value: &Value, operands: Operands) -> Vec<Value> {
    match operands {
        Operands::Whole { bits, from, to } => exchanged_whole(value, bits, from, to),
        Operands::Float { from, to } => exchanged_float(value, from, to),
    }
}

/// The number that those bits stand for, with and without a sign.
fn readings(bits: u32, number: u64) -> [i128; 2] {
    let unused = 64_u32.saturating_sub(bits);
    let signed = number.wrapping_shl(unused).cast_signed().wrapping_shr(unused);
    [i128::from(signed), i128::from(number)]
}

fn exchanged_whole(value: &Value, bits: u32, from: u64, to: u64) -> Vec<Value> {
    let (before, after) = (readings(bits, from), readings(bits, to));
    macro_rules! whole {
        ($number:ident $case:ident $type:ty) => {{
            let number = i128::from(*$number);
            // The program may have looked at the low half of a wide one alone.
            let low =
                before.contains(&number) || (<$type>::BITS > bits && (number ^ i128::from(from)) & 0xffff_ffff == 0);
            let mut made = Vec::new();
            if low {
                made.extend(after.iter().filter_map(|after| <$type>::try_from(*after).ok()));
                made.dedup();
            }
            made.into_iter().map(Value::$case).collect()
        }};
    }
    match value {
        Value::S8(n) => whole!(n S8 i8),
        Value::U8(n) => whole!(n U8 u8),
        Value::S16(n) => whole!(n S16 i16),
        Value::U16(n) => whole!(n U16 u16),
        Value::S32(n) => whole!(n S32 i32),
        Value::U32(n) => whole!(n U32 u32),
        Value::S64(n) => whole!(n S64 i64),
        Value::U64(n) => whole!(n U64 u64),
        #[expect(clippy::cast_precision_loss, reason = "rounds as a conversion in the program does")]
        Value::F64(n) if n.to_bits() == (before[0] as f64).to_bits() => vec![Value::F64(after[0] as f64)],
        Value::Char(c) if u64::from(u32::from(*c)) == from => character(to).map(Value::Char).into_iter().collect(),
        Value::String(text) => exchanged_text(text, bits, from, to).into_iter().map(Value::String).collect(),
        Value::List(values) => exchanged_list(values, bits, from, to),
        _ => Vec::new(),
    }
}

#[expect(clippy::cast_possible_truncation, clippy::float_cmp, reason = "the number that was compared, or none")]
fn exchanged_float(value: &Value, from: f64, to: f64) -> Vec<Value> {
    macro_rules! whole {
        ($number:ident $case:ident $type:ty) => {
            if *$number as f64 == from && (to as $type) as f64 == to {
                vec![Value::$case(to as $type)]
            } else {
                Vec::new()
            }
        };
    }
    match value {
        Value::F64(n) if *n == from => vec![Value::F64(to)],
        Value::F32(n) if f64::from(*n) == from => vec![Value::F32(to as f32)],
        Value::S32(n) => whole!(n S32 i32),
        Value::U32(n) => whole!(n U32 u32),
        #[expect(clippy::cast_precision_loss, reason = "rounds as a conversion in the program does")]
        Value::S64(n) => whole!(n S64 i64),
        #[expect(clippy::cast_precision_loss, reason = "rounds as a conversion in the program does")]
        Value::U64(n) => whole!(n U64 u64),
        _ => Vec::new(),
    }
}

fn character(code: u64) -> Option<char> {
    u32::try_from(code).ok().and_then(char::from_u32)
}

fn exchanged_text(text: &str, bits: u32, from: u64, to: u64) -> Vec<String> {
    let mut made = Vec::new();
    if let Some(new) = character(to) {
        let places = text.char_indices().filter(|(_, old)| u64::from(u32::from(*old)) == from).take(PLACES_MAX);
        made.extend(places.map(|(at, old)| spliced(text, at, old.len_utf8(), new.encode_utf8(&mut [0; 4]))));
    }
    made.extend(
        exchanged_bytes(text.as_bytes(), bits, from, to).into_iter().filter_map(|bytes| String::from_utf8(bytes).ok()),
    );
    if text.len() as u64 == from && to <= LENGTH_MAX {
        made.push(of_length(text, usize::try_from(to).unwrap_or(0)));
    }
    for (before, after) in readings(bits, from).into_iter().zip(readings(bits, to)) {
        let numeral = before.to_string();
        if let Some(at) = text.find(&numeral).filter(|_| numeral.len() > 1 || numeral == text) {
            let new = spliced(text, at, numeral.len(), &after.to_string());
            if made.last() != Some(&new) {
                made.push(new);
            }
        }
    }
    made
}

fn spliced(text: &str, at: usize, length: usize, new: &str) -> String {
    let (before, rest) = text.split_at_checked(at).unwrap_or((text, ""));
    format!("{before}{new}{}", rest.get(length..).unwrap_or_default())
}

/// The text over and over, or cut, so that it has that many bytes.
fn of_length(text: &str, bytes: usize) -> String {
    let mut made: String = if text.is_empty() { "a".repeat(bytes) } else { text.repeat(bytes.div_ceil(text.len())) };
    made.truncate(made.floor_char_boundary(bytes));
    let missing = bytes.saturating_sub(made.len());
    made.extend(std::iter::repeat_n('a', missing));
    made
}

fn exchanged_list(values: &[Value], bits: u32, from: u64, to: u64) -> Vec<Value> {
    let mut made = Vec::new();
    if values.len() as u64 == from && to <= LENGTH_MAX && (to == 0 || !values.is_empty()) {
        made.push(Value::List(values.iter().cloned().cycle().take(usize::try_from(to).unwrap_or(0)).collect()));
    }
    let bytes: Option<Vec<u8>> = values
        .iter()
        .map(|value| match value {
            Value::U8(byte) => Some(*byte),
            _ => None,
        })
        .collect();
    if let Some(bytes) = bytes {
        let lists = exchanged_bytes(&bytes, bits, from, to).into_iter();
        made.extend(lists.map(|bytes| Value::List(bytes.into_iter().map(Value::U8).collect())));
    }
    made
}

/// Where the bytes of one operand stand side by side, in either order, those of the other: 2, 4 or 8 of them, as many as both
/// operands have and no more than the comparison looks at.
fn exchanged_bytes(bytes: &[u8], bits: u32, from: u64, to: u64) -> Vec<Vec<u8>> {
    let mut made = Vec::new();
    let fits = |width: u32| width >= 64 || (from | to).checked_shr(width).unwrap_or(0) == 0;
    for width in [16_u32, 32, 64].into_iter().filter(|width| *width <= bits && fits(*width)) {
        let count = (width / 8) as usize;
        for reversed in [false, true] {
            let cut = |number: u64| {
                let mut bytes = number.to_le_bytes().get(..count).unwrap_or_default().to_vec();
                if reversed {
                    bytes.reverse();
                }
                bytes
            };
            let (old, new) = (cut(from), cut(to));
            let places = bytes.windows(count).enumerate().filter(|(_, window)| *window == old).take(PLACES_MAX);
            for (at, _) in places {
                let mut copy = bytes.to_vec();
                copy.splice(at..at.saturating_add(count), new.iter().copied());
                made.push(copy);
            }
        }
    }
    made
}

/// `None` as long as the position is further on, else whether there was a number to change.
fn nudge_in(value: &mut Value, left: &mut usize, nudge: Nudge) -> Option<bool> {
    macro_rules! here {
        ($number:ident $type:ty) => {{
            if let Some(next) = left.checked_sub(1) {
                *left = next;
                return None;
            }
            #[allow(clippy::cast_possible_truncation, clippy::cast_possible_wrap, reason = "wraps as the type does")]
            let changed = match nudge {
                Nudge::Add(step) => $number.wrapping_add(step as $type),
                Nudge::Xor(mask) => *$number ^ mask as $type,
            };
            *$number = changed;
            Some(true)
        }};
    }
    match value {
        Value::S8(n) => here!(n i8),
        Value::U8(n) => here!(n u8),
        Value::S16(n) => here!(n i16),
        Value::U16(n) => here!(n u16),
        Value::S32(n) => here!(n i32),
        Value::U32(n) => here!(n u32),
        Value::S64(n) => here!(n i64),
        Value::U64(n) => here!(n u64),
        Value::Char(c) => {
            let mut code = Value::U32(u32::from(*c));
            let changed = nudge_in(&mut code, left, nudge)?;
            let new = if let Value::U32(code) = code { char::from_u32(code) } else { None };
            *c = new.unwrap_or(*c);
            Some(changed && new.is_some())
        }
        Value::String(text) => {
            let mut characters: Vec<Value> = text.chars().map(Value::Char).collect();
            let changed = characters.iter_mut().find_map(|character| nudge_in(character, left, nudge))?;
            *text = characters.iter().filter_map(|c| if let Value::Char(c) = c { Some(*c) } else { None }).collect();
            Some(changed)
        }
        Value::List(values) | Value::Tuple(values) | Value::Record(_, values) => {
            values.iter_mut().find_map(|value| nudge_in(value, left, nudge))
        }
        Value::Variant(_, _, Some(payload))
        | Value::Option(Some(payload))
        | Value::Result(Ok(Some(payload)) | Err(Some(payload))) => nudge_in(payload, left, nudge),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn whole(value: Value, from: u64, to: u64) -> Vec<String> {
        let made = substitutes(&[value], Operands::Whole { bits: 32, from, to }, 100);
        made.iter().map(|values| values[0].to_string()).collect()
    }

    #[test]
    fn an_operand_is_exchanged_where_it_stands() {
        assert_eq!(whole(Value::U32(5), 5, 0xdead_beef), ["3735928559"]);
        assert_eq!(whole(Value::S32(5), 5, 0xdead_beef), ["-559038737"]);
        assert_eq!(whole(Value::S32(-1), 0xffff_ffff, 7), ["7"]);
        assert_eq!(whole(Value::U8(5), 5, 300), [""; 0]);
        assert_eq!(whole(Value::S8(5), 5, 0xffff_ff80), ["-128"]);
        assert_eq!(whole(Value::U32(5), 6, 7), [""; 0]);
        assert_eq!(whole(Value::U64(0x1_0000_0005), 5, 9), ["9"]);
        assert_eq!(whole(Value::Char('a'), 97, 98), ["'b'"]);
        assert_eq!(whole(Value::F64(3.0), 3, 44), ["44"]);
        assert_eq!(whole(Value::Option(Some(Box::new(Value::List(vec![Value::U16(2); 2])))), 9, 8), [""; 0]);
        let nested = Value::Option(Some(Box::new(Value::Tuple(vec![Value::U16(3), Value::U16(4)]))));
        assert_eq!(whole(nested, 4, 8), ["some((3, 8))"]);
        let float = substitutes(&[Value::F32(0.5), Value::S64(2)], Operands::Float { from: 2.0, to: -7.0 }, 9);
        assert_eq!(float, [[Value::F32(0.5), Value::S64(-7)]]);
    }

    #[test]
    fn lengths_characters_words_and_numerals_of_strings_are_exchanged() {
        let text = |text: &str| Value::String(text.to_owned());
        assert_eq!(whole(text("aba"), 97, 122), ["\"zba\"", "\"abz\""]);
        assert_eq!(whole(text("ab"), 2, 5), ["\"ababa\""]);
        assert_eq!(whole(text("x=123;"), 123, 4567), ["\"x=4567;\""]);
        let word = |word: &[u8; 4]| u64::from(u32::from_le_bytes(*word));
        assert_eq!(whole(text("..open.."), word(b"open"), word(b"sesa")), ["\"..sesa..\""]);
        assert_eq!(whole(text("..nepo.."), word(b"open"), word(b"sesa")), ["\"..ases..\""]);
        let bytes = Value::List(b"open".iter().map(|byte| Value::U8(*byte)).collect());
        assert_eq!(whole(bytes, word(b"open"), word(b"\xff\x00\x01\x02")), ["[255, 0, 1, 2]"]);
        let list = Value::List(vec![Value::U8(1), Value::U8(2)]);
        assert_eq!(whole(list.clone(), 2, 3), ["[1, 2, 1]", "[1, 3]"]);
        let long = substitutes(&[list], Operands::Whole { bits: 32, from: 2, to: 4096 }, 9);
        assert!(matches!(&long[0][0], Value::List(values) if values.len() == 4096));
        assert_eq!(whole(text("ab"), 2, LENGTH_MAX + 1), [""; 0]);
    }

    #[test]
    fn a_number_is_nudged_by_its_position() {
        let values = [Value::Bool(true), Value::S8(127), Value::String("az".into()), Value::List(vec![Value::U64(0)])];
        let nudged = |position, nudge| {
            let values = nudged(&values, position, nudge)?;
            Some(values.iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        };
        assert_eq!(nudged(0, Nudge::Add(1)).unwrap(), "true -128 \"az\" [0]");
        assert_eq!(nudged(2, Nudge::Add(1)).unwrap(), "true 127 \"a{\" [0]");
        assert_eq!(nudged(3, Nudge::Add(u64::MAX)).unwrap(), "true 127 \"az\" [18446744073709551615]");
        assert_eq!(nudged(3, Nudge::Xor(6)).unwrap(), "true 127 \"az\" [6]");
        assert_eq!(nudged(4, Nudge::Add(1)), None);
        assert_eq!(nudged(1, Nudge::Add(0xd800 - 97)), None);
    }
}
