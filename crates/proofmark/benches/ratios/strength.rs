//! The check `strength` on an artifact of 20 KB and a contract of four properties, against the plain run of these properties.

use std::fmt::Write as _;
use std::time::Instant;

use proofmark_contract::Contract;
use proofmark_governor::checks::{self, Task};
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;

use super::median;

const MUTANTS: u64 = 200;
/// Executions that the policy `supervised` plans.
const EXECUTIONS: u64 = 65_536;
const ROUNDS: usize = 5;
/// Steps of the artifact in each direction.
const STEPS: u32 = 740;

/// A contract of four properties for a scrambler of numbers and its inverse.
const CONTRACT: &str = r#"
contract = 1
name = "scramble"
intent = "Scramble a number so that it can be had back."
[interface]
wit = """
package example:scramble;
world scramble {
  export scramble: func(n: u32) -> u32;
  export restore: func(n: u32) -> u32;
}
"""
[[property]]
name = "had back"
of = "scramble"
ensures = "restore(result) == n"
[[property]]
name = "no number stays"
of = "scramble"
requires = "n > 1000u"
ensures = "result != n || n % 7u == 0u"
[[property]]
name = "the other way round"
of = "restore"
ensures = "scramble(result) == n"
[[property]]
name = "numbers stay apart"
of = "restore"
requires = "n > 0u"
ensures = "restore(n - 1u) != result"
"#;

/// The artifact: so many steps, each undone by one in the other direction.
fn artifact() -> Vec<u8> {
    let (mut there, mut back) = (String::new(), Vec::new());
    for step in 0..STEPS {
        let constant = 0x9e37_79b9_u32.wrapping_mul(step + 1) & 0x0fff_ffff;
        let set = |body: &str| format!("(local.set $n {body})\n");
        let n = "(local.get $n)";
        if step % 2 == 0 {
            write!(there, "{}", set(&format!("(i32.add {n} (i32.const {constant}))"))).unwrap();
            back.push(set(&format!("(i32.sub {n} (i32.const {constant}))")));
        } else {
            let shift = step % 11 + 16;
            let fold =
                set(&format!("(i32.xor {n} (i32.shr_u (i32.xor {n} (i32.const {constant})) (i32.const {shift})))"));
            // The upper half is as it was, so that the same step again takes back what it added.
            there.push_str(&fold);
            back.push(fold);
        }
    }
    let back: String = back.into_iter().rev().collect();
    let function = |name: &str, body: &str| {
        format!("(func (export \"{name}\") (param $n i32) (result i32)\n{body} (local.get $n))\n")
    };
    let text = format!("(module {} {})", function("scramble", &there), function("restore", &back));
    wat::parse_str(text).unwrap()
}

pub fn bench() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let artifact = artifact();
    let run = |check: &str, executions: u64, threads: usize| {
        let challenge = Challenge(Digest::of(b"bench"));
        let task = Task::new(&contract, &artifact, challenge, executions, threads);
        let start = Instant::now();
        let evidence = checks::run(check, &task, &|_, _| {}).unwrap().evidence;
        (start.elapsed().as_secs_f64(), evidence)
    };
    assert!((19_000..22_000).contains(&artifact.len()), "{}", artifact.len());
    let (_, evidence) = run("strength", MUTANTS, 2);
    let counts = &evidence.counts;
    assert_eq!(counts["mutants"], MUTANTS, "{:?}", evidence.reason);
    let mut rounds = Vec::new();
    for _ in 0..ROUNDS {
        rounds.push((run("strength", MUTANTS, 2).0, run("properties", EXECUTIONS, 2).0));
    }
    println!(
        "strength {} bytes, {} mutants on 2 threads: {:.2} s, {:.2} times {} executions of its properties ({:.2} s); \
         {} killed, {} survived, {} undecided",
        artifact.len(),
        counts["mutants"],
        median(rounds.iter().map(|round| round.0).collect()),
        median(rounds.iter().map(|round| round.0 / round.1).collect()),
        EXECUTIONS,
        median(rounds.iter().map(|round| round.1).collect()),
        counts["killed"],
        counts["survived"],
        counts["undecided"],
    );
}
