/* Runs code that was not in the program: written by itself, and then executed in some way. */
#include "attack.h"
#include <sys/mman.h>
#include <sys/personality.h>
#include <sys/shm.h>
#include <sys/stat.h>

#if defined(__x86_64__)
/* mov eax, 42; ret */
static const unsigned char answer[] = {0xb8, 42, 0, 0, 0, 0xc3};
#elif defined(__aarch64__)
/* mov w0, 42; ret */
static const unsigned char answer[] = {0x40, 0x05, 0x80, 0x52, 0xc0, 0x03, 0x5f, 0xd6};
#endif

static int call(void *page, const char *how) {
    __builtin___clear_cache((char *)page, (char *)page + sizeof answer);
    int got = ((int (*)(void))page)();
    return got == 42 ? delivered(how) : 2;
}
static void *map(int protection, int flags, int fd) { return mmap(0, 4096, protection, flags, fd, 0); }

static int both(const char *unused) {
    (void)unused;
    void *page = map(PROT_READ | PROT_WRITE | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (page == MAP_FAILED) return stopped("mmap");
    memcpy(page, answer, sizeof answer);
    return call(page, "writable and executable");
}
static int turned(const char *unused) {
    (void)unused;
    void *page = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (page == MAP_FAILED) return stopped("mmap");
    memcpy(page, answer, sizeof answer);
    if (mprotect(page, 4096, PROT_READ | PROT_EXEC)) return stopped("mprotect");
    return call(page, "turned executable");
}
static int turned_with_key(const char *unused) {
    (void)unused;
    void *page = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (page == MAP_FAILED) return stopped("mmap");
    memcpy(page, answer, sizeof answer);
    if (syscall(SYS_pkey_mprotect, page, 4096, PROT_READ | PROT_EXEC, -1)) return stopped("pkey_mprotect");
    return call(page, "turned executable with a key");
}
/* Its own code, opened for writing. */
static int rewritten(const char *unused) {
    (void)unused;
    void *page = (void *)((unsigned long)rewritten & ~4095ul);
    if (mprotect(page, 4096, PROT_READ | PROT_WRITE | PROT_EXEC)) return stopped("mprotect");
    return delivered("own code writable");
}
static int through_mem(const char *unused) {
    (void)unused;
    void *page = map(PROT_READ | PROT_EXEC, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (page == MAP_FAILED) return stopped("mmap");
    int fd = open("/proc/self/mem", O_RDWR);
    if (fd < 0) return stopped("/proc/self/mem");
    if (pwrite(fd, answer, sizeof answer, (off_t)page) != sizeof answer) return stopped("pwrite");
    return call(page, "/proc/self/mem");
}
/* Read implies execute, as programs of another age had it. */
static int persona(const char *unused) {
    (void)unused;
    if (personality(READ_IMPLIES_EXEC) < 0) return stopped("personality");
    void *page = map(PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1);
    if (page == MAP_FAILED) return stopped("mmap");
    memcpy(page, answer, sizeof answer);
    return call(page, "personality");
}
/* Two views of the same bytes: one writes, one runs. */
static int two_views(int fd, const char *how) {
    if (fd < 0) return stopped("open");
    if (ftruncate(fd, 4096)) return stopped("ftruncate");
    void *writes = map(PROT_READ | PROT_WRITE, MAP_SHARED, fd);
    void *runs = map(PROT_READ | PROT_EXEC, MAP_SHARED, fd);
    if (writes == MAP_FAILED || runs == MAP_FAILED) return stopped("mmap");
    memcpy(writes, answer, sizeof answer);
    return call(runs, how);
}
static int memory_file(const char *unused) {
    (void)unused;
    return two_views((int)syscall(SYS_memfd_create, "code", 0), "memory file");
}
static int scratch_file(const char *at) { return two_views(open(at, O_CREAT | O_RDWR, 0700), "file it wrote"); }
static int segment(const char *unused) {
    (void)unused;
    int id = shmget(IPC_PRIVATE, 4096, IPC_CREAT | 0700);
    if (id < 0) return stopped("shmget");
    void *writes = shmat(id, 0, 0), *runs = shmat(id, 0, SHM_EXEC | SHM_RDONLY);
    shmctl(id, IPC_RMID, 0);
    if (writes == (void *)-1 || runs == (void *)-1) return stopped("shmat");
    memcpy(writes, answer, sizeof answer);
    return call(runs, "shared segment");
}

static int shell(int fd) {
    static const char script[] = "#!/bin/echo DELIVERED\n";
    return write(fd, script, sizeof script - 1) < 0;
}
/* A program it wrote, executed by path, and by the loader. */
static int written_program(const char *at) {
    int fd = open(at, O_CREAT | O_WRONLY | O_TRUNC, 0700);
    if (fd < 0 || shell(fd)) return stopped("open");
    close(fd);
    chmod(at, 0700);
    char *arguments[] = {(char *)at, 0}, *environment[] = {0};
    execve(at, arguments, environment);
    return stopped("execve");
}
static int memory_program(const char *unused) {
    (void)unused;
    int fd = (int)syscall(SYS_memfd_create, "program", 0);
    if (fd < 0 || shell(fd)) return stopped("memfd_create");
    char *arguments[] = {"program", 0}, *environment[] = {0};
    syscall(SYS_execveat, fd, "", arguments, environment, AT_EMPTY_PATH);
    return stopped("execveat");
}

static const struct named acts[] = {
    {"both", both}, {"turned", turned}, {"key", turned_with_key}, {"rewritten", rewritten}, {"mem", through_mem},
    {"personality", persona}, {"memory-file", memory_file}, {"file", scratch_file}, {"segment", segment},
    {"program", written_program}, {"memory-program", memory_program},
};
MAIN(acts)
