//! The names of a log's objects: commits, and what C2SP tlog-tiles lays down for everything derived from them.
//!
//! Each object has one spelling; every other text is not a name.

use std::fmt;
use std::str::FromStr;

/// Hashes in a full tile and entries in a full bundle (tiles of height 8).
pub(crate) const WIDTH: u64 = 256;
/// The last commit there can be: names have nine digits.
pub(crate) const COMMIT_LAST: u64 = 999_999_999;
pub(crate) const COMMITS: &str = "commit";

/// The name of one object of a log.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Name {
    Checkpoint,
    Commit(u64),
    Tile(Row, Part),
}

/// A row of tiles: the entry bundles, or the tiles of one level.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Row {
    Entries,
    /// 0 holds leaf hashes; each hash of a higher level is the root of a full tile of the level below.
    Level(u32),
}

/// Which tile of a row, and how much of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Part {
    pub(crate) index: u64,
    /// 1 to 255 for a partial tile, 256 for a full one.
    pub(crate) width: u64,
}

impl Row {
    /// Hashes or entries that the row holds in a tree of `size` entries.
    pub(crate) fn count(self, size: u64) -> u64 {
        match self {
            Self::Entries => size,
            Self::Level(level) => size.checked_shr(level.saturating_mul(8)).unwrap_or(0),
        }
    }

    /// The smallest tree in which the row holds `count` hashes or entries, or `None` if no tree can.
    pub(crate) fn size(self, count: u64) -> Option<u64> {
        match self {
            Self::Entries => Some(count),
            Self::Level(level) => count.checked_mul(1_u64.checked_shl(level.checked_mul(8)?)?),
        }
    }

    /// The folder that holds the partial tiles with this index, if there are any.
    pub(crate) fn partials(self, index: u64) -> String {
        format!("{}.p", Name::Tile(self, Part { index, width: WIDTH }))
    }
}

impl Part {
    /// The tile that holds hash or entry `at` when the row holds `count` of them; `at < count`.
    pub(crate) fn holding(at: u64, count: u64) -> Self {
        let index = at / WIDTH;
        Self { index, width: count.saturating_sub(index.saturating_mul(WIDTH)).min(WIDTH) }
    }

    pub(crate) fn full(index: u64) -> Self {
        Self { index, width: WIDTH }
    }

    pub(crate) fn is_full(self) -> bool {
        self.width == WIDTH
    }

    /// How many hashes or entries the row holds up to the end of this tile.
    pub(crate) fn end(self) -> u64 {
        self.index.saturating_mul(WIDTH).saturating_add(self.width)
    }
}

impl fmt::Display for Name {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Checkpoint => f.write_str("checkpoint"),
            Self::Commit(number) => write!(f, "{COMMITS}/{number:09}"),
            Self::Tile(row, part) => {
                match row {
                    Row::Entries => f.write_str("tile/entries/")?,
                    Row::Level(level) => write!(f, "tile/{level}/")?,
                }
                f.write_str(&digits(part.index))?;
                if part.is_full() { Ok(()) } else { write!(f, ".p/{}", part.width) }
            }
        }
    }
}

/// A number in groups of three digits, all but the last of them behind an `x`: 1234067 is `x001/x234/067`.
fn digits(number: u64) -> String {
    let mut text = format!("{:03}", number % 1000);
    let mut rest = number / 1000;
    while rest > 0 {
        text = format!("x{:03}/{text}", rest % 1000);
        rest /= 1000;
    }
    text
}

impl FromStr for Name {
    type Err = ();

    fn from_str(text: &str) -> Result<Self, ()> {
        let name = parse(text).ok_or(())?;
        if name.to_string() == text { Ok(name) } else { Err(()) }
    }
}

fn parse(text: &str) -> Option<Name> {
    if let Some(number) = text.strip_prefix("commit/") {
        return Some(Name::Commit(number.parse().ok()?));
    }
    let Some((row, rest)) = text.strip_prefix("tile/").and_then(|rest| rest.split_once('/')) else {
        return Some(Name::Checkpoint);
    };
    let row = if row == "entries" { Row::Entries } else { Row::Level(row.parse().ok().filter(|level| *level < 64)?) };
    let (index, width) = match rest.split_once(".p/") {
        Some((index, width)) => (index, width.parse().ok().filter(|width| (1..WIDTH).contains(width))?),
        None => (rest, WIDTH),
    };
    let index = index.replace(['x', '/'], "").parse().ok()?;
    Some(Name::Tile(row, Part { index, width }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_those_of_tlog_tiles() {
        let level = |level, index, width| Name::Tile(Row::Level(level), Part { index, width }).to_string();
        assert_eq!(level(0, 1_234_067, 256), "tile/0/x001/x234/067");
        assert_eq!(level(2, 0, 1), "tile/2/000.p/1");
        assert_eq!(level(1, 1000, 17), "tile/1/x001/000.p/17");
        assert_eq!(Name::Tile(Row::Entries, Part { index: 273, width: 112 }).to_string(), "tile/entries/273.p/112");
        assert_eq!(Name::Commit(12).to_string(), "commit/000000012");
        assert_eq!(Row::Level(0).partials(273), "tile/0/273.p");
    }

    #[test]
    fn a_name_has_one_spelling() {
        for text in
            ["checkpoint", "commit/000000000", "commit/999999999", "tile/63/x999/999", "tile/entries/x001/000.p/255"]
        {
            assert_eq!(text.parse::<Name>().map(|name| name.to_string()), Ok(text.to_owned()));
        }
        let wrong = [
            "",
            "Checkpoint",
            "checkpoint2",
            "commit/1",
            "commit/+00000001",
            "commit/0000000001x",
            "tile",
            "tile/0",
            "tile/0/",
            "tile/00/000",
            "tile/0/0",
            "tile/0/0000",
            "tile/0/1000",
            "tile/0/x000/000",
            "tile/0/001/000",
            "tile/0/xx01/000",
            "tile/0/000.p",
            "tile/0/000.p/",
            "tile/0/000.p/0",
            "tile/0/000.p/01",
            "tile/0/000.p/256",
            "tile/64/000",
            "tile/0/000.p/1/2",
            "tile/entries/000.q/1",
            "tile/-1/000",
            "blob/00",
        ];
        for text in wrong {
            assert!(text.parse::<Name>().is_err(), "{text}");
        }
    }

    #[test]
    fn the_tiles_of_70000_entries_are_those_of_the_specification() {
        let last = |level| {
            let count = Row::Level(level).count(70_000);
            Part::holding(count - 1, count)
        };
        assert_eq!(last(0), Part { index: 273, width: 112 });
        assert_eq!(last(1), Part { index: 1, width: 17 });
        assert_eq!(last(2), Part { index: 0, width: 1 });
        assert_eq!(Row::Level(3).count(70_000), 0);
        assert_eq!(Row::Level(2).size(1), Some(65_536));
        assert_eq!((Row::Level(8).size(1), Row::Level(63).size(u64::MAX)), (None, None));
    }
}
