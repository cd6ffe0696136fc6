//! The types of an interface in C. Each struct lies in memory as the canonical ABI says: C's rules for alignment, and
//! the sizes of tags, are the same.

use std::collections::HashMap;
use std::fmt::Write as _;

use proofmark_contract::Type;

use super::reserved::is_word;
use crate::bindings::abi;
use crate::bindings::names::{Names, shout, snake};

/// Longer names of composed types are cut to the word that says what they are.
const NAME_MAX: usize = 48;

/// Types with their declarations, each after those that it needs.
pub(super) struct Types {
    known: HashMap<Type, String>,
    taken: Names,
    pub(super) declarations: Vec<Declaration>,
}

pub(super) struct Declaration {
    /// As it is shown: constants and a typedef.
    pub(super) shown: String,
    pub(super) constants: String,
    /// The name of a struct, and its body in braces.
    pub(super) structure: Option<String>,
    pub(super) body: Option<String>,
}

/// The C type of a value without parts; `None` for others.
fn scalar(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "bool",
        Type::S8 => "int8_t",
        Type::U8 => "uint8_t",
        Type::S16 => "int16_t",
        Type::U16 => "uint16_t",
        Type::S32 => "int32_t",
        Type::U32 | Type::Char => "uint32_t",
        Type::S64 => "int64_t",
        Type::U64 => "uint64_t",
        Type::F32 => "float",
        Type::F64 => "double",
        _ => return None,
    })
}

fn unsigned(bytes: u32) -> &'static str {
    match bytes {
        1 => "uint8_t",
        2 => "uint16_t",
        _ => "uint32_t",
    }
}

impl Types {
    /// `taken` are the names of functions.
    pub(super) fn new(taken: Names) -> Self {
        Self { known: HashMap::new(), taken, declarations: Vec::new() }
    }

    /// The name of a type, which is declared if it wasn't.
    pub(super) fn name(&mut self, ty: &Type) -> String {
        if let Some(scalar) = scalar(ty) {
            return scalar.to_owned();
        }
        if let Some(known) = self.known.get(ty) {
            return known.clone();
        }
        let name = match ty {
            Type::Enum(shape) => {
                self.numbers(ty, unsigned(abi::tag_bytes(shape.cases.len())), &shape.cases, |nth| format!("{nth}"))
            }
            Type::Flags(shape) => {
                self.numbers(ty, unsigned(abi::flags_bytes(shape.names.len())), &shape.names, |nth| {
                    format!("(1u << {nth})")
                })
            }
            _ => self.structure(ty),
        };
        self.known.insert(ty.clone(), name.clone());
        name
    }

    /// The type of what a list or a string points at.
    pub(super) fn element(&mut self, ty: &Type) -> String {
        match ty {
            Type::List(element) => self.name(element),
            _ => "char".to_owned(),
        }
    }

    /// The name that [`Types::name`] gave.
    pub(super) fn known(&self, ty: &Type) -> String {
        scalar(ty).map(str::to_owned).or_else(|| self.known.get(ty).cloned()).unwrap_or_default()
    }

    /// What a type that points is made of.
    pub(super) fn known_element(&self, ty: &Type) -> String {
        match ty {
            Type::List(element) => self.known(element),
            _ => "char".to_owned(),
        }
    }

    /// A number with a constant for each of its names.
    fn numbers(&mut self, ty: &Type, number: &str, names: &[String], value: impl Fn(usize) -> String) -> String {
        let name = self.take(ty);
        let prefix = shout(&name);
        let mut shown = String::new();
        for (nth, one) in names.iter().enumerate() {
            let constant = self.taken.take(&format!("{prefix}_{}", shout(one)));
            let _ = writeln!(shown, "#define {constant} {}", value(nth));
        }
        let _ = writeln!(shown, "typedef {number} {name};");
        self.declarations.push(Declaration { shown, constants: String::new(), structure: None, body: None });
        name
    }

    fn structure(&mut self, ty: &Type) -> String {
        let mut constants = String::new();
        let mut union = Vec::new();
        let mut fields: Vec<String> = Vec::new();
        // What is inside is declared first, and named first.
        match ty {
            Type::String | Type::List(_) => {
                fields.extend([format!("{} *items;", self.element(ty)), "size_t len;".to_owned()]);
            }
            Type::Record(shape) => {
                let names = field_names(&shape.fields);
                fields
                    .extend(shape.fields.iter().zip(names).map(|((_, ty), name)| format!("{} {name};", self.name(ty))));
            }
            Type::Tuple(types) => {
                fields.extend(types.iter().enumerate().map(|(nth, ty)| format!("{} f{nth};", self.name(ty))));
            }
            Type::Option(some) => fields.extend(["bool is_some;".to_owned(), format!("{} value;", self.name(some))]),
            Type::Result(shape) => {
                fields.push("bool is_err;".to_owned());
                union.extend(shape.ok.as_ref().map(|ty| format!("{} ok;", self.name(ty))));
                union.extend(shape.err.as_ref().map(|ty| format!("{} err;", self.name(ty))));
            }
            Type::Variant(shape) => {
                fields.push(format!(
                    "{} tag; // one of the constants above",
                    unsigned(abi::tag_bytes(shape.cases.len()))
                ));
                let payloads = shape.cases.iter().zip(field_names(&shape.cases));
                union.extend(
                    payloads.filter_map(|((_, ty), name)| Some(format!("{} {name};", self.name(ty.as_ref()?)))),
                );
            }
            _ => {}
        }
        let name = self.take(ty);
        if let Type::Variant(shape) = ty {
            for (nth, (case, _)) in shape.cases.iter().enumerate() {
                let constant = self.taken.take(&format!("{}_{}", shout(&name), shout(case)));
                let _ = writeln!(constants, "#define {constant} {nth}");
            }
        }
        if !union.is_empty() {
            let end = if matches!(ty, Type::Variant(_)) { "} value;" } else { "};" };
            fields.push(format!("union {{\n    {}\n  {end}", union.join("\n    ")));
        }
        let body = format!("{{\n  {}\n}}", fields.join("\n  "));
        let shown = format!("{constants}typedef struct {name} {body} {name};\n");
        self.declarations.push(Declaration { shown, constants, structure: Some(name.clone()), body: Some(body) });
        name
    }

    fn take(&mut self, ty: &Type) -> String {
        let wanted = self.wanted(ty);
        self.taken.take(&wanted)
    }

    /// What a type is to be called: its name in WIT, or one that is made of its parts.
    fn wanted(&mut self, ty: &Type) -> String {
        let mut side = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "void".to_owned(), |ty| self.part(ty));
        let (parts, kind) = match ty {
            Type::String => return "string".to_owned(),
            Type::Result(shape) => ([side(&shape.ok), side(&shape.err)].join("_"), "result"),
            Type::List(element) => (self.part(element), "list"),
            Type::Option(some) => (self.part(some), "option"),
            Type::Tuple(types) => (types.iter().map(|ty| self.part(ty)).collect::<Vec<_>>().join("_"), "tuple"),
            named => return snake(named.name().unwrap_or("value")),
        };
        let name = format!("{parts}_{kind}");
        if name.len() > NAME_MAX { kind.to_owned() } else { name }
    }

    fn part(&mut self, ty: &Type) -> String {
        match ty {
            Type::Char => "char".to_owned(),
            _ => self.name(ty).trim_end_matches("_t").to_owned(),
        }
    }
}

/// Names of fields or cases, each once.
pub(super) fn field_names<T>(fields: &[(String, T)]) -> Vec<String> {
    let mut taken = Names::new(is_word);
    fields.iter().map(|(name, _)| taken.take(&snake(name))).collect()
}
