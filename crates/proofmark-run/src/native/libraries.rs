//! The host's shared libraries that a dynamic executable was granted, each at the place where the loader looks for it.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::fence::{Mount, Runs};

/// Where loaders look without being told, in their order.
pub(crate) const PLACES: [&str; 9] = [
    "/lib64",
    "/lib/x86_64-linux-gnu",
    "/usr/lib/x86_64-linux-gnu",
    "/lib/aarch64-linux-gnu",
    "/usr/lib/aarch64-linux-gnu",
    "/usr/lib64",
    "/lib",
    "/usr/lib",
    "/usr/local/lib",
];

/// Mounts of the named libraries.
pub fn mounts(names: &BTreeSet<String>) -> Result<Vec<Mount>, String> {
    names
        .iter()
        .map(|name| {
            let found = PLACES.iter().map(|place| Path::new(place).join(name)).find(|path| path.is_file());
            let guest = found.ok_or_else(|| format!("this machine has no library `{name}`"))?;
            let host: PathBuf = guest.canonicalize().map_err(|error| format!("`{}`: {error}", guest.display()))?;
            Ok(Mount::Read { host, guest, run: Runs::Yes })
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_library_is_found_where_it_is_loaded_from() {
        let found = mounts(&BTreeSet::from(["libc.so.6".to_owned()])).unwrap();
        assert!(matches!(&found[..], [Mount::Read { guest, run: Runs::Yes, .. }] if guest.ends_with("libc.so.6")));
        assert!(mounts(&BTreeSet::from(["libnothing.so.1".to_owned()])).unwrap_err().contains("libnothing.so.1"));
    }
}
