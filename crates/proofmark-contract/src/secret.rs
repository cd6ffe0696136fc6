//! Secrets: what a function is given that must not show in what comes of a call.
//!
//! A secret's input is the function's arguments and, after them, what the secret capabilities hold: for every granted
//! variable an `option<string>`, for standard input a `string`, for random numbers the `u64` that they start from.

use std::sync::Arc;

use crate::cel::Predicate;
use crate::interface::Function;
use crate::process::Process;
use crate::shrink::minimal;
use crate::types::Type;
use crate::value::Value;

mod place;
mod public;

pub(crate) use place::{Astray, Place, Step, choice, each, index, steps};

/// Parts of a function's input that nothing public may tell.
#[derive(Debug, Clone)]
pub struct Secret {
    /// The function it is about: one of the interface's, by pointer.
    pub of: Arc<Function>,
    /// The parts and capabilities as the contract names them.
    pub names: Vec<String>,
    /// What calls may tell about it: inputs for which this differs are not compared.
    pub releases: Option<Predicate>,
    /// Whether the fuel of a call is public.
    pub constant_fuel: bool,
    /// Whether standard output may carry it.
    pub stdout_may: bool,
    /// Whether standard error may carry it.
    pub stderr_may: bool,
    /// Parts of the result that may carry it.
    pub(crate) result_may: Vec<Vec<Step>>,
    pub(crate) places: Vec<Place>,
    pub(crate) held: Vec<Held>,
}

/// Something that a capability holds.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Held {
    /// The variable of that name.
    Variable(String),
    Stdin,
    Random,
}

/// Two inputs that differ in the secret alone.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pair {
    pub first: Vec<Value>,
    pub second: Vec<Value>,
}

/// What the secret capabilities hold in one call. What is not secret is empty, or 0.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Surroundings {
    pub environment: Vec<(String, String)>,
    pub stdin: String,
    /// From what random numbers start.
    pub seed: u64,
}

impl Held {
    fn ty(&self) -> Type {
        match self {
            Self::Variable(_) => Type::option(Type::String),
            Self::Stdin => Type::String,
            Self::Random => Type::U64,
        }
    }
}

impl Secret {
    /// The types of an input's values.
    pub(crate) fn types(&self) -> Vec<Type> {
        let params = self.of.params.iter().map(|(_, ty)| ty.clone());
        params.chain(self.held.iter().map(Held::ty)).collect()
    }

    /// The arguments of an input.
    #[must_use]
    pub fn arguments<'a>(&self, input: &'a [Value]) -> &'a [Value] {
        input.get(..self.of.params.len()).unwrap_or(input)
    }

    /// What the secret capabilities hold in an input.
    #[must_use]
    pub fn surroundings(&self, input: &[Value]) -> Surroundings {
        let mut around = Surroundings::default();
        for (held, value) in self.held.iter().zip(input.iter().skip(self.of.params.len())) {
            match (held, value) {
                (Held::Variable(name), Value::Option(Some(value))) => {
                    if let Value::String(text) = &**value {
                        around.environment.push((name.clone(), text.clone()));
                    }
                }
                (Held::Stdin, Value::String(text)) => around.stdin.clone_from(text),
                (Held::Random, Value::U64(number)) => around.seed = *number,
                _ => {}
            }
        }
        around
    }

    /// Whether the results of two calls, each given with the arguments, are the same in what is public. The unchanged part of a
    /// program's tree is not compared: what was given is still there.
    #[must_use]
    pub fn same_result(&self, first: (&[Value], &Value), second: (&[Value], &Value)) -> bool {
        let (Some(ty), Some(result)) = (&self.of.result, Some(first.1)) else { return true };
        if result.same(second.1) {
            return true;
        }
        match self.of.process.as_deref() {
            Some(process) if process.files.is_some() => {
                public::same(process, first, second, &|value| self.masked(value, ty))
            }
            _ => self.masked(first.1, ty).same(&self.masked(second.1, ty)),
        }
    }

    /// The result without what may carry the secret.
    fn masked(&self, result: &Value, ty: &Type) -> Value {
        let mask = |value: Value, steps: &Vec<Step>| each(&value, ty, steps, &mut |_, ty| minimal(ty));
        self.result_may.iter().fold(result.clone(), mask)
    }

    /// `to` with the secrets of `from`.
    pub(crate) fn transplanted(&self, from: &[Value], to: &[Value]) -> Vec<Value> {
        let types = self.types();
        let mut made = to.to_vec();
        for place in &self.places {
            let mut leaves = place.leaves(from, &types).into_iter();
            place.replace(&mut made, &types, &mut |value, _| leaves.next().unwrap_or_else(|| value.clone()));
        }
        made
    }

    /// The input in its one form, if the function can be given it.
    pub(crate) fn in_form(&self, input: Vec<Value>) -> Option<Vec<Value>> {
        match self.of.process.as_deref() {
            None => Some(input),
            Some(process) => formed(process, input),
        }
    }
}

fn formed(process: &Process, input: Vec<Value>) -> Option<Vec<Value>> {
    process.parts().into_iter().zip(input).map(|(part, value)| process.checked(part, value).ok()).collect()
}

#[cfg(test)]
mod tests;
