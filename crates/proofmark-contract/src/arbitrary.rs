//! Types of every kind, for tests.

use std::sync::Arc;

use proptest::prelude::*;

use crate::types::{EnumType, FlagsType, RecordType, Type, VariantType};

/// A WIT name, keywords of WAVE among them.
fn name() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]{1,6}(-[a-z0-9]{1,4}){0,2}",
        "[A-Z]{1,4}(-[A-Z0-9]{1,3})?",
        prop::sample::select(vec!["some", "none", "ok", "err", "true", "false", "inf", "nan"]).prop_map(str::to_owned),
    ]
}

fn names(most: usize) -> impl Strategy<Value = Vec<String>> {
    prop::collection::btree_set(name(), 1..=most).prop_map(|names| names.into_iter().collect()).prop_shuffle()
}

/// Any type that a contract can have, a few levels deep.
pub(crate) fn any_type() -> impl Strategy<Value = Type> {
    let leaf = prop_oneof![
        prop::sample::select(vec![
            Type::Bool,
            Type::S8,
            Type::U8,
            Type::S16,
            Type::U16,
            Type::S32,
            Type::U32,
            Type::S64,
            Type::U64,
            Type::F32,
            Type::F64,
            Type::Char,
            Type::String,
        ]),
        names(5).prop_map(|cases| Type::Enum(Arc::new(EnumType { name: None, cases }))),
        names(32).prop_map(|names| Type::Flags(Arc::new(FlagsType { name: None, names }))),
    ];
    leaf.prop_recursive(4, 24, 4, |inner| {
        prop_oneof![
            inner.clone().prop_map(Type::list),
            inner.clone().prop_map(Type::option),
            (prop::option::of(inner.clone()), prop::option::of(inner.clone()))
                .prop_map(|(ok, err)| Type::result(ok, err)),
            prop::collection::vec(inner.clone(), 1..4).prop_map(|types| Type::Tuple(types.into())),
            (names(4), prop::collection::vec(inner.clone(), 4)).prop_map(|(names, types)| {
                Type::Record(Arc::new(RecordType { name: None, fields: names.into_iter().zip(types).collect() }))
            }),
            (names(4), prop::collection::vec(prop::option::of(inner), 4)).prop_map(|(names, types)| {
                Type::Variant(Arc::new(VariantType { name: None, cases: names.into_iter().zip(types).collect() }))
            }),
        ]
    })
}
