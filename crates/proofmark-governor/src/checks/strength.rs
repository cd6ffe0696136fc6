//! `strength`: would this contract have noticed a wrong artifact?
//!
//! Mutants of the artifact's own code are judged by the contract's examples and properties alone, on a few hundred inputs. Of
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
use trial::{By, Fate, Place, Question};

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
struct Measured {
    /// The points that were made mutants, in their order, and what came of each.
    fates: Vec<(usize, Fate)>,
    /// Points that were looked at and left out, because no input runs their code.
    not_run: usize,
    /// Inputs of each function, by its name.
    inputs: BTreeMap<String, usize>,
    /// A question for each of the first survivors.
    questions: Vec<(usize, Question)>,
}

fn measured(
    task: &Task<'_>,
    baseline: &Baseline<'_>,
    mutants: &Mutants<'_>,
    wanted: usize,
    progress: Progress<'_>,
) -> Result<Measured, String> {
    let Chosen { points, not_run } = choose(task, baseline, mutants, wanted, progress)?;
    let planned = points.len() as u64;
    let (done, killed) = (AtomicU64::new(0), AtomicU64::new(0));
    let fates = for_each(task.threads, &points, |(_, point)| {
        let fate = trial::judge(baseline, mutants, point);
        if matches!(fate, Ok(Fate::Killed(_))) {
            (task.tell)(Milestone::Noticed(killed.fetch_add(1, Ordering::Relaxed).saturating_add(1)));
        }
        progress(done.fetch_add(1, Ordering::Relaxed).saturating_add(1), planned);
        fate
    });
    let fates: Vec<Fate> = fates.into_iter().collect::<Result<_, _>>()?;
    let differing: Vec<(usize, &Point, Place)> = points
        .iter()
        .zip(&fates)
        .filter_map(|((nth, point), fate)| match fate {
            Fate::Differs(place) => Some((*nth, *point, *place)),
            _ => None,
        })
        .take(LISTED_MAX)
        .collect();
    let questions = for_each(task.threads, &differing, |(nth, point, place)| {
        let question = trial::question(baseline, mutants, point, *place);
        progress(planned, planned);
        question.map(|question| (*nth, question))
    });
    Ok(Measured {
        fates: points.iter().map(|(nth, _)| *nth).zip(fates).collect(),
        not_run,
        inputs: baseline.inputs(),
        questions: questions.into_iter().collect::<Result<_, _>>()?,
    })
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

fn finding(mutants: &Mutants<'_>, measured: &Measured) -> Finding {
    let Measured { fates, not_run, inputs, questions } = measured;
    let count = |of: &dyn Fn(&Fate) -> bool| fates.iter().filter(|(_, fate)| of(fate)).count() as u64;
    let all = fates.len() as u64;
    let killed = count(&|fate| matches!(fate, Fate::Killed(_)));
    let survived = count(&|fate| matches!(fate, Fate::Differs(_)));
    let score = killed.saturating_mul(100).checked_div(all).unwrap_or(0);
    let by = |by: By| count(&|fate| *fate == Fate::Killed(by));
    let survivors: Vec<_> = questions
        .iter()
        .filter_map(|(nth, question)| {
            let mut line = described(mutants, *nth)?;
            line.insert("call".to_owned(), json!(question.call));
            line.insert("artifact".to_owned(), json!(question.artifact));
            line.insert("mutant".to_owned(), json!(question.mutant));
            Some(line)
        })
        .collect();
    let undecided = fates.iter().filter(|(_, fate)| matches!(fate, Fate::Same | Fate::Unfinished));
    let undecided: Vec<_> = undecided.take(LISTED_MAX).filter_map(|(nth, _)| described(mutants, *nth)).collect();
    Finding {
        outcome: Outcome::Passed,
        reason: None,
        counts: counts([
            ("mutants", all),
            ("killed", killed),
            ("survived", survived),
            ("undecided", all.saturating_sub(killed).saturating_sub(survived)),
            ("score", score),
        ]),
        counterexamples: Vec::new(),
        details: json!({
            "points": mutants.points().len(),
            "not_run": not_run,
            "inputs": inputs,
            "killed_by": {
                "example": by(By::Example), "property": by(By::Property), "reference": by(By::Reference),
                "trap": by(By::Trap), "fuel": by(By::Fuel),
            },
            "unfinished": count(&|fate| *fate == Fate::Unfinished),
            "classes": classes(mutants, fates),
            "survivors": survivors,
            "undecided": undecided,
        }),
    }
}

/// One mutant in words.
fn described(mutants: &Mutants<'_>, nth: usize) -> Option<serde_json::Map<String, serde_json::Value>> {
    let point = mutants.points().get(nth)?;
    Some(serde_json::Map::from_iter([
        ("class".to_owned(), json!(point.class.name())),
        ("function".to_owned(), json!(mutants.function(point))),
        ("offset".to_owned(), json!(point.offset)),
        ("change".to_owned(), json!(point.change.to_string())),
    ]))
}

/// Of each class of mutants how many there were and how many were killed.
fn classes(mutants: &Mutants<'_>, fates: &[(usize, Fate)]) -> serde_json::Value {
    let mut classes: BTreeMap<&str, (u64, u64)> = BTreeMap::new();
    for (nth, fate) in fates {
        let Some(point) = mutants.points().get(*nth) else { continue };
        let (all, killed) = classes.entry(point.class.name()).or_default();
        *all = all.saturating_add(1);
        *killed = killed.saturating_add(u64::from(matches!(fate, Fate::Killed(_))));
    }
    let lines = classes.into_iter().map(|(class, (all, killed))| (class, json!({ "mutants": all, "killed": killed })));
    json!(lines.collect::<BTreeMap<_, _>>())
}

#[cfg(test)]
mod tests;
