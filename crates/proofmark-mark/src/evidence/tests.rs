//! Evidence: its spelling, and the arithmetic of residual risk.

use serde_json::json;

use super::*;
use crate::statement::Statement;

fn evidence(details: Value) -> Evidence {
    Evidence {
        check: "examples".to_owned(),
        contract: Digest([1; 32]),
        challenge: Challenge(Digest([2; 32])),
        attempt: 1,
        outcome: Outcome::Passed,
        reason: None,
        counts: BTreeMap::from([("total".to_owned(), 3), ("passed".to_owned(), 3)]),
        counterexamples: Vec::new(),
        details,
    }
}

fn text(details: Value) -> String {
    String::from_utf8(Statement::new("x", Digest([0; 32]), evidence(details)).to_bytes()).unwrap()
}

#[test]
fn the_spelling_is_the_one_of_the_specification() {
    let text = serde_json::to_string(&evidence(json!({ "b": [1, { "d": null, "c": -2 }], "a": "x" }))).unwrap();
    let wanted = format!(
        concat!(
            r#"{{"check":"examples","contract":"{}","challenge":"{}","attempt":1,"outcome":"passed","reason":null,"#,
            r#""counts":{{"passed":3,"total":3}},"counterexamples":[],"details":{{"a":"x","b":[1,{{"c":-2,"d":null}}]}}}}"#
        ),
        "01".repeat(32),
        "02".repeat(32)
    );
    assert_eq!(text, wanted);
}

#[test]
fn a_fraction_is_written_as_text_and_never_read_as_a_number() {
    let text = text(json!({ "share": 0.5 }));
    let read = Statement::<Evidence>::parse(text.as_bytes()).unwrap();
    assert_eq!(read.predicate.details, json!({ "share": "0.5" }));
    for number in ["0.5", "1e3", "-0.0", "18446744073709551616"] {
        assert!(Statement::<Evidence>::parse(text.replace("\"0.5\"", number).as_bytes()).is_err(), "{number}");
    }
}

#[test]
fn keys_in_another_order_are_refused() {
    let text = text(json!({ "a": 1, "b": 2 }));
    assert!(Statement::<Evidence>::parse(text.as_bytes()).is_ok());
    let swapped = text.replace(r#""a":1,"b":2"#, r#""b":2,"a":1"#);
    assert_ne!(swapped, text);
    assert!(Statement::<Evidence>::parse(swapped.as_bytes()).is_err());
}

#[test]
fn the_reason_is_there_even_when_there_is_none() {
    let text = text(json!({}));
    assert!(Statement::<Evidence>::parse(text.as_bytes()).is_ok());
    assert!(Statement::<Evidence>::parse(text.replace("\"reason\":null,", "").as_bytes()).is_err());
}

#[test]
fn residual_risk_is_rounded_up_and_grows_with_attempts() {
    // ln(20) = 2.995732…: the "rule of three".
    assert_eq!(risk_ppm(1, 1_000_000), 3);
    assert_eq!(risk_ppm(1, 65_536), 46);
    assert_eq!(risk_ppm(1, 262_144), 12);
    // ln(2000) / 65536 = 115.98…e-6 and ln(320) / 262144 = 22.0…e-6
    assert_eq!(risk_ppm(100, 65_536), 116);
    assert_eq!(risk_ppm(16, 262_144), 23);
    // A thousand tries cost as much as 3.3 times fewer executions: ln(20000) / 65536 = 151.1…e-6
    assert_eq!(risk_ppm(1000, 65_536), 152);
    assert_eq!(risk_ppm(1, u64::MAX), 1);
    assert_eq!(risk_ppm(1, 2), 1_000_000);
    assert_eq!(risk_ppm(1, 0), 1_000_000);
    assert_eq!(risk_ppm(0, 0), 1_000_000);
}
