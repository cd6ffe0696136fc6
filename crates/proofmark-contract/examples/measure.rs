//! How long generating inputs and evaluating properties takes, beside the `cel` crate's own evaluation in the same run.
//!
//! `cargo run --release --package proofmark-contract --example measure`
#![allow(
    clippy::print_stdout,
    clippy::unwrap_used,
    clippy::indexing_slicing,
    clippy::arithmetic_side_effects,
    reason = "prints what it measured"
)]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Contract, Evaluator, Exports, Function, Value};

struct First;

impl Exports for First {
    fn call(&self, _: &Function, arguments: &[Value]) -> Result<Option<Value>, String> {
        Ok(arguments.first().cloned())
    }
}

const SCALAR: &str = r#"
contract = 1
name = "scalar"
intent = "i"
[interface]
wit = "package a:b; world w { export gcd: func(a: u32, b: u32) -> u32; }"
[[property]]
name = "divides both"
of = "gcd"
requires = "a != 0u || b != 0u"
ensures = "result == 0u || (a % result == 0u && b % result == 0u) || true"
[[property]]
name = "order"
of = "gcd"
ensures = "gcd(b, a) == result || true"
"#;

const LIST: &str = r#"
contract = 1
name = "list"
intent = "i"
[interface]
wit = "package a:b; world w { export dedupe: func(xs: list<s32>) -> list<s32>; }"
[[property]]
name = "loses nothing, invents nothing"
of = "dedupe"
ensures = "xs.all(x, x in result) && result.all(x, x in xs)"
"#;

fn per(count: u32, mut step: impl FnMut(usize)) -> Duration {
    let start = Instant::now();
    for nth in 0..count {
        step(nth as usize);
    }
    start.elapsed() / count
}

fn main() {
    for (name, text) in [("scalar", SCALAR), ("list", LIST)] {
        let contract = Contract::parse(text).unwrap();
        let function = &contract.interface.functions[0];
        let mut source = Source::new([1; 32], &Dictionary::of(&contract));
        let inputs: Vec<Vec<Value>> = (0..4096).map(|_| source.arguments(function)).collect();
        let evaluator = Evaluator::new(&contract.interface, Arc::new(First));
        println!("{name}: generate {:?}", per(200_000, |_| drop(black_box(source.arguments(function)))));
        for property in &contract.properties {
            let time = per(100_000, |nth| {
                let arguments = &inputs[nth % inputs.len()];
                if let Some(requires) = &property.requires {
                    black_box(evaluator.holds(requires, arguments, None).unwrap());
                }
                black_box(evaluator.holds(&property.ensures, arguments, arguments.first()).unwrap());
            });
            println!("{name}: `{}` {time:?}", property.name);
        }
        println!("{name}: parse the contract {:?}", per(20, |_| drop(black_box(Contract::parse(text)))));
    }
    let root = cel::Context::default();
    let program = cel::Program::compile("result == 0u || (a % result == 0u && b % result == 0u) || true").unwrap();
    let requires = cel::Program::compile("a != 0u || b != 0u").unwrap();
    let time = per(100_000, |nth| {
        let mut scope = root.new_inner_scope();
        for name in ["a", "b", "result"] {
            scope.add_variable_from_value(name, cel::Value::UInt(nth as u64 + 1));
        }
        black_box(requires.execute(&scope).unwrap());
        black_box(program.execute(&scope).unwrap());
    });
    println!("the cel crate: `divides both` {time:?}");
}
