//! The system call filter: a list of what a payload may ask the kernel for, and of the arguments it may use.
//!
//! Two programs. The first kills callers that use another machine's numbers (32-bit calls, x32) and says that `clone3`
//! does not exist, so that libraries fall back to `clone`, whose flags can be read. The second is the list; what is not
//! on it is answered with EPERM.

use std::collections::BTreeMap;

use nix::errno::Errno;
use seccompiler::{
    BpfProgram, SeccompAction, SeccompCmpArgLen as Width, SeccompCmpOp as Is, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch, sock_filter,
};

use super::error::{Fault, Layer};
use super::plan::{Code, Network, PROGRAM_FD, Payload, Plan};

mod calls;

/// The list's arguments, by system call; none: any arguments.
type Rules = BTreeMap<i64, Vec<SeccompRule>>;
type Wrong = seccompiler::BackendError;

/// The filters of every kind of plan, compiled once.
pub struct Filters {
    prelude: BpfProgram,
    lists: Vec<(Kind, BpfProgram)>,
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
        let mut lists = Vec::new();
        for executes in [false, true] {
            for generates in [false, true] {
                for connects in [false, true] {
                    let kind = Kind { executes, generates, connects };
                    let list = compile(kind).map_err(|error| fault(&format!("compile the list ({error})")))?;
                    lists.push((kind, list));
                }
            }
        }
        Ok(Self { prelude: prelude(), lists })
    }

    /// Puts the plan's filter over this process and all it starts.
    pub fn install(&self, plan: &Plan) -> Result<(), Fault> {
        let kind = Kind::of(plan);
        let list = self.lists.iter().find(|(of, _)| *of == kind).ok_or_else(|| fault("find the list"))?;
        for program in [&self.prelude, &list.1] {
            seccompiler::apply_filter(program).map_err(|error| match &error {
                seccompiler::Error::Prctl(cause) | seccompiler::Error::Seccomp(cause) => Fault::new(
                    Layer::Seccomp,
                    "install the filter",
                    Errno::from_raw(cause.raw_os_error().unwrap_or(libc::EINVAL)),
                ),
                _ => fault(&format!("install the filter ({error})")),
            })?;
        }
        Ok(())
    }
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
const AUDIT: u32 = 0xc000_003e;
#[cfg(target_arch = "aarch64")]
const AUDIT: u32 = 0xc000_00b7;

fn prelude() -> BpfProgram {
    const LOAD: u16 = 0x20;
    const JUMP_EQUAL: u16 = 0x15;
    const JUMP_AT_LEAST: u16 = 0x35;
    const RETURN: u16 = 0x06;
    const KILL_PROCESS: u32 = 0x8000_0000;
    const ERRNO: u32 = 0x0005_0000;
    const ALLOW: u32 = 0x7fff_0000;
    /// Where the number and the machine are in `struct seccomp_data`.
    const NUMBER: u32 = 0;
    const ARCH: u32 = 4;
    /// Bit of every x32 number; no machine of ours has numbers this high.
    const X32: u32 = 0x4000_0000;
    const CLONE3: u32 = 435;
    let make = |code, k, jt, jf| sock_filter { code, jt, jf, k };
    vec![
        make(LOAD, ARCH, 0, 0),
        make(JUMP_EQUAL, AUDIT, 1, 0),
        make(RETURN, KILL_PROCESS, 0, 0),
        make(LOAD, NUMBER, 0, 0),
        make(JUMP_AT_LEAST, X32, 0, 1),
        make(RETURN, KILL_PROCESS, 0, 0),
        make(JUMP_EQUAL, CLONE3, 0, 1),
        make(RETURN, ERRNO | libc::ENOSYS.unsigned_abs(), 0, 0),
        make(RETURN, ALLOW, 0, 0),
    ]
}

fn compile(kind: Kind) -> Result<BpfProgram, Wrong> {
    let denied = SeccompAction::Errno(libc::EPERM.unsigned_abs());
    SeccompFilter::new(rules(kind)?, denied, SeccompAction::Allow, MACHINE)?.try_into()
}

fn rules(kind: Kind) -> Result<Rules, Wrong> {
    let mut rules: Rules = calls::ALWAYS.iter().chain(calls::OF_THIS_MACHINE).map(|call| (*call, Vec::new())).collect();
    processes(&mut rules)?;
    files(&mut rules)?;
    memory(&mut rules, kind)?;
    if kind.executes {
        rules.insert(libc::SYS_execve, Vec::new());
        rules.insert(
            libc::SYS_execveat,
            vec![all([word(0, Is::Eq, PROGRAM_FD)?, word(4, Is::Eq, libc::AT_EMPTY_PATH.unsigned_abs().into())?])?],
        );
    }
    if kind.connects {
        rules.extend(calls::CONNECTED.iter().map(|call| (*call, Vec::new())));
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
    // The prelude answers it first.
    rules.insert(libc::SYS_clone3, Vec::new());
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

fn memory(rules: &mut Rules, kind: Kind) -> Result<(), Wrong> {
    const WRITE: u64 = 2;
    const EXECUTE: u64 = 4;
    if kind.generates {
        for call in [libc::SYS_mmap, libc::SYS_mprotect, libc::SYS_memfd_create] {
            rules.insert(call, Vec::new());
        }
        return Ok(());
    }
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
