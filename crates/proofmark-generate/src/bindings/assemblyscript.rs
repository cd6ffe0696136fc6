//! AssemblyScript: the model writes functions that `artifact.ts` exports, over its own strings, arrays and classes; the glue
//! reads and writes memory as the canonical ABI wants it.
//!
//! Memory is only ever handed out (`--runtime stub`), so nothing moves or goes while the glue holds an address.

use std::collections::HashMap;
use std::fmt::Write as _;

use proofmark_contract::{Function, Type};

use super::abi::{self, Core};
use super::names::{Names, camel, pascal, shout};
use super::{Bound, Refused, Tools};
use crate::public::Public;
use crate::target::Target;

/// Words of the language and of its library that code can't take (AssemblyScript 0.28).
const WORDS: [&str; 75] = [
    "as",
    "async",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "constructor",
    "continue",
    "declare",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "from",
    "function",
    "get",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "is",
    "keyof",
    "let",
    "module",
    "namespace",
    "new",
    "null",
    "of",
    "package",
    "private",
    "protected",
    "public",
    "readonly",
    "return",
    "set",
    "static",
    "super",
    "switch",
    "symbol",
    "this",
    "throw",
    "true",
    "try",
    "type",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "abort",
    "bool",
    "f32",
    "f64",
    "i8",
    "i16",
    "i32",
    "i64",
    "number",
    "string",
    "u8",
    "u16",
    "u32",
    "u64",
];
/// Classes of its library.
const CLASSES: [&str; 12] = [
    "Array",
    "ArrayBuffer",
    "Date",
    "Error",
    "Function",
    "Map",
    "Math",
    "Object",
    "Set",
    "StaticArray",
    "String",
    "Symbol",
];

fn is_reserved(name: &str) -> bool {
    WORDS.contains(&name) || CLASSES.contains(&name) || name.starts_with("__")
}

const HEAD: &str = "\
export function cabi_realloc(old: usize, oldSize: usize, align: usize, size: usize): usize {
  return size == 0 ? align : old == 0 ? heap.alloc(size) : heap.realloc(old, size);
}
function getText(at: usize, len: usize): string { return String.UTF8.decodeUnsafe(at, len); }
function putText(at: usize, value: string): void {
  const bytes = String.UTF8.encode(value);
  store<usize>(at, changetype<usize>(bytes));
  store<usize>(at, <usize>bytes.byteLength, 4);
}
";

pub(super) fn bind(public: &Public) -> Result<Bound, Refused> {
    for function in &public.functions {
        let mut types = function.params.iter().map(|(_, ty)| ty).chain(&function.result);
        let is_refused = |ty: &Type| matches!(ty, Type::Tuple(_)) || !abi::cases(ty).is_empty();
        if types.any(|ty| super::any(ty, &is_refused)) {
            return Err(Refused::new(
                function,
                "it has no tuples, and options, results and variants have no type in it",
            ));
        }
        if public.functions.iter().filter(|other| export_name(other) == export_name(function)).count() > 1 {
            return Err(Refused::new(function, "two functions have that name, and its exports can't tell them apart"));
        }
    }
    let names = super::function_names(&public.functions, &mut Names::new(is_reserved), camel);
    let mut types = Types::default();
    let wanted =
        public.functions.iter().zip(&names).map(|(function, name)| declared(function, name, &mut types)).collect();
    let global = |text: &String| format!("// @ts-ignore: decorator\n@global {text}\n");
    let declarations: String = types.declarations.iter().map(global).collect();
    let files = vec![
        ("proofmark/types.ts".to_owned(), declarations.into_bytes()),
        ("proofmark/main.ts".to_owned(), glue(public, &names, types.clone()).into_bytes()),
    ];
    Ok(Bound {
        files,
        artifact: "artifact.wasm",
        declared: types.declarations.join("\n"),
        wanted,
        notes: vec!["Nothing can be imported.".to_owned()],
        functions: names,
        ..Bound::of(Target::AssemblyScript)
    })
}

/// What the module exports it as; hyphens and the interface are put in when the module is wrapped.
fn export_name(function: &Function) -> String {
    function.name.replace('-', "_")
}

fn declared(function: &Function, name: &str, types: &mut Types) -> String {
    let mut taken = Names::new(is_reserved);
    let mut param = |(name, ty): &(String, Type)| format!("{}: {}", taken.take(&camel(name)), types.name(ty));
    let params: Vec<String> = function.params.iter().map(&mut param).collect();
    let result = function.result.as_ref().map_or_else(|| "void".to_owned(), |ty| types.name(ty));
    format!("export function {name}({}): {result}", params.join(", "))
}

/// Types by their names, with helpers that read and write them.
#[derive(Default, Clone)]
struct Types {
    known: HashMap<Type, String>,
    taken: Vec<String>,
    declarations: Vec<String>,
    helpers: HashMap<Type, usize>,
    code: String,
}

/// The type of a number; an enum and flags are numbers with constants.
fn number(ty: &Type) -> Option<&'static str> {
    Some(match ty {
        Type::Bool => "bool",
        Type::S8 => "i8",
        Type::U8 => "u8",
        Type::S16 => "i16",
        Type::U16 => "u16",
        Type::S32 => "i32",
        Type::U32 | Type::Char | Type::Enum(_) | Type::Flags(_) => "u32",
        Type::S64 => "i64",
        Type::U64 => "u64",
        Type::F32 => "f32",
        Type::F64 => "f64",
        _ => return None,
    })
}

/// What is loaded and stored for a number.
fn stored(ty: &Type) -> &'static str {
    match (ty, abi::size_align(ty).0) {
        (Type::Enum(_) | Type::Flags(_), 1) => "u8",
        (Type::Enum(_) | Type::Flags(_), 2) => "u16",
        _ => number(ty).unwrap_or("u32"),
    }
}

impl Types {
    fn name(&mut self, ty: &Type) -> String {
        match ty {
            Type::String => "string".to_owned(),
            Type::List(element) => format!("{}[]", self.name(element)),
            Type::Record(shape) => {
                if let Some(known) = self.known.get(ty) {
                    return known.clone();
                }
                let fields: Vec<String> =
                    shape.fields.iter().map(|(_, ty)| format!("{} = {}", self.name(ty), empty(ty, self))).collect();
                let named = field_names(&shape.fields).into_iter().zip(fields);
                let fields: Vec<String> = named.map(|(name, field)| format!("  {name}: {field};\n")).collect();
                let name = self.take(&pascal(ty.name().unwrap_or("record")));
                self.declarations.push(format!("class {name} {{\n{}}}", fields.concat()));
                self.known.insert(ty.clone(), name.clone());
                name
            }
            Type::Enum(shape) => self.constants(ty, &shape.cases, |nth| format!("{nth}")),
            Type::Flags(shape) => self.constants(ty, &shape.names, |nth| format!("1 << {nth}")),
            _ => number(ty).unwrap_or_default().to_owned(),
        }
    }

    fn constants(&mut self, ty: &Type, names: &[String], value: impl Fn(usize) -> String) -> String {
        if self.known.insert(ty.clone(), String::new()).is_none() {
            let prefix = shout(ty.name().unwrap_or("value"));
            for (nth, one) in names.iter().enumerate() {
                let name = self.take(&format!("{prefix}_{}", shout(one)));
                self.declarations.push(format!("const {name}: u32 = {};", value(nth)));
            }
        }
        "u32".to_owned()
    }

    fn take(&mut self, wanted: &str) -> String {
        let mut names = Names::new(is_reserved);
        self.taken.iter().for_each(|taken| drop(names.take(taken)));
        let name = names.take(wanted);
        self.taken.push(name.clone());
        name
    }

    /// An expression that reads a value at an address.
    fn get(&mut self, ty: &Type, at: &str) -> String {
        match ty {
            Type::String => format!("getText(load<usize>({at}), load<usize>({at}, 4))"),
            Type::List(_) => format!("get{}(load<usize>({at}), load<usize>({at}, 4))", self.helper(ty)),
            Type::Record(_) => format!("get{}({at})", self.helper(ty)),
            _ => format!("<{}>load<{}>({at})", number(ty).unwrap_or_default(), stored(ty)),
        }
    }

    /// A statement that writes a value to an address.
    fn put(&mut self, ty: &Type, at: &str, value: &str) -> String {
        match ty {
            Type::String => format!("putText({at}, {value});"),
            Type::List(_) | Type::Record(_) => format!("put{}({at}, {value});", self.helper(ty)),
            _ => format!("store<{0}>({at}, <{0}>{value});", stored(ty)),
        }
    }

    /// The number of the functions `get` and `put` of a list or record.
    fn helper(&mut self, ty: &Type) -> usize {
        if let Some(known) = self.helpers.get(ty) {
            return *known;
        }
        let nth = self.helpers.len();
        self.helpers.insert(ty.clone(), nth);
        let name = self.name(ty);
        let code = match ty {
            Type::List(element) => {
                let size = abi::size_align(element).0;
                let get = self.get(element, &format!("at + i * {size}"));
                let put = self.put(element, &format!("items + i * {size}"), "value[<i32>i]");
                format!(
                    "function get{nth}(at: usize, len: usize): {name} {{\n  const value = new Array<{}>(<i32>len);\n  \
                     for (let i: usize = 0; i < len; i++) value[<i32>i] = {get};\n  return value;\n}}\n\
                     function put{nth}(at: usize, value: {name}): void {{\n  const len = <usize>value.length;\n  \
                     const items = heap.alloc(len * {size});\n  for (let i: usize = 0; i < len; i++) {{ {put} }}\n  \
                     store<usize>(at, items);\n  store<usize>(at, len, 4);\n}}\n",
                    self.name(element)
                )
            }
            Type::Record(shape) => {
                let types: Vec<&Type> = shape.fields.iter().map(|(_, ty)| ty).collect();
                let places = field_names(&shape.fields).into_iter().zip(abi::offsets(&types)).zip(types);
                let (mut gets, mut puts) = (String::new(), String::new());
                for ((field, offset), ty) in places {
                    let at = format!("at + {offset}");
                    let _ = writeln!(gets, "  value.{field} = {};", self.get(ty, &at));
                    let _ = writeln!(puts, "  {}", self.put(ty, &at, &format!("value.{field}")));
                }
                format!(
                    "function get{nth}(at: usize): {name} {{\n  const value = new {name}();\n{gets}  return value;\n}}\n\
                     function put{nth}(at: usize, value: {name}): void {{\n{puts}}}\n"
                )
            }
            _ => String::new(),
        };
        self.code.push_str(&code);
        nth
    }
}

/// What a field holds before it is set.
fn empty(ty: &Type, types: &mut Types) -> String {
    match ty {
        Type::String => "\"\"".to_owned(),
        Type::Bool => "false".to_owned(),
        Type::List(_) => "[]".to_owned(),
        Type::Record(_) => format!("new {}()", types.name(ty)),
        _ => "0".to_owned(),
    }
}

fn field_names(fields: &[(String, Type)]) -> Vec<String> {
    let mut taken = Names::new(is_reserved);
    fields.iter().map(|(name, _)| taken.take(&camel(name))).collect()
}

/// `main.ts`.
fn glue(public: &Public, names: &[String], mut types: Types) -> String {
    let mut imports = Vec::new();
    let mut exports = String::new();
    for (nth, (function, name)) in public.functions.iter().zip(names).enumerate() {
        imports.push(format!("{name} as f{nth}"));
        let signature = abi::signature(function);
        let mut lines = Vec::new();
        let arguments = if signature.are_params_in_memory {
            let params: Vec<&Type> = function.params.iter().map(|(_, ty)| ty).collect();
            let places = abi::offsets(&params).into_iter().zip(params);
            places.map(|(offset, ty)| types.get(ty, &format!("<usize>p0 + {offset}"))).collect()
        } else {
            flat_arguments(function, &mut types, &mut lines)
        };
        let call = format!("f{nth}({})", arguments.join(", "));
        match &function.result {
            None => lines.push(format!("{call};")),
            Some(ty) if signature.is_result_in_memory => {
                lines.push(format!("const value = {call};"));
                lines.push(format!("const at = heap.alloc({});", abi::size_align(ty).0));
                lines.push(types.put(ty, "at", "value"));
                lines.push("return <i32>at;".to_owned());
            }
            Some(ty) => {
                lines.push(format!("const value = {call};"));
                lines.push(format!("return <{}>{};", signature.result.map_or("i32", Core::wat), single(ty, "value")));
            }
        }
        let params = signature.params.iter().enumerate().map(|(nth, core)| format!("p{nth}: {}", core.wat()));
        let params = params.collect::<Vec<_>>().join(", ");
        let result = signature.result.map_or("void", Core::wat);
        let body = lines.join("\n  ");
        let _ = writeln!(exports, "function e{nth}({params}): {result} {{\n  {body}\n}}");
        let _ = writeln!(exports, "export {{ e{nth} as {} }};", export_name(function));
    }
    let imports = format!("import \"./types\";\nimport {{ {} }} from \"../artifact\";\n", imports.join(", "));
    format!("{imports}{HEAD}{}{exports}", types.code)
}

fn flat_arguments(function: &Function, types: &mut Types, lines: &mut Vec<String>) -> Vec<String> {
    let mut next = 0_usize;
    function.params.iter().map(|(_, ty)| flat(ty, &mut next, types, lines)).collect()
}

/// An expression for a value that is passed as core values, from the parameter `next` on.
fn flat(ty: &Type, next: &mut usize, types: &mut Types, lines: &mut Vec<String>) -> String {
    let mut param = || {
        let name = format!("p{next}");
        *next = next.saturating_add(1);
        name
    };
    match ty {
        Type::String => format!("getText(<usize>{}, <usize>{})", param(), param()),
        Type::List(_) => format!("get{}(<usize>{}, <usize>{})", types.helper(ty), param(), param()),
        Type::Record(shape) => {
            let name = types.name(ty);
            let place = format!("r{next}_{}", lines.len());
            lines.push(format!("const {place} = new {name}();"));
            for (field, (_, ty)) in field_names(&shape.fields).into_iter().zip(&shape.fields) {
                let value = flat(ty, next, types, lines);
                lines.push(format!("{place}.{field} = {value};"));
            }
            place
        }
        Type::Bool => format!("{} != 0", param()),
        _ => format!("<{}>{}", number(ty).unwrap_or_default(), param()),
    }
}

/// The one core value of a result that has no more.
fn single(ty: &Type, place: &str) -> String {
    match ty {
        Type::Record(shape) => match (field_names(&shape.fields).as_slice(), shape.fields.as_slice()) {
            ([name], [(_, ty)]) => single(ty, &format!("{place}.{name}")),
            _ => place.to_owned(),
        },
        _ => place.to_owned(),
    }
}

pub(super) fn command(bound: &Bound, tools: Tools<'_>) -> Vec<Vec<String>> {
    let mut line = tools.program.to_vec();
    line.extend(["proofmark/main.ts", "--outFile", bound.artifact, "--runtime", "stub"].map(str::to_owned));
    // Names for tracing; what ends the program is a trap.
    line.extend(["--use", "abort=", "-O2", "--debug"].map(str::to_owned));
    vec![line]
}

#[cfg(test)]
mod tests;
