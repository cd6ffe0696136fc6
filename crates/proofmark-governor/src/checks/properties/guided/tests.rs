//! Bugs that no random input meets, found by the guided part and not without it.

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::Outcome;

use super::super::{Finding, Tally, run};
use super::*;

/// What `supervised` plans.
const EXECUTIONS: u64 = 65_536;

/// A memory, and a function that gives out new memory and never takes any back.
const ALLOCATOR: &str = r#"(memory (export "memory") 2) (global $top (mut i32) (i32.const 4096))
    (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local i32)
        (local.set 4 (i32.and (i32.add (global.get $top) (i32.const 15)) (i32.const -16)))
        (global.set $top (i32.add (local.get 4) (local.get 3)))
        (local.get 4))"#;

struct Planted {
    text: String,
    contract: Contract,
    artifact: String,
}

/// `f` returns 0, and 1 where the bug is.
fn planted(parameters: &str, body: &str) -> Planted {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ export f: \
         func({parameters}) -> u32; }}\"\n[[property]]\nname = \"p\"\nof = \"f\"\nensures = \"result == 0u\"\n"
    );
    let contract = Contract::parse(&text).unwrap();
    Planted { text, contract, artifact: format!("(module {ALLOCATOR} {body})") }
}

impl Planted {
    fn task(&self, executions: u64, threads: usize) -> Task<'_> {
        let challenge = Challenge(Digest::of(b"planted"));
        let artifact = self.artifact.as_bytes();
        Task::new(&self.contract, artifact, challenge, executions, threads)
    }

    fn found(&self, executions: u64, threads: usize) -> Finding {
        run(&self.task(executions, threads), &|_, _| {})
    }

    /// The first part alone, with as many executions.
    fn unguided(&self, executions: u64) -> Tally {
        let task = self.task(executions, 2);
        let program = Arc::new(task.program().unwrap());
        super::super::search(&task, &program, None, &self.contract.interface.functions[0], &|_, _| {})
    }

    /// Holds that the bug is found with what is planned, and not by that many random inputs and those of the guided part.
    fn needs_guidance(&self) -> String {
        assert_eq!(self.unguided(EXECUTIONS + EXECUTIONS / SHARE).violated, None);
        let finding = self.found(EXECUTIONS, 2);
        assert_eq!(finding.outcome, Outcome::Failed, "{}", finding.details);
        finding.counterexamples[0].call.clone()
    }
}

#[test]
fn a_magic_number() {
    let body = r#"(func (export "f") (param i32) (result i32) (i32.eq (local.get 0) (i32.const 0xc0de1234)))"#;
    assert_eq!(planted("n: u32", body).needs_guidance(), "f(3235779124)");
    let wide = r#"(func (export "f") (param i64) (result i32) (i64.eq (local.get 0) (i64.const 0x7777000012345678)))"#;
    assert_eq!(planted("n: s64", wide).needs_guidance(), "f(8608349213047412344)");
}

#[test]
fn a_chain_of_three_checksums() {
    let body = r#"(func (export "f") (param i32 i32 i32) (result i32)
        (if (i32.ne (i32.xor (local.get 0) (i32.const 0x5bd1e995)) (i32.const 0x12345678)) (then (return (i32.const 0))))
        (if (i32.ne (i32.add (i32.mul (local.get 1) (i32.const 31)) (local.get 0)) (i32.const 0x0badcafe))
            (then (return (i32.const 0))))
        (i32.eq (i32.add (i32.mul (local.get 2) (i32.const 0x01000193)) (local.get 1)) (i32.const 0x77777777)))"#;
    planted("a: u32, b: u32, c: s32", body).needs_guidance();
}

#[test]
fn a_string_that_is_compared_by_words() {
    let body = r#"(func (export "f") (param i32 i32) (result i32)
        (if (i32.ne (local.get 1) (i32.const 16)) (then (return (i32.const 0))))
        (if (i64.ne (i64.load (local.get 0)) (i64.const 0x736573206e65706f)) (then (return (i32.const 0))))
        (i64.eq (i64.load offset=8 (local.get 0)) (i64.const 0x21776f6e20656d61)))"#;
    assert_eq!(planted("s: string", body).needs_guidance(), "f(\"open sesame now!\")");
}

#[test]
fn a_string_that_is_compared_byte_by_byte() {
    // Each stored byte is the character's code and 101 more: not a word that could be read from the data.
    let stored: String = b"Xyzzy-9?".iter().map(|byte| format!("\\{:02x}", byte.wrapping_add(101))).collect();
    let body = format!(
        r#"(data (i32.const 16) "{stored}")
        (func (export "f") (param i32 i32) (result i32) (local i32)
            (loop $next
                (if (i32.ge_u (local.get 2) (local.get 1)) (then (return (i32.const 0))))
                (if (i32.eq (i32.sub (i32.load8_u offset=16 (local.get 2)) (i32.const 101))
                            (i32.load8_u (i32.add (local.get 0) (local.get 2))))
                    (then
                        (local.set 2 (i32.add (local.get 2) (i32.const 1)))
                        (br_if $next (i32.ne (local.get 2) (i32.const 8)))
                        (return (i32.const 1)))))
            (i32.const 0))"#
    );
    assert_eq!(planted("s: string", &body).needs_guidance(), "f(\"Xyzzy-9?\")");
}

#[test]
fn a_length_of_exactly_4096() {
    let body = r#"(func (export "f") (param i32 i32) (result i32) (i32.eq (local.get 1) (i32.const 4096)))"#;
    planted("xs: list<u8>", body).needs_guidance();
    planted("s: string", body).needs_guidance();
}

#[test]
fn a_state_after_eight_steps_in_order() {
    let body = r#"(data (i32.const 16) "\11\cb\05\63\fa\1f\4d\8c")
        (func (export "f") (param i32 i32) (result i32) (local $nth i32) (local $state i32)
            (block $done (loop $next
                (br_if $done (i32.ge_u (local.get $nth) (local.get 1)))
                (if (i32.eq (i32.load8_u offset=16 (local.get $state))
                            (i32.load8_u (i32.add (local.get 0) (local.get $nth))))
                    (then (local.set $state (i32.add (local.get $state) (i32.const 1))))
                    (else (local.set $state (i32.const 0))))
                (if (i32.eq (local.get $state) (i32.const 8)) (then (return (i32.const 1))))
                (local.set $nth (i32.add (local.get $nth) (i32.const 1)))
                (br $next)))
            (i32.const 0))"#;
    let call = planted("ops: list<u8>", body).needs_guidance();
    assert_eq!(call, "f([17, 203, 5, 99, 250, 31, 77, 140])");
}

#[test]
fn a_way_of_a_table_and_a_trap_behind_it() {
    let body = r#"(func (export "f") (param i32 f64) (result i32)
        (block $other (block $trap
            (br_table $other $other $other $other $other $other $other $trap $other
                (i32.sub (local.get 0) (i32.const 123456789))))
            (if (f64.eq (local.get 1) (f64.const 8675309.125)) (then unreachable)))
        (i32.const 0))"#;
    assert_eq!(planted("n: u32, x: f64", body).needs_guidance(), "f(123456796, 8675309.125)");
}

#[test]
fn a_loop_without_end_is_left_where_the_budget_is_for_hours() {
    let body = r#"(func (export "f") (param i32) (result i32)
        (if (i32.eq (local.get 0) (i32.const 0xc0de1234)) (then (loop $on (br $on))))
        (i32.const 0))"#;
    let mut planted = planted("n: u32", body);
    planted.contract.budget.fuel = 1_000_000_000_000;
    let finding = planted.found(512, 2);
    let undecided = finding.details["functions"][0]["guided"]["undecided"].as_u64().unwrap();
    assert!(finding.outcome == Outcome::Passed && undecided > 0, "{undecided}");
}

#[test]
fn the_same_bytes_with_any_number_of_threads() {
    let hidden = r#"(func (export "f") (param i32) (result i32)
        (loop $on (br_if $on (local.tee 0 (i32.shr_u (local.get 0) (i32.const 1)))))
        (local.get 0))"#;
    let found = r#"(func (export "f") (param i32) (result i32) (i32.eq (local.get 0) (i32.const 0xc0de1234)))"#;
    for (body, outcome) in [(hidden, Outcome::Passed), (found, Outcome::Failed)] {
        let planted = planted("n: u32", body);
        let one = planted.found(4096, 1);
        assert_eq!(one.outcome, outcome);
        assert!(one.details["functions"][0]["guided"]["calls"].as_u64().unwrap() > 0);
        for threads in [2, 8] {
            assert_eq!(planted.found(4096, threads), one);
        }
    }
}

/// MurmurHash3's finaliser.
const MIX: &str = r#"(func $mix (param $h i32) (result i32)
    (local.set $h (i32.mul (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 16))) (i32.const 0x85ebca6b)))
    (local.set $h (i32.mul (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 13))) (i32.const 0xc2b2ae35)))
    (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 16))))"#;

fn missed(finding: &Finding) -> (Outcome, u64) {
    (finding.outcome, finding.counts["missed"])
}

#[test]
fn what_a_hash_is_compared_with_is_missed_with_and_without_a_branch() {
    for test in [
        "(i32.eq (call $mix (local.get 0)) (i32.const 0x12345678))",
        "(i32.eqz (i32.and (i32.xor (call $mix (local.get 0)) (i32.const 0x2aaaaa)) (i32.const 0x3fffff)))",
        "(i64.eqz (i64.xor (i64.extend_i32_u (call $mix (local.get 0))) (i64.const 0x55555555)))",
        "(i32.eqz (i32.ne (call $mix (local.get 0)) (i32.const -1)))",
    ] {
        let body = format!(
            r#"{MIX} (func (export "f") (param i32) (result i32) (select (i32.const 1) (i32.const 0) {test}))"#
        );
        let planted = planted("n: u32", &body);
        let finding = planted.found(EXECUTIONS, 2);
        assert_eq!(missed(&finding), (Outcome::Passed, 1), "{test}: {}", finding.details);
        assert_eq!(finding.details["missed_in"], serde_json::json!(["f"]));
        for threads in [1, 8] {
            assert!(planted.found(EXECUTIONS, threads) == finding, "{test}: {threads}");
        }
    }
}

#[test]
fn what_is_never_equal_for_another_reason_is_not_missed() {
    // Null, an index of -1, and a limit far off; and a hash that an example meets.
    let body = r#"(func (export "f") (param i32 i32) (result i32)
        (if (i32.eqz (local.get 0)) (then unreachable))
        (if (i32.eq (local.get 1) (i32.const -1)) (then unreachable))
        (if (i32.eq (memory.grow (i32.const 0)) (i32.const -1)) (then unreachable))
        (i32.const 0))"#;
    assert_eq!(missed(&planted("xs: list<u8>", body).found(EXECUTIONS, 2)), (Outcome::Passed, 0));
    let body = format!(
        r#"{MIX} (func (export "f") (param i32) (result i32)
            (if (i32.eq (call $mix (local.get 0)) (i32.const -228726657)) (then nop)) (i32.const 0))"#
    );
    let mut met = planted("n: u32", &body);
    assert_eq!(missed(&met.found(EXECUTIONS, 2)), (Outcome::Passed, 1));
    met.contract =
        Contract::parse(&format!("{}[[example]]\ncall = 'f(2718281828)'\nreturns = '0'\n", met.text)).unwrap();
    assert_eq!(missed(&met.found(EXECUTIONS, 2)), (Outcome::Passed, 0));
}

#[test]
fn evidence_says_what_was_reached_and_what_was_not_counted() {
    // Five edges: the functions' entries, and the ways of two branches, of which one is never taken.
    let body = r#"(func (export "f") (param i32) (result i32)
        (if (i32.lt_u (local.get 0) (i32.const 100)) (then (return (i32.const 0))))
        (if (i32.ne (i32.or (local.get 0) (i32.const 1)) (i32.const 0)) (then (return (i32.const 0))))
        (i32.const 1))"#;
    let details = planted("n: u32", body).found(2048, 2).details;
    // One more is the entry of the allocator, which nothing calls.
    assert_eq!(
        details["coverage"],
        serde_json::json!({ "edges_present": 6, "edges_reached": 4, "modules_not_seen": 0 })
    );
    let guided = &details["functions"][0]["guided"];
    assert_eq!((&guided["calls"], &guided["differed"]), (&512.into(), &0.into()));
    assert_eq!(guided["curve"].as_array().unwrap().last().unwrap(), &serde_json::json!([512, 4]));
    assert_eq!(guided["undiscovered"]["edges_taken_once"], 0);
    assert_eq!(guided["undiscovered"]["new_edges_ppm"], 0);
    let bound = details["functions"][0]["bound"].clone();
    assert_eq!((&bound["executions"], &bound["risk_ppm"]), (&2048.into(), &1463.into()));
    // A component in a component hides its code.
    let mut nested = planted("n: u32", "");
    nested.artifact = r#"(component (component $c
        (core module $m (func (export "f") (param i32) (result i32) (i32.const 0)))
        (core instance $i (instantiate $m))
        (func (export "f") (param "n" u32) (result u32) (canon lift (core func $i "f"))))
        (instance $i (instantiate $c)) (export "f" (func $i "f")))"#
        .to_owned();
    let finding = nested.found(128, 1);
    assert_eq!(finding.outcome, Outcome::Passed);
    let why = "there is nothing in it that can be counted";
    assert_eq!(finding.details["coverage"], serde_json::json!({ "not_guided": why }));
    assert_eq!(finding.details["functions"][0]["guided"], serde_json::Value::Null);
}
