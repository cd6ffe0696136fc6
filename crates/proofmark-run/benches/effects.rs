//! What staged effects cost: 10,000 files moved into other directories, against `cp -a` of the same tree in the same run.
//!
//! Prints a line of JSON for each round; milliseconds. `ratio` is scan, diff and commit over `cp -a`, which leaves its bytes to
//! be written later; `ratio_synced` is the same over a `cp -a` that is on the disk, as a commit is.
#![expect(clippy::unwrap_used, clippy::print_stdout, reason = "a bench ends where it goes wrong, and prints")]

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Instant;

use proofmark_run::effects::{Stage, leftovers};
use proofmark_run::tree::{self, Limits};

const DIRECTORIES: usize = 100;
const FILES: usize = 100;
const BYTES: usize = 20_000;

fn timed<T>(act: impl FnOnce() -> T) -> (f64, T) {
    // Nobody pays for what another step left to be written.
    rustix::fs::sync();
    let start = Instant::now();
    let done = act();
    (start.elapsed().as_secs_f64() * 1000.0, done)
}

fn shell(script: &str, base: &Path) {
    assert!(
        Command::new("unshare")
            .args(["--map-root-user", "--mount", "sh", "-ec", script])
            .current_dir(base)
            .status()
            .unwrap()
            .success()
    );
}

const ROUNDS: usize = 3;

fn main() {
    (0..ROUNDS).for_each(|_| round());
}

fn round() {
    let place = tempfile::tempdir().unwrap();
    let base = place.path().join("base");
    let mut state = 1_u64;
    for directory in 0..DIRECTORIES {
        fs::create_dir_all(base.join(directory.to_string())).unwrap();
        for file in 0..FILES {
            let mut noise = || {
                state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
                state.to_be_bytes()[0]
            };
            let bytes: Vec<u8> = (0..BYTES).map(|_| noise()).collect();
            fs::write(base.join(format!("{directory}/{file}.jpg")), bytes).unwrap();
        }
    }
    let copy = place.path().join("copy");
    let (copied, _) = timed(|| assert!(Command::new("cp").arg("-a").arg(&base).arg(&copy).status().unwrap().success()));
    let script = "cp -a base synced && sync -f synced";
    let (synced, ()) = timed(|| shell(script, place.path()));
    let limits = Limits::default();
    let (began, (mut stage, before)) = timed(|| Stage::new(&base, &limits).unwrap());
    let merged = place.path().join("merged");
    fs::create_dir(&merged).unwrap();
    let script = format!(
        "mount -t overlay -o userxattr,index=off,volatile,lowerdir={},upperdir={},workdir={} overlay {}; cd {}; for d in *; do mkdir -p year/$d; mv $d/* year/$d; rmdir $d 2>/dev/null || true; done",
        base.display(),
        stage.upper().display(),
        stage.work().display(),
        merged.display(),
        merged.display()
    );
    let (run, ()) = timed(|| shell(&script, place.path()));
    let (scanned, effects) = timed(|| stage.scan(before, &limits).unwrap());
    assert_eq!(effects.diff.counts().moved, 10_000);
    let (committed, _) = timed(|| stage.commit(&limits).unwrap());
    assert_eq!(tree::read(&base, &limits).unwrap(), effects.after);
    let (undone, _) = timed(|| stage.undo(&limits).unwrap());
    let (dropped, ()) = timed(|| stage.discard().unwrap());
    assert!(leftovers(&base).unwrap().is_empty());
    println!(
        "{{\"bench\":\"effects\",\"files\":10000,\"bytes\":{BYTES},\"cp_ms\":{copied:.0},\"cp_synced_ms\":{synced:.0},\"stage_ms\":{began:.0},\"run_ms\":{run:.0},\"scan_ms\":{scanned:.0},\"commit_ms\":{committed:.0},\"undo_ms\":{undone:.0},\"drop_ms\":{dropped:.0},\"ratio\":{:.2},\"ratio_synced\":{:.2}}}",
        (scanned + committed) / copied,
        (scanned + committed) / synced
    );
}
