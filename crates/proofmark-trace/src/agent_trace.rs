//! Agent Trace records, version 0.1: which lines of a revision came from which conversation with which model.
//!
//! A record is the word of whoever wrote it; nothing proves it. Where records are kept is left open by the format: here, as
//! its reference implementation does, in `.agent-trace/traces.jsonl` of the work tree, one on a line.

use std::str::FromStr as _;

use jiff::Timestamp;
use proofmark_mark::digest::Digest;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use thiserror::Error;

use crate::source::is_path;

/// The file of the records, from the root of the work tree.
pub const RECORDS: &str = ".agent-trace/traces.jsonl";
/// The largest file of records that is read, in bytes.
pub const RECORDS_BYTES_MAX: u64 = 32 << 20;
/// The largest record, in bytes.
const RECORD_BYTES_MAX: usize = 4 << 20;
/// The version that is written.
const VERSION: &str = "0.1.0";
/// The most ranges of one record.
const RANGES_MAX: usize = 50_000;
/// The longest name of a model, in characters.
const MODEL_CHARS_MAX: usize = 250;

/// One trace record. Fields that this does not know are ignored.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Record {
    pub version: String,
    /// A UUID.
    pub id: String,
    /// RFC 3339.
    pub timestamp: String,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub vcs: Option<Vcs>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub tool: Option<Tool>,
    pub files: Vec<File>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub metadata: Option<Map<String, Value>>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Vcs {
    /// `git`, `jj`, `hg` or `svn`.
    #[serde(rename = "type")]
    pub kind: String,
    pub revision: String,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Tool {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub version: Option<String>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct File {
    /// From the root of the repository.
    pub path: String,
    pub conversations: Vec<Conversation>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Conversation {
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<Contributor>,
    pub ranges: Vec<Range>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub related: Vec<Related>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Contributor {
    #[serde(rename = "type")]
    pub kind: ContributorKind,
    /// `provider/model`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub model_id: Option<String>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum ContributorKind {
    Human,
    Ai,
    /// A person edited a model's lines, or the other way round.
    Mixed,
    Unknown,
}

/// Lines at the recorded revision, from 1, both included.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Range {
    pub start_line: u32,
    pub end_line: u32,
    /// `algorithm:digest` of the lines, wherever they are.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub content_hash: Option<String>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub contributor: Option<Contributor>,
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Related {
    #[serde(rename = "type")]
    pub kind: String,
    pub url: String,
}

/// Why bytes are not a trace record.
#[derive(Debug, Error)]
pub enum RecordError {
    #[error("it is {0} bytes, over the limit of {RECORD_BYTES_MAX}")]
    Size(usize),
    #[error("it is not as the format says: {0}")]
    Syntax(#[from] serde_json::Error),
    #[error("its {0}")]
    Field(String),
}

impl Record {
    /// A record of a commit in git. Its id is derived from what it says, so that the same record is not there twice.
    #[must_use]
    pub fn new(now: Timestamp, revision: &str, files: Vec<File>, metadata: Map<String, Value>) -> Self {
        let mut record = Self {
            version: VERSION.to_owned(),
            id: String::new(),
            timestamp: now.to_string(),
            vcs: Some(Vcs { kind: "git".to_owned(), revision: revision.to_owned() }),
            tool: Some(Tool {
                name: Some("proofmark".to_owned()),
                version: Some(env!("CARGO_PKG_VERSION").to_owned()),
            }),
            files,
            metadata: Some(metadata),
        };
        let said = serde_json::to_vec(&(&record.vcs, &record.files, &record.metadata)).unwrap_or_default();
        record.id = uuid(Digest::of(&said));
        record
    }

    /// Reads one record.
    ///
    /// # Errors
    /// [`RecordError`] for bytes that are over the limits or not as version 0.1 says.
    pub fn parse(bytes: &[u8]) -> Result<Self, RecordError> {
        if bytes.len() > RECORD_BYTES_MAX {
            return Err(RecordError::Size(bytes.len()));
        }
        let record: Self = serde_json::from_slice(bytes)?;
        let wrong = |why: &str| Err(RecordError::Field(why.to_owned()));
        if !is_version(&record.version) {
            return wrong("`version` is not one of the format, such as `0.1.0`");
        }
        if !is_uuid(&record.id) {
            return wrong("`id` is not a UUID");
        }
        if Timestamp::from_str(&record.timestamp).is_err() {
            return wrong("`timestamp` is not a time of RFC 3339");
        }
        if record.vcs.as_ref().is_some_and(|vcs| !matches!(vcs.kind.as_str(), "git" | "jj" | "hg" | "svn")) {
            return wrong("`vcs` is none that the format knows");
        }
        let conversations = || record.files.iter().flat_map(|file| &file.conversations);
        if conversations().map(|one| one.ranges.len()).fold(0, usize::saturating_add) > RANGES_MAX {
            return wrong(&format!("ranges are more than {RANGES_MAX}"));
        }
        if let Some(file) = record.files.iter().find(|file| !is_path(&file.path)) {
            let path: String = file.path.chars().take(80).collect();
            return wrong(&format!("`path` `{path}` is not one from the root of the repository"));
        }
        if conversations()
            .flat_map(|one| &one.ranges)
            .any(|range| range.start_line == 0 || range.end_line < range.start_line)
        {
            return wrong("ranges are not all from a line, counted from 1, to one that is not before it");
        }
        let ranges = conversations().flat_map(|one| &one.ranges).filter_map(|range| range.contributor.as_ref());
        let mut models = conversations().filter_map(|one| one.contributor.as_ref()).chain(ranges);
        if models.any(|one| one.model_id.as_ref().is_some_and(|model| model.chars().count() > MODEL_CHARS_MAX)) {
            return wrong(&format!("`model_id` is longer than {MODEL_CHARS_MAX} characters"));
        }
        Ok(record)
    }

    /// The record on one line, with its end.
    #[must_use]
    pub fn to_line(&self) -> Vec<u8> {
        let mut bytes = serde_json::to_vec(self).unwrap_or_default();
        bytes.push(b'\n');
        bytes
    }

    /// Every range of the record, with its file and conversation.
    pub fn ranges(&self) -> impl Iterator<Item = (&File, &Conversation, &Range)> {
        let conversations = self.files.iter().flat_map(|file| file.conversations.iter().map(move |one| (file, one)));
        conversations.flat_map(|(file, one)| one.ranges.iter().map(move |range| (file, one, range)))
    }

    /// Whether the record speaks of that commit in git.
    #[must_use]
    pub fn is_of(&self, commit: &str) -> bool {
        self.vcs.as_ref().is_some_and(|vcs| vcs.kind == "git" && vcs.revision == commit)
    }
}

impl Conversation {
    /// Who contributed a range of this conversation.
    #[must_use]
    pub fn contributor<'a>(&'a self, range: &'a Range) -> Option<&'a Contributor> {
        range.contributor.as_ref().or(self.contributor.as_ref())
    }
}

/// The records of a file, and of each line that is none, its number and why.
#[must_use]
pub fn records(bytes: &[u8]) -> (Vec<Record>, Vec<(usize, RecordError)>) {
    let (mut found, mut wrong) = (Vec::new(), Vec::new());
    for (at, line) in bytes.split(|byte| *byte == b'\n').enumerate() {
        if line.iter().all(u8::is_ascii_whitespace) {
            continue;
        }
        match Record::parse(line) {
            Ok(record) => found.push(record),
            Err(error) => wrong.push((at.saturating_add(1), error)),
        }
    }
    (found, wrong)
}

/// The hash of lines that is written: SHA-256 over the lines, each with a newline.
#[must_use]
pub fn content_hash(lines: &[&[u8]]) -> String {
    format!("sha256:{}", Digest::of(&joined(lines)))
}

/// Whether a content hash is that of these lines. The format leaves open whether the last newline belongs to the content:
/// both are tried. `None` for an algorithm that is not known here.
#[must_use]
pub fn is_hash_of(hash: &str, lines: &[&[u8]]) -> Option<bool> {
    let (algorithm, wanted) = hash.split_once(':')?;
    let with = joined(lines);
    let without = with.strip_suffix(b"\n").unwrap_or(&with);
    let of = |bytes: &[u8]| match algorithm {
        "sha256" => Some(Digest::of(bytes).to_string()),
        "murmur3" => Some(format!("{:08x}", murmur3(bytes))),
        _ => None,
    };
    Some(of(&with)? == wanted || of(without)? == wanted)
}

fn joined(lines: &[&[u8]]) -> Vec<u8> {
    lines.iter().flat_map(|line| line.iter().copied().chain([b'\n'])).collect()
}

/// MurmurHash3, 32 bits for x86, with seed 0 (Appleby, public domain): the hash of the format's own example.
fn murmur3(bytes: &[u8]) -> u32 {
    const FIRST: u32 = 0xcc9e_2d51;
    const SECOND: u32 = 0x1b87_3593;
    let mixed = |word: u32| word.wrapping_mul(FIRST).rotate_left(15).wrapping_mul(SECOND);
    let word = |part: &[u8]| part.iter().rev().fold(0_u32, |word, byte| (word << 8) | u32::from(*byte));
    let (whole, rest) = bytes.as_chunks::<4>();
    let mut hash = whole
        .iter()
        .fold(0_u32, |hash, part| (hash ^ mixed(word(part))).rotate_left(13).wrapping_mul(5).wrapping_add(0xe654_6b64));
    if !rest.is_empty() {
        hash ^= mixed(word(rest));
    }
    hash ^= u32::try_from(bytes.len() & 0xffff_ffff).unwrap_or(u32::MAX);
    hash = (hash ^ (hash >> 16)).wrapping_mul(0x85eb_ca6b);
    hash = (hash ^ (hash >> 13)).wrapping_mul(0xc2b2_ae35);
    hash ^ (hash >> 16)
}

/// `N.N.N`; also `N.N`, which the format's reference implementation writes.
fn is_version(text: &str) -> bool {
    let parts: Vec<&str> = text.split('.').collect();
    let number = |part: &&str| (1..=6).contains(&part.len()) && part.bytes().all(|byte| byte.is_ascii_digit());
    matches!(parts.len(), 2 | 3) && parts.iter().all(number) && matches!(parts.first(), Some(&"0" | &"1"))
}

fn is_uuid(text: &str) -> bool {
    text.len() == 36
        && text.bytes().enumerate().all(|(at, byte)| match at {
            8 | 13 | 18 | 23 => byte == b'-',
            _ => byte.is_ascii_hexdigit(),
        })
}

/// A UUID of version 8 (RFC 9562, section 5.8) from the first bits of a digest.
fn uuid(digest: Digest) -> String {
    let bytes = digest.as_bytes().first_chunk::<16>().copied().unwrap_or_default();
    let number = u128::from_be_bytes(bytes);
    let number = (number & !(0xf << 76)) | (0x8 << 76);
    let number = (number & !(0x3 << 62)) | (0x2 << 62);
    let hex = format!("{number:032x}");
    let part = |from: usize, to: usize| hex.get(from..to).unwrap_or_default();
    [part(0, 8), part(8, 12), part(12, 16), part(16, 20), part(20, 32)].join("-")
}

#[cfg(test)]
mod tests;
