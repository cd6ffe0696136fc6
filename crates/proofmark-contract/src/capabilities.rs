//! What an artifact may reach outside itself: nothing but what is named here.

use std::collections::BTreeSet;

use crate::egress::Egress;

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
    /// Requests that may be sent. What is said of one host and port adds up; it has one scheme.
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
