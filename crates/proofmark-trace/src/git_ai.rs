//! git-ai's authorship logs, version 3: which session of a tool wrote which lines of a commit. Git notes of commits.
//!
//! Format: the Git AI Standard v3.0.0. A log is the word of whoever wrote the note; nothing proves it.

use std::collections::{BTreeMap, BTreeSet};

use proofmark_mark::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::lines::Lines;
use crate::source::is_path;

/// Where the notes are.
pub const NOTES_REF: &str = "refs/notes/ai";
/// The largest note that is read, in bytes.
pub const NOTE_BYTES_MAX: usize = 4 << 20;
/// The version that is written; others of the same major version are read.
const SCHEMA: &str = "authorship/3.0.0";
const SCHEMA_MAJOR: &str = "authorship/3.";
const DIVIDER: &str = "---";
/// The most entries of one log.
const ENTRIES_MAX: usize = 20_000;
/// Hexadecimal digits of the name of a session, a trace and a person.
const NAME_DIGITS: usize = 14;

/// Which lines of a commit's files are whose.
#[derive(Debug, Clone, PartialEq)]
pub struct AuthorshipLog {
    /// None of them twice, and none without entries.
    pub files: Vec<FileAttestation>,
    pub metadata: Metadata,
}

/// Whose the lines of one file are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FileAttestation {
    /// From the root of the work tree.
    pub path: String,
    pub entries: Vec<Attestation>,
}

/// Lines of one author.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attestation {
    pub key: Key,
    pub lines: Lines,
}

/// Names an author in the metadata.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Key {
    /// A session of a tool (`s_...`), and which of its checkpoints (`t_...`).
    Session { session: String, trace: String },
    /// A person (`h_...`).
    Human(String),
    /// A session, as older versions name it.
    Prompt(String),
}

/// The JSON below the divider. Fields that this does not know are kept.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Metadata {
    pub schema_version: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub git_ai_version: Option<String>,
    /// The commit that the lines were counted in.
    pub base_commit_sha: String,
    pub prompts: BTreeMap<String, Session>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub humans: BTreeMap<String, Human>,
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub sessions: BTreeMap<String, Session>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// A session of a tool, or in older notes a prompt.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Session {
    pub agent_id: AgentId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub human_author: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub custom_attributes: Option<BTreeMap<String, String>>,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Which tool, which of its sessions, which model.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct AgentId {
    pub tool: String,
    pub id: String,
    pub model: String,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Human {
    /// `Name <email>`.
    pub author: String,
    #[serde(flatten)]
    pub rest: Map<String, Value>,
}

/// Who wrote a line, as a note says.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Author<'a> {
    Session(&'a Session),
    Human(&'a Human),
}

/// Why bytes are not an authorship log.
#[derive(Debug, Error)]
pub enum LogError {
    #[error("it is {0} bytes, over the limit of {NOTE_BYTES_MAX}")]
    Size(usize),
    #[error("it is not UTF-8")]
    Encoding,
    #[error("it has no line `{DIVIDER}` between lines and metadata")]
    Divider,
    #[error("line {line}: {why}")]
    Line { line: usize, why: String },
    #[error("its metadata is not as the standard says: {0}")]
    Metadata(#[from] serde_json::Error),
    #[error("its schema is `{0}`, not one of version 3")]
    Schema(String),
    #[error("it names `{0}` as an author, and its metadata has no such one")]
    Author(String),
}

impl AuthorshipLog {
    /// An empty log of a commit, by its name in hexadecimal.
    #[must_use]
    pub fn new(commit: &str) -> Self {
        let metadata = Metadata {
            schema_version: SCHEMA.to_owned(),
            git_ai_version: None,
            base_commit_sha: commit.to_owned(),
            prompts: BTreeMap::new(),
            humans: BTreeMap::new(),
            sessions: BTreeMap::new(),
            rest: Map::new(),
        };
        Self { files: Vec::new(), metadata }
    }

    /// Reads a log.
    ///
    /// # Errors
    /// [`LogError`] for bytes that are no log of version 3, are over the limits, or name an author that isn't there.
    pub fn parse(bytes: &[u8]) -> Result<Self, LogError> {
        if bytes.len() > NOTE_BYTES_MAX {
            return Err(LogError::Size(bytes.len()));
        }
        let text = std::str::from_utf8(bytes).map_err(|_| LogError::Encoding)?;
        let (attestations, metadata) = match text.strip_prefix("---\n") {
            Some(metadata) => ("", metadata),
            None => text.split_once("\n---\n").ok_or(LogError::Divider)?,
        };
        let metadata: Metadata = serde_json::from_str(metadata)?;
        if !metadata.schema_version.starts_with(SCHEMA_MAJOR) {
            return Err(LogError::Schema(metadata.schema_version.chars().take(80).collect()));
        }
        let log = Self { files: attested(attestations)?, metadata };
        let keys = log.files.iter().flat_map(|file| &file.entries).map(|entry| &entry.key);
        match keys.into_iter().find(|key| log.author(key).is_none()) {
            Some(key) => Err(LogError::Author(key.to_string())),
            None => Ok(log),
        }
    }

    /// The log's bytes.
    #[must_use]
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut text = String::new();
        for file in &self.files {
            let quote = if file.path.contains([' ', '\t']) { "\"" } else { "" };
            text.push_str(&format!("{quote}{}{quote}\n", file.path));
            for Attestation { key, lines } in &file.entries {
                text.push_str(&format!("  {key} {lines}\n"));
            }
        }
        text.push_str("---\n");
        // Maps with texts as keys always serialise.
        text.push_str(&serde_json::to_string_pretty(&self.metadata).unwrap_or_default());
        text.into_bytes()
    }

    /// Everyone of whom the log says that a line of a file is theirs; more than one only in a contradictory log.
    pub fn authors<'a>(&'a self, path: &'a str, line: u32) -> impl Iterator<Item = Author<'a>> {
        let entries = self.files.iter().filter(move |file| file.path == path).flat_map(|file| &file.entries);
        entries.filter(move |entry| entry.lines.contains(line)).filter_map(|entry| self.author(&entry.key))
    }

    /// Whom a key names.
    #[must_use]
    pub fn author(&self, key: &Key) -> Option<Author<'_>> {
        match key {
            Key::Session { session, .. } => self.metadata.sessions.get(session).map(Author::Session),
            Key::Prompt(name) => self.metadata.prompts.get(name).map(Author::Session),
            Key::Human(name) => self.metadata.humans.get(name).map(Author::Human),
        }
    }

    /// Adds lines of a session, which is added where it is new.
    pub fn attest(&mut self, path: &str, key: Key, session: &Session, lines: Lines) {
        if let Key::Session { session: name, .. } = &key {
            self.metadata.sessions.entry(name.clone()).or_insert_with(|| session.clone());
        }
        let entry = Attestation { key, lines };
        match self.files.iter_mut().find(|file| file.path == path) {
            Some(file) => file.entries.push(entry),
            None => self.files.push(FileAttestation { path: path.to_owned(), entries: vec![entry] }),
        }
    }

    /// Removes every session of a tool, with its lines.
    pub fn forget(&mut self, tool: &str) {
        let sessions = &mut self.metadata.sessions;
        sessions.retain(|_, session| session.agent_id.tool != tool);
        for file in &mut self.files {
            file.entries.retain(|entry| match &entry.key {
                Key::Session { session, .. } => sessions.contains_key(session),
                Key::Human(_) | Key::Prompt(_) => true,
            });
        }
        self.files.retain(|file| !file.entries.is_empty());
    }
}

impl Key {
    /// The key of a checkpoint of a session. The standard draws the checkpoint's name at random; `checkpoint` must be
    /// different for each.
    #[must_use]
    pub fn session(tool: &str, id: &str, checkpoint: &[&[u8]]) -> Self {
        let digits = |digest: Digest| digest.to_string().chars().take(NAME_DIGITS).collect::<String>();
        let session = Digest::of_parts(&[tool.as_bytes(), b":", id.as_bytes()]);
        Self::Session {
            session: format!("s_{}", digits(session)),
            trace: format!("t_{}", digits(Digest::of_parts(checkpoint))),
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let hex = |text: &str, digits: usize| {
            text.len() == digits && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
        };
        let named = |text: &str, prefix: &str| text.strip_prefix(prefix).is_some_and(|rest| hex(rest, NAME_DIGITS));
        if let Some((session, trace)) = text.split_once("::") {
            let (session, trace) = (session.to_owned(), trace.to_owned());
            return (named(&session, "s_") && named(&trace, "t_")).then_some(Self::Session { session, trace });
        }
        if named(text, "h_") {
            return Some(Self::Human(text.to_owned()));
        }
        // Before version 1 of git-ai the names of sessions had 7 digits.
        (hex(text, 16) || hex(text, 7)).then(|| Self::Prompt(text.to_owned()))
    }
}

impl std::fmt::Display for Key {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Session { session, trace } => write!(f, "{session}::{trace}"),
            Self::Human(name) | Self::Prompt(name) => f.write_str(name),
        }
    }
}

/// Whether a log can name a file: its path holds no quote, and is not what divides the sections.
#[must_use]
pub fn can_name(path: &str) -> bool {
    is_path(path) && !path.contains('"') && path != DIVIDER
}

/// The section above the divider.
fn attested(text: &str) -> Result<Vec<FileAttestation>, LogError> {
    let mut files: Vec<FileAttestation> = Vec::new();
    let mut seen = BTreeSet::new();
    let mut count = 0_usize;
    for (at, line) in text.lines().enumerate() {
        let wrong = |why: &str| LogError::Line { line: at.saturating_add(1), why: why.to_owned() };
        let Some(entry) = line.strip_prefix("  ") else {
            if line.is_empty() {
                continue;
            }
            let quoted = line.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
            let path = quoted.unwrap_or(line);
            if !can_name(path) || (quoted.is_none() && path.contains([' ', '\t'])) {
                return Err(wrong("that is not a path from the root of the work tree"));
            }
            if !seen.insert(path) || seen.len() > ENTRIES_MAX {
                return Err(wrong("that file is there twice, or there are too many"));
            }
            files.push(FileAttestation { path: path.to_owned(), entries: Vec::new() });
            continue;
        };
        count = count.saturating_add(1);
        if count > ENTRIES_MAX {
            return Err(wrong(&format!("there are more than {ENTRIES_MAX} entries")));
        }
        let (key, lines) = entry.split_once(' ').ok_or_else(|| wrong("write an author, a space and lines"))?;
        let key = Key::parse(key).ok_or_else(|| wrong("that is not the name of an author"))?;
        let lines = lines.parse().map_err(|error: crate::lines::LinesError| wrong(&error.to_string()))?;
        let file = files.last_mut().ok_or_else(|| wrong("lines before the first file"))?;
        file.entries.push(Attestation { key, lines });
    }
    files.retain(|file| !file.entries.is_empty());
    Ok(files)
}

#[cfg(test)]
mod tests;
