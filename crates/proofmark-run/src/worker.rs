//! Starts a worker process, hands it one job and reads its answer, whatever the worker does.
//!
//! A worker that dies, falls silent, talks nonsense or talks too much becomes a value of [`Ended`]; it can't block or
//! take down its parent. The worker's environment is empty and its standard input stays open until the parent goes
//! away, which is how an orphaned worker notices.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, channel, sync_channel};
use std::time::Duration;

/// The longest line that a worker may answer, in bytes.
pub const LINE_MAX: u64 = 16 << 20;
/// Lines read ahead of their reader.
const LINES_AHEAD: usize = 16;
/// What is kept of a worker's standard error, in bytes.
const STDERR_KEPT: usize = 2000;

/// How to start a worker.
#[derive(Debug, Clone)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// How long a worker may say nothing before it is killed. A backstop against hangs, never a budget.
    pub silence_max: Duration,
}

/// How a worker ended.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// The reader of its lines accepted an answer.
    Answered,
    /// It could not be started.
    NotStarted(String),
    /// It ended without an answer: how, and the end of what it wrote to standard error.
    Died { how: String, stderr: String },
    /// It said nothing for `silence_max` and was killed.
    Silent,
    /// It sent something that is not an answer and was killed.
    Nonsense(String),
}

/// What the reader of a worker's lines makes of one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Line {
    /// Progress: go on.
    More,
    /// The answer: stop reading.
    Last,
    /// Not part of the protocol.
    Nonsense(String),
}

impl Launch {
    /// Runs a worker on `job` (written to its standard input) and gives each line it prints to `read`.
    pub fn run(&self, job: Vec<u8>, read: &mut dyn FnMut(&[u8]) -> Line) -> Ended {
        let started = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn();
        let mut child = match started {
            Ok(child) => child,
            Err(error) => return Ended::NotStarted(format!("`{}`: {error}", self.program.display())),
        };
        let (lines, incoming) = sync_channel(LINES_AHEAD);
        let (last_words, heard) = channel();
        let stdin = child.stdin.take().map(|stdin| std::thread::spawn(move || feed(stdin, &job)));
        if let (Some(stdout), Some(stderr)) = (child.stdout.take(), child.stderr.take()) {
            // Not joined: a process that the worker left behind may hold the pipes open for ever.
            std::thread::spawn(move || split(stdout, &lines));
            std::thread::spawn(move || last_words.send(tail(stderr)));
        }
        let ended = self.listen(&incoming, read);
        drop(incoming);
        let how = finish(&mut child, ended.is_none());
        drop(stdin.map(std::thread::JoinHandle::join));
        ended.unwrap_or_else(|| {
            let stderr = heard.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
            Ended::Died { how, stderr }
        })
    }

    /// `None` when the worker closed its output without an answer.
    fn listen(&self, incoming: &Receiver<Vec<u8>>, read: &mut dyn FnMut(&[u8]) -> Line) -> Option<Ended> {
        loop {
            match incoming.recv_timeout(self.silence_max) {
                Ok(line) if line.len() as u64 >= LINE_MAX => {
                    return Some(Ended::Nonsense(format!("a line of more than {LINE_MAX} bytes")));
                }
                Ok(line) => match read(&line) {
                    Line::More => {}
                    Line::Last => return Some(Ended::Answered),
                    Line::Nonsense(why) => return Some(Ended::Nonsense(why)),
                },
                Err(RecvTimeoutError::Timeout) => return Some(Ended::Silent),
                Err(RecvTimeoutError::Disconnected) => return None,
            }
        }
    }
}

/// Writes the job and gives the pipe back, so that it stays open until the worker is done.
fn feed(mut stdin: ChildStdin, job: &[u8]) -> Option<ChildStdin> {
    stdin.write_all(job).and_then(|()| stdin.flush()).ok().map(|()| stdin)
}

fn split(stdout: impl Read, lines: &SyncSender<Vec<u8>>) {
    let mut reader = BufReader::new(stdout);
    loop {
        let mut line = Vec::new();
        match reader.by_ref().take(LINE_MAX).read_until(b'\n', &mut line) {
            Ok(0) | Err(_) => return,
            Ok(_) if lines.send(line).is_err() => return,
            Ok(_) => {}
        }
    }
}

fn tail(mut stderr: impl Read) -> String {
    let mut kept = Vec::new();
    let mut buffer = [0; 4096];
    while let Ok(read @ 1..) = stderr.read(&mut buffer) {
        kept.extend_from_slice(buffer.get(..read).unwrap_or_default());
        let surplus = kept.len().saturating_sub(STDERR_KEPT);
        kept.drain(..surplus);
    }
    String::from_utf8_lossy(&kept).trim().to_owned()
}

/// Waits for a worker that closed its output by itself; kills any other. Says how it ended.
fn finish(child: &mut Child, by_itself: bool) -> String {
    if by_itself {
        for _ in 0..50 {
            match child.try_wait() {
                Ok(Some(status)) => return status.to_string(),
                Ok(None) => std::thread::sleep(Duration::from_millis(20)),
                Err(error) => return error.to_string(),
            }
        }
    }
    if let Err(error) = child.kill() {
        return error.to_string();
    }
    child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run(script: &str, job: &[u8]) -> (Ended, Vec<String>) {
        let launch = Launch {
            program: "/bin/sh".into(),
            arguments: vec!["-c".into(), script.into()],
            silence_max: Duration::from_millis(400),
        };
        let mut lines = Vec::new();
        let ended = launch.run(job.to_vec(), &mut |line| {
            let line = String::from_utf8_lossy(line).trim().to_owned();
            lines.push(line.clone());
            match line.as_str() {
                "answer" => Line::Last,
                "progress" => Line::More,
                other => Line::Nonsense(other.chars().take(20).collect()),
            }
        });
        (ended, lines)
    }

    #[test]
    fn an_answer_ends_the_worker() {
        let (ended, lines) = run("echo progress; read line; echo \"$line\"; exec sleep 60", b"answer\n");
        assert_eq!(ended, Ended::Answered);
        assert_eq!(lines, ["progress", "answer"]);
    }

    #[test]
    fn a_worker_that_dies_is_told_apart() {
        let (ended, _) = run("echo progress; echo why >&2; exit 7", b"");
        assert_eq!(ended, Ended::Died { how: "exit status: 7".into(), stderr: "why".into() });
        let (ended, _) = run("kill -9 $$", b"");
        assert!(matches!(ended, Ended::Died { how, .. } if how.contains("signal: 9")));
    }

    #[test]
    fn a_silent_worker_is_killed() {
        assert_eq!(run("exec sleep 60", b"").0, Ended::Silent);
        assert_eq!(
            run("exec >&-; exec sleep 60", b"").0,
            Ended::Died { how: "signal: 9 (SIGKILL)".into(), stderr: String::new() }
        );
    }

    #[test]
    fn nonsense_and_floods_are_refused() {
        assert_eq!(run("echo hello; exec sleep 60", b"").0, Ended::Nonsense("hello".into()));
        assert!(matches!(run("exec cat /dev/zero", b"").0, Ended::Nonsense(why) if why.contains("more than")));
        assert!(matches!(run("exec yes", b"").0, Ended::Nonsense(_)));
    }

    #[test]
    fn a_job_that_is_never_read_does_not_block() {
        assert_eq!(run("exec sleep 60", &vec![0; 1 << 20]).0, Ended::Silent);
    }

    #[test]
    fn a_missing_program_is_said() {
        let launch = Launch { program: "/no/such".into(), arguments: vec![], silence_max: Duration::from_secs(1) };
        assert!(matches!(launch.run(vec![], &mut |_| Line::Last), Ended::NotStarted(why) if why.contains("/no/such")));
    }
}
