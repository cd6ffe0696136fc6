//! SIGKILL at every system call of commit, undo, drop and forget: the tree is the old one or the new one, never between.
//!
//! The victim is this test binary again. It is stopped at the entry of its N-th system call and killed there, for N from 1
//! until it ends by itself.
#![expect(clippy::arithmetic_side_effects, reason = "small counts of a test")]

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

use super::*;

const DIRECTORY: &str = "PROOFMARK_CRASH_DIRECTORY";
const ACT: &str = "PROOFMARK_CRASH_ACT";

#[test]
#[ignore = "the victim of the crash tests, started by them"]
fn victim() {
    let directory = PathBuf::from(std::env::var_os(DIRECTORY).unwrap());
    println!("@@{}", nix::unistd::gettid());
    std::io::stdout().flush().unwrap();
    std::io::stdin().read_line(&mut String::new()).unwrap();
    let act = std::env::var(ACT).unwrap();
    if act == "recover" {
        recover(&directory).unwrap();
        return;
    }
    let mut stage = Stage::open(&directory).unwrap();
    match act.as_str() {
        "commit" => drop(stage.commit(&limits()).unwrap()),
        "undo" => drop(stage.undo(&limits()).unwrap()),
        "discard" => stage.discard().unwrap(),
        "forget" => stage.forget().unwrap(),
        other => panic!("{other}"),
    }
}

#[derive(Debug, PartialEq, Eq)]
pub(super) enum Fate {
    Killed,
    Ended,
}

/// Starts a victim and kills it at the entry of its `nth` system call after it was let go.
fn kill_at(directory: &Path, act: &str, nth: u64) -> Fate {
    trace(directory, act, |entered| if entered == nth { Fate::Killed } else { Fate::Ended })
}

/// Starts a victim that stops at the entry of each system call after it was let go, where `at` is asked what is to become of
/// it, with the number of the call from 1.
pub(super) fn trace(directory: &Path, act: &str, mut at: impl FnMut(u64) -> Fate) -> Fate {
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "effects::tests::crash::victim", "--ignored", "--nocapture", "--test-threads=1"])
        .env(DIRECTORY, directory)
        .env(ACT, act)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(child.stdout.take().unwrap());
    // Tests run in a thread of their own; commits use no other here.
    let thread = loop {
        let mut line = String::new();
        assert!(output.read_line(&mut line).unwrap() > 0);
        if let Some((_, thread)) = line.split_once("@@") {
            break Pid::from_raw(thread.trim_end().parse().unwrap());
        }
    };
    let wait = || waitpid(thread, Some(WaitPidFlag::__WALL)).unwrap();
    ptrace::seize(thread, Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_EXITKILL).unwrap();
    ptrace::interrupt(thread).unwrap();
    assert!(matches!(wait(), WaitStatus::PtraceEvent(..)));
    writeln!(child.stdin.take().unwrap()).unwrap();
    let mut entered = 0;
    let fate = loop {
        ptrace::syscall(thread, None).unwrap();
        match wait() {
            WaitStatus::PtraceSyscall(_) => {
                if ptrace::syscall_info(thread).unwrap().op == nix::libc::PTRACE_SYSCALL_INFO_ENTRY {
                    entered += 1;
                    if at(entered) == Fate::Killed {
                        child.kill().unwrap();
                        assert!(matches!(wait(), WaitStatus::Signaled(_, Signal::SIGKILL, _)));
                        break Fate::Killed;
                    }
                }
            }
            WaitStatus::Exited(..) => break Fate::Ended,
            other => panic!("{other:?}"),
        }
    };
    // The harness of the victim ends only if somebody reads what it says.
    std::io::copy(&mut output, &mut std::io::sink()).unwrap();
    let status = child.wait().unwrap();
    assert_eq!(status.success(), fate == Fate::Ended, "{status:?}");
    fate
}

/// A stage that can be brought to the point before an act again and again.
struct Victim {
    place: Place,
    directory: PathBuf,
    before: Manifest,
    after: Manifest,
}

impl Victim {
    fn new(helper: &mut Helper, made: &[Op], run: &[Op]) -> Self {
        let place = Place::in_memory();
        apply(&place.base(), made);
        let (mut stage, before) = Stage::new(&place.base(), &limits()).unwrap();
        helper.run(&stage, run);
        let effects = stage.scan(before, &limits()).unwrap();
        assert_eq!(effects.refused, []);
        let directory = stage.directory().to_path_buf();
        Self { place, directory, before: effects.before, after: effects.after }
    }

    /// The tree, which must be one of the two, as it is.
    fn is_after(&self, when: &str) -> bool {
        let now = self.place.read();
        assert!(now == self.before || now == self.after, "a half-committed tree {when}");
        now == self.after
    }

    /// Kills `act` at every system call. `again` brings the stage to the point before it. Returns how many points of
    /// killing there were, and how many of them left the old tree in its place.
    fn kill_everywhere(&self, act: &str, again: impl Fn(&mut Stage)) -> (u64, u64) {
        let mut old = 0;
        for nth in 1.. {
            let fate = kill_at(&self.directory, act, nth);
            let when = format!("after a kill at system call {nth} of {act}");
            let seen = self.is_after(&when);
            let recovered = recover(&self.directory).unwrap();
            assert_eq!(recover(&self.directory).unwrap(), recovered, "recovery {when} is not the end of it");
            assert_eq!(self.is_after(&when), seen, "recovery {when} changed the tree");
            assert_eq!(seen, recovered == Recovered::Committed, "{when}: {recovered:?}");
            assert_eq!(self.directory.join("other").exists(), recovered != Recovered::Scanned, "{when}");
            if fate == Fate::Ended {
                return (nth - 1, old);
            }
            old += u64::from(!seen);
            again(&mut Stage::open(&self.directory).unwrap());
        }
        unreachable!()
    }

    fn commit_and_undo(&self) -> u64 {
        let uncommit = |stage: &mut Stage| {
            if stage.phase() == Phase::Committed {
                stage.undo(&limits()).unwrap();
            }
            if stage.phase() == Phase::Undone {
                stage.roll_back().unwrap();
            }
        };
        let (commits, old) = self.kill_everywhere("commit", uncommit);
        let (undos, _) = self.kill_everywhere("undo", |stage| {
            if stage.phase() == Phase::Undone {
                stage.roll_back().unwrap();
                stage.commit(&limits()).unwrap();
            }
        });
        uncommit(&mut Stage::open(&self.directory).unwrap());
        // Halfway through building, at the exchange, and right after it.
        commits + undos + [old / 2, old, old + 1].map(|nth| self.kill_recovery(nth, uncommit)).iter().sum::<u64>()
    }

    /// Kills the recovery of a commit that was killed at its `first` system call.
    fn kill_recovery(&self, first: u64, uncommit: impl Fn(&mut Stage)) -> u64 {
        for nth in 1.. {
            assert_eq!(kill_at(&self.directory, "commit", first), Fate::Killed);
            let seen = self.is_after("before recovery");
            let fate = kill_at(&self.directory, "recover", nth);
            assert_eq!(self.is_after("after a killed recovery"), seen);
            let recovered = recover(&self.directory).unwrap();
            assert_eq!(recovered, if seen { Recovered::Committed } else { Recovered::Scanned });
            assert_eq!(self.is_after("after recovery again"), seen);
            uncommit(&mut Stage::open(&self.directory).unwrap());
            if fate == Fate::Ended {
                return nth - 1;
            }
        }
        unreachable!()
    }
}

/// Removal has no way back, so each kill goes on where the last one left off.
fn removal(helper: &mut Helper, act: &str) -> u64 {
    let mut points = 0;
    for nth in 1.. {
        let victim = Victim::new(helper, &awkward(), &rework());
        if act == "forget" {
            Stage::open(&victim.directory).unwrap().commit(&limits()).unwrap();
        }
        let seen = victim.is_after("before removal");
        let fate = kill_at(&victim.directory, act, nth);
        assert_eq!(victim.is_after("after removal"), seen);
        if victim.directory.exists() {
            let recovered = recover(&victim.directory).unwrap();
            let stable = if act == "forget" { Recovered::Committed } else { Recovered::Scanned };
            assert!(recovered == Recovered::Gone || recovered == stable, "{act} at {nth}: {recovered:?}");
            assert_eq!(victim.directory.exists(), recovered == stable);
        }
        assert_eq!(victim.is_after("after recovery of a removal"), seen);
        if fate == Fate::Ended {
            break;
        }
        points += 1;
    }
    points
}

fn trees() -> [(Vec<Op>, Vec<Op>); 3] {
    let small = vec![Op::Write(path("one"), b"1".to_vec())];
    [
        (awkward(), rework()),
        (vec![], small.clone()),
        (small, vec![Op::Remove(path("one")), Op::Chmod(path("."), 0o700)]),
    ]
}

#[test]
fn killed_at_every_system_call_of_commit_and_undo() {
    let mut helper = Helper::start();
    let points: u64 = trees().iter().map(|(made, run)| Victim::new(&mut helper, made, run).commit_and_undo()).sum();
    println!("{points} points of killing");
    assert!(points >= 1000, "only {points} points of killing");
}

#[test]
fn killed_at_every_system_call_of_removal() {
    let mut helper = Helper::start();
    for act in ["discard", "forget"] {
        assert!(removal(&mut helper, act) > 100);
    }
}
