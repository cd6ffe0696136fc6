//! A keeper: the process outside that makes one fence and stays with the host's rights for as long as it lives. The
//! fence dies with it, and it dies with the launcher.
//!
//! A keeper is forked before its order comes. It makes the group and the first process, in namespaces of its own and
//! in the group, and only then waits for an order: the kernel may take 10 ms to move a process between groups.

use std::fs;
use std::os::fd::{AsFd as _, BorrowedFd, OwnedFd};

use nix::errno::Errno;
use nix::fcntl::OFlag;
use nix::poll::{PollFd, PollFlags, PollTimeout, poll};
use nix::sys::socket::{AddressFamily, SockFlag, SockType, socketpair};
use nix::unistd::{Gid, Uid, getppid};

use super::cgroup::Group;
use super::counter::Counter;
use super::error::{Fault, Layer, Within as _};
use super::inside::{self, Birth, GID, Host, STATUS_BYTES, UID};
use super::launcher::Ready;
use super::mounts;
use super::plan::{Counted, Network, Owner, Plan};
use super::probe::Probe;
use super::sys::{self, First, Forked};
use super::wire::{self, Answer, Calls, Exit, Hit, How, Order, Start, hear, tell};

/// Whom a payload acts as under a root launcher, unless the plan says otherwise.
const NOBODY: Owner = Owner { uid: 65_534, gid: 65_534 };
/// The namespaces that a first process is born into; those of mounts and cgroups follow with its order, because a copy
/// of the host's mounts made early would be out of date by then.
const APART: i32 =
    libc::CLONE_NEWUSER | libc::CLONE_NEWPID | libc::CLONE_NEWNET | libc::CLONE_NEWIPC | libc::CLONE_NEWUTS;

/// What an order's message carries.
struct Letter {
    packed: OwnedFd,
    answers: OwnedFd,
    streams: [OwnedFd; 3],
    program: Option<OwnedFd>,
}

impl Letter {
    fn open(fds: Vec<OwnedFd>) -> Option<Self> {
        let mut fds = fds.into_iter();
        Some(Self {
            packed: fds.next()?,
            answers: fds.next()?,
            streams: [fds.next()?, fds.next()?, fds.next()?],
            program: fds.next(),
        })
    }
}

/// Prepares a fence, waits for an order on `orders` and keeps it to its end. Dropping `free` tells the launcher that
/// this keeper has an order.
pub fn keep(ready: &Ready, number: u64, orders: OwnedFd, free: OwnedFd) {
    // From its birth on; and if the launcher died before this line, it is no parent any more.
    if sys::die_with_parent().is_err() || getppid() != ready.pid {
        return;
    }
    // One that can't prepare waits all the same, and tells whoever asks. Test builds wait first: the order may say that
    // a layer is to be left out.
    let early = if cfg!(feature = "weaken") { None } else { Some(prepare(ready, number, default_owner(), APART)) };
    let letter = wire::receive(orders.as_fd()).ok().flatten().and_then(|(_, fds)| Letter::open(fds));
    drop(orders);
    let Some(letter) = letter else { return };
    let last = match serve(ready, number, early, &letter, free) {
        Ok(exit) => Answer::Ended(exit),
        Err(fault) => Answer::Refused(fault),
    };
    // Whoever asked may be gone.
    let _ = tell(letter.answers.as_fd(), &last, &[]);
}

fn default_owner() -> Owner {
    let (uid, gid) = (Uid::effective(), Gid::effective());
    if uid.is_root() { NOBODY } else { Owner { uid: uid.as_raw(), gid: gid.as_raw() } }
}

/// Without its namespaces, a fence shares network and IPC with the host; the others it can't be made without.
fn apart(plan: &Plan) -> i32 {
    if inside::wanted(plan, Layer::Namespaces) { APART } else { APART & !libc::CLONE_NEWNET & !libc::CLONE_NEWIPC }
}

/// A fence that waits for an order.
struct Spare {
    kept: Kept,
    /// To the first process.
    inner: OwnedFd,
    /// From the first process.
    status: OwnedFd,
    owner: Owner,
}

/// A fence as its keeper sees it. Ends it when dropped: its first process is killed and reaped, then its group goes.
struct Kept {
    first: First,
    reaped: bool,
    group: Group,
}

impl Kept {
    fn reap(&mut self) {
        if !self.reaped {
            self.reaped = sys::reap(self.first.pid.as_raw()).is_ok();
        }
    }
}

impl Drop for Kept {
    fn drop(&mut self) {
        let _ = sys::kill(self.first.pidfd.as_fd());
        self.reap();
    }
}

fn prepare(ready: &Ready, number: u64, owner: Owner, apart: i32) -> Result<Spare, Fault> {
    sys::await_children().within(Layer::Start, "reset signals")?;
    let pair = || socketpair(AddressFamily::Unix, SockType::SeqPacket, None, SockFlag::SOCK_CLOEXEC);
    let (inner, keeper) = pair().within(Layer::Start, "make a socket")?;
    let (status, inner_status) = nix::unistd::pipe2(OFlag::O_CLOEXEC).within(Layer::Start, "make a pipe")?;
    let group = Group::new(&ready.base, &format!("{}-{number}", ready.pid))?;
    let root = Uid::effective().is_root();
    if root {
        // The supplementary groups of root would stay with the payload, unmapped but good for the host's files.
        nix::unistd::setgroups(&[]).within(Layer::Identity, "leave all groups")?;
    }
    let host = if root { Host::Gathers } else { Host::LeavesIt };
    let forked = sys::fork_apart(apart, group.birthplace()).within(Layer::Namespaces, "make namespaces")?;
    let Forked::Parent(first) = forked else {
        // The group's folders are the keeper's to remove.
        std::mem::forget(group);
        drop((inner, status));
        inside::first(Birth { filters: &ready.filters, worker: ready.worker, keeper, status: inner_status, host })
    };
    drop((keeper, inner_status));
    let kept = Kept { first, reaped: false, group };
    kept.group.add(kept.first.pid.as_raw())?;
    map(kept.first.pid.as_raw(), owner)?;
    wire::send(inner.as_fd(), &[1], &[]).within(Layer::Start, "let the first process go on")?;
    Ok(Spare { kept, inner, status, owner })
}

fn serve(
    ready: &Ready,
    number: u64,
    early: Option<Result<Spare, Fault>>,
    letter: &Letter,
    free: OwnedFd,
) -> Result<Exit, Fault> {
    let answers = letter.answers.as_fd();
    let Order { plan, start } = wire::unpack(letter.packed.as_fd()).within(Layer::Start, "read the plan")?;
    let owner = owner(&plan)?;
    let spare = match early.transpose()? {
        Some(spare) if spare.owner == owner => spare,
        other => {
            // Its one map is written already.
            drop(other);
            prepare(ready, number, owner, apart(&plan))?
        }
    };
    let Spare { mut kept, inner, status, .. } = spare;
    if inside::wanted(&plan, Layer::Cgroup) {
        kept.group.limit(&plan.limits)?;
    }
    let mounts = if Uid::effective().is_root() { mounts::gather(&plan, Some(owner))? } else { Vec::new() };
    let mut fds = vec![letter.packed.as_fd()];
    fds.extend(letter.streams.iter().chain(&letter.program).chain(&mounts).map(|fd| fd.as_fd()));
    wire::send(inner.as_fd(), &[1], &fds).within(Layer::Start, "hand over the order")?;
    drop(mounts);
    let mut counter = introduce(&kept, inner, &plan, start, answers)?;
    // Only now: making the next one would take processor time from this one.
    drop(free);
    let memory_ran_out = watch(&kept, answers, counter.as_mut()).within(Layer::Start, "watch the fence")?;
    kept.reap();
    let calls = counter.map(Counter::into_calls).unwrap_or_default();
    Ok(Exit { calls, ..exit(&kept, &plan, &status, memory_ran_out) })
}

/// Whom the payload acts as, by the host's numbers.
fn owner(plan: &Plan) -> Result<Owner, Fault> {
    plan.check().map_err(|error| Fault::new(Layer::Start, error.to_string(), Errno::EINVAL))?;
    let own = default_owner();
    if Uid::effective().is_root() {
        return Ok(plan.owner.unwrap_or(own));
    }
    match plan.owner {
        Some(other) if other != own => {
            Err(Fault::new(Layer::Identity, format!("act as user {} without being root", other.uid), Errno::EPERM))
        }
        _ => Ok(own),
    }
}

/// Maps one user and one group, and no more.
fn map(pid: i32, owner: Owner) -> Result<(), Fault> {
    let write = |file: &str, text: String| {
        fs::write(format!("/proc/{pid}/{file}"), text).within(Layer::Identity, format!("write `{file}`"))
    };
    write("setgroups", "deny".to_owned())?;
    write("uid_map", format!("{UID} {} 1", owner.uid))?;
    write("gid_map", format!("{GID} {} 1", owner.gid))
}

/// What the fence says next. Its calls go on meanwhile, if they are counted.
fn hear_from(fence: &OwnedFd, counter: Option<&mut Counter>) -> Result<Option<(Answer, Vec<OwnedFd>)>, Fault> {
    let waited = counter.map_or(Ok(()), |counter| counter.until(fence.as_fd()));
    waited.and_then(|()| hear(fence.as_fd())).within(Layer::Start, "hear from the fence")
}

/// Follows the fence until its payload runs, and tells whoever asked. What comes back counts the payload's calls.
fn introduce(
    kept: &Kept,
    keeper: OwnedFd,
    plan: &Plan,
    start: Start,
    answers: BorrowedFd<'_>,
) -> Result<Option<Counter>, Fault> {
    let mut listeners = Vec::new();
    let mut counter = None;
    let probe = loop {
        match hear_from(&keeper, counter.as_mut())? {
            Some((Answer::Listening, fds)) => listeners = fds,
            Some((Answer::Reporting, fds)) => {
                let made = fds.into_iter().next().ok_or(Errno::EBADMSG);
                let made = made.and_then(|listener| Counter::new(listener, kept.first.pid.as_raw()));
                counter = Some(made.within(Layer::Seccomp, "count calls")?);
            }
            Some((Answer::Set(probe), _)) => break probe,
            Some((Answer::Refused(fault), _)) => return Err(fault),
            Some(_) => return Err(Fault::new(Layer::Start, "hear from the fence", Errno::EBADMSG)),
            None => return Err(died(kept, "set up the fence")),
        }
    };
    let (tcp, udp) = Network::ports(&plan.network);
    if listeners.len() != tcp.len().saturating_add(udp.len()) {
        return Err(Fault::new(Layer::Network, "hand out listeners", Errno::EBADMSG));
    }
    if counter.is_some() != (plan.counted == Counted::Yes) {
        return Err(Fault::new(Layer::Seccomp, "count calls", Errno::EBADMSG));
    }
    leaks(&probe)?;
    if let Some(counter) = &mut counter {
        counter.expect_start();
    }
    let mut fds = vec![kept.first.pidfd.as_fd()];
    fds.extend(listeners.iter().map(|fd| fd.as_fd()));
    tell(answers, &Answer::Set(probe), &fds).within(Layer::Start, "answer")?;
    drop(listeners);
    if start == Start::OnWord {
        let word = wire::receive(answers).within(Layer::Start, "wait for the word")?;
        word.ok_or(Errno::EPIPE).within(Layer::Start, "wait for the word")?;
        wire::send(keeper.as_fd(), &[1], &[]).within(Layer::Start, "let the payload go on")?;
    }
    match hear_from(&keeper, counter.as_mut())? {
        // Closed by the execution itself.
        None => tell(answers, &Answer::Running, &[]).within(Layer::Start, "answer")?,
        Some((Answer::Refused(fault), _)) => return Err(fault),
        Some(_) => return Err(Fault::new(Layer::Start, "hear from the fence", Errno::EBADMSG)),
    }
    Ok(counter)
}

fn died(kept: &Kept, step: &str) -> Fault {
    let memory = kept.group.usage().hits.contains(&Hit::Memory);
    let (layer, errno) = if memory { (Layer::Cgroup, Errno::ENOMEM) } else { (Layer::Start, Errno::EPIPE) };
    Fault::new(layer, step, errno)
}

/// One forbidden act that succeeded is enough.
fn leaks(probe: &Probe) -> Result<(), Fault> {
    let acts: Vec<&str> = probe.acts.iter().filter(|act| !act.denied).map(|act| act.name.as_str()).collect();
    if acts.is_empty() { Ok(()) } else { Err(Fault::new(Layer::Probe, acts.join(", "), Errno::EPERM)) }
}

fn readable(fd: BorrowedFd<'_>) -> PollFd<'_> {
    PollFd::new(fd, PollFlags::POLLIN)
}

/// Waits for the end of the fence, and brings it about when its owner goes away or its memory runs out (`true`). Lets its
/// calls go on meanwhile, if they are counted.
fn watch(kept: &Kept, answers: BorrowedFd<'_>, mut counter: Option<&mut Counter>) -> Result<bool, Errno> {
    loop {
        let (memory, calls) = (kept.group.out_of_memory(), counter.as_deref().map(Counter::fd));
        let mut polled = vec![readable(kept.first.pidfd.as_fd()), readable(answers)];
        polled.extend(memory.into_iter().chain(calls).map(readable));
        match poll(&mut polled, PollTimeout::NONE) {
            Err(Errno::EINTR) => continue,
            other => drop(other?),
        }
        let happened = |index: usize| polled.get(index).and_then(PollFd::any).unwrap_or(false);
        let memory_ran_out = memory.is_some() && happened(2);
        if happened(0) && !memory_ran_out {
            return Ok(false);
        }
        if memory_ran_out || happened(1) {
            sys::kill(kept.first.pidfd.as_fd())?;
            poll(&mut [readable(kept.first.pidfd.as_fd())], PollTimeout::NONE)?;
            return Ok(memory_ran_out);
        }
        // Neither an end nor a reason for one: a call waits, or nobody is left to make one.
        let waits = polled.last().and_then(PollFd::revents).is_some_and(|events| events.contains(PollFlags::POLLIN));
        counter = counter.filter(|_| waits);
        if let Some(counter) = &mut counter {
            counter.let_go_on()?;
        }
    }
}

/// What the first process said last, and what the group counted.
fn exit(kept: &Kept, plan: &Plan, status: &OwnedFd, memory_ran_out: bool) -> Exit {
    let mut message = [0; STATUS_BYTES];
    let said = nix::unistd::read(status, &mut message).unwrap_or(0) == STATUS_BYTES;
    let [a, b, c, d, cpu @ ..] = message;
    let (status, cpu_us) = (i32::from_le_bytes([a, b, c, d]), u64::from_le_bytes(cpu));
    let mut usage = kept.group.usage();
    if memory_ran_out && !usage.hits.contains(&Hit::Memory) {
        usage.hits.push(Hit::Memory);
    }
    let how = match said {
        false => How::Killed,
        true if libc::WIFEXITED(status) => How::Code(u8::try_from(libc::WEXITSTATUS(status)).unwrap_or(u8::MAX)),
        // The kernel picks one process; which one is no news to anybody.
        true if libc::WTERMSIG(status) == libc::SIGKILL && usage.hits.contains(&Hit::Memory) => How::Killed,
        true => How::Signal(libc::WTERMSIG(status)),
    };
    // The kernel counts this limit by ticks, a little apart from what it tells afterwards.
    let cpu_spent = cpu_us >= plan.limits.cpu_seconds.saturating_mul(900_000);
    match how {
        How::Signal(libc::SIGXCPU) => usage.hits.push(Hit::Cpu),
        How::Signal(libc::SIGKILL) if cpu_spent => usage.hits.push(Hit::Cpu),
        How::Signal(libc::SIGXFSZ) => usage.hits.push(Hit::FileSize),
        _ => {}
    }
    Exit {
        how,
        cpu_us,
        memory_peak_bytes: usage.memory_peak_bytes,
        processes_peak: usage.processes_peak,
        limits_hit: usage.hits,
        calls: Calls::new(),
    }
}
