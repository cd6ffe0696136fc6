//! The three presets: each permits good evidence, and each missing, unknown, failed or insufficient piece is named.

use std::collections::BTreeSet;

use proofmark_mark::challenge::Challenge;
use proofmark_mark::digest::Digest;
use proofmark_mark::evidence::{Evidence, Outcome};
use proofmark_mark::policy::{Action, DEFAULT_DENY, Decision, Policy, Request};
use proofmark_mark::submission::{Autonomy, PolicyRef, Submission};

use crate::builder::passed;

pub const PRESETS: [(&str, &str); 3] = [
    ("assisted", include_str!("../../../../policies/assisted.cedar")),
    ("supervised", include_str!("../../../../policies/supervised.cedar")),
    ("autonomous", include_str!("../../../../policies/autonomous.cedar")),
];

/// A request that the preset permits, to be spoiled in one place.
struct Asked {
    policy: Policy,
    submission: Submission,
    evidence: Vec<Evidence>,
}

impl Asked {
    fn good(preset: &str) -> Self {
        let (_, text) = PRESETS.iter().find(|(name, _)| *name == preset).unwrap();
        let policy = Policy::parse(text).unwrap();
        let contract = Digest([1; 32]);
        let submission = Submission {
            contract,
            generator: "a model".to_owned(),
            attempt: 1,
            autonomy: policy.autonomy(),
            capabilities: BTreeSet::new(),
            approvals: if preset == "assisted" { names(&["Ada"]) } else { BTreeSet::new() },
            plan: policy.plan(),
            policy: PolicyRef { name: preset.to_owned(), digest: policy.digest() },
        };
        let challenge = Challenge(Digest([2; 32]));
        let evidence = policy.plan().iter().map(|planned| passed(&planned.check, contract, challenge, 1)).collect();
        Self { policy, submission, evidence }
    }

    fn evidence(&mut self, check: &str) -> &mut Evidence {
        self.evidence.iter_mut().find(|evidence| evidence.check == check).unwrap()
    }

    fn count(&mut self, check: &str, name: &str, count: u64) {
        assert!(self.evidence(check).counts.insert(name.to_owned(), count).is_some(), "{check} {name}");
    }

    /// The rules that refuse; none if it is permitted. The actions must agree, but for `depart` under `autonomous`.
    fn rules(&self) -> Vec<String> {
        let decide = |action| {
            let artifact = Digest([3; 32]);
            let request = Request { action, artifact, submission: &self.submission, evidence: &self.evidence };
            match self.policy.decide(&request) {
                Decision::Permit => Vec::new(),
                Decision::Deny(unmet) => {
                    assert!(!unmet.is_empty() && unmet.iter().all(|unmet| !unmet.needs.is_empty()));
                    unmet.into_iter().map(|unmet| unmet.rule).collect()
                }
            }
        };
        let rules = decide(Action::Mark);
        assert_eq!(rules, decide(Action::Run));
        // Nobody looks at an autonomous run, so none may go on after it left its profile.
        let departing = match (self.policy.autonomy(), rules.is_empty()) {
            (Autonomy::Autonomous, true) => vec![DEFAULT_DENY.to_owned()],
            _ => rules.clone(),
        };
        assert_eq!(decide(Action::Depart), departing);
        rules
    }
}

fn names(names: &[&str]) -> BTreeSet<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn refused_by(preset: &str, rules: &[&str], spoil: impl FnOnce(&mut Asked)) {
    let mut asked = Asked::good(preset);
    spoil(&mut asked);
    assert_eq!(asked.rules(), rules, "{preset}");
}

/// The rules that look at one check, in each preset.
fn rules_of(preset: &str, check: &str) -> &'static [&'static str] {
    match (preset, check) {
        ("supervised", "inspect") => &["inspected", "writes-guarded"],
        ("autonomous", "inspect") => &["inspected", "nothing-more-possible"],
        (_, "inspect") => &["inspected"],
        (_, "examples") => &["examples-hold"],
        ("assisted", "properties") => &["no-counterexample"],
        ("supervised", "properties") => &["property-stated", "properties-hold", "comparisons-met"],
        ("autonomous", "properties") => &["properties-held-out", "properties-hold", "risk-low", "comparisons-met"],
        ("assisted", "reference") => &["no-known-difference"],
        (_, "reference") => &["as-reference"],
        (_, "determinism") => &["deterministic"],
        ("assisted", "interference") => &["no-known-leak"],
        (_, "interference") => &["secrets-kept"],
        ("autonomous", "strength") => &["contract-strong"],
        _ => &[],
    }
}

#[test]
fn good_evidence_is_permitted() {
    for (preset, _) in PRESETS {
        assert_eq!(Asked::good(preset).rules(), [""; 0], "{preset}");
    }
}

#[test]
fn a_missing_check_is_refused_by_every_rule_that_needs_it() {
    for (preset, _) in PRESETS {
        for planned in Asked::good(preset).policy.plan().iter() {
            let check = planned.check.as_str();
            refused_by(preset, rules_of(preset, check), |asked| asked.evidence.retain(|one| one.check != check));
        }
        let asked = Asked { evidence: Vec::new(), ..Asked::good(preset) };
        let mut all: Vec<&str> =
            asked.policy.plan().iter().flat_map(|one| rules_of(preset, &one.check).to_vec()).collect();
        let mut named = asked.rules();
        // Named in the policy's order, which is not that of the checks.
        all.sort_unstable();
        named.sort_unstable();
        assert_eq!(named, all);
    }
}

#[test]
fn a_failed_or_unknown_check_is_refused() {
    for (preset, _) in PRESETS {
        for planned in Asked::good(preset).policy.plan().iter() {
            let check = planned.check.as_str();
            let rule = match (preset, check) {
                (_, "properties") => {
                    if preset == "assisted" {
                        "no-counterexample"
                    } else {
                        "properties-hold"
                    }
                }
                _ => rules_of(preset, check)[0],
            };
            refused_by(preset, &[rule], |asked| asked.evidence(check).outcome = Outcome::Failed);
            // Under `assisted`, a person's reading stands in for properties, calls and pairs that could not be decided.
            let decided = !matches!((preset, check), ("assisted", "properties" | "reference" | "interference"));
            let wanted: &[&str] = if decided { &[rule] } else { &[] };
            refused_by(preset, wanted, |asked| asked.evidence(check).outcome = Outcome::Unknown);
        }
    }
}

#[test]
fn counts_that_contradict_the_outcome_are_refused() {
    for (preset, _) in PRESETS {
        refused_by(preset, &["inspected"], |asked| asked.count("inspect", "violations", 1));
        refused_by(preset, &["examples-hold"], |asked| asked.count("examples", "passed", 2));
        refused_by(preset, &["examples-hold"], |asked| {
            asked.count("examples", "passed", 0);
            asked.count("examples", "total", 0);
        });
    }
    for preset in ["supervised", "autonomous"] {
        refused_by(preset, &["deterministic"], |asked| asked.count("determinism", "differences", 1));
        refused_by(preset, &["deterministic"], |asked| asked.count("determinism", "pairs", 0));
        refused_by(preset, &["secrets-kept"], |asked| asked.count("interference", "leaks", 1));
    }
    refused_by("assisted", &["no-known-leak"], |asked| asked.count("interference", "leaks", 1));
}

#[test]
fn secrets_need_pairs_and_contracts_without_them_need_none() {
    for (preset, least) in [("supervised", 1000), ("autonomous", 10_000)] {
        refused_by(preset, &[], |asked| asked.count("interference", "pairs", least));
        refused_by(preset, &["secrets-kept"], |asked| asked.count("interference", "pairs", least - 1));
        refused_by(preset, &[], |asked| {
            asked.count("interference", "pairs", 0);
            asked.count("interference", "secrets", 0);
        });
    }
}

#[test]
fn references_need_calls_and_contracts_without_one_need_none() {
    for (preset, least) in [("supervised", 10_000), ("autonomous", 50_000)] {
        refused_by(preset, &[], |asked| asked.count("reference", "executions", least));
        refused_by(preset, &["as-reference"], |asked| asked.count("reference", "executions", least - 1));
        refused_by(preset, &["as-reference"], |asked| asked.count("reference", "differences", 1));
        refused_by(preset, &[], |asked| {
            asked.count("reference", "executions", 0);
            asked.count("reference", "references", 0);
        });
    }
    refused_by("assisted", &["no-known-difference"], |asked| asked.count("reference", "differences", 1));
}

#[test]
fn assisted_needs_a_person() {
    refused_by("assisted", &["read-by-a-person"], |asked| asked.submission.approvals.clear());
}

#[test]
fn supervised_has_its_thresholds() {
    refused_by("supervised", &[], |asked| asked.count("properties", "executions", 10_000));
    refused_by("supervised", &["properties-hold"], |asked| asked.count("properties", "executions", 9_999));
    refused_by("supervised", &["property-stated"], |asked| asked.count("properties", "properties", 0));
    refused_by("supervised", &[], |asked| asked.submission.attempt = 1000);
    refused_by("supervised", &["attempts-limited"], |asked| asked.submission.attempt = 1001);
    refused_by("supervised", &["attempts-limited"], |asked| asked.submission.attempt = 0);
}

#[test]
fn supervised_reach_costs_more() {
    for reach in ["environment", "read"] {
        let wants = |asked: &mut Asked| asked.submission.capabilities = names(&[reach, "stdout"]);
        refused_by("supervised", &["reach-approved"], wants);
        refused_by("supervised", &[], |asked| {
            wants(asked);
            asked.submission.approvals = names(&["Ada"]);
        });
        refused_by("supervised", &["reach-tested", "reach-approved"], |asked| {
            wants(asked);
            asked.count("properties", "executions", 49_999);
        });
    }
    refused_by("supervised", &[], |asked| asked.submission.capabilities = names(&["stdin", "random", "clocks"]));
}

#[test]
fn supervised_wants_an_invariant_for_each_tree_that_may_be_written() {
    refused_by("supervised", &["writes-guarded"], |asked| asked.count("inspect", "unguarded", 1));
    refused_by("assisted", &[], |asked| asked.count("inspect", "unguarded", 1));
}

#[test]
fn autonomous_takes_no_native_executable_that_could_ask_for_more() {
    let possible = |count: u64| {
        move |asked: &mut Asked| {
            asked.evidence("inspect").counts.insert("possible".to_owned(), count);
        }
    };
    refused_by("autonomous", &[], possible(0));
    refused_by("autonomous", &["nothing-more-possible"], possible(1));
    for preset in ["assisted", "supervised"] {
        refused_by(preset, &[], possible(1));
    }
}

#[test]
fn autonomous_wants_a_contract_that_would_have_noticed() {
    refused_by("autonomous", &[], |asked| asked.count("strength", "score", 50));
    refused_by("autonomous", &["contract-strong"], |asked| asked.count("strength", "score", 49));
    refused_by("autonomous", &["contract-strong"], |asked| asked.count("strength", "survived", 11));
    // Native code has no mutants.
    refused_by("autonomous", &[], |asked| {
        asked.evidence("strength").outcome = Outcome::Unknown;
        asked.evidence("inspect").counts.insert("possible".to_owned(), 0);
    });
}

#[test]
fn autonomous_has_its_thresholds() {
    refused_by("autonomous", &[], |asked| asked.count("properties", "executions", 200_000));
    refused_by("autonomous", &["properties-hold"], |asked| asked.count("properties", "executions", 199_999));
    refused_by("autonomous", &[], |asked| asked.count("properties", "risk_ppm", 50));
    refused_by("autonomous", &["risk-low"], |asked| asked.count("properties", "risk_ppm", 51));
    refused_by("autonomous", &["properties-held-out"], |asked| asked.count("properties", "properties", 1));
    refused_by("autonomous", &["properties-held-out"], |asked| asked.count("properties", "held_out", 0));
    refused_by("autonomous", &["deterministic"], |asked| asked.count("determinism", "pairs", 999));
    refused_by("autonomous", &[], |asked| asked.submission.attempt = 16);
    refused_by("autonomous", &["attempts-few"], |asked| asked.submission.attempt = 17);
    refused_by("autonomous", &[], |asked| asked.submission.capabilities = names(&["stdout", "stderr", "clocks"]));
    for capability in ["stdin", "random", "environment", "read", "anything"] {
        let refuse = |asked: &mut Asked| asked.submission.capabilities = names(&["stdout", capability]);
        refused_by("autonomous", &["capabilities-harmless"], refuse);
    }
}

#[test]
fn evidence_for_one_level_does_not_buy_another() {
    for (preset, _) in PRESETS {
        for (other, _) in PRESETS {
            if preset != other {
                let level = Asked::good(other).policy.autonomy();
                refused_by(preset, &["default-deny"], |asked| asked.submission.autonomy = level);
            }
        }
    }
}

#[test]
fn every_rule_says_what_to_do() {
    for (preset, text) in PRESETS {
        assert_eq!(text.matches("forbid (").count(), text.matches("@next(").count(), "{preset}");
        assert_eq!(text.matches("forbid (").count(), text.matches("@needs(").count(), "{preset}");
    }
}
