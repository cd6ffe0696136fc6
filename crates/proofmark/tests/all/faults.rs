//! A machine that does not cooperate: interruption, two at once, a full disk, a directory that can't be written.

use std::os::unix::process::CommandExt as _;
use std::process::Stdio;
use std::time::Duration;

use nix::sys::signal::{Signal, killpg};
use nix::unistd::Pid;

use crate::place::{DOUBLE, Place, Ran, doubling};

/// A correct artifact that takes half the fuel of a call on every one: its check takes minutes.
fn slow() -> String {
    doubling(
        "(local $i i32) (local.set $i (i32.const 1000000))
         (loop $l (br_if $l (local.tee $i (i32.sub (local.get $i) (i32.const 1)))))",
    )
}

#[test]
fn an_interrupted_check_leaves_a_valid_log_and_no_mark() {
    for (signal, after) in [(Signal::SIGINT, 700), (Signal::SIGKILL, 700), (Signal::SIGINT, 60), (Signal::SIGKILL, 120)]
    {
        let place = Place::new();
        place.write("contract.toml", DOUBLE).write("artifact.wat", slow());
        let mut child = place
            .command()
            .args(["check", "contract.toml", "artifact.wat"])
            .process_group(0)
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        std::thread::sleep(Duration::from_millis(after));
        killpg(Pid::from_raw(child.id() as i32), signal).unwrap();
        assert!(!child.wait().unwrap().success());
        assert!(!place.path("artifact.wat.mark").exists());
        place.run(&["log", "audit"]).exits(0);
        place.write("artifact.wat", doubling(""));
        place.run(&["check", "contract.toml", "artifact.wat"]).exits(0);
        place.run(&["log", "audit"]).exits(0);
    }
}

#[test]
fn a_killed_governor_takes_its_workers_with_it() {
    let place = Place::new();
    place.write("contract.toml", DOUBLE).write("artifact.wat", slow());
    let mut child = place
        .command()
        .args(["check", "contract.toml", "artifact.wat"])
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let workers = || {
        let of = format!("/proc/{0}/task/{0}/children", child.id());
        std::fs::read_to_string(of).unwrap_or_default()
    };
    let mut seen = String::new();
    for _ in 0..100 {
        std::thread::sleep(Duration::from_millis(20));
        // Workers are started by the main thread.
        seen = workers();
        if !seen.trim().is_empty() {
            break;
        }
    }
    let worker = seen.split_whitespace().next().unwrap().to_owned();
    child.kill().unwrap();
    child.wait().unwrap();
    let gone = (0..150).any(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let status = std::fs::read_to_string(format!("/proc/{worker}/status")).unwrap_or_default();
        status.is_empty() || status.contains("State:\tZ")
    });
    assert!(gone, "worker {worker} is still there");
}

#[test]
fn two_checks_at_the_same_moment_both_land_in_one_log() {
    let place = Place::new();
    place.write("contract.toml", DOUBLE);
    let children: Vec<_> = (0..4)
        .map(|nth| {
            let name = format!("artifact{nth}.wat");
            place.write(&name, doubling(&"(nop)".repeat(nth)));
            let mut command = place.command();
            command.args(["--format", "json", "check", "contract.toml", &name, "--generator", "same"]);
            command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap()
        })
        .collect();
    let mut attempts: Vec<u64> = children
        .into_iter()
        .map(|child| Ran::of(&child.wait_with_output().unwrap()).exits(0).json()["attempt"].as_u64().unwrap())
        .collect();
    attempts.sort_unstable();
    assert_eq!(attempts, [1, 2, 3, 4]);
    place.run(&["log", "audit"]).exits(0);
    for nth in 0..4 {
        let (mark, artifact) = (format!("artifact{nth}.wat.mark"), format!("artifact{nth}.wat"));
        place.run(&["verify", &mark, &artifact, "--log", ".proofmark/log"]).exits(0);
    }
}

#[test]
fn a_full_disk_is_said_and_the_log_stays_valid() {
    // A file system of 300 kB, where this user may mount one; a limit on file sizes does not tell a full disk.
    let place = Place::empty();
    let disk = place.path("disk");
    std::fs::create_dir(&disk).unwrap();
    let mounted = std::process::Command::new("mount")
        .args(["-t", "tmpfs", "-o", "size=300k", "tmpfs"])
        .arg(&disk)
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success());
    if !mounted {
        eprintln!("not tried: this user may not mount a small file system");
        return;
    }
    place.write("contract.toml", DOUBLE);
    place.run(&["init", "--home", "disk/home"]).exits(0);
    place.write("disk/other", vec![1; 16 << 10]);
    let mut full = None;
    for nth in 0..100 {
        place.write("artifact.wat", doubling(&"(nop)".repeat(nth)));
        let ran = place.run(&["check", "--home", "disk/home", "contract.toml", "artifact.wat"]);
        if ran.code != 0 {
            full = Some(ran);
            break;
        }
    }
    let full = full.map(|ran| (ran.code, ran.all()));
    // What is in the log and was not published is published first, which takes a little space.
    std::fs::remove_file(place.path("disk/other")).unwrap();
    let audit = place.run(&["log", "audit", "--home", "disk/home"]);
    std::process::Command::new("umount").arg("-l").arg(&disk).status().unwrap();
    let (code, said) = full.unwrap();
    assert_eq!(code, 4, "{said}");
    assert!(said.contains("disk/home") && said.to_lowercase().contains("space"), "{said}");
    audit.exits(0);
}

#[test]
fn a_home_that_cannot_be_written_is_said() {
    let place = Place::new();
    place.write("contract.toml", DOUBLE).write("artifact.wat", doubling(""));
    // Root may write anywhere, so a file stands where a directory has to be.
    std::fs::remove_dir_all(place.path(".proofmark/log/blob")).ok();
    place.write(".proofmark/log/blob", "not a directory");
    place.run(&["check", "contract.toml", "artifact.wat"]).exits(4).says("blob");
    place.run(&["init", "--home", "contract.toml/home"]).exits(4).says("contract.toml");
}
