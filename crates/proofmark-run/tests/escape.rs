//! The outer layer where the inner one has fallen: modules that leave the sandbox of an old engine with a published fault
//! (`escape/`), once in a plain process and once in the fence of a check's worker. In both, machine code of the module
//! runs with all that the process may do; in the fence every act must be denied, which is judged outside.
//!
//! `cargo xtask escape` builds the engine and runs this; it is in no other command, because that build takes minutes.
//! The executable is its own launcher, so it has a `main` of its own.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test, without the harness that says so"
)]

#[allow(dead_code, reason = "shared with the attacks, which need more of it")]
#[path = "attacks/outside.rs"]
mod outside;
#[allow(dead_code, reason = "shared with the attacks, which need more of it")]
#[path = "attacks/table.rs"]
mod table;

use std::ffi::OsString;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};
use std::time::Duration;

use nix::errno::Errno;
use proofmark_run::fence::{self, Code, Launcher, Limits, probe};

use outside::Outside;
use table::Target;

const LAUNCH: &str = "--launch";
/// What the engine's program is called where the fence finds it.
const WORKER: &str = "worker";
/// Whom the process without a fence acts as, so that not root's rights deliver the act.
const NOBODY: u32 = 65_534;
/// As the governor's workers have.
const LIMITS: Limits =
    Limits { memory_bytes: 2 << 30, processes: 96, file_bytes: 2 << 30, open_files: 256, cpu_seconds: 86_400 };

/// What the escaped code does, and to what.
const ACTS: &[(&str, Target)] = &[
    ("read", Target::Secret),
    ("write", Target::Secret),
    ("write", Target::Granted),
    ("remove", Target::Secret),
    ("tcp", Target::TcpPort),
    ("udp", Target::UdpPort),
    ("unix", Target::Socket),
    ("abstract", Target::AbstractName),
    ("signal", Target::Victim),
    ("execute", Target::Nothing),
    ("outlive", Target::Socket),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [LAUNCH, marks] => {
            probe::know(serde_json::from_str(marks).unwrap());
            fence::launcher(|| 0)
        }
        [worker, module] => escape(Path::new(worker), Path::new(module)),
        _ => panic!("usage: escape WORKER MODULE, the two programs of `escape/`"),
    }
}

fn escape(worker: &Path, module: &Path) -> ExitCode {
    let programs = tempfile::tempdir().unwrap();
    std::fs::set_permissions(programs.path(), std::fs::Permissions::from_mode(0o755)).unwrap();
    std::fs::copy(worker, programs.path().join(WORKER)).unwrap();
    // What the fence's own probe knows of; each act has a world of its own besides.
    let known = Outside::new(programs.path());
    let marks = serde_json::to_string(known.lures.marks()).unwrap();
    let launcher =
        Launcher::start(&std::env::current_exe().unwrap(), &[OsString::from(LAUNCH), OsString::from(marks)]).unwrap();
    println!("{:<9} {:<13} {:<55} in a fence", "act", "on", "without a fence");
    let mut wrong = 0_usize;
    for (act, target) in ACTS {
        let side = |fenced: bool| {
            let mut outside = Outside::new(programs.path());
            let text = assemble(module, act, &outside.target(*target, fenced));
            let said = if fenced { in_fence(&launcher, &outside, &text) } else { unfenced(programs.path(), &text) };
            // A signal takes a moment, and one that outlives its parent waits.
            std::thread::sleep(Duration::from_millis(500));
            Seen { taken: outside.taken(&String::from_utf8_lossy(&said)), said }
        };
        let (free, fenced) = (side(false), side(true));
        println!("{act:<9} {:<13} {:<55} {}", format!("{target:?}"), free.words(), fenced.words());
        let delivered = free.escaped() && !free.taken.is_empty();
        let denied = fenced.escaped() && fenced.taken.is_empty();
        if !(delivered && denied) {
            wrong = wrong.saturating_add(1);
        }
    }
    println!("{} acts; not as they must be (delivered without a fence, denied in one): {wrong}", ACTS.len());
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What came of one act.
struct Seen {
    said: Vec<u8>,
    /// As judged outside.
    taken: Vec<String>,
}

impl Seen {
    /// Only the module's machine code knows this word, and only a system call of its own can write it.
    fn escaped(&self) -> bool {
        self.said.starts_with(b"ESCAPED\n")
    }

    fn words(&self) -> String {
        let sandbox = if self.escaped() { "escaped; " } else { "kept in its sandbox; " };
        let outcome = match (self.taken.is_empty(), self.refusal()) {
            (false, _) => self.taken.join(", "),
            (true, Some(errno)) => format!("nothing taken: {errno:?}"),
            (true, None) => "nothing taken".to_owned(),
        };
        format!("{sandbox}{outcome}")
    }

    /// The first error that a call of the act was answered with.
    fn refusal(&self) -> Option<Errno> {
        const RESULTS: &[u8] = b"RESULTS";
        let at = self.said.windows(RESULTS.len()).position(|window| window == RESULTS)?;
        let (results, _) = self.said.get(at..)?.get(RESULTS.len()..)?.as_chunks();
        let failed = results.iter().map(|result| i64::from_le_bytes(*result)).find(|result| *result < 0)?;
        Some(Errno::from_raw(i32::try_from(failed.checked_neg()?).ok()?))
    }
}

fn assemble(module: &Path, act: &str, target: &str) -> Vec<u8> {
    let output = Command::new(module).args([act, target]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    output.stdout
}

fn unfenced(programs: &Path, text: &[u8]) -> Vec<u8> {
    let mut command = Command::new(programs.join(WORKER));
    command.env_clear().process_group(0).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    if nix::unistd::Uid::effective().is_root() {
        command.uid(NOBODY).gid(NOBODY);
    }
    let mut child = command.spawn().unwrap();
    child.stdin.take().unwrap().write_all(text).unwrap();
    let output = child.wait_with_output().unwrap();
    [output.stdout, output.stderr].concat()
}

/// In a fence that grants what a check's worker is granted: one folder, for reading.
fn in_fence(launcher: &Launcher, outside: &Outside, text: &[u8]) -> Vec<u8> {
    let (mut plan, _staging) = outside.plan(WORKER, &[], None);
    plan.mounts.truncate(1);
    plan.limits = LIMITS;
    plan.code = Code::Generated;
    let mut fenced = launcher.spawn(&plan).unwrap();
    assert!(fenced.probe.holds());
    fenced.stdin.take().unwrap().write_all(text).unwrap();
    let mut said = Vec::new();
    fenced.stdout.read_to_end(&mut said).unwrap();
    fenced.stderr.read_to_end(&mut said).unwrap();
    fenced.wait().unwrap();
    said
}
