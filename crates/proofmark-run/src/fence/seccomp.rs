//! The system call filter: a list of what a payload may ask the kernel for, and of the arguments it may use.
//!
//! One program of three parts. The first kills callers that use another machine's numbers (32-bit calls, x32) and says
//! that `clone3` does not exist, so that libraries fall back to `clone`, whose flags can be read. The second allows what
//! may have any arguments, by ranges of numbers: the kernel tries every number when a filter is installed, and a chain
//! of single comparisons costs it half a millisecond. The third holds the arguments of the rest; what is on neither
//! list is answered with EPERM.

use std::collections::BTreeMap;
use std::os::fd::RawFd;

use nix::errno::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

use super::error::{Fault, Layer, Within as _};
use super::listener;
use super::plan::{Code, Network, PROGRAM_FD, Payload, Plan};
use super::sys;
use super::wire::Answer;

mod calls;

/// The arguments that are allowed, by system call.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Wrong = seccompiler::BackendError;

/// The filters of every kind of plan, compiled once.
pub struct Filters {
    programs: Vec<(Kind, BpfProgram)>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Kind {
    executes: bool,
    generates: bool,
    connects: bool,
}

impl Kind {
    fn of(plan: &Plan) -> Self {
        Self {
            executes: matches!(plan.payload, Payload::Exec { .. }),
            generates: plan.code == Code::Generated,
            connects: plan.network != Network::None,
        }
    }
}

impl Filters {
    /// Compiles every filter.
    pub fn new() -> Result<Self, Fault> {
        let mut programs = Vec::new();
        for executes in [false, true] {
            for generates in [false, true] {
                for connects in [false, true] {
                    let kind = Kind { executes, generates, connects };
                    let program = compile(kind).map_err(|error| fault(&format!("compile the filter ({error})")))?;
                    programs.push((kind, program));
                }
            }
        }
        Ok(Self { programs })
    }

    /// Puts the plan's filter over this process and all it starts.
    pub fn install(&self, plan: &Plan) -> Result<(), Fault> {
        let kind = Kind::of(plan);
        let (_, program) = self.programs.iter().find(|(of, _)| *of == kind).ok_or_else(|| fault("find the filter"))?;
        seccompiler::apply_filter(program).map_err(|error| match &error {
            seccompiler::Error::Prctl(cause) | seccompiler::Error::Seccomp(cause) => {
                let errno = Errno::from_raw(cause.raw_os_error().unwrap_or(libc::EINVAL));
                Fault::new(Layer::Seccomp, "install the filter", errno)
            }
            _ => fault(&format!("install the filter ({error})")),
        })
    }
}

/// Has every call of this process, and of all it starts, reported to the keeper at `keeper`. That comes before the filter of
/// the plan: together with it, what that denies is denied, and the rest waits until the keeper lets it go on.
pub fn report_calls(keeper: RawFd) -> Result<(), Fault> {
    let step = "report calls";
    let message = serde_json::to_vec(&Answer::Reporting).map_err(|_| fault(step))?;
    listener::hand_over(&reporter(keeper), sys::placed(keeper), &message).within(Layer::Seccomp, step)
}

/// Reports every call but messages through `keeper`: the first of them carries the listener. A payload owns no descriptor
/// of that number, so what it can hide by it is a call that fails.
fn reporter(keeper: RawFd) -> BpfProgram {
    const REPORT: u32 = libc::SECCOMP_RET_USER_NOTIF;
    const NUMBER: u32 = 0;
    /// The low half of the first argument in `struct seccomp_data`, which is all that the kernel reads of a descriptor.
    const FIRST_ARGUMENT: u32 = 16;
    vec![
        instruction(LOAD, NUMBER, 0, 0),
        instruction(JUMP_EQUAL, u32::try_from(libc::SYS_sendmsg).unwrap_or(u32::MAX), 0, 3),
        instruction(LOAD, FIRST_ARGUMENT, 0, 0),
        instruction(JUMP_EQUAL, keeper.unsigned_abs(), 0, 1),
        instruction(RETURN, ALLOW, 0, 0),
        instruction(RETURN, REPORT, 0, 0),
    ]
}

fn fault(step: &str) -> Fault {
    Fault::new(Layer::Seccomp, step, Errno::EINVAL)
}

#[cfg(target_arch = "x86_64")]
const MACHINE: TargetArch = TargetArch::x86_64;
#[cfg(target_arch = "aarch64")]
const MACHINE: TargetArch = TargetArch::aarch64;

/// `AUDIT_ARCH_*` of this machine.
#[cfg(target_arch = "x86_64")]
pub const AUDIT: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
pub const AUDIT: u32 = 0xc000_00b7;

const LOAD: u16 = 0x20;
const JUMP: u16 = 0x05;
const JUMP_EQUAL: u16 = 0x15;
const JUMP_ABOVE: u16 = 0x25;
const JUMP_AT_LEAST: u16 = 0x35;
const RETURN: u16 = 0x06;
const ALLOW: u32 = 0x7fff_0000;

/// `jt` and `jf`: how many instructions to skip if the comparison holds, or does not.
const fn instruction(code: u16, k: u32, jt: u8, jf: u8) -> sock_filter {
    sock_filter { code, jt, jf, k }
}

/// Leaves the number loaded for what follows.
fn prelude() -> BpfProgram {
    const KILL_PROCESS: u32 = 0x8000_0000;
    const ERRNO: u32 = 0x0005_0000;
    /// Where the number and the machine are in `struct seccomp_data`.
    const NUMBER: u32 = 0;
    const ARCH: u32 = 4;
    /// Bit of every x32 number; no machine of ours has numbers this high.
    const X32: u32 = 0x4000_0000;
    const CLONE3: u32 = 435;
    vec![
        instruction(LOAD, ARCH, 0, 0),
        instruction(JUMP_EQUAL, AUDIT, 1, 0),
        instruction(RETURN, KILL_PROCESS, 0, 0),
        instruction(LOAD, NUMBER, 0, 0),
        instruction(JUMP_AT_LEAST, X32, 0, 1),
        instruction(RETURN, KILL_PROCESS, 0, 0),
        instruction(JUMP_EQUAL, CLONE3, 0, 1),
        instruction(RETURN, ERRNO | libc::ENOSYS.unsigned_abs(), 0, 0),
    ]
}

/// Runs of numbers without a gap, in order.
fn ranges(mut numbers: Vec<u32>) -> Vec<(u32, u32)> {
    numbers.sort_unstable();
    numbers.dedup();
    let mut ranges: Vec<(u32, u32)> = Vec::new();
    for number in numbers {
        match ranges.last_mut() {
            Some((_, last)) if last.saturating_add(1) == number => *last = number,
            _ => ranges.push((number, number)),
        }
    }
    ranges
}

/// Allows these numbers, and goes on to the next part with any other.
fn allow(ranges: &[(u32, u32)]) -> BpfProgram {
    const PER_RANGE: usize = 4;
    let mut program = Vec::new();
    for (index, (first, last)) in ranges.iter().enumerate() {
        let after = ranges.len().saturating_sub(index).saturating_sub(1).saturating_mul(PER_RANGE);
        program.extend([
            instruction(JUMP_ABOVE, *last, 3, 0),
            instruction(JUMP_AT_LEAST, *first, 0, 1),
            instruction(RETURN, ALLOW, 0, 0),
            // Below this range and above the one before: in none.
            instruction(JUMP, u32::try_from(after).unwrap_or(u32::MAX), 0, 0),
        ]);
    }
    program
}

fn compile(kind: Kind) -> Result<BpfProgram, Wrong> {
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    let list: BpfProgram = SeccompFilter::new(rules(kind)?, denied, SeccompAction::Allow, MACHINE)?.try_into()?;
    let numbers = free(kind).filter_map(|call| u32::try_from(call).ok()).collect();
    let mut program = prelude();
    program.extend(allow(&ranges(numbers)));
    program.extend(list);
    Ok(program)
}

/// What is allowed with any arguments.
fn free(kind: Kind) -> impl Iterator<Item = i64> {
    let connected = calls::CONNECTED.iter().filter(move |_| kind.connects);
    let executed = [libc::SYS_execve].into_iter().filter(move |_| kind.executes);
    let generated = [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_memfd_create].into_iter();
    let generated = generated.filter(move |_| kind.generates);
    let always = calls::ALWAYS.iter().chain(calls::OF_THIS_MACHINE);
    always.chain(connected).copied().chain(executed).chain(generated)
}

/// What is allowed with some arguments.
fn rules(kind: Kind) -> Result<Rules, Wrong> {
    let mut rules = Rules::new();
    processes(&mut rules)?;
    files(&mut rules)?;
    if kind.generates {
        // The engine seals the image of a memory before it maps it.
        rules.entry(libc::SYS_fcntl).or_default().extend(one_of(1, &[libc::F_ADD_SEALS.into()])?);
    } else {
        memory(&mut rules)?;
    }
    if kind.executes {
        rules.insert(
            libc::SYS_execveat,
            vec![all([word(0, Is::Eq, PROGRAM_FD)?, word(4, Is::Eq, libc::AT_EMPTY_PATH.unsigned_abs().into())?])?],
        );
    }
    if kind.connects {
        sockets(&mut rules)?;
    }
    Ok(rules)
}

/// A condition on the low 32 bits of an argument.
fn word(argument: u8, is: Is, value: u64) -> Result<SeccompCondition, Wrong> {
    SeccompCondition::new(argument, Width::Dword, is, value)
}

fn all(conditions: impl Into<Vec<SeccompCondition>>) -> Result<SeccompRule, Wrong> {
    SeccompRule::new(conditions.into())
}

/// Any of these values, in one argument.
fn one_of(argument: u8, values: &[i64]) -> Result<Vec<SeccompRule>, Wrong> {
    // Compared as 32 bits, which is what the kernel reads.
    values.iter().map(|value| all([word(argument, Is::Eq, (*value).cast_unsigned() & 0xffff_ffff)?])).collect()
}

/// None of these bits, in one argument.
fn without(argument: u8, bits: u64) -> Result<Vec<SeccompRule>, Wrong> {
    Ok(vec![all([word(argument, Is::MaskedEq(bits), 0)?])?])
}

fn processes(rules: &mut Rules) -> Result<(), Wrong> {
    rules.insert(libc::SYS_clone, without(0, calls::CLONE_DENIED)?);
    rules.insert(libc::SYS_prctl, one_of(0, &calls::PRCTL)?);
    rules.insert(libc::SYS_prlimit64, one_of(0, &[0])?);
    rules.insert(libc::SYS_sched_setaffinity, one_of(0, &[0])?);
    rules.insert(libc::SYS_personality, one_of(0, &[0, 0xffff_ffff])?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_arch_prctl, one_of(0, &calls::ARCH_PRCTL)?);
    Ok(())
}

fn files(rules: &mut Rules) -> Result<(), Wrong> {
    /// Would leave a device node that an overlay takes for a deletion.
    const RENAME_WHITEOUT: u64 = 4;
    rules.insert(libc::SYS_renameat2, without(4, RENAME_WHITEOUT)?);
    rules.insert(libc::SYS_fcntl, one_of(1, &calls::FCNTL)?);
    rules.insert(libc::SYS_ioctl, one_of(1, &calls::IOCTL)?);
    let regular = |argument| -> Result<Vec<SeccompRule>, Wrong> {
        [libc::S_IFREG, 0]
            .into_iter()
            .map(|kind| all([word(argument, Is::MaskedEq(libc::S_IFMT.into()), kind.into())?]))
            .collect()
    };
    rules.insert(libc::SYS_mknodat, regular(2)?);
    #[cfg(target_arch = "x86_64")]
    rules.insert(libc::SYS_mknod, regular(1)?);
    Ok(())
}

/// Nothing writable becomes executable.
fn memory(rules: &mut Rules) -> Result<(), Wrong> {
    const WRITE: u64 = 2;
    const EXECUTE: u64 = 4;
    let mut apart = Vec::new();
    for allowed in [0, WRITE, EXECUTE] {
        apart.push(all([word(2, Is::MaskedEq(WRITE | EXECUTE), allowed)?])?);
    }
    rules.insert(libc::SYS_mmap, apart);
    // Loaders map code as code; nothing has to become it.
    rules.insert(libc::SYS_mprotect, without(2, EXECUTE)?);
    Ok(())
}

fn sockets(rules: &mut Rules) -> Result<(), Wrong> {
    const KIND: u64 = 0xf;
    let mut socket = Vec::new();
    for (kind, protocol) in [
        (libc::SOCK_STREAM, 0),
        (libc::SOCK_STREAM, libc::IPPROTO_TCP),
        (libc::SOCK_DGRAM, 0),
        (libc::SOCK_DGRAM, libc::IPPROTO_UDP),
    ] {
        socket.push(all([
            word(0, Is::Eq, libc::AF_INET.unsigned_abs().into())?,
            word(1, Is::MaskedEq(KIND), kind.unsigned_abs().into())?,
            word(2, Is::Eq, protocol.unsigned_abs().into())?,
        ])?);
    }
    rules.insert(libc::SYS_socket, socket);
    let fast_open = libc::MSG_FASTOPEN.unsigned_abs().into();
    rules.insert(libc::SYS_sendto, without(3, fast_open)?);
    rules.insert(libc::SYS_sendmsg, without(2, fast_open)?);
    rules.insert(libc::SYS_sendmmsg, without(3, fast_open)?);
    let mut options = Vec::new();
    for (level, option) in calls::SOCKET_OPTIONS {
        options.push(all([
            word(1, Is::Eq, level.unsigned_abs().into())?,
            word(2, Is::Eq, option.unsigned_abs().into())?,
        ])?);
    }
    rules.insert(libc::SYS_setsockopt, options);
    Ok(())
}

#[cfg(test)]
mod tests;
