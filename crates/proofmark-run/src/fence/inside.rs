//! What happens inside: the first process of the new namespaces puts every layer up around itself, starts the payload
//! as the second, and stays only to reap. When the payload ends, or anything fails, the first process ends, and the
//! kernel ends everything else in its pid namespace with it.

use std::ffi::CString;
use std::os::fd::{AsFd as _, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt as _;

use nix::errno::Errno;
use nix::fcntl::AtFlags;
use nix::sys::resource::{Resource, setrlimit};
use nix::unistd::{Gid, Uid};

use super::error::{Fault, Layer, Within as _};
use super::mounts::{self, Old};
use super::plan::{Code, Counted, Limits, PROGRAM_FD, Payload, Plan};
use super::probe::{self, Expectation};
use super::sys::{self, Forked};
use super::wire::{self, Answer, Order, Start, report, tell};
use super::{landlock, network, seccomp};

/// The user and group that a payload finds itself to be, whatever the host's are.
pub const UID: u32 = 1000;
pub const GID: u32 = 1000;

/// Where the first process keeps what it needs: above every number that a payload may use.
const KEEPER_FD: RawFd = 1001;
const STATUS_FD: RawFd = 1002;
/// The hard limit that the launcher itself needs.
pub const OPEN_FILES_OWN: u64 = 1024;

/// What the first process is born with.
pub struct Birth<'a> {
    pub filters: &'a seccomp::Filters,
    pub worker: fn() -> u8,
    /// To the process that keeps this fence: its order, reports, and its word to go on.
    pub keeper: OwnedFd,
    /// To the same: how the payload ended.
    pub status: OwnedFd,
    pub host: Host,
}

/// Who copies the host's mounts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Host {
    /// The keeper, which has more rights to than the payload's owner. So the first process can leave the host's root
    /// before an order comes.
    Gathers,
    /// The first process, with the rights that it has in a mount namespace of its own. That must be a fresh copy of the
    /// host's, so it is made when the order comes.
    LeavesIt,
}

/// How the payload ended, from the first process to the keeper: wait status and processor time.
pub const STATUS_BYTES: usize = 12;

/// Becomes the first process. Never returns.
pub fn first(birth: Birth<'_>) -> ! {
    let fault = match arrive(birth) {
        Ok(never) => match never {},
        Err(fault) => fault,
    };
    // The keeper may be gone already; then nobody is left to tell.
    let _ = report(sys::placed(KEEPER_FD), &Answer::Refused(fault));
    sys::leave(1)
}

fn arrive(birth: Birth<'_>) -> Result<std::convert::Infallible, Fault> {
    let Birth { filters, worker, keeper, status, host } = birth;
    settle_apart(keeper, status).within(Layer::Start, "settle")?;
    await_word().within(Layer::Start, "wait for the keeper")?;
    sys::unshare(libc::CLONE_NEWCGROUP).within(Layer::Namespaces, "make a cgroup namespace")?;
    identity()?;
    sys::die_with_parent().within(Layer::Start, "die with the keeper")?;
    sys::forget_capabilities().within(Layer::Capabilities, "empty the bounding set")?;
    // Test builds learn from the order whether to leave the host's root at all.
    let early = if host == Host::Gathers && !cfg!(feature = "weaken") { Some(own_root(Old::Detached)?) } else { None };

    let (_, fds) =
        wire::receive(sys::placed(KEEPER_FD)).within(Layer::Start, "wait for an order")?.unwrap_or_else(|| {
            // Nobody is left to serve.
            sys::leave(0)
        });
    let mut fds = fds.into_iter();
    let nonsense = || Fault::new(Layer::Start, "read the order", Errno::EBADMSG);
    let order = fds.next().ok_or_else(nonsense)?;
    let Order { plan, start } = wire::unpack(order.as_fd()).within(Layer::Start, "read the order")?;
    // Or the place of standard input would be closed with it.
    drop(order);
    let mut streams = || fds.next().ok_or_else(nonsense);
    let streams = [streams()?, streams()?, streams()?];
    let program = if matches!(plan.payload, Payload::Exec { .. }) { fds.next() } else { None };
    let gathered: Vec<OwnedFd> = fds.collect();
    settle(streams, program).within(Layer::Start, "place descriptors")?;
    match early {
        Some(root) => mounts::fill(root, &plan, gathered)?,
        None => {
            sys::unshare(libc::CLONE_NEWNS).within(Layer::Namespaces, "make a mount namespace")?;
            let gathered = if host == Host::Gathers { gathered } else { mounts::gather(&plan, None)? };
            mounts::fill(mounts::leave(old_root(&plan))?, &plan, gathered)?;
        }
    }
    let listeners = network::listen(&plan.network)?;
    if !listeners.is_empty() {
        let borrowed: Vec<_> = listeners.iter().map(|fd| fd.as_fd()).collect();
        tell(sys::placed(KEEPER_FD), &Answer::Listening, &borrowed).within(Layer::Network, "hand out listeners")?;
    }
    drop(listeners);
    close_others().within(Layer::Start, "close descriptors")?;
    lock(&plan, filters)?;
    match sys::fork().within(Layer::Start, "fork the payload")? {
        Forked::Child => payload(&plan, start, worker),
        Forked::Parent(payload) => reap(payload.as_raw()),
    }
}

fn own_root(old: Old) -> Result<mounts::Root, Fault> {
    sys::unshare(libc::CLONE_NEWNS).within(Layer::Namespaces, "make a mount namespace")?;
    // Out of the way of the standard streams.
    mounts::leave(old)?.above(STATUS_FD.saturating_add(1)).within(Layer::Root, "keep the new root open")
}

/// Everything that needs no order: our two descriptors at their places and nothing else open, a session and a name of
/// its own.
fn settle_apart(keeper: OwnedFd, status: OwnedFd) -> Result<(), Errno> {
    sys::die_with_parent()?;
    let above = STATUS_FD.saturating_add(1);
    let (high_keeper, high_status) = (sys::raise(keeper.as_fd(), above)?, sys::raise(status.as_fd(), above)?);
    sys::place(high_keeper.as_fd(), KEEPER_FD)?;
    sys::place(high_status.as_fd(), STATUS_FD)?;
    drop((keeper, status, high_keeper, high_status));
    sys::close_range(0, KEEPER_FD.unsigned_abs().saturating_sub(1))?;
    close_others()?;
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(0o077));
    nix::unistd::setsid()?;
    nix::unistd::sethostname("fence")
}

/// Standard streams and program to their places.
fn settle(streams: [OwnedFd; 3], program: Option<OwnedFd>) -> Result<(), Errno> {
    // First above every place, so that no placing closes what is placed later.
    let above = STATUS_FD.saturating_add(1);
    let [input, output, error] = streams;
    let raised = |fd: OwnedFd| sys::raise(fd.as_fd(), above);
    let (input, output, error) = (raised(input)?, raised(output)?, raised(error)?);
    for (number, stream) in (libc::STDIN_FILENO..).zip([input, output, error]) {
        sys::place(stream.as_fd(), number)?;
    }
    program.map_or(Ok(()), |program| sys::place(program.as_fd(), program_fd()))
}

fn program_fd() -> RawFd {
    RawFd::try_from(PROGRAM_FD).unwrap_or(RawFd::MAX)
}

/// Everything but 0, 1, 2 and our places.
fn close_others() -> Result<(), Errno> {
    let number = |fd: RawFd| fd.unsigned_abs();
    sys::close_range(3, number(program_fd()).saturating_sub(1))?;
    sys::close_range(number(STATUS_FD).saturating_add(1), u32::MAX)
}

/// The keeper says one byte. Nothing means that it is gone.
fn await_word() -> Result<(), Errno> {
    let mut word = [0];
    match nix::unistd::read(sys::placed(KEEPER_FD), &mut word)? {
        1 => Ok(()),
        _ => Err(Errno::EPIPE),
    }
}

/// Becomes the one mapped user. All capabilities of the new namespace stay until [`lock`]: its root is not mapped, so
/// there is no change away from it that would take them.
fn identity() -> Result<(), Fault> {
    let (uid, gid) = (Uid::from_raw(UID), Gid::from_raw(GID));
    nix::unistd::setresgid(gid, gid, gid).within(Layer::Identity, "become the group")?;
    nix::unistd::setresuid(uid, uid, uid).within(Layer::Identity, "become the user")
}

/// The layers that can only be put up last, each over the ones before.
fn lock(plan: &Plan, filters: &seccomp::Filters) -> Result<(), Fault> {
    sys::no_new_privileges().within(Layer::Capabilities, "set `no_new_privs`")?;
    if wanted(plan, Layer::Landlock) {
        landlock::restrict(plan)?;
    }
    if wanted(plan, Layer::Rlimits) {
        rlimits(&plan.limits)?;
    }
    if wanted(plan, Layer::Capabilities) {
        sys::drop_capabilities().within(Layer::Capabilities, "drop them")?;
    }
    if plan.code == Code::Fixed && wanted(plan, Layer::Mdwe) {
        sys::refuse_new_code().within(Layer::Mdwe, "set `PR_SET_MDWE`")?;
    }
    if matches!(plan.payload, Payload::Exec { .. }) {
        sys::fix_addresses().within(Layer::Start, "fix addresses")?;
    }
    sys::hide().within(Layer::Start, "hide the first process")?;
    if plan.counted == Counted::Yes {
        // Under the filter, so that no payload has to be allowed to install one.
        seccomp::report_calls(KEEPER_FD)?;
    }
    if wanted(plan, Layer::Seccomp) {
        filters.install(plan)?;
    }
    Ok(())
}

#[cfg(feature = "weaken")]
fn old_root(plan: &Plan) -> Old {
    if wanted(plan, Layer::Root) { Old::Detached } else { Old::Kept }
}

#[cfg(not(feature = "weaken"))]
const fn old_root(_plan: &Plan) -> Old {
    Old::Detached
}

#[cfg(any(test, feature = "weaken"))]
pub fn wanted(plan: &Plan, layer: Layer) -> bool {
    plan.without != Some(layer)
}

/// Every layer, always: only test builds can leave one out.
#[cfg(not(any(test, feature = "weaken")))]
pub const fn wanted(_plan: &Plan, _layer: Layer) -> bool {
    true
}

fn rlimits(limits: &Limits) -> Result<(), Fault> {
    /// The stack of a thread, in bytes: what most systems give.
    const STACK_BYTES: u64 = 8 << 20;
    let bounds = [
        (Resource::RLIMIT_NPROC, limits.processes.saturating_add(1)),
        (Resource::RLIMIT_NOFILE, limits.open_files),
        (Resource::RLIMIT_FSIZE, limits.file_bytes),
        (Resource::RLIMIT_CPU, limits.cpu_seconds),
        (Resource::RLIMIT_STACK, STACK_BYTES),
        (Resource::RLIMIT_CORE, 0),
        (Resource::RLIMIT_MEMLOCK, 0),
        (Resource::RLIMIT_MSGQUEUE, 0),
        (Resource::RLIMIT_NICE, 0),
        (Resource::RLIMIT_RTPRIO, 0),
    ];
    for (resource, bound) in bounds {
        // One second later SIGKILL follows SIGXCPU, which a payload can catch.
        let hard = if resource == Resource::RLIMIT_CPU { bound.saturating_add(1) } else { bound };
        setrlimit(resource, bound, hard).within(Layer::Rlimits, format!("set {resource:?} to {bound}"))?;
    }
    Ok(())
}

/// The second process: probes, reports, waits for the word, becomes the payload.
fn payload(plan: &Plan, start: Start, worker: fn() -> u8) -> ! {
    let keeper = || sys::placed(KEEPER_FD);
    let _ = nix::unistd::close(STATUS_FD);
    let probe = probe::run(&Expectation { plan });
    // The keeper ends a fence that leaks, or that it gave no word; not waiting for its answer saves two changes of process.
    let at_once = start == Start::AtOnce && probe.acts.iter().all(|act| act.denied);
    let told = report(keeper(), &Answer::Set(probe));
    if told.and_then(|()| if at_once { Ok(()) } else { await_word() }).is_err() {
        sys::leave(1);
    }
    let fault = match &plan.payload {
        Payload::Worker => {
            let _ = nix::unistd::close(KEEPER_FD);
            let code = worker();
            drop(std::io::Write::flush(&mut std::io::stdout()));
            sys::leave(code.into())
        }
        Payload::Exec { arguments, environment, directory, .. } => match execute(arguments, environment, directory) {
            Ok(never) => match never {},
            Err(fault) => fault,
        },
    };
    let _ = report(keeper(), &Answer::Refused(fault));
    sys::leave(1)
}

fn execute(
    arguments: &[std::ffi::OsString],
    environment: &[(std::ffi::OsString, std::ffi::OsString)],
    directory: &std::path::Path,
) -> Result<std::convert::Infallible, Fault> {
    let words = |word: &[u8]| CString::new(word).map_err(|_| Fault::new(Layer::Start, "pass a word", Errno::EINVAL));
    let arguments: Vec<CString> = arguments.iter().map(|word| words(word.as_bytes())).collect::<Result<_, _>>()?;
    let environment: Vec<CString> = environment
        .iter()
        .map(|(name, value)| words(&[name.as_bytes(), b"=", value.as_bytes()].concat()))
        .collect::<Result<_, _>>()?;
    nix::unistd::chdir(directory).within(Layer::Start, format!("enter `{}`", directory.display()))?;
    let program = sys::placed(program_fd());
    nix::unistd::execveat(program, c"", &arguments, &environment, AtFlags::AT_EMPTY_PATH)
        .within(Layer::Start, "execute the program")
}

/// Waits until the payload has ended, reaping whatever else ends, and says how. Only `payload` counts.
fn reap(payload: i32) -> ! {
    let _ = nix::unistd::close(KEEPER_FD);
    let _ = nix::unistd::close(program_fd());
    for stream in [libc::STDIN_FILENO, libc::STDOUT_FILENO, libc::STDERR_FILENO] {
        // Or a reader would wait for our copies.
        let _ = nix::unistd::close(stream);
    }
    let mut cpu_us = 0_u64;
    loop {
        match sys::reap(-1) {
            Ok(reaped) => {
                cpu_us = cpu_us.saturating_add(reaped.cpu_us);
                if reaped.pid == payload {
                    let mut message = reaped.status.to_le_bytes().to_vec();
                    message.extend(cpu_us.to_le_bytes());
                    let _ = nix::unistd::write(sys::placed(STATUS_FD), &message);
                    sys::leave(0)
                }
            }
            Err(Errno::EINTR) => {}
            Err(_) => sys::leave(1),
        }
    }
}
