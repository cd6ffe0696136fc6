//! A stage lent to whom a payload acts as. Under a root launcher that is never the tree's owner itself, so what a run
//! writes belongs to somebody else until it is taken back.

use std::fs;
use std::os::unix::fs::{MetadataExt as _, lchown};
use std::path::Path;

use super::{EffectError, Stage};
use crate::tree::Limits;

/// A user and a group by number.
pub type Owner = (u32, u32);

impl Stage {
    /// Gives the upper layer and the work directory to the borrower. Only root may; for anyone else, who acts as himself,
    /// nothing is to be done.
    ///
    /// # Errors
    /// [`EffectError::Io`].
    pub fn lend(&self, borrower: Owner) -> Result<(), EffectError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        for folder in [self.upper(), self.work()] {
            lchown(&folder, Some(borrower.0), Some(borrower.1)).map_err(|source| io(&folder, source))?;
        }
        Ok(())
    }

    /// Gives what the borrower owns in the upper layer to the tree's owner. Its processes must be gone.
    ///
    /// # Errors
    /// [`EffectError::Io`], also for more entries than `limits` allow.
    pub fn take_back(&self, borrower: Owner, limits: &Limits) -> Result<(), EffectError> {
        if !rustix::process::geteuid().is_root() {
            return Ok(());
        }
        let base = self.base();
        let found = fs::symlink_metadata(&base).map_err(|source| io(&base, source))?;
        let owner = (found.uid(), found.gid());
        let mut left = limits.entries;
        let mut open = vec![self.upper()];
        while let Some(path) = open.pop() {
            left = left.checked_sub(1).ok_or_else(|| io(&path, std::io::Error::other("too many entries")))?;
            let found = fs::symlink_metadata(&path).map_err(|source| io(&path, source))?;
            let uid = (found.uid() == borrower.0).then_some(owner.0);
            let gid = (found.gid() == borrower.1).then_some(owner.1);
            lchown(&path, uid, gid).map_err(|source| io(&path, source))?;
            if found.is_dir() {
                for entry in fs::read_dir(&path).map_err(|source| io(&path, source))? {
                    open.push(entry.map_err(|source| io(&path, source))?.path());
                }
            }
        }
        Ok(())
    }
}

fn io(path: &Path, source: std::io::Error) -> EffectError {
    let path = crate::tree::path::escape(path.as_os_str().as_encoded_bytes());
    EffectError::Io { path, doing: "change the owner of", source }
}
