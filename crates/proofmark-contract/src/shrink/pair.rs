//! Simpler pairs: two inputs that differ in a secret alone stay such inputs.

use super::{CANDIDATES_MAX, candidates, cost, is_tree, of_types, simpler, tree};
use crate::process::Process;
use crate::secret::{Pair, Secret};
use crate::types::Type;
use crate::value::Value;

/// Places in one text or list at which both secrets are cut, at most.
const CUTS_MAX: usize = 300;

/// Pairs that are simpler than `pair`, the simplest first: a search that always moves to one of them ends.
#[must_use]
pub fn pairs(secret: &Secret, pair: &Pair) -> Vec<Pair> {
    let types = secret.types();
    let inputs = |input: &[Value]| match secret.of.process {
        Some(_) => candidates(&secret.of, input),
        None => of_types(input, &types, &simpler, &|value, _| cost(value)),
    };
    let mut found: Vec<Pair> = inputs(&pair.first)
        .into_iter()
        .map(|first| Pair { second: secret.transplanted(&pair.second, &first), first })
        .collect();
    found.extend(inputs(&pair.second).into_iter().map(|second| {
        let second = secret.transplanted(&second, &pair.first);
        Pair { first: pair.first.clone(), second }
    }));
    found.extend(cut(secret, &types, pair));
    let of = |input: &[Value]| {
        let each = input.iter().zip(&types).map(|(value, ty)| measure(secret.of.process.as_deref(), value, ty));
        each.fold(0_u128, u128::saturating_add)
    };
    let total = |pair: &Pair| of(&pair.first).saturating_add(of(&pair.second));
    let limit = total(pair);
    let mut measured: Vec<(u128, Pair)> = found
        .into_iter()
        .filter_map(|pair| Some(Pair { first: secret.in_form(pair.first)?, second: secret.in_form(pair.second)? }))
        .filter(|pair| pair.first != pair.second)
        .map(|pair| (total(&pair), pair))
        .filter(|(cost, _)| *cost < limit)
        .collect();
    measured.sort_by_key(|(cost, _)| *cost);
    measured.dedup_by(|(_, a), (_, b)| a == b);
    measured.truncate(CANDIDATES_MAX);
    measured.into_iter().map(|(_, pair)| pair).collect()
}

fn measure(process: Option<&Process>, value: &Value, ty: &Type) -> u128 {
    if process.is_some() && is_tree(ty) { tree::cost(value) } else { cost(value) }
}

/// Both secrets without the same elements: their lengths may have to stay equal.
fn cut(secret: &Secret, types: &[Type], pair: &Pair) -> Vec<Pair> {
    let mut found = Vec::new();
    for place in &secret.places {
        let leaves = place.leaves(&pair.first, types).into_iter().zip(place.leaves(&pair.second, types));
        for (nth, (first, second)) in leaves.enumerate() {
            let length = length(&first).min(length(&second));
            for (at, count) in chunks(length) {
                let (Some(a), Some(b)) = (without(&first, at, count), without(&second, at, count)) else { continue };
                let with = |input: &[Value], leaf: &Value| {
                    let (mut input, mut seen) = (input.to_vec(), 0_usize);
                    place.replace(&mut input, types, &mut |old, _| {
                        let this = seen == nth;
                        seen = seen.saturating_add(1);
                        if this { leaf.clone() } else { old.clone() }
                    });
                    input
                };
                found.push(Pair { first: with(&pair.first, &a), second: with(&pair.second, &b) });
            }
        }
    }
    found
}

/// Runs of elements, as (start, length): halves, quarters, down to single ones.
fn chunks(length: usize) -> Vec<(usize, usize)> {
    let sizes = std::iter::successors(Some(length), |size| Some(size / 2)).take_while(|size| *size > 0);
    sizes.flat_map(|size| (0..length).step_by(size).map(move |at| (at, size))).take(CUTS_MAX).collect()
}

fn length(value: &Value) -> usize {
    match value {
        Value::String(text) => text.chars().count(),
        Value::List(values) => values.len(),
        _ => 0,
    }
}

fn without(value: &Value, at: usize, count: usize) -> Option<Value> {
    let kept = |nth: &usize| *nth < at || *nth >= at.saturating_add(count);
    match value {
        Value::String(text) => {
            let kept = text.chars().enumerate().filter(|(nth, _)| kept(nth)).map(|(_, character)| character);
            Some(Value::String(kept.collect()))
        }
        Value::List(values) => {
            let kept = values.iter().enumerate().filter(|(nth, _)| kept(nth)).map(|(_, value)| value.clone());
            Some(Value::List(kept.collect()))
        }
        _ => None,
    }
}
