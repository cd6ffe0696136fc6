//! What is generated: the same for the same seed, of the right type, and full of edges.

use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::arbitrary::any_type;
use crate::contract::Contract;

fn many(ty: &Type, count: usize) -> Vec<Value> {
    let mut source = Source::new([7; 32], &Dictionary::default());
    (0..count).map(|_| source.value(ty)).collect()
}

fn function(params: &[Type]) -> Function {
    let params = params.iter().enumerate().map(|(nth, ty)| (format!("p{nth}"), ty.clone())).collect();
    Function { name: "f".to_owned(), interface: None, params, result: None, process: None }
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn values_fit_and_follow_from_the_seed(types in prop::collection::vec(any_type(), 0..4), seed in any::<[u8; 32]>()) {
        let function = function(&types);
        let (mut one, mut two) = (Source::new(seed, &Dictionary::default()), Source::new(seed, &Dictionary::default()));
        for _ in 0..8 {
            let arguments = one.arguments(&function);
            prop_assert_eq!(arguments.len(), types.len());
            for (value, ty) in arguments.iter().zip(&types) {
                prop_assert!(value.fits(ty), "{value} is no {ty}");
            }
            prop_assert_eq!(arguments, two.arguments(&function));
        }
    }
}

#[test]
fn what_a_seed_gives_is_part_of_the_evidence() {
    let types =
        [Type::U32, Type::S8, Type::F64, Type::Char, Type::String, Type::list(Type::U8), Type::option(Type::Bool)];
    let function = function(&types);
    let mut source = Source::new([1; 32], &Dictionary::default());
    let lines: Vec<String> = (0..12)
        .map(|_| source.arguments(&function).iter().map(ToString::to_string).collect::<Vec<_>>().join(" "))
        .collect();
    insta::assert_snapshot!(lines.join("\n"));
}

#[test]
fn edges_of_whole_numbers_come_early() {
    let seen: BTreeSet<i128> = many(&Type::S32, 20_000)
        .iter()
        .map(|value| if let Value::S32(n) = value { i128::from(*n) } else { panic!() })
        .collect();
    let edges = [
        0,
        1,
        -1,
        i128::from(i32::MAX),
        i128::from(i32::MIN),
        i128::from(i32::MAX) - 1,
        i128::from(i32::MIN) + 1,
        46340,
        46341,
    ];
    let powers = (0..31).flat_map(|k| [1_i128 << k, -(1_i128 << k), (1 << k) - 1, (1 << k) + 1]);
    let missing: BTreeSet<i128> = edges.into_iter().chain(powers).filter(|edge| !seen.contains(edge)).collect();
    assert!(missing.len() < 3, "{missing:?}");
    assert!(missing.iter().all(|edge| !edges.contains(edge)), "{missing:?}");
    let uniform = seen.iter().filter(|n| n.abs() > 1 << 24).count();
    assert!(uniform > 4000, "a share of plain random numbers: {uniform}");
}

#[test]
fn every_small_number_and_both_bools_come() {
    let bytes: BTreeSet<String> = many(&Type::U8, 6000).iter().map(ToString::to_string).collect();
    assert_eq!(bytes.len(), 256);
    assert_eq!(many(&Type::Bool, 50).iter().map(ToString::to_string).collect::<BTreeSet<_>>().len(), 2);
}

#[test]
fn floats_of_every_class_come() {
    let floats: Vec<f64> =
        many(&Type::F64, 2000).iter().map(|value| if let Value::F64(n) = value { *n } else { panic!() }).collect();
    let some = |what: &dyn Fn(f64) -> bool| floats.iter().any(|n| what(*n));
    assert!(some(&f64::is_nan) && some(&|n| n == f64::INFINITY) && some(&|n| n == f64::NEG_INFINITY));
    assert!(some(&|n| n.to_bits() == 0) && some(&|n| n.to_bits() == 1 << 63) && some(&|n| n.is_subnormal()));
    assert!(some(&|n| n == f64::MAX) && some(&|n| n.fract() == 0.5) && some(&|n| n.abs() < 1.0 && n != 0.0));
    assert!(floats.iter().filter(|n| n.is_nan()).all(|n| n.to_bits() == f64::NAN.to_bits()), "one NaN");
    let singles: Vec<f32> =
        many(&Type::F32, 2000).iter().map(|value| if let Value::F32(n) = value { *n } else { panic!() }).collect();
    assert!(
        singles.iter().any(|n| n.is_nan()) && singles.iter().any(|n| n.is_subnormal()) && singles.contains(&f32::MAX)
    );
    assert!(singles.iter().filter(|n| n.is_nan()).all(|n| n.to_bits() == f32::NAN.to_bits()));
}

#[test]
fn awkward_text_comes() {
    let texts: Vec<String> = many(&Type::String, 4000)
        .iter()
        .map(|value| if let Value::String(text) = value { text.clone() } else { panic!() })
        .collect();
    for character in ['\0', '\u{10ffff}', '\u{d7ff}', '\u{e000}', '\u{301}', '\n', ' ', '\u{1f600}', '\u{feff}'] {
        assert!(texts.iter().any(|text| text.contains(character)), "{character:?}");
    }
    assert!(texts.iter().any(String::is_empty) && texts.iter().any(|text| text.chars().count() > 100));
    assert!(texts.iter().any(|text| text.chars().count() > 2 && text.chars().all(|c| text.starts_with(c))), "repeated");
    assert!(texts.iter().any(|text| text.starts_with("  ") && text.trim().contains(' ')), "spaced");
    let chars: BTreeSet<String> = many(&Type::Char, 3000).iter().map(ToString::to_string).collect();
    assert!(chars.len() > 150, "{}", chars.len());
}

#[test]
fn lists_repeat_run_and_are_long_now_and_then() {
    let lists: Vec<Vec<String>> =
        many(&Type::list(Type::S32), 3000)
            .iter()
            .map(|value| {
                if let Value::List(values) = value {
                    values.iter().map(ToString::to_string).collect()
                } else {
                    panic!()
                }
            })
            .collect();
    let count = |what: &dyn Fn(&Vec<String>) -> bool| lists.iter().filter(|list| what(list)).count();
    let distinct = |list: &Vec<String>| list.iter().collect::<BTreeSet<_>>().len();
    let sorted = |list: &Vec<String>| list.is_sorted_by_key(|n| n.parse::<i64>().unwrap());
    assert!(count(&|list| list.is_empty()) > 100 && count(&|list| list.len() == 1) > 100);
    assert!(count(&|list| list.len() > 100) > 5 && lists.iter().all(|list| list.len() <= 301));
    assert!(count(&|list| list.len() < 25) > 2500, "mostly small");
    assert!(count(&|list| list.len() > 3 && distinct(list) < list.len()) > 500, "duplicates");
    assert!(
        count(&|list| list.len() > 3 && distinct(list) == 1) > 50
            && count(&|list| list.len() > 3 && sorted(list)) > 100
    );
}

#[test]
fn arguments_are_related() {
    let function = function(&[Type::U32, Type::U32, Type::list(Type::U8), Type::list(Type::U8)]);
    let mut source = Source::new([9; 32], &Dictionary::default());
    let arguments: Vec<Vec<Value>> = (0..4000).map(|_| source.arguments(&function)).collect();
    let number = |value: &Value| if let Value::U32(n) = value { i64::from(*n) } else { panic!() };
    let count = |what: &dyn Fn(&[Value]) -> bool| arguments.iter().filter(|arguments| what(arguments)).count();
    assert!(count(&|x| x[0] == x[1]) > 150);
    assert!(count(&|x| (number(&x[0]) - number(&x[1])).abs() == 1) > 80);
    assert!(count(&|x| x[2] == x[3] && x[2].to_string().len() > 8) > 50);
}

#[test]
fn nesting_does_not_make_inputs_huge() {
    let deep = (0..12).fold(Type::U8, |ty, _| Type::list(ty));
    let wide = Type::list(Type::Tuple(vec![Type::list(Type::list(Type::String)); 8].into()));
    for value in many(&deep, 300).iter().chain(&many(&wide, 300)) {
        assert!(weight(value) < 4 * ROOM, "{}", weight(value));
    }
}

#[test]
fn the_contract_s_constants_and_examples_come() {
    let contract = Contract::parse(
        "contract = 1\nname = 'c'\nintent = 'c'\n[interface]\nwit = 'package a:b; world w { record r { x: s32 } export f: func(n: u32, s: string, d: f64, r: r) -> u32; }'
         [[example]]\ncall = 'f(123457, \"seed\", 0.3125, {x: -98765})'\nreturns = '1'
         [[property]]\nname = 'p'\nof = 'f'\nrequires = 'n != 765432u && d != 77.25'\nensures = \"result != 555555u || s.contains('needle')\"\nheld_out = true\n",
    )
    .unwrap();
    let mut source = Source::new([3; 32], &Dictionary::of(&contract));
    let inputs: Vec<Vec<Value>> = (0..6000).map(|_| source.arguments(&contract.interface.functions[0])).collect();
    let seen: BTreeSet<String> = inputs.iter().flatten().map(ToString::to_string).collect();
    for constant in
        ["123457", "123458", "765432", "765431", "555555", "\"seed\"", "\"needle\"", "0.3125", "77.25", "{x: -98765}"]
    {
        assert!(seen.contains(constant), "{constant}");
    }
    assert!(seen.iter().any(|text| text.contains("needle") && text.len() > 9), "inside of another text");
}
