//! Names that generated C can't use.

/// C11's keywords, and names that headers of ours and of the compiler define.
const WORDS: [&str; 83] = [
    "alignas",
    "alignof",
    "asm",
    "auto",
    "bool",
    "break",
    "case",
    "char",
    "const",
    "continue",
    "default",
    "do",
    "double",
    "else",
    "enum",
    "extern",
    "false",
    "float",
    "for",
    "goto",
    "if",
    "inline",
    "int",
    "long",
    "noreturn",
    "register",
    "restrict",
    "return",
    "short",
    "signed",
    "sizeof",
    "static",
    "struct",
    "switch",
    "thread_local",
    "true",
    "typedef",
    "typeof",
    "union",
    "unsigned",
    "void",
    "volatile",
    "while",
    "main",
    "assert",
    "offsetof",
    // stdlib.h, string.h and stdio.h
    "abort",
    "abs",
    "calloc",
    "free",
    "malloc",
    "qsort",
    "realloc",
    "memcmp",
    "memcpy",
    "memmove",
    "memset",
    "strlen",
    "fprintf",
    "printf",
    "putchar",
    "puts",
    "snprintf",
    "sprintf",
    "stderr",
    "stdout",
    // functions that clang or wasm-ld know by name
    "fabs",
    "floor",
    "ceil",
    "sqrt",
    "trunc",
    "rint",
    "nearbyint",
    "copysign",
    "fmin",
    "fmax",
    "round",
    "log",
    "exp",
    "pow",
    "sin",
    "cos",
    "tan",
];
/// Number types of stdint.h and stddef.h, without what follows.
const NUMBERS: [&str; 8] = ["int", "uint", "size", "ptrdiff", "wchar", "wint", "sig_atomic", "max_align"];

/// Whether a parameter or a field can't have that name.
pub(super) fn is_word(name: &str) -> bool {
    WORDS.contains(&name) || name.starts_with('_') || (name.ends_with("_t") && is_number(name))
}

/// Whether a function, a type or a constant can't have that name.
pub(super) fn is_reserved(name: &str) -> bool {
    is_word(name) || is_number(name) || name == "NULL" || name.to_ascii_lowercase().starts_with("proofmark_")
}

/// Whether it is like `int32_t`. `int32` too: a list of these would be called like a list of numbers, and its constants
/// like `INT32_MAX`.
fn is_number(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    NUMBERS.iter().filter_map(|number| name.strip_prefix(number)).any(|rest| {
        let rest = ["_least", "_fast", "ptr", "max"].iter().find_map(|word| rest.strip_prefix(word)).unwrap_or(rest);
        let rest = rest.trim_start_matches(|digit: char| digit.is_ascii_digit());
        ["", "_t", "_c", "_min", "_max"].contains(&rest)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_the_language_and_its_headers_are_not_free() {
        for word in
            ["int", "malloc", "int32_t", "INT32_MAX", "uint8", "intptr_t", "uintmax_t", "size_t", "SIZE_MAX", "_x"]
        {
            assert!(is_reserved(word), "{word}");
        }
        for word in ["size", "int32", "stack_t"] {
            assert!(!is_word(word), "{word}");
        }
        assert!(is_word("int") && is_word("size_t") && is_word("main"));
        for word in ["interval", "integer", "sizes", "dedupe", "x", "int32_list", "INTERVAL_MAX"] {
            assert!(!is_reserved(word), "{word}");
        }
    }
}
