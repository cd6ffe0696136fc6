//! What must hold between a tree before a run and the tree after it, before the run's changes become real.

use std::sync::{Arc, LazyLock};

use crate::cel::{self, EvaluationError, Predicate, Role, STEPS_MAX};
use crate::interface::Function;
use crate::placed::Placed;
use crate::problem::Problem;
use crate::types::{EnumType, RecordType, Type};
use crate::value::Value;

/// Steps of an evaluation for each fact of both trees, beside those of any evaluation: what is linear in the trees has
/// an answer, what is not ends.
const STEPS_OF_A_FACT: u64 = 1000;

/// A condition on a tree that a run may write.
#[derive(Debug, Clone)]
pub struct Invariant {
    pub name: String,
    /// The guest path of the tree: one of [`crate::Capabilities::write`].
    pub of: String,
    pub(crate) condition: Predicate,
}

/// What is known of one name in a tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Fact {
    /// Relative to the tree, names separated by `/`. Bytes that are not UTF-8 are written as `\xNN`.
    pub path: String,
    pub kind: FactKind,
    /// Bytes of a file or of a symbolic link's target; 0 for a directory.
    pub size: u64,
    /// SHA-256 of a file's bytes or of a symbolic link's target, in lower-case hexadecimal; empty for a directory.
    pub sha256: String,
    /// Permission bits.
    pub mode: u32,
    /// Seconds since 1970.
    pub modified: i64,
    /// How many names in the tree the file has, this one among them.
    pub links: u32,
    /// The first of those names, by their bytes: `path` itself where it is the only one.
    pub first: String,
}

/// What a name in a tree stands for. Each name of a file with hard links is a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FactKind {
    File,
    Directory,
    Symlink,
}

/// Everything that is known of a tree before a run and after it, both in the order of the paths' bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Change([Value; 2]);

static KIND: LazyLock<Arc<EnumType>> = LazyLock::new(|| {
    let cases = ["file", "directory", "symlink"].map(str::to_owned).to_vec();
    Arc::new(EnumType { name: Some("kind".to_owned()), cases })
});
static FACT: LazyLock<Arc<RecordType>> = LazyLock::new(|| {
    let fields = [
        ("path", Type::String),
        ("kind", Type::Enum(Arc::clone(&KIND))),
        ("size", Type::U64),
        ("sha256", Type::String),
        ("mode", Type::U32),
        ("modified", Type::S64),
        ("links", Type::U32),
        ("first", Type::String),
    ];
    let fields = fields.into_iter().map(|(name, ty)| (name.to_owned(), ty)).collect();
    Arc::new(RecordType { name: Some("fact".to_owned()), fields })
});
/// What the condition is over, as if it were a function's parameters.
static OVER: LazyLock<Function> = LazyLock::new(|| {
    let facts = Type::list(Type::Record(Arc::clone(&FACT)));
    let params = vec![("before".to_owned(), facts.clone()), ("after".to_owned(), facts)];
    Function { name: "holds".to_owned(), interface: None, params, result: None, process: None }
});

impl Invariant {
    pub(crate) fn new(name: String, of: String, holds: &Placed) -> Result<Self, Vec<Problem>> {
        let condition = Predicate::parse(holds, &[], &OVER, Role::Holds)?;
        Ok(Self { name, of, condition })
    }

    /// The condition, over `before` and `after`.
    #[must_use]
    pub fn condition(&self) -> &Predicate {
        &self.condition
    }

    /// Whether the invariant holds between the trees of a change.
    ///
    /// # Errors
    /// [`EvaluationError`]: the condition has no answer, as for [`crate::Evaluator::holds`].
    pub fn holds(&self, change: &Change) -> Result<bool, EvaluationError> {
        let more = STEPS_OF_A_FACT.saturating_mul(u64::try_from(change.facts()).unwrap_or(u64::MAX));
        cel::holds(&self.condition, &change.0, STEPS_MAX.saturating_add(more))
    }
}

impl Change {
    /// Orders the facts of each tree by path.
    #[must_use]
    pub fn new(before: Vec<Fact>, after: Vec<Fact>) -> Self {
        Self([before, after].map(|mut facts| {
            facts.sort_by(|a, b| a.path.cmp(&b.path));
            Value::List(facts.into_iter().map(Fact::value).collect())
        }))
    }

    fn facts(&self) -> usize {
        let count = |value: &Value| if let Value::List(facts) = value { facts.len() } else { 0 };
        self.0.iter().fold(0, |sum, value| sum.saturating_add(count(value)))
    }
}

impl Fact {
    fn value(self) -> Value {
        let kind = match self.kind {
            FactKind::File => 0,
            FactKind::Directory => 1,
            FactKind::Symlink => 2,
        };
        let fields = vec![
            Value::String(self.path),
            Value::Enum(Arc::clone(&KIND), kind),
            Value::U64(self.size),
            Value::String(self.sha256),
            Value::U32(self.mode),
            Value::S64(self.modified),
            Value::U32(self.links),
            Value::String(self.first),
        ];
        Value::Record(Arc::clone(&FACT), fields)
    }
}

#[cfg(test)]
mod tests;
