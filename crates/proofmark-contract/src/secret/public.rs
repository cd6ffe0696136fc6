//! What two runs of a program show of their trees.
//!
//! What was given is still there afterwards, secret or not: an entry that is as it was tells nothing. Everything else that a run left
//! behind is compared, and whether an entry that both runs were given is still there.

use std::collections::{BTreeMap, BTreeSet};

use crate::process::{Entry, Node, Part, Process, Tree};
use crate::value::Value;

/// Whether the results of two runs, each with what it was given, are the same but for what `masked` takes away.
pub(super) fn same(
    process: &Process,
    first: (&[Value], &Value),
    second: (&[Value], &Value),
    masked: &dyn Fn(&Value) -> Value,
) -> bool {
    let (Some(a), Some(b)) = (Run::new(process, first), Run::new(process, second)) else { return false };
    if !masked(&a.changed(first.1)).same(&masked(&b.changed(second.1))) {
        return false;
    }
    let kept = |path: &&String| a.after.entries.contains_key(*path) == b.after.entries.contains_key(*path);
    let mut common = a.before.entries.keys().filter(|path| b.before.entries.contains_key(*path));
    // Where the whole tree may carry the secret, so may what is missing from it.
    masked(first.1).same(&masked(second.1)) || common.all(|path| kept(&path))
}

/// The trees before and after one run.
struct Run {
    before: Names,
    after: Names,
}

/// A tree by path, with all names of each file that has several.
struct Names {
    entries: BTreeMap<String, Entry>,
    links: BTreeMap<String, BTreeSet<String>>,
}

impl Run {
    fn new(process: &Process, (arguments, result): (&[Value], &Value)) -> Option<Self> {
        let given = process.parts().into_iter().zip(arguments).find(|(part, _)| *part == Part::Files)?.1;
        let Value::Record(_, fields) = result else { return None };
        let names = |value: &Value| Tree::from_value(value).ok().map(Names::new);
        Some(Self { before: names(given)?, after: names(fields.last()?)? })
    }

    /// The result with those entries alone that are not as they were.
    fn changed(&self, result: &Value) -> Value {
        let Value::Record(ty, mut fields) = result.clone() else { return result.clone() };
        if let Some(Value::List(entries)) = fields.last_mut() {
            // Values of entries stand in the order of their paths, as the map does.
            let all = std::mem::take(entries).into_iter().zip(self.after.entries.keys());
            entries.extend(all.filter(|(_, path)| !self.as_it_was(path)).map(|(entry, _)| entry));
        }
        Value::Record(ty, fields)
    }

    fn as_it_was(&self, path: &str) -> bool {
        let (Some(now), Some(then)) = (self.after.entries.get(path), self.before.entries.get(path)) else {
            return false;
        };
        let still = |name: &&String| self.after.entries.contains_key(*name);
        (now.mode, now.modified) == (then.mode, then.modified)
            && self.after.node(now) == self.before.node(then)
            && self.after.links(path).into_iter().eq(self.before.links(path).into_iter().filter(still))
    }
}

impl Names {
    fn new(tree: Tree) -> Self {
        let mut links: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        for entry in tree.entries() {
            if let Node::HardLink(file) = &entry.node {
                links.entry(file.clone()).or_default().extend([file.clone(), entry.path.clone()]);
            }
        }
        let entries = tree.into_entries().into_iter().map(|entry| (entry.path.clone(), entry)).collect();
        Self { entries, links }
    }

    /// What a name stands for; of a hard link, the file.
    fn node<'a>(&'a self, entry: &'a Entry) -> &'a Node {
        match &entry.node {
            Node::HardLink(file) => self.entries.get(file).map_or(&entry.node, |entry| &entry.node),
            node => node,
        }
    }

    /// All names of what a name stands for, itself alone where there is one.
    fn links(&self, path: &str) -> Vec<&String> {
        let Some((path, entry)) = self.entries.get_key_value(path) else { return Vec::new() };
        let file = if let Node::HardLink(file) = &entry.node { file } else { path };
        self.links.get(file).map_or_else(|| vec![path], |names| names.iter().collect())
    }
}
