//! The tests of the fence: what a payload is given, how it ends, and what its bounds are.

use std::fs;
use std::io::{Read as _, Write as _};
use std::os::unix::fs::{MetadataExt as _, PermissionsExt as _};
use std::path::{Path, PathBuf};

use proofmark_run::fence::{Code, FenceError, Hit, How, Layer, Limits, Mount, Network, Owner, Payload, Plan, Runs};

use super::rig::{
    LIMITS, compile, execute, finish, give_to_payload, launcher, new_launcher, open_to_all, plan, program, run,
    scratch, try_run,
};

pub type Test = (&'static str, fn());

/// What a worker payload does in these tests.
pub fn worker() -> u8 {
    println!("worker {}", std::process::id());
    3
}

pub fn all() -> Vec<Test> {
    let mut all = whole();
    all.extend(super::calls::all());
    all.extend(super::tools::all());
    #[cfg(feature = "weaken")]
    all.extend(super::weak::all());
    all.sort_by_key(|(name, _)| !name.starts_with("without"));
    all
}

fn whole() -> Vec<Test> {
    macro_rules! tests {
        ($($name:ident),* $(,)?) => { vec![$((stringify!($name), $name as fn())),*] };
    }
    tests![
        a_payload_prints,
        a_worker_runs,
        codes_and_signals_come_back,
        input_goes_in,
        arguments_environment_and_directory_are_as_given,
        addresses_are_the_same_in_every_run,
        nothing_of_the_host_is_seen,
        no_descriptor_leaks,
        a_dynamically_linked_program_runs_from_granted_libraries,
        a_missing_loader_is_named,
        something_else_is_no_executable,
        a_held_payload_waits,
        a_kill_ends_everything,
        dropping_the_handle_ends_the_fence,
        an_orphan_dies_with_the_payload,
        a_lost_launcher_takes_its_fences_along,
        a_fork_bomb_is_bounded,
        a_memory_bomb_is_killed,
        many_at_once_leave_nothing,
        processor_time_is_bounded,
        a_file_is_bounded,
        scratch_is_bounded,
        a_read_only_bind_stays_as_it_is,
        what_is_mounted_nested_needs_a_place,
        writes_to_a_staged_tree_land_in_upper,
        a_staged_tree_of_root_is_written_by_nobody,
        whiteouts_cannot_be_forged,
        nothing_new_becomes_code,
        a_compiler_may_make_code,
        no_namespace_is_made_inside,
        no_capability_is_left,
        system_calls_off_the_list_are_denied,
        a_broker_listens_inside,
        another_user_is_only_for_root,
        a_closed_path_is_granted_by_root,
        a_missing_path_is_named,
    ]
}

fn a_payload_prints() {
    let done = run(&plan(program("int main(void) { printf(\"%d %d %d\", getpid(), getuid(), getgid()); return 7; }")));
    assert_eq!(done.out, "2 1000 1000");
    assert_eq!(done.exit.how, How::Code(7));
    assert!(done.exit.memory_peak_bytes.is_some_and(|bytes| bytes < LIMITS.memory_bytes));
}

fn a_worker_runs() {
    let done = run(&plan(Payload::Worker));
    assert_eq!(done.out, "worker 2\n");
    assert_eq!(done.exit.how, How::Code(3));
}

fn codes_and_signals_come_back() {
    for (source, how) in [
        ("int main(void) { return 0; }", How::Code(0)),
        ("int main(void) { return 255; }", How::Code(255)),
        ("int main(void) { abort(); }", How::Signal(6)),
        ("int main(void) { volatile int *p = 0; return *p; }", How::Signal(11)),
        ("int main(void) { raise(SIGTERM); return 1; }", How::Signal(15)),
    ] {
        assert_eq!(run(&plan(program(source))).exit.how, how, "{source}");
    }
}

fn input_goes_in() {
    let plan = plan(program("int main(void) { int c; while ((c = getchar()) != EOF) putchar(c + 1); return 0; }"));
    let mut fenced = launcher().spawn(&plan).unwrap();
    fenced.stdin.take().unwrap().write_all(b"HAL").unwrap();
    let mut out = String::new();
    fenced.stdout.read_to_string(&mut out).unwrap();
    assert_eq!(out, "IBM");
}

fn arguments_environment_and_directory_are_as_given() {
    let mut plan = plan(program(
        "extern char **environ; int main(int n, char **a) { char d[99]; for (char **e = environ; *e; e++) puts(*e);
         for (int i = 0; i < n; i++) puts(a[i]); puts(getcwd(d, 99)); gethostname(d, 99); puts(d);
         printf(\"%o\\n\", umask(0)); }",
    ));
    plan.mounts.push(scratch("/a/b", 1 << 16, 8));
    if let Payload::Exec { arguments, environment, directory, .. } = &mut plan.payload {
        arguments.push("ä b".into());
        environment.push(("X".into(), "y=z".into()));
        *directory = PathBuf::from("/a/b");
    }
    assert_eq!(run(&plan).out, "LANG=C\nX=y=z\npayload\nä b\n/a/b\nfence\n77\n");
}

fn addresses_are_the_same_in_every_run() {
    let bytes = compile("int main(void) { int x; printf(\"%p %p %p\", &x, malloc(9), main); }", &["-static-pie"]);
    let plan = plan(execute(&bytes));
    assert_eq!(run(&plan).out, run(&plan).out);
}

fn nothing_of_the_host_is_seen() {
    let mut plan = plan(program(
        "int main(void) { const char *p[] = {\"/proc\", \"/proc/self/exe\", \"/sys\", \"/etc/passwd\", \"/dev/null\", \"/dev\",
         \"/home\", \"/..\", \"/inside\", \"../../etc\", \"/tmp/../etc/hosts\"};
         for (int i = 0; i < 11; i++) { struct stat s; printf(\"%d\", stat(p[i], &s) == 0); }
         printf(\" %d\", opendir(\"/\") != 0); }",
    ));
    // The root itself is there, but can't be listed.
    assert_eq!(run(&plan).out, "00000001000 0");
    plan.mounts.push(Mount::Null);
    assert_eq!(run(&plan).out, "00001101000 0");
}

fn no_descriptor_leaks() {
    // One more of our own, open without close-on-exec, must not show inside.
    let done = run(&plan(program(
        "int main(void) { for (int i = 0; i < 4096; i++) if (fcntl(i, F_GETFD) >= 0) printf(\"%d \", i); }",
    )));
    assert_eq!(done.out, "0 1 2 ");
}

fn libraries() -> Vec<Mount> {
    ["/lib", "/lib64", "/usr/lib"]
        .iter()
        .filter(|path| Path::new(path).exists())
        .map(|path| Mount::Read { host: path.into(), guest: path.into(), run: Runs::Yes })
        .collect()
}

fn a_dynamically_linked_program_runs_from_granted_libraries() {
    let bytes = compile("int main(void) { puts(\"linked\"); return 4; }", &[]);
    let mut plan = plan(execute(&bytes));
    plan.mounts = libraries();
    let done = run(&plan);
    assert_eq!((done.out.as_str(), done.exit.how), ("linked\n", How::Code(4)));
    // The same libraries, granted for reading only.
    for mount in &mut plan.mounts {
        if let Mount::Read { run, .. } = mount {
            *run = Runs::No;
        }
    }
    assert!(try_run(&plan).is_err());
}

fn fault(plan: &Plan) -> (Layer, String, String) {
    match try_run(plan) {
        Err(FenceError::Layer { layer, step, hint, .. }) => (layer, step, hint),
        other => unreachable!("{other:?}"),
    }
}

fn a_missing_loader_is_named() {
    let (layer, _, hint) = fault(&plan(execute(&compile("int main(void) { return 0; }", &[]))));
    assert_eq!(layer, Layer::Start);
    assert!(hint.contains("loader"), "{hint}");
}

fn something_else_is_no_executable() {
    let (layer, _, hint) = fault(&plan(execute(b"neither fish nor fowl")));
    assert_eq!(layer, Layer::Start);
    assert!(hint.contains("no executable"), "{hint}");
    // A script has no file that its interpreter could open.
    assert!(try_run(&plan(execute(b"#!/bin/sh\necho out\n"))).is_err());
}

fn a_held_payload_waits() {
    let plan = plan(program("int main(void) { puts(\"started\"); return 0; }"));
    let held = launcher().prepare(&plan).unwrap();
    let done = finish(held.start().unwrap());
    assert_eq!(done.out, "started\n");
    // One that is dropped never starts, and leaves nothing.
    drop(launcher().prepare(&plan).unwrap());
}

fn a_kill_ends_everything() {
    let plan = plan(program("int main(void) { fork(); puts(\"up\"); fflush(stdout); for (;;) pause(); }"));
    let mut fenced = launcher().spawn(&plan).unwrap();
    let mut up = [0; 6];
    fenced.stdout.read_exact(&mut up).unwrap();
    fenced.killer().kill();
    let done = finish(fenced);
    assert_eq!(done.exit.how, How::Killed);
}

/// A payload that forks twice and goes on holding its output; `stdout` ends only when all of it is dead.
const CLINGS: &str = "int main(void) { if (fork() == 0) { setsid(); if (fork() == 0) { puts(\"up\"); fflush(stdout);
    for (;;) pause(); } _exit(0); } ";

fn dropping_the_handle_ends_the_fence() {
    let plan = plan(program(&format!("{CLINGS} for (;;) pause(); }}")));
    let mut fenced = launcher().spawn(&plan).unwrap();
    let mut up = [0; 3];
    fenced.stdout.read_exact(&mut up).unwrap();
    let mut stdout = fenced.stdout.try_clone().unwrap();
    drop(fenced);
    assert_eq!(stdout.read_to_end(&mut Vec::new()).unwrap(), 0);
}

fn an_orphan_dies_with_the_payload() {
    let done = run(&plan(program(&format!("{CLINGS} wait(0); return 9; }}"))));
    assert_eq!(done.exit.how, How::Code(9));
}

fn a_lost_launcher_takes_its_fences_along() {
    let lost = new_launcher();
    let plan = plan(program(&format!("{CLINGS} for (;;) pause(); }}")));
    let mut fenced = lost.spawn(&plan).unwrap();
    let mut up = [0; 3];
    fenced.stdout.read_exact(&mut up).unwrap();
    let pid = nix::unistd::Pid::from_raw(i32::try_from(lost.pid()).unwrap());
    nix::sys::signal::kill(pid, nix::sys::signal::SIGKILL).unwrap();
    assert_eq!(fenced.stdout.read_to_end(&mut Vec::new()).unwrap(), 0);
    assert!(matches!(fenced.wait(), Err(FenceError::Launcher { .. })));
    assert!(matches!(lost.spawn(&plan), Err(FenceError::Launcher { .. })));
}

fn a_fork_bomb_is_bounded() {
    let done = run(&plan(program(
        "int main(void) { int n = 0; for (int i = 0; i < 100; i++) { pid_t p = fork(); if (p == 0) for (;;) pause();
         n += p > 0; } printf(\"%d\", n); return 0; }",
    )));
    // The payload itself is one of eight.
    assert_eq!(done.out, "7");
    assert_eq!(done.exit.how, How::Code(0));
}

fn a_memory_bomb_is_killed() {
    let done = run(&plan(program(
        "int main(void) { for (int i = 0; i < 1024; i++) { volatile char *p = malloc(1 << 20); for (int k = 0; k < 1 << 20; k += 512) p[k] = 1; } return 0; }",
    )));
    assert_eq!(done.exit.how, How::Killed);
    assert_eq!(done.exit.limits_hit, [Hit::Memory]);
    // Shared among children, each small.
    let done = run(&plan(program(
        "int main(void) { for (int i = 0; i < 6; i++) if (fork() == 0) { volatile char *p = malloc(16 << 20); for (int k = 0; k < 16 << 20; k += 512) p[k] = 1;
         for (;;) pause(); } for (;;) pause(); }",
    )));
    assert_eq!(done.exit.how, How::Killed);
    assert_eq!(done.exit.limits_hit, [Hit::Memory]);
}

fn many_at_once_leave_nothing() {
    let launcher = new_launcher();
    let plan = plan(program("int main(void) { printf(\"%d\", getpid()); return 5; }"));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                for _ in 0..12 {
                    let done = finish(launcher.spawn(&plan).unwrap());
                    assert_eq!((done.out.as_str(), done.exit.how), ("2", How::Code(5)));
                }
            });
        }
    });
    let mark = format!("proofmark-{}-", launcher.pid());
    drop(launcher);
    assert_eq!(super::rig::groups(&mark), Vec::<PathBuf>::new());
}

fn processor_time_is_bounded() {
    let mut plan = plan(program("int main(void) { for (;;); }"));
    plan.limits = Limits { cpu_seconds: 1, ..LIMITS };
    let exit = run(&plan).exit;
    assert_eq!((exit.how, exit.limits_hit), (How::Signal(libc_signal("SIGXCPU")), vec![Hit::Cpu]));
    assert!(exit.cpu_us > 0);
    plan.payload = program("int main(void) { signal(SIGXCPU, SIG_IGN); for (;;); }");
    let exit = run(&plan).exit;
    assert_eq!((exit.how, exit.limits_hit), (How::Signal(libc_signal("SIGKILL")), vec![Hit::Cpu]));
}

fn libc_signal(name: &str) -> i32 {
    name.parse::<nix::sys::signal::Signal>().unwrap() as i32
}

fn a_file_is_bounded() {
    let mut plan = plan(program(
        "int main(void) { int f = open(\"/s/f\", O_CREAT | O_WRONLY, 0600); char b[4096] = {0};
         for (int i = 0; i < 1000; i++) write(f, b, 4096); return 0; }",
    ));
    plan.mounts.push(scratch("/s", 32 << 20, 8));
    plan.limits.file_bytes = 1 << 20;
    let exit = run(&plan).exit;
    assert_eq!((exit.how, exit.limits_hit), (How::Signal(libc_signal("SIGXFSZ")), vec![Hit::FileSize]));
}

fn scratch_is_bounded() {
    let mut plan = plan(program(
        "int main(void) { char n[99], b[4096] = {0}; int f = open(\"/s/f\", O_CREAT | O_WRONLY, 0600); long w = 0, k;
         while ((k = write(f, b, 4096)) > 0) w += k; printf(\"%ld %d\", w, errno == ENOSPC);
         for (int i = 0; ; i++) { sprintf(n, \"/s/%d\", i); if (mkdir(n, 0700)) { printf(\" %d %d\", i, errno == ENOSPC); break; } }
         printf(\" %d\", access(\"/s/f\", X_OK)); return 0; }",
    ));
    plan.mounts.push(scratch("/s", 1 << 20, 5));
    assert_eq!(run(&plan).out, "1048576 1 4 1 -1");
}

/// A folder of the host with one file, readable by whoever payloads act as.
fn tree() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    open_to_all(folder.path());
    fs::write(folder.path().join("file"), "as it was").unwrap();
    fs::set_permissions(folder.path().join("file"), fs::Permissions::from_mode(0o666)).unwrap();
    folder
}

fn a_read_only_bind_stays_as_it_is() {
    let tree = tree();
    let mut plan = plan(program(
        "int main(void) { char b[99]; int f = open(\"/in/file\", O_RDONLY); b[read(f, b, 98)] = 0; puts(b);
         printf(\"%d\", open(\"/in/file\", O_RDWR)); printf(\"%d\", open(\"/in/new\", O_CREAT | O_WRONLY, 0600));
         printf(\"%d\", unlink(\"/in/file\")); printf(\"%d\", chmod(\"/in/file\", 0)); printf(\"%d\", truncate(\"/in/file\", 0));
         printf(\"%d\", utimensat(AT_FDCWD, \"/in/file\", 0, 0)); printf(\"%d\", link(\"/in/file\", \"/in/other\"));
         f = open(\"/one\", O_RDONLY); b[read(f, b, 98)] = 0; puts(b); }",
    ));
    let host = tree.path().to_owned();
    plan.mounts.push(Mount::Read { host: host.join("file"), guest: "/one".into(), run: Runs::No });
    plan.mounts.push(Mount::Read { host, guest: "/in".into(), run: Runs::No });
    let before = fs::metadata(tree.path().join("file")).unwrap();
    assert_eq!(run(&plan).out, "as it was\n-1-1-1-1-1-1-1as it was\n");
    let after = fs::metadata(tree.path().join("file")).unwrap();
    assert_eq!((before.mtime_nsec(), before.ctime_nsec()), (after.mtime_nsec(), after.ctime_nsec()));
}

fn what_is_mounted_nested_needs_a_place() {
    let tree = tree();
    fs::create_dir(tree.path().join("here")).unwrap();
    let mut plan = plan(program("int main(void) { return open(\"/in/here/x\", O_CREAT | O_WRONLY, 0600) < 0; }"));
    plan.mounts.push(scratch("/in/here", 1 << 16, 8));
    plan.mounts.push(Mount::Read { host: tree.path().to_owned(), guest: "/in".into(), run: Runs::No });
    assert_eq!(run(&plan).exit.how, How::Code(0));
    plan.mounts.push(scratch("/in/missing", 1 << 16, 8));
    let (layer, step, _) = fault(&plan);
    assert_eq!(layer, Layer::Root);
    assert!(step.contains("/in/missing"), "{step}");
    assert!(!tree.path().join("missing").exists());
}

/// A staged tree: `lower` with one file, and `upper` and `work` beside each other.
fn staged() -> (tempfile::TempDir, Mount) {
    let folder = tree();
    let path = |name: &str| folder.path().join(name);
    for name in ["lower", "upper", "work"] {
        fs::create_dir(path(name)).unwrap();
        give_to_payload(&path(name));
    }
    fs::write(path("lower").join("file"), "as it was").unwrap();
    give_to_payload(&path("lower").join("file"));
    let mount = Mount::Stage { lower: path("lower"), upper: path("upper"), work: path("work"), guest: "/tree".into() };
    (folder, mount)
}

fn writes_to_a_staged_tree_land_in_upper() {
    let (folder, mount) = staged();
    let mut plan = plan(program(
        "int main(void) { int f = open(\"/tree/file\", O_RDWR); if (f < 0) perror(\"open\"); write(f, \"AS\", 2);
         if (mkdir(\"/tree/d\", 0700)) perror(\"mkdir\"); if (rename(\"/tree/file\", \"/tree/d/g\")) perror(\"rename\");
         if (open(\"/tree/n\", O_CREAT | O_WRONLY, 0600) < 0) perror(\"new\"); char b[99] = {0};
         f = open(\"/tree/d/g\", O_RDONLY); read(f, b, 98); puts(b); }",
    ));
    plan.mounts.push(mount);
    assert_eq!(run(&plan).out, "AS it was\n");
    let path = |name: &str| folder.path().join(name);
    assert_eq!(fs::read_to_string(path("lower/file")).unwrap(), "as it was");
    assert_eq!(fs::read_dir(path("lower")).unwrap().count(), 1);
    assert_eq!(fs::read_to_string(path("upper/d/g")).unwrap(), "AS it was");
    assert!(path("upper/n").exists());
    assert_eq!(fs::symlink_metadata(path("upper/file")).unwrap().rdev(), 0, "a whiteout");
}

fn a_staged_tree_of_root_is_written_by_nobody() {
    if !nix::unistd::Uid::effective().is_root() {
        // A user's fence acts as that user.
        return;
    }
    let (folder, mount) = staged();
    let path = |name: &str| folder.path().join(name);
    for name in ["lower", "lower/file"] {
        std::os::unix::fs::chown(path(name), Some(0), Some(0)).unwrap();
        fs::set_permissions(path(name), fs::Permissions::from_mode(0o700)).unwrap();
    }
    fs::write(path("lower/others"), "closed").unwrap();
    std::os::unix::fs::chown(path("lower/others"), Some(77), Some(77)).unwrap();
    let mut plan = plan(program(
        "int main(void) { struct stat s; stat(\"/tree/file\", &s); printf(\"%d:%d \", s.st_uid, s.st_gid);
         int f = open(\"/tree/file\", O_RDWR); printf(\"%d \", (int)write(f, \"AS\", 2));
         printf(\"%d\", open(\"/tree/others\", O_RDWR)); }",
    ));
    plan.mounts.push(mount);
    assert_eq!(run(&plan).out, "1000:1000 2 -1");
    assert_eq!(fs::read_to_string(path("lower/file")).unwrap(), "as it was");
    assert_eq!(fs::read_to_string(path("upper/file")).unwrap(), "AS it was");
    // What it wrote is nobody's on the host, whoever owned it before.
    assert_eq!(fs::metadata(path("upper/file")).unwrap().uid(), 65_534);
    assert_eq!(fs::metadata(path("lower/file")).unwrap().uid(), 0);
}

fn whiteouts_cannot_be_forged() {
    let (folder, mount) = staged();
    let mut plan = plan(program(
        "int main(void) { printf(\"%d\", mknod(\"/tree/w\", S_IFCHR, 0)); printf(\"%d\", mkfifo(\"/tree/p\", 0600));
         printf(\"%d\", syscall(SYS_renameat2, AT_FDCWD, \"/tree/file\", AT_FDCWD, \"/tree/moved\", 4));
         printf(\"%d\", syscall(SYS_setxattr, \"/tree\", \"user.overlay.opaque\", \"y\", 1, 0));
         printf(\"%d\", rename(\"/tree/file\", \"/tree/moved\")); }",
    ));
    plan.mounts.push(mount);
    assert_eq!(run(&plan).out, "-1-1-1-10");
    assert!(!folder.path().join("upper/w").exists());
}

pub const MAKES_CODE: &str = "static int tries(void) { int n = 0;
    n += mmap(0, 4096, 7, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED;
    void *p = mmap(0, 4096, 3, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0); n += mprotect(p, 4096, 5) == 0;
    n += syscall(SYS_memfd_create, \"x\", 0) >= 0;
    int s = 0; n += mprotect((void *)((long)&s & ~4095L), 4096, 7) == 0;
    n += mprotect((void *)((long)tries & ~4095L), 4096, 7) == 0; return n; }
    int main(void) { printf(\"%d\", tries()); return 0; }";

fn nothing_new_becomes_code() {
    assert_eq!(run(&plan(program(MAKES_CODE))).out, "0");
    let mut linked = plan(execute(&compile(MAKES_CODE, &[])));
    linked.mounts = libraries();
    assert_eq!(run(&linked).out, "0");
    // One whose stack the kernel itself would make executable.
    let odd = execute(&compile("int main(void) { return 0; }", &["-static", "-z", "execstack"]));
    assert!(matches!(try_run(&plan(odd.clone())), Err(FenceError::Plan { .. })));
    assert_eq!(run(&Plan { code: Code::Generated, ..plan(odd) }).exit.how, How::Code(0));
}

fn a_compiler_may_make_code() {
    let mut plan = plan(program(MAKES_CODE));
    plan.code = Code::Generated;
    assert_eq!(run(&plan).out, "5");
}

fn no_namespace_is_made_inside() {
    let done = run(&plan(program(
        "int main(void) { printf(\"%d\", unshare(CLONE_NEWUSER)); printf(\"%d\", unshare(CLONE_NEWNS));
         printf(\"%ld\", syscall(SYS_clone, CLONE_NEWUSER | SIGCHLD, 0, 0, 0, 0)); errno = 0;
         printf(\"%ld\", syscall(SYS_clone3, 0, 0)); printf(\" %d\", errno == ENOSYS);
         pthread_t t; printf(\" %d\", pthread_create(&t, 0, (void *(*)(void *))getpid, 0)); pthread_join(t, 0); }",
    )));
    assert_eq!(done.out, "-1-1-1-1 1 0");
}

fn no_capability_is_left() {
    let done = run(&plan(program(
        "int main(void) { unsigned h[2] = {0x20080522, 0}, d[6]; syscall(SYS_capget, h, d);
         unsigned s = 0; for (int i = 0; i < 6; i++) s |= d[i]; printf(\"%u\", s);
         int b = 0; for (int i = 0; i < 41; i++) b += syscall(SYS_prctl, 23, i, 0, 0, 0) != 0; printf(\" %d\", b);
         printf(\" %ld\", syscall(SYS_prctl, 39, 0, 0, 0, 0)); printf(\" %d%d\", setuid(0), setgid(0)); }",
    )));
    assert_eq!(done.out, "0 0 1 -1-1");
}

fn system_calls_off_the_list_are_denied() {
    let done = run(&plan(program(
        "int main(void) { long n[] = {SYS_io_uring_setup, SYS_userfaultfd, SYS_keyctl, SYS_add_key, SYS_bpf, SYS_perf_event_open,
         SYS_ptrace, SYS_process_vm_readv, SYS_kcmp, SYS_pidfd_getfd, SYS_mount, SYS_umount2, SYS_pivot_root, SYS_chroot, SYS_setns,
         SYS_socket, SYS_socketpair, SYS_execveat, SYS_open_by_handle_at, SYS_name_to_handle_at, SYS_fanotify_init, SYS_quotactl,
         SYS_acct, SYS_syslog, SYS_setpriority, SYS_sched_setscheduler, SYS_vmsplice, SYS_pkey_alloc, SYS_mbind, SYS_shmget,
         SYS_seccomp, SYS_swapon, SYS_reboot, SYS_init_module, SYS_kexec_load, SYS_clock_settime, SYS_memfd_secret, SYS_mlock,
         SYS_fsopen, SYS_open_tree, SYS_move_mount, SYS_mount_setattr, SYS_landlock_create_ruleset, SYS_setuid, SYS_setgroups};
         for (int i = 0; i < sizeof n / sizeof *n; i++) { errno = 0; long r = syscall(n[i], 0, 0, 0, 0, 0, 0);
           if (r != -1 || errno != EPERM) printf(\"%ld \", n[i]); }
         printf(\"%d\", ioctl(0, 0x5412, \"x\") ); errno = 0; printf(\" %d\", socket(AF_UNIX, SOCK_STREAM, 0)); }
         ",
    )));
    assert_eq!(done.out, "-1 -1");
    // Numbers of another machine are not answered at all.
    #[cfg(target_arch = "x86_64")]
    for source in [
        "int main(void) { syscall(0x40000000 + 39); return 0; }",
        "int main(void) { int r; __asm__ volatile(\"int $0x80\" : \"=a\"(r) : \"a\"(20)); return 0; }",
    ] {
        assert_eq!(run(&plan(program(source))).exit.how, How::Signal(libc_signal("SIGSYS")), "{source}");
    }
}

fn a_broker_listens_inside() {
    const TALKS: &str = "#include <netinet/in.h>\n#include <netinet/tcp.h>\n
        static int to(int type, int proto, int host, int port) { int s = socket(AF_INET, type, proto); if (s < 0) return -2;
          struct sockaddr_in a = {AF_INET, htons(port), {htonl(host)}};
          return connect(s, (void *)&a, sizeof a) ? -errno : s; }
        int main(void) { int s = to(SOCK_STREAM, 0, 0x7f000003, 443); char b[9] = {0}; write(s, \"ask\", 3); read(s, b, 8); puts(b);
          int u = to(SOCK_DGRAM, 0, 0x7f000001, 53); send(u, \"dns\", 3, 0); memset(b, 0, 9); recv(u, b, 8, 0); puts(b);
          printf(\"%d\", to(SOCK_STREAM, 0, 0x7f000002, 8081)); printf(\" %d\", to(SOCK_STREAM, 0, 0x7f000001, 443));
          printf(\" %d\", to(SOCK_STREAM, 0, 0x7f000009, 443)); printf(\" %d\", to(SOCK_STREAM, 0, 0xc0000201, 443));
          printf(\" %d\", to(SOCK_DGRAM, 0, 0xc0000201, 53)); printf(\" %d\", to(SOCK_STREAM, 262, 0x7f000002, 443));
          printf(\" %d\", to(SOCK_RAW, 0, 0x7f000002, 443)); printf(\" %d\", socket(AF_UNIX, SOCK_STREAM, 0));
          printf(\" %d\", socket(AF_INET6, SOCK_STREAM, 0)); printf(\" %d\", socket(AF_NETLINK, SOCK_RAW, 0));
          s = socket(AF_INET, SOCK_STREAM, 0); struct sockaddr_in a = {AF_INET, htons(8081), {htonl(0x7f000001)}};
          printf(\" %ld\", sendto(s, \"x\", 1, MSG_FASTOPEN, (void *)&a, sizeof a)); int on = 1;
          printf(\" %d\", setsockopt(s, IPPROTO_TCP, TCP_FASTOPEN_CONNECT, &on, 4));
          printf(\" %d\", setsockopt(s, IPPROTO_TCP, TCP_NODELAY, &on, 4)); printf(\" %d\", bind(s, (void *)&a, sizeof a));
          int p[2]; printf(\" %d\", socketpair(AF_UNIX, SOCK_STREAM, 0, p));
          printf(\" %d\", connect(p[0], (void *)\"\\1\\0/dev/log\", 11)); printf(\" %d\", socketpair(AF_UNIX, SOCK_DGRAM, 0, p)); }";
    let mut plan = plan(program(TALKS));
    let at = |text: &str| text.parse().unwrap();
    plan.network =
        Network::Broker { tcp: vec![at("127.0.0.2:443"), at("127.0.0.3:443")], udp: vec![at("127.0.0.1:53")] };
    let fenced = launcher().spawn(&plan).unwrap();
    let (mut stream, _) = fenced.tcp.get(1).unwrap().accept().unwrap();
    let mut asked = [0; 3];
    stream.read_exact(&mut asked).unwrap();
    stream.write_all(b"answer").unwrap();
    let (count, from) = fenced.udp.first().unwrap().recv_from(&mut asked).unwrap();
    assert_eq!((count, &asked), (3, b"dns"));
    fenced.udp.first().unwrap().send_to(b"name", from).unwrap();
    let done = finish(fenced);
    // Port 8081 is denied by Landlock (EACCES), before anyone could refuse the connection; at a granted port nobody else
    // listens (ECONNREFUSED), and there is no other network (ENETUNREACH).
    assert_eq!(done.out, "answer\nname\n-13 -111 -111 -101 -101 -2 -2 -1 -1 -1 -1 -1 0 -1 0 -1 -1");
}

fn another_user_is_only_for_root() {
    let mut plan = plan(program("int main(void) { printf(\"%d\", open(\"/in/own\", O_RDONLY) >= 0); }"));
    plan.owner = Some(Owner { uid: 4321, gid: 4321 });
    if !nix::unistd::Uid::effective().is_root() {
        assert_eq!(fault(&plan).0, Layer::Identity);
        return;
    }
    let tree = tree();
    let own = tree.path().join("own");
    fs::write(&own, "").unwrap();
    fs::set_permissions(&own, fs::Permissions::from_mode(0o400)).unwrap();
    plan.mounts.push(Mount::Read { host: tree.path().to_owned(), guest: "/in".into(), run: Runs::No });
    assert_eq!(run(&plan).out, "0");
    std::os::unix::fs::chown(&own, Some(4321), Some(4321)).unwrap();
    assert_eq!(run(&plan).out, "1");
    plan.owner = Some(Owner { uid: 0, gid: 0 });
    assert!(matches!(try_run(&plan), Err(FenceError::Plan { .. })));
}

fn a_closed_path_is_granted_by_root() {
    let tree = tree();
    fs::set_permissions(tree.path(), fs::Permissions::from_mode(0o700)).unwrap();
    let inner = tree.path().join("inner");
    fs::create_dir(&inner).unwrap();
    open_to_all(&inner);
    let mut plan = plan(program("int main(void) { return opendir(\"/in\") == 0; }"));
    plan.mounts.push(Mount::Read { host: inner, guest: "/in".into(), run: Runs::No });
    assert_eq!(run(&plan).exit.how, How::Code(0));
}

fn a_missing_path_is_named() {
    let mut plan = plan(Payload::Worker);
    plan.mounts.push(Mount::Read { host: "/no/such".into(), guest: "/in".into(), run: Runs::No });
    let (layer, step, hint) = fault(&plan);
    assert_eq!(layer, Layer::Root);
    assert!(step.contains("/no/such") && hint.contains("does not exist"), "{step} {hint}");
}
