//! Artifacts that are made to satisfy the checks and nothing else. Under no policy that does without a person's reading does one
//! of them get a mark: it is refused, or what it does is unknown.

use crate::grants::component;
use crate::place::{DOUBLE, Place, Ran, doubling};

const POLICIES: [&str; 2] = ["supervised", "autonomous"];
/// The rule that asks for an input that meets each comparison with a hash.
const MISSED: &str = "comparisons-met";

/// [`DOUBLE`] as `autonomous` wants it.
fn contract() -> String {
    format!(
        "{DOUBLE}\n[[property]]\nname = \"even\"\nof = \"double\"\nheld_out = true\nensures = \"result % 2u == 0u\"\n"
    )
}

fn check(contract: &str, artifact: &[u8], policy: &str) -> (Place, Ran) {
    let place = Place::new();
    place.write("contract.toml", contract).write("artifact.wasm", artifact);
    let ran = place.run(&["--format", "json", "check", "contract.toml", "artifact.wasm", "--policy", policy]);
    (place, ran)
}

/// Holds that no policy gives a mark, for a reason in which `why` stands.
fn never_marked(contract: &str, artifact: impl AsRef<[u8]>, why: &str) {
    for policy in POLICIES {
        let (place, ran) = check(contract, artifact.as_ref(), policy);
        assert!([1, 3].contains(&ran.code), "{policy}: {}", ran.all());
        assert!(!place.path("artifact.wasm.mark").exists());
        assert_ne!(ran.says(why).json()["verdict"], "marked");
    }
}

/// FNV-1a over the four bytes of `$n`, into `$hash`.
fn fnv() -> String {
    let byte = |nth: u32| {
        format!(
            "(local.set $hash (i32.mul (i32.const 0x01000193) (i32.xor (local.get $hash)
                (i32.and (i32.shr_u (local.get $n) (i32.const {})) (i32.const 255)))))",
            nth * 8
        )
    };
    format!(
        "(local $hash i32) (local.set $hash (i32.const 0x811c9dc5)) {} {} {} {}",
        byte(0),
        byte(1),
        byte(2),
        byte(3)
    )
}

/// The finaliser of MurmurHash3 over `$n`, into `$hash`.
fn murmur() -> String {
    let mixed =
        |from: &str, by: u32| format!("(i32.xor (local.get {from}) (i32.shr_u (local.get {from}) (i32.const {by})))");
    format!(
        "(local $hash i32) (local.set $hash (i32.mul {} (i32.const 0x85ebca6b)))
        (local.set $hash (i32.mul {} (i32.const 0xc2b2ae35))) (local.set $hash {})",
        mixed("$n", 16),
        mixed("$hash", 13),
        mixed("$hash", 16)
    )
}

/// Doubles, but where `test` holds.
fn unless(before: &str, test: &str) -> String {
    doubling(&format!("{before} (if {test} (then (return (i64.const 7))))"))
}

#[test]
fn what_is_honest_is_marked() {
    for policy in POLICIES {
        check(&contract(), doubling("").as_bytes(), policy).1.exits(0);
    }
}

#[test]
fn examples_by_heart() {
    never_marked(
        &contract(),
        r#"(module (func (export "double") (param $n i32) (result i64)
            (if (i32.eq (local.get $n) (i32.const 4)) (then (return (i64.const 8)))) (i64.const 0)))"#,
        "half of it is the number",
    );
}

#[test]
fn wrong_where_a_hash_has_one_value_of_four_billion() {
    for (hash, value) in [(fnv(), "0xdeadbeef"), (murmur(), "0x12345678")] {
        let test = format!("(i32.eq (local.get $hash) (i32.const {value}))");
        never_marked(&contract(), unless(&hash, &test), MISSED);
    }
}

#[test]
fn wrong_where_a_hash_has_one_value_without_a_branch() {
    let chosen = format!(
        r#"(module (func (export "double") (param $n i32) (result i64) {}
            (select (i64.const 7) (i64.mul (i64.extend_i32_u (local.get $n)) (i64.const 2))
                (i32.eqz (i32.sub (local.get $hash) (i32.const 99))))))"#,
        murmur()
    );
    never_marked(&contract(), chosen, MISSED);
}

#[test]
fn wrong_where_a_hash_has_one_value_of_a_million() {
    let test = "(i32.eqz (i32.and (i32.xor (local.get $hash) (i32.const 0x5a5a5)) (i32.const 0xfffff)))";
    for policy in POLICIES {
        let (place, ran) = check(&contract(), unless(&murmur(), test).as_bytes(), policy);
        // An input shows it at times; else no input met it.
        let ran = ran.exits(1);
        assert!(ran.all().contains("\"got\":\"7\"") || ran.all().contains(MISSED), "{}", ran.all());
        assert!(!place.path("artifact.wasm.mark").exists());
    }
}

#[test]
fn wrong_where_a_hash_has_one_value_of_a_thousand() {
    let test = "(i32.eq (i32.rem_u (local.get $hash) (i32.const 1000)) (i32.const 7))";
    never_marked(&contract(), unless(&fnv(), test), "\"got\":\"7\"");
}

#[test]
fn right_for_the_first_ten_thousand_calls() {
    let counting = doubling(
        "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (if (i32.gt_u (i32.load (i32.const 0)) (i32.const 10000)) (then (return (i64.const 7))))",
    );
    never_marked(&contract(), counting.replacen("(module", "(module (memory 1)", 1), "determinism");
}

#[test]
fn right_for_the_first_five_calls() {
    let counting = doubling(
        "(i32.store (i32.const 0) (i32.add (i32.load (i32.const 0)) (i32.const 1)))
        (if (i32.gt_u (i32.load (i32.const 0)) (i32.const 5)) (then (return (i64.const 7))))",
    );
    let counting = counting.replacen("(module", "(module (memory 1)", 1);
    never_marked(&contract(), counting, "the same in a fresh instance and in one that was called before");
}

#[test]
fn as_much_memory_as_there_is() {
    let module = |body: &str| {
        doubling(body).replacen("(module", "(module (memory 1) (func $deep (param i32) (result i32) (i32.add (i32.const 1) (call $deep (local.get 0))))", 1)
    };
    let greedy =
        "(loop $more (br_if $more (i32.ne (memory.grow (i32.const 1)) (i32.const -1)))) (return (i64.const 7))";
    never_marked(&contract(), module(greedy), "exceeded the memory budget");
    never_marked(&contract(), module("(drop (call $deep (i32.const 0)))"), "exceeded the stack budget");
    // What is left of the memory tells a kept instance from a fresh one.
    let third = "(drop (memory.grow (i32.const 1)))
        (if (i32.gt_u (memory.size) (i32.const 3)) (then (return (i64.const 7))))";
    never_marked(&contract(), module(third), "in one that was called before");
}

/// A contract for a number that comes back as it is.
fn same(capability: &str) -> String {
    format!(
        r#"
contract = 1
name = "same"
intent = "The number itself."
[interface]
wit = """
package test:probe;
world probe {{ export probe: func(mode: u32) -> u64; }}
"""
[[example]]
call = "probe(4)"
returns = "4"
[[property]]
name = "itself"
of = "probe"
ensures = "result == mode"
[[property]]
name = "not large"
of = "probe"
held_out = true
ensures = "result <= 4294967295u"
[capabilities]
{capability} = true
"#
    )
}

/// Gives the number back, but where `test` holds.
fn but_where(imports: &str, test: &str) -> String {
    format!(
        r#"{imports} (func (export "probe") (param $mode i32) (result i64) (local $before i64)
            (if {test} (then (return (i64.const 7)))) (i64.extend_i32_u (local.get $mode)))"#
    )
}

#[test]
fn the_time_of_day_does_not_tell_a_check() {
    let imports = r#"(import "wasi:clocks/wall-clock@0.2.0" "now" (func $now (param i32)))"#;
    let seconds = |test: &str| {
        let test = format!("(block (result i32) (call $now (i32.const 16)) {test})");
        component("wasi:clocks/wall-clock@0.2.0", &but_where(imports, &test))
    };
    // Right as long as it is 1970; and until a day to come.
    for test in [
        "(i64.gt_u (i64.load (i32.const 16)) (i64.const 1700000000))",
        "(i64.gt_u (i64.load (i32.const 16)) (i64.const 1893456000))",
        "(i32.ne (i32.rem_u (i32.load (i32.const 24)) (i32.const 1000)) (i32.const 0))",
    ] {
        never_marked(&same("clocks"), seconds(test), "\"property\":\"itself\"");
    }
}

#[test]
fn what_passes_between_two_looks_at_the_clock_does_not_tell_a_check() {
    let imports = r#"(import "wasi:clocks/monotonic-clock@0.2.0" "now" (func $now (result i64)))"#;
    let passed = "(i64.sub (block (result i64) (local.set $before (call $now)) (call $now)) (local.get $before))";
    for test in [
        format!("(i64.ne {passed} (i64.const 1000))"),
        format!("(i64.gt_u {passed} (i64.const 2000000))"),
        format!("(i64.lt_u {passed} (i64.const 300))"),
    ] {
        let artifact = component("wasi:clocks/monotonic-clock@0.2.0", &but_where(imports, &test));
        never_marked(&same("clocks"), artifact, "\"property\":\"itself\"");
    }
}

#[test]
fn one_random_number_of_a_thousand_is_seen() {
    let imports = r#"(import "wasi:random/random@0.2.0" "get-random-u64" (func $get (result i64)))"#;
    let test = "(i64.eq (i64.rem_u (call $get) (i64.const 1000)) (i64.const 7))";
    never_marked(
        &same("random"),
        component("wasi:random/random@0.2.0", &but_where(imports, test)),
        "\"property\":\"itself\"",
    );
}

#[test]
fn standard_input_is_not_always_empty() {
    let imports = r#"(import "wasi:cli/stdin@0.2.0" "get-stdin" (func $get (result i32)))
        (import "wasi:io/streams@0.2.0" "[method]input-stream.blocking-read" (func $read (param i32 i64 i32)))"#;
    let test = "(block (result i32) (call $read (call $get) (i64.const 8) (i32.const 16))
        (i32.and (i32.eqz (i32.load8_u (i32.const 16))) (i32.ne (i32.load (i32.const 24)) (i32.const 0))))";
    never_marked(
        &same("stdin"),
        component("wasi:cli/stdin@0.2.0", &but_where(imports, test)),
        "\"property\":\"itself\"",
    );
}

#[test]
fn a_property_that_asks_of_no_input() {
    let vacuous = contract().replace(
        "ensures = \"result / 2u == n && result % 2u == 0u\"",
        "requires = \"n % 65536u == 40503u && n / 65536u == 31337u\"\nensures = \"result / 2u == n\"",
    );
    never_marked(&vacuous, doubling(""), "vacuous");
}

#[test]
fn another_try_until_one_is_lucky() {
    let place = Place::new();
    place
        .write("contract.toml", contract())
        .write("right.wat", doubling(""))
        .write("wrong.wat", doubling("unreachable"));
    let check = |artifact: &str, policy: &str, generator: &str| {
        let arguments =
            ["--format", "json", "check", "contract.toml", artifact, "--policy", policy, "--generator", generator];
        place.run(&arguments)
    };
    // Each is a process of its own, and any artifact is a try.
    for attempt in 1..=16 {
        assert_eq!(check("wrong.wat", "supervised", "lucky").exits(1).json()["attempt"], attempt);
    }
    let refused = check("right.wat", "autonomous", "lucky").exits(1).says("attempts-few").json();
    assert_eq!(refused["attempt"], 17);
    let properties = refused["evidence"].as_array().unwrap().iter().find(|one| one["check"] == "properties").unwrap();
    // ln(17 / 0.05) / 262144 = 22.2…e-6, where ln(1 / 0.05) / 262144 = 11.4…e-6
    assert_eq!(properties["counts"]["risk_ppm"], 23);
    check("right.wat", "supervised", "lucky").exits(0);
    assert_eq!(check("right.wat", "autonomous", "another").exits(0).json()["attempt"], 1);
}
