//! Planted bugs in C functions: the default budget finds each of them, and as many inputs as they come find none.

use std::collections::BTreeSet;
use std::sync::Arc;

use proofmark_contract::Contract;
use proofmark_contract::generate::{Dictionary, Source};
use proofmark_governor::judge::{Judge, Judgement};
use proofmark_run::program::Setting;
use proofmark_run::wasi::World;
use proofmark_run::{Artifact, Program};

use crate::place::Place;
use shared::{PLANTED, clang};

#[path = "../../benches/ratios/planted.rs"]
#[allow(dead_code, reason = "the bench looks at the rest")]
mod shared;

/// All that the default policy plans: the first part and the second.
const EXECUTIONS: u32 = 65_536 + 16_384;

#[test]
fn each_is_found_within_the_default_budget_and_by_chance_none_is() {
    let clang =
        clang().unwrap_or_else(|| panic!("no clang with wasm-ld: install clang and lld, such as clang-19 and lld-19"));
    let place = Place::new();
    for planted in &PLANTED {
        let artifact = planted.artifact(&clang, 1, &place.path("artifact.wasm"));
        let text = planted.contract();
        place.write("contract.toml", &text);
        // A search finds what it finds by luck too: one challenge in many leads past a bug.
        let check = || place.run(&["check", "contract.toml", "artifact.wasm"]);
        let first = check();
        let ran = if first.code == 1 { first } else { check() }.exits(1);
        ran.says("no bug").says(&format!("{}(", planted.name));

        let contract = Contract::parse(&text).unwrap();
        let artifact = Artifact::read(&artifact, &contract.budget).unwrap();
        let (interface, budget) = (&contract.interface, &contract.budget);
        let world = World::Checked { seed: [0; 32] };
        let setting = Setting { interface, budget, granted: BTreeSet::new(), world, threads: 1, within: None };
        let program = Arc::new(Program::compile(&artifact, setting).unwrap());
        let function = &interface.functions[0];
        let judge = Judge::new(&contract, function, program.clone());
        let mut inputs = Source::new([7; 32], &Dictionary::of(&contract));
        for _ in 0..EXECUTIONS {
            let arguments = inputs.arguments(function);
            let judged = judge.judge(&arguments, &judge.accepted(&arguments).unwrap());
            assert_eq!(judged.judgement, Judgement::Holds, "{}({arguments:?})", planted.name);
        }
    }
}
