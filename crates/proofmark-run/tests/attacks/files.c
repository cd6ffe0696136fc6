/* Reads and changes files that it was not granted to read or change. Target: a path outside, or one granted for
 * reading. */
#include "attack.h"
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <sys/xattr.h>

static int read_file(const char *path) {
    int fd = open(path, O_RDONLY);
    return fd < 0 ? stopped("open") : print_all(fd, "read");
}

/* The same by climbing from wherever it is, and out of a directory that it moves away under itself. */
static int climb(const char *path) {
    char up[4096] = "../../../../../../../../../../../../../../../..";
    strncat(up, path, sizeof up - 64);
    int fd = open(up, O_RDONLY);
    if (fd < 0) {
        int root = open("/", O_RDONLY | O_DIRECTORY);
        if (root < 0) return stopped("open");
        fd = openat(root, up, O_RDONLY);
    }
    return fd < 0 ? stopped("openat") : print_all(fd, "climb");
}

/* A root inside the root, with a working directory outside of it. */
static int chroot_out(const char *path) {
    int root = open("/", O_RDONLY | O_DIRECTORY);
    mkdir("/stage/jail", 0700);
    if (chroot("/stage/jail") && chroot("/scratch")) return stopped("chroot");
    if (root < 0 || fchdir(root)) return stopped("fchdir");
    for (int up = 0; up < 64; up++)
        if (chdir("..")) return stopped("chdir");
    if (chroot(".")) return stopped("chroot");
    return read_file(path);
}

/* By handle: the root of a file system is nearly always inode 2 (ext4) or 128 (xfs). */
static int by_handle(const char *path) {
    struct {
        struct file_handle head;
        unsigned words[8];
    } handle;
    int mount;
    memset(&handle, 0, sizeof handle);
    handle.head.handle_bytes = 32;
    int here = open(".", O_RDONLY | O_DIRECTORY);
    if (name_to_handle_at(AT_FDCWD, path, &handle.head, &mount, 0))
        handle.head.handle_bytes = 8, handle.head.handle_type = 1, handle.words[0] = 2;
    int fd = open_by_handle_at(here, &handle.head, O_RDONLY);
    return fd < 0 ? stopped("open_by_handle_at") : print_all(fd, "handle");
}

static int write_file(const char *path) {
    int fd = open(path, O_WRONLY);
    if (fd < 0) return stopped("open");
    return write(fd, "taken\n", 6) == 6 ? delivered("write") : stopped("write");
}
static int empty(const char *path) { return truncate(path, 0) ? stopped("truncate") : delivered("truncate"); }
static int mode(const char *path) { return chmod(path, 0777) ? stopped("chmod") : delivered("chmod"); }
static int times(const char *path) {
    struct timespec then[2] = {{.tv_sec = 1}, {.tv_sec = 1}};
    return utimensat(AT_FDCWD, path, then, 0) ? stopped("utimensat") : delivered("utimensat");
}
static int removal(const char *path) { return unlink(path) ? stopped("unlink") : delivered("unlink"); }
static int attribute(const char *path) {
    return setxattr(path, "user.taken", "1", 1, 0) ? stopped("setxattr") : delivered("setxattr");
}
static int move(const char *path) {
    char to[4096];
    snprintf(to, sizeof to, "%s.taken", path);
    return rename(path, to) ? stopped("rename") : delivered("rename");
}
static int create(const char *path) {
    char at[4096];
    snprintf(at, sizeof at, "%s.new", path);
    return open(at, O_CREAT | O_WRONLY, 0600) < 0 ? stopped("create") : delivered("create");
}
/* Written to as memory, by a descriptor for writing if there is one. */
static int map(const char *path) {
    int fd = open(path, O_RDWR);
    if (fd < 0) fd = open(path, O_RDONLY);
    if (fd < 0) return stopped("open");
    char *page = mmap(0, 4096, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (page == MAP_FAILED) return stopped("mmap");
    memcpy(page, "taken\n", 6);
    return delivered("mmap");
}
/* A second name in a place where it may write. */
static int hard_link(const char *path) {
    if (link(path, "/stage/linked")) return stopped("link");
    return write_file("/stage/linked");
}
/* A file opened for reading, opened again for writing through /proc. */
static int reopen(const char *path) {
    char again[64];
    int fd = open(path, O_RDONLY);
    if (fd < 0) return stopped("open");
    snprintf(again, sizeof again, "/proc/self/fd/%d", fd);
    return write_file(again);
}

/* A symbolic link in the staged tree that points out; made there, and found there. */
static int by_link(const char *path) {
    unlink("/stage/out");
    if (symlink(path, "/stage/out")) return stopped("symlink");
    return write_file("/stage/out");
}
static int by_found_link(const char *path) {
    (void)path;
    return write_file("/stage/found");
}

/* One process exchanges a directory with a link out, another writes through the name. */
static int race(const char *path) {
    char directory[4096], at[4096], *name;
    strncpy(directory, path, sizeof directory - 1);
    name = strrchr(directory, '/');
    if (!name) return 2;
    *name++ = 0;
    if (mkdir("/stage/turn", 0700) && errno != EEXIST) return stopped("mkdir");
    if (symlink(directory, "/stage/other") && errno != EEXIST) return stopped("symlink");
    snprintf(at, sizeof at, "/stage/turn/%s", name);
    int child = fork();
    if (child == 0)
        for (;;) syscall(SYS_renameat2, AT_FDCWD, "/stage/turn", AT_FDCWD, "/stage/other", 2);
    int wrote = 0;
    for (int turn = 0; turn < 20000; turn++) {
        /* Never makes the file: who finds it is outside. */
        int fd = open(at, O_WRONLY);
        if (fd >= 0) wrote += write(fd, "taken\n", 6) == 6, close(fd);
    }
    if (child > 0) kill(child, SIGKILL), waitpid(child, 0, 0);
    return wrote ? delivered("race") : (errno = ENOENT, stopped("race"));
}

/* A device of the host's memory, disk or terminal, found or made. */
static int device(const char *unused) {
    static const char *found[] = {"/dev/mem",  "/dev/kmsg", "/dev/vda",  "/dev/sda",
                                  "/dev/fuse", "/dev/kvm",  "/dev/ptmx", "/dev/net/tun"};
    static const char *at[] = {"/dev/made", "/stage/made", "/scratch/made", "/tmp/made"};
    (void)unused;
    for (size_t n = 0; n < sizeof found / sizeof *found; n++)
        if (open(found[n], O_RDONLY | O_NONBLOCK | O_NOCTTY) >= 0) return delivered(found[n]);
    for (size_t n = 0; n < sizeof at / sizeof *at; n++) {
        if (mknod(at[n], S_IFCHR | 0600, makedev(1, 11))) continue;
        int fd = open(at[n], O_RDONLY | O_NONBLOCK);
        unlink(at[n]);
        if (fd >= 0) return delivered("made a device");
    }
    return stopped("mknod");
}

/* Marks of an overlay, forged in the staged tree: a deletion nobody made, a directory that hides, one that is
 * elsewhere.
 * Whether a mark that was taken is one in the upper layer too, only the outside can tell. */
static int whiteout(const char *unused) {
    int made = 0;
    (void)unused;
    mkdir("/stage/forged", 0700);
    made += !mknod("/stage/forged/device", S_IFCHR, 0);
    close(open("/stage/forged/moved", O_CREAT | O_WRONLY, 0600));
    made += !syscall(SYS_renameat2, AT_FDCWD, "/stage/forged/moved", AT_FDCWD, "/stage/forged/gone", 4);
    made += !setxattr("/stage/forged", "user.overlay.opaque", "y", 1, 0);
    made += !setxattr("/stage/forged", "user.overlay.redirect", "/..", 3, 0);
    made += !setxattr("/stage/forged", "trusted.overlay.opaque", "y", 1, 0);
    printf("%d marks\n", made);
    return made ? 0 : 3;
}

static const struct named acts[] = {
    {"read", read_file},   {"climb", climb},     {"chroot", chroot_out}, {"handle", by_handle}, {"write", write_file},
    {"truncate", empty},   {"mode", mode},       {"times", times},       {"unlink", removal},
    {"attribute", attribute},
    {"rename", move},      {"create", create},   {"map", map},           {"link", hard_link},   {"reopen", reopen},
    {"by-link", by_link},  {"found-link", by_found_link}, {"race", race}, {"device", device},   {"whiteout", whiteout},
};
MAIN(acts)
