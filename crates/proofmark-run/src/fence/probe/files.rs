//! Acts on files: reading outside the root, changing what is granted for reading only, devices, marks of an overlay.

use std::ffi::{CStr, CString, OsStr, c_long};
use std::os::unix::ffi::OsStrExt;
use std::path::Path;

use super::sys::{self, Answer, Arg, attempt};
use super::{Code, Executes, Ground, Record, Tried, judge, judge_opened};

const HERE: Arg<'static> = Arg::Word(libc::AT_FDCWD as c_long);
/// How a root says that there is no such file in it.
const NOT_THERE: &[i32] = &[libc::ENOENT, libc::ENOTDIR];
/// A device without its hardware or its terminal, beside one that isn't there.
const NO_DEVICE: &[i32] = &[libc::ENOENT, libc::ENOTDIR, libc::ENXIO, libc::ENODEV];
const READ_ONLY: &[i32] = &[libc::EROFS];
/// A file system that keeps no such attributes denies them as well.
const NO_ATTRIBUTE: &[i32] = &[libc::EROFS, libc::EOPNOTSUPP];
/// Named so that whoever finds it knows whose it is; no act leaves it behind.
const PROBE_NAME: &str = ".proofmark-probe";

const PRIVATE: &[&CStr] =
    &[c"/etc/passwd", c"/etc/shadow", c"/etc/hostname", c"/etc/machine-id", c"/root/.bashrc", c"/var/lib/dpkg/status"];
const KERNEL: &[&CStr] = &[c"/sys/kernel/notes", c"/sys/kernel/debug", c"/sys/fs/cgroup", c"/sys/class/net"];
const PROCESSES: &[&CStr] = &[
    c"/proc/1/environ",
    c"/proc/1/root/etc/passwd",
    c"/proc/1/mem",
    c"/proc/kcore",
    c"/proc/kallsyms",
    c"/proc/kmsg",
    c"/proc/sched_debug",
];
const CONTROLS: &[&CStr] =
    &[c"/proc/sys/kernel/core_pattern", c"/proc/sysrq-trigger", c"/proc/sys/kernel/modprobe", c"/sys/power/state"];
const DEVICES: &[&CStr] = &[
    c"/dev/mem",
    c"/dev/kmsg",
    c"/dev/tty",
    c"/dev/console",
    c"/dev/ptmx",
    c"/dev/fuse",
    c"/dev/kvm",
    c"/dev/net/tun",
    c"/dev/loop-control",
    c"/dev/vsock",
    c"/dev/sda",
    c"/dev/vda",
    c"/dev/nvme0n1",
    c"/dev/userfaultfd",
];
const CLIMBS: &[&CStr] =
    &[c"../../../../../../../../../../../../etc/passwd", c"/../../../../etc/passwd", c"/./..//../etc/passwd"];

pub(super) fn acts(record: &mut Record, ground: &Ground<'_>) {
    outside(record, ground);
    root(record, ground);
    let reads = || ground.reads.iter().map(CString::as_c_str);
    for (name, act) in CHANGES {
        record.each(name, reads(), act);
    }
    written(record, ground);
    record.add("open a file by its handle", by_handle());
}

fn outside(record: &mut Record, ground: &Ground<'_>) {
    let forbidden = |paths: &'static [&'static CStr]| paths.iter().copied().filter(|path| !granted(ground, path));
    record.each("read a file outside the root", forbidden(PRIVATE), |path| judge_opened(open(path, 0), NOT_THERE));
    if !granted(ground, c"/etc/passwd") {
        record.each("climb out of the root", CLIMBS.iter().copied(), |path| judge_opened(open(path, 0), NOT_THERE));
    }
    record.each("read the kernel's /sys", forbidden(KERNEL), |path| judge_opened(open(path, 0), NOT_THERE));
    record.each("read another process's /proc", forbidden(PROCESSES), |path| judge_opened(open(path, 0), NOT_THERE));
    if ground.marks.process != 0
        && let Ok(environ) = CString::new(format!("/proc/{}/environ", ground.marks.process))
    {
        record.add("read the /proc of a process outside", judge_opened(open(&environ, 0), NOT_THERE));
    }
    record.each("open a control of the kernel", forbidden(CONTROLS), |path| {
        judge_opened(open(path, libc::O_WRONLY), NO_DEVICE)
    });
    record.each("open a device", forbidden(DEVICES), |path| judge_opened(open(path, 0), NO_DEVICE));
}

/// Whether the plan grants `path` or a directory above it.
fn granted(ground: &Ground<'_>, path: &CStr) -> bool {
    let path = Path::new(OsStr::from_bytes(path.to_bytes()));
    let mut grants = ground.reads.iter().chain(&ground.writes);
    grants.any(|grant| path.starts_with(OsStr::from_bytes(grant.to_bytes())))
}

fn root(record: &mut Record, ground: &Ground<'_>) {
    let tops = [c"/", c"/..", c"../../../../../../../../../../../.."];
    record.each("open the host's root", tops.into_iter(), |top| {
        let opened = open(top, libc::O_DIRECTORY);
        match (opened, ground.marks.root) {
            (Ok(directory), Some(host)) => {
                let here = identity_of(directory, c"");
                sys::close(directory);
                match here {
                    Ok(here) if here != host => Tried::Holds("another root"),
                    Ok(_) => Tried::Succeeded,
                    Err(errno) => Tried::NotStopped(errno),
                }
            }
            (answer, _) => judge_opened(answer, &[]),
        }
    });
    if !granted(ground, c"/") {
        record.add("create a file in the root", create_in(c"/"));
    }
}

/// Device and inode of a path, following links.
pub(super) fn identity(path: &CStr) -> Result<(u64, u64), i32> {
    identity_of(libc::AT_FDCWD.into(), path)
}

fn identity_of(directory: c_long, path: &CStr) -> Result<(u64, u64), i32> {
    let status = status(directory, path)?;
    let word = |at: usize| status.get(at..).and_then(|rest| rest.first_chunk().copied()).map(u32::from_ne_bytes);
    let [major, minor] = [word(0x88), word(0x8c)].map(|part| u64::from(part.unwrap_or_default()));
    let inode = status.get(0x20..).and_then(|rest| rest.first_chunk().copied()).map(u64::from_ne_bytes);
    Ok(((major << 32) | minor, inode.unwrap_or_default()))
}

/// `struct statx`, whose layout is the same on every machine.
fn status(directory: c_long, path: &CStr) -> Result<[u8; 256], i32> {
    let mut status = [0; 256];
    let flags = c_long::from(libc::AT_EMPTY_PATH | libc::AT_NO_AUTOMOUNT);
    let wanted = c_long::from(libc::STATX_BASIC_STATS);
    attempt(
        libc::SYS_statx,
        [Arg::Word(directory), Arg::Text(path), Arg::Word(flags), Arg::Word(wanted), Arg::Out(&mut status)],
    )?;
    Ok(status)
}

fn mode(path: &CStr) -> Result<u32, i32> {
    let status = status(libc::AT_FDCWD.into(), path)?;
    let mode = status.get(0x1c..).and_then(|rest| rest.first_chunk().copied()).map(u16::from_ne_bytes);
    Ok(u32::from(mode.unwrap_or_default()))
}

fn is_directory(path: &CStr) -> Result<bool, i32> {
    Ok(mode(path)? & libc::S_IFMT == libc::S_IFDIR)
}

/// Opens without waiting, without becoming a terminal's owner, and without changing anything.
fn open(path: &CStr, flags: i32) -> Answer {
    let flags = flags | libc::O_CLOEXEC | libc::O_NONBLOCK | libc::O_NOCTTY;
    attempt(libc::SYS_openat, [HERE, Arg::Text(path), Arg::Word(c_long::from(flags))])
}

/// The probe's own name in `directory`.
fn inside(directory: &CStr) -> CString {
    let path = [directory.to_bytes(), b"/", PROBE_NAME.as_bytes()].concat();
    CString::new(path).unwrap_or_default()
}

type Change = fn(&CStr) -> Tried;

/// What must not be possible at a path that is granted for reading only. Each leaves everything as it was if it works.
const CHANGES: [(&str, Change); 10] = [
    ("write to what is granted for reading", write),
    ("truncate what is granted for reading", truncate),
    ("create in what is granted for reading", create_in),
    ("make a directory in what is granted for reading", make_directory),
    ("rename in what is granted for reading", rename),
    ("remove from what is granted for reading", remove),
    ("change the mode of what is granted for reading", change_mode),
    ("change the owner of what is granted for reading", change_owner),
    ("change the times of what is granted for reading", change_times),
    ("change the attributes of what is granted for reading", |path| attribute(path, c"user.proofmark-probe")),
];

/// What doesn't apply to a path, for example creating inside a file.
fn only_for(kind: Answer, act: impl FnOnce() -> Tried) -> Tried {
    match kind {
        Ok(0) => Tried::Holds("nothing there to change"),
        Ok(_) => act(),
        Err(errno) => Tried::NotStopped(errno),
    }
}

fn for_files(path: &CStr, act: impl FnOnce() -> Tried) -> Tried {
    only_for(is_directory(path).map(|is| c_long::from(!is)), act)
}

fn for_directories(path: &CStr, act: impl FnOnce() -> Tried) -> Tried {
    only_for(is_directory(path).map(c_long::from), act)
}

fn write(path: &CStr) -> Tried {
    for_files(path, || judge_opened(open(path, libc::O_WRONLY), READ_ONLY))
}

/// To the size that it has.
fn truncate(path: &CStr) -> Tried {
    for_files(path, || {
        let size = match status(libc::AT_FDCWD.into(), path) {
            Ok(status) => status.get(0x28..).and_then(|rest| rest.first_chunk().copied()).map(i64::from_ne_bytes),
            Err(errno) => return Tried::NotStopped(errno),
        };
        let size = Arg::Word(size.unwrap_or_default());
        judge(attempt(libc::SYS_truncate, [Arg::Text(path), size]), READ_ONLY)
    })
}

fn create_in(directory: &CStr) -> Tried {
    for_directories(directory, || {
        let path = inside(directory);
        let flags = c_long::from(libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC);
        let answer = attempt(libc::SYS_openat, [HERE, Arg::Text(&path), Arg::Word(flags), Arg::Word(0o600)]);
        if answer.is_ok() {
            let _ = unlink(&path, 0);
        }
        judge_opened(answer, READ_ONLY)
    })
}

fn make_directory(directory: &CStr) -> Tried {
    for_directories(directory, || {
        let path = inside(directory);
        let answer = attempt(libc::SYS_mkdirat, [HERE, Arg::Text(&path), Arg::Word(0o700)]);
        if answer.is_ok() {
            let _ = unlink(&path, libc::AT_REMOVEDIR);
        }
        judge(answer, READ_ONLY)
    })
}

/// Of a name that isn't there: a read-only mount says so before it looks.
fn rename(directory: &CStr) -> Tried {
    for_directories(directory, || judge(rename_absent(directory, 0), READ_ONLY))
}

fn rename_absent(directory: &CStr, flags: c_long) -> Answer {
    let [from, to] = [inside(directory), inside(directory)];
    attempt(libc::SYS_renameat2, [HERE, Arg::Text(&from), HERE, Arg::Text(&to), Arg::Word(flags)])
}

fn remove(directory: &CStr) -> Tried {
    for_directories(directory, || judge(unlink(&inside(directory), 0), READ_ONLY))
}

fn unlink(path: &CStr, flags: i32) -> Answer {
    attempt(libc::SYS_unlinkat, [HERE, Arg::Text(path), Arg::Word(c_long::from(flags))])
}

/// To the mode that it has.
fn change_mode(path: &CStr) -> Tried {
    match mode(path) {
        Ok(mode) => {
            let mode = Arg::Word(c_long::from(mode & 0o7777));
            judge(attempt(libc::SYS_fchmodat, [HERE, Arg::Text(path), mode]), READ_ONLY)
        }
        Err(errno) => Tried::NotStopped(errno),
    }
}

/// To nobody else: -1 keeps owner and group.
fn change_owner(path: &CStr) -> Tried {
    judge(attempt(libc::SYS_fchownat, [HERE, Arg::Text(path), Arg::Word(-1), Arg::Word(-1)]), READ_ONLY)
}

/// To the times that it has.
fn change_times(path: &CStr) -> Tried {
    let status = match status(libc::AT_FDCWD.into(), path) {
        Ok(status) => status,
        Err(errno) => return Tried::NotStopped(errno),
    };
    // `statx_timestamp` is 8 bytes of seconds and 4 of nanoseconds; access at 0x40, modification at 0x70.
    let mut times = [0_u8; 32];
    for (to, from) in [(0, 0x40), (16, 0x70)] {
        let (to, from) = (times.iter_mut().skip(to).take(12), status.iter().skip(from).take(12));
        to.zip(from).for_each(|(to, from)| *to = *from);
    }
    judge(attempt(libc::SYS_utimensat, [HERE, Arg::Text(path), Arg::Bytes(&times)]), READ_ONLY)
}

fn attribute(path: &CStr, name: &CStr) -> Tried {
    let value = Arg::Bytes(b"p");
    let answer = attempt(libc::SYS_setxattr, [Arg::Text(path), Arg::Text(name), value, Arg::Word(1), Arg::Word(0)]);
    if answer.is_ok() {
        let _ = attempt(libc::SYS_removexattr, [Arg::Text(path), Arg::Text(name)]);
    }
    judge(answer, NO_ATTRIBUTE)
}

fn written(record: &mut Record, ground: &Ground<'_>) {
    let writes = || ground.writes.iter().map(CString::as_c_str);
    let everywhere = || [c"/", c"/dev"].into_iter().filter(|path| is_directory(path) == Ok(true)).chain(writes());
    record.each("make a character device", everywhere(), |path| make_device(path, libc::S_IFCHR, 1, 1));
    record.each("make a block device", everywhere(), |path| make_device(path, libc::S_IFBLK, 8, 0));
    record.each("forge a whiteout as a device", writes(), |path| make_device(path, libc::S_IFCHR, 0, 0));
    record.each("forge a whiteout by renaming", writes(), |path| {
        judge(rename_absent(path, c_long::from(libc::RENAME_WHITEOUT)), &[libc::EINVAL, libc::EROFS])
    });
    record.each("forge an overlay's attributes", writes(), |path| attribute(path, c"user.overlay.proofmark"));
    record.each("hold a device where files may be written", writes(), |path| mounted(path, libc::ST_NODEV));
    record.each("hold a set-user-ID file where files may be written", writes(), |path| mounted(path, libc::ST_NOSUID));
    if ground.code == Code::Fixed {
        record.each("execute where files may be written", writes(), |path| mounted(path, libc::ST_NOEXEC));
    }
    if ground.executes == Executes::Never {
        let absent = inside(c"/");
        let answer = attempt(libc::SYS_execve, [Arg::Text(&absent), Arg::Word(0), Arg::Word(0)]);
        record.add("execute a file", judge(answer, &[]));
    }
}

fn make_device(directory: &CStr, kind: u32, major: u32, minor: u32) -> Tried {
    let path = inside(directory);
    let mode = c_long::from(kind | 0o600);
    let device = c_long::try_from(libc::makedev(major, minor)).unwrap_or_default();
    let answer = attempt(libc::SYS_mknodat, [HERE, Arg::Text(&path), Arg::Word(mode), Arg::Word(device)]);
    if answer.is_ok() {
        let _ = unlink(&path, 0);
    }
    judge(answer, READ_ONLY)
}

/// Whether the mount under `path` has `flag`; asking is the only way that leaves nothing behind.
fn mounted(path: &CStr, flag: u64) -> Tried {
    // `struct statfs`: `f_flags` is the eleventh word where words have 64 bits.
    const FLAGS_AT: usize = 80;
    let mut status = [0; 256];
    if let Err(errno) = attempt(libc::SYS_statfs, [Arg::Text(path), Arg::Out(&mut status)]) {
        return Tried::NotStopped(errno);
    }
    let flags = status.get(FLAGS_AT..).and_then(|rest| rest.first_chunk().copied()).map(u64::from_ne_bytes);
    match flags.unwrap_or_default() & flag {
        0 => Tried::Succeeded,
        _ => Tried::Holds("mounted so"),
    }
}

/// A handle that names nothing: who may open by handle is told that it is stale.
fn by_handle() -> Tried {
    // `struct file_handle`: bytes, type, then the handle.
    let mut handle = [0_u8; 16];
    for (byte, value) in handle.iter_mut().zip([8, 0, 0, 0, 1]) {
        *byte = value;
    }
    let answer = attempt(libc::SYS_open_by_handle_at, [HERE, Arg::Out(&mut handle), Arg::Word(0)]);
    judge_opened(answer, &[])
}
