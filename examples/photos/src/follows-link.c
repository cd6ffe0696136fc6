/* Wrong: takes a symbolic link for the photo that it leads to, wherever that is. Moves that photo into the tree and
 * turns the link to its new place. */
#include "migration.c"

static void follow(const char *path) {
    char real[PATH_SIZE], folder[FOLDER_SIZE], target[PATH_SIZE], back[PATH_SIZE + 1] = "/";
    if (realpath(path, real) == NULL || file_month(real, folder) != 1 || !make_ready(folder)) return;
    if (!free_name(folder, last_name(real), target) || rename(real, target) != 0) return;
    if (getcwd(back, PATH_SIZE) == NULL || strlen(back) + strlen(target) + 1 > PATH_SIZE) return;
    strcat(strcat(back, "/"), target);
    if (unlink(path) != 0 || symlink(back, path) != 0) failed(path);
}

int main(int argc, char **argv) {
    struct steps wrong = right;
    wrong.symlink = follow;
    return migrate(argc, argv, &wrong);
}
