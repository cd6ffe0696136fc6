//! Acts on other processes: signals, tracing, their memory and descriptors, and descriptors that leaked in.

use std::ffi::c_long;

use super::sys::{Answer, Arg, attempt, one_part};
use super::{Ground, Record, Tried, judge, judge_opened};

/// No such process: it is in another namespace.
const NO_PROCESS: &[i32] = &[libc::ESRCH];
/// Descriptors looked at for leaks: from 3 to where the fence keeps its own until the payload starts.
const DESCRIPTORS: usize = super::super::plan::PROGRAM_FD as usize - 3;

pub(super) fn own_number() -> i32 {
    number(attempt(libc::SYS_getpid, []))
}

pub(super) fn own_group() -> i32 {
    number(attempt(libc::SYS_getpgid, [Arg::Word(0)]))
}

fn number(answer: Answer) -> i32 {
    answer.ok().and_then(|number| i32::try_from(number).ok()).unwrap_or_default()
}

pub(super) fn acts(record: &mut Record, ground: &Ground<'_>) {
    record.add("signal every process", judge(attempt(libc::SYS_kill, [Arg::Word(-1), Arg::Word(0)]), NO_PROCESS));
    if ground.marks.process != 0 {
        let outside = Outside { number: c_long::from(ground.marks.process) };
        for (name, act) in ACTS {
            record.add(name, outside.tried(*act));
        }
        record.add("signal a process group outside", group(ground.marks.group));
    }
    record.add("hold a descriptor that leaked in", leaked());
    record.add("type into a terminal", terminal(libc::TIOCSTI));
    // TIOCLINUX, by which a console's selection is pasted.
    record.add("paste into a console", terminal(0x541c));
}

/// Tried on a process by its number.
type OnProcess = fn(c_long) -> Tried;

/// What is tried on the process outside: signal 0 and addresses that aren't mapped, so that nothing happens to it.
const ACTS: &[(&str, OnProcess)] = &[
    ("signal a process outside", |outside| {
        judge(attempt(libc::SYS_kill, [Arg::Word(outside), Arg::Word(0)]), NO_PROCESS)
    }),
    ("signal a thread outside", |outside| {
        judge(attempt(libc::SYS_tgkill, [Arg::Word(outside), Arg::Word(outside), Arg::Word(0)]), NO_PROCESS)
    }),
    ("queue a signal to a process outside", |outside| {
        // `siginfo_t` whose code is SI_QUEUE (-1); its number is set by the kernel.
        let mut info = [0_u8; 128];
        info.iter_mut().skip(8).take(4).for_each(|byte| *byte = 0xff);
        judge(attempt(libc::SYS_rt_sigqueueinfo, [Arg::Word(outside), Arg::Word(0), Arg::Bytes(&info)]), NO_PROCESS)
    }),
    ("hold a process outside by descriptor", |outside| {
        judge_opened(attempt(libc::SYS_pidfd_open, [Arg::Word(outside), Arg::Word(0)]), NO_PROCESS)
    }),
    ("trace a process outside", |outside| {
        // Seizing doesn't stop it, and ends with this process at the latest.
        judge(attempt(libc::SYS_ptrace, [Arg::Word(PTRACE_SEIZE), Arg::Word(outside)]), NO_PROCESS)
    }),
    ("read the memory of a process outside", |outside| memory(libc::SYS_process_vm_readv, outside)),
    ("write the memory of a process outside", |outside| memory(libc::SYS_process_vm_writev, outside)),
    ("compare with a process outside", |outside| {
        let own = Arg::Word(c_long::from(own_number()));
        judge(attempt(libc::SYS_kcmp, [own, Arg::Word(outside)]), NO_PROCESS)
    }),
    ("change the limits of a process outside", |outside| {
        judge(attempt(libc::SYS_prlimit64, [Arg::Word(outside)]), NO_PROCESS)
    }),
    ("read the scheduling of a process outside", |outside| {
        judge(attempt(libc::SYS_sched_getscheduler, [Arg::Word(outside)]), NO_PROCESS)
    }),
];

/// `libc` has it as an unsigned word of another width on some machines.
const PTRACE_SEIZE: c_long = 0x4206;

/// A process by its number outside.
struct Outside {
    number: c_long,
}

impl Outside {
    /// Two living processes of one namespace never share a number, so one that has ours is in another.
    fn tried(&self, act: OnProcess) -> Tried {
        if self.number == c_long::from(own_number()) {
            return Tried::Holds("its number is ours in here");
        }
        act(self.number)
    }
}

fn memory(call: c_long, outside: c_long) -> Tried {
    let mut byte = [0_u8; 1];
    let (here, there) = (one_part(byte.as_mut_ptr().addr(), 1), one_part(0, 1));
    let one = || Arg::Word(1);
    judge(attempt(call, [Arg::Word(outside), Arg::Bytes(&here), one(), Arg::Bytes(&there), one()]), NO_PROCESS)
}

/// A group that began outside has the number 0 in here, and `kill(0)` still reaches all of it.
fn group(outside: i32) -> Tried {
    match own_group() {
        0 => Tried::Succeeded,
        own if own == outside => Tried::Succeeded,
        _ if outside == 0 => Tried::Holds("no group is known"),
        _ => judge(
            attempt(libc::SYS_kill, [Arg::Word(c_long::from(outside).saturating_neg()), Arg::Word(0)]),
            NO_PROCESS,
        ),
    }
}

/// One `poll` tells which descriptors are open: the others are invalid.
fn leaked() -> Tried {
    const ENTRY: usize = 8;
    let mut limit = [0_u8; 16];
    let asked = attempt(
        libc::SYS_prlimit64,
        [Arg::Word(0), Arg::Word(c_long::from(libc::RLIMIT_NOFILE)), Arg::Word(0), Arg::Out(&mut limit)],
    );
    // More entries than the limit are refused as a whole.
    let allowed = match asked {
        Ok(_) => limit.first_chunk().copied().map(usize::from_ne_bytes).unwrap_or_default(),
        Err(_) => 64,
    };
    let mut entries = [[0_u8; ENTRY]; DESCRIPTORS];
    for (descriptor, entry) in (3_i32..).zip(entries.iter_mut()) {
        let [a, b, c, d] = descriptor.to_ne_bytes();
        *entry = [a, b, c, d, 0, 0, 0, 0];
    }
    let count = allowed.min(DESCRIPTORS);
    let shown = c_long::try_from(count).unwrap_or_default();
    // Without waiting.
    let answer = attempt(
        libc::SYS_ppoll,
        [Arg::Out(entries.as_flattened_mut()), Arg::Word(shown), Arg::Bytes(&[0; 16]), Arg::Word(0), Arg::Word(8)],
    );
    if let Err(errno) = answer {
        return Tried::NotStopped(errno);
    }
    let open = |entry: &[u8; ENTRY]| {
        let [_, _, _, _, _, _, low, high] = *entry;
        i16::from_ne_bytes([low, high]) & libc::POLLNVAL == 0
    };
    if entries.iter().take(count).any(open) { Tried::Succeeded } else { Tried::Holds("none is open") }
}

/// On the three standard descriptors. Without a character to type the answer tells whether one would have been.
fn terminal(request: u64) -> Tried {
    for descriptor in 0..=2 {
        let request = c_long::try_from(request).unwrap_or_default();
        let answer = attempt(libc::SYS_ioctl, [Arg::Word(descriptor), Arg::Word(request), Arg::Word(0)]);
        match judge(answer, &[libc::ENOTTY, libc::EIO, libc::EBADF, libc::EINVAL]) {
            Tried::Denied(_) if descriptor < 2 => {}
            tried => return tried,
        }
    }
    Tried::Holds("no terminal")
}
