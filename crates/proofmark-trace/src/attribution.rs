//! Whose the lines of a commit's file are: what its trailers, notes and records say, what those of a rewritten commit say,
//! and what a known source holds. Each answer says how it was found, and none says more than that shows.

use std::cell::OnceCell;
use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use gix_hash::ObjectId;
use proofmark_mark::digest::Digest;

use crate::agent_trace::{self, ContributorKind, Conversation, Range, Record};
use crate::git::{Commit, GitError, Repository};
use crate::git_ai::{Attestation, Author, AuthorshipLog, FileAttestation, NOTE_BYTES_MAX, NOTES_REF, Session};
use crate::lines::{Lines, split, unchanged};
use crate::source::{Text, recognised};

mod links;

pub use links::{digest_of_link, link_of_digest};

/// The name of this tool in notes and records.
pub const TOOL: &str = "proofmark";
/// The trailer of a commit that names an artifact whose sources the commit brings.
pub const TRAILER: &str = "Proofmark-Artifact";
/// The attribute of a session that names the artifact whose source has its lines.
pub const ARTIFACT: &str = "proofmark.artifact";
/// What stands before a digest in trailers and in the names of sessions.
pub const PREFIX: &str = "sha256:";
/// The most notes of other commits that are looked through.
const OTHERS_MAX: usize = 5_000;
/// The most bytes that are hashed to find lines by their hash.
const HASHED_MAX: usize = 64 << 20;

/// A source file that a log holds.
#[derive(Debug, Clone)]
pub struct Source {
    /// The subject of its provenance: an artifact, or what stands for a try without one.
    pub subject: Digest,
    pub path: String,
    pub text: Vec<u8>,
}

/// A file of a commit whose lines are asked about.
pub struct Asked<'a> {
    /// `None` for a work tree's file that is not committed as it is.
    pub commit: Option<(&'a Commit, ObjectId)>,
    pub path: &'a str,
    pub bytes: &'a [u8],
    /// The lines that are asked about. While each of them is somebody's, nothing more is looked through.
    pub lines: &'a Lines,
}

impl Asked<'_> {
    /// Whether each line that is asked about is somebody's.
    #[must_use]
    pub fn is_answered(&self, found: &[Option<Attribution>]) -> bool {
        let open = (1_u32..).zip(found).filter(|(_, one)| one.is_none());
        !open.into_iter().any(|(line, _)| self.lines.contains(line))
    }
}

/// How a line was found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum How {
    /// A trailer of the commit names the artifact, and one of its sources has the line.
    Trailer,
    /// The note of the commit.
    Note,
    /// An Agent Trace record of the commit, by its id.
    Record(String),
    /// The note of another commit, which has the line by [`By`].
    RewrittenNote(ObjectId, By),
    /// An Agent Trace record of another commit, by its id.
    RewrittenRecord(String, By),
    /// An Agent Trace record whose range has a hash that is the one of lines here.
    Hash { record: String, algorithm: String },
    /// A source of the log has the function with the line.
    Log,
}

/// Why a line of one commit is taken for that of another.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum By {
    /// The files are the same bytes.
    Blob,
    /// Both commits bring the same lines into the file.
    Patch,
    /// The function with the line is in both.
    Function,
}

/// What is said of who wrote a line.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Said {
    /// The artifact or try of which it is the source.
    pub subject: Option<Digest>,
    pub tool: Option<String>,
    pub session: Option<String>,
    pub model: Option<String>,
    /// A person, where it says that one wrote the line.
    pub person: Option<String>,
}

/// Whose a line is, and how that is known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Attribution {
    pub how: How,
    /// More than one where the record contradicts itself, or where several sources have the line.
    pub said: Vec<Said>,
}

/// What a note or a record says of lines of a commit's file.
struct Statement {
    commit: Option<ObjectId>,
    path: String,
    lines: Vec<(Lines, Said)>,
    /// `None` for the note of the commit.
    record: Option<String>,
}

/// The records that a work tree has, and how many lines of their file are none.
#[derive(Debug, Default)]
pub struct Records {
    pub records: Vec<Record>,
    pub wrong: usize,
}

impl Records {
    /// Those of a work tree; none where it has no plain file of them.
    #[must_use]
    pub fn of(root: &Path) -> Self {
        use std::io::Read as _;
        let mut bytes = Vec::new();
        let file = Self::file(root).ok().filter(|file| file.exists()).map(std::fs::File::open);
        let read =
            file.and_then(Result::ok).map(|file| file.take(agent_trace::RECORDS_BYTES_MAX).read_to_end(&mut bytes));
        let (records, wrong) =
            if matches!(read, Some(Ok(_))) { agent_trace::records(&bytes) } else { Default::default() };
        Self { records, wrong: wrong.len() }
    }

    /// Where a work tree keeps its records: a plain file in a plain directory, since links may lead anywhere; or neither
    /// is there yet.
    ///
    /// # Errors
    /// One of them is something else.
    pub fn file(root: &Path) -> Result<PathBuf, GitError> {
        let file = root.join(agent_trace::RECORDS);
        let folder = file.parent().unwrap_or(root);
        let kind = |path: &Path| path.symlink_metadata().map(|found| found.file_type()).ok();
        let plain = kind(folder).is_none_or(|kind| kind.is_dir()) && kind(&file).is_none_or(|kind| kind.is_file());
        let wrong = || GitError::Write(format!("`{}` is not a plain file in a plain directory", agent_trace::RECORDS));
        if plain { Ok(file) } else { Err(wrong()) }
    }
}

/// For each line of a file whose it is, by trailers, notes and records. `sources` are those of the artifacts that trailers
/// of the commit name.
///
/// # Errors
/// What keeps the repository from being read. A note that is none says nothing.
pub fn attribute(
    repository: &Repository,
    asked: &Asked<'_>,
    records: &Records,
    sources: &[Source],
) -> Result<Vec<Option<Attribution>>, GitError> {
    let text = Text::new(asked.path, asked.bytes);
    let mut found: Vec<Option<Attribution>> = vec![None; text.lines.len()];
    if let Some((commit, blob)) = asked.commit {
        trailers(commit, asked, sources, &mut found);
        let own: Vec<Statement> = note(repository, commit.id)?;
        for statement in own.iter().filter(|one| one.path == asked.path) {
            say(&mut found, &How::Note, statement, Some);
        }
        let mut of_records: Vec<Statement> = records.records.iter().flat_map(recorded).collect();
        for statement in &of_records {
            if let (true, true, Some(id)) =
                (statement.commit == Some(commit.id), statement.path == asked.path, &statement.record)
            {
                say(&mut found, &How::Record(id.clone()), statement, Some);
            }
        }
        of_records.retain(|one| one.commit.is_some_and(|id| id != commit.id));
        if !asked.is_answered(&found) {
            rewritten(repository, (commit, blob), asked, of_records, &mut found)?;
        }
    }
    if !asked.is_answered(&found) {
        hashes(&text, records, &mut found);
    }
    Ok(found)
}

/// For each line of a file whose it is by the log alone: what no note and no record says counts here.
#[must_use]
pub fn known(asked: &Asked<'_>, sources: &[Source]) -> Vec<Option<Attribution>> {
    let text = Text::new(asked.path, asked.bytes);
    let mut found = vec![None; text.lines.len()];
    if let Some((commit, _)) = asked.commit {
        trailers(commit, asked, sources, &mut found);
    }
    logged(&text, sources, &mut found);
    found
}

/// Notes what a statement says of lines that nothing was said of yet. `there` gives the statement's line for one of ours.
fn say(found: &mut [Option<Attribution>], how: &How, statement: &Statement, there: impl Fn(u32) -> Option<u32>) {
    for (line, place) in (1_u32..).zip(found.iter_mut()) {
        if place.is_some() {
            continue;
        }
        let Some(line) = there(line) else { continue };
        let said: Vec<Said> =
            statement.lines.iter().filter(|(lines, _)| lines.contains(line)).map(|(_, said)| said.clone()).collect();
        if !said.is_empty() {
            *place = Some(Attribution { how: how.clone(), said });
        }
    }
}

/// Artifacts that a commit's message names in its last paragraph.
#[must_use]
pub fn trailer_digests(message: &[u8]) -> Vec<Digest> {
    let text = String::from_utf8_lossy(message);
    let last = text.trim_end().rsplit("\n\n").next().unwrap_or_default();
    let value = |line: &str| {
        let (name, value) = line.split_once(':')?;
        name.trim().eq_ignore_ascii_case(TRAILER).then(|| value.trim().to_owned())
    };
    last.lines()
        .filter_map(value)
        .filter_map(|value| value.strip_prefix(PREFIX).unwrap_or(&value).parse().ok())
        .collect()
}

fn trailers(commit: &Commit, asked: &Asked<'_>, sources: &[Source], found: &mut [Option<Attribution>]) {
    let lines = split(asked.bytes);
    for digest in trailer_digests(&commit.message) {
        for source in sources.iter().filter(|source| source.subject == digest) {
            let map = unchanged(&split(&source.text), &lines);
            let said = Said { subject: Some(digest), tool: Some(TOOL.to_owned()), ..Said::default() };
            // One blank line in common makes no file a source's.
            if map.iter().flatten().count().saturating_mul(2) < lines.len().min(split(&source.text).len()) {
                continue;
            }
            for (place, _) in found.iter_mut().zip(map).filter(|(place, was)| place.is_none() && was.is_some()) {
                *place = Some(Attribution { how: How::Trailer, said: vec![said.clone()] });
            }
        }
    }
}

/// What the note of a commit says; nothing where there is none, or one that can't be read.
fn note(repository: &Repository, commit: ObjectId) -> Result<Vec<Statement>, GitError> {
    let Some(blob) = repository.note(NOTES_REF, commit)? else { return Ok(Vec::new()) };
    Ok(noted(repository, commit, blob))
}

fn noted(repository: &Repository, commit: ObjectId, blob: ObjectId) -> Vec<Statement> {
    let bytes = repository.note_bytes(blob, NOTE_BYTES_MAX);
    let Some(log) = bytes.ok().and_then(|bytes| AuthorshipLog::parse(&bytes).ok()) else { return Vec::new() };
    let one = |author: Author<'_>| match author {
        Author::Human(human) => Said { person: Some(human.author.clone()), ..Said::default() },
        Author::Session(session) => Said {
            subject: (session.agent_id.tool == TOOL).then(|| subject(session)).flatten(),
            tool: Some(session.agent_id.tool.clone()),
            session: Some(session.agent_id.id.clone()),
            model: Some(session.agent_id.model.clone()),
            person: None,
        },
    };
    let lines = |entry: &Attestation| Some((entry.lines.clone(), one(log.author(&entry.key)?)));
    let file = |file: &FileAttestation| Statement {
        commit: Some(commit),
        path: file.path.clone(),
        lines: file.entries.iter().filter_map(lines).collect(),
        record: None,
    };
    log.files.iter().map(file).collect()
}

/// The artifact that a session of this tool names, or else the try.
fn subject(session: &Session) -> Option<Digest> {
    let artifact = session.custom_attributes.as_ref().and_then(|attributes| attributes.get(ARTIFACT));
    artifact.unwrap_or(&session.agent_id.id).strip_prefix(PREFIX).and_then(|digest| digest.parse().ok())
}

/// What a record says, file by file.
fn recorded(record: &Record) -> Vec<Statement> {
    let of_git = record.vcs.as_ref().filter(|vcs| vcs.kind == "git");
    let commit = of_git.and_then(|vcs| ObjectId::from_hex(vcs.revision.as_bytes()).ok());
    let mut files: BTreeMap<&str, Vec<(Lines, Said)>> = BTreeMap::new();
    for (file, conversation, range) in record.ranges() {
        let Some(lines) = Lines::range(range.start_line, range.end_line) else { continue };
        files.entry(&file.path).or_default().push((lines, contributed(record, conversation, range)));
    }
    let statement = |(path, lines): (&str, Vec<(Lines, Said)>)| Statement {
        commit,
        path: path.to_owned(),
        lines,
        record: Some(record.id.clone()),
    };
    files.into_iter().map(statement).collect()
}

fn contributed(record: &Record, conversation: &Conversation, range: &Range) -> Said {
    let contributor = conversation.contributor(range);
    let artifact = conversation.related.iter().find(|related| related.kind == "artifact").map(|related| &*related.url);
    let person = contributor.is_some_and(|one| one.kind == ContributorKind::Human);
    Said {
        subject: artifact.or(conversation.url.as_deref()).and_then(digest_of_link),
        tool: record.tool.as_ref().and_then(|tool| tool.name.clone()),
        session: conversation.url.clone(),
        model: contributor.and_then(|one| one.model_id.clone()),
        person: person.then(|| "a person, who is not named".to_owned()),
    }
}

/// What notes and records of other commits say, where their lines are those of this commit: after a rebase, an amend or a
/// squash that left notes behind.
fn rewritten(
    repository: &Repository,
    (commit, blob): (&Commit, ObjectId),
    asked: &Asked<'_>,
    records: Vec<Statement>,
    found: &mut [Option<Attribution>],
) -> Result<(), GitError> {
    let mut others: Vec<Statement> = records.into_iter().take(OTHERS_MAX).collect();
    let notes = repository.notes(NOTES_REF)?;
    for (about, note) in notes.into_iter().filter(|(about, _)| *about != commit.id).take(OTHERS_MAX) {
        others.extend(noted(repository, about, note));
    }
    let here = Here { commit, blob, path: asked.path, bytes: asked.bytes, added: OnceCell::new() };
    // Surest first, and of those the file of the same name.
    let mut related = Vec::new();
    for other in others {
        let Some(id) = other.commit else { continue };
        // Rewritten commits are collected as garbage some day.
        let there = match repository.commit(id) {
            Ok(there) => there,
            Err(GitError::Budget) => return Err(GitError::Budget),
            Err(_) => continue,
        };
        let Some(there_blob) = repository.blob_at(there.tree, &other.path).unwrap_or_default() else { continue };
        if let Some((by, map)) = here.lines_of(repository, &there, there_blob, &other.path)? {
            related.push((by, other.path != asked.path, other, map));
        }
    }
    related.sort_by_key(|(by, renamed, other, _)| (*by, *renamed, other.commit));
    for (by, _, other, map) in related {
        let how = match (&other.record, other.commit) {
            (Some(id), _) => How::RewrittenRecord(id.clone(), by),
            (None, Some(commit)) => How::RewrittenNote(commit, by),
            (None, None) => continue,
        };
        let there = |line: u32| map.get(usize::try_from(line.checked_sub(1)?).ok()?).copied().flatten();
        say(found, &how, &other, there);
    }
    Ok(())
}

/// By what two files are the same, and for each line of ours (an index) theirs (from 1).
type SameLines = (By, Vec<Option<u32>>);

/// A file of a commit that may be another one's, rewritten.
struct Here<'a> {
    commit: &'a Commit,
    blob: ObjectId,
    path: &'a str,
    bytes: &'a [u8],
    added: OnceCell<Vec<u32>>,
}

impl Here<'_> {
    /// The lines that the commit brings.
    fn added(&self, repository: &Repository) -> Result<&[u32], GitError> {
        if self.added.get().is_none() {
            let _ = self.added.set(repository.added(self.commit, self.path, self.blob)?);
        }
        Ok(self.added.get().map_or(&[], Vec::as_slice))
    }

    /// The lines that are those of a file of another commit.
    fn lines_of(
        &self,
        repository: &Repository,
        there: &Commit,
        blob: ObjectId,
        path: &str,
    ) -> Result<Option<SameLines>, GitError> {
        let count = split(self.bytes).len();
        let number = |at: usize| u32::try_from(at.saturating_add(1)).unwrap_or(u32::MAX);
        // Few letters are the same in any two programs.
        let tells = |lines: &mut dyn Iterator<Item = &u8>| {
            lines.filter(|byte| byte.is_ascii_alphanumeric()).count() >= crate::source::SHARED_MIN
        };
        if !tells(&mut self.bytes.iter()) {
            return Ok(None);
        }
        if blob == self.blob {
            return Ok(Some((By::Blob, (0..count).map(|at| Some(number(at))).collect())));
        }
        let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        if name(path) != name(self.path) {
            return Ok(None);
        }
        let bytes = match repository.blob(blob) {
            Ok(bytes) => bytes,
            Err(GitError::Budget) => return Err(GitError::Budget),
            Err(_) => return Ok(None),
        };
        let ours = self.added(repository)?;
        let theirs = repository.added(there, path, blob)?;
        let (our_lines, their_lines) = (split(self.bytes), split(&bytes));
        let texts = |lines: &[&[u8]], numbers: &[u32]| -> Vec<Vec<u8>> {
            let at = |number: &u32| usize::try_from(number.saturating_sub(1)).unwrap_or(usize::MAX);
            numbers.iter().filter_map(|number| lines.get(at(number))).map(|line| line.to_vec()).collect()
        };
        let brought = texts(&our_lines, ours);
        if tells(&mut brought.iter().flatten()) && brought == texts(&their_lines, &theirs) {
            let mut map = vec![None; count];
            for (our, their) in ours.iter().zip(&theirs) {
                if let Some(place) = usize::try_from(our.saturating_sub(1)).ok().and_then(|at| map.get_mut(at)) {
                    *place = Some(*their);
                }
            }
            return Ok(Some((By::Patch, map)));
        }
        let map = recognised(&Text::new(path, &bytes), &Text::new(self.path, self.bytes));
        let any = map.iter().any(Option::is_some);
        Ok(any.then(|| (By::Function, map.into_iter().map(|was| was.map(number)).collect())))
    }
}

/// Ranges of records whose hash is that of lines here, wherever they stand.
fn hashes(text: &Text<'_>, records: &Records, found: &mut [Option<Attribution>]) {
    let mut hashed = 0_usize;
    for record in &records.records {
        for (_, conversation, range) in record.ranges() {
            let Some(hash) = &range.content_hash else { continue };
            let length = range.end_line.saturating_sub(range.start_line).saturating_add(1);
            let Ok(length) = usize::try_from(length) else { continue };
            for (at, window) in text.lines.windows(length.max(1)).enumerate() {
                hashed = hashed.saturating_add(window.iter().map(|line| line.len().saturating_add(1)).sum());
                if hashed > HASHED_MAX {
                    return;
                }
                // Few letters have the same hash in any program.
                let letters =
                    window.iter().flat_map(|line| line.iter()).filter(|byte| byte.is_ascii_alphanumeric()).count();
                if letters < crate::source::SHARED_MIN || agent_trace::is_hash_of(hash, window) != Some(true) {
                    continue;
                }
                let algorithm = hash.split(':').next().unwrap_or_default().to_owned();
                let how = How::Hash { record: record.id.clone(), algorithm };
                let said = vec![contributed(record, conversation, range)];
                for place in found.iter_mut().skip(at).take(length).filter(|place| place.is_none()) {
                    *place = Some(Attribution { how: how.clone(), said: said.clone() });
                }
            }
        }
    }
}

/// Sources of the log that have the function with a line.
fn logged(text: &Text<'_>, sources: &[Source], found: &mut [Option<Attribution>]) {
    let mut said: Vec<Vec<Said>> = vec![Vec::new(); found.len()];
    for source in sources {
        let map = recognised(&Text::new(&source.path, &source.text), text);
        let one = Said { subject: Some(source.subject), tool: Some(TOOL.to_owned()), ..Said::default() };
        for (place, _) in said.iter_mut().zip(map).filter(|(_, was)| was.is_some()) {
            place.push(one.clone());
        }
    }
    for (place, said) in found.iter_mut().zip(said).filter(|(place, said)| place.is_none() && !said.is_empty()) {
        *place = Some(Attribution { how: How::Log, said });
    }
}

#[cfg(test)]
mod tests;
