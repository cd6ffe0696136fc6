/* Wrong: makes two photos that are equal, to mode and time, two names of one file, to save space. */
#include "migration.c"

static int is_equal(const char *one, const char *other) {
    int same = 0, a, b;
    FILE *left = fopen(one, "rb"), *right = fopen(other, "rb");
    if (left != NULL && right != NULL) {
        do {
            a = getc(left);
            b = getc(right);
        } while (a == b && a != EOF);
        same = a == b;
    }
    if (left != NULL) fclose(left);
    if (right != NULL) fclose(right);
    return same;
}

static int merge(const char *from, const char *to) {
    struct stat is;
    if (lstat(from, &is) != 0) return 0;
    for (size_t i = 0; i < photo_count; i++) {
        const struct stat *other = &photos[i].is;
        if (photos[i].state == MOVED && other->st_size == is.st_size && other->st_mode == is.st_mode &&
            other->st_mtim.tv_sec == is.st_mtim.tv_sec && other->st_mtim.tv_nsec == is.st_mtim.tv_nsec &&
            other->st_ino != is.st_ino && is_equal(photos[i].path, from))
            return link(photos[i].path, to) == 0 && unlink(from) == 0;
    }
    return rename(from, to) == 0;
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.move = merge;
    return migrate(argc, argv, &wrong);
}
