//! The index's file: sorted pairs of a key and an entry's index, in blocks of which each is verified when it is read.
//!
//! ```text
//! block 0      title, size (8 bytes), root (32), runs (8), number of pairs (8); numbers are big-endian
//! block 1...   up to 101 pairs: key (32), index (8)
//! ```
//!
//! A block has 4,096 bytes: content, zeros, and SHA-256 over the head's content, the block's number and the block's
//! bytes before it. So nothing that is read is of another file, and opening costs the same however long the log is.

use std::fs::File;
use std::io::{BufWriter, Write};
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use proofmark_mark::digest::Digest;

use super::Pair;

const TITLE: &[u8; 24] = b"proofmark.dev/index/v3\n\0";
const BLOCK_BYTES: usize = 4096;
/// What of a block its sum is over.
const BODY_BYTES: usize = BLOCK_BYTES - 32;
const PAIR_BYTES: usize = 40;
/// Pairs in a full block.
const PAIRS: u64 = (BODY_BYTES / PAIR_BYTES) as u64;

/// What a table is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Head {
    /// Entries that are summed, and the root of their tree.
    pub(super) size: u64,
    pub(super) root: Digest,
    /// Runs that were opened.
    pub(super) runs: u64,
    /// Pairs in the table.
    pub(super) pairs: u64,
}

impl Head {
    fn to_bytes(self) -> Vec<u8> {
        let Self { size, root, runs, pairs } = self;
        [&TITLE[..], &size.to_be_bytes(), &root.0, &runs.to_be_bytes(), &pairs.to_be_bytes()].concat()
    }

    fn parse(body: &[u8]) -> Option<Self> {
        let rest = body.strip_prefix(TITLE)?;
        let (size, rest) = number(rest)?;
        let (root, rest) = rest.split_first_chunk()?;
        let (runs, rest) = number(rest)?;
        let (pairs, rest) = number(rest)?;
        rest.iter().all(|byte| *byte == 0).then_some(Self { size, root: Digest(*root), runs, pairs })
    }
}

fn number(bytes: &[u8]) -> Option<(u64, &[u8])> {
    let (number, rest) = bytes.split_first_chunk()?;
    Some((u64::from_be_bytes(*number), rest))
}

fn pair(bytes: &[u8]) -> Option<Pair> {
    let (key, at) = bytes.split_first_chunk()?;
    Some((Digest(*key), number(at)?.0))
}

/// A table that was opened. What is read later may still turn out to be damaged.
#[derive(Debug)]
pub(super) struct Table {
    file: File,
    pub(super) head: Head,
}

/// A file that is no table, or not the one that was written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Damaged;

/// Why a table was not written.
#[derive(Debug)]
pub(super) enum WriteError {
    /// The table that it was to be made of is damaged.
    Damaged,
    /// The file system does not take it.
    Io,
}

impl From<std::io::Error> for WriteError {
    fn from(_: std::io::Error) -> Self {
        Self::Io
    }
}

impl Table {
    /// `None` where there is no file with a valid head.
    pub(super) fn open(path: &Path) -> Option<Self> {
        let file = File::open(path).ok()?;
        let mut block = [0; BLOCK_BYTES];
        file.read_exact_at(&mut block, 0).ok()?;
        let head = Head::parse(block.get(..BODY_BYTES)?)?;
        let table = Self { file, head };
        table.block(0).ok().map(|_| table)
    }

    /// Writes a table of pairs that are in order: whole or not at all. Not flushed to disk: what is lost is made again.
    pub(super) fn write(
        path: &Path,
        head: Head,
        pairs: impl Iterator<Item = Result<Pair, Damaged>>,
    ) -> Result<Self, WriteError> {
        let folder = path.parent().unwrap_or_else(|| Path::new("."));
        let mut output = Blocks {
            file: BufWriter::with_capacity(1 << 20, tempfile::Builder::new().prefix(".index-").tempfile_in(folder)?),
            head: head.to_bytes(),
            next: 0,
        };
        let mut body = output.head.clone();
        output.put(&mut body)?;
        for pair in pairs {
            let (key, at) = pair.map_err(|Damaged| WriteError::Damaged)?;
            body.extend_from_slice(&key.0);
            body.extend_from_slice(&at.to_be_bytes());
            if BODY_BYTES.saturating_sub(body.len()) < PAIR_BYTES {
                output.put(&mut body)?;
            }
        }
        if !body.is_empty() {
            output.put(&mut body)?;
        }
        let file = output.file.into_inner().map_err(std::io::IntoInnerError::into_error)?;
        Ok(Self { file: file.persist(path).map_err(|error| error.error)?, head })
    }

    /// The body of a block, verified.
    fn block(&self, number: u64) -> Result<Vec<u8>, Damaged> {
        let mut block = vec![0; BLOCK_BYTES];
        let start = number.checked_mul(BLOCK_BYTES as u64).ok_or(Damaged)?;
        self.file.read_exact_at(&mut block, start).map_err(|_| Damaged)?;
        let written = block.split_off(BODY_BYTES);
        if sum(&self.head.to_bytes(), number, &block).0[..] == written[..] { Ok(block) } else { Err(Damaged) }
    }

    /// The pairs of the block with that index among the blocks of pairs.
    fn pairs_of(&self, index: u64) -> Result<Vec<Pair>, Damaged> {
        let count = self.head.pairs.saturating_sub(index.saturating_mul(PAIRS)).min(PAIRS);
        let body = self.block(index.saturating_add(1))?;
        let count = usize::try_from(count).map_err(|_| Damaged)?;
        body.chunks_exact(PAIR_BYTES).take(count).map(|bytes| pair(bytes).ok_or(Damaged)).collect()
    }

    /// All pairs, in order.
    pub(super) fn pairs(&self) -> impl Iterator<Item = Result<Pair, Damaged>> + '_ {
        let blocks = (0..self.head.pairs.div_ceil(PAIRS)).map(|index| self.pairs_of(index));
        blocks.flat_map(|block| match block {
            Ok(pairs) => pairs.into_iter().map(Ok).collect(),
            Err(Damaged) => vec![Err(Damaged)],
        })
    }

    /// The indices that stand with `key`, in order. Reads as many blocks as their number has binary digits.
    pub(super) fn with(&self, key: Digest) -> Result<Vec<u64>, Damaged> {
        let blocks = self.head.pairs.div_ceil(PAIRS);
        // The last block that begins before the key: only from there on the key can be.
        let (mut low, mut high) = (0, blocks);
        while high.saturating_sub(low) > 1 {
            let middle = low.midpoint(high);
            let first = self.pairs_of(middle)?.first().copied().ok_or(Damaged)?;
            if first < (key, 0) { low = middle } else { high = middle }
        }
        let mut found = Vec::new();
        for index in low..blocks {
            let pairs = self.pairs_of(index)?;
            found.extend(pairs.iter().filter(|(known, _)| *known == key).map(|(_, at)| *at));
            if pairs.last().is_none_or(|(last, _)| *last > key) {
                break;
            }
        }
        Ok(found)
    }
}

/// Writes blocks one after the other.
struct Blocks<W> {
    file: W,
    head: Vec<u8>,
    /// Number of the next block.
    next: u64,
}

impl<W: Write> Blocks<W> {
    /// Writes a body of at most [`BODY_BYTES`] as a block, and empties it.
    fn put(&mut self, body: &mut Vec<u8>) -> std::io::Result<()> {
        body.resize(BODY_BYTES, 0);
        let sum = sum(&self.head, self.next, body);
        self.next = self.next.saturating_add(1);
        self.file.write_all(body)?;
        body.clear();
        self.file.write_all(&sum.0)
    }
}

fn sum(head: &[u8], number: u64, body: &[u8]) -> Digest {
    Digest::of_parts(&[head, &number.to_be_bytes(), body])
}
