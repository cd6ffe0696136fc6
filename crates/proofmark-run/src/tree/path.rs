//! Paths inside a tree: raw bytes, with one lossless text form.
//!
//! Names on Linux are bytes. The text form is UTF-8 with `%XX` (upper-case hexadecimal) for every byte that a person could
//! not read or a terminal could obey: bytes that are not UTF-8, control characters, characters that change the direction
//! of text, and `%` itself. Every path has exactly one text, and nothing else is read as it.

use std::cmp::Ordering;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer};
use thiserror::Error;

/// A path relative to the root of a tree: names joined by `/`, none empty, `.` or `..`. The root itself is empty.
///
/// Ordered by names, so a directory stands directly before what is in it.
#[derive(Clone, PartialEq, Eq, Hash, Default)]
pub struct TreePath(Vec<u8>);

/// A text or bytes that name no path inside a tree.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a path inside a tree in its one text form")]
pub struct PathError(String);

impl TreePath {
    /// The root of the tree.
    #[must_use]
    pub const fn root() -> Self {
        Self(Vec::new())
    }

    /// A path from raw bytes, refused if a name is empty, `.`, `..`, longer than 255 bytes or holds a NUL.
    pub fn from_bytes(bytes: &[u8]) -> Result<Self, PathError> {
        let sound =
            |name: &[u8]| !name.is_empty() && name != b"." && name != b".." && name.len() <= 255 && !name.contains(&0);
        if bytes.is_empty() || bytes.split(|byte| *byte == b'/').all(sound) {
            Ok(Self(bytes.to_vec()))
        } else {
            Err(PathError(escape(bytes).chars().take(80).collect()))
        }
    }

    /// The raw bytes, empty for the root.
    #[must_use]
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// Whether this is the root of the tree.
    #[must_use]
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// The names from the root down; none for the root.
    pub fn names(&self) -> impl Iterator<Item = &[u8]> {
        self.0.split(|byte| *byte == b'/').filter(|name| !name.is_empty())
    }

    /// The last name, empty for the root.
    #[must_use]
    pub fn name(&self) -> &[u8] {
        self.0.rsplit(|byte| *byte == b'/').next().unwrap_or_default()
    }

    /// The directory that this path is in; none for the root.
    #[must_use]
    pub fn parent(&self) -> Option<Self> {
        if self.is_root() {
            return None;
        }
        let end = self.0.iter().rposition(|byte| *byte == b'/').unwrap_or(0);
        Some(Self(self.0.get(..end).unwrap_or_default().to_vec()))
    }

    /// The path of `name` in this directory. `name` comes from the kernel or from another path, so it is one name.
    pub(crate) fn join(&self, name: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(self.0.len().saturating_add(name.len()).saturating_add(1));
        bytes.extend_from_slice(&self.0);
        if !bytes.is_empty() {
            bytes.push(b'/');
        }
        bytes.extend_from_slice(name);
        Self(bytes)
    }

    /// Whether this path is `directory` or inside it.
    #[must_use]
    pub fn is_within(&self, directory: &Self) -> bool {
        match self.0.strip_prefix(directory.0.as_slice()) {
            Some(rest) => directory.is_root() || rest.is_empty() || rest.first() == Some(&b'/'),
            None => false,
        }
    }
}

impl Ord for TreePath {
    fn cmp(&self, other: &Self) -> Ordering {
        // `/` sorts below every other byte that a name can hold: a directory's children follow it at once.
        let key = |byte: &u8| if *byte == b'/' { 0 } else { *byte };
        self.0.iter().map(key).cmp(other.0.iter().map(key))
    }
}

impl PartialOrd for TreePath {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl fmt::Display for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(if self.is_root() { "." } else { "" })?;
        f.write_str(&escape(&self.0))
    }
}

impl fmt::Debug for TreePath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for TreePath {
    type Err = PathError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        if text == "." {
            return Ok(Self::root());
        }
        unescape(text)
            .filter(|bytes| !bytes.is_empty())
            .and_then(|bytes| Self::from_bytes(&bytes).ok())
            .ok_or_else(|| PathError(escape(text.as_bytes()).chars().take(80).collect()))
    }
}

impl Serialize for TreePath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for TreePath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        String::deserialize(deserializer)?.parse().map_err(serde::de::Error::custom)
    }
}

/// Whether a character stands in the text as itself.
fn is_plain(character: char) -> bool {
    !(character.is_control()
        || character == '%'
        || matches!(character, '\u{61c}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}'))
}

/// The one text form of `bytes`.
#[must_use]
pub fn escape(bytes: &[u8]) -> String {
    let mut text = String::with_capacity(bytes.len());
    let hex = |text: &mut String, bytes: &[u8]| {
        for byte in bytes {
            text.push('%');
            for nibble in [byte >> 4, byte & 15] {
                text.extend(char::from_digit(u32::from(nibble), 16).map(|digit| digit.to_ascii_uppercase()));
            }
        }
    };
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            if is_plain(character) {
                text.push(character);
            } else {
                hex(&mut text, character.encode_utf8(&mut [0; 4]).as_bytes());
            }
        }
        hex(&mut text, chunk.invalid());
    }
    text
}

/// The bytes that `text` is the one text form of; none if it isn't one.
#[must_use]
pub fn unescape(text: &str) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes().iter();
    while let Some(byte) = rest.next() {
        if *byte == b'%' {
            let mut digit = || char::from(*rest.next()?).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
            let (high, low) = (digit()?, digit()?);
            bytes.push(high << 4 | low);
        } else {
            bytes.push(*byte);
        }
    }
    (escape(&bytes) == text).then_some(bytes)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn text_forms() {
        for (bytes, text) in [
            (&b"a/b c"[..], "a/b c"),
            (b"100%", "100%25"),
            (b"caf\xc3\xa9", "café"),
            (b"caf\xe9", "caf%E9"),
            (b"\x1b[2J", "%1B[2J"),
            (b"\xe2\x80\xaegpj.exe", "%E2%80%AEgpj.exe"),
            (b"\xc2\x9b", "%C2%9B"),
        ] {
            assert_eq!(escape(bytes), text);
            assert_eq!(unescape(text).as_deref(), Some(bytes));
        }
    }

    #[test]
    fn nothing_else_is_read_as_a_path() {
        for text in [
            "", "/", "/a", "a/", "a//b", "..", "a/..", "./a", "%41", "%e9", "%E", "%", "a%00", "%2F", "a\n", "\u{202e}",
        ] {
            assert!(text.parse::<TreePath>().is_err(), "{text:?}");
        }
        assert_eq!(".".parse(), Ok(TreePath::root()));
        assert!(TreePath::from_bytes(&[b'a'; 256]).is_err());
        assert!(TreePath::from_bytes(&[b'a'; 255]).is_ok());
    }

    #[test]
    fn a_directory_stands_before_what_is_in_it() {
        let mut paths: Vec<TreePath> =
            ["a.b", "a/c", "a", "b", "a/c/d"].iter().map(|text| text.parse().unwrap()).collect();
        paths.sort();
        let texts: Vec<String> = paths.iter().map(ToString::to_string).collect();
        assert_eq!(texts, ["a", "a/c", "a/c/d", "a.b", "b"]);
        assert!(
            paths[1].is_within(&paths[0]) && !paths[3].is_within(&paths[0]) && paths[3].is_within(&TreePath::root())
        );
        assert_eq!(paths[2].parent().as_ref(), Some(&paths[1]));
        assert_eq!(paths[0].parent(), Some(TreePath::root()));
    }

    proptest! {
        #[test]
        fn every_path_survives_its_text(bytes in proptest::collection::vec(any::<u8>(), 0..40)) {
            if let Ok(path) = TreePath::from_bytes(&bytes) {
                let text = path.to_string();
                prop_assert!(text.chars().all(|c| !c.is_control()));
                prop_assert_eq!(text.parse::<TreePath>().unwrap(), path);
            }
            prop_assert_eq!(unescape(&escape(&bytes)), Some(bytes));
        }

        #[test]
        fn any_text_is_read_or_refused(text in "\\PC*") {
            if let Ok(path) = text.parse::<TreePath>() {
                prop_assert_eq!(path.to_string(), text);
            }
        }
    }
}
