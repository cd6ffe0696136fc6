/* Wrong: copies a photo with its mode but without its time, so that it looks as if it were of today. */
#include "migration.c"

#include "copy.c"

static int copy_without_time(const char *from, const char *to) {
    struct stat is;
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out = create(to);
    if (in < 0 || out < 0 || fstat(in, &is) != 0) return 0;
    int copied = copy_bytes(in, out, (uint64_t)is.st_size) && fchmod(out, is.st_mode & 07777) == 0;
    close(in);
    return close(out) == 0 && copied && unlink(from) == 0;
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.move = copy_without_time;
    return migrate(argc, argv, &wrong);
}
