//! CEL's tokens, to bound an expression before it is parsed and to find where its parts begin and end.
//!
//! The parser of the `cel` crate recurses over chains such as `1 + 1 + …`; nothing may reach it that could exhaust the
//! stack. Grammar: <https://github.com/google/cel-spec/blob/master/doc/langdef.md#syntax>.

use std::ops::Range;

/// A token and the bytes it takes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Token {
    pub(super) kind: Kind,
    pub(super) span: Range<usize>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    Name,
    Number,
    Text,
    Open,
    Close,
    Comma,
    /// Anything else: an operator, or a character that CEL does not have.
    Operator,
}

/// The tokens of `source`, comments and white space left out. Total over any text.
pub(super) fn tokens(source: &str) -> Vec<Token> {
    let mut found = Vec::new();
    let mut at = 0;
    while let Some(rest) = source.get(at..).filter(|rest| !rest.is_empty()) {
        let (kind, bytes) = next(rest);
        let end = at.saturating_add(bytes.max(1)).min(source.len());
        if let Some(kind) = kind {
            found.push(Token { kind, span: at..end });
        }
        at = end;
    }
    found
}

fn next(rest: &str) -> (Option<Kind>, usize) {
    let Some(first) = rest.chars().next() else { return (None, 1) };
    if first.is_whitespace() {
        return (None, first.len_utf8());
    }
    if rest.starts_with("//") {
        return (None, rest.find('\n').unwrap_or(rest.len()));
    }
    if let Some(bytes) = text(rest) {
        return (Some(Kind::Text), bytes);
    }
    let run = |part: fn(char) -> bool| rest.find(|character: char| !part(character)).unwrap_or(rest.len());
    if first.is_ascii_alphabetic() || first == '_' {
        return (Some(Kind::Name), run(|character| character.is_ascii_alphanumeric() || character == '_'));
    }
    if first.is_ascii_digit() {
        return (Some(Kind::Number), run(|character| character.is_ascii_alphanumeric()));
    }
    let two = ["==", "!=", "<=", ">=", "&&", "||"].iter().any(|operator| rest.starts_with(operator));
    match first {
        '(' | '[' | '{' => (Some(Kind::Open), 1),
        ')' | ']' | '}' => (Some(Kind::Close), 1),
        ',' => (Some(Kind::Comma), 1),
        _ if two => (Some(Kind::Operator), 2),
        other => (Some(Kind::Operator), other.len_utf8()),
    }
}

/// The length of the string or bytes literal at the start of `rest`, to its closing quote or the end.
fn text(rest: &str) -> Option<usize> {
    let quote = rest.find(['"', '\'']).filter(|prefix| *prefix <= 2)?;
    let prefix = rest.get(..quote)?.to_ascii_lowercase();
    if !["", "r", "b", "rb", "br"].contains(&prefix.as_str()) {
        return None;
    }
    let body = rest.get(quote..)?;
    let marks = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|marks| body.starts_with(marks))?;
    let raw = prefix.contains('r');
    let mut at = marks.len();
    while let Some(left) = body.get(at..).filter(|left| !left.is_empty()) {
        if left.starts_with(marks) {
            return Some(quote.saturating_add(at).saturating_add(marks.len()));
        }
        let first = left.chars().next()?;
        if marks.len() == 1 && (first == '\n' || first == '\r') {
            break;
        }
        at = at.saturating_add(first.len_utf8());
        if first == '\\' && !raw {
            at = at.saturating_add(left.chars().nth(1).map_or(0, char::len_utf8));
        }
    }
    Some(quote.saturating_add(at).min(rest.len()))
}

/// For each bracket among the tokens, the index of its partner.
pub(super) fn partners(source: &str, tokens: &[Token]) -> Vec<Option<usize>> {
    let mut partners = vec![None; tokens.len()];
    let mut open: Vec<usize> = Vec::new();
    let text = |index: usize| tokens.get(index).and_then(|token: &Token| source.get(token.span.clone())).unwrap_or("");
    for (index, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Open => open.push(index),
            Kind::Close => {
                let fits = |start: usize| matches!((text(start), text(index)), ("(", ")") | ("[", "]") | ("{", "}"));
                if let Some(start) = open.pop().filter(|start| fits(*start)) {
                    for (from, to) in [(start, index), (index, start)] {
                        if let Some(slot) = partners.get_mut(from) {
                            *slot = Some(to);
                        }
                    }
                }
            }
            _ => {}
        }
    }
    partners
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts(source: &str) -> Vec<&str> {
        tokens(source).into_iter().map(|token| &source[token.span]).collect()
    }

    #[test]
    fn strings_hide_what_is_in_them() {
        assert_eq!(
            texts(
                r#"a + "b + \" c" // ] (
            in ['''x ' " ''', r'\', b"ü"]"#
            ),
            ["a", "+", r#""b + \" c""#, "in", "[", r#"'''x ' " '''"#, ",", r"r'\'", ",", "b\"ü\"", "]"]
        );
        assert_eq!(texts("'open\nx"), ["'open", "x"]);
        assert_eq!(texts("r\"\"\""), ["r\"\"\""]);
        assert_eq!(texts("'a\\"), ["'a\\"]);
        assert_eq!(texts("bar'x'"), ["bar", "'x'"]);
    }

    #[test]
    fn brackets_find_their_partners() {
        let source = "f(a[0], {1: (2)})";
        let tokens = tokens(source);
        let partners = partners(source, &tokens);
        let pair = |open: usize| {
            let at = tokens.iter().position(|token| token.span.start == open).unwrap();
            tokens[partners[at].unwrap()].span.start
        };
        assert_eq!((pair(1), pair(3), pair(8), pair(12)), (16, 5, 15, 14));
        assert!(super::partners("(]", &super::tokens("(]")).iter().all(Option::is_none));
    }
}
