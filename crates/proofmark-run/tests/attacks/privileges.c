/* Becomes somebody else: namespaces, mounts, users, and doors into the kernel. */
#include "attack.h"
#include <grp.h>
#include <linux/bpf.h>
#include <linux/keyctl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/ptrace.h>

static int space(const char *bits) {
    return unshare((int)strtol(bits, 0, 16)) ? stopped("unshare") : delivered("namespace");
}
static int child_space(const char *bits) {
    long child = syscall(SYS_clone, strtol(bits, 0, 16) | SIGCHLD, 0, 0, 0, 0);
    if (child == 0) _exit(0);
    return child < 0 ? stopped("clone") : delivered("child in a namespace");
}
static int child_space3(const char *bits) {
    unsigned long arguments[11] = {(unsigned long)strtol(bits, 0, 16), 0, 0, 0, SIGCHLD};
    long child = syscall(SYS_clone3, arguments, sizeof arguments);
    if (child == 0) _exit(0);
    return child < 0 ? stopped("clone3") : delivered("child in a namespace");
}
/* A namespace of its own first, for the rights that come with it, then the host's. */
static int join(const char *pid) {
    static const char *kinds[] = {"user", "mnt", "net", "pid", "ipc", "uts", "cgroup"};
    for (size_t n = 0; n < sizeof kinds / sizeof *kinds; n++) {
        char path[128];
        snprintf(path, sizeof path, "/proc/%s/ns/%s", pid, kinds[n]);
        int fd = open(path, O_RDONLY);
        if (fd >= 0 && !setns(fd, 0)) return delivered(kinds[n]);
    }
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    if (fd < 0) return stopped("pidfd_open");
    return setns(fd, CLONE_NEWUSER | CLONE_NEWNS) ? stopped("setns") : delivered("setns");
}
/* Mounts: with the rights it has, or those of a user namespace. A race between the two is no different from either. */
static int mounts(const char *path) {
    unshare(CLONE_NEWUSER | CLONE_NEWNS);
    for (int turn = 0; turn < 200; turn++) {
        if (!mount("none", "/scratch", "tmpfs", 0, 0)) return delivered("tmpfs");
        if (!mount(path, "/scratch", 0, MS_BIND, 0)) return delivered("bind");
        if (!mount("none", "/scratch", "proc", 0, 0)) return delivered("proc");
        if (!mount(0, "/granted", 0, MS_REMOUNT | MS_BIND, 0)) return delivered("remount");
        if (!umount2("/granted", MNT_DETACH)) return delivered("unmount");
        if (syscall(SYS_open_tree, AT_FDCWD, "/", 1) >= 0) return delivered("open_tree");
        if (syscall(SYS_fsopen, "tmpfs", 0) >= 0) return delivered("fsopen");
        if (!syscall(SYS_move_mount, AT_FDCWD, "/granted", AT_FDCWD, "/scratch", 0)) return delivered("move_mount");
    }
    return stopped("mount");
}
static int pivot(const char *unused) {
    (void)unused;
    if (!chdir("/stage") && !syscall(SYS_pivot_root, ".", ".")) return delivered("pivot_root");
    return chroot("/scratch") ? stopped("chroot") : delivered("chroot");
}
static int user(const char *unused) {
    (void)unused;
    gid_t root = 0;
    if (!setgroups(1, &root)) return delivered("setgroups");
    if (!setresgid(0, 0, 0)) return delivered("setresgid");
    if (!setresuid(0, 0, 0)) return delivered("setresuid");
    if (!setuid(0)) return delivered("setuid");
    return geteuid() ? stopped("setuid") : delivered("root");
}
/* A program that belongs to somebody else and says: run as me. */
static int set_user_program(const char *path) {
    char *arguments[] = {(char *)path, "user", 0}, *environment[] = {0};
    execve(path, arguments, environment);
    return stopped("execve");
}
static int capability(const char *unused) {
    unsigned head[2] = {0x20080522, 0}, sets[6] = {~0u, ~0u, ~0u, ~0u, ~0u, ~0u};
    (void)unused;
    if (!syscall(SYS_capset, head, sets)) return delivered("capset");
    if (!prctl(PR_CAP_AMBIENT, PR_CAP_AMBIENT_RAISE, 21, 0, 0)) return delivered("ambient");
    if (!prctl(PR_SET_SECUREBITS, 0)) return delivered("securebits");
    return stopped("capset");
}
static int traced(const char *unused) {
    (void)unused;
    return ptrace(PTRACE_TRACEME, 0, 0, 0) ? stopped("ptrace") : delivered("ptrace");
}
static int faults(const char *unused) {
    (void)unused;
    return syscall(SYS_userfaultfd, O_CLOEXEC | 1) < 0 ? stopped("userfaultfd") : delivered("userfaultfd");
}
static int keys(const char *unused) {
    (void)unused;
    if (syscall(SYS_add_key, "user", "taken", "1", 1, KEY_SPEC_PROCESS_KEYRING) < 0) return stopped("add_key");
    return delivered("add_key");
}
static int programs(const char *unused) {
    (void)unused;
    union bpf_attr map = {.map_type = BPF_MAP_TYPE_ARRAY, .key_size = 4, .value_size = 4, .max_entries = 1};
    return syscall(SYS_bpf, BPF_MAP_CREATE, &map, sizeof map) < 0 ? stopped("bpf") : delivered("bpf");
}
static int performance(const char *unused) {
    (void)unused;
    struct perf_event_attr event = {.type = PERF_TYPE_SOFTWARE, .size = sizeof event, .exclude_kernel = 1};
    return syscall(SYS_perf_event_open, &event, 0, -1, -1, 0) < 0 ? stopped("perf_event_open") : delivered("perf");
}
#if defined(__x86_64__)
/* The tables of system calls that a filter forgets: 32-bit and x32. Opens the target by number 5. */
static int table32(const char *path) {
    static char low[256];
    strncpy(low, path, sizeof low - 1);
    long fd;
    __asm__ volatile("int $0x80"
                     : "=a"(fd)
                     : "a"(5), "b"(low), "c"(O_RDONLY), "d"(0)
                     : "memory", "r8", "r9", "r10", "r11");
    if (fd < 0) return errno = (int)-fd, stopped("int 0x80");
    return print_all((int)fd, "32-bit open");
}
static int table_x32(const char *path) {
    long fd = syscall(0x40000000 | SYS_open, path, O_RDONLY, 0);
    return fd < 0 ? stopped("x32") : print_all((int)fd, "x32 open");
}
#endif

static const struct named acts[] = {
    {"unshare", space}, {"clone", child_space}, {"clone3", child_space3}, {"setns", join}, {"mount", mounts},
    {"pivot", pivot}, {"user", user}, {"set-user-program", set_user_program}, {"capability", capability},
    {"traced", traced}, {"userfaultfd", faults}, {"keys", keys}, {"bpf", programs}, {"perf", performance},
#if defined(__x86_64__)
    {"int80", table32}, {"x32", table_x32},
#endif
};
MAIN(acts)
