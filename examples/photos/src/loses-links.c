/* Wrong: takes the second name of a photo for a duplicate and deletes it. */
#include "migration.c"

static int delete_name(const char *moved, const char *from, const char *to) {
    (void)moved, (void)to;
    return unlink(from) == 0;
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.move_also = delete_name;
    return migrate(argc, argv, &wrong);
}
