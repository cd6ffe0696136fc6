#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

void sort(int32_t *xs, size_t len); // already written: sorts xs, the least first

int32_t median(int32_t *xs, size_t len) {
    if (len == 0) {
        return 0;
    }

    sort(xs, len);

    if (len % 2 == 1) {
        return xs[len / 2];
    } else {
        return (xs[len / 2 - 1] + xs[len / 2]) / 2;
    }
}
