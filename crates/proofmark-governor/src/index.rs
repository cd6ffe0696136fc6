//! Where things are in the log: which entries are about what, sorted by what one looks for. Derived from the log, kept
//! beside it, made again where it does not fit; never a source of its own.
//!
//! It is a set of pairs of a key and an entry's index. Counting is listing: the attempts at a contract are the entries
//! under one key. Looking up reads a few blocks of a file, however long the log is.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use proofmark_contract::Contract;
use proofmark_mark::digest::Digest;
use proofmark_mark::entry::{About, Entry, Kind};
use proofmark_mark::statement::Statement;
use proofmark_mark::verdict::{Verdict, VerificationResult};

use crate::log::{LogError, View};

mod table;

use table::{Damaged, Head, Table, WriteError};

/// Entries after which the file is written anew: one bundle of the log.
const SAVED_EVERY: u64 = 256;

/// A key, and the index of an entry that it leads to.
type Pair = (Digest, u64);

/// What the first entries of a log are about.
#[derive(Debug, Clone)]
pub struct Index {
    /// How many entries are summed.
    size: u64,
    /// Runs that were opened.
    runs: u64,
    /// Pairs of the entries after the file's.
    fresh: BTreeSet<Pair>,
    saved: Option<Arc<Table>>,
    file: PathBuf,
}

/// What one looks for.
#[derive(Debug, Clone, Copy)]
pub enum Key {
    /// Submissions for a contract by a generator (SHA-256 of its id).
    Attempts { contract: Digest, generator: Digest },
    /// Submissions of an artifact for a contract.
    Submissions { contract: Digest, artifact: Digest },
    /// Orders.
    Orders,
    /// Verdicts that passed, for a contract under a policy.
    Marks { contract: Digest, policy: Digest },
    /// Verdicts that failed, for a contract.
    Refused { contract: Digest },
    /// Verdicts that passed, for any contract with this interface ([`proofmark_contract::Interface::digest`]).
    Interface(Digest),
}

impl Key {
    fn digest(self) -> Digest {
        match self {
            Self::Attempts { contract, generator } => Digest::of_parts(&[b"attempts\0", &contract.0, &generator.0]),
            Self::Submissions { contract, artifact } => Digest::of_parts(&[b"submissions\0", &contract.0, &artifact.0]),
            Self::Orders => Digest::of(b"orders\0"),
            Self::Marks { contract, policy } => Digest::of_parts(&[b"marks\0", &contract.0, &policy.0]),
            Self::Refused { contract } => Digest::of_parts(&[b"refused\0", &contract.0]),
            Self::Interface(interface) => Digest::of_parts(&[b"interface\0", &interface.0]),
        }
    }
}

impl Index {
    /// The index over the view's whole log: from the file as far as it is of this log, from the entries after that.
    ///
    /// # Errors
    /// What keeps the log from being read. A file that is missing, damaged or of another log is no error.
    pub fn open(file: &Path, view: &View) -> Result<Self, LogError> {
        let mut index = Self::empty(file);
        index.saved = Table::open(file).filter(|table| fits(&table.head, view)).map(Arc::new);
        if let Some(table) = &index.saved {
            (index.size, index.runs) = (table.head.size, table.head.runs);
        }
        index.follow(view)?;
        Ok(index)
    }

    fn empty(file: &Path) -> Self {
        Self { size: 0, runs: 0, fresh: BTreeSet::new(), saved: None, file: file.to_path_buf() }
    }

    /// Adds the entries that the view has and this has not.
    ///
    /// # Errors
    /// What keeps the log from being read; what was read before that is in the index.
    pub fn follow(&mut self, view: &View) -> Result<(), LogError> {
        self.read(view)?;
        let saved = self.saved.as_ref().map_or(0, |table| table.head.size);
        if self.size.saturating_sub(saved) >= SAVED_EVERY { self.save(view) } else { Ok(()) }
    }

    fn read(&mut self, view: &View) -> Result<(), LogError> {
        let mut interfaces = BTreeMap::new();
        for entry in view.entries(self.size..view.size()) {
            let (at, entry) = entry?;
            for key in keys(view, &entry, &mut interfaces) {
                self.fresh.insert((key.digest(), at));
            }
            self.runs = self.runs.saturating_add(u64::from(entry.kind == Kind::ReceiptOpen));
            self.size = at.saturating_add(1);
        }
        Ok(())
    }

    /// The indices of the entries that `key` leads to, in the order of the log, up to the end of the view.
    ///
    /// # Errors
    /// What keeps the log from being read. A damaged file is made again.
    pub fn find(&mut self, view: &View, key: Key) -> Result<Vec<u64>, LogError> {
        self.follow(view)?;
        let digest = key.digest();
        let mut found = match self.saved.as_ref().map_or(Ok(Vec::new()), |table| table.with(digest)) {
            Ok(found) => found,
            Err(Damaged) => {
                *self = Self::empty(&self.file.clone());
                self.read(view)?;
                Vec::new()
            }
        };
        found.extend(self.fresh.range((digest, 0)..=(digest, u64::MAX)).map(|(_, at)| *at));
        found.retain(|at| *at < view.size());
        Ok(found)
    }

    /// How many runs were opened.
    #[must_use]
    pub fn runs(&self) -> u64 {
        self.runs
    }

    /// A file that can't be written is no error: what is lost is made again.
    fn save(&mut self, view: &View) -> Result<(), LogError> {
        let root = view.root_at(self.size)?;
        let before = self.saved.as_ref().map_or(0, |table| table.head.pairs);
        let pairs = before.saturating_add(self.fresh.len() as u64);
        let head = Head { size: self.size, root, runs: self.runs, pairs };
        let sorted = merged(self.saved.iter().flat_map(|table| table.pairs()), self.fresh.iter().copied());
        match Table::write(&self.file, head, sorted) {
            Ok(table) => (self.saved, self.fresh) = (Some(Arc::new(table)), BTreeSet::new()),
            Err(WriteError::Damaged) => {
                *self = Self::empty(&self.file.clone());
                self.read(view)?;
            }
            Err(WriteError::Io) => {}
        }
        Ok(())
    }
}

/// Whether a file is of the view's log.
fn fits(head: &Head, view: &View) -> bool {
    head.size <= view.size() && view.root_at(head.size).is_ok_and(|root| root == head.root)
}

/// What leads to an entry. A verdict whose envelope or contract can't be read leads nowhere: no mark can be made of it.
fn keys(view: &View, entry: &Entry, interfaces: &mut BTreeMap<Digest, Option<Digest>>) -> Vec<Key> {
    match (entry.kind, entry.about) {
        (Kind::Submission { generator }, Some(About { artifact, contract })) => {
            vec![Key::Attempts { contract, generator }, Key::Submissions { contract, artifact }]
        }
        (Kind::Order, _) => vec![Key::Orders],
        (Kind::Verdict, Some(About { contract, .. })) => {
            let Some(Verdict { verification_result, policy, .. }) = verdict(view, entry) else { return Vec::new() };
            if verification_result == VerificationResult::Failed {
                return vec![Key::Refused { contract }];
            }
            let policy = policy.digest.sha256;
            let interface = *interfaces.entry(contract).or_insert_with(|| interface(view, contract));
            std::iter::once(Key::Marks { contract, policy }).chain(interface.map(Key::Interface)).collect()
        }
        _ => Vec::new(),
    }
}

fn verdict(view: &View, entry: &Entry) -> Option<Verdict> {
    let envelope = view.envelope(entry).ok()?;
    Some(Statement::<Verdict>::parse(envelope.unverified_payload()).ok()?.predicate)
}

fn interface(view: &View, contract: Digest) -> Option<Digest> {
    let text = String::from_utf8(view.store.blob(&contract).ok()?).ok()?;
    Contract::parse(&text).ok().map(|contract| contract.interface.digest())
}

/// Two sorted streams as one; what is wrong with the first comes before everything else.
fn merged(
    old: impl Iterator<Item = Result<Pair, Damaged>>,
    fresh: impl Iterator<Item = Pair>,
) -> impl Iterator<Item = Result<Pair, Damaged>> {
    let (mut old, mut fresh) = (old.peekable(), fresh.peekable());
    std::iter::from_fn(move || match (old.peek(), fresh.peek()) {
        (Some(Ok(known)), Some(pair)) if pair < known => fresh.next().map(Ok),
        (Some(_), _) => old.next(),
        (None, _) => fresh.next().map(Ok),
    })
}

#[cfg(test)]
mod tests;
