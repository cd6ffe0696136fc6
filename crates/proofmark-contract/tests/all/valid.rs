//! Contracts that parse, and what becomes of them.

use proofmark_contract::{Budget, Contract, Expected, Flag, Value};

use super::contract;

/// Every contract under `examples/` of the repository.
#[test]
fn the_examples_of_the_repository_parse() {
    let root = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut parsed = 0;
    for folder in [root.clone(), root.join("npm")] {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path().join("contract.toml");
            let Ok(text) = std::fs::read_to_string(&path) else { continue };
            if let Err(problems) = Contract::parse(&text) {
                let shown: Vec<String> = problems.iter().map(|p| format!("{:?} {p}", p.position(&text))).collect();
                panic!("{}: {}", path.display(), shown.join("\n"));
            }
            parsed += 1;
        }
    }
    assert!(parsed > 10, "{parsed} contracts");
}

const DEDUPE: &str = r#"
contract = 1
name = "dedupe"
intent = "Remove duplicates from a list of numbers, keeping the first of each, in order."
may_trap = "xs.size() > 1000000"

[interface]
wit = """
package example:dedupe;
world dedupe { export dedupe: func(xs: list<s32>) -> list<s32>; }
"""

[[example]]
call = "dedupe([3, 1, 3])"
returns = "[3, 1]"

[[property]]
name = "loses nothing, invents nothing"
of = "dedupe"
ensures = "xs.all(x, x in result) && result.all(x, x in xs)"

[[property]]
name = "idempotent"
of = "dedupe"
ensures = "dedupe(result) == result"

[[property]]
name = "short lists stay short"
of = "dedupe"
requires = "xs.size() < 100"
ensures = "result.size() <= xs.size()"
held_out = true

[capabilities]
clocks = true
stdout = false
environment = ["HOME"]
read = ["/data"]

[budget]
fuel = 5_000_000
memory = "1MiB"
executions = 0x1000
"#;

#[test]
fn everything_a_contract_says_is_there() {
    let contract = Contract::parse(DEDUPE).unwrap();
    assert_eq!((contract.name.as_str(), contract.interface.world.as_str()), ("dedupe", "dedupe"));
    assert_eq!(contract.digest, proofmark_mark::digest::Digest::of(DEDUPE.as_bytes()));
    let [function] = contract.interface.functions.as_slice() else { panic!() };
    assert_eq!(function.signature(), "dedupe: func(xs: list<s32>) -> list<s32>");
    let [example] = contract.examples.as_slice() else { panic!() };
    assert_eq!(example.call.to_string(), "dedupe([3, 1, 3])");
    assert_eq!(example.expected, Expected::Returns(Some(Value::List(vec![Value::S32(3), Value::S32(1)]))));
    assert_eq!(example.expected.to_string(), "[3, 1]");
    let held_out: Vec<bool> = contract.properties.iter().map(|property| property.held_out).collect();
    assert_eq!(held_out, [false, false, true]);
    assert!(contract.properties.iter().all(|property| std::sync::Arc::ptr_eq(&property.of, function)));
    assert_eq!(contract.properties[2].requires.as_ref().unwrap().source(), "xs.size() < 100");
    assert_eq!(contract.may_trap("dedupe").unwrap().source(), "xs.size() > 1000000");
    assert!(contract.may_trap("other").is_none());
    let names: Vec<String> = contract.capabilities.names().into_iter().collect();
    assert_eq!(names, ["clocks", "environment", "read"]);
    assert!(contract.capabilities.has(Flag::Clocks) && !contract.capabilities.has(Flag::Stdout));
    let wanted = Budget { fuel: 5_000_000, memory: 1 << 20, executions: Some(4096), ..Budget::default() };
    assert_eq!(contract.budget, wanted);
}

#[test]
fn nothing_named_is_nothing_granted() {
    let text = contract("export f: func(n: u32) -> u32;", "");
    let contract = Contract::parse(&text).unwrap();
    assert!(contract.capabilities.names().is_empty());
    assert_eq!(contract.budget, Budget::default());
    assert!(contract.examples.is_empty() && contract.properties.is_empty());
}

#[test]
fn functions_may_return_nothing_and_examples_may_trap() {
    let text = contract(
        "export log: func(line: string); export div: func(a: u32, b: u32) -> u32;",
        "[[example]]\ncall = 'log(\"a\")'\n[[example]]\ncall = 'log(\"b\")'\nreturns = ' ( ) '\n[[example]]\ncall = 'div(1, 0)'\ntraps = true\n[may_trap]\ndiv = 'b == 0u'",
    );
    let contract = Contract::parse(&text).unwrap();
    let expected: Vec<String> = contract.examples.iter().map(|example| example.expected.to_string()).collect();
    assert_eq!(expected, ["()", "()", "a trap"]);
    assert!(contract.may_trap("div").is_some() && contract.may_trap("log").is_none());
}

#[test]
fn calls_take_both_spellings_and_print_as_they_parse() {
    let text = contract("export is-leap: func(a-year: u32, note: option<string>) -> bool;", "");
    let interface = Contract::parse(&text).unwrap().interface;
    for call in ["is-leap(2000, some(\"x\"))", " is_leap (2000, \"x\")", "is-leap(\n2000, // year\n some(\"x\"),)"] {
        let call = interface.parse_call(call).unwrap_or_else(|error| panic!("{call}: {error}"));
        assert_eq!(call.to_string(), "is-leap(2000, some(\"x\"))");
    }
    assert_eq!(interface.parse_call("is_leap(4)").unwrap().to_string(), "is-leap(4, none)");
    let error = interface.parse_call("is-leap(\"ü\", 3)").unwrap_err();
    assert_eq!((error.span, error.message.as_str()), (8..12, "`\"ü\"` does not fit: `a-year` is of type `u32`"));
}

#[test]
fn line_ends_and_a_byte_order_mark_do_not_matter() {
    let windows = DEDUPE.trim_start().replace('\n', "\r\n");
    for text in [windows.clone(), format!("\u{feff}{}", DEDUPE.trim_start()), format!("\u{feff}{windows}")] {
        let contract = Contract::parse(&text).unwrap_or_else(|problems| panic!("{problems:#?}"));
        assert_eq!(contract.properties.len(), 3);
        assert_eq!(contract.digest, proofmark_mark::digest::Digest::of(text.as_bytes()), "every byte counts");
        let wrong = text.replace("x in result", "x in resulf");
        let problems = Contract::parse(&wrong).unwrap_err();
        assert_eq!(&wrong[problems[0].span.clone()], "resulf");
    }
}

#[test]
fn contracts_and_evaluators_go_where_threads_need_them() {
    fn shared<T: Send + Sync>() {}
    fn sent<T: Send>() {}
    shared::<Contract>();
    shared::<proofmark_contract::generate::Dictionary>();
    sent::<proofmark_contract::Evaluator>();
    sent::<proofmark_contract::generate::Source>();
}
