//! What an artifact may reach outside itself: nothing but what is named here.

use std::collections::BTreeSet;

/// The capabilities that a contract asks for. The default is none.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Capabilities {
    flags: BTreeSet<Flag>,
    /// Names of environment variables.
    pub environment: BTreeSet<String>,
    /// Guest paths of directories that may be read.
    pub read: BTreeSet<String>,
}

/// A capability that is there or not, with nothing to list.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Flag {
    Stdin,
    Stdout,
    Stderr,
    Clocks,
    Random,
}

impl Flag {
    /// All of them, with the names that contracts and policies use.
    pub const ALL: [(Self, &'static str); 5] = [
        (Self::Stdin, "stdin"),
        (Self::Stdout, "stdout"),
        (Self::Stderr, "stderr"),
        (Self::Clocks, "clocks"),
        (Self::Random, "random"),
    ];
}

impl Capabilities {
    pub(crate) fn new(flags: BTreeSet<Flag>, environment: BTreeSet<String>, read: BTreeSet<String>) -> Self {
        Self { flags, environment, read }
    }

    /// Whether the capability is asked for.
    #[must_use]
    pub fn has(&self, flag: Flag) -> bool {
        self.flags.contains(&flag)
    }

    /// The names of all capabilities that are asked for, as policies see them: `stdin`, `stdout`, `stderr`, `clocks`,
    /// `random`, and `environment` and `read` when they list anything.
    #[must_use]
    pub fn names(&self) -> BTreeSet<String> {
        let flags = Flag::ALL.iter().filter(|(flag, _)| self.has(*flag)).map(|(_, name)| *name);
        let lists = [("environment", &self.environment), ("read", &self.read)];
        let lists = lists.iter().filter(|(_, list)| !list.is_empty()).map(|(name, _)| *name);
        flags.chain(lists).map(str::to_owned).collect()
    }
}
