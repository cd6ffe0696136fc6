//! The details of `properties`' evidence, as in `spec/evidence.md`: whole numbers, and words for a person.

use proofmark_mark::evidence::risk_ppm;
use proofmark_run::program::Twin;
use proofmark_run::usage::Usage;
use serde_json::{Value, json};

use super::guided::Guided;
use super::{Line, Tally};
use crate::checks::Task;
use crate::shards::SHARDS;

/// Missed comparisons that are listed.
const LISTED_MAX: usize = 20;

/// What was done. `twin` is why there was no guided part where there was none, `None` where there can be none; `missed` are
/// comparisons of it.
pub(super) fn of(
    task: &Task<'_>,
    tallies: &[Tally],
    lines: &[Line<'_>],
    twin: Result<&Twin, Option<&str>>,
    missed: &[usize],
) -> Value {
    let mut usage = Usage::default();
    tallies.iter().for_each(|tally| usage.add(tally.usage.clone()));
    let functions: Vec<_> = tallies
        .iter()
        .map(|tally| {
            json!({
                "function": tally.function,
                "generated": tally.generated,
                "executions": tally.executions,
                "allowed_traps": tally.allowed_traps,
                "fuel": tally.fuel,
                "shards_out_of_fuel": tally.out_of_fuel,
                "shards_out_of_steps": tally.out_of_steps,
                "guided": tally.guided.as_ref().map(guided),
                "bound": bound(task, tally.executions, ["was violated", "violates"]),
            })
        })
        .collect();
    let properties: Vec<_> = lines
        .iter()
        .map(|line| {
            json!({
                "property": line.property.name,
                "of": line.property.of.full_name(),
                "evaluated": line.accepted.evaluated,
                "discarded": line.accepted.discarded,
                "held_out": line.property.held_out,
            })
        })
        .collect();
    let mut details = json!({
        "shards": SHARDS,
        "functions": functions,
        "properties": properties,
        "coverage": coverage(tallies, twin),
        "usage": task.usage(&usage),
    });
    tried_first(task, &mut details);
    if let (false, Ok(twin), Some(details)) = (missed.is_empty(), twin, details.as_object_mut()) {
        let functions: Vec<&str> = missed.iter().take(LISTED_MAX).filter_map(|site| twin.function_of(*site)).collect();
        details.insert("missed_in".to_owned(), json!(functions));
    }
    details
}

/// Adds the calls that broke the contract before, where there are such: a replay takes them from there.
pub(crate) fn tried_first(task: &Task<'_>, details: &mut Value) {
    if let (false, Some(details)) = (task.earlier.is_empty(), details.as_object_mut()) {
        details.insert("earlier".to_owned(), json!(task.earlier));
    }
}

/// The edges of the whole artifact; `null` where nothing can count them.
fn coverage(tallies: &[Tally], twin: Result<&Twin, Option<&str>>) -> Value {
    let twin = match twin {
        Ok(twin) => twin,
        Err(None) => return Value::Null,
        Err(Some(why)) => return json!({ "not_guided": why }),
    };
    let searched: Vec<&Guided> = tallies.iter().filter_map(|tally| tally.guided.as_ref()).collect();
    // Not that nothing was reached: the first part ended every search before anything was counted.
    if searched.is_empty() {
        return json!({ "not_guided": "a property was violated before" });
    }
    let taken = |edge: usize| searched.iter().any(|guided| guided.edges.get(edge).copied().unwrap_or(false));
    json!({
        "edges_present": twin.edges,
        "edges_reached": (0..twin.edges).filter(|edge| taken(*edge)).count(),
        "modules_not_seen": twin.hidden_modules,
    })
}

pub(in crate::checks) fn guided(guided: &Guided) -> Value {
    let curve: Vec<_> = guided.curve.iter().map(|(calls, edges)| json!([calls, edges])).collect();
    json!({
        "calls": guided.executions,
        "judged": guided.confirmed,
        "differed": guided.differed,
        "undecided": guided.undecided,
        "shards_out": guided.shards_out,
        "kept": guided.kept,
        "edges_reached": guided.edges.iter().filter(|taken| **taken).count(),
        "curve": curve,
        "undiscovered": {
            "inputs": guided.fresh,
            "edges_taken_once": guided.singles,
            "new_edges_ppm": guided.singles.saturating_mul(1_000_000).checked_div(guided.fresh),
        },
    })
}

/// The residual risk of one function, in numbers and in words: `verbs` say what did not happen, and what an input would do.
pub(in crate::checks) fn bound(task: &Task<'_>, executions: u64, verbs: [&str; 2]) -> Value {
    let ppm = risk_ppm(task.attempt, executions);
    let one_in = 1_000_000_u64.checked_div(ppm).unwrap_or(0);
    let [happened, does] = verbs;
    let words = match ppm {
        1_000_000.. => "nothing can be said of inputs that were not tried".to_owned(),
        _ => format!(
            "if none {happened}: 95 % confident that fewer than 1 in {one_in} inputs, as they are generated, {does}"
        ),
    };
    json!({ "confidence_percent": 95, "attempt": task.attempt, "executions": executions, "risk_ppm": ppm, "words": words })
}
