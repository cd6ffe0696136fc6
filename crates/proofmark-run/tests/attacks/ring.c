/* Opens and reads a file, or connects, through an io_uring: the kernel does it, and no filter of calls sees it. */
#include "attack.h"
#include <arpa/inet.h>
#include <linux/io_uring.h>
#include <netinet/in.h>
#include <sys/mman.h>
#include <sys/socket.h>

static int ring = -1;
static struct io_uring_params params;
static char *submissions, *completions;
static struct io_uring_sqe *entries;

static int set_up(void) {
    ring = (int)syscall(SYS_io_uring_setup, 4, &params);
    if (ring < 0) return stopped("io_uring_setup");
    int both = PROT_READ | PROT_WRITE;
    submissions = mmap(0, params.sq_off.array + params.sq_entries * 4, both, MAP_SHARED, ring, IORING_OFF_SQ_RING);
    size_t answers = params.cq_off.cqes + params.cq_entries * sizeof(struct io_uring_cqe);
    completions = mmap(0, answers, both, MAP_SHARED, ring, IORING_OFF_CQ_RING);
    entries = mmap(0, params.sq_entries * sizeof *entries, both, MAP_SHARED, ring, IORING_OFF_SQES);
    if (submissions == MAP_FAILED || completions == MAP_FAILED || entries == MAP_FAILED) return stopped("mmap");
    return 0;
}

static int ask(struct io_uring_sqe entry) {
    unsigned *tail = (unsigned *)(submissions + params.sq_off.tail);
    unsigned *head = (unsigned *)(completions + params.cq_off.head);
    unsigned at = *tail & (params.sq_entries - 1);
    entries[at] = entry;
    ((unsigned *)(submissions + params.sq_off.array))[at] = at;
    __atomic_store_n(tail, *tail + 1, __ATOMIC_RELEASE);
    if (syscall(SYS_io_uring_enter, ring, 1, 1, IORING_ENTER_GETEVENTS, 0, 0) < 0) return -errno;
    struct io_uring_cqe *done = (struct io_uring_cqe *)(completions + params.cq_off.cqes);
    int result = done[*head & (params.cq_entries - 1)].res;
    __atomic_store_n(head, *head + 1, __ATOMIC_RELEASE);
    return result;
}

static int open_file(const char *path) {
    static char bytes[256];
    int failed = set_up();
    if (failed) return failed;
    int fd = ask((struct io_uring_sqe){.opcode = IORING_OP_OPENAT, .fd = AT_FDCWD, .addr = (unsigned long)path});
    if (fd < 0) return errno = -fd, stopped("open");
    struct io_uring_sqe get = {.opcode = IORING_OP_READ, .fd = fd, .addr = (unsigned long)bytes, .len = sizeof bytes};
    int count = ask(get);
    if (count < 0) return errno = -count, stopped("read");
    fwrite(bytes, 1, (size_t)count, stdout);
    return delivered("file by io_uring");
}

static int reach(const char *port) {
    struct sockaddr_in to = {.sin_family = AF_INET, .sin_port = htons((unsigned short)atoi(port))};
    to.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    int failed = set_up();
    if (failed) return failed;
    int fd = ask((struct io_uring_sqe){.opcode = IORING_OP_SOCKET, .fd = AF_INET, .off = SOCK_STREAM});
    if (fd < 0) return errno = -fd, stopped("socket");
    struct io_uring_sqe link = {.opcode = IORING_OP_CONNECT, .fd = fd, .addr = (unsigned long)&to, .off = sizeof to};
    int done = ask(link);
    if (done < 0) return errno = -done, stopped("connect");
    struct io_uring_sqe put = {.opcode = IORING_OP_SEND, .fd = fd, .addr = (unsigned long)"taken\n", .len = 6};
    done = ask(put);
    if (done < 0) return errno = -done, stopped("send");
    return delivered("connection by io_uring");
}

static const struct named acts[] = {{"open", open_file}, {"connect", reach}};
MAIN(acts)
