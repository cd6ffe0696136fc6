//! The worker protocol: one job on a worker's standard input, lines of JSON on its standard output.
//!
//! A job is a line of JSON ([`Header`]), then the contract's bytes, then the artifact's, then those of the contract's reference if
//! the job needs it, then, for calls, a line of WAVE each.
//! A worker answers lines of JSON ([`Answer`]). What comes back is outside input: the parent holds it against the job before
//! it believes a word.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, Read, Write};
use std::path::PathBuf;
use std::sync::Mutex;
use std::time::Duration;

use proofmark_contract::{Call, Contract, Opening};
use proofmark_mark::base64;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::evidence::Evidence;
use proofmark_run::fence::{Mount, Probe, Runs};
use proofmark_run::staged::Staging;
use proofmark_run::usage::Usage;
use proofmark_run::wasi::{World, Written, tape};
use proofmark_run::worker::{self, Launch, Seen, Stop, Worker};
use proofmark_run::{Artifact, Ended, Outcome, Program, ProgramError};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::behaviour;
use crate::checks::held_out::Withheld;
use crate::checks::{self, Finding, Found, Milestone, Progress, Task};
use crate::govern::{Event, OnEvent};

/// The longest header line, in bytes.
const HEADER_BYTES_MAX: u64 = 32 << 20;
/// How long a worker may say nothing before it is killed.
pub(crate) const SILENCE_MAX: Duration = Duration::from_secs(120);
/// How much of a tape goes into one line of an answer, in bytes.
const TAPE_PART_BYTES: usize = 3 << 20;
/// The largest contract and artifact that a job carries, in bytes.
pub const CONTRACT_BYTES_MAX: u64 = 256 << 10;
pub const ARTIFACT_BYTES_MAX: u64 = 64 << 20;

/// The first line of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub work: Work,
    pub contract_bytes: u64,
    pub artifact_bytes: u64,
    pub reference_bytes: Option<u64>,
}

/// What a worker is to do.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Work {
    /// One check. The contract is the public one; `openings` open what is sealed in it, for the check that needs that.
    Check {
        check: String,
        challenge: Challenge,
        attempt: u64,
        executions: u64,
        threads: usize,
        openings: Vec<Opening>,
        earlier: Vec<String>,
    },
    /// The calls that follow on standard input, a line of WAVE each, until it ends. In a replayed world a line with the
    /// call's tape in base64 comes after each.
    /// A call that leaves the profile `within` is ended.
    Calls { granted: BTreeSet<String>, world: World, within: Option<Usage> },
    /// So many inputs for each function, to be held against what other artifacts return ([`crate::behaviour`]).
    Behaviour { inputs: u64, threads: usize },
}

/// A job as a worker received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub header: Header,
    pub contract: String,
    pub artifact: Vec<u8>,
    pub reference: Option<Vec<u8>>,
}

/// One line of a worker's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Answer {
    Progress {
        done: u64,
        planned: u64,
    },
    /// What it came by so far.
    Milestone(Milestone),
    /// What the evidence that comes next does not say.
    Withheld(Withheld),
    Evidence(Box<Evidence>),
    /// What came of the inputs of one function, shard by shard, as digests in base64. The functions are in order.
    Behaviour(Vec<String>),
    /// The artifact is compiled; calls may come.
    Ready,
    /// The artifact can't be called, and why.
    Refused(String),
    /// A part of the tape of the call whose end comes next, in base64.
    Tape(String),
    /// What came of one call.
    Called {
        /// The result in WAVE, or why there is none.
        ended: Result<String, Cut>,
        fuel: u64,
        stdout: Vec<u8>,
        stderr: Vec<u8>,
        host_calls: BTreeMap<String, u64>,
        memory_bytes: u64,
    },
}

/// Why a call gave no result.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum Cut {
    Trapped(String),
    /// It left the profile that it was held to.
    Departed(String),
}

/// Why a worker could not serve its job.
#[derive(Debug, Error)]
pub enum JobError {
    #[error("the job can't be read: {0}")]
    Read(#[from] std::io::Error),
    #[error("the job's header is not valid: {0}")]
    Header(#[from] serde_json::Error),
    #[error("the job's {what} of {bytes} bytes is over the limit of {limit}")]
    Size { what: &'static str, bytes: u64, limit: u64 },
    #[error("the job's contract is not valid: {0}")]
    Contract(String),
    #[error("there is no check `{0}`")]
    Check(String),
    #[error("the job has a call that is none: {0}")]
    Call(String),
    #[error("the job has a call to replay without a tape")]
    Tape,
}

/// Reads one whole job from a worker's input, held to the limits, without parsing its parts.
///
/// # Errors
/// [`JobError`] when the header or a length is not valid, or the input ends early.
pub fn receive(input: &mut impl BufRead) -> Result<Job, JobError> {
    let mut line = String::new();
    input.by_ref().take(HEADER_BYTES_MAX).read_line(&mut line)?;
    let header: Header = serde_json::from_str(&line)?;
    let contract = read(input, "contract", header.contract_bytes, CONTRACT_BYTES_MAX)?;
    let contract = String::from_utf8(contract).map_err(|error| JobError::Contract(error.to_string()))?;
    let artifact = read(input, "artifact", header.artifact_bytes, ARTIFACT_BYTES_MAX)?;
    let reference = header.reference_bytes.map(|bytes| read(input, "reference", bytes, ARTIFACT_BYTES_MAX));
    Ok(Job { contract, artifact, reference: reference.transpose()?, header })
}

/// Serves one job: writes answers to `output`. The calls of [`Work::Calls`] come from `calls`, until it ends.
///
/// # Errors
/// [`JobError`] when the job itself is wrong; a bad artifact is a finding, not an error.
pub fn serve(job: Job, calls: &mut dyn Iterator<Item = String>, output: impl Write + Send) -> Result<(), JobError> {
    let Job { header, contract, artifact, reference } = job;
    let mut contract = Contract::parse(&contract).map_err(|problems| {
        JobError::Contract(problems.first().map(|problem| problem.message.clone()).unwrap_or_default())
    })?;
    if let Some(reference) = reference {
        contract.attach(&reference).map_err(|error| JobError::Contract(error.to_string()))?;
    }
    match header.work {
        Work::Check { check, challenge, attempt, executions, threads, openings, earlier } => {
            contract.open(openings).map_err(|error| JobError::Contract(error.to_string()))?;
            let (contract, artifact, natives) = (&contract, &artifact[..], None);
            let (earlier, tell) = (&earlier[..], &|_| {});
            let task = Task { contract, artifact, challenge, attempt, executions, threads, natives, earlier, tell };
            serve_check(&check, &task, output)
        }
        Work::Behaviour { inputs: executions, threads } => {
            let challenge = behaviour::challenge(&contract);
            behaviour::serve(&Task::new(&contract, &artifact, challenge, executions, threads), output)
        }
        Work::Calls { granted, world, within } => {
            let compile = |artifact: &Artifact| checks::compile(&contract, artifact, granted, world.clone(), 1, within);
            let program =
                Artifact::read(&artifact, &contract.budget).map_err(Into::into).and_then(|artifact| compile(&artifact));
            serve_calls(&contract, program, &world, calls, output)
        }
    }
}

fn serve_check(check: &str, task: &Task<'_>, output: impl Write + Send) -> Result<(), JobError> {
    let output = Mutex::new(output);
    let show = |answer| {
        if let Ok(mut output) = output.lock() {
            // A parent that is gone is noticed elsewhere; progress is worth no error.
            let _ = send(&mut *output, &answer);
        }
    };
    let progress = |done, planned| show(Answer::Progress { done, planned });
    let task = Task { tell: &|milestone| show(Answer::Milestone(milestone)), ..*task };
    let Found { evidence, withheld } =
        checks::run(check, &task, &progress).ok_or_else(|| JobError::Check(check.to_owned()))?;
    let mut output = output.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(withheld) = withheld {
        send(&mut output, &Answer::Withheld(withheld))?;
    }
    send(&mut output, &Answer::Evidence(Box::new(evidence)))?;
    Ok(())
}

fn serve_calls(
    contract: &Contract,
    program: Result<Program, ProgramError>,
    world: &World,
    calls: &mut dyn Iterator<Item = String>,
    mut output: impl Write,
) -> Result<(), JobError> {
    let program = match program {
        Ok(program) => program,
        Err(error) => return Ok(send(&mut output, &Answer::Refused(error.to_string()))?),
    };
    send(&mut output, &Answer::Ready)?;
    while let Some(text) = calls.next() {
        let call = contract.interface.parse_call(text.trim_end()).map_err(|error| JobError::Call(error.to_string()))?;
        let outcome = if *world == World::Replayed {
            let tape = calls.next().and_then(|text| base64::decode(text.trim_end())).ok_or(JobError::Tape)?;
            program.replay(&call.function, &call.args, tape)
        } else {
            program.call(&call.function, &call.args)
        };
        let Outcome { ended, fuel, written: Written { stdout, stderr }, host_calls, memory_bytes, tape } = outcome;
        for part in tape.unwrap_or_default().chunks(TAPE_PART_BYTES) {
            send(&mut output, &Answer::Tape(base64::encode(part)))?;
        }
        let ended = match ended {
            Ended::Returned(Some(value)) => Ok(value.to_string()),
            Ended::Returned(None) => Ok("()".to_owned()),
            Ended::Trapped(why) => Err(Cut::Trapped(why)),
            Ended::Departed(how) => Err(Cut::Departed(how)),
        };
        send(&mut output, &Answer::Called { ended, fuel, stdout, stderr, host_calls, memory_bytes })?;
    }
    Ok(())
}

fn read(input: &mut impl BufRead, what: &'static str, bytes: u64, limit: u64) -> Result<Vec<u8>, JobError> {
    if bytes > limit {
        return Err(JobError::Size { what, bytes, limit });
    }
    let mut data = vec![0; usize::try_from(bytes).unwrap_or_default()];
    input.read_exact(&mut data)?;
    Ok(data)
}

pub(crate) fn send(output: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

/// A job's bytes.
pub(crate) fn written(
    work: Work,
    contract_text: &str,
    artifact: &[u8],
    reference: Option<&[u8]>,
) -> Result<Vec<u8>, String> {
    let header = Header {
        work,
        contract_bytes: contract_text.len() as u64,
        artifact_bytes: artifact.len() as u64,
        reference_bytes: reference.map(|bytes| bytes.len() as u64),
    };
    let mut job = serde_json::to_vec(&header).map_err(|error| error.to_string())?;
    job.push(b'\n');
    job.extend_from_slice(contract_text.as_bytes());
    job.extend_from_slice(artifact);
    job.extend_from_slice(reference.unwrap_or_default());
    Ok(job)
}

/// Runs one check: what calls a native executable here, where each call gets a fence, everything else in a worker's fence.
/// Always ends with evidence.
pub fn check(launch: &dyn Launch, check: &str, task: &Task<'_>, contract_text: &str, watch: OnEvent<'_>) -> Found {
    watch(Event::Started { check });
    let progress = |done, planned| watch(Event::Progress { check, done, planned });
    let task = Task { tell: &|milestone| watch(Event::Milestone { check, milestone }), ..*task };
    let found = check_anywhere(launch, check, &task, contract_text, &progress);
    watch(Event::Ended { check });
    found
}

fn check_anywhere(
    launch: &dyn Launch,
    check: &str,
    task: &Task<'_>,
    contract_text: &str,
    progress: Progress<'_>,
) -> Found {
    // Without a secret, or a reference, there is nothing to call.
    let calls_nothing = match check {
        "interference" => task.contract.secrets.is_empty(),
        "reference" => task.contract.reference.is_none(),
        _ => false,
    };
    if !calls_nothing && (task.contract.interface.process().is_none() || check == "inspect") {
        return check_in_worker(launch, check, task, contract_text, progress);
    }
    let unknown = |why: &str| {
        checks::evidence(check, task.contract, task.challenge, task.attempt, Finding::unknown(check, why)).into()
    };
    // A thread of its own: a defect of ours ends the check and not the governor.
    let ran = std::thread::scope(|scope| scope.spawn(|| checks::run(check, task, progress)).join());
    match ran {
        Ok(Some(found)) => found,
        Ok(None) => unknown("there is no such check"),
        Err(_) => unknown("the check broke"),
    }
}

/// Runs one check in a worker of its own. Always ends with evidence: `unknown` when the worker did not answer properly.
fn check_in_worker(
    launch: &dyn Launch,
    check: &str,
    task: &Task<'_>,
    contract_text: &str,
    progress: Progress<'_>,
) -> Found {
    let answered = || -> Result<Found, String> {
        let Task { challenge, attempt, executions, threads, .. } = *task;
        let openings = if check == "properties" { task.contract.openings().cloned().collect() } else { Vec::new() };
        let earlier = if checks::tries_earlier(check) { task.earlier.to_vec() } else { Vec::new() };
        let work = Work::Check { check: check.to_owned(), challenge, attempt, executions, threads, openings, earlier };
        let reference = task.contract.reference.as_ref().filter(|_| checks::asks_reference(check));
        let reference = reference.and_then(|reference| reference.bytes());
        let job = written(work, contract_text, task.artifact, reference)?;
        let mut worker = worker::start(launch, &Seen::default(), SILENCE_MAX, job).map_err(|ended| why(&ended))?;
        let mut withheld = None;
        loop {
            match answer(&mut worker, &mut worker::never).map_err(|ended| why(&ended))? {
                Answer::Progress { done, planned } => progress(done, planned),
                Answer::Milestone(milestone) => (task.tell)(milestone),
                Answer::Withheld(beside) => withheld = Some(beside),
                Answer::Evidence(evidence) => {
                    return match mismatch(check, task, &evidence) {
                        None => Ok(Found { evidence: *evidence, withheld }),
                        Some(field) => Err(why(&worker.nonsense(format!("evidence with another {field}")))),
                    };
                }
                _ => return Err(why(&worker.nonsense("an answer to another job".to_owned()))),
            }
        }
    };
    answered().unwrap_or_else(|why| {
        checks::evidence(check, task.contract, task.challenge, task.attempt, Finding::unknown(check, why)).into()
    })
}

pub(crate) fn answer(worker: &mut Worker, stop: Stop<'_>) -> Result<Answer, worker::Ended> {
    let line = worker.hear(stop)?;
    serde_json::from_slice(&line)
        .map_err(|error| worker.nonsense(format!("a line that is not part of the protocol ({error})")))
}

fn mismatch(check: &str, task: &Task<'_>, evidence: &Evidence) -> Option<&'static str> {
    [
        ("check", evidence.check == check),
        ("contract", evidence.contract == task.contract.digest),
        ("challenge", evidence.challenge == task.challenge),
        ("attempt", evidence.attempt == task.attempt),
    ]
    .into_iter()
    .find_map(|(field, same)| (!same).then_some(field))
}

/// Whether the contract's reference can be called for its interface, without any capability. Nothing to say where there is none,
/// or nobody brought it.
///
/// # Errors
/// Why it can't be called, in words.
pub fn reference(launch: &dyn Launch, contract: &Contract, contract_text: &str) -> Result<(), String> {
    let Some(artifact) = contract.reference.as_ref().and_then(|reference| reference.bytes()) else { return Ok(()) };
    let (granted, world, staged) = (BTreeSet::new(), World::Checked { seed: [0; 32] }, Staged::default());
    let callee = Callee { contract, contract_text, artifact, granted, world, staged, within: None };
    match Caller::start(launch, callee, &mut worker::never) {
        Ok(caller) => {
            caller.dismiss();
            Ok(())
        }
        Err(error) => Err(error.to_string()),
    }
}

/// An artifact in a worker of its own, ready to be called.
pub struct Caller {
    worker: Worker,
}

/// What is called, and inside what.
pub struct Callee<'a> {
    pub contract: &'a Contract,
    pub contract_text: &'a str,
    pub artifact: &'a [u8],
    /// Names of the granted capabilities.
    pub granted: BTreeSet<String>,
    /// Directories to be changed are not in it but in `staged`.
    pub world: World,
    pub staged: Staged,
    /// The profile that a call is ended for leaving.
    pub within: Option<Usage>,
}

/// Staged directories as a worker sees them.
#[derive(Debug, Default)]
pub struct Staged {
    seen: Seen,
    /// Place inside the fence and guest path of each.
    guests: Vec<(PathBuf, String)>,
}

impl From<&Staging> for Staged {
    fn from(staging: &Staging) -> Self {
        let (seen, guests) = staging.seen();
        Self { seen, guests }
    }
}

/// Why a call did not come to an end of its own.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
pub enum CallerError {
    /// The artifact can't be called at all.
    #[error("{0}")]
    Refused(String),
    /// It was stopped.
    #[error("{0}")]
    Stopped(String),
    /// The artifact did what ends it, beside a trap of a call.
    #[error("{0}")]
    Trapped(String),
    /// It was stopped because it left the profile that its checks saw.
    #[error("it left its profile: {0}")]
    Departed(String),
    /// The worker failed.
    #[error("{0}")]
    Failed(String),
}

impl Caller {
    /// Starts a worker and waits until the artifact is compiled in it.
    ///
    /// # Errors
    /// [`CallerError`].
    pub fn start(launch: &dyn Launch, callee: Callee<'_>, stop: Stop<'_>) -> Result<Self, CallerError> {
        let (world, seen) = inside(callee.world, callee.staged);
        let work = Work::Calls { granted: callee.granted, world, within: callee.within };
        let job = written(work, callee.contract_text, callee.artifact, None).map_err(CallerError::Failed)?;
        let mut worker = worker::start(launch, &seen, SILENCE_MAX, job).map_err(failed)?;
        match answer(&mut worker, stop).map_err(failed)? {
            Answer::Ready => Ok(Self { worker }),
            Answer::Refused(why) => Err(CallerError::Refused(why)),
            _ => Err(failed(worker.nonsense("an answer to another job".to_owned()))),
        }
    }

    /// What was tried in the worker's fence before it started.
    #[must_use]
    pub fn probe(&self) -> &Probe {
        &self.worker.probe
    }

    /// Ends the worker, and waits until no process of it and no mount is left.
    pub fn dismiss(self) {
        self.worker.dismiss();
    }

    /// Makes one call, in a fresh instance.
    ///
    /// # Errors
    /// [`CallerError`]; the worker is then dead. A trap is an outcome, not an error.
    pub fn call(&mut self, call: &Call, stop: Stop<'_>) -> Result<Outcome, CallerError> {
        self.worker.say(format!("{call}\n").into_bytes());
        self.outcome(call, stop)
    }

    /// Repeats one call from its tape; the callee's world must be [`World::Replayed`].
    ///
    /// # Errors
    /// As [`Caller::call`].
    pub fn replay(&mut self, call: &Call, tape: &[u8], stop: Stop<'_>) -> Result<Outcome, CallerError> {
        self.worker.say(format!("{call}\n{}\n", base64::encode(tape)).into_bytes());
        self.outcome(call, stop)
    }

    fn outcome(&mut self, call: &Call, stop: Stop<'_>) -> Result<Outcome, CallerError> {
        let mut tape = Vec::new();
        let (ended, fuel, written, host_calls, memory_bytes) = loop {
            match answer(&mut self.worker, stop).map_err(failed)? {
                Answer::Tape(part) => {
                    let part = base64::decode(&part).ok_or_else(|| self.nonsense("a tape that is not base64"))?;
                    tape.extend_from_slice(&part);
                    if tape.len() > tape::TAPE_BYTES_MAX {
                        return Err(self.nonsense("a tape over the limit"));
                    }
                }
                Answer::Called { ended, fuel, stdout, stderr, host_calls, memory_bytes } => {
                    break (ended, fuel, Written { stdout, stderr }, host_calls, memory_bytes);
                }
                _ => return Err(self.nonsense("an answer to another job")),
            }
        };
        let known = tape::names();
        if let Some(name) = host_calls.keys().find(|name| !known.contains(name.as_str())) {
            return Err(self.nonsense(&format!("a host call `{name}`, which there is not")));
        }
        if !tape.is_empty() && tape::summary(&tape).as_ref() != Ok(&host_calls) {
            return Err(self.nonsense("a tape that does not have the host calls of the call"));
        }
        let ended = match ended {
            Ok(text) => Ended::Returned(
                call.function
                    .parse_result(&text)
                    .map_err(|error| failed(self.worker.nonsense(format!("a result of another type ({error})"))))?,
            ),
            Err(Cut::Trapped(why)) => Ended::Trapped(why),
            Err(Cut::Departed(how)) => Ended::Departed(how),
        };
        let tape = (!tape.is_empty()).then_some(tape);
        Ok(Outcome { ended, fuel, written, host_calls, memory_bytes, tape })
    }

    fn nonsense(&mut self, what: &str) -> CallerError {
        failed(self.worker.nonsense(what.to_owned()))
    }
}

/// The world as the worker sees it: granted directories stand at places of their own inside its fence, which come with it.
fn inside(world: World, staged: Staged) -> (World, Seen) {
    let World::Real { environment, read, stdin, .. } = world else { return (world, Seen::default()) };
    let Staged { mut seen, guests: write } = staged;
    let mut places = Vec::new();
    for (nth, (host, guest)) in read.into_iter().enumerate() {
        let place = PathBuf::from(format!("/granted/{nth}"));
        places.push((place.clone(), guest));
        seen.mounts.push(Mount::Read { host, guest: place, run: Runs::No });
    }
    (World::Real { environment, read: places, write, stdin }, seen)
}

fn failed(ended: worker::Ended) -> CallerError {
    match ended {
        worker::Ended::Stopped(why) => CallerError::Stopped(why),
        other => CallerError::Failed(why(&other)),
    }
}

/// Why there is no answer, in words that do not depend on the machine where that can be helped.
pub(crate) fn why(ended: &worker::Ended) -> String {
    match ended {
        worker::Ended::NotStarted(why) => format!("the worker could not be started: {why}"),
        worker::Ended::Died { how, stderr } if stderr.is_empty() => format!("the worker died ({how})"),
        worker::Ended::Died { how, stderr } => {
            format!("the worker died ({how}): {}", stderr.lines().next_back().unwrap_or_default())
        }
        worker::Ended::Silent => "the worker fell silent and was stopped".to_owned(),
        worker::Ended::Nonsense(what) => format!("the worker answered nonsense: {what}"),
        worker::Ended::Stopped(why) => format!("the worker was stopped: {why}"),
    }
}

#[cfg(test)]
mod tests;
