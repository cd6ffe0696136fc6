//! What is generated for AssemblyScript.

use super::super::{BindError, bind, tests::public};
use super::*;

#[test]
fn types_and_glue() {
    let wit = "
        interface all {
            enum color { red, dark-green }
            record point { x: f32, at-most: s64 }
            record line { points: list<point>, name: string, class: color }
            draw: func(line: line, on: bool, scale: f64) -> list<string>;
        }
        world w { export all; export is-leap: func(year: u32) -> bool; export nothing: func(); }";
    let bound = bind(Target::AssemblyScript, &public(wit)).unwrap();
    let text: Vec<String> =
        bound.files.iter().map(|(name, bytes)| format!("// {name}\n{}", String::from_utf8_lossy(bytes))).collect();
    insta::assert_snapshot!(format!("{}\n// wanted\n{}", text.concat(), bound.wanted.join("\n")));
}

#[test]
fn what_it_has_no_type_for_is_refused() {
    for ty in ["option<u8>", "list<tuple<u8>>", "result", "result<u8, string>"] {
        let error = bind(Target::AssemblyScript, &public(&format!("world w {{ export f: func(x: {ty}); }}")));
        assert!(matches!(error, Err(BindError::Type { can, .. }) if can.contains(&Target::JavaScript)), "{ty}");
    }
    let twice = "interface a { f: func(); } interface b { f: func(); } world w { export a; export b; }";
    let error = bind(Target::AssemblyScript, &public(twice)).unwrap_err();
    assert!(error.to_string().contains("two functions have that name"), "{error}");
}
