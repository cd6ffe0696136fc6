//! Entry bundles: entries one after the other, each behind its length as two bytes, big-endian (C2SP tlog-tiles).

use proofmark_mark::entry::ENTRY_BYTES_MAX;

use super::names::WIDTH;

/// The largest bundle, in bytes.
pub(crate) const BUNDLE_BYTES_MAX: u64 = WIDTH * (2 + ENTRY_BYTES_MAX as u64);

/// Appends an entry of 1 to 65,535 bytes to a bundle. `None`, and nothing is appended, for any other entry.
pub(crate) fn push(bundle: &mut Vec<u8>, entry: &[u8]) -> Option<()> {
    let length = u16::try_from(entry.len()).ok().filter(|length| *length > 0)?;
    bundle.extend_from_slice(&length.to_be_bytes());
    bundle.extend_from_slice(entry);
    Some(())
}

/// The entries of a bundle, or `None` if the bytes are not one.
pub(crate) fn parse(mut bundle: &[u8]) -> Option<Vec<Vec<u8>>> {
    let mut entries = Vec::new();
    while !bundle.is_empty() {
        let (length, rest) = bundle.split_first_chunk::<2>()?;
        let (entry, rest) = rest.split_at_checked(usize::from(u16::from_be_bytes(*length)))?;
        if entry.is_empty() {
            return None;
        }
        entries.push(entry.to_vec());
        bundle = rest;
    }
    Some(entries)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bundle_gives_its_entries_back() {
        let entries = vec![b"a".to_vec(), vec![7; 65_535], b"bc".to_vec()];
        let mut bundle = Vec::new();
        for entry in &entries {
            push(&mut bundle, entry).unwrap();
        }
        assert_eq!(&bundle[..5], b"\0\x01a\xff\xff");
        assert_eq!(parse(&bundle), Some(entries));
        assert_eq!(parse(b""), Some(Vec::new()));
        for end in [1, 2, 4, 100, bundle.len() - 1] {
            assert_eq!(parse(&bundle[..end]), None);
        }
        assert_eq!(parse(b"\0\0"), None);
        assert_eq!((push(&mut bundle, b""), push(&mut bundle, &[0; 65_536])), (None, None));
    }
}
