//! `strength`: would this contract have noticed a wrong artifact?
//!
//! Mutants of the artifact's own code are judged by the contract's examples and properties alone, on a few hundred inputs: each change
//! once as it is, and once made on part of the inputs only, where no example is. Of
//! one that the contract accepts, an input is looked for on which it differs from the artifact: that is a question only the
//! contract's owner can answer. A mutant on which no difference is found counts against the contract; nobody guesses that it
//! means the same.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicU64, Ordering};

use proofmark_mark::evidence::Outcome;
use proofmark_run::Artifact;
use proofmark_run::mutate::{Mutants, Point};
use serde_json::json;

use super::{Finding, Milestone, Progress, Task, counts, not_callable};
use crate::shards;
use baseline::Baseline;
use trial::{By, Extent, Fate, Mutant, Place, Question};

mod baseline;
mod trial;

/// Mutants of one check, at most.
const MUTANTS_MAX: u64 = 10_000;
/// Bytes of all mutants together, about: each is compiled, and a large artifact gets fewer of them,
const COMPILED_BYTES_MAX: u64 = 128 << 20;
/// but so many.
const MUTANTS_MIN: u64 = 16;
/// Points looked at for each mutant asked for, at most, in search of ones in code that the inputs run.
const LOOKED_AT_MAX: usize = 8;
/// Survivors that are shown, and as many of those on which no difference was found.
const LISTED_MAX: usize = 20;

/// Makes mutants and judges them.
#[must_use]
pub fn run(task: &Task<'_>, progress: Progress<'_>) -> Finding {
    if task.contract.interface.process().is_some() {
        return unknown("no mutants of native code");
    }
    if task.executions == 0 {
        return unknown("the plan names no number of mutants");
    }
    let artifact = match Artifact::read(task.artifact, &task.contract.budget) {
        Ok(artifact) => artifact,
        Err(error) => return not_callable("strength", &error.into()),
    };
    let program = match task.compile(&artifact) {
        Ok(program) => program,
        Err(error) => return not_callable("strength", &error),
    };
    let mutants = match artifact.mutants() {
        Ok(mutants) => mutants,
        Err(error) => return unknown(&error.to_string()),
    };
    let wanted = wanted(task.executions, task.artifact.len() as u64);
    let found = Baseline::new(task, &artifact, program, progress)
        .and_then(|baseline| measured(task, &baseline, &mutants, wanted, progress));
    match found {
        Ok(measured) if measured.fates.is_empty() => unknown("no change of the code that the inputs run can be made"),
        Ok(measured) => finding(&mutants, &measured),
        Err(why) => unknown(&why),
    }
}

/// How many mutants are made of an artifact of so many bytes, where so many are asked for.
fn wanted(asked: u64, bytes: u64) -> usize {
    let room = COMPILED_BYTES_MAX.checked_div(bytes).unwrap_or(MUTANTS_MAX).max(MUTANTS_MIN);
    usize::try_from(asked.min(MUTANTS_MAX).min(room)).unwrap_or_default()
}

fn unknown(why: &str) -> Finding {
    Finding::unknown("strength", why)
}

/// What came of all mutants.
struct Measured<'m> {
    /// The mutants in the order of their points, and what came of each.
    fates: Vec<(Mutant<'m>, Fate)>,
    /// Points that were looked at and left out, because no input runs their code.
    not_run: usize,
    /// Inputs of each function, by its name.
    inputs: BTreeMap<String, usize>,
    /// A question for each of the first survivors.
    questions: Vec<(Mutant<'m>, Question)>,
}

fn measured<'m>(
    task: &Task<'_>,
    baseline: &Baseline<'_>,
    mutants: &'m Mutants<'_>,
    wanted: usize,
    progress: Progress<'_>,
) -> Result<Measured<'m>, String> {
    // Each change is two mutants.
    let Chosen { points, not_run } = choose(task, baseline, mutants, wanted.div_ceil(2), progress)?;
    let both = [Extent::Everywhere, Extent::Partly];
    let made: Vec<Mutant<'_>> = points
        .iter()
        .flat_map(|(nth, point)| both.map(|extent| Mutant { nth: *nth, point, extent }))
        .take(wanted)
        .collect();
    let planned = made.len() as u64;
    let (done, killed) = (AtomicU64::new(0), AtomicU64::new(0));
    let fates = for_each(task.threads, &made, |mutant| {
        let fate = trial::judge(baseline, mutants, *mutant);
        if fate.as_ref().is_ok_and(|fate| fate.noticed()) {
            (task.tell)(Milestone::Noticed(killed.fetch_add(1, Ordering::Relaxed).saturating_add(1)));
        }
        progress(done.fetch_add(1, Ordering::Relaxed).saturating_add(1), planned);
        fate
    });
    let fates: Vec<Fate> = fates.into_iter().collect::<Result<_, _>>()?;
    let asked = asked(baseline, &made, &fates);
    let questions = for_each(task.threads, &asked, |(mutant, place, simplest)| {
        let question = trial::question(baseline, mutants, *mutant, *place, *simplest);
        progress(planned, planned);
        question.map(|question| (*mutant, question))
    });
    Ok(Measured {
        fates: made.into_iter().zip(fates).collect(),
        not_run,
        inputs: baseline.inputs(),
        questions: questions.into_iter().collect::<Result<_, _>>()?,
    })
}

/// Where to ask about each of the first survivors, and whether on the simplest input: such are easy to answer, and every other one is
/// on the input farthest out that is not asked about yet, to which nobody's thoughts came.
fn asked<'m>(baseline: &Baseline<'_>, made: &[Mutant<'m>], fates: &[Fate]) -> Vec<(Mutant<'m>, Place, bool)> {
    let differing = made.iter().zip(fates).filter_map(|(mutant, fate)| match fate {
        Fate::Differs(places) => Some((*mutant, places)),
        _ => None,
    });
    let mut known: Vec<Place> = Vec::new();
    let mut asked = Vec::new();
    for ((mutant, places), simplest) in differing.take(LISTED_MAX).zip([true, false].into_iter().cycle()) {
        let extreme = |place: &&Place| {
            let input = baseline.functions.get(place.function)?.inputs.get(place.input)?;
            let new = known.iter().all(|known| (known.function, known.input) != (place.function, place.input));
            input.extreme.filter(|_| new)
        };
        let farthest = places.iter().filter(|place| extreme(place).is_some()).max_by_key(|place| extreme(place));
        let middle = places.get(places.len() / 2);
        let Some(place) = (if simplest { places.first() } else { farthest.or(middle) }) else { continue };
        if !simplest {
            known.push(*place);
        }
        asked.push((mutant, *place, simplest));
    }
    asked
}

struct Chosen<'m> {
    /// Each with its number, in the order of the numbers.
    points: Vec<(usize, &'m Point)>,
    not_run: usize,
}

/// Points in an order that the challenge gives, without those whose code no input runs.
fn choose<'m>(
    task: &Task<'_>,
    baseline: &Baseline<'_>,
    mutants: &'m Mutants<'_>,
    wanted: usize,
    progress: Progress<'_>,
) -> Result<Chosen<'m>, String> {
    let mut drawn: Vec<(usize, &Point)> = mutants.points().iter().enumerate().collect();
    drawn.sort_by_cached_key(|(nth, _)| task.challenge.derive(&[b"strength", b"mutant", &(*nth as u64).to_be_bytes()]));
    drawn.truncate(wanted.saturating_mul(LOOKED_AT_MAX));
    let mut runs: BTreeMap<usize, bool> = BTreeMap::new();
    let (mut points, mut not_run) = (Vec::new(), 0_usize);
    for some in drawn.chunks(wanted) {
        let mut blocks = BTreeSet::new();
        let new: Vec<&Point> = some
            .iter()
            .map(|(_, point)| *point)
            .filter(|point| !runs.contains_key(&mutants.block(point)) && blocks.insert(mutants.block(point)))
            .collect();
        let found = for_each(task.threads, &new, |point| {
            let found = trial::runs(baseline, mutants, point);
            progress(0, wanted as u64);
            found
        });
        for (point, found) in new.into_iter().zip(found) {
            runs.insert(mutants.block(point), found?);
        }
        for one in some {
            if points.len() == wanted {
                break;
            }
            if runs.get(&mutants.block(one.1)) == Some(&true) {
                points.push(*one);
            } else {
                not_run = not_run.saturating_add(1);
            }
        }
        if points.len() == wanted {
            break;
        }
    }
    points.sort_by_key(|(nth, _)| *nth);
    Ok(Chosen { points, not_run })
}

/// What one shard of a list gave.
struct Part<T>(Vec<T>);

impl<T> shards::Merge for Part<T> {
    fn stops(&self) -> bool {
        false
    }
}

/// Does something with each item, on so many threads; the results are in the order of the items.
fn for_each<I: Sync, T: Send>(threads: usize, items: &[I], work: impl Fn(&I) -> T + Sync) -> Vec<T> {
    let parts = shards::run(
        threads,
        items.len() as u64,
        &|_, _| {},
        || (),
        |(), shard, _| Part(items.iter().skip(shard).step_by(shards::SHARDS).map(&work).collect()),
    );
    let mut parts: Vec<_> = parts.into_iter().map(|Part(results)| results.into_iter()).collect();
    let mut ordered = Vec::with_capacity(items.len());
    while ordered.len() < items.len() {
        let before = ordered.len();
        ordered.extend(parts.iter_mut().filter_map(Iterator::next));
        if ordered.len() == before {
            break;
        }
    }
    ordered
}

fn finding(mutants: &Mutants<'_>, measured: &Measured<'_>) -> Finding {
    let Measured { fates, not_run, inputs, questions } = measured;
    let count = |of: &dyn Fn(&Fate) -> bool| fates.iter().filter(|(_, fate)| of(fate)).count() as u64;
    let by = |by: By| count(&|fate| *fate == Fate::Killed(by));
    let all = fates.len() as u64;
    let killed = count(&Fate::noticed);
    let trapped = by(By::Trap).saturating_add(by(By::Fuel));
    let survived = count(&|fate| matches!(fate, Fate::Differs(..)));
    // What traps is noticed whatever a contract says.
    let score = killed.saturating_mul(100).checked_div(all.saturating_sub(trapped)).unwrap_or(0);
    let survivors: Vec<_> = questions
        .iter()
        .map(|(mutant, question)| {
            let mut line = described(mutants, *mutant);
            line.insert("call".to_owned(), json!(question.call));
            line.insert("artifact".to_owned(), json!(question.artifact));
            line.insert("mutant".to_owned(), json!(question.mutant));
            line
        })
        .collect();
    let undecided = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Same | Fate::Unfinished));
    let undecided: Vec<_> = undecided.take(LISTED_MAX).map(|(mutant, _)| described(mutants, *mutant)).collect();
    Finding {
        outcome: Outcome::Passed,
        reason: None,
        counts: counts([
            ("mutants", all),
            ("trapped", trapped),
            ("killed", killed),
            ("survived", survived),
            ("undecided", count(&|fate| matches!(fate, Fate::Same | Fate::Unfinished))),
            ("score", score),
        ]),
        counterexamples: Vec::new(),
        details: json!({
            "points": mutants.points().len(),
            "not_run": not_run,
            "inputs": inputs,
            "killed_by": {
                "example": by(By::Example), "property": by(By::Property), "reference": by(By::Reference),
            },
            "trapped_by": { "trap": by(By::Trap), "fuel": by(By::Fuel) },
            "unfinished": count(&|fate| *fate == Fate::Unfinished),
            "classes": classes(fates),
            "survivors": survivors,
            "undecided": undecided,
        }),
    }
}

/// One mutant in words.
fn described(mutants: &Mutants<'_>, mutant: Mutant<'_>) -> serde_json::Map<String, serde_json::Value> {
    let Mutant { point, extent, .. } = mutant;
    let partly = if extent == Extent::Partly { ", for some inputs" } else { "" };
    serde_json::Map::from_iter([
        ("class".to_owned(), json!(point.class.name())),
        ("function".to_owned(), json!(mutants.function(point))),
        ("offset".to_owned(), json!(point.offset)),
        ("change".to_owned(), json!(format!("{}{partly}", point.change))),
    ])
}

/// Of each class of mutants how many there were and how many were killed.
fn classes(fates: &[(Mutant<'_>, Fate)]) -> serde_json::Value {
    let mut classes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (mutant, fate) in fates {
        let (all, killed) = classes.entry(mutant.point.class.name()).or_default();
        *all = all.saturating_add(1);
        *killed = killed.saturating_add(u64::from(fate.noticed()));
    }
    let lines = classes.into_iter().map(|(class, (all, killed))| (class, json!({ "mutants": all, "killed": killed })));
    json!(lines.collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests;
