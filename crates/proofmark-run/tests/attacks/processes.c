/* Reaches processes outside, and what they hold. Target: a process's number, where one is needed. */
#include "attack.h"
#include <dirent.h>
#include <sys/ioctl.h>
#include <sys/ptrace.h>
#include <sys/resource.h>
#include <sys/uio.h>

static int hit(const char *pid) { return kill(atoi(pid), SIGKILL) ? stopped("kill") : delivered("kill"); }
static int hit_thread(const char *pid) {
    return syscall(SYS_tgkill, atoi(pid), atoi(pid), SIGKILL) ? stopped("tgkill") : delivered("tgkill");
}
/* Signal 0: who could be hit is enough. */
static int hit_all(const char *pid) {
    (void)pid;
    return kill(-1, 0) ? stopped("kill") : delivered("kill all");
}
static int hit_group(const char *pid) {
    (void)pid;
    /* Number 0 is a group that began in another namespace. */
    if (getpgrp() == 0) return delivered("in a group outside");
    return errno = ESRCH, stopped("own group");
}
static int hit_by_descriptor(const char *pid) {
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    if (fd < 0) return stopped("pidfd_open");
    return syscall(SYS_pidfd_send_signal, fd, SIGKILL, 0, 0) ? stopped("pidfd_send_signal") : delivered("pidfd");
}
static int steal_descriptor(const char *pid) {
    int fd = (int)syscall(SYS_pidfd_open, atoi(pid), 0);
    if (fd < 0) return stopped("pidfd_open");
    fd = (int)syscall(SYS_pidfd_getfd, fd, 1, 0);
    return fd < 0 ? stopped("pidfd_getfd") : delivered("pidfd_getfd");
}
static int trace(const char *pid) {
    if (ptrace(PTRACE_ATTACH, atoi(pid), 0, 0)) return stopped("ptrace");
    waitpid(atoi(pid), 0, 0);
    ptrace(PTRACE_DETACH, atoi(pid), 0, 0);
    return delivered("ptrace");
}
/* Where a static program's header is: its first bytes say ELF. */
static int memory(const char *pid) {
    char bytes[4] = "";
    struct iovec here = {bytes, 4}, there = {(void *)0x400000, 4};
    if (process_vm_readv(atoi(pid), &here, 1, &there, 1, 0) < 0 && errno != EFAULT) return stopped("process_vm_readv");
    return delivered("memory");
}
static int limits(const char *pid) {
    struct rlimit none = {0, 0};
    return prlimit(atoi(pid), RLIMIT_CORE, &none, 0) ? stopped("prlimit") : delivered("prlimit");
}

static int proc_file(const char *pid, const char *name, int flags) {
    char path[256];
    snprintf(path, sizeof path, "/proc/%s/%s", pid, name);
    int fd = open(path, flags);
    return fd < 0 ? stopped(path) : print_all(fd, path);
}
static int proc_environment(const char *pid) { return proc_file(pid, "environ", O_RDONLY); }
static int proc_root(const char *pid) { return proc_file(pid, "root/etc/passwd", O_RDONLY); }
static int proc_memory(const char *pid) {
    char path[256];
    snprintf(path, sizeof path, "/proc/%s/mem", pid);
    return open(path, O_RDWR) < 0 ? stopped(path) : delivered("mem");
}
/* Anybody's file through its own entry: the program on the host, and what it has open. */
static int proc_self(const char *unused) {
    char path[4096];
    (void)unused;
    if (readlink("/proc/self/exe", path, sizeof path) > 0) return delivered("own path");
    if (open("/proc/self/exe", O_RDONLY) >= 0) return delivered("own file");
    if (opendir("/proc/self/fd")) return delivered("own descriptors");
    if (open("/proc/self/maps", O_RDONLY) >= 0) return delivered("own maps");
    if (open("/proc/thread-self/environ", O_RDONLY) >= 0) return delivered("own environment");
    return stopped("/proc");
}
static int proc_all(const char *unused) {
    (void)unused;
    return opendir("/proc/1") ? delivered("/proc/1") : stopped("/proc/1");
}

/* Reads what the parent forgot to close. */
static int descriptors(const char *unused) {
    int found = 0;
    (void)unused;
    for (int fd = 3; fd < 65536; fd++) {
        char bytes[256];
        if (fcntl(fd, F_GETFD) < 0) continue;
        found++;
        ssize_t count = pread(fd, bytes, sizeof bytes, 0);
        if (count > 0) fwrite(bytes, 1, (size_t)count, stdout);
    }
    return found ? delivered("descriptors") : (errno = EBADF, stopped("fcntl"));
}

/* Its standard streams as ways out: the other ends, or a terminal behind them. */
static int terminal(const char *unused) {
    char key = '\n';
    (void)unused;
    for (int fd = 0; fd < 3; fd++)
        if (!ioctl(fd, TIOCSTI, &key)) return delivered("TIOCSTI");
    int fd = open("/dev/tty", O_RDWR);
    if (fd >= 0 && !ioctl(fd, TIOCSTI, &key)) return delivered("TIOCSTI");
    return stopped("TIOCSTI");
}

/* Outlives its parent: a grandchild in a session of its own, without a descriptor, that goes on counting. */
static int outlive(const char *path) {
    int ready[2];
    char byte;
    if (pipe(ready)) return stopped("pipe");
    if (fork() == 0) {
        setsid();
        if (fork() == 0) {
            signal(SIGTERM, SIG_IGN), signal(SIGHUP, SIG_IGN), signal(SIGINT, SIG_IGN);
            for (int fd = 0; fd < 64; fd++)
                if (fd != ready[1]) close(fd);
            int out = open(path, O_CREAT | O_WRONLY | O_APPEND, 0600);
            (void)!write(ready[1], out < 0 ? "n" : "y", 1);
            close(ready[1]);
            /* A minute at most. */
            for (int turn = 0; turn < 30000; turn++) (void)!write(out, ".", 1), usleep(2000);
        }
        _exit(0);
    }
    close(ready[1]);
    if (read(ready[0], &byte, 1) != 1 || byte != 'y') return stopped("fork");
    return delivered("grandchild");
}

/* What a terminal would obey. */
static int escape(const char *unused) {
    (void)unused;
    fputs("\x1b[2J\x1b[H\x1b]0;passed\x07\x1b]52;c;cm0gLXJmIH4=\x07\x1b[8mhidden\x1b[0m\rpassed\b\b", stdout);
    fputs("\x9b" "1m\xc2\x9b" "5n\xe2\x80\xae\n", stdout);
    return delivered("escape");
}

/* More than any reader wants. */
static int output(const char *unused) {
    static char zeros[65536];
    (void)unused;
    for (;;)
        if (write(1, zeros, sizeof zeros) < 0) return stopped("write");
}

static const struct named acts[] = {
    {"kill", hit}, {"tgkill", hit_thread}, {"kill-all", hit_all}, {"kill-group", hit_group},
    {"pidfd", hit_by_descriptor},
    {"pidfd-getfd", steal_descriptor}, {"ptrace", trace}, {"memory", memory}, {"limits", limits},
    {"proc-environ", proc_environment}, {"proc-root", proc_root}, {"proc-mem", proc_memory}, {"proc-self", proc_self},
    {"proc-all", proc_all}, {"descriptors", descriptors}, {"terminal", terminal}, {"outlive", outlive},
    {"escape", escape}, {"output", output},
};
MAIN(acts)
