//! Whatever is not the same is found, and named.

use proofmark_run::wasi::Written;
use proofmark_run::{Ended, Outcome};

use super::*;

const CONTRACT: &str = r#"
contract = 1
name = "double"
intent = "Twice the number."
[interface]
wit = "package example:double; world double { export double: func(n: u32) -> u64; }"
[[example]]
call = "double(4)"
returns = "8"
"#;

type Change = fn(&mut Outcome);

fn outcome() -> Outcome {
    let written = Written { stdout: b"out".to_vec(), stderr: b"err".to_vec() };
    let ended = Ended::Trapped("trap: unreachable".to_owned());
    let host_calls = [("wasi:cli/stdout.get-stdout".to_owned(), 1)].into();
    Outcome { fuel: 7, memory_bytes: 65536, host_calls, ..Outcome::plain(ended, written) }
}

#[test]
fn each_part_of_a_call_is_compared() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let call = contract.interface.parse_call("double(4)").unwrap();
    let recorded = Taken::of(&outcome(), 9);
    let found = |change: Change| {
        let mut other = outcome();
        change(&mut other);
        differ(&call, "trap: unreachable", &recorded, &other)
    };
    assert_eq!(found(|_| {}), None);
    let changes: [(&str, Change); 6] = [
        ("result", |other| other.ended = Ended::Trapped("trap: division by zero".to_owned())),
        // A value that reads like the trap is none.
        ("result", |other| other.ended = Ended::Returned(None)),
        ("standard output", |other| other.written.stdout.push(0)),
        ("standard error", |other| other.written.stderr.clear()),
        ("fuel", |other| other.fuel = 8),
        ("linear memory", |other| other.memory_bytes = 0),
    ];
    for (what, change) in changes {
        let difference = found(change).unwrap();
        assert_eq!((difference.what, difference.call.as_deref()), (what, Some("double(4)")));
        assert_ne!(difference.recorded, difference.replayed);
    }
    let mut returned = outcome();
    returned.ended = call.function.parse_result("8").map(Ended::Returned).unwrap();
    let difference = differ(&call, "8", &recorded, &returned).unwrap();
    assert_eq!((difference.recorded.as_str(), difference.replayed.as_str()), ("no result: 8", "8"));
}

#[test]
fn the_first_difference_is_the_one_that_is_named() {
    let pairs = [("fuel", "1".to_owned(), "1".to_owned()), ("host calls", "a 1".to_owned(), "a 2".to_owned())];
    let difference = first(None, pairs).unwrap();
    assert_eq!((difference.what, difference.call), ("host calls", None));
}
