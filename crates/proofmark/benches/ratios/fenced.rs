//! A call in a warm worker, written to it and read from it: in a fence, and in a plain process that runs the same loop.

use std::process::{Command, ExitCode, Stdio};
use std::sync::Arc;
use std::time::Instant;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use proofmark_contract::Contract;
use proofmark_governor::job::{Callee, Caller, Staged};
use proofmark_run::fence::{Launcher, Probe, launcher};
use proofmark_run::wasi::World;
use proofmark_run::worker::{Fences, Launch, Seen, Started, never};

use super::{ARTIFACT, CONTRACT, median, worker};

const LAUNCH: &str = "--launch";
const WORKER: &str = "--worker";
/// Rounds, in each of which either side makes so many calls.
const ROUNDS: usize = 100;
const EACH: usize = 100;
const AIM_US: f64 = 50.0;

/// What this executable is besides the bench: a launcher of fences, and a worker without one.
pub fn role(argument: &str) -> Option<ExitCode> {
    match argument {
        LAUNCH => Some(launcher(worker::run)),
        WORKER => Some(ExitCode::from(worker::run())),
        _ => None,
    }
}

/// Workers as plain processes: what a fence adds is the difference.
struct Plain;

impl Launch for Plain {
    fn launch(&self, _seen: &Seen) -> Result<Started, String> {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .arg(WORKER)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| error.to_string())?;
        let pid = Pid::from_raw(i32::try_from(child.id()).unwrap());
        Ok(Started {
            stdin: Box::new(child.stdin.take().unwrap()),
            stdout: Box::new(child.stdout.take().unwrap()),
            stderr: Box::new(child.stderr.take().unwrap()),
            kill: Box::new(move || {
                // It can only fail because the process is gone.
                let _ = kill(pid, Signal::SIGKILL);
            }),
            end: Box::new(move || child.wait().unwrap().to_string()),
            probe: Probe::default(),
        })
    }
}

fn warm(launch: &dyn Launch, contract: &Contract) -> Caller {
    let world = World::Checked { seed: [0; 32] };
    let callee = Callee {
        contract,
        contract_text: CONTRACT,
        artifact: ARTIFACT.as_bytes(),
        granted: std::collections::BTreeSet::new(),
        world,
        staged: Staged::default(),
        within: None,
    };
    Caller::start(launch, callee, &mut never).unwrap()
}

pub fn bench() {
    let contract = Contract::parse(CONTRACT).unwrap();
    let call = contract.interface.parse_call("gcd(462, 1071)").unwrap();
    let started = Launcher::start(&std::env::current_exe().unwrap(), &[LAUNCH.into()]).unwrap();
    let fences = Fences { launcher: Arc::new(started), memory_bytes: 4 << 30 };
    let (mut fenced, mut plain) = (warm(&fences, &contract), warm(&Plain, &contract));
    assert!(fenced.probe().holds());
    let times = |caller: &mut Caller| {
        let each = || {
            let start = Instant::now();
            let outcome = caller.call(&call, &mut never).unwrap();
            let took = start.elapsed().as_secs_f64() * 1e6;
            assert_eq!(outcome.ended.to_string(), "21");
            took
        };
        median(std::iter::repeat_with(each).take(EACH).collect())
    };
    let mut rounds: Vec<(f64, f64)> = (0..=ROUNDS).map(|_| (times(&mut fenced), times(&mut plain))).collect();
    rounds.remove(0);
    let over = |figure: fn(&(f64, f64)) -> f64| median(rounds.iter().map(figure).collect());
    println!(
        "worker  one call in a warm worker, line to line: {:.1} µs in a fence against {:.1} µs in a plain process: {:.2} of its \
         speed, {:+.1} µs (aim: at most {AIM_US:+} µs)",
        over(|round| round.0),
        over(|round| round.1),
        over(|round| round.1 / round.0),
        over(|round| round.0 - round.1),
    );
}
