//! Mutants of an artifact's own code: the same binary with one small change in the body of one function.
//!
//! A mutant has the artifact's interface and is valid where the artifact is. Points come in the order of the bytes, so that
//! a number names the same change on every machine. Nothing here calls anything or decides what a mutant shows.

use std::ops::Range;

use wasmparser::BinaryReaderError;

mod code;
mod layout;
mod numeric;

use code::Code;
use layout::Length;

/// An artifact's binary with every place where it can be changed.
#[derive(Debug, Clone)]
pub struct Mutants<'a> {
    binary: &'a [u8],
    bodies: Vec<Body>,
    points: Vec<Point>,
}

/// What kind of change a mutant is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Class {
    Arithmetic,
    Relational,
    Constant,
    Branch,
    Store,
    Call,
    Swap,
    Return,
}

impl Class {
    /// The class in a word, as evidence has it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Arithmetic => "arithmetic",
            Self::Relational => "relational",
            Self::Constant => "constant",
            Self::Branch => "branch",
            Self::Store => "store",
            Self::Call => "call",
            Self::Swap => "swap",
            Self::Return => "return",
        }
    }
}

/// One change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Point {
    pub class: Class,
    /// Where the changed operator is, in bytes from the start of the binary.
    pub offset: usize,
    /// The change in words, such as `` `i32.add` became `i32.sub` ``.
    pub change: Change,
    /// Where the straight piece of code begins that the operator is part of: it runs from there to the operator unless a call
    /// between does not return.
    block: usize,
    /// Index of the body.
    body: usize,
    /// The bytes that go, and what comes instead; empty where it is put before.
    replaced: Range<usize>,
    with: Vec<u8>,
    /// Two locals more, of this type.
    locals: Option<u8>,
}

/// A change in words, made when it is asked for: an artifact has as many points as a book has words.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Change {
    /// One operator for another.
    Operator(u8, u8),
    /// An operator whose operands were exchanged.
    Swapped(u8),
    /// One constant for another, in the words of WebAssembly text.
    Constant(String, String),
    /// A call that is not made, of the function of that name or through a table.
    Call(Option<String>),
    /// An operator that is gone.
    Deleted(&'static str),
    /// Anything else.
    Words(&'static str),
}

impl std::fmt::Display for Change {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Operator(from, to) => {
                write!(f, "`{}` became `{}`", numeric::Name::of(*from), numeric::Name::of(*to))
            }
            Self::Swapped(opcode) => write!(f, "the operands of `{}` changed places", numeric::Name::of(*opcode)),
            Self::Constant(from, to) => write!(f, "`{from}` became `{to}`"),
            Self::Call(Some(name)) => write!(f, "the call of `{name}` is gone"),
            Self::Call(None) => f.write_str("a call through a table is gone"),
            Self::Deleted(name) => write!(f, "`{name}` is gone"),
            Self::Words(words) => f.write_str(words),
        }
    }
}

/// The body of one function, and what must be adjusted when its length changes.
#[derive(Debug, Clone)]
struct Body {
    name: String,
    /// Lengths around the body, the innermost first.
    lengths: Vec<Length>,
    /// Number of groups of local declarations, and where the number is; the groups end where the code begins.
    groups: u32,
    groups_at: Range<usize>,
    code_at: usize,
}

impl<'a> Mutants<'a> {
    /// Every mutant of a binary that is valid WebAssembly: a component with its modules, or a core module. Code that nothing
    /// can reach from an export is left out, and so is what only the canonical ABI's `cabi_…` functions use.
    ///
    /// # Errors
    /// What is not WebAssembly in it; never of a binary that was validated.
    pub fn of(binary: &'a [u8]) -> Result<Self, BinaryReaderError> {
        let modules = layout::modules(binary)?;
        let (mut bodies, mut points) = (Vec::new(), Vec::new());
        for (nth, module) in (1_usize..).zip(&modules) {
            let code = Code::read(binary, module)?;
            for (index, body) in code.reachable(&module.bodies) {
                let called = code.name_of(index);
                let name = if modules.len() > 1 { format!("{called} (module {nth})") } else { called };
                let groups = code::local_groups(binary, body)?;
                code.points(binary, body, index, bodies.len(), &mut points)?;
                let lengths = std::iter::once(body.clone()).chain(module.lengths.iter().cloned()).collect();
                bodies.push(Body {
                    name,
                    lengths,
                    groups: groups.count,
                    groups_at: groups.count_at,
                    code_at: groups.code_at,
                });
            }
        }
        Ok(Self { binary, bodies, points })
    }

    #[must_use]
    pub fn points(&self) -> &[Point] {
        &self.points
    }

    /// The function that a point is in, as its name section, an export or else its index names it. Outside words.
    #[must_use]
    pub fn function(&self, point: &Point) -> &str {
        self.bodies.get(point.body).map_or("", |body| &body.name)
    }

    /// The binary with one change.
    #[must_use]
    pub fn apply(&self, point: &Point) -> Vec<u8> {
        let mut edits = vec![(point.replaced.clone(), point.with.clone())];
        let Some(body) = self.bodies.get(point.body) else { return self.binary.to_vec() };
        if let Some(ty) = point.locals {
            let width = body.groups_at.len();
            edits.push((body.groups_at.clone(), layout::leb(u64::from(body.groups).saturating_add(1), width)));
            edits.push((body.code_at..body.code_at, vec![2, ty]));
        }
        layout::spliced(self.binary, edits, &body.lengths)
    }

    /// The binary that traps where the point's straight piece of code begins: an input on which it does what the artifact does
    /// never came there.
    #[must_use]
    pub fn probe(&self, point: &Point) -> Vec<u8> {
        const UNREACHABLE: u8 = 0x00;
        let Some(body) = self.bodies.get(point.body) else { return self.binary.to_vec() };
        layout::spliced(self.binary, vec![(point.block..point.block, vec![UNREACHABLE])], &body.lengths)
    }

    /// Points with the same number are run or left out together: they have one probe.
    #[must_use]
    pub fn block(&self, point: &Point) -> usize {
        point.block
    }
}

#[cfg(test)]
mod tests;
