/* The right one. */
#include "migration.c"

int main(int argc, char **argv) {
    return migrate(argc, argv, &right);
}
