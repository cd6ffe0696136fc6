//! Modules that keep a secret and modules that leak it, each in another way.

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;

use super::*;

const NUMBERS: &str = "export f: func(secret: u32, guess: u32) -> u32;";
const LISTS: &str = "export f: func(secret: list<u8>, guess: list<u8>) -> u32;";
const USER: &str = "record user { id: u32, pin: u32 } export f: func(user: user, guess: u32) -> u32;";

fn found_with(wit: &str, module: &str, secrets: &str, executions: u64, threads: usize) -> Finding {
    let text = format!(
        "contract = 1\nname = \"c\"\nintent = \"c\"\n[interface]\nwit = \"package a:b; world w {{ {wit} }}\"\n{secrets}"
    );
    let contract = Contract::parse(&text).unwrap_or_else(|problems| panic!("{problems:?}"));
    let challenge = Challenge(Digest::of(b"seed"));
    let artifact = module.as_bytes();
    run(&Task::new(&contract, artifact, challenge, executions, threads), &|_, _| {})
}

fn found(wit: &str, module: &str, secret: &str) -> Finding {
    found_with(wit, module, &format!("[[secret]]\n{secret}\n"), 1024, 2)
}

/// A module whose `f` takes two numbers and is this.
fn two(body: &str) -> String {
    format!(r#"(module (func (export "f") (param $secret i32) (param $guess i32) (result i32) (local $n i32) {body}))"#)
}

fn outcome(finding: &Finding) -> (Outcome, u64, u64) {
    (finding.outcome, finding.counts["pairs"], finding.counts["leaks"])
}

const SECRET: &str = "parts = [\"secret\"]";

#[test]
fn what_does_not_depend_on_the_secret_passes() {
    let finding = found(NUMBERS, &two("local.get $guess"), SECRET);
    assert_eq!(outcome(&finding), (Outcome::Passed, 1024, 0));
    assert_eq!(finding.counts["secrets"], 1);
    assert_eq!(finding.details["secrets"][0]["secret"], json!(["secret"]));
}

#[test]
fn a_leak_in_the_result_is_found_and_made_small() {
    let finding = found(NUMBERS, &two("(i32.and (local.get $secret) (i32.const 1))"), SECRET);
    assert_eq!((finding.outcome, finding.counts["leaks"]), (Outcome::Failed, 1));
    let leak = &finding.counterexamples[0];
    let simplest = [("f(0, 0)", "0, but 1 from `f(1, 0)`"), ("f(1, 0)", "1, but 0 from `f(0, 0)`")];
    assert!(simplest.contains(&(leak.call.as_str(), leak.got.as_str())), "{leak:?}");
    assert_eq!(leak.violated, "the result does not tell `secret` of `f` apart");
}

#[test]
fn one_bit_that_shows_only_when_the_secret_is_what_is_public_is_found() {
    let equal = two("(i32.eq (local.get $secret) (local.get $guess))");
    assert_eq!(found(NUMBERS, &equal, SECRET).outcome, Outcome::Failed);
    let released = format!("{SECRET}\nreleases = \"secret == guess\"");
    assert_eq!(outcome(&found(NUMBERS, &equal, &released)), (Outcome::Passed, 1024, 0));
    // More than was released.
    let order = two("(i32.lt_u (local.get $secret) (local.get $guess))");
    assert_eq!(found(NUMBERS, &order, &released).outcome, Outcome::Failed);
}

#[test]
fn a_trap_tells_too() {
    let traps = two("(if (i32.gt_u (local.get $secret) (local.get $guess)) (then (unreachable))) (i32.const 0)");
    let leak = found(NUMBERS, &traps, SECRET).counterexamples.remove(0);
    assert_eq!(leak.call, "f(0, 0)");
    assert_eq!(leak.got, "0, but trap: wasm `unreachable` instruction executed from `f(1, 0)`");
    // Two traps in two ways.
    let ways = two("(if (local.get $secret) (then (unreachable))) (i32.div_u (i32.const 1) (i32.const 0))");
    assert_eq!(found(NUMBERS, &ways, SECRET).outcome, Outcome::Failed);
    // That it never ends.
    let ends = two("(loop $again (br_if $again (i32.eq (local.get $secret) (local.get $guess)))) (i32.const 0)");
    assert!(found(NUMBERS, &ends, SECRET).counterexamples[0].got.contains("fuel budget"));
}

#[test]
fn a_field_of_a_record_is_as_secret_as_a_parameter() {
    let user = |body: &str| {
        format!(
            r#"(module (func (export "f") (param $id i32) (param $pin i32) (param $guess i32) (result i32) {body}))"#
        )
    };
    let pin = "parts = [\"user.pin\"]";
    assert_eq!(found(USER, &user("local.get $id"), pin).outcome, Outcome::Passed);
    let leak = found(USER, &user("(i32.eq (local.get $pin) (local.get $guess))"), pin).counterexamples.remove(0);
    assert!(leak.call.contains("{id: 0, pin: "), "{}", leak.call);
    assert_eq!(found(USER, &user("local.get $id"), "parts = [\"user\"]").outcome, Outcome::Failed);
}

/// Compares two lists of bytes; `step` ends a round.
fn compares(step: &str) -> String {
    format!(
        r#"(module (memory (export "memory") 1) (global $top (mut i32) (i32.const 64))
        (func (export "cabi_realloc") (param i32 i32 i32 i32) (result i32) (local $at i32)
            (local.set $at (global.get $top)) (global.set $top (i32.add (local.get $at) (local.get 3))) (local.get $at))
        (func (export "f") (param $a i32) (param $an i32) (param $b i32) (param $bn i32) (result i32)
            (local $i i32) (local $d i32)
            (if (i32.ne (local.get $an) (local.get $bn)) (then (return (i32.const 0))))
            (block $out (loop $more
                (br_if $out (i32.ge_u (local.get $i) (local.get $an)))
                (local.set $d (i32.or (local.get $d) (i32.xor
                    (i32.load8_u (i32.add (local.get $a) (local.get $i)))
                    (i32.load8_u (i32.add (local.get $b) (local.get $i))))))
                (local.set $i (i32.add (local.get $i) (i32.const 1)))
                {step} (br $more)))
            (i32.eqz (local.get $d))))"#
    )
}

#[test]
fn a_comparison_that_ends_early_leaks_by_fuel_where_fuel_is_public() {
    let early = compares("(br_if $out (local.get $d))");
    let steady = compares("");
    let secret =
        |more: &str| format!("{SECRET}\nreleases = \"[secret == guess, size(secret) == size(guess)]\"\n{more}");
    assert_eq!(found(LISTS, &early, &secret("")).outcome, Outcome::Passed);
    let leak = found(LISTS, &early, &secret("constant_fuel = true")).counterexamples.remove(0);
    assert!(leak.violated.starts_with("the fuel") && leak.got.contains(" fuel, but "), "{leak:?}");
    let size =
        format!("{SECRET}\nreleases = \"[string(size(secret)), string(secret == guess)]\"\nconstant_fuel = true");
    let finding = found(LISTS, &steady, &size);
    assert_eq!((finding.outcome, finding.counts["pairs"] >= 1000), (Outcome::Passed, true), "{finding:?}");
    assert!(finding.counts["discarded"] > 0);
    assert_eq!(found(LISTS, &early, &size).outcome, Outcome::Failed);
}

#[test]
fn what_may_carry_the_secret_is_not_compared() {
    let id = two("local.get $secret");
    assert_eq!(found(NUMBERS, &id, &format!("{SECRET}\nmay_reach = [\"result\"]")).outcome, Outcome::Passed);
    // How it ends is compared all the same.
    let traps = two("(if (local.get $secret) (then (unreachable))) (i32.const 0)");
    assert_eq!(found(NUMBERS, &traps, &format!("{SECRET}\nmay_reach = [\"result\"]")).outcome, Outcome::Failed);
}

#[test]
fn nothing_left_to_compare_is_unknown() {
    let constant = two("i32.const 0");
    let all = found(NUMBERS, &constant, &format!("{SECRET}\nreleases = \"secret\""));
    assert_eq!(outcome(&all), (Outcome::Unknown, 0, 0));
    assert!(all.reason.unwrap().contains("vacuous") && all.counts["discarded"] > 1000);
    let faulty = found(NUMBERS, &constant, &format!("{SECRET}\nreleases = \"1u / (secret / 1000u)\""));
    assert_eq!(faulty.outcome, Outcome::Unknown);
    assert!(faulty.reason.unwrap().contains("divides by zero"));
    assert_eq!(found_with(NUMBERS, &constant, &format!("[[secret]]\n{SECRET}"), 0, 1).outcome, Outcome::Unknown);
    let uncallable = found(NUMBERS, "(module)", SECRET);
    assert_eq!((uncallable.outcome, uncallable.counts["secrets"]), (Outcome::Unknown, 0));
}

#[test]
fn a_contract_without_secrets_asks_nothing_and_calls_nothing() {
    let finding = found_with(NUMBERS, "not even WebAssembly", "", 1024, 2);
    assert_eq!(finding.outcome, Outcome::Passed);
    assert!(finding.counts.values().all(|count| *count == 0) && finding.counts.len() == 4);
}

#[test]
fn each_secret_is_looked_at_by_itself() {
    let xor = two("(i32.xor (local.get $secret) (local.get $guess))");
    let secrets = "[[secret]]\nparts = [\"secret\"]\nmay_reach = [\"result\"]\n[[secret]]\nparts = [\"guess\"]\n";
    let finding = found_with(NUMBERS, &xor, secrets, 1024, 2);
    assert_eq!((finding.counts["secrets"], finding.counts["leaks"]), (2, 1));
    assert!(finding.reason.unwrap().contains("`guess`"));
}

#[test]
fn the_number_of_threads_changes_nothing() {
    let rare = two("(i32.eq (local.get $secret) (i32.xor (local.get $guess) (i32.const 1)))");
    let early = compares("(br_if $out (local.get $d))");
    let released = format!("[[secret]]\n{SECRET}\nreleases = \"secret == guess\"");
    let fuel = format!("{released}\nconstant_fuel = true");
    for (wit, module, secrets) in [(NUMBERS, &rare, &released), (LISTS, &early, &released), (LISTS, &early, &fuel)] {
        let one = found_with(wit, module, secrets, 1024, 1);
        for threads in [2, 8] {
            assert_eq!(found_with(wit, module, secrets, 1024, threads), one);
        }
    }
}
