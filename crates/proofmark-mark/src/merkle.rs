//! Merkle trees of RFC 6962: hashes, proofs, their verification and their construction.
//!
//! Verification is for arbitrary input and never panics. Construction reads hashes of complete subtrees through
//! [`HashReader`], so tiles, a database or memory can serve them; it never reads a leaf's content.

use sha2::{Digest as _, Sha256};
use thiserror::Error;

use crate::digest::Digest;

/// Where construction reads hashes of complete subtrees from. Any closure `Fn(level, index)` is one.
pub trait HashReader {
    /// Why a hash can't be read.
    type Error;

    /// The hash of the subtree over leaves `index << level .. (index + 1) << level`.
    ///
    /// # Errors
    /// Whatever keeps the hash from being read.
    fn hash(&self, level: u32, index: u64) -> Result<Digest, Self::Error>;
}

impl<E, F: Fn(u32, u64) -> Result<Digest, E>> HashReader for F {
    type Error = E;

    fn hash(&self, level: u32, index: u64) -> Result<Digest, E> {
        self(level, index)
    }
}

/// A proof that does not prove what it should.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum ProofError {
    #[error("index {index} is outside a tree of {size} entries")]
    Index { index: u64, size: u64 },
    #[error("a tree of {old} entries can't come before one of {new}")]
    Sizes { old: u64, new: u64 },
    #[error("the proof has the wrong number of hashes")]
    Length,
    #[error("the proof does not lead to the root")]
    Root,
}

/// Why a proof can't be built.
#[derive(Debug, Error)]
pub enum BuildError<E> {
    #[error(transparent)]
    Range(ProofError),
    #[error(transparent)]
    Read(E),
}

/// The root of the empty tree: SHA-256 of nothing.
#[must_use]
pub fn empty_root() -> Digest {
    Digest::of(b"")
}

/// The hash of one entry: SHA-256 of a zero byte and the entry (RFC 6962, section 2.1).
#[must_use]
pub fn leaf_hash(entry: &[u8]) -> Digest {
    Digest::of_parts(&[&[0], entry])
}

/// The hash of an inner node: SHA-256 of a one byte and both children (RFC 6962, section 2.1).
#[must_use]
pub fn node_hash(left: &Digest, right: &Digest) -> Digest {
    let mut hasher = Sha256::new();
    hasher.update([1]);
    hasher.update(left.0);
    hasher.update(right.0);
    Digest(hasher.finalize().into())
}

/// Verifies that the entry with leaf hash `leaf` is entry `index` of the tree with `size` entries and that root
/// (RFC 9162, section 2.1.3.2).
///
/// # Errors
/// [`ProofError`] says what does not fit.
pub fn verify_inclusion(
    leaf: &Digest,
    index: u64,
    size: u64,
    proof: &[Digest],
    root: &Digest,
) -> Result<(), ProofError> {
    if index >= size {
        return Err(ProofError::Index { index, size });
    }
    let (mut node, mut last) = (index, size.saturating_sub(1));
    let mut hash = *leaf;
    for sibling in proof {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            hash = node_hash(sibling, &hash);
            // An only child moves up until it is a right one.
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            hash = node_hash(&hash, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    match (last, hash == *root) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// Verifies that the tree of `size1` entries is a prefix of the tree of `size2` entries (RFC 9162, section 2.1.4.2).
///
/// Equal sizes need an empty proof and equal roots. The empty tree is a prefix of every tree, with an empty proof.
///
/// # Errors
/// [`ProofError`] says what does not fit.
pub fn verify_consistency(
    size1: u64,
    root1: &Digest,
    size2: u64,
    root2: &Digest,
    proof: &[Digest],
) -> Result<(), ProofError> {
    if size1 > size2 {
        return Err(ProofError::Sizes { old: size1, new: size2 });
    }
    if size1 == size2 || size1 == 0 {
        let rooted = (size1 != 0 || *root1 == empty_root()) && (size1 != size2 || root1 == root2);
        return match (proof.is_empty(), rooted) {
            (true, true) => Ok(()),
            (true, false) => Err(ProofError::Root),
            (false, _) => Err(ProofError::Length),
        };
    }
    let (first, rest) = if size1.is_power_of_two() {
        (*root1, proof)
    } else {
        let (first, rest) = proof.split_first().ok_or(ProofError::Length)?;
        (*first, rest)
    };
    let (mut node, mut last) = (size1.saturating_sub(1), size2.saturating_sub(1));
    while node & 1 == 1 {
        (node, last) = (node >> 1, last >> 1);
    }
    let (mut old, mut new) = (first, first);
    for sibling in rest {
        if last == 0 {
            return Err(ProofError::Length);
        }
        if node & 1 == 1 || node == last {
            old = node_hash(sibling, &old);
            new = node_hash(sibling, &new);
            while node & 1 == 0 && node != 0 {
                (node, last) = (node >> 1, last >> 1);
            }
        } else {
            new = node_hash(&new, sibling);
        }
        (node, last) = (node >> 1, last >> 1);
    }
    match (last, old == *root1 && new == *root2) {
        (0, true) => Ok(()),
        (0, false) => Err(ProofError::Root),
        _ => Err(ProofError::Length),
    }
}

/// The root of the tree over the given leaf hashes.
#[must_use]
pub fn root(leaf_hashes: &[Digest]) -> Digest {
    let mut tree = Tree::default();
    for leaf in leaf_hashes {
        tree.push(*leaf);
    }
    tree.root()
}

/// The root of the tree of the first `size` entries.
///
/// # Errors
/// The reader's.
pub fn root_at<R: HashReader>(reader: &R, size: u64) -> Result<Digest, R::Error> {
    if size == 0 { Ok(empty_root()) } else { subtree(reader, 0, size) }
}

/// The proof that [`verify_inclusion`] wants for entry `index` of the tree of the first `size` entries.
///
/// # Errors
/// An index outside the tree, or the reader's.
pub fn inclusion_proof<R: HashReader>(reader: &R, index: u64, size: u64) -> Result<Vec<Digest>, BuildError<R::Error>> {
    if index >= size {
        return Err(BuildError::Range(ProofError::Index { index, size }));
    }
    let mut proof = Vec::new();
    let (mut start, mut width) = (0_u64, size);
    while width > 1 {
        let half = split(width);
        let middle = start.saturating_add(half);
        if index < middle {
            proof.push(subtree(reader, middle, width.saturating_sub(half)).map_err(BuildError::Read)?);
            width = half;
        } else {
            proof.push(subtree(reader, start, half).map_err(BuildError::Read)?);
            (start, width) = (middle, width.saturating_sub(half));
        }
    }
    proof.reverse();
    Ok(proof)
}

/// The proof that [`verify_consistency`] wants for the trees of the first `size1` and `size2` entries.
///
/// # Errors
/// A first tree larger than the second, or the reader's.
pub fn consistency_proof<R: HashReader>(
    reader: &R,
    size1: u64,
    size2: u64,
) -> Result<Vec<Digest>, BuildError<R::Error>> {
    if size1 > size2 {
        return Err(BuildError::Range(ProofError::Sizes { old: size1, new: size2 }));
    }
    let mut proof = Vec::new();
    if size1 == 0 || size1 == size2 {
        return Ok(proof);
    }
    let (mut start, mut width, mut whole) = (0_u64, size2, true);
    while size1 != start.saturating_add(width) {
        let half = split(width);
        let middle = start.saturating_add(half);
        if size1 <= middle {
            proof.push(subtree(reader, middle, width.saturating_sub(half)).map_err(BuildError::Read)?);
            width = half;
        } else {
            proof.push(subtree(reader, start, half).map_err(BuildError::Read)?);
            (start, width, whole) = (middle, width.saturating_sub(half), false);
        }
    }
    if !whole {
        proof.push(subtree(reader, start, width).map_err(BuildError::Read)?);
    }
    proof.reverse();
    Ok(proof)
}

/// The hash over leaves `start .. start + width`, where `start` is a multiple of the largest power of two in `width`.
fn subtree<R: HashReader>(reader: &R, start: u64, width: u64) -> Result<Digest, R::Error> {
    if width.is_power_of_two() {
        let level = width.trailing_zeros();
        return reader.hash(level, start >> level);
    }
    let half = split(width);
    let left = subtree(reader, start, half)?;
    let right = subtree(reader, start.saturating_add(half), width.saturating_sub(half))?;
    Ok(node_hash(&left, &right))
}

/// The largest power of two smaller than `width`, which is at least 2.
fn split(width: u64) -> u64 {
    1_u64 << width.saturating_sub(1).max(1).ilog2()
}

/// A whole tree in memory: every hash of every complete subtree.
#[derive(Debug, Clone, Default)]
pub struct Tree {
    /// By level; level 0 holds the leaf hashes.
    levels: Vec<Vec<Digest>>,
}

/// A hash that the tree does not hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the tree holds no complete subtree {index} at level {level}")]
pub struct NotInTree {
    level: u32,
    index: u64,
}

impl Tree {
    /// The number of leaves.
    #[must_use]
    pub fn size(&self) -> u64 {
        self.levels.first().map_or(0, |leaves| leaves.len() as u64)
    }

    /// Appends a leaf and every subtree that it completes.
    pub fn push(&mut self, leaf: Digest) {
        let mut hash = leaf;
        for level in 0_usize.. {
            if level == self.levels.len() {
                self.levels.push(Vec::new());
            }
            let Some(row) = self.levels.get_mut(level) else { return };
            row.push(hash);
            match row.as_slice() {
                [.., left, right] if row.len().is_multiple_of(2) => hash = node_hash(left, right),
                _ => return,
            }
        }
    }

    /// The root over all leaves.
    #[must_use]
    pub fn root(&self) -> Digest {
        // Complete subtrees of a tree are always held, so the right edge folds from the smallest to the largest.
        let edge = self.levels.iter().filter(|row| !row.len().is_multiple_of(2)).filter_map(|row| row.last());
        edge.copied().reduce(|right, left| node_hash(&left, &right)).unwrap_or_else(empty_root)
    }
}

impl HashReader for Tree {
    type Error = NotInTree;

    fn hash(&self, level: u32, index: u64) -> Result<Digest, NotInTree> {
        usize::try_from(level)
            .ok()
            .and_then(|level| self.levels.get(level))
            .and_then(|row| row.get(usize::try_from(index).ok()?))
            .copied()
            .ok_or(NotInTree { level, index })
    }
}

#[cfg(test)]
mod tests;
