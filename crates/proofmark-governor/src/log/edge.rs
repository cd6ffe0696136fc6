//! The right edge of a log's tree: of each level of tiles the last one, while it is not full.
//!
//! This is all that appending needs to know of the past: at most 255 hashes a level, eight levels for any real log.

use proofmark_mark::digest::Digest;
use proofmark_mark::merkle;

use super::names::{Part, Row, WIDTH};

/// The partial tiles of a tree, lowest level first. They determine the tree's root.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Edge {
    size: u64,
    /// Level by level the hashes after the last full tile.
    levels: Vec<Vec<Digest>>,
}

/// The hashes of a full or partial tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Tile {
    pub(crate) level: u32,
    pub(crate) index: u64,
    pub(crate) hashes: Vec<Digest>,
}

impl Tile {
    pub(crate) fn part(&self) -> Part {
        Part { index: self.index, width: self.hashes.len() as u64 }
    }

    /// The tile's object: its hashes one after the other.
    pub(crate) fn to_bytes(&self) -> Vec<u8> {
        self.hashes.iter().flat_map(|hash| hash.0).collect()
    }
}

/// The hashes of a tile's object, or `None` if it is not `width` hashes wide.
pub(crate) fn hashes(bytes: &[u8], width: u64) -> Option<Vec<Digest>> {
    let (hashes, rest) = bytes.as_chunks::<32>();
    let whole = rest.is_empty() && hashes.len() as u64 == width;
    whole.then(|| hashes.iter().map(|hash| Digest(*hash)).collect())
}

impl Edge {
    /// The edge of a tree of `size` entries whose partial tiles `read` gives.
    pub(crate) fn read<E>(size: u64, mut read: impl FnMut(Row, Part) -> Result<Vec<Digest>, E>) -> Result<Self, E> {
        let mut levels = Vec::new();
        for level in 0_u32.. {
            let row = Row::Level(level);
            let count = row.count(size);
            if count == 0 {
                break;
            }
            let partial = Part { index: count / WIDTH, width: count % WIDTH };
            levels.push(if partial.width == 0 { Vec::new() } else { read(row, partial)? });
        }
        Ok(Self { size, levels })
    }

    /// Number of entries in the tree.
    pub(crate) fn size(&self) -> u64 {
        self.size
    }

    /// Appends leaves. Returns the tiles that became full.
    pub(crate) fn extend(&mut self, leaves: impl IntoIterator<Item = Digest>) -> Vec<Tile> {
        let mut full = Vec::new();
        for leaf in leaves {
            self.size = self.size.saturating_add(1);
            let mut hash = leaf;
            for level in 0_u32.. {
                let Some(hashes) = self.push(level, hash) else { break };
                hash = merkle::root(&hashes);
                // The row ends with this tile, so its index follows from the tree's size alone.
                let index = (Row::Level(level).count(self.size) / WIDTH).saturating_sub(1);
                full.push(Tile { level, index, hashes });
            }
        }
        full
    }

    /// Adds a hash to a level. Returns the hashes of the level's tile, now removed, if that made it full.
    fn push(&mut self, level: u32, hash: Digest) -> Option<Vec<Digest>> {
        let at = usize::try_from(level).ok()?;
        if self.levels.len() <= at {
            self.levels.push(Vec::new());
        }
        let hashes = self.levels.get_mut(at)?;
        hashes.push(hash);
        (hashes.len() as u64 == WIDTH).then(|| std::mem::take(hashes))
    }

    /// The partial tiles.
    pub(crate) fn tiles(&self) -> Vec<Tile> {
        let tile = |(level, hashes): (u32, &Vec<Digest>)| {
            let index = Row::Level(level).count(self.size) / WIDTH;
            (!hashes.is_empty()).then(|| Tile { level, index, hashes: hashes.clone() })
        };
        (0_u32..).zip(&self.levels).filter_map(tile).collect()
    }

    /// The hashes of one level after its last full tile.
    pub(crate) fn level(&self, level: u32) -> &[Digest] {
        usize::try_from(level).ok().and_then(|level| self.levels.get(level)).map_or(&[], Vec::as_slice)
    }

    /// The root of the tree.
    pub(crate) fn root(&self) -> Digest {
        // What is right of a level's last hash is smaller than what one hash covers, so it hangs there like one more.
        let below = |right: Option<Digest>, hashes: &Vec<Digest>| {
            let row: Vec<Digest> = hashes.iter().copied().chain(right).collect();
            if row.is_empty() { None } else { Some(merkle::root(&row)) }
        };
        self.levels.iter().fold(None, below).unwrap_or_else(merkle::empty_root)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn leaf(n: u64) -> Digest {
        merkle::leaf_hash(&n.to_be_bytes())
    }

    #[test]
    fn the_root_is_that_of_the_whole_tree_at_every_size() {
        let (mut edge, mut tree) = (Edge::default(), merkle::Tree::default());
        assert_eq!(edge.root(), merkle::empty_root());
        for n in 0..70_000 {
            edge.extend([leaf(n)]);
            tree.push(leaf(n));
            if n < 2000 || n % 251 == 0 || (65_000..66_200).contains(&n) {
                assert_eq!(edge.root(), tree.root(), "{n}");
            }
        }
    }

    #[test]
    fn tiles_are_those_of_the_specification_however_the_leaves_come() {
        let mut at_once = Edge::default();
        let full = at_once.extend((0..70_000).map(leaf));
        let mut one_by_one = Edge::default();
        assert_eq!(full, (0..70_000).flat_map(|n| one_by_one.extend([leaf(n)])).collect::<Vec<_>>());
        assert_eq!(at_once, one_by_one);
        assert_eq!((full.iter().filter(|tile| tile.level == 0).count(), full.len()), (273, 274));
        let widths: Vec<_> = at_once.tiles().iter().map(|tile| (tile.level, tile.index, tile.hashes.len())).collect();
        assert_eq!(widths, [(0, 273, 112), (1, 1, 17), (2, 0, 1)]);
        let parent = full.iter().find(|tile| tile.level == 1).unwrap();
        assert_eq!(
            (parent.index, parent.hashes[255]),
            (0, merkle::root(&(65_280..65_536).map(leaf).collect::<Vec<_>>()))
        );
    }

    #[test]
    fn an_edge_is_read_back_from_its_partial_tiles() {
        for size in [0, 1, 255, 256, 257, 65_535, 65_536, 65_537, 66_000] {
            let mut edge = Edge::default();
            edge.extend((0..size).map(leaf));
            let tiles = edge.tiles();
            let read = Edge::read(size, |row, part| {
                let tile = tiles.iter().find(|tile| Row::Level(tile.level) == row && tile.part() == part).ok_or(())?;
                hashes(&tile.to_bytes(), part.width).ok_or(())
            });
            assert_eq!(read.map(|edge| edge.root()), Ok(edge.root()), "{size}");
        }
        assert_eq!((hashes(&[0; 63], 2), hashes(&[0; 64], 3), hashes(&[0; 65], 2)), (None, None, None));
    }
}
