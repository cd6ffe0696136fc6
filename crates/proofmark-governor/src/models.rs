//! The scoreboard: what the log says of those who were asked for artifacts.
//!
//! Derived from the log alone, the same bytes for the same log. It holds sums: no text of a prompt, a reply or a
//! counterexample, and of a contract's properties neither names nor counts. Meanings and formulas: `spec/models.md`.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use proofmark_contract::{Interface, Type};
use serde::{Serialize, Serializer};

use crate::govern::GovernError;
use crate::log::View;

mod interval;
mod join;
mod step;

pub use interval::{Rate, Ratio};
pub use step::Step;

use interval::Pairs;

/// What candidates are told apart by.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum By {
    /// The generator's id.
    Model,
    /// The [`Kind`] of the contract.
    Kind,
    /// The language that was asked for.
    Target,
}

/// What crosses a contract's interface: the richest that occurs, in this order.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Numbers, `bool` and `char` alone.
    Scalars,
    Text,
    Lists,
    /// Records, tuples, variants, enums, options, results, flags.
    Records,
    /// It is for a native executable.
    Program,
    /// The home has no text of the contract that could be read.
    Unknown,
}

/// Who was asked for what. What candidates are not told apart by is `None`.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Serialize)]
pub struct Group {
    #[serde(skip_serializing_if = "Option::is_none")]
    pub model: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<Kind>,
    /// `unknown` where an artifact was given and nothing says how it was made.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub target: Option<String>,
}

/// What a candidate cost, with all its repairs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Cost {
    Tries,
    InputTokens,
    OutputTokens,
    /// Both.
    Tokens,
    Milliseconds,
    /// Millionths of the currency in which the generator is priced.
    MoneyMicros,
}

impl Cost {
    pub const ALL: [Self; 6] =
        [Self::Tries, Self::InputTokens, Self::OutputTokens, Self::Tokens, Self::Milliseconds, Self::MoneyMicros];
}

/// The sums over some candidates.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Sums {
    pub candidates: u64,
    /// Candidates whose first answer was marked.
    pub first: u64,
    /// Candidates that were marked after any number of repairs.
    pub marks: u64,
    pub tries: u64,
    /// Tries that brought an artifact that had been checked before.
    pub same_artifact: u64,
    /// Tries that were not marked, by what came first.
    pub false_steps: BTreeMap<Step, u64>,
    /// Candidates of which the log says what they cost.
    pub counted: u64,
    costs: BTreeMap<Cost, Pairs>,
}

/// A group's figures, as they are printed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct Figures {
    #[serde(flatten)]
    pub group: Group,
    pub candidates: u64,
    pub marks: u64,
    pub first_try: Rate,
    pub repaired: Rate,
    pub tries: u64,
    pub same_artifact: u64,
    /// The candidates that `costs` is about; `tries` there is about all.
    pub counted: u64,
    pub costs: BTreeMap<Cost, Ratio>,
    pub false_steps: BTreeMap<Step, u64>,
}

/// The sums over a log, for the finest groups.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Board {
    groups: BTreeMap<Group, Sums>,
}

impl Board {
    /// Sums the whole log up, or the candidates of whom the first try began at `since` or later. `progress` is called
    /// with entries read and entries there are.
    ///
    /// Entries are read one after the other. Held in memory are a few numbers for each candidate and each checked
    /// artifact, and no text but the names of groups.
    ///
    /// # Errors
    /// What keeps the log from being read, or a statement that is none.
    pub fn read(view: &View, since: Option<Timestamp>, progress: &dyn Fn(u64, u64)) -> Result<Self, GovernError> {
        join::read(view, since, progress)
    }

    /// The figures of each group, in order of their names.
    #[must_use]
    pub fn figures(&self, by: &BTreeSet<By>) -> Vec<Figures> {
        let mut groups: BTreeMap<Group, Sums> = BTreeMap::new();
        for (group, sums) in &self.groups {
            groups.entry(group.coarser(by)).or_default().add(sums);
        }
        groups.into_iter().map(|(group, sums)| sums.figures(group)).collect()
    }
}

impl Group {
    fn coarser(&self, by: &BTreeSet<By>) -> Self {
        Self {
            model: self.model.clone().filter(|_| by.contains(&By::Model)),
            kind: self.kind.filter(|_| by.contains(&By::Kind)),
            target: self.target.clone().filter(|_| by.contains(&By::Target)),
        }
    }
}

impl Sums {
    fn add(&mut self, other: &Self) {
        for (sum, part) in [
            (&mut self.candidates, other.candidates),
            (&mut self.first, other.first),
            (&mut self.marks, other.marks),
            (&mut self.tries, other.tries),
            (&mut self.same_artifact, other.same_artifact),
            (&mut self.counted, other.counted),
        ] {
            *sum = sum.saturating_add(part);
        }
        for (step, count) in &other.false_steps {
            let sum = self.false_steps.entry(*step).or_default();
            *sum = sum.saturating_add(*count);
        }
        for (cost, pairs) in &other.costs {
            self.costs.entry(*cost).or_default().add(pairs);
        }
    }

    /// Adds a whole candidate: whether its first answer and whether any was marked, and what it cost where that is known.
    fn candidate(&mut self, first: bool, marked: bool, costs: &BTreeMap<Cost, u64>) {
        self.candidates = self.candidates.saturating_add(1);
        self.first = self.first.saturating_add(u64::from(first));
        self.marks = self.marks.saturating_add(u64::from(marked));
        self.counted = self.counted.saturating_add(u64::from(costs.contains_key(&Cost::Tokens)));
        for (cost, spent) in costs {
            self.costs.entry(*cost).or_default().push(*spent, marked);
        }
    }

    /// Adds a try: what was wrong with it, if it was not marked.
    fn try_of(&mut self, wrong: Option<Step>) {
        self.tries = self.tries.saturating_add(1);
        if let Some(step) = wrong {
            let count = self.false_steps.entry(step).or_default();
            *count = count.saturating_add(1);
        }
    }

    fn figures(&self, group: Group) -> Figures {
        let ratio = |cost| (cost, self.costs.get(&cost).copied().unwrap_or_default().ratio());
        Figures {
            group,
            candidates: self.candidates,
            marks: self.marks,
            first_try: Rate::of(self.first, self.candidates),
            repaired: Rate::of(self.marks, self.candidates),
            tries: self.tries,
            same_artifact: self.same_artifact,
            counted: self.counted,
            costs: Cost::ALL.into_iter().map(ratio).collect(),
            false_steps: self.false_steps.clone(),
        }
    }
}

impl Figures {
    /// The most frequent false step with its count; of equals the one that comes first on the way to a mark.
    #[must_use]
    pub fn most_frequent(&self) -> Option<(Step, u64)> {
        let most = self.false_steps.iter().max_by_key(|(step, count)| (**count, std::cmp::Reverse(**step)));
        most.map(|(step, count)| (*step, *count))
    }

    /// What a mark cost; `None` where nothing was counted.
    #[must_use]
    pub fn cost(&self, cost: Cost) -> Option<Ratio> {
        self.costs.get(&cost).copied()
    }
}

impl Kind {
    /// The kind of a contract with this interface.
    #[must_use]
    pub fn of(interface: &Interface) -> Self {
        if interface.process().is_some() {
            return Self::Program;
        }
        let functions = interface.functions.iter();
        let types = functions.flat_map(|function| function.params.iter().map(|(_, ty)| ty).chain(&function.result));
        types.map(Self::of_type).max().unwrap_or(Self::Scalars)
    }

    fn of_type(ty: &Type) -> Self {
        match ty {
            Type::String => Self::Text,
            Type::List(element) => Self::of_type(element).max(Self::Lists),
            Type::Record(_)
            | Type::Tuple(_)
            | Type::Variant(_)
            | Type::Enum(_)
            | Type::Option(_)
            | Type::Result(_)
            | Type::Flags(_) => Self::Records,
            _ => Self::Scalars,
        }
    }

    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Scalars => "scalars",
            Self::Text => "text",
            Self::Lists => "lists",
            Self::Records => "records",
            Self::Program => "program",
            Self::Unknown => "unknown",
        }
    }
}

/// As its name in words, with hyphens.
impl Serialize for Step {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.as_str().replace(' ', "-"))
    }
}

#[cfg(test)]
mod tests;
