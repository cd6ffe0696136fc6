//! What is generated for JavaScript.

use super::super::{bind, tests::public};
use super::*;

const WIT: &str = "
interface shapes {
    enum color { red, dark-green }
    flags style { bold, very-thin }
    record point { x: f32, at-most: u32 }
    variant shape { none, dot(point), text(string), many(list<color>) }
    describe: func(shape: shape, delete: style, maybe: option<list<string>>) -> result<tuple<u8, shape>, u32>;
}
world w { export shapes; export is-leap: func(year: u32) -> bool; export nothing: func(); }";

#[test]
fn glue_and_declarations() {
    let bound = bind(Target::JavaScript, &public(WIT)).unwrap();
    let glue = bound.files.iter().find(|(name, _)| name == "proofmark/main.js").unwrap();
    insta::assert_snapshot!("glue", String::from_utf8(glue.1.clone()).unwrap());
    insta::assert_snapshot!("declared", format!("{}\n\n{}", bound.declared, bound.wanted.join("\n")));
    let tool = ["node".to_owned(), "componentize-qjs".to_owned()];
    let lines = bound.commands(Tools { program: &tool, linker: &[] }, &[]);
    let wanted = "node componentize-qjs --sync --stub-wasi --wit proofmark/world.wit --world w --js proofmark/main.js \
                  --module-root . --output artifact.wasm";
    assert_eq!(lines.iter().map(|line| line.join(" ")).collect::<Vec<_>>(), [wanted]);
}

#[test]
fn interfaces_of_one_name_are_refused() {
    let wit = "interface a { f: func(); } world w { export a; export other:pkg/a; }";
    let text = format!(
        "contract = 1\nname = \"n\"\nintent = \"i\"\n[interface]\nworld = \"w\"\nwit = \"\"\"\npackage t:t;\n{wit}\npackage other:pkg {{ interface a {{ g: func(); }} }}\n\"\"\"\n"
    );
    let contract = proofmark_contract::Contract::parse(&text).unwrap();
    let error = bind(Target::JavaScript, &Public::of(&contract).unwrap()).unwrap_err();
    assert!(error.to_string().contains("two interfaces"), "{error}");
}
