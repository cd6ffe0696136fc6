//! `properties` of a contract that has sealed properties: what is held out is tried too, and hardly anything is told of it.
//!
//! The public contract is tried first, alone, also with no constant of a sealed property among the inputs: so whatever that
//! finds, and every other check finds, depends on public bytes only and may be shown. If it holds, the whole contract is
//! tried, as if nothing had been sealed. Of that, evidence says which property is violated, a sealed one by its
//! commitment, and no call. The rest is [`Withheld`].

use std::collections::BTreeMap;

use proofmark_mark::evidence::{Counterexample, Outcome, risk_ppm};
use serde::{Deserialize, Serialize};

use super::{Finding, Progress, Task, properties};

const CHECK: &str = "properties";
const NOT_OPENED: &str = "the contract has sealed properties that are not opened here";
const VIOLATED: &str = "a property is violated, and what shows it is held out";
const UNDECIDED: &str = "what is held out has no answer";

/// What only the contract's owner may see of a check: never in evidence, and never recorded.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Withheld {
    pub reason: Option<String>,
    pub counterexamples: Vec<Counterexample>,
}

/// Runs `properties`.
#[must_use]
pub fn run(task: &Task<'_>, progress: Progress<'_>) -> (Finding, Option<Withheld>) {
    let sealed = task.contract.sealed.len() as u64;
    if sealed == 0 {
        return (properties::run(task, progress), None);
    }
    let Some(whole) = task.contract.whole() else { return (Finding::unknown(CHECK, NOT_OPENED), None) };
    let first = properties::run(task, &|done, planned| progress(done, planned.saturating_mul(2)));
    let (mut finding, withheld) = if first.outcome == Outcome::Passed {
        let shifted = |done, planned: u64| progress(planned.saturating_add(done), planned.saturating_mul(2));
        joined(task, first, properties::run(&Task { contract: &whole, tell: &|_| {}, ..*task }, &shifted))
    } else {
        // What is held out would tell a generator more, and change nothing.
        (first, None)
    };
    for name in ["properties", "held_out"] {
        let count = finding.counts.entry(name.to_owned()).or_default();
        *count = count.saturating_add(sealed);
    }
    (finding, withheld)
}

/// The finding over the public contract, with what may be said of the one over the `whole` contract, and the rest of that.
fn joined(task: &Task<'_>, public: Finding, whole: Finding) -> (Finding, Option<Withheld>) {
    let Finding { outcome, reason, counterexamples, counts, .. } = whole;
    if outcome == Outcome::Passed {
        return (least(task, public, executions(&counts)), None);
    }
    let reduced = counterexamples.iter().map(|one| Counterexample {
        property: task.contract.commitment(&one.property).map_or_else(|| one.property.clone(), |one| one.to_string()),
        call: String::new(),
        violated: String::new(),
        got: String::new(),
        held_out: true,
    });
    let said = if outcome == Outcome::Failed { VIOLATED } else { UNDECIDED };
    let finding = Finding { outcome, reason: Some(said.to_owned()), counterexamples: reduced.collect(), ..public };
    (finding, Some(Withheld { reason, counterexamples }))
}

/// The finding with at most so many executions, and the risk that they leave.
fn least(task: &Task<'_>, mut finding: Finding, others: u64) -> Finding {
    let least = executions(&finding.counts).min(others);
    finding.counts.insert("executions".to_owned(), least);
    finding.counts.insert("risk_ppm".to_owned(), risk_ppm(task.attempt, least));
    finding
}

fn executions(counts: &BTreeMap<String, u64>) -> u64 {
    counts.get("executions").copied().unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use proofmark_contract::{Contract, SealKey, seal};
    use proofmark_mark::challenge::Challenge;
    use proofmark_mark::digest::Digest;

    use super::*;

    const KEY: SealKey = SealKey::new([7; 32]);
    /// Two functions, so that counterexamples to both can be held out.
    const TEXT: &str = "contract = 1\nname = 'c'\nintent = 'c'\n[interface]\nwit = 'package a:b; world w { export f: \
                        func(n: u32) -> u32; export g: func(n: u32) -> u32; }'\n[[property]]\nname = 'plain'\nof = \
                        'f'\nensures = 'result >= n'\n[[property]]\nname = 'planted'\nof = 'f'\nensures = 'n != \
                        2718281828u || result == n'\nheld_out = true\n";
    const SAME: &str = "local.get 0";
    /// MurmurHash3's finaliser. What is compared after it leads nobody to 2718281828, to which the constant of the sealed property
    /// leads; and it is compared so that it is not missed.
    const MIX: &str = "(func $mix (param $h i32) (result i32) \
                       (local.set $h (i32.mul (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 16))) (i32.const 0x85ebca6b))) \
                       (local.set $h (i32.mul (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 13))) (i32.const 0xc2b2ae35))) (i32.xor (local.get $h) (i32.shr_u (local.get $h) (i32.const 16))))";
    /// Wrong there.
    const WRONG: &str = "(select (i32.const -1) (local.get 0) (i32.lt_u (i32.xor (call $mix (local.get 0)) (i32.const -228726657)) (i32.const 1)))";
    /// Traps there.
    const TRAPS: &str = "(if (i32.lt_u (i32.xor (call $mix (local.get 0)) (i32.const -228726657)) (i32.const 1)) (then unreachable)) local.get 0";

    fn sealed(text: &str) -> Contract {
        seal(text, &KEY).unwrap().1
    }

    fn found(contract: &Contract, f: &str) -> (Finding, Option<Withheld>) {
        let artifact = format!(
            "(module {MIX} (func (export \"f\") (param i32) (result i32) {f}) (func (export \"g\") (param i32) (result i32) \
             local.get 0))"
        );
        let challenge = Challenge(Digest::of(b"seed"));
        let artifact = artifact.as_bytes();
        run(&Task::new(contract, artifact, challenge, 4096, 2), &|_, _| {})
    }

    #[test]
    fn what_holds_is_counted_and_says_nothing_of_what_is_sealed() {
        let contract = sealed(TEXT);
        let (finding, withheld) = found(&contract, SAME);
        assert_eq!((finding.outcome, withheld), (Outcome::Passed, None));
        assert_eq!(["properties", "held_out", "executions"].map(|name| finding.counts[name]), [2, 1, 4096]);
        // But for these counts it is what anyone finds who has the public text with nothing sealed.
        let public = Contract::parse(&TEXT[..TEXT.rfind("[[property]]").unwrap()]).unwrap();
        assert_eq!(found(&public, SAME).0.details, finding.details);
    }

    #[test]
    fn a_violated_sealed_property_is_named_by_its_commitment_alone() {
        let contract = sealed(TEXT);
        let (finding, withheld) = found(&contract, WRONG);
        let only = Counterexample {
            property: contract.sealed[0].commitment.to_string(),
            call: String::new(),
            violated: String::new(),
            got: String::new(),
            held_out: true,
        };
        assert_eq!((finding.outcome, &finding.counterexamples), (Outcome::Failed, &vec![only]));
        for planted in ["planted", "2718281828", "4294967295"] {
            assert!(!format!("{finding:?}").contains(planted), "{planted}: {finding:?}");
        }
        let shown = &withheld.unwrap().counterexamples[0];
        assert_eq!((shown.property.as_str(), shown.call.as_str()), ("planted", "f(2718281828)"));
    }

    #[test]
    fn a_trap_that_only_a_sealed_constant_finds_is_held_out_too() {
        let (finding, withheld) = found(&sealed(TEXT), TRAPS);
        let [only] = &finding.counterexamples[..] else { panic!("{finding:?}") };
        assert_eq!((only.property.as_str(), only.call.as_str(), only.held_out), ("no traps", "", true));
        assert!(!format!("{finding:?}").contains("2718281828"), "{finding:?}");
        assert_eq!(withheld.unwrap().counterexamples[0].call, "f(2718281828)");
    }

    #[test]
    fn what_is_public_fails_with_its_counterexample_and_nothing_sealed_is_tried() {
        let (finding, withheld) = found(&sealed(TEXT), "i32.const 0");
        assert_eq!((finding.outcome, withheld), (Outcome::Failed, None));
        assert_eq!((finding.counterexamples[0].property.as_str(), finding.counts["held_out"]), ("plain", 1));
        assert_eq!(finding.counterexamples[0].call, "f(1)");
    }

    #[test]
    fn what_is_vacuous_or_has_no_answer_is_unknown_without_words() {
        let never = "ensures = 'n != 2718281828u || result == n'";
        for ensures in [
            "requires = 'n == 31415926u && n != 31415926u'\nensures = 'result == n'",
            "ensures = '1u / (n - n) == 31415926u && result == n'",
        ] {
            let (finding, withheld) = found(&sealed(&TEXT.replace(never, ensures)), SAME);
            assert_eq!(finding.outcome, Outcome::Unknown, "{ensures}");
            assert!(!format!("{finding:?}").contains("planted") && !format!("{finding:?}").contains("31415926"));
            assert!(withheld.unwrap().reason.unwrap().contains("planted"));
        }
    }

    #[test]
    fn what_is_not_opened_is_never_a_pass() {
        let (text, _) = seal(TEXT, &KEY).unwrap();
        let (finding, withheld) = found(&Contract::parse(&text).unwrap(), SAME);
        assert_eq!((finding.outcome, finding.reason.as_deref()), (Outcome::Unknown, Some(NOT_OPENED)));
        assert!(withheld.is_none());
    }
}
