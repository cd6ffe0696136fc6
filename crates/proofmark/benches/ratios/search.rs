//! The guided search of `properties` beside libFuzzer, on the same C functions: executions until a planted bug is found, and
//! executions a second on one core.
//!
//! libFuzzer calls native code in its own process again and again, with its value profile and without a sanitiser; ours
//! calls WebAssembly in a fresh instance each time, within a budget of fuel and memory. What the first, unguided part of
//! `properties` executes before the search is not counted as the search's: it is there for the bound, whatever is found.

use std::path::Path;
use std::process::Command;
use std::time::Instant;

use proofmark_contract::Contract;
use proofmark_governor::checks::{self, Task};
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::{Evidence, Outcome};

use super::planted::{PLANTED, Planted, clang, source};

const SEEDS: u64 = 5;
/// Executions that the policy `supervised` plans.
const EXECUTIONS: u64 = 65_536;
/// When libFuzzer gives up: calls and seconds.
const RUNS_MAX: &str = "-runs=20000000";
const SECONDS_MAX: &str = "-max_total_time=60";
/// Calls of libFuzzer that its speed is measured with.
const TIMED: f64 = 2_000_000.0;

pub fn bench() {
    let Some(clang) = clang() else {
        println!("search: nothing measured: there is no clang with wasm-ld beside it (such as clang-19 and lld-19)");
        return;
    };
    let folder = tempfile::tempdir().unwrap();
    let theirs = PLANTED.iter().all(|planted| native(&clang, planted, 1, folder.path()));
    if !theirs {
        println!("search: ours alone: {} has no libFuzzer (such as libclang-rt-19-dev)", clang.display());
    }
    println!(
        "search  {:<10} {:>12} {:>14} {:>7}   {:>12} {:>14} {:>7}",
        "planted", "executions", "libFuzzer's", "ratio", "a second", "libFuzzer's", "ratio"
    );
    for planted in &PLANTED {
        let artifact = planted.artifact(&clang, 1, &folder.path().join("planted.wasm"));
        let ours = typical((1..=SEEDS).map(|seed| found(&run(planted, &artifact, seed, 2))).collect());
        let harmless = planted.artifact(&clang, 0, &folder.path().join("harmless.wasm"));
        let start = Instant::now();
        run(planted, &harmless, 1, 1);
        let speed = (EXECUTIONS + EXECUTIONS / 4) as f64 / start.elapsed().as_secs_f64();
        let (mut their_finds, mut their_speed) = (None, None);
        if theirs {
            their_finds = typical((1..=SEEDS).map(|seed| fuzzed(planted, seed, folder.path())).collect());
            native(&clang, planted, 0, folder.path());
            their_speed = Some(timed(folder.path()));
        }
        let shown = |finds: Option<u64>| finds.map_or_else(|| "not found".to_owned(), |finds| finds.to_string());
        let ratio = |ratio: Option<f64>| ratio.map_or_else(|| "-".to_owned(), |ratio| format!("{ratio:.3}"));
        println!(
            "search  {:<10} {:>12} {:>14} {:>7}   {:>12.0} {:>14.0} {:>7}",
            planted.name,
            shown(ours),
            if theirs { shown(their_finds) } else { "-".to_owned() },
            ratio(ours.zip(their_finds).map(|(ours, theirs)| ours as f64 / theirs as f64)),
            speed,
            their_speed.unwrap_or(0.0),
            ratio(their_speed.map(|theirs| speed / theirs)),
        );
    }
    println!("search  the median of {SEEDS} seeds; a core of ours makes a fresh instance for each execution");
}

/// The median, if it is a find: what was not found comes last.
fn typical(mut finds: Vec<Option<u64>>) -> Option<u64> {
    finds.sort_by_key(|find| find.unwrap_or(u64::MAX));
    finds.get(finds.len() / 2).copied().flatten()
}

fn run(planted: &Planted, artifact: &[u8], seed: u64, threads: usize) -> Evidence {
    let contract = Contract::parse(&planted.contract()).unwrap();
    let challenge = Challenge(Digest::of(&seed.to_be_bytes()));
    let task = Task::new(&contract, artifact, challenge, EXECUTIONS, threads);
    checks::run("properties", &task, &|_, _| {}).unwrap().evidence
}

/// Executions of the part that found it.
fn found(evidence: &Evidence) -> Option<u64> {
    let function = &evidence.details["functions"][0];
    let calls = function["guided"]["calls"].as_u64().or(function["executions"].as_u64());
    calls.filter(|_| evidence.outcome == Outcome::Failed)
}

/// Builds the function with libFuzzer, under its name in the folder or as `harmless`, and says whether that succeeded.
fn native(clang: &Path, planted: &Planted, bug: u8, folder: &Path) -> bool {
    let to = if bug == 1 { folder.join(planted.name) } else { folder.join("harmless") };
    let mut command = Command::new(clang);
    command.args(["-O2", "-fsanitize=fuzzer", &format!("-DCALL={}", planted.call), &format!("-DBUG={bug}")]);
    command.arg(source()).arg("-o").arg(to).output().is_ok_and(|output| output.status.success())
}

/// Executions until libFuzzer found the bug.
fn fuzzed(planted: &Planted, seed: u64, folder: &Path) -> Option<u64> {
    let mut command = Command::new(folder.join(planted.name));
    let arguments = ["-use_value_profile=1", "-max_len=8192", "-print_final_stats=1", RUNS_MAX, SECONDS_MAX];
    let output = command.current_dir(folder).args(arguments).arg(format!("-seed={seed}")).output().unwrap();
    let said = String::from_utf8_lossy(&output.stderr);
    let executed = said.lines().find_map(|line| line.strip_prefix("stat::number_of_executed_units:"));
    executed.and_then(|number| number.trim().parse().ok()).filter(|_| !output.status.success())
}

/// Executions a second where there is nothing to find.
fn timed(folder: &Path) -> f64 {
    let mut command = Command::new(folder.join("harmless"));
    command.current_dir(folder).args(["-use_value_profile=1", "-max_len=8192", "-seed=1"]);
    let start = Instant::now();
    let output = command.arg(format!("-runs={TIMED:.0}")).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    TIMED / start.elapsed().as_secs_f64()
}
