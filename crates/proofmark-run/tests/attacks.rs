//! Attack programs against the fence. Each ends in denial with its payload never delivered, which is judged outside:
//! what the listeners heard, what the files hold, who still lives. With the feature `weaken`, each again without one layer.
//! `--show` prints where each was stopped, `--measure` how long the probe takes.
//!
//! The executable is its own launcher, so it has a `main` of its own. Needs a C compiler with a static libc.
#![expect(
    clippy::unwrap_used,
    clippy::panic,
    clippy::print_stdout,
    reason = "a test, without the harness that says so"
)]

#[path = "attacks/outside.rs"]
mod outside;
#[path = "attacks/probing.rs"]
mod probing;
#[path = "attacks/table.rs"]
mod table;

use std::ffi::OsString;
use std::io::Read as _;
use std::os::unix::fs::FileTypeExt as _;
use std::path::Path;
use std::process::ExitCode;

use proofmark_run::fence::{self, Counted, Fenced, How, Launcher, Layer, Plan, probe};
use proofmark_run::printable::printable;

use outside::Outside;
use table::{ATTACKS, Attack, Target, Unfenced};

/// How the launcher is asked for; the marks follow.
const LAUNCH: &str = "--launch";

/// What the tests share: the compiled attacks, a world outside and a launcher that was started in the midst of it.
pub struct Rig {
    programs: tempfile::TempDir,
    outside: Outside,
    launcher: Launcher,
}

impl Rig {
    fn new() -> Self {
        let programs = outside::compile();
        let outside = Outside::new(programs.path());
        let marks = serde_json::to_string(outside.lures.marks()).unwrap();
        let arguments = [OsString::from(LAUNCH), OsString::from(marks)];
        let launcher = Launcher::start(&std::env::current_exe().unwrap(), &arguments).unwrap();
        Self { programs, outside, launcher }
    }
}

type Test = (&'static str, fn(&mut Rig));

const TESTS: &[Test] = &[
    ("attacks_get_through_where_there_is_no_fence", unfenced),
    ("attacks_are_denied", denied),
    ("attacks_are_denied_while_their_calls_are_counted", denied_while_counted),
    #[cfg(feature = "weaken")]
    ("attacks_are_denied_without_one_layer", denied_without_one_layer),
    ("nobody_outlives_the_run", nobody_outlives_the_run),
    ("endless_output_can_be_stopped", endless_output_can_be_stopped),
    ("escape_sequences_are_written_out", escape_sequences_are_written_out),
    ("forged_marks_never_reach_the_upper_layer", forged_marks),
    ("the_probe_holds", probing::holds),
    ("the_probe_holds_around_a_worker", probing::holds_around_a_worker),
    ("the_probe_holds_beside_a_broker", probing::holds_beside_a_broker),
    ("the_probe_finds_what_no_fence_denies", probing::finds_leaks),
    #[cfg(feature = "weaken")]
    ("the_probe_finds_a_missing_layer", probing::finds_a_missing_layer),
];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        [LAUNCH, marks] => {
            probe::know(serde_json::from_str(marks).unwrap());
            return fence::launcher(probing::worker);
        }
        [probing::UNFENCED] => return probing::unfenced(),
        words if words.contains(&"--list") => {
            TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let filter = words.iter().find(|word| !word.starts_with('-')).copied().unwrap_or_default();
    let mut rig = Rig::new();
    if words.contains(&"--measure") {
        probing::measure(&mut rig);
        return ExitCode::SUCCESS;
    }
    if words.contains(&"--show") {
        show(&mut rig);
        return ExitCode::SUCCESS;
    }
    let (mut passed, mut failed) = (0_usize, 0_usize);
    for (name, test) in TESTS.iter().filter(|(name, _)| name.contains(filter)) {
        let fine = std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| test(&mut rig))).is_ok();
        println!("test {name} ... {}", if fine { "ok" } else { "FAILED" });
        if fine { passed = passed.saturating_add(1) } else { failed = failed.saturating_add(1) }
    }
    let word = if failed == 0 { "ok" } else { "FAILED" };
    println!("\ntest result: {word}. {passed} passed; {failed} failed; 0 ignored; 0 measured; 0 filtered out\n");
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

/// What a payload wrote, and how it ended.
fn finish(mut fenced: Fenced) -> (Vec<u8>, How) {
    drop(fenced.stdin.take());
    let mut out = Vec::new();
    fenced.stdout.read_to_end(&mut out).unwrap();
    fenced.stderr.read_to_end(&mut out).unwrap();
    (out, fenced.wait().unwrap().how)
}

fn run(rig: &Rig, plan: &Plan) -> (Vec<u8>, How) {
    finish(rig.launcher.spawn(plan).unwrap())
}

/// An attack that can't get through anywhere proves nothing when it is denied.
fn unfenced(rig: &mut Rig) {
    for attack in ATTACKS.iter().filter(|attack| attack.unfenced == Unfenced::Works) {
        let mut outside = Outside::new(rig.programs.path());
        let said = outside.unfenced(attack);
        assert!(!outside.taken(&said).is_empty(), "{} took nothing outside a fence: {said}", attack.name());
    }
}

fn attack(rig: &mut Rig, attack: &Attack, without: Option<Layer>, counted: Counted) -> (String, Vec<String>) {
    let mut target = rig.outside.target(attack.target, true);
    // Where a test build leaves the old root in place.
    let of_the_host = matches!(attack.target, Target::Secret | Target::Socket | Target::Datagram);
    if without == Some(Layer::Root) && of_the_host {
        target.insert_str(0, "/host");
    }
    let (plan, staging) = rig.outside.plan(attack.file, &[attack.act, &target], without);
    let (out, _) = run(rig, &Plan { counted, ..plan });
    let said = String::from_utf8_lossy(&out).into_owned();
    let mut taken = rig.outside.taken(&said);
    taken.extend(marks(&staging.path().join("upper")));
    (said, taken)
}

/// Prints where each attack was stopped.
fn show(rig: &mut Rig) {
    for case in ATTACKS {
        let (said, taken) = attack(rig, case, None, Counted::No);
        let (said, target) = (printable(said.trim().as_bytes()), format!("{:?}", case.target));
        println!("{:28} {target:30} {said} {taken:?}", case.name());
        case.alone.iter().for_each(|(layer, why)| println!("{:28} by {layer} alone: {why}", ""));
    }
}

fn denied(rig: &mut Rig) {
    all_denied(rig, Counted::No);
}

fn denied_while_counted(rig: &mut Rig) {
    all_denied(rig, Counted::Yes);
}

fn all_denied(rig: &mut Rig, counted: Counted) {
    let mut wrong = Vec::new();
    for case in ATTACKS {
        let (said, taken) = attack(rig, case, None, counted);
        // Also that it came as far as trying: a program that didn't start denies nothing.
        let tried = !said.is_empty() || KILLED.contains(&case.name().as_str());
        if !taken.is_empty() || !tried {
            wrong.push(format!("{} {:?}: {taken:?} ({})", case.name(), case.target, printable(said.as_bytes())));
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

/// Those who are killed before they can say anything.
const KILLED: [&str; 7] = [
    "bombs memory",
    "bombs memory-of-many",
    "bombs disk",
    "bombs sparse",
    "bombs processor",
    "privileges int80",
    "privileges x32",
];

#[cfg(feature = "weaken")]
fn denied_without_one_layer(rig: &mut Rig) {
    use Layer::{Capabilities, Cgroup, Landlock, Mdwe, Namespaces, Rlimits, Root, Seccomp};
    let mut wrong = Vec::new();
    for layer in [Namespaces, Root, Cgroup, Rlimits, Capabilities, Landlock, Seccomp, Mdwe] {
        for case in ATTACKS {
            let alone = case.alone.iter().any(|(only, _)| *only == layer);
            let (said, taken) = attack(rig, case, Some(layer), Counted::No);
            let wanted = match (alone, case.unfenced) {
                (false, _) => taken.is_empty(),
                // An exception that is none any more must leave the table.
                (true, Unfenced::Works) => !taken.is_empty(),
                (true, Unfenced::Varies) => true,
            };
            if !wanted {
                let said = printable(said.as_bytes());
                wrong.push(format!("without {layer}: {} {:?}: {taken:?} ({said})", case.name(), case.target));
            }
        }
    }
    assert!(wrong.is_empty(), "\n{}", wrong.join("\n"));
}

fn nobody_outlives_the_run(rig: &mut Rig) {
    let (plan, staging) = rig.outside.plan("processes", &["outlive", "/stage/beat"], None);
    let (out, how) = run(rig, &plan);
    assert_eq!(String::from_utf8_lossy(&out), "DELIVERED grandchild\n");
    assert_eq!(how, How::Code(0));
    let beat = || std::fs::metadata(staging.path().join("upper/beat")).unwrap().len();
    let first = beat();
    // Long enough for a hundred beats of one that lived.
    std::thread::sleep(std::time::Duration::from_millis(200));
    assert_eq!(beat(), first);
}

fn endless_output_can_be_stopped(rig: &mut Rig) {
    let (plan, _staging) = rig.outside.plan("processes", &["output"], None);
    let mut fenced = rig.launcher.spawn(&plan).unwrap();
    let mut kept = vec![0; 1 << 20];
    fenced.stdout.read_exact(&mut kept).unwrap();
    fenced.kill();
    assert_eq!(fenced.wait().unwrap().how, How::Killed);
}

fn escape_sequences_are_written_out(rig: &mut Rig) {
    let (plan, _staging) = rig.outside.plan("processes", &["escape"], None);
    let (out, _) = run(rig, &plan);
    assert!(out.contains(&0x1b), "the attack wrote no escape");
    let shown = printable(&out);
    assert!(shown.contains("\\x1b[2J") && shown.contains("\\x0dpassed"), "{shown}");
    assert!(!shown.chars().any(|shown| shown.is_control() && shown != '\n'), "{shown:?}");
}

/// Marks of an overlay that nobody but an attack would have made: every attack leaves its upper layer without them.
fn marks(upper: &Path) -> Vec<String> {
    let mut marks = Vec::new();
    let mut folders = vec![upper.to_owned()];
    while let Some(folder) = folders.pop() {
        let redirect = rustix::fs::lgetxattr(&folder, "user.overlay.redirect", &mut [0; 64]);
        if redirect.is_ok() {
            marks.push(format!("it redirected `{}`", folder.display()));
        }
        for entry in std::fs::read_dir(&folder).unwrap().map(Result::unwrap) {
            let kind = entry.file_type().unwrap();
            if kind.is_dir() {
                folders.push(entry.path());
            } else if kind.is_char_device() || kind.is_block_device() {
                marks.push(format!("it made a device `{}`", entry.path().display()));
            }
        }
    }
    marks
}

fn forged_marks(rig: &mut Rig) {
    let (plan, staging) = rig.outside.plan("files", &["whiteout"], None);
    let (out, _) = run(rig, &plan);
    assert_eq!(String::from_utf8_lossy(&out), "0 marks\n");
    let upper = staging.path().join("upper");
    assert!(upper.join("forged/moved").exists(), "the attack did not come to its renaming");
    assert_eq!(marks(&upper), Vec::<String>::new());
    // What would be found, if it were there.
    rustix::fs::lsetxattr(upper.join("forged"), "user.overlay.redirect", b"/..", rustix::fs::XattrFlags::empty())
        .unwrap();
    assert_eq!(marks(&upper).len(), 1);
}
