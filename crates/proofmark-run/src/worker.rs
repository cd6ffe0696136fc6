//! Starts workers inside fences, hands each one job and reads its answers, whatever the worker does.
//!
//! A worker that dies, falls silent, talks nonsense or talks too much becomes a value of [`Ended`]; it can't block or
//! take down its parent. Its standard input stays open until the parent is done with it, which is how an orphaned
//! worker notices.

use std::io::{BufRead, BufReader, Read, Write};
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::time::{Duration, Instant};

use crate::fence::{Code, Fenced, How, Launcher, Limits, Mount, Payload, Plan, Probe};

/// The longest line that a worker may answer, in bytes.
pub const LINE_MAX: u64 = 16 << 20;
/// Lines read ahead of their reader.
const LINES_AHEAD: usize = 16;
/// What is kept of a worker's standard error, in bytes.
const STDERR_KEPT: usize = 2000;
/// How often it is asked whether the worker must stop. A stop must take effect within 50 ms.
const ASKED_EVERY: Duration = Duration::from_millis(10);

/// What starts worker processes. The one that runs artifacts is [`Fences`].
pub trait Launch: Sync {
    /// Starts a worker that sees this of the host, and no other file.
    ///
    /// # Errors
    /// Why it can't be started, in words.
    fn launch(&self, seen: &Seen) -> Result<Started, String>;
}

/// What a worker sees of the host.
#[derive(Debug, Clone, Default)]
pub struct Seen {
    pub mounts: Vec<Mount>,
    /// The most that a file may hold that it writes, in bytes.
    pub file_bytes: u64,
}

/// A process that was started.
pub struct Started {
    pub stdin: Box<dyn Write + Send>,
    pub stdout: Box<dyn Read + Send>,
    pub stderr: Box<dyn Read + Send>,
    /// Ends it now, with everything that it started. One that has ended stays as it was.
    pub kill: Box<dyn Fn() + Send>,
    /// Waits until it has ended and says how, in words.
    pub end: Box<dyn FnOnce() -> String + Send>,
    /// What was tried in its fence before it started.
    pub probe: Probe,
}

/// Workers inside fences of their own.
#[derive(Debug, Clone)]
pub struct Fences {
    pub launcher: Arc<Launcher>,
    /// The most memory that one worker may hold, in bytes.
    pub memory_bytes: u64,
}

/// Threads and processes of one worker: the most checking threads there can be, and a few of its own.
const PROCESSES: u64 = 96;
/// A day: a bound for what nothing else ends, never a budget.
const CPU_SECONDS: u64 = 86_400;

impl Launch for Fences {
    fn launch(&self, seen: &Seen) -> Result<Started, String> {
        let limits = Limits {
            memory_bytes: self.memory_bytes,
            processes: PROCESSES,
            // The engine keeps images of memories in memory files.
            file_bytes: self.memory_bytes.max(seen.file_bytes),
            open_files: 256,
            cpu_seconds: CPU_SECONDS,
        };
        let mut plan = Plan::new(Payload::Worker, limits, Code::Generated);
        plan.mounts.clone_from(&seen.mounts);
        let mut fenced = self.launcher.spawn(&plan).map_err(|error| error.to_string())?;
        let stdin = fenced.stdin.take().ok_or("it has no standard input")?;
        let copy = |file: &std::fs::File| file.try_clone().map_err(|error| error.to_string());
        let (stdout, stderr) = (copy(&fenced.stdout)?, copy(&fenced.stderr)?);
        let killer = fenced.killer();
        Ok(Started {
            stdin: Box::new(stdin),
            stdout: Box::new(stdout),
            stderr: Box::new(stderr),
            kill: Box::new(move || killer.kill()),
            probe: fenced.probe.clone(),
            end: Box::new(move || end(fenced)),
        })
    }
}

fn end(fenced: Fenced) -> String {
    match fenced.wait() {
        Ok(exit) => {
            let how = match exit.how {
                How::Code(code) => format!("exit status: {code}"),
                How::Signal(signal) => format!("signal: {signal}"),
                How::Killed => "killed".to_owned(),
            };
            let hit = exit.limits_hit.iter().map(|hit| format!(", at its limit of {hit}"));
            std::iter::once(how).chain(hit).collect()
        }
        Err(error) => error.to_string(),
    }
}

/// A running worker. Dropping it kills it.
pub struct Worker {
    /// What was tried in its fence before it started.
    pub probe: Probe,
    kill: Box<dyn Fn() + Send>,
    /// `None` once its end was waited for.
    end: Option<Box<dyn FnOnce() -> String + Send>>,
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

/// Starts a worker on `job`, which is written to its standard input.
///
/// `silence_max`: how long it may say nothing before it is killed. A backstop against hangs, never a budget.
///
/// # Errors
/// [`Ended::NotStarted`].
pub fn start(launch: &dyn Launch, seen: &Seen, silence_max: Duration, job: Vec<u8>) -> Result<Worker, Ended> {
    let Started { stdin, stdout, stderr, kill, end, probe } = launch.launch(seen).map_err(Ended::NotStarted)?;
    let (said, saying) = channel();
    let (lines, incoming) = sync_channel(LINES_AHEAD);
    let (words, last_words) = channel();
    // None is joined: a process that the worker left behind may hold the pipes open for ever.
    std::thread::spawn(move || feed(stdin, &saying));
    std::thread::spawn(move || split(stdout, &lines));
    std::thread::spawn(move || words.send(tail(stderr)));
    let worker = Worker { probe, kill, end: Some(end), said, incoming, last_words, silence_max };
    worker.say(job);
    Ok(worker)
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
                    let how = self.finish();
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

    /// Ends the worker, and waits until no process of it and no mount is left.
    pub fn dismiss(mut self) {
        (self.kill)();
        if let Some(end) = self.end.take() {
            end();
        }
    }

    fn end(&mut self, ended: Ended) -> Ended {
        (self.kill)();
        ended
    }

    /// Waits for a worker that closed its output, and kills it if it does not end. Says how it ended.
    fn finish(&mut self) -> String {
        let Some(end) = self.end.take() else { return "ended".to_owned() };
        let (ended, how) = channel();
        std::thread::spawn(move || ended.send(end()));
        how.recv_timeout(Duration::from_secs(1))
            .or_else(|_| {
                (self.kill)();
                how.recv()
            })
            .unwrap_or_else(|_| "ended".to_owned())
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        (self.kill)();
    }
}

/// Writes what is said until nobody can say more, then closes the pipe.
fn feed(mut stdin: Box<dyn Write + Send>, saying: &Receiver<Vec<u8>>) {
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

#[cfg(test)]
mod tests;
