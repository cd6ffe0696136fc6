//! The functions of one module: which of them an export can reach, what they are called, and every change of their code.
//!
//! Left out is what would change nothing, so far as that shows by looking: code that nothing comes to, and operators that mean
//! the same with the constant before them. Nothing is left out because it probably changes nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use wasmparser::{
    BinaryReader, BinaryReaderError, ElementItems, ExternalKind, FuncType, Operator, OperatorsReader, Parser, Payload,
    TypeRef, ValType,
};

use super::layout::{self, Length, Module};
use super::numeric::{self, Constant};
use super::{Change, Class, Point};
use crate::names::Names;

pub const I32_EQZ: u8 = 0x45;
pub const I64_EQZ: u8 = 0x50;
const BR: u8 = 0x0c;
const DROP: u8 = 0x1a;
const LOCAL_GET: u8 = 0x20;
const LOCAL_SET: u8 = 0x21;
const FIRST_STORE: u8 = 0x36;
const I32_CONST: u8 = 0x41;
const I64_CONST: u8 = 0x42;
const F32_CONST: u8 = 0x43;
const F64_CONST: u8 = 0x44;
const I32_NE: u8 = 0x47;
const I64_NE: u8 = 0x52;
/// Locals of one function, at most: a limit of every engine.
const LOCALS_MAX: u32 = 50_000;

const STORES: [&str; 9] = [
    "i32.store",
    "i64.store",
    "f32.store",
    "f64.store",
    "i32.store8",
    "i32.store16",
    "i64.store8",
    "i64.store16",
    "i64.store32",
];

/// What is known of one module.
#[derive(Default)]
pub struct Code {
    types: Vec<FuncType>,
    /// Type of each function, imports first.
    functions: Vec<u32>,
    imported: u32,
    names: Names,
    /// The global that holds a compiler's stack pointer, where the module has one.
    stack_pointer: Option<u32>,
    /// Functions that are called or handed out from outside of any body.
    roots: BTreeSet<u32>,
    /// What each body calls or hands out.
    callees: BTreeMap<u32, BTreeSet<u32>>,
}

/// The groups of local declarations that open a body.
pub struct Groups {
    pub count: u32,
    pub count_at: Range<usize>,
    pub code_at: usize,
    locals: u32,
}

pub fn local_groups(binary: &[u8], body: &Length) -> Result<Groups, BinaryReaderError> {
    let mut reader = reader(binary, &body.content);
    let count = reader.read_var_u32()?;
    let count_at = body.content.start..reader.original_position();
    let mut locals = 0_u32;
    for _ in 0..count {
        locals = locals.saturating_add(reader.read_var_u32()?);
        reader.read::<ValType>()?;
    }
    Ok(Groups { count, count_at, code_at: reader.original_position(), locals })
}

fn reader<'a>(binary: &'a [u8], range: &Range<usize>) -> BinaryReader<'a> {
    BinaryReader::new(binary.get(range.clone()).unwrap_or_default(), range.start)
}

/// What the canonical ABI's own functions are called: they move values and are no part of what a contract asks for.
fn is_glue(export: &str) -> bool {
    export.starts_with("cabi_") || export.starts_with("canonical_abi_")
}

impl Code {
    pub fn read(binary: &[u8], module: &Module) -> Result<Self, BinaryReaderError> {
        let mut code = Self::default();
        let bytes = binary.get(module.range.clone()).unwrap_or_default();
        let mut imports_globals = false;
        for payload in Parser::new(0).parse_all(bytes) {
            match payload? {
                Payload::TypeSection(section) => {
                    code.types = section.into_iter_err_on_gc_types().collect::<Result<_, _>>()?;
                }
                Payload::ImportSection(section) => {
                    for import in section.into_imports() {
                        match import?.ty {
                            TypeRef::Func(ty) | TypeRef::FuncExact(ty) => {
                                code.functions.push(ty);
                                code.imported = code.imported.saturating_add(1);
                            }
                            TypeRef::Global(_) => imports_globals = true,
                            _ => {}
                        }
                    }
                }
                Payload::FunctionSection(section) => {
                    for ty in section {
                        code.functions.push(ty?);
                    }
                }
                Payload::ExportSection(section) => {
                    for export in section {
                        let export = export?;
                        code.names.export(&export);
                        let is_function = matches!(export.kind, ExternalKind::Func | ExternalKind::FuncExact);
                        if is_function && !is_glue(export.name) {
                            code.roots.insert(export.index);
                        }
                    }
                }
                Payload::StartSection { func, .. } => {
                    code.roots.insert(func);
                }
                Payload::ElementSection(section) => {
                    for element in section {
                        code.elements(element?.items)?;
                    }
                }
                Payload::GlobalSection(section) => code.globals(section, imports_globals)?,
                Payload::CustomSection(section) => code.names.section(&section),
                _ => {}
            }
        }
        for (index, body) in (code.imported..).zip(&module.bodies) {
            let mut callees = BTreeSet::new();
            referenced(operators(binary, body)?, &mut callees)?;
            code.callees.insert(index, callees);
        }
        Ok(code)
    }

    fn globals(
        &mut self,
        section: wasmparser::GlobalSectionReader<'_>,
        imports_globals: bool,
    ) -> Result<(), BinaryReaderError> {
        for (nth, global) in section.into_iter().enumerate() {
            let global = global?;
            // C and Rust keep theirs in the first global: it starts at the top of a stack, aligned.
            let starts = global.init_expr.get_operators_reader().read()?;
            if nth == 0 && !imports_globals && global.ty.mutable && is_stack_top(&starts) {
                self.stack_pointer = Some(0);
            }
            referenced(global.init_expr.get_operators_reader(), &mut self.roots)?;
        }
        Ok(())
    }

    /// Functions in a table may be called by anyone who has it.
    fn elements(&mut self, items: ElementItems<'_>) -> Result<(), BinaryReaderError> {
        match items {
            ElementItems::Functions(functions) => {
                for function in functions {
                    self.roots.insert(function?);
                }
            }
            ElementItems::Expressions(_, expressions) => {
                for expression in expressions {
                    referenced(expression?.get_operators_reader(), &mut self.roots)?;
                }
            }
        }
        Ok(())
    }

    pub fn name_of(&self, index: u32) -> String {
        self.names.of(index)
    }

    /// The bodies that a root reaches, with the index of each function.
    pub fn reachable<'a>(&self, bodies: &'a [Length]) -> Vec<(u32, &'a Length)> {
        let mut reached = BTreeSet::new();
        let mut next: Vec<u32> = self.roots.iter().copied().collect();
        while let Some(function) = next.pop() {
            if reached.insert(function) {
                next.extend(self.callees.get(&function).into_iter().flatten());
            }
        }
        (self.imported..).zip(bodies).filter(|(index, _)| reached.contains(index)).collect()
    }

    fn type_of(&self, function: u32) -> Option<&FuncType> {
        let ty = *self.functions.get(usize::try_from(function).ok()?)?;
        self.types.get(usize::try_from(ty).ok()?)
    }

    /// Adds every change of one body, in the order of its bytes.
    pub fn points(
        &self,
        binary: &[u8],
        body: &Length,
        index: u32,
        nth: usize,
        points: &mut Vec<Point>,
    ) -> Result<(), BinaryReaderError> {
        let groups = local_groups(binary, body)?;
        let operators = operators(binary, body)?.into_iter_with_offsets().collect::<Result<Vec<_>, _>>()?;
        let ends = operators.iter().skip(1).map(|(_, offset)| *offset).chain([body.content.end]);
        let steps: Vec<Step<'_>> = operators
            .iter()
            .zip(ends)
            .map(|((operator, start), end)| Step {
                operator,
                range: *start..end,
                opcode: binary.get(*start).copied().unwrap_or_default(),
            })
            .collect();
        let ty = self.type_of(index);
        let params = ty.map_or(0, |ty| u32::try_from(ty.params().len()).unwrap_or(u32::MAX));
        let first_local = params.saturating_add(groups.locals);
        let results = ty.map_or(&[][..], FuncType::results);
        let mut place = Place { code: self, nth, first_local, results, block: groups.code_at, points };
        let mut flow = Flow::default();
        for at in 0..steps.len() {
            let Some(step) = steps.get(at) else { break };
            if !flow.dead {
                let last = at.saturating_add(1) == steps.len();
                place.step(step, &steps, at, last);
            }
            if flow.follow(step.operator) {
                place.block = step.range.end;
            }
        }
        Ok(())
    }
}

fn operators<'a>(binary: &'a [u8], body: &Length) -> Result<OperatorsReader<'a>, BinaryReaderError> {
    let code = local_groups(binary, body)?.code_at;
    Ok(OperatorsReader::new(reader(binary, &(code..body.content.end))))
}

fn is_stack_top(starts: &Operator<'_>) -> bool {
    const STACK_BYTES_MIN: i32 = 1024;
    const ALIGNED: i32 = 16;
    matches!(starts, Operator::I32Const { value } if *value >= STACK_BYTES_MIN && value % ALIGNED == 0)
}

/// The functions that code calls or makes references of.
fn referenced(mut operators: OperatorsReader<'_>, found: &mut BTreeSet<u32>) -> Result<(), BinaryReaderError> {
    while !operators.eof() {
        if let Operator::Call { function_index }
        | Operator::ReturnCall { function_index }
        | Operator::RefFunc { function_index } = operators.read()?
        {
            found.insert(function_index);
        }
    }
    Ok(())
}

/// Which code anything can come to, block by block.
#[derive(Default)]
struct Flow {
    dead: bool,
    /// For each open block, whether its beginning is dead.
    open: Vec<bool>,
}

impl Flow {
    /// Goes past an operator. Whether another straight piece of code begins after it.
    fn follow(&mut self, operator: &Operator<'_>) -> bool {
        match operator {
            Operator::Block { .. } | Operator::Loop { .. } | Operator::If { .. } => self.open.push(self.dead),
            Operator::Else => self.dead = self.open.last().copied().unwrap_or_default(),
            Operator::End => self.dead = self.open.pop().unwrap_or_default(),
            Operator::BrIf { .. } => {}
            Operator::Br { .. }
            | Operator::BrTable { .. }
            | Operator::Return
            | Operator::ReturnCall { .. }
            | Operator::ReturnCallIndirect { .. }
            | Operator::Unreachable => self.dead = true,
            _ => return false,
        }
        true
    }
}

/// An operator of a body and where it is.
struct Step<'a> {
    operator: &'a Operator<'a>,
    range: Range<usize>,
    opcode: u8,
}

impl Step<'_> {
    fn constant(&self) -> Option<Constant> {
        Some(match self.operator {
            Operator::I32Const { value: 0 } | Operator::I64Const { value: 0 } => Constant::Zero,
            Operator::I32Const { value: i32::MIN } | Operator::I64Const { value: i64::MIN } => Constant::Least,
            Operator::I32Const { .. } | Operator::I64Const { .. } => Constant::Other,
            _ => return None,
        })
    }

    fn is_comparison(&self) -> bool {
        numeric::is_comparison(self.opcode)
    }
}

/// Where points are made, in one body.
struct Place<'a, 'p> {
    code: &'a Code,
    nth: usize,
    /// Index of the first local that is not there yet.
    first_local: u32,
    results: &'a [ValType],
    block: usize,
    points: &'p mut Vec<Point>,
}

impl Place<'_, '_> {
    fn add(&mut self, class: Class, offset: usize, change: Change, replaced: Range<usize>, with: Vec<u8>) {
        let (block, body) = (self.block, self.nth);
        self.points.push(Point { class, offset, change, block, body, replaced, with, locals: None });
    }

    /// Puts bytes before an operator.
    fn before(&mut self, class: Class, step: &Step<'_>, change: Change, with: Vec<u8>) {
        self.add(class, step.range.start, change, step.range.start..step.range.start, with);
    }

    fn instead(&mut self, class: Class, step: &Step<'_>, change: Change, with: Vec<u8>) {
        self.add(class, step.range.start, change, step.range.clone(), with);
    }

    fn step(&mut self, step: &Step<'_>, steps: &[Step<'_>], at: usize, last: bool) {
        let before = at.checked_sub(1).and_then(|at| steps.get(at));
        let after = steps.get(at.saturating_add(1));
        let negated = before.is_some_and(Step::is_comparison);
        match step.operator {
            Operator::I32Const { .. }
            | Operator::I64Const { .. }
            | Operator::F32Const { .. }
            | Operator::F64Const { .. } => {
                if !self.moves_stack_pointer(steps, at) {
                    self.constant(step);
                }
            }
            Operator::I32Eqz => {
                let change = Change::Words("`i32.eqz` became its opposite");
                self.instead(Class::Relational, step, change, vec![I32_CONST, 0, I32_NE]);
            }
            Operator::I64Eqz => {
                let change = Change::Words("`i64.eqz` became its opposite");
                self.instead(Class::Relational, step, change, vec![I64_CONST, 0, I64_NE]);
            }
            Operator::BrIf { .. } => {
                if !negated {
                    let change = Change::Words("the condition of `br_if` was negated");
                    self.before(Class::Branch, step, change, vec![I32_EQZ]);
                }
                let change = Change::Words("`br_if` never branches");
                self.instead(Class::Branch, step, change, vec![DROP]);
            }
            Operator::If { .. } if !negated => {
                let change = Change::Words("the condition of `if` was negated");
                self.before(Class::Branch, step, change, vec![I32_EQZ]);
            }
            Operator::Select | Operator::TypedSelect { .. } if !negated => {
                let change = Change::Words("`select` takes the other value");
                self.before(Class::Branch, step, change, vec![I32_EQZ]);
            }
            Operator::BrTable { targets } => {
                let mut with = vec![DROP, BR];
                with.extend(layout::leb(u64::from(targets.default()), 1));
                let change = Change::Words("`br_table` always takes its default");
                self.instead(Class::Branch, step, change, with);
            }
            Operator::Call { function_index } => {
                self.call(step, after, self.code.type_of(*function_index).cloned(), 0, Some(*function_index));
            }
            Operator::CallIndirect { type_index, .. } => {
                let ty = usize::try_from(*type_index).ok().and_then(|nth| self.code.types.get(nth)).cloned();
                self.call(step, after, ty, 1, None);
            }
            Operator::MemoryCopy { .. } => self.deleted(step, "memory.copy", 3),
            Operator::MemoryFill { .. } => self.deleted(step, "memory.fill", 3),
            Operator::V128Store { .. } => self.deleted(step, "v128.store", 2),
            Operator::Return => self.returned(step, before),
            Operator::End if last => self.returned(step, before),
            Operator::I32Add | Operator::I32Sub
                if at.checked_sub(1).is_some_and(|constant| self.moves_stack_pointer(steps, constant)) => {}
            _ => self.numeric(step, before),
        }
        if let Some(name) = step.opcode.checked_sub(FIRST_STORE).and_then(|nth| STORES.get(usize::from(nth))) {
            self.deleted(step, name, 2);
        }
    }

    fn deleted(&mut self, step: &Step<'_>, name: &'static str, operands: usize) {
        self.instead(Class::Store, step, Change::Deleted(name), vec![DROP; operands]);
    }

    fn numeric(&mut self, step: &Step<'_>, before: Option<&Step<'_>>) {
        let constant = before.and_then(Step::constant).unwrap_or(Constant::Other);
        for (class, other) in numeric::alternatives(step.opcode) {
            if !numeric::same_with(step.opcode, other, constant) {
                self.instead(class, step, Change::Operator(step.opcode, other), vec![other]);
            }
        }
        let Some(ty) = numeric::swappable(step.opcode) else { return };
        if self.first_local >= LOCALS_MAX.saturating_sub(2) {
            return;
        }
        let (top, below) = (u64::from(self.first_local), u64::from(self.first_local.saturating_add(1)));
        let mut with = Vec::new();
        for (opcode, local) in [(LOCAL_SET, top), (LOCAL_SET, below), (LOCAL_GET, top), (LOCAL_GET, below)] {
            with.push(opcode);
            with.extend(layout::leb(local, 1));
        }
        let (block, body) = (self.block, self.nth);
        let (offset, replaced) = (step.range.start, step.range.start..step.range.start);
        let (class, change) = (Class::Swap, Change::Swapped(step.opcode));
        self.points.push(Point { class, offset, change, block, body, replaced, with, locals: Some(ty) });
    }

    /// Whether the constant there is added to or taken from a compiler's stack pointer: that is how much room a function has, not
    /// what it does.
    fn moves_stack_pointer(&self, steps: &[Step<'_>], constant: usize) -> bool {
        let Some(pointer) = self.code.stack_pointer else { return false };
        let operator = |at: Option<usize>| at.and_then(|at| steps.get(at)).map(|step| step.operator);
        let takes = operator(constant.checked_sub(1));
        let gives_back = operator(constant.checked_add(2));
        matches!(operator(Some(constant)), Some(Operator::I32Const { .. }))
            && matches!(operator(constant.checked_add(1)), Some(Operator::I32Add | Operator::I32Sub))
            && (matches!(takes, Some(Operator::GlobalGet { global_index }) if *global_index == pointer)
                || matches!(gives_back, Some(Operator::GlobalSet { global_index }) if *global_index == pointer))
    }

    /// One more, and none.
    fn constant(&mut self, step: &Step<'_>) {
        let mut add = |to: String, with: Vec<u8>, from: String| {
            self.instead(Class::Constant, step, Change::Constant(from, to), with);
        };
        match *step.operator {
            Operator::I32Const { value } => {
                let others = [Some(value.wrapping_add(1)), (value != 0 && value != -1).then_some(0)];
                for other in others.into_iter().flatten() {
                    let with = signed(I32_CONST, i64::from(other));
                    add(format!("i32.const {other}"), with, format!("i32.const {value}"));
                }
            }
            Operator::I64Const { value } => {
                let others = [Some(value.wrapping_add(1)), (value != 0 && value != -1).then_some(0)];
                for other in others.into_iter().flatten() {
                    add(format!("i64.const {other}"), signed(I64_CONST, other), format!("i64.const {value}"));
                }
            }
            Operator::F32Const { value } => {
                let value = f32::from_bits(value.bits());
                for other in [value + 1.0, 0.0] {
                    if !value.is_nan() && other.to_bits() != value.to_bits() {
                        let with = [&[F32_CONST][..], &other.to_bits().to_le_bytes()].concat();
                        add(format!("f32.const {other}"), with, format!("f32.const {value}"));
                    }
                }
            }
            Operator::F64Const { value } => {
                let value = f64::from_bits(value.bits());
                for other in [value + 1.0, 0.0] {
                    if !value.is_nan() && other.to_bits() != value.to_bits() {
                        let with = [&[F64_CONST][..], &other.to_bits().to_le_bytes()].concat();
                        add(format!("f64.const {other}"), with, format!("f64.const {value}"));
                    }
                }
            }
            _ => {}
        }
    }

    /// A call that is not made; what it would give is 0. A call that never returns is not one of these: code after it is dead.
    fn call(
        &mut self,
        step: &Step<'_>,
        after: Option<&Step<'_>>,
        ty: Option<FuncType>,
        more: usize,
        callee: Option<u32>,
    ) {
        let Some(ty) = ty else { return };
        if after.is_some_and(|after| matches!(after.operator, Operator::Unreachable)) {
            return;
        }
        let mut with = vec![DROP; ty.params().len().saturating_add(more)];
        for result in ty.results() {
            let Some(zero) = zero(*result) else { return };
            with.extend(zero);
        }
        let change = Change::Call(callee.map(|callee| self.code.name_of(callee)));
        self.instead(Class::Call, step, change, with);
    }

    /// 0 or 1 instead of a function's one result.
    fn returned(&mut self, step: &Step<'_>, before: Option<&Step<'_>>) {
        let &[result] = self.results else { return };
        let before = before.map(|step| step.operator);
        if let Some(zero) = zero(result)
            && !matches!(before, Some(Operator::I32Const { value: 0 } | Operator::I64Const { value: 0 }))
        {
            let with = [vec![DROP], zero].concat();
            self.before(Class::Return, step, Change::Words("returns 0"), with);
        }
        let one = match result {
            ValType::I32 => I32_CONST,
            ValType::I64 => I64_CONST,
            _ => return,
        };
        if !matches!(before, Some(Operator::I32Const { .. } | Operator::I64Const { .. })) {
            self.before(Class::Return, step, Change::Words("returns 1"), vec![DROP, one, 1]);
        }
    }
}

/// A constant in signed LEB128.
fn signed(opcode: u8, mut value: i64) -> Vec<u8> {
    let mut bytes = vec![opcode];
    loop {
        let low = (value & 0x7f) as u8;
        value >>= 7;
        let done = (value == 0 && low & 0x40 == 0) || (value == -1 && low & 0x40 != 0);
        bytes.push(if done { low } else { low | 0x80 });
        if done {
            return bytes;
        }
    }
}

/// What pushes a zero of a type; `None` for references.
fn zero(ty: ValType) -> Option<Vec<u8>> {
    Some(match ty {
        ValType::I32 => vec![I32_CONST, 0],
        ValType::I64 => vec![I64_CONST, 0],
        ValType::F32 => [&[F32_CONST][..], &[0; 4]].concat(),
        ValType::F64 => [&[F64_CONST][..], &[0; 8]].concat(),
        ValType::V128 => [&[0xfd, 0x0c][..], &[0; 16]].concat(),
        ValType::Ref(_) => return None,
    })
}
