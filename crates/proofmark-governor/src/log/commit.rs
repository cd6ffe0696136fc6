//! Commits: the objects that the log consists of. Everything else in the log follows from them.
//!
//! A commit holds one batch of entries, the digest of the commit before it and the signed checkpoint after it:
//!
//! ```text
//! proofmark.dev/commit/v1
//! number 12
//! previous <SHA-256 of commit 11's bytes; of commit 0: 64 zeros>
//! nonce <32 random bytes: no two commits are alike>
//! first 345
//! entries 5
//! (empty line)
//! <the entries as an entry bundle><the checkpoint, a signed note>sha256 <SHA-256 of all bytes before this line>
//! ```
//!
//! Commit 0 opens the log: it holds no entry and the checkpoint of the empty tree. Every other holds at least one.

use proofmark_mark::digest::Digest;
use proofmark_mark::note::NOTE_BYTES_MAX;

use super::bundle;

/// The most entries in one commit.
pub const BATCH_ENTRIES_MAX: usize = 1024;
/// The most bytes that the entries of one commit may take as a bundle.
pub const BATCH_BYTES_MAX: usize = 8 << 20;
/// The largest commit, in bytes.
pub(crate) const COMMIT_BYTES_MAX: u64 = (BATCH_BYTES_MAX + NOTE_BYTES_MAX + 1024) as u64;

/// More than the lines before a commit's entries take, in bytes.
pub(crate) const HEAD_BYTES: u64 = 320;

const TITLE: &str = "proofmark.dev/commit/v1";
/// `sha256 `, 64 digits and a newline.
const SUM_BYTES: usize = 72;

/// The content of one commit.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Commit {
    pub(crate) number: u64,
    pub(crate) previous: Digest,
    pub(crate) nonce: Digest,
    /// Index of the first entry; the size of the tree before the commit.
    pub(crate) first: u64,
    pub(crate) entries: Vec<Vec<u8>>,
    /// The signed checkpoint of the tree after the commit.
    pub(crate) checkpoint: String,
}

impl Commit {
    /// The commit's object, or `None` if a commit can't hold these entries.
    pub(crate) fn to_bytes(&self) -> Option<Vec<u8>> {
        let Self { number, previous, nonce, first, entries, checkpoint } = self;
        if entries.len() > BATCH_ENTRIES_MAX || entries.is_empty() != (*number == 0) {
            return None;
        }
        let mut batch = Vec::new();
        entries.iter().try_for_each(|entry| bundle::push(&mut batch, entry))?;
        if batch.len() > BATCH_BYTES_MAX || checkpoint.len() > NOTE_BYTES_MAX {
            return None;
        }
        let count = entries.len();
        let head =
            format!("{TITLE}\nnumber {number}\nprevious {previous}\nnonce {nonce}\nfirst {first}\nentries {count}\n\n");
        let mut bytes = [head.as_bytes(), &batch, checkpoint.as_bytes()].concat();
        let sum = Digest::of(&bytes);
        bytes.extend_from_slice(format!("sha256 {sum}\n").as_bytes());
        Some(bytes)
    }

    /// Reads a commit: only bytes that [`Commit::to_bytes`] gives for some commit. No signature is verified by it.
    pub(crate) fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.get(..bytes.len().checked_sub(SUM_BYTES)?)?;
        if line(&mut rest)? != TITLE {
            return None;
        }
        let number = field(&mut rest, "number ")?.parse().ok()?;
        let previous = field(&mut rest, "previous ")?.parse().ok()?;
        let nonce = field(&mut rest, "nonce ")?.parse().ok()?;
        let first = field(&mut rest, "first ")?.parse().ok()?;
        let count: usize = field(&mut rest, "entries ")?.parse().ok()?;
        if !line(&mut rest)?.is_empty() || count > BATCH_ENTRIES_MAX {
            return None;
        }
        let mut entries = Vec::new();
        for _ in 0..count {
            let (length, after) = rest.split_first_chunk::<2>()?;
            let (entry, after) = after.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
            entries.push(entry.to_vec());
            rest = after;
        }
        let checkpoint = std::str::from_utf8(rest).ok()?.to_owned();
        let commit = Self { number, previous, nonce, first, entries, checkpoint };
        // One comparison refuses every other spelling, and every sum but the right one.
        if commit.to_bytes()? == bytes { Some(commit) } else { None }
    }
}

/// Index of the first entry of the commit that begins with these bytes. Nothing else is looked at.
pub(crate) fn first(mut head: &[u8]) -> Option<u64> {
    (line(&mut head)? == TITLE).then_some(())?;
    for name in ["number ", "previous ", "nonce "] {
        field(&mut head, name)?;
    }
    field(&mut head, "first ")?.parse().ok()
}

fn line<'a>(rest: &mut &'a [u8]) -> Option<&'a str> {
    let end = rest.iter().take(256).position(|byte| *byte == b'\n')?;
    let (line, after) = rest.split_at_checked(end)?;
    *rest = after.get(1..)?;
    std::str::from_utf8(line).ok()
}

fn field<'a>(rest: &mut &'a [u8], name: &str) -> Option<&'a str> {
    line(rest)?.strip_prefix(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit() -> Commit {
        Commit {
            number: 12,
            previous: Digest([1; 32]),
            nonce: Digest([2; 32]),
            first: 345,
            entries: vec![b"one".to_vec(), b"\n\n".to_vec()],
            checkpoint: "origin\n347\n…\n\n— origin …\n".to_owned(),
        }
    }

    #[test]
    fn a_commit_is_written_as_specified() {
        let bytes = commit().to_bytes().unwrap();
        let (one, two) = ("01".repeat(32), "02".repeat(32));
        let start = format!(
            "{TITLE}\nnumber 12\nprevious {one}\nnonce {two}\nfirst 345\nentries 2\n\n\0\x03one\0\x02\n\norigin\n"
        );
        assert!(bytes.starts_with(start.as_bytes()));
        let sum = Digest::of(&bytes[..bytes.len() - SUM_BYTES]);
        assert!(bytes.ends_with(format!("— origin …\nsha256 {sum}\n").as_bytes()));
        assert_eq!(Commit::parse(&bytes), Some(commit()));
    }

    #[test]
    fn the_head_of_a_commit_says_where_it_begins() {
        let bytes = commit().to_bytes().unwrap();
        assert_eq!((first(&bytes), first(&bytes[..195])), (Some(345), Some(345)));
        assert_eq!((first(&bytes[..180]), first(b""), first(&bytes[1..])), (None, None, None));
        let largest = Commit { number: 999_999_999, first: u64::MAX, ..commit() }.to_bytes().unwrap();
        assert_eq!(first(&largest[..HEAD_BYTES as usize]), Some(u64::MAX));
    }

    #[test]
    fn a_commit_with_any_byte_altered_added_or_cut_off_is_none() {
        let bytes = commit().to_bytes().unwrap();
        for at in 0..bytes.len() {
            for flip in [1, 0x20, 0x80] {
                let mut wrong = bytes.clone();
                wrong[at] ^= flip;
                assert_eq!(Commit::parse(&wrong), None, "byte {at}");
            }
            assert_eq!(Commit::parse(&bytes[..at]), None);
            assert_eq!(Commit::parse(&bytes[at + 1..]), None);
        }
        assert_eq!(Commit::parse(&[&bytes[..], b"\n"].concat()), None);
    }

    #[test]
    fn only_the_first_commit_is_empty_and_limits_hold() {
        let with = |number, entries| Commit { number, entries, ..commit() }.to_bytes();
        assert!(with(0, vec![]).is_some());
        assert!(with(0, vec![b"x".to_vec()]).is_none());
        assert!(with(1, vec![]).is_none());
        assert!(with(1, vec![b"x".to_vec(); BATCH_ENTRIES_MAX]).is_some());
        assert!(with(1, vec![b"x".to_vec(); BATCH_ENTRIES_MAX + 1]).is_none());
        assert!(with(1, vec![vec![0; 65_535]; 128]).is_none());
        assert!(with(1, vec![vec![0; 65_535]; 127]).is_some());
        assert!(with(1, vec![vec![]]).is_none());
        assert!(with(1, vec![vec![0; 65_536]]).is_none());
    }
}
