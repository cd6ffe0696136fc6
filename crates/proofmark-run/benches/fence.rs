//! Native spawn to first instruction: in the fence with a running launcher, under bwrap, and by plain fork and exec.
//! Interleaved in one run; medians. Needs `cc` and `bwrap`.
//!
//! The payload's first act is to read the monotonic clock, which all processes share, and to write it down.
#![expect(clippy::unwrap_used, clippy::print_stdout, clippy::arithmetic_side_effects, reason = "a bench")]

use std::io::Read as _;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode, Stdio};

use proofmark_run::fence::{self, Code, Counted, Launcher, Limits, Network, Payload, Plan, Sealed};
use rustix::time::{ClockId, clock_gettime};

const ROUNDS: usize = 200;
const WARM_UP: usize = 10;
const SOURCE: &str = "#include <time.h>\n#include <unistd.h>\nint main(void) { struct timespec t;
    clock_gettime(CLOCK_MONOTONIC, &t); write(1, &t, sizeof t); return 0; }";

fn worker() -> u8 {
    0
}

fn main() -> ExitCode {
    if std::env::args().any(|argument| argument == "--launch") {
        return fence::launcher(worker);
    }
    let folder = tempfile::tempdir().unwrap();
    let program = compile(folder.path());
    let launcher = Launcher::start(&std::env::current_exe().unwrap(), &["--launch".into()]).unwrap();
    let plan = Plan {
        mounts: Vec::new(),
        payload: Payload::Exec {
            program: Sealed::new(&std::fs::read(&program).unwrap()).unwrap(),
            arguments: vec!["payload".into()],
            environment: Vec::new(),
            directory: PathBuf::from("/"),
        },
        limits: Limits { memory_bytes: 64 << 20, processes: 8, file_bytes: 1 << 20, open_files: 64, cpu_seconds: 10 },
        network: Network::None,
        code: Code::Fixed,
        owner: None,
        counted: Counted::No,
        #[cfg(feature = "weaken")]
        without: None,
    };
    let mut bwrap = Command::new("bwrap");
    bwrap.args(["--unshare-all", "--ro-bind", "/", "/"]).arg(&program);
    let mut plain = Command::new(&program);
    let mut times: [Vec<u64>; 3] = Default::default();
    for round in 0..ROUNDS.saturating_add(WARM_UP) {
        let took = [apart(|| fenced(&launcher, &plan)), apart(|| spawned(&mut bwrap)), apart(|| spawned(&mut plain))];
        if round >= WARM_UP {
            times.iter_mut().zip(took).for_each(|(times, took)| times.push(took));
        }
    }
    let [fence, bwrap, plain] = times.map(median);
    println!("native spawn to first instruction, medians of {ROUNDS}, interleaved:");
    println!("  fence {fence} us, bwrap --unshare-all {bwrap} us, fork and exec {plain} us");
    println!("  fence / bwrap {:.2} (aim: at most 0.33)", fence as f64 / bwrap as f64);
    ExitCode::SUCCESS
}

fn compile(folder: &Path) -> PathBuf {
    let (text, out) = (folder.join("payload.c"), folder.join("payload"));
    std::fs::write(&text, SOURCE).unwrap();
    assert!(Command::new("cc").args(["-O1", "-static", "-o"]).arg(&out).arg(&text).status().unwrap().success());
    out
}

fn now_ns() -> u64 {
    let now = clock_gettime(ClockId::Monotonic);
    u64::try_from(now.tv_sec).unwrap() * 1_000_000_000 + u64::try_from(now.tv_nsec).unwrap()
}

/// None pays for what the one before leaves to be cleared away, by the kernel or by the launcher.
fn apart(measure: impl FnOnce() -> u64) -> u64 {
    std::thread::sleep(std::time::Duration::from_millis(20));
    measure()
}

/// Microseconds from `start` to the payload's own clock.
fn first_instruction(start: u64, mut output: impl std::io::Read) -> u64 {
    let mut words = [[0; 8]; 2];
    words.iter_mut().for_each(|word| output.read_exact(word).unwrap());
    let [seconds, rest] = words.map(u64::from_ne_bytes);
    (seconds * 1_000_000_000 + rest).saturating_sub(start) / 1000
}

fn fenced(launcher: &Launcher, plan: &Plan) -> u64 {
    let start = now_ns();
    let mut fenced = launcher.spawn(plan).unwrap();
    let took = first_instruction(start, fenced.stdout.by_ref());
    fenced.wait().unwrap();
    took
}

fn spawned(command: &mut Command) -> u64 {
    let start = now_ns();
    let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    let took = first_instruction(start, child.stdout.take().unwrap());
    child.wait().unwrap();
    took
}

fn median(mut times: Vec<u64>) -> u64 {
    times.sort_unstable();
    times.get(times.len() / 2).copied().unwrap_or(0)
}
