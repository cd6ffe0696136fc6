//! Simpler inputs than a given one.
//!
//! Every candidate is smaller by [`cost`], a natural number, so a search that only ever moves to a candidate ends. The
//! order is that of the cost: large steps first, then ever smaller ones.

use crate::interface::Function;
use crate::process::{Part, is_tree};
use crate::types::Type;
use crate::value::Value;

mod cost;
mod pair;
mod sequence;
mod simpler;
mod tree;

pub use pair::pairs;
pub(crate) use simpler::{minimal, whole, with_whole};

use cost::cost;
use simpler::simpler;

/// Candidates for one input, at most.
const CANDIDATES_MAX: usize = 3000;
/// Values in all candidates for one input together, about: large inputs get fewer candidates.
const VALUES_MAX: usize = 500_000;

/// Argument lists of `function` that are simpler than `arguments`, the simplest first. Each fits the parameters, a
/// program can be given each where the function stands for one, and each is strictly smaller by a measure that can't fall for ever, so a search that always moves to a candidate ends.
#[must_use]
pub fn candidates(function: &Function, arguments: &[Value]) -> Vec<Vec<Value>> {
    let types: Vec<Type> = function.params.iter().map(|(_, ty)| ty.clone()).collect();
    match &function.process {
        None => of_types(arguments, &types, &simpler, &|value, _| cost(value)),
        Some(process) => {
            // No two parts have one type, but those for which every value will do.
            let parts: Vec<(Part, &Type)> = process.parts().into_iter().zip(&types).collect();
            let simpler = |value: &Value, ty: &Type, most: usize| match parts.iter().find(|(_, known)| *known == ty) {
                Some((Part::Files, _)) => tree::simpler(value, most),
                Some((part, _)) => {
                    simpler(value, ty, most).into_iter().filter(|value| process.accepts(*part, value)).collect()
                }
                None => Vec::new(),
            };
            let cost = |value: &Value, ty: &Type| if is_tree(ty) { tree::cost(value) } else { cost(value) };
            of_types(arguments, &types, &simpler, &cost)
        }
    }
}

/// Candidates for values of these types, where `simpler` gives about so many for one value, and `cost` its measure.
fn of_types(
    arguments: &[Value],
    types: &[Type],
    simpler: &dyn Fn(&Value, &Type, usize) -> Vec<Value>,
    cost: &dyn Fn(&Value, &Type) -> u128,
) -> Vec<Vec<Value>> {
    let mut found: Vec<Vec<Value>> = Vec::new();
    if arguments.len() != types.len() {
        return found;
    }
    let parts = arguments.iter().zip(types).fold(1_usize, |sum, (value, ty)| sum.saturating_add(size(value, ty)));
    let most = VALUES_MAX.checked_div(parts).unwrap_or(0).clamp(100, CANDIDATES_MAX);
    let most = most.checked_div(arguments.len()).unwrap_or(most).max(8);
    found.push(types.iter().map(minimal).collect());
    for (nth, (value, ty)) in arguments.iter().zip(types).enumerate() {
        for candidate in simpler(value, ty, most) {
            found.push(replaced(arguments, &[nth], &candidate));
        }
        // Arguments that are equal may have to stay equal.
        let equal: Vec<usize> = same_as(arguments, types, nth);
        if equal.len() > 1 && equal.first() == Some(&nth) {
            for candidate in simpler(value, ty, most) {
                found.push(replaced(arguments, &equal, &candidate));
            }
        }
    }
    found.extend(together(arguments));
    let total = |values: &[Value]| {
        values.iter().zip(types).fold(0_u128, |sum, (value, ty)| sum.saturating_add(cost(value, ty)))
    };
    ordered(found, total(arguments), &total)
}

/// Values in a value, with 16 characters of a string for one.
fn size(value: &Value, ty: &Type) -> usize {
    match value {
        Value::String(text) => (text.len() / 16).saturating_add(1),
        value => {
            let parts = value.typed_parts(ty);
            parts.into_iter().fold(1, |sum: usize, (part, ty)| sum.saturating_add(size(part, ty)))
        }
    }
}

fn same_as(arguments: &[Value], types: &[Type], nth: usize) -> Vec<usize> {
    let same = |other: &usize| arguments.get(*other) == arguments.get(nth) && types.get(*other) == types.get(nth);
    (0..arguments.len()).filter(same).collect()
}

fn replaced(arguments: &[Value], places: &[usize], value: &Value) -> Vec<Value> {
    let mut changed = arguments.to_vec();
    for place in places {
        if let Some(slot) = changed.get_mut(*place) {
            *slot = value.clone();
        }
    }
    changed
}

/// All whole numbers moved by the same amount towards zero: what matters may be how far apart they are.
fn together(arguments: &[Value]) -> Vec<Vec<Value>> {
    let numbers: Vec<i128> = arguments.iter().filter_map(simpler::whole).collect();
    let (Some(least), Some(most)) = (numbers.iter().min(), numbers.iter().max()) else { return Vec::new() };
    if numbers.len() < 2 || (*least <= 0 && *most >= 0) {
        return Vec::new();
    }
    let nearest = if *least > 0 { *least } else { *most };
    let steps = [nearest, nearest / 2, nearest.signum()];
    let moved = |step: i128| {
        arguments.iter().map(|value| simpler::moved(value, step).unwrap_or_else(|| value.clone())).collect()
    };
    steps.into_iter().filter(|step| *step != 0).map(moved).collect()
}

/// Those that cost less than `limit`, the cheapest first.
fn ordered(found: Vec<Vec<Value>>, limit: u128, total: &dyn Fn(&[Value]) -> u128) -> Vec<Vec<Value>> {
    let mut measured: Vec<(u128, Vec<Value>)> =
        found.into_iter().map(|values| (total(&values), values)).filter(|(cost, _)| *cost < limit).collect();
    measured.sort_by_key(|(cost, _)| *cost);
    measured.dedup_by(|(_, a), (_, b)| a == b);
    measured.truncate(CANDIDATES_MAX);
    measured.into_iter().map(|(_, values)| values).collect()
}

#[cfg(test)]
mod tests;
