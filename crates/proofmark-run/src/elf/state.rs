//! What is known about registers and the stack while code is read forwards, one straight run at a time.
//!
//! A value is a constant, what a register held when the block was entered, or unknown. Anything that could change a value without
//! being followed makes it unknown; a value must never be called known because that is likely.

use iced_x86::{Instruction, InstructionInfoFactory, Mnemonic, OpAccess, OpKind, Register};

/// The most stack words and frame words remembered at once.
const REMEMBERED_MAX: usize = 16;

/// What is known about a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Value {
    Unknown,
    Known(u64),
    /// What the register of this number held when the block was entered; at least the low 32 bits.
    Argument(u8),
}

/// Where the run stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Live {
    Running,
    /// Only after a call, which may not return.
    AfterCall,
    /// Behind a jump or a return.
    Dead,
}

/// A word of the frame, by its base register and displacement.
#[derive(Debug, Clone, Copy)]
struct Slot {
    base: Register,
    displacement: i64,
    bytes: usize,
    value: Value,
}

/// Everything that is known at one instruction.
pub struct State {
    registers: [Value; 16],
    pushed: Vec<Value>,
    slots: Vec<Slot>,
    /// The block at whose entry [`Value::Argument`] held.
    pub origin: Option<u64>,
    pub live: Live,
}

impl State {
    /// Nothing is known.
    pub fn unknown() -> Self {
        Self {
            registers: [Value::Unknown; 16],
            pushed: Vec::new(),
            slots: Vec::new(),
            origin: None,
            live: Live::Running,
        }
    }

    /// Forgets everything.
    pub fn forget(&mut self, live: Live) {
        self.registers = [Value::Unknown; 16];
        self.pushed.clear();
        self.slots.clear();
        self.origin = None;
        self.live = live;
    }

    /// At the first instruction of a block that may be entered from elsewhere.
    pub fn enter(&mut self, block: u64) {
        self.forget(Live::Running);
        for (number, register) in (0_u8..).zip(&mut self.registers) {
            *register = Value::Argument(number);
        }
        self.origin = Some(block);
    }

    /// After a system call: its result is in `rax`, and the processor overwrote `rcx` and `r11`.
    pub fn asked(&mut self) {
        self.live = Live::Running;
        for register in [Register::RAX, Register::RCX, Register::R11] {
            self.write(register, Value::Unknown);
        }
        // The kernel may have written anywhere.
        self.slots.clear();
        self.pushed.clear();
    }

    /// The value of the full register of this number.
    pub fn register(&self, number: u8) -> Value {
        self.registers.get(usize::from(number)).copied().unwrap_or(Value::Unknown)
    }

    /// The value of a register, cut to its size.
    pub fn read(&self, register: Register) -> Value {
        let Some(number) = general(register) else { return Value::Unknown };
        match (self.register(number), register.size()) {
            (value, 8) | (value @ Value::Argument(_), 4) => value,
            (Value::Known(value), 4) => Value::Known(value & 0xffff_ffff),
            (Value::Known(value), 2) => Value::Known(value & 0xffff),
            (Value::Known(value), 1) if !high(register) => Value::Known(value & 0xff),
            _ => Value::Unknown,
        }
    }

    fn write(&mut self, register: Register, value: Value) {
        let Some(number) = general(register) else { return };
        let before = self.register(number);
        let after = match (value, before, register.size()) {
            (value, _, 8) => value,
            (Value::Known(value), _, 4) => Value::Known(value & 0xffff_ffff),
            (value, _, 4) => value,
            (Value::Known(value), Value::Known(before), 2) => Value::Known(before & !0xffff | value & 0xffff),
            (Value::Known(value), Value::Known(before), 1) if !high(register) => {
                Value::Known(before & !0xff | value & 0xff)
            }
            _ => Value::Unknown,
        };
        if let Some(place) = self.registers.get_mut(usize::from(number)) {
            *place = after;
        }
        self.slots.retain(|slot| slot.base != register.full_register());
    }

    /// Follows one instruction that is no branch.
    pub fn step(&mut self, instruction: &Instruction, factory: &mut InstructionInfoFactory) {
        let first = instruction.op0_kind();
        let value = match (instruction.mnemonic(), instruction.op_count()) {
            (Mnemonic::Push, _) => return self.push(instruction),
            (Mnemonic::Pop, _) if first == OpKind::Register => {
                let value = self.pushed.pop().unwrap_or(Value::Unknown);
                self.drop_slots(Register::RSP);
                return self.write(instruction.op0_register(), value);
            }
            (Mnemonic::Mov | Mnemonic::Movzx, 2) => Some(self.operand(instruction, 1)),
            (Mnemonic::Movsx | Mnemonic::Movsxd, 2) => Some(self.extended(instruction)),
            (Mnemonic::Lea, _) => Some(self.address(instruction)),
            (_, 1 | 2) if first == OpKind::Register => self.computed(instruction),
            _ => None,
        };
        match (value, first) {
            (Some(value), OpKind::Register) if general(instruction.op0_register()).is_some() => {
                self.write(instruction.op0_register(), value);
            }
            (Some(value), OpKind::Memory) => self.store(instruction, value),
            _ => self.clobber(instruction, factory),
        }
    }

    fn push(&mut self, instruction: &Instruction) {
        let value = self.operand(instruction, 0);
        self.drop_slots(Register::RSP);
        if self.pushed.len() == REMEMBERED_MAX {
            self.pushed.remove(0);
        }
        let whole = instruction.stack_pointer_increment() == -8;
        self.pushed.push(if whole { value } else { Value::Unknown });
    }

    fn operand(&self, instruction: &Instruction, at: u32) -> Value {
        match instruction.op_kind(at) {
            OpKind::Register => self.read(instruction.op_register(at)),
            OpKind::Memory => self.load(instruction),
            kind if immediate(kind) => Value::Known(instruction.immediate(at)),
            _ => Value::Unknown,
        }
    }

    fn extended(&self, instruction: &Instruction) -> Value {
        let size = match instruction.op1_kind() {
            OpKind::Register => instruction.op1_register().size(),
            _ => instruction.memory_size().size(),
        };
        match (self.operand(instruction, 1), size) {
            (Value::Known(value), 1) => Value::Known(i64::from(value.to_le_bytes()[0].cast_signed()).cast_unsigned()),
            (Value::Known(value), 4) => {
                let [a, b, c, d, ..] = value.to_le_bytes();
                Value::Known(i64::from(i32::from_le_bytes([a, b, c, d])).cast_unsigned())
            }
            (value @ Value::Argument(_), 4) => value,
            _ => Value::Unknown,
        }
    }

    fn address(&self, instruction: &Instruction) -> Value {
        if instruction.is_ip_rel_memory_operand() {
            return Value::Known(instruction.ip_rel_memory_address());
        }
        let displacement = instruction.memory_displacement64();
        match (instruction.memory_base(), instruction.memory_index()) {
            (Register::None, Register::None) => Value::Known(displacement),
            (base, Register::None) => match self.read(base) {
                Value::Known(value) => Value::Known(value.wrapping_add(displacement)),
                value if displacement == 0 => value,
                _ => Value::Unknown,
            },
            _ => Value::Unknown,
        }
    }

    /// Arithmetic on what is known.
    fn computed(&self, instruction: &Instruction) -> Option<Value> {
        let mnemonic = instruction.mnemonic();
        let two = instruction.op_count() == 2;
        let same = two
            && instruction.op1_kind() == OpKind::Register
            && instruction.op0_register() == instruction.op1_register();
        if same && matches!(mnemonic, Mnemonic::Xor | Mnemonic::Sub) {
            return Some(Value::Known(0));
        }
        if matches!(mnemonic, Mnemonic::Cmp | Mnemonic::Test) {
            return Some(self.read(instruction.op0_register()));
        }
        let one = self.read(instruction.op0_register());
        let other = if two { self.operand(instruction, 1) } else { Value::Known(1) };
        let result = match (mnemonic, one, other) {
            (Mnemonic::And, _, Value::Known(0)) => 0,
            (Mnemonic::Or, _, Value::Known(u64::MAX)) => u64::MAX,
            (Mnemonic::Add | Mnemonic::Inc, Value::Known(one), Value::Known(other)) => one.wrapping_add(other),
            (Mnemonic::Sub | Mnemonic::Dec, Value::Known(one), Value::Known(other)) => one.wrapping_sub(other),
            (Mnemonic::Xor, Value::Known(one), Value::Known(other)) => one ^ other,
            (Mnemonic::Or, Value::Known(one), Value::Known(other)) => one | other,
            (Mnemonic::And, Value::Known(one), Value::Known(other)) => one & other,
            (Mnemonic::Shl, Value::Known(one), Value::Known(by @ 0..32)) => one << by,
            (Mnemonic::Shr, Value::Known(one), Value::Known(by @ 0..32)) => one >> by,
            (Mnemonic::Not, Value::Known(one), _) => !one,
            (Mnemonic::Neg, Value::Known(one), _) => one.wrapping_neg(),
            _ => return None,
        };
        Some(Value::Known(result))
    }

    fn frame(instruction: &Instruction) -> Option<(Register, i64)> {
        let base = instruction.memory_base();
        let plain = instruction.memory_index() == Register::None && instruction.segment_prefix() == Register::None;
        (plain && matches!(base, Register::RBP | Register::RSP))
            .then(|| (base, instruction.memory_displacement64().cast_signed()))
    }

    fn load(&self, instruction: &Instruction) -> Value {
        let Some((base, displacement)) = Self::frame(instruction) else { return Value::Unknown };
        let bytes = instruction.memory_size().size();
        let slot = self.slots.iter().find(|slot| slot.base == base && slot.displacement == displacement);
        match slot.filter(|slot| slot.bytes >= bytes).map(|slot| slot.value) {
            Some(Value::Known(value)) if bytes == 4 => Value::Known(value & 0xffff_ffff),
            Some(value) if bytes == 8 || (bytes == 4 && matches!(value, Value::Argument(_))) => value,
            _ => Value::Unknown,
        }
    }

    /// A store into the frame is remembered; any other may hit everything that was.
    fn store(&mut self, instruction: &Instruction, value: Value) {
        self.pushed.clear();
        let Some((base, displacement)) = Self::frame(instruction) else { return self.slots.clear() };
        self.slots.retain(|slot| slot.base == base && slot.displacement.abs_diff(displacement) >= 8);
        let bytes = instruction.memory_size().size();
        if matches!(bytes, 4 | 8) && self.slots.len() < REMEMBERED_MAX {
            self.slots.push(Slot { base, displacement, bytes, value });
        }
    }

    /// Makes all unknown that an instruction writes in ways that are not followed.
    fn clobber(&mut self, instruction: &Instruction, factory: &mut InstructionInfoFactory) {
        let info = factory.info(instruction);
        let written =
            |access| !matches!(access, OpAccess::None | OpAccess::Read | OpAccess::CondRead | OpAccess::NoMemAccess);
        for used in info.used_registers().iter().filter(|used| written(used.access())) {
            let full = used.register().full_register();
            if full == Register::RSP {
                self.pushed.clear();
            }
            if general(full).is_some() {
                self.write(full, Value::Unknown);
            }
        }
        if info.used_memory().iter().any(|used| written(used.access())) {
            self.slots.clear();
            self.pushed.clear();
        }
    }

    fn drop_slots(&mut self, base: Register) {
        self.slots.retain(|slot| slot.base != base);
    }
}

fn immediate(kind: OpKind) -> bool {
    matches!(
        kind,
        OpKind::Immediate8
            | OpKind::Immediate16
            | OpKind::Immediate32
            | OpKind::Immediate64
            | OpKind::Immediate8to16
            | OpKind::Immediate8to32
            | OpKind::Immediate8to64
            | OpKind::Immediate32to64
    )
}

fn high(register: Register) -> bool {
    matches!(register, Register::AH | Register::BH | Register::CH | Register::DH)
}

/// The number of a general register, of any size.
fn general(register: Register) -> Option<u8> {
    if !register.is_gpr() {
        return None;
    }
    u8::try_from(register.full_register().number()).ok().filter(|number| *number < 16)
}
