//! False steps: why a try was not marked, from its evidence alone.
//!
//! A try has one: what the first check of the plan that failed found first. Only where none failed do those count that
//! decided nothing.

use proofmark_mark::evidence::{Evidence, Outcome};
use proofmark_mark::provenance::Outcome as Made;

/// Why a try was not marked, in the order of the way to a mark.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Step {
    /// No whole answer came.
    NoReply,
    /// The answer held no code that could be taken.
    NoCode,
    DoesNotBuild,
    /// It was built, and never checked.
    Unchecked,
    /// It asks for what the contract does not grant.
    AsksForCapabilities,
    /// It is not what the contract's interface describes, or breaks a static limit.
    DoesNotFit,
    Traps,
    /// It ran out of fuel, in one call or in all of them together.
    Slow,
    /// It went over another budget: memory, stack, or what it may write.
    OverBudget,
    /// Another result than an example shows or the reference gives, or a property that does not hold.
    Wrong,
    NotDeterministic,
    /// A secret shows.
    Leaks,
    /// A check decided nothing, or none came to its end.
    Unknown,
    /// No check failed; the policy asks for more.
    Refused,
}

impl Step {
    #[must_use]
    pub fn as_str(self) -> &'static str {
        match self {
            Self::NoReply => "no reply",
            Self::NoCode => "no code",
            Self::DoesNotBuild => "does not build",
            Self::Unchecked => "unchecked",
            Self::AsksForCapabilities => "asks for capabilities",
            Self::DoesNotFit => "does not fit",
            Self::Traps => "traps",
            Self::Slow => "slow",
            Self::OverBudget => "over budget",
            Self::Wrong => "wrong",
            Self::NotDeterministic => "not deterministic",
            Self::Leaks => "leaks",
            Self::Unknown => "unknown",
            Self::Refused => "refused",
        }
    }

    /// Why a try brought no artifact; `None` if it brought one.
    #[must_use]
    pub fn of_making(outcome: Made) -> Option<Self> {
        match outcome {
            Made::NoReply => Some(Self::NoReply),
            Made::NoCode => Some(Self::NoCode),
            Made::NotBuilt => Some(Self::DoesNotBuild),
            Made::Built => None,
        }
    }

    /// What was wrong with an artifact that was refused, from its evidence in the order of the plan. Evidence is taken
    /// only as far as it is needed.
    ///
    /// # Errors
    /// The first error of the iterator.
    pub fn of_evidence<E>(evidence: impl IntoIterator<Item = Result<Evidence, E>>) -> Result<Self, E> {
        let mut softer = Self::Refused;
        for one in evidence {
            let one = one?;
            match one.outcome {
                Outcome::Failed => {
                    if let Some(step) = failed(&one) {
                        return Ok(step);
                    }
                }
                Outcome::Unknown => softer = Self::Unknown,
                Outcome::Passed if softer == Self::Refused && starved(&one) => softer = Self::Slow,
                Outcome::Passed => {}
            }
        }
        Ok(softer)
    }
}

/// What a failed check found; `None` for one that says nothing about the artifact's behaviour.
fn failed(evidence: &Evidence) -> Option<Step> {
    match evidence.check.as_str() {
        "inspect" => Some(unfit(evidence.reason.as_deref().unwrap_or_default())),
        "examples" | "properties" | "reference" => {
            let first = evidence.counterexamples.first();
            Some(first.map_or(Step::Wrong, |found| misbehaved(&found.property, &found.got)))
        }
        "determinism" => Some(Step::NotDeterministic),
        "interference" => Some(Step::Leaks),
        _ => None,
    }
}

/// Whether inspection found something that is asked for. Evidence says what it found in words alone: those of
/// `proofmark_run::imports::NotGranted`, and of native executables those of the check.
fn unfit(reason: &str) -> Step {
    let asks = reason.starts_with("import `")
        || reason.starts_with("it loads `")
        || (reason.starts_with("its ") && reason.ends_with(" needs `generate_code`"));
    if asks { Step::AsksForCapabilities } else { Step::DoesNotFit }
}

/// A counterexample's `got` is a value in WAVE, or says why there is none. WAVE has no value that begins like those
/// sentences: a text is in quotes, and no name is followed by a space.
fn misbehaved(property: &str, got: &str) -> Step {
    let ended = got.strip_prefix("while it was instantiated: ").unwrap_or(got);
    let begins = |words: &[&str]| words.iter().any(|word| ended.starts_with(word));
    if begins(&["exceeded the fuel budget "]) {
        Step::Slow
    } else if begins(&["exceeded the ", "wrote more than ", "made more than ", "made directories more than "]) {
        Step::OverBudget
    } else if property == "no traps" || begins(&["trap: ", "it exited with status ", "ended by signal "]) {
        Step::Traps
    } else {
        Step::Wrong
    }
}

/// Whether the contract's total fuel ended a check before its executions were done, which policies count.
fn starved(evidence: &Evidence) -> bool {
    let functions = evidence.details.get("functions").and_then(serde_json::Value::as_array);
    let starved = |function: &serde_json::Value| {
        function.get("shards_out_of_fuel").and_then(serde_json::Value::as_u64).is_some_and(|shards| shards > 0)
    };
    functions.is_some_and(|functions| functions.iter().any(starved))
}

#[cfg(test)]
mod tests;
