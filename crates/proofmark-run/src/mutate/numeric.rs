//! The numeric operators of one byte: what each is called, and what stands in for it in a mutant.

use std::fmt;

use super::Class;

const COMPARISONS: &[&str] = &["eq", "ne", "lt_s", "lt_u", "gt_s", "gt_u", "le_s", "le_u", "ge_s", "ge_u"];
const WHOLE: &[&str] = &[
    "clz", "ctz", "popcnt", "add", "sub", "mul", "div_s", "div_u", "rem_s", "rem_u", "and", "or", "xor", "shl",
    "shr_s", "shr_u", "rotl", "rotr",
];
const FLOAT_COMPARISONS: &[&str] = &["eq", "ne", "lt", "gt", "le", "ge"];
const FLOAT: &[&str] =
    &["abs", "neg", "ceil", "floor", "trunc", "nearest", "sqrt", "add", "sub", "mul", "div", "min", "max", "copysign"];

/// Operators of one type in a row, as the WebAssembly specification numbers them (Core 2.0, section 5.4.7).
struct Group {
    first: u8,
    ty: &'static str,
    /// The type's byte in a list of locals.
    type_byte: u8,
    names: &'static [&'static str],
}

const GROUPS: [Group; 8] = [
    Group { first: 0x46, ty: "i32", type_byte: 0x7f, names: COMPARISONS },
    Group { first: 0x51, ty: "i64", type_byte: 0x7e, names: COMPARISONS },
    Group { first: 0x5b, ty: "f32", type_byte: 0x7d, names: FLOAT_COMPARISONS },
    Group { first: 0x61, ty: "f64", type_byte: 0x7c, names: FLOAT_COMPARISONS },
    Group { first: 0x67, ty: "i32", type_byte: 0x7f, names: WHOLE },
    Group { first: 0x79, ty: "i64", type_byte: 0x7e, names: WHOLE },
    Group { first: 0x8b, ty: "f32", type_byte: 0x7d, names: FLOAT },
    Group { first: 0x99, ty: "f64", type_byte: 0x7c, names: FLOAT },
];

fn found(opcode: u8) -> Option<(&'static Group, &'static str)> {
    GROUPS.iter().find_map(|group| {
        let name = group.names.get(usize::from(opcode.checked_sub(group.first)?))?;
        Some((group, *name))
    })
}

/// An operator's name in WebAssembly text.
pub struct Name(u8);

impl Name {
    pub fn of(opcode: u8) -> Self {
        Self(opcode)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match found(self.0) {
            Some((group, name)) => write!(f, "{}.{name}", group.ty),
            None => write!(f, "{:#04x}", self.0),
        }
    }
}

/// What stands in for an operator: other operators of the same type.
pub fn alternatives(opcode: u8) -> impl Iterator<Item = (Class, u8)> {
    let (group, name) = match found(opcode) {
        Some((group, name)) => (Some(group), name),
        None => (None, ""),
    };
    stand_ins(name).iter().filter_map(move |(class, other)| {
        let group = group?;
        let place = group.names.iter().position(|known| known == other)?;
        Some((*class, group.first.checked_add(u8::try_from(place).ok()?)?))
    })
}

/// Of a comparison: the neighbour at its boundary, the negation, the same with its operands exchanged.
fn stand_ins(name: &str) -> &'static [(Class, &'static str)] {
    use Class::{Arithmetic, Relational, Swap};
    match name {
        "eq" => &[(Relational, "ne")],
        "ne" => &[(Relational, "eq")],
        "lt_s" => &[(Relational, "le_s"), (Relational, "ge_s"), (Swap, "gt_s")],
        "lt_u" => &[(Relational, "le_u"), (Relational, "ge_u"), (Swap, "gt_u")],
        "gt_s" => &[(Relational, "ge_s"), (Relational, "le_s"), (Swap, "lt_s")],
        "gt_u" => &[(Relational, "ge_u"), (Relational, "le_u"), (Swap, "lt_u")],
        "le_s" => &[(Relational, "lt_s"), (Relational, "gt_s"), (Swap, "ge_s")],
        "le_u" => &[(Relational, "lt_u"), (Relational, "gt_u"), (Swap, "ge_u")],
        "ge_s" => &[(Relational, "gt_s"), (Relational, "lt_s"), (Swap, "le_s")],
        "ge_u" => &[(Relational, "gt_u"), (Relational, "lt_u"), (Swap, "le_u")],
        "lt" => &[(Relational, "le"), (Relational, "ge"), (Swap, "gt")],
        "gt" => &[(Relational, "ge"), (Relational, "le"), (Swap, "lt")],
        "le" => &[(Relational, "lt"), (Relational, "gt"), (Swap, "ge")],
        "ge" => &[(Relational, "gt"), (Relational, "lt"), (Swap, "le")],
        "add" => &[(Arithmetic, "sub")],
        "sub" | "mul" => &[(Arithmetic, "add")],
        "div_s" => &[(Arithmetic, "rem_s")],
        "div_u" => &[(Arithmetic, "rem_u")],
        "rem_s" => &[(Arithmetic, "div_s")],
        "rem_u" => &[(Arithmetic, "div_u")],
        "div" => &[(Arithmetic, "mul")],
        "and" | "xor" => &[(Arithmetic, "or")],
        "or" => &[(Arithmetic, "and")],
        "shl" => &[(Arithmetic, "shr_u")],
        "shr_s" => &[(Arithmetic, "shr_u")],
        "shr_u" => &[(Arithmetic, "shl")],
        "rotl" => &[(Arithmetic, "rotr")],
        "rotr" => &[(Arithmetic, "rotl")],
        "clz" => &[(Arithmetic, "ctz")],
        "ctz" => &[(Arithmetic, "clz")],
        "min" => &[(Arithmetic, "max")],
        "max" => &[(Arithmetic, "min")],
        "ceil" => &[(Arithmetic, "floor")],
        "floor" => &[(Arithmetic, "ceil")],
        _ => &[],
    }
}

/// The type of both operands, where their exchange needs two locals: the operator has no mirror image of its own.
pub fn swappable(opcode: u8) -> Option<u8> {
    let (group, name) = found(opcode)?;
    ["sub", "div_s", "div_u", "rem_s", "rem_u", "shl", "shr_s", "shr_u", "div"]
        .contains(&name)
        .then_some(group.type_byte)
}

/// Whether the operator gives a condition that has its negation among the stand-ins.
pub fn is_comparison(opcode: u8) -> bool {
    opcode == super::code::I32_EQZ
        || opcode == super::code::I64_EQZ
        || found(opcode).is_some_and(|(group, _)| group.first < 0x67)
}

/// Whether both operators mean the same when this constant comes second: `x + 0` is `x - 0`, and so is the least number.
pub fn same_with(from: u8, to: u8, constant: Constant) -> bool {
    let name = |opcode| found(opcode).map_or("", |(_, name)| name);
    let pair = (name(from), name(to));
    match constant {
        Constant::Zero => matches!(
            pair,
            ("add", "sub")
                | ("sub", "add")
                | ("xor", "or")
                | ("shl" | "shr_s", "shr_u")
                | ("shr_u", "shl")
                | ("rotl", "rotr")
                | ("rotr", "rotl")
        ),
        Constant::Least => matches!(pair, ("add", "sub") | ("sub", "add")),
        Constant::Other => false,
    }
}

/// What is known of a constant.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Constant {
    Zero,
    /// The least whole number of its type.
    Least,
    Other,
}
