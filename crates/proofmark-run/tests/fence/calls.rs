//! The count of a payload's system calls: that it is right, and that no payload gets at it.

use std::collections::BTreeMap;
use std::io::Read as _;
use std::process::Command;

use proofmark_run::fence::{Calls, Counted, FenceError, How, Limits, OTHER_CALLS, Plan};

use super::cases::Test;
use super::rig::{Done, LIMITS, compile, execute, launcher, new_launcher, plan, program, run, try_run};

pub fn all() -> Vec<Test> {
    macro_rules! tests {
        ($($name:ident),* $(,)?) => { vec![$((stringify!($name), $name as fn())),*] };
    }
    tests![
        calls_are_counted_as_strace_counts_them,
        nothing_is_counted_unless_asked_for,
        every_thread_and_process_is_counted,
        a_denied_call_is_in_no_count,
        another_machines_call_kills_while_counted,
        children_of_vfork_are_counted,
        calls_that_a_kill_cuts_short_do_no_harm,
        pending_calls_do_not_hold_up_the_end,
        signals_do_not_count_a_call_twice,
        the_listener_is_out_of_reach,
        the_count_can_not_be_started_again,
        a_flood_of_many_processes_can_be_stopped,
        a_flood_ends_with_its_keeper,
        what_can_not_start_is_told_while_counted,
    ]
}

/// Calls without a library between them: only what is written is made.
#[cfg(target_arch = "x86_64")]
const BARE: &str = "static long call(long n, long a, long b, long c) { long r;
    __asm__ volatile(\"syscall\" : \"=a\"(r) : \"a\"(n), \"D\"(a), \"S\"(b), \"d\"(c) : \"rcx\", \"r11\", \"memory\");
    return r; }\n";
#[cfg(target_arch = "aarch64")]
const BARE: &str = "static long call(long n, long a, long b, long c) { register long x8 __asm__(\"x8\") = n;
    register long x0 __asm__(\"x0\") = a, x1 __asm__(\"x1\") = b, x2 __asm__(\"x2\") = c;
    __asm__ volatile(\"svc 0\" : \"+r\"(x0) : \"r\"(x8), \"r\"(x1), \"r\"(x2) : \"memory\"); return x0; }\n";

fn counted(source: &str) -> Plan {
    let limits = Limits { processes: 48, ..LIMITS };
    Plan { counted: Counted::Yes, limits, ..plan(program(source)) }
}

fn count(calls: &Calls, call: i64) -> u64 {
    calls.get(&u32::try_from(call).unwrap()).copied().unwrap_or(0)
}

/// What strace saw of the same program outside a fence, by name. Needs `strace`.
fn traced(bytes: &[u8]) -> BTreeMap<String, u64> {
    let folder = tempfile::tempdir().unwrap();
    let (path, trace) = (folder.path().join("program"), folder.path().join("trace"));
    std::fs::write(&path, bytes).unwrap();
    std::fs::set_permissions(&path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    Command::new("strace").args(["-f", "-o"]).arg(&trace).arg(&path).output().unwrap();
    let mut calls: BTreeMap<String, u64> = BTreeMap::new();
    for line in std::fs::read_to_string(&trace).unwrap().lines() {
        let text = line.trim_start_matches(|letter: char| letter.is_ascii_digit()).trim_start();
        // The rest are ends: of calls that another thread's came between, and of processes.
        if let Some((name, _)) = text.split_once('(').filter(|(name, _)| !name.contains(' ')) {
            let count = calls.entry(name.to_owned()).or_default();
            *count = count.saturating_add(1);
        }
    }
    calls
}

fn calls_are_counted_as_strace_counts_them() {
    let source = format!(
        "{BARE} void _start(void) {{ for (int i = 0; i < 300; i++) call(SYS_getpid, 0, 0, 0);
         for (int i = 0; i < 41; i++) call(SYS_write, 1, (long)\"x\", 1); call(SYS_close, 99, 0, 0);
         call(SYS_openat, -100, (long)\"/nothing\", 0); call(SYS_exit_group, 9, 0, 0); for (;;) ; }}"
    );
    let bytes = compile(&source, &["-static", "-nostdlib", "-fno-stack-protector"]);
    let done = run(&Plan { counted: Counted::Yes, ..plan(execute(&bytes)) });
    assert_eq!((done.exit.how, done.out.len()), (How::Code(9), 41));
    let number = |call: i64| u32::try_from(call).unwrap();
    let wanted = [
        (number(libc::SYS_getpid), 300),
        (number(libc::SYS_write), 41),
        (number(libc::SYS_close), 1),
        (number(libc::SYS_openat), 1),
        (number(libc::SYS_exit_group), 1),
    ];
    assert_eq!(done.exit.calls, Calls::from(wanted));
    let mut seen = traced(&bytes);
    assert_eq!(seen.remove("execve"), Some(1), "what started it was not its own");
    let wanted = [("getpid", 300), ("write", 41), ("close", 1), ("openat", 1), ("exit_group", 1)];
    assert_eq!(seen, wanted.map(|(name, times)| (name.to_owned(), times)).into());
}

fn nothing_is_counted_unless_asked_for() {
    assert!(run(&plan(program("int main(void) { return getpid() != 2; }"))).exit.calls.is_empty());
}

/// 8 threads and 32 processes, each with 500 calls.
const CROWD: &str = "static void *go(void *_) { for (int i = 0; i < 500; i++) syscall(SYS_getppid); return 0; }
    int main(void) { pthread_t t[8]; for (int i = 0; i < 8; i++) pthread_create(&t[i], 0, go, 0);
    for (int i = 0; i < 8; i++) pthread_join(t[i], 0);
    for (int i = 0; i < 32; i++) if (!fork()) { go(0); _exit(0); }
    int n = 0; while (wait(0) > 0) n++; return n; }";

fn every_thread_and_process_is_counted() {
    let Done { exit, out } = run(&counted(CROWD));
    assert_eq!((exit.how, out.as_str()), (How::Code(32), ""));
    assert_eq!(count(&exit.calls, libc::SYS_getppid), 20_000);
    // Threads and processes are both made by `clone`.
    assert_eq!(count(&exit.calls, libc::SYS_clone), 40);
    assert!(!exit.calls.contains_key(&OTHER_CALLS));
}

fn a_denied_call_is_in_no_count() {
    let done = run(&counted(
        "int main(void) { for (int i = 0; i < 5; i++) if (!syscall(SYS_ptrace, 0, 0, 0, 0) || errno != EPERM) return 1;
         if (socket(AF_INET, SOCK_STREAM, 0) >= 0) return 2; if (unshare(0x10000000) == 0) return 3;
         for (int i = 0; i < 5; i++) getppid(); return 0; }",
    ));
    assert_eq!(done.exit.how, How::Code(0));
    for denied in [libc::SYS_ptrace, libc::SYS_socket, libc::SYS_unshare] {
        assert_eq!(count(&done.exit.calls, denied), 0, "{denied}");
    }
    assert_eq!(count(&done.exit.calls, libc::SYS_getppid), 5);
}

fn another_machines_call_kills_while_counted() {
    if cfg!(target_arch = "x86_64") {
        let done = run(&counted(
            "int main(void) { getppid(); __asm__ volatile(\"int $0x80\" : : \"a\"(20) : \"memory\"); return 0; }",
        ));
        assert_eq!(done.exit.how, How::Signal(libc::SIGSYS));
        assert_eq!(count(&done.exit.calls, libc::SYS_getppid), 1);
        assert!(!done.exit.calls.contains_key(&OTHER_CALLS));
    }
}

fn children_of_vfork_are_counted() {
    let done = run(&counted(
        "int main(void) { for (int i = 0; i < 50; i++) { int p = vfork(); if (!p) { syscall(SYS_getppid); _exit(3); }
         int s; if (waitpid(p, &s, 0) != p || WEXITSTATUS(s) != 3) return 1; } return 0; }",
    ));
    assert_eq!(done.exit.how, How::Code(0));
    assert_eq!(count(&done.exit.calls, libc::SYS_getppid), 50);
    assert_eq!(count(&done.exit.calls, libc::SYS_wait4), 50);
}

/// Each child is killed somewhere in an endless row of calls.
fn calls_that_a_kill_cuts_short_do_no_harm() {
    let done = run(&counted(
        "int main(void) { for (int i = 0; i < 100; i++) { int p = fork(); if (!p) for (;;) syscall(SYS_getppid);
         for (volatile int w = 0; w < i * 3000; w++) ; if (kill(p, SIGKILL)) return 1;
         int s; if (waitpid(p, &s, 0) != p || WTERMSIG(s) != 9) return 2; }
         kill(getpid(), SIGKILL); return 0; }",
    ));
    // The very last call is made by one who is dead when it comes back.
    assert_eq!(done.exit.how, How::Signal(libc::SIGKILL));
    assert_eq!(count(&done.exit.calls, libc::SYS_kill), 101);
    assert_eq!(count(&done.exit.calls, libc::SYS_wait4), 100);
}

fn pending_calls_do_not_hold_up_the_end() {
    let done = run(&counted(
        "static void *go(void *_) { for (;;) syscall(SYS_getppid); }
         int main(void) { pthread_t t; for (int i = 0; i < 16; i++) pthread_create(&t, 0, go, 0);
         for (int i = 0; i < 8; i++) if (!fork()) go(0); usleep(20000); return 5; }",
    ));
    assert_eq!(done.exit.how, How::Code(5));
    assert!(count(&done.exit.calls, libc::SYS_getppid) > 0);
}

/// A call that a signal takes back before it went on is made again, and counts once.
fn signals_do_not_count_a_call_twice() {
    let done = run(&counted(
        "#include <sys/time.h>\nstatic volatile int alarms; static void on(int _) { alarms++; }
         int main(void) { struct sigaction a = { .sa_handler = on, .sa_flags = SA_RESTART }; sigaction(SIGALRM, &a, 0);
         struct itimerval t = { { 0, 200 }, { 0, 200 } }; setitimer(ITIMER_REAL, &t, 0);
         for (int i = 0; i < 20000; i++) syscall(SYS_getppid);
         struct itimerval none = { 0 }; setitimer(ITIMER_REAL, &none, 0); return alarms < 20; }",
    ));
    assert_eq!(done.exit.how, How::Code(0), "there were no signals");
    assert_eq!(count(&done.exit.calls, libc::SYS_getppid), 20_000);
}

/// No descriptor of its own answers as a listener, none can be made, and the one descriptor whose calls are not reported
/// does not exist.
fn the_listener_is_out_of_reach() {
    let done = run(&counted(
        "#include <linux/filter.h>\n#include <linux/seccomp.h>\n#include <sys/ioctl.h>\n
         int main(void) { for (int fd = 0; fd < 1200; fd++) { struct seccomp_notif n = { 0 };
           if (ioctl(fd, SECCOMP_IOCTL_NOTIF_RECV, &n) == 0) return 1; if (fd > 2 && fcntl(fd, F_GETFD) != -1) return 2; }
         struct sock_filter f = { 6, 0, 0, SECCOMP_RET_ALLOW }; struct sock_fprog p = { 1, &f };
         for (int flags = 0; flags < 64; flags++) if (syscall(SYS_seccomp, 1, flags, &p) >= 0) return 3;
         if (prctl(22, 2, &p) == 0) return 4; if (dup2(0, 1001) >= 0 || fcntl(0, F_DUPFD, 1001) >= 0) return 5;
         struct msghdr m = { 0 }; if (sendmsg(1001, &m, 0) >= 0) return 6; if (syscall(438, 0, 0, 0) >= 0) return 7;
         for (int i = 0; i < 7; i++) getppid(); return 0; }",
    ));
    assert_eq!(done.exit.how, How::Code(0), "{}", done.out);
    assert_eq!(count(&done.exit.calls, libc::SYS_getppid), 7);
    assert_eq!(count(&done.exit.calls, libc::SYS_fcntl), 1198);
}

/// The call that a fence starts the program by starts no second count.
fn the_count_can_not_be_started_again() {
    let done = run(&counted(
        "int main(void) { getppid(); char *none[] = { 0 }; syscall(SYS_execveat, 1000, \"\", none, none, 0x1000);
         getppid(); return errno != EBADF; }",
    ));
    assert_eq!(done.exit.how, How::Code(0));
    assert_eq!(count(&done.exit.calls, libc::SYS_getppid), 2);
    assert_eq!(count(&done.exit.calls, libc::SYS_execveat), 1);
}

const FLOOD: &str = "int main(void) { for (int i = 0; i < 31; i++) if (!fork()) for (;;) syscall(SYS_getppid);
    write(1, \"!\", 1); for (;;) syscall(SYS_getppid); }";

fn a_flood_of_many_processes_can_be_stopped() {
    let mut fenced = launcher().spawn(&counted(FLOOD)).unwrap();
    fenced.stdout.read_exact(&mut [0]).unwrap();
    fenced.kill();
    let exit = fenced.wait().unwrap();
    assert_eq!(exit.how, How::Killed);
    assert_eq!(count(&exit.calls, libc::SYS_clone), 31);
}

fn a_flood_ends_with_its_keeper() {
    let launcher = new_launcher();
    let mut fenced = launcher.spawn(&counted(FLOOD)).unwrap();
    fenced.stdout.read_exact(&mut [0]).unwrap();
    // Keepers are the launcher's children; some wait for other orders.
    let children = format!("/proc/{0}/task/{0}/children", launcher.pid());
    let keepers = std::fs::read_to_string(children).unwrap();
    for keeper in keepers.split_whitespace() {
        let keeper = nix::unistd::Pid::from_raw(keeper.parse().unwrap());
        nix::sys::signal::kill(keeper, nix::sys::signal::SIGKILL).unwrap();
    }
    // Whoever lived on would hold its output open.
    let mut rest = Vec::new();
    fenced.stdout.read_to_end(&mut rest).unwrap();
    assert!(matches!(fenced.wait(), Err(FenceError::Launcher { .. })));
}

fn what_can_not_start_is_told_while_counted() {
    let counted = Plan { counted: Counted::Yes, ..plan(execute(b"no executable at all")) };
    let told = |plan: &Plan| try_run(plan).unwrap_err().to_string();
    assert_eq!(told(&counted), told(&plan(execute(b"no executable at all"))));
}
