//! What a call takes is counted, and a call is repeated from its tape.

use proofmark_contract::{Call, Contract};

use super::*;

const CONTRACT: &str = r#"
contract = 1
name = "late"
intent = "Reads the clock so many times, and says what it read last."
[interface]
wit = "package example:late; world late { export late: func(times: u32) -> u64; }"
[[example]]
call = "late(0)"
returns = "0"
[capabilities]
clocks = true
"#;

const NOW: &str = "wasi:clocks/monotonic-clock.now";

const LATE: &str = r#"(component
    (import "wasi:clocks/monotonic-clock@0.2.0" (instance $clock (export "now" (func (result u64)))))
    (core func $now (canon lower (func $clock "now")))
    (core module $module
        (import "host" "now" (func $now (result i64)))
        (memory 1 4)
        (func (export "late") (param $times i32) (result i64) (local $last i64)
            (block $done (loop $again
                (br_if $done (i32.eqz (local.get $times)))
                (local.set $last (call $now))
                (drop (memory.grow (i32.const 1)))
                (local.set $times (i32.sub (local.get $times) (i32.const 1)))
                (br $again)))
            (local.get $last)))
    (core instance $host (export "now" (func $now)))
    (core instance $late (instantiate $module (with "host" (instance $host))))
    (func (export "late") (param "times" u32) (result u64) (canon lift (core func $late "late"))))"#;

fn program(contract: &Contract, world: World) -> Program {
    let setting = Setting {
        interface: &contract.interface,
        budget: &contract.budget,
        granted: contract.capabilities.names(),
        world,
        threads: 1,
        within: None,
    };
    let artifact = Artifact::read(&wat::parse_str(LATE).unwrap(), &contract.budget).unwrap();
    Program::compile(&artifact, setting).unwrap()
}

fn late(contract: &Contract, times: u32) -> Call {
    contract.interface.parse_call(&format!("late({times})")).unwrap()
}

fn real() -> World {
    World::Real { environment: Vec::new(), read: Vec::new(), write: Vec::new(), stdin: Vec::new() }
}

#[test]
fn a_call_is_repeated_from_its_tape() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let call = late(&contract, 3);
    let ran = program(&contract, real()).call(&call.function, &call.args);
    assert_eq!((&ran.host_calls, ran.memory_bytes), (&[(NOW.to_owned(), 3)].into(), 4 << 16));
    let tape = ran.tape.clone().unwrap();
    let again = program(&contract, World::Replayed);
    let outcome = again.replay(&call.function, &call.args, tape.clone());
    assert_eq!(outcome, Outcome { tape: None, ..ran });
    let left = |times: u32, tape: &[u8]| {
        let call = late(&contract, times);
        again.replay(&call.function, &call.args, tape.to_vec()).ended.to_string()
    };
    assert_eq!(left(2, &tape), format!("left its tape: it ended before host call 3, which is `{NOW}` on the tape"));
    assert_eq!(left(4, &tape), format!("left its tape: host call 4 is `{NOW}`, and the tape ends before it"));
    assert_eq!(left(3, &[]), "left its tape: the tape is damaged at its start");
    assert_eq!(left(3, &tape[..tape.len() - 1]), "left its tape: the tape is damaged at host call 3");
}

#[test]
fn a_session_counts_each_call_and_all_its_memory() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let program = program(&contract, World::Checked { seed: [0; 32] });
    let mut session = program.session();
    let call = late(&contract, 1);
    let taken: Vec<_> = (0..5)
        .map(|_| session.call(&call.function, &call.args))
        .map(|outcome| (outcome.host_calls[NOW], outcome.memory_bytes >> 16, outcome.tape))
        .collect();
    assert_eq!(taken, [(1, 2, None), (1, 3, None), (1, 4, None), (1, 4, None), (1, 4, None)]);
}
