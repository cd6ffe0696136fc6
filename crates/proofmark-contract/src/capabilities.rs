//! What an artifact may reach outside itself: nothing but what is named here.

use std::collections::BTreeSet;
use std::fmt;

/// The capabilities that a contract asks for. The default is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    pub(crate) flags: BTreeSet<Flag>,
    /// Names of environment variables.
    pub environment: BTreeSet<String>,
    /// Guest paths of directories that may be read.
    pub read: BTreeSet<String>,
    /// Guest paths of trees that may be read and changed; the changes are staged. None is inside of another path that is
    /// named here or in `read`.
    pub write: BTreeSet<String>,
    /// Names of the host's shared libraries that a dynamic executable may load, as it names them: `libc.so.6`.
    pub libraries: BTreeSet<String>,
    /// Requests that may be sent. A host and port is there once.
    pub egress: Vec<Egress>,
}

/// A capability that is there or not, with nothing to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    Stdin,
    Stdout,
    Stderr,
    Clocks,
    Random,
    /// To execute what it wrote: code that it makes while it runs, and files.
    GenerateCode,
}

/// Requests to one host that may be sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Egress {
    /// A name in lower case, never an address.
    pub host: String,
    pub port: u16,
    /// In upper case, at least one.
    pub methods: BTreeSet<String>,
    /// At least one.
    pub paths: Vec<PathPattern>,
}

/// A path, or all paths below one: `/v1/items`, `/v1/*`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct PathPattern {
    path: String,
    below: Below,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Below {
    Not,
    /// The path ends with `/`, and everything that starts with it matches.
    All,
}

impl Flag {
    /// All of them, with the names that contracts and policies use.
    pub const ALL: [(Self, &'static str); 6] = [
        (Self::Stdin, "stdin"),
        (Self::Stdout, "stdout"),
        (Self::Stderr, "stderr"),
        (Self::Clocks, "clocks"),
        (Self::Random, "random"),
        (Self::GenerateCode, "generate_code"),
    ];
}

impl Capabilities {
    /// Whether the capability is asked for.
    #[must_use]
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// The names of all capabilities that are asked for, as policies see them: those of [`Flag::ALL`], and
    /// `environment`, `read`, `write`, `libraries` and `egress` when they list anything.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let flags = Flag::ALL.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name);
        let lists = [
            ("environment", self.environment.is_empty()),
            ("read", self.read.is_empty()),
            ("write", self.write.is_empty()),
            ("libraries", self.libraries.is_empty()),
            ("egress", self.egress.is_empty()),
        ];
        let lists = lists.iter().filter(|(_, empty)| !empty).map(|(name, _)| *name);
        flags.chain(lists).map(str::to_owned).collect()
    }
}

impl Egress {
    /// Whether a request with this method, to this path without its query, may be sent to the host.
    #[must_use]
    pub fn allows(&self, method: &str, path: &str) -> bool {
        self.methods.contains(method) && self.paths.iter().any(|pattern| pattern.matches(path))
    }
}

impl PathPattern {
    /// The pattern that this text is, if it is one: plain segments, the last of which may be `*`.
    #[must_use]
    pub fn new(text: &str) -> Option<Self> {
        let (path, below) = match text.strip_suffix('*') {
            Some(path) => (path.ends_with('/').then_some(path)?, Below::All),
            None => (text, Below::Not),
        };
        is_plain(path).then(|| Self { path: path.to_owned(), below })
    }

    /// Whether a path is meant. One that isn't plain never is: the host might read it as another.
    #[must_use]
    pub fn matches(&self, path: &str) -> bool {
        is_plain(path)
            && match self.below {
                Below::Not => path == self.path,
                Below::All => path.starts_with(&self.path),
            }
    }
}

impl fmt::Display for PathPattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.path)?;
        if self.below == Below::All { f.write_str("*") } else { Ok(()) }
    }
}

/// Absolute, of unreserved characters and a few harmless ones, without `.`, `..` and empty segments but the last.
fn is_plain(path: &str) -> bool {
    let allowed = |character: char| character.is_ascii_alphanumeric() || "-._~!$&'()+,;=:@/".contains(character);
    let Some(rest) = path.strip_prefix('/') else { return false };
    let mut segments = rest.split('/');
    let last = segments.next_back().unwrap_or_default();
    path.len() <= 1024
        && path.chars().all(allowed)
        && !matches!(last, "." | "..")
        && segments.all(|segment| !matches!(segment, "" | "." | ".."))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn patterns_mean_whole_paths() {
        let matches = |pattern: &str, path: &str| PathPattern::new(pattern).unwrap().matches(path);
        for (pattern, path) in [
            ("/v1/*", "/v1/items"),
            ("/v1/*", "/v1/"),
            ("/v1/*", "/v1/a/b"),
            ("/*", "/"),
            ("/v1", "/v1"),
            ("/v1/", "/v1/"),
        ] {
            assert!(matches(pattern, path), "{pattern} {path}");
        }
        for (pattern, path) in [
            ("/v1/*", "/v1"),
            ("/v1/*", "/v2/items"),
            ("/v1/*", "/v1/../v2"),
            ("/v1/*", "/v1/./a"),
            ("/v1/*", "/v1//a"),
            ("/v1/*", "/v1/%2e%2e/v2"),
            ("/v1/*", "/v1/a?b"),
            ("/v1/*", "/v1/a\\..\\b"),
            ("/v1", "/v1/"),
            ("/v1", "/v1/a"),
            ("/v1", "/V1"),
            ("/*", ""),
            ("/*", "//"),
        ] {
            assert!(!matches(pattern, path), "{pattern} {path}");
        }
        for wrong in ["", "*", "v1", "/v*", "/*/a", "/a/../b", "/a//b", "/a?b=*", "/%61", "/ü", "/a/..", "//*"] {
            assert!(PathPattern::new(wrong).is_none(), "{wrong}");
        }
        assert_eq!(["/a", "/a/*"].map(|text| PathPattern::new(text).unwrap().to_string()), ["/a", "/a/*"]);
    }

    #[test]
    fn a_request_needs_its_method_and_its_path() {
        let paths = vec![PathPattern::new("/v1/*").unwrap()];
        let egress = Egress { host: "a.example".to_owned(), port: 443, methods: ["GET".to_owned()].into(), paths };
        assert!(egress.allows("GET", "/v1/x"));
        assert!(!egress.allows("POST", "/v1/x") && !egress.allows("GET", "/v2/x") && !egress.allows("get", "/v1/x"));
    }
}
