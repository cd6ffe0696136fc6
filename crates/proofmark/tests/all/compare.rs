//! `compare`: artifacts that behave alike are one group, and between groups stands the simplest call that splits them.

use serde_json::{Value, json};

use crate::place::{DOUBLE, Place, Ran, doubling};
use crate::programs::{SHOUT, compile};

/// A place with the contract and artifacts `a`, `b`, ...
fn place(contract: &str, artifacts: &[String]) -> Place {
    let place = Place::empty();
    place.write("contract.toml", contract);
    for (name, artifact) in ('a'..).zip(artifacts) {
        place.write(&name.to_string(), artifact);
    }
    place
}

fn compare(place: &Place, names: &[&str]) -> Ran {
    place.run(&[&["compare", "contract.toml", "--format", "json"], names].concat())
}

/// A call, and what each group answered.
type Question = (String, Vec<String>);

/// The groups as names, and the questions.
fn told(ran: &Ran) -> (Vec<Vec<String>>, Vec<Question>) {
    let json = ran.json();
    let list = |value: &Value| -> Vec<Value> { value.as_array().unwrap().clone() };
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut groups = Vec::new();
    for group in list(&json["groups"]) {
        groups.push(list(&group).iter().map(|one| text(&one["path"])).collect());
    }
    let mut questions = Vec::new();
    for one in list(&json["questions"]) {
        questions.push((text(&one["call"]), list(&one["answers"]).iter().map(text).collect()));
    }
    (groups, questions)
}

fn when(condition: &str, then: &str) -> String {
    doubling(&format!("(if {condition} (then {then}))"))
}

#[test]
fn artifacts_that_do_the_same_are_one_group_however_they_do_it() {
    let place = place(DOUBLE, &[doubling(""), doubling("nop"), doubling("nop nop")]);
    let ran = compare(&place, &["a", "b", "c"]).exits(0);
    let (groups, questions) = told(&ran);
    assert_eq!((groups.len(), groups[0].len(), questions), (1, 3, vec![]));
    assert_eq!(ran.json()["inputs"], 4096);
    place.run(&["compare", "contract.toml", "a", "b"]).exits(0).says("alike on 4096 inputs");
}

#[test]
fn groups_are_split_by_the_simplest_call_in_any_order_and_number_of_threads() {
    let big = "(i32.gt_u (local.get $n) (i32.const 1000))";
    let place = place(
        DOUBLE,
        &[
            doubling(""),
            doubling("nop"),
            when(big, "(return (i64.const 3))"),
            when("(i32.eqz (local.get $n))", "unreachable"),
        ],
    );
    let first = compare(&place, &["a", "b", "c", "d"]).exits(1);
    let (groups, questions) = told(&first);
    let group = |name: &str| groups.iter().position(|group| group.contains(&name.to_owned())).unwrap();
    let mut sizes: Vec<usize> = groups.iter().map(Vec::len).collect();
    sizes.sort_unstable();
    assert_eq!(sizes, [1, 1, 2]);
    assert_eq!(group("a"), group("b"));
    let calls: Vec<&str> = questions.iter().map(|(call, _)| call.as_str()).collect();
    assert_eq!(calls, ["double(0)", "double(1001)"]);
    let answers = |question: usize, name: &str| questions[question].1[group(name)].as_str();
    assert_eq!((answers(0, "a"), answers(0, "c"), answers(1, "c"), answers(1, "a")), ("0", "0", "3", "2002"));
    assert!(answers(0, "d").starts_with("no result: trap: "), "{}", answers(0, "d"));
    assert_eq!(first.json()["questions"][0]["silent"], json!(false));

    let again = compare(&place, &["--threads", "1", "d", "c", "b", "a"]).exits(1);
    assert_eq!(first.stdout, again.stdout);
    let again = compare(&place, &["--threads", "7", "b", "d", "a", "c"]).exits(1);
    assert_eq!(first.stdout, again.stdout);
    let shown = place.run(&["compare", "contract.toml", "a", "d"]).exits(1);
    shown.says("2 behaviours").says("double(0): which is right?").says("group 2: ");
}

#[test]
fn what_the_contract_is_silent_about_is_said() {
    let contract = DOUBLE.replace("ensures", "requires = \"n > 1000u\"\nensures");
    let hidden = DOUBLE.replace("ensures", "held_out = true\nensures");
    let zero = when("(i32.eqz (local.get $n))", "(return (i64.const 1))");
    let four = when("(i32.eq (local.get $n) (i32.const 4))", "(return (i64.const 1))");
    for contract in [&contract, &hidden] {
        let place = place(contract, &[doubling(""), zero.clone()]);
        let ran = compare(&place, &["a", "b"]).exits(1);
        assert_eq!(ran.json()["questions"][0]["silent"], json!(true), "{}", ran.all());
        place.run(&["compare", "contract.toml", "a", "b"]).exits(1).says("of which the contract says nothing");
    }
    // An example is about its call.
    let place = place(&contract, &[doubling(""), four]);
    let ran = compare(&place, &["a", "b"]).exits(1);
    assert_eq!(
        ran.json()["questions"][0],
        json!({ "call": "double(4)", "answers": told(&ran).1[0].1, "silent": false })
    );
}

#[test]
fn what_can_not_be_called_is_left_out_and_never_alike() {
    let other = r#"(module (func (export "treble") (param i32) (result i64) (i64.const 0)))"#.to_owned();
    let place = place(DOUBLE, &[doubling(""), other, doubling("nop")]);
    let ran = compare(&place, &["a", "b"]).exits(3);
    assert!(ran.json()["left_out"][0]["why"].as_str().unwrap().contains("double"), "{}", ran.all());
    let ran = compare(&place, &["b", "a", "c"]).exits(3);
    assert_eq!((told(&ran).0[0].len(), ran.json()["left_out"][0]["artifact"]["path"].clone()), (2, json!("b")));
    place.run(&["compare", "contract.toml", "a"]).exits(2);
    place.run(&["compare", "contract.toml", "b", "b"]).exits(3).says("nothing could be compared");
}

#[test]
fn an_artifact_that_uses_up_its_fuel_shortens_the_comparison() {
    let contract = DOUBLE.replace("[interface]", "[budget]\nfuel = 100_000\ntotal_fuel = 20_000_000\n\n[interface]");
    let place = place(&contract, &[doubling(""), doubling("(loop $l (br $l))")]);
    let ran = compare(&place, &["a", "b"]).exits(1);
    let inputs = ran.json()["inputs"].as_u64().unwrap();
    assert!((1..4096).contains(&inputs), "{}", ran.all());
    assert!(told(&ran).1[0].1.iter().any(|answer| answer.contains("fuel budget")), "{}", ran.all());
}

#[test]
fn programs_are_compared_as_components_are() {
    let place = Place::empty();
    place.write("contract.toml", SHOUT);
    let shout = |letters: &str, more: &str| {
        format!(
            "#include <stdio.h>\nint main(void) {{ for (int c; (c = getchar()) != EOF;) putchar({letters} ? c - 32 : c); {more} }}"
        )
    };
    compile(&place, "a", &shout("c >= 'a' && c <= 'z'", "return 0;"), &["-static"]);
    compile(&place, "b", &shout("!(c < 97) && !(c > 122)", "fflush(stdout); return 0;"), &["-static"]);
    compile(&place, "c", &shout("c >= 'a' && c < 'z'", "return 0;"), &["-static"]);
    let ran = place.run(&["compare", "contract.toml", "a", "b", "c", "--inputs", "192", "--format", "json"]).exits(1);
    let (groups, questions) = told(&ran);
    let group = |name: &str| groups.iter().position(|group| group.contains(&name.to_owned())).unwrap();
    assert_eq!((groups.len(), group("a")), (2, group("b")), "{}", ran.all());
    assert_eq!(questions[0].0, "run([122])");
    assert_eq!(questions[0].1[group("a")], "{code: 0, stdout: [90]}");
}
