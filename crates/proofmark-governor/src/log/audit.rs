//! The audit: reads everything, computes everything again, and says of every object whether it is as it must be.
//!
//! It believes nothing but the log's public key: neither tiles nor the checkpoint nor the names of blobs. It never writes.

use std::collections::{BTreeMap, HashSet};
use std::fmt;
use std::time::Duration;

use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{About, Entry, Kind};
use proofmark_mark::note::VerifierKey;

use super::LogError;
use super::names::{Name, Row};
use super::replay::Replay;
use super::stored::published;
use crate::store::{BLOBS, OBJECT_BYTES_MAX, Store, StoreError, blob_name};

/// The most problems that are told one by one.
const PROBLEMS_MAX: usize = 1000;
/// How long a writer is given to publish a commit that is there but not published, before that is a problem.
const PUBLISHING: Duration = Duration::from_millis(if cfg!(test) { 1 } else { 250 });

/// What an audit found.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Audit {
    /// Commits verified, the opening one included.
    pub commits: u64,
    /// Entries verified.
    pub entries: u64,
    /// Blobs whose content was verified.
    pub blobs: u64,
    /// Those of them that no entry names: left by a submission that never reached the log, or put there for another use.
    pub unnamed_blobs: u64,
    /// The signed checkpoint of what was verified.
    pub checkpoint: String,
    /// What is wrong: the first 1,000 finds.
    pub problems: Vec<Problem>,
    /// How many more there are.
    pub problems_untold: u64,
}

/// One object that is not as it must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    pub path: String,
    pub what: String,
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` {}", self.path, self.what)
    }
}

impl Audit {
    /// Whether everything is as it must be.
    #[must_use]
    pub fn is_sound(&self) -> bool {
        self.problems.is_empty()
    }
}

/// Audits a log and the blobs beside it: every hash, link, signature, tile, bundle and blob, and that there is no object
/// too many or too few. Every bit of every object counts.
///
/// Entries must name blobs that exist: each its envelope, submissions the artifact and the contract as well. Half-written
/// files of an interrupted writer (`name#1`) are not objects of the store and are not seen. A log that is being written
/// may be audited: what is added meanwhile is left to the next audit.
///
/// # Errors
/// [`LogError::Absent`] when there is no log at all, or what keeps an object from being read.
pub fn audit(store: &Store, key: &VerifierKey) -> Result<Audit, LogError> {
    let (audit, unpublished) = pass(store, key)?;
    if !unpublished {
        return Ok(audit);
    }
    std::thread::sleep(PUBLISHING);
    Ok(pass(store, key)?.0)
}

/// One audit, and whether it found the last commit unpublished.
fn pass(store: &Store, key: &VerifierKey) -> Result<(Audit, bool), LogError> {
    let mut auditor = Auditor {
        store,
        replay: Replay::new(store, key),
        sizes: Vec::new(),
        absent: BTreeMap::new(),
        named: HashSet::new(),
        unpublished: false,
        audit: Audit::default(),
    };
    if auditor.commits()? {
        auditor.checkpoint(key)?;
        auditor.objects()?;
    }
    Ok((auditor.audit, auditor.unpublished))
}

struct Auditor<'a> {
    store: &'a Store,
    replay: Replay,
    /// The sizes for which a checkpoint was signed, ascending.
    sizes: Vec<u64>,
    /// Partial tiles and bundles that are not there, until the full one shows that they need not be.
    absent: BTreeMap<(Row, u64), Vec<Name>>,
    /// Blobs that entries name and that were not seen yet.
    named: HashSet<Digest>,
    unpublished: bool,
    audit: Audit,
}

impl Auditor<'_> {
    /// Goes through all commits and what follows from them. `false` if one is altered: nothing after it can be judged.
    fn commits(&mut self) -> Result<bool, LogError> {
        loop {
            let objects = match self.replay.step() {
                Ok(Some(objects)) => objects,
                Ok(None) => break,
                Err(LogError::Altered { path, why }) => {
                    self.problem(path, format!("was altered: {why}"));
                    return Ok(false);
                }
                Err(LogError::Store(StoreError::TooLarge { path, .. })) => {
                    self.problem(path, "was altered: it is too large to be a commit");
                    return Ok(false);
                }
                Err(error) => return Err(error),
            };
            for (name, bytes) in objects {
                self.derived(name, &bytes)?;
            }
            self.entries();
            self.sizes.push(self.replay.view.size());
            self.audit.commits = self.audit.commits.saturating_add(1);
        }
        self.audit.entries = self.replay.view.size();
        self.audit.checkpoint = self.replay.view.checkpoint().to_owned();
        for name in std::mem::take(&mut self.absent).into_values().flatten() {
            self.unpublished = true;
            let what = "is missing; if a writer was interrupted, the next one makes it again";
            self.problem(self.store.path(&name.to_string()), what);
        }
        Ok(true)
    }

    /// Compares a tile or bundle with what follows from the commits.
    fn derived(&mut self, name: Name, bytes: &[u8]) -> Result<(), LogError> {
        let Name::Tile(row, part) = name else { return Ok(()) };
        if part.is_full() {
            self.absent.remove(&(row, part.index));
        }
        match self.store.read(&name.to_string(), bytes.len() as u64) {
            Ok(found) if found == bytes => {}
            Ok(_) | Err(StoreError::TooLarge { .. }) => {
                self.problem(
                    self.store.path(&name.to_string()),
                    "was altered: it is not what follows from the commits",
                );
            }
            Err(StoreError::NotFound { path }) if part.is_full() => {
                self.unpublished = true;
                self.problem(path, "is missing");
            }
            Err(StoreError::NotFound { .. }) => self.absent.entry((row, part.index)).or_default().push(name),
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Reads the last commit's entries and notes what they name.
    fn entries(&mut self) {
        let view = &self.replay.view;
        let mut wrong = Vec::new();
        for (index, bytes) in (view.settled..).zip(&view.tail) {
            match Entry::parse(bytes) {
                Ok(entry) => self.named.extend(named(&entry)),
                Err(error) => wrong.push(format!("holds entry {index}, which is not one of Proofmark: {error}")),
            }
        }
        let path = self.store.path(&Name::Commit(view.next.saturating_sub(1)).to_string());
        for what in wrong {
            self.problem(path.clone(), what);
        }
    }

    fn checkpoint(&mut self, key: &VerifierKey) -> Result<(), LogError> {
        let path = self.store.path(&Name::Checkpoint.to_string());
        let what = match published(self.store, key) {
            Ok(None) => "is missing",
            Ok(Some((checkpoint, _))) if checkpoint.size < self.replay.view.size() => {
                "is older than the last commit; if a writer was interrupted, the next one replaces it"
            }
            Ok(Some((_, note))) if note == self.replay.view.checkpoint() => return Ok(()),
            Ok(Some((checkpoint, _))) if checkpoint.size > self.replay.view.size() && self.has_grown()? => {
                return Ok(());
            }
            Ok(Some(_)) => {
                self.problem(
                    path,
                    "is signed for other entries than the commits hold: commits are missing, or the log was forked",
                );
                return Ok(());
            }
            Err(LogError::Altered { why, .. }) => {
                self.problem(path, format!("was altered: {why}"));
                return Ok(());
            }
            Err(LogError::Store(StoreError::TooLarge { .. })) => {
                self.problem(path, "was altered: it is too large to be a checkpoint");
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        self.unpublished = true;
        self.problem(path, what);
        Ok(())
    }

    /// Looks at every object that there is.
    fn objects(&mut self) -> Result<(), LogError> {
        let mut later = Vec::new();
        for object in self.store.list("") {
            let name = object?.name;
            match name.parse::<Name>() {
                Ok(known) if self.expected(known) => {}
                Ok(known) if self.is_later(known) => later.push(name),
                Ok(_) => self.problem(self.store.path(&name), "does not belong to the log"),
                Err(()) => self.blob(&name)?,
            }
        }
        if !later.is_empty() && !self.has_grown()? {
            for name in later {
                self.problem(
                    self.store.path(&name),
                    "lies behind the end of the log: commits are missing, or it does not belong there",
                );
            }
        }
        for digest in std::mem::take(&mut self.named) {
            self.problem(self.store.path(&blob_name(&digest)), "is missing, but an entry names it");
        }
        Ok(())
    }

    /// Whether going through the commits has verified an object of that name, if it is there.
    fn expected(&self, name: Name) -> bool {
        let view = &self.replay.view;
        match name {
            Name::Checkpoint => true,
            Name::Commit(number) => number < view.next,
            Name::Tile(row, part) if part.is_full() => part.end() <= row.count(view.size()),
            Name::Tile(row, part) => {
                // Partial ones exist for signed sizes only.
                let (Some(least), most) = (row.size(part.end()), row.size(part.end().saturating_add(1))) else {
                    return false;
                };
                let at = self.sizes.partition_point(|size| *size < least);
                self.sizes.get(at).is_some_and(|size| most.is_none_or(|most| *size < most))
            }
        }
    }

    /// Whether a longer log may have an object of that name.
    fn is_later(&self, name: Name) -> bool {
        let view = &self.replay.view;
        match name {
            Name::Checkpoint => false,
            Name::Commit(number) => number >= view.next,
            Name::Tile(row, part) => part.end() > row.count(view.size()),
        }
    }

    fn blob(&mut self, name: &str) -> Result<(), LogError> {
        let path = self.store.path(name);
        let digest = name.strip_prefix(BLOBS).and_then(|rest| rest.strip_prefix('/')).map(str::parse::<Digest>);
        let Some(Ok(digest)) = digest else {
            self.problem(path, "does not belong to the log");
            return Ok(());
        };
        match self.store.read(name, OBJECT_BYTES_MAX) {
            Ok(bytes) if Digest::of(&bytes) == digest => {
                self.audit.blobs = self.audit.blobs.saturating_add(1);
                if !self.named.remove(&digest) {
                    self.audit.unnamed_blobs = self.audit.unnamed_blobs.saturating_add(1);
                }
            }
            Ok(_) | Err(StoreError::TooLarge { .. }) => {
                self.named.remove(&digest);
                self.problem(path, "was altered: its content is not the one that its name says");
            }
            // Gone since it was listed.
            Err(StoreError::NotFound { .. }) => {}
            Err(error) => return Err(error.into()),
        }
        Ok(())
    }

    /// Whether a commit was added since the last one was read.
    fn has_grown(&self) -> Result<bool, LogError> {
        Ok(self.store.exists(&Name::Commit(self.replay.view.next).to_string())?)
    }

    fn problem(&mut self, path: String, what: impl Into<String>) {
        if self.audit.problems.len() < PROBLEMS_MAX {
            self.audit.problems.push(Problem { path, what: what.into() });
        } else {
            self.audit.problems_untold = self.audit.problems_untold.saturating_add(1);
        }
    }
}

/// The blobs that must exist for an entry.
fn named(entry: &Entry) -> Vec<Digest> {
    match (entry.kind, entry.about) {
        (Kind::Submission { .. }, Some(About { artifact, contract })) => vec![entry.envelope, artifact, contract],
        _ => vec![entry.envelope],
    }
}
