//! Acts on parts of the kernel that no artifact needs and that escapes were made of.

use std::ffi::c_long;

use super::sys::{Arg, attempt};
use super::{Record, Tried, judge, judge_opened};

pub(super) fn acts(record: &mut Record) {
    rings(record);
    keys(record);
    programs(record);
    machine(record);
    #[cfg(target_arch = "x86_64")]
    machine_x86(record);
}

fn rings(record: &mut Record) {
    let mut parameters = [0_u8; 120];
    let ring = attempt(libc::SYS_io_uring_setup, [Arg::Word(1), Arg::Out(&mut parameters)]);
    record.add("set up an io_uring", judge_opened(ring, &[]));
    let entered = attempt(libc::SYS_io_uring_enter, [Arg::Word(-1)]);
    record.add("enter an io_uring", judge(entered, &[]));
    let registered = attempt(libc::SYS_io_uring_register, [Arg::Word(-1)]);
    record.add("register with an io_uring", judge(registered, &[]));
    let faults = attempt(libc::SYS_userfaultfd, [Arg::Word(c_long::from(libc::O_CLOEXEC | 1))]);
    record.add("handle page faults", judge_opened(faults, &[]));
    let contexts = &mut [0_u8; 8];
    let made = attempt(libc::SYS_io_setup, [Arg::Word(1), Arg::Out(contexts)]);
    if made.is_ok() {
        let context = c_long::from_ne_bytes(*contexts);
        let _ = attempt(libc::SYS_io_destroy, [Arg::Word(context)]);
    }
    record.add("set up asynchronous I/O", judge(made, &[]));
}

fn keys(record: &mut Record) {
    let own_keys = || Arg::Word(-2);
    let key = attempt(
        libc::SYS_add_key,
        [Arg::Text(c"user"), Arg::Text(c"proofmark-probe"), Arg::Bytes(b"p"), Arg::Word(1), own_keys()],
    );
    if let Ok(key) = key {
        // KEYCTL_UNLINK
        let _ = attempt(libc::SYS_keyctl, [Arg::Word(9), Arg::Word(key), own_keys()]);
    }
    record.add("add a key", judge(key, &[]));
    let asked = attempt(
        libc::SYS_request_key,
        [Arg::Text(c"user"), Arg::Text(c"proofmark-absent"), Arg::Word(0), Arg::Word(0)],
    );
    record.add("request a key", judge(asked, &[]));
    // KEYCTL_GET_KEYRING_ID of the session keyring, without making one.
    let ring = attempt(libc::SYS_keyctl, [Arg::Word(0), Arg::Word(-3), Arg::Word(0)]);
    record.add("find a keyring", judge(ring, &[]));
}

fn programs(record: &mut Record) {
    // BPF_MAP_CREATE of an array: type 2, keys of 4 bytes, values of 4 bytes, one entry.
    let mut map = [0_u8; 72];
    for (at, value) in [(0, 2), (4, 4), (8, 4), (12, 1)] {
        map.iter_mut().skip(at).take(1).for_each(|byte| *byte = value);
    }
    let made = attempt(libc::SYS_bpf, [Arg::Word(0), Arg::Bytes(&map), Arg::Word(72)]);
    record.add("make a BPF map", judge_opened(made, &[]));
    // A software event (type 1) that counts nothing, of this thread.
    let mut event = [0_u8; 128];
    event.iter_mut().zip([1, 0, 0, 0, 128]).for_each(|(byte, value)| *byte = value);
    event.iter_mut().skip(8).take(1).for_each(|byte| *byte = 9);
    let opened = attempt(
        libc::SYS_perf_event_open,
        [Arg::Bytes(&event), Arg::Word(0), Arg::Word(-1), Arg::Word(-1), Arg::Word(8)],
    );
    record.add("open a performance event", judge_opened(opened, &[]));
    let watched = attempt(libc::SYS_fanotify_init, [Arg::Word(0x201), Arg::Word(0)]);
    record.add("watch a file system", judge_opened(watched, &[]));
}

/// Each with an argument that is refused only after the permission was checked, or that changes nothing.
fn machine(record: &mut Record) {
    let loaded = attempt(libc::SYS_init_module, [Arg::Bytes(b""), Arg::Word(0), Arg::Text(c"")]);
    record.add("load a module", judge(loaded, &[]));
    let unloaded = attempt(libc::SYS_delete_module, [Arg::Text(c"proofmark_absent"), Arg::Word(0)]);
    record.add("unload a module", judge(unloaded, &[]));
    // No magic number.
    record.add("restart the machine", judge(attempt(libc::SYS_reboot, [Arg::Word(0), Arg::Word(0)]), &[]));
    record.add("set the clock", judge(attempt(libc::SYS_settimeofday, [Arg::Word(0), Arg::Word(0)]), &[]));
    record.add("set the host name", host_name());
    let absent = c"/.proofmark-absent";
    record.add("swap to a file", judge(attempt(libc::SYS_swapon, [Arg::Text(absent), Arg::Word(0)]), &[]));
    let mut log = [0_u8; 1];
    // SYSLOG_ACTION_READ_ALL
    let read = attempt(libc::SYS_syslog, [Arg::Word(3), Arg::Out(&mut log), Arg::Word(1)]);
    record.add("read the kernel's log", judge(read, &[]));
    let moved = attempt(libc::SYS_move_pages, [Arg::Word(0)]);
    record.add("move pages of memory", judge(moved, &[]));
}

/// To the name that it has.
fn host_name() -> Tried {
    // `struct utsname`: six names of 65 bytes; the second is the host's.
    let mut names = [0_u8; 390];
    if let Err(errno) = attempt(libc::SYS_uname, [Arg::Out(&mut names)]) {
        return Tried::NotStopped(errno);
    }
    let name = names.chunks(65).nth(1).unwrap_or_default();
    let bytes = name.iter().position(|byte| *byte == 0).unwrap_or_default();
    let length = Arg::Word(c_long::try_from(bytes).unwrap_or_default());
    judge(attempt(libc::SYS_sethostname, [Arg::Bytes(name), length]), &[])
}

#[cfg(target_arch = "x86_64")]
fn machine_x86(record: &mut Record) {
    let opened = attempt(libc::SYS_iopl, [Arg::Word(3)]);
    if opened.is_ok() {
        let _ = attempt(libc::SYS_iopl, [Arg::Word(0)]);
    }
    record.add("reach the machine's ports", judge(opened, &[]));
    let mut table = [0_u8; 8];
    let read = attempt(libc::SYS_modify_ldt, [Arg::Word(0), Arg::Out(&mut table), Arg::Word(8)]);
    record.add("use a local descriptor table", judge(read, &[]));
}
