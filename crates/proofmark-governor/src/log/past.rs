//! A log as it was before its last commit: proofs in the tree of its first entries, and the checkpoint that was signed then.

use proofmark_mark::digest::Digest;
use proofmark_mark::merkle;

use super::LogError;
use super::commit::{Commit, HEAD_BYTES, first};
use super::names::Name;
use super::stored::{altered, read_commit};
use super::view::View;

impl View {
    /// The proof that entry `index` is in the tree of the first `size` entries, lowest hash first.
    ///
    /// # Errors
    /// [`LogError::Outside`] for an index or a size that the log has not reached, or what keeps tiles from being read.
    pub fn inclusion_proof_at(&self, index: u64, size: u64) -> Result<Vec<Digest>, LogError> {
        self.reached(size)?;
        let hash = |level, index| self.hash(level, index);
        merkle::inclusion_proof(&hash, index, size).map_err(|error| self.unproven(error, index))
    }

    /// The proof that the tree of the first `old` entries is a prefix of the tree of the first `size` entries.
    ///
    /// # Errors
    /// [`LogError::Outside`] for a size that the log has not reached, or what keeps tiles from being read.
    pub fn consistency_proof_at(&self, old: u64, size: u64) -> Result<Vec<Digest>, LogError> {
        self.reached(size)?;
        let hash = |level, index| self.hash(level, index);
        merkle::consistency_proof(&hash, old, size).map_err(|error| self.unproven(error, old))
    }

    /// The commit that holds entry `index`: the size of the log after it, and the checkpoint that was signed then. Of as many
    /// commits as their number has binary digits the head is read, and one whole. The signature is not verified again.
    ///
    /// # Errors
    /// [`LogError::Outside`] for an index that the log has not reached, or what keeps commits from being read.
    pub fn commit_of(&self, index: u64) -> Result<(u64, String), LogError> {
        if index >= self.size() {
            return Err(LogError::Outside { asked: index, size: self.size() });
        }
        let (mut low, mut high) = (0, self.next);
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            let name = Name::Commit(middle);
            let head = self.store.read_start(&name.to_string(), HEAD_BYTES)?;
            let begins = first(&head).ok_or_else(|| altered(&self.store, &name, "it is not a commit"))?;
            if begins <= index { low = middle } else { high = middle }
        }
        let (name, bytes) = read_commit(&self.store, low)?;
        let commit = Commit::parse(&bytes).ok_or_else(|| altered(&self.store, &name, "it is not a commit"))?;
        Ok((commit.first.saturating_add(commit.entries.len() as u64), commit.checkpoint))
    }

    fn reached(&self, size: u64) -> Result<(), LogError> {
        if size <= self.size() { Ok(()) } else { Err(LogError::Outside { asked: size, size: self.size() }) }
    }
}
