//! What goes wrong, as the person at the terminal meets it: an exit code, a message, and the next thing to try.

use proofmark_contract::Problem;
use proofmark_run::broker::ledger::Record;

/// Exit codes are API.
pub const OK: u8 = 0;
pub const REFUSED: u8 = 1;
pub const WRONG_INPUT: u8 = 2;
pub const UNKNOWN: u8 = 3;
pub const FAILED: u8 = 4;

/// A command's unhappy end.
#[derive(Debug)]
pub struct Failure {
    pub code: u8,
    pub message: String,
    /// The next thing to try.
    pub next: Option<String>,
    /// Places in a contract, with its path and text, to be shown with the message.
    pub problems: Option<Box<Problems>>,
    /// What had been asked of the network.
    pub asked: Option<Box<Record>>,
}

/// What is wrong with a contract, and where.
#[derive(Debug)]
pub struct Problems {
    pub path: String,
    pub text: String,
    pub list: Vec<Problem>,
}

impl Failure {
    fn new(code: u8, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), next: None, problems: None, asked: None }
    }

    /// The command or an input is wrong.
    pub fn wrong(message: impl Into<String>) -> Self {
        Self::new(WRONG_INPUT, message)
    }

    /// Not allowed.
    pub fn refused(message: impl Into<String>) -> Self {
        Self::new(REFUSED, message)
    }

    /// Not decided.
    pub fn unknown(message: impl Into<String>) -> Self {
        Self::new(UNKNOWN, message)
    }

    /// Proofmark itself, or the machine it runs on, failed.
    pub fn failed(message: impl Into<String>) -> Self {
        Self::new(FAILED, message)
    }

    pub fn next(mut self, next: impl Into<String>) -> Self {
        self.next = Some(next.into());
        self
    }

    pub fn asked(mut self, record: Option<Record>) -> Self {
        self.asked = record.map(Box::new);
        self
    }

    /// A contract that is not valid.
    pub fn contract(path: &str, text: String, list: Vec<Problem>) -> Self {
        let count = list.len();
        let message = match count {
            1 => format!("`{path}` is not a valid contract"),
            _ => format!("`{path}` is not a valid contract: {count} problems"),
        };
        Self { problems: Some(Box::new(Problems { path: path.to_owned(), text, list })), ..Self::wrong(message) }
    }
}
