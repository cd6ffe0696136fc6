//! A log as it was at one commit: its entries and proofs, each verified against the signed root before it is handed out.
//!
//! A view never writes. Only the right edge of the tree and the last commit's entries are held in memory; everything
//! else is read tile by tile. The very last commit need not have been published yet.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::{Arc, Mutex, PoisonError};

use proofmark_mark::checkpoint::Checkpoint;
use proofmark_mark::digest::Digest;
use proofmark_mark::dsse::Envelope;
use proofmark_mark::entry::Entry;
use proofmark_mark::merkle::{self, BuildError};
use proofmark_mark::note::VerifierKey;

use super::LogError;
use super::commit::Commit;
use super::edge::{Edge, Tile};
use super::names::{COMMITS, Name, Part, Row, WIDTH};
use super::stored::{altered, latest, open_checkpoint, published, read_commit, read_entries, read_hashes};
use crate::store::{Store, StoreError, blob_name};

/// A log at one commit.
#[derive(Debug)]
pub struct View {
    pub(crate) store: Store,
    pub(crate) key: VerifierKey,
    /// Number of the commit after the last one.
    pub(crate) next: u64,
    /// Digest of the last commit's bytes.
    pub(crate) last: Digest,
    pub(crate) edge: Edge,
    /// Entries before the last commit; all that is derived from them is published.
    pub(crate) settled: u64,
    /// The last commit's entries.
    pub(crate) tail: Vec<Vec<u8>>,
    /// The tiles that the last commit made full.
    pub(crate) full: Vec<Tile>,
    root: Digest,
    note: String,
    /// Of each level the verified full tile that was read last.
    seen: Mutex<BTreeMap<u32, Seen>>,
}

/// A tile's index and hashes.
type Seen = (u64, Arc<[Digest]>);

impl View {
    /// Opens a log for reading, at its latest commit. Reads a few objects, however long the log is.
    ///
    /// # Errors
    /// [`LogError::Absent`] when there is none, [`LogError::Altered`] and [`LogError::Cut`] when it is not as it was
    /// written, or what keeps it from being read.
    pub fn open(store: &Store, key: &VerifierKey) -> Result<Self, LogError> {
        // Read first: the commit of a published checkpoint was there before it.
        let published = published(store, key)?;
        let number = latest(store, 0)?;
        let (name, bytes) = read_commit(store, number)?;
        let commit = Commit::parse(&bytes).ok_or_else(|| altered(store, &name, "it is not a commit"))?;
        if commit.number != number {
            return Err(altered(store, &name, "it is another commit"));
        }
        let edge = Edge::read(commit.first, |row, part| read_hashes(store, row, part))?;
        let mut view = Self::before(store, key, &commit, edge);
        view.step(&bytes)?;
        view.compare(published)?;
        Ok(view)
    }

    /// The state before a commit, which is believed until [`View::step`] has verified it with its commit.
    fn before(store: &Store, key: &VerifierKey, commit: &Commit, edge: Edge) -> Self {
        Self {
            store: store.clone(),
            key: key.clone(),
            next: commit.number,
            last: commit.previous,
            settled: edge.size(),
            root: edge.root(),
            edge,
            tail: Vec::new(),
            full: Vec::new(),
            note: String::new(),
            seen: Mutex::default(),
        }
    }

    /// The state before commit 0.
    pub(crate) fn nothing(store: &Store, key: &VerifierKey) -> Self {
        let previous = Digest([0; 32]);
        let (entries, checkpoint) = (Vec::new(), String::new());
        let commit = Commit { number: 0, previous, nonce: previous, first: 0, entries, checkpoint };
        Self::before(store, key, &commit, Edge::default())
    }

    /// Verifies the next commit and moves on to it. After an error the view is as it was.
    pub(crate) fn step(&mut self, bytes: &[u8]) -> Result<(), LogError> {
        let name = Name::Commit(self.next);
        let wrong = |why: &str| altered(&self.store, &name, why);
        let commit = Commit::parse(bytes).ok_or_else(|| wrong("it is not a commit"))?;
        if commit.number != self.next || commit.previous != self.last || commit.first != self.edge.size() {
            return Err(wrong("it does not follow the commit before it"));
        }
        let signed = open_checkpoint(&commit.checkpoint, &self.key).map_err(|why| wrong(&why))?;
        let mut edge = self.edge.clone();
        let full = edge.extend(commit.entries.iter().map(|entry| merkle::leaf_hash(entry)));
        if signed.size != edge.size() || signed.root != edge.root() {
            return Err(wrong("its entries and the tiles before them do not lead to its signed checkpoint"));
        }
        self.settled = commit.first;
        self.next = self.next.saturating_add(1);
        self.last = Digest::of(bytes);
        (self.edge, self.full, self.tail) = (edge, full, commit.entries);
        (self.root, self.note) = (signed.root, commit.checkpoint);
        Ok(())
    }

    /// Holds the published checkpoint against this view: an older one must be of the same history.
    fn compare(&self, published: Option<(Checkpoint, String)>) -> Result<(), LogError> {
        let Some((published, note)) = published else {
            return self.count_commits();
        };
        if published.size > self.size() {
            return Err(LogError::Cut { place: self.store.path(""), signed: published.size, found: self.size() });
        }
        let same = if published.size == self.size() {
            note == self.note
        } else {
            self.root_at(published.size)? == published.root
        };
        let forked = "it is signed for other entries than the log has: the log was forked";
        if same { Ok(()) } else { Err(altered(&self.store, &Name::Checkpoint, forked)) }
    }

    /// Without a checkpoint only counting shows that no commit is missing.
    fn count_commits(&self) -> Result<(), LogError> {
        let (mut before, mut after) = (0_u64, 0_u64);
        for object in self.store.list(COMMITS) {
            match object?.name.parse() {
                Ok(Name::Commit(number)) if number < self.next => before = before.saturating_add(1),
                Ok(Name::Commit(_)) => after = after.saturating_add(1),
                _ => {}
            }
        }
        if before < self.next || (after > 0 && !self.store.exists(&Name::Commit(self.next).to_string())?) {
            return Err(LogError::Gap { place: self.store.path(COMMITS), next: self.next });
        }
        Ok(())
    }

    /// Number of entries.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.edge.size()
    }

    /// Root of the tree of all entries.
    #[must_use]
    pub fn root(&self) -> Digest {
        self.root
    }

    /// Root of the tree of the first `size` entries, at most all of them.
    ///
    /// # Errors
    /// [`LogError::Outside`] for a size that the log has not reached, or what keeps tiles from being read.
    pub fn root_at(&self, size: u64) -> Result<Digest, LogError> {
        merkle::root_at(&|level, index| self.hash(level, index), size)
    }

    /// Moves on to the last commit. Says whether there was one more.
    ///
    /// # Errors
    /// [`LogError::Altered`] for a commit that does not follow, or what keeps it from being read; the view is then where
    /// it got to.
    pub fn follow(&mut self) -> Result<bool, LogError> {
        let before = self.next;
        loop {
            match read_commit(&self.store, self.next) {
                Ok((_, bytes)) => self.step(&bytes)?,
                Err(StoreError::NotFound { .. }) => return Ok(self.next > before),
                Err(error) => return Err(error.into()),
            }
        }
    }

    /// The envelope that an entry of the log names.
    ///
    /// # Errors
    /// As [`Store::blob`], or [`LogError::Altered`] for bytes that are no envelope.
    pub fn envelope(&self, entry: &Entry) -> Result<Envelope, LogError> {
        let bytes = self.store.blob(&entry.envelope)?;
        Envelope::parse(&bytes).map_err(|error| LogError::Altered {
            path: self.store.path(&blob_name(&entry.envelope)),
            why: format!("it is not an envelope ({error})"),
        })
    }

    /// The signed checkpoint, a note.
    #[must_use]
    pub fn checkpoint(&self) -> &str {
        &self.note
    }

    /// The proof that entry `index` is in the tree of this view's checkpoint, lowest hash first.
    ///
    /// # Errors
    /// [`LogError::Outside`] for an index that the log has not reached, or what keeps tiles from being read.
    pub fn inclusion_proof(&self, index: u64) -> Result<Vec<Digest>, LogError> {
        self.inclusion_proof_at(index, self.size())
    }

    /// The proof that the tree of the first `size` entries is a prefix of the tree of this view's checkpoint.
    ///
    /// # Errors
    /// [`LogError::Outside`] for a size that the log has not reached, or what keeps tiles from being read.
    pub fn consistency_proof(&self, size: u64) -> Result<Vec<Digest>, LogError> {
        self.consistency_proof_at(size, self.size())
    }

    pub(super) fn unproven(&self, error: BuildError<LogError>, asked: u64) -> LogError {
        match error {
            BuildError::Range(_) => LogError::Outside { asked, size: self.size() },
            BuildError::Read(error) => error,
        }
    }

    /// The entries with these indices, as far as the log has them, with their indices. One bundle at a time is read.
    pub fn entries(&self, indices: Range<u64>) -> impl Iterator<Item = Result<(u64, Entry), LogError>> + '_ {
        let end = indices.end.min(self.size());
        let mut next = indices.start;
        let mut bundle = Vec::new().into_iter();
        std::iter::from_fn(move || {
            if next >= end {
                return None;
            }
            let index = next;
            next = next.saturating_add(1);
            let entry = bundle.next().map_or_else(
                || {
                    bundle = self.bundle(index / WIDTH)?.into_iter();
                    let skip = usize::try_from(index % WIDTH).unwrap_or(usize::MAX);
                    bundle.nth(skip).ok_or(LogError::Outside { asked: index, size: end })
                },
                Ok,
            );
            let entry = entry.and_then(|entry| {
                let why = |error| LogError::NotAnEntry { index, why: format!("{error}") };
                Ok((index, Entry::parse(&entry).map_err(why)?))
            });
            if entry.is_err() {
                next = end;
            }
            Some(entry)
        })
    }

    /// The entries of bundle `index` that this view has, verified.
    pub(crate) fn bundle(&self, index: u64) -> Result<Vec<Vec<u8>>, LogError> {
        let start = index.saturating_mul(WIDTH);
        let stored = self.settled.saturating_sub(start).min(WIDTH);
        let mut entries =
            if stored > 0 { read_entries(&self.store, Part { index, width: stored })? } else { Vec::new() };
        // What is not stored for certain is in the last commit.
        let wanted = usize::try_from(WIDTH).unwrap_or(0).saturating_sub(entries.len());
        let skip = usize::try_from(start.saturating_sub(self.settled)).unwrap_or(usize::MAX);
        entries.extend(self.tail.iter().skip(skip).take(wanted).cloned());
        let hashes = self.tile(0, index)?;
        if entries.iter().map(|entry| merkle::leaf_hash(entry)).eq(hashes.iter().copied()) {
            return Ok(entries);
        }
        let name = Name::Tile(Row::Entries, Part { index, width: stored });
        Err(altered(&self.store, &name, "its entries do not lead to the log's signed root"))
    }

    /// The hash of the complete subtree over entries `index << level .. (index + 1) << level`.
    pub(super) fn hash(&self, level: u32, index: u64) -> Result<Digest, LogError> {
        let span = 1_u64 << (level % 8);
        let first = index.saturating_mul(span);
        let tile = self.tile(level / 8, first / WIDTH)?;
        let at = usize::try_from(first % WIDTH).unwrap_or(usize::MAX);
        let end = at.saturating_add(usize::try_from(span).unwrap_or(usize::MAX));
        tile.get(at..end).map(merkle::root).ok_or(LogError::Outside { asked: first, size: self.size() })
    }

    /// The hashes of a tile of this view's tree, verified up to the edge, which is verified by the signed root.
    fn tile(&self, level: u32, index: u64) -> Result<Arc<[Digest]>, LogError> {
        let full = Row::Level(level).count(self.size()) / WIDTH;
        if index >= full {
            let partial = if index == full { self.edge.level(level) } else { &[] };
            return if partial.is_empty() {
                Err(LogError::Outside { asked: index.saturating_mul(WIDTH), size: self.size() })
            } else {
                Ok(partial.into())
            };
        }
        if let Some(tile) = self.full.iter().find(|tile| tile.level == level && tile.index == index) {
            return Ok(tile.hashes.as_slice().into());
        }
        let seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner).get(&level).cloned();
        if let Some((_, hashes)) = seen.filter(|(seen, _)| *seen == index) {
            return Ok(hashes);
        }
        let hashes: Arc<[Digest]> = read_hashes(&self.store, Row::Level(level), Part::full(index))?.into();
        let parent = self.tile(level.saturating_add(1), index / WIDTH)?;
        let at = usize::try_from(index % WIDTH).unwrap_or(usize::MAX);
        if parent.get(at) != Some(&merkle::root(&hashes)) {
            let name = Name::Tile(Row::Level(level), Part::full(index));
            return Err(altered(&self.store, &name, "its hashes do not lead to the log's signed root"));
        }
        self.seen.lock().unwrap_or_else(PoisonError::into_inner).insert(level, (index, Arc::clone(&hashes)));
        Ok(hashes)
    }
}
