//! SARIF of `check`: what it must have by the standard, where it points, and what it keeps to itself.

use std::collections::BTreeSet;

use serde_json::{Value, json};

use crate::place::{DOUBLE, Place, Ran, doubling};
use crate::trace::clang;

/// Wrong from 1001 on. What is exported begins in line 9.
const SOURCE: &str = r#"#include <stdint.h>

static uint64_t twice(uint32_t n) {
    return (uint64_t)n * 2;
}

// The export.
__attribute__((export_name("double")))
uint64_t doubled(uint32_t n) {
    if (n > 1000) return 7;
    return twice(n);
}
"#;
const BEGINS: u64 = 9;

fn check(place: &Place, artifact: &str, more: &[&str]) -> Ran {
    place.run(&[&["--format", "sarif", "check", "contract.toml", artifact], more].concat())
}

fn place() -> Place {
    let place = Place::new();
    place.write("contract.toml", DOUBLE);
    place
}

/// A log that has what SARIF 2.1.0 asks of it (the sections of the standard are named), and its only run.
fn run_of(ran: &Ran) -> Value {
    let log = ran.json();
    // 3.13: a log.
    assert_eq!((&log["version"], log["runs"].as_array().unwrap().len()), (&json!("2.1.0"), 1));
    assert!(log["$schema"].as_str().unwrap().ends_with("/sarif-schema-2.1.0.json"));
    let run = log["runs"][0].clone();
    // 3.18 and 3.19: a tool with a driver; 3.49: rules, of which each has an id of its own.
    let driver = &run["tool"]["driver"];
    assert_eq!(driver["name"], "Proofmark");
    let rules: Vec<&str> =
        driver["rules"].as_array().unwrap().iter().map(|rule| rule["id"].as_str().unwrap()).collect();
    assert_eq!(rules.iter().collect::<BTreeSet<_>>().len(), rules.len(), "{rules:?}");
    // 3.20: an invocation says whether it was carried through, and its exit code is that of the process.
    let invocation = &run["invocations"][0];
    assert_eq!(invocation["exitCode"], ran.code);
    assert_eq!(invocation["executionSuccessful"], matches!(ran.code, 0 | 1 | 3));
    // 3.14.23: no results where nothing was looked at.
    let results = run.get("results").map(|results| results.as_array().unwrap().clone());
    assert_eq!(results.is_some(), invocation["executionSuccessful"] == true);
    for result in results.iter().flatten() {
        // 3.27: a result has a message, and here also a rule, a level, a place and a fingerprint.
        assert!(!result["message"]["text"].as_str().unwrap().is_empty());
        assert!(["error", "warning", "note"].contains(&result["level"].as_str().unwrap()), "{result}");
        assert!(result.get("kind").is_none(), "a level is for failures alone (3.27.10)");
        let id = result["ruleId"].as_str().unwrap();
        if let Some(index) = result.get("ruleIndex") {
            assert_eq!(rules[usize::try_from(index.as_u64().unwrap()).unwrap()], id);
        }
        let place = &result["locations"][0]["physicalLocation"];
        let uri = place["artifactLocation"]["uri"].as_str().unwrap();
        assert!(!uri.is_empty() && !uri.contains([' ', '\\']), "{uri}");
        assert!(place.get("region").is_none_or(|region| region["startLine"].as_u64().unwrap() >= 1));
        assert_eq!(result["partialFingerprints"]["proofmarkFinding/v1"].as_str().unwrap().len(), 64);
    }
    run
}

fn results(run: &Value) -> Vec<Value> {
    run["results"].as_array().unwrap().clone()
}

fn of<'a>(results: &'a [Value], rule: &str) -> &'a Value {
    results.iter().find(|result| result["ruleId"] == rule).unwrap_or_else(|| panic!("{rule}: {results:?}"))
}

#[test]
fn a_counterexample_points_at_the_line_of_c_where_the_function_begins() {
    let place = place();
    let folder = place.path("source");
    std::fs::create_dir(&folder).unwrap();
    let wasm = clang(&folder, SOURCE, &["-g"]);
    place.write("double.wasm", wasm);
    let run = run_of(&check(&place, "double.wasm", &[]).exits(1));
    let results = results(&run);
    let found = of(&results, "properties/half of it is the number");
    assert_eq!(found["level"], "error");
    let text = found["message"]["text"].as_str().unwrap();
    assert!(text.contains("double(1001) gave 7"), "{text}");
    assert_eq!(found["properties"]["call"], "double(1001)");
    let location = &found["locations"][0];
    assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], "source/gcd.c");
    assert_eq!(location["physicalLocation"]["region"]["startLine"], BEGINS);
    assert_eq!(location["logicalLocations"][0]["fullyQualifiedName"], "double");
    assert_eq!(found["analysisTarget"]["uri"], "double.wasm");
    // The example holds, so nothing else is wrong: what the policy needs for the same reason is not said again.
    assert_eq!(results.len(), 1, "{results:?}");
    assert_eq!(run["properties"]["verdict"], "refused");
    let digest = proofmark_mark::digest::Digest::of(&place.read("double.wasm")).to_string();
    assert_eq!(run["artifacts"][0]["hashes"]["sha-256"], digest);
    assert_eq!(run["automationDetails"]["id"], format!("proofmark/check/double/{digest}"));
}

#[test]
fn without_lines_it_points_at_the_artifact_and_a_text_is_its_own_source() {
    let place = place();
    let wrong = doubling("(return (i64.const 7))");
    place.write("text.wat", &wrong).write("binary.wasm", wat::parse_str(&wrong).unwrap());
    for (name, line) in [("text.wat", true), ("binary.wasm", false)] {
        let results = results(&run_of(&check(&place, name, &[]).exits(1)));
        for rule in ["examples", "properties/half of it is the number"] {
            let location = &of(&results, rule)["locations"][0];
            assert_eq!(location["physicalLocation"]["artifactLocation"]["uri"], name);
            assert_eq!(location["physicalLocation"].get("region").is_some(), line, "{location}");
            assert_eq!(location["logicalLocations"][0]["name"], "double");
        }
    }
}

#[test]
fn the_same_finding_has_the_same_fingerprint_in_the_next_check_and_another_has_another() {
    let place = place();
    place.write("contract.toml", format!("{DOUBLE}[[example]]\ncall = \"double(5)\"\nreturns = \"10\"\n"));
    place.write("wrong.wat", doubling("(return (i64.const 7))"));
    let fingerprints = |generator: &str| {
        let run = run_of(&check(&place, "wrong.wat", &["--generator", generator]).exits(1));
        let all = results(&run).into_iter().map(|one| one["partialFingerprints"]["proofmarkFinding/v1"].to_string());
        all.collect::<BTreeSet<_>>()
    };
    // Another submission has another challenge.
    let first = fingerprints("a");
    assert_eq!((first.len(), fingerprints("b")), (3, first));
}

#[test]
fn what_is_marked_has_no_results_and_what_is_refused_never_has_none() {
    let place = place();
    place.write("right.wat", doubling("")).write("bytes", "no artifact");
    let run = run_of(&check(&place, "right.wat", &[]).exits(0));
    assert_eq!((results(&run).len(), &run["properties"]["verdict"]), (0, &json!("marked")));
    // Nothing is wrong with it but that the policy asks for more.
    let run = run_of(&check(&place, "right.wat", &["--policy", "assisted"]).exits(1));
    let all = results(&run);
    assert!(!all.is_empty() && all.iter().all(|one| one["ruleId"].as_str().unwrap().starts_with("policy/")), "{all:?}");
    let all = results(&run_of(&check(&place, "bytes", &[]).exits(1)));
    assert_eq!(of(&all, "inspect")["level"], "error");
    assert_eq!(of(&all, "properties")["level"], "warning");
}

#[test]
fn a_contract_that_is_wrong_is_a_notification_where_it_is_wrong() {
    let place = place();
    place.write("contract.toml", DOUBLE.replace("result / 2u == n", "result / 2u == m")).write("a.wat", doubling(""));
    let ran = check(&place, "a.wat", &[]).exits(2);
    assert!(ran.stderr.contains("not a valid contract"), "{}", ran.all());
    let notification = run_of(&ran)["invocations"][0]["toolExecutionNotifications"][0].clone();
    assert_eq!(notification["level"], "error");
    let place = &notification["locations"][0]["physicalLocation"];
    assert_eq!(
        (&place["artifactLocation"]["uri"], &place["region"]["startLine"]),
        (&json!("contract.toml"), &json!(19))
    );
}

#[test]
fn questions_to_the_owner_are_told_only_where_they_were_asked_for() {
    let place = crate::strength::larger();
    let measured = ["--policy", "measured"];
    let check = |format: &str, more: &[&str]| {
        let command = ["--format", format, "check", "contract.toml", "larger.wat"];
        place.run(&[&command, &measured[..], more].concat()).exits(0)
    };
    for format in ["human", "json", "sarif"] {
        let silent = check(format, &[]);
        assert!(!silent.all().contains("which is right"), "{}", silent.all());
        assert!(silent.all().matches("larger(").count() <= 1, "only the next thing to try: {}", silent.all());
    }
    let all = results(&run_of(&check("sarif", &["--show-questions"])));
    assert_eq!((&all[0]["ruleId"], &all[0]["level"]), (&json!("strength"), &json!("note")));
    assert!(all[0]["message"]["text"].as_str().unwrap().ends_with("which is right?"), "{all:?}");
    check("human", &["--show-questions"]).says("which is right?").says("proofmark contract sharpen");
    assert!(!check("json", &["--show-questions"]).json()["questions"].as_array().unwrap().is_empty());
}

#[test]
fn other_commands_have_no_sarif() {
    let place = place();
    for command in [&["init"][..], &["inspect", "contract.toml"], &["log", "audit"], &["verify", "none.mark"]] {
        let ran = place.run(&[&["--format", "sarif"], command].concat()).exits(2);
        assert_eq!(ran.stdout, "");
        assert!(ran.stderr.contains("`--format sarif` is for `check` alone"), "{}", ran.all());
    }
}
