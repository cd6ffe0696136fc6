/* What every attack says about itself: exit code 0 when it believes that it got through, 3 when it was stopped. The
 * test believes neither; it looks at what happened outside. */
#define _GNU_SOURCE
#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <sys/types.h>
#include <sys/wait.h>
#include <unistd.h>

static int delivered(const char *what) {
    printf("DELIVERED %s\n", what);
    fflush(stdout);
    return 0;
}

static int stopped(const char *step) {
    printf("stopped at %s: %s\n", step, strerror(errno));
    fflush(stdout);
    return 3;
}

/* Prints what a descriptor holds: the secret, if it is the secret's file. */
__attribute__((unused)) static int print_all(int fd, const char *what) {
    char bytes[256];
    ssize_t count = read(fd, bytes, sizeof bytes);
    if (count < 0) return stopped(what);
    fwrite(bytes, 1, (size_t)count, stdout);
    return delivered(what);
}

typedef int (*Act)(const char *target);
struct named {
    const char *name;
    Act act;
};

static int choose(int argc, char **argv, const struct named *acts, size_t count) {
    if (argc < 2) return 2;
    for (size_t at = 0; at < count; at++)
        if (strcmp(acts[at].name, argv[1]) == 0) return acts[at].act(argc > 2 ? argv[2] : "");
    return 2;
}
#define MAIN(acts) \
    int main(int argc, char **argv) { return choose(argc, argv, acts, sizeof acts / sizeof *acts); }
