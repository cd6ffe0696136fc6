//! Acts that would make this process another one: namespaces, mounts, users, capabilities. They come last.

use std::ffi::c_long;

use super::sys::{self, Arg, attempt};
use super::{Record, Tried, judge, judge_opened};

const HERE: Arg<'static> = Arg::Word(libc::AT_FDCWD as c_long);

/// Cheap first, and the user namespace last: it would give every capability that the others need.
const NAMESPACES: [(&str, &str, i32); 8] = [
    ("make a mount namespace", "make a process in a mount namespace", libc::CLONE_NEWNS),
    ("make a host name namespace", "make a process in a host name namespace", libc::CLONE_NEWUTS),
    ("make an IPC namespace", "make a process in an IPC namespace", libc::CLONE_NEWIPC),
    ("make a network namespace", "make a process in a network namespace", libc::CLONE_NEWNET),
    ("make a control group namespace", "make a process in a control group namespace", libc::CLONE_NEWCGROUP),
    ("make a time namespace", "", CLONE_NEWTIME),
    ("make a process number namespace", "make a process in a process number namespace", libc::CLONE_NEWPID),
    ("make a user namespace", "make a process in a user namespace", libc::CLONE_NEWUSER),
];
/// `clone` takes this bit for a signal, so only `unshare` knows it.
const CLONE_NEWTIME: i32 = 0x80;

pub(super) fn acts(record: &mut Record) {
    mounts(record);
    states(record);
    capabilities(record);
    for (_, name, flag) in NAMESPACES.iter().filter(|(_, name, _)| !name.is_empty()) {
        record.add(name, judge(sys::clone(c_long::from(*flag)), &[]));
    }
    record.add("make a process in a user namespace by clone3", clone3());
    record.add("join a namespace", join());
    users(record);
    for (name, _, flag) in NAMESPACES {
        record.add(name, judge(attempt(libc::SYS_unshare, [Arg::Word(c_long::from(flag))]), &[]));
    }
    // PTRACE_TRACEME. The very last: a traced process stops at its next signal.
    record.add("be traced by the parent", judge(attempt(libc::SYS_ptrace, [Arg::Word(0)]), &[]));
}

/// With arguments that are only found wanting after the permission was checked.
fn mounts(record: &mut Record) {
    let none = || Arg::Word(0);
    let absent = c"/.proofmark-absent";
    // A bind mount of nothing.
    let flags = Arg::Word(c_long::try_from(libc::MS_BIND).unwrap_or_default());
    let mounted = attempt(libc::SYS_mount, [none(), Arg::Text(c"/"), none(), flags, none()]);
    record.add("mount", judge(mounted, &[]));
    let unmounted = attempt(libc::SYS_umount2, [Arg::Text(c"/"), Arg::Word(c_long::from(libc::MNT_EXPIRE))]);
    record.add("unmount", judge(unmounted, &[]));
    let pivoted = attempt(libc::SYS_pivot_root, [Arg::Text(absent), Arg::Text(absent)]);
    record.add("change the root mount", judge(pivoted, &[]));
    record.add("change the root directory", judge(attempt(libc::SYS_chroot, [Arg::Text(c"/")]), &[]));
    let opened = attempt(libc::SYS_fsopen, [Arg::Text(c"tmpfs"), Arg::Word(1)]);
    record.add("open a file system", judge_opened(opened, &[]));
    let picked = attempt(libc::SYS_fspick, [HERE, Arg::Text(c"/"), Arg::Word(1)]);
    record.add("reconfigure a file system", judge_opened(picked, &[]));
    // OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC
    let flags = Arg::Word(c_long::from(1 | libc::O_CLOEXEC));
    record.add("copy a mount", judge_opened(attempt(libc::SYS_open_tree, [HERE, Arg::Text(c"/"), flags]), &[]));
    let moved = attempt(libc::SYS_move_mount, [HERE, Arg::Text(absent), HERE, Arg::Text(absent), Arg::Word(0)]);
    record.add("move a mount", judge(moved, &[]));
    // All zero: nothing to change.
    let attributes = [0_u8; 32];
    let changed =
        attempt(libc::SYS_mount_setattr, [HERE, Arg::Text(c"/"), Arg::Word(0), Arg::Bytes(&attributes), Arg::Word(32)]);
    record.add("change the flags of a mount", judge(changed, &[]));
}

/// States by which gaining is impossible, asked for rather than tried.
fn states(record: &mut Record) {
    let asked = attempt(libc::SYS_prctl, [Arg::Word(c_long::from(libc::PR_GET_NO_NEW_PRIVS))]);
    record.add("gain privileges by executing", state(asked, 1, "no_new_privs"));
    let asked = attempt(libc::SYS_prctl, [Arg::Word(c_long::from(libc::PR_GET_SECCOMP))]);
    record.add("call the kernel unfiltered", state(asked, 2, "filtered"));
}

fn state(asked: sys::Answer, wanted: c_long, name: &'static str) -> Tried {
    match asked {
        Ok(state) if state == wanted => Tried::Holds(name),
        Ok(_) => Tried::Succeeded,
        // A filter that refuses even the question is one.
        Err(errno) if wanted == 2 && super::REFUSED.contains(&errno) => Tried::Denied(errno),
        Err(errno) => Tried::NotStopped(errno),
    }
}

/// Version 3 of the capability calls, for this process.
const CAPABILITY_HEADER: [u8; 8] = {
    let [a, b, c, d] = 0x2008_0522_u32.to_ne_bytes();
    [a, b, c, d, 0, 0, 0, 0]
};

fn capabilities(record: &mut Record) {
    let mut header = CAPABILITY_HEADER;
    let mut sets = [0_u8; 24];
    let asked = attempt(libc::SYS_capget, [Arg::Out(&mut header), Arg::Out(&mut sets)]);
    record.add(
        "hold a capability",
        match asked {
            Ok(_) if sets.iter().all(|byte| *byte == 0) => Tried::Holds("none"),
            Ok(_) => Tried::Succeeded,
            Err(errno) => judge(Err(errno), &[]),
        },
    );
    // What it has, and with it the administrator's in the effective and the permitted set.
    let mut wanted = sets;
    wanted.iter_mut().skip(2).step_by(4).take(2).for_each(|byte| *byte |= 0x20);
    let taken = attempt(libc::SYS_capset, [Arg::Bytes(&CAPABILITY_HEADER), Arg::Bytes(&wanted)]);
    record.add("take a capability", judge(taken, &[]));
    // PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, CAP_NET_RAW
    let raised = attempt(libc::SYS_prctl, [Arg::Word(47), Arg::Word(2), Arg::Word(13), Arg::Word(0), Arg::Word(0)]);
    record.add("raise an ambient capability", judge(raised, &[]));
    let bits = attempt(libc::SYS_prctl, [Arg::Word(c_long::from(libc::PR_SET_SECUREBITS)), Arg::Word(0)]);
    record.add("change the secure bits", judge(bits, &[]));
    // To no limit at all; every fence forbids core dumps.
    let limit = attempt(
        libc::SYS_prlimit64,
        [Arg::Word(0), Arg::Word(c_long::from(libc::RLIMIT_CORE)), Arg::Bytes(&[0xff; 16]), Arg::Word(0)],
    );
    record.add("raise a limit", judge(limit, &[]));
}

/// `struct clone_args` of 64 bytes: the flags, three descriptors and addresses, the signal that its end sends.
fn clone3() -> Tried {
    let mut arguments = [0_u8; 64];
    let flags = u64::try_from(libc::CLONE_NEWUSER).unwrap_or_default().to_ne_bytes();
    arguments.iter_mut().zip(flags).for_each(|(to, from)| *to = from);
    judge(sys::clone3(&arguments), &[])
}

/// Its own namespace of host names, which needs the same permission as another's.
fn join() -> Tried {
    let own = c_long::from(super::processes::own_number());
    let process = attempt(libc::SYS_pidfd_open, [Arg::Word(own), Arg::Word(0)]).unwrap_or(-1);
    let joined = attempt(libc::SYS_setns, [Arg::Word(process), Arg::Word(c_long::from(libc::CLONE_NEWUTS))]);
    if process >= 0 {
        sys::close(process);
    }
    judge(joined, &[])
}

/// To numbers that this process doesn't have. One that no namespace maps is refused as invalid.
fn users(record: &mut Record) {
    let unmapped = &[libc::EINVAL];
    let other = |call: c_long| {
        let own = attempt(call, []).unwrap_or_default();
        if own == 1 { 2 } else { 1 }
    };
    let group = other(libc::SYS_getgid);
    let groups = i32::try_from(group).unwrap_or_default().to_ne_bytes();
    let set = attempt(libc::SYS_setgroups, [Arg::Word(1), Arg::Bytes(&groups)]);
    record.add("change groups", judge(set, unmapped));
    record.add("change the group", judge(attempt(libc::SYS_setgid, [Arg::Word(group)]), unmapped));
    let user = other(libc::SYS_getuid);
    record.add("change the user", judge(attempt(libc::SYS_setuid, [Arg::Word(user)]), unmapped));
    let all = [Arg::Word(user), Arg::Word(user), Arg::Word(user)];
    record.add("change every user number", judge(attempt(libc::SYS_setresuid, all), unmapped));
}
