//! Pairs differ where they should and nowhere else, tell comparisons apart, and shrink to what matters.

use std::collections::BTreeSet;

use super::*;
use crate::contract::Contract;
use crate::generate::Dictionary;
use crate::shrink;

const LOGIN: &str = r#"
contract = 1
name = "c"
intent = "c"
[interface]
wit = """
package a:b;
world w {
  record user { name: string, stored: string, pin: u32 }
  export login: func(user: user, password: string, guess: u64, key: list<u8>) -> bool;
}
"""
[capabilities]
environment = ["TOKEN"]
stdin = true
random = true
"#;

const PROGRAM: &str = r#"
contract = 1
name = "c"
intent = "c"
[interface.process]
arguments = "list<string>"
environment = ["A", "TOKEN"]
stdin = "list<u8>"
files = "/t"
[capabilities]
write = ["/t"]
"#;

fn contract(base: &str, secret: &str) -> Contract {
    Contract::parse(&format!("{base}\n[[secret]]\n{secret}\n")).unwrap_or_else(|problems| panic!("{problems:?}"))
}

fn pairs(contract: &Contract, count: usize) -> Vec<Pair> {
    let mut source = Source::new([7; 32], &Dictionary::of(contract));
    (0..count).filter_map(|_| source.pair(&contract.secrets[0])).collect()
}

const SECRETS: [(&str, &str); 12] = [
    (LOGIN, "parts = [\"password\"]"),
    (LOGIN, "parts = [\"user.pin\", \"key\"]"),
    (LOGIN, "parts = [\"user\"]"),
    (LOGIN, "parts = [\"key.0\"]"),
    (LOGIN, "capabilities = [\"environment\", \"stdin\", \"random\"]"),
    (PROGRAM, "parts = [\"arguments\"]"),
    (PROGRAM, "parts = [\"environment\"]"),
    (PROGRAM, "parts = [\"environment.TOKEN\"]"),
    (PROGRAM, "parts = [\"stdin\"]"),
    (PROGRAM, "parts = [\"files\"]"),
    (PROGRAM, "parts = [\"files.node.file\", \"stdin\"]"),
    (PROGRAM, "parts = [\"files.mode\"]"),
];

#[test]
fn pairs_differ_in_the_secret_alone_and_simpler_ones_too() {
    for (base, secret) in SECRETS {
        let contract = contract(base, secret);
        let secret = &contract.secrets[0];
        let made = pairs(&contract, 100);
        // Not every input has a file, or a variable that is set.
        assert!(made.len() > 20, "{:?}: {}", secret.names, made.len());
        for (nth, pair) in made.iter().enumerate() {
            let whole = |pair: &Pair| {
                assert_ne!(pair.first, pair.second);
                for input in [&pair.first, &pair.second] {
                    assert!(input.iter().zip(secret.types()).all(|(value, ty)| value.fits(&ty)));
                    assert_eq!(secret.in_form(input.clone()).as_ref(), Some(input), "{:?}", secret.names);
                }
                let back = secret.in_form(secret.transplanted(&pair.first, &pair.second));
                assert_eq!(back.as_ref(), Some(&pair.first), "{:?}", secret.names);
            };
            whole(pair);
            if nth % 40 == 0 {
                shrink::pairs(secret, pair).iter().for_each(whole);
            }
        }
    }
}

#[test]
fn the_same_seed_gives_the_same_pairs() {
    let contract = contract(LOGIN, SECRETS[0].1);
    assert_eq!(pairs(&contract, 50), pairs(&contract, 50));
}

/// How many of 1000 pairs tell `by` apart.
fn told(secret: &str, by: impl Fn(&[Value]) -> String) -> usize {
    let made = pairs(&contract(LOGIN, secret), 1000);
    made.iter().filter(|pair| by(&pair.first) != by(&pair.second)).count()
}

fn text(value: &Value) -> String {
    match value {
        Value::String(text) => text.clone(),
        other => panic!("{other}"),
    }
}

fn stored(input: &[Value]) -> String {
    match &input[0] {
        Value::Record(_, fields) => text(&fields[1]),
        other => panic!("{other}"),
    }
}

#[test]
fn comparisons_are_told_apart() {
    let password = "parts = [\"password\"]";
    let of = |input: &[Value]| text(&input[1]);
    assert!(told(password, |input| (of(input) == stored(input)).to_string()) > 50, "equal to what is public");
    assert!(told(password, |input| of(input).len().to_string()) > 100, "length");
    assert!(told(password, |input| of(input).chars().next().map(String::from).unwrap_or_default()) > 100, "first");
    assert!(told(password, |input| (of(input) < stored(input)).to_string()) > 50, "order");
    let prefix = |input: &[Value]| of(input).chars().zip(stored(input).chars()).take_while(|(a, b)| a == b).count();
    assert!(told(password, |input| prefix(input).to_string()) > 50, "how much is the same");
    assert!(
        told("parts = [\"user.pin\"]", |input| match (&input[0], &input[2]) {
            (Value::Record(_, fields), guess) => (whole(&fields[2]) == whole(guess)).to_string(),
            _ => String::new(),
        }) > 50,
        "numbers of other widths"
    );
    assert!(
        told("parts = [\"key\"]", |input| (input[3] == bytes_value(of(input).as_bytes())).to_string()) > 20,
        "bytes of a text"
    );
}

#[test]
fn many_pairs_have_secrets_of_one_length() {
    let of = |input: &[Value]| text(&input[1]).len();
    let made = pairs(&contract(LOGIN, "parts = [\"password\"]"), 1000);
    assert!(made.iter().filter(|pair| of(&pair.first) == of(&pair.second)).count() > 300);
}

#[test]
fn a_pair_is_made_as_simple_as_the_leak_allows() {
    let contract = contract(LOGIN, "parts = [\"password\"]");
    let secret = &contract.secrets[0];
    // The length alone is told apart, and only between 3 and more characters.
    let leaks = |pair: &Pair| {
        let long = |input: &[Value]| text(&input[1]).chars().count() >= 3;
        long(&pair.first) != long(&pair.second)
    };
    let mut pair = pairs(&contract, 1000).into_iter().find(&leaks).unwrap();
    while let Some(simpler) = shrink::pairs(secret, &pair).into_iter().find(&leaks) {
        pair = simpler;
    }
    let passwords: BTreeSet<String> = [text(&pair.first[1]), text(&pair.second[1])].into();
    assert_eq!(passwords, [String::new(), "aaa".to_owned()].into());
    // Both have to be as long as each other: they are cut together.
    let leaks = |pair: &Pair| {
        let [a, b] = [text(&pair.first[1]), text(&pair.second[1])];
        a.chars().count() == b.chars().count() && a.chars().next() != b.chars().next()
    };
    let mut pair = pairs(&contract, 1000).into_iter().find(&leaks).unwrap();
    while let Some(simpler) = shrink::pairs(secret, &pair).into_iter().find(&leaks) {
        pair = simpler;
    }
    assert_eq!(text(&pair.first[1]).chars().count(), 1);
    assert_eq!(secret.arguments(&pair.first).len(), 4);
    assert_eq!(stored(&pair.first), "");
}
