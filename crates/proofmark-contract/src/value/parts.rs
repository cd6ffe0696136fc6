//! What is inside a value, with its type.

use super::Value;
use crate::types::Type;

impl Value {
    /// The values right inside this one, each with its type; `self` is of type `ty`.
    pub(crate) fn typed_parts<'a>(&'a self, ty: &'a Type) -> Vec<(&'a Self, &'a Type)> {
        let payload = |value: &'a Option<Box<Self>>, ty: Option<&'a Type>| -> Vec<_> {
            value.as_deref().zip(ty).into_iter().collect()
        };
        match (self, ty) {
            (Self::List(values), Type::List(element)) => values.iter().map(|value| (value, &**element)).collect(),
            (Self::Record(_, values), Type::Record(ty)) => {
                values.iter().zip(ty.fields.iter().map(|(_, ty)| ty)).collect()
            }
            (Self::Tuple(values), Type::Tuple(types)) => values.iter().zip(types.iter()).collect(),
            (Self::Variant(_, case, value), Type::Variant(ty)) => {
                payload(value, ty.cases.get(*case as usize).and_then(|(_, ty)| ty.as_ref()))
            }
            (Self::Option(value), Type::Option(some)) => payload(value, Some(some)),
            (Self::Result(Ok(value)), Type::Result(ty)) => payload(value, ty.ok.as_ref()),
            (Self::Result(Err(value)), Type::Result(ty)) => payload(value, ty.err.as_ref()),
            _ => Vec::new(),
        }
    }

    /// As [`Value::typed_parts`], to be changed.
    pub(crate) fn typed_parts_mut<'a>(&'a mut self, ty: &'a Type) -> Vec<(&'a mut Self, &'a Type)> {
        let payload = |value: &'a mut Option<Box<Self>>, ty: Option<&'a Type>| -> Vec<_> {
            value.as_deref_mut().zip(ty).into_iter().collect()
        };
        match (self, ty) {
            (Self::List(values), Type::List(element)) => values.iter_mut().map(|value| (value, &**element)).collect(),
            (Self::Record(_, values), Type::Record(ty)) => {
                values.iter_mut().zip(ty.fields.iter().map(|(_, ty)| ty)).collect()
            }
            (Self::Tuple(values), Type::Tuple(types)) => values.iter_mut().zip(types.iter()).collect(),
            (Self::Variant(_, case, value), Type::Variant(ty)) => {
                payload(value, ty.cases.get(*case as usize).and_then(|(_, ty)| ty.as_ref()))
            }
            (Self::Option(value), Type::Option(some)) => payload(value, Some(some)),
            (Self::Result(Ok(value)), Type::Result(ty)) => payload(value, ty.ok.as_ref()),
            (Self::Result(Err(value)), Type::Result(ty)) => payload(value, ty.err.as_ref()),
            _ => Vec::new(),
        }
    }
}
