//! Goes through a log's commits from the first and says what must follow from each.
//!
//! Reads commits alone, one at a time, and verifies each. Holds one bundle, one batch and the tree's right edge.

use proofmark_mark::note::VerifierKey;

use super::LogError;
use super::bundle;
use super::commit::Commit;
use super::names::{Name, Part, Row, WIDTH};
use super::stored::{altered, latest, read_commit};
use super::view::View;
use crate::store::{Store, StoreError};

/// A log after as many of its commits as were stepped through.
pub(crate) struct Replay {
    pub(crate) view: View,
    /// The last bundle, while it is not full.
    bundle: Vec<u8>,
}

/// Objects with their content.
pub(crate) type Objects = Vec<(Name, Vec<u8>)>;

impl Replay {
    pub(crate) fn new(store: &Store, key: &VerifierKey) -> Self {
        Self { view: View::nothing(store, key), bundle: Vec::new() }
    }

    /// Verifies the next commit. Returns every tile and bundle that it changed, full and partial; `None` when there is
    /// no further commit.
    pub(crate) fn step(&mut self) -> Result<Option<Objects>, LogError> {
        let view = &mut self.view;
        let bytes = match read_commit(&view.store, view.next) {
            Ok((_, bytes)) => bytes,
            Err(StoreError::NotFound { .. }) if view.next > 0 => return Ok(None),
            Err(StoreError::NotFound { .. }) => return Err(LogError::Absent { place: view.store.path("") }),
            Err(error) => return Err(error.into()),
        };
        view.step(&bytes)?;
        let mut objects = tiles(view);
        for (index, entry) in (view.settled..).zip(&view.tail) {
            bundle::push(&mut self.bundle, entry).ok_or(LogError::Batch)?;
            if index % WIDTH == WIDTH - 1 {
                let part = Part::full(index / WIDTH);
                objects.push((Name::Tile(Row::Entries, part), std::mem::take(&mut self.bundle)));
            }
        }
        objects.extend(self.partial_bundle());
        Ok(Some(objects))
    }

    fn partial_bundle(&self) -> Option<(Name, Vec<u8>)> {
        let size = self.view.size();
        let part = Part { index: size / WIDTH, width: size % WIDTH };
        (part.width > 0).then(|| (Name::Tile(Row::Entries, part), self.bundle.clone()))
    }
}

/// The tiles that a view's last commit changed, full and partial.
pub(crate) fn tiles(view: &View) -> Objects {
    let changed = |row: Row| row.count(view.settled) != row.count(view.size());
    let partial = view.edge.tiles().into_iter().filter(|tile| changed(Row::Level(tile.level)));
    let object = |tile: super::edge::Tile| (Name::Tile(Row::Level(tile.level), tile.part()), tile.to_bytes());
    view.full.iter().cloned().chain(partial).map(object).collect()
}

/// Publishes again whatever tiles and bundles are missing. Reads the whole log.
pub(crate) fn rebuild(store: &Store, key: &VerifierKey) -> Result<(), LogError> {
    let (name, bytes) = read_commit(store, latest(store, 0)?)?;
    let last = Commit::parse(&bytes).ok_or_else(|| altered(store, &name, "it is not a commit"))?;
    let size = last.first.saturating_add(last.entries.len() as u64);
    let mut replay = Replay::new(store, key);
    while let Some(mut objects) = replay.step()? {
        // A partial tile is of use until there is the full one.
        objects.retain(|(name, _)| {
            matches!(name, Name::Tile(row, part) if part.is_full() || part.index >= row.count(size) / WIDTH)
        });
        store.ensure_all(&objects)?;
    }
    Ok(())
}
