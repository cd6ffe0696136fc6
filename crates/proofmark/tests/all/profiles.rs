//! Runs that leave the profile their checks saw: flagged where the policy permits that, else stopped.

use crate::place::{DOUBLE, Place, Ran, doubling};

/// Twice the number, and for one argument only after some hundred times the work.
fn laborious() -> String {
    doubling(
        "(local $left i32)
        (if (i32.eq (local.get $n) (i32.const 3141592653)) (then
            (local.set $left (i32.const 200))
            (loop $again
                (local.set $left (i32.sub (local.get $left) (i32.const 1)))
                (br_if $again (local.get $left)))))",
    )
}

/// [`DOUBLE`] as `autonomous` wants it: two properties, one of them held out.
fn double() -> String {
    format!(
        "{DOUBLE}\n[[property]]\nname = \"even\"\nof = \"double\"\nheld_out = true\nensures = \"result % 2u == 0u\"\n"
    )
}

/// A place with an artifact that was marked under a policy.
fn marked(policy: &str, contract: &str, artifact: impl AsRef<[u8]>) -> Place {
    let place = Place::new();
    place.write("contract.toml", contract).write("artifact.wasm", artifact);
    let ran = place.run(&["check", "contract.toml", "artifact.wasm", "--policy", policy]).exits(0);
    let wanted = if policy == "autonomous" { "stopped" } else { "flagged" };
    ran.says(&format!("leaves the profile of its checks is {wanted}"));
    place
}

fn run(place: &Place, calls: &[&str]) -> Ran {
    let arguments = ["--format", "json", "run", "artifact.wasm.mark"];
    place.run(&[&arguments, calls].concat())
}

/// The closing receipts of the runs that left their profile.
fn departed(place: &Place) -> serde_json::Value {
    place.run(&["--format", "json", "log", "runs"]).exits(0).json()["departed"].clone()
}

#[test]
fn a_run_inside_its_profile_is_neither_flagged_nor_stopped() {
    for policy in ["supervised", "autonomous"] {
        let place = marked(policy, &double(), laborious());
        let ran = run(&place, &["double(4)", "double(4294967295)"]).exits(0).json();
        assert_eq!(
            (&ran["departures"], &ran["results"][1]["returned"]),
            (&serde_json::json!([]), &"8589934590".into())
        );
        assert_eq!(departed(&place), serde_json::json!([]));
    }
}

#[test]
fn more_than_ten_times_the_fuel_is_flagged_where_the_policy_permits_it() {
    let place = marked("supervised", &double(), laborious());
    let ran = run(&place, &["double(3141592653)", "double(4)"]).exits(0).json();
    assert_eq!((&ran["results"][0]["returned"], &ran["results"][1]["returned"]), (&"6283185306".into(), &"8".into()));
    let departures = ran["departures"].as_array().unwrap();
    assert!(departures.len() == 1 && departures[0].as_str().unwrap().starts_with("fuel: more than 10 times"), "{ran}");
    let receipts = departed(&place);
    assert_eq!((&receipts[0]["outcome"], &receipts[0]["departures"]), (&"returned".into(), &ran["departures"]));
    let shown = place.run(&["run", "artifact.wasm.mark", "double(3141592653)"]).exits(0);
    assert_eq!(shown.stdout, "6283185306\n");
    shown.says("left its profile: fuel: more than 10 times");
    place.run(&["log", "runs"]).exits(0).says("run 2 left its profile and was flagged").says("every run has its end");
}

#[test]
fn more_than_ten_times_the_fuel_is_stopped_where_the_policy_does_not_permit_it() {
    let place = marked("autonomous", &double(), laborious());
    run(&place, &["double(4)", "double(3141592653)", "double(5)"]).exits(1).says("stopped: it left its profile: fuel");
    let receipt = departed(&place)[0].clone();
    assert_eq!((&receipt["outcome"], &receipt["grant"]["on_departure"]), (&"stopped".into(), &"stop".into()));
    assert!(receipt["departures"][0].as_str().unwrap().starts_with("fuel: more than 10 times"), "{receipt}");
    // The third call was never made, and the second ended at the bound, far below the budget.
    assert_eq!(receipt["outputs"].as_array().unwrap().len(), 2);
    assert!(receipt["fuel"].as_u64().unwrap() < 1000, "{receipt}");
    place.run(&["log", "runs"]).exits(0).says("run 1 left its profile and was stopped");
}
