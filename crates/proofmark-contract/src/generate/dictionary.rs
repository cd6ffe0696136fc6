//! The constants of a contract: where a contract mentions 400, years around 400 are worth a try.

use std::sync::Arc;

use crate::cel::typed::{Expr, Kind};
use crate::contract::{Contract, Expected};
use crate::process::{Tree, is_tree};
use crate::types::Type;
use crate::value::Value;

/// Constants of one kind, at most.
const WORDS_MAX: usize = 1024;

/// Constants that a contract mentions; they and their neighbours are likely inputs.
#[derive(Debug, Clone, Default)]
pub struct Dictionary {
    words: Arc<Words>,
}

/// Without repetitions, in the order of the contract.
#[derive(Debug, Clone, Default)]
pub(super) struct Words {
    pub(super) whole: Vec<i128>,
    pub(super) floats: Vec<f64>,
    pub(super) chars: Vec<char>,
    pub(super) texts: Vec<String>,
    pub(super) compound: Vec<(Type, Value)>,
    /// Trees of files, of contracts of programs.
    pub(super) trees: Vec<Tree>,
}

impl Dictionary {
    /// The constants of a contract's examples and conditions.
    #[must_use]
    pub fn of(contract: &Contract) -> Self {
        let mut words = Words::default();
        for example in &contract.examples {
            for (value, (_, ty)) in example.call.args.iter().zip(&example.call.function.params) {
                words.value(value, ty);
            }
            if let (Expected::Returns(Some(value)), Some(ty)) = (&example.expected, &example.call.function.result) {
                words.value(value, ty);
            }
        }
        for property in &contract.properties {
            for predicate in property.requires.iter().chain([&property.ensures]) {
                words.expr(predicate.expr());
            }
        }
        for releases in contract.secrets.iter().filter_map(|secret| secret.releases.as_ref()) {
            words.expr(releases.expr());
        }
        for predicate in contract.may_trap_conditions() {
            words.expr(predicate.expr());
        }
        Self { words: Arc::new(words) }
    }

    /// The same with more constants, such as those of a binary.
    #[must_use]
    pub fn with(&self, whole: &[i64], floats: &[f64], texts: &[String]) -> Self {
        let mut words = (*self.words).clone();
        whole.iter().for_each(|number| add(&mut words.whole, i128::from(*number)));
        floats.iter().for_each(|number| add(&mut words.floats, *number));
        texts.iter().for_each(|text| words.text(text));
        Self { words: Arc::new(words) }
    }

    pub(super) fn words(&self) -> Arc<Words> {
        Arc::clone(&self.words)
    }
}

fn add<T: PartialEq>(words: &mut Vec<T>, word: T) {
    if words.len() < WORDS_MAX && !words.contains(&word) {
        words.push(word);
    }
}

impl Words {
    fn expr(&mut self, expr: &Expr) {
        match &expr.kind {
            Kind::Int(value) => add(&mut self.whole, i128::from(*value)),
            Kind::Uint(value) => add(&mut self.whole, i128::from(*value)),
            Kind::Double(value) => add(&mut self.floats, *value),
            Kind::Text(text) => self.text(text),
            _ => {}
        }
        for part in expr.parts() {
            self.expr(part);
        }
    }

    fn text(&mut self, text: &str) {
        for character in text.chars().take(64) {
            add(&mut self.chars, character);
        }
        if text.len() <= 4096 {
            add(&mut self.texts, text.to_owned());
        }
    }

    fn value(&mut self, value: &Value, ty: &Type) {
        match (value, ty) {
            (Value::S8(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::S16(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::S32(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::S64(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::U8(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::U16(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::U32(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::U64(value), _) => add(&mut self.whole, i128::from(*value)),
            (Value::F32(value), _) => add(&mut self.floats, f64::from(*value)),
            (Value::F64(value), _) => add(&mut self.floats, *value),
            (Value::Char(character), _) => add(&mut self.chars, *character),
            (Value::String(text), _) => self.text(text),
            (Value::Bool(_) | Value::Enum(..) | Value::Flags(..), _) => {}
            (compound, ty) => {
                if is_tree(ty)
                    && let Ok(tree) = Tree::from_value(compound)
                {
                    add(&mut self.trees, tree);
                }
                add(&mut self.compound, (ty.clone(), compound.clone()));
                for (part, ty) in compound.typed_parts(ty) {
                    self.value(part, ty);
                }
            }
        }
    }
}
