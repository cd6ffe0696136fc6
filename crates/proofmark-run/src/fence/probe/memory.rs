//! Acts that turn what was written into code, where the plan says that code is fixed.

use std::ffi::{CStr, c_long};

use super::sys::{self, Answer, Arg, Page, attempt};
use super::{Code, Executes, Ground, Record, Tried, judge};

const WRITE: i32 = libc::PROT_READ | libc::PROT_WRITE;
const EXECUTE: i32 = libc::PROT_READ | libc::PROT_EXEC;
const BOTH: i32 = WRITE | libc::PROT_EXEC;
/// Asks whether a file could be executed, and doesn't (Linux 6.14).
const AT_EXECVE_CHECK: i32 = 0x1_0000;
const READ_IMPLIES_EXEC: c_long = 0x040_0000;
const ADDR_NO_RANDOMIZE: c_long = 0x004_0000;

pub(super) fn acts(record: &mut Record, ground: &Ground<'_>) {
    record.add("switch address randomisation off", personality(ADDR_NO_RANDOMIZE));
    if ground.executes == Executes::Never {
        record.add("execute from memory", from_memory(executable));
    }
    if ground.code == Code::Generated {
        return;
    }
    record.add("map memory writable and executable", judge(mapped(BOTH), &[]));
    record.add("make written memory executable", turned(WRITE, EXECUTE, Page::protect));
    record.add("make written memory executable with a key", turned(WRITE, EXECUTE, Page::protect_with_key));
    record.add("make executable memory writable", turned(EXECUTE, BOTH, Page::protect));
    record.add("switch the write-or-execute rule off", rule());
    record.add("make readable memory executable", personality(READ_IMPLIES_EXEC));
    record.add("map a memory file executable", from_memory(|file| judge(page_of(file), &[])));
    record.add("map a shared segment executable", segment());
    if ground.executes == Executes::Granted {
        record.add("execute from memory", from_memory(executable));
    }
}

fn mapped(protection: i32) -> Answer {
    Page::map(protection, libc::MAP_PRIVATE, -1).map(|_page| 0)
}

fn page_of(file: c_long) -> Answer {
    Page::map(EXECUTE, libc::MAP_PRIVATE, file).map(|_page| 0)
}

/// A page mapped one way and changed to another. Refusing the first way denies it too.
fn turned(first: i32, then: i32, change: fn(&Page, i32) -> Answer) -> Tried {
    judge(Page::map(first, libc::MAP_PRIVATE, -1).and_then(|page| change(&page, then)), &[])
}

/// `PR_SET_MDWE` can't be taken back once set; where it wasn't, setting nothing works.
fn rule() -> Tried {
    let none = || Arg::Word(0);
    judge(attempt(libc::SYS_prctl, [Arg::Word(65), none(), none(), none(), none()]), &[])
}

fn personality(persona: c_long) -> Tried {
    let answer = attempt(libc::SYS_personality, [Arg::Word(persona)]);
    if let Ok(before) = answer {
        let _ = attempt(libc::SYS_personality, [Arg::Word(before)]);
    }
    judge(answer, &[])
}

/// A file in memory with a line in it that a shell would run.
fn from_memory(act: impl FnOnce(c_long) -> Tried) -> Tried {
    let flags = c_long::from(libc::MFD_CLOEXEC);
    let file = match attempt(libc::SYS_memfd_create, [Arg::Text(c"proofmark-probe"), Arg::Word(flags)]) {
        Ok(file) => file,
        refused => return judge(refused, &[]),
    };
    let script = b"#!/bin/sh\n";
    let length = Arg::Word(c_long::try_from(script.len()).unwrap_or_default());
    let tried = match attempt(libc::SYS_write, [Arg::Word(file), Arg::Bytes(script), length]) {
        Ok(_) => act(file),
        refused => judge(refused, &[]),
    };
    sys::close(file);
    tried
}

/// A script behind a descriptor that closes can't name itself, which is found after the permission.
fn executable(file: c_long) -> Tried {
    let empty: &CStr = c"";
    let flags = Arg::Word(c_long::from(libc::AT_EMPTY_PATH | AT_EXECVE_CHECK));
    judge(attempt(libc::SYS_execveat, [Arg::Word(file), Arg::Text(empty), Arg::Word(0), Arg::Word(0), flags]), &[])
}

/// Written through one attachment, run through another: no single page is both, so no rule about pages sees it.
fn segment() -> Tried {
    let flags = Arg::Word(c_long::from(libc::IPC_CREAT | 0o700));
    let made = attempt(libc::SYS_shmget, [Arg::Word(c_long::from(libc::IPC_PRIVATE)), Arg::Word(4096), flags]);
    let segment = match made {
        Ok(segment) => segment,
        refused => return judge(refused, &[]),
    };
    // SHM_EXEC | SHM_RDONLY
    let attached = sys::attach_segment(segment, 0o10_0000 | 0o1_0000);
    let _ = attempt(libc::SYS_shmctl, [Arg::Word(segment), Arg::Word(c_long::from(libc::IPC_RMID)), Arg::Word(0)]);
    judge(attached, &[])
}
