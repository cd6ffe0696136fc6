//! One layer left out at a time: another still denies. Each test also shows that the layer is really out.

use proofmark_run::fence::{Hit, How, Layer, Plan};

use super::cases::{MAKES_CODE, Test};
use super::rig::{plan, program, run};

pub fn all() -> Vec<Test> {
    vec![
        ("without_landlock_the_root_hides_the_host", without_landlock_the_root_hides_the_host),
        ("without_the_root_landlock_hides_the_host", without_the_root_landlock_hides_the_host),
        ("without_namespaces_no_socket_is_made", without_namespaces_no_socket_is_made),
        ("without_the_filter_namespaces_and_capabilities_hold", without_the_filter_namespaces_and_capabilities_hold),
        ("without_mdwe_or_the_filter_nothing_becomes_code", without_mdwe_or_the_filter_nothing_becomes_code),
        ("without_the_cgroup_processes_are_bounded", without_the_cgroup_processes_are_bounded),
        ("without_rlimits_processes_are_bounded", without_rlimits_processes_are_bounded),
        ("without_dropping_capabilities_they_are_no_use", without_dropping_capabilities_they_are_no_use),
    ]
}

fn weak(without: Layer, source: &str) -> Plan {
    Plan { without: Some(without), ..plan(program(source)) }
}

fn without_landlock_the_root_hides_the_host() {
    let done = run(&weak(
        Layer::Landlock,
        "int main(void) { printf(\"%d\", opendir(\"/\") != 0); printf(\"%d\", open(\"/etc/passwd\", 0));
         printf(\"%d\", open(\"/new\", O_CREAT | O_WRONLY, 0600)); }",
    ));
    assert_eq!(done.out, "1-1-1");
}

fn without_the_root_landlock_hides_the_host() {
    let done = run(&weak(
        Layer::Root,
        "int main(void) { struct stat s; printf(\"%d\", stat(\"/host/etc/passwd\", &s));
         printf(\"%d\", open(\"/host/etc/passwd\", O_RDONLY)); printf(\" %d\", errno == EACCES);
         printf(\" %d\", opendir(\"/host/etc\") != 0); printf(\"%d\", open(\"/host/tmp/x\", O_CREAT | O_RDWR, 0600)); }",
    ));
    assert_eq!(done.out, "0-1 1 0-1");
}

fn without_namespaces_no_socket_is_made() {
    let done = run(&weak(
        Layer::Namespaces,
        "int main(void) { int n = 0; for (int f = 0; f < 46; f++) for (int t = 1; t < 6; t++) n += socket(f, t, 0) >= 0;
         printf(\"%d \", n); printf(\"%ld\", syscall(SYS_shmget, 0, 4096, 01600)); }",
    ));
    assert_eq!(done.out, "0 -1");
}

fn without_the_filter_namespaces_and_capabilities_hold() {
    let done = run(&weak(
        Layer::Seccomp,
        "#include <sys/mount.h>\n#include <sys/ptrace.h>\nint main(void) {
         printf(\"%d\", syscall(SYS_getpgid, 0) < 0); errno = 0; syscall(SYS_kcmp, 1, 2, 0, 0, 0);
         printf(\" %d\", unshare(CLONE_NEWUSER)); printf(\"%d\", mount(\"x\", \"/\", \"tmpfs\", 0, 0));
         printf(\"%d\", chroot(\"/\")); printf(\"%ld\", ptrace(PTRACE_ATTACH, 1, 0, 0)); printf(\"%d\", kill(1, SIGKILL));
         printf(\"%d\", mknod(\"/n\", S_IFCHR, 259)); int s = socket(AF_INET, SOCK_DGRAM, 0); printf(\" %d\", s >= 0);
         unsigned char a[16] = {2, 0, 0, 53, 127, 0, 0, 1}; printf(\" %ld\", sendto(s, \"x\", 1, 0, (void *)a, 16)); }",
    ));
    // A signal to the first process is accepted and does nothing; the network namespace has no route at all.
    assert_eq!(done.out, "0 -1-1-1-10-1 1 -1");
    assert_eq!(done.exit.how, How::Code(0));
}

fn without_mdwe_or_the_filter_nothing_becomes_code() {
    assert_eq!(run(&weak(Layer::Mdwe, MAKES_CODE)).out, "0");
    // Making a memory file is the filter's matter; executing it or what it maps is not possible all the same.
    assert_eq!(run(&weak(Layer::Seccomp, MAKES_CODE)).out, "1");
}

const FORKS: &str = "int main(void) { int n = 0; for (int i = 0; i < 100; i++) { pid_t p = fork();
    if (p == 0) for (;;) pause(); n += p > 0; } printf(\"%d\", n); return 0; }";

fn without_the_cgroup_processes_are_bounded() {
    let done = run(&weak(Layer::Cgroup, FORKS));
    assert_eq!(done.out, "7");
    assert!(!done.exit.limits_hit.contains(&Hit::Processes));
}

fn without_rlimits_processes_are_bounded() {
    let done = run(&weak(Layer::Rlimits, FORKS));
    assert_eq!(done.out, "7");
    assert!(done.exit.limits_hit.contains(&Hit::Processes));
}

fn without_dropping_capabilities_they_are_no_use() {
    let done = run(&weak(
        Layer::Capabilities,
        "int main(void) { unsigned h[2] = {0x20080522, 0}, d[6]; syscall(SYS_capget, h, d); printf(\"%u \", d[0] | d[1]);
         printf(\"%d\", chroot(\"/\")); printf(\"%d\", sethostname(\"x\", 1)); printf(\"%d\", setuid(0)); }",
    ));
    assert_eq!(done.out, "0 -1-1-1");
}
