//! The report of `check`: what was asked, what was found and what was granted, for people ([`screen`]), machines and tools ([`super::sarif`]).
//!
//! A held-out property's name, text and counterexample appear only when they were asked for by name of the flag. They come
//! from beside the evidence, which has none of them.

use std::collections::BTreeSet;
use std::path::Path;

use anstream::print;
use proofmark_governor::checks::held_out::Withheld;
use proofmark_governor::govern::{Asked, Checked};
use proofmark_mark::evidence::{Counterexample, Evidence, Outcome};
use serde_json::{Value, json};

use super::safe;
use super::screen::screen;
use crate::cli::Check;
use crate::commands::sharpen::Question;

/// What a report is about.
pub struct Report<'a> {
    pub asked: &'a Asked<'a>,
    pub checked: &'a Checked,
    pub arguments: &'a Check,
    /// Where the mark is, if there is one.
    pub mark: &'a Path,
    /// What only the contract's owner can say, where it was asked for: no generator may be told.
    pub questions: &'a [Question],
    /// The columns to fill, on a terminal.
    pub width: Option<usize>,
}

/// What no check looks at; said in every report.
const NOT_CHECKED: &str = "all inputs at once (no proof); secrets in it; licences";

/// What was not looked at: also the contract itself, where its strength was not measured.
pub fn not_checked(evidence: &[Evidence]) -> String {
    let measured = evidence.iter().any(|one| one.check == "strength" && one.outcome == Outcome::Passed);
    let contract = if measured { "" } else { "whether the contract says enough; " };
    format!("{contract}{NOT_CHECKED}")
}

pub fn human(report: &Report<'_>) {
    print!("{}", screen(report));
}

/// What may be said of one check's finding.
pub struct Said<'a> {
    pub reason: Option<&'a str>,
    pub counterexamples: &'a [Counterexample],
}

/// The evidence's own words; what is beside it only if that was asked for.
pub fn said<'a>(report: &Report<'a>, evidence: &'a Evidence) -> Said<'a> {
    match report.checked.withheld.get(&evidence.check) {
        Some(Withheld { reason, counterexamples }) if report.arguments.show_held_out => {
            Said { reason: reason.as_deref(), counterexamples }
        }
        _ => Said { reason: evidence.reason.as_deref(), counterexamples: &evidence.counterexamples },
    }
}

/// Whether there is no call to show: evidence has none of what is held out.
pub fn withheld(counterexample: &Counterexample) -> bool {
    counterexample.held_out && counterexample.call.is_empty()
}

/// One check's counts in words, and the risk that they leave.
pub fn summary(evidence: &Evidence) -> String {
    let counted = counted(evidence);
    risk(evidence).map_or_else(|| counted.clone(), |risk| format!("{counted}; {risk}"))
}

/// What `properties` leaves open, in words, where nothing was violated.
pub fn risk(evidence: &Evidence) -> Option<String> {
    let ppm = *evidence.counts.get("risk_ppm").filter(|_| evidence.outcome == Outcome::Passed)?;
    let one_in = 1_000_000_u64.checked_div(ppm).filter(|one_in| *one_in > 1)?;
    Some(format!("95 % confident: fewer than 1 in {} such inputs violates a property", grouped(one_in)))
}

/// One check's counts in words.
pub fn counted(evidence: &Evidence) -> String {
    let count = |name: &str| evidence.counts.get(name).copied().unwrap_or(0);
    match evidence.check.as_str() {
        "inspect" if evidence.outcome == Outcome::Failed => "does not fit the contract".to_owned(),
        "inspect" => {
            let (imports, functions) = (many(count("imports"), "import"), many(count("functions"), "function"));
            let bytes = grouped(count("bytes"));
            match evidence.counts.get("possible") {
                None => format!("{imports}, {functions}, {bytes} bytes; nothing that was not granted"),
                Some(0) => format!("native, {bytes} bytes; nothing that was not granted"),
                Some(possible) => {
                    let wishes = many(*possible, "thing");
                    format!("native, {bytes} bytes; holds code for {wishes} that the fence denies where not granted")
                }
            }
        }
        "examples" => format!("{} of {} as shown", count("passed"), count("total")),
        "properties" => {
            let held = match count("held_out") {
                0 => String::new(),
                held => format!(" ({held} held out)"),
            };
            let executions = many(count("executions"), "execution");
            let properties = match count("properties") {
                1 => "1 property".to_owned(),
                count => format!("{count} properties"),
            };
            format!("{properties}{held} and no traps, {executions}")
        }
        "reference" if count("references") == 0 => "the contract has no reference".to_owned(),
        "reference" => {
            let discarded = match count("discarded") {
                0 => String::new(),
                discarded => format!("; it does not return from {}", many(discarded, "other")),
            };
            format!("{} compared with the reference{discarded}", many(count("executions"), "call"))
        }
        "determinism" => {
            let kept = evidence.details.get("kept_calls").and_then(Value::as_u64).unwrap_or(0);
            let times = if kept > 0 { "three times" } else { "twice" };
            let functions = evidence.details.get("functions").and_then(Value::as_array).into_iter().flatten();
            let longest = functions.filter_map(|function| function.get("longest")?.as_u64()).min();
            let longest = match longest {
                Some(calls @ 1..) => format!("; {} in one instance", many(calls, "call")),
                _ => String::new(),
            };
            format!("{}, each called {times}{longest}", many(count("pairs"), "input"))
        }
        "interference" if count("secrets") == 0 => "the contract names no secret".to_owned(),
        "interference" => {
            let (secrets, pairs) = (many(count("secrets"), "secret"), many(count("pairs"), "pair"));
            format!("{secrets}, {pairs} of calls that differ only there")
        }
        "strength" => {
            let told = count("mutants").saturating_sub(count("trapped"));
            let (mutants, killed) = (many(told, "mutant"), grouped(count("killed")));
            let survived = match count("survived") {
                0 => String::new(),
                survived => format!("; {} are accepted though they differ", grouped(survived)),
            };
            let undecided = match count("undecided") {
                0 => String::new(),
                undecided => format!("; of {} no difference was found", grouped(undecided)),
            };
            format!("{} %: {killed} of {mutants} would have been noticed{survived}{undecided}", count("score"))
        }
        _ => String::new(),
    }
}

/// The comparisons that `properties` missed, in words; `None` where there are none.
pub fn missed(evidence: &Evidence) -> Option<String> {
    let count = evidence.counts.get("missed").copied().filter(|count| *count > 0)?;
    let functions = evidence.details.get("missed_in").and_then(Value::as_array).into_iter().flatten();
    let functions: BTreeSet<String> =
        functions.filter_map(Value::as_str).map(|function| format!("`{}`", safe(function))).collect();
    let functions: Vec<String> = functions.into_iter().collect();
    Some(format!("{}, as with a hash, that no input met: in {}", many(count, "comparison"), functions.join(", ")))
}

/// What the guided part of `properties` reached, in words; `None` where there is nothing to say.
pub fn coverage(evidence: &Evidence) -> Option<String> {
    let number = |value: &Value, path: &str| value.pointer(path).and_then(Value::as_u64);
    let coverage = evidence.details.get("coverage")?;
    if let Some(why) = coverage.get("not_guided").and_then(Value::as_str) {
        return Some(format!("not guided by coverage: {}", safe(why)));
    }
    let (reached, present) = (number(coverage, "/edges_reached")?, number(coverage, "/edges_present")?);
    let functions = evidence.details.get("functions")?.as_array()?;
    let calls = functions.iter().filter_map(|function| number(function, "/guided/calls")).fold(0, u64::saturating_add);
    let estimates = functions.iter().filter_map(|function| number(function, "/guided/undiscovered/new_edges_ppm"));
    let more = match estimates.max() {
        Some(ppm @ 1..) => {
            let inputs = 1_000_000_u64.checked_div(ppm).unwrap_or(0).max(1);
            format!("; about one new edge in {} more random inputs", grouped(inputs))
        }
        _ => "; random inputs would reach hardly another".to_owned(),
    };
    Some(format!("{} of {} edges in {} guided calls{more}", grouped(reached), grouped(present), grouped(calls)))
}

/// The same for machines.
pub fn json(report: &Report<'_>) -> Value {
    let Report { asked, checked, mark, .. } = report;
    let evidence: Vec<Value> = checked
        .evidence
        .iter()
        .map(|evidence| {
            let Said { reason, counterexamples } = said(report, evidence);
            let counterexamples = counterexamples.iter().map(|counterexample| {
                if withheld(counterexample) {
                    json!({ "property": counterexample.property, "held_out": true, "withheld": true })
                } else {
                    json!(counterexample)
                }
            });
            json!({
                "check": evidence.check,
                "outcome": evidence.outcome,
                "reason": reason,
                "counts": evidence.counts,
                "counterexamples": counterexamples.collect::<Vec<_>>(),
            })
        })
        .collect();
    let (verdict, unmet) = match &checked.result {
        Ok(_) => ("marked", Vec::new()),
        Err(unmet) => ("refused", unmet.iter().map(|rule| json!(rule)).collect()),
    };
    let questions = report.questions.iter().map(super::sharpen::question);
    json!({
        "verdict": verdict,
        "contract": { "name": asked.contract.name, "sha256": asked.contract.digest },
        "artifact": checked.artifact,
        "generator": asked.generator,
        "attempt": checked.submission.attempt,
        "policy": { "name": asked.policy_name, "sha256": asked.policy.digest() },
        "evidence": evidence,
        "unmet": unmet,
        "grant": checked.result.is_ok().then_some(&checked.grant),
        "mark": checked.result.is_ok().then(|| mark.display().to_string()),
        "not_checked": not_checked(&checked.evidence),
        "log_size": checked.log_size,
        "questions": report.arguments.show_questions.then(|| questions.collect::<Vec<_>>()),
    })
}

/// `1 import`, `2 imports`.
fn many(count: u64, what: &str) -> String {
    format!("{} {what}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// 65536 as `65,536`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let first = digits.len() % 3;
    let mut out = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && place % 3 == first {
            out.push(',');
        }
        out.push(digit);
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn digits_are_grouped_by_three() {
        let all = [0, 7, 12, 123, 1234, 12_345, 123_456, 1_234_567].map(grouped);
        assert_eq!(all, ["0", "7", "12", "123", "1,234", "12,345", "123,456", "1,234,567"]);
    }
}
