//! Reads `[[invariant]]` tables: what must hold between a tree before a run and after it.

use std::collections::BTreeSet;

use super::read::property_name;
use super::table::{Problems, Table};
use crate::invariant::Invariant;
use crate::placed::Placed;
use crate::problem::Problem;

/// Invariants of one contract.
const INVARIANTS_MAX: usize = 256;

/// Reads all invariants. `trees` are the guest paths that may be written.
pub(super) fn read(tables: Vec<Table<'_>>, trees: &BTreeSet<String>, problems: &mut Problems) -> Vec<Invariant> {
    let mut invariants: Vec<Invariant> = Vec::with_capacity(tables.len());
    for (nth, table) in (1_usize..).zip(tables) {
        if nth > INVARIANTS_MAX {
            let message = format!("the contract has more than {INVARIANTS_MAX} invariants");
            problems.push(Problem::new(table.span(), message, "one too many"));
            break;
        }
        let known: Vec<&str> = invariants.iter().map(|invariant| invariant.name.as_str()).collect();
        if let Some(invariant) = invariant(table, trees, &known, problems) {
            invariants.push(invariant);
        }
    }
    invariants
}

fn invariant(
    mut table: Table<'_>,
    trees: &BTreeSet<String>,
    known: &[&str],
    problems: &mut Problems,
) -> Option<Invariant> {
    let name = table.required("name", "\"what it says, in words\"", problems);
    let of = table.string("of", problems);
    let holds = table.required("holds", "\"a CEL condition over `before` and `after`\"", problems);
    let span = table.span();
    table.finish(problems);
    let name = name.filter(|name| property_name(name, "invariant", known, problems));
    let mut tree = None;
    match tree_of(of, trees, span) {
        Ok(of) => tree = Some(of),
        Err(problem) => problems.push(problem),
    }
    let holds = holds?;
    // The condition is looked at in any case: one pass finds all problems.
    match Invariant::new(String::new(), String::new(), &holds) {
        Ok(invariant) => Some(Invariant { name: name?.text, of: tree?, ..invariant }),
        Err(found) => {
            problems.extend(found);
            None
        }
    }
}

fn tree_of(of: Option<Placed>, trees: &BTreeSet<String>, span: std::ops::Range<usize>) -> Result<String, Problem> {
    let listed = trees.iter().map(|tree| format!("`{}`", tree.escape_debug())).collect::<Vec<_>>().join(", ");
    match (of, trees.first()) {
        (_, None) => {
            let problem =
                Problem::new(span, "an invariant is about a tree that may change, and there is none", "of what?");
            Err(problem.help("name the tree in `[capabilities]`, such as `write = [\"/data\"]`"))
        }
        (Some(of), Some(_)) if trees.contains(&of.text) => Ok(of.text),
        (Some(of), Some(_)) => {
            let message = format!("`{}` is no tree that may change", of.text.escape_debug());
            Err(Problem::new(of.span, message, "not in `write`").help(format!("there are {listed}")))
        }
        (None, Some(only)) if trees.len() == 1 => Ok(only.clone()),
        (None, Some(first)) => {
            let problem = Problem::new(span, "the invariant does not say of which tree it speaks", "of which tree?");
            Err(problem.help(format!("write `of = \"{}\"`; there are {listed}", first.escape_debug())))
        }
    }
}
