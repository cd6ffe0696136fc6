//! Starts a worker process, hands it one job and reads its answers, whatever the worker does.
//!
//! A worker that dies, falls silent, talks nonsense or talks too much becomes a value of [`Ended`]; it can't block or
//! take down its parent. The worker's environment is empty and its standard input stays open until the parent is done
//! with it, which is how an orphaned worker notices.

use std::ffi::OsString;
use std::io::{BufRead, BufReader, Read, Write};
use std::path::PathBuf;
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

/// The longest line that a worker may answer, in bytes.
pub const LINE_MAX: u64 = 16 << 20;
/// Lines read ahead of their reader.
const LINES_AHEAD: usize = 16;
/// What is kept of a worker's standard error, in bytes.
const STDERR_KEPT: usize = 2000;
/// How often it is asked whether the worker must stop. A stop must take effect within 50 ms.
const ASKED_EVERY: Duration = Duration::from_millis(10);

/// How to start a worker.
#[derive(Debug, Clone)]
pub struct Launch {
    pub program: PathBuf,
    pub arguments: Vec<OsString>,
    /// How long a worker may say nothing before it is killed. A backstop against hangs, never a budget.
    pub silence_max: Duration,
}

/// A running worker. Dropping it kills it.
pub struct Worker {
    child: Child,
    /// What is to be written to its standard input.
    said: Sender<Vec<u8>>,
    incoming: Receiver<Vec<u8>>,
    last_words: Receiver<String>,
    silence_max: Duration,
}

/// How a worker ended before it was done.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Ended {
    /// It could not be started.
    NotStarted(String),
    /// It ended without an answer: how, and the end of what it wrote to standard error.
    Died { how: String, stderr: String },
    /// It said nothing for `silence_max` and was killed.
    Silent,
    /// It sent something that is not an answer and was killed.
    Nonsense(String),
    /// It was told to stop, for that reason, and was killed.
    Stopped(String),
}

/// Why a worker must stop now, if it must. Asked every 10 ms while the worker is listened to.
pub type Stop<'a> = &'a mut dyn FnMut() -> Option<String>;

/// For workers that nothing but their own end stops.
#[must_use]
pub fn never() -> Option<String> {
    None
}

impl Launch {
    /// Starts a worker on `job`, which is written to its standard input.
    ///
    /// # Errors
    /// [`Ended::NotStarted`].
    pub fn start(&self, job: Vec<u8>) -> Result<Worker, Ended> {
        let not_started =
            |why: &dyn std::fmt::Display| Ended::NotStarted(format!("`{}`: {why}", self.program.display()));
        let mut child = Command::new(&self.program)
            .args(&self.arguments)
            .env_clear()
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .map_err(|error| not_started(&error))?;
        let (Some(stdin), Some(stdout), Some(stderr)) = (child.stdin.take(), child.stdout.take(), child.stderr.take())
        else {
            return Err(not_started(&"it has no pipes"));
        };
        let (said, saying) = channel();
        let (lines, incoming) = sync_channel(LINES_AHEAD);
        let (words, last_words) = channel();
        // None is joined: a process that the worker left behind may hold the pipes open for ever.
        std::thread::spawn(move || feed(stdin, &saying));
        std::thread::spawn(move || split(stdout, &lines));
        std::thread::spawn(move || words.send(tail(stderr)));
        let worker = Worker { child, said, incoming, last_words, silence_max: self.silence_max };
        worker.say(job);
        Ok(worker)
    }
}

impl Worker {
    /// Writes to the worker's standard input, behind what was said before. Never waits.
    pub fn say(&self, bytes: Vec<u8>) {
        // A worker that is gone is noticed where its answer is missing.
        drop(self.said.send(bytes));
    }

    /// The next line of the worker, with its newline.
    ///
    /// # Errors
    /// [`Ended`]; the worker is then dead.
    pub fn hear(&mut self, stop: Stop<'_>) -> Result<Vec<u8>, Ended> {
        let silent_at = Instant::now().checked_add(self.silence_max);
        loop {
            if let Some(why) = stop() {
                return Err(self.end(Ended::Stopped(why)));
            }
            match self.incoming.recv_timeout(ASKED_EVERY) {
                Ok(line) if line.len() as u64 >= LINE_MAX => {
                    return Err(self.nonsense(format!("a line of more than {LINE_MAX} bytes")));
                }
                Ok(line) => return Ok(line),
                Err(RecvTimeoutError::Timeout) if silent_at.is_some_and(|at| Instant::now() >= at) => {
                    return Err(self.end(Ended::Silent));
                }
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => {
                    let how = finish(&mut self.child);
                    let stderr = self.last_words.recv_timeout(Duration::from_secs(1)).unwrap_or_default();
                    return Err(Ended::Died { how, stderr });
                }
            }
        }
    }

    /// Kills the worker because what it said is not an answer.
    pub fn nonsense(&mut self, what: String) -> Ended {
        self.end(Ended::Nonsense(what))
    }

    fn end(&mut self, ended: Ended) -> Ended {
        kill(&mut self.child);
        ended
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        kill(&mut self.child);
    }
}

fn kill(child: &mut Child) {
    // Fails only for a process that has ended already.
    drop(child.kill());
    drop(child.wait());
}

/// Writes what is said until nobody can say more, then closes the pipe.
fn feed(mut stdin: ChildStdin, saying: &Receiver<Vec<u8>>) {
    while let Ok(bytes) = saying.recv() {
        if stdin.write_all(&bytes).and_then(|()| stdin.flush()).is_err() {
            return;
        }
    }
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

/// Waits for a worker that closed its output, and kills it if it does not end. Says how it ended.
fn finish(child: &mut Child) -> String {
    for _ in 0..50 {
        match child.try_wait() {
            Ok(Some(status)) => return status.to_string(),
            Ok(None) => std::thread::sleep(Duration::from_millis(20)),
            Err(error) => return error.to_string(),
        }
    }
    drop(child.kill());
    child.wait().map_or_else(|error| error.to_string(), |status| status.to_string())
}

#[cfg(test)]
mod tests;
