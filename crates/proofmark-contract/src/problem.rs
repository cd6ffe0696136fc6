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
    let length = name.chars().count();
    let limit = if length < 3 { 0 } else { (length / 3).max(1) };
    known
        .into_iter()
        .map(|candidate| (distance(name, candidate), candidate))
        .filter(|(distance, _)| *distance <= limit)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Edits between two names, swapped neighbours being one, where a case or a hyphen for an underscore costs nothing.
fn distance(a: &str, b: &str) -> usize {
    let plain = |text: &str| -> Vec<char> { text.to_lowercase().replace('_', "-").chars().take(64).collect() };
    let (a, b) = (plain(a), plain(b));
    let mut rows: Vec<Vec<usize>> = vec![(0..=b.len()).collect()];
    let cell = |rows: &[Vec<usize>], row: usize, column: usize| {
        rows.get(row).and_then(|row| row.get(column)).copied().unwrap_or(usize::MAX)
    };
    for (i, from) in a.iter().enumerate() {
        let mut row = vec![i.saturating_add(1)];
        for (j, to) in b.iter().enumerate() {
            let replaced = cell(&rows, i, j).saturating_add(usize::from(from != to));
            let removed = cell(&rows, i, j.saturating_add(1)).saturating_add(1);
            let added = row.last().map_or(usize::MAX, |left| left.saturating_add(1));
            let before = i.checked_sub(1).zip(j.checked_sub(1));
            let swapped = before.filter(|(i, j)| a.get(*i) == Some(to) && b.get(*j) == Some(from));
            let swapped = swapped.map_or(usize::MAX, |(i, j)| cell(&rows, i, j).saturating_add(1));
            row.push(replaced.min(removed).min(added).min(swapped));
        }
        rows.push(row);
    }
    cell(&rows, a.len(), b.len())
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
        assert_eq!(nearest("y", ["x", "z"]), None, "any letter is near a letter");
        assert_eq!(nearest("grene", ["red", "green"]), Some("green"));
        assert_eq!(distance("gdc", "gcd"), 1);
        assert_eq!(distance("kitten", "sitting"), 3);
        assert_eq!(distance("", "abc"), 3);
    }
}
