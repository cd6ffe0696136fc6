//! Programs as an interface: a native executable is one function `run` from what it is given to what came of it.
//!
//! What a contract leaves out is neither a parameter nor a field. Everything else (calls in WAVE, properties, inputs,
//! shrinking) works on that function as on any other; the rules that its values keep beyond their types are here.

use std::collections::BTreeSet;
use std::fmt::Write as _;
use std::sync::Arc;

use crate::types::{RecordType, Type};
use crate::value::Value;

mod text;
mod tree;
mod types;

pub(crate) use text::{plain, reading, written};
pub use tree::{Entry, Node, Tree, TreeError};
pub(crate) use tree::{bytes_value, is_name, rename};
pub(crate) use types::{is_readable_tree, is_tree};

/// The longest argument and the longest value of a variable, in bytes: Linux takes 131,072 with the NUL at the end.
pub(crate) const ARGUMENT_BYTES_MAX: usize = 131_071;

/// What varies from run to run of a program, and what is looked at afterwards.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Process {
    pub arguments: Arguments,
    /// Names of the variables that a run may set; no other is set. Not a parameter if there are none.
    pub environment: Vec<String>,
    /// How standard input is given; it is empty if there is none.
    pub stdin: Option<Form>,
    /// The absolute guest path at which the tree stands, if a tree is given.
    pub files: Option<String>,
    /// How standard output is read, if it is looked at.
    pub stdout: Option<Form>,
    /// How standard error is read, if it is looked at.
    pub stderr: Option<Form>,
    outcome: Arc<RecordType>,
}

/// The arguments of a program, without its name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Arguments {
    /// Always these.
    Fixed(Vec<String>),
    /// A parameter `arguments: list<string>`.
    Varied,
}

/// How a stream of bytes is seen.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// UTF-8; other bytes that a program writes are a failure.
    Text,
    Bytes,
}

/// What one run is given.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Invocation {
    /// Without the program's name.
    pub arguments: Vec<String>,
    pub environment: Vec<(String, String)>,
    pub stdin: Vec<u8>,
    /// What stands at [`Process::files`].
    pub files: Option<Tree>,
}

/// What came of one run that ended by itself. A signal is a trap, and no outcome.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome {
    pub code: u8,
    pub stdout: Vec<u8>,
    pub stderr: Vec<u8>,
    /// What stands at [`Process::files`] afterwards.
    pub files: Option<Tree>,
}

/// A parameter of `run`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    Arguments,
    Environment,
    Stdin,
    Files,
}

/// Why a value of the right type can't be given to a program.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Flaw {
    /// The element of the list that is wrong, where it is one.
    pub(crate) element: Option<usize>,
    pub(crate) message: String,
    pub(crate) help: String,
}

impl Form {
    pub(crate) fn ty(self) -> Type {
        match self {
            Self::Text => Type::String,
            Self::Bytes => Type::list(Type::U8),
        }
    }

    fn value(self, bytes: Vec<u8>, what: &str) -> Result<Value, String> {
        match self {
            Self::Bytes => Ok(tree::bytes_value(&bytes)),
            Self::Text => match String::from_utf8(bytes) {
                Ok(text) => Ok(Value::String(text)),
                Err(error) => {
                    let at = error.utf8_error().valid_up_to();
                    Err(format!("{what} is not UTF-8 from byte {at} on"))
                }
            },
        }
    }
}

impl Process {
    pub(crate) fn new(
        arguments: Arguments,
        environment: Vec<String>,
        files: Option<String>,
        [stdin, stdout, stderr]: [Option<Form>; 3],
    ) -> Self {
        let outcome = Arc::new(types::outcome(stdout, stderr, files.is_some()));
        Self { arguments, environment, stdin, files, stdout, stderr, outcome }
    }

    /// The parameters of `run`, in order.
    pub(crate) fn parts(&self) -> Vec<Part> {
        let parts = [
            (self.arguments == Arguments::Varied, Part::Arguments),
            (!self.environment.is_empty(), Part::Environment),
            (self.stdin.is_some(), Part::Stdin),
            (self.files.is_some(), Part::Files),
        ];
        parts.into_iter().filter(|(there, _)| *there).map(|(_, part)| part).collect()
    }

    /// The interface as WIT: a world that exports `run`.
    pub(crate) fn wit(&self) -> String {
        let mut types = String::new();
        if self.files.is_some() {
            types.push_str(types::TREE_WIT);
        }
        let fields: Vec<String> = self.outcome.fields.iter().map(|(name, ty)| format!("{name}: {ty}")).collect();
        let params: Vec<String> = self
            .parts()
            .into_iter()
            .map(|part| match part {
                Part::Arguments => "arguments: list<string>".to_owned(),
                Part::Environment => "environment: list<tuple<string, string>>".to_owned(),
                Part::Stdin => format!("stdin: {}", self.stdin.unwrap_or(Form::Bytes).ty()),
                Part::Files => "files: list<entry>".to_owned(),
            })
            .collect();
        let mut wit = String::from("package proofmark:process;\nworld process {\n");
        let _ = writeln!(wit, "{types}  record outcome {{ {} }}", fields.join(", "));
        let _ = writeln!(wit, "  export run: func({}) -> outcome;\n}}", params.join(", "));
        wit
    }

    /// What a run with these arguments of `run` is given.
    ///
    /// # Errors
    /// Why they are no arguments of `run`, in words: another number, another type, or a rule of `spec/contract.md` that
    /// one of them breaks.
    pub fn invocation(&self, arguments: &[Value]) -> Result<Invocation, String> {
        let parts = self.parts();
        if parts.len() != arguments.len() {
            return Err(format!("`run` takes {} arguments, but {} are given", parts.len(), arguments.len()));
        }
        let mut invocation =
            Invocation { arguments: Vec::new(), environment: Vec::new(), stdin: Vec::new(), files: None };
        if let Arguments::Fixed(fixed) = &self.arguments {
            invocation.arguments.clone_from(fixed);
        }
        for (part, value) in parts.into_iter().zip(arguments) {
            let value = self.checked(part, value.clone()).map_err(|flaw| flaw.message)?;
            match part {
                Part::Arguments => invocation.arguments = strings(&value),
                Part::Environment => invocation.environment = pairs(&value),
                Part::Stdin => invocation.stdin = tree::bytes_of(&value).unwrap_or_default(),
                Part::Files => invocation.files = Some(Tree::from_value(&value).map_err(|error| error.message)?),
            }
        }
        Ok(invocation)
    }

    /// What `run` returned, as a value of its result type.
    ///
    /// # Errors
    /// Why it is no such value, in words: an output that is not UTF-8 where the contract reads it as text, or a tree
    /// that is missing.
    pub fn outcome(&self, outcome: Outcome) -> Result<Value, String> {
        let mut values = vec![Value::U8(outcome.code)];
        for (form, bytes, what) in
            [(self.stdout, outcome.stdout, "standard output"), (self.stderr, outcome.stderr, "standard error")]
        {
            if let Some(form) = form {
                values.push(form.value(bytes, what)?);
            }
        }
        if self.files.is_some() {
            values.push(outcome.files.ok_or("the tree of files is missing")?.to_value());
        }
        Ok(Value::Record(Arc::clone(&self.outcome), values))
    }

    /// Whether a program can be given this as that part.
    pub(crate) fn accepts(&self, part: Part, value: &Value) -> bool {
        match part {
            Part::Arguments => arguments(value).is_ok(),
            Part::Environment => self.environment(value).is_ok(),
            Part::Stdin => true,
            Part::Files => Tree::from_value(value).is_ok(),
        }
    }

    /// The value in its one form, if a program can be given it.
    pub(crate) fn checked(&self, part: Part, value: Value) -> Result<Value, Flaw> {
        match part {
            Part::Arguments => arguments(&value).map(|()| value),
            Part::Environment => self.environment(&value).map(|()| value),
            Part::Stdin => Ok(value),
            Part::Files => Tree::from_value(&value).map(|tree| tree.to_value()).map_err(Flaw::from),
        }
    }

    /// The result in its one form.
    pub(crate) fn checked_result(&self, value: Value) -> Result<Value, Flaw> {
        let Value::Record(ty, mut fields) = value else { return Ok(value) };
        if self.files.is_some()
            && let Some(files) = fields.last_mut()
        {
            *files = Tree::from_value(files)?.to_value();
        }
        Ok(Value::Record(ty, fields))
    }

    fn environment(&self, value: &Value) -> Result<(), Flaw> {
        let mut known = BTreeSet::new();
        for (nth, (name, value)) in pairs(value).into_iter().enumerate() {
            let element = Some(nth);
            if !self.environment.contains(&name) {
                let message = format!("`{}` is not a variable of this interface", name.escape_debug());
                let names: Vec<String> = self.environment.iter().map(|name| format!("`{name}`")).collect();
                return Err(Flaw { element, message, help: format!("its variables are {}", names.join(", ")) });
            }
            string(&value, "a variable's value", nth)?;
            if !known.insert(name.clone()) {
                let message = format!("the variable `{name}` is set twice");
                return Err(Flaw { element, message, help: "leave one out".to_owned() });
            }
        }
        Ok(())
    }
}

impl From<TreeError> for Flaw {
    fn from(error: TreeError) -> Self {
        Self { element: error.entry, message: error.message, help: error.help }
    }
}

fn arguments(value: &Value) -> Result<(), Flaw> {
    strings(value).iter().enumerate().try_for_each(|(nth, text)| string(text, "an argument", nth))
}

fn string(text: &str, what: &str, nth: usize) -> Result<(), Flaw> {
    let flaw = |message: String, help: &str| Err(Flaw { element: Some(nth), message, help: help.to_owned() });
    if text.contains('\0') {
        return flaw(format!("{what} can't hold a NUL"), "the kernel ends the text there; leave it out");
    }
    if text.len() > ARGUMENT_BYTES_MAX {
        return flaw(format!("{what} is longer than {ARGUMENT_BYTES_MAX} bytes"), "the kernel takes no longer one");
    }
    Ok(())
}

fn strings(value: &Value) -> Vec<String> {
    let Value::List(values) = value else { return Vec::new() };
    values.iter().filter_map(tree::text_of).map(str::to_owned).collect()
}

fn pairs(value: &Value) -> Vec<(String, String)> {
    let Value::List(values) = value else { return Vec::new() };
    let pair = |value: &Value| match value {
        Value::Tuple(parts) => match parts.as_slice() {
            [name, value] => Some((tree::text_of(name)?.to_owned(), tree::text_of(value)?.to_owned())),
            _ => None,
        },
        _ => None,
    };
    values.iter().filter_map(pair).collect()
}

#[cfg(test)]
mod tests;
