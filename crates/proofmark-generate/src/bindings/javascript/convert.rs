//! Numbers of 32 bits without a sign, which the tool (0.4.5) gives as numbers with one, and takes so.

use proofmark_contract::Type;

use crate::bindings::any;
use crate::bindings::names::camel;

/// Where a value goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    /// Into the code: 0 to 2^32 - 1.
    In,
    /// Out of it: the same bits with a sign.
    Out,
}

/// The expression `value` as the other side has it; `None` if it needs no change.
pub(super) fn converted(ty: &Type, way: Way, value: &str) -> Option<String> {
    if !any(ty, &|ty| matches!(ty, Type::U32)) {
        return None;
    }
    let inner = |ty: &Type, value: &str| converted(ty, way, value).unwrap_or_else(|| value.to_owned());
    Some(match ty {
        Type::U32 if way == Way::In => format!("({value} >>> 0)"),
        Type::U32 => format!("({value} | 0)"),
        Type::List(element) => format!("Array.from({value}, (v) => ({}))", inner(element, "v")),
        Type::Tuple(types) => {
            let parts: Vec<String> =
                types.iter().enumerate().map(|(nth, ty)| inner(ty, &format!("v[{nth}]"))).collect();
            format!("((v) => [{}])({value})", parts.join(", "))
        }
        Type::Record(shape) => {
            let fields = shape.fields.iter().map(|(name, ty)| (camel(name), ty));
            let parts: Vec<String> =
                fields.map(|(name, ty)| format!("{name}: {}", inner(ty, &format!("v.{name}")))).collect();
            format!("((v) => ({{ {} }}))({value})", parts.join(", "))
        }
        Type::Option(some) if matches!(**some, Type::Option(_)) => cases(&[("some", Some(some))], way, value),
        Type::Option(some) => format!("((v) => (v == null ? null : {}))({value})", inner(some, "v")),
        Type::Result(shape) => cases(&[("ok", shape.ok.as_ref()), ("err", shape.err.as_ref())], way, value),
        Type::Variant(shape) => {
            let parts: Vec<(&str, Option<&Type>)> =
                shape.cases.iter().map(|(name, ty)| (name.as_str(), ty.as_ref())).collect();
            cases(&parts, way, value)
        }
        _ => return None,
    })
}

/// A value with a tag: the payloads of some cases are changed.
fn cases(cases: &[(&str, Option<&Type>)], way: Way, value: &str) -> String {
    let mut text = "v".to_owned();
    for (name, ty) in cases.iter().rev() {
        if let Some(changed) = ty.and_then(|ty| converted(ty, way, "v.val")) {
            text = format!("v.tag === \"{name}\" ? {{ tag: \"{name}\", val: {changed} }} : {text}");
        }
    }
    format!("((v) => ({text}))({value})")
}
