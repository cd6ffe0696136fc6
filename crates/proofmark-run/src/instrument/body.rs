//! One function's body with its counting: the instructions that are there, copied byte for byte, and others before them.

use wasm_encoder::{BlockType, Encode, Instruction, MemArg, ValType};
use wasmparser::{FunctionBody, Operator};

use super::module::{COUNTERS_AT, Counting};
use super::{InstrumentError, Operands, Relation, Site};

/// The locals that are added to each function, after its own.
struct Locals {
    first: u32,
}

/// Two of each type: the operands of a comparison.
const ADDED: [ValType; 4] = [ValType::I32, ValType::I64, ValType::F32, ValType::F64];

impl Locals {
    fn pair(&self, operands: Operands) -> (u32, u32) {
        let nth = match operands {
            Operands::I32 => 0,
            Operands::I64 => 2,
            Operands::F32 => 4,
            Operands::F64 => 6,
        };
        let left = self.first.saturating_add(nth);
        (left, left.saturating_add(1))
    }
}

/// The body's bytes without their length. `parameters` is how many the function's type has.
pub(super) fn body(
    body: &FunctionBody<'_>,
    parameters: u32,
    counting: &mut Counting,
) -> Result<Vec<u8>, InstrumentError> {
    let (mut out, declared) = locals(body)?;
    let locals = Locals { first: parameters.saturating_add(declared) };
    let reader = body.get_binary_reader_for_operators()?;
    let start = reader.original_position();
    let bytes = body.as_bytes();
    let body_start = body.range().start;
    let mut copied = start;
    let copy = |out: &mut Vec<u8>, from: usize, to: usize| {
        let part = from.checked_sub(body_start).zip(to.checked_sub(body_start));
        out.extend_from_slice(part.and_then(|(from, to)| bytes.get(from..to)).unwrap_or_default());
    };
    count(&mut out, counting.edges(1)?, counting);
    let mut operators = body.get_operators_reader()?;
    while !operators.eof() {
        let (operator, offset) = operators.read_with_offset()?;
        counting.constants.operator(&operator);
        let mut before = Vec::new();
        instructions(&mut before, &operator, &locals, counting)?;
        if !before.is_empty() {
            copy(&mut out, copied, offset);
            out.append(&mut before);
            copied = offset;
        }
        if matches!(operator, Operator::Loop { .. }) {
            let after = operators.original_position();
            copy(&mut out, copied, after);
            copied = after;
            count(&mut out, counting.edges(1)?, counting);
        }
    }
    copy(&mut out, copied, body.range().end);
    Ok(out)
}

/// The declarations of locals with those added, and how many the function itself declares.
fn locals(body: &FunctionBody<'_>) -> Result<(Vec<u8>, u32), InstrumentError> {
    let reader = body.get_locals_reader()?;
    let groups = reader.get_count();
    let bytes = body.as_bytes();
    let operators_at = body.get_binary_reader_for_operators()?.original_position();
    let mut declared = 0_u32;
    for group in reader {
        declared = declared.saturating_add(group?.0);
    }
    let mut out = Vec::with_capacity(bytes.len().saturating_mul(4));
    groups.saturating_add(ADDED.len() as u32).encode(&mut out);
    let start = body.range().start;
    let declarations = bytes.get(leb_bytes(bytes)..operators_at.saturating_sub(start));
    out.extend_from_slice(declarations.unwrap_or_default());
    for ty in ADDED {
        2_u32.encode(&mut out);
        ty.encode(&mut out);
    }
    Ok((out, declared))
}

/// How many bytes the LEB128 number at the start takes.
pub(super) fn leb_bytes(bytes: &[u8]) -> usize {
    bytes.iter().take_while(|byte| **byte & 0x80 != 0).count().saturating_add(1)
}

/// What comes before an instruction.
fn instructions(
    out: &mut Vec<u8>,
    operator: &Operator<'_>,
    locals: &Locals,
    counting: &mut Counting,
) -> Result<(), InstrumentError> {
    let (first, second) = locals.pair(Operands::I32);
    match operator {
        Operator::If { .. } | Operator::BrIf { .. } => {
            let edge = counting.edges(2)?;
            put(out, [Instruction::LocalTee(first), Instruction::I32Const(0), Instruction::I32Ne]);
            count_at(out, edge, second, counting);
            put(out, [Instruction::LocalGet(first)]);
        }
        Operator::BrTable { targets } => {
            let ways = targets.len();
            let edge = counting.edges(ways.saturating_add(1) as usize)?;
            let site = counting.site(Site { operands: Operands::I32, relation: Relation::Switch })?;
            let most = ways.cast_signed();
            put(out, [Instruction::LocalTee(first)]);
            put(out, [site, Instruction::LocalGet(first), Instruction::I32Const(most)]);
            put(out, [Instruction::Call(counting.log_32)]);
            put(out, [Instruction::I32Const(most), Instruction::LocalGet(first), Instruction::I32Const(most)]);
            put(out, [Instruction::I32LtU, Instruction::Select]);
            count_at(out, edge, second, counting);
            put(out, [Instruction::LocalGet(first)]);
        }
        Operator::I32Eqz | Operator::I64Eqz => {
            let wide = matches!(operator, Operator::I64Eqz);
            let operands = if wide { Operands::I64 } else { Operands::I32 };
            let left = locals.pair(operands).0;
            let site = counting.site(Site { operands, relation: Relation::Equality })?;
            let zero = if wide { Instruction::I64Const(0) } else { Instruction::I32Const(0) };
            let log = if wide { counting.log_64 } else { counting.log_32 };
            put(out, [Instruction::LocalTee(left), site, Instruction::LocalGet(left), zero, Instruction::Call(log)]);
        }
        other => {
            let Some(site) = compared(other) else { return Ok(()) };
            let (left, right) = locals.pair(site.operands);
            let number = counting.site(site)?;
            put(out, [Instruction::LocalSet(right), Instruction::LocalTee(left), Instruction::LocalGet(right)]);
            put(out, [number, Instruction::LocalGet(left)]);
            let bits = match site.operands {
                Operands::F32 => Some(Instruction::I32ReinterpretF32),
                Operands::F64 => Some(Instruction::I64ReinterpretF64),
                Operands::I32 | Operands::I64 => None,
            };
            put(out, bits.clone());
            put(out, [Instruction::LocalGet(right)]);
            put(out, bits);
            let log = match site.operands {
                Operands::I32 | Operands::F32 => counting.log_32,
                Operands::I64 | Operands::F64 => counting.log_64,
            };
            put(out, [Instruction::Call(log)]);
        }
    }
    Ok(())
}

/// What a comparison of two operands compares.
fn compared(operator: &Operator<'_>) -> Option<Site> {
    use Operator as Op;
    let (operands, relation) = match operator {
        Op::I32Eq | Op::I32Ne => (Operands::I32, Relation::Equality),
        Op::I64Eq | Op::I64Ne => (Operands::I64, Relation::Equality),
        Op::F32Eq | Op::F32Ne => (Operands::F32, Relation::Equality),
        Op::F64Eq | Op::F64Ne => (Operands::F64, Relation::Equality),
        Op::I32LtS | Op::I32LtU | Op::I32GtS | Op::I32GtU | Op::I32LeS | Op::I32LeU | Op::I32GeS | Op::I32GeU => {
            (Operands::I32, Relation::Order)
        }
        Op::I64LtS | Op::I64LtU | Op::I64GtS | Op::I64GtU | Op::I64LeS | Op::I64LeU | Op::I64GeS | Op::I64GeU => {
            (Operands::I64, Relation::Order)
        }
        Op::F32Lt | Op::F32Gt | Op::F32Le | Op::F32Ge => (Operands::F32, Relation::Order),
        Op::F64Lt | Op::F64Gt | Op::F64Le | Op::F64Ge => (Operands::F64, Relation::Order),
        _ => return None,
    };
    Some(Site { operands, relation })
}

/// Adds one to the counter of `edge`.
fn count(out: &mut Vec<u8>, edge: u32, counting: &Counting) {
    let counter = counter(edge, counting.memory);
    put(out, [Instruction::I32Const(0), Instruction::I32Const(0), Instruction::I32Load(counter)]);
    put(out, [Instruction::I32Const(1), Instruction::I32Add, Instruction::I32Store(counter)]);
}

/// Adds one to the counter of `edge` and what is on the stack. `local` is an `i32` to use.
fn count_at(out: &mut Vec<u8>, edge: u32, local: u32, counting: &Counting) {
    let counter = counter(edge, counting.memory);
    put(out, [Instruction::I32Const(2), Instruction::I32Shl, Instruction::LocalTee(local)]);
    put(out, [Instruction::LocalGet(local), Instruction::I32Load(counter)]);
    put(out, [Instruction::I32Const(1), Instruction::I32Add, Instruction::I32Store(counter)]);
}

fn counter(edge: u32, memory_index: u32) -> MemArg {
    let offset = u64::from(edge).saturating_mul(4).saturating_add(COUNTERS_AT as u64);
    MemArg { offset, align: 2, memory_index }
}

pub(super) fn put<'a>(out: &mut Vec<u8>, instructions: impl IntoIterator<Item = Instruction<'a>>) {
    instructions.into_iter().for_each(|instruction| instruction.encode(out));
}

/// The function that logs one comparison: site, left and right operand, all `wide` or of 32 bits. `hits_at` is where the
/// hits of each site are counted, a byte each; `log_at` and `log_end` are where the log is.
pub(super) fn logger(wide: bool, memory_index: u32, hits_at: u32, log_at: u32, log_end: u32) -> Vec<u8> {
    /// The parameters, and a local.
    const SITE: u32 = 0;
    const LEFT: u32 = 1;
    const RIGHT: u32 = 2;
    const NUMBER: u32 = 3;
    let at = |offset: u32, align: u32| MemArg { offset: u64::from(offset), align, memory_index };
    let mut out = Vec::new();
    1_u32.encode(&mut out);
    1_u32.encode(&mut out);
    ValType::I32.encode(&mut out);
    let full = |out: &mut Vec<u8>| {
        put(out, [Instruction::I32GeU, Instruction::If(BlockType::Empty), Instruction::Return, Instruction::End]);
    };
    put(&mut out, [Instruction::LocalGet(SITE), Instruction::I32Load8U(at(hits_at, 0)), Instruction::LocalTee(NUMBER)]);
    put(&mut out, [Instruction::I32Const(super::HITS_MAX.cast_signed())]);
    full(&mut out);
    put(&mut out, [Instruction::LocalGet(SITE), Instruction::LocalGet(NUMBER), Instruction::I32Const(1)]);
    put(&mut out, [Instruction::I32Add, Instruction::I32Store8(at(hits_at, 0))]);
    // How many bytes are used of the log.
    put(&mut out, [Instruction::I32Const(0), Instruction::I32Load(at(super::module::LOGGED_AT, 2))]);
    put(&mut out, [Instruction::LocalTee(NUMBER), Instruction::I32Const(log_end.saturating_sub(log_at).cast_signed())]);
    full(&mut out);
    put(&mut out, [Instruction::LocalGet(NUMBER), Instruction::LocalGet(SITE), Instruction::I32Store(at(log_at, 2))]);
    for (operand, offset) in [(LEFT, 4), (RIGHT, 12)] {
        put(&mut out, [Instruction::LocalGet(NUMBER), Instruction::LocalGet(operand)]);
        put(&mut out, (!wide).then_some(Instruction::I64ExtendI32U));
        put(&mut out, [Instruction::I64Store(at(log_at.saturating_add(offset), 2))]);
    }
    put(&mut out, [Instruction::I32Const(0), Instruction::LocalGet(NUMBER)]);
    put(&mut out, [Instruction::I32Const(super::LOGGED_BYTES.cast_signed()), Instruction::I32Add]);
    put(&mut out, [Instruction::I32Store(at(super::module::LOGGED_AT, 2)), Instruction::End]);
    out
}
