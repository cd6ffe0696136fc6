//! Where in an input a secret is: a parameter, and the way from there into its value.

use crate::problem::nearest;
use crate::types::Type;
use crate::value::Value;

/// A part of an input.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Place {
    /// The value's index in the input.
    pub(crate) index: usize,
    pub(crate) steps: Vec<Step>,
}

/// One step into a value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// The field of a record or tuple with that index.
    Field(usize),
    /// The payload of the case with that index of a variant or result (ok 0, err 1).
    Case(u32),
    /// Everything in a list or option.
    Each,
    /// The element of a list with that index.
    At(usize),
    /// The value of a variable in a list of names and values.
    Variable(String),
}

/// Why a path leads nowhere: the segment, counted from 0, what is wrong with it, and what to write.
#[derive(Debug)]
pub(crate) struct Astray {
    pub(crate) segment: usize,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Place {
    /// Exchanges what is at the place.
    pub(crate) fn replace(&self, input: &mut [Value], types: &[Type], with: &mut dyn FnMut(&Value, &Type) -> Value) {
        if let (Some(value), Some(ty)) = (input.get_mut(self.index), types.get(self.index)) {
            *value = each(value, ty, &self.steps, with);
        }
    }

    /// What is at the place: several values where a list is on the way, none where a case is another.
    pub(crate) fn leaves(&self, input: &[Value], types: &[Type]) -> Vec<Value> {
        let mut found = Vec::new();
        if let (Some(value), Some(ty)) = (input.get(self.index), types.get(self.index)) {
            each(value, ty, &self.steps, &mut |leaf, _| {
                found.push(leaf.clone());
                leaf.clone()
            });
        }
        found
    }
}

/// The value with everything at the end of the steps exchanged.
pub(crate) fn each(value: &Value, ty: &Type, steps: &[Step], with: &mut dyn FnMut(&Value, &Type) -> Value) -> Value {
    let Some((step, rest)) = steps.split_first() else { return with(value, ty) };
    let mut into = |value: &Value, ty: &Type| Box::new(each(value, ty, rest, with));
    match (step, value, ty) {
        (Step::Field(nth), Value::Record(own, fields), Type::Record(record)) => {
            let types: Vec<&Type> = record.fields.iter().map(|(_, ty)| ty).collect();
            Value::Record(own.clone(), one(fields, *nth, &types, &mut into))
        }
        (Step::Field(nth), Value::Tuple(values), Type::Tuple(types)) => {
            Value::Tuple(one(values, *nth, &types.iter().collect::<Vec<_>>(), &mut into))
        }
        (Step::Each, Value::List(values), Type::List(element)) => {
            Value::List(values.iter().map(|value| *into(value, element)).collect())
        }
        (Step::Each, Value::Option(Some(some)), Type::Option(ty)) => Value::Option(Some(into(some, ty))),
        (Step::At(nth), Value::List(values), Type::List(element)) => {
            Value::List(one(values, *nth, &vec![&**element; values.len()], &mut into))
        }
        (Step::Case(wanted), Value::Variant(own, case, Some(payload)), Type::Variant(variant)) if wanted == case => {
            let ty = variant.cases.get(*case as usize).and_then(|(_, ty)| ty.as_ref());
            let payload = ty.map_or_else(|| payload.clone(), |ty| into(payload, ty));
            Value::Variant(own.clone(), *case, Some(payload))
        }
        (Step::Case(0), Value::Result(Ok(Some(payload))), Type::Result(result)) => {
            Value::Result(Ok(result.ok.as_ref().map(|ty| into(payload, ty))))
        }
        (Step::Case(1), Value::Result(Err(Some(payload))), Type::Result(result)) => {
            Value::Result(Err(result.err.as_ref().map(|ty| into(payload, ty))))
        }
        (Step::Variable(name), Value::List(pairs), _) => {
            let pair = |pair: &Value| match pair {
                Value::Tuple(parts) if parts.first() == Some(&Value::String(name.clone())) => {
                    Value::Tuple(one(parts, 1, &[&Type::String, &Type::String], &mut into))
                }
                other => other.clone(),
            };
            Value::List(pairs.iter().map(pair).collect())
        }
        _ => value.clone(),
    }
}

fn one(values: &[Value], nth: usize, types: &[&Type], into: &mut dyn FnMut(&Value, &Type) -> Box<Value>) -> Vec<Value> {
    let mut values = values.to_vec();
    if let (Some(value), Some(ty)) = (values.get_mut(nth), types.get(nth)) {
        *value = *into(value, ty);
    }
    values
}

/// The steps that the segments of a path mean, from a value of `ty` on. A list or option on the way stands for all that is in it.
pub(crate) fn steps(ty: &Type, segments: &[&str]) -> Result<Vec<Step>, Astray> {
    let (mut ty, mut found, mut nth) = (ty.clone(), Vec::new(), 0);
    while let Some(segment) = segments.get(nth).copied() {
        let astray = |message: String, help: String| Astray { segment: nth, message, help };
        let number = segment.parse::<usize>().ok();
        let (step, inside, used) = match (&ty, number) {
            (Type::List(element), Some(at)) => (Step::At(at), (**element).clone(), true),
            (Type::List(element), None) => (Step::Each, (**element).clone(), false),
            (Type::Option(some), _) => (Step::Each, (**some).clone(), segment == "some"),
            (Type::Record(record), _) => {
                let names: Vec<&str> = record.fields.iter().map(|(name, _)| name.as_str()).collect();
                let at = index(segment, &names)
                    .ok_or_else(|| astray(unknown("field", segment, &ty), choice(segment, &names)))?;
                (Step::Field(at), record.fields.get(at).map(|(_, ty)| ty.clone()).unwrap_or(Type::Bool), true)
            }
            (Type::Tuple(types), _) => {
                let at = number.filter(|at| *at < types.len());
                let help = format!("write a number from 0 to {}", types.len().saturating_sub(1));
                let at = at.ok_or_else(|| astray(unknown("field", segment, &ty), help))?;
                (Step::Field(at), types.get(at).cloned().unwrap_or(Type::Bool), true)
            }
            (Type::Variant(_) | Type::Result(_), _) => {
                let cases = payloads(&ty);
                let names: Vec<&str> = cases.iter().map(|(name, _, _)| *name).collect();
                let at = index(segment, &names)
                    .ok_or_else(|| astray(unknown("case with a payload", segment, &ty), choice(segment, &names)))?;
                let (_, case, inside) =
                    cases.get(at).map_or(("", 0, Type::Bool), |(name, case, ty)| (*name, *case, (*ty).clone()));
                (Step::Case(case), inside, true)
            }
            _ => return Err(astray(format!("`{ty}` has no parts"), format!("leave `.{segment}` out"))),
        };
        found.push(step);
        ty = inside;
        nth = nth.saturating_add(usize::from(used));
    }
    Ok(found)
}

/// The cases of a variant or result that carry something.
fn payloads(ty: &Type) -> Vec<(&str, u32, &Type)> {
    match ty {
        Type::Variant(variant) => (0_u32..)
            .zip(&variant.cases)
            .filter_map(|(nth, (name, payload))| Some((name.as_str(), nth, payload.as_ref()?)))
            .collect(),
        Type::Result(result) => {
            let sides = [("ok", 0, result.ok.as_ref()), ("err", 1, result.err.as_ref())];
            sides.into_iter().filter_map(|(name, case, ty)| Some((name, case, ty?))).collect()
        }
        _ => Vec::new(),
    }
}

/// The index of a name, with underscores for hyphens.
pub(crate) fn index(name: &str, names: &[&str]) -> Option<usize> {
    let plain = name.replace('_', "-");
    names.iter().position(|known| *known == plain)
}

fn unknown(what: &str, segment: &str, ty: &Type) -> String {
    format!("`{ty}` has no {what} `{}`", segment.escape_debug())
}

/// What may be written instead.
pub(crate) fn choice(segment: &str, names: &[&str]) -> String {
    match (nearest(segment, names.iter().copied()), names) {
        (Some(near), _) => format!("did you mean `{near}`?"),
        (None, []) => "there is none".to_owned(),
        (None, [only]) => format!("there is `{only}`"),
        (None, names) => {
            format!("there are {}", names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", "))
        }
    }
}
