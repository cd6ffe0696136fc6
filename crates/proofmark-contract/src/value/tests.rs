//! WAVE there and back, and sameness.

use proptest::prelude::*;

use super::*;
use crate::arbitrary::any_type;
use crate::generate::{Dictionary, Source};
use crate::interface::parse_value;

proptest! {
    #![proptest_config(ProptestConfig { cases: ProptestConfig::default().cases * 2, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn wave_goes_there_and_back(ty in any_type(), seed in any::<[u8; 32]>()) {
        let mut source = Source::new(seed, &Dictionary::default());
        for _ in 0..4 {
            let value = source.value(&ty);
            prop_assert!(value.fits(&ty), "{value} is no {ty}");
            let text = value.to_string();
            let read = parse_value(&text, &ty, "the value").map_err(|error| TestCaseError::fail(format!("{text}: {error}")))?;
            prop_assert!(read.same(&value), "{text} became {read}");
            prop_assert!(read.fits(&ty));
            prop_assert_eq!(read.to_string(), text);
        }
    }

    #[test]
    fn sameness_is_reflexive_and_sees_differences(ty in any_type(), seed in any::<[u8; 32]>()) {
        let mut source = Source::new(seed, &Dictionary::default());
        let (a, b) = (source.value(&ty), source.value(&ty));
        prop_assert!(a.same(&a.clone()));
        prop_assert_eq!(a.same(&b), b.same(&a));
        prop_assert_eq!(a.same(&b), a.to_string() == b.to_string(), "{} and {}", a, b);
    }
}

#[test]
fn nan_is_one_value_and_zero_is_two() {
    let quiet = f64::from_bits(0x7ff8_0000_0000_0001);
    assert!(Value::F64(f64::NAN).same(&Value::F64(quiet)) && Value::F64(f64::NAN).same(&Value::F64(-f64::NAN)));
    assert!(Value::F32(f32::NAN).same(&Value::F32(-f32::NAN)));
    assert!(!Value::F64(0.0).same(&Value::F64(-0.0)) && !Value::F32(0.0).same(&Value::F32(-0.0)));
    assert!(!Value::F64(1.0).same(&Value::F32(1.0)) && !Value::S32(1).same(&Value::U32(1)));
    let list = |number| Value::List(vec![Value::Option(Some(Box::new(Value::F64(number))))]);
    assert!(list(f64::NAN).same(&list(quiet)) && !list(0.0).same(&list(-0.0)));
    assert_eq!(Value::F64(quiet).to_string(), "nan");
    assert_eq!(Value::F32(-0.0).to_string(), "-0");
}

#[test]
fn values_of_another_type_do_not_fit() {
    let point =
        |name: &str| Type::Record(Arc::new(RecordType { name: None, fields: vec![(name.to_owned(), Type::S8)] }));
    let value = parse_value("{x: 1}", &point("x"), "x").unwrap();
    assert!(value.fits(&point("x")) && !value.fits(&point("y")));
    let Type::Record(own) = point("x") else { panic!() };
    assert!(!Value::Record(own.clone(), vec![]).fits(&point("x")));
    assert!(!Value::Record(own, vec![Value::U8(1)]).fits(&point("x")));
    let flags = Arc::new(FlagsType { name: None, names: vec!["a".to_owned(), "b".to_owned()] });
    assert!(Value::Flags(flags.clone(), 3).fits(&Type::Flags(flags.clone())));
    assert!(!Value::Flags(flags.clone(), 4).fits(&Type::Flags(flags)));
    let color = Arc::new(EnumType { name: None, cases: vec!["a".to_owned()] });
    assert!(!Value::Enum(color.clone(), 1).fits(&Type::Enum(color)));
    assert!(!Value::Option(Some(Box::new(Value::Bool(true)))).fits(&Type::option(Type::Char)));
    assert!(!Value::Result(Ok(None)).fits(&Type::result(Some(Type::U8), None)));
    assert!(!Value::Tuple(vec![]).fits(&Type::Tuple([Type::U8].into())));
}

#[test]
fn all_32_flags_have_a_bit() {
    let names = |count: usize| FlagsType { name: None, names: (0..count).map(|nth| format!("f{nth}")).collect() };
    assert_eq!([1, 2, 31, 32].map(|count| names(count).all()), [1, 3, 0x7fff_ffff, u32::MAX]);
}
