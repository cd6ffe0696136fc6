//! A command as a generator: the prompt on its standard input, the artifact on its standard output or in a directory.
//!
//! Nothing is started here. Whoever calls gives a [`Start`] that does, inside a fence; this module says what is to be
//! started and reads what it left behind, which is as hostile as an artifact.

use std::path::PathBuf;

use thiserror::Error;

use crate::files::{self, FilesError, FilesLimits};
use crate::message::{Request, Watch};

/// A program that makes artifacts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Command {
    /// The program, then its arguments.
    pub arguments: Vec<String>,
    /// What it may read of the machine beside itself: absolute paths of files and directories.
    pub files: Vec<String>,
    pub brings: Brought,
    /// The longest time, in milliseconds.
    pub whole_ms: u64,
    /// The most bytes of standard output.
    pub stdout_bytes: u64,
    /// Of the directory.
    pub limits: FilesLimits,
}

/// Where a command leaves its artifact.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Brought {
    /// Standard output is the artifact, byte for byte.
    Stdout,
    /// Standard output is a text with the code in it, as a model's reply.
    Reply,
    /// The files in the directory in which it was started.
    Directory,
}

/// What is to be started.
#[derive(Debug, Clone, Copy)]
pub struct Job<'a> {
    /// The program, then its arguments.
    pub arguments: &'a [String],
    /// What it may read of the machine beside itself.
    pub files: &'a [String],
    pub stdin: &'a [u8],
    /// The most bytes of standard output; more end the command.
    pub stdout_bytes_max: u64,
    pub whole_ms: u64,
    /// Whether it is started in an empty directory that it may fill, and that outlives it.
    pub in_directory: bool,
}

/// What came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ended {
    /// `None`: a signal ended it.
    pub code: Option<i32>,
    pub stdout: Vec<u8>,
    /// The directory that it may have filled, if it was to be started in one.
    pub directory: Option<PathBuf>,
}

/// Starts commands, with no more rights than they need.
pub trait Start {
    /// Starts it and waits for its end; asks `watch` at least every 50 ms whether to stop.
    ///
    /// # Errors
    /// Why there is no end of its own, in words: it was not started, stopped, too late or too much.
    fn start(&mut self, job: Job<'_>, watch: &mut dyn Watch) -> Result<Ended, String>;
}

/// What a command brought.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Answer {
    Artifact(Vec<u8>),
    Reply(String),
    /// Paths with their bytes, at least one.
    Files(Vec<(String, Vec<u8>)>),
}

/// A command brought nothing that can be used.
#[derive(Debug, Error)]
pub enum CommandError {
    #[error("the command did not end by itself: {0}")]
    NotEnded(String),
    #[error("the command ended with {}", .0.map_or_else(|| "a signal".to_owned(), |code| format!("exit code {code}")))]
    Failed(Option<i32>),
    #[error("the command wrote more than {0} bytes")]
    TooLarge(u64),
    #[error("the command wrote nothing")]
    Nothing,
    #[error("the command's reply is not UTF-8")]
    NotText,
    #[error("the command was given no directory to fill")]
    NoDirectory,
    #[error("what the command left behind can't be taken: {0}")]
    Files(#[from] FilesError),
}

/// Asks a command for an artifact.
///
/// # Errors
/// [`CommandError`].
pub fn ask(
    command: &Command,
    request: &Request,
    start: &mut dyn Start,
    watch: &mut dyn Watch,
) -> Result<Answer, CommandError> {
    let texts: Vec<&str> = request.messages.iter().map(|message| message.text.as_str()).collect();
    let stdin = texts.join("\n\n");
    let job = Job {
        arguments: &command.arguments,
        files: &command.files,
        stdin: stdin.as_bytes(),
        stdout_bytes_max: command.stdout_bytes,
        whole_ms: command.whole_ms,
        in_directory: command.brings == Brought::Directory,
    };
    let ended = start.start(job, watch).map_err(CommandError::NotEnded)?;
    if ended.code != Some(0) {
        return Err(CommandError::Failed(ended.code));
    }
    if u64::try_from(ended.stdout.len()).unwrap_or(u64::MAX) > command.stdout_bytes {
        return Err(CommandError::TooLarge(command.stdout_bytes));
    }
    match command.brings {
        Brought::Directory => {
            let files = files::tree(&ended.directory.ok_or(CommandError::NoDirectory)?, &command.limits)?;
            if files.is_empty() { Err(CommandError::Nothing) } else { Ok(Answer::Files(files)) }
        }
        Brought::Stdout | Brought::Reply if ended.stdout.is_empty() => Err(CommandError::Nothing),
        Brought::Stdout => Ok(Answer::Artifact(ended.stdout)),
        Brought::Reply => String::from_utf8(ended.stdout).map(Answer::Reply).map_err(|_| CommandError::NotText),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::message::{Message, Role};

    struct Told(Result<Ended, String>, String);

    impl Start for Told {
        fn start(&mut self, job: Job<'_>, _: &mut dyn Watch) -> Result<Ended, String> {
            self.1 = format!("{:?} {} {}", job.arguments, String::from_utf8_lossy(job.stdin), job.in_directory);
            self.0.clone()
        }
    }

    fn asked(brings: Brought, ended: Result<Ended, String>) -> (Result<Answer, String>, String) {
        let limits = FilesLimits::default();
        let arguments = vec!["agent".to_owned(), "-q".to_owned()];
        let command = Command { arguments, files: Vec::new(), brings, whole_ms: 1000, stdout_bytes: 8, limits };
        let message = |role, text: &str| Message { role, text: text.to_owned() };
        let request = Request { messages: vec![message(Role::System, "be brief"), message(Role::User, "add")] };
        let mut told = Told(ended, String::new());
        let answer = ask(&command, &request, &mut told, &mut ()).map_err(|error| error.to_string());
        (answer, told.1)
    }

    fn ended(stdout: &[u8]) -> Result<Ended, String> {
        Ok(Ended { code: Some(0), stdout: stdout.to_vec(), directory: None })
    }

    #[test]
    fn the_prompt_goes_in_and_the_artifact_comes_out() {
        let (answer, told) = asked(Brought::Stdout, ended(b"\0asm\xff"));
        assert_eq!(answer.unwrap(), Answer::Artifact(b"\0asm\xff".to_vec()));
        assert_eq!(told, "[\"agent\", \"-q\"] be brief\n\nadd false");
        assert_eq!(asked(Brought::Reply, ended(b"code")).0.unwrap(), Answer::Reply("code".to_owned()));
        let directory = tempfile::tempdir().unwrap();
        std::fs::write(directory.path().join("a.c"), "x").unwrap();
        let left = Ok(Ended { code: Some(0), stdout: Vec::new(), directory: Some(directory.path().to_owned()) });
        let (answer, told) = asked(Brought::Directory, left);
        assert_eq!(answer.unwrap(), Answer::Files(vec![("a.c".to_owned(), b"x".to_vec())]));
        assert!(told.ends_with("true"));
    }

    #[test]
    fn a_command_that_brings_nothing_is_told_apart() {
        let failed = |code| Ok(Ended { code, stdout: b"x".to_vec(), directory: None });
        let empty = tempfile::tempdir().unwrap();
        let left = Ok(Ended { code: Some(0), stdout: Vec::new(), directory: Some(empty.path().to_owned()) });
        for (brings, told, wanted) in [
            (Brought::Stdout, Err("it was stopped".to_owned()), "the command did not end by itself: it was stopped"),
            (Brought::Stdout, failed(Some(3)), "the command ended with exit code 3"),
            (Brought::Stdout, failed(None), "the command ended with a signal"),
            (Brought::Stdout, ended(b"123456789"), "the command wrote more than 8 bytes"),
            (Brought::Stdout, ended(b""), "the command wrote nothing"),
            (Brought::Reply, ended(b"\xff"), "the command's reply is not UTF-8"),
            (Brought::Directory, ended(b""), "the command was given no directory to fill"),
            (Brought::Directory, left, "the command wrote nothing"),
        ] {
            assert_eq!(asked(brings, told).0, Err(wanted.to_owned()));
        }
    }
}
