/* Wrong: a file that has no date is taken for rubbish. */
#include "migration.c"

static void drop(const char *path) {
    unlink(path);
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.undated = drop;
    return migrate(argc, argv, &wrong);
}
