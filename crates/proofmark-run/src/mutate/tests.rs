//! Every mutant and every probe of real artifacts is valid; the changes are those that they claim to be.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use proptest::prelude::*;

use super::*;

fn valid(binary: &[u8]) -> Result<(), String> {
    let mut validator = wasmparser::Validator::new_with_features(crate::engine::features());
    validator.validate_all(binary).map(|_| ()).map_err(|error| error.to_string())
}

/// All artifacts of the examples.
fn artifacts() -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    let mut folders = vec![Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples")];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "wasm") {
                let bytes = std::fs::read(&path).unwrap();
                found.push((path, bytes));
            }
        }
    }
    found.sort();
    found
}

fn check_all(binary: &[u8]) -> usize {
    let mutants = Mutants::of(binary).unwrap();
    let mut blocks = BTreeSet::new();
    for point in mutants.points() {
        let mutant = mutants.apply(point);
        assert_ne!(mutant, binary, "{}", point.change);
        valid(&mutant).unwrap_or_else(|why| panic!("{} at {}: {why}", point.change, point.offset));
        if blocks.insert(mutants.block(point)) {
            valid(&mutants.probe(point)).unwrap_or_else(|why| panic!("probe at {}: {why}", mutants.block(point)));
        }
    }
    mutants.points().len()
}

#[test]
fn every_mutant_and_every_probe_of_the_examples_is_valid() {
    let artifacts = artifacts();
    assert!(artifacts.len() > 50, "{}", artifacts.len());
    let points: usize = artifacts.iter().map(|(_, bytes)| check_all(bytes)).sum();
    assert!(points > 5000, "{points}");
}

/// What is changed in one function `f` of type `ty` with this body, in words and in order.
fn changes(ty: &str, body: &str) -> Vec<String> {
    let text = format!("(module (memory 1) (global $g (mut i32) (i32.const 0)) (func (export \"f\") {ty} {body}))");
    let binary = wat::parse_str(text).unwrap();
    check_all(&binary);
    Mutants::of(&binary).unwrap().points().iter().map(|point| point.change.to_string()).collect()
}

#[test]
fn each_class_makes_its_changes() {
    let two = "(param i32 i32) (result i32)";
    let both = "local.get 0 local.get 1";
    let gives = |ty: &str, body: &str, wanted: &[&str]| assert_eq!(changes(ty, body), wanted, "{body}");
    let ends = ["returns 0", "returns 1"];
    gives(two, &format!("{both} i32.add"), &[&["`i32.add` became `i32.sub`"][..], &ends].concat());
    gives(
        two,
        &format!("{both} i32.div_u"),
        &[&["`i32.div_u` became `i32.rem_u`", "the operands of `i32.div_u` changed places"][..], &ends].concat(),
    );
    gives(
        two,
        &format!("{both} i32.lt_s"),
        &[&["`i32.lt_s` became `i32.le_s`", "`i32.lt_s` became `i32.ge_s`", "`i32.lt_s` became `i32.gt_s`"][..], &ends]
            .concat(),
    );
    gives(
        "(result f64)",
        "f64.const 1.5",
        &["`f64.const 1.5` became `f64.const 2.5`", "`f64.const 1.5` became `f64.const 0`", "returns 0"],
    );
    gives(
        "(result i64)",
        "i64.const 7",
        &["`i64.const 7` became `i64.const 8`", "`i64.const 7` became `i64.const 0`", "returns 0"],
    );
    gives("(result i32)", "i32.const 0", &["`i32.const 0` became `i32.const 1`"]);
    gives(
        "(param i32)",
        "(block local.get 0 br_if 0 local.get 0 i32.eqz br_if 0)",
        &[
            "the condition of `br_if` was negated",
            "`br_if` never branches",
            "`i32.eqz` became its opposite",
            "`br_if` never branches",
        ],
    );
    gives("(param i32)", "(if (local.get 0) (then (return)))", &["the condition of `if` was negated"]);
    gives("(param i32 i32)", "(i32.store8 (local.get 0) (local.get 1))", &["`i32.store8` is gone"]);
    gives("(param i32)", "(call 0 (local.get 0))", &["the call of `f` is gone"]);
    gives("(param i32)", "(block (block (br_table 0 1 (local.get 0))) )", &["`br_table` always takes its default"]);
    gives(
        two,
        "(select (local.get 0) (local.get 1) (local.get 0))",
        &[&["`select` takes the other value"][..], &ends].concat(),
    );
}

#[test]
fn what_changes_nothing_and_what_nothing_comes_to_is_left_out() {
    let one = "(param i32) (result i32)";
    let ends = ["returns 0", "returns 1"];
    let constant = ["`i32.const 0` became `i32.const 1`"];
    assert_eq!(changes(one, "(i32.add (local.get 0) (i32.const 0))"), [&constant[..], &ends].concat());
    assert_eq!(changes(one, "(i32.shl (local.get 0) (i32.const 0))").len(), 4, "only the operands change places");
    assert_eq!(changes(one, "(return (local.get 0)) (i32.mul (i32.const 6) (i32.const 7))"), ends);
    assert_eq!(changes("", "(block (br 0) (call 0)) (global.set 0 (global.get 0))"), [""; 0]);
    assert_eq!(changes("", "(if (global.get 0) (then (call 0) (unreachable)))").len(), 1, "it never returns");
    // What a global counts is what the function does.
    assert_eq!(changes("", "(global.set 0 (i32.add (global.get 0) (i32.const 1)))").len(), 3);
}

#[test]
fn the_room_on_a_compilers_stack_is_left_alone() {
    let body = "(local i32)
        (global.set $sp (local.tee 0 (i32.sub (global.get $sp) (i32.const 16))))
        (i32.store (local.get 0) (i32.const 7))
        (global.set $sp (i32.add (local.get 0) (i32.const 16)))";
    let points = |first: &str| {
        let text = format!("(module {first} (memory 2) (func (export \"f\") {body}))");
        let binary = wat::parse_str(text).unwrap();
        check_all(&binary)
    };
    // The constant 7 and the store.
    assert_eq!(points("(global $sp (mut i32) (i32.const 66560))"), 3);
    // A number that starts elsewhere is no stack pointer, nor is one that something else comes before.
    assert_eq!(points("(global $sp (mut i32) (i32.const 66561))"), 10);
    assert_eq!(points("(global i32 (i32.const 0)) (global $sp (mut i32) (i32.const 66560))"), 10);
    assert_eq!(points("(import \"a\" \"b\" (global i32)) (global $sp (mut i32) (i32.const 66560))"), 10);
}

#[test]
fn only_functions_that_an_export_reaches_are_changed() {
    let text = r#"(module
        (table 1 funcref) (elem (i32.const 0) $in_a_table)
        (func $in_a_table (drop (i32.const 1)))
        (func $called (drop (i32.const 2)))
        (func $forgotten (drop (i32.const 3)))
        (func $moves_values (drop (i32.const 4)))
        (func $starts (drop (i32.const 5)))
        (start $starts)
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (call $moves_values) unreachable)
        (func (export "cabi_post_f") (param i32) (call $moves_values))
        (func $f (export "f") (call $called)))"#;
    let binary = wat::parse_str(text).unwrap();
    let mutants = Mutants::of(&binary).unwrap();
    let functions: BTreeSet<&str> = mutants.points().iter().map(|point| mutants.function(point)).collect();
    assert_eq!(functions.into_iter().collect::<Vec<_>>(), ["called", "f", "in_a_table", "starts"]);
}

#[test]
fn modules_inside_components_are_changed_where_they_are() {
    let module = |name: &str, count: usize| {
        let body: String = (0..count).map(|_| "(drop (i32.add (local.get 0) (i32.const 7)))").collect();
        format!("(core module ${name} (func $work (export \"{name}\") (param i32) {body}))")
    };
    // Lengths of one, two and three bytes around it.
    for count in [1, 14, 15, 16, 200, 3000] {
        let text = format!("(component (component {} {}) (core module))", module("a", count), module("b", 1));
        let binary = wat::parse_str(text).unwrap();
        let mutants = Mutants::of(&binary).unwrap();
        assert_eq!(mutants.points().len(), (count + 1) * 3);
        for point in mutants.points().iter().take(6).chain(mutants.points().iter().rev().take(3)) {
            valid(&mutants.apply(point)).unwrap();
            valid(&mutants.probe(point)).unwrap();
        }
        let functions: BTreeSet<&str> = mutants.points().iter().map(|point| mutants.function(point)).collect();
        assert_eq!(functions.into_iter().collect::<Vec<_>>(), ["work (module 1)", "work (module 2)"]);
    }
}

#[test]
fn a_number_keeps_its_width_where_it_fits() {
    assert_eq!(layout::leb(5, 1), [5]);
    assert_eq!(layout::leb(5, 5), [0x85, 0x80, 0x80, 0x80, 0]);
    assert_eq!(layout::leb(128, 1), [0x80, 1]);
    assert_eq!(layout::leb(5, 9).len(), 5);
}

/// A function whose code is made of these operators, none of which can fail to validate: each takes and leaves one `i32`.
fn body(picks: &[u8]) -> String {
    let pieces = [
        "i32.const 3 i32.add",
        "i32.const -2147483648 i32.sub",
        "i32.eqz",
        "local.get 0 i32.lt_u",
        "local.get 0 i32.div_s",
        "local.tee 0 local.get 0 i32.store offset=4 local.get 0",
        "if (result i32) i32.const 1 else local.get 0 end",
        "local.set 0 block local.get 0 br_if 0 i32.const 9 local.set 0 end local.get 0",
        "local.set 0 block loop local.get 0 i32.const 1 i32.sub local.tee 0 br_if 0 end end local.get 0",
        "call 0",
        "i64.extend_i32_u i64.const 5 i64.rotl i32.wrap_i64",
        "f64.convert_i32_s f64.const 0.5 f64.mul i32.trunc_sat_f64_s",
        "local.get 0 i32.const 2 select",
        "local.set 0 local.get 0 local.get 0 return",
    ];
    let piece = |pick: &u8| pieces[usize::from(*pick).rem_euclid(pieces.len())];
    picks.iter().map(|pick| format!(" {}", piece(pick))).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn every_mutant_of_made_up_code_is_valid(picks in prop::collection::vec(any::<u8>(), 0..40)) {
        let text = format!(
            "(module (memory 1) (func (export \"f\") (param i32) (result i32) local.get 0 {}))", body(&picks)
        );
        check_all(&wat::parse_str(text).unwrap());
    }

    #[test]
    fn damaged_binaries_are_refused_or_changed_without_a_panic(at in any::<prop::sample::Index>(), byte in any::<u8>()) {
        let text = format!("(module (func (export \"f\") (param i32) (result i32) local.get 0 {}))", "i32.const 1 i32.add ".repeat(20));
        let mut binary = wat::parse_str(text).unwrap();
        let at = at.index(binary.len());
        binary[at] = byte;
        if let Ok(mutants) = Mutants::of(&binary) {
            for point in mutants.points() {
                let _ = (mutants.apply(point), mutants.probe(point));
            }
        }
    }
}
