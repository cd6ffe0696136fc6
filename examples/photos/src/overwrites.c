/* Wrong: of two photos with the same name and month, the second replaces the first. */
#include "migration.c"

static int plain_name(const char *folder, const char *name, char target[PATH_SIZE]) {
    return snprintf(target, PATH_SIZE, "%s/%s", folder, name) < PATH_SIZE;
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.name = plain_name;
    return migrate(argc, argv, &wrong);
}
