//! Text with a place: which bytes of the contract each byte of a decoded TOML string came from.
//!
//! WIT, CEL and WAVE are strings inside the contract, with escapes, trimmed newlines and continued lines. A span inside
//! such a string becomes a span of the file; where the decoding can't be followed, the whole string's span stands in.

use std::ops::Range;

use crate::problem::{Problem, floor_char_boundary};

/// A decoded string and where its bytes are in the contract.
#[derive(Debug, Clone)]
pub(crate) struct Placed {
    pub(crate) text: String,
    /// The whole value in the contract, quotes included.
    pub(crate) span: Range<usize>,
    /// Runs of bytes that were copied: (offset in `text`, offset in the contract, bytes in the contract for one unit).
    runs: Vec<Run>,
}

/// From `text` on (up to the next run), byte `text + n` came from byte `file + n`; an escape is a run of its own.
#[derive(Debug, Clone, Copy)]
struct Run {
    text: usize,
    file: usize,
    escape: bool,
}

impl Placed {
    /// The string value at `span` of `contract`, which decoded to `text`.
    pub(crate) fn new(contract: &str, span: Range<usize>, text: &str) -> Self {
        let raw = contract.get(span.clone()).unwrap_or_default();
        let runs = Decoder::new(raw, span.start).follow(text).unwrap_or_default();
        Self { text: text.to_owned(), span, runs }
    }

    /// The span of the contract that the bytes `range` of the text came from.
    pub(crate) fn locate(&self, range: Range<usize>) -> Range<usize> {
        let start_at = floor_char_boundary(&self.text, range.start);
        let end_at = ceil_char_boundary(&self.text, range.end.max(start_at));
        match (self.start_of(start_at), self.end_of(start_at, end_at)) {
            (Some(start), Some(end)) => start..end.max(start),
            _ => self.span.clone(),
        }
    }

    pub(crate) fn problem(&self, range: Range<usize>, message: impl Into<String>, label: impl Into<String>) -> Problem {
        Problem::new(self.locate(range), message, label)
    }

    fn run_at(&self, offset: usize) -> Option<(&Run, Option<&Run>)> {
        let after = self.runs.partition_point(|run| run.text <= offset);
        Some((self.runs.get(after.checked_sub(1)?)?, self.runs.get(after)))
    }

    fn start_of(&self, offset: usize) -> Option<usize> {
        let (run, _) = self.run_at(offset)?;
        let inside = offset.checked_sub(run.text)?;
        Some(if run.escape { run.file } else { run.file.saturating_add(inside) })
    }

    /// Where the last character before `end` ends in the contract.
    fn end_of(&self, start: usize, end: usize) -> Option<usize> {
        if end <= start {
            return self.start_of(start);
        }
        let (run, next) = self.run_at(end.checked_sub(1)?)?;
        if run.escape {
            return next.map(|next| next.file);
        }
        Some(run.file.saturating_add(end.checked_sub(run.text)?))
    }
}

fn ceil_char_boundary(text: &str, index: usize) -> usize {
    (index.min(text.len())..=text.len()).find(|index| text.is_char_boundary(*index)).unwrap_or(text.len())
}

/// Walks the source of a TOML string beside what it decoded to.
struct Decoder<'a> {
    raw: &'a str,
    /// Where `raw` starts in the contract.
    origin: usize,
    /// Bytes of `raw` that were read.
    at: usize,
    runs: Vec<Run>,
    /// Bytes of the decoded text that were accounted for.
    written: usize,
}

impl<'a> Decoder<'a> {
    fn new(raw: &'a str, origin: usize) -> Self {
        Self { raw, origin, at: 0, runs: Vec::new(), written: 0 }
    }

    /// The runs, if decoding `raw` by TOML's rules gives exactly `text`.
    fn follow(mut self, text: &str) -> Option<Vec<Run>> {
        let quotes = ["\"\"\"", "'''", "\"", "'"].into_iter().find(|quotes| self.raw.starts_with(quotes))?;
        let inner = self.raw.len().checked_sub(quotes.len())?;
        self.at = quotes.len();
        if quotes.len() == 3 {
            for newline in ["\r\n", "\n"] {
                if self.rest(inner).starts_with(newline) {
                    self.at = self.at.saturating_add(newline.len());
                    break;
                }
            }
        }
        let basic = quotes.starts_with('"');
        let mut left = text.chars();
        while self.at < inner {
            let rest = self.rest(inner);
            if basic && rest.starts_with('\\') {
                self.escape(rest, &mut left)?;
                continue;
            }
            let (found, bytes) = match rest.chars().next()? {
                '\r' if rest.starts_with("\r\n") && left.as_str().starts_with('\n') => ('\n', 2),
                other => (other, other.len_utf8()),
            };
            if left.next()? != found {
                return None;
            }
            self.copy(found.len_utf8(), bytes);
        }
        if left.next().is_some() {
            return None;
        }
        self.runs.push(Run { text: self.written, file: self.origin.saturating_add(self.at), escape: false });
        Some(self.runs)
    }

    fn rest(&self, inner: usize) -> &'a str {
        self.raw.get(self.at..inner).unwrap_or_default()
    }

    fn copy(&mut self, text_bytes: usize, raw_bytes: usize) {
        let file = self.origin.saturating_add(self.at);
        let joined = self
            .runs
            .last()
            .is_some_and(|run| !run.escape && file.checked_sub(run.file) == self.written.checked_sub(run.text));
        if !joined || text_bytes != raw_bytes {
            self.runs.push(Run { text: self.written, file, escape: text_bytes != raw_bytes });
        }
        self.written = self.written.saturating_add(text_bytes);
        self.at = self.at.saturating_add(raw_bytes);
    }

    fn escape(&mut self, rest: &str, left: &mut std::str::Chars<'_>) -> Option<()> {
        let letter = rest.chars().nth(1)?;
        let digits = match letter {
            'x' => 2,
            'u' => 4,
            'U' => 8,
            _ => 0,
        };
        if letter.is_whitespace() {
            let after = rest.get(1..)?;
            let skipped = after.len().checked_sub(after.trim_start_matches([' ', '\t', '\r', '\n']).len())?;
            self.at = self.at.saturating_add(skipped).saturating_add(1);
            return Some(());
        }
        let bytes = letter.len_utf8().saturating_add(1).saturating_add(digits);
        rest.get(..bytes)?;
        let decoded = left.next()?;
        self.runs.push(Run { text: self.written, file: self.origin.saturating_add(self.at), escape: true });
        self.written = self.written.saturating_add(decoded.len_utf8());
        self.at = self.at.saturating_add(bytes);
        // What follows is a run of its own, also when it is as long as the escape.
        self.runs.push(Run { text: self.written, file: self.origin.saturating_add(self.at), escape: false });
        Some(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn placed(source: &str) -> Placed {
        let contract = format!("key = {source}");
        let table = toml::de::DeTable::parse(&contract).unwrap();
        let value = table.get_ref().get("key").unwrap();
        Placed::new(&contract, value.span(), value.get_ref().as_str().unwrap())
    }

    fn found(source: &str, wanted: &str) -> String {
        let placed = placed(source);
        let at = placed.text.find(wanted).unwrap();
        let contract = format!("key = {source}");
        contract[placed.locate(at..at + wanted.len())].to_owned()
    }

    #[test]
    fn spans_survive_every_way_to_write_a_string() {
        for source in [
            "'one two three'",
            "\"one two three\"",
            "'''\none two three'''",
            "\"\"\"\none two three\"\"\"",
            "\"\\tone\\u00fc two three\"",
            "\"\"\"\\\n   one \\\n  two three\"\"\"",
            "\"\"\"\r\none\r\n two three\r\n\"\"\"",
            "'''one ''two three'''",
            "\"\\\"one\\\\ two three\"",
            "'ü one two three'",
            "\"\\U0001F600\\x41one\\e two three\"",
        ] {
            for wanted in ["one", "two", "three"] {
                assert_eq!(found(source, wanted), wanted, "{source:?}");
            }
        }
    }

    #[test]
    fn an_escape_is_one_unit() {
        assert_eq!(found("\"a\\u00fcb\"", "ü"), "\\u00fc");
        assert_eq!(found("\"a\\u00fcb\"", "aü"), "a\\u00fc");
        assert_eq!(found("\"\\n\\nb\"", "b"), "b");
        assert_eq!(found("\"x\\ny\"", "x\ny"), "x\\ny");
    }

    #[test]
    fn the_end_and_what_lies_beyond_it_are_inside_the_contract() {
        let placed = placed("'abc'");
        assert_eq!(placed.locate(3..3), 10..10);
        assert_eq!(placed.locate(1..900), 8..10);
        assert_eq!(placed.locate(900..901), 10..10);
        assert_eq!(Placed::new("key = x", 6..7, "other").locate(0..1), 6..7);
    }
}
