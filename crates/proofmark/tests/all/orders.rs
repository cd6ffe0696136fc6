//! Freeze, thaw, revoke and stop: what they end, whom they obey, and that every run has its end in the log.

use std::os::unix::process::ExitStatusExt as _;
use std::process::{Child, Stdio};
use std::time::Duration;

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use crate::place::{DOUBLE, Place, Ran, doubling};

/// A place with a marked artifact: quick for small numbers, and for 4,000,000,000 it runs until its fuel is used up,
/// which takes minutes.
fn marked() -> Place {
    let body = "(if (i32.eq (local.get $n) (i32.const 4000000000)) (then (loop $l (br $l))))";
    let contract = DOUBLE.replace("ensures", "requires = \"n < 1000u\"\nensures").replace(
        "[interface]",
        "may_trap = \"n >= 1000u\"\n\n[budget]\nfuel = 1_000_000_000_000\nexecutions = 10_000\n\n[interface]",
    );
    let place = Place::new();
    place.write("contract.toml", contract).write("artifact.wat", doubling(body));
    place.run(&["check", "contract.toml", "artifact.wat"]).exits(0);
    place
}

fn call(place: &Place) -> Ran {
    place.run(&["run", "artifact.wat.mark", "double(4)"])
}

/// Starts a run that takes minutes and waits until it stands in the log.
fn long(place: &Place) -> (Child, String) {
    let mut child = place
        .command()
        .args(["run", "artifact.wat.mark", "double(4000000000)"])
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let found = (0..200).find_map(|_| {
        std::thread::sleep(Duration::from_millis(20));
        let open = place.run(&["log", "runs", "--format", "json"]).exits(0).json();
        open["runs"][0]["run"].as_str().map(ToOwned::to_owned)
    });
    if found.is_none() || child.try_wait().unwrap().is_some() {
        let _ = child.kill();
        panic!("{}", ended(child).all());
    }
    (child, found.unwrap_or_default())
}

fn ended(child: Child) -> Ran {
    Ran::of(&child.wait_with_output().unwrap())
}

#[test]
fn a_freeze_holds_until_its_key_thaws_it() {
    let place = marked();
    assert_eq!(call(&place).exits(0).stdout, "8\n");
    let frozen = place.run(&["freeze", "all", "--reason", "code freeze", "--format", "json"]).exits(0).json();
    call(&place).exits(1).says("frozen: all (code freeze)");
    place.run(&["log", "orders"]).exits(0).says("code freeze");
    place.run(&["thaw", "ff"]).exits(2).says("no freeze that stands");
    place.run(&["thaw", &frozen["order"].as_str().unwrap()[..8]]).exits(0).says("thawed");
    assert_eq!(call(&place).exits(0).stdout, "8\n");
    place.run(&["log", "orders"]).exits(0).says("nothing is frozen");
    place.run(&["log", "audit"]).exits(0);
}

#[test]
fn a_freeze_reaches_no_further_than_its_scope() {
    let place = marked();
    for scope in ["generator:another", "capability:egress", "autonomy:autonomous"] {
        place.run(&["freeze", scope]).exits(0);
        call(&place).exits(0);
    }
    place.run(&["freeze", "generator:unknown", "--until", "2h"]).exits(0).says("until");
    call(&place).exits(1).says("frozen: generator:unknown");
    for wrong in
        [&["freeze", "everything"][..], &["freeze", "all", "--until", "soon"], &["freeze", "all", "--until", "-2h"]]
    {
        place.run(wrong).exits(2);
    }
    place.run(&["freeze", "all", "--until", "2020-01-01T00:00:00Z"]).exits(2).says("not in the future");
}

#[test]
fn only_a_steward_orders_and_only_a_named_one_thaws() {
    let place = marked();
    // A governor's key is not a steward's.
    place.run(&["freeze", "all", "--key", ".proofmark/keys/governor.pem"]).exits(1).says("not a steward's");
    place.run(&["freeze", "all", "--thaw-by", "nobody"]).exits(2).says("name one of: local");
    call(&place).exits(0);

    // A second steward, who alone may thaw.
    let other = Place::new();
    let theirs = String::from_utf8(other.read(".proofmark/trust.toml")).unwrap();
    let steward = theirs.split("[[steward]]").nth(1).unwrap().split("[[policy]]").next().unwrap();
    let ours = String::from_utf8(place.read(".proofmark/trust.toml")).unwrap();
    let trust = format!("{ours}\n[[steward]]{}", steward.replace("local", "ada"));
    place.write(".proofmark/trust.toml", trust);
    std::fs::copy(other.path(".proofmark/keys/steward.pem"), place.path("ada.pem")).unwrap();
    let frozen = place.run(&["freeze", "all", "--thaw-by", "ada", "--format", "json"]).exits(0).json();
    let name = frozen["order"].as_str().unwrap();
    place.run(&["thaw", name]).exits(1).says("names other keys");
    call(&place).exits(1);
    place.run(&["thaw", name, "--key", "ada.pem"]).exits(0);
    call(&place).exits(0);
}

#[test]
fn a_revoked_mark_runs_no_more_and_the_log_says_so() {
    let place = marked();
    place.run(&["verify", "artifact.wat.mark", "--log", ".proofmark/log"]).exits(0);
    place.run(&["revoke", "artifact.wat.mark", "--reason", "leaks"]).exits(0);
    call(&place).exits(1).says("revoked").says("leaks");
    place.run(&["verify", "artifact.wat.mark", "--log", ".proofmark/log"]).exits(1).says("revoked");
    place.run(&["check", "contract.toml", "artifact.wat"]).exits(0);
    call(&place).exits(0);
}

#[test]
fn a_running_artifact_obeys() {
    for order in ["stop", "freeze", "revoke"] {
        let place = marked();
        let (child, run) = long(&place);
        match order {
            "stop" => place.run(&["stop", &run]).exits(0),
            "freeze" => place.run(&["freeze", "all"]).exits(0),
            _ => place.run(&["revoke", "artifact.wat.mark"]).exits(0),
        };
        ended(child).exits(1).says("stopped: ");
        place.run(&["log", "runs"]).exits(0).says("every run has its end");
        place.run(&["log", "audit"]).exits(0);
    }
}

#[test]
fn an_interrupted_run_is_recorded_and_a_killed_one_is_missed() {
    let place = marked();
    let (child, _) = long(&place);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGINT).unwrap();
    ended(child).exits(1).says("stopped: it was interrupted");
    place.run(&["log", "runs"]).exits(0).says("every run has its end");

    let (mut child, run) = long(&place);
    kill(Pid::from_raw(child.id() as i32), Signal::SIGKILL).unwrap();
    assert_eq!(child.wait().unwrap().signal(), Some(9));
    place.run(&["log", "runs"]).exits(0).says(&run).says("run 2 has no end");
    place.run(&["log", "audit"]).exits(0);
    place.run(&["stop", "nonsense"]).exits(2);
}
