/* Takes more than its share. Each stops by itself at a bound that is harmless outside and beyond its limits inside. */
#include "attack.h"
#include <sys/mman.h>
#include <time.h>

/* More processes than the plan's 8. */
static int processes(const char *unused) {
    int made = 0;
    (void)unused;
    /* Of its own, so that it ends only what it started. */
    if (setpgid(0, 0)) return stopped("setpgid");
    while (made < 64) {
        int child = fork();
        if (child < 0) break;
        if (child == 0) pause(), _exit(0);
        made++;
    }
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(0) > 0) {}
    return made < 64 ? stopped("fork") : delivered("64 processes");
}

static int touch(size_t bytes) {
    char *all = mmap(0, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (all == MAP_FAILED) return -1;
    for (size_t at = 0; at < bytes; at += 4096) ((volatile char *)all)[at] = 1;
    return 0;
}
/* More memory than the plan's 64 MiB, in one process. */
static int memory(const char *unused) {
    (void)unused;
    return touch(128 << 20) ? stopped("mmap") : delivered("128 MiB");
}
/* The same, with no process above half of it. */
static int memory_of_many(const char *unused) {
    int done = 0, status;
    (void)unused;
    if (setpgid(0, 0)) return stopped("setpgid");
    for (int n = 0; n < 4; n++) {
        int both[2];
        if (pipe(both)) return stopped("pipe");
        int child = fork();
        if (child < 0) return stopped("fork");
        if (child == 0) {
            if (touch(32 << 20)) _exit(1);
            (void)!write(both[1], "y", 1);
            pause();
        }
        char byte;
        close(both[1]);
        if (read(both[0], &byte, 1) == 1) done++;
    }
    signal(SIGTERM, SIG_IGN);
    kill(0, SIGTERM);
    while (wait(&status) > 0) {}
    return done < 4 ? stopped("memory") : delivered("128 MiB in parts");
}

static int fill(const char *path, long long most) {
    static char block[65536];
    long long done = 0;
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (fd < 0) return stopped("open");
    while (done < most) {
        ssize_t count = write(fd, block, sizeof block);
        if (count <= 0) break;
        done += count;
    }
    close(fd), unlink(path);
    return done < most ? stopped("write") : delivered("filled");
}
/* A staged file beyond the plan's 8 MiB, and scratch space beyond its 1 MiB. */
static int disk(const char *path) { return fill(path, 16 << 20); }
/* By seeking, so that its size lies. */
static int sparse(const char *path) {
    int fd = open(path, O_CREAT | O_WRONLY | O_TRUNC, 0600);
    if (fd < 0) return stopped("open");
    int failed = ftruncate(fd, 1ll << 40);
    int why = errno;
    close(fd), unlink(path);
    return failed ? (errno = why, stopped("ftruncate")) : delivered("a terabyte");
}
/* More names than scratch has room for. */
static int entries(const char *folder) {
    int made = 0;
    char path[256];
    for (; made < 200; made++) {
        snprintf(path, sizeof path, "%s/entry%d", folder, made);
        int fd = open(path, O_CREAT | O_WRONLY, 0600);
        if (fd < 0) break;
        close(fd);
    }
    int all = made == 200;
    while (made-- > 0) snprintf(path, sizeof path, "%s/entry%d", folder, made), unlink(path);
    return all ? delivered("200 entries") : stopped("open");
}
static int descriptors(const char *unused) {
    int made = 0;
    (void)unused;
    while (made < 500 && dup(0) >= 0) made++;
    return made < 500 ? stopped("dup") : delivered("500 descriptors");
}
/* More processor time than the plan's one second. */
static int processor(const char *unused) {
    (void)unused;
    signal(SIGXCPU, SIG_IGN);
    while (clock() < 4 * CLOCKS_PER_SEC) {}
    return delivered("4 seconds");
}

static const struct named acts[] = {
    {"processes", processes}, {"memory", memory}, {"memory-of-many", memory_of_many},
    {"disk", disk}, {"sparse", sparse}, {"entries", entries}, {"descriptors", descriptors}, {"processor", processor},
};
MAIN(acts)
