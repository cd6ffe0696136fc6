//! Whatever the text is, parsing ends with an answer: no panic, no exhausted stack, problems inside the text.

use proofmark_contract::{CONTRACT_BYTES_MAX, Contract, resolve, resolve_reference};
use proptest::prelude::*;

use super::contract;

const VALID: &str = r#"contract = 1
name = "x"
intent = "I"
may_trap = { f = "n == 0u" }
[interface]
wit = """
package a:b@1.0.0;
/// Docs.
interface t { record r { x: s32, y: list<option<string>> } flags g { a, b } enum e { p, q-r } variant v { n, s(r) } k: func(v: v) -> result<r, e>; }
world w { use t.{r}; import t; export t; export f: func(n: u32, r: r) -> list<u8>; }
"""
[[example]]
call = "f(1, {x: -1, y: [some(\"ü\"), none]})"
returns = "[1, 2]"
[[property]]
name = "p"
of = "f"
requires = 'n < 10u && r.y.all(o, has(o.none) || o.some.matches("^[a-z]+$"))'
ensures = "result.size() == int(n) && f(n, {'x': 1, 'y_axis': 2}) == result"
held_out = true
[[secret]]
of = "f"
parts = ["n", "r.y.0"]
capabilities = ["random"]
releases = "size(r.y) + int(n)"
may_reach = ["result.1"]
constant_fuel = true
[reference]
component = "legacy.wasm"
sha256 = "00112233445566778899aabbccddeeff00112233445566778899aabbccddeeff"
[capabilities]
random = true
read = ["/data"]
[budget]
memory = "1MiB"
"#;

pub(super) fn survives(text: &str) {
    match Contract::parse(text) {
        Ok(contract) => assert_eq!(contract.digest, proofmark_mark::digest::Digest::of(text.as_bytes())),
        Err(problems) => {
            assert!(!problems.is_empty());
            for problem in problems {
                assert!(text.get(problem.span.clone()).is_some(), "{:?} in {text:?}", problem.span);
                assert!(!problem.message.is_empty() && !problem.label.is_empty());
                let (line, column) = problem.position(text);
                assert!(line >= 1 && column >= 1);
            }
        }
    }
    if let Err(problem) = resolve(text, &|_| Err("no".to_owned())) {
        assert!(text.get(problem.span).is_some());
    }
    let digest = proofmark_mark::digest::Digest::of(b"legacy");
    for found in [Ok(digest), Err("no".to_owned())] {
        match resolve_reference(text, &|_| found.clone()) {
            // What was written for a path is taken for a digest, and resolved once.
            Ok(resolved) => assert_eq!(resolve_reference(&resolved, &|_| Ok(digest)), Ok(resolved)),
            Err(problem) => assert!(text.get(problem.span).is_some()),
        }
    }
}

/// Fragments that mean something in TOML, WIT, CEL or WAVE.
pub(super) fn fragment() -> impl Strategy<Value = String> {
    let known = vec![
        "[",
        "]",
        "{",
        "}",
        "(",
        ")",
        "\"",
        "'",
        "\"\"\"",
        "'''",
        "\\",
        "\\u00fc",
        "\n",
        "\r\n",
        "=",
        ",",
        ".",
        ";",
        ":",
        "<",
        ">",
        "->",
        "@",
        "%",
        "/*",
        "//",
        "*/",
        "func",
        "list<",
        "record",
        "world",
        "export",
        "import",
        "async",
        "resource r;",
        "own<r>",
        "borrow<r>",
        "stream<u8>",
        "future",
        "u32",
        "string",
        "result",
        "n",
        "r.y",
        "has(",
        ".all(x, ",
        ".map(",
        "1u",
        "0x",
        "-",
        "9223372036854775808",
        "1e999",
        "nan",
        "none",
        "some(",
        "ü",
        "\u{0}",
        "\u{202e}",
        "\u{feff}",
        "true",
        "null",
        "b'x'",
        "r'",
        "?",
        "&&",
        "||",
        "!",
        "==",
        "in",
        "[[property]]",
        "[[invariant]]",
        "[[secret]]",
        "parts = ['n']",
        "[interface.process]",
        "files = ",
        "text(",
        "hard-link(",
        "path: ",
        "../",
        "after",
        "sets.contains(",
        "multisets.equivalent(",
        "egress = ",
        "[[example]]",
        "[budget]",
        "wit = ",
        "ensures = ",
        "package a:b;",
        "use t.{r};",
        "include w;",
        "type x = x;",
        "tuple<",
        "map<",
        "@since(version = 1.0.0)",
    ];
    prop_oneof![8 => prop::sample::select(known).prop_map(str::to_owned), 1 => any::<char>().prop_map(String::from), 1 => ".{0,12}"]
}

fn cut(text: &str, at: usize) -> usize {
    (0..=at.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap()
}

/// The text with parts of it, each given by its start and length, exchanged.
pub(super) fn exchanged(text: &str, changes: Vec<(usize, usize, String)>) -> String {
    let mut text = text.to_owned();
    for (at, length, fragment) in changes {
        let start = cut(&text, at);
        let end = cut(&text, start + length).max(start);
        text.replace_range(start..end, &fragment);
    }
    text
}

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 6, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_text(text in "\\PC{0,200}") {
        survives(&text);
    }

    #[test]
    fn any_bytes_that_are_text(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        survives(&String::from_utf8_lossy(&bytes));
    }

    #[test]
    fn a_valid_contract_with_parts_exchanged(changes in prop::collection::vec((0..VALID.len(), 0usize..12, fragment()), 1..5)) {
        survives(&exchanged(VALID, changes));
    }

    #[test]
    fn any_expression(fragments in prop::collection::vec(fragment(), 0..24)) {
        let cel = fragments.concat().replace("'''", "");
        survives(&contract("export f: func(n: u32) -> u32;", &format!("[[property]]\nname = 'p'\nof = 'f'\nensures = '''{cel}'''")));
    }

    #[test]
    fn any_wit(fragments in prop::collection::vec(fragment(), 0..24)) {
        survives(&contract(&fragments.concat(), ""));
    }

    #[test]
    fn any_call(fragments in prop::collection::vec(fragment(), 0..16)) {
        let contract = Contract::parse(&contract("record r { x: list<option<string>> } export f: func(n: u32, r: r);", "")).unwrap();
        let text = format!("f({}", fragments.concat());
        if let Err(error) = contract.interface.parse_call(&text) {
            prop_assert!(text.get(error.span.clone()).is_some(), "{:?} in {text:?}", error.span);
        }
    }
}

#[test]
fn the_contract_that_is_changed_is_valid_but_for_one_name() {
    assert!(
        Contract::parse(&VALID.replace("y_axis': 2", "y': []")).is_ok(),
        "{:?}",
        Contract::parse(&VALID.replace("y_axis': 2", "y': []"))
    );
}

#[test]
fn every_prefix_of_a_contract() {
    for (at, _) in VALID.char_indices() {
        survives(&VALID[..at]);
    }
}

#[test]
fn nesting_and_size_are_bounded() {
    let chain: String = (0..9000).map(|n| format!("type t{}=list<t{n}>;", n + 1)).collect();
    let brackets = |open: &str, close: &str, n: usize| format!("{}{}", open.repeat(n), close.repeat(n));
    let cel = |cel: &str| {
        contract(
            "export f: func(n: u32) -> u32;",
            &format!("[[property]]\nname = 'p'\nof = 'f'\nensures = '''{cel}'''"),
        )
    };
    let call = |call: &str| {
        contract("export f: func(n: list<u32>) -> u32;", &format!("[[example]]\ncall = '''{call}'''\nreturns = '1'"))
    };
    for text in [
        contract(&format!("type t0 = u8; {chain} export f: func(x: t9000);"), ""),
        contract(&format!("export f: func(x: {}u8{});", "list<".repeat(50_000), ">".repeat(50_000)), ""),
        contract(&format!("{} export f: func();", brackets("/*", "*/", 50_000)), ""),
        contract(&brackets("interface a {", "}", 10_000), ""),
        format!("a = {}", brackets("[", "]", 100_000)),
        format!("a{} = 1", ".b".repeat(100_000)),
        brackets("[", "]", 100_000),
        format!("a = {}", "{b = ".repeat(50_000)),
        cel(&brackets("(", ")", 8000)),
        cel(&format!("n{}", " + n".repeat(3000))),
        cel(&format!("n{} == n", ".n".repeat(7000))),
        cel(&format!("{}true", "!".repeat(16_000))),
        cel(&format!("n == {}1", "-".repeat(16_000))),
        cel(&format!("[{}1u].all(x, x == result)", "1u, ".repeat(4000))),
        cel(&format!("{}result == n{}", "[1].all(x, ".repeat(40), ")".repeat(40))),
        cel(&format!("result == {}n", "true ? n : ".repeat(1400))),
        call(&format!("f({})", brackets("[", "]", 30_000))),
        call(&format!("f([{}1])", "1, ".repeat(60_000))),
        "#".repeat(CONTRACT_BYTES_MAX + 1),
        format!("{VALID}#{}", "x".repeat(CONTRACT_BYTES_MAX - VALID.len() - 1)),
    ] {
        survives(&text);
    }
}
