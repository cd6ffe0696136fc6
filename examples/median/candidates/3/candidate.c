#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

int32_t median(int32_t *xs, size_t len) {
    if (len == 0) {
        return 0;
    }
    qsort(xs, len, sizeof(int32_t), compare_int32_t);

    if (len % 2 == 1) {
        return xs[len / 2];
    } else {
        return (xs[len / 2 - 1] + xs[len / 2]) / 2;
    }
}

int32_t compare_int32_t(const void *a, const void *b) {
    return (*(int32_t *)a - *(int32_t *)b);
}
