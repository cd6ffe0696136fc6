//! A twin computes what its artifact computes, and sees what it did.

use proofmark_contract::generate::{Dictionary, Source};
use proofmark_contract::{Contract, Value};

use super::*;
use crate::program::{Program, Setting, Trace, Twin};
use crate::wasi::World;
use crate::{Artifact, Ended};

fn contract(signature: &str) -> Contract {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ export f: \
         {signature}; }}\"\n[[property]]\nname = \"p\"\nof = \"f\"\nensures = \"result == result\"\n"
    );
    Contract::parse(&text).unwrap()
}

fn setting(contract: &Contract) -> Setting<'_> {
    Setting {
        interface: &contract.interface,
        budget: &contract.budget,
        granted: contract.capabilities.names(),
        world: World::Checked { seed: [7; 32] },
        threads: 1,
        within: None,
    }
}

fn both(contract: &Contract, artifact: &[u8]) -> (Program, Twin) {
    let artifact = Artifact::read(artifact, &contract.budget).unwrap();
    let program = Program::compile(&artifact, setting(contract)).unwrap();
    (program, Twin::compile(&artifact, setting(contract)).unwrap())
}

/// Calls both with generated inputs and holds the outcomes together. How many calls returned.
fn alike(contract: &Contract, artifact: &[u8], calls: u8) -> u32 {
    let (program, twin) = both(contract, artifact);
    let dictionary = Dictionary::of(contract);
    let mut returned = 0_u32;
    let mut trace = Trace::default();
    for function in &contract.interface.functions {
        let mut source = Source::new([calls; 32], &dictionary);
        for _ in 0..calls {
            let arguments = source.arguments(function);
            let (one, other) = (program.call(function, &arguments), twin.call(function, &arguments, &mut trace));
            if one.ended.to_string().starts_with("exceeded") {
                assert!(twin.near_budget(&other) || !matches!(other.ended, Ended::Returned(_)), "{}", one.ended);
                continue;
            }
            assert!(one.ended.same(&other.ended), "{}: {} and {}", function.name, one.ended, other.ended);
            assert_eq!(one.host_calls, other.host_calls);
            assert!(one.fuel <= other.fuel);
            assert_eq!(trace.edges.is_empty(), !matches!(one.ended, Ended::Returned(_)));
            assert!(trace.edges.iter().all(|(edge, _)| (*edge as usize) < twin.edges));
            assert!(trace.compared.iter().all(|one| (one.site as usize) < twin.sites.len()));
            returned = returned.saturating_add(u32::from(matches!(one.ended, Ended::Returned(_))));
        }
    }
    returned
}

fn traced(signature: &str, wat: &str, arguments: &[Value]) -> (Twin, Trace) {
    let contract = contract(signature);
    let (_, twin) = both(&contract, wat.as_bytes());
    let mut trace = Trace::default();
    let outcome = twin.call(&contract.interface.functions[0], arguments, &mut trace);
    assert!(matches!(outcome.ended, Ended::Returned(_)), "{}", outcome.ended);
    (twin, trace)
}

#[test]
fn both_ways_of_a_branch_and_each_turn_of_a_loop_are_edges() {
    let wat = r#"(module (func (export "f") (param i32) (result i32) (local i32)
        (loop $again
            (local.set 1 (i32.add (local.get 1) (i32.const 1)))
            (br_if $again (i32.lt_u (local.get 1) (local.get 0))))
        (if (i32.eq (local.get 0) (i32.const 1000)) (then unreachable))
        (local.get 1)))"#;
    let (twin, trace) = traced("func(n: u32) -> u32", wat, &[Value::U32(5)]);
    // The function, the loop, `br_if` not taken and taken, `if` not taken; the one taken is not there.
    assert_eq!((twin.edges, &trace.edges[..]), (6, &[(0, 1), (1, 5), (2, 1), (3, 4), (4, 1)][..]));
    let order = Site { operands: Operands::I32, relation: Relation::Order };
    assert_eq!(twin.sites, [order, Site { relation: Relation::Equality, ..order }]);
    let compared: Vec<_> = trace.compared.iter().map(|one| (one.site, one.left, one.right)).collect();
    assert_eq!(compared, [(0, 1, 5), (0, 2, 5), (0, 3, 5), (0, 4, 5), (0, 5, 5), (1, 5, 1000)]);
    assert_eq!(twin.constants.whole, [1000]);
}

#[test]
fn every_way_of_a_table_is_an_edge_and_operands_of_all_types_are_logged() {
    let wat = r#"(module (memory 1) (data (i32.const 0) "\00open sesame\00")
        (func (export "f") (param i32 i64 f32 f64) (result i32)
            (drop (i64.eq (local.get 1) (i64.const -1)))
            (drop (f32.lt (local.get 2) (f32.const 0.5)))
            (drop (f64.ge (local.get 3) (f64.const 2.5)))
            (drop (i64.eqz (local.get 1)))
            (block $b (block $a (br_table $a $b $b (local.get 0))) (return (i32.const 1)))
            (i32.const 2)))"#;
    let arguments = [Value::U32(9), Value::U64(3), Value::F32(0.25), Value::F64(-2.0)];
    let (twin, trace) = traced("func(a: u32, b: u64, c: f32, d: f64) -> u32", wat, &arguments);
    assert_eq!((twin.edges, &trace.edges[..]), (4, &[(0, 1), (3, 1)][..]));
    let compared: Vec<_> = trace.compared.iter().map(|one| (one.left, one.right)).collect();
    let bits = |value: f32| u64::from(value.to_bits());
    let doubles = ((-2.0_f64).to_bits(), 2.5_f64.to_bits());
    assert_eq!(compared, [(3, u64::MAX), (bits(0.25), bits(0.5)), doubles, (3, 0), (9, 2)]);
    assert_eq!(twin.sites[4].relation, Relation::Switch);
    assert_eq!((&twin.constants.texts[..], &twin.constants.floats[..]), (&["open sesame".into()][..], &[0.5, 2.5][..]));
}

#[test]
fn a_log_is_full_at_its_limits_and_counts_go_on() {
    let wat = r#"(module (func (export "f") (param i32) (result i32)
        (loop $again (br_if $again (i32.ne (local.tee 0 (i32.sub (local.get 0) (i32.const 1))) (i32.const 0))))
        (local.get 0)))"#;
    let (_, trace) = traced("func(n: u32) -> u32", wat, &[Value::U32(5000)]);
    assert_eq!((trace.compared.len(), trace.edges[1]), (HITS_MAX as usize, (1, 5000)));
    let many: String = (0..100).map(|nth| format!("(drop (i32.eq (local.get 0) (i32.const {nth})))")).collect();
    let wat = format!(
        r#"(module (func (export "f") (param i32) (result i32)
            (loop $again {many} (br_if $again (local.tee 0 (i32.sub (local.get 0) (i32.const 1)))))
            (local.get 0)))"#
    );
    let (_, trace) = traced("func(n: u32) -> u32", &wat, &[Value::U32(40)]);
    assert_eq!(trace.compared.len(), LOGGED_MAX as usize);
}

#[test]
fn what_traps_there_traps_here_and_what_takes_too_much_is_near_the_budget() {
    let contract = contract("func(n: u32) -> u32");
    let wat = r#"(module (memory 1) (func $deep (param i32) (result i32)
            (if (result i32) (local.get 0) (then (call $deep (i32.sub (local.get 0) (i32.const 1)))) (else (i32.const 0))))
        (func (export "f") (param i32) (result i32)
            (if (i32.eq (i32.rem_u (local.get 0) (i32.const 5)) (i32.const 1)) (then unreachable))
            (if (i32.gt_u (local.get 0) (i32.const 0xfffffff0)) (then (loop $on (br $on))))
            (drop (i32.load (local.get 0)))
            (drop (i32.div_u (local.get 0) (i32.and (local.get 0) (i32.const 7))))
            (drop (memory.grow (i32.shr_u (local.get 0) (i32.const 4))))
            (call $deep (i32.and (local.get 0) (i32.const 63)))))"#;
    assert!(alike(&contract, wat.as_bytes(), 250) > 20);
}

#[test]
fn published_modules_compute_the_same() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    for name in ["npm/fast-base64", "npm/hash-wasm-crc32", "npm/xxhash-wasm"] {
        let read = |file: &str| std::fs::read(folder.join(name).join(file)).unwrap();
        let contract = Contract::parse(&String::from_utf8(read("contract.toml")).unwrap()).unwrap();
        assert!(alike(&contract, &read("artifact.wasm"), 200) > 0, "{name}");
    }
}

#[test]
fn compiled_c_computes_the_same() {
    let folder = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut looked_at = 0;
    for name in ["dedupe", "trim", "isqrt", "median", "merge-intervals", "gcd", "count-words"] {
        let text = std::fs::read_to_string(folder.join(name).join("contract.toml")).unwrap();
        let contract = Contract::parse(&text).unwrap();
        for candidate in std::fs::read_dir(folder.join(name).join("candidates")).into_iter().flatten() {
            let Ok(artifact) = std::fs::read(candidate.unwrap().path().join("artifact.wasm")) else { continue };
            alike(&contract, &artifact, 15);
            looked_at += 1;
        }
    }
    assert!(looked_at > 10);
}

#[test]
fn counting_survives_what_is_not_wasm() {
    let whole = std::fs::read(
        std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples/npm/fast-base64/artifact.wasm"),
    );
    let whole = whole.unwrap();
    assert!(!instrument(&whole).unwrap().reports.is_empty());
    // A module is no component.
    assert!(instrument(b"\0asm\x01\0\0\0").is_err());
    let mut state = 0x9e37_79b9_7f4a_7c15_u64;
    let mut next = |below: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % below
    };
    let (mut refused, mut made) = (0, 0);
    for _ in 0..2000 {
        let mut bytes = whole.clone();
        for _ in 0..=next(3) {
            let at = next(bytes.len());
            match next(3) {
                0 => bytes[at] = next(256) as u8,
                1 => bytes.truncate(at),
                _ => drop(bytes.splice(at..at, [next(256) as u8, next(256) as u8])),
            }
            if bytes.is_empty() {
                break;
            }
        }
        match instrument(&bytes) {
            Ok(_) => made += 1,
            Err(_) => refused += 1,
        }
    }
    assert!(refused > 100 && made > 100, "{refused} {made}");
}
