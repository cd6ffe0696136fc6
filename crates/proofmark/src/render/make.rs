//! The report of `make`: a line for each try as it ends, then what is left of them.

use std::path::Path;

use anstream::println;
use anstyle::Style;
use proofmark_governor::reuse::Found;
use proofmark_mark::evidence::Outcome as Came;
use proofmark_mark::provenance::Outcome;
use serde_json::{Value, json};

use super::compare::{self, Compared as Shown};
use super::{BAD, BOLD, DIM, GOOD, UNSURE, line, safe};
use crate::cli::Format;
use crate::commands::check::beside;
use crate::commands::make::Alike;
use crate::inputs::Loaded;
use crate::make::judge::public;
use crate::make::{Best, Order, Tried};
use crate::render::report::grouped;

/// What is asked of whom.
pub fn begun(order: &Order<'_>) {
    let contract = &order.loaded.contract;
    println!("{BOLD}{}{BOLD:#}", safe(&contract.name));
    for (nth, said) in contract.intent.trim().lines().enumerate() {
        line(if nth == 0 { "asked" } else { "" }, &safe(said));
    }
    for asker in order.askers {
        let count = order.candidates_of(asker);
        let what = if asker.repairs() {
            format!("{count} candidates in {}, each repaired up to {} times", order.bound.target, order.repairs)
        } else {
            format!("{count} candidates")
        };
        line("generator", &format!("{}: {what}", safe(&asker.id())));
    }
    println!();
}

/// What a try came to: a word and, where there is one, why.
fn outcome(tried: &Tried) -> (Style, &'static str, String) {
    let reason = tried.reason.clone().unwrap_or_default();
    match (tried.outcome, &tried.checked) {
        (Outcome::NoReply, _) => (BAD, "no reply", reason),
        (Outcome::NoCode, _) => (BAD, "no code", reason),
        (Outcome::NotBuilt, _) => (BAD, "not built", reason),
        (Outcome::Built, None) => (DIM, "again", reason),
        (Outcome::Built, Some(checked)) => {
            if checked.result.is_ok() {
                let bytes = tried.artifact.as_ref().map_or(0, |bytes| bytes.len() as u64);
                return (GOOD, "marked", format!("{} bytes", grouped(bytes)));
            }
            let failed = || checked.evidence.iter().filter(|evidence| evidence.outcome == Came::Failed);
            let shown = failed().find_map(|evidence| {
                public(evidence)
                    .next()
                    .map(|found| format!("{} gave {}, which violates {}", found.call, found.got, found.property))
            });
            let unknown = checked.evidence.iter().find(|evidence| evidence.outcome == Came::Unknown);
            match (shown, failed().next(), unknown) {
                (Some(shown), ..) => (BAD, "refused", shown),
                (None, Some(evidence), _) if evidence.counterexamples.is_empty() => {
                    (BAD, "refused", evidence.reason.clone().unwrap_or_default())
                }
                (None, Some(_), _) => (BAD, "refused", "a held-out property is violated".to_owned()),
                (None, None, Some(evidence)) => {
                    (UNSURE, "unknown", format!("{}: {}", evidence.check, evidence.reason.clone().unwrap_or_default()))
                }
                (None, None, None) => {
                    let unmet = checked.result.as_ref().err().and_then(|unmet| unmet.first());
                    (BAD, "refused", unmet.map(|rule| format!("the policy needs {}", rule.needs)).unwrap_or_default())
                }
            }
        }
    }
}

/// The line of one try.
pub fn tried(tried: &Tried) {
    let (style, word, why) = outcome(tried);
    let tokens = tried.spent.output_tokens;
    let cost =
        if tokens > 0 { format!("{tokens} tokens, {} s", tried.spent.milliseconds / 1000) } else { String::new() };
    let why: String = safe(&why).chars().take(160).collect();
    println!("{:>5}  {style}{word:<9}{style:#}  {why} {DIM}{cost}{DIM:#}", tried.number());
}

/// A mark for which nobody had to be asked.
pub fn reused(format: Format, loaded: &Loaded, how: &str, found: &Found, output: &Path) {
    if format == Format::Json {
        let body = json!({
            "verdict": "marked",
            "reused": true,
            "how": how,
            "contract": { "name": loaded.contract.name, "sha256": loaded.contract.digest },
            "artifact": output.display().to_string(),
            "mark": beside(output).display().to_string(),
            "tries": [],
        });
        return super::json("make", body);
    }
    println!("{GOOD}marked{GOOD:#}     {}", beside(output).display());
    let how = match how {
        "checked" => "made for another contract with this interface, and checked against this one",
        _ => "marked before for this contract",
    };
    line("artifact", &format!("{}, {} bytes: {how}", output.display(), grouped(found.artifact.len() as u64)));
    line("from", &format!("{}; nobody was asked (--fresh asks)", safe(&found.verified.submission.generator)));
}

/// What is left of all tries.
pub fn ended(
    format: Format,
    loaded: &Loaded,
    tries: &[Tried],
    alike: Option<&Alike>,
    best: Option<&Best<'_>>,
    output: &Path,
) {
    let shown =
        alike.map(|alike| Shown { compared: &alike.compared, paths: &alike.names, artifacts: &alike.artifacts });
    match format {
        Format::Human => {
            if let Some(shown) = &shown {
                println!();
                compare::human(shown);
            }
            human(loaded, tries, best, output);
        }
        Format::Json => {
            let behaviour = shown.as_ref().map_or(Value::Null, compare::json);
            super::json("make", machine(loaded, tries, &behaviour, best, output));
        }
    }
}

fn human(loaded: &Loaded, tries: &[Tried], best: Option<&Best<'_>>, output: &Path) {
    println!();
    let marked = tries.iter().filter(|tried| tried.mark().is_some()).count();
    let count = tries.len();
    match best {
        Some(best) => {
            println!("{GOOD}marked{GOOD:#}     {}", beside(output).display());
            line("artifact", &format!("{}, {} bytes", output.display(), grouped(best.artifact.len() as u64)));
            let repairs = match best.tried.repairs {
                0 => "its first answer".to_owned(),
                1 => "after one repair".to_owned(),
                repairs => format!("after {repairs} repairs"),
            };
            let of = format!("candidate {} of {}, {repairs}", best.tried.candidate, safe(&best.tried.generator));
            line("from", &format!("{of}; {marked} of {count} tries were marked"));
            if best.tried.reproducible == Some(false) {
                line("", &format!("{UNSURE}its two builds gave different bytes{UNSURE:#}"));
            }
            if let Some(call) = loaded.contract.examples.first().map(|example| example.call.to_string()) {
                line("next", &format!("proofmark run {} '{}'", beside(output).display(), safe(&call)));
            }
        }
        None => {
            println!("{BAD}nothing was marked{BAD:#}, in {count} tries");
            line("next", "more --candidates or --repairs, another generator, or a contract that says more");
        }
    }
}

fn machine(loaded: &Loaded, tries: &[Tried], behaviour: &Value, best: Option<&Best<'_>>, output: &Path) -> Value {
    let tries: Vec<Value> = tries
        .iter()
        .map(|tried| {
            let (_, word, why) = outcome(tried);
            json!({
                "generator": tried.generator,
                "candidate": tried.candidate,
                "repairs": tried.repairs,
                "outcome": word,
                "why": why,
                "artifact": tried.checked.as_ref().map(|checked| checked.artifact),
                "attempt": tried.checked.as_ref().map(|checked| checked.submission.attempt),
                "reproducible": tried.reproducible,
                "spent": tried.spent,
                "provenance": tried.provenance,
            })
        })
        .collect();
    json!({
        "reused": false,
        "verdict": if best.is_some() { "marked" } else { "nothing marked" },
        "contract": { "name": loaded.contract.name, "sha256": loaded.contract.digest },
        "artifact": best.map(|_| output.display().to_string()),
        "mark": best.map(|_| beside(output).display().to_string()),
        "tries": tries,
        "behaviour": behaviour,
    })
}
