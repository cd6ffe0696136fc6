//! How names of WIT are written in CEL: hyphens as underscores, and an underscore after what CEL reserves.

/// Words that CEL does not take as names.
///
/// Source: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>.
const RESERVED: [&str; 21] = [
    "as",
    "break",
    "const",
    "continue",
    "else",
    "false",
    "for",
    "function",
    "if",
    "import",
    "in",
    "let",
    "loop",
    "namespace",
    "null",
    "package",
    "return",
    "true",
    "var",
    "void",
    "while",
];

/// Functions of CEL that are called without a receiver.
pub(super) const FUNCTIONS: [&str; 13] = [
    "bool",
    "bytes",
    "double",
    "duration",
    "dyn",
    "has",
    "int",
    "matches",
    "size",
    "string",
    "timestamp",
    "type",
    "uint",
];

fn plain(name: &str) -> String {
    name.replace('-', "_")
}

/// A parameter.
pub(super) fn variable(name: &str) -> String {
    let name = plain(name);
    if name == "result" || RESERVED.contains(&name.as_str()) { name + "_" } else { name }
}

/// A field of a record, a case of a variant or a flag.
pub(super) fn field(name: &str) -> String {
    let name = plain(name);
    if ["false", "in", "null", "true"].contains(&name.as_str()) { name + "_" } else { name }
}

/// An export, or an exported interface.
pub(super) fn function(name: &str) -> String {
    let name = plain(name);
    let taken = RESERVED.contains(&name.as_str()) || FUNCTIONS.contains(&name.as_str());
    if taken { name + "_" } else { name }
}
