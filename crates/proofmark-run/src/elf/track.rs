//! Follows constants through the code to every system call, and to every call of a function that makes one.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use iced_x86::{Code, FlowControl, Instruction, InstructionInfoFactory, Mnemonic, OpKind, Register};

use super::code::{ends, target};
use super::state::{Live, State, Value};
use super::sweep::{Area, Reader, Sweep};

/// The most sites and answers kept. What is over is counted as unknown.
pub const SITES_MAX: usize = 1 << 16;

/// What a site enters.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Target {
    /// The kernel, by the table of 64-bit calls.
    Kernel,
    /// The kernel, by the table of 32-bit calls.
    Legacy,
    /// A function of a library, by its place in the list of imports.
    Import(usize),
}

/// A place that enters the kernel or a library, with what is known there.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Site {
    pub target: Target,
    pub address: u64,
    /// The system call's number; nothing for an import.
    pub number: Value,
    pub arguments: [Value; 3],
    /// The block at whose entry [`Value::Argument`] held.
    pub origin: Option<u64>,
}

/// The imports that are followed: by slot, the place in the list of imports.
pub struct Followed {
    pub slots: BTreeMap<u64, usize>,
    /// The place of `syscall`.
    pub syscall: Option<usize>,
}

/// Sites, and for questions their answers, of one reading of all code.
#[derive(Default)]
pub struct Reading {
    pub sites: Vec<Site>,
    /// The block asked about, and the site as one makes it who comes there.
    pub answers: Vec<(u64, Site)>,
    /// Imports whose address is used other than by a call.
    pub taken: BTreeSet<usize>,
    /// Sites or answers that were over the limit.
    pub over: u64,
}

/// Reads all code once. `questions` are sites that depend on what held when a block was entered, by the block's address.
pub fn read(sweep: &Sweep<'_>, followed: &Followed, questions: &BTreeMap<u64, Vec<Site>>) -> Reading {
    let mut tracker = Tracker {
        followed,
        questions,
        state: State::unknown(),
        factory: InstructionInfoFactory::new(),
        reading: Reading::default(),
    };
    let mut left = super::INSTRUCTIONS_MAX;
    for area in &sweep.areas {
        tracker.area(area, area.first..area.bytes.len(), &mut left);
    }
    for (index, from, to) in &sweep.runs {
        if let Some(area) = sweep.areas.get(*index) {
            tracker.area(area, *from..*to, &mut left);
        }
    }
    tracker.reading
}

struct Tracker<'a> {
    followed: &'a Followed,
    questions: &'a BTreeMap<u64, Vec<Site>>,
    state: State,
    factory: InstructionInfoFactory,
    reading: Reading,
}

impl Tracker<'_> {
    /// Follows the code in a range of an area.
    fn area(&mut self, area: &Area<'_>, range: Range<usize>, left: &mut u64) {
        let mut reader = Reader::new(area.bytes, area.address, range.start);
        self.state.forget(Live::Dead);
        while let Some((offset, instruction)) = reader.next().filter(|(offset, _)| *offset < range.end) {
            let Some(rest) = left.checked_sub(1) else { return };
            *left = rest;
            let Some(instruction) = instruction else {
                self.state.forget(Live::Dead);
                continue;
            };
            if area.starts.has(offset) {
                reader.keep_to(area, offset);
            }
            self.enter(area, offset, instruction.ip());
            self.instruction(&instruction);
        }
        // A run of the descent goes on in the code that it joined.
        if range.end < area.bytes.len() && self.state.live != Live::Dead {
            self.answer(area.address.wrapping_add(range.end as u64), None);
        }
    }

    /// What holds where an instruction may be entered from elsewhere: what those hold who come there, which they are asked.
    fn enter(&mut self, area: &Area<'_>, offset: usize, address: u64) {
        let label = area.labels.has(offset);
        if !label && !area.functions.has(offset) && !area.taken.has(offset) {
            return;
        }
        // What stands before a function ends with a call only if that does not return.
        let falls = self.state.live == Live::Running || (label && self.state.live == Live::AfterCall);
        if falls {
            self.answer(address, None);
        }
        self.state.enter(address);
    }

    fn instruction(&mut self, instruction: &Instruction) {
        let address = instruction.ip();
        match instruction.code() {
            Code::Syscall => self.kernel(Target::Kernel, address),
            Code::Sysenter => self.kernel(Target::Legacy, address),
            Code::Int_imm8 if instruction.immediate8() == 0x80 => self.kernel(Target::Legacy, address),
            _ => {}
        }
        self.slots(instruction);
        if let Some(target) = target(instruction) {
            let call = instruction.flow_control() == FlowControl::Call;
            self.answer(target, call.then_some(address));
        }
        let padding = matches!(instruction.mnemonic(), Mnemonic::Nop | Mnemonic::Endbr64);
        match instruction.flow_control() {
            _ if matches!(instruction.code(), Code::Syscall | Code::Sysenter | Code::Int_imm8) => self.state.asked(),
            FlowControl::Call | FlowControl::IndirectCall => self.state.forget(Live::AfterCall),
            _ if ends(instruction) => self.state.forget(Live::Dead),
            _ if padding => {}
            _ => {
                self.state.live = Live::Running;
                self.state.step(instruction, &mut self.factory);
            }
        }
    }

    fn kernel(&mut self, target: Target, address: u64) {
        let number = self.state.read(Register::RAX);
        let arguments = if target == Target::Kernel {
            [Register::RDI, Register::RSI, Register::RDX].map(|register| self.state.read(register))
        } else {
            [Value::Unknown; 3]
        };
        self.site(Site { target, address, number, arguments, origin: self.state.origin });
    }

    /// A use of a word that the loader fills with the address of an import.
    fn slots(&mut self, instruction: &Instruction) {
        let memory = (0..instruction.op_count()).any(|at| instruction.op_kind(at) == OpKind::Memory);
        if !memory || self.followed.slots.is_empty() {
            return;
        }
        let address = if instruction.is_ip_rel_memory_operand() {
            instruction.ip_rel_memory_address()
        } else if instruction.memory_base() == Register::None && instruction.memory_index() == Register::None {
            instruction.memory_displacement64()
        } else {
            return;
        };
        let Some(&import) = self.followed.slots.get(&address) else { return };
        if !matches!(instruction.flow_control(), FlowControl::IndirectCall | FlowControl::IndirectBranch) {
            self.reading.taken.insert(import);
            return;
        }
        let read = |registers: [Register; 3]| registers.map(|register| self.state.read(register));
        let (target, number, arguments) = if self.followed.syscall == Some(import) {
            let arguments = read([Register::RSI, Register::RDX, Register::RCX]);
            (Target::Kernel, self.state.read(Register::RDI), arguments)
        } else {
            (Target::Import(import), Value::Unknown, read([Register::RDI, Register::RSI, Register::RDX]))
        };
        self.site(Site { target, address: instruction.ip(), number, arguments, origin: self.state.origin });
    }

    fn site(&mut self, site: Site) {
        if self.reading.sites.len() < SITES_MAX {
            self.reading.sites.push(site);
        } else {
            self.reading.over = self.reading.over.saturating_add(1);
        }
    }

    /// Answers the questions about what is at `block` for one who comes there; a caller lends its address.
    fn answer(&mut self, block: u64, caller: Option<u64>) {
        let Some(questions) = self.questions.get(&block) else { return };
        let fill = |value| match value {
            Value::Argument(register) => self.state.register(register),
            other => other,
        };
        for question in questions {
            if self.reading.answers.len() >= SITES_MAX {
                self.reading.over = self.reading.over.saturating_add(1);
                continue;
            }
            let (number, arguments) = (fill(question.number), question.arguments.map(fill));
            let (address, origin) = (caller.unwrap_or(question.address), self.state.origin);
            self.reading.answers.push((block, Site { address, number, arguments, origin, ..*question }));
        }
    }
}
