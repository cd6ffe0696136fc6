//! C: the model writes plain functions over structs that lie in memory as the canonical ABI wants them; the glue exports
//! them.
//!
//! Everything is compiled for `wasm32` without a C library. `bindings/runtime/` is what there is instead, and the one
//! copy of it. A stray `main` that prints does no harm: `stdio.h` declares what has no body, so that only an export that
//! reaches it fails to link.

use std::fmt::Write as _;

use super::{Bound, Tools, names::Names};
use crate::extract::SourceFile;
use crate::public::Public;
use crate::target::Target;

mod glue;
mod reserved;
mod types;

use types::Types;

/// What is declared before the code of the model.
const INCLUDES: [&str; 6] = ["stdint.h", "stdbool.h", "stddef.h", "stdlib.h", "string.h", "stdio.h"];
/// The same as the prompt shows it, with what there is of each.
const SHOWN: &str = "#include <stdint.h>\n#include <stdbool.h>\n#include <stddef.h>\n\
    #include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort\n\
    #include <string.h> // only memcpy, memmove, memset, memcmp, strlen\n";
const LIBRARY: [(&str, &str); 7] = [
    ("proofmark/runtime.c", include_str!("runtime/runtime.c")),
    ("proofmark/include/stdlib.h", include_str!("runtime/include/stdlib.h")),
    ("proofmark/include/string.h", include_str!("runtime/include/string.h")),
    ("proofmark/include/stdio.h", include_str!("runtime/inline/stdio.h")),
    ("proofmark/include/assert.h", include_str!("runtime/inline/assert.h")),
    ("proofmark/include/ctype.h", include_str!("runtime/inline/ctype.h")),
    ("proofmark/include/math.h", include_str!("runtime/inline/math.h")),
];
/// Functions of the library that the code may define itself.
const LIBRARY_FUNCTIONS: [&str; 12] =
    ["abort", "abs", "calloc", "free", "malloc", "memcmp", "memcpy", "memmove", "memset", "qsort", "realloc", "strlen"];
/// The most of the stack, in bytes; it is an eighth of the memory where that is less.
const STACK_BYTES_MAX: u64 = 256 << 10;

/// A function as the model writes it.
struct CFunction {
    name: String,
    /// Declaration without the semicolon.
    prototype: String,
    params: Vec<String>,
    result: Option<String>,
}

pub(super) fn bind(public: &Public) -> Bound {
    let mut file = Names::new(reserved::is_reserved);
    let names = super::function_names(&public.functions, &mut file, super::names::snake);
    let mut types = Types::new(file);
    let functions: Vec<CFunction> =
        public.functions.iter().zip(names).map(|(function, name)| declared(function, name, &mut types)).collect();
    let header = header(&types, &functions);
    let glue = glue::glue(&public.functions, &functions, &types);
    let library = LIBRARY.iter().map(|(name, text)| ((*name).to_owned(), text.as_bytes().to_vec()));
    let mut files =
        vec![("proofmark/types.h".to_owned(), header.into_bytes()), ("proofmark/glue.c".to_owned(), glue.into_bytes())];
    files.extend(library);
    let shown = types.declarations.iter().map(|declaration| format!("\n{}", declaration.shown)).collect::<String>();
    Bound {
        files,
        artifact: "artifact.wasm",
        declared: format!("{SHOWN}{shown}"),
        wanted: functions.iter().map(|function| format!("{};", function.prototype)).collect(),
        notes: notes(public),
        functions: functions.into_iter().map(|function| function.name).collect(),
        repeatable: types.declarations.iter().filter_map(|declaration| declaration.structure.clone()).collect(),
        stack_bytes: public.memory_bytes.div_euclid(8).min(STACK_BYTES_MAX).div_euclid(16).saturating_mul(16),
        ..Bound::of(Target::C)
    }
}

fn declared(function: &proofmark_contract::Function, name: String, types: &mut Types) -> CFunction {
    use proofmark_contract::Type;
    let mut taken = Names::new(reserved::is_word);
    let mut params = Vec::new();
    let mut shown = Vec::new();
    for (param, ty) in &function.params {
        let param = taken.take(&super::names::snake(param));
        match ty {
            Type::String | Type::List(_) => {
                let item = types.element(ty);
                let len = taken.take(&format!("{param}_len"));
                let constant = if matches!(ty, Type::String) { "const " } else { "" };
                shown.push(format!("{constant}{item} *{param}, size_t {len}"));
            }
            _ => shown.push(format!("{} {param}", types.name(ty))),
        }
        params.push(param);
    }
    let result = function.result.as_ref().map(|ty| types.name(ty));
    let list = if shown.is_empty() { "void".to_owned() } else { shown.join(", ") };
    let prototype = format!("{} {name}({list})", result.as_deref().unwrap_or("void"));
    CFunction { name, prototype, params, result }
}

/// `types.h`. A struct that the code defines itself, as models do that repeat what they were shown, is left to it.
fn header(types: &Types, functions: &[CFunction]) -> String {
    let mut text = String::from("#pragma once\n");
    for include in INCLUDES {
        let _ = writeln!(text, "#include <{include}>");
    }
    for declaration in &types.declarations {
        match (&declaration.structure, &declaration.body) {
            (Some(name), Some(body)) => {
                let _ = write!(
                    text,
                    "\n{}typedef struct {name} {name};\n#ifndef {}\nstruct {name} {body};\n#endif\n",
                    declaration.constants,
                    owned(name)
                );
            }
            _ => {
                let _ = write!(text, "\n{}", declaration.shown);
            }
        }
    }
    text.push('\n');
    for function in functions {
        let _ = writeln!(text, "{};", function.prototype);
    }
    text
}

fn owned(name: &str) -> String {
    format!("PROOFMARK_OWN_{name}")
}

fn notes(public: &Public) -> Vec<String> {
    use proofmark_contract::Type;
    let has = |is: &dyn Fn(&Type) -> bool| {
        let functions = public.functions.iter();
        let mut types = functions.flat_map(|function| function.params.iter().map(|(_, ty)| ty).chain(&function.result));
        types.any(|ty| super::any(ty, is))
    };
    let param = |is: &dyn Fn(&Type) -> bool| {
        public.functions.iter().any(|function| function.params.iter().any(|(_, ty)| is(ty)))
    };
    let result = |is: &dyn Fn(&Type) -> bool| {
        public.functions.iter().any(|function| function.result.as_ref().is_some_and(|ty| super::any(ty, is)))
    };
    let pointed = |ty: &Type| matches!(ty, Type::String | Type::List(_));
    let mut notes = Vec::new();
    if param(&pointed) {
        notes.push("A length `..._len` is the number of items (of a text: bytes); it may be 0.".to_owned());
    }
    if has(&|ty| matches!(ty, Type::String)) {
        notes.push("A text is UTF-8 bytes without a terminating zero.".to_owned());
    }
    if result(&pointed) {
        notes.push("`items` of a result may point into a parameter, or to memory from `malloc`.".to_owned());
    }
    if has(&|ty| matches!(ty, Type::Char)) {
        notes.push("A character is its Unicode code point.".to_owned());
    }
    if param(&|ty| matches!(ty, Type::List(_))) {
        notes.push("A comparison function for `qsort` must be defined before the function that uses it.".to_owned());
    }
    notes
}

/// Compiles each file, and links what the exports reach.
pub(super) fn command(bound: &Bound, tools: Tools<'_>, sources: &[SourceFile]) -> Vec<Vec<String>> {
    let mut lines = Vec::new();
    let mut objects = Vec::new();
    let mut compile = |file: &str, flags: Vec<String>| {
        let object = format!("proofmark/{}.o", objects.len());
        let fixed = [
            "--target=wasm32",
            "-std=c11",
            "-O2",
            "-ffreestanding",
            "-nostdlibinc",
            "-isystem",
            "proofmark/include",
            "-iquote",
            ".",
            // Positions for tracing; no path of the machine that compiled it.
            "-gline-tables-only",
            "-fdebug-compilation-dir=.",
            "-w",
            // A function that nothing defines is found when it is linked, if an export reaches it at all.
            "-Wno-error=implicit-function-declaration",
        ];
        let mut line = tools.program.to_vec();
        line.extend(fixed.map(str::to_owned));
        line.extend(flags);
        line.extend(["-c", file, "-o", &object].map(str::to_owned));
        lines.push(line);
        objects.push(object);
    };
    for source in sources.iter().filter(|source| source.name.ends_with(".c")) {
        let repeated = bound.repeatable.iter().filter(|name| repeats(&source.text, name));
        let mut flags: Vec<String> = repeated.map(|name| format!("-D{}", owned(name))).collect();
        flags.extend(["-include", "proofmark/types.h"].map(str::to_owned));
        compile(&format!("./{}", source.name), flags);
    }
    compile("proofmark/glue.c", Vec::new());
    lines.push(link(bound, tools, &objects));
    lines
}

fn link(bound: &Bound, tools: Tools<'_>, objects: &[String]) -> Vec<String> {
    let stack = format!("stack-size={}", bound.stack_bytes);
    // An overflowing stack leaves memory instead of running into data; functions that only look alike are refused.
    let flags = ["--no-entry", "--fatal-warnings", "--stack-first", "-z", &stack];
    let mut line = tools.linker.to_vec();
    if line.is_empty() {
        line.extend_from_slice(tools.program);
        line.extend(["--target=wasm32", "-nostdlib"].map(str::to_owned));
        line.push(format!("-Wl,{}", flags.join(",")));
    } else {
        line.extend(flags.map(str::to_owned));
    }
    line.extend_from_slice(objects);
    line.extend(["-o".to_owned(), bound.artifact.to_owned()]);
    line
}

/// Whether a source defines that struct: `struct NAME {`.
fn repeats(text: &str, name: &str) -> bool {
    let mut rest = text;
    while let Some(at) = rest.find("struct") {
        let (before, after) = rest.split_at(at);
        let starts = !before.ends_with(|character: char| character.is_ascii_alphanumeric() || character == '_');
        rest = after.strip_prefix("struct").unwrap_or_default();
        let body = rest.trim_start().strip_prefix(name).map(str::trim_start);
        if starts && body.is_some_and(|body| body.starts_with('{')) {
            return true;
        }
    }
    false
}

#[cfg(test)]
mod tests;
