//! Git notes: texts beside commits, under a reference of their own.

use gix_hash::ObjectId;
use gix_object::{Kind, Write as _};
use gix_ref::transaction::{PreviousValue, RefEdit};
use gix_ref::{FullName, Target};

use super::{GitError, NODE_BYTES_MAX, Repository, entries};

/// The most notes that are listed.
const NOTES_MAX: usize = 50_000;

impl Repository {
    /// The tree of the notes under a reference, with the commit that has it.
    fn notes_tree(&self, reference: &str) -> Result<Option<(ObjectId, ObjectId)>, GitError> {
        let Some(id) = self.reference(reference)? else { return Ok(None) };
        let commit = self.commit(id)?;
        Ok(Some((commit.id, commit.tree)))
    }

    /// The blob of a commit's note.
    ///
    /// # Errors
    /// What keeps the notes from being read.
    pub fn note(&self, reference: &str, commit: ObjectId) -> Result<Option<ObjectId>, GitError> {
        let Some((_, tree)) = self.notes_tree(reference)? else { return Ok(None) };
        let mut notes = gix_note::State::new(tree, &self.objects).map_err(|error| self.why(&error))?;
        notes.get(&commit, &self.objects).map_err(|error| self.why(&error))
    }

    /// A note's bytes, at most as many as a note may have.
    ///
    /// # Errors
    /// There is no such blob, or it is too large.
    pub fn note_bytes(&self, blob: ObjectId, limit: usize) -> Result<Vec<u8>, GitError> {
        self.objects.of(&blob, Kind::Blob, limit as u64)
    }

    /// Every note: the object that it is about, and its blob. What is no note is left out.
    ///
    /// # Errors
    /// What keeps the notes from being read, or that there are too many.
    pub fn notes(&self, reference: &str) -> Result<Vec<(ObjectId, ObjectId)>, GitError> {
        let Some((_, tree)) = self.notes_tree(reference)? else { return Ok(Vec::new()) };
        let mut found = Vec::new();
        let mut todo = vec![(String::new(), tree)];
        while let Some((prefix, tree)) = todo.pop() {
            let bytes = self.objects.of(&tree, Kind::Tree, NODE_BYTES_MAX)?;
            for (name, mode, id) in entries(&bytes, tree)? {
                let Ok(name) = std::str::from_utf8(name) else { continue };
                let whole = format!("{prefix}{name}");
                if mode.is_tree() && name.len() == 2 && whole.len() < 40 {
                    todo.push((whole, id));
                } else if let (true, Ok(about)) = (mode.is_blob(), ObjectId::from_hex(whole.as_bytes())) {
                    found.push((about, id));
                }
                if found.len().max(todo.len()) > NOTES_MAX {
                    return Err(GitError::Read(format!("there are more than {NOTES_MAX} notes under `{reference}`")));
                }
            }
        }
        found.sort_unstable();
        Ok(found)
    }

    /// Writes the note of a commit in the place of the one it has, as a commit by `author` (`Name <email>`) at a time in
    /// seconds since 1970.
    ///
    /// # Errors
    /// What keeps it from being written; somebody else wrote notes at the same time.
    pub fn write_note(
        &self,
        reference: &str,
        commit: ObjectId,
        bytes: &[u8],
        author: &str,
        now: i64,
    ) -> Result<(), GitError> {
        let failed = |error: &dyn std::fmt::Display| GitError::Write(error.to_string());
        let odb = &self.objects.odb;
        let before = self.notes_tree(reference)?;
        let tree = match before {
            Some((_, tree)) => tree,
            None => odb.write_buf(Kind::Tree, b"").map_err(|error| failed(&error))?,
        };
        let blob = odb.write_buf(Kind::Blob, bytes).map_err(|error| failed(&error))?;
        let mut notes = gix_note::State::new(tree, &self.objects).map_err(|error| self.why(&error))?;
        // Every tree of the notes that this touches was read within the limits first.
        notes.edit(commit, Some(blob), &self.objects).map_err(|error| self.why(&error))?;
        let tree = notes.write(odb).map_err(|error| failed(&error))?;
        let parent = before.map(|(parent, _)| format!("parent {parent}\n")).unwrap_or_default();
        let signature = format!("{author} {now} +0000");
        let text = format!(
            "tree {tree}\n{parent}author {signature}\ncommitter {signature}\n\nNotes added by 'proofmark attribute'\n"
        );
        let id = odb.write_buf(Kind::Commit, text.as_bytes()).map_err(|error| failed(&error))?;
        let name = FullName::try_from(reference.to_owned()).map_err(|error| failed(&error))?;
        let expected = match before {
            Some((parent, _)) => PreviousValue::MustExistAndMatch(Target::Object(parent)),
            None => PreviousValue::MustNotExist,
        };
        let edit = RefEdit::update(name, id, expected, "notes: proofmark attribute");
        let fail = gix_lock::acquire::Fail::Immediately;
        let prepared = self.refs.transaction().prepare([edit], fail, fail).map_err(|error| failed(&error))?;
        prepared.commit(None).map_err(|error| failed(&error))?;
        Ok(())
    }

    /// Why the library failed: our own refusal, or what it says.
    fn why(&self, error: &dyn std::fmt::Display) -> GitError {
        self.objects.refused.take().unwrap_or_else(|| GitError::Read(error.to_string()))
    }
}
