/* Wrong: copies instead of moving and keeps the size in 32 bits, so that a file over 4 GiB loses all but its rest. */
#include "migration.c"

#include "copy.c"

static int copy_short(const char *from, const char *to) {
    struct stat is;
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC), out = create(to);
    if (in < 0 || out < 0 || fstat(in, &is) != 0) return 0;
    uint32_t size = (uint32_t)is.st_size;
    int copied = copy_bytes(in, out, size) && dress(out, &is);
    close(in);
    return close(out) == 0 && copied && unlink(from) == 0;
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.move = copy_short;
    return migrate(argc, argv, &wrong);
}
