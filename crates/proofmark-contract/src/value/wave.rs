//! [`Value`] as WAVE sees it.
//!
//! WAVE calls `unwrap_*` only for values of that kind; for any other this answers with an empty value instead of a panic.

use std::borrow::Cow;

use wasm_wave::wasm::{WasmTypeKind, WasmValue, WasmValueError};

use super::Value;
use crate::process;
use crate::types::Type;

macro_rules! scalars {
    ($($make:ident $unwrap:ident $case:ident $type:ty;)*) => {
        $(
            fn $make(value: $type) -> Self {
                Self::$case(value)
            }

            fn $unwrap(&self) -> $type {
                match self {
                    Self::$case(value) => *value,
                    _ => Default::default(),
                }
            }
        )*
    };
}

impl WasmValue for Value {
    type Type = Type;

    fn kind(&self) -> WasmTypeKind {
        match self {
            Self::Bool(_) => WasmTypeKind::Bool,
            Self::S8(_) => WasmTypeKind::S8,
            Self::U8(_) => WasmTypeKind::U8,
            Self::S16(_) => WasmTypeKind::S16,
            Self::U16(_) => WasmTypeKind::U16,
            Self::S32(_) => WasmTypeKind::S32,
            Self::U32(_) => WasmTypeKind::U32,
            Self::S64(_) => WasmTypeKind::S64,
            Self::U64(_) => WasmTypeKind::U64,
            Self::F32(_) => WasmTypeKind::F32,
            Self::F64(_) => WasmTypeKind::F64,
            Self::Char(_) => WasmTypeKind::Char,
            Self::String(_) => WasmTypeKind::String,
            Self::List(_) => WasmTypeKind::List,
            Self::Record(..) => WasmTypeKind::Record,
            Self::Tuple(_) => WasmTypeKind::Tuple,
            Self::Variant(..) => WasmTypeKind::Variant,
            Self::Enum(..) => WasmTypeKind::Enum,
            Self::Option(_) => WasmTypeKind::Option,
            Self::Result(_) => WasmTypeKind::Result,
            Self::Flags(..) => WasmTypeKind::Flags,
        }
    }

    scalars! {
        make_bool unwrap_bool Bool bool;
        make_s8 unwrap_s8 S8 i8;
        make_u8 unwrap_u8 U8 u8;
        make_s16 unwrap_s16 S16 i16;
        make_u16 unwrap_u16 U16 u16;
        make_s32 unwrap_s32 S32 i32;
        make_u32 unwrap_u32 U32 u32;
        make_s64 unwrap_s64 S64 i64;
        make_u64 unwrap_u64 U64 u64;
        make_f32 unwrap_f32 F32 f32;
        make_f64 unwrap_f64 F64 f64;
        make_char unwrap_char Char char;
    }

    fn make_string(value: Cow<'_, str>) -> Self {
        Self::String(value.into_owned())
    }

    fn make_list(_: &Type, values: impl IntoIterator<Item = Self>) -> Result<Self, WasmValueError> {
        Ok(Self::List(values.into_iter().collect()))
    }

    fn make_record<'a>(ty: &Type, fields: impl IntoIterator<Item = (&'a str, Self)>) -> Result<Self, WasmValueError> {
        let Type::Record(ty) = ty else { return Err(wrong(ty, WasmTypeKind::Record)) };
        let mut slots: Vec<Option<Self>> = vec![None; ty.fields.len()];
        for (name, value) in fields {
            let slot = ty.fields.iter().position(|(field, _)| field == name).and_then(|nth| slots.get_mut(nth));
            *slot.ok_or_else(|| WasmValueError::UnknownField(name.to_owned()))? = Some(value);
        }
        let values = slots.into_iter().zip(&ty.fields).map(|(slot, (name, ty))| match (slot, ty) {
            (Some(value), _) => Ok(value),
            (None, Type::Option(_)) => Ok(Self::Option(None)),
            (None, _) => Err(WasmValueError::MissingField(name.clone())),
        });
        Ok(Self::Record(ty.clone(), values.collect::<Result<_, _>>()?))
    }

    fn make_tuple(ty: &Type, values: impl IntoIterator<Item = Self>) -> Result<Self, WasmValueError> {
        let Type::Tuple(types) = ty else { return Err(wrong(ty, WasmTypeKind::Tuple)) };
        let values: Vec<Self> = values.into_iter().collect();
        if values.len() == types.len() {
            Ok(Self::Tuple(values))
        } else {
            Err(WasmValueError::WrongNumberOfTupleValues { want: types.len(), got: values.len() })
        }
    }

    fn make_variant(ty: &Type, case: &str, payload: Option<Self>) -> Result<Self, WasmValueError> {
        let Type::Variant(ty) = ty else { return Err(wrong(ty, WasmTypeKind::Variant)) };
        let found = (0_u32..).zip(&ty.cases).find(|(_, (name, _))| name == case);
        let (nth, (_, payload_type)) = found.ok_or_else(|| WasmValueError::UnknownCase(case.to_owned()))?;
        Ok(Self::Variant(ty.clone(), nth, boxed(case, payload_type.as_ref(), payload)?))
    }

    fn make_enum(ty: &Type, case: &str) -> Result<Self, WasmValueError> {
        let Type::Enum(ty) = ty else { return Err(wrong(ty, WasmTypeKind::Enum)) };
        let found = (0_u32..).zip(&ty.cases).find(|(_, name)| *name == case);
        let (nth, _) = found.ok_or_else(|| WasmValueError::UnknownCase(case.to_owned()))?;
        Ok(Self::Enum(ty.clone(), nth))
    }

    fn make_option(ty: &Type, payload: Option<Self>) -> Result<Self, WasmValueError> {
        match ty {
            Type::Option(_) => Ok(Self::Option(payload.map(Box::new))),
            _ => Err(wrong(ty, WasmTypeKind::Option)),
        }
    }

    fn make_result(ty: &Type, value: Result<Option<Self>, Option<Self>>) -> Result<Self, WasmValueError> {
        let Type::Result(ty) = ty else { return Err(wrong(ty, WasmTypeKind::Result)) };
        Ok(Self::Result(match value {
            Ok(payload) => Ok(boxed("ok", ty.ok.as_ref(), payload)?),
            Err(payload) => Err(boxed("err", ty.err.as_ref(), payload)?),
        }))
    }

    fn make_flags<'a>(ty: &Type, names: impl IntoIterator<Item = &'a str>) -> Result<Self, WasmValueError> {
        let Type::Flags(ty) = ty else { return Err(wrong(ty, WasmTypeKind::Flags)) };
        let mut bits = 0_u32;
        for name in names {
            let found = (0_u32..).zip(&ty.names).find(|(_, flag)| *flag == name);
            let (nth, _) = found.ok_or_else(|| WasmValueError::UnknownField(name.to_owned()))?;
            bits |= 1_u32.checked_shl(nth).unwrap_or(0);
        }
        Ok(Self::Flags(ty.clone(), bits))
    }

    fn unwrap_string(&self) -> Cow<'_, str> {
        match self {
            Self::String(text) => Cow::Borrowed(text),
            _ => Cow::Borrowed(""),
        }
    }

    fn unwrap_list(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        match self {
            Self::List(values) => Box::new(values.iter().map(Cow::Borrowed)),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn unwrap_record(&self) -> Box<dyn Iterator<Item = (Cow<'_, str>, Cow<'_, Self>)> + '_> {
        match self {
            Self::Record(ty, values) => {
                let names = ty.fields.iter().map(|(name, _)| Cow::Borrowed(name.as_str()));
                Box::new(names.zip(values.iter().map(Cow::Borrowed)))
            }
            _ => Box::new(std::iter::empty()),
        }
    }

    fn unwrap_tuple(&self) -> Box<dyn Iterator<Item = Cow<'_, Self>> + '_> {
        match self {
            Self::Tuple(values) => Box::new(values.iter().map(Cow::Borrowed)),
            _ => Box::new(std::iter::empty()),
        }
    }

    fn unwrap_variant(&self) -> (Cow<'_, str>, Option<Cow<'_, Self>>) {
        match self {
            Self::Variant(ty, case, payload) => {
                if let Some(text) = process::written(ty, *case, payload.as_deref()) {
                    return (Cow::Borrowed("text"), Some(Cow::Owned(text)));
                }
                let name = ty.cases.get(*case as usize).map_or("", |(name, _)| name.as_str());
                (Cow::Borrowed(name), borrowed(payload))
            }
            _ => (Cow::Borrowed(""), None),
        }
    }

    fn unwrap_enum(&self) -> Cow<'_, str> {
        match self {
            Self::Enum(ty, case) => Cow::Borrowed(ty.cases.get(*case as usize).map_or("", String::as_str)),
            _ => Cow::Borrowed(""),
        }
    }

    fn unwrap_option(&self) -> Option<Cow<'_, Self>> {
        match self {
            Self::Option(payload) => borrowed(payload),
            _ => None,
        }
    }

    fn unwrap_result(&self) -> Result<Option<Cow<'_, Self>>, Option<Cow<'_, Self>>> {
        match self {
            Self::Result(Ok(payload)) => Ok(borrowed(payload)),
            Self::Result(Err(payload)) => Err(borrowed(payload)),
            _ => Ok(None),
        }
    }

    fn unwrap_flags(&self) -> Box<dyn Iterator<Item = Cow<'_, str>> + '_> {
        match self {
            Self::Flags(ty, bits) => {
                let set = (0_u32..).zip(&ty.names).filter(|(nth, _)| bits.checked_shr(*nth).unwrap_or(0) & 1 == 1);
                Box::new(set.map(|(_, name)| Cow::Borrowed(name.as_str())))
            }
            _ => Box::new(std::iter::empty()),
        }
    }
}

fn borrowed(payload: &Option<Box<Value>>) -> Option<Cow<'_, Value>> {
    payload.as_deref().map(Cow::Borrowed)
}

fn boxed(case: &str, ty: Option<&Type>, payload: Option<Value>) -> Result<Option<Box<Value>>, WasmValueError> {
    match (ty, payload) {
        (Some(_), Some(payload)) => Ok(Some(Box::new(payload))),
        (None, None) => Ok(None),
        (Some(_), None) => Err(WasmValueError::MissingPayload(case.to_owned())),
        (None, Some(_)) => Err(WasmValueError::UnexpectedPayload(case.to_owned())),
    }
}

fn wrong(ty: &Type, kind: WasmTypeKind) -> WasmValueError {
    WasmValueError::WrongTypeKind { kind, ty: ty.to_string() }
}
