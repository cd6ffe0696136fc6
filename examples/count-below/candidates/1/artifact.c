#include <stdint.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdlib.h> // only malloc, calloc, realloc, free, qsort, abs, abort
#include <string.h> // only memcpy, memmove, memset, memcmp, strlen

uint32_t count_below(int32_t *xs, size_t xs_len, int32_t limit) {
    uint32_t count = 0;
    for (size_t i = 0; i < xs_len; i++) {
        if (xs[i] < limit) {
            count++;
        }
    }
    return count;
}
