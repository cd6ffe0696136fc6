//! Artifacts that mean harm. Each ends in a clear answer, within budgets, and never takes the governor down.

use crate::place::{DOUBLE, Place, doubling};

/// The most memory that any process of a check may have used, in bytes.
const MEMORY_MAX: u64 = 300 << 20;

fn refused(artifact: impl AsRef<[u8]>, why: &str) {
    let place = Place::new();
    place.check(DOUBLE, artifact).exits(1).says(why).says("refused").says("next");
    assert!(!place.path("artifact.wasm.mark").exists());
    place.run(&["log", "audit"]).exits(0);
    small();
}

/// Holds the largest process that any test of this binary has started so far to the limit.
fn small() {
    use nix::sys::resource::{UsageWho, getrusage};
    let largest = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap().max_rss() as u64 * 1024;
    assert!(largest < MEMORY_MAX, "a process used {} MB", largest >> 20);
}

#[test]
fn an_endless_loop_runs_out_of_fuel() {
    refused(doubling("(loop $l (br $l))"), "exceeded the fuel budget of 10000000");
}

#[test]
fn endless_recursion_runs_out_of_stack() {
    let recursion = r#"(module (func $f (export "double") (param i32) (result i64)
        (i64.add (call $f (local.get 0)) (i64.const 1))))"#;
    refused(recursion, "exceeded the stack budget of 524288 bytes");
}

#[test]
fn memory_growth_ends_at_the_budget() {
    let growth = r#"(module (memory 1) (func (export "double") (param i32) (result i64)
        (loop $l (drop (memory.grow (i32.const 1))) (br $l)) (i64.const 0)))"#;
    refused(growth, "exceeded the memory budget of 16777216 bytes");
    refused(r#"(module (memory 1000) (func (export "double") (param i32) (result i64) (i64.const 0)))"#, "16777216");
}

#[test]
fn table_growth_ends_at_the_budget() {
    let growth = r#"(module (table $t 1 funcref) (func (export "double") (param i32) (result i64)
        (loop $l (drop (table.grow $t (ref.null func) (i32.const 100))) (br $l)) (i64.const 0)))"#;
    refused(growth, "exceeded the table budget of 10000 elements");
    refused(
        r#"(module (table 1000000 funcref) (func (export "double") (param i32) (result i64) (i64.const 0)))"#,
        "table",
    );
}

#[test]
fn a_module_of_fifty_megabytes_is_over_the_limit() {
    let mut module = wat::parse_str(doubling("")).unwrap();
    let name = b"\x04junk";
    let size = 50_u32 << 20;
    module.push(0);
    leb128(&mut module, size + name.len() as u32);
    module.extend(name);
    module.resize(module.len() + size as usize, 7);
    refused(module, "over the limit of 8388608");
}

fn leb128(out: &mut Vec<u8>, mut value: u32) {
    while value >= 0x80 {
        out.push(value as u8 | 0x80);
        value >>= 7;
    }
    out.push(value as u8);
}

#[test]
fn a_hundred_thousand_functions_are_over_the_limit() {
    let mut text = doubling("");
    text.truncate(text.rfind(')').unwrap());
    text.push_str(&"(func)".repeat(100_000));
    text.push(')');
    refused(wat::parse_str(text).unwrap(), "the number of functions is 100001, over the limit of 20000");
}

#[test]
fn one_enormous_function_is_over_the_limit() {
    refused(wat::parse_str(doubling(&"(drop (i32.const 1))".repeat(200_000))).unwrap(), "largest function");
}

#[test]
fn a_start_function_that_traps_fails_every_call() {
    let module = doubling("").replacen("(module", "(module (func $s unreachable) (start $s)", 1);
    refused(module, "while it was instantiated: trap: wasm `unreachable` instruction executed");
}

#[test]
fn a_start_function_that_never_ends_runs_out_of_fuel() {
    let module = doubling("").replacen("(module", "(module (func $s (loop $l (br $l))) (start $s)", 1);
    refused(module, "while it was instantiated: exceeded the fuel budget");
}

#[test]
fn imports_that_were_not_granted_are_refused() {
    refused(doubling("").replacen("(module", r#"(module (import "env" "system" (func (param i32)))"#, 1), "env");
    let stdin = r#"(component (import "wasi:cli/stdin@0.2.0" (instance))
        (core module $m (func (export "double") (param i32) (result i64) i64.const 0))
        (core instance $i (instantiate $m))
        (func (export "double") (param "n" u32) (result u64) (canon lift (core func $i "double"))))"#;
    refused(stdin, "import `wasi:cli/stdin@0.2.0` needs the capability `stdin`");
    let sockets = stdin.replace("wasi:cli/stdin", "wasi:sockets/network");
    refused(sockets, "import `wasi:sockets/network@0.2.0` is not one that can be granted");
}

#[test]
fn an_export_of_another_type_is_refused() {
    refused(r#"(module (func (export "double") (param i64) (result i64) local.get 0))"#, "double");
    refused(r#"(module (func (export "halve") (param i32) (result i64) i64.const 0))"#, "double");
    let component = r#"(component
        (core module $m (func (export "double") (param i32) (result i32) i32.const 0))
        (core instance $i (instantiate $m))
        (func (export "double") (param "n" u32) (result u32) (canon lift (core func $i "double"))))"#;
    refused(component, "export `double` has the type");
}

#[test]
fn a_component_nested_a_hundred_deep_is_over_the_limit() {
    let nested = format!("{}{}", "(component ".repeat(100), ")".repeat(100));
    let place = Place::new();
    // The text reader may refuse it before its binary form is looked at.
    match wat::parse_str(&nested) {
        Ok(binary) => drop(place.check(DOUBLE, binary).exits(1).says("nested")),
        Err(_) => drop(place.check(DOUBLE, nested).exits(1).says("not valid WebAssembly text")),
    }
    place
        .check(DOUBLE, nested_binary(100))
        .exits(1)
        .says("the depth of nested components is 100, over the limit of 16");
    place.check(DOUBLE, nested_binary(3000)).exits(1).says("nest");
    small();
}

/// A binary component with components inside each other, `depth` deep, written from the inside out.
fn nested_binary(depth: usize) -> Vec<u8> {
    let header = b"\0asm\x0d\0\x01\0";
    let mut inner = header.to_vec();
    for _ in 0..depth {
        let mut outer = header.to_vec();
        outer.push(4);
        leb128(&mut outer, inner.len() as u32);
        outer.extend(&inner);
        inner = outer;
    }
    inner
}

#[test]
fn truncated_and_random_bytes_are_refused() {
    let whole = wat::parse_str(doubling("")).unwrap();
    let place = Place::new();
    for end in [0, 1, 4, 7, 8, 9, 20, whole.len() - 1] {
        place.check(DOUBLE, &whole[..end]).exits(1).says("inspect");
    }
    let mut state = 1_u64;
    for _ in 0..8 {
        let noise: Vec<u8> = (0..4096)
            .map(|_| {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (state >> 56) as u8
            })
            .collect();
        place.check(DOUBLE, &noise).exits(1).says("not WebAssembly");
        place.check(DOUBLE, [b"\0asm\x01\0\0\0".as_slice(), &noise].concat()).exits(1);
        place.check(DOUBLE, [b"\0asm\x0d\0\x01\0".as_slice(), &noise].concat()).exits(1);
    }
    small();
}

#[test]
fn a_trap_on_an_edge_is_found_and_replays() {
    let place = Place::new();
    let trap = "(if (i32.eq (i32.and (local.get $n) (i32.const 65535)) (i32.const 65535)) (then unreachable))";
    let ran = place.check(DOUBLE, doubling(trap)).exits(1).says("no traps");
    let call = ran.stdout.lines().find_map(|line| line.trim().strip_prefix("double(")).unwrap().to_owned();
    place.run(&["call", "contract.toml", "artifact.wasm", &format!("double({call}")]).exits(1).says("unreachable");
}

#[test]
fn a_trap_far_from_every_edge_is_found_by_what_the_artifact_compares() {
    let place = Place::new();
    // One input in 2^32, at a number that no edge has.
    let trap = "(if (i32.eq (local.get $n) (i32.const 2654435769)) (then unreachable))";
    place.check(DOUBLE, doubling(trap)).exits(1).says("double(2654435769)").says("trap: wasm `unreachable`");
}

#[test]
fn an_artifact_that_exits_instead_of_returning_has_no_result() {
    let component = r#"(component
        (import "wasi:cli/exit@0.2.0" (instance $exit (export "exit" (func (param "status" (result))))))
        (core func $exit (canon lower (func $exit "exit")))
        (core module $m (import "host" "exit" (func $exit (param i32)))
            (func (export "double") (param i32) (result i64) (call $exit (i32.const 0)) i64.const 8))
        (core instance $i (instantiate $m (with "host" (instance (export "exit" (func $exit))))))
        (func (export "double") (param "n" u32) (result u64) (canon lift (core func $i "double"))))"#;
    refused(component, "exited with status 0 instead of returning");
}
