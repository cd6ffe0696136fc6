//! Two writers at once, as threads and as processes, on a real directory.

use std::path::Path;

use super::*;

const DIRECTORY: &str = "PROOFMARK_TEST_LOG";

fn write(directory: &Path, who: &str, batches: u64) -> Vec<Committed> {
    let mut log = Log::open(Store::local(directory).unwrap(), signer()).unwrap();
    let batch = |n| (0..n % 5 + 1).map(|i| entry(&format!("{who} {n} {i}"))).collect::<Vec<_>>();
    (0..batches).map(|n| log.append(&batch(n)).unwrap()).collect()
}

fn assert_complete(directory: &Path, writers: &[&str], batches: u64) {
    let store = Store::local(directory).unwrap();
    let audit = assert_sound(&store);
    assert_eq!(audit.commits, 1 + batches * writers.len() as u64);
    let view = View::open(&store, &verifier()).unwrap();
    let written: Vec<_> = view.entries(0..view.size()).map(|entry| entry.unwrap().1.about.unwrap().artifact).collect();
    for who in writers {
        // Each writer's entries are there once, in its order.
        let wanted: Vec<_> = (0..batches)
            .flat_map(|n| (0..n % 5 + 1).map(move |i| Digest::of(format!("{who} {n} {i}").as_bytes())))
            .collect();
        let found: Vec<_> = written.iter().copied().filter(|artifact| wanted.contains(artifact)).collect();
        assert_eq!(found, wanted);
    }
    assert_eq!(written.len() as u64, writers.len() as u64 * (0..batches).map(|n| n % 5 + 1).sum::<u64>());
}

#[test]
fn two_threads_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    Log::create(Store::local(directory.path()).unwrap(), signer()).unwrap();
    let committed: Vec<_> = std::thread::scope(|scope| {
        let writers = ["a", "b"].map(|who| scope.spawn(|| write(directory.path(), who, 15)));
        writers.into_iter().flat_map(|writer| writer.join().unwrap()).collect()
    });
    assert_complete(directory.path(), &["a", "b"], 15);
    let mut ranges: Vec<_> = committed.iter().map(|committed| (committed.first, committed.size)).collect();
    ranges.sort_unstable();
    assert!(ranges.windows(2).all(|pair| pair[0].1 == pair[1].0), "{ranges:?}");
}

#[test]
fn two_processes_lose_nothing() {
    let directory = tempfile::tempdir().unwrap();
    Log::create(Store::local(directory.path()).unwrap(), signer()).unwrap();
    let this = format!("{}::a_process_of_the_test_above", module_path!().split_once("::").unwrap().1);
    let spawn = |who: &str| {
        std::process::Command::new(std::env::current_exe().unwrap())
            .args(["--exact", &this, "--ignored"])
            .env(DIRECTORY, format!("{who}{}", directory.path().display()))
            .stdout(std::process::Stdio::null())
            .spawn()
            .unwrap()
    };
    let processes = ["a", "b"].map(spawn);
    for mut process in processes {
        assert!(process.wait().unwrap().success());
    }
    assert_complete(directory.path(), &["a", "b"], 15);
}

#[test]
#[ignore = "runs as a child of `two_processes_lose_nothing`"]
fn a_process_of_the_test_above() {
    let Ok(job) = std::env::var(DIRECTORY) else { return };
    let (who, directory) = job.split_at(1);
    write(Path::new(directory), who, 15);
}

#[test]
fn a_directory_that_cannot_be_written_is_told() {
    let directory = tempfile::tempdir().unwrap();
    let mut log = filled(&Store::local(directory.path()).unwrap(), &[2], 4);
    let lock = |mode| {
        use std::os::unix::fs::PermissionsExt as _;
        for folder in ["commit", "blob", "tile/0/000.p", ""] {
            let mode = std::fs::Permissions::from_mode(mode);
            std::fs::set_permissions(directory.path().join(folder), mode).unwrap();
        }
    };
    lock(0o555);
    // The superuser may write anyway.
    let may_write = std::fs::write(directory.path().join("probe"), "").is_ok();
    if !may_write {
        let error = log.append(&batch(4..5)).unwrap_err().to_string();
        assert!(error.contains("is read-only for you; make it writable"), "{error}");
        View::open(&Store::local(directory.path()).unwrap(), &verifier()).unwrap();
    }
    lock(0o755);
    drop(std::fs::remove_file(directory.path().join("probe")));
    log.append(&batch(4..5)).unwrap();
    assert_sound(&Store::local(directory.path()).unwrap());
}
