//! In which version of a text, oldest first, each line of the last one first stood.

use crate::lines::{split, unchanged};

/// For each line of the last version the index of the version that brought it. `None` where that can't be told because an
/// older version is missing.
#[must_use]
pub fn first_seen(versions: &[Option<&[u8]>]) -> Vec<Option<usize>> {
    let mut lines: Vec<&[u8]> = Vec::new();
    let mut seen: Vec<Option<usize>> = Vec::new();
    let mut missing = false;
    for (at, version) in versions.iter().enumerate() {
        let Some(text) = version else {
            missing = true;
            continue;
        };
        let next = split(text);
        let new = if missing { None } else { Some(at) };
        let map = unchanged(&lines, &next);
        // A line that two versions share stood in the older one, whatever is missing between them.
        seen = map.into_iter().map(|was| was.map_or(new, |was| seen.get(was).copied().flatten())).collect();
        lines = next;
        missing = false;
    }
    if missing { Vec::new() } else { seen }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_line_is_of_the_version_that_brought_it() {
        let versions: [&[u8]; 3] = [b"a\nb\nc\n", b"a\nB\nc\n", b"a\nB\nx\nc\n"];
        assert_eq!(first_seen(&versions.map(Some)), [Some(0), Some(1), Some(2), Some(0)]);
        assert_eq!(first_seen(&[Some(b"a\n".as_slice())]), [Some(0)]);
    }

    #[test]
    fn what_a_missing_version_may_have_brought_is_unknown() {
        let versions: [Option<&[u8]>; 3] = [Some(b"a\nb\n"), None, Some(b"a\nc\n")];
        assert_eq!(first_seen(&versions), [Some(0), None]);
        assert_eq!(first_seen(&[None, Some(b"a\n".as_slice())]), [None]);
        assert!(first_seen(&[Some(b"a\n".as_slice()), None]).is_empty());
        // The version after it is known again.
        let versions: [Option<&[u8]>; 4] = [None, Some(b"a\n"), Some(b"a\nb\n"), Some(b"a\nb\n")];
        assert_eq!(first_seen(&versions), [None, Some(2)]);
    }
}
