//! Workers that behave, and all the ways in which they do not.

use std::process::{Command, Stdio};

use nix::sys::signal::Signal;
use nix::unistd::Pid;

use super::*;

/// A shell script in the place of the worker, with nothing around it.
struct Script<'a>(&'a str);

impl Launch for Script<'_> {
    fn launch(&self, _: &Seen) -> Result<Started, String> {
        let mut child = Command::new("/bin/sh")
            .args(["-c", self.0])
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
                let _ = nix::sys::signal::kill(pid, Signal::SIGKILL);
            }),
            end: Box::new(move || child.wait().unwrap().to_string()),
            probe: Probe::default(),
        })
    }
}

fn started(script: &str, job: &[u8]) -> Worker {
    start(&Script(script), &Seen::default(), Duration::from_millis(400), job.to_vec()).unwrap()
}

/// Lines until `answer`, and how it ended if that never came.
fn run(script: &str, job: &[u8]) -> (Option<Ended>, Vec<String>) {
    let mut worker = started(script, job);
    let mut lines = Vec::new();
    loop {
        match worker.hear(&mut never) {
            Ok(line) => lines.push(String::from_utf8_lossy(&line).trim().to_owned()),
            Err(ended) => return (Some(ended), lines),
        }
        match lines.last().map(String::as_str) {
            Some("answer") => return (None, lines),
            Some("progress") => {}
            other => return (Some(worker.nonsense(other.unwrap_or_default().chars().take(20).collect())), lines),
        }
    }
}

#[test]
fn an_answer_is_heard_and_the_worker_can_be_told_more() {
    let (ended, lines) = run("echo progress; read line; echo \"$line\"; exec sleep 60", b"answer\n");
    assert_eq!((ended, lines), (None, vec!["progress".to_owned(), "answer".to_owned()]));
    let mut worker = started("exec cat", b"one\n");
    assert_eq!(worker.hear(&mut never).unwrap(), b"one\n");
    worker.say(b"two\n".to_vec());
    assert_eq!(worker.hear(&mut never).unwrap(), b"two\n");
}

#[test]
fn a_worker_that_dies_is_told_apart() {
    let (ended, _) = run("echo progress; echo why >&2; exit 7", b"");
    assert_eq!(ended, Some(Ended::Died { how: "exit status: 7".into(), stderr: "why".into() }));
    let (ended, _) = run("kill -9 $$", b"");
    assert!(matches!(ended, Some(Ended::Died { how, .. }) if how.contains("signal: 9")));
}

#[test]
fn a_silent_worker_is_killed() {
    assert_eq!(run("exec sleep 60", b"").0, Some(Ended::Silent));
    let killed = Ended::Died { how: "signal: 9 (SIGKILL)".into(), stderr: String::new() };
    assert_eq!(run("exec >&-; exec sleep 60", b"").0, Some(killed));
}

#[test]
fn nonsense_and_floods_are_refused() {
    assert_eq!(run("echo hello; exec sleep 60", b"").0, Some(Ended::Nonsense("hello".into())));
    assert!(matches!(run("exec cat /dev/zero", b"").0, Some(Ended::Nonsense(why)) if why.contains("more than")));
    assert!(matches!(run("exec yes", b"").0, Some(Ended::Nonsense(_))));
}

#[test]
fn a_worker_stops_when_it_is_told_whatever_it_says() {
    for script in ["exec sleep 60", "while :; do echo progress; done"] {
        let mut worker = started(script, b"");
        let mut asked = 0;
        let ended = loop {
            let mut stop = || {
                asked += 1;
                (asked > 5).then(|| "an order".to_owned())
            };
            if let Err(ended) = worker.hear(&mut stop) {
                break ended;
            }
        };
        assert_eq!(ended, Ended::Stopped("an order".into()));
    }
}

#[test]
fn a_worker_that_is_let_go_is_gone() {
    let mut worker = started("echo $$; exec sleep 60", b"");
    let pid = String::from_utf8(worker.hear(&mut never).unwrap()).unwrap();
    let state = || std::fs::read_to_string(format!("/proc/{}/status", pid.trim())).unwrap_or_default();
    assert!(!state().is_empty());
    drop(worker);
    // What is killed is a zombie at most: nothing waits for it here.
    assert!((0..100).any(|_| {
        std::thread::sleep(Duration::from_millis(10));
        state().is_empty() || state().contains("State:\tZ")
    }));
}

#[test]
fn a_job_that_is_never_read_does_not_block() {
    assert_eq!(run("exec sleep 60", &vec![0; 1 << 20]).0, Some(Ended::Silent));
}

#[test]
fn a_worker_that_can_not_be_started_is_said() {
    struct Broken;
    impl Launch for Broken {
        fn launch(&self, _: &Seen) -> Result<Started, String> {
            Err("no namespaces".to_owned())
        }
    }
    let ended = start(&Broken, &Seen::default(), Duration::from_secs(1), Vec::new()).err();
    assert_eq!(ended, Some(Ended::NotStarted("no namespaces".into())));
}
