//! Where a line was written: one line followed through a history, past renames, as `git blame` does for a whole file.

use gix_hash::ObjectId;

use super::{Changed, Commit, GitError, Repository};
use crate::lines::{split, unchanged};

/// The most files of a commit that are compared to find what a file was renamed from.
const RENAMES_MAX: usize = 10_000;
/// The most that are compared line by line.
const SIMILAR_MAX: usize = 64;

/// A line of a file of a commit.
#[derive(Debug, Clone)]
pub struct Place {
    pub commit: Commit,
    /// From the root of the work tree.
    pub path: String,
    /// The file's blob.
    pub blob: ObjectId,
    /// From 1.
    pub line: u32,
}

/// Where a line was written.
#[derive(Debug, Clone)]
pub struct Origin {
    pub place: Place,
    /// Whether the history ends there because parents are missing: then it may be older.
    pub cut: bool,
}

/// A file and an index of a line, before they are known to be older.
struct Step {
    path: String,
    blob: ObjectId,
    line: usize,
}

impl Repository {
    /// The place of a line (from 1) in a commit.
    ///
    /// # Errors
    /// What keeps it from being read. `None` if there is no such file or line.
    pub fn place(&self, commit: Commit, path: &str, line: u32) -> Result<Option<Place>, GitError> {
        let Some(blob) = self.blob_at(commit.tree, path)? else { return Ok(None) };
        let count = split(&self.blob(blob)?).len();
        let inside = usize::try_from(line).is_ok_and(|line| (1..=count).contains(&line));
        Ok(inside.then(|| Place { commit, path: path.to_owned(), blob, line }))
    }

    /// Follows a line to the commit that wrote it as it is.
    ///
    /// # Errors
    /// What keeps the history from being read, or that it is longer than the budget.
    pub fn origin(&self, place: Place) -> Result<Origin, GitError> {
        let mut place = place;
        loop {
            let mut cut = false;
            let mut parents = Vec::new();
            for id in &place.commit.parents {
                match self.commit(*id) {
                    Ok(parent) => parents.push(parent),
                    Err(GitError::Missing(_)) => cut = true,
                    Err(error) => return Err(error),
                }
            }
            match self.older(&place, parents)? {
                Some(older) => place = older,
                None => return Ok(Origin { place, cut }),
            }
        }
    }

    /// The same line in a parent; `None` if this commit wrote it. A parent that has the very file goes before one that has
    /// the line.
    fn older(&self, place: &Place, parents: Vec<Commit>) -> Result<Option<Place>, GitError> {
        let mut candidates = Vec::new();
        for parent in parents {
            let there = self.blob_at(parent.tree, &place.path)?;
            if there == Some(place.blob) {
                return Ok(Some(Place { commit: parent, ..place.clone() }));
            }
            candidates.push((parent, there));
        }
        let line = usize::try_from(place.line.saturating_sub(1)).unwrap_or(usize::MAX);
        for (parent, there) in candidates {
            let from = match there {
                Some(blob) => Some((place.path.clone(), blob)),
                None => self.renamed_from(&parent, place)?,
            };
            let Some((path, blob)) = from else { continue };
            if let Some(step) = self.mapped(place.blob, Step { path, blob, line })? {
                let line = u32::try_from(step.line.saturating_add(1)).unwrap_or(u32::MAX);
                return Ok(Some(Place { commit: parent, path: step.path, blob: step.blob, line }));
            }
        }
        Ok(None)
    }

    /// Where the line of a blob is in an older one.
    fn mapped(&self, newer: ObjectId, older: Step) -> Result<Option<Step>, GitError> {
        if newer == older.blob {
            return Ok(Some(older));
        }
        // A file that was once too large or no text does not have the line.
        let Ok(before) = self.blob(older.blob) else { return Ok(None) };
        let after = self.blob(newer)?;
        let map = unchanged(&split(&before), &split(&after));
        Ok(map.get(older.line).copied().flatten().map(|line| Step { line, ..older }))
    }

    /// The file of the parent that a file was renamed from: the same blob, or else the most similar one of those that are
    /// gone, if it has at least half its lines.
    fn renamed_from(&self, parent: &Commit, place: &Place) -> Result<Option<(String, ObjectId)>, GitError> {
        let Ok(changes) = self.changes(Some(parent.tree), place.commit.tree, RENAMES_MAX) else { return Ok(None) };
        let gone = |change: Changed| change.old.filter(|_| change.new.is_none()).map(|old| (change.path, old));
        let mut gone: Vec<(String, ObjectId)> = changes.into_iter().filter_map(gone).collect();
        if let Some(same) = gone.iter().find(|(_, blob)| *blob == place.blob) {
            return Ok(Some(same.clone()));
        }
        let name = |path: &str| path.rsplit('/').next().map(str::to_owned);
        // Those of the same name first, where there are too many to look at all.
        gone.sort_by_key(|(path, _)| (name(path) != name(&place.path), path.clone()));
        let after = self.blob(place.blob)?;
        let after = split(&after);
        let mut best: Option<(usize, (String, ObjectId))> = None;
        for (path, blob) in gone.into_iter().take(SIMILAR_MAX) {
            let Ok(before) = self.blob(blob) else { continue };
            let before = split(&before);
            let same = unchanged(&before, &after).iter().flatten().count();
            let similar = same.saturating_mul(2) >= before.len().max(after.len());
            if similar && same > best.as_ref().map_or(0, |(most, _)| *most) {
                best = Some((same, (path, blob)));
            }
        }
        Ok(best.map(|(_, found)| found))
    }

    /// The lines (from 1) that a commit brought into a file, against all of its parents.
    ///
    /// # Errors
    /// What keeps them from being read.
    pub fn added(&self, commit: &Commit, path: &str, blob: ObjectId) -> Result<Vec<u32>, GitError> {
        let bytes = self.blob(blob)?;
        let lines = split(&bytes);
        let mut new: Vec<bool> = vec![true; lines.len()];
        for id in &commit.parents {
            let parent = match self.commit(*id) {
                Ok(parent) => parent,
                Err(GitError::Missing(_)) => continue,
                Err(error) => return Err(error),
            };
            let place = Place { commit: commit.clone(), path: path.to_owned(), blob, line: 1 };
            let from = match self.blob_at(parent.tree, path)? {
                Some(blob) => Some(blob),
                None => self.renamed_from(&parent, &place)?.map(|(_, blob)| blob),
            };
            let Some(before) = from.and_then(|blob| self.blob(blob).ok()) else { continue };
            for (place, was) in new.iter_mut().zip(unchanged(&split(&before), &lines)) {
                *place &= was.is_none();
            }
        }
        let numbered = (1_u32..).zip(new);
        Ok(numbered.filter(|(_, new)| *new).map(|(line, _)| line).collect())
    }
}
