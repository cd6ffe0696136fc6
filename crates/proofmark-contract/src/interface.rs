//! The typed interface of a contract: the functions that an artifact exports, and what its world imports.
//!
//! An [`Interface`] is always whole: every type is a value type within the limits, every name is unique.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use thiserror::Error;
use wit_parser::{Resolve, WorldId};

use crate::placed::Placed;
use crate::problem::Problem;
use crate::process::Process;
use crate::types::Type;
use crate::value::Value;

mod call;
mod read;
mod shape;

#[cfg(test)]
pub(crate) use call::parse_value;
pub(crate) use call::{is_unit, miscounted, parse_result};
pub(crate) use read::read;

/// The exports and imports of a WIT world: of a component, or of the one that stands for a program.
#[derive(Debug, Clone)]
pub struct Interface {
    /// The world's name in WIT.
    pub world: String,
    /// Every exported function, those of exported interfaces too, in the order of the WIT.
    pub functions: Vec<Arc<Function>>,
    /// What the world imports, as it is named in a component: `wasi:clocks/wall-clock@0.2.0`, or a plain name.
    pub imports: Vec<String>,
    /// The whole WIT, resolved.
    pub resolve: Resolve,
    /// The world in `resolve`.
    pub world_id: WorldId,
}

/// An exported function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Function {
    /// Its name in WIT.
    pub name: String,
    /// The exported interface that it belongs to, such as `ns:pkg/iface@1.0.0`; `None` if the world itself exports it.
    pub interface: Option<String>,
    pub params: Vec<(String, Type)>,
    pub result: Option<Type>,
    /// What this function stands for, if it is `run` of a program.
    pub process: Option<Arc<Process>>,
}

/// A function with arguments that fit its parameters. Its text is WAVE, which [`Interface::parse_call`] reads.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Call {
    pub function: Arc<Function>,
    pub args: Vec<Value>,
}

/// A text that is not a call of an interface.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("{message}{}", .help.as_ref().map(|help| format!("; {help}")).unwrap_or_default())]
pub struct CallError {
    pub message: String,
    /// Bytes of the text.
    pub span: Range<usize>,
    pub help: Option<String>,
}

impl Interface {
    /// The interface of a program: a world that exports `run`.
    pub(crate) fn of_process(process: Process) -> Result<Self, Vec<Problem>> {
        let mut interface = read(&Placed::new("", 0..0, &process.wit()), None)?;
        let process = Arc::new(process);
        for function in &mut interface.functions {
            *function = Arc::new(Function { process: Some(Arc::clone(&process)), ..(**function).clone() });
        }
        Ok(interface)
    }

    /// The program that this interface stands for; `None` if it is one of components.
    #[must_use]
    pub fn process(&self) -> Option<&Arc<Process>> {
        self.functions.iter().find_map(|function| function.process.as_ref())
    }

    /// The function of that name: its full name, or a shorter one that no other function has. Underscores stand for
    /// hyphens.
    #[must_use]
    pub fn function(&self, name: &str) -> Option<&Arc<Function>> {
        self.named(name).ok()
    }

    /// Reads a call in WAVE, such as `gcd(4, 6)`.
    ///
    /// # Errors
    /// [`CallError`]: not WAVE, no such function, or arguments that do not fit.
    pub fn parse_call(&self, text: &str) -> Result<Call, CallError> {
        call::parse(self, text)
    }
}

impl Function {
    /// A name that no other function of the interface has: `gcd`, or `ns:pkg/iface.gcd@1.0.0`.
    #[must_use]
    pub fn full_name(&self) -> String {
        match self.interface.as_deref() {
            None => self.name.clone(),
            Some(interface) => match interface.split_once('@') {
                Some((id, version)) => format!("{id}.{}@{version}", self.name),
                None => format!("{interface}.{}", self.name),
            },
        }
    }

    /// Reads a result in WAVE, as `Display` of the value writes it; `()` where the function returns nothing.
    ///
    /// # Errors
    /// [`CallError`] for a text that is not WAVE or not of the result's type.
    pub fn parse_result(&self, text: &str) -> Result<Option<Value>, CallError> {
        match &self.result {
            Some(ty) => call::parse_value(text, ty, "the result").map(Some),
            None if text == "()" => Ok(None),
            None => Err(CallError { message: "it returns nothing".to_owned(), span: 0..text.len(), help: None }),
        }
    }

    /// The function as WIT declares it, with its full name: `gcd: func(a: u32, b: u32) -> u32`.
    #[must_use]
    pub fn signature(&self) -> String {
        let params: Vec<String> = self.params.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let result = self.result.as_ref().map(|ty| format!(" -> {ty}")).unwrap_or_default();
        format!("{}: func({}){result}", self.full_name(), params.join(", "))
    }
}

impl fmt::Display for Call {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}(", self.function.full_name())?;
        for (nth, argument) in self.args.iter().enumerate() {
            if nth > 0 {
                f.write_str(", ")?;
            }
            write!(f, "{argument}")?;
        }
        f.write_str(")")
    }
}
