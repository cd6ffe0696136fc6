//! Source text: its functions, and which of a text's lines a known source wrote.

use std::ops::Range;

use crate::lines::{split, unchanged};

/// The longest path, in bytes.
const PATH_BYTES_MAX: usize = 4096;
/// How many letters and digits a function must share with a source before its lines are called the source's: fewer are in
/// many programs.
pub const SHARED_MIN: usize = 24;

/// Whether a text is a path from the root of a tree: no root, no `.` or `..`, nothing that steers a terminal.
#[must_use]
pub fn is_path(text: &str) -> bool {
    let part = |part: &str| !part.is_empty() && part != "." && part != "..";
    text.len() <= PATH_BYTES_MAX && text.split('/').all(part) && !text.chars().any(char::is_control)
}

/// A source file in lines, with its functions.
#[derive(Debug)]
pub struct Text<'a> {
    pub lines: Vec<&'a [u8]>,
    /// Where functions begin, ascending.
    heads: Vec<usize>,
}

impl<'a> Text<'a> {
    /// `path` says by its end which language it is.
    #[must_use]
    pub fn new(path: &str, bytes: &'a [u8]) -> Self {
        let lines = split(bytes);
        // An artifact may be text under any of these names.
        let wat = path.ends_with(".wat") || path.ends_with(".wasm");
        let heads = lines.iter().enumerate().filter(|(_, line)| is_head(line, wat)).map(|(at, _)| at).collect();
        Self { lines, heads }
    }

    /// The function that a line (an index) is in, from its first line to before the next one's.
    #[must_use]
    pub fn function(&self, line: usize) -> Option<Range<usize>> {
        let after = self.heads.partition_point(|head| *head <= line);
        let start = *self.heads.get(after.checked_sub(1)?)?;
        Some(start..self.heads.get(after).copied().unwrap_or(self.lines.len()))
    }

    /// What the function that begins at a line (an index) is called: in its first line the word before the first `(` or
    /// `<`; in WebAssembly text its identifier or the name that it is exported by.
    #[must_use]
    pub fn name(&self, head: usize) -> Option<String> {
        let line = String::from_utf8_lossy(self.lines.get(head)?).into_owned();
        let name = match line.trim_start().strip_prefix("(func") {
            Some(rest) => rest.trim_start().strip_prefix('$').or_else(|| rest.split_once('"').map(|(_, rest)| rest))?,
            None => {
                let before = plain(&line).split(['(', '<']).next().unwrap_or_default().trim_end();
                before.rsplit(|letter: char| !is_word(letter)).next().unwrap_or_default()
            }
        };
        let name: String = name.chars().take_while(|letter| is_word(*letter) || *letter == '-').collect();
        (!name.is_empty()).then_some(name)
    }

    /// The longest function that has this name, or whose first line has it in quotes, as exports have; `-` and `_` are alike.
    #[must_use]
    pub fn named(&self, name: &str) -> Option<Range<usize>> {
        let plain = |text: &str| text.replace('-', "_");
        let (wanted, quoted) = (plain(name), format!("\"{}\"", plain(name)));
        let has = |head: &&usize| {
            let line = self.lines.get(**head).map(|line| plain(&String::from_utf8_lossy(line)));
            self.name(**head).is_some_and(|name| plain(&name) == wanted)
                || line.is_some_and(|line| line.contains(&quoted))
        };
        let found = self.heads.iter().filter(has).filter_map(|head| self.function(*head));
        found.max_by_key(|range| (range.len(), std::cmp::Reverse(range.start)))
    }
}

/// A line without what GCC's and Clang's attributes say before it.
fn plain(line: &str) -> &str {
    let mut rest = line.trim_start();
    while let Some(attribute) = rest.strip_prefix("__attribute__") {
        let mut depth = 0_usize;
        let closing = |(_, letter): &(usize, char)| {
            match letter {
                '(' => depth = depth.saturating_add(1),
                ')' => depth = depth.saturating_sub(1),
                _ => {}
            }
            *letter == ')' && depth == 0
        };
        let Some((end, _)) = attribute.char_indices().find(closing) else { break };
        rest = attribute.get(end.saturating_add(1)..).unwrap_or_default().trim_start();
    }
    rest
}

fn is_word(letter: char) -> bool {
    letter.is_alphanumeric() || letter == '_'
}

/// git's rule for the heading of a hunk: a line that begins with a letter, `_` or `$`. In WebAssembly text, a function.
fn is_head(line: &[u8], wat: bool) -> bool {
    if wat {
        return line.trim_ascii_start().starts_with(b"(func");
    }
    line.first().is_some_and(|byte| byte.is_ascii_alphabetic() || matches!(byte, b'_' | b'$'))
}

/// For each line of `text` the line of `source` that it is, by content alone.
///
/// A line counts only in a function that both have by the same first line, of which at least half the source's lines are
/// still there, and enough to tell it from any other; or where the texts are equal. So a line that a person changed, and
/// one that every program has, is nobody's.
#[must_use]
pub fn recognised(source: &Text<'_>, text: &Text<'_>) -> Vec<Option<usize>> {
    let map = unchanged(&source.lines, &text.lines);
    let weight = |line: &&[u8]| line.iter().filter(|byte| byte.is_ascii_alphanumeric()).count();
    if source.lines == text.lines {
        let whole: usize = text.lines.iter().map(weight).sum();
        return if whole >= SHARED_MIN { map } else { vec![None; text.lines.len()] };
    }
    let mut found = vec![None; text.lines.len()];
    for head in &text.heads {
        let Some(function) = text.function(*head) else { continue };
        let Some(was) = map.get(*head).copied().flatten() else { continue };
        let Some(origin) = source.function(was).filter(|origin| origin.start == was) else { continue };
        let kept = |at: &usize| map.get(*at).copied().flatten().filter(|was| origin.contains(was));
        let full = |line: &&&[u8]| weight(line) > 0;
        let shared: usize =
            function.clone().filter(|at| kept(at).is_some()).filter_map(|at| text.lines.get(at)).map(weight).sum();
        let lines =
            function.clone().filter(|at| kept(at).is_some()).filter_map(|at| text.lines.get(at)).filter(full).count();
        let all = origin.clone().filter_map(|at| source.lines.get(at)).filter(full).count();
        if shared >= SHARED_MIN && lines.saturating_mul(2) >= all {
            for at in function.clone() {
                if let Some(place) = found.get_mut(at) {
                    *place = kept(&at);
                }
            }
        }
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    const DEDUPE: &[u8] = b"#include <stdint.h>\n\nstatic int known(const int32_t *list, size_t count, int32_t one) {\n    for (size_t i = 0; i < count; i++)\n        if (list[i] == one) return 1;\n    return 0;\n}\n\nsize_t dedupe(int32_t *list, size_t count) {\n    size_t kept = 0;\n    for (size_t i = 0; i < count; i++)\n        if (!known(list, kept, list[i])) list[kept++] = list[i];\n    return kept;\n}\n";

    fn found(source: &[u8], text: &[u8]) -> Vec<Option<usize>> {
        recognised(&Text::new("a.c", source), &Text::new("b.c", text))
    }

    #[test]
    fn paths_stay_inside() {
        for good in ["a", "src/a b.c", ".github/x", "..a/b"] {
            assert!(is_path(good), "{good}");
        }
        for bad in ["", "/a", "a/", "a//b", "./a", "a/..", "../a", "a\nb", "a\x1bb"] {
            assert!(!is_path(bad), "{bad:?}");
        }
    }

    #[test]
    fn functions_are_found_by_line_and_by_name() {
        let text = Text::new("dedupe.c", DEDUPE);
        assert_eq!(text.function(0), None);
        assert_eq!(text.function(4), Some(2..8));
        assert_eq!(text.function(13), Some(8..14));
        assert_eq!(text.named("dedupe"), Some(8..14));
        assert_eq!(text.named("known"), Some(2..8));
        assert_eq!(text.named("dedup"), None);
        assert_eq!(text.named("list"), None, "a parameter is no function");
        assert_eq!([text.name(2), text.name(8)].map(Option::unwrap), ["known", "dedupe"]);
        let wat =
            Text::new("a.wat", b"(module\n  (func $is-leap (param i32)\n    nop)\n  (func (export \"other\")))\n");
        assert_eq!(wat.named("is-leap"), Some(1..3));
        assert_eq!(wat.named("other"), Some(3..4));
        assert_eq!([wat.name(1), wat.name(3)].map(Option::unwrap), ["is-leap", "other"]);
        let exported =
            Text::new("a.c", b"__attribute__((export_name(\"a-b\"))) __attribute__((used)) int a_b(int c) {\n");
        assert_eq!(exported.name(0).unwrap(), "a_b");
        assert_eq!(Text::new("a.c", b"__attribute__((\n").name(0).as_deref(), Some("__attribute__"));
        assert_eq!(Text::new("a.rs", b"pub fn first<T>(x: T) {}\n").name(0).unwrap(), "first");
    }

    #[test]
    fn every_line_of_an_equal_text_is_the_sources() {
        assert!(found(DEDUPE, DEDUPE).iter().all(Option::is_some));
        // Unless it could be anybody's.
        assert_eq!(found(b"int x;\n", b"int x;\n"), [None]);
    }

    #[test]
    fn a_changed_line_is_nobodys_and_the_rest_of_its_function_is_the_sources() {
        let edited = String::from_utf8(DEDUPE.to_vec()).unwrap().replace("size_t kept = 0;", "size_t kept = 1;");
        let found = found(DEDUPE, edited.as_bytes());
        assert_eq!(found[9], None);
        assert_eq!(found[8], Some(8));
        assert_eq!(found[12], Some(12));
        // What is in no function may have come from anywhere.
        assert_eq!(found[0], None);
    }

    #[test]
    fn a_function_moved_into_another_file_is_still_recognised() {
        let moved = DEDUPE.windows(13).position(|part| part == b"size_t dedupe").unwrap();
        let other = [b"int first(void) {\n    return 1;\n}\n\n".as_slice(), &DEDUPE[moved..]].concat();
        let start = other.windows(13).position(|part| part == b"size_t dedupe").unwrap();
        let line = other[..start].iter().filter(|byte| **byte == b'\n').count();
        assert_eq!(found(DEDUPE, &other)[line + 1], Some(9));
        assert_eq!(found(DEDUPE, &other)[0], None);
    }

    #[test]
    fn lines_that_any_program_has_are_nobodys() {
        let one = b"#include <stdio.h>\nint main(void) {\n    puts(\"one\");\n    return 0;\n}\n";
        let two = b"#include <stdio.h>\nint main(void) {\n    puts(\"two\");\n    return 0;\n}\n";
        assert!(found(one, two).iter().all(Option::is_none));
        // A function of the same name with another body.
        let other = b"size_t dedupe(int32_t *list, size_t count) {\n    qsort(list, count, 4, by_value);\n    return unique(list, count);\n}\n";
        assert!(found(DEDUPE, other).iter().all(Option::is_none));
    }
}
