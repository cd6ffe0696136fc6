//! Sets of line numbers, and which lines two texts have in common. Line numbers count from 1, indices of slices from 0.

use std::fmt;
use std::str::FromStr;

use imara_diff::{Algorithm, Diff, InternedInput};
use thiserror::Error;

/// The most ranges of one set that is read.
const RANGES_MAX: usize = 100_000;

/// Lines of a text, as ascending ranges that neither overlap nor touch.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Lines(Vec<(u32, u32)>);

/// A text that is not a list of lines.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{0}` is not a list of lines; write ascending numbers and ranges from 1, such as `1-4,9`")]
pub struct LinesError(String);

impl Lines {
    /// The lines `first` to `last`, both included; `None` if they are no lines or in the wrong order.
    #[must_use]
    pub fn range(first: u32, last: u32) -> Option<Self> {
        (first >= 1 && first <= last).then(|| Self(vec![(first, last)]))
    }

    #[must_use]
    pub fn contains(&self, line: u32) -> bool {
        let after = self.0.partition_point(|(first, _)| *first <= line);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|(_, last)| line <= *last)
    }

    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// First and last line of each range, ascending.
    pub fn ranges(&self) -> impl Iterator<Item = (u32, u32)> + '_ {
        self.0.iter().copied()
    }

    /// How many lines there are.
    #[must_use]
    pub fn count(&self) -> u64 {
        self.0.iter().map(|(first, last)| u64::from(last.saturating_sub(*first)).saturating_add(1)).sum()
    }
}

/// Of numbers in ascending order; others, and 0, are left out.
impl FromIterator<u32> for Lines {
    fn from_iter<I: IntoIterator<Item = u32>>(numbers: I) -> Self {
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for number in numbers {
            match ranges.last_mut() {
                Some((_, last)) if number <= *last => {}
                Some((_, last)) if Some(number) == last.checked_add(1) => *last = number,
                _ if number == 0 => {}
                _ => ranges.push((number, number)),
            }
        }
        Self(ranges)
    }
}

/// Ascending, as git-ai writes them; ranges that touch are joined.
impl FromStr for Lines {
    type Err = LinesError;

    fn from_str(text: &str) -> Result<Self, LinesError> {
        let wrong = || LinesError(text.chars().take(80).collect());
        let number = |text: &str| text.parse().ok().filter(|number: &u32| *number >= 1 && number.to_string() == text);
        let mut ranges: Vec<(u32, u32)> = Vec::new();
        for part in text.split(',') {
            let (first, last) = part.split_once('-').unwrap_or((part, part));
            let (first, last) = (number(first).ok_or_else(wrong)?, number(last).ok_or_else(wrong)?);
            if last < first || ranges.len() >= RANGES_MAX {
                return Err(wrong());
            }
            match ranges.last_mut() {
                Some((_, before)) if first <= *before => return Err(wrong()),
                Some((_, before)) if Some(first) == before.checked_add(1) => *before = last,
                _ => ranges.push((first, last)),
            }
        }
        Ok(Self(ranges))
    }
}

impl fmt::Display for Lines {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (place, (first, last)) in self.0.iter().enumerate() {
            let comma = if place == 0 { "" } else { "," };
            if first == last { write!(f, "{comma}{first}")? } else { write!(f, "{comma}{first}-{last}")? }
        }
        Ok(())
    }
}

/// The lines of a text without their ends, which are a newline with or without a carriage return before it.
#[must_use]
pub fn split(text: &[u8]) -> Vec<&[u8]> {
    let mut lines: Vec<&[u8]> = text.split(|byte| *byte == b'\n').collect();
    // What follows the last newline is a line only if there is something.
    if lines.last().is_some_and(|line| line.is_empty()) {
        lines.pop();
    }
    lines.into_iter().map(|line| line.strip_suffix(b"\r").unwrap_or(line)).collect()
}

/// For each line of `after` the index of the line of `before` that it was; `None` for lines that came in or changed.
#[must_use]
pub fn unchanged(before: &[&[u8]], after: &[&[u8]]) -> Vec<Option<usize>> {
    let mut input = InternedInput::default();
    input.update_before(before.iter().copied());
    input.update_after(after.iter().copied());
    // As git blames: the same algorithm with the same heuristics against slow cases.
    let mut diff = Diff::compute(Algorithm::Myers, &input);
    diff.postprocess_no_heuristic(&input);
    let index = |at: usize| u32::try_from(at).unwrap_or(u32::MAX);
    let mut kept = (0..before.len()).filter(|at| !diff.is_removed(index(*at)));
    let was = (0..after.len()).map(|at| if diff.is_added(index(at)) { None } else { kept.next() });
    was.zip(after).map(|(was, line)| was.filter(|at| before.get(*at) == Some(line))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_read_as_they_are_written() {
        for text in ["1", "1-4,9", "7-8,10,19-222,300"] {
            assert_eq!(text.parse::<Lines>().unwrap().to_string(), text);
        }
        assert_eq!("1,2,3-5".parse::<Lines>().unwrap().to_string(), "1-5");
        for wrong in ["", "0", "4-1", "1, 2", "2,1", "1-3,3", "+1", "01", "1-", "-1", "4294967296", "1,,2"] {
            assert!(wrong.parse::<Lines>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn numbers_become_ranges() {
        let lines: Lines = [1, 2, 3, 7, 9, 10].into_iter().collect();
        assert_eq!(lines.to_string(), "1-3,7,9-10");
        assert_eq!(lines.count(), 6);
        for line in 0..12 {
            assert_eq!(lines.contains(line), [1, 2, 3, 7, 9, 10].contains(&line), "{line}");
        }
        assert!(!lines.contains(u32::MAX));
        assert!(Lines::default().is_empty());
    }

    #[test]
    fn a_last_line_needs_no_end_and_a_carriage_return_is_no_content() {
        assert_eq!(split(b"a\r\nb\n"), [b"a", b"b"]);
        assert_eq!(split(b"a\n\nb"), [b"a".as_slice(), b"", b"b"]);
        assert!(split(b"").is_empty());
        assert_eq!(split(b"\n"), [b""]);
    }

    #[test]
    fn unchanged_lines_are_found_through_insertions_and_removals() {
        let before = split(b"one\ntwo\nthree\nfour\n");
        let after = split(b"zero\none\nthree\nFOUR\n");
        assert_eq!(unchanged(&before, &after), [None, Some(0), Some(2), None]);
        assert_eq!(unchanged(&[], &after), [None; 4]);
        assert!(unchanged(&before, &[]).is_empty());
    }

    proptest::proptest! {
        #[test]
        fn what_is_called_unchanged_is_equal_and_in_order(before: Vec<u8>, after: Vec<u8>) {
            let (before, after): (Vec<u8>, Vec<u8>) =
                (before.iter().map(|byte| byte % 7).collect(), after.iter().map(|byte| byte % 7).collect());
            let one = |bytes: &'static [u8; 7], byte: u8| -> &'static [u8] { &bytes[byte as usize..=byte as usize] };
            let before: Vec<&[u8]> = before.iter().map(|byte| one(b"abcdefg", *byte)).collect();
            let after: Vec<&[u8]> = after.iter().map(|byte| one(b"abcdefg", *byte)).collect();
            let map = unchanged(&before, &after);
            assert_eq!(map.len(), after.len());
            let found: Vec<usize> = map.iter().flatten().copied().collect();
            assert!(found.windows(2).all(|pair| pair[0] < pair[1]));
            for (at, was) in map.iter().enumerate() {
                assert!(was.is_none_or(|was| before[was] == after[at]));
            }
            if before == after {
                assert_eq!(found.len(), after.len());
            }
        }

        #[test]
        fn reading_lines_never_panics(text in "[0-9,-]{0,40}") {
            if let Ok(lines) = text.parse::<Lines>() {
                assert_eq!(lines.to_string().parse::<Lines>().unwrap(), lines);
            }
        }
    }
}
