//! The probe: that it holds in every kind of fence, and that it can fail.

use std::io::{Read as _, Write as _};
use std::process::{Command, ExitCode, Stdio};

use proofmark_run::fence::probe::{Marks, Probe};
use proofmark_run::fence::{Code, Fenced, Network, Payload, Plan};
use serde::{Deserialize, Serialize};

use super::Rig;

/// How this executable is asked to probe itself where there is no fence; the errand is its standard input.
pub const UNFENCED: &str = "--probe-unfenced";

/// What a probing process is sent to find out.
#[derive(Serialize, Deserialize)]
struct Errand {
    plan: Plan,
    marks: Marks,
    times: u32,
}

/// What it found, and how long each time took, in nanoseconds.
#[derive(Serialize, Deserialize)]
struct Findings {
    probe: Probe,
    took_ns: Vec<u64>,
}

fn errand(rig: &Rig, plan: &Plan, times: u32) -> Vec<u8> {
    serde_json::to_vec(&Errand { plan: plan.clone(), marks: rig.outside.lures.marks().clone(), times }).unwrap()
}

/// The worker of these tests: probes its own fence again.
pub fn worker() -> u8 {
    let mut errand = Vec::new();
    std::io::stdin().read_to_end(&mut errand).unwrap();
    if errand.is_empty() {
        return 3;
    }
    let Errand { plan, marks, times } = serde_json::from_slice(&errand).unwrap();
    let mut took_ns = Vec::new();
    let mut probe = Probe::default();
    for _ in 0..times {
        let begin = std::time::Instant::now();
        probe = Probe::of(&plan, &marks);
        took_ns.push(u64::try_from(begin.elapsed().as_nanos()).unwrap());
    }
    let findings = serde_json::to_vec(&Findings { probe, took_ns }).unwrap();
    // All in one, before anything else can go wrong in a process that its own acts may have changed.
    std::io::stdout().write_all(&findings).unwrap();
    0
}

pub fn unfenced() -> ExitCode {
    worker();
    ExitCode::SUCCESS
}

fn worker_plan(rig: &Rig) -> (Plan, tempfile::TempDir) {
    let (plan, staging) = rig.outside.plan("processes", &[], None);
    (Plan { payload: Payload::Worker, ..plan }, staging)
}

fn findings(mut fenced: Fenced, errand: &[u8]) -> Findings {
    fenced.stdin.take().unwrap().write_all(errand).unwrap();
    let mut found = String::new();
    fenced.stdout.read_to_string(&mut found).unwrap();
    fenced.stderr.read_to_string(&mut found).unwrap();
    fenced.wait().unwrap();
    serde_json::from_str(&found).unwrap_or_else(|error| panic!("{error}: {found}"))
}

fn expect_whole(rig: &Rig, probe: &Probe) {
    assert!(probe.holds(), "{:?}", probe.leaks().collect::<Vec<_>>());
    let mut names: Vec<&str> = probe.acts.iter().map(|act| act.name.as_str()).collect();
    assert!(names.len() > 100, "{names:?}");
    for wanted in ["connect over TCP", "signal a process outside", "mount", "set up an io_uring", "open a device"] {
        assert!(names.contains(&wanted), "`{wanted}` was not tried");
    }
    names.sort_unstable();
    names.dedup();
    assert_eq!(names.len(), probe.acts.len(), "a name stands for two acts");
    assert!(rig.outside.lures.untouched());
}

pub fn holds(rig: &mut Rig) {
    let (plan, _staging) = rig.outside.plan("processes", &["escape"], None);
    let (first, second) = (rig.launcher.spawn(&plan).unwrap(), rig.launcher.spawn(&plan).unwrap());
    expect_whole(rig, &first.probe);
    assert_eq!(first.probe, second.probe);
    for fenced in [first, second] {
        super::finish(fenced);
    }
}

pub fn holds_around_a_worker(rig: &mut Rig) {
    for code in [Code::Fixed, Code::Generated] {
        let (plan, _staging) = worker_plan(rig);
        let plan = Plan { code, ..plan };
        let fenced = rig.launcher.spawn(&plan).unwrap();
        expect_whole(rig, &fenced.probe);
        super::finish(fenced);
    }
}

pub fn holds_beside_a_broker(rig: &mut Rig) {
    let (plan, _staging) = rig.outside.plan("processes", &["escape"], None);
    let plan = Plan {
        network: Network::Broker { tcp: places(&["127.0.0.2:443", "127.0.0.3:8080"]), udp: places(&["127.0.0.1:53"]) },
        ..plan
    };
    let fenced = rig.launcher.spawn(&plan).unwrap();
    expect_whole(rig, &fenced.probe);
    let tried = |name: &str| fenced.probe.acts.iter().any(|act| act.name == name);
    assert!(tried("connect out of the loopback at a granted port") && tried("listen on TCP"));
    super::finish(fenced);
}

fn places(list: &[&str]) -> Vec<std::net::SocketAddrV4> {
    list.iter().map(|text| text.parse().unwrap()).collect()
}

/// What any user may do where nothing forbids it.
const EVERYBODY: [&str; 24] = [
    "connect over TCP",
    "listen on TCP",
    "send over UDP",
    "open a routing netlink socket",
    "connect to a socket file outside",
    "send to a socket file outside",
    "connect to an abstract socket outside",
    "read a file outside the root",
    "climb out of the root",
    "read the /proc of a process outside",
    "open the host's root",
    "execute a file",
    "signal a process outside",
    "signal a thread outside",
    "hold a process outside by descriptor",
    "hold a descriptor that leaked in",
    "map memory writable and executable",
    "make written memory executable",
    "make executable memory writable",
    "map a memory file executable",
    "map a shared segment executable",
    "gain privileges by executing",
    "raise a limit",
    "be traced by the parent",
];

pub fn finds_leaks(rig: &mut Rig) {
    let (plan, _staging) = worker_plan(rig);
    let mut child = Command::new(std::env::current_exe().unwrap())
        .arg(UNFENCED)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    child.stdin.take().unwrap().write_all(&errand(rig, &plan, 1)).unwrap();
    let found = child.wait_with_output().unwrap().stdout;
    let probe = serde_json::from_slice::<Findings>(&found).unwrap().probe;
    assert!(!probe.holds());
    let leaks: Vec<&str> = probe.leaks().map(|act| act.name.as_str()).collect();
    let missed: Vec<&&str> = EVERYBODY.iter().filter(|name| !leaks.contains(name)).collect();
    assert!(missed.is_empty(), "called denied where nothing denies: {missed:?}\n{probe:#?}");
    assert!(!rig.outside.lures.untouched(), "no lure was reached");
}

#[cfg(feature = "weaken")]
pub fn finds_a_missing_layer(rig: &mut Rig) {
    use proofmark_run::fence::Layer::{Capabilities, Rlimits, Seccomp};
    let cases = [
        (Seccomp, ["set up an io_uring", "call the kernel unfiltered", "add a key"].as_slice()),
        (Capabilities, &["hold a capability"]),
        (Rlimits, &["raise a limit"]),
    ];
    for (layer, wanted) in cases {
        let (plan, _staging) = worker_plan(rig);
        let plan = Plan { without: Some(layer), ..plan };
        let fenced = rig.launcher.spawn(&plan).unwrap();
        let probe = findings(fenced, &errand(rig, &plan, 1)).probe;
        let leaks: Vec<&str> = probe.leaks().map(|act| act.name.as_str()).collect();
        let missed: Vec<&&str> = wanted.iter().filter(|name| !leaks.contains(name)).collect();
        assert!(missed.is_empty(), "without {layer}: {missed:?}\n{probe:#?}");
        assert!(rig.outside.lures.untouched());
    }
}

/// Prints how long a probe takes inside a fence.
pub fn measure(rig: &mut Rig) {
    for code in [Code::Fixed, Code::Generated] {
        let (plan, _staging) = worker_plan(rig);
        let plan = Plan { code, ..plan };
        let fenced = rig.launcher.spawn(&plan).unwrap();
        let Findings { probe, mut took_ns } = findings(fenced, &errand(rig, &plan, 200));
        let first = took_ns.first().copied().unwrap();
        took_ns.sort_unstable();
        let middle = took_ns.get(took_ns.len() / 2).copied().unwrap();
        println!("{code:?}: {} acts; first {} us, median of 200 {} us", probe.acts.len(), first / 1000, middle / 1000);
    }
}
