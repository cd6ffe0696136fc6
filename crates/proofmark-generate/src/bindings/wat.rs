//! WebAssembly text: the model writes the core module itself, by the canonical ABI.

use proofmark_contract::{Function, Type};

use super::Bound;
use super::abi::{self, Core, Signature};
use super::names::snake;
use crate::public::Public;
use crate::target::Target;

pub(super) fn bind(public: &Public) -> Bound {
    let signatures: Vec<(&Function, Signature)> =
        public.functions.iter().map(|function| (function.as_ref(), abi::signature(function))).collect();
    Bound {
        wanted: signatures.iter().map(|(function, signature)| declared(function, signature)).collect(),
        notes: notes(&signatures),
        functions: signatures.iter().map(|(function, _)| export(function)).collect(),
        ..Bound::of(Target::Wat)
    }
}

/// What it is exported as; hyphens and the interface are put in when the module is wrapped.
fn export(function: &Function) -> String {
    function.name.replace('-', "_")
}

fn declared(function: &Function, signature: &Signature) -> String {
    let param = |(name, core): (String, &Core)| format!(" (param ${name} {})", core.wat());
    let params: Vec<String> = names(function, signature).into_iter().zip(&signature.params).map(param).collect();
    let result = signature.result.map(|core| format!(" (result {})", core.wat())).unwrap_or_default();
    format!(";; {}\n(func (export \"{}\"){}{result} ...)", function.signature(), export(function), params.concat())
}

fn names(function: &Function, signature: &Signature) -> Vec<String> {
    if signature.are_params_in_memory {
        return vec!["arguments".to_owned()];
    }
    let of = |(name, ty): &(String, Type)| match (snake(name), abi::flat(ty).len()) {
        (name, 1) => vec![name],
        (name, _) if matches!(ty, Type::String | Type::List(_)) => vec![name.clone(), format!("{name}_len")],
        (name, count) => (0..count).map(|nth| format!("{name}_{nth}")).collect(),
    };
    function.params.iter().flat_map(of).collect()
}

/// What the canonical ABI asks of memory, as far as these functions meet it.
fn notes(signatures: &[(&Function, Signature)]) -> Vec<String> {
    let any = |has: fn(&Signature) -> bool| signatures.iter().any(|(_, signature)| has(signature));
    let mut notes = vec!["Write one module, without imports, that exports its memory as `memory`.".to_owned()];
    if any(|signature| signature.needs_allocation) {
        notes.push(
            "Lists and strings are given as an address and a number of items (of strings: bytes of UTF-8). Their memory comes \
             from an export `cabi_realloc(old, old_size, align, new_size)`, all of them `i32`, which you must define too; it \
             may hand out memory one piece after the other, growing memory when it must, and never free."
                .to_owned(),
        );
    }
    if any(|signature| signature.are_params_in_memory) {
        notes.push(
            "Where `arguments` is the only parameter, it is the address of all parameters, laid out one after the \
                    other by the canonical ABI."
                .to_owned(),
        );
    }
    if any(|signature| signature.is_result_in_memory) {
        notes.push(
            "Where the interface says that a compound value is returned, the result is its address, a multiple of 8; it lies \
             there as the canonical ABI lays it out: a list or string as a 4-byte address and a 4-byte number of items; a \
             record field by field; an option or variant as a tag (one byte; `none` is 0, `some` 1; `ok` 0, `err` 1), then \
             the payload at its own alignment."
                .to_owned(),
        );
    }
    notes
}
