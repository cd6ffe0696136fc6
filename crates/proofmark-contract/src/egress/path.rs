//! Paths of requests: one spelling each, and patterns over that spelling.
//!
//! Servers disagree about what `/a/../b`, `//b`, `/%2e%2e/b` or `/a%2fb` mean, so a path that two readers could take
//! for two things is refused, never repaired. What is left is forwarded in the very spelling that was decided on.

use std::fmt;

use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The longest path, in bytes.
pub const PATH_BYTES_MAX: usize = 8192;
/// The most segments of a path.
pub const SEGMENTS_MAX: usize = 256;

/// Why a path has no single meaning.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Error, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PathError {
    #[error("it does not begin with `/`")]
    NotAbsolute,
    #[error("it is longer than {PATH_BYTES_MAX} bytes or {SEGMENTS_MAX} segments")]
    TooLong,
    #[error("it holds `//`")]
    EmptySegment,
    #[error("it holds a segment `.` or `..`")]
    DotSegment,
    #[error("it holds a `%` that two hexadecimal digits do not follow")]
    BadEscape,
    #[error("it hides a character that separates or ends paths behind a `%`")]
    HiddenSeparator,
    #[error("it holds a character that a path may not hold")]
    BadCharacter,
}

/// A path in its one spelling: absolute, no empty, `.` or `..` segments, percent-encoding only where needed and in
/// upper case (RFC 3986, section 6.2.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Path(String);

impl Path {
    /// Reads a path as it stands in a request, without the query.
    ///
    /// # Errors
    ///
    /// If servers could read it in two ways.
    pub fn read(raw: &str) -> Result<Self, PathError> {
        if raw.len() > PATH_BYTES_MAX {
            return Err(PathError::TooLong);
        }
        let inner = raw.strip_prefix('/').ok_or(PathError::NotAbsolute)?;
        let mut path = String::with_capacity(raw.len());
        let mut segments = inner.split('/').peekable();
        let mut count = 0_usize;
        while let Some(segment) = segments.next() {
            count = count.saturating_add(1);
            if count > SEGMENTS_MAX {
                return Err(PathError::TooLong);
            }
            path.push('/');
            // An empty last segment is the slash at the end.
            if segment.is_empty() && segments.peek().is_some() {
                return Err(PathError::EmptySegment);
            }
            let start = path.len();
            spell(segment, &mut path)?;
            if matches!(path.get(start..), Some("." | "..")) {
                return Err(PathError::DotSegment);
            }
        }
        Ok(Self(path))
    }

    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }

    fn segments(&self) -> impl Iterator<Item = &str> {
        self.0.split('/').skip(1)
    }
}

impl fmt::Display for Path {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

/// Appends the one spelling of a segment.
fn spell(segment: &str, path: &mut String) -> Result<(), PathError> {
    let mut bytes = segment.bytes();
    while let Some(byte) = bytes.next() {
        match byte {
            b'%' => {
                let high = bytes.next().and_then(digit).ok_or(PathError::BadEscape)?;
                let low = bytes.next().and_then(digit).ok_or(PathError::BadEscape)?;
                escaped((high << 4) | low, path)?;
            }
            // A semicolon starts parameters for some servers and is a letter for others (`/..;/admin`).
            b';' => return Err(PathError::BadCharacter),
            byte if unreserved(byte) || b"!$&'()*+,=:@".contains(&byte) => path.push(char::from(byte)),
            _ => return Err(PathError::BadCharacter),
        }
    }
    Ok(())
}

fn escaped(byte: u8, path: &mut String) -> Result<(), PathError> {
    const HEX: [char; 16] = ['0', '1', '2', '3', '4', '5', '6', '7', '8', '9', 'A', 'B', 'C', 'D', 'E', 'F'];
    match byte {
        // `%25` is here because a second decoding could make anything of what follows it.
        b'/' | b'\\' | b'%' | b'?' | b'#' | b';' | 0..=0x1f | 0x7f => Err(PathError::HiddenSeparator),
        byte if unreserved(byte) => {
            path.push(char::from(byte));
            Ok(())
        }
        byte => {
            path.push('%');
            path.extend([byte >> 4, byte & 15].iter().filter_map(|half| HEX.get(usize::from(*half))));
            Ok(())
        }
    }
}

const fn unreserved(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~')
}

fn digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).and_then(|digit| u8::try_from(digit).ok())
}

/// Which paths are meant: `/v1/items` is itself; a segment `*` is any one segment that isn't empty; `**` at the end
/// is whatever follows, an empty segment included. `/v1/*` holds `/v1/a`; `/v1/**` holds `/v1/a/b` and `/v1/`, not
/// `/v1`.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Pattern {
    path: Path,
}

/// A pattern that can't be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum PatternError {
    #[error("as a path it has no single meaning: {0}")]
    Path(#[from] PathError),
    #[error("`*` must stand alone between slashes, and `**` only at the end")]
    Star,
}

impl Pattern {
    /// Reads a pattern.
    ///
    /// # Errors
    ///
    /// If it is not a path in one spelling, or a star stands within a segment.
    pub fn read(raw: &str) -> Result<Self, PatternError> {
        let path = Path::read(raw)?;
        let last = path.segments().count().saturating_sub(1);
        let alone = |(at, segment)| !str::contains(segment, '*') || segment == "*" || (segment == "**" && at == last);
        if !path.segments().enumerate().all(alone) {
            return Err(PatternError::Star);
        }
        Ok(Self { path })
    }

    #[must_use]
    pub fn holds(&self, path: &Path) -> bool {
        let mut wanted = self.path.segments();
        let mut found = path.segments();
        loop {
            match (wanted.next(), found.next()) {
                (None, None) | (Some("**"), Some(_)) => return true,
                (Some("*"), Some(segment)) if !segment.is_empty() => {}
                (Some(one), Some(other)) if one != "*" && one == other => {}
                _ => return false,
            }
        }
    }
}

impl fmt::Display for Pattern {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.path.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn one(raw: &str) -> Result<String, PathError> {
        Path::read(raw).map(|path| path.as_str().to_owned())
    }

    #[test]
    fn a_path_has_one_spelling() {
        for (raw, spelt) in [
            ("/", "/"),
            ("/v1/items", "/v1/items"),
            ("/v1/items/", "/v1/items/"),
            ("/%76%31/%69tems", "/v1/items"),
            ("/a%c3%a4%20b", "/a%C3%A4%20b"),
            ("/...", "/..."),
            ("/a:b@c,d=e&f", "/a:b@c,d=e&f"),
        ] {
            assert_eq!(one(raw).as_deref(), Ok(spelt), "{raw}");
        }
    }

    #[test]
    fn ambiguity_is_refused() {
        use PathError::*;
        for (raw, why) in [
            ("", NotAbsolute),
            ("*", NotAbsolute),
            ("v1", NotAbsolute),
            ("http://other/v1", NotAbsolute),
            ("//v1", EmptySegment),
            ("/v1//x", EmptySegment),
            ("/v1//", EmptySegment),
            ("/v1/../admin", DotSegment),
            ("/v1/./x", DotSegment),
            ("/v1/%2e%2E/admin", DotSegment),
            ("/v1/.%2e/admin", DotSegment),
            ("/v1/..", DotSegment),
            ("/v1/..;/admin", BadCharacter),
            ("/v1/..%3b/admin", HiddenSeparator),
            ("/v1%2fadmin", HiddenSeparator),
            ("/v1%5Cadmin", HiddenSeparator),
            ("/v1/%252e%252e/admin", HiddenSeparator),
            ("/v1/x%00", HiddenSeparator),
            ("/v1/x%0d%0aHost:y", HiddenSeparator),
            ("/v1/x%3fy", HiddenSeparator),
            ("/v1/x%23y", HiddenSeparator),
            ("/v1\\admin", BadCharacter),
            ("/v1/x y", BadCharacter),
            ("/v1/ä", BadCharacter),
            ("/v1/%", BadEscape),
            ("/v1/%2", BadEscape),
            ("/v1/%g0", BadEscape),
            ("/v1/%u002e", BadEscape),
        ] {
            assert_eq!(one(raw), Err(why), "{raw}");
        }
        assert_eq!(one(&"/a".repeat(SEGMENTS_MAX)).map(|path| path.len()), Ok(2 * SEGMENTS_MAX));
        assert_eq!(one(&"/a".repeat(SEGMENTS_MAX + 1)), Err(TooLong));
        assert_eq!(one(&format!("/{}", "a".repeat(PATH_BYTES_MAX))), Err(TooLong));
    }

    #[test]
    fn patterns_hold_what_they_say() {
        for (pattern, path, held) in [
            ("/v1/items", "/v1/items", true),
            ("/v1/items", "/v1/items/", false),
            ("/v1/items", "/v1/Items", false),
            ("/v1/*", "/v1/a", true),
            ("/v1/*", "/v1/a/b", false),
            ("/v1/*", "/v1/", false),
            ("/v1/*", "/v1", false),
            ("/v1/*", "/v1/*", true),
            ("/v1/*/tags", "/v1/a/tags", true),
            ("/v1/*/tags", "/v1/a/b/tags", false),
            ("/v1/**", "/v1/a/b", true),
            ("/v1/**", "/v1/", true),
            ("/v1/**", "/v1", false),
            ("/v1/**", "/v11", false),
            ("/**", "/", true),
            ("/", "/", true),
            ("/", "/a", false),
        ] {
            let pattern = Pattern::read(pattern).unwrap();
            assert_eq!(pattern.holds(&Path::read(path).unwrap()), held, "{pattern} {path}");
        }
        for wrong in ["/v1*", "/**/x", "/v1/a*b", "/***", "v1", "/v1/../x", "/%2f"] {
            assert!(Pattern::read(wrong).is_err(), "{wrong}");
        }
    }

    proptest! {
        #[test]
        fn what_is_read_is_its_own_spelling(raw in "/[a-z./%0-9A-F;\\\\*?# -]{0,24}") {
            if let Ok(path) = Path::read(&raw) {
                prop_assert_eq!(Path::read(path.as_str()), Ok(path.clone()));
                for bad in ["//", "/../", "/./", "%2F", "%5C", "%25", ";", "\\", "?", "#"] {
                    prop_assert!(!path.as_str().contains(bad));
                }
            }
        }

        #[test]
        fn nothing_panics(raw in ".{0,64}") {
            let _ = (Path::read(&raw), Pattern::read(&raw));
        }
    }
}
