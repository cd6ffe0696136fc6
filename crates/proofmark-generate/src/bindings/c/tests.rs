//! What is generated for C, and that nothing in an interface can break it. Whether it works is tested with a compiler, by
//! the tests of the binary.

use proofmark_contract::Contract;

use super::super::{BindError, bind};
use super::*;

fn public(wit: &str) -> Public {
    let text = format!(
        "contract = 1\nname = \"n\"\nintent = \"i\"\n[interface]\nwit = \"\"\"\npackage t:t@1.0.0;\n{wit}\n\"\"\"\n"
    );
    Public::of(&Contract::parse(&text).unwrap()).unwrap()
}

fn text(bound: &Bound, name: &str) -> String {
    let (_, bytes) = bound.files.iter().find(|(known, _)| known == name).unwrap();
    String::from_utf8(bytes.clone()).unwrap()
}

fn file(name: &str, text: &str) -> SourceFile {
    SourceFile { name: name.to_owned(), text: text.to_owned() }
}

const WIT: &str = "
interface shapes {
    enum color { red, green }
    flags style { bold, double }
    record point { x: f32, at-most: s64 }
    variant shape { none, dot(point), text(string), int(f64), many(list<color>) }
    describe: func(shape: shape, int: style, maybe: option<list<string>>) -> result<tuple<u8, shape>, string>;
}
world w { export shapes; export is-leap: func(year: u32) -> bool; export nothing: func(); }";

#[test]
fn types_and_exports() {
    let bound = bind(Target::C, &public(WIT)).unwrap();
    insta::assert_snapshot!("types", text(&bound, "proofmark/types.h"));
    let glue = text(&bound, "proofmark/glue.c");
    let (_, exports) = glue.split_once("#include \"runtime.c\"").unwrap();
    insta::assert_snapshot!("glue", exports);
    assert_eq!(bound.functions(), ["is_leap", "nothing", "describe"]);
}

#[test]
fn the_commands_take_every_source_as_a_file() {
    let words = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
    let bound = bind(Target::C, &public(WIT)).unwrap();
    let repeating = "typedef  struct point\n{ float x; } point;\ntypedef struct shape2 {} shape2; // struct shape\n";
    let sources = [file("artifact.c", repeating), file("util/b.c", "struct shape_;"), file("util/b.h", "int b;")];
    let (clang, linker) = (words("/usr/bin/clang"), words("/usr/bin/wasm-ld"));
    let lines = bound.commands(Tools { program: &clang, linker: &linker }, &sources);
    insta::assert_snapshot!(lines.iter().map(|line| line.join(" ")).collect::<Vec<_>>().join("\n"));
    let zig = bound.commands(Tools { program: &words("zig cc"), linker: &[] }, &sources);
    assert!(zig.iter().all(|line| line.starts_with(&words("zig cc"))), "{zig:?}");
    assert!(
        zig.last().unwrap().contains(&"-Wl,--no-entry,--fatal-warnings,--stack-first,-z,stack-size=262144".to_owned())
    );
}

#[test]
fn names_of_c_and_of_each_other_are_avoided() {
    let bound = bind(
        Target::C,
        &public(
            "interface a { record double { int: u8, size: u8 } malloc: func(x: double, while: list<u8>, while-len: u8) -> double; }
             interface b { record double { other: u8 } malloc: func(x: double) -> tuple<double, double>; }
             interface c { record malloc { a: u8 } enum int32 { max } f: func(p: malloc, e: int32, size: u32) -> list<int32>; }
             world w { export a; export b; export c; }",
        ),
    )
    .unwrap();
    assert_eq!(
        bound.wanted,
        [
            "double_ a_malloc(double_ x, uint8_t *while_, size_t while__len, uint8_t while_len);",
            "double__2_double__2_tuple b_malloc(double__2 x);",
            "int32__list f(malloc_ p, int32_ e, uint32_t size);",
        ]
    );
    assert!(text(&bound, "proofmark/types.h").contains("#define INT32__MAX 0"));
    assert!(text(&bound, "proofmark/glue.c").contains("export_name(\"t:t/b@1.0.0#malloc\")"));
}

#[test]
fn a_program_and_a_component_are_not_taken_for_each_other() {
    let component = public("world w { export f: func(); }");
    let text = "contract = 1\nname = \"n\"\nintent = \"i\"\n[interface.process]\nstdout = \"string\"\n";
    let program = Public::of(&Contract::parse(text).unwrap()).unwrap();
    assert_eq!(bind(Target::Program, &component), Err(BindError::Component));
    for target in Target::ALL.into_iter().filter(|target| *target != Target::Program) {
        assert_eq!(bind(target, &program), Err(BindError::Program), "{target}");
    }
}
