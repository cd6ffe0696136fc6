//! The worker protocol: one job on a worker's standard input, lines of JSON on its standard output.
//!
//! A job is a line of JSON ([`Header`]), then the contract's bytes, then the artifact's. A worker answers with any number
//! of [`Answer::Progress`] lines and one [`Answer::Evidence`] line. What comes back is outside input: the parent holds it
//! against the job before it believes a word.

use std::io::{BufRead, Read, Write};
use std::sync::Mutex;

use proofmark_contract::Contract;
use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::Evidence;
use proofmark_run::worker::{Ended, Launch, Line};
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::checks::{self, Finding, Progress, Task};

/// The longest header line, in bytes.
const HEADER_MAX: u64 = 4096;
/// The largest contract and artifact that a job carries, in bytes.
pub const CONTRACT_BYTES_MAX: u64 = 256 << 10;
pub const ARTIFACT_BYTES_MAX: u64 = 64 << 20;

/// The first line of a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Header {
    pub check: String,
    pub challenge: Challenge,
    pub attempt: u64,
    pub executions: u64,
    pub threads: usize,
    pub contract_bytes: u64,
    pub artifact_bytes: u64,
}

/// A job as a worker received it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Job {
    pub header: Header,
    pub contract: String,
    pub artifact: Vec<u8>,
}

/// One line of a worker's answer.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    Progress { done: u64, planned: u64 },
    Evidence(Box<Evidence>),
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
}

/// Reads one whole job from a worker's input, held to the limits, without parsing its parts.
///
/// # Errors
/// [`JobError`] when the header or a length is not valid, or the input ends early.
pub fn receive(input: &mut impl BufRead) -> Result<Job, JobError> {
    let mut line = String::new();
    input.by_ref().take(HEADER_MAX).read_line(&mut line)?;
    let header: Header = serde_json::from_str(&line)?;
    let contract = read(input, "contract", header.contract_bytes, CONTRACT_BYTES_MAX)?;
    let contract = String::from_utf8(contract).map_err(|error| JobError::Contract(error.to_string()))?;
    let artifact = read(input, "artifact", header.artifact_bytes, ARTIFACT_BYTES_MAX)?;
    Ok(Job { header, contract, artifact })
}

/// Serves one job: writes progress and evidence to `output`.
///
/// # Errors
/// [`JobError`] when the job itself is wrong; a bad artifact is a finding, not an error.
pub fn serve(job: Job, output: impl Write + Send) -> Result<(), JobError> {
    let Job { header, contract, artifact } = job;
    let contract = Contract::parse(&contract).map_err(|problems| {
        JobError::Contract(problems.first().map(|problem| problem.message.clone()).unwrap_or_default())
    })?;
    let task = Task {
        contract: &contract,
        artifact: &artifact,
        challenge: header.challenge,
        attempt: header.attempt,
        executions: header.executions,
        threads: header.threads,
    };
    let output = Mutex::new(output);
    let progress = |done, planned| {
        if let Ok(mut output) = output.lock() {
            // A parent that is gone is noticed elsewhere; progress is worth no error.
            let _ = send(&mut *output, &Answer::Progress { done, planned });
        }
    };
    let evidence = checks::run(&header.check, &task, &progress).ok_or(JobError::Check(header.check))?;
    let mut output = output.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner);
    send(&mut output, &Answer::Evidence(Box::new(evidence)))?;
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

fn send(output: &mut impl Write, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    output.write_all(&line)?;
    output.flush()
}

/// Runs one check in a worker of its own. Always ends with evidence: `unknown` when the worker did not answer properly.
pub fn check_in_worker(
    launch: &Launch,
    check: &str,
    task: &Task<'_>,
    contract_text: &str,
    progress: Progress<'_>,
) -> Evidence {
    let header = Header {
        check: check.to_owned(),
        challenge: task.challenge,
        attempt: task.attempt,
        executions: task.executions,
        threads: task.threads,
        contract_bytes: contract_text.len() as u64,
        artifact_bytes: task.artifact.len() as u64,
    };
    let unknown = |why: String| {
        checks::evidence(check, task.contract, task.challenge, task.attempt, Finding::unknown(check, why))
    };
    let mut job = match serde_json::to_vec(&header) {
        Ok(job) => job,
        Err(error) => return unknown(error.to_string()),
    };
    job.push(b'\n');
    job.extend_from_slice(contract_text.as_bytes());
    job.extend_from_slice(task.artifact);
    let mut answer = None;
    let ended = launch.run(job, &mut |line| match serde_json::from_slice(line) {
        Ok(Answer::Progress { done, planned }) => {
            progress(done, planned);
            Line::More
        }
        Ok(Answer::Evidence(evidence)) => match mismatch(&header, task.contract.digest, &evidence) {
            None => {
                answer = Some(*evidence);
                Line::Last
            }
            Some(field) => Line::Nonsense(format!("evidence with another {field}")),
        },
        Err(error) => Line::Nonsense(format!("a line that is not part of the protocol ({error})")),
    });
    match (ended, answer) {
        (Ended::Answered, Some(evidence)) => evidence,
        (ended, _) => unknown(why(&ended)),
    }
}

fn mismatch(header: &Header, contract: Digest, evidence: &Evidence) -> Option<&'static str> {
    [
        ("check", evidence.check == header.check),
        ("contract", evidence.contract == contract),
        ("challenge", evidence.challenge == header.challenge),
        ("attempt", evidence.attempt == header.attempt),
    ]
    .into_iter()
    .find_map(|(field, same)| (!same).then_some(field))
}

/// Why there is no evidence, in words that do not depend on the machine where that can be helped.
fn why(ended: &Ended) -> String {
    match ended {
        Ended::Answered => "the worker's answer was lost".to_owned(),
        Ended::NotStarted(why) => format!("the worker could not be started: {why}"),
        Ended::Died { how, stderr } if stderr.is_empty() => format!("the worker died ({how})"),
        Ended::Died { how, stderr } => {
            format!("the worker died ({how}): {}", stderr.lines().next_back().unwrap_or_default())
        }
        Ended::Silent => "the worker fell silent and was stopped".to_owned(),
        Ended::Nonsense(what) => format!("the worker answered nonsense: {what}"),
    }
}
