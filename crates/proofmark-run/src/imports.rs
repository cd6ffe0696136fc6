//! Which capability each import of an artifact needs.
//!
//! The table is an allow-list: an import that it does not name can't be granted at all.

use std::collections::BTreeSet;

/// What an import asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Need {
    /// Plumbing that gives no access by itself (`wasi:io`, `wasi:cli/exit`, the terminal resource types).
    Nothing,
    /// One of the capabilities of these names.
    OneOf(&'static [&'static str]),
    /// Nothing that Proofmark can grant.
    Impossible,
}

/// The need behind an import name such as `wasi:cli/stdin@0.2.3`.
///
/// Source: the WASI 0.2 interfaces, <https://github.com/WebAssembly/WASI/tree/main/proposals>.
#[must_use]
pub fn need(import: &str) -> Need {
    let (name, version) = import.split_once('@').unwrap_or((import, ""));
    if !version.starts_with("0.2.") {
        return Need::Impossible;
    }
    match name {
        "wasi:io/error" | "wasi:io/poll" | "wasi:io/streams" | "wasi:cli/exit" => Need::Nothing,
        "wasi:cli/terminal-input" | "wasi:cli/terminal-output" => Need::Nothing,
        "wasi:cli/stdin" | "wasi:cli/terminal-stdin" => Need::OneOf(&["stdin"]),
        "wasi:cli/stdout" | "wasi:cli/terminal-stdout" => Need::OneOf(&["stdout"]),
        "wasi:cli/stderr" | "wasi:cli/terminal-stderr" => Need::OneOf(&["stderr"]),
        "wasi:clocks/wall-clock" | "wasi:clocks/monotonic-clock" => Need::OneOf(&["clocks"]),
        "wasi:random/random" | "wasi:random/insecure" | "wasi:random/insecure-seed" => Need::OneOf(&["random"]),
        "wasi:cli/environment" => Need::OneOf(&["environment"]),
        "wasi:filesystem/types" | "wasi:filesystem/preopens" => Need::OneOf(&["read", "write"]),
        _ => Need::Impossible,
    }
}

/// An import that a grant does not cover.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NotGranted {
    pub import: String,
    /// The capabilities each of which would cover it; none if nothing can.
    pub capabilities: &'static [&'static str],
}

impl std::fmt::Display for NotGranted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        if self.capabilities.is_empty() {
            return write!(f, "import `{}` is not one that can be granted", self.import);
        }
        write!(f, "import `{}` needs the capability `{}`", self.import, self.capabilities.join("` or `"))
    }
}

/// Those of `imports` that `granted` does not cover, in the order given.
pub fn not_granted<'a>(
    imports: impl IntoIterator<Item = &'a str>,
    granted: &BTreeSet<String>,
) -> impl Iterator<Item = NotGranted> {
    imports.into_iter().filter_map(|import| match need(import) {
        Need::Nothing => None,
        Need::OneOf(names) if names.iter().any(|name| granted.contains(*name)) => None,
        Need::OneOf(names) => Some(NotGranted { import: import.to_owned(), capabilities: names }),
        Need::Impossible => Some(NotGranted { import: import.to_owned(), capabilities: &[] }),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_the_named_capability_covers_an_import() {
        let granted = BTreeSet::from(["stdout".to_owned()]);
        let refused = |import| not_granted([import], &granted).next().map(|missing| missing.to_string());
        assert_eq!(refused("wasi:cli/stdout@0.2.0"), None);
        assert_eq!(refused("wasi:io/streams@0.2.6"), None);
        assert_eq!(
            refused("wasi:cli/stdin@0.2.0").as_deref(),
            Some("import `wasi:cli/stdin@0.2.0` needs the capability `stdin`")
        );
        assert_eq!(
            refused("wasi:filesystem/types@0.2.0").as_deref(),
            Some("import `wasi:filesystem/types@0.2.0` needs the capability `read` or `write`")
        );
        let writes = BTreeSet::from(["write".to_owned()]);
        assert_eq!(not_granted(["wasi:filesystem/preopens@0.2.0"], &writes).count(), 0);
        for import in ["wasi:sockets/tcp@0.2.0", "wasi:cli/stdout@0.3.0", "wasi:cli/stdout", "env.system"] {
            assert!(refused(import).is_some_and(|text| text.contains("can be granted")), "{import}");
        }
    }
}
