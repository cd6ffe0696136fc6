//! Publishing: the tiles, bundles and checkpoint that follow from a commit, for any tlog-tiles client to read.
//!
//! No commit is made before the one before it is published, so after a crash at most the last one is not, and whoever
//! opens the log next for writing publishes it. Nothing is published that the commits do not say.

use super::LogError;
use super::bundle;
use super::commit::Commit;
use super::names::{Name, Part, Row, WIDTH};
use super::replay::tiles;
use super::stored::{altered, latest, open_checkpoint, published, read_commit};
use super::view::View;

/// Publishes the view's last commit, as far as it is not yet, and removes the partial tiles that it replaces.
pub(crate) fn publish(view: &View) -> Result<(), LogError> {
    let mut objects = tiles(view);
    for index in view.settled / WIDTH..view.size().div_ceil(WIDTH) {
        let mut bytes = Vec::new();
        view.bundle(index)?.iter().try_for_each(|entry| bundle::push(&mut bytes, entry)).ok_or(LogError::Batch)?;
        let part = Part::holding(index.saturating_mul(WIDTH), view.size());
        objects.push((Name::Tile(Row::Entries, part), bytes));
    }
    view.store.ensure_all(&objects)?;
    publish_checkpoint(view)?;
    prune(view)
}

/// Replaces the checkpoint unless the same or a later one is there.
///
/// A slow writer may put an old checkpoint over a new one. So whoever wrote one looks for later commits once more: the
/// last to write is then always someone who saw the last commit.
fn publish_checkpoint(view: &View) -> Result<(), LogError> {
    let name = Name::Checkpoint.to_string();
    let published = published(&view.store, &view.key)?;
    if published.is_some_and(|(checkpoint, note)| checkpoint.size > view.size() || note == view.checkpoint()) {
        return Ok(());
    }
    view.store.replace(&name, view.checkpoint().as_bytes())?;
    let mut number = view.next.saturating_sub(1);
    loop {
        let newest = latest(&view.store, number)?;
        if newest == number {
            return Ok(());
        }
        let (commit, bytes) = read_commit(&view.store, newest)?;
        let wrong = |why: &str| altered(&view.store, &commit, why);
        let parsed = Commit::parse(&bytes).ok_or_else(|| wrong("it is not a commit"))?;
        open_checkpoint(&parsed.checkpoint, &view.key).map_err(|why| wrong(&why))?;
        view.store.replace(&name, parsed.checkpoint.as_bytes())?;
        number = newest;
    }
}

/// Removes partial tiles and bundles whose full one the last commit brought (tlog-tiles, "Partial Tiles").
fn prune(view: &View) -> Result<(), LogError> {
    let mut rows: Vec<Row> = view.full.iter().map(|tile| Row::Level(tile.level)).chain([Row::Entries]).collect();
    rows.sort_unstable();
    rows.dedup();
    for row in rows {
        let (before, after) = (row.count(view.settled), row.count(view.size()));
        let index = before / WIDTH;
        if before % WIDTH > 0 && after / WIDTH > index {
            let partials: Vec<_> = view.store.list(&row.partials(index)).collect::<Result<_, _>>()?;
            partials.iter().try_for_each(|partial| view.store.delete(&partial.name))?;
        }
    }
    Ok(())
}
