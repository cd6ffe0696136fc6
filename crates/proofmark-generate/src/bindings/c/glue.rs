//! The exports: each takes what the canonical ABI passes, calls the model's function and returns what the ABI wants.

use std::fmt::Write as _;

use proofmark_contract::{Function, Type};

use super::types::{Types, field_names};
use super::{CFunction, LIBRARY_FUNCTIONS};
use crate::bindings::abi::{self, Core, Signature};

/// Bits as another type, and the memory of parameters.
const HEAD: &str = "\
static inline float proofmark_f32(int32_t bits) { float value; __builtin_memcpy(&value, &bits, 4); return value; }
static inline double proofmark_f64(int64_t bits) { double value; __builtin_memcpy(&value, &bits, 8); return value; }
";
/// The host asks here for memory that it puts parameters into. `malloc` aligns to 16, which no type exceeds.
const ALLOCATION: &str = "
__attribute__((export_name(\"cabi_realloc\")))
void *proofmark_realloc(void *old, size_t old_size, size_t align, size_t new_size) {
  (void)old_size;
  if (new_size == 0) return (void *)align;
  void *block = realloc(old, new_size);
  if (block == NULL) abort();
  return block;
}
";

/// A core value: an expression and its type.
struct Flat {
    text: String,
    core: Core,
}

/// `glue.c`, with the library in it.
pub(super) fn glue(functions: &[std::sync::Arc<Function>], named: &[CFunction], types: &Types) -> String {
    let mut text = String::from("#include \"types.h\"\n");
    for function in LIBRARY_FUNCTIONS {
        let _ = writeln!(text, "#pragma weak {function}");
    }
    let _ = write!(text, "#include \"runtime.c\"\n\n{HEAD}");
    let signatures: Vec<Signature> = functions.iter().map(|function| abi::signature(function)).collect();
    if signatures.iter().any(|signature| signature.needs_allocation) {
        text.push_str(ALLOCATION);
    }
    for (nth, ((function, named), signature)) in functions.iter().zip(named).zip(&signatures).enumerate() {
        text.push_str(&export(nth, function, named, signature, types));
    }
    text
}

fn export(nth: usize, function: &Function, named: &CFunction, signature: &Signature, types: &Types) -> String {
    let mut lines = Vec::new();
    let mut before = String::new();
    let arguments = if signature.are_params_in_memory {
        let fields = named.params.iter().zip(&function.params).map(|(name, (_, ty))| match ty {
            Type::String | Type::List(_) => {
                format!("  struct {{ {} *items; size_t len; }} {name};\n", types.known_element(ty))
            }
            _ => format!("  {} {name};\n", types.known(ty)),
        });
        let _ = write!(before, "\nstruct proofmark_params_{nth} {{\n{}}};\n", fields.collect::<String>());
        lines.push(format!("struct proofmark_params_{nth} *IN = (struct proofmark_params_{nth} *)P0;"));
        in_memory(function, named)
    } else {
        flat_arguments(function, signature, types, &mut lines)
    };
    let call = format!("{}({})", named.name, arguments.join(", "));
    // Names in capitals are no function's and no type's.
    let result = match (&function.result, &named.result) {
        (Some(_), Some(result)) if signature.is_result_in_memory => {
            let _ = writeln!(before, "\nstatic {result} proofmark_result_{nth};");
            lines.push(format!("proofmark_result_{nth} = {call};"));
            lines.push(format!("return (int32_t)&proofmark_result_{nth};"));
            c(Core::I32)
        }
        (Some(ty), Some(result)) => {
            lines.push(format!("{result} OUT = {call};"));
            lines.push(format!("return {};", single(ty, "OUT")));
            signature.result.map_or("void", c)
        }
        _ => {
            lines.push(format!("{call};"));
            "void"
        }
    };
    let params: Vec<String> =
        signature.params.iter().enumerate().map(|(nth, core)| format!("{} P{nth}", c(*core))).collect();
    let params = if params.is_empty() { "void".to_owned() } else { params.join(", ") };
    let name = export_name(function);
    let body = lines.join("\n  ");
    format!(
        "{before}\n__attribute__((export_name(\"{name}\")))\n{result} proofmark_export_{nth}({params}) {{\n  {body}\n}}\n"
    )
}

/// What a core module exports a function as.
fn export_name(function: &Function) -> String {
    match &function.interface {
        Some(interface) => format!("{interface}#{}", function.name),
        None => function.name.clone(),
    }
}

fn in_memory(function: &Function, named: &CFunction) -> Vec<String> {
    let argument = |(name, (_, ty)): (&String, &(String, Type))| match ty {
        Type::String | Type::List(_) => format!("IN->{name}.items, IN->{name}.len"),
        _ => format!("IN->{name}"),
    };
    named.params.iter().zip(&function.params).map(argument).collect()
}

fn flat_arguments(function: &Function, signature: &Signature, types: &Types, lines: &mut Vec<String>) -> Vec<String> {
    let mut flats =
        signature.params.iter().enumerate().map(|(nth, core)| Flat { text: format!("P{nth}"), core: *core });
    let mut arguments = Vec::new();
    for (nth, (_, ty)) in function.params.iter().enumerate() {
        let own: Vec<Flat> = flats.by_ref().take(abi::flat(ty).len()).collect();
        match (ty, own.as_slice()) {
            (Type::String | Type::List(_), [items, len]) => {
                arguments.push(format!("({} *){}, (size_t){}", types.known_element(ty), items.text, len.text));
            }
            (_, [only]) if abi::cases(ty).is_empty() && !matches!(ty, Type::Record(_) | Type::Tuple(_)) => {
                arguments.push(number(ty, only, types));
            }
            _ => {
                lines.push(format!("{} A{nth} = {{0}};", types.known(ty)));
                lift(ty, &format!("A{nth}"), &own, types, lines);
                arguments.push(format!("A{nth}"));
            }
        }
    }
    arguments
}

/// Statements that put core values into `place`.
fn lift(ty: &Type, place: &str, flats: &[Flat], types: &Types, lines: &mut Vec<String>) {
    match (ty, flats) {
        (Type::String | Type::List(_), [items, len]) => {
            let items_text = converted(items, Core::I32);
            lines.push(format!("{place}.items = ({} *){items_text};", types.known_element(ty)));
            lines.push(format!("{place}.len = (size_t){};", converted(len, Core::I32)));
        }
        (Type::Record(shape), _) => {
            let names = field_names(&shape.fields);
            let parts = names.iter().zip(&shape.fields).map(|(name, (_, ty))| (name.clone(), ty));
            lift_parts(parts, place, flats, types, lines);
        }
        (Type::Tuple(elements), _) => {
            let parts = elements.iter().enumerate().map(|(nth, ty)| (format!("f{nth}"), ty));
            lift_parts(parts, place, flats, types, lines);
        }
        (_, [tag, payload @ ..]) if !abi::cases(ty).is_empty() => lift_cases(ty, place, tag, payload, types, lines),
        (_, [only]) => lines.push(format!("{place} = {};", number(ty, only, types))),
        _ => {}
    }
}

fn lift_parts<'a>(
    parts: impl Iterator<Item = (String, &'a Type)>,
    place: &str,
    flats: &[Flat],
    types: &Types,
    lines: &mut Vec<String>,
) {
    let mut rest = flats;
    for (name, ty) in parts {
        let (own, after) = rest.split_at_checked(abi::flat(ty).len()).unwrap_or((rest, &[]));
        rest = after;
        lift(ty, &format!("{place}.{name}"), own, types, lines);
    }
}

fn lift_cases(ty: &Type, place: &str, tag: &Flat, payload: &[Flat], types: &Types, lines: &mut Vec<String>) {
    let (field, places) = match ty {
        Type::Option(_) => ("is_some", vec![String::new(), "value".to_owned()]),
        Type::Result(_) => ("is_err", vec!["ok".to_owned(), "err".to_owned()]),
        Type::Variant(shape) => ("tag", field_names(&shape.cases).iter().map(|name| format!("value.{name}")).collect()),
        _ => return,
    };
    let tag = converted(tag, Core::I32);
    lines.push(format!("{place}.{field} = {tag};"));
    for (nth, (payload_type, name)) in abi::cases(ty).into_iter().zip(places).enumerate() {
        let Some(payload_type) = payload_type else { continue };
        let own: Vec<Flat> = abi::flat(payload_type)
            .into_iter()
            .zip(payload)
            .map(|(core, have)| Flat { text: converted(have, core), core })
            .collect();
        lines.push(format!("if ({tag} == {nth}) {{"));
        lift(payload_type, &format!("{place}.{name}"), &own, types, lines);
        lines.push("}".to_owned());
    }
}

/// A value without parts as C has it.
fn number(ty: &Type, flat: &Flat, types: &Types) -> String {
    let wanted = abi::flat(ty).first().copied().unwrap_or(flat.core);
    format!("({}){}", types.known(ty), converted(flat, wanted))
}

/// A core value as another, by its bits: the join of a type's cases holds any of them.
fn converted(flat: &Flat, wanted: Core) -> String {
    let text = &flat.text;
    match (flat.core, wanted) {
        (Core::I32, Core::F32) => format!("proofmark_f32({text})"),
        (Core::I64, Core::I32) => format!("(int32_t){text}"),
        (Core::I64, Core::F32) => format!("proofmark_f32((int32_t){text})"),
        (Core::I64, Core::F64) => format!("proofmark_f64({text})"),
        _ => text.clone(),
    }
}

/// The one core value of a result that has no more.
fn single(ty: &Type, place: &str) -> String {
    match ty {
        Type::Record(shape) => match (field_names(&shape.fields).as_slice(), shape.fields.as_slice()) {
            ([name], [(_, ty)]) => single(ty, &format!("{place}.{name}")),
            _ => place.to_owned(),
        },
        Type::Tuple(elements) => match elements.as_ref() {
            [only] => single(only, &format!("{place}.f0")),
            _ => place.to_owned(),
        },
        Type::Result(_) => format!("{place}.is_err"),
        Type::Variant(_) => format!("{place}.tag"),
        _ => place.to_owned(),
    }
}

fn c(core: Core) -> &'static str {
    match core {
        Core::I32 => "int32_t",
        Core::I64 => "int64_t",
        Core::F32 => "float",
        Core::F64 => "double",
    }
}
