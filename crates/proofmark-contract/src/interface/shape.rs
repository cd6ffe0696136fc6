//! What two interfaces must share for an artifact of one to be tried for the other: names of functions, and types.
//!
//! Names of packages' worlds, of parameters and of types are left out: a component is called without them. What a type is
//! made of is in it whole, also where it has a name.

use std::fmt::Write as _;

use proofmark_mark::digest::Digest;

use super::{Function, Interface};
use crate::types::Type;

impl Interface {
    /// SHA-256 of the interface's canonical text: a line for each function, sorted.
    #[must_use]
    pub fn digest(&self) -> Digest {
        let mut lines: Vec<String> = self.functions.iter().map(|function| line(function)).collect();
        lines.sort_unstable();
        Digest::of_parts(&[b"proofmark.dev/interface/v1\0", lines.join("\n").as_bytes()])
    }
}

fn line(function: &Function) -> String {
    let kind = if function.process.is_some() { "process" } else { "func" };
    let mut text = format!("{}: {kind}(", function.full_name());
    list(&mut text, function.params.iter().map(|(_, ty)| ty));
    text.push(')');
    if let Some(result) = &function.result {
        text.push_str(" -> ");
        shape(&mut text, result);
    }
    text
}

fn list<'a>(text: &mut String, types: impl Iterator<Item = &'a Type>) {
    for (nth, ty) in types.enumerate() {
        if nth > 0 {
            text.push_str(", ");
        }
        shape(text, ty);
    }
}

/// A type with all that it is made of. A name of a field or case can hold none of the signs between them.
fn shape(text: &mut String, ty: &Type) {
    let named = |text: &mut String, what: &str, parts: &[(&str, Option<&Type>)]| {
        let _ = write!(text, "{what} {{ ");
        for (name, ty) in parts {
            text.push_str(name);
            if let Some(ty) = ty {
                text.push_str(": ");
                shape(text, ty);
            }
            text.push_str("; ");
        }
        text.push('}');
    };
    match ty {
        Type::List(element) => inside(text, "list", &[Some(&**element)]),
        Type::Option(some) => inside(text, "option", &[Some(&**some)]),
        Type::Result(sides) => inside(text, "result", &[sides.ok.as_ref(), sides.err.as_ref()]),
        Type::Tuple(types) => inside(text, "tuple", &types.iter().map(Some).collect::<Vec<_>>()),
        Type::Record(ty) => {
            named(text, "record", &ty.fields.iter().map(|(name, ty)| (name.as_str(), Some(ty))).collect::<Vec<_>>());
        }
        Type::Variant(ty) => {
            named(text, "variant", &ty.cases.iter().map(|(name, ty)| (name.as_str(), ty.as_ref())).collect::<Vec<_>>());
        }
        Type::Enum(ty) => named(text, "enum", &ty.cases.iter().map(|name| (name.as_str(), None)).collect::<Vec<_>>()),
        Type::Flags(ty) => named(text, "flags", &ty.names.iter().map(|name| (name.as_str(), None)).collect::<Vec<_>>()),
        scalar => {
            let _ = write!(text, "{scalar}");
        }
    }
}

/// Types inside a type; `_` where there is none.
fn inside(text: &mut String, what: &str, types: &[Option<&Type>]) {
    let _ = write!(text, "{what}<");
    for (nth, ty) in types.iter().enumerate() {
        if nth > 0 {
            text.push_str(", ");
        }
        match ty {
            Some(ty) => shape(text, ty),
            None => text.push('_'),
        }
    }
    text.push('>');
}

#[cfg(test)]
mod tests {
    use crate::Contract;

    fn text(world: &str) -> String {
        let head = "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = ";
        format!("{head}\"package a:b; world w {{ {world} }}\"\n")
    }

    fn of(world: &str) -> proofmark_mark::digest::Digest {
        Contract::parse(&text(world)).unwrap().interface.digest()
    }

    #[test]
    fn names_that_no_call_needs_make_no_difference() {
        let known = of("record p { x: s32, y: option<string> } export f: func(a: p) -> list<p>; export g: func();");
        let same = of("export g: func(); record q { x: s32, y: option<string> } export f: func(b: q) -> list<q>;");
        assert_eq!(known, same);
    }

    #[test]
    fn everything_else_does() {
        let all = [
            "export f: func(a: u32) -> u32;",
            "export f: func(a: u32) -> s32;",
            "export f: func(a: u32);",
            "export f: func() -> u32;",
            "export f: func(a: u32, b: u32) -> u32;",
            "export g: func(a: u32) -> u32;",
            "export f: func(a: u32) -> u32; export g: func();",
            "export f: func(a: tuple<u32>) -> u32;",
            "export f: func(a: list<u32>) -> u32;",
            "export f: func(a: option<u32>) -> u32;",
            "export f: func(a: result<u32>) -> u32;",
            "export f: func(a: result<_, u32>) -> u32;",
            "record r { x: u32 } export f: func(a: r) -> u32;",
            "record r { y: u32 } export f: func(a: r) -> u32;",
            "variant r { x(u32) } export f: func(a: r) -> u32;",
            "variant r { x } export f: func(a: r) -> u32;",
            "enum r { x } export f: func(a: r) -> u32;",
            "enum r { x, y } export f: func(a: r) -> u32;",
            "flags r { x } export f: func(a: r) -> u32;",
        ];
        let distinct: std::collections::BTreeSet<_> = all.iter().map(|world| of(world)).collect();
        assert_eq!(distinct.len(), all.len());
    }

    #[test]
    fn a_program_is_no_component() {
        let head = "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface.process]\narguments = [\"a\"]\n";
        let program = Contract::parse(head).unwrap();
        let component = of("record outcome { code: u8 } export run: func() -> outcome;");
        assert_ne!(program.interface.digest(), component);
        let other = Contract::parse(&head.replace("\"a\"", "\"b\"")).unwrap();
        assert_eq!(program.interface.digest(), other.interface.digest());
    }
}
