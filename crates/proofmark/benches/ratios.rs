//! Speed as ratios: each figure is measured beside what it is compared with, in turn, in one run.
//!
//! `cargo xtask bench` runs this; names of single benches may follow.
#![allow(
    clippy::unwrap_used,
    clippy::print_stdout,
    clippy::arithmetic_side_effects,
    clippy::indexing_slicing,
    reason = "a bench"
)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::sync::Arc;
use std::time::{Duration, Instant};

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Contract, Value};
use proofmark_governor::judge::Judge;
use proofmark_mark::mark::verify;
use proofmark_mark::trust::Trust;
use proofmark_run::program::Setting;
use proofmark_run::wasi::World;
use proofmark_run::{Artifact, Program};
use wasmtime::Store;
use wasmtime::component::{Component, Linker};

#[path = "ratios/fenced.rs"]
mod fenced;
#[path = "ratios/planted.rs"]
mod planted;
#[path = "ratios/reuse.rs"]
mod reuse;
#[path = "ratios/search.rs"]
mod search;
#[path = "ratios/strength.rs"]
mod strength;
#[path = "../src/commands/worker.rs"]
mod worker;

/// The exit codes that a worker uses.
mod failure {
    pub const OK: u8 = 0;
    pub const FAILED: u8 = 4;
}

/// Rounds of a comparison; the median ratio is the figure.
const ROUNDS: usize = 15;
/// Executions of each side in one round.
const EACH: u32 = 4000;

const CONTRACT: &str = r#"
contract = 1
name = "gcd"
intent = "The greatest common divisor."
[interface]
wit = """
package example:gcd;
world gcd { export gcd: func(a: u32, b: u32) -> u32; }
"""
[[property]]
name = "divides both"
of = "gcd"
ensures = "a == 0u && b == 0u ? result == 0u : a % result == 0u && b % result == 0u"
"#;

const ARTIFACT: &str = r#"(module (func (export "gcd") (param $a i32) (param $b i32) (result i32) (local $t i32)
    (loop $l (if (local.get $b) (then
        (local.set $t (i32.rem_u (local.get $a) (local.get $b)))
        (local.set $a (local.get $b)) (local.set $b (local.get $t)) (br $l))))
    (local.get $a)))"#;

fn main() -> ExitCode {
    if let Some(code) = std::env::args().nth(1).and_then(|first| fenced::role(&first).or_else(|| reuse::role(&first))) {
        return code;
    }
    let wanted: Vec<String> = std::env::args().skip(1).filter(|argument| !argument.starts_with('-')).collect();
    let benches: [(&str, fn()); 7] = [
        ("calls", calls),
        ("run", run),
        ("worker", fenced::bench),
        ("verify", verify_),
        ("reuse", reuse::bench),
        ("strength", strength::bench),
        ("search", search::bench),
    ];
    for (name, bench) in benches {
        if wanted.is_empty() || wanted.iter().any(|word| word == name) {
            bench();
        }
    }
    ExitCode::SUCCESS
}

/// What a bare loop needs: instantiate from `InstancePre`, call a typed function.
struct Bare {
    engine: wasmtime::Engine,
    pre: wasmtime::component::InstancePre<Limits>,
    index: wasmtime::component::ComponentExportIndex,
}

/// The store data of a bare loop: the limits that every store of ours has, and nothing else.
struct Limits(wasmtime::StoreLimits);

impl Bare {
    fn new(contract: &Contract) -> Self {
        let engine = proofmark_run::engine::engine(&contract.budget, 4, proofmark_run::engine::MEMORIES).unwrap();
        let artifact = Artifact::read(ARTIFACT.as_bytes(), &contract.budget).unwrap();
        let component = Component::from_binary(&engine, &artifact.component(&contract.interface).unwrap()).unwrap();
        let pre = Linker::new(&engine).instantiate_pre(&component).unwrap();
        let index = component.get_export_index(None, "gcd").unwrap();
        Self { engine, pre, index }
    }

    fn call(&self, a: u32, b: u32) -> u32 {
        let mut store = Store::new(&self.engine, Limits(wasmtime::StoreLimits::default()));
        store.limiter(|limits| &mut limits.0);
        store.set_fuel(10_000_000).unwrap();
        let instance = self.pre.instantiate(&mut store).unwrap();
        let gcd = instance.get_typed_func::<(u32, u32), (u32,)>(&mut store, &self.index).unwrap();
        gcd.call(&mut store, (a, b)).unwrap().0
    }
}

fn program(contract: &Contract) -> Arc<Program> {
    let artifact = Artifact::read(ARTIFACT.as_bytes(), &contract.budget).unwrap();
    let setting = Setting {
        interface: &contract.interface,
        budget: &contract.budget,
        granted: BTreeSet::new(),
        world: World::Checked { seed: [0; 32] },
        threads: 1,
        within: None,
    };
    Arc::new(Program::compile(&artifact, setting).unwrap())
}

/// Both sides in turn; prints the medians of each and of the ratio.
fn compare(name: &str, mut ours: impl FnMut(u32), mut theirs: impl FnMut(u32)) {
    let time = |side: &mut dyn FnMut(u32)| {
        let start = Instant::now();
        (0..EACH).for_each(side);
        start.elapsed()
    };
    let mut rounds: Vec<(Duration, Duration)> = (0..=ROUNDS).map(|_| (time(&mut ours), time(&mut theirs))).collect();
    rounds.remove(0);
    let micros = |side: fn(&(Duration, Duration)) -> Duration| {
        median(rounds.iter().map(|round| side(round).as_secs_f64() * 1e6 / f64::from(EACH)).collect())
    };
    let (ours, theirs) = (micros(|round| round.0), micros(|round| round.1));
    let ratio = median(rounds.iter().map(|round| round.1.as_secs_f64() / round.0.as_secs_f64()).collect());
    let added = median(
        rounds.iter().map(|round| (round.0.as_secs_f64() - round.1.as_secs_f64()) * 1e6 / f64::from(EACH)).collect(),
    );
    println!(
        "{name}: {ours:.2} µs against {theirs:.2} µs of a bare loop: {ratio:.2} of its speed, {added:+.2} µs a call"
    );
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// A property execution (input generated, fresh instance, call, property evaluated) against a bare loop.
fn calls() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let (bare, program) = (Bare::new(&contract), program(&contract));
    let function = &contract.interface.functions[0];
    let judge = Judge::new(&contract, function, program.clone());
    let dictionary = Dictionary::of(&contract);
    let inputs = |seed| Source::new([seed; 32], &dictionary);
    let (mut ours, mut theirs) = (inputs(1), inputs(1));
    // The bare loop gets the same inputs, made before it is timed.
    let given: Vec<(u32, u32)> = (0..EACH).map(|_| pair(&theirs.arguments(function))).collect();
    compare(
        "calls   one property execution",
        |_| {
            let arguments = ours.arguments(function);
            let accepted = judge.accepted(&arguments).unwrap();
            std::hint::black_box(judge.judge(&arguments, &accepted));
        },
        |nth| {
            let (a, b) = given[nth as usize];
            std::hint::black_box(bare.call(a, b));
        },
    );
}

fn pair(arguments: &[Value]) -> (u32, u32) {
    match arguments {
        [Value::U32(a), Value::U32(b)] => (*a, *b),
        other => unreachable!("two u32, not {other:?}"),
    }
}

/// What `run` does for each call on a warm engine (WAVE in, fresh instance inside the grant, WAVE out) against a bare loop.
fn run() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let (bare, program) = (Bare::new(&contract), program(&contract));
    compare(
        "run     one call, WAVE to WAVE",
        |_| {
            let call = contract.interface.parse_call("gcd(462, 1071)").unwrap();
            let outcome = program.call(&call.function, &call.args);
            assert_eq!(outcome.ended.to_string(), "21");
        },
        |_| assert_eq!(bare.call(462, 1071), 21),
    );
}

/// `verify` in process and as a whole command, and beside it an empty command (`--version`).
fn verify_() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    std::fs::write(at("contract.toml"), format!("{CONTRACT}[[example]]\ncall = \"gcd(4, 6)\"\nreturns = \"2\"\n"))
        .unwrap();
    std::fs::write(at("artifact.wat"), ARTIFACT).unwrap();
    command(folder.path(), &["check", "contract.toml", "artifact.wat"]);
    let (mark, artifact) =
        (std::fs::read(at("artifact.wat.mark")).unwrap(), std::fs::read(at("artifact.wat")).unwrap());
    let trust = Trust::parse(&std::fs::read_to_string(at(".proofmark/trust.toml")).unwrap()).unwrap();
    let times = |each: &mut dyn FnMut()| {
        let mut times = Vec::new();
        for _ in 0..30 {
            let start = Instant::now();
            each();
            times.push(start.elapsed().as_secs_f64() * 1e3);
        }
        median(times)
    };
    let inside = times(&mut || drop(verify(&mark, Some(&artifact), &trust, jiff::Timestamp::now()).unwrap()));
    let whole = times(&mut || command(folder.path(), &["verify", "artifact.wat.mark", "artifact.wat"]));
    let empty = times(&mut || command(folder.path(), &["--version"]));
    println!(
        "verify  in process: {inside:.2} ms; as a command: {whole:.2} ms, beside {empty:.2} ms for `--version` ({} bytes)",
        mark.len()
    );
}

fn command(folder: &Path, arguments: &[&str]) {
    let program = PathBuf::from(env!("CARGO_BIN_EXE_proofmark"));
    let output = Command::new(program).args(arguments).current_dir(folder).env_clear().output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
}
