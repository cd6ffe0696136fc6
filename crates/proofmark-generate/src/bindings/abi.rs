//! The canonical ABI, as far as glue must know it: what a function looks like in a core module, and where the parts of a
//! value lie in memory.
//!
//! Source: the Component Model's `CanonicalABI.md`, sections "Alignment", "Element Size" and "Flattening". A test holds
//! this against `wit-parser`.

use proofmark_contract::{Function, Type};

/// The most core parameters; a function with more gets the address of all of them.
const FLAT_PARAMS_MAX: usize = 16;

/// A type of a core module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Core {
    I32,
    I64,
    F32,
    F64,
}

/// A function as a core module exports it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Signature {
    pub(crate) params: Vec<Core>,
    pub(crate) result: Option<Core>,
    /// All parameters are in memory, one after the other as in a record, at the one that is left.
    pub(crate) are_params_in_memory: bool,
    /// The result is in memory, at the address that is returned.
    pub(crate) is_result_in_memory: bool,
    /// Values are given in memory that the artifact must hand out.
    pub(crate) needs_allocation: bool,
}

impl Core {
    /// Its name in WebAssembly text.
    pub(crate) fn wat(self) -> &'static str {
        match self {
            Self::I32 => "i32",
            Self::I64 => "i64",
            Self::F32 => "f32",
            Self::F64 => "f64",
        }
    }

    /// The type that holds either of two.
    fn join(self, other: Self) -> Self {
        match (self, other) {
            (a, b) if a == b => a,
            (Self::I32, Self::F32) | (Self::F32, Self::I32) => Self::I32,
            _ => Self::I64,
        }
    }
}

/// The signature of a function.
pub(crate) fn signature(function: &Function) -> Signature {
    let params: Vec<Core> = function.params.iter().flat_map(|(_, ty)| flat(ty)).collect();
    let results = function.result.as_ref().map(flat).unwrap_or_default();
    let are_params_in_memory = params.len() > FLAT_PARAMS_MAX;
    let is_result_in_memory = results.len() > 1;
    Signature {
        params: if are_params_in_memory { vec![Core::I32] } else { params },
        result: if is_result_in_memory { Some(Core::I32) } else { results.first().copied() },
        are_params_in_memory,
        is_result_in_memory,
        needs_allocation: are_params_in_memory || function.params.iter().any(|(_, ty)| has_pointer(ty)),
    }
}

/// The core values that a value is passed as.
pub(crate) fn flat(ty: &Type) -> Vec<Core> {
    match ty {
        Type::S64 | Type::U64 => vec![Core::I64],
        Type::F32 => vec![Core::F32],
        Type::F64 => vec![Core::F64],
        Type::String | Type::List(_) => vec![Core::I32; 2],
        Type::Record(ty) => ty.fields.iter().flat_map(|(_, ty)| flat(ty)).collect(),
        Type::Tuple(types) => types.iter().flat_map(flat).collect(),
        Type::Option(_) | Type::Result(_) | Type::Variant(_) => {
            let mut joined = vec![Core::I32];
            for payload in cases(ty).into_iter().flatten() {
                for (nth, core) in flat(payload).into_iter().enumerate() {
                    match joined.get_mut(nth.saturating_add(1)) {
                        Some(known) => *known = known.join(core),
                        None => joined.push(core),
                    }
                }
            }
            joined
        }
        _ => vec![Core::I32],
    }
}

/// The payloads of a type with cases, in their order; nothing for other types.
pub(crate) fn cases(ty: &Type) -> Vec<Option<&Type>> {
    match ty {
        Type::Option(some) => vec![None, Some(some)],
        Type::Result(ty) => vec![ty.ok.as_ref(), ty.err.as_ref()],
        Type::Variant(ty) => ty.cases.iter().map(|(_, payload)| payload.as_ref()).collect(),
        _ => Vec::new(),
    }
}

/// Bytes of the number that tells one of so many cases.
pub(crate) fn tag_bytes(cases: usize) -> u32 {
    match cases {
        0..=0x100 => 1,
        0x101..=0x1_0000 => 2,
        _ => 4,
    }
}

/// Bytes of so many flags.
pub(crate) fn flags_bytes(names: usize) -> u32 {
    match names {
        0..=8 => 1,
        9..=16 => 2,
        _ => 4,
    }
}

/// Whether a value of that type has parts in memory of their own.
pub(crate) fn has_pointer(ty: &Type) -> bool {
    match ty {
        Type::String | Type::List(_) => true,
        Type::Record(ty) => ty.fields.iter().any(|(_, ty)| has_pointer(ty)),
        Type::Tuple(types) => types.iter().any(has_pointer),
        _ => cases(ty).into_iter().flatten().any(has_pointer),
    }
}

#[cfg(test)]
mod tests {
    use proofmark_contract::Contract;
    use wit_parser::WorldItem;
    use wit_parser::abi::{AbiVariant, WasmType};

    use super::*;

    const WIT: &str = "package t:t; world w {
        enum color { red, green }
        flags wide { a, b, c, d, e, f, g, h, i }
        record point { x: f32, y: s64 }
        record one { only: u8 }
        variant shape { none, dot(point), text(string), big(f64), many(list<u32>) }
        export a: func(x: u8, y: s64, z: f32, w: f64, c: char, b: bool) -> u16;
        export b: func(x: string, y: list<point>) -> string;
        export c: func(x: shape, y: option<f32>, z: result<f64, string>) -> shape;
        export d: func(x: option<option<u64>>) -> option<u8>;
        export e: func(x: color, y: wide) -> one;
        export f: func(x: tuple<u8, point, string, shape>, y: point, z: point, w: string, v: string) -> result;
        export g: func();
        export h: func(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8, m: u8, n: u8, o: u8, p: u8) -> tuple<u8>;
        export i: func(a: u8, b: u8, c: u8, d: u8, e: u8, f: u8, g: u8, h: u8, i: u8, j: u8, k: u8, l: u8, m: u8, n: u8, o: u8, p: u8, q: f64) -> f32;
        export j: func(x: result<f32, s32>, y: result<f32, s64>, z: result<_, f64>) -> result<u8>;
    }";

    #[test]
    fn signatures_are_those_of_wit_parser() {
        let text = format!("contract = 1\nname = \"n\"\nintent = \"i\"\n[interface]\nwit = \"\"\"\n{WIT}\n\"\"\"\n");
        let contract = Contract::parse(&text).unwrap();
        let resolve = &contract.interface.resolve;
        let core = |ty: &WasmType| match ty {
            WasmType::I32 | WasmType::Pointer | WasmType::Length => Core::I32,
            WasmType::I64 | WasmType::PointerOrI64 => Core::I64,
            WasmType::F32 => Core::F32,
            WasmType::F64 => Core::F64,
        };
        let world = &resolve.worlds[contract.interface.world_id];
        let items = world.exports.values().filter_map(|item| match item {
            WorldItem::Function(item) => Some(item),
            _ => None,
        });
        assert_eq!(contract.interface.functions.len(), 10);
        for (function, item) in contract.interface.functions.iter().zip(items) {
            let wanted = resolve.wasm_signature(AbiVariant::GuestExport, item);
            let found = signature(function);
            assert_eq!(found.params, wanted.params.iter().map(core).collect::<Vec<_>>(), "{}", function.name);
            assert_eq!(found.result, wanted.results.first().map(core), "{}", function.name);
            assert_eq!(found.are_params_in_memory, wanted.indirect_params, "{}", function.name);
            assert_eq!(found.is_result_in_memory, wanted.retptr, "{}", function.name);
        }
    }
}
