//! A mark found again in a log of 100,000 entries, as a whole process that ends there, and where its time goes.

use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};
use std::time::Instant;

use jiff::Timestamp;
use nix::sys::resource::{UsageWho, getrusage};
use proofmark_contract::Contract;
use proofmark_governor::home::Home;
use proofmark_governor::index::Index;
use proofmark_governor::keys::Keys;
use proofmark_governor::log::Log;
use proofmark_governor::reuse::{Reuse, find, related};
use proofmark_governor::store::Store;
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{About, Entry, Kind};
use proofmark_mark::mark::{Mark, verify};
use proofmark_mark::trust::Trust;

use super::{ARTIFACT, CONTRACT, command, median};

const HIT: &str = "--hit";
/// Entries of the log, about.
const ENTRIES: u64 = 100_000;
/// Entries of one commit.
const BATCH: u64 = 1024;
const TIMES: usize = 30;
const AIM_MS: f64 = 20.0;

/// What this executable is besides the bench: a command that finds a mark and does nothing else.
pub fn role(argument: &str) -> Option<ExitCode> {
    (argument == HIT).then(|| {
        let folder = PathBuf::from(std::env::args().nth(2).unwrap());
        let text = std::fs::read_to_string(folder.join("contract.toml")).unwrap();
        Contract::parse(&text).unwrap();
        let mut home = Home::open(&folder.join(".proofmark")).unwrap();
        if hit(&mut home, &text) { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    })
}

fn hit(home: &mut Home, contract: &str) -> bool {
    let trust = Trust::parse(&std::fs::read_to_string(home.trust_file()).unwrap()).unwrap();
    let policy = std::fs::read_to_string(home.policy_file("supervised")).unwrap();
    matches!(find(home, contract, &policy, &trust, Timestamp::now()).unwrap(), Reuse::Found(_))
}

pub fn bench() {
    let folder = tempfile::tempdir().unwrap();
    let at = |name: &str| folder.path().join(name);
    let text = format!("{CONTRACT}[[example]]\ncall = \"gcd(4, 6)\"\nreturns = \"2\"\n");
    std::fs::write(at("contract.toml"), &text).unwrap();
    std::fs::write(at("artifact.wat"), ARTIFACT).unwrap();
    command(folder.path(), &["check", "contract.toml", "artifact.wat"]);
    let mark = Mark::parse(&std::fs::read(at("artifact.wat.mark")).unwrap()).unwrap();
    let written = Instant::now();
    lengthen(&at(".proofmark"), &mark);
    let written = written.elapsed().as_secs_f64();
    command(folder.path(), &["run", "artifact.wat.mark", "gcd(462, 1071)"]);

    let indexed = Instant::now();
    std::fs::remove_file(at(".proofmark/index")).unwrap();
    let home = Home::open(&at(".proofmark")).unwrap();
    let (indexed, entries) = (indexed.elapsed().as_secs_f64(), home.log.view().size());
    println!("reuse   a log of {entries} entries, written in {written:.1} s; its index made again in {indexed:.1} s");
    parts(&at(".proofmark"), &text);

    let myself = std::env::current_exe().unwrap();
    let before = processor_ms();
    let hit = times(&mut || {
        let ended = Command::new(&myself).arg(HIT).arg(folder.path()).env_clear().status().unwrap();
        assert!(ended.success());
    });
    let processor = (processor_ms() - before) / TIMES as f64;
    let empty = times(&mut || command(folder.path(), &["--version"]));
    println!(
        "reuse   a whole process that ends with the mark: {hit:.2} ms (aim: below {AIM_MS}), {processor:.2} ms of it of the processor, beside {empty:.2} ms for `--version`"
    );
    let run = times(&mut || command(folder.path(), &["run", "artifact.wat.mark", "gcd(462, 1071)"]));
    let again = times(&mut || command(folder.path(), &["do", "contract.toml", "gcd(462, 1071)"]));
    println!(
        "reuse   `do`, with the call and its receipts: {again:.1} ms, beside {run:.1} ms for `run` with the mark at hand"
    );
}

/// Where the time of a hit goes, in process.
fn parts(path: &Path, contract: &str) {
    let view = Home::open(path).unwrap();
    let mut home = Home::open(path).unwrap();
    let trust = Trust::parse(&std::fs::read_to_string(home.trust_file()).unwrap()).unwrap();
    let parsed = Contract::parse(contract).unwrap();
    let keys = Keys::load(&path.join("keys")).unwrap();
    let policy = std::fs::read_to_string(home.policy_file("supervised")).unwrap();
    let found = |home: &mut Home| match find(home, contract, &policy, &trust, Timestamp::now()).unwrap() {
        Reuse::Found(found) => found,
        _ => unreachable!("it was marked"),
    };
    let mark = found(&mut home).mark;
    let each: [(&str, f64); 7] = [
        ("contract", times(&mut || drop(Contract::parse(contract).unwrap()))),
        ("keys", times(&mut || drop(Keys::load(&path.join("keys")).unwrap()))),
        ("log", times(&mut || drop(Log::open(Store::local(&path.join("log")).unwrap(), keys.log_signer()).unwrap()))),
        ("index", times(&mut || drop(Index::open(&path.join("index"), view.log.view()).unwrap()))),
        ("find", times(&mut || assert!(hit(&mut home, contract)))),
        ("of that verify", times(&mut || drop(verify(&mark, None, &trust, Timestamp::now()).unwrap()))),
        ("related", times(&mut || drop(related(&mut home_again(path), &parsed, &trust, Timestamp::now()).unwrap()))),
    ];
    let listed: Vec<String> = each.iter().map(|(name, ms)| format!("{name} {ms:.2}")).collect();
    println!("reuse   in process, ms: {} (the last opens the home as well)", listed.join(", "));
}

fn home_again(path: &Path) -> Home {
    Home::open(path).unwrap()
}

/// Appends what checks and runs of other contracts would: of each a submission, five pieces of evidence, a verdict that passed, and
/// the two receipts of a run. They share their envelopes, which are real ones.
fn lengthen(path: &Path, mark: &Mark) {
    let mut home = Home::open(path).unwrap();
    let verdict = mark.verdict.envelope.to_bytes();
    let other = mark.submission.envelope.to_bytes();
    let entry = |nth: u64| {
        let about = About { artifact: Digest::of(&nth.to_be_bytes()), contract: Digest::of(&(nth / 9).to_le_bytes()) };
        let (kind, envelope) = match nth % 9 {
            0 => (Kind::Submission { generator: Digest::of(&(nth / 900).to_be_bytes()) }, &other),
            1..=5 => (Kind::Evidence, &other),
            6 => (Kind::Verdict, &verdict),
            7 => (Kind::ReceiptOpen, &other),
            _ => (Kind::ReceiptClose, &other),
        };
        (Entry { kind, envelope: Digest::of(envelope), about: Some(about) }, envelope.clone())
    };
    for start in (0..ENTRIES).step_by(usize::try_from(BATCH).unwrap()) {
        home.log.append(&(start..start + BATCH).map(entry).collect::<Vec<_>>()).unwrap();
    }
}

/// Processor time of all child processes so far, in milliseconds.
fn processor_ms() -> f64 {
    let used = getrusage(UsageWho::RUSAGE_CHILDREN).unwrap();
    [used.user_time(), used.system_time()]
        .iter()
        .map(|time| time.tv_sec() as f64 * 1e3 + time.tv_usec() as f64 / 1e3)
        .sum()
}

/// The median of some times, in milliseconds.
fn times(each: &mut dyn FnMut()) -> f64 {
    let time = |each: &mut dyn FnMut()| {
        let start = Instant::now();
        each();
        start.elapsed().as_secs_f64() * 1e3
    };
    median((0..TIMES).map(|_| time(each)).collect())
}
