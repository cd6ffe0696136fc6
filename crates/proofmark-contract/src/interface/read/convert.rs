//! Converts wit-parser's types, each once, in the order in which they depend on each other.

use std::collections::HashMap;
use std::sync::Arc;

use wit_parser::{Resolve, TypeDef, TypeDefKind, TypeId};

use crate::types::{EnumType, FlagsType, RecordType, ResultType, Type, VariantType};

/// How deep types nest at most.
pub(crate) const DEPTH_MAX: u32 = 32;
/// Types, fields, cases and flags inside one type at most, with every use counted.
pub(crate) const PARTS_MAX: u32 = 4096;
/// The canonical ABI has no more flags in one type.
const FLAGS_MAX: usize = 32;

/// The types of a [`Resolve`], converted or refused.
pub(super) struct Types(HashMap<TypeId, Result<Sized, Refusal>>);

#[derive(Clone)]
struct Sized {
    ty: Type,
    depth: u32,
    parts: u32,
}

/// Why a type has no place in a contract.
#[derive(Clone)]
pub(super) struct Refusal {
    pub(super) why: String,
    pub(super) label: &'static str,
    pub(super) help: String,
    /// The type that is refused, where it is not the one that was asked for.
    pub(super) at: Option<TypeId>,
}

impl Types {
    pub(super) fn read(resolve: &Resolve) -> Self {
        let mut types = Self(HashMap::new());
        for (id, def) in resolve.types.iter() {
            let read = types.def(def).and_then(|read| read.bounded()).map_err(|refusal| {
                let at = refusal.at.or(Some(id));
                Refusal { at, ..refusal }
            });
            types.0.insert(id, read);
        }
        types
    }

    pub(super) fn get(&self, ty: &wit_parser::Type) -> Result<Type, Refusal> {
        self.of(ty).map(|read| read.ty)
    }

    fn of(&self, ty: &wit_parser::Type) -> Result<Sized, Refusal> {
        let leaf = |ty| Ok(Sized { ty, depth: 1, parts: 1 });
        match ty {
            wit_parser::Type::Bool => leaf(Type::Bool),
            wit_parser::Type::U8 => leaf(Type::U8),
            wit_parser::Type::U16 => leaf(Type::U16),
            wit_parser::Type::U32 => leaf(Type::U32),
            wit_parser::Type::U64 => leaf(Type::U64),
            wit_parser::Type::S8 => leaf(Type::S8),
            wit_parser::Type::S16 => leaf(Type::S16),
            wit_parser::Type::S32 => leaf(Type::S32),
            wit_parser::Type::S64 => leaf(Type::S64),
            wit_parser::Type::F32 => leaf(Type::F32),
            wit_parser::Type::F64 => leaf(Type::F64),
            wit_parser::Type::Char => leaf(Type::Char),
            wit_parser::Type::String => leaf(Type::String),
            wit_parser::Type::ErrorContext => Err(refusal("an error context is not a value")),
            wit_parser::Type::Id(id) => {
                self.0.get(id).cloned().unwrap_or_else(|| Err(refusal("its type can't be followed")))
            }
        }
    }

    fn def(&self, def: &TypeDef) -> Result<Sized, Refusal> {
        let name = def.name.clone();
        match &def.kind {
            TypeDefKind::Type(ty) => self.of(ty),
            TypeDefKind::List(element) => Ok(self.of(element)?.inside(Type::list)),
            TypeDefKind::Option(some) => Ok(self.of(some)?.inside(Type::option)),
            TypeDefKind::Result(result) => {
                let mut parts = Parts::default();
                let ok = result.ok.as_ref().map(|ty| parts.add(self.of(ty)?)).transpose()?;
                let err = result.err.as_ref().map(|ty| parts.add(self.of(ty)?)).transpose()?;
                Ok(parts.whole(Type::Result(Arc::new(ResultType { ok, err }))))
            }
            TypeDefKind::Tuple(tuple) => {
                let mut parts = Parts::default();
                let elements = tuple.types.iter().map(|ty| parts.add(self.of(ty)?)).collect::<Result<Vec<_>, _>>()?;
                if elements.is_empty() {
                    return Err(refusal("a tuple without elements carries nothing"));
                }
                Ok(parts.whole(Type::Tuple(elements.into())))
            }
            TypeDefKind::Record(record) => {
                let mut parts = Parts::default();
                let field = |field: &wit_parser::Field| Ok((field.name.clone(), parts.add(self.of(&field.ty)?)?));
                let fields = record.fields.iter().map(field).collect::<Result<Vec<_>, _>>()?;
                if fields.is_empty() {
                    return Err(refusal("a record without fields carries nothing"));
                }
                Ok(parts.whole(Type::Record(Arc::new(RecordType { name, fields }))))
            }
            TypeDefKind::Variant(variant) => {
                let mut parts = Parts::default();
                let case = |case: &wit_parser::Case| {
                    parts.count(1);
                    Ok((case.name.clone(), case.ty.as_ref().map(|ty| parts.add(self.of(ty)?)).transpose()?))
                };
                let cases = variant.cases.iter().map(case).collect::<Result<Vec<_>, _>>()?;
                Ok(parts.whole(Type::Variant(Arc::new(VariantType { name, cases }))))
            }
            TypeDefKind::Enum(ty) => {
                let mut parts = Parts::default();
                parts.count(ty.cases.len());
                let cases = ty.cases.iter().map(|case| case.name.clone()).collect();
                Ok(parts.whole(Type::Enum(Arc::new(EnumType { name, cases }))))
            }
            TypeDefKind::Flags(flags) => {
                let names: Vec<String> = flags.flags.iter().map(|flag| flag.name.clone()).collect();
                if names.is_empty() || names.len() > FLAGS_MAX {
                    return Err(refusal(&format!("flags have 1 to {FLAGS_MAX} names, these have {}", names.len())));
                }
                let mut parts = Parts::default();
                parts.count(names.len());
                Ok(parts.whole(Type::Flags(Arc::new(FlagsType { name, names }))))
            }
            TypeDefKind::Resource | TypeDefKind::Handle(_) => Err(refusal("a resource is not a value")),
            TypeDefKind::Future(_) => Err(refusal("a future is not a value")),
            TypeDefKind::Stream(_) => Err(refusal("a stream is not a value")),
            TypeDefKind::Map(..) => Err(Refusal {
                help: "write it as a list of tuples".to_owned(),
                ..refusal("a map type is not supported by every toolchain")
            }),
            TypeDefKind::FixedLengthList(..) => Err(Refusal {
                help: "write it as a list, or as a tuple".to_owned(),
                ..refusal("a list of fixed length is not supported by every toolchain")
            }),
            TypeDefKind::Unknown => Err(refusal("its type is not known")),
        }
    }
}

fn refusal(why: &str) -> Refusal {
    Refusal {
        why: why.to_owned(),
        label: "this type",
        help: "use numbers, bool, char, string, list, tuple, record, variant, enum, option, result or flags".to_owned(),
        at: None,
    }
}

impl Sized {
    fn inside(self, wrap: impl FnOnce(Type) -> Type) -> Self {
        Self { ty: wrap(self.ty), depth: self.depth.saturating_add(1), parts: self.parts.saturating_add(1) }
    }

    fn bounded(self) -> Result<Self, Refusal> {
        let refused = |why: String| Refusal { help: "make the type simpler".to_owned(), ..refusal(&why) };
        if self.depth > DEPTH_MAX {
            return Err(refused(format!("its type nests deeper than {DEPTH_MAX}")));
        }
        if self.parts > PARTS_MAX {
            return Err(refused(format!("its type has more than {PARTS_MAX} parts")));
        }
        Ok(self)
    }
}

/// Adds up what is inside a type.
#[derive(Default)]
struct Parts {
    depth: u32,
    parts: u32,
}

impl Parts {
    fn add(&mut self, part: Sized) -> Result<Type, Refusal> {
        self.depth = self.depth.max(part.depth);
        self.parts = self.parts.saturating_add(part.parts);
        Ok(part.ty)
    }

    fn count(&mut self, parts: usize) {
        self.parts = self.parts.saturating_add(u32::try_from(parts).unwrap_or(u32::MAX));
    }

    fn whole(&self, ty: Type) -> Sized {
        Sized { ty, depth: self.depth.saturating_add(1), parts: self.parts.saturating_add(1) }
    }
}
