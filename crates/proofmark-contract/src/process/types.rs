//! The WIT types of trees and of outcomes.

use std::sync::{Arc, LazyLock};

use super::Form;
use crate::types::{RecordType, Type, VariantType};

/// What WIT says of the types below.
pub(super) const TREE_WIT: &str = "  variant node { file(list<u8>), directory, symlink(string), hard-link(string) }
  record entry { path: string, mode: u32, modified: s64, node: node }
";

/// The index of each case of `node`.
pub(super) const FILE: u32 = 0;
pub(super) const DIRECTORY: u32 = 1;
pub(super) const SYMLINK: u32 = 2;
pub(super) const HARD_LINK: u32 = 3;
/// Only in text: a file whose bytes are the UTF-8 of a string.
pub(super) const TEXT: u32 = 4;

/// `list<entry>` and what is inside it.
pub(super) struct TreeTypes {
    pub(super) tree: Type,
    pub(super) entry: Arc<RecordType>,
    pub(super) node: Arc<VariantType>,
}

/// As the interface has them.
pub(super) static TREE: LazyLock<TreeTypes> = LazyLock::new(|| types(None));
/// As text has them: with the case `text`.
pub(super) static READABLE: LazyLock<TreeTypes> = LazyLock::new(|| types(Some(("text", Type::String))));

fn types(more: Option<(&str, Type)>) -> TreeTypes {
    let cases = [
        ("file", Some(Type::list(Type::U8))),
        ("directory", None),
        ("symlink", Some(Type::String)),
        ("hard-link", Some(Type::String)),
    ];
    let more = more.map(|(name, ty)| (name, Some(ty)));
    let cases = cases.into_iter().chain(more).map(|(name, ty)| (name.to_owned(), ty)).collect();
    let node = Arc::new(VariantType { name: Some("node".to_owned()), cases });
    let fields = [
        ("path", Type::String),
        ("mode", Type::U32),
        ("modified", Type::S64),
        ("node", Type::Variant(Arc::clone(&node))),
    ];
    let fields = fields.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
    let entry = Arc::new(RecordType { name: Some("entry".to_owned()), fields });
    TreeTypes { tree: Type::list(Type::Record(Arc::clone(&entry))), entry, node }
}

/// Whether this is the type of trees.
pub(crate) fn is_tree(ty: &Type) -> bool {
    *ty == TREE.tree
}

/// Whether this is the type of trees as text has them.
pub(crate) fn is_readable_tree(ty: &Type) -> bool {
    *ty == READABLE.tree
}

/// The result of `run`.
pub(super) fn outcome(stdout: Option<Form>, stderr: Option<Form>, files: bool) -> RecordType {
    let streams = [("stdout", stdout), ("stderr", stderr)];
    let streams = streams.into_iter().filter_map(|(name, form)| Some((name, form?.ty())));
    let files = files.then(|| ("files", TREE.tree.clone()));
    let fields = std::iter::once(("code", Type::U8)).chain(streams).chain(files);
    RecordType { name: Some("outcome".to_owned()), fields: fields.map(|(name, ty)| (name.to_owned(), ty)).collect() }
}
