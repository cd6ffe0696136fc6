//! Policies: what is refused as a policy, and that nothing is permitted by accident.

use serde_json::json;

use super::*;
use crate::challenge::Challenge;
use crate::evidence::Outcome;
use crate::submission::PolicyRef;

const PERMIT: &str = r#"@id("level") @autonomy("assisted") @plan("inspect") permit (principal, action, resource);"#;

fn submission() -> Submission {
    Submission {
        contract: Digest([1; 32]),
        generator: "someone \"odd\"::\\".to_owned(),
        attempt: 1,
        autonomy: Autonomy::Assisted,
        capabilities: BTreeSet::new(),
        approvals: BTreeSet::new(),
        plan: "inspect".parse().unwrap(),
        policy: PolicyRef { name: "p".to_owned(), digest: Digest([2; 32]) },
    }
}

fn inspected(counts: &[(&str, u64)]) -> Evidence {
    Evidence {
        check: "inspect".to_owned(),
        contract: Digest([1; 32]),
        challenge: Challenge(Digest([3; 32])),
        attempt: 1,
        outcome: Outcome::Passed,
        reason: None,
        counts: counts.iter().map(|(name, count)| ((*name).to_owned(), *count)).collect(),
        counterexamples: Vec::new(),
        details: json!({}),
    }
}

const COUNTS: [(&str, u64); 7] = [
    ("imports", 0),
    ("exports", 1),
    ("functions", 3),
    ("memories", 1),
    ("bytes", 99),
    ("violations", 0),
    ("unguarded", 0),
];

fn decide(policy: &str, submission: &Submission, evidence: &[Evidence]) -> Decision {
    let artifact = Digest([4; 32]);
    let request = Request { action: Action::Mark, artifact, submission, evidence };
    Policy::parse(policy).unwrap().decide(&request)
}

fn rules(decision: &Decision) -> Vec<&str> {
    match decision {
        Decision::Permit => Vec::new(),
        Decision::Deny(unmet) => unmet.iter().map(|unmet| unmet.rule.as_str()).collect(),
    }
}

#[test]
fn a_policy_says_its_level_plan_and_digest() {
    let policy = Policy::parse(PERMIT).unwrap();
    assert_eq!(policy.autonomy(), Autonomy::Assisted);
    assert_eq!(policy.plan().to_string(), "inspect");
    assert_eq!(policy.digest(), Digest::of(PERMIT.as_bytes()));
}

#[test]
fn a_text_that_is_no_usable_policy_is_refused() {
    let forbid = r#"@id("f") @needs("x") forbid (principal, action, resource) unless { context.attempt == 1 };"#;
    assert!(Policy::parse(&format!("{PERMIT}{forbid}")).is_ok());
    let wrong = [
        (String::new(), "exactly one `permit`"),
        (forbid.to_owned(), "exactly one `permit`"),
        (format!("{PERMIT}{}", PERMIT.replace("level", "other")), "it has 2"),
        (format!("{PERMIT}{forbid}{forbid}"), "two rules"),
        (format!("{PERMIT}{}", forbid.replace("\"f\"", "\"level\"")), "two rules"),
        (PERMIT.replace("@autonomy(\"assisted\")", ""), "@autonomy"),
        (PERMIT.replace("assisted", "free"), "`free`"),
        (PERMIT.replace("@plan(\"inspect\")", ""), "@plan"),
        (PERMIT.replace("\"inspect\"", "\"inspect inspect\""), "twice"),
        (PERMIT.replace("@id(\"level\")", ""), "@id"),
        (format!("{PERMIT}{}", forbid.replace("@needs(\"x\")", "")), "@needs"),
        (format!("{PERMIT}{}", forbid.replace("@needs(\"x\")", "@needs(\" \")")), "@needs"),
        (format!("{PERMIT}{}", forbid.replace("attempt", "atempt")), "against the schema"),
        (format!("{PERMIT}{}", forbid.replace("== 1", "== \"1\"")), "against the schema"),
        (
            format!(
                "{PERMIT}{}",
                forbid.replace("attempt == 1", "attempt == 1 && resource.evidence.inspect.bytes > 0")
            ),
            "schema",
        ),
        (format!("{PERMIT}{}", forbid.replace("context.attempt == 1", "true")), "against the schema"),
        (PERMIT.replace("principal,", "principal == ?principal,"), "template"),
        (PERMIT.replace(';', ""), "not Cedar"),
        (format!("{PERMIT}{}", " ".repeat(POLICY_BYTES_MAX)), "over the limit"),
        (PERMIT.replace(';', &format!("when {{ {}true{} }};", "(".repeat(5000), ")".repeat(5000))), "nests more"),
    ];
    for (text, part) in wrong {
        let error = Policy::parse(&text).unwrap_err().to_string();
        assert!(error.contains(part), "{part}: {error}");
    }
}

#[test]
fn a_rule_that_cannot_be_evaluated_denies() {
    // Cedar leaves an erring `forbid` out; alone, the `permit` would then win.
    let overflow = r#"@id("too-much") @needs("x") forbid (principal, action, resource)
        unless { context.attempt + 9223372036854775807 > 0 };"#;
    let decision = decide(&format!("{PERMIT}{overflow}"), &submission(), &[]);
    assert_eq!(rules(&decision), ["too-much"]);
    let Decision::Deny(unmet) = &decision else { panic!() };
    assert!(unmet[0].needs.contains("can be evaluated"), "{unmet:?}");
    let fine = overflow.replace("9223372036854775807", "1");
    assert_eq!(decide(&format!("{PERMIT}{fine}"), &submission(), &[]), Decision::Permit);
}

#[test]
fn without_a_matching_permit_the_default_denies() {
    let level = PERMIT.replace(';', r#"when { context.autonomy == "supervised" };"#);
    assert_eq!(rules(&decide(&level, &submission(), &[])), [DEFAULT_DENY]);
    let other = PERMIT.replace("action,", "action == Action::\"run\",");
    assert_eq!(rules(&decide(&other, &submission(), &[])), [DEFAULT_DENY]);
}

#[test]
fn a_policy_that_says_nothing_about_departures_denies_them() {
    let departs = |policy: &str| {
        let (artifact, submission) = (Digest([4; 32]), submission());
        let request = Request { action: Action::Depart, artifact, submission: &submission, evidence: &[] };
        Policy::parse(policy).unwrap().decide(&request)
    };
    let listed = |actions: &str| PERMIT.replace("action,", &format!("action in [{actions}],"));
    assert_eq!(rules(&departs(&listed(r#"Action::"mark", Action::"run""#))), [DEFAULT_DENY]);
    let permits = listed(r#"Action::"mark", Action::"run", Action::"depart""#);
    assert_eq!(departs(&permits), Decision::Permit);
    let unless = r#"@id("stay") @needs("x") forbid (principal, action == Action::"depart", resource)
        when { context.attempt == 1 };"#;
    assert_eq!(rules(&departs(&format!("{permits}{unless}"))), ["stay"]);
    assert_eq!(decide(&format!("{permits}{unless}"), &submission(), &[]), Decision::Permit);
}

#[test]
fn evidence_that_does_not_fit_the_schema_denies() {
    assert_eq!(decide(PERMIT, &submission(), &[inspected(&COUNTS)]), Decision::Permit);
    let odd = Evidence { check: "guess".to_owned(), ..inspected(&[]) };
    let missing = inspected(&COUNTS[1..]);
    let more = inspected(&[COUNTS.as_slice(), &[("luck", 1)]].concat());
    let clash = inspected(&[COUNTS.as_slice(), &[("outcome", 1)]].concat());
    let large = inspected(&[COUNTS.as_slice(), &[("bytes", u64::MAX)]].concat());
    let twice = [inspected(&COUNTS), inspected(&COUNTS)];
    for evidence in [&[odd][..], &[missing], &[more], &[clash], &[large], &twice] {
        assert_eq!(rules(&decide(PERMIT, &submission(), evidence)), [MALFORMED], "{evidence:?}");
    }
    let attempt = Submission { attempt: u64::MAX, ..submission() };
    assert_eq!(rules(&decide(PERMIT, &attempt, &[])), [MALFORMED]);
}

#[test]
fn unmet_rules_come_in_the_order_of_the_text() {
    let rules_of_many: String = (0..12)
        .map(|nth| format!(r#"@id("r{nth}") @needs("n{nth}") forbid (principal, action, resource) unless {{ context.attempt == 2 }};"#))
        .collect();
    let decision = decide(&format!("{PERMIT}{rules_of_many}"), &submission(), &[]);
    let wanted: Vec<String> = (0..12).map(|nth| format!("r{nth}")).collect();
    assert_eq!(rules(&decision), wanted);
}
