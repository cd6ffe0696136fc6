//! JavaScript: the model writes functions that `artifact.js` exports; the glue exports them as the world wants them.
//!
//! The component holds an engine (QuickJS, put in by `componentize-qjs`) and imports nothing: what the engine would ask
//! of its host traps. That tool converts values by itself.

use std::collections::{BTreeMap, HashMap};
use std::fmt::Write as _;

use proofmark_contract::{Function, Type};

use super::names::{Names, camel, pascal};
use super::{Bound, Refused, Tools};
use crate::public::Public;
use crate::target::Target;

mod convert;

use convert::{Way, converted};

/// Words that no function, parameter or type can be called (ECMA-262, "Keywords and Reserved Words"), and globals.
const WORDS: [&str; 58] = [
    "arguments",
    "await",
    "break",
    "case",
    "catch",
    "class",
    "const",
    "continue",
    "debugger",
    "default",
    "delete",
    "do",
    "else",
    "enum",
    "eval",
    "export",
    "extends",
    "false",
    "finally",
    "for",
    "function",
    "if",
    "implements",
    "import",
    "in",
    "instanceof",
    "interface",
    "let",
    "new",
    "null",
    "package",
    "private",
    "protected",
    "public",
    "return",
    "static",
    "super",
    "switch",
    "this",
    "throw",
    "true",
    "try",
    "typeof",
    "undefined",
    "var",
    "void",
    "while",
    "with",
    "yield",
    "async",
    "Array",
    "Error",
    "Map",
    "Number",
    "Object",
    "Set",
    "String",
    "Symbol",
];

fn is_reserved(name: &str) -> bool {
    WORDS.contains(&name)
}

pub(super) fn bind(public: &Public) -> Result<Bound, Refused> {
    for function in &public.functions {
        let mut types = function.params.iter().map(|(_, ty)| ty).chain(&function.result);
        if types.any(|ty| super::any(ty, &|ty| matches!(ty, Type::S64 | Type::U64))) {
            return Err(Refused::new(
                function,
                "a `s64` or `u64` does not fit a number of JavaScript, which has 53 bits",
            ));
        }
    }
    let names = super::function_names(&public.functions, &mut Names::new(is_reserved), camel);
    let mut types = Types::default();
    let wanted = public.functions.iter().zip(&names).map(|(function, name)| types.declared(function, name)).collect();
    let files = vec![
        ("proofmark/world.wit".to_owned(), public.wit.clone().into_bytes()),
        ("proofmark/main.js".to_owned(), glue(public, &names)?.into_bytes()),
    ];
    Ok(Bound {
        files,
        artifact: "artifact.wasm",
        declared: types.declarations.join("\n"),
        wanted,
        notes: notes(public),
        functions: names,
        world: public.world.clone(),
        ..Bound::of(Target::JavaScript)
    })
}

/// `main.js`. A function that is missing ends the build.
fn glue(public: &Public, names: &[String]) -> Result<String, Refused> {
    let mut text = String::from(
        "import * as code from \"../artifact.js\";\n\
         function found(name) {\n  \
           if (typeof code[name] !== \"function\") throw new Error(`artifact.js exports no function ${name}`);\n  \
           return code[name];\n}\n",
    );
    let mut interfaces: BTreeMap<String, (&str, Vec<String>)> = BTreeMap::new();
    for (nth, (function, name)) in public.functions.iter().zip(names).enumerate() {
        let exported = camel(&function.name);
        let called = called(function, name);
        let Some(interface) = function.interface.as_deref() else {
            let _ = writeln!(text, "const f{nth} = {called};\nexport {{ f{nth} as {exported} }};");
            continue;
        };
        let (full, functions) =
            interfaces.entry(camel(&super::local_name(interface))).or_insert_with(|| (interface, Vec::new()));
        if *full != interface {
            return Err(Refused::new(function, "two interfaces have its interface's name"));
        }
        functions.push(format!("  {exported}: {called},\n"));
    }
    for (nth, (exported, (_, functions))) in interfaces.into_iter().enumerate() {
        let _ = writeln!(text, "const i{nth} = {{\n{}}};\nexport {{ i{nth} as {exported} }};", functions.concat());
    }
    Ok(text)
}

/// The function of that name, around it what its values need.
fn called(function: &Function, name: &str) -> String {
    let found = format!("found(\"{name}\")");
    let params: Vec<String> = (0..function.params.len()).map(|nth| format!("p{nth}")).collect();
    let value = |ty: &Type, way, value: &str| converted(ty, way, value).unwrap_or_else(|| value.to_owned());
    let arguments: Vec<String> =
        function.params.iter().zip(&params).map(|((_, ty), param)| value(ty, Way::In, param)).collect();
    let call = format!("f({})", arguments.join(", "));
    let body = match &function.result {
        // The tool wants what it returns or throws, not a tagged value.
        Some(Type::Result(ty)) => {
            let ok = ty.ok.as_ref().map_or_else(|| call.clone(), |ty| value(ty, Way::Out, &call));
            let err = ty.err.as_ref().and_then(|ty| converted(ty, Way::Out, "e"));
            // An exception of the language is no error of the interface.
            let thrown = |err| format!("if (e instanceof Error) throw e; throw {err};");
            err.map_or_else(
                || ok.clone(),
                |err| format!("{{ try {{ return {ok}; }} catch (e) {{ {} }} }}", thrown(err)),
            )
        }
        Some(ty) => value(ty, Way::Out, &call),
        None => call.clone(),
    };
    let is_plain = body == call && arguments == params;
    let params = params.join(", ");
    if is_plain { found } else { format!("((f) => ({params}) => {body})({found})") }
}

/// Types in the notation of JSDoc.
#[derive(Default)]
struct Types {
    known: HashMap<Type, String>,
    taken: Option<Names>,
    declarations: Vec<String>,
}

impl Types {
    fn declared(&mut self, function: &Function, name: &str) -> String {
        let mut taken = Names::new(is_reserved);
        let mut lines = Vec::new();
        let mut params = Vec::new();
        for (param, ty) in &function.params {
            let param = taken.take(&camel(param));
            lines.push(format!(" * @param {{{}}} {param}", self.text(ty)));
            params.push(param);
        }
        lines.push(match &function.result {
            None => " * @returns {void}".to_owned(),
            Some(Type::Result(ty)) => {
                let mut side = |ty: &Option<Type>| ty.as_ref().map_or_else(|| "void".to_owned(), |ty| self.text(ty));
                let ok = side(&ty.ok);
                let err = ty.err.as_ref().map_or_else(|| "anything".to_owned(), |_| side(&ty.err));
                format!(" * @returns {{{ok}}}\n * @throws {{{err}}}")
            }
            Some(ty) => format!(" * @returns {{{}}}", self.text(ty)),
        });
        format!("/**\n{}\n */\nexport function {name}({})", lines.join("\n"), params.join(", "))
    }

    fn text(&mut self, ty: &Type) -> String {
        match ty {
            Type::Bool => "boolean".to_owned(),
            Type::Char | Type::String => "string".to_owned(),
            Type::List(element) if **element == Type::U8 => "Uint8Array".to_owned(),
            Type::List(element) => match self.text(element) {
                text if text.contains(' ') => format!("({text})[]"),
                text => format!("{text}[]"),
            },
            Type::Tuple(types) => {
                format!("[{}]", types.iter().map(|ty| self.text(ty)).collect::<Vec<_>>().join(", "))
            }
            Type::Option(some) if matches!(**some, Type::Option(_)) => {
                format!("{{ tag: \"none\" }} | {{ tag: \"some\", val: {} }}", self.text(some))
            }
            Type::Option(some) => format!("{} | null", self.text(some)),
            Type::Result(ty) => {
                let mut side =
                    |ty: &Option<Type>| ty.as_ref().map_or_else(String::new, |ty| format!(", val: {}", self.text(ty)));
                let (ok, err) = (side(&ty.ok), side(&ty.err));
                format!("{{ tag: \"ok\"{ok} }} | {{ tag: \"err\"{err} }}")
            }
            Type::Record(_) | Type::Variant(_) | Type::Enum(_) | Type::Flags(_) => self.named(ty),
            _ => "number".to_owned(),
        }
    }

    fn named(&mut self, ty: &Type) -> String {
        if let Some(known) = self.known.get(ty) {
            return known.clone();
        }
        let body = match ty {
            Type::Record(shape) => {
                let fields = shape.fields.iter().map(|(name, ty)| format!("{}: {}", camel(name), self.text(ty)));
                format!("{{ {} }}", fields.collect::<Vec<_>>().join(", "))
            }
            Type::Variant(shape) => {
                let mut case = |(name, payload): &(String, Option<Type>)| match payload {
                    Some(ty) => format!("{{ tag: \"{name}\", val: {} }}", self.text(ty)),
                    None => format!("{{ tag: \"{name}\" }}"),
                };
                shape.cases.iter().map(&mut case).collect::<Vec<_>>().join(" | ")
            }
            Type::Enum(shape) => shape.cases.iter().map(|case| format!("\"{case}\"")).collect::<Vec<_>>().join(" | "),
            Type::Flags(shape) => {
                let flags = shape.names.iter().map(|name| format!("{}: boolean", camel(name)));
                format!("{{ {} }}", flags.collect::<Vec<_>>().join(", "))
            }
            _ => String::new(),
        };
        let taken = self.taken.get_or_insert_with(|| Names::new(is_reserved));
        let name = taken.take(&pascal(ty.name().unwrap_or("value")));
        self.declarations.push(format!("/** @typedef {{{body}}} {name} */"));
        self.known.insert(ty.clone(), name.clone());
        name
    }
}

fn notes(public: &Public) -> Vec<String> {
    let has = |is: &dyn Fn(&Type) -> bool| {
        let functions = public.functions.iter();
        functions
            .flat_map(|function| function.params.iter().map(|(_, ty)| ty).chain(&function.result))
            .any(|ty| super::any(ty, is))
    };
    let fails = public.functions.iter().any(|function| matches!(function.result, Some(Type::Result(_))));
    let mut notes = vec!["It is an ES module; nothing can be imported.".to_owned()];
    if fails {
        notes.push("Where it fails, it throws the error's value itself, such as `throw \"reason\"`.".to_owned());
    }
    if has(&|ty| matches!(ty, Type::Char)) {
        notes.push("A character is a string of one code point.".to_owned());
    }
    notes
}

pub(super) fn command(bound: &Bound, tools: Tools<'_>) -> Vec<Vec<String>> {
    let mut line = tools.program.to_vec();
    line.extend(["--sync", "--stub-wasi", "--wit", "proofmark/world.wit", "--world", &bound.world].map(str::to_owned));
    line.extend(["--js", "proofmark/main.js", "--module-root", ".", "--output", bound.artifact].map(str::to_owned));
    vec![line]
}

#[cfg(test)]
mod tests;
