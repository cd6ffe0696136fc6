//! What is wrong with a contract: the place, what it is, and what to write instead.
//!
//! Problems are plain data. Nothing here renders them; the binary does.

use std::fmt;
use std::ops::Range;

/// One thing that is wrong with a contract.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// What is wrong, as a sentence in lower case.
    pub message: String,
    /// What to say beside the span.
    pub label: String,
    /// Bytes of the contract's text; both ends lie on character boundaries.
    pub span: Range<usize>,
    /// What to do about it.
    pub help: Option<String>,
}

impl Problem {
    pub(crate) fn new(span: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Self {
        Self { message: message.into(), label: label.into(), span, help: None }
    }

    pub(crate) fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The line and the column at which the span starts in `text`, both from 1; columns count characters.
    #[must_use]
    pub fn position(&self, text: &str) -> (usize, usize) {
        let start = floor_char_boundary(text, self.span.start);
        let before = text.get(..start).unwrap_or(text);
        let line = before.bytes().filter(|byte| *byte == b'\n').count().saturating_add(1);
        let column = before.rsplit('\n').next().unwrap_or(before).chars().count().saturating_add(1);
        (line, column)
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if let Some(help) = &self.help {
            write!(f, "; {help}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

/// The largest character boundary of `text` that is not after `index`.
pub(crate) fn floor_char_boundary(text: &str, index: usize) -> usize {
    (0..=index.min(text.len())).rev().find(|index| text.is_char_boundary(*index)).unwrap_or(0)
}

/// The known name that `name` was probably meant to be.
pub(crate) fn nearest<'a>(name: &str, known: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let limit = (name.chars().count() / 3).max(1);
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two names, where a case or a hyphen for an underscore costs nothing.
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| -> Vec<char> { text.to_lowercase().replace('_', "-").chars().take(64).collect() };
    let (a, b) = (plain(a), plain(b));
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (nth, from) in a.iter().enumerate() {
        let mut diagonal = std::mem::replace(row.first_mut().unwrap_or(&mut 0), nth.saturating_add(1));
        let mut left = nth.saturating_add(1);
        for (to, cell) in b.iter().zip(row.iter_mut().skip(1)) {
            let replaced = diagonal.saturating_add(usize::from(from != to));
            diagonal = *cell;
            left = replaced.min(left.saturating_add(1)).min(cell.saturating_add(1));
            *cell = left;
        }
    }
    row.last().copied().unwrap_or(usize::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn positions_count_lines_and_characters_from_one() {
        let text = "a\nüb\n\nc";
        let at = |start| Problem::new(start..start, "", "").position(text);
        assert_eq!(at(0), (1, 1));
        assert_eq!(at(2), (2, 1));
        assert_eq!(at(3), (2, 1), "inside a character");
        assert_eq!(at(4), (2, 2));
        assert_eq!(at(7), (4, 1));
        assert_eq!(at(900), (4, 2), "beyond the end");
    }

    #[test]
    fn the_nearest_name_is_near() {
        let known = ["requires", "ensures", "held_out"];
        assert_eq!(nearest("ensure", known), Some("ensures"));
        assert_eq!(nearest("held-out", known), Some("held_out"));
        assert_eq!(nearest("Requires", known), Some("requires"));
        assert_eq!(nearest("budget", known), None);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
