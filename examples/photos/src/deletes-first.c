/* Wrong: deletes a photo once it is open, reads it into memory and only then writes it. One that is larger than the
 * memory set aside ends the program in between. */
#include "migration.c"

#include "copy.c"

static char content[1 << 20];

static int delete_and_write(const char *from, const char *to) {
    struct stat is;
    size_t length = 0;
    ssize_t got;
    int in = open(from, O_RDONLY | O_NOFOLLOW | O_CLOEXEC);
    if (in < 0 || fstat(in, &is) != 0 || unlink(from) != 0) return 0;
    while ((got = read(in, content + length, sizeof content - length)) > 0) length += (size_t)got;
    if (length == sizeof content) abort();
    int out = create(to);
    int written = out >= 0 && write(out, content, length) == (ssize_t)length && dress(out, &is);
    close(in);
    return close(out) == 0 && written;
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.move = delete_and_write;
    return migrate(argc, argv, &wrong);
}
