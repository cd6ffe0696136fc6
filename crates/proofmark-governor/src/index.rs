//! What the log's entries add up to: attempts, runs, where orders are. Derived from the log, kept beside it, made again
//! where it does not fit; never a source of its own.

use std::collections::BTreeMap;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use proofmark_mark::digest::Digest;
use proofmark_mark::entry::Kind;
use serde::{Deserialize, Serialize};

use crate::log::{LogError, View};

/// The largest index file that is read, in bytes; a larger one is made again.
const INDEX_BYTES_MAX: u64 = 256 << 20;
/// Entries after which the file is written anew: one bundle of the log.
const SAVED_EVERY: u64 = 256;

/// The sums over the first entries of a log.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Index {
    index: u64,
    /// How many entries are summed, and the root of their tree.
    size: u64,
    root: Digest,
    /// Submissions by contract and generator (SHA-256 of its id), each as `contract/generator`.
    attempts: BTreeMap<String, u64>,
    /// Runs that were opened.
    runs: u64,
    /// Where the orders are.
    orders: Vec<u64>,
    #[serde(skip)]
    file: PathBuf,
    #[serde(skip)]
    saved: u64,
}

impl Index {
    /// The sums over the view's whole log: from the file as far as it is of this log, from the entries after that.
    ///
    /// # Errors
    /// What keeps the log from being read. A file that is missing, damaged or of another log is no error.
    pub fn open(file: &Path, view: &View) -> Result<Self, LogError> {
        let mut index = Self::read(file, view).unwrap_or_else(|| Self::empty(view));
        file.clone_into(&mut index.file);
        index.saved = index.size;
        index.follow(view)?;
        Ok(index)
    }

    fn empty(view: &View) -> Self {
        Self {
            index: 1,
            size: 0,
            root: view.root(),
            attempts: BTreeMap::new(),
            runs: 0,
            orders: Vec::new(),
            file: PathBuf::new(),
            saved: 0,
        }
    }

    fn read(file: &Path, view: &View) -> Option<Self> {
        let bytes = crate::home::read_limited(file, INDEX_BYTES_MAX).ok()?;
        let index: Self = serde_json::from_slice(&bytes).ok()?;
        let fits = index.index == 1 && index.size <= view.size() && view.root_at(index.size).ok()? == index.root;
        fits.then_some(index)
    }

    /// Adds the entries that the view has and this has not.
    ///
    /// # Errors
    /// What keeps the log from being read; the sums are then as they were.
    pub fn follow(&mut self, view: &View) -> Result<(), LogError> {
        let entries = view.entries(self.size..view.size()).collect::<Result<Vec<_>, _>>()?;
        for (at, entry) in entries {
            match (entry.kind, entry.about) {
                (Kind::Submission { generator }, Some(about)) => {
                    let count = self.attempts.entry(key(about.contract, generator)).or_default();
                    *count = count.saturating_add(1);
                }
                (Kind::ReceiptOpen, _) => self.runs = self.runs.saturating_add(1),
                (Kind::Order, _) => self.orders.push(at),
                _ => {}
            }
        }
        (self.size, self.root) = (view.size(), view.root());
        if self.size.saturating_sub(self.saved) >= SAVED_EVERY {
            self.save();
        }
        Ok(())
    }

    /// How many submissions for a contract by a generator (SHA-256 of its id) there are.
    #[must_use]
    pub fn attempts(&self, contract: Digest, generator: Digest) -> u64 {
        self.attempts.get(&key(contract, generator)).copied().unwrap_or_default()
    }

    /// How many runs were opened.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// The indices of the orders in the log, in order.
    #[must_use]
    pub fn orders(&self) -> &[u64] {
        &self.orders
    }

    /// Not flushed to disk, and no error: what is lost is made again.
    fn save(&mut self) {
        let folder = self.file.parent().unwrap_or_else(|| Path::new("."));
        let written = serde_json::to_vec(self).ok().and_then(|bytes| {
            let mut file = tempfile::Builder::new().prefix(".index-").tempfile_in(folder).ok()?;
            file.write_all(&bytes).ok()?;
            file.persist(&self.file).ok()
        });
        if written.is_some() {
            self.saved = self.size;
        }
    }
}

fn key(contract: Digest, generator: Digest) -> String {
    format!("{contract}/{generator}")
}

#[cfg(test)]
mod tests;
