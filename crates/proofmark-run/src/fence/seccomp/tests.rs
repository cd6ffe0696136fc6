//! The filter itself, run by a small interpreter: what the kernel would answer, for every number and every kind.

#![expect(clippy::arithmetic_side_effects, reason = "a test's own small numbers")]

use super::*;

/// `struct seccomp_data` as 32-bit words.
fn data(number: u32, machine: u32, arguments: [u64; 6]) -> Vec<u32> {
    let low_high = |word: u64| [(word & 0xffff_ffff) as u32, (word >> 32) as u32];
    let mut words = vec![number, machine, 0, 0];
    words.extend(arguments.into_iter().flat_map(low_high));
    words
}

fn answer(program: &[sock_filter], data: &[u32]) -> u32 {
    let (mut at, mut word) = (0, 0);
    loop {
        let step = &program[at];
        at += 1;
        let jump = |holds: bool| usize::from(if holds { step.jt } else { step.jf });
        match step.code {
            0x20 => word = data[step.k as usize / 4],
            0x54 => word &= step.k,
            0x05 => at += step.k as usize,
            0x15 => at += jump(word == step.k),
            0x25 => at += jump(word > step.k),
            0x35 => at += jump(word >= step.k),
            0x06 => return step.k,
            code => panic!("unknown instruction {code:#x}"),
        }
    }
}

const DENY: u32 = 0x0005_0000 | 1;
const KILL: u32 = 0x8000_0000;

fn kinds() -> Vec<Kind> {
    let of = |bits: u8| Kind { executes: bits & 1 != 0, generates: bits & 2 != 0, connects: bits & 4 != 0 };
    (0..8).map(of).collect()
}

fn ask(kind: Kind, call: i64, arguments: [u64; 6]) -> u32 {
    answer(&compile(kind).unwrap(), &data(u32::try_from(call).unwrap(), AUDIT, arguments))
}

#[test]
fn every_number_is_answered_by_the_list_alone() {
    for kind in kinds() {
        let program = compile(kind).unwrap();
        assert!(program.len() < 4096);
        let free: Vec<i64> = free(kind).collect();
        let constrained = rules(kind).unwrap();
        for number in 0..1000_u32 {
            let call = i64::from(number);
            let said = answer(&program, &data(number, AUDIT, [u64::MAX; 6]));
            if call == libc::SYS_clone3 {
                assert_eq!(said, 0x0005_0000 | 38);
            } else if free.contains(&call) {
                assert_eq!(said, ALLOW, "{number}");
            } else if !constrained.contains_key(&call) {
                assert_eq!(said, DENY, "{number}");
            }
        }
    }
}

#[test]
fn another_machines_numbers_kill() {
    let program = compile(kinds()[0]).unwrap();
    assert_eq!(answer(&program, &data(3, 0x4000_0003, [0; 6])), KILL);
    assert_eq!(answer(&program, &data(0x4000_0000, AUDIT, [0; 6])), KILL);
    assert_eq!(answer(&program, &data(u32::MAX, AUDIT, [0; 6])), KILL);
}

#[test]
fn a_worker_executes_nothing_and_a_program_only_itself() {
    let with = Kind { executes: true, generates: false, connects: false };
    let own = [PROGRAM_FD, 0, 0, 0, 0x1000, 0];
    assert_eq!(ask(with, libc::SYS_execveat, own), ALLOW);
    assert_eq!(ask(with, libc::SYS_execveat, [PROGRAM_FD - 1, 0, 0, 0, 0x1000, 0]), DENY);
    assert_eq!(ask(with, libc::SYS_execveat, [PROGRAM_FD, 0, 0, 0, 0, 0]), DENY);
    let worker = Kind { executes: false, ..with };
    assert_eq!(ask(worker, libc::SYS_execveat, own), DENY);
    assert_eq!(ask(worker, libc::SYS_execve, [0; 6]), DENY);
}

#[test]
fn every_call_is_reported_but_the_one_that_carries_the_listener() {
    const REPORT: u32 = 0x7fc0_0000;
    let program = reporter(1001);
    for number in 0..1000_u32 {
        assert_eq!(answer(&program, &data(number, AUDIT, [7; 6])), REPORT, "{number}");
    }
    let send = |descriptor| answer(&program, &data(libc::SYS_sendmsg as u32, AUDIT, [descriptor, 0, 0, 0, 0, 0]));
    assert_eq!((send(1001), send(1000), send(3)), (ALLOW, REPORT, REPORT));
}

#[test]
fn every_call_that_is_allowed_has_a_name() {
    use crate::elf::numbers::name_here;
    for kind in kinds() {
        for call in free(kind).chain(rules(kind).unwrap().into_keys()) {
            assert!(name_here(u32::try_from(call).unwrap()).is_some(), "{call}");
        }
    }
    for (call, name) in [(libc::SYS_openat, "openat"), (libc::SYS_execveat, "execveat"), (libc::SYS_statx, "statx")] {
        assert_eq!(name_here(u32::try_from(call).unwrap()), Some(name));
    }
}

#[test]
fn code_is_fixed_unless_it_is_generated() {
    let fixed = Kind { executes: true, generates: false, connects: false };
    let generated = Kind { generates: true, ..fixed };
    for (call, protection, said) in [
        (libc::SYS_mmap, 7, DENY),
        (libc::SYS_mmap, 6, DENY),
        (libc::SYS_mmap, 5, ALLOW),
        (libc::SYS_mmap, 3, ALLOW),
        (libc::SYS_mprotect, 4, DENY),
        (libc::SYS_mprotect, 5, DENY),
        (libc::SYS_mprotect, 3, ALLOW),
        (libc::SYS_memfd_create, 0, DENY),
        (libc::SYS_pkey_mprotect, 0, DENY),
    ] {
        assert_eq!(ask(fixed, call, [0, 0, protection, 0, 0, 0]), said, "{call} {protection}");
        let free = if call == libc::SYS_pkey_mprotect { DENY } else { ALLOW };
        assert_eq!(ask(generated, call, [0, 0, protection, 0, 0, 0]), free, "{call} {protection}");
    }
}

#[test]
fn arguments_of_single_calls_are_held() {
    let kind = Kind { executes: true, generates: false, connects: true };
    let tcp = [2, 1, 6, 0, 0, 0];
    for (call, arguments, said) in [
        (libc::SYS_clone, [17, 0, 0, 0, 0, 0], ALLOW),
        (libc::SYS_clone, [0x1000_0011, 0, 0, 0, 0, 0], DENY),
        (libc::SYS_clone, [0x0002_0011, 0, 0, 0, 0, 0], DENY),
        (libc::SYS_renameat2, [0, 0, 0, 0, 1, 0], ALLOW),
        (libc::SYS_renameat2, [0, 0, 0, 0, 4, 0], DENY),
        (libc::SYS_renameat2, [0, 0, 0, 0, 5, 0], DENY),
        (libc::SYS_mknodat, [0, 0, 0o100_600, 0, 0, 0], ALLOW),
        (libc::SYS_mknodat, [0, 0, 0o020_600, 0, 0, 0], DENY),
        (libc::SYS_mknodat, [0, 0, 0o010_600, 0, 0, 0], DENY),
        (libc::SYS_ioctl, [0, 0x5413, 0, 0, 0, 0], ALLOW),
        (libc::SYS_ioctl, [0, 0x5412, 0, 0, 0, 0], DENY),
        (libc::SYS_ioctl, [0, 0x541c, 0, 0, 0, 0], DENY),
        // The kernel reads 32 bits of it, so the rest must not change the answer.
        (libc::SYS_ioctl, [0, 0x1_0000_5412, 0, 0, 0, 0], DENY),
        (libc::SYS_fcntl, [0, 8, 0, 0, 0, 0], DENY),
        (libc::SYS_fcntl, [0, 1030, 0, 0, 0, 0], ALLOW),
        (libc::SYS_prctl, [22, 0, 0, 0, 0, 0], DENY),
        (libc::SYS_prctl, [4, 1, 0, 0, 0, 0], DENY),
        (libc::SYS_prlimit64, [1, 0, 0, 0, 0, 0], DENY),
        (libc::SYS_personality, [0x0004_0000, 0, 0, 0, 0, 0], DENY),
        (libc::SYS_personality, [u64::MAX, 0, 0, 0, 0, 0], ALLOW),
        (libc::SYS_socket, tcp, ALLOW),
        (libc::SYS_socket, [2, 2 | 0o2_000_000, 17, 0, 0, 0], ALLOW),
        (libc::SYS_socket, [2, 1, 262, 0, 0, 0], DENY),
        (libc::SYS_socket, [2, 1, 132, 0, 0, 0], DENY),
        (libc::SYS_socket, [2, 3, 0, 0, 0, 0], DENY),
        (libc::SYS_socket, [1, 1, 0, 0, 0, 0], DENY),
        (libc::SYS_socket, [10, 1, 0, 0, 0, 0], DENY),
        (libc::SYS_socket, [16, 3, 0, 0, 0, 0], DENY),
        (libc::SYS_socket, [40, 1, 0, 0, 0, 0], DENY),
        (libc::SYS_sendto, [0, 0, 0, 0x4000, 0, 0], ALLOW),
        (libc::SYS_sendto, [0, 0, 0, 0x2000_0000, 0, 0], DENY),
        (libc::SYS_sendmsg, [0, 0, 0x2000_4000, 0, 0, 0], DENY),
        (libc::SYS_sendmmsg, [0, 0, 0, 0x2000_0000, 0, 0], DENY),
        (libc::SYS_setsockopt, [0, 6, 1, 0, 0, 0], ALLOW),
        (libc::SYS_setsockopt, [0, 6, 23, 0, 0, 0], DENY),
        (libc::SYS_setsockopt, [0, 6, 30, 0, 0, 0], DENY),
        (libc::SYS_setsockopt, [0, 1, 36, 0, 0, 0], DENY),
    ] {
        assert_eq!(ask(kind, call, arguments), said, "{call} {arguments:x?}");
    }
    let alone = Kind { connects: false, ..kind };
    assert_eq!(ask(alone, libc::SYS_socket, tcp), DENY);
    assert_eq!(ask(alone, libc::SYS_connect, [0; 6]), DENY);
}

#[test]
fn ranges_hold_exactly_their_numbers() {
    assert_eq!(ranges(vec![5, 1, 2, 2, 9, 3]), [(1, 3), (5, 5), (9, 9)]);
    assert!(ranges(Vec::new()).is_empty());
    let program: Vec<sock_filter> = [instruction(LOAD, 0, 0, 0)]
        .into_iter()
        .chain(allow(&[(1, 3), (5, 5), (9, 9)]))
        .chain([instruction(RETURN, 7, 0, 0)])
        .collect();
    for number in 0..12 {
        let wanted = if [1, 2, 3, 5, 9].contains(&number) { ALLOW } else { 7 };
        assert_eq!(answer(&program, &[number]), wanted, "{number}");
    }
}
