//! The report of `check`: one screen that says what was asked, what was found and what was granted.
//!
//! A held-out property's name, text and counterexample appear only when they were asked for by name of the flag. They come
//! from beside the evidence, which has none of them.

use std::path::Path;

use anstream::println;
use proofmark_governor::checks::held_out::Withheld;
use proofmark_governor::govern::{Asked, Checked};
use proofmark_mark::evidence::{Counterexample, Evidence, Outcome};
use proofmark_mark::policy::Unmet;
use serde_json::{Value, json};

use super::{BAD, BOLD, DIM, GOOD, UNSURE, line, safe};
use crate::cli::Check;

/// What a report is about.
pub struct Report<'a> {
    pub asked: &'a Asked<'a>,
    pub checked: &'a Checked,
    pub arguments: &'a Check,
    /// Where the mark is, if there is one.
    pub mark: &'a Path,
}

/// What no check looks at; said in every report.
const NOT_CHECKED: &str = "all inputs at once (no proof); secrets in it; licences";

/// What was not looked at: also the contract itself, where its strength was not measured.
fn not_checked(evidence: &[Evidence]) -> String {
    let measured = evidence.iter().any(|one| one.check == "strength" && one.outcome == Outcome::Passed);
    let contract = if measured { "" } else { "whether the contract says enough; " };
    format!("{contract}{NOT_CHECKED}")
}

pub fn human(report: &Report<'_>) {
    let Report { asked, checked, arguments, .. } = report;
    println!("{BOLD}{}{BOLD:#}  {DIM}{}{DIM:#}", safe(&asked.contract.name), arguments.artifact.display());
    for (nth, said) in asked.contract.intent.trim().lines().enumerate() {
        line(if nth == 0 { "asked" } else { "" }, &safe(said));
    }
    for function in &asked.contract.interface.functions {
        line("", &format!("{DIM}{}{DIM:#}", safe(&function.signature())));
    }
    line("contract", &format!("sha256:{}", asked.contract.digest));
    line("artifact", &format!("sha256:{}, {} bytes", checked.artifact, asked.artifact.len()));
    let attempt = checked.submission.attempt;
    line("generator", &format!("{}, attempt {attempt} at this contract", safe(asked.generator)));
    println!();
    let mut told = Vec::new();
    for evidence in &checked.evidence {
        found(report, evidence, &mut told);
    }
    println!("{DIM}· not checked  {}{DIM:#}", not_checked(&checked.evidence));
    println!();
    match &checked.result {
        Ok(_) => granted(report),
        Err(unmet) => refused(report, unmet),
    }
    let index = checked.log_size.saturating_sub(1);
    line("logged", &format!("{DIM}submission, evidence and verdict, up to entry {index}{DIM:#}"));
}

/// One check's lines. A reason that contains one already `told` is not repeated.
fn found<'a>(report: &Report<'a>, evidence: &'a Evidence, told: &mut Vec<&'a str>) {
    let Said { reason, counterexamples } = said(report, evidence);
    let (style, sign) = match evidence.outcome {
        Outcome::Passed => (GOOD, "✓"),
        Outcome::Failed => (BAD, "✗"),
        Outcome::Unknown => (UNSURE, "?"),
    };
    let again = reason.filter(|reason| told.iter().any(|known| reason.contains(known)));
    let line = match (evidence.outcome, again) {
        (Outcome::Unknown, Some(_)) => "could not be tried, for the reason above".to_owned(),
        (Outcome::Unknown, None) => "unknown".to_owned(),
        _ => summary(evidence),
    };
    println!("{style}{sign}{style:#} {:<12} {line}", evidence.check);
    if evidence.outcome == Outcome::Passed
        && let Some(reached) = coverage(evidence)
    {
        println!("    {DIM}{reached}{DIM:#}");
    }
    if let (Some(reason), None, true) = (reason, again, counterexamples.is_empty()) {
        println!("    {style}{}{style:#}", safe(reason));
        told.push(reason);
    }
    for counterexample in counterexamples.iter().take(3) {
        shown(counterexample);
    }
    let more = counterexamples.len().saturating_sub(3);
    if more > 0 {
        println!("    and {more} more");
    }
}

/// What may be said of one check's finding.
struct Said<'a> {
    reason: Option<&'a str>,
    counterexamples: &'a [Counterexample],
}

/// The evidence's own words; what is beside it only if that was asked for.
fn said<'a>(report: &Report<'a>, evidence: &'a Evidence) -> Said<'a> {
    match report.checked.withheld.get(&evidence.check) {
        Some(Withheld { reason, counterexamples }) if report.arguments.show_held_out => {
            Said { reason: reason.as_deref(), counterexamples }
        }
        _ => Said { reason: evidence.reason.as_deref(), counterexamples: &evidence.counterexamples },
    }
}

fn shown(counterexample: &Counterexample) {
    if withheld(counterexample) {
        println!("    what violates it is held out; withheld (the contract's owner may use --show-held-out)");
        return;
    }
    println!("    {BOLD}{}{BOLD:#}", safe(&counterexample.call));
    println!("      gave      {BAD}{}{BAD:#}", safe(&counterexample.got));
    let property = safe(&counterexample.property);
    println!("      violates  {property}: {}", safe(&counterexample.violated));
}

/// Whether there is no call to show: evidence has none of what is held out.
fn withheld(counterexample: &Counterexample) -> bool {
    counterexample.held_out && counterexample.call.is_empty()
}

/// One check's counts in words.
pub fn summary(evidence: &Evidence) -> String {
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
            let risk = match (evidence.outcome, count("risk_ppm")) {
                (Outcome::Passed, 1..=999_999) => {
                    let one_in = 1_000_000_u64.checked_div(count("risk_ppm")).unwrap_or(0);
                    format!("; 95 % confident: fewer than 1 in {} such inputs violates one", grouped(one_in))
                }
                _ => String::new(),
            };
            let executions = grouped(count("executions"));
            let properties = match count("properties") {
                1 => "1 property".to_owned(),
                count => format!("{count} properties"),
            };
            format!("{properties}{held} and no traps, {executions} executions{risk}")
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
            let (mutants, killed) = (many(count("mutants"), "mutant"), grouped(count("killed")));
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

/// What the guided part of `properties` reached, in words; `None` where there is nothing to say.
fn coverage(evidence: &Evidence) -> Option<String> {
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

fn granted(report: &Report<'_>) {
    let grant = &report.checked.grant;
    let capabilities = super::capabilities(&grant.capabilities);
    let day = grant.expires.to_string();
    let day = day.split('T').next().unwrap_or_default();
    println!("{GOOD}marked{GOOD:#}     {}", report.mark.display());
    line("granted", &format!("{} use with {capabilities}, until {day}", grant.autonomy));
    line("", &format!("a run that leaves the profile of its checks is {}", grant.on_departure));
    if let Some(process) = report.asked.contract.interface.process() {
        let files =
            process.files.as_deref().map(|guest| format!(" --dir {}=DIRECTORY", safe(guest))).unwrap_or_default();
        line("next", &format!("proofmark run {}{files}", report.mark.display()));
    } else if let Some(call) = report.asked.contract.examples.first().map(|example| example.call.to_string()) {
        line("next", &format!("proofmark run {} '{}'", report.mark.display(), safe(&call)));
    }
}

fn refused(report: &Report<'_>, unmet: &[Unmet]) {
    println!("{BAD}refused{BAD:#}    by the policy `{}`", safe(report.asked.policy_name));
    for rule in unmet {
        let evidence =
            rule.evidence.as_ref().map(|name| format!(" {DIM}(evidence: {name}){DIM:#}")).unwrap_or_default();
        line("  needs", &format!("{}{evidence} {DIM}[{}]{DIM:#}", safe(&rule.needs), safe(&rule.rule)));
    }
    line("next", &next(report, unmet));
}

/// The next thing to try: replay the first counterexample that may be shown, else what the first rule says.
fn next(report: &Report<'_>, unmet: &[Unmet]) -> String {
    let mut counterexamples =
        report.checked.evidence.iter().flat_map(|evidence| said(report, evidence).counterexamples);
    let arguments = report.arguments;
    if let Some(counterexample) = counterexamples.find(|counterexample| !withheld(counterexample)) {
        let call = safe(&counterexample.call).replace('\'', r"'\''");
        return format!("proofmark call {} {} '{call}'", arguments.contract.display(), arguments.artifact.display());
    }
    let from_rule = unmet.iter().find_map(|rule| rule.next.clone());
    from_rule.map_or_else(|| format!("proofmark inspect {}", arguments.artifact.display()), |next| safe(&next))
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
