//! Shrinking ends, stays inside the type, and finds what is simple.

use proptest::prelude::*;

use super::{Type, Value, cost, minimal, simpler};
use crate::arbitrary::any_type;
use crate::generate::{Dictionary, Source};
use crate::interface::{Function, parse_value};

fn candidates(arguments: &[Value], types: &[Type]) -> Vec<Vec<Value>> {
    let params = types.iter().map(|ty| (String::new(), ty.clone())).collect();
    super::candidates(
        &Function { name: String::new(), interface: None, params, result: None, process: None },
        arguments,
    )
}

/// Follows candidates that `violates` accepts, as a check does; the last one and the candidates looked at.
fn shrunk(mut arguments: Vec<Value>, types: &[Type], violates: impl Fn(&[Value]) -> bool) -> (Vec<Value>, usize) {
    assert!(violates(&arguments));
    let mut looked_at = 0;
    'simpler: loop {
        for candidate in candidates(&arguments, types) {
            looked_at += 1;
            if violates(&candidate) {
                arguments = candidate;
                continue 'simpler;
            }
        }
        return (arguments, looked_at);
    }
}

fn values(texts: &[&str], types: &[Type]) -> Vec<Value> {
    texts.iter().zip(types).map(|(text, ty)| parse_value(text, ty, "x").unwrap()).collect()
}

fn shown(arguments: &[Value]) -> String {
    arguments.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ")
}

fn number(value: &Value) -> i128 {
    simpler::whole(value).unwrap()
}

fn numbers(value: &Value) -> Vec<i128> {
    let Value::List(values) = value else { panic!() };
    values.iter().map(number).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn candidates_fit_and_cost_less(types in prop::collection::vec(any_type(), 1..4), seed in any::<[u8; 32]>()) {
        let mut source = Source::new(seed, &Dictionary::default());
        let arguments: Vec<Value> = types.iter().map(|ty| source.value(ty)).collect();
        let total = |values: &[Value]| values.iter().map(cost).sum::<u128>();
        let mut before = 0;
        for candidate in candidates(&arguments, &types) {
            prop_assert!(candidate.len() == types.len() && candidate.iter().zip(&types).all(|(value, ty)| value.fits(ty)));
            let now = total(&candidate);
            prop_assert!(before <= now && now < total(&arguments));
            before = now;
        }
    }

    #[test]
    fn whatever_violates_shrinking_ends(ty in any_type(), seed in any::<[u8; 32]>(), luck in any::<u64>()) {
        let mut source = Source::new(seed, &Dictionary::default());
        let types = [ty];
        let mut arguments = vec![source.value(&types[0])];
        let mut state = luck;
        for _ in 0..20_000 {
            let found = candidates(&arguments, &types);
            if found.is_empty() {
                break;
            }
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            let nth = usize::try_from(state >> 33).unwrap() % found.len();
            arguments = found[nth].clone();
        }
        let smallest = minimal(&types[0]);
        prop_assert!(arguments[0] == smallest, "stuck at {}", arguments[0]);
    }

    #[test]
    fn the_minimal_value_has_no_candidates(ty in any_type()) {
        let value = minimal(&ty);
        prop_assert!(value.fits(&ty));
        prop_assert_eq!(cost(&value), 0);
        prop_assert!(candidates(&[value], &[ty]).is_empty());
    }
}

#[test]
fn numbers_shrink_to_the_boundary() {
    let (found, looked_at) = shrunk(values(&["4294967295"], &[Type::U32]), &[Type::U32], |x| number(&x[0]) > 1000);
    assert_eq!(shown(&found), "1001");
    assert!(looked_at < 400, "{looked_at}");
    let (found, _) = shrunk(values(&["-9223372036854775808"], &[Type::S64]), &[Type::S64], |x| number(&x[0]) < -7);
    assert_eq!(shown(&found), "-8");
    let (found, _) = shrunk(values(&["-5"], &[Type::S64]), &[Type::S64], |x| number(&x[0]) != 0);
    assert_eq!(shown(&found), "1");
}

#[test]
fn numbers_that_belong_together_shrink_together() {
    let types = [Type::U32, Type::U32];
    let (found, _) =
        shrunk(values(&["4000000000", "4000000000"], &types), &types, |x| x[0] == x[1] && number(&x[0]) > 5);
    assert_eq!(shown(&found), "6, 6");
    let (found, _) =
        shrunk(values(&["4000000007", "4000000000"], &types), &types, |x| number(&x[0]) - number(&x[1]) == 7);
    assert_eq!(shown(&found), "7, 0");
}

#[test]
fn lists_lose_what_does_not_matter() {
    let types = [Type::list(Type::S32)];
    let long: Vec<String> = (0..300).map(|n| (n * 37 % 1000).to_string()).collect();
    let start = values(&[&format!("[{}]", long.join(", "))], &types);
    let (found, looked_at) = shrunk(start.clone(), &types, |x| numbers(&x[0]).contains(&925));
    assert_eq!(shown(&found), "[925]");
    assert!(looked_at < 500, "{looked_at}");
    let (found, looked_at) = shrunk(start.clone(), &types, |x| numbers(&x[0]).iter().any(|n| *n > 900));
    assert_eq!(shown(&found), "[901]");
    assert!(looked_at < 1000, "{looked_at}");
    let (found, looked_at) = shrunk(start.clone(), &types, |x| numbers(&x[0]).windows(2).any(|pair| pair[0] > pair[1]));
    assert_eq!(shown(&found), "[1, 0]");
    assert!(looked_at < 1000, "{looked_at}");
    let (found, looked_at) = shrunk(start, &types, |x| numbers(&x[0]).len() >= 100);
    assert_eq!(numbers(&found[0]), [0; 100]);
    assert!(looked_at < 3000, "{looked_at}");
    let repeated = values(&["[7, 31, 5, 31, 8]"], &types);
    let (found, _) = shrunk(repeated, &types, |x| {
        let numbers = numbers(&x[0]);
        numbers.iter().enumerate().any(|(nth, n)| *n > 9 && numbers[..nth].contains(n))
    });
    assert_eq!(shown(&found), "[10, 10]");
}

#[test]
fn text_becomes_short_and_plain() {
    let types = [Type::String];
    let start = values(&["\"  Sphinx of black \\u{1F600} quartz, judge my vow\\u{0}\""], &types);
    let text = |x: &[Value]| if let Value::String(text) = &x[0] { text.clone() } else { panic!() };
    assert_eq!(shown(&shrunk(start.clone(), &types, |x| text(x).contains(' ')).0), "\" \"");
    assert_eq!(
        shown(&shrunk(start.clone(), &types, |x| !text(x).is_ascii()).0),
        "\"\u{80}\"".replace('\u{80}', "\\u{80}")
    );
    assert_eq!(shown(&shrunk(start, &types, |x| text(x).len() > 3).0), "\"aaaa\"");
}

#[test]
fn floats_become_readable() {
    let types = [Type::F64];
    let shrink = |from: &str, violates: fn(f64) -> bool| {
        let double = |x: &[Value]| if let Value::F64(number) = x[0] { number } else { panic!() };
        shown(&shrunk(values(&[from], &types), &types, |x| violates(double(x))).0)
    };
    assert_eq!(shrink("123456.789", |x| x > 100.0), "101");
    assert_eq!(shrink("inf", |x| x > 0.0), "1");
    assert_eq!(shrink("nan", f64::is_nan), "nan");
    assert_eq!(shrink("0.1234567", |x| x.fract() != 0.0), "0.5");
    assert_eq!(shrink("-0", |x| x.is_sign_negative()), "-0");
}

#[test]
fn composites_shrink_inside() {
    let result = Type::result(Some(Type::list(Type::U8)), Some(Type::option(Type::String)));
    let types = [Type::Tuple([result.clone(), Type::Bool].into())];
    let start = values(&["(err(some(\"abc\")), true)"], &types);
    let (found, _) = shrunk(start.clone(), &types, |x| x[0].to_string().contains("err"));
    assert_eq!(shown(&found), "(err(none), false)");
    let (found, _) = shrunk(start, &types, |x| x[0].to_string().contains("true"));
    assert_eq!(shown(&found), "(ok([]), true)");
}
